r"""Agreement between raters: how far do they say the same, beyond chance, and how well would one of them score?

Sources
    Fleiss, "Measuring nominal scale agreement among many raters", Psychological Bulletin 76 (1971); DFEW, section 2.3,
    equations 1 to 5 and Table 3 (the words for kappa). Krippendorff, "Content Analysis" (2004), chapter 11, for nominal
    data with missing ratings.

Conventions
    Votes are counts of shape (N, K): how many raters put clip i into class k. A rating that is missing is counted
    nowhere, so that rows may have different sums. What the raters chose instead of a class (PASS) is a class like the
    others, or left out: the caller's choice. NaN where nothing can be measured: fewer than two ratings of any clip, or
    all ratings in one class (chance alone then explains everything).

    Everything is a function of two sums for each class, over the clips with at least two ratings (m of clip i):
        g_k = sum of n_ik (n_ik - 1) / (m - 1),  n_k = sum of n_ik
    so that replicates of clips need these sums alone (`pair_sums`, `resampled`). With n the sum of all n_k:
        agreement of pairs    P = sum of g_k / n
        Fleiss' kappa         (P - Pe) / (1 - Pe), Pe = sum of (n_k / n)^2; m must be the same everywhere
        Krippendorff's alpha  1 - (1 - P) / De, De = 1 - sum of n_k (n_k - 1) / (n (n - 1))
    and of one class against all others, with q = n_k / n:
        kappa_k = 1 - (n_k - g_k) / (n q (1 - q)),  alpha_k = 1 - (n - 1) (n_k - g_k) / (n_k (n - n_k))

Metrics
    fleiss_kappa, krippendorff_alpha   of votes, in [-1, 1]; 1 is full agreement, 0 what chance gives
    agreement                          both, and both of each class, of sums with any leading axes
    interpretation                     DFEW's word for a kappa
    left_out                           one rater against the vote of the others: confusion tables, for WAR and UAR
    timeline_tiou                      overlap of two raters' intervals on one video

Known differences from other tools
    1. statsmodels' `fleiss_kappa(method="fleiss")` gives the same numbers; it does not ask whether rows sum to one
       number. We do: Fleiss' formulas have no meaning otherwise.
    2. The package krippendorff gives the same alpha. It is not used because replicates need sums and not raw ratings,
       and one more dependency for one line of arithmetic would be dear; the tests hold the two together.
    3. DFEW's Table 3 leaves kappa from 0.00 to 0.01 without a word; Landis and Koch (1977), where it comes from, call
       it slight, and so do we. Between bands the value rounded to two decimals decides, as the table has two.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from fervbench.metrics.resampling import generator

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_BLOCK = 100  # replicates drawn at once: bounds memory where clips all differ
# DFEW, Table 3: the largest kappa, at two decimals, of each word.
WORDS = ((0.20, "slight"), (0.40, "fair"), (0.60, "moderate"), (0.80, "substantial"), (1.0, "almost perfect"))


def as_votes(votes: npt.ArrayLike) -> IntArray:
    """Votes as whole numbers of shape (N, K). Raises ValueError for another shape, fractions and negative counts."""
    counts = np.asarray(votes)
    if counts.ndim != 2 or counts.shape[1] < 1:
        raise ValueError(f"votes have shape (clips, classes), not {counts.shape}")
    whole = counts.astype(np.int64)
    if not (whole == counts).all() or (whole < 0).any():
        raise ValueError("votes are whole numbers from 0")
    return whole


def pair_sums(votes: npt.ArrayLike) -> FloatArray:
    """The g and n of each clip (see the module), shape (N, 2, K); zeros for a clip with fewer than two ratings.

    >>> pair_sums([[3, 1]]).tolist()
    [[[2.0, 0.0], [3.0, 1.0]]]
    """
    counts = as_votes(votes).astype(np.float64)
    each = counts.sum(axis=1, keepdims=True)
    paired = each >= 2
    agreeing = counts * (counts - 1) / np.where(paired, each - 1, 1.0)
    return np.where(paired[:, None], np.stack([agreeing, counts], axis=1), 0.0)


@dataclass(frozen=True)
class Agreement:
    """Agreement of sums with leading axes (...): overall (...,), of each class against the others (..., K).

    `pairs` is P, the share of pairs of ratings of one clip that agree; `share` the share of each class in the ratings.
    """

    pairs: FloatArray
    kappa: FloatArray
    alpha: FloatArray
    share: FloatArray = field(repr=False)
    kappa_of: FloatArray = field(repr=False)
    alpha_of: FloatArray = field(repr=False)


def agreement(sums: npt.ArrayLike) -> Agreement:
    """Kappa and alpha of sums (..., 2, K), as `pair_sums(votes).sum(axis=0)` gives them.

    >>> found = agreement(pair_sums([[3, 0], [0, 3], [2, 1]]).sum(axis=0))
    >>> round(float(found.kappa), 4), round(float(found.alpha), 4)
    (0.55, 0.6)
    """
    both = np.asarray(sums, dtype=np.float64)
    agreeing, own = both[..., 0, :], both[..., 1, :]
    n = own.sum(axis=-1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = own / n
        pairs = agreeing.sum(axis=-1) / n[..., 0]
        chance = (share**2).sum(axis=-1)
        expected = (own * (n - own)).sum(axis=-1) / (n * (n - 1))[..., 0]  # De, without 1 - (nearly 1)
        unequal = (own - agreeing).sum(axis=-1) / n[..., 0]  # 1 - P
        other = own - agreeing
        return Agreement(
            pairs=pairs,
            kappa=_beyond(unequal, np.where((own == n).any(axis=-1), 0.0, 1 - chance)),
            alpha=_beyond(unequal, expected),
            share=share,
            kappa_of=_beyond(other, own * (n - own) / n),
            alpha_of=_beyond(other * (n - 1), own * (n - own)),
        )


def _beyond(observed: FloatArray, expected: FloatArray) -> FloatArray:
    """1 - observed / expected disagreement; NaN where none is expected."""
    ratio = np.divide(observed, expected, out=np.full(np.shape(observed), np.nan), where=expected > 0)
    found: FloatArray = 1 - ratio
    return found


def fleiss_kappa(votes: npt.ArrayLike) -> float:
    r"""Fleiss' kappa of votes (N, K), each row n votes, n at least 2 (DFEW, equations 1 to 5).

    .. math:: \kappa = (\bar P - \bar P_e) / (1 - \bar P_e)

    Range [-1, 1]; NaN for votes of one class alone. Raises ValueError where clips have different numbers of votes:
    `krippendorff_alpha` is for them.

    >>> round(fleiss_kappa([[2, 0, 0], [0, 2, 0], [1, 1, 0]]), 4)
    0.3333
    """
    counts = as_votes(votes)
    each = counts.sum(axis=1)
    if len(each) and (each.min() != each.max() or each.min() < 2):
        raise ValueError(f"clips have {each.min()} to {each.max()} votes: Fleiss' kappa needs one number, at least 2")
    return float(agreement(pair_sums(counts).sum(axis=0)).kappa)


def krippendorff_alpha(votes: npt.ArrayLike) -> float:
    """Krippendorff's alpha for nominal data, of votes (N, K); clips with fewer than two ratings play no part.

    Range [-1, 1]; NaN for votes of one class alone.

    >>> round(krippendorff_alpha([[3, 0], [0, 2], [2, 1], [1, 0]]), 4)
    0.5333
    """
    return float(agreement(pair_sums(votes).sum(axis=0)).alpha)


def interpretation(kappa: float) -> str | None:
    """DFEW's word for a kappa (Table 3): poor, slight, fair, moderate, substantial, almost perfect; None for NaN.

    >>> interpretation(0.70), interpretation(-0.001)
    ('substantial', 'poor')
    """
    if kappa != kappa:
        return None
    return "poor" if kappa < 0 else next(word for upper, word in WORDS if round(min(kappa, 1.0), 2) <= upper)


def distinct(votes: npt.ArrayLike) -> tuple[IntArray, IntArray, IntArray]:
    """The distinct rows of votes (U, K), how many clips have each (U,), and which one each clip has (N,).

    Ten votes in seven classes fall in 8,008 ways at most, so that resampling needs fewer draws than there are clips.
    """
    counts = as_votes(votes)
    base = int(counts.max(initial=0)) + 1
    if base ** counts.shape[1] < 2**62:  # one whole number a row: ten times quicker than comparing rows
        code = counts @ (base ** np.arange(counts.shape[1], dtype=np.int64))
        _, first, which, clips = np.unique(code, return_index=True, return_inverse=True, return_counts=True)
        return counts[first], clips.astype(np.int64), which.astype(np.int64).reshape(-1)
    rows, which, clips = np.unique(counts, axis=0, return_inverse=True, return_counts=True)
    return rows, clips.astype(np.int64), which.astype(np.int64).reshape(-1)


def resampled(values: npt.ArrayLike, clips: npt.ArrayLike, number: int = 1000, seed: int = 0) -> FloatArray:
    """Sums of `values` (U, ...) over replicates of the clips, shape (number, ...); `clips[u]` of them have row u.

    As many clips are drawn with replacement as there are. The draws depend on the seed and on `clips` alone, so that
    several values of the same clips are of one piece in each replicate. Raises ValueError for fewer than one replicate.
    """
    if number < 1:
        raise ValueError(f"{number} replicates are none")
    table = np.asarray(values, dtype=np.float64)
    flat = table.reshape(len(table), -1)
    own = np.asarray(clips, dtype=np.int64)
    found = np.empty((number, flat.shape[1]))
    for block, start in enumerate(range(0, number, _BLOCK)):
        drawn = _drawn(generator(seed, block), own, min(_BLOCK, number - start))
        found[start : start + len(drawn)] = drawn @ flat
    return found.reshape(number, *table.shape[1:])


def _drawn(rng: np.random.Generator, clips: IntArray, number: int) -> IntArray:
    """How often each row is drawn, shape (number, U).

    Drawing clips one by one and counting them costs about a fiftieth of what a row of a multinomial does: where there
    are fewer than fifty clips a row, it is quicker.
    """
    n, rows = int(clips.sum()), len(clips)
    if n >= 50 * rows or not rows:
        return rng.multinomial(n, clips / max(n, 1), size=number) if rows else np.zeros((number, 0), dtype=np.int64)
    which = np.repeat(np.arange(rows), clips)
    kind = np.uint16 if n <= 2**16 else np.uint32
    found = np.empty((number, rows), dtype=np.int64)
    for row in found:
        row[:] = np.bincount(which[rng.integers(0, n, n, dtype=kind)], minlength=rows)
    return found


def left_out(votes: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Each rating of a clip against the vote of the others: tables (N, K, K + 1) and ratings without a vote (N,).

    Rows are the class with most of the other votes, columns the rating, as in confusion tables of predictions; the last
    column (no answer) stays empty. Where the others tie, or there are none, nothing is voted, and the rating counted as
    such. Summed over clips and scored, the tables give the WAR and UAR of one rater against the vote of the others.

    >>> table, without = left_out([[2, 1]])
    >>> table[0].tolist(), without.tolist()
    ([[0.0, 1.0, 0.0], [0.0, 0.0, 0.0]], [2.0])
    """
    counts = as_votes(votes)
    n, k = counts.shape
    tables = np.zeros((n, k, k + 1))
    without = np.zeros(n)
    rows = np.arange(n)
    for given in range(k):
        ratings = counts[:, given]
        label = top_class(counts - (np.arange(k) == given), where=ratings > 0)
        voted = label >= 0
        tables[rows[voted], label[voted], given] += ratings[voted]
        without += np.where(voted, 0, ratings)
    return tables, without


def top_class(votes: npt.ArrayLike, where: npt.ArrayLike = True) -> IntArray:
    """The class with most votes of each clip, shape (N,); -1 where several have most, none has any, or not `where`.

    >>> top_class([[3, 1], [2, 2], [0, 0]]).tolist()
    [0, -1, -1]
    """
    counts = np.asarray(votes)
    most = counts.max(axis=1, keepdims=True)
    single = ((counts == most).sum(axis=1) == 1) & (most[:, 0] > 0) & np.asarray(where)
    return np.where(single, counts.argmax(axis=1), -1).astype(np.int64)


def timeline_tiou(first: npt.ArrayLike, second: npt.ArrayLike) -> tuple[float, list[tuple[int, int]]]:
    """Overlap of two raters' intervals of one video: the largest sum of tIoU of a matching, and its pairs.

    Intervals (n, 2) and (m, 2) in seconds; those of one rater are sorted and do not overlap, so that a best one-to-one
    matching never crosses itself and the alignment of two sequences finds it. Only pairs with a tIoU above 0 are
    matched. The overlap of two raters is this sum / (n + m - pairs): unmatched intervals count as 0.

    >>> timeline_tiou([[0, 2], [4, 6]], [[0, 1], [4, 6]])
    (1.5, [(0, 0), (1, 1)])
    """
    from fervbench.metrics.intervals import tiou

    overlap = tiou(first, second)
    n, m = overlap.shape
    best = np.zeros((n + 1, m + 1))
    for i in range(n):
        for j in range(m):
            best[i + 1, j + 1] = max(best[i, j + 1], best[i + 1, j], best[i, j] + overlap[i, j])
    pairs: list[tuple[int, int]] = []
    i, j = n, m
    while i and j:
        if best[i, j] == best[i - 1, j]:
            i -= 1
        elif best[i, j] == best[i, j - 1]:
            j -= 1
        else:
            i, j = i - 1, j - 1
            pairs.append((i, j))
    return float(best[n, m]), pairs[::-1]
