"""Several processes on one job, started by torchrun: each takes its share of every batch.

Gradients are averaged, so that plain means over a batch are those of one process. Batch normalisation sees its share
only, and losses over pairs of a batch the pairs of that share: the number of ranks is part of a job's configuration.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

from fervbench.errors import UsageError

PATIENCE = 120.0  # seconds in which the ranks of a job find each other; they are started together


@dataclass(frozen=True)
class World:
    """Which process this is, of how many."""

    rank: int = 0
    size: int = 1

    def share(self, batch: Tensor) -> Tensor:
        """The part of a batch that is this process's."""
        return batch if self.size == 1 else batch.chunk(self.size)[self.rank]

    def average(self, tensors: Sequence[Tensor]) -> None:
        """Replace tensors by their mean over the processes, in one message."""
        if self.size == 1:
            return
        flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
        dist.all_reduce(flat)
        flat /= self.size
        first = 0
        for tensor in tensors:
            tensor.copy_(flat[first : first + tensor.numel()].view(tensor.shape))
            first += tensor.numel()

    def mean(self, value: Tensor) -> float:
        """A number, averaged over the processes."""
        value = value.detach().clone()
        if self.size > 1:
            dist.all_reduce(value)
        return float(value) / self.size

    def share_buffers(self, network: nn.Module) -> None:
        """Give every process the first one's running statistics."""
        if self.size > 1:
            for buffer in network.buffers():
                dist.broadcast(buffer, 0)

    def wait(self) -> None:
        """Until all processes are here."""
        if self.size > 1:
            dist.barrier()


def join(device: torch.device) -> World:
    """The world that torchrun set up in the environment; alone without it. Raises UsageError.

    Ranks that have not found each other after `PATIENCE` seconds leave: torchrun starts again what has left.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        return World()
    if not dist.is_available():
        raise UsageError("this build of torch has no distributed training")
    if not dist.is_initialized():
        watch = threading.Timer(PATIENCE, _give_up)
        watch.daemon = True
        watch.start()
        try:
            dist.init_process_group("nccl" if device.type == "cuda" else "gloo", **_meeting_place(size))
        finally:
            watch.cancel()
    return World(dist.get_rank(), size)


def _meeting_place(size: int) -> dict[str, Any]:
    """Where ranks leave their addresses: under a prefix of this start's own, where torchrun may start them again.

    torchrun keeps one store on a machine over all starts, and after a restart ranks find the addresses of the dead:
    gloo then waits for ever. Over several machines starts are counted by each, and the prefix would part them.
    """
    attempt = os.environ.get("TORCHELASTIC_RESTART_COUNT")
    if attempt is None or os.environ.get("GROUP_WORLD_SIZE") != "1":
        return {}
    from torch.distributed.rendezvous import rendezvous

    rank = int(os.environ["RANK"])
    store, _, _ = next(rendezvous("env://", rank, size))
    own = dist.PrefixStore(f"start {attempt}", store)  # type: ignore[attr-defined]
    return {"store": own, "rank": rank, "world_size": size}


def _give_up() -> None:
    os.write(2, f"the ranks have not found each other in {PATIENCE:.0f} seconds\n".encode())
    os._exit(1)


def leave() -> None:
    """Take leave of the others, all together: a process that is gone while another still talks ends that one too."""
    if dist.is_available() and dist.is_initialized():
        dist.barrier()
        part()


def part() -> None:
    """Leave without a word to the others: what is left to do after an error."""
    if dist.is_available() and dist.is_initialized():
        dist.destroy_process_group()
