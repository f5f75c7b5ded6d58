"""From what training code writes (CSV, npz) to a predictions file.

A table has one row an answer, or one row a view of a clip: an id, and a class name, a class number, or one score per
class. Rows with scores for one id are views and are averaged; rows with labels for one id are a mistake.

Where a file names its score columns, the names decide, also where they are another list's (Happiness for Happy); an
order given beside them may say the same, never something else.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fervbench.errors import InputError, UsageError
from fervbench.files import read_bounded
from fervbench.findings import Findings
from fervbench.protocol import Protocol
from fervbench.submission.answers import read_answers
from fervbench.submission.spelling import form_hint, suggest_class

ID_NAMES = (
    *("clip_id", "id", "ids", "video_name", "video_id", "video"),
    *("name", "names", "path", "file", "filename", "file_name", "file_path"),
    *("video_path", "clip_path", "clip_name", "clip"),
)
ANSWER_NAMES = (
    *("label", "labels", "prediction", "predictions", "pred", "preds", "predicted"),
    *("answer", "answers", "class"),
)
SCORE_NAMES = ("scores", "score", "probs", "probabilities", "logits", "outputs", "predictions")
_MAX_ARRAY_BYTES = 2**30
# A class number; also as numpy writes one that became a float (3.0, 3.000e+00).
_INTEGER = re.compile(r"-?[0-9]{1,18}")
_FLOAT = re.compile(r"-?[0-9]{1,18}\.?[0-9]{0,30}([eE][+-]?0*[0-9])?")


@dataclass(frozen=True)
class Table:
    """Rows of one file: ids, and either labels (words or numbers as text) or scores of shape (rows, classes).

    `names` are the file's own names of the score columns, or of the numbers; None where it has none.
    """

    file: str
    ids: list[str]
    labels: list[str] | None
    scores: npt.NDArray[np.float64] | None
    names: list[str] | None


def read_table(path: Path, protocol: Protocol) -> Table:
    """Read a CSV (comma, semicolon, tab or spaces; with or without a header) or an npz. Raises InputError."""
    if path.is_dir():
        raise InputError(f"is a folder, not a file: {path}", file=str(path))
    if not path.is_file():
        raise InputError(f"no such file: {path}", file=str(path))
    if path.suffix == ".npz" or zipfile.is_zipfile(path):
        return _read_npz(path)
    return _read_csv(path, protocol)


def _read_csv(path: Path, protocol: Protocol) -> Table:
    file = str(path)
    try:
        text = read_bounded(path).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"is not UTF-8 text: {file}", file=file) from None
    first = text.split("\n", 1)[0]
    delimiter = next((c for c in ",;\t" if c in first), None)
    try:
        if delimiter:
            reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
            numbered = [(row, reader.line_num) for row in reader if row]
        else:
            numbered = [(line.split(), i) for i, line in enumerate(text.splitlines(), 1) if line.strip()]
    except csv.Error as error:
        raise InputError(f"is not CSV: {file} ({error})", file=file) from None
    lines = [line for _, line in numbered]
    rows = [[cell.strip() for cell in row] for row, _ in numbered]
    header = rows.pop(0) if rows and rows[0] and rows[0][0].lower() in ID_NAMES else None
    if not rows:
        raise InputError(f"holds no answers: {file}", file=file)
    width = len(header or rows[0])
    uneven = next((i for i, row in enumerate(rows) if len(row) != width), None)
    if uneven is not None:
        line = lines[uneven + (1 if header else 0)]
        raise InputError(f"line {line} has {len(rows[uneven])} fields instead of {width}: {file}", file=file)
    ids = [row[0] for row in rows]
    columns, names = _answer_columns(header, width, protocol, file)
    if len(columns) == 1:
        return Table(file, ids, [row[columns[0]] for row in rows], None, None)
    try:
        scores = np.array([[float(row[c]) for c in columns] for row in rows])
    except ValueError as error:
        hint = None if header else f"a line of column names starts with {ID_NAMES[0]}"
        raise InputError(f"holds a score that is not a number: {file} ({error})", hint=hint, file=file) from None
    return Table(file, ids, None, scores, names)


def _answer_columns(
    header: list[str] | None, width: int, protocol: Protocol, file: str
) -> tuple[list[int], list[str] | None]:
    """Which columns hold the answer; for scores also the header's names of them."""
    k = len(protocol.classes)
    if header is not None:
        by_name = {name.lower(): i for i, name in enumerate(header)}
        if all(name.lower() in by_name for name in protocol.classes):
            if len(by_name) < len(header):
                raise InputError(f"names a column twice: {file}", file=file)
            scores = sorted(by_name[name.lower()] for name in protocol.classes)
            return scores, [header[i] for i in scores]
        meant = {i: suggest_class(name, protocol.classes) for i, name in enumerate(header) if i}
        scores = [i for i, name in meant.items() if name is not None]
        if sorted(filter(None, meant.values())) == sorted(protocol.classes):
            return scores, [header[i] for i in scores]
        named = [i for i, name in enumerate(header) if i and name.lower() in ANSWER_NAMES]
        if len(named) == 1:
            return named, None
    if width == 2:
        return [1], None
    if width == k + 1:
        return list(range(1, k + 1)), None if header is None else header[1:]
    raise InputError(
        f"has {width} columns: {file}",
        hint=f"expected id,label, or id and {k} scores ({', '.join(protocol.classes)}), or a header that names them",
        file=file,
    )


def _read_npz(path: Path) -> Table:
    file = str(path)
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(member.file_size for member in archive.infolist()) > _MAX_ARRAY_BYTES:
                raise InputError(f"unpacks to more than {_MAX_ARRAY_BYTES // 2**20} MiB: {file}", file=file)
        with np.load(path, allow_pickle=False) as arrays:
            content = {name: arrays[name] for name in arrays.files}
    except InputError:
        raise
    except Exception as error:  # whatever zipfile, zlib and numpy make of a damaged file
        hint = "arrays of text, not of objects" if "Object arrays" in str(error) else None
        raise InputError(f"cannot be read as npz: {file} ({error})", hint=hint, file=file) from error
    foreign = [name for name, value in content.items() if not isinstance(value, np.ndarray)]
    if foreign:
        raise InputError(f"is a zip, but no npz: {file} (it holds {', '.join(foreign[:5])})", file=file)
    ids = _one_array(content, ID_NAMES, 1, file, "ids")
    scores = _one_array(content, SCORE_NAMES, 2, file, None)
    order = _one_array(content, ("classes",), 1, file, None)
    names = None if order is None else [_text(name) for name in order.tolist()]
    if ids is None:
        raise InputError(f"has no array of ids: {file}", file=file)
    texts = [_text(id) for id in ids.tolist()]
    if not texts:
        raise InputError(f"holds no answers: {file}", file=file)
    if scores is not None:
        if scores.dtype.kind not in "fiu" or len(scores) != len(texts):
            what = f"scores of shape {scores.shape} and type {scores.dtype}"
            raise InputError(f"has {what} for {len(texts)} ids: {file}", file=file)
        return Table(file, texts, None, scores.astype(np.float64), names)
    labels = _one_array(content, ANSWER_NAMES, 1, file, "predictions")
    if labels is None or len(labels) != len(texts):
        raise InputError(f"has no array of one answer for each of {len(texts)} ids: {file}", file=file)
    return Table(file, texts, [_text(label) for label in labels.tolist()], None, names)


def _text(value: Any) -> str:
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)


def _one_array(content: dict[str, Any], names: Sequence[str], ndim: int, file: str, what: str | None) -> Any:
    found = [name for name in names if name in content and content[name].ndim == ndim]
    if len(found) > 1:
        raise InputError(f"has several arrays that could be meant: {', '.join(found)}: {file}", file=file)
    if not found and what is not None:
        have = ", ".join(f"{name} {array.shape}" for name, array in content.items())
        raise InputError(f"has no array of {what}: {file} (it has {have})", hint=f"name it {what!r}", file=file)
    return content[found[0]] if found else None


def to_answers(
    table: Table, protocol: Protocol, classes: Sequence[str] | None, first: int, *, softmax: bool = False
) -> tuple[dict[str, Any], list[str] | None, list[str]]:
    """Answers by canonical id, the class order of their scores (None for labels), and notes of what was done.

    `classes` gives the order of numbers and score columns that the file does not name; `first` is the number of the
    first class. Raises InputError where the table leaves open what it means.
    """
    if classes is not None and sorted(classes) != sorted(protocol.classes):
        raise UsageError(
            f"--classes is not a permutation of the classes of {protocol.id}",
            hint=f"its classes, in the protocol's order: {','.join(protocol.classes)}",
        )
    ids = [protocol.ids.canonical(id) for id in table.ids]
    if table.scores is None:
        return _labels(table, ids, protocol, classes, first)
    order, notes = _order(table, protocol, classes)
    if order is None:
        raise InputError(
            f"does not name the classes of its scores: {table.file}",
            hint="give --classes in the order of the columns, or a header with the class names",
            file=table.file,
        )
    if table.scores.shape[1] != len(order) or sorted(order) != sorted(protocol.classes):
        raise InputError(
            f"has {table.scores.shape[1]} scores a row in the order {', '.join(order)}: {table.file}",
            hint=f"classes of {protocol.id}: {', '.join(protocol.classes)}",
            file=table.file,
        )
    if not np.isfinite(table.scores).all():
        row = int(np.flatnonzero(~np.isfinite(table.scores).all(axis=1))[0])
        raise InputError(f"has a score that is not finite (row {row + 1}, {ids[row]!r}): {table.file}", file=table.file)
    scores = _softmax(table.scores) if softmax else table.scores
    index = {id: i for i, id in enumerate(dict.fromkeys(ids))}
    position = np.array([index[id] for id in ids])
    total = np.zeros((len(index), len(order)))
    with np.errstate(over="ignore", invalid="ignore"):  # said below, with the id
        np.add.at(total, position, scores)
    if not np.isfinite(total).all():
        id = list(index)[int(np.flatnonzero(~np.isfinite(total).all(axis=1))[0])]
        raise InputError(f"has scores too large to be averaged ({id!r}): {table.file}", file=table.file)
    views = np.bincount(position, minlength=len(index))
    mean = total / views[:, None]
    if views.max() > 1:
        spread = f"{views.min()} to {views.max()} views a clip"
        notes.append(f"{len(ids):,} views of {len(index):,} clips averaged ({spread})")
    return dict(zip(index, mean.tolist(), strict=True)), order, notes


def _order(table: Table, protocol: Protocol, classes: Sequence[str] | None) -> tuple[list[str] | None, list[str]]:
    """The class order of numbers or score columns, None if nobody says; and a note where names were not exactly theirs.

    Raises UsageError where a name means another class than `classes` has in its place.
    """
    names = table.names or []
    meant = [suggest_class(name, protocol.classes) for name in names]
    complete = sorted(filter(None, meant)) == sorted(protocol.classes) and len(names) == len(protocol.classes)
    for name, own, given in zip(names, meant, classes or (), strict=False):  # the shape is checked where it is used
        if own is not None and own != given:
            raise UsageError(
                f"{name!r} is {own} by its name, and --classes says otherwise ({given}): {table.file}",
                hint="leave --classes out" if complete else "mend the name, or --classes",
                file=table.file,
            )
    if not complete:
        return (None if classes is None else list(classes)), []
    order = [own for own in meant if own is not None]
    renamed = [f"{name} as {own}" for name, own in zip(names, order, strict=True) if name.lower() != own.lower()]
    return order, [f"classes read by their names: {', '.join(renamed)}"] if renamed else []


def _softmax(scores: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    with np.errstate(over="ignore"):  # a difference beyond float64 is -inf, whose share is 0, as it should be
        raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    total: npt.NDArray[np.float64] = raised / raised.sum(axis=1, keepdims=True)
    return total


def _labels(
    table: Table, ids: list[str], protocol: Protocol, classes: Sequence[str] | None, first: int
) -> tuple[dict[str, Any], None, list[str]]:
    labels: list[str | None] = [label or None for label in table.labels or []]
    if len(set(ids)) != len(ids):
        seen: set[str] = set()
        twice = next(id for id in ids if id in seen or seen.add(id))  # type: ignore[func-returns-value]
        raise InputError(
            f"answers {twice!r} more than once: {table.file}",
            hint="views of a clip are averaged from scores; labels cannot be",
            file=table.file,
        )
    numbers = {label: _class_number(label) for label in labels if label is not None}
    if all(number is None for number in numbers.values()):
        return dict(zip(ids, labels, strict=True)), None, []
    odd = next((i for i, label in enumerate(labels) if label is not None and numbers[label] is None), None)
    if odd is not None:
        raise InputError(
            f"holds class numbers and also {str(labels[odd])[:60]!r} (for {ids[odd][:60]!r}): {table.file}",
            hint=f"no answer is an empty field; a line of column names starts with {ID_NAMES[0]}",
            file=table.file,
        )
    order, notes = _order(table, protocol, classes)
    if order is None:
        raise InputError(
            f"numbers its classes, and does not say how: {table.file}",
            hint="give --classes in the order of the numbers: the field uses three different orders",
            file=table.file,
        )
    used = {number for number in numbers.values() if number is not None}
    if not used <= set(range(first, first + len(order))):
        other_first = set(range(1 - first, 1 - first + len(order)))
        raise InputError(
            f"holds the numbers {min(used)}..{max(used)}, not {first}..{first + len(order) - 1}: {table.file}",
            hint="--first says which number the first class has"
            if used <= other_first
            else f"{protocol.id} has {len(order)} classes",
            file=table.file,
        )
    if first == 0 and 0 not in used:
        notes.append("no answer has the number 0: if the first class is 1, give --first 1")
    named = {label: None if number is None else order[number - first] for label, number in numbers.items()}
    return {id: None if label is None else named[label] for id, label in zip(ids, labels, strict=True)}, None, notes


def _class_number(label: str) -> int | None:
    """The whole number that a label is, or None."""
    if _INTEGER.fullmatch(label):
        return int(label)
    if not _FLOAT.fullmatch(label):
        return None
    number = float(label)
    return int(number) if number.is_integer() else None


def check_form(answers: dict[str, Any], order: Sequence[str] | None, protocol: Protocol, file: str) -> Findings:
    """What can be said against answers without the ground truth: values that are none, and ids of another form."""
    findings = Findings(file)
    read_answers(answers, order, protocol.classes, "", findings)
    for id in answers:
        if not protocol.ids.looks_right(id):
            message = f"{id[:200]!r} has not the form of an id of {protocol.id}"
            findings.add("unknown-id", message, hint=form_hint(id, protocol), id=id)
    return findings
