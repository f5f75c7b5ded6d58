r"""Ranking: which places can systems have, given the clips they were compared on?

Source: simultaneous intervals of all pairs by the largest studentised deviation (max-|t|) of joint replicates: Westfall
and Young (1993), Hothorn, Bretz and Westfall (2008); ranks from them: Goldstein and Spiegelhalter (1996), Mogstad,
Romano, Shaikh and Wilhelm (2024).

Conventions
    `drawn` of shape (R, M) holds one score of M systems in R joint replicates (clips drawn with all M answers, see
    `resampling.samples`), `observed` (M,) the scores themselves; higher is better. Pairs are matrices [i, j], i - j.
    Ranks begin at 1.

Metrics
    simultaneous  intervals of all pairwise differences that hold at the level all together
    ranks         best = 1 + systems that are surely better; worst = M - systems that are surely worse
    tie_groups    neighbours in order among whom nobody is surely better: maximal, and overlapping where needed

Known differences from other tools
    1. Pairs that never vary (two systems with the same answers; a list where resampling changes nothing) are told apart
       by nothing: their interval is [-1, 1] if they differ, [0, 0] if not, and neither counts as sure.
    2. "Surely better" is not "not tied": A may tie with B and B with C while A is better than C. Groups then overlap.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

_STILL = 1e-12


@dataclass(frozen=True)
class Pairs:
    """Differences i - j of all M x M pairs: `low`, `high` (M, M), `better[i, j]` where i is surely better than j.

    `factor` is the number of standard deviations that the intervals reach to either side.
    """

    low: FloatArray = field(repr=False)
    high: FloatArray = field(repr=False)
    better: BoolArray = field(repr=False)
    factor: float


def simultaneous(drawn: npt.ArrayLike, observed: npt.ArrayLike, level: float = 0.95) -> Pairs:
    r"""Intervals of all pairwise differences that hold at the level all together.

    .. math:: d_{ij} \pm q s_{ij}, \quad q = \text{quantile}_{level} \max_{ij} |d^*_{ij} - d_{ij}| / s_{ij}

    with the standard deviations s of the replicates. Range [-1, 1] for scores in [0, 1]. Raises ValueError for arrays
    that do not fit together, NaN, and levels outside (0, 1).

    >>> drawn = np.array([[0.5, 0.1], [0.6, 0.1], [0.5, 0.2], [0.6, 0.2]])
    >>> simultaneous(drawn, [0.55, 0.15]).better.tolist()
    [[False, True], [False, False]]
    """
    values, centre = np.asarray(drawn, dtype=np.float64), np.asarray(observed, dtype=np.float64)
    if values.ndim != 2 or centre.shape != values.shape[1:] or len(values) < 2:
        raise ValueError(f"replicates have shape (R, M) and scores (M,), not {values.shape} and {centre.shape}")
    if not (np.isfinite(values).all() and np.isfinite(centre).all()):
        raise ValueError("scores are not finite")
    if not 0 < level < 1:
        raise ValueError(f"a level lies between 0 and 1, {level!r} does not (is it in per cent?)")
    systems = len(centre)
    between = centre[:, None] - centre[None, :]
    largest = np.zeros(len(values))
    spreads = np.zeros((systems, systems))
    for i in range(systems - 1):  # one system against all that follow: a loop over pairs takes minutes for a thousand
        deviation = values[:, i, None] - values[:, i + 1 :]
        spreads[i, i + 1 :] = spreads[i + 1 :, i] = own = deviation.std(axis=0, ddof=1)
        moving = own > _STILL
        if moving.any():
            studied = np.abs(deviation - between[i, i + 1 :])[:, moving] / own[moving]
            np.maximum(largest, studied.max(axis=1), out=largest)
    factor = float(np.quantile(largest, level))
    still = spreads <= _STILL
    half = np.where(still, np.where(np.abs(between) <= _STILL, 0.0, np.inf), factor * spreads)
    low, high = np.maximum(between - half, -1.0), np.minimum(between + half, 1.0)
    return Pairs(low, high, low > _STILL, factor)


def ranks(better: npt.ArrayLike) -> IntArray:
    """Best and worst possible rank of each of M systems, shape (2, M), from `better` (M, M).

    >>> ranks([[False, False, True], [False, False, True], [False, False, False]]).tolist()
    [[1, 1, 3], [2, 2, 3]]
    """
    surely = np.asarray(better, dtype=np.bool_)
    return np.stack([1 + surely.sum(axis=0), len(surely) - surely.sum(axis=1)])


def tie_groups(observed: npt.ArrayLike, better: npt.ArrayLike) -> tuple[IntArray, IntArray]:
    """The order of M systems, best first, (M,), and groups of it as (G, 2): first place and the one after the last.

    A group is a stretch of neighbours in order among whom no system is surely better than another, and which no
    further neighbour could join. Every system is in one group at least. Equal scores keep their order.

    >>> order, groups = tie_groups([0.3, 0.5, 0.4], [[0, 0, 0], [1, 0, 0], [0, 0, 0]])
    >>> order.tolist(), groups.tolist()
    ([1, 2, 0], [[0, 2], [1, 3]])
    """
    order = np.argsort(-np.asarray(observed, dtype=np.float64), kind="stable")
    surely = np.asarray(better, dtype=np.bool_)[np.ix_(order, order)]
    apart = surely | surely.T
    groups: list[tuple[int, int]] = []
    for start in range(len(order)):
        end = start + 1
        while end < len(order) and not apart[start:end, end].any():
            end += 1
        if not groups or end > groups[-1][1]:
            groups.append((start, end))
    return order, np.array(groups, dtype=np.int64).reshape(-1, 2)
