"""Progress on standard error, or in a file for whoever watches: how much is done, how fast, how long it will take."""

from __future__ import annotations

import contextlib
import json
import math
import os
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from pathlib import Path
from typing import Any, TextIO

from fervbench.errors import FervbenchError
from fervbench.files import write_whole

PROGRESS = "progress.json"
STORED = 5.0  # seconds between two writings of the file
_hidden: ContextVar[bool] = ContextVar("hidden", default=False)


@contextlib.contextmanager
def unseen() -> Iterator[None]:
    """Leave standard error alone: somebody else shows what the files say."""
    token = _hidden.set(True)
    try:
        yield
    finally:
        _hidden.reset(token)


def hidden() -> bool:
    """Whether standard error is to be left alone."""
    return _hidden.get()


def store(file: Path, content: Mapping[str, Any]) -> None:
    """Write a progress file: what is known, and by which process. Of a full disk others tell, who need it more."""
    known = {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in content.items()}
    about = {"host": socket.gethostname(), "process": os.getpid()}
    with contextlib.suppress(FervbenchError):
        write_whole(file, json.dumps(about | known, sort_keys=True) + "\n", overwrite=True)


class Progress:
    """One line that is written over on a terminal; elsewhere a line every ten seconds.

    With `file` the same every five seconds as JSON, as training writes it.
    """

    def __init__(
        self, total: int, unit: str = "frames", *, stream: TextIO | None = None, file: Path | None = None
    ) -> None:
        self._total, self._unit, self._file = total, unit, file
        self._seen, self._stored = not hidden(), -math.inf
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
        if self._seen and now - self._last >= (0.2 if self._terminal else 10):
            self._last = now
            self._write(now)
        if self._file is not None and now - self._stored >= STORED:
            self._stored = now
            rate, left = self._pace(now)
            about = {"epoch": 1, "epochs": 1, "name": self._unit, "clips_per_second": rate, "seconds_left": left}
            store(self._file, about)

    def close(self) -> None:
        """Write the last line, where any was written or it took a while."""
        now = time.monotonic()
        if self._seen and (self._terminal or now - self._start >= 10):
            self._write(now)
            if self._terminal:
                self._stream.write("\n")

    def _pace(self, now: float) -> tuple[float, float]:
        """Units a second, and seconds left."""
        rate = (self._done - self._before) / max(now - self._start, 1e-9)
        return rate, (self._total - self._done) / rate if rate else 0.0

    def _write(self, now: float) -> None:
        rate, left = self._pace(now)
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
