"""Reading a pack: a memory map and offsets, numpy alone.

pack = open_pack("faces.pack")
pack.clip("Action/Happy/0001")                                 # (frames, height, width, 3), no copy
pack.gather([0, 5, 9], sampler="segment-centre", number=8)     # (3, 8, height, width, 3), one copy
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fervbench.errors import InputError, UsageError
from fervbench.findings import Findings
from fervbench.pack.header import FRAMES, NPY_BYTES, OFFSETS, Header, npy_header, read_header
from fervbench.pack.samplers import SAMPLERS, IntArray, Sampler


@dataclass(frozen=True, eq=False)
class Pack:
    """An open pack. `frames` is (frames, height, width, 3) uint8, mapped read-only; nothing is read until asked for."""

    path: Path
    header: Header
    ids: tuple[str, ...]
    labels: tuple[str | None, ...]
    parts: tuple[str | None, ...]
    groups: tuple[str | None, ...]
    offsets: IntArray
    frames: np.memmap[tuple[int, ...], np.dtype[np.uint8]]

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def index(self) -> dict[str, int]:
        """Clip id -> position."""
        return {id: i for i, id in enumerate(self.ids)}

    @cached_property
    def _pixels(self) -> NDArray[np.uint8]:
        return np.asarray(self.frames)  # indexing np.memmap itself costs microseconds more each time

    def clip(self, which: int | str) -> NDArray[np.uint8]:
        """The frames of one clip, by position or id; a read-only view. Raises KeyError, IndexError."""
        i = self.index[which] if isinstance(which, str) else range(len(self.ids))[which]
        return self._pixels[self.offsets[i] : self.offsets[i + 1]]

    def gather(
        self, indices: Iterable[int] | IntArray, sampler: str | Sampler = "segment-centre", number: int | None = None
    ) -> NDArray[np.uint8]:
        """Frames of several clips as one array (clips, number, height, width, 3).

        `number` may be left out where all these clips have the same length: they are taken whole. Raises UsageError for
        an unknown sampler, or clips of several lengths without a number.
        """
        chosen = np.asarray(indices if isinstance(indices, np.ndarray) else list(indices), dtype=np.int64)
        starts, lengths = self.offsets[chosen], np.diff(self.offsets)[chosen]
        if number is None:
            if len(set(lengths.tolist())) > 1:
                raise UsageError("these clips have several lengths: say how many frames (number)")
            number = int(lengths[0]) if len(lengths) else 0
        if isinstance(sampler, str):
            if sampler not in SAMPLERS:
                raise UsageError(f"no sampler {sampler!r}", hint=f"there are {', '.join(sorted(SAMPLERS))}")
            sampler = SAMPLERS[sampler]
        pixels = self._pixels
        result = np.empty((len(chosen), number, *pixels.shape[1:]), dtype=np.uint8)
        for row, start, length in zip(result, starts.tolist(), lengths.tolist(), strict=True):
            if length == number:  # one memcpy
                row[:] = pixels[start : start + length]
            else:
                for to, at in enumerate(sampler(length, number).tolist()):
                    row[to] = pixels[start + at]
        return result


def open_pack(path: str | Path) -> Pack:
    """Open the pack in folder `path`; sizes and offsets are checked, pixels are not (`verify` does).

    Raises InputError, with every finding, where it is no pack or a damaged one.
    """
    folder = Path(path)
    header = read_header(folder)
    findings = Findings(str(path))
    offsets = _offsets(folder / OFFSETS, header, findings)
    shape = (header.frames, header.height, header.width, 3)
    check_frames(folder / FRAMES, shape, findings)
    if len(findings):
        raise InputError(f"is a damaged pack: {path}", file=str(path), findings=findings)
    if header.frames:
        frames = np.memmap(folder / FRAMES, dtype=np.uint8, mode="r", offset=NPY_BYTES, shape=shape)
    else:  # nothing can be mapped
        frames = np.empty(shape, np.uint8).view(np.memmap)
    return Pack(
        path=folder,
        header=header,
        ids=tuple(header.ids),
        labels=tuple(header.labels),
        parts=tuple(header.parts),
        groups=tuple(header.groups),
        offsets=offsets,
        frames=frames,
    )


def _offsets(path: Path, header: Header, findings: Findings) -> IntArray:
    expected = npy_header((len(header.ids) + 1,), "<i8")
    try:
        data = path.read_bytes()
    except OSError as error:
        findings.add("unreadable", f"{path.name}: {error.strerror}", pointer=path.name)
        return np.zeros(1, np.int64)
    if len(data) != NPY_BYTES + 8 * (len(header.ids) + 1):
        findings.add("size", f"{path.name} has {len(data):,} bytes for {len(header.ids):,} clips", pointer=path.name)
        return np.zeros(1, np.int64)
    if data[:NPY_BYTES] != expected:
        findings.add("npy-header", f"{path.name} does not start as the header says", pointer=path.name)
    offsets = np.frombuffer(data, dtype="<i8", offset=NPY_BYTES).astype(np.int64)
    offsets.flags.writeable = False
    if offsets[0] != 0 or offsets[-1] != header.frames or (np.diff(offsets) < 1).any():
        message = f"{path.name} does not rise from 0 to {header.frames:,}"
        findings.add("offsets", message, pointer=path.name)
    return offsets


def check_frames(path: Path, shape: tuple[int, ...], findings: Findings) -> None:
    """Add a finding for each way in which the frames file is not one of this shape."""
    try:
        with path.open("rb") as file:
            start = file.read(NPY_BYTES)
            size = os.fstat(file.fileno()).st_size
    except OSError as error:
        findings.add("unreadable", f"{path.name}: {error.strerror}", pointer=path.name)
        return
    expected = NPY_BYTES + int(np.prod(shape, dtype=np.int64))
    if size != expected:
        message = f"{path.name} has {size:,} bytes, not {expected:,}"
        hint = "was the copy cut off?" if size < expected else None
        findings.add("size", message, pointer=path.name, hint=hint)
    if start != npy_header(shape, "|u1"):
        findings.add("npy-header", f"{path.name} does not start as the header says", pointer=path.name)
