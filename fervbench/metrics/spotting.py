r"""Spotting: where in a video do expressions begin and end?

Source: SDFE-LV (arXiv:2209.08445), "Evaluation metric": average recall at an average number of proposals (AR@AN) and
the area under that curve (AUC), the measures of the ActivityNet proposal task. The rule is that of its official
evaluator (activitynet/ActivityNet, Evaluation/eval_proposal.py), stated exactly; F1 is that of MEGC.

The rule. Let V be the videos with at least one target interval, A the largest average number (100), P all proposals of
the file, also those of videos outside V, and n_v the proposals of video v.
    - Proposals of a video are sorted by score, descending; m_v = min(int(n_v A |V| / P), n_v) of them are kept.
    - With total = the sum of m_v, c_j = (j / 100) (A |V| / total) for j = 1..100; at point j video v uses its top
      k_vj = min(int(m_v c_j), m_v) proposals.
    - recall[t, j] is the share of all target intervals that a used proposal overlaps with tIoU >= t, for t in
      np.linspace(0.5, 0.95, 10); AR[j] its mean over t; x_j = c_j total / |V| the average number of proposals.
    - AUC = trapezoid(AR, x) / x_100. A perfect detector has 0.99: the area begins at AN = 1.
    - AR@n = AR[n - 1] where A = 100.

Conventions
    Targets and proposals are flat arrays with the index of their video (0..|V|-1). Intervals in seconds, float64. All
    results are in [0, 1]. Equal scores: the proposal that stands first in the file ranks first.

Metrics
    AR@AN, AUC     average recall and its area; of all intervals, of durations, of classes
    F1             at one tIoU, inclusive frames, one to one, counts pooled over the videos (MEGC)
    onset, offset  absolute errors of matched intervals, in seconds

Known differences from other evaluators
    1. Ties. The official code reverses an unstable sort: of two equal scores the later wins, of more it depends on the
       processor (AUC 28.8985, 28.8908 or 28.8891 for one file with 2,801 ties). Here file order, or `ties="reversed"`.
    2. AN is a share, not a count: each video uses the same fraction of its own list, rounded down. A video with few
       proposals uses none at small AN; near-perfect predictions with 1.6 proposals a video have AR@1 of 25.6 %.
    3. Float rounding is part of the rule: with 100 proposals in every video, AN 29, 57 and 58 use 28, 56 and 57, and
       the threshold 0.9 is 0.8999999999999999.
    4. Proposals of videos outside V count in P and shorten every list; `outside` passes their number.
    5. NaN scores rank first in the official code, no proposals at all divide by zero there: both are ValueErrors here.
       A file whose lists all shorten to nothing has AR 0 here and NaN there.
    6. `reading="top-k"`: k_vj = j, the reading of the words "average number of proposals". AUC 86.02 instead of 85.68
       on a file with 100 proposals a video, AR@1 56.29 instead of 27.33.
    7. `reading="over-99"` divides the area by 99 (+1.01 % relative); `"from-zero"` adds the point (0, 0);
       `"mean"` takes the mean of the 100 values.
    8. `reading="one-to-one"`: a proposal recalls at most one interval (in order of rank, its best free one, at each
       threshold by itself, so that recall can rise with the threshold). Costs 1.6 to 2.4 points of AUC where targets
       are dense. In the official rule a proposal may recall several.
    9. `reading="strict"`: tIoU > t.
    10. mmaction2 computes in float32: up to 0.006 points of AUC. BMN's and BSN's bundled evaluators equal the official
        one, but fail where a video has no proposals. TURN's original metric uses other thresholds, inclusive frames
        and only videos with proposals: another metric.
    11. F1: SoftNet counts a dummy prediction for empty videos, AUW-GCN uses strict overlap without +1, DMA allows one
        prediction for two targets. Here a largest one-to-one matching at IoU >= t.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from fervbench.metrics.intervals import FloatArray, IntArray, as_intervals, frame_iou, match, overlap

THRESHOLDS: FloatArray = np.linspace(0.5, 0.95, 10)
POINTS = 100
READINGS = ("official", "top-k", "over-99", "from-zero", "mean", "one-to-one", "strict")
TIES = ("first", "reversed")
NEVER = np.iinfo(np.int64).max
_PAIRS = 2_000_000  # overlaps held at once: bounds memory, costs no time


@dataclass(frozen=True)
class Curve:
    """Recall against the average number of proposals, for some of the targets.

    `recall` has shape (thresholds, 100), `ar` and `an` (100,). `n` is the number of targets; without any, all is NaN.
    """

    recall: FloatArray = field(repr=False)
    ar: FloatArray = field(repr=False)
    an: FloatArray = field(repr=False)
    n: int
    auc: float

    def at(self, number: int) -> float:
        """AR@number, for A = 100."""
        return float(self.ar[number - 1])


@dataclass(frozen=True)
class Spotted:
    """Ranked proposals against targets: everything that AR@AN of any part of the targets needs.

    `first[t, g]` is the rank (from 0) of the first proposal that recalls target g at threshold t, NEVER if none does;
    `used[v, j]` how many proposals video v uses at point j; `an` the average number at each point; `best[g]` the file
    position of the proposal that first recalls g at the lowest threshold, -1 if none.
    """

    first: IntArray = field(repr=False)
    used: IntArray = field(repr=False)
    an: FloatArray = field(repr=False)
    best: IntArray = field(repr=False)
    target_video: IntArray = field(repr=False)
    kept: int
    ties: int
    reading: str

    def curve(self, chosen: npt.NDArray[np.bool_] | None = None) -> Curve:
        """The curve of the chosen targets (a mask; all by default): ranks and budgets stay those of the whole."""
        index = np.arange(len(self.target_video)) if chosen is None else np.flatnonzero(chosen)
        points = self.used.shape[1]
        hits = np.zeros((len(self.first), points), dtype=np.int64)
        used = self.used[self.target_video[index]]  # (targets, points)
        for t, ranks in enumerate(self.first):
            hits[t] = np.count_nonzero(ranks[index][:, None] < used, axis=0)
        recall = hits / len(index) if len(index) else np.full(hits.shape, np.nan)
        ar: FloatArray = recall.mean(axis=0)
        return Curve(recall, ar, self.an, len(index), float(area(ar, self.an, self.reading)))


def area(ar: FloatArray, an: FloatArray, reading: str = "official") -> FloatArray:
    """Area under AR@AN curves, normalised as the reading says; `ar` (..., points), `an` (points,), to (...).

    >>> float(area(np.array([0.5, 0.5]), np.array([1.0, 2.0])))
    0.25
    """
    if reading == "mean":
        return np.asarray(ar.mean(axis=-1))
    if reading == "from-zero":
        ar, an = np.concatenate([np.zeros_like(ar[..., :1]), ar], axis=-1), np.concatenate([[0.0], an])
    under = ((ar[..., 1:] + ar[..., :-1]) * np.diff(an) / 2.0).sum(axis=-1)
    return np.asarray(under / float(an[-1] - an[0] if reading == "over-99" else an[-1]))


def rank(
    target: npt.ArrayLike,
    target_video: npt.ArrayLike,
    prediction: npt.ArrayLike,
    prediction_video: npt.ArrayLike,
    score: npt.ArrayLike,
    *,
    videos: int,
    outside: int = 0,
    max_average: int = 100,
    ties: str = "first",
    reading: str = "official",
    thresholds: npt.ArrayLike = THRESHOLDS,
) -> Spotted:
    """Rank the proposals of each video and find which of them recalls which target.

    `target` (G, 2) and `prediction` (P, 2) are intervals, the `_video` arrays their videos in 0..videos-1 (every video
    has a target), `score` (P,) is higher for better proposals, `outside` counts proposals of other videos.

    Raises ValueError for arrays that do not fit together, scores that are not finite, and no proposals at all.
    """
    targets, proposals = as_intervals(target), as_intervals(prediction)
    of_target, of_proposal = (np.asarray(v, dtype=np.int64).reshape(-1) for v in (target_video, prediction_video))
    scores = np.asarray(score, dtype=np.float64).reshape(-1)
    if len(targets) != len(of_target) or not len(proposals) == len(of_proposal) == len(scores):
        raise ValueError("intervals, videos and scores differ in length")
    if reading not in READINGS or ties not in TIES:
        raise ValueError(f"no reading {reading!r} or tie rule {ties!r}; known: {READINGS} and {TIES}")
    for indices in (of_target, of_proposal):
        if len(indices) and not 0 <= indices.min() <= indices.max() < videos:
            raise ValueError(f"video indices outside 0..{videos - 1}")
    if not (np.isfinite(targets).all() and np.isfinite(proposals).all()):
        raise ValueError("intervals are not finite")
    if not np.bincount(of_target, minlength=videos).all():
        raise ValueError("every video needs a target: videos without are passed as proposals outside")
    if max_average < 1:
        raise ValueError(f"the largest average number of proposals is {max_average}, not at least 1")
    if not np.isfinite(scores).all():
        raise ValueError("scores are not finite (the official evaluator ranks NaN first)")
    if not len(proposals) + outside:
        raise ValueError("there are no proposals at all (the official evaluator divides by zero)")
    levels = np.asarray(thresholds, dtype=np.float64)

    order, tied = _order(scores, of_proposal, ties)
    given = np.bincount(of_proposal, minlength=videos)
    start = np.concatenate([[0], np.cumsum(given)[:-1]])

    if reading == "top-k":
        kept = given
        used = np.minimum(np.arange(1, POINTS + 1)[None, :], kept[:, None])
        an = np.arange(1, POINTS + 1, dtype=np.float64)
    else:
        ratio = max_average * float(videos) / (len(proposals) + outside)
        kept = np.minimum((given * ratio).astype(np.int64), given)
        total = int(kept.sum())
        share = np.arange(1, POINTS + 1) / 100.0
        share = share * (max_average * float(videos) / max(total, 1))  # nothing kept: nothing is used at any share
        used = np.minimum((kept[:, None] * share[None, :]).astype(np.int64), kept[:, None])
        an = share * (max(total, 1) / float(videos))
    first, best = _first_ranks(targets, of_target, proposals[order], start, kept, levels, reading)
    return Spotted(
        first=first,
        used=used,
        an=an,
        best=np.where(best >= 0, order[np.maximum(best, 0)] if len(order) else -1, -1),
        target_video=of_target,
        kept=int(kept.sum()),
        ties=tied,
        reading=reading,
    )


def _order(scores: FloatArray, video: IntArray, ties: str) -> tuple[IntArray, int]:
    """Positions of the proposals by video, then by score (descending), then by the tie rule; and the number of ties.

    A fast sort that may mix equal scores, a stable one by video (linear for 16-bit keys), and then a sort of the few
    proposals that tie: half the time of one stable sort by three keys.
    """
    order = np.argsort(-scores)
    small = video.astype(np.uint16) if len(video) and video.max() < 2**16 else video
    order = order[np.argsort(small[order], kind="stable")]
    by_video, by_score = video[order], scores[order]
    same = (by_video[1:] == by_video[:-1]) & (by_score[1:] == by_score[:-1])
    if same.any():
        group = np.concatenate([[0], np.cumsum(~same)])
        tied = np.flatnonzero(np.concatenate([same, [False]]) | np.concatenate([[False], same]))
        positions = order[tied]
        order[tied] = positions[np.lexsort((positions if ties == "first" else -positions, group[tied]))]
    return order, int(same.sum())


def _first_ranks(
    targets: FloatArray,
    of_target: IntArray,
    proposals: FloatArray,
    start: IntArray,
    kept: IntArray,
    levels: FloatArray,
    reading: str,
) -> tuple[IntArray, IntArray]:
    """`first` (thresholds, targets), and the position among sorted proposals that recalls first at the lowest level.

    Pairs of each target with the kept proposals of its video are laid end to end, by rank; the first of each stretch
    that reaches a level is the rank.
    """
    first = np.full((len(levels), len(targets)), NEVER, dtype=np.int64)
    best = np.full(len(targets), -1, dtype=np.int64)
    order = np.argsort(of_target, kind="stable")
    lengths = kept[of_target[order]]
    order, lengths = order[lengths > 0], lengths[lengths > 0]
    bounds = np.concatenate([[0], np.cumsum(lengths)])
    onsets, ends = np.ascontiguousarray(proposals[:, 0]), np.ascontiguousarray(proposals[:, 1])
    low = 0
    while low < len(order):
        high = max(low + 1, int(np.searchsorted(bounds, bounds[low] + _PAIRS, side="right")) - 1)
        if reading == "one-to-one":  # targets of one video must be seen together
            while high < len(order) and of_target[order[high]] == of_target[order[high - 1]]:
                high += 1
        chosen, sizes = order[low:high], lengths[low:high]
        offsets = bounds[low:high] - bounds[low]
        ranks = np.arange(bounds[high] - bounds[low]) - np.repeat(offsets, sizes)
        where = ranks + np.repeat(start[of_target[chosen]], sizes)
        reach = overlap(
            np.repeat(targets[chosen, 0], sizes), np.repeat(targets[chosen, 1], sizes), onsets[where], ends[where]
        )
        of_pair = np.repeat(chosen, sizes)
        near = np.flatnonzero(reach >= levels.min())  # few pairs: the thresholds look at these alone
        reach, ranks, where, of_pair = reach[near], ranks[near], where[near], of_pair[near]
        for t, level in enumerate(levels):
            if reading == "one-to-one":
                first[t, chosen] = _greedy(reach, ranks, where, of_pair, level, chosen)
            else:
                reached = np.flatnonzero(reach > level if reading == "strict" else reach >= level)
                hit = of_pair[reached]  # by target, then by rank: the first of each stretch is what counts
                lead = np.ones(len(hit), dtype=np.bool_)
                lead[1:] = hit[1:] != hit[:-1]
                first[t, hit[lead]] = ranks[reached[lead]]
        found = first[int(levels.argmin()), chosen]
        recalled = found < NEVER
        best[chosen[recalled]] = start[of_target[chosen[recalled]]] + found[recalled]
        low = high
    return first, best


def _greedy(
    reach: FloatArray, ranks: IntArray, where: IntArray, target: IntArray, level: float, chosen: IntArray
) -> IntArray:
    """Ranks at which targets are taken when a proposal takes at most one: by rank, each its best free target."""
    pairs = np.flatnonzero(reach >= level)
    pairs = pairs[np.lexsort((-reach[pairs], where[pairs]))]
    taken: dict[int, int] = {}
    last = -1
    for proposal, g, r in zip(where[pairs].tolist(), target[pairs].tolist(), ranks[pairs].tolist(), strict=True):
        if proposal != last and g not in taken:
            taken[g] = r
            last = proposal
    return np.array([taken.get(g, NEVER) for g in chosen.tolist()], dtype=np.int64)


def _flatten(
    target: Sequence[npt.ArrayLike], prediction: Sequence[npt.ArrayLike]
) -> tuple[FloatArray, IntArray, FloatArray, IntArray, FloatArray]:
    if len(target) != len(prediction):
        raise ValueError(f"target has {len(target)} videos, prediction {len(prediction)}")
    wanted = [as_intervals(video) for video in target]
    rows = [np.asarray(video, dtype=np.float64) for video in prediction]
    for row in rows:
        if row.size and (row.ndim != 2 or row.shape[1] != 3):
            raise ValueError(f"proposals have shape (m, 3), onset, offset and score, not {row.shape}")
    rows = [row.reshape(-1, 3) for row in rows]
    joined = np.concatenate(rows) if rows else np.zeros((0, 3))
    return (
        np.concatenate(wanted) if wanted else np.zeros((0, 2)),
        np.repeat(np.arange(len(wanted)), [len(video) for video in wanted]),
        joined[:, :2],
        np.repeat(np.arange(len(rows)), [len(video) for video in rows]),
        joined[:, 2],
    )


def average_recall(target: Sequence[npt.ArrayLike], prediction: Sequence[npt.ArrayLike]) -> FloatArray:
    """AR at an average of 1 to 100 proposals a video, shape (100,), in [0, 1].

    `target` holds for each video its intervals (n, 2), at least one; `prediction` its proposals (m, 3): onset, offset,
    score. Source: SDFE-LV, "Evaluation metric"; the official ActivityNet rule (see above).

    >>> float(average_recall([[[0.0, 10.0]]], [[[0.0, 8.0, 0.9]]])[0])
    0.7
    """
    spotted = rank(*_flatten(target, prediction), videos=len(target))
    return spotted.curve().ar


def auc(target: Sequence[npt.ArrayLike], prediction: Sequence[npt.ArrayLike]) -> float:
    """Area under the AR@AN curve, in [0, 0.99]. Arguments as for `average_recall`.

    >>> round(auc([[[0.0, 10.0]]], [[[0.0, 10.0, 0.9]]]), 6)
    0.99
    """
    return rank(*_flatten(target, prediction), videos=len(target)).curve().auc


def f1_counts(
    target: Sequence[IntArray], prediction: Sequence[IntArray], threshold: float = 0.5
) -> tuple[int, int, int]:
    """Matched, target and predicted intervals over all videos; F1 = 2 matched / (target + predicted).

    Frames are inclusive; an interval counts at IoU >= threshold, one to one, a largest matching (MEGC).

    >>> f1_counts([np.array([[1, 10], [20, 30]])], [np.array([[6, 10]])])
    (1, 2, 1)
    """
    matched = wanted = given = 0
    for truth, spotted in zip(target, prediction, strict=True):
        wanted += len(truth)
        given += len(spotted)
        if len(truth) and len(spotted):
            matched += len(match(frame_iou(truth, spotted) >= threshold))
    return matched, wanted, given
