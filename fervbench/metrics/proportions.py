r"""Proportions: how sure is k of n?

Sources: Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", JASA 22 (1927); Clopper and
Pearson, "The Use of Confidence or Fiducial Limits Illustrated in the Case of the Binomial", Biometrika 26 (1934).

Conventions
    `hits` of `n` clips, arrays that may broadcast. Levels are in (0, 1), 0.95 for 95 %. An interval is an array of
    shape (2, ...), low and high ends, each in [0, 1].

Known differences from other tools
    1. No continuity correction: the numbers of SciPy's `binomtest(k, n).proportion_ci(method="wilson")`.
    2. No clips: NaN, and no error.
    3. `clopper_pearson` gives the numbers of `binomtest(k, n).proportion_ci(method="exact")` without SciPy.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


def normal_quantile(level: float) -> float:
    """The z with a share of `level` of a standard normal within [-z, z]. Raises ValueError outside (0, 1).

    >>> round(normal_quantile(0.95), 6)
    1.959964
    """
    if not 0 < level < 1:
        raise ValueError(f"a level lies between 0 and 1, {level!r} does not (is it in per cent?)")
    found, step = 1.0, 1.0
    while abs(step) > 1e-14:  # Newton's method; `statistics` would cost a short process as long as all of this module
        step = (math.erfc(found / math.sqrt(2)) - (1 - level)) / (math.sqrt(2 / math.pi) * math.exp(-(found**2) / 2))
        found += max(min(step, 1.0), -0.5 * found)
    return found


def wilson(hits: npt.ArrayLike, n: npt.ArrayLike, level: float = 0.95) -> FloatArray:
    r"""Wilson's interval of k of n: every share p that a score test does not refuse, shape (2, ...).

    .. math:: \frac{k + z^2/2 \pm z \sqrt{k (n - k)/n + z^2/4}}{n + z^2}

    Unlike resampling it has a width at k = 0 and k = n. Range [0, 1]; NaN where n is 0. For WAR, with k correct clips
    of n. Raises ValueError for hits outside 0..n and levels outside (0, 1).

    >>> wilson(0, 10).round(3).tolist()
    [0.0, 0.278]
    """
    k, total = np.broadcast_arrays(np.asarray(hits, dtype=np.float64), np.asarray(n, dtype=np.float64))
    if not ((k >= 0) & (k <= total)).all():
        raise ValueError("hits lie outside 0..n")
    z = normal_quantile(level)
    whole = np.where(total > 0, total, np.nan)
    middle, half = k + z**2 / 2, z * np.sqrt(k * (whole - k) / whole + z**2 / 4)
    low = np.where(k == 0, 0.0, (middle - half) / (total + z**2))  # exactly 0 and 1 where rounding would miss them
    high = np.where(k == total, 1.0, (middle + half) / (total + z**2))
    return np.where(total > 0, np.stack([low, high]), np.nan)


def clopper_pearson(hits: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """The exact interval of k of n: every share p for which k is in neither tail of (1 - level) / 2.

    It holds the truth at least as often as its level for any n, also for a handful, where Wilson's does not: one clip
    wrong of one says nothing here. Range [0, 1]; (0, 1) where n is 0. Raises ValueError for hits outside 0..n and
    levels outside (0, 1).

    >>> [round(end, 3) for end in clopper_pearson(0, 1)]
    [0.0, 0.975]
    """
    if not 0 <= hits <= n:
        raise ValueError("hits lie outside 0..n")
    if not 0 < level < 1:
        raise ValueError(f"a level lies between 0 and 1, {level!r} does not (is it in per cent?)")
    tail = (1 - level) / 2
    low = 0.0 if hits == 0 else 1 - _upper_end(n - hits, n, tail)
    high = 1.0 if hits == n else _upper_end(hits, n, tail)
    return low, high


def _upper_end(hits: int, n: int, tail: float) -> float:
    """The share p at which at most `hits` of n have a chance of `tail`."""
    i = np.arange(hits + 1, dtype=np.float64)
    ways = np.concatenate([[0.0], np.cumsum(np.log((n - i[1:] + 1) / i[1:]))])  # log of n over i
    low, high = hits / n, 1.0
    while low < (middle := (low + high) / 2) < high and high - low > 1e-15:
        chance = np.exp(ways + i * math.log(middle) + (n - i) * math.log1p(-middle)).sum()
        low, high = (middle, high) if chance > tail else (low, middle)
    return high
