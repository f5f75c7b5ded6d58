"""Clips of the train part that are near-duplicates of clips of the test part, by perceptual hashes of their frames.

A frame's hash is a difference hash of 256 bits: brightness (Rec. 601) averaged over 16 rows of 17 cells, one bit for
each two neighbours in a row, set where the right one is brighter by at least one grey level. Equal frames have distance
0; recompressed or resized ones a few bits; different frames of one face some sixty, of different faces about a hundred.
Frames of almost one brightness (black, faded) say nothing and are left out.

The distance of two clips is the smallest Hamming distance between the frames of one and those of the other, over
`per_clip` frames of each (segment centres; all frames of a clip that has no more). So a clip that was cut twice from
one video with an overlap is found where sampled frames fall together: more frames a clip find smaller overlaps.

Every pair is looked at, in blocks: first 64 of the 256 bits, the rest only where those are within the threshold, which
loses no pair. Memory is bounded by the block and by the pairs found, not by the number of clips squared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fervbench.errors import UsageError
from fervbench.pack.area import shrink
from fervbench.pack.reading import Pack
from fervbench.pack.samplers import segment_centre

BITS = 256
THRESHOLD = 20
_ROWS, _CELLS = 16, 17
_FLAT = 3.0  # grey levels of standard deviation among the cells
_BLOCK = 1024
_MOST = 1_000_000
Words = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Leak:
    """Two clips with frames in common. `pairs` counts the frame pairs within the threshold."""

    first: str
    second: str
    distance: int
    pairs: int


@dataclass(frozen=True)
class Hashes:
    """Hashes of frames (n, 4) and the clip that each belongs to."""

    words: Words
    owner: NDArray[np.int64]


def hash_frame(frame: NDArray[np.uint8]) -> Words | None:
    """The hash of one frame (height, width, 3) as four words; None for a frame of almost one brightness."""
    height, width = frame.shape[:2]
    if height < _ROWS or width < _CELLS:
        frame = frame.repeat(-(-_ROWS // height), axis=0).repeat(-(-_CELLS // width), axis=1)
    cells = shrink(frame, _ROWS, _CELLS).astype(np.float64) @ np.array([0.299, 0.587, 0.114])
    if cells.std() < _FLAT:
        return None
    bits = cells[:, 1:] - cells[:, :-1] >= 1.0
    return np.packbits(bits.ravel()).view(np.uint64)


def hash_clips(
    pack: Pack, chosen: Iterable[int], per_clip: int, progress: Callable[[int], None] | None = None
) -> Hashes:
    """Hashes of `per_clip` frames of each of these clips."""
    words, owner = [], []
    for i in chosen:
        clip = pack.clip(i)
        for at in segment_centre(len(clip), min(per_clip, len(clip))).tolist():
            found = hash_frame(clip[at])
            if found is not None:
                words.append(found)
                owner.append(i)
        if progress is not None:
            progress(1)
    stacked = np.array(words, dtype=np.uint64).reshape(-1, BITS // 64)
    return Hashes(stacked, np.array(owner, dtype=np.int64))


def close_pairs(
    first: Hashes, second: Hashes, threshold: int, *, ordered: bool = False
) -> dict[tuple[int, int], tuple[int, int]]:
    """(owner, owner) -> (smallest distance, number of frame pairs), for pairs within `threshold`.

    `ordered`: both sides are the same clips; each pair counts once and none with itself.
    """
    found: dict[tuple[int, int], tuple[int, int]] = {}
    columns = np.ascontiguousarray(second.words.T)
    for start in range(0, len(first.words), _BLOCK):
        rows = first.words[start : start + _BLOCK]
        for at in range(0, len(second.words), 4 * _BLOCK):
            block = columns[:, at : at + 4 * _BLOCK]
            near = np.bitwise_count(rows[:, 0, None] ^ block[0]) <= threshold
            i, j = np.nonzero(near)
            distance = np.bitwise_count(rows[i] ^ block.T[j]).sum(axis=1, dtype=np.int64)
            kept = distance <= threshold
            pairs = (first.owner[start + i[kept]], second.owner[at + j[kept]], distance[kept])
            for a, b, d in zip(*(values.tolist() for values in pairs), strict=True):
                if ordered and a >= b:
                    continue
                smallest, number = found.get((a, b), (BITS, 0))
                found[a, b] = (min(smallest, d), number + 1)
            if len(found) > _MOST:
                raise UsageError(f"more than {_MOST:,} pairs within {threshold} bits", hint="a lower --threshold")
    return found


def find_leaks(
    pack: Pack,
    other: Pack | None = None,
    *,
    threshold: int = THRESHOLD,
    per_clip: int = 8,
    every: bool = False,
    progress: Callable[[int], None] | None = None,
) -> list[Leak]:
    """Near-duplicates, nearest first: of `pack` and `other`, or between parts of `pack` (`every`: among all its clips).

    Parts are train and test; where the pack has none, its groups (DFEW's folds), each against the others. Raises
    UsageError where it has neither, or the threshold is out of range.
    """
    if not 0 <= threshold < BITS or per_clip < 1:
        raise UsageError(f"a threshold of {threshold} of {BITS} bits over {per_clip} frames a clip makes no sense")
    if other is not None:
        here = hash_clips(pack, range(len(pack)), per_clip, progress)
        there = hash_clips(other, range(len(other)), per_clip, progress)
        return _listed(close_pairs(here, there, threshold), pack, other)
    sides = None if every else split(pack)
    hashes = hash_clips(pack, range(len(pack)), per_clip, progress)
    if sides is None:
        return _listed(close_pairs(hashes, hashes, threshold, ordered=True), pack, pack)
    found: dict[tuple[int, int], tuple[int, int]] = {}
    for i, one in enumerate(sides):
        mine = _subset(hashes, one)
        for two in sides[i + 1 :]:
            found |= close_pairs(mine, _subset(hashes, two), threshold)
    return _listed(found, pack, pack)


def split(pack: Pack) -> list[list[int]]:
    """The sides between which nothing may leak: train and test, else the groups. Raises UsageError without either."""
    for column in (pack.parts, pack.groups):
        names = sorted({name for name in column if name is not None})
        if len(names) > 1:
            return [[i for i, value in enumerate(column) if value == name] for name in names]
    raise UsageError("the pack knows no train and test parts", hint="--all compares all clips, a second pack two packs")


def _subset(hashes: Hashes, clips: list[int]) -> Hashes:
    chosen = np.isin(hashes.owner, clips)
    return Hashes(hashes.words[chosen], hashes.owner[chosen])


def _listed(found: dict[tuple[int, int], tuple[int, int]], one: Pack, two: Pack) -> list[Leak]:
    leaks = [Leak(one.ids[a], two.ids[b], distance, pairs) for (a, b), (distance, pairs) in found.items()]
    return sorted(leaks, key=lambda leak: (leak.distance, -leak.pairs, leak.first, leak.second))
