"""How far raters agree on intervals: overlap (tIoU) of each pair of raters, and alpha over frames.

tIoU of two raters: on the videos that both have seen, the tIoU of their best matching, summed, over the intervals that
either has (a matched pair counts once), whatever their categories; beside it the share of matched pairs with the same
category. Frame-level alpha: each frame of each video is rated with a category or none. Replicates draw whole videos, as
the frames of one are not independent.
"""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np

from fervbench._version import __version__
from fervbench.labels.agreeing import with_interval
from fervbench.labels.interval_ratings import Annotated, IntervalRatings, frame_votes
from fervbench.metrics import agreement as measures

FORMAT = "fervbench-interval-agreement/1"
NONE = "(none)"


def agree_on_intervals(
    ratings: IntervalRatings, *, replicates: int = 1000, seed: int = 0, level: float = 0.95
) -> dict[str, Any]:
    """The document (`schemas/interval-agreement.schema.json`); `replicates` 0 makes no intervals."""
    names = [*ratings.classes, NONE]
    pairs = list(combinations(ratings.raters, 2))
    sums, overlaps, empty = [], [], []
    for id, video in ratings.videos.items():
        votes = frame_votes(video, ratings.classes)
        sums.append(measures.pair_sums(votes).sum(axis=0))
        overlaps.append(_pairwise(video, pairs))
        if not video.length:
            empty.append(id)
    by_video = np.stack(sums)  # (videos, 2, K + 1)
    by_pair = np.stack(overlaps)  # (videos, pairs, 4): tIoU, matched, matched and of one category, intervals
    found = measures.agreement(by_video.sum(axis=0))
    mean = by_pair.sum(axis=(0, 1))
    more, spread = None, None
    if replicates:
        ones = np.ones(len(by_video), dtype=np.int64)
        more = measures.agreement(measures.resampled(by_video, ones, replicates, seed))
        drawn = measures.resampled(by_pair.sum(axis=1), ones, replicates, seed)
        with np.errstate(invalid="ignore", divide="ignore"):
            spread = drawn[:, 0] / drawn[:, 3]
    overall = mean[0] / mean[3] if mean[3] else float("nan")
    listed = []
    for (one, other), (total, matched, same, intervals) in zip(pairs, by_pair.sum(axis=0).tolist(), strict=True):
        shared = sum(one in video.raters and other in video.raters for video in ratings.videos.values())
        if shared:
            listed.append(
                {
                    "raters": [one, other],
                    "videos": shared,
                    "intervals": int(intervals),
                    "matched": int(matched),
                    "tiou": total / intervals if intervals else None,
                    "same_category": same / matched if matched else None,
                }
            )
    warnings = [f"{len(empty):,} videos have neither a duration nor an interval, so no frames"] if empty else []
    return {
        "format": FORMAT,
        "tool_version": __version__,
        "sha256": ratings.sha256,
        "classes": names,
        "raters": list(ratings.raters),
        "intervals": {"level": level, "replicates": replicates, "seed": seed} if replicates else None,
        "videos": len(ratings.videos),
        "frames": sum(video.length for video in ratings.videos.values()),
        "tiou": with_interval(float(overall), spread, level),
        "alpha": with_interval(float(found.alpha), None if more is None else more.alpha, level),
        "per_class": {
            name: {
                "share": None if found.share[k] != found.share[k] else float(found.share[k]),
                "alpha": with_interval(float(found.alpha_of[k]), None if more is None else more.alpha_of[:, k], level),
            }
            for k, name in enumerate(names)
        },
        "pairs": listed,
        "warnings": warnings,
    }


def _pairwise(video: Annotated, pairs: list[tuple[str, str]]) -> Any:
    """tIoU, matched, matched with one category, and intervals of each pair of raters, shape (pairs, 4)."""
    place = {rater: r for r, rater in enumerate(video.raters)}
    found = np.zeros((len(pairs), 4))
    for row, (one, other) in zip(found, pairs, strict=True):
        if one not in place or other not in place:
            continue
        first, second = video.triples[place[one]], video.triples[place[other]]
        spans = [np.array([triple[:2] for triple in own], dtype=float).reshape(-1, 2) for own in (first, second)]
        total, matched = measures.timeline_tiou(*spans)
        same = sum(first[i][2] == second[j][2] for i, j in matched)
        row[:] = total, len(matched), same, len(first) + len(second) - len(matched)
    return found
