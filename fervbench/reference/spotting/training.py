"""Training a stage: a number of epochs, after each the validation part, and the weights of the best epoch at the end.

Order and draws of a step are functions of (seed, stage, epoch, step), so what training is consists of weights, moments
and two numbers; a checkpoint after every epoch and every few minutes holds them, with the best weights so far. Going
on from one ends in the same bits on a CPU.
"""

from __future__ import annotations

import contextlib
import math
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from fervbench.errors import InputError
from fervbench.pack.progress import PROGRESS, STORED, duration, hidden, store
from fervbench.reference import checkpoint, counter
from fervbench.reference.spotting.parts import Stage
from fervbench.reference.spotting.settings import Settings, Training

Say = Callable[[str], None]
Judge = Callable[[Stage], dict[str, float]]
EVERY = 300.0  # seconds between checkpoints within an epoch


def train_stage(
    stage: Stage,
    number: int,
    settings: Settings,
    path: Path,
    job: str,
    *,
    judge: Judge,
    say: Say,
    every: float = EVERY,
    after_epoch: Callable[[list[dict[str, Any]]], None] | None = None,
    trained: bool = False,
) -> list[dict[str, Any]]:
    """Train to the last epoch and leave the network with the weights of the best; what each epoch gave comes back.

    `judge` gives `selection` (higher is better) and what else is to be recorded. Raises InputError where the loss is no
    number, and, with `trained`, where there is something left to train.
    """
    training, network = stage.training, stage.network
    device = next(network.parameters()).device
    parameters = list(network.parameters())
    optimizer = optimizer_of(training, parameters)
    steps = max(1, math.ceil(stage.items / training.batch))
    epoch = step = 0
    total = torch.zeros((), device=device)
    history: list[dict[str, Any]] = []
    best: dict[str, Tensor] = {}
    state = checkpoint.load(path, job, f"{settings.model}/{stage.name}", device)
    if state is not None:
        network.load_state_dict(state["network"])
        _restore(optimizer, parameters, state["optimizer"])
        epoch, step, history, best = int(state["epoch"]), int(state["step"]), state["history"], state["best"]
        total.copy_(state["total"])
        if epoch < training.epochs:
            say(f"{stage.name}: going on from epoch {epoch + 1}, step {step + 1}")

    if trained and epoch < training.epochs:
        raise InputError(
            f"the network of this job is not there: {path}",
            hint="remove done.json beside it to train it again",
            file=str(path),
        )

    def save() -> None:
        content = {"epoch": epoch, "step": step, "total": total, "history": history, "best": best}
        content |= {"network": network.state_dict(), "optimizer": [dict(optimizer.state[p]) for p in parameters]}
        checkpoint.save(path, job, f"{settings.model}/{stage.name}", content)

    epochs = (sum(each.epochs for each in settings.training[:number]), settings.epochs)
    line = _Line(stage, epochs, training.epochs * steps, epoch * steps + step, path.with_name(PROGRESS))
    saved = time.monotonic()
    try:
        while epoch < training.epochs:
            network.train()
            factor = training.gamma ** sum(epoch >= milestone for milestone in training.milestones)
            for group in optimizer.param_groups:
                group["lr"] = training.lr * factor
            order = counter.order(counter.number(settings.seed, number) >> 1, epoch, stage.items, device)
            while step < steps:
                torch.manual_seed(counter.number(settings.seed, counter.NETWORK, number, epoch, step) >> 1)
                optimizer.zero_grad(set_to_none=True)
                loss = stage.loss(order[step * training.batch : (step + 1) * training.batch])
                loss.backward()
                if training.clip:
                    nn.utils.clip_grad_norm_(parameters, training.clip)
                optimizer.step()
                total += loss.detach()
                step += 1
                line(epoch, step, total)
                if time.monotonic() - saved >= every and step < steps:
                    save()
                    saved = time.monotonic()
            mean = float(total) / steps
            if not math.isfinite(mean):
                raise InputError(
                    f"the loss of {stage.name} is no number after epoch {epoch + 1}",
                    hint="a lower learning rate (--lr); the last checkpoint is kept",
                )
            epoch, step = epoch + 1, 0
            total.zero_()
            network.eval()
            with torch.random.fork_rng(devices=[]):
                row = {"stage": stage.name, "epoch": epoch, "loss": mean, "lr": training.lr * factor} | judge(stage)
            if not any(old["selection"] >= row["selection"] for old in history):
                best = {key: value.detach().clone() for key, value in network.state_dict().items()}
            history.append(row)
            if after_epoch is not None:
                after_epoch(history)
            save()
            saved = time.monotonic()
    finally:
        line.close()
    network.load_state_dict(best)
    network.eval()
    return history


def best_of(history: list[dict[str, Any]]) -> dict[str, Any]:
    """The epoch that the validation part picks: the first of the best."""
    return max(history, key=lambda row: row["selection"])


def optimizer_of(training: Training, parameters: list[nn.Parameter]) -> torch.optim.Optimizer:
    """The optimizer, its state there from the start, so that every step is like the others."""
    if training.optimizer == "adam":
        adam = torch.optim.Adam(parameters, training.lr, weight_decay=training.weight_decay)
        for p in parameters:
            adam.state[p] = {"step": torch.zeros(()), "exp_avg": torch.zeros_like(p), "exp_avg_sq": torch.zeros_like(p)}
        return adam
    sgd = torch.optim.SGD(parameters, training.lr, momentum=training.momentum, weight_decay=training.weight_decay)
    if training.momentum:
        for p in parameters:
            sgd.state[p] = {"momentum_buffer": torch.zeros_like(p)}
    return sgd


@torch.no_grad()
def _restore(optimizer: torch.optim.Optimizer, parameters: list[nn.Parameter], kept: list[dict[str, Tensor]]) -> None:
    for parameter, values in zip(parameters, kept, strict=True):
        for key, value in values.items():
            optimizer.state[parameter][key].copy_(value)


class _Line:
    """Where training is: written over on a terminal, else a line every ten seconds; and in a file every five.

    `epochs`: those of the stages before, and of all.
    """

    def __init__(self, stage: Stage, epochs: tuple[int, int], steps: int, before: int, file: Path) -> None:
        self._stage, self._epochs, self._file = stage, epochs, file
        self._steps, self._done, self._before = steps, before, before
        self._start = self._last = time.monotonic()
        self._stored = -math.inf
        self._terminal, self._seen = sys.stderr.isatty(), not hidden()
        self._written = False

    def __call__(self, epoch: int, step: int, total: Tensor) -> None:
        now = time.monotonic()
        self._done += 1
        rate = (self._done - self._before) / max(now - self._start, 1e-9)
        left = (self._steps - self._done) / rate
        before, every = self._epochs
        later = every - before - self._stage.training.epochs  # epochs of stages to come, taken to be as long
        left *= 1 + later / self._stage.training.epochs
        if now - self._stored >= STORED:
            self._stored = now
            about: dict[str, Any] = {"epoch": self._epochs[0] + epoch + 1, "epochs": self._epochs[1]}
            about |= {"name": self._stage.name, "loss": float(total) / step, "seconds_left": left}
            store(self._file, about | {"clips_per_second": rate * self._stage.training.batch})
        if not self._seen or now - self._last < (1 if self._terminal else 10):
            return
        self._last, self._written = now, True
        name = f"{self._stage.name} epoch {epoch + 1}"
        text = f"{name}, {rate:,.2f} steps/s, {duration(left)} left, loss {float(total) / step:.4f}"
        sys.stderr.write(f"\r{text:<79}" if self._terminal else text + "\n")
        sys.stderr.flush()

    def close(self) -> None:
        """End the line; the file goes."""
        if self._written and self._terminal:
            sys.stderr.write("\n")
        with contextlib.suppress(OSError):
            self._file.unlink(missing_ok=True)
