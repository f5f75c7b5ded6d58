"""The frames of one folder, in the order of their numbers.

Official releases name frames `00.jpg` .. `99.jpg`, `1.jpg` .. `16.jpg` or `00001_12.jpg`: sorted as strings,
`10.jpg` stands before `2.jpg`.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

SUFFIXES = frozenset((".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"))
_NUMBER = re.compile(r"(\d+)")


@dataclass(frozen=True, slots=True)
class Listing:
    """The frames of a folder in numeric order, and a digest of their names and sizes."""

    names: tuple[str, ...]
    key: str


def numeric(name: str) -> tuple[tuple[int, int | str], ...]:
    """A sort key in which runs of digits are numbers.

    >>> sorted(["10.jpg", "2.jpg", "a1_3.jpg", "a1_12.jpg"], key=numeric)
    ['2.jpg', '10.jpg', 'a1_3.jpg', 'a1_12.jpg']
    """
    parts = _NUMBER.split(name)
    key: list[tuple[int, int | str]] = []
    for i, part in enumerate(parts):
        if part:
            key.append((0, int(part)) if i % 2 else (1, part))
    return (*key, (2, name))  # 1.jpg and 01.jpg are two files: an order for them as well


def is_frame(name: str) -> bool:
    """Whether a file's name is that of a frame; hidden files (._00.jpg of a Mac) are not."""
    return not name.startswith(".") and os.path.splitext(name)[1].lower() in SUFFIXES  # noqa: PTH122 (a million names)


def list_frames(folder: str) -> Listing:
    """The frames of `folder`. Raises OSError where it cannot be listed."""
    with os.scandir(folder) as entries:
        found = [(entry.name, entry.stat().st_size) for entry in entries if is_frame(entry.name) and entry.is_file()]
    found.sort(key=lambda item: numeric(item[0]))
    digest = hashlib.sha256()
    for name, size in found:
        digest.update(f"{name}\0{size}\n".encode("utf-8", "surrogateescape"))
    return Listing(tuple(name for name, _ in found), digest.hexdigest()[:32])


def frame_number(name: str) -> int | None:
    """The number of a frame: the last run of digits of its name.

    >>> frame_number("00001_12.jpg"), frame_number("apex.jpg")
    (12, None)
    """
    found = _NUMBER.findall(os.path.splitext(name)[0])  # noqa: PTH122
    return int(found[-1]) if found else None


def absent_numbers(names: Sequence[str]) -> list[int]:
    """Numbers that are left out between the first frame and the last; at most ten of them."""
    numbers = [number for name in names if (number := frame_number(name)) is not None]
    absent: list[int] = []
    for before, after in pairwise(numbers):
        absent += range(before + 1, min(after, before + 11))
        if len(absent) >= 10:
            break
    return absent[:10]
