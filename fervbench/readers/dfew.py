"""DFEW's official fold lists, in every layout and numbering they are passed around in.

Folders: `EmoLabel_DataSplit/{train(single-labeled),test(single-labeled)}/set_k.csv`, `EmoLabel_DataSplit/{train,test}/
set_k.csv`, flat `train_set_k.csv` and `test_set_k.csv`, and the authors' own `label/single_{train,test}set_k.csv`.
Files: header `video_name,label`; the name a number, padded or not; labels 1..7 officially, 0..6 in derived lists, both
in the order of the protocol's classes. The numbering is recognised from all lists together, and said.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path

from fervbench.errors import LabelsError
from fervbench.findings import Findings
from fervbench.labels_file import Labels, read_source
from fervbench.protocol import Protocol
from fervbench.readers.folds import find_lists, join_folds, require_test_folds

_PATTERNS = (
    r"(^|/)(?P<part>train|test)[^/]*/set_?(?P<fold>[1-5])\.csv$",
    r"(^|[/_])(single_)?(?P<part>train|test)_?set_?(?P<fold>[1-5])\.csv$",
)


def read(path: Path, protocol: Protocol) -> Labels:
    """Labels of a copy of DFEW's lists: `path` is the folder of the lists or any folder above it.

    Raises LabelsError for unreadable lists and MismatchError where lists are absent or contradict each other.
    """
    lists = find_lists(path, ".csv", _PATTERNS)
    require_test_folds(lists, protocol, path, "EmoLabel_DataSplit/test(single-labeled)/set_1.csv to set_5.csv")
    findings = Findings(str(path))
    numbers = {key: _read_list(file, protocol, findings) for key, file in lists.items()}
    if len(findings):
        raise LabelsError(f"cannot be read as DFEW lists: {path}", file=str(path), findings=findings)
    notes: list[str] = []
    first = _first_number({n for clips in numbers.values() for n in clips.values()}, len(protocol.classes), path)
    if first == 0:
        notes.append("labels are numbered 0..6 here (the official csv number them 1..7): recognised, same class order")
    named = {
        key: {id: protocol.classes[number - first] for id, number in clips.items()} for key, clips in numbers.items()
    }
    return join_folds(named, protocol, path, notes)


def _read_list(file: Path, protocol: Protocol, findings: Findings) -> dict[str, int]:
    clips: dict[str, int] = {}
    try:
        text = read_source(file).decode("utf-8-sig")
        rows = list(csv.reader(io.StringIO(text, newline="")))
    except (UnicodeDecodeError, csv.Error) as error:
        raise LabelsError(f"is not CSV: {file} ({error})", file=str(file)) from None
    lines = list(enumerate(rows, 1))
    if rows and not any(cell.strip().lstrip("-").isdigit() for cell in rows[0]):
        lines = lines[1:]  # the header video_name,label
    for line, row in lines:
        cells = [cell.strip() for cell in row]
        if not any(cells):
            continue
        where = f"{file.name} line {line}"
        if len(cells) < 2 or not _is_number(cells[0].removesuffix(".0")) or not _is_number(cells[1].removesuffix(".0")):
            message = f"{','.join(cells)!r} is not 'video_name,label' with two numbers"
            findings.add("wrong-row", message, pointer=where)
            continue
        id = protocol.ids.canonical(cells[0].removesuffix(".0"))
        if id in clips:
            findings.add("duplicate-id", f"{id} stands more than once", pointer=where, id=id)
        clips[id] = int(cells[1].removesuffix(".0"))
    return clips


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 9


def _first_number(used: set[int], classes: int, path: Path) -> int:
    """The number of the first class: 1 officially, 0 in derived lists."""
    for first in (1, 0):
        if used <= set(range(first, first + classes)) and (first in used or first + classes - 1 in used):
            return first
    numbers = ", ".join(map(str, sorted(used)[:12]))
    raise LabelsError(
        f"labels are numbered {numbers or 'nowhere'}: neither 1..{classes} nor 0..{classes - 1}: {path}",
        hint="annotation.xlsx and the lists of other label sets are not fold lists; lists of two copies mixed?",
        file=str(path),
    )
