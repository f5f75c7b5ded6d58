"""What BMN and BSN learn, from the intervals of a video: boundary curves, an action curve, the map of overlaps.

Time is the share of the corrected duration, 0 to 1, in T bins. Public code: JJBOY/BMN-Boundary-Matching-Network and
wzmsltw/BSN-boundary-sensitive-network (dataset.py); the two differ in where bins stand and how wide boundaries are.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fervbench.metrics.intervals import tiou

FloatArray = npt.NDArray[np.float64]
FIELDS = ("start", "end", "action")


def in_bins(intervals: npt.ArrayLike, seconds: float) -> FloatArray:
    """Intervals in seconds as shares of `seconds`, cut to 0..1, (n, 2)."""
    return np.clip(np.asarray(intervals, dtype=np.float64).reshape(-1, 2) / seconds, 0.0, 1.0)


def covered(low: FloatArray, high: FloatArray, regions: FloatArray) -> FloatArray:
    """How much of each bin [low, high] the region covers that covers most of it, (bins,) in 0..1.

    >>> covered(np.array([0.0, 0.5]), np.array([0.5, 1.0]), np.array([[0.25, 0.6]])).round(3).tolist()
    [0.5, 0.2]
    """
    if not len(regions):
        return np.zeros(len(low))
    shared = np.minimum(high[:, None], regions[:, 1]) - np.maximum(low[:, None], regions[:, 0])
    found: FloatArray = (np.clip(shared, 0.0, None) / (high - low)[:, None]).max(axis=1)
    return found


def bmn_boundaries(shares: FloatArray, bins: int) -> tuple[FloatArray, FloatArray]:
    """Start and end targets of BMN, (bins,) each: regions of 3 bins around boundaries, bins centred on t / T."""
    t = np.arange(bins)
    low, high = (t - 0.5) / bins, (t + 0.5) / bins
    half = 1.5 / bins
    start, end = (covered(low, high, np.stack([at - half, at + half], axis=1)) for at in (shares[:, 0], shares[:, 1]))
    return start, end


def bsn_curves(shares: FloatArray, bins: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Start, end and action targets of BSN, (bins,) each: boundary regions a tenth of the interval wide, one bin at
    least, bins [i, i + 1] / T.
    """
    t = np.arange(bins)
    low, high = t / bins, (t + 1) / bins
    half = np.maximum(1.0 / bins, 0.1 * (shares[:, 1] - shares[:, 0])) / 2
    start, end = (covered(low, high, np.stack([at - half, at + half], axis=1)) for at in (shares[:, 0], shares[:, 1]))
    return start, end, covered(low, high, shares)


def overlap_map(shares: FloatArray, bins: int) -> FloatArray:
    """The largest tIoU of [i / T, (j + 1) / T] with an interval, (bins, bins), rows starts; 0 where j < i."""
    i, j = np.triu_indices(bins)
    made = np.zeros((bins, bins))
    if len(shares):
        made[i, j] = tiou(np.stack([i / bins, (j + 1) / bins], axis=1), shares).max(axis=1)
    return made
