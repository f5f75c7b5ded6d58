"""How training goes: a line on standard error, and TensorBoard where it is asked for."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any, TextIO

from fervbench.errors import UsageError
from fervbench.pack.progress import duration
from fervbench.reference.training import Trainer


class Display:
    """Epoch, clips/s, time left, loss and learning rate: written over on a terminal, else a line every ten seconds.

    The loss is read from the device only when a line is written.
    """

    def __init__(self, trainer: Trainer, *, name: str = "", stream: TextIO | None = None) -> None:
        self._trainer, self._name = trainer, name
        self._stream = stream if stream is not None else sys.stderr
        self._terminal = self._stream.isatty()
        self._start = self._last = time.monotonic()
        self._before = self._steps()

    def _steps(self) -> int:
        return self._trainer.epoch * self._trainer.steps + self._trainer.step

    def __call__(self) -> None:
        """To be called after each step."""
        now = time.monotonic()
        if now - self._last >= (1 if self._terminal else 10):
            self._last = now
            self.write()

    def write(self, *, final: bool = False) -> None:
        """Write the line now."""
        trainer = self._trainer
        spent = max(time.monotonic() - self._start, 1e-9)
        done = self._steps() - self._before
        left = (trainer.settings.epochs * trainer.steps - self._steps()) * spent / max(done, 1)
        loss = float(trainer.total) / trainer.step if trainer.step else _last_loss(trainer)
        text = (
            f"{self._name} epoch {min(trainer.epoch + 1, trainer.settings.epochs)}/{trainer.settings.epochs}, "
            f"{done * trainer.batch / spent:,.1f} clips/s, {duration(left)} left, loss {loss:.4f}, lr {trainer.lr:.2g}"
        ).strip()
        self._stream.write(f"\r{text:<79}" + ("\n" if final else "") if self._terminal else text + "\n")
        self._stream.flush()

    def rate(self) -> float:
        """Clips a second since the start."""
        return (self._steps() - self._before) * self._trainer.batch / max(time.monotonic() - self._start, 1e-9)

    def close(self) -> None:
        """Write the last line."""
        self.write(final=True)


def _last_loss(trainer: Trainer) -> float:
    return float(trainer.history[-1]["loss"]) if trainer.history else float("nan")


def tensorboard(folder: Path) -> Any:
    """A writer of TensorBoard's files. Raises UsageError where TensorBoard is not installed."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise UsageError("--tensorboard needs TensorBoard", hint="pip install tensorboard") from None
    return SummaryWriter(str(folder))
