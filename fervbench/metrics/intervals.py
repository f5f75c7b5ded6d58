"""Intervals in time: overlap and matching.

Conventions
    Intervals are arrays of shape (n, 2): onset and offset in seconds, continuous time (no +1). Argument order is always
    (target, prediction). tIoU is in [0, 1]. Frames are whole numbers and inclusive on both ends.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


def as_intervals(values: npt.ArrayLike) -> FloatArray:
    """An array of shape (n, 2), float64; an empty input gives shape (0, 2). Raises ValueError for another shape."""
    intervals = np.asarray(values, dtype=np.float64)
    if intervals.size == 0:
        return intervals.reshape(0, 2)
    if intervals.ndim != 2 or intervals.shape[1] != 2:
        raise ValueError(f"intervals have shape (n, 2), not {intervals.shape}")
    return intervals


def overlap(onset: FloatArray, offset: FloatArray, other_onset: FloatArray, other_offset: FloatArray) -> FloatArray:
    r"""Overlap (tIoU) of intervals pair by pair, four arrays of shape (n,) to (n,).

    .. math:: \max(0, \min(e) - \max(s)) / (l_1 + l_2 - \text{intersection})

    in float64, as the ActivityNet evaluator computes it: l_1 is the length of the other interval. Two intervals of
    length 0 have no tIoU: NaN, which reaches no threshold.
    """
    shared = np.minimum(offset, other_offset)
    shared -= np.maximum(onset, other_onset)
    np.maximum(shared, 0.0, out=shared)
    union = other_offset - other_onset
    union += offset - onset
    union -= shared
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.divide(shared, union, out=shared)


def tiou(target: npt.ArrayLike, prediction: npt.ArrayLike) -> FloatArray:
    """Temporal intersection over union of every target with every prediction, shape (n, m), in [0, 1].

    >>> tiou([[0.0, 2.0]], [[1.0, 2.0], [2.0, 3.0]]).tolist()
    [[0.5, 0.0]]
    """
    first, second = as_intervals(target), as_intervals(prediction)
    n, m = len(first), len(second)
    ours, theirs = np.repeat(first, m, axis=0), np.tile(second, (n, 1))
    return overlap(ours[:, 0], ours[:, 1], theirs[:, 0], theirs[:, 1]).reshape(n, m)


def to_frames(intervals: npt.ArrayLike, fps: float) -> IntArray:
    """Onset and offset as frame numbers, `round(t x fps)` (halves to even), shape (n, 2)."""
    return np.rint(np.clip(as_intervals(intervals) * fps, -(2.0**53), 2.0**53)).astype(np.int64)


def frame_iou(target: IntArray, prediction: IntArray) -> FloatArray:
    """IoU of inclusive frame intervals, shapes (n, 2) and (m, 2) to (n, m); length is offset - onset + 1 (MEGC).

    >>> frame_iou(np.array([[1, 10]]), np.array([[6, 10], [11, 12]])).tolist()
    [[0.5, 0.0]]
    """
    low = np.maximum(target[:, None, 0], prediction[None, :, 0])
    high = np.minimum(target[:, None, 1], prediction[None, :, 1])
    shared = np.clip(high - low + 1, 0, None)
    lengths = (target[:, 1] - target[:, 0] + 1)[:, None] + (prediction[:, 1] - prediction[:, 0] + 1)[None, :]
    union = lengths - shared  # not positive only for inverted intervals, which share nothing
    iou: FloatArray = np.divide(shared, union, out=np.zeros(shared.shape), where=union > 0)
    return iou


def match(allowed: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """A largest one-to-one matching of rows with columns where `allowed`; pairs (row, column), rows ascending.

    Augmenting paths, so the number of pairs does not depend on the order of either side.

    >>> match(np.array([[True, True], [True, False]]))
    [(0, 1), (1, 0)]
    """
    owner: dict[int, int] = {}
    choices = [np.flatnonzero(row).tolist() for row in allowed]
    for start in range(len(choices)):
        _augment(start, choices, owner)
    return sorted((row, column) for column, row in owner.items())


def _augment(start: int, choices: list[list[int]], owner: dict[int, int]) -> None:
    """Give row `start` a column if any chain of exchanges allows it (breadth first, so depth costs no stack)."""
    came: dict[int, tuple[int, int | None]] = {}  # column: (row that wants it, column that row holds)
    queue: list[tuple[int, int | None]] = [(start, None)]
    for row, held in queue:
        for column in choices[row]:
            if column in came:
                continue
            came[column] = (row, held)
            if column in owner:
                queue.append((owner[column], column))
                continue
            free: int | None = column
            while free is not None:
                taker, left = came[free]
                owner[free] = taker
                free = left
            return
