"""Outcomes: what happened to the clips, counted, so that they can be drawn and exchanged as counts.

Conventions
    An outcome is a leaf, a true class and the S answers to a clip (of one system, of its seeds, of several systems);
    clips that share all of them are one outcome. A leaf is a part of the test list that no configuration divides (a
    FERV39k scene, a DFEW fold). Answers are class indices 0..K-1, and K where there is none (-1 in what comes in, as in
    `recognition`). Outcomes are distinct and sorted, so the order of the clips never matters.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Outcomes:
    """What happened to the clips: distinct outcomes, sorted, and how many clips share each.

    `leaf`, `target`, `clips` and `cluster` have shape (C,), `answer` (C, S). `leaves` and `classes` are L and K.
    """

    leaf: IntArray = field(repr=False)
    target: IntArray = field(repr=False)
    answer: IntArray = field(repr=False)
    clips: IntArray = field(repr=False)
    leaves: int
    classes: int
    cluster: IntArray | None = field(repr=False, default=None)

    @property
    def answers(self) -> int:
        """S, the number of answers to each clip."""
        return int(self.answer.shape[1])

    def of_answers(self, *chosen: int) -> Outcomes:
        """Outcomes of some of the S answers, in the order given: of one system, of a pair."""
        own = [self.answer[:, s] for s in chosen]
        others = [] if self.cluster is None else [self.cluster]
        parts, clips = grouped([self.leaf, self.target, *own, *others], self.clips)
        answer = np.stack(parts[2 : 2 + len(own)], axis=1)
        cluster = None if self.cluster is None else parts[-1]
        return Outcomes(parts[0], parts[1], answer, clips, self.leaves, self.classes, cluster)

    def tables(self) -> IntArray:
        """Confusion counts of each of the S answers by leaf, shape (S, L, K, K + 1)."""
        shape = (self.answers, self.leaves, self.classes, self.classes + 1)
        found = np.zeros(shape, dtype=np.int64)
        for s in range(self.answers):
            np.add.at(found[s], (self.leaf, self.target, self.answer[:, s]), self.clips)
        return found


def outcomes_of_counts(counts: npt.ArrayLike) -> Outcomes:
    """Outcomes of counts of shape (L, K, K + 1, ..., K + 1): leaf, true class, one axis for each of the S answers.

    Confusion tables by leaf are the case S = 1. Raises ValueError for other shapes and negative counts.

    >>> outcomes_of_counts([[[2, 1, 0], [0, 0, 1]]])
    Outcomes(leaves=1, classes=2)
    """
    table = np.asarray(counts)
    if table.ndim < 3 or set(table.shape[2:]) != {table.shape[1] + 1}:
        raise ValueError(f"counts have shape (L, K, K + 1, ..., K + 1), not {table.shape}")
    if table.dtype.kind not in "iu":
        raise ValueError(f"counts are whole numbers, not {table.dtype}")
    if table.size and table.min() < 0:
        raise ValueError("counts are negative")
    leaf, target, *answers = np.nonzero(table)
    return Outcomes(
        leaf, target, np.stack(answers, axis=1), table[table > 0].astype(np.int64), table.shape[0], table.shape[1]
    )


def outcomes(
    leaf: npt.ArrayLike,
    target: npt.ArrayLike,
    answers: npt.ArrayLike,
    *,
    leaves: int,
    classes: int,
    cluster: npt.ArrayLike | None = None,
) -> Outcomes:
    """Outcomes of n clips: arrays (n,) of leaf, true class and perhaps cluster; `answers` (n,) or (n, S), -1 for none.

    Clusters are any whole numbers; their order takes part in the drawing, that of the clips does not. Raises ValueError
    for arrays that differ in length, and values out of range.

    >>> outcomes([0, 0, 0], [0, 0, 1], [[0, 1], [0, 1], [1, -1]], leaves=1, classes=2).clips.tolist()
    [2, 1]
    """
    given = np.asarray(answers)
    columns = given if given.ndim == 2 else given[:, None]
    parts = [_indices("leaf", leaf, 0, leaves), _indices("target", target, 0, classes)]
    parts += [_indices("answers", column, -1, classes) for column in columns.T]
    parts[2:] = [np.where(part < 0, classes, part) for part in parts[2:]]
    if cluster is not None:
        parts.append(np.asarray(cluster, dtype=np.int64))
    if {part.shape for part in parts} != {parts[0].shape}:
        raise ValueError(f"arrays differ in length: {sorted({part.shape for part in parts})}")
    chosen, clips = grouped(parts, np.ones(len(parts[0]), dtype=np.int64))
    answer = np.stack(chosen[2 : 2 + columns.shape[1]], axis=1)
    number = None if cluster is None else np.unique(chosen[-1], return_inverse=True)[1]
    return Outcomes(chosen[0], chosen[1], answer, clips, leaves, classes, number)


def grouped(parts: list[IntArray], clips: IntArray) -> tuple[list[IntArray], IntArray]:
    """Distinct rows of arrays (n,) laid side by side, sorted, and the sum of the clips of each."""
    key = np.zeros(len(clips), dtype=np.int64)
    for part in parts:  # the rank of each row among the distinct ones so far: no key outgrows its type
        levels, rank = np.unique(part, return_inverse=True)
        key = np.unique(key * max(len(levels), 1) + rank, return_inverse=True)[1]
    first = np.unique(key, return_index=True)[1]
    return [part[first] for part in parts], np.bincount(key, weights=clips, minlength=0).astype(np.int64)


def _indices(name: str, values: npt.ArrayLike, lowest: int, end: int) -> IntArray:
    found = np.asarray(values)
    if found.ndim != 1 or (found.size and found.dtype.kind not in "iu"):
        raise ValueError(f"{name} is no array of indices: shape {found.shape}, {found.dtype}")
    if found.size and not lowest <= found.min() <= found.max() < end:
        raise ValueError(f"{name} holds {found.min()}..{found.max()}, outside {lowest}..{end - 1}")
    return found.astype(np.int64)
