"""Annotators' triples [onset, offset, category] of videos, read and decoded to frames.

CSV with the columns `video_id,rater,onset,offset,label[,duration][,fps][,subject][,split]`, one row a triple; a rater
who found nothing in a video has one row in which onset, offset and label are empty. JSON:
`schemas/interval-ratings.schema.json`.

Frames
    Frame f (from 0) shows the time from f / fps to (f + 1) / fps. In seconds a triple covers the frames from
    round(onset fps) to round(offset fps) - 1 (halves to even), so that triples which touch share no frame. With
    unit="frames" onset and offset are the first and last frame themselves, both included, counted from `first`; their
    time is [onset / fps, (offset + 1) / fps].
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fervbench.findings import Findings
from fervbench.interval_checks import Checks, interval_problems, nearest
from fervbench.interval_files import cell as cell_value
from fervbench.labels.sheet import Sheet, read_sheet, refuse

IntArray = npt.NDArray[np.int64]

COLUMNS = ("video_id", "rater", "onset", "offset", "label", "duration", "fps", "subject", "split")
NEED = COLUMNS[:5]
MAX_FRAMES = 10_000_000  # in all videos: 111 hours at 25 frames a second


@dataclass(frozen=True)
class Annotated:
    """One video: `triples[r]` are rater r's triples (onset, offset, label) in seconds, sorted; `frames` their frames.

    `frames[r]` has shape (n, 2), first and last frame, both included. `length` is the number of frames: by the
    duration, else up to the last offset (`whole` is then false: what is behind it is not known).
    """

    raters: tuple[str, ...]
    triples: tuple[tuple[tuple[float, float, str], ...], ...] = field(repr=False)
    frames: tuple[IntArray, ...] = field(repr=False)
    length: int
    whole: bool
    fps: float
    duration: float | None
    subject: str | None
    split: str | None


@dataclass(frozen=True)
class IntervalRatings:
    """Videos with the triples of their raters; `classes` in order."""

    file: str
    sha256: str
    classes: tuple[str, ...]
    raters: tuple[str, ...]
    videos: dict[str, Annotated] = field(repr=False)


@dataclass
class _Video:
    line: str
    about: dict[str, Any]
    rows: dict[str, list[tuple[str, float, float, str]]] = field(default_factory=dict)
    bare: set[str] = field(default_factory=set)


def read_interval_ratings(
    source: str | Path | Sheet,
    *,
    classes: Sequence[str] = (),
    fps: float | None = None,
    unit: str = "seconds",
    first: int = 0,
    raters: int | None = None,
    allow_missing: bool = False,
) -> IntervalRatings:
    """Read annotators' triples; `fps` is for videos of which the file names none.

    `classes`, `raters` and `allow_missing` as in `read_ratings`. Raises InputError with every finding: inverted, empty,
    negative, overlong triples, a rater's triples that overlap, unknown classes, missing raters.
    """
    sheet = source if isinstance(source, Sheet) else read_sheet(source)
    findings = sheet.findings
    for name in sheet.header:
        if name not in COLUMNS:
            findings.add("unknown-key", f"unknown column {name!r}", pointer="line 1", hint=nearest(name, COLUMNS))
    missing = [name for name in NEED if name not in sheet.header]
    for name in missing:
        findings.add("missing-key", f"the column {name!r} is missing", pointer="line 1")
    if missing:
        raise refuse(sheet)
    known = tuple(classes) or sheet.classes
    videos = _collect(sheet, known, unit)
    found: dict[str, Annotated] = {}
    room = MAX_FRAMES
    for id, video in videos.items():
        one = _annotated(id, video, fps, unit, first, findings)
        if one is not None:
            room -= one.length
            found[id] = one
    if room < 0:
        message = f"the videos have more than {MAX_FRAMES:,} frames"
        findings.add("too-large", message, hint="are onset and offset in the unit that --unit says?")
    if not allow_missing and videos:
        _check_raters(videos, raters, findings)
    if not videos and not len(findings):
        findings.add("no-ratings", "holds no ratings")
    if len(findings):
        raise refuse(sheet)
    used = {label for one in found.values() for own in one.triples for _, _, label in own}
    names = dict.fromkeys(rater for one in found.values() for rater in one.raters)
    return IntervalRatings(sheet.file, sheet.sha256, known or tuple(sorted(used)), tuple(names), found)


def _collect(sheet: Sheet, known: tuple[str, ...], unit: str) -> dict[str, _Video]:
    """Videos with the rows of each rater; a finding for every cell that cannot be used."""
    checks = Checks(sheet.findings, known, lenient=unit == "frames")
    videos: dict[str, _Video] = {}
    ids, who, onsets, offsets, labels, *abouts = sheet.columns(*COLUMNS)
    for i, (where, _) in enumerate(sheet.rows):
        id, rater = ids[i], who[i]
        about = {key: column[i] for key, column in zip(COLUMNS[5:], abouts, strict=True) if column[i]}
        if not rater:
            checks.add("missing-value", "rater is empty", where, id)
        if id not in videos:
            values = {key: cell_value(v) if key in ("duration", "fps") else v for key, v in about.items()}
            names = ("duration", "fps", "subject", "split")
            read = checks.about(id, where, values, split="split", line=True)
            videos[id] = _Video(where, dict(zip(names, read, strict=True)) | {"raw": about})
        video = videos[id]
        for key, value in about.items():
            if video.about["raw"].setdefault(key, value) != value:
                message = f"{key} is {value!r} here and {video.about['raw'][key]!r} before"
                checks.add("conflicting-value", message, where, id, f"one video has one {key}")
        rows = video.rows.setdefault(rater, [])
        empty = not (onsets[i] or offsets[i] or labels[i])
        if rater in video.bare or (empty and rows):
            message = f"{rater!r} has a row without a triple, so there can be no other row"
            checks.add("duplicate-rating", message, where, id)
        if empty:
            video.bare.add(rater)
            continue
        triple = [cell_value(onsets[i]), cell_value(offsets[i]), labels[i] or None]
        span = checks.span(id, video.about["duration"], triple, where, (where, where))
        label = checks.label(triple[2], where, id)
        if span and label:
            rows.append((where, *span, label))
    return videos


def _annotated(
    id: str, video: _Video, fps: float | None, unit: str, first: int, findings: Findings
) -> Annotated | None:
    rate = video.about["fps"] or fps
    if rate is None:
        hint = "a column fps, or --fps for all"
        findings.add("missing-value", f"{id!r} has no frames per second", pointer=video.line, id=id, hint=hint)
        return None
    duration = video.about["duration"]
    times = [abs(t) for rows in video.rows.values() for _, onset, offset, _ in rows for t in (onset, offset)]
    reach = max([duration or 0.0, *(t / rate if unit == "frames" else t for t in times)])
    if not reach * rate <= MAX_FRAMES:  # infinity too
        message = f"{id!r} has more than {MAX_FRAMES:,} frames"
        hint = "are onset and offset in the unit that --unit says?"
        findings.add("too-large", message, pointer=video.line, id=id, hint=hint)
        return None
    length = None if duration is None else max(1, round(duration * rate))
    triples, frames, last = [], [], 0
    for rater, rows in video.rows.items():
        spans = []
        for where, onset, offset, label in rows:
            if unit == "frames":
                onset, offset = _from_frames(id, where, onset, offset, first, rate, duration, findings)
            start, end = round(onset * rate), round(offset * rate) - 1
            if offset > onset and end < start:
                message = f"[{onset!r}, {offset!r}] is shorter than half a frame"
                findings.add("empty-interval", message, pointer=where, id=id, hint=f"{rate:g} frames a second")
            spans.append((start, end, where, onset, offset, label))
        spans.sort(key=lambda span: (span[3], span[4]))
        before: tuple[int, int, str] | None = None
        for start, end, where, *_ in spans:
            if before is not None and start <= before[1]:
                message = f"{rater!r} marks frames {start} to {min(end, before[1])} twice (see {before[2]})"
                findings.add("overlap", message, pointer=where, id=id, hint="one face shows one expression at a time")
            before = (start, end, where) if before is None or end > before[1] else before
        triples.append(tuple((onset, offset, label) for _, _, _, onset, offset, label in spans))
        frames.append(np.array([span[:2] for span in spans], dtype=np.int64).reshape(-1, 2))
        last = max([last, *(span[1] + 1 for span in spans)])
    frames = [np.minimum(own, length - 1) for own in frames] if length is not None else frames  # 1 ms beyond the end
    about = video.about
    whole = length is not None
    return Annotated(
        *(tuple(video.rows), tuple(triples), tuple(frames), length if length is not None else last),
        *(whole, float(rate), duration, about["subject"], about["split"]),
    )


def _from_frames(
    id: str,
    where: str,
    onset: float,
    offset: float,
    first: int,
    rate: float,
    duration: float | None,
    findings: Findings,
) -> tuple[float, float]:
    """Seconds of a first and last frame."""
    if onset != int(onset) or offset != int(offset):
        message = f"[{onset!r}, {offset!r}] are no whole frames"
        findings.add("wrong-value", message, pointer=where, id=id, hint="--unit seconds?")
    start, end = (onset - first) / rate, (offset - first + 1) / rate
    if offset < onset:
        findings.add("inverted-interval", f"[{onset:g}, {offset:g}] ends before it begins", pointer=where, id=id)
    else:
        for rule, message in interval_problems(start, end, duration):
            findings.add(rule, f"frames {onset:g} to {offset:g}: {message}", pointer=where, id=id)
    return start, end


def _check_raters(videos: dict[str, _Video], expected: int | None, findings: Findings) -> None:
    sizes = Counter(len(video.rows) for video in videos.values())
    wanted = max(sizes, key=lambda size: (sizes[size], size)) if expected is None else expected
    for id, video in videos.items():
        n = len(video.rows)
        if n != wanted:
            rule = "missing-ratings" if n < wanted else "surplus-ratings"
            message = f"{id!r} has {n} raters, not {wanted}" + ("" if expected else " as most videos have")
            hint = "a rater who found nothing has a row with empty onset, offset and label; --allow-missing otherwise"
            findings.add(rule, message, pointer=video.line, id=id, hint=hint)


def codes(video: Annotated, classes: Sequence[str]) -> IntArray:
    """What each rater says of each frame, shape (raters, frames): a class index, or K for no expression."""
    index = {name: i for i, name in enumerate(classes)}
    found = np.full((len(video.raters), video.length), len(classes), dtype=np.int64)
    for row, spans, triples in zip(found, video.frames, video.triples, strict=True):
        for (start, end), (_, _, label) in zip(spans.tolist(), triples, strict=True):
            row[start : end + 1] = index[label]
    return found


def frame_votes(video: Annotated, classes: Sequence[str]) -> IntArray:
    """Votes of each frame, shape (frames, K + 1); the last column is no expression."""
    said = codes(video, classes)
    found: IntArray = (said[:, :, None] == np.arange(len(classes) + 1)).sum(axis=0)
    return found
