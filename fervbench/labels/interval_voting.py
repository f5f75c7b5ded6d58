"""From annotators' triples to final ones: SDFE-LV's voting frame by frame ("Data Annotation", Figure 2).

Each annotator's triples are decoded to a category, or none, for every frame; the category with most votes is the
frame's; runs of one category are the final triples.

Where the paper is silent, stated rules
    no expression   is a vote like any other: a frame that one of five marks has four votes for none.
    ties            `ties="neutral"` (default): a frame where several have most votes gets none. `ties="previous"`: it
                    gets what the frame before it got, where that is among the tied, else none. Every run of tied frames
                    is named, whatever the rule.
    islands         runs shorter than `min_frames` (default 2, so one-frame islands). The first of them is mended, then
                    the first of what is left, until there is none: a short run between two runs of one category becomes
                    that category, so that a gap of one frame is closed (and a dropout in neutral cleared); else a short
                    run of an expression becomes none; else a short run of none (at an end, or between two different
                    expressions) stays. Every mended run is named. min_frames=1 mends nothing.

Checks of final triples: SDFE-LV asks that a participant "starts with a neutral face before producing one of six basic
facial expressions" and "also ends with a neutral face". A triple that begins at the first frame, ends at the last, or
touches another one lacks that margin (a warning). Overlaps cannot come out of voting; a file of intervals is checked
for them too (an error).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from fervbench._version import __version__
from fervbench.findings import Finding
from fervbench.interval_files import Video
from fervbench.labels.interval_ratings import IntervalRatings, frame_votes

IntArray = npt.NDArray[np.int64]

FORMAT = "fervbench-interval-votes/1"
TIES = ("neutral", "previous")


@dataclass(frozen=True)
class Voted:
    """Final runs (first frame, last frame, class) of one video, both ends included, and what was decided by rule.

    `ties`: (first, last, tied classes), K for none; `islands`: (first, last, class before, class after).
    """

    runs: list[tuple[int, int, int]]
    ties: list[tuple[int, int, tuple[int, ...]]] = field(default_factory=list)
    islands: list[tuple[int, int, int, int]] = field(default_factory=list)


def runs_of(labels: Sequence[int] | IntArray) -> list[tuple[int, int, int]]:
    """Runs (first, last, label) of equal labels, both ends included.

    >>> runs_of([2, 2, 0])
    [(0, 1, 2), (2, 2, 0)]
    """
    values = np.asarray(labels, dtype=np.int64)
    if not len(values):
        return []
    starts = np.flatnonzero(np.diff(values, prepend=values[0] - 1))
    ends = np.append(starts[1:], len(values)) - 1
    return list(zip(starts.tolist(), ends.tolist(), values[starts].tolist(), strict=True))


def vote_frames(votes: IntArray, *, ties: str = "neutral", min_frames: int = 2) -> Voted:
    """Final runs of one video from its votes (frames, K + 1), the last column none. Runs of none are left out.

    >>> vote_frames(np.array([[1, 2], [3, 0], [2, 1], [0, 3]])).runs
    [(1, 2, 0)]
    """
    if ties not in TIES:
        raise ValueError(f"no rule {ties!r} for ties; known: {TIES}")
    if min_frames < 1:
        raise ValueError(f"runs of {min_frames} frames are none")
    none = votes.shape[1] - 1
    if not len(votes):
        return Voted([])
    top = votes == votes.max(axis=1, keepdims=True)
    single = top.sum(axis=1) == 1
    labels = np.where(single, top.argmax(axis=1), none)
    tied: list[tuple[int, int, tuple[int, ...]]] = []
    for frame in np.flatnonzero(~single).tolist():
        among = tuple(np.flatnonzero(top[frame]).tolist())
        before = int(labels[frame - 1]) if frame else none
        if ties == "previous" and before in among:
            labels[frame] = before
        if tied and tied[-1][1] == frame - 1 and tied[-1][2] == among:
            tied[-1] = (tied[-1][0], frame, among)
        else:
            tied.append((frame, frame, among))
    runs, islands = mend(runs_of(labels), none, min_frames)
    return Voted([run for run in runs if run[2] != none], tied, islands)


def mend(
    runs: list[tuple[int, int, int]], none: int, min_frames: int
) -> tuple[list[tuple[int, int, int]], list[tuple[int, int, int, int]]]:
    """Runs without islands (see the module), and the islands: (first, last, class before, class after)."""
    runs, mended = list(runs), []
    at = 0
    while at < len(runs):
        start, end, label = runs[at]
        left = runs[at - 1][2] if at else None
        right = runs[at + 1][2] if at + 1 < len(runs) else None
        new = label
        if end - start + 1 < min_frames:
            if left is not None and left == right:
                new = left
            elif label != none:
                new = none
        if new == label:
            at += 1
            continue
        mended.append((start, end, label, new))
        low, high = at, at + 1
        if left == new:
            low, start = at - 1, runs[at - 1][0]
        if right == new:
            high, end = at + 2, runs[at + 1][1]
        runs[low:high] = [(start, end, new)]
        at = max(low - 1, 0)  # its neighbours may be islands of another kind now
    return runs, mended


def vote_intervals(
    ratings: IntervalRatings, *, ties: str = "neutral", min_frames: int = 2
) -> tuple[dict[str, Video], dict[str, Any], list[Finding]]:
    """Final videos, the document of how they came about (`schemas/interval-votes.schema.json`), and warnings."""
    names = (*ratings.classes, None)
    final: dict[str, Video] = {}
    decided: dict[str, Any] = {}
    warnings: list[Finding] = []
    for id, video in ratings.videos.items():
        found = vote_frames(frame_votes(video, ratings.classes), ties=ties, min_frames=min_frames)
        triples = []
        for start, end, label in found.runs:
            offset = (end + 1) / video.fps
            if video.duration is not None:
                offset = min(offset, video.duration)  # the last frame may reach beyond the end
            triples.append((start / video.fps, offset, ratings.classes[label]))
        final[id] = Video(video.duration, video.fps, video.subject, video.split, tuple(triples))
        decided[id] = {
            "raters": len(video.raters),
            "frames": video.length,
            "intervals": [list(triple) for triple in triples],
            "ties": [
                {"first": first, "last": last, "classes": [names[k] for k in among]}
                for first, last, among in found.ties
            ],
            "islands": [
                {"first": first, "last": last, "from": names[old], "to": names[new]}
                for first, last, old, new in found.islands
            ],
        }
        length = video.length if video.whole else None
        warnings += margins(id, found.runs, length, ratings.classes, ratings.file)
    document = {
        "format": FORMAT,
        "tool_version": __version__,
        "sha256": ratings.sha256,
        "rule": {"ties": ties, "min_frames": min_frames},
        "classes": list(ratings.classes),
        "n": sum(len(video.intervals) for video in final.values()),
        "videos": decided,
        "warnings": [finding.to_dict() for finding in warnings],
    }
    return final, document, warnings


def margins(
    id: str, runs: Sequence[tuple[float, float, int]], length: float | None, classes: Sequence[str], file: str
) -> list[Finding]:
    """Runs of frames (first, last, class) that do not begin and end with a neutral face; `length` None: not known."""
    found = []
    for i, (start, end, label) in enumerate(runs):
        lacks = []
        if start == 0:
            lacks.append("begins at the first frame")
        elif i and runs[i - 1][1] == start - 1:
            lacks.append(f"follows {classes[runs[i - 1][2]]} without a neutral frame between")
        if length is not None and end == length - 1:
            lacks.append("ends at the last frame")
        for said in lacks:
            message = f"{classes[label]} (frames {start} to {end}) {said}"
            hint = "SDFE-LV: a participant starts and ends with a neutral face"
            found.append(Finding("no-neutral-margin", message, hint, file, None, id, "warning"))
    return found


def check_intervals(videos: Mapping[str, Video], file: str) -> list[Finding]:
    """Overlaps (errors) and missing neutral margins (warnings) of the intervals of a file, in seconds."""
    found = []
    hint = "SDFE-LV: a participant starts and ends with a neutral face"
    for id, video in videos.items():
        reach: tuple[float, float, str] | None = None
        for onset, offset, label in sorted(video.intervals):
            here = f"{label} [{onset!r}, {offset!r}]"
            if reach is not None and onset < reach[1]:
                message = f"{here} overlaps {reach[2]} [{reach[0]!r}, {reach[1]!r}]"
                found.append(Finding("overlap", message, None, file, None, id))
            elif reach is not None and onset == reach[1]:
                message = f"{here} follows {reach[2]} without a neutral face between"
                found.append(Finding("no-neutral-margin", message, hint, file, None, id, "warning"))
            if onset == 0:
                found.append(Finding("no-neutral-margin", f"{here} begins at 0", hint, file, None, id, "warning"))
            if video.duration is not None and offset >= video.duration:
                message = f"{here} ends where the video does"
                found.append(Finding("no-neutral-margin", message, hint, file, None, id, "warning"))
            reach = (onset, offset, label) if reach is None or offset > reach[1] else reach
    return found
