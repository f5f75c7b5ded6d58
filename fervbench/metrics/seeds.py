r"""Seeds: is one printed number what another training of the same recipe would give? And do two lists rank alike?

Source: the prediction interval of one further observation (Geisser, "Predictive Inference", 1993, section 2.2): with K
scores of mean m and standard deviation s (ddof 1), one more score p has (p - m) / (s sqrt(1 + 1/K)) distributed as
Student's t with K - 1 degrees of freedom. Student's t for whole degrees of freedom in closed form: Abramowitz and
Stegun, 26.7.3 and 26.7.4. Kendall, Biometrika 30 (1938), tau-b for ties; Spearman (1904).

Conventions
    scores are floats in [0, 1]; a p-value is two-sided. Printed numbers are rounded: a difference within the rounding
    counts as none.

Metrics
    student           P(|T| >= t) for Student's t
    student_quantile  the t with a share `level` of Student's t within [-t, t]
    predicted         p-value of a printed number among seeds, and the half-width of the interval it should lie in
    kendall           rank correlation tau-b of two lists
    spearman          rank correlation rho of two lists

Known differences from other tools
    1. Equal to SciPy's `t.sf`, `kendalltau`, `spearmanr` to rounding, without SciPy; no p-values for correlations.
    2. Fewer than two values, or a list that is constant: NaN and no warning.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache

import numpy as np


def student(t: float, freedom: int) -> float:
    """P(|T| >= |t|) for Student's t with `freedom` degrees of freedom, in [0, 1]. Raises ValueError below 1.

    >>> round(student(2.776445, 4), 6)
    0.05
    """
    if freedom < 1:
        raise ValueError(f"{freedom} degrees of freedom")
    if math.isinf(t):
        return 0.0
    angle = math.atan2(abs(t), math.sqrt(freedom))
    cosine, sine = math.cos(angle), math.sin(angle)
    if freedom % 2:
        term = total = cosine if freedom > 1 else 0.0
        for i in range(3, freedom - 1, 2):
            term *= cosine * cosine * (i - 1) / i
            total += term
        within = 2 / math.pi * (angle + sine * total)
    else:
        term = total = 1.0
        for i in range(2, freedom, 2):
            term *= cosine * cosine * (i - 1) / i
            total += term
        within = sine * total
    return min(1.0, max(0.0, 1 - within))


@cache
def student_quantile(level: float, freedom: int) -> float:
    """The t with a share of `level` of Student's t within [-t, t]. Raises ValueError outside (0, 1).

    >>> round(student_quantile(0.95, 4), 6)
    2.776445
    """
    if not 0 < level < 1:
        raise ValueError(f"a level lies between 0 and 1, {level!r} does not")
    low, high = 0.0, 1.0
    while student(high, freedom) > 1 - level:
        high *= 2
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if student(middle, freedom) > 1 - level else (low, middle)
    return (low + high) / 2


def predicted(
    scores: Sequence[float], printed: float, *, rounding: float = 0.0, level: float = 0.95
) -> tuple[float, float]:
    r"""The p-value of a printed number among the scores of K seeds, and the half-width of its interval.

    .. math:: t = |p - m| / (s \sqrt{1 + 1/K}), \quad w = t_{K-1} s \sqrt{1 + 1/K}

    A difference within `rounding` is none. NaN and NaN for fewer than two scores; where all scores are equal the width
    is 0 and p is 1 or 0.

    >>> p, width = predicted([0.39, 0.40, 0.41, 0.40, 0.40], 0.41)
    >>> round(p, 3), round(width, 4)
    (0.266, 0.0215)
    """
    number = len(scores)
    if number < 2:
        return math.nan, math.nan
    mean = math.fsum(scores) / number
    spread = math.sqrt(math.fsum((x - mean) ** 2 for x in scores) / (number - 1)) * math.sqrt(1 + 1 / number)
    apart = max(0.0, abs(printed - mean) - rounding)
    if spread < 1e-12:  # equal but for rounding
        return float(apart <= 1e-12), 0.0
    return student(apart / spread, number - 1), student_quantile(level, number - 1) * spread


def kendall(first: Sequence[float], second: Sequence[float]) -> float:
    """Kendall's tau-b of two lists, -1 to 1; NaN where one has a single value.

    >>> kendall([1, 2, 3, 4], [1, 3, 2, 4])
    0.6666666666666666
    """
    a, b = np.sign(np.subtract.outer(first, first)), np.sign(np.subtract.outer(second, second))
    scale = math.sqrt(float((a * a).sum()) * float((b * b).sum()))
    return float((a * b).sum()) / scale if scale else math.nan


def spearman(first: Sequence[float], second: Sequence[float]) -> float:
    """Spearman's rho of two lists (ties have their mean rank), -1 to 1; NaN where one has a single value.

    >>> spearman([1, 2, 3, 4], [1, 3, 2, 4])
    0.8
    """
    a, b = _ranks(first), _ranks(second)
    a, b = a - a.mean(), b - b.mean()
    scale = math.sqrt(float((a * a).sum()) * float((b * b).sum()))
    return float((a * b).sum()) / scale if scale else math.nan


def _ranks(values: Sequence[float]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    given = np.asarray(values, dtype=np.float64)
    below = (given[:, None] > given).sum(axis=1)
    equal = (given[:, None] == given).sum(axis=1)
    found: np.ndarray[tuple[int], np.dtype[np.float64]] = below + (equal + 1) / 2
    return found
