"""Non-maximum suppression of intervals: greedy, and soft with a Gaussian (Bodla et al., ICCV 2017).

Conventions: intervals (n, 2) float64 in any unit, scores (n,); what comes back are indices in the order they were taken
and the scores they had then. Equal scores: the first in the input is taken first. Each pick is one pass over arrays of
the remaining candidates; `tests/reference/spotting/direct.py` has the loops over pairs that these are tested against.

BMN and BSN decay a score only where the overlap is above a threshold that grows with the taken interval's width, as a
share of the video: low + (high - low) * width.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


def overlap_with(intervals: FloatArray, onset: float, offset: float) -> FloatArray:
    """Overlap (tIoU) of every interval with one; 0 where nothing is shared.

    >>> overlap_with(np.array([[0.0, 2.0], [3.0, 4.0]]), 1.0, 2.0).tolist()
    [0.5, 0.0]
    """
    shared = np.minimum(intervals[:, 1], offset) - np.maximum(intervals[:, 0], onset)
    np.maximum(shared, 0.0, out=shared)
    union = (intervals[:, 1] - intervals[:, 0]) + (offset - onset) - shared
    found: FloatArray = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
    return found


def soft_nms(
    intervals: FloatArray, scores: FloatArray, *, alpha: float, low: float, high: float, keep: int = 100
) -> tuple[IntArray, FloatArray]:
    """The `keep` highest, each in turn lowering what overlaps it: score * exp(-tIoU^2 / alpha) where tIoU is above
    low + (high - low) * width. Intervals are shares of the video, 0 to 1.

    >>> taken, scores = soft_nms(np.array([[0.0, 0.5], [0.0, 0.4], [0.6, 0.9]]), np.array([0.9, 0.8, 0.7]),
    ...     alpha=0.4, low=0.5, high=0.9)
    >>> taken.tolist()
    [0, 2, 1]
    """
    order = np.argsort(-scores, kind="stable")
    intervals, left = intervals[order], scores[order].astype(np.float64)
    width = intervals[:, 1] - intervals[:, 0]
    taken, values = [], []
    for _ in range(min(keep, len(order))):
        best = int(left.argmax())
        taken.append(best)
        values.append(float(left[best]))
        left[best] = -np.inf
        overlap = overlap_with(intervals, intervals[best, 0], intervals[best, 1])
        near = np.flatnonzero(overlap > low + (high - low) * width[best])
        left[near] *= np.exp(-(overlap[near] ** 2) / alpha)  # -inf stays what it is
    return order[taken] if taken else np.empty(0, np.int64), np.array(values)


def greedy_nms(
    intervals: FloatArray, scores: FloatArray, *, threshold: float, keep: int | None = None
) -> tuple[IntArray, FloatArray]:
    """Each in turn, unless it overlaps one taken before by more than `threshold`.

    >>> greedy_nms(np.array([[0.0, 0.5], [0.0, 0.4], [0.6, 0.9]]), np.array([0.9, 0.8, 0.7]), threshold=0.7)[0].tolist()
    [0, 2]
    """
    order = np.argsort(-scores, kind="stable")
    sorted_ = intervals[order]
    there = np.arange(len(order))
    taken: list[int] = []
    while len(there) and (keep is None or len(taken) < keep):
        best = int(there[0])
        taken.append(best)
        rest = there[1:]
        there = rest[overlap_with(sorted_[rest], sorted_[best, 0], sorted_[best, 1]) <= threshold]
    picked = order[taken] if taken else np.empty(0, np.int64)
    return picked, scores[picked].astype(np.float64)
