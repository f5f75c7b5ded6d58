"""Progress on standard error: how much is done, how fast, how long it will take."""

from __future__ import annotations

import sys
import time
from typing import TextIO


class Progress:
    """One line that is written over on a terminal; elsewhere a line every ten seconds."""

    def __init__(self, total: int, unit: str = "frames", *, stream: TextIO | None = None) -> None:
        self._total, self._unit = total, unit
        self._stream = stream if stream is not None else sys.stderr
        self._terminal = self._stream.isatty()
        self._start = self._last = time.monotonic()
        self._before = 0
        self._done = 0

    def skip(self, number: int) -> None:
        """Count what an earlier run has done: it is done, and says nothing about the rate."""
        self._before += number
        self._done += number

    def __call__(self, number: int) -> None:
        """Count `number` more."""
        self._done += number
        now = time.monotonic()
        if now - self._last >= (0.2 if self._terminal else 10):
            self._last = now
            self._write(now)

    def close(self) -> None:
        """Write the last line, where any was written or it took a while."""
        now = time.monotonic()
        if self._terminal or now - self._start >= 10:
            self._write(now)
            if self._terminal:
                self._stream.write("\n")

    def _write(self, now: float) -> None:
        rate = (self._done - self._before) / max(now - self._start, 1e-9)
        left = (self._total - self._done) / rate if rate else 0
        text = (
            f"{self._done:,} of {self._total:,} {self._unit} ({self._done / max(1, self._total):.0%}), "
            f"{rate:,.0f} {self._unit}/s, {duration(left)} left"
        )
        self._stream.write(f"\r{text:<76}" if self._terminal else text + "\n")
        self._stream.flush()


def duration(seconds: float) -> str:
    """Seconds for people.

    >>> duration(5), duration(65), duration(7300)
    ('5 s', '1 min 05 s', '2 h 01 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
