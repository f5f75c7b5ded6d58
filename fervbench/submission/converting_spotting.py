"""From what spotting code writes (CSV, ActivityNet's results) to a proposals file.

A CSV has the columns video_id, onset, offset and score, in any order and in seconds, with one row a proposal; a row
with the video alone says that it has none. Videos and proposals keep the order of the file: ties are broken by it.
"""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import numpy as np

from fervbench.errors import InputError, UsageError
from fervbench.files import read_bounded
from fervbench.findings import Findings
from fervbench.protocol import Protocol
from fervbench.strict_json import report_number
from fervbench.submission.choosing import choose_protocol
from fervbench.submission.dispatch import MAX_PROPOSAL_BYTES
from fervbench.submission.proposals import FORMAT, Proposals, read_proposals

COLUMNS = ("video_id", "onset", "offset", "score")
# First bytes of JSON, or of an encoding in which no CSV is read: the JSON reader says what is wrong with it.
_JSON = (b"{", b"[", b"\xff\xfe", b"\xfe\xff")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[+-]?(nan|inf|infinity)", re.IGNORECASE)


def read_any_proposals(path: str | Path, protocol: Protocol) -> Proposals:
    """Proposals from a CSV, ActivityNet's results or a proposals file. Raises InputError with every finding."""
    file = str(path)
    if protocol.task != "spotting":
        raise UsageError(f"{protocol.id} is a protocol of {protocol.task}", hint="leave '--to spotting' out")
    data = read_bounded(path, MAX_PROPOSAL_BYTES)
    findings = Findings(file)
    start = data.removeprefix(b"\xef\xbb\xbf").lstrip()
    proposals = read_proposals(data, file, findings) if start.startswith(_JSON) else _read_csv(data, file, findings)
    if proposals is None or len(findings):
        raise InputError(f"cannot be converted: {file}", file=file, findings=findings)
    if proposals.protocol is not None:
        choose_protocol(proposals.protocol, protocol, findings)
    if not len(proposals.videos):
        raise InputError(f"holds no proposals: {file}", file=file)
    return proposals


def format_proposals(protocol: Protocol, proposals: Proposals) -> str:
    """A proposals file, one video a line."""
    lines = []
    start = 0
    for id, size in zip(proposals.videos, proposals.sizes.tolist(), strict=True):
        rows = proposals.rows[start : start + size].tolist()
        lines.append(f"  {json.dumps(id)}: {json.dumps(rows, allow_nan=False)}")
        start += size
    head = f'{{"format": {json.dumps(FORMAT)}, "protocol": {json.dumps(protocol.id)},\n "proposals": {{\n'
    return head + ",\n".join(lines) + "\n }\n}\n"


def _read_csv(data: bytes, file: str, findings: Findings) -> Proposals:
    columns, rows = _rows(data, file)
    videos: dict[str, list[tuple[float, float, float]]] = {}
    bare: dict[str, int] = {}  # videos with a row of their own and no proposal, and its line
    for line, row in rows:
        where = f"line {line}"
        if len(row) != len(columns):
            findings.add("wrong-length", f"{len(row)} fields instead of {len(columns)}", pointer=where)
            continue
        cells = dict(zip(columns, (cell.strip() for cell in row), strict=True))
        id = cells["video_id"]
        if not id:
            findings.add("missing-key", "the row names no video", pointer=where)
            continue
        texts = [cells[name] for name in COLUMNS[1:]]
        known = videos.setdefault(id, [])
        if not any(texts):
            if known or id in bare:
                message = f"{id!r} has a row without a proposal, so it can have no other row"
                findings.add("duplicate-id", message, pointer=where, id=id)
            bare[id] = line
            continue
        if id in bare:
            message = f"{id!r} has a row without a proposal (line {bare[id]}), so it can have no other row"
            findings.add("duplicate-id", message, pointer=where, id=id)
        numbers = [_number(text, name, where, id, findings) for name, text in zip(COLUMNS[1:], texts, strict=True)]
        onset, offset, score = (float("nan") if number is None else number for number in numbers)
        known.append((onset, offset, score))
    sizes = np.array([len(known) for known in videos.values()], dtype=np.int64)
    flat = np.array([row for known in videos.values() for row in known], dtype=np.float64).reshape(-1, 3)
    return Proposals(None, list(videos), sizes, flat, "")


def _rows(data: bytes, file: str) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """The header in lower case, and every row that is not blank with the line it begins on."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"is not UTF-8 text: {file}", file=file) from None
    delimiter = next((c for c in ",;\t" if c in text.split("\n", 1)[0]), ",")
    rows: list[tuple[int, list[str]]] = []
    line = 1
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        for row in reader:
            if any(cell.strip() for cell in row):
                rows.append((line, row))
            line = reader.line_num + 1
    except csv.Error as error:
        raise InputError(f"is not CSV: {file} ({error}, line {line})", file=file) from None
    hint = f"expected a CSV with the header {','.join(COLUMNS)} (any order, seconds), or ActivityNet's results"
    if not rows:
        raise InputError(f"holds no proposals: {file}", hint=hint, file=file)
    header = [cell.strip().lower() for cell in rows.pop(0)[1]]
    missing = [name for name in COLUMNS if name not in header]
    if missing:
        raise InputError(f"has no column {', '.join(missing)}: {file}", hint=hint, file=file)
    twice = next((name for name in COLUMNS if header.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"names the column {twice!r} twice: {file}", file=file)
    return header, rows


def _number(text: str, name: str, where: str, id: str, findings: Findings) -> float | None:
    if _NUMBER.fullmatch(text):
        number = float(text)
        if np.isfinite(number):
            return number
        report_number("a number beyond 1.8e308", where, findings, id)
    elif _NOT_FINITE.fullmatch(text):
        report_number(text, where, findings, id)
    else:
        findings.add("wrong-type", f"{name} is {text[:60]!r}, not a number", pointer=where, id=id)
    return None
