"""What an interrupted packing has done: one line a finished clip, trusted only where the bytes agree.

A line is written after the clip's pixels are in the frames file. A process that is killed leaves at most half a line
at the end; a machine that loses power may leave lines without their pixels, so every line is held against the hash of
what is in the file before it counts: hashing is some twenty times faster than decoding.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self


@dataclass(frozen=True, slots=True)
class Entry:
    """A finished clip: where in the frames file it stands and the hash of its bytes; `key` is that of its sources."""

    id: str
    key: str
    start: int
    length: int
    sha256: str


class Journal:
    """An append-only file of entries."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[str] | None = None

    def read(self) -> dict[str, Entry]:
        """The last entry of each clip; lines that are no entries are passed over."""
        entries: dict[str, Entry] = {}
        with contextlib.suppress(FileNotFoundError), self._path.open(encoding="utf-8", errors="replace") as file:
            for line in file:
                with contextlib.suppress(ValueError, TypeError):
                    entry = Entry(*json.loads(line))
                    if (type(entry.start), type(entry.length)) == (int, int):
                        entries[entry.id] = entry
        return entries

    def __enter__(self) -> Self:
        torn = self._path.exists() and not self._path.read_bytes().endswith(b"\n")
        self._file = self._path.open("a", encoding="utf-8")
        if torn:
            self._file.write("\n")
        return self

    def add(self, entry: Entry) -> None:
        """Write a line and hand it to the operating system."""
        if self._file is None:
            raise ValueError("the journal is not open")
        self._file.write(json.dumps([entry.id, entry.key, entry.start, entry.length, entry.sha256]) + "\n")
        self._file.flush()

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()
