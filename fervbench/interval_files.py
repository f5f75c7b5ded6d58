"""Intervals in memory, and the files they are read from.

Three layouts are recognised by what stands in them:
    fervbench-intervals/1   JSON, `schemas/intervals.schema.json`
    its CSV twin            one row an interval; header `video_id,duration,fps,subject,split,onset,offset,label`, the
                            columns after the first in any order, duration, fps, subject and split may be left out; a
                            video without intervals has one row in which onset, offset and label are empty
    ActivityNet             {"database": {id: {"subset", "duration", "annotations": [{"segment": [a, b], "label"}]}}};
                            other keys are ignored
Times are seconds, float64. Everything wrong with a file is found in one pass; nothing is repaired.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fervbench import schema
from fervbench.errors import InputError, LabelsError
from fervbench.findings import Findings
from fervbench.interval_checks import Checks, nearest, shown
from fervbench.strict_json import RepeatedKeys, Unusable, parse, pointer, report_repeated, walk

FORMAT = "fervbench-intervals/1"
COLUMNS = ("video_id", "duration", "fps", "subject", "split", "onset", "offset", "label")
REQUIRED_COLUMNS = ("video_id", "onset", "offset", "label")
SHAPE = (
    f'{{"format": "{FORMAT}", "videos": {{"video_0001": {{"duration": 58.2, "intervals": [[3.1, 5.8, "Happy"]]}}}}}}, '
    f"CSV with the header {','.join(COLUMNS)}, or ActivityNet's database"
)
# Rules of the walk and of the schema after which nothing more need be said of a value.
_OF_A_VALUE = ("wrong-type", "wrong-value", "not-finite", "lone-surrogate")
# First bytes of a byte order mark or of UTF-32; the JSON parser says what is wrong.
_OTHER_ENCODINGS = (b"\xef", b"\xff", b"\xfe", b"\x00")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[+-]?(nan|inf|infinity)", re.IGNORECASE)


@dataclass(frozen=True)
class Video:
    """One video and its target intervals (onset, offset, label) in seconds, in file order. None: not said."""

    duration: float | None
    fps: float | None
    subject: str | None
    split: str | None
    intervals: tuple[tuple[float, float, str], ...]


def read_intervals(data: bytes, file: str, *, classes: tuple[str, ...] = (), lenient: bool = False) -> dict[str, Video]:
    """Videos by id, in file order, from any of the three layouts; `file` names it in findings.

    With `classes`, labels must be among them. `lenient` accepts inverted, empty, negative and overlong intervals, as
    the official evaluator of ActivityNet does. Raises LabelsError with every finding (JSON pointer, or `line N`).
    """
    checks = Checks(Findings(file), classes, lenient)
    start = data[:200].lstrip(b"\xef\xbb\xbf").replace(b'"', b"")
    videos = _read_csv(data, file, checks) if start.startswith(b"video_id") else _read_json(data, file, checks)
    if not videos and not len(checks.findings):
        checks.findings.add("no-videos", "names no videos")
    if len(checks.findings):
        raise LabelsError(f"cannot be used as intervals: {file}", file=file, findings=checks.findings)
    return videos


def write_intervals(videos: Mapping[str, Video]) -> str:
    """Videos as a `fervbench-intervals/1` file, one video a line; what is None is left out."""
    lines = []
    for id, video in videos.items():
        about = {"duration": video.duration, "fps": video.fps, "subject": video.subject, "split": video.split}
        entry = {key: value for key, value in about.items() if value is not None} | {"intervals": video.intervals}
        lines.append(f"  {json.dumps(id)}: {json.dumps(entry, allow_nan=False)}")
    return f'{{"format": "{FORMAT}",\n "videos": {{\n' + ",\n".join(lines) + "\n}}\n"


def write_intervals_csv(videos: Mapping[str, Video]) -> str:
    """Videos as the CSV twin of `fervbench-intervals/1`, with all columns."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for id, video in videos.items():
        numbers = ["" if value is None else repr(float(value)) for value in (video.duration, video.fps)]
        about = [id, *numbers, video.subject or "", video.split or ""]
        if not video.intervals:
            writer.writerow([*about, "", "", ""])
        for onset, offset, label in video.intervals:
            writer.writerow([*about, repr(float(onset)), repr(float(offset)), label])
    return out.getvalue()


def fingerprint(videos: Mapping[str, Video]) -> str:
    """sha256 over the lines `id, onset, offset, label` of all intervals, sorted bytewise.

    Tabs between, a newline behind, UTF-8, floats by repr. Videos without intervals, durations, subjects and the order
    of the file play no part.
    """
    lines = sorted(
        f"{id}\t{float(onset)!r}\t{float(offset)!r}\t{label}\n".encode()
        for id, video in videos.items()
        for onset, offset, label in video.intervals
    )
    return hashlib.sha256(b"".join(lines)).hexdigest()


def _read_json(data: bytes, file: str, checks: Checks) -> dict[str, Video]:
    if data.lstrip()[:1] not in (b"{", b"[", *_OTHER_ENCODINGS):
        raise LabelsError(f"is not a file of intervals: {file}", hint=SHAPE, file=file)
    try:
        document = parse(data, file)
    except InputError as error:
        raise LabelsError(error.message, hint=error.hint, file=file, findings=error.findings) from None
    content, findings = document.value, checks.findings
    own = isinstance(content, dict) and bool(content.keys() & {"format", "videos"})
    if not own and not (isinstance(content, dict) and "database" in content):
        raise LabelsError(f"holds no intervals: {file}", hint=SHAPE, file=file)
    name = "videos" if own else "database"
    table = content.get(name)
    if isinstance(table, RepeatedKeys):
        report_repeated(table, pointer(name), findings, rule="duplicate-id")
        content[name] = table = dict(table)
    keeps = not own or schema.accepts(content, schema.load("intervals"))
    if document.suspect or not keeps:
        walk(content, findings)
        if "too-deep" in findings.counts:
            raise LabelsError(f"is nested too deeply: {file}", file=file, findings=findings)
        if not keeps:
            _report_shape(content, findings)
        checks.told.update(f.pointer for f in findings.kept if f.rule in _OF_A_VALUE)
    if not isinstance(table, dict):
        checks.add("wrong-type", f"{name} is {shown(table)}, not an object of videos", pointer(name))
        return {}
    read_one = _own_video if own else _foreign_video
    return {id: read_one(entry, id, pointer(name, id), checks) for id, entry in table.items()}


def _report_shape(content: Any, findings: Findings) -> None:
    """What breaks the schema, except numbers that are known already not to be finite."""
    known = {finding.pointer for finding in findings.kept if finding.rule == "not-finite"}
    if not known:
        schema.violations(content, schema.load("intervals"), findings)
        return
    broken = Findings(findings.file)
    schema.violations(content, schema.load("intervals"), broken)
    findings.extend(finding for finding in broken if finding.pointer not in known)


def _own_video(entry: Any, id: str, where: str, checks: Checks) -> Video:
    """One video of fervbench-intervals/1. The schema has told of shapes; told pointers are not told again."""
    entry = entry if isinstance(entry, dict) else {}
    about = checks.about(id, where, entry, split="split")
    items = entry.get("intervals")
    intervals = []
    for i, item in enumerate(items if isinstance(items, list) else ()):
        here = f"{where}/intervals/{i}"
        if isinstance(item, list) and len(item) == 3:
            places = (f"{here}/0", f"{here}/1", f"{here}/2")
            span = checks.span(id, about[0], item, here, places)
            label = checks.label(item[2], places[2], id)
            if span and label:
                intervals.append((*span, label))
    return Video(*about, tuple(intervals))


def _foreign_video(entry: Any, id: str, where: str, checks: Checks) -> Video:
    """One video of ActivityNet's database."""
    plain = _plain_video(entry, id, checks)
    if plain is not None:
        return plain
    if not isinstance(entry, dict):
        checks.add("wrong-type", f"{shown(entry)} is not a video", where, id)
        entry = {"annotations": []}
    about = checks.about(id, where, {key: entry[key] for key in ("duration", "subset") if key in entry}, split="subset")
    intervals = []
    items = checks.member(entry, "annotations", list, where, id)
    for i, item in enumerate(items or ()):
        here = f"{where}/annotations/{i}"
        if not isinstance(item, dict):
            checks.add("wrong-type", f"{shown(item)} is not an annotation", here, id)
            continue
        segment = checks.member(item, "segment", list, here, id)
        label = checks.member(item, "label", str, here, id)
        label = None if label is None else checks.label(label, f"{here}/label", id)
        span = None
        if segment is not None and len(segment) == 2:
            span = checks.span(id, about[0], segment, here, (f"{here}/segment/0", f"{here}/segment/1"))
        elif segment is not None:
            message = f"a segment has {len(segment)} values instead of onset and offset"
            checks.add("wrong-length", message, f"{here}/segment", id)
        if span and label:
            intervals.append((*span, label))
    return Video(*about, tuple(intervals))


def _plain_video(entry: Any, id: str, checks: Checks) -> Video | None:
    """A video in which nothing needs a second look, else None: most of the time went into looking twice."""
    try:
        items = entry["annotations"]
        spans = [(*item["segment"], item["label"]) for item in items]
        duration, subset = entry.get("duration"), entry.get("subset")
        end = math.inf if duration is None or checks.lenient else duration
        plain = type(items) is list and _is_plain(id) and ("subset" not in entry or _is_plain(subset))
        plain = plain and ("duration" not in entry or (type(duration) is float and 0 < duration < math.inf))
        for onset, offset, label in spans:  # an onset of 0 may be -0.0
            plain = plain and type(onset) is float is type(offset) and 0 < onset < offset <= end and offset < math.inf
            plain = plain and _is_plain(label) and not (checks.classes and label not in checks.classes)
    except (AttributeError, KeyError, TypeError, ValueError):
        return None  # the full checks tell what it is
    return Video(duration, None, None, subset, tuple(spans)) if plain else None


def _is_plain(text: Any) -> bool:
    """Printable ASCII, at least one character."""
    return type(text) is str and text.isascii() and text.isprintable() and text != ""


def _read_csv(data: bytes, file: str, checks: Checks) -> dict[str, Video]:
    header, rows = _rows(data, file, checks)
    first: dict[str, tuple[int, dict[str, str]]] = {}
    found: dict[str, tuple[float | None, float | None, str | None, str | None]] = {}
    intervals: dict[str, list[tuple[float, float, str]]] = {}
    bare: set[str] = set()  # videos with a row without an interval
    for line, row in rows:
        where = f"line {line}"
        if len(row) != len(header):
            checks.add("wrong-length", f"{len(row)} fields instead of {len(header)}", where)
            continue
        cells = dict(zip(header, row, strict=True))
        id = cells["video_id"]
        triple = [cell(cells["onset"]), cell(cells["offset"]), cells["label"] or None]
        again = id in first
        if again:
            _check_agreement(id, cells, *first[id], where, checks)
        else:
            first[id] = (line, cells)
            about = {key: cell(cells[key]) for key in ("duration", "fps") if cells.get(key)}
            about |= {key: cells[key] for key in ("subject", "split") if cells.get(key)}
            found[id] = checks.about(id, where, about, split="split", line=True)
            intervals[id] = []
        if again and (id in bare or triple == [None] * 3):
            message = f"{id!r} has a row without an interval, so it can have no other row"
            checks.add("duplicate-id", message, where, id)
        if triple == [None] * 3:
            bare.add(id)
            continue
        span = checks.span(id, found[id][0], triple, where, (where, where))
        label = checks.label(triple[2], where, id)
        if span and label:
            intervals[id].append((*span, label))
    return {id: Video(*about, tuple(intervals[id])) for id, about in found.items()}


def _check_agreement(
    id: str, cells: dict[str, str], line: int, first: dict[str, str], where: str, checks: Checks
) -> None:
    """A finding for every value of a video that differs from the one in its first row."""
    for key in ("duration", "fps", "subject", "split"):
        is_number = key in ("duration", "fps")
        old, new = first.get(key, ""), cells.get(key, "")
        if old != new and not (is_number and cell(old) == cell(new)):
            message = f"{key} is {new!r} here and {old!r} in line {line}"
            checks.add("conflicting-value", message, where, id, "one video has one " + key)


def _rows(data: bytes, file: str, checks: Checks) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """The header, and every row that is not blank with the line it begins on."""
    rows: list[tuple[int, list[str]]] = []
    try:
        reader = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
        line = 1
        for row in reader:
            rows.append((line, row))
            line = reader.line_num + 1
    except UnicodeDecodeError:
        raise LabelsError(f"is not UTF-8: {file}", hint="save as UTF-8", file=file) from None
    except csv.Error as error:
        raise LabelsError(f"is not CSV: {file} ({error})", file=file) from None
    header = rows.pop(0)[1]
    for name in header:
        if name not in COLUMNS:
            checks.add("unknown-key", f"unknown column {name!r}", "line 1", hint=nearest(name, COLUMNS))
    missing = [name for name in REQUIRED_COLUMNS if name not in header]
    for name in missing:
        checks.add("missing-key", f"the column {name!r} is missing", "line 1")
    repeated = sorted({name for name in header if header.count(name) > 1})
    for name in repeated:
        checks.add("duplicate-key", f"the column {name!r} stands more than once", "line 1")
    if missing or repeated:
        raise LabelsError(f"has a header that cannot be used: {file}", file=file, findings=checks.findings)
    return header, [(line, row) for line, row in rows if row]


def cell(text: str) -> float | str | Unusable | None:
    """A number as it stands in CSV: None where empty, the text itself where it is none."""
    if _NUMBER.fullmatch(text):
        return float(text)
    return Unusable(text) if _NOT_FINITE.fullmatch(text) else text or None
