"""Training a job to its end: checkpoints on the way, one row an epoch, a clear word when something gives out."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch

from fervbench.errors import InputError
from fervbench.pack.progress import PROGRESS
from fervbench.reference import checkpoint, engines
from fervbench.reference.progress import Display
from fervbench.reference.training import Trainer

Say = Callable[[str], None]
AfterEpoch = Callable[[Trainer], None]
EVERY = 300.0  # seconds between checkpoints within an epoch


@contextlib.contextmanager
def memory_named(batch: int) -> Iterator[None]:
    """Turn what torch says when memory gives out into one clear error."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:  # torch.OutOfMemoryError is a RuntimeError
        text = str(error)
        if not isinstance(error, MemoryError) and "memory" not in text.lower():
            raise
        hint = f"--batch below {batch} (another recipe: the report says so), smaller --size, or another --device"
        where = "the GPU" if "CUDA" in text else "this machine"
        message = f"not enough memory on {where} for batches of {batch}; the last checkpoint is kept"
        raise InputError(message, hint=hint) from None


def fit(
    trainer: Trainer,
    path: Path,
    job: str,
    *,
    say: Say,
    name: str = "",
    after_epoch: AfterEpoch | None = None,
    every: float = EVERY,
    board: Any = None,
) -> None:
    """Train to the last epoch, from the checkpoint at `path` if there is one.

    A checkpoint is written after every epoch and every `every` seconds within one; with several processes by the first
    and between epochs only, where all of them are alike. `after_epoch` is called before the epoch's checkpoint is
    written, so what it leaves behind is there for every epoch that counts as done.
    """
    settings, first = trainer.settings, trainer.world.rank == 0
    trainer.world.wait()
    state = checkpoint.load(path, job, settings.model, trainer.device)
    if state is not None:
        trainer.restore(state)
        say(f"going on from epoch {trainer.epoch + 1}, step {trainer.step + 1}" if not trainer.done else "is trained")
    if trainer.done:
        return
    with memory_named(settings.batch):
        race = engines.choose(trainer)
    if race.milliseconds:
        times = ", ".join(f"{n} {t:.2f}" if t is not None else f"{n} failed" for n, t in race.milliseconds.items())
        say(f"engine: {race.chosen} (ms a step: {times})")
    display = Display(trainer, name=name, file=path.with_name(PROGRESS)) if first else None
    saved = time.monotonic()

    def between() -> None:
        nonlocal saved
        if display is not None:
            display()
        if trainer.world.size == 1 and time.monotonic() - saved >= every:
            checkpoint.save(path, job, settings.model, trainer.state())
            saved = time.monotonic()

    try:
        while not trainer.done:
            started, steps = time.monotonic(), trainer.steps - trainer.step
            with memory_named(settings.batch):
                trainer.run_epoch(between)
            seconds = time.monotonic() - started
            row = trainer.history[-1]
            row |= {"seconds": round(seconds, 3), "clips_per_second": round(steps * trainer.batch / seconds, 2)}
            row["engine"] = race.chosen
            if after_epoch is not None:
                after_epoch(trainer)
            if first:
                checkpoint.save(path, job, settings.model, trainer.state())
                saved = time.monotonic()
            if board is not None:
                for key in ("loss", "lr", "clips_per_second"):
                    board.add_scalar(key, row[key], row["epoch"])
    finally:
        if display is not None:
            display.close()
    if trainer.device.type == "cuda":
        torch.cuda.synchronize(trainer.device)
