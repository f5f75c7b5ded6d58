r"""Resampling: how much would the scores of one system move on another test list of the same kind?

Source: Efron and Tibshirani, "An Introduction to the Bootstrap" (1993), chapters 8 and 13. A score is a function of
counts, so counts are drawn and not clips: n draws with replacement from n clips are a multinomial over the outcomes.

Schemes
    class-counts  The clips of each class in each leaf are fixed: a row of a leaf's confusion table is a multinomial,
                  its hits Binomial(n_c, k_c / n_c). The default: a protocol fixes its test list, its class counts are
                  part of its definition.
    clips         The clips of each leaf are fixed in number, not in class: a leaf's whole table is one multinomial. A
                  class that vanishes from a replicate is left out of its UAR and macro F1, as `recognition` does. By
                  leaf, and not over all clips at once, so that a leaf's replicates are those of its own clips alone
                  (its n is fixed) and still add up to those of the whole.
    clusters      M of the M clusters (source videos, movies, subjects) are drawn, each with all its clips. The only
                  scheme that is right where clips of one video are alike; the others are then too narrow.

Conventions
    Clips come in as `outcomes`, so their order changes nothing. Replicates are drawn by leaf and added up, so that
    scenes, scenarios and all clips are of one piece in each of them. `members` of shape (T, L) says which leaves each
    of T configurations unites. With S answers to each clip (seeds, systems) a clip is drawn with all its S answers.

    Random numbers are a function of the seed, the block of replicates and the leaf: the number of threads changes
    nothing, nor do other leaves, and the first 1,000 of 2,000 replicates are those of 1,000. Any whole number from 0 is
    a seed, 0 like any other. They are numpy's: another version of numpy may draw others (NEP 19).

Metrics
    samples    WAR, UAR, macro F1 and weighted F1 of every replicate, answer and configuration
    interval   the percentile interval of anything with replicates in front
    support    what an interval rests on, and whether simulation found its level to be reached

How far to trust them
    Per cent of made-up test lists whose nominal 95 % interval holds the true score, and its mean width in points.
    FERV39k's class counts, recall from 60 % (Happy, Neutral) to 5 % (Disgust), 2,000 lists with 500 replicates each:
    one figure is uncertain by 0.5 (tools/simulate_coverage.py). Lists are `fixed` in their class counts, `drawn` with
    them, or `clustered`: fixed, five clips a video, which are right or wrong together with a correlation of about 0.3.

    lists      interval      metric  all, 7,847   DL11k, 2,282  Talkshow, 350  Experiment, 113 (Disgust: 2)
    fixed      class-counts  WAR     95.0 (2.0)   94.5 (3.8)    94.7 (9.6)     93.5 (16.9)
                             UAR     93.8 (1.9)   94.0 (3.5)    94.5 (9.5)     85.2 (20.1)
               clips         WAR     96.7 (2.2)   96.3 (4.0)    95.9 (10.4)    95.5 (18.1)
                             UAR     94.5 (1.9)   94.3 (3.6)    94.9 (9.7)     92.7 (24.3)
               Wilson        WAR     97.1 (2.2)   97.0 (4.1)    96.7 (10.4)    96.1 (18.0)
    drawn      class-counts  WAR     93.1 (2.0)   92.4 (3.7)    90.5 (9.6)     92.3 (16.9)
                             UAR     94.4 (1.9)   92.9 (3.5)    92.3 (9.6)     77.8 (19.2)
               clips         WAR     94.8 (2.2)   94.5 (4.0)    93.7 (10.3)    94.0 (18.1)
                             UAR     94.4 (1.9)   93.2 (3.6)    92.6 (9.9)     91.9 (24.8)
               Wilson        WAR     95.5 (2.2)   94.9 (4.1)    94.2 (10.4)    94.9 (18.0)
    clustered  class-counts  WAR     83.1 (2.0)   82.6 (3.7)    83.7 (9.6)     81.1 (16.8)
                             UAR     85.1 (1.9)   84.8 (3.5)    85.7 (9.5)     83.2 (20.1)
               clusters      WAR     95.3 (2.9)   94.5 (5.4)    95.7 (13.8)    94.4 (25.2)
                             UAR     94.6 (2.5)   94.4 (4.6)    93.8 (12.1)    93.6 (27.6)
               Wilson        WAR     86.9 (2.2)   85.8 (4.1)    88.3 (10.4)    85.5 (18.0)

    Small classes are what breaks `class-counts`: over all 27 configurations and three profiles of recall (500 lists of
    each), UAR is held in 87.5 % where the smallest class has 1 to 4 clips, 91.7 with 5 to 9, 93.0 with 10 to 19 and
    94.0 to 94.2 with more; macro F1 in 87.4, 91.0, 92.6, 93.6 and 94.4 (50 and more). A class with no clip right, or
    all, adds no width at all. `support` says so of a score: where it calls the level reached, coverage was 94.2 to 94.8
    on average over these and 91.2 at least; elsewhere 89.5 to 90.8 on average, and 78.8 at worst.

Known differences from other tools
    1. scikit-learn, SciPy (`stats.bootstrap`) and sacreBLEU draw clips without regard to class: `clips`.
    2. Nothing is added to counts: a class with all of its clips right, or none, stays so in every replicate.
"""

from __future__ import annotations

import operator
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from fervbench.metrics.outcomes import Outcomes
from fervbench.metrics.recognition import RecognitionScores, scores, scores_of_counts

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

MEASURES = ("WAR", "UAR", "macro_F1", "weighted_F1")
SCHEMES = ("class-counts", "clips", "clusters")
ENOUGH = {"WAR": 120, "UAR": 10, "macro_F1": 20}  # clips in all; clips of the smallest class (see `support`)
BLOCK = 1000  # replicates drawn at once
REST = 1  # the stream of a leaf's wrong answers, beside that of its hits
DRAWS, SWAPS, VIDEOS = range(3)  # what random numbers are for: the first part of their key
_HELD = 4_000_000  # counts held at once by a thread: bounds memory where clips all differ, or systems are many
_CLIPWISE = 4  # clips an outcome, below which drawing clips costs less than drawing counts


@dataclass(frozen=True)
class Replicates:
    """Counts by leaf of R replicates: `hits` and `predicted` (S, K, L, R), `clips` (K, L, R), or (K, L, 1) where fixed.

    As `recognition` has them: correct clips of a class, answers that name it, clips that show it.
    """

    hits: FloatArray = field(repr=False)
    predicted: FloatArray = field(repr=False)
    clips: FloatArray = field(repr=False)

    def scores(self, members: npt.ArrayLike) -> RecognitionScores:
        """Scores of every replicate: overall ones (R, S, T), per class ones (R, S, T, K); `members` is (T, L)."""
        chosen = [np.flatnonzero(row) for row in np.asarray(members)]
        hits, predicted, clips = (_united(counts, chosen) for counts in (self.hits, self.predicted, self.clips[None]))
        return scores_of_counts(hits, clips, predicted)


def _united(counts: FloatArray, chosen: list[IntArray]) -> FloatArray:
    """Sums (R, S, T, K) of counts (S, K, L, R) over the chosen leaves. No matrix product: its threads would contend."""
    found = np.empty((*counts.shape[:2], len(chosen), counts.shape[3]))
    for t, leaves in enumerate(chosen):
        np.add.reduce(counts[:, :, leaves], axis=2, out=found[:, :, t])
    return found.transpose(3, 0, 2, 1)


def replicates(
    of: Outcomes, number: int = 1000, seed: int = 0, scheme: str = "class-counts", *, threads: int | None = None
) -> Iterator[Replicates]:
    """Draw `number` replicates, in blocks of at most 1,000 (see the schemes above).

    Two threads at most draw at once unless `threads` says otherwise; the draws do not depend on it. Raises ValueError
    for an unknown scheme, a negative seed, no replicates, and for `clusters` without clusters.
    """
    if scheme not in SCHEMES:
        raise ValueError(f"no scheme {scheme!r}; known: {SCHEMES}")
    if number < 1:
        raise ValueError(f"{number} replicates are none")
    if scheme == "clusters" and of.cluster is None:
        raise ValueError("the outcomes know no clusters")
    bounds = np.searchsorted(of.leaf, np.arange(of.leaves + 1))
    size = _size(of, bounds)
    for block, start in enumerate(range(0, number, size)):
        yield _block(of, bounds, min(size, number - start), (seed, DRAWS, block), scheme, threads)


def _size(of: Outcomes, bounds: IntArray) -> int:
    """Replicates a block: 1,000, or fewer where they would take too much memory."""
    largest = max(int(np.diff(bounds).max(initial=1)), of.answers * of.classes * of.leaves, 1)
    return max(1, min(BLOCK, _HELD // largest))


def generator(seed: int, *key: int) -> np.random.Generator:
    """Random numbers of one seed and one place among the draws. Raises TypeError for a seed that is no whole number."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(operator.index(seed), spawn_key=key)))


def _block(
    of: Outcomes, bounds: IntArray, number: int, key: tuple[int, int, int], scheme: str, threads: int | None
) -> Replicates:
    runs, classes, leaves = of.answers, of.classes, of.leaves
    fixed = scheme == "class-counts"
    hits, predicted = np.empty((2, runs, classes, leaves, number))
    clips = np.empty((classes, leaves, 1 if fixed else number))
    weights = None
    if scheme == "clusters" and of.cluster is not None:
        once = np.ones(of.cluster.max(initial=-1) + 1, dtype=np.int64)
        weights = draw(generator(*key, leaves), once, number)

    def work(leaf: int) -> None:
        part = slice(bounds[leaf], bounds[leaf + 1])
        target, own = of.target[part], of.clips[part]
        rng = generator(*key, leaf)
        if weights is not None and of.cluster is not None:
            drawn = weights[:, of.cluster[part]] * own
        elif fixed:
            right = (of.answer[part] == target[:, None]).all(axis=1)
            drawn = _rows(rng, generator(*key, leaf, REST), target, right, own, classes, number)
        else:
            drawn = draw(rng, own, number)
        tally(target, of.answer[part], drawn.T, hits[:, :, leaf], predicted[:, :, leaf])
        for c in range(classes):
            clips[c, leaf] = own[target == c].sum() if fixed else drawn[:, target == c].sum(axis=1)

    spread(work, leaves, threads)
    return Replicates(hits, predicted, clips)


def _rows(
    hits: np.random.Generator,
    rest: np.random.Generator,
    target: IntArray,
    right: npt.NDArray[np.bool_],
    clips: IntArray,
    classes: int,
    number: int,
) -> IntArray:
    """Rows of one leaf, shape (number, C): clips that all answers have right first, then what the others are taken for.

    Hits come from a stream of their own, so that WAR and UAR are the same where nothing else is drawn. Rows with more
    outcomes than one answer can have are drawn in one go.
    """
    found = np.empty((number, len(clips)), dtype=np.int64)
    for c in np.unique(target).tolist():
        row = target == c
        others = row & ~right
        n, k = int(clips[row].sum()), int(clips[row & right].sum())
        if row.sum() > classes + 1 or (row & right).sum() > 1:  # several answers, or clusters that are not drawn
            found[:, row] = draw(rest, clips[row], number)
            continue
        drawn = hits.binomial(n, k / n, size=number)
        found[:, row & right] = drawn[:, None]
        if others.any():
            found[:, others] = rest.multinomial(n - drawn, clips[others] / (n - k))
    return found


def _recalls(
    of: Outcomes, united: npt.NDArray[np.bool_], number: int, key: tuple[int, int, int], bounds: IntArray
) -> FloatArray:
    """WAR and UAR (number, T, 2) of one answer to each clip, class counts fixed: hits alone, as `_rows` draws them."""
    hits = np.zeros((of.leaves, of.classes, number))
    clips = np.zeros((of.leaves, of.classes))
    for leaf in range(of.leaves):
        part = slice(bounds[leaf], bounds[leaf + 1])
        target, own = of.target[part], of.clips[part]
        right = of.answer[part, 0] == target
        rng = generator(*key, leaf)
        for c in np.unique(target).tolist():
            n, k = int(own[target == c].sum()), int(own[(target == c) & right].sum())
            hits[leaf, c], clips[leaf, c] = rng.binomial(n, k / n, size=number), n
    found = np.empty((number, len(united), 2))
    for t, leaves in enumerate(united):
        right, sizes = hits[leaves].sum(axis=0), clips[leaves].sum(axis=0)  # (K, R), (K,)
        there = sizes > 0
        with np.errstate(invalid="ignore"):
            found[:, t, 0] = right.sum(axis=0) / sizes.sum()
        found[:, t, 1] = (right[there] / sizes[there, None]).mean(axis=0) if there.any() else np.nan
    return found


def tally(target: IntArray, answer: IntArray, weights: IntArray, hits: FloatArray, predicted: FloatArray) -> None:
    """Add up one leaf: `target` (C,), `answer` (C, S) and `weights` (C, R) into `hits` and `predicted`, (S, K, R)."""
    weighed = weights.astype(np.float64, order="C")
    for s, given in enumerate(answer.T):
        for c in range(hits.shape[1]):
            named = given == c
            weighed[named].sum(axis=0, out=predicted[s, c])
            weighed[named & (target == c)].sum(axis=0, out=hits[s, c])


def draw(rng: np.random.Generator, clips: IntArray, number: int) -> IntArray:
    """Counts of n draws with replacement from n clips, `clips[c]` of which are of outcome c; shape (number, outcomes).

    Where outcomes have few clips each, clips are drawn and counted, else counts are drawn: the same distribution.
    """
    n, outcomes = int(clips.sum()), len(clips)
    if n >= _CLIPWISE * outcomes:
        return rng.multinomial(n, clips / n, size=number) if outcomes else np.zeros((number, 0), dtype=np.int64)
    which = np.repeat(np.arange(outcomes), clips)
    kind = np.uint16 if n <= 2**16 else np.uint32
    found = which[rng.integers(0, n, size=(number, n), dtype=kind)]
    found += outcomes * np.arange(number)[:, None]
    return np.bincount(found.ravel(), minlength=number * outcomes).reshape(number, outcomes)


def spread(work: Callable[[int], None], items: int, threads: int | None = None) -> None:
    """Do `work` for 0..items-1, by two threads where there are two processors, unless `threads` says otherwise."""
    number = min(threads or min(2, os.cpu_count() or 1), items)
    failed: list[BaseException] = []

    def some(first: int) -> None:
        try:
            for item in range(first, items, number):
                work(item)
        except BaseException as error:  # noqa: BLE001 - raised below, in the caller's thread
            failed.append(error)

    others = [threading.Thread(target=some, args=(first,), daemon=True) for first in range(1, number)]
    for thread in others:
        thread.start()
    some(0)
    for thread in others:
        thread.join()
    if failed:
        raise failed[0]


def measures(scores: RecognitionScores) -> FloatArray:
    """WAR, UAR, macro F1 and weighted F1 (`MEASURES`) side by side: (...) to (..., 4)."""
    return np.stack([scores.war, scores.uar, scores.macro_f1, scores.weighted_f1], axis=-1)


def observed(of: Outcomes, members: npt.ArrayLike) -> FloatArray:
    """WAR, UAR, macro F1 and weighted F1 of the clips as they are, shape (S, T, 4): what replicates scatter about.

    >>> from fervbench.metrics.outcomes import outcomes_of_counts
    >>> observed(outcomes_of_counts([[[8, 2, 0], [3, 7, 0]]]), [[1]])[0, 0, :2].tolist()
    [0.75, 0.75]
    """
    united = np.einsum("tl,slkj->stkj", np.asarray(members, dtype=np.int64), of.tables())
    return measures(scores(united))


def samples(
    of: Outcomes,
    members: npt.ArrayLike,
    number: int = 1000,
    seed: int = 0,
    scheme: str = "class-counts",
    *,
    threads: int | None = None,
    recall_only: bool = False,
) -> FloatArray:
    """WAR, UAR, macro F1 and weighted F1 (`MEASURES`) of every replicate, shape (R, S, T, 4), in [0, 1].

    `members` (T, L) holds true, or 1, where a configuration has a leaf. NaN where a configuration has no clips in a
    replicate (only clusters can do that). Mean over the S answers for the score of a model with S seeds. With
    `recall_only` WAR and UAR alone, (R, S, T, 2): the same numbers, for one answer to each clip much quicker.

    >>> from fervbench.metrics.outcomes import outcomes_of_counts
    >>> of = outcomes_of_counts([[[8, 2, 0], [3, 7, 0]]])
    >>> samples(of, [[1]], number=1000, seed=0).shape
    (1000, 1, 1, 4)
    """
    united = np.asarray(members)
    if united.ndim != 2 or united.shape[1] != of.leaves:
        raise ValueError(f"members have shape (T, {of.leaves}), not {united.shape}")
    wanted = 2 if recall_only else len(MEASURES)
    found = np.empty((number, of.answers, len(united), wanted))
    start = 0
    if recall_only and of.answers == 1 and of.cluster is None and scheme == "class-counts" and number > 0:
        bounds = np.searchsorted(of.leaf, np.arange(of.leaves + 1))
        size = _size(of, bounds)
        for number_of, first in enumerate(range(0, number, size)):
            last = min(first + size, number)
            key = (seed, DRAWS, number_of)
            found[first:last, 0] = _recalls(of, united.astype(np.bool_), last - first, key, bounds)
        return found
    for block in replicates(of, number, seed, scheme, threads=threads):
        scored = measures(block.scores(united))[..., :wanted]
        found[start : start + len(scored)] = scored
        start += len(scored)
    return found


@dataclass(frozen=True)
class Support:
    """What the intervals of T configurations rest on, arrays of shape (T,), and `reached` (T, 4).

    `n` clips; `fewest`, those of the smallest class that is there; `still`, classes with all or none of their clips
    right in every answer, which no replicate moves; `reached`, where nominal 95 % was 91 % at least in simulation.
    """

    n: IntArray = field(repr=False)
    fewest: IntArray = field(repr=False)
    still: IntArray = field(repr=False)
    reached: npt.NDArray[np.bool_] = field(repr=False)


def support(of: Outcomes, members: npt.ArrayLike) -> Support:
    """Whether there are clips enough for the intervals of `samples` to be taken at their word (see the module).

    >>> from fervbench.metrics.outcomes import outcomes_of_counts
    >>> found = support(outcomes_of_counts([[[80, 40, 0], [1, 1, 0]]]), [[1]])
    >>> found.fewest.tolist(), found.reached.tolist()  # WAR, UAR, macro F1, weighted F1
    ([2], [[True, False, False, True]])
    """
    tables = np.einsum("tl,slkj->stkj", np.asarray(members, dtype=np.int64), of.tables())
    clips = tables[0].sum(axis=-1)  # (T, K)
    hits = np.diagonal(tables, axis1=-2, axis2=-1)  # (S, T, K)
    there = clips > 0
    n = clips.sum(axis=-1)
    fewest = np.where(there.any(axis=-1), np.where(there, clips, n.max(initial=0)).min(axis=-1), 0)
    still = (((hits == 0) | (hits == clips)).all(axis=0) & there).sum(axis=-1)
    right = hits.sum(axis=-1).mean(axis=0)
    overall = (n >= ENOUGH["WAR"]) & (np.minimum(right, n - right) >= 10)
    by_class = [(fewest >= ENOUGH[measure]) & (still == 0) for measure in ("UAR", "macro_F1")]
    return Support(n, fewest, still, np.stack([overall, *by_class, overall], axis=-1))


def interval(drawn: npt.ArrayLike, level: float = 0.95) -> FloatArray:
    """The percentile interval along the first axis, (R, ...) to (2, ...): low and high ends.

    Replicates that are NaN are left out; NaN where all of them are. Ends are interpolated as `numpy.quantile` does by
    default. Raises ValueError for a level outside (0, 1).

    >>> interval([0.0, 1.0, 2.0, 3.0, 4.0], level=0.5).tolist()
    [1.0, 3.0]
    """
    if not 0 < level < 1:
        raise ValueError(f"a level lies between 0 and 1, {level!r} does not (is it in per cent?)")
    values = np.asarray(drawn, dtype=np.float64)
    ordered = np.sort(values.reshape(len(values), -1).T, axis=1)  # (columns, R), NaN last
    known = ordered.shape[1] - np.isnan(ordered).sum(axis=1)
    ends = np.empty((2, len(ordered)))
    for row, share in zip(ends, ((1 - level) / 2, (1 + level) / 2), strict=True):
        place = share * np.maximum(known - 1, 0)
        below = place.astype(np.int64)
        above = np.minimum(below + 1, np.maximum(known - 1, 0))
        low, high = (np.take_along_axis(ordered, at[:, None], axis=1)[:, 0] for at in (below, above))
        row[:] = low + (place - below) * (high - low)
    return ends.reshape(2, *values.shape[1:])
