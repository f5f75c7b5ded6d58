"""Raw annotations as rows of text, from whatever file they come in: CSV, JSON or an Excel workbook.

Everything after this looks at rows alone, so that a rule holds for every format. A row knows its place in the file:
`line N` in CSV, `row N` in a workbook, a JSON pointer in JSON.
"""

from __future__ import annotations

import csv
import hashlib
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fervbench import schema
from fervbench.errors import InputError, MissingExtraError
from fervbench.files import read_bounded
from fervbench.findings import Findings
from fervbench.strict_json import RepeatedKeys, parse, pointer, report_repeated, walk

RATINGS = "fervbench-ratings/1"
INTERVALS = "fervbench-interval-ratings/1"
_SCHEMAS = {RATINGS: "ratings", INTERVALS: "interval-ratings"}
_ZIP = b"PK\x03\x04"
_MAX_UNPACKED = 512 * 2**20


@dataclass(frozen=True)
class Sheet:
    """A header and rows of as many cells, each with its place; `classes` where the file names them (JSON)."""

    file: str
    sha256: str
    header: list[str]
    rows: list[tuple[str, list[str]]] = field(repr=False)
    findings: Findings = field(repr=False)
    classes: tuple[str, ...] = ()

    def columns(self, *names: str) -> list[list[str]]:
        """Whole columns by name; a column that is not there is empty text in every row."""
        found = []
        for name in names:
            at = self.header.index(name) if name in self.header else None
            found.append([""] * len(self.rows) if at is None else [cells[at] for _, cells in self.rows])
        return found


def refuse(sheet: Sheet) -> InputError:
    """The error for a file with findings."""
    return InputError(f"cannot be used: {sheet.file}", file=sheet.file, findings=sheet.findings)


def read_sheet(path: str | Path, data: bytes | None = None) -> Sheet:
    """Read a file of annotations (CSV, JSON, xlsx; gzip of the first two). "-" is standard input; `data` are the bytes
    where they have been read already.

    Raises InputError where it cannot be read at all, with every finding where JSON breaks its schema, and
    MissingExtraError for a workbook without openpyxl. Rows of the wrong length are findings of the sheet.
    """
    file = str(path)
    data = read_bounded(path) if data is None else data
    sha256 = hashlib.sha256(data).hexdigest()
    findings = Findings(file)
    if data.startswith(_ZIP):
        rows = _workbook_rows(data, file)
    elif data.lstrip()[:1] in (b"{", b"["):
        return _json_sheet(data, file, sha256, findings)
    else:
        rows = _csv_rows(data, file)
    if not rows:
        raise InputError(f"is empty: {file}", file=file)
    _, header = rows.pop(0)
    header = [name.strip() for name in header]
    for name in sorted({name for name in header if name and header.count(name) > 1}):
        findings.add("duplicate-key", f"the column {name!r} stands more than once", pointer="line 1")
    good = []
    for where, cells in rows:
        if len(cells) != len(header):
            findings.add("wrong-length", f"{len(cells)} fields instead of {len(header)}", pointer=where)
        else:
            good.append((where, [cell.strip() for cell in cells]))
    return Sheet(file, sha256, header, good, findings)


def _csv_rows(data: bytes, file: str) -> list[tuple[str, list[str]]]:
    rows: list[tuple[str, list[str]]] = []
    try:
        reader = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
        line = 1
        for row in reader:
            if any(cell.strip() for cell in row):
                rows.append((f"line {line}", row))
            line = reader.line_num + 1
    except UnicodeDecodeError:
        hint = "save as UTF-8; annotations are CSV, JSON or xlsx"
        raise InputError(f"is not UTF-8: {file}", hint=hint, file=file) from None
    except csv.Error as error:
        raise InputError(f"is not CSV: {file} ({error})", file=file) from None
    return rows


def _workbook_rows(data: bytes, file: str) -> list[tuple[str, list[str]]]:
    """The rows of the first sheet; empty rows are left out, and empty cells at the right of all."""
    try:
        import openpyxl
    except ImportError:
        raise MissingExtraError("reading an Excel workbook (openpyxl)", "xlsx") from None
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(member.file_size for member in archive.infolist()) > _MAX_UNPACKED:
                raise InputError(f"unpacks to more than {_MAX_UNPACKED // 2**20} MiB: {file}", file=file)
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        values = [list(row) for row in book.worksheets[0].iter_rows(values_only=True)]
        book.close()
    except InputError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever zipfile and openpyxl make of a damaged file
        raise InputError(f"cannot be read as a workbook: {file} ({error})", file=file) from None
    rows = [(f"row {number}", [_cell_text(value) for value in row]) for number, row in enumerate(values, 1)]
    rows = [(where, cells) for where, cells in rows if any(cells)]
    width = max((x + 1 for _, cells in rows for x, cell in enumerate(cells) if cell), default=0)
    return [(where, (cells + [""] * width)[:width]) for where, cells in rows]


def _cell_text(value: Any) -> str:
    """A cell as text; Excel stores whole numbers as floats."""
    if value is None:
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()


def _json_sheet(data: bytes, file: str, sha256: str, findings: Findings) -> Sheet:
    document = parse(data, file)
    content = document.value
    name = content.get("format") if isinstance(content, dict) else None
    if not isinstance(name, str) or name not in _SCHEMAS:
        known = ", ".join(_SCHEMAS)
        message = f"has the format {name!r}, not one of {known}" if name else f"names no format: {file}"
        raise InputError(message, hint=f'"format" is one of {known}', file=file)
    keeps = schema.accepts(content, schema.load(_SCHEMAS[name]))
    if document.suspect or not keeps:
        for table, where in _tables(content):
            if isinstance(table, RepeatedKeys):
                report_repeated(table, where, findings, rule="duplicate-rating")
                table.repeated = []
        walk(content, findings)
        if not keeps:
            schema.violations(content, schema.load(_SCHEMAS[name]), findings)
            raise InputError(f"cannot be used: {file}", file=file, findings=findings)
    classes = tuple(content.get("classes", ()))
    rows = list(_interval_rows(content, findings) if name == INTERVALS else _rating_rows(content))
    header = list(dict.fromkeys(key for _, row in rows for key in row))
    if name == RATINGS and "counts" in content:
        header = list(dict.fromkeys(["clip_id", *classes, *header]))
    empty = "0" if name == RATINGS and "counts" in content else ""
    cells = [(where, [row.get(key, empty) for key in header]) for where, row in rows]
    return Sheet(file, sha256, header, cells, findings, classes)


def _tables(content: dict[str, Any]) -> Iterator[tuple[Any, str]]:
    """The objects whose keys are ids, raters or classes: a repeated one is a rating given twice."""
    for key in ("counts", "videos"):
        table = content.get(key)
        yield table, pointer(key)
        for id, entry in table.items() if isinstance(table, dict) else ():
            yield entry, pointer(key, id)
            if isinstance(entry, dict):
                yield entry.get("raters"), pointer(key, id, "raters")


def _rating_rows(content: dict[str, Any]) -> Iterator[tuple[str, dict[str, str]]]:
    for i, row in enumerate(content.get("ratings", ())):
        yield pointer("ratings", i), {key: str(value) for key, value in row.items()}
    for id, counts in content.get("counts", {}).items():
        yield pointer("counts", id), {"clip_id": id} | {name: str(value) for name, value in counts.items()}


def _interval_rows(content: dict[str, Any], findings: Findings) -> Iterator[tuple[str, dict[str, str]]]:
    for id, video in content["videos"].items():
        about = {key: str(video[key]) for key in ("duration", "fps", "subject", "split") if key in video}
        for rater, triples in video["raters"].items():
            where = pointer("videos", id, "raters", rater)
            base = {"video_id": id, "rater": rater} | about
            if not triples:
                yield where, base | {"onset": "", "offset": "", "label": ""}
            for i, (onset, offset, label) in enumerate(triples):
                if not isinstance(label, str):
                    findings.add("wrong-type", f"label is {label!r}, not text", pointer=f"{where}/{i}/2", id=id)
                yield f"{where}/{i}", base | {"onset": str(onset), "offset": str(offset), "label": str(label)}
