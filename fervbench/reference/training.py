"""The loop: clips in, gradients, one fused step of SGD, nothing in between that waits for the device.

Order, draws and dropout of a step are functions of (seed, epoch, step), so what a trainer is consists of its weights,
their momentum and two numbers: `state()` holds them all, and continuing from it ends in the same bits on a CPU.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import Tensor, nn

from fervbench.errors import InputError
from fervbench.reference import counter
from fervbench.reference.clips import Clips
from fervbench.reference.distributed import World
from fervbench.reference.networks import Losses
from fervbench.reference.settings import Settings

Step = Callable[[Tensor], None]


class Trainer:
    """A network in training on `clips`. `epoch` and `step` say what is done next, `history` what each epoch gave."""

    def __init__(
        self, settings: Settings, network: nn.Module, clips: Clips, classes: int, world: World | None = None
    ) -> None:
        self.settings, self.network, self.clips = settings, network, clips
        self.world = world or World()
        self.device = clips.labels.device
        width = int(getattr(network, "width", 0))
        self.losses = Losses(settings.loss, classes, width).to(self.device)
        self.batch = min(settings.batch, len(clips))  # of all ranks together
        self.steps = len(clips) // self.batch  # what is left over comes in another epoch
        self.epoch = self.step = 0
        self.history: list[dict[str, Any]] = []
        self.total = torch.zeros((), device=self.device)
        self.epoch_now = torch.zeros((), dtype=torch.int64, device=self.device)  # for a captured step
        self.parameters = list(network.parameters())
        lr: Any = settings.lr
        if self.device.type == "cuda":  # a captured step reads it where it stands
            lr = torch.tensor(settings.lr, device=self.device)
        self.optimizer = _optimizer(settings, self.parameters, lr)
        self.objective: Callable[..., tuple[Tensor, Tensor]] = self._objective
        self.engine: Step = self.eager_step
        network.train()

    @property
    def lr(self) -> float:
        """The learning rate of the present epoch."""
        losses = [float(row["loss"]) for row in self.history]
        return self.settings.lr * self.settings.schedule.factor(self.epoch, losses)

    @property
    def done(self) -> bool:
        """Whether all epochs are done."""
        return self.epoch >= self.settings.epochs

    def autocast(self) -> AbstractContextManager[Any]:
        """bfloat16 where the settings say so."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.settings.precision == "bfloat16")

    def _objective(self, inputs: tuple[Tensor, ...], labels: Tensor) -> tuple[Tensor, Tensor]:
        network: Any = self.network
        with self.autocast():
            features = network.embed(*inputs)  # (batch, width)
            scores = network.classify(features)  # (batch, classes)
        return self.losses(features, scores, labels), features

    def eager_step(self, chosen: Tensor) -> None:
        """One step on the clips at `chosen`; nothing in it reads a number back from the device."""
        self.optimizer.zero_grad(set_to_none=True)
        labels = self.clips.labels[chosen]
        loss, features = self.objective(self.clips.train(chosen, self.settings.seed, self.epoch_now), labels)
        loss.backward()
        self.world.average([p.grad for p in self.parameters if p.grad is not None])
        self._leave_out(labels)
        self.optimizer.step()
        self.losses.update(features.detach(), labels)
        self.total += loss.detach()

    def _leave_out(self, labels: Tensor) -> None:
        """Have the fused step do nothing, on the device, where the batch has no meaning to the loss of any process."""
        without = self.losses.meaningless(labels)
        if without is None:
            return
        self.world.average([without])
        optimizer: Any = self.optimizer
        optimizer.grad_scale, optimizer.found_inf = None, without.floor()  # what mixed precision skips a step by

    def set_epoch(self) -> None:
        """Tell the device which epoch it is and what its learning rate is."""
        self.epoch_now.fill_(self.epoch)
        for group in self.optimizer.param_groups:
            if isinstance(group["lr"], Tensor):
                group["lr"].fill_(self.lr)
            else:
                group["lr"] = self.lr

    def seed_step(self, epoch: int, step: int) -> None:
        """Make dropout a function of (seed, epoch, step)."""
        torch.manual_seed(counter.number(self.settings.seed, counter.NETWORK, epoch, step, self.world.rank) >> 1)

    def run_epoch(self, between: Callable[[], None] | None = None) -> None:
        """The rest of the present epoch; `between` is called after each step. Raises InputError where it diverges."""
        self.network.train()
        self.set_epoch()
        lr = self.lr
        order = counter.order(self.settings.seed, self.epoch, len(self.clips), self.device)
        while self.step < self.steps:
            self.seed_step(self.epoch, self.step)
            whole = order[self.step * self.batch : (self.step + 1) * self.batch]
            self.engine(self.world.share(whole))
            self.step += 1
            if between is not None:
                between()
        loss = self.world.mean(self.total) / self.steps
        if not math.isfinite(loss):
            raise InputError(
                f"the loss is no number after epoch {self.epoch + 1}",
                hint="a lower learning rate (--lr), or --precision float32; the last checkpoint is kept",
            )
        self.world.share_buffers(self.network)
        self.history.append({"epoch": self.epoch + 1, "loss": loss, "lr": lr})
        self.epoch, self.step = self.epoch + 1, 0
        self.total.zero_()

    def state(self) -> dict[str, Any]:
        """Everything that a trainer is, as tensors and plain values."""
        return {
            "epoch": self.epoch,
            "step": self.step,
            "total": self.total,
            "history": self.history,
            "network": self.network.state_dict(),
            "losses": self.losses.state_dict(),
            "optimizer": [dict(self.optimizer.state[p]) for p in self.parameters],
        }

    @torch.no_grad()
    def restore(self, state: dict[str, Any]) -> None:
        """Become what `state` says, in place."""
        self.network.load_state_dict(state["network"])
        self.losses.load_state_dict(state["losses"])
        for parameter, kept in zip(self.parameters, state["optimizer"], strict=True):
            for key, value in kept.items():
                self.optimizer.state[parameter][key].copy_(value)
        self.total.copy_(state["total"])
        self.epoch, self.step = int(state["epoch"]), int(state["step"])
        self.history = [dict(row) for row in state["history"]]


def _optimizer(settings: Settings, parameters: list[nn.Parameter], lr: Any) -> torch.optim.Optimizer:
    """Fused, and with its state there from the start: zeros, which is the same as none yet, and the first step is like
    all others.
    """
    if settings.optimizer == "adam":
        adam = torch.optim.Adam(parameters, lr, weight_decay=settings.weight_decay, fused=True)
        for p in parameters:
            moments = {"exp_avg": torch.zeros_like(p), "exp_avg_sq": torch.zeros_like(p)}
            adam.state[p] = {"step": torch.zeros((), device=p.device)} | moments
        return adam
    made = torch.optim.SGD(parameters, lr, momentum=settings.momentum, weight_decay=settings.weight_decay, fused=True)
    if settings.momentum:
        for p in parameters:
            made.state[p]["momentum_buffer"] = torch.zeros_like(p)
    return made


@torch.inference_mode()
def predict(trainer: Trainer, clips: Clips, batch: int | None = None) -> Tensor:
    """Class probabilities of clips, (clips, classes) float32 on the CPU, in large batches."""
    network: Any = trainer.network
    network.eval()
    batch = batch or (256 if trainer.device.type == "cuda" else 32)
    parts = []
    for first in range(0, len(clips), batch):
        chosen = torch.arange(first, min(first + batch, len(clips)), device=trainer.device)
        with trainer.autocast():
            scores = network(*clips.test(chosen))  # (batch, classes)
        parts.append(scores.float().softmax(dim=1))
    network.train()
    return torch.cat(parts).cpu()
