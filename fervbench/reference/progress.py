"""How training goes: a line on standard error, a small file in the job's folder, and TensorBoard where asked for.

The file is there for whoever watches many jobs, on this machine or another: nothing of it decides anything.
"""

from __future__ import annotations

import contextlib
import math
import sys
import time
from pathlib import Path
from typing import Any, TextIO

from fervbench.errors import UsageError
from fervbench.pack.progress import STORED, duration, hidden, store
from fervbench.reference.training import Trainer


class Display:
    """Epoch, clips/s, time left, loss and learning rate: written over on a terminal, else a line every ten seconds.

    With `file` the same every five seconds as JSON. The loss is read from the device only when either is written.
    """

    def __init__(
        self, trainer: Trainer, *, name: str = "", stream: TextIO | None = None, file: Path | None = None
    ) -> None:
        self._trainer, self._name, self._file = trainer, name, file
        self._stream = stream if stream is not None else sys.stderr
        self._seen = not hidden()
        self._terminal = self._stream.isatty()
        self._start = self._last = time.monotonic()
        self._before = self._steps()
        self._stored = self._start
        self.store()

    def _steps(self) -> int:
        return self._trainer.epoch * self._trainer.steps + self._trainer.step

    def __call__(self) -> None:
        """To be called after each step."""
        now = time.monotonic()
        if self._seen and now - self._last >= (1 if self._terminal else 10):
            self._last = now
            self.write()
        if self._file is not None and now - self._stored >= STORED:
            self._stored = now
            self.store()

    def _loss(self) -> float:
        trainer = self._trainer
        return float(trainer.total) / trainer.step if trainer.step else _last_loss(trainer)

    def _left(self) -> float:
        """Seconds to the last epoch, at the rate so far; not a number before the first step."""
        done, left = self._steps() - self._before, self._trainer.settings.epochs * self._trainer.steps - self._steps()
        return left * (time.monotonic() - self._start) / done if done else math.nan

    def store(self) -> None:
        """Write the file now."""
        if self._file is None:
            return
        trainer = self._trainer
        content = {
            "epoch": min(trainer.epoch + 1, trainer.settings.epochs),
            "epochs": trainer.settings.epochs,
            "step": trainer.step,
            "steps": trainer.steps,
            "lr": trainer.lr,
            "name": self._name,
            "loss": self._loss(),
            "seconds_left": self._left(),
            "clips_per_second": self.rate(),
        }
        store(self._file, content)

    def write(self, *, final: bool = False) -> None:
        """Write the line now."""
        trainer, left = self._trainer, self._left()
        text = (
            f"{self._name} epoch {min(trainer.epoch + 1, trainer.settings.epochs)}/{trainer.settings.epochs}, "
            f"{self.rate():,.1f} clips/s, {duration(left) if math.isfinite(left) else '?'} left, "
            f"loss {self._loss():.4f}, lr {trainer.lr:.2g}"
        ).strip()
        self._stream.write(f"\r{text:<79}" + ("\n" if final else "") if self._terminal else text + "\n")
        self._stream.flush()

    def rate(self) -> float:
        """Clips a second since the start."""
        return (self._steps() - self._before) * self._trainer.batch / max(time.monotonic() - self._start, 1e-9)

    def close(self) -> None:
        """Write the last line; the file goes with the last epoch."""
        if self._seen:
            self.write(final=True)
        if self._file is not None and self._trainer.done:
            with contextlib.suppress(OSError):
                self._file.unlink(missing_ok=True)


def _last_loss(trainer: Trainer) -> float:
    return float(trainer.history[-1]["loss"]) if trainer.history else float("nan")


def tensorboard(folder: Path) -> Any:
    """A writer of TensorBoard's files. Raises UsageError where TensorBoard is not installed."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise UsageError("--tensorboard needs TensorBoard", hint="pip install tensorboard") from None
    return SummaryWriter(str(folder))
