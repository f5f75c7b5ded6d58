r"""Pairs: is one system better than another, on the same clips?

Source: McNemar, Psychometrika 12 (1947), in its exact form; permutation of the two answers to a clip: Fisher's
randomisation test, as sacreBLEU and others use it ("approximate randomization"); the p-value (c + 1) / (n + 1): Phipson
and Smyth (2010); Holm, Scandinavian Journal of Statistics 6 (1979).

Conventions
    `outcomes` with two answers to each clip, A's and B's: joint counts (leaf, class, A, B). A difference is A - B.
    p-values are two-sided, in (0, 1]. `members` of shape (T, L) says which leaves each of T configurations unites.
    Clips are taken to be independent; where clips of one video are alike, p-values are too small, and only
    `differences` by clusters is right.

Metrics
    mcnemar      exact p-value of WAR from the clips that only one of the two has right
    permutation  p-value of WAR, UAR, macro F1 and weighted F1: under the null hypothesis the two answers to a clip
                 may be exchanged, so of m clips of a class that were answered {a, b} in either order,
                 Binomial(m, 1/2) go one way
    permutation_of_recall  the same for WAR and UAR alone, from hits
    differences  replicates of the differences, for intervals: clips are drawn with both answers
    holm         p-values adjusted for how many there are

How far to trust them
    Per cent of 2,000 made-up pairs that are said to differ at 5 % (500 permutations or replicates; one figure is
    uncertain by 0.5 to 0.9; tools/simulate_coverage.py). A's recall is higher than B's by so many points in each class;
    half of the clips are as hard for A as for B.

                             Talkshow, 350 clips    DL11k, 2,282 clips
                             +0        +8           +0        +3
    McNemar, WAR             3.2       83.8         4.1       83.2
    permutation, WAR         3.4       83.7         4.4       83.2
    permutation, UAR         4.6       79.3         5.1       85.8
    paired interval, WAR     4.7       86.5         5.1       84.7
    paired interval, UAR     5.9       80.6         5.9       86.5

Known differences from other tools
    1. sacreBLEU permutes sentences and takes `seed if seed else None`, so its seed 0 is none. Here 0 is a seed.
    2. SciPy's `permutation_test` doubles the smaller tail for two-sided tests; here |difference| is compared, ties
       within 1e-12 count as reached. The two agree where the null distribution is symmetric, as it is here.
    3. statsmodels' `mcnemar` defaults to the exact test as well; its chi-squared form is not offered.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from fervbench.metrics.outcomes import Outcomes, grouped
from fervbench.metrics.resampling import (
    BLOCK,
    SWAPS,
    Replicates,
    generator,
    measures,
    observed,
    samples,
    spread,
    tally,
)

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_TIE = 1e-12


def discordant(of: Outcomes, members: npt.ArrayLike) -> IntArray:
    """Clips that only A, and that only B has right, shape (T, 2).

    >>> from fervbench.metrics.outcomes import outcomes
    >>> of = outcomes([0, 0, 0], [0, 1, 1], [[0, 1], [1, 0], [1, 1]], leaves=1, classes=2)
    >>> discordant(of, [[1]]).tolist()
    [[2, 0]]
    """
    _two(of)
    right = of.answer == of.target[:, None]
    found = np.zeros((of.leaves, 2), dtype=np.int64)
    for s in range(2):
        only = right[:, s] & ~right[:, 1 - s]
        np.add.at(found[:, s], of.leaf[only], of.clips[only])
    united: IntArray = (np.asarray(members) != 0).astype(np.int64) @ found
    return united


def mcnemar(only_a: npt.ArrayLike, only_b: npt.ArrayLike) -> FloatArray:
    r"""McNemar's exact test of WAR: p-values of b and c clips that only one of two systems has right.

    .. math:: p = \min\left(1, 2 \sum_{i=0}^{\min(b, c)} \binom{b + c}{i} 2^{-(b + c)}\right)

    Range (0, 1]; 1 where nothing is discordant. Raises ValueError for negative counts.

    >>> float(mcnemar(1, 6)), float(mcnemar(0, 0))
    (0.125, 1.0)
    """
    first, second = np.broadcast_arrays(np.asarray(only_a, dtype=np.int64), np.asarray(only_b, dtype=np.int64))
    if (first < 0).any() or (second < 0).any():
        raise ValueError("counts are negative")
    flat = zip(first.ravel().tolist(), second.ravel().tolist(), strict=True)
    return np.array([_sign(min(b, c), b + c) for b, c in flat]).reshape(first.shape)


def _sign(fewer: int, n: int) -> float:
    """Two-sided sign test in whole numbers; terms that no float could show are left out."""
    term = total = math.comb(n, fewer)
    for i in range(fewer, 0, -1):
        term = term * i // (n - i + 1)  # exact: comb(n, i - 1)
        total += term
        if term << 64 < total:
            break
    return float(min(1.0, 2 * total / 2**n))


def permutation(
    of: Outcomes, members: npt.ArrayLike, number: int = 10_000, seed: int = 0, *, threads: int | None = None
) -> tuple[FloatArray, FloatArray]:
    r"""Differences A - B of WAR, UAR, macro F1, weighted F1, and their p-values, each (T, 4).

    .. math:: p = (c + 1) / (n + 1)

    with c of n random exchanges giving a difference at least as far from 0. The smallest possible p is 1 / (n + 1).
    NaN for a configuration without clips. Raises ValueError for outcomes that do not have two answers to each clip.

    >>> from fervbench.metrics.outcomes import outcomes_of_counts
    >>> both = [[[[30, 9, 0], [3, 8, 0], [0, 0, 0]], [[20, 2, 0], [7, 21, 0], [0, 0, 0]]]]  # 1 leaf, 2 classes
    >>> difference, p = permutation(outcomes_of_counts(both), [[1]])
    >>> difference.round(3).tolist()[0][:2], p.round(1).tolist()[0][:2]
    ([0.11, 0.11], [0.0, 0.0])
    """
    _two(of)
    scored = observed(of, members)  # (2, T, 4)
    found: FloatArray = scored[0] - scored[1]
    reached = np.zeros(found.shape, dtype=np.int64)
    for block, start in enumerate(range(0, number, BLOCK)):
        swapped = _swapped(of, (seed, SWAPS, block), min(BLOCK, number - start), threads)
        drawn = measures(swapped.scores(members))
        reached += (np.abs(drawn[:, 0] - drawn[:, 1]) >= np.abs(found) - _TIE).sum(axis=0)
    return found, np.where(np.isnan(found), np.nan, (reached + 1) / (number + 1))


def permutation_of_recall(
    of: Outcomes, members: npt.ArrayLike, number: int = 10_000, seed: int = 0
) -> tuple[FloatArray, FloatArray]:
    """Differences A - B of WAR and UAR and their p-values, each (T, 2): `permutation` for hits alone, much quicker.

    Exchanging the two answers to a clip moves a hit only where exactly one of them is right, so of the m such clips of
    a class in a leaf Binomial(m, 1/2) are A's. Other random numbers than `permutation` uses, the same distribution.

    >>> from fervbench.metrics.outcomes import outcomes_of_counts
    >>> both = [[[[30, 9, 0], [3, 8, 0], [0, 0, 0]], [[20, 2, 0], [7, 21, 0], [0, 0, 0]]]]  # 1 leaf, 2 classes
    >>> difference, p = permutation_of_recall(outcomes_of_counts(both), [[1]])
    >>> difference.round(3).tolist(), p.round(1).tolist()
    ([[0.11, 0.11]], [[0.0, 0.0]])
    """
    _two(of)
    united = np.asarray(members, dtype=np.float64)
    found: FloatArray = np.diff(observed(of, members)[::-1, :, :2], axis=0)[0]  # A - B
    only = np.zeros((of.leaves, of.classes), dtype=np.int64)
    clips = np.zeros((of.leaves, of.classes))
    right = of.answer == of.target[:, None]
    np.add.at(only, (of.leaf, of.target), np.where(right[:, 0] ^ right[:, 1], of.clips, 0))
    np.add.at(clips, (of.leaf, of.target), of.clips)
    sizes = united @ clips  # (T, K)
    share = np.divide(1.0, sizes, out=np.zeros_like(sizes), where=sizes > 0)
    total, classes = sizes.sum(axis=1), np.maximum((sizes > 0).sum(axis=1), 1)
    reached = np.zeros(found.shape, dtype=np.int64)
    for block, start in enumerate(range(0, number, BLOCK)):
        ways = _halves(generator(seed, SWAPS, block), only.ravel(), min(BLOCK, number - start))
        moved = (2 * ways - only.reshape(-1, 1)).reshape(of.leaves, of.classes, -1).astype(np.float64)
        for t, row in enumerate(united):
            change = moved[row > 0].sum(axis=0)  # (K, R)
            values = (change.sum(axis=0) / max(total[t], 1.0), share[t] @ change / classes[t])
            reached[t] += [(np.abs(each) >= np.abs(found[t, m]) - _TIE).sum() for m, each in enumerate(values)]
    return found, np.where(np.isnan(found), np.nan, (reached + 1) / (number + 1))


def _swapped(of: Outcomes, key: tuple[int, int, int], number: int, threads: int | None) -> Replicates:
    """Counts of both systems, the two answers to each clip exchanged or not."""
    parts, clips = grouped([of.leaf, of.target, of.answer.min(axis=1), of.answer.max(axis=1)], of.clips)
    leaf, target, low, high = parts
    straight, crossed = np.stack([low, high], axis=1), np.stack([high, low], axis=1)
    bounds = np.searchsorted(leaf, np.arange(of.leaves + 1))
    hits, predicted = np.empty((2, 2, of.classes, of.leaves, number))
    fixed = np.zeros((of.classes, of.leaves, 1))
    np.add.at(fixed[..., 0], (target, leaf), clips)

    def work(one: int) -> None:
        part = slice(bounds[one], bounds[one + 1])
        own, differ = clips[part], low[part] != high[part]
        ways = np.repeat(own[:, None], number, axis=1)
        ways[differ] = _halves(generator(*key, one), own[differ], number)
        both = np.concatenate([ways, own[:, None] - ways])
        answer = np.concatenate([straight[part], crossed[part]])
        tally(np.tile(target[part], 2), answer, both, hits[:, :, one], predicted[:, :, one])

    spread(work, of.leaves, threads)
    return Replicates(hits, predicted, fixed)


def _halves(rng: np.random.Generator, clips: IntArray, number: int) -> IntArray:
    """Binomial(clips, 1/2), shape (groups, number)."""
    ways = np.empty((len(clips), number), dtype=np.int64)
    for size in np.unique(clips).tolist():  # all groups of one size at once
        same = np.flatnonzero(clips == size)
        ways[same] = rng.binomial(size, 0.5, size=(len(same), number))
    return ways


def differences(
    of: Outcomes,
    members: npt.ArrayLike,
    number: int = 1000,
    seed: int = 0,
    scheme: str = "class-counts",
    *,
    threads: int | None = None,
) -> FloatArray:
    """Replicates of the differences A - B of WAR, UAR, macro F1 and weighted F1, shape (R, T, 4), in [-1, 1].

    Clips are drawn with both answers, by any of the schemes of `resampling`; `resampling.interval` makes intervals of
    them. Raises ValueError for outcomes that do not have two answers to each clip.
    """
    _two(of)
    drawn = samples(of, members, number, seed, scheme, threads=threads)
    found: FloatArray = drawn[:, 0] - drawn[:, 1]
    return found


def _two(of: Outcomes) -> None:
    if of.answers != 2:
        raise ValueError(f"a pair has two answers to each clip, not {of.answers} (see Outcomes.of_answers)")


def holm(p_values: npt.ArrayLike) -> FloatArray:
    """Holm's adjusted p-values, in the order given, shape (m,): at most a level if refused at that level, all in all.

    NaN stays NaN and is not counted. Raises ValueError outside [0, 1].

    >>> holm([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.06, 0.06]
    """
    given = np.asarray(p_values, dtype=np.float64).reshape(-1)
    known = given[~np.isnan(given)]
    if known.size and not 0 <= known.min() <= known.max() <= 1:
        raise ValueError("p-values lie outside [0, 1]")
    order = np.argsort(known, kind="stable")
    scaled = known[order] * np.arange(len(known), 0, -1)
    adjusted = np.empty(len(known))
    adjusted[order] = np.minimum(np.maximum.accumulate(scaled), 1.0)
    found = np.full(given.shape, np.nan)
    found[~np.isnan(given)] = adjusted
    return found
