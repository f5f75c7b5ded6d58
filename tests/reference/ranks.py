"""Gradients of one batch on two processes, for the test: started by `torch.multiprocessing`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parent))
import world

from fervbench.reference.clips import load_pixels, make_clips
from fervbench.reference.distributed import World, join, leave
from fervbench.reference.training import Trainer


def gradients(folder: str, norm: bool, one: World) -> tuple[list[torch.Tensor], Trainer]:
    chosen = world.settings(ranks=one.size)
    data = world.data_of(Path(folder))
    pack, cpu = data.packs[0], torch.device("cpu")
    labels = [world.CLASSES.index(str(label)) for label in pack.labels]
    clips = make_clips([pack], [load_pixels(pack, cpu)], chosen.sizes, pack.ids, labels, chosen.view, cpu)
    torch.manual_seed(0)
    trainer = Trainer(chosen, world.Small(3, norm=norm, dropout=0.0), clips, 3, one)
    found: list[torch.Tensor] = []
    step = trainer.optimizer.step

    def keep() -> None:
        if not found:
            found.extend(p.grad.clone() for p in trainer.parameters if p.grad is not None)
        step()

    trainer.optimizer.step = keep  # type: ignore[method-assign,assignment]
    trainer.run_epoch()
    return found, trainer


def work(rank: int, folder: str, port: int) -> None:
    os.environ |= {"RANK": str(rank), "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    one = join(torch.device("cpu"))
    found, trainer = gradients(folder, norm=False, one=one)
    weights = [p.detach() for p in trainer.parameters]
    _, with_norm = gradients(folder, norm=True, one=one)
    buffers = list(with_norm.network.buffers())
    torch.save(
        {"gradients": found, "weights": weights, "loss": trainer.history[0]["loss"], "buffers": buffers},
        Path(folder) / f"{rank}.pt",
    )
    leave()
    os._exit(0)  # as the command line does: threads of gloo may outlive the interpreter, which then aborts
