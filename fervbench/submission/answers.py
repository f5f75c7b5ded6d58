"""From the values of a predictions object to class indices.

Whole columns are checked with numpy; only where something is wrong are the values looked at one by one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from fervbench.findings import Findings
from fervbench.strict_json import Unusable, pointer, report_number
from fervbench.submission.model import INVALID, MISSING
from fervbench.submission.spelling import NUMBERS_HINT, suggest_class

IntArray = npt.NDArray[np.int64]

NO_ANSWER_HINT = "no answer is written as null"
# What libraries write for a value that is not there. None of them is a class that anyone misspelled.
_NO_ANSWER = {"", "none", "nan", "null", "nil", "na", "n/a", "<na>"}
# Also as numpy writes a class number that became a float: 3.0, 3.000e+00.
_NUMBER = re.compile(r"[+-]*\d+(\.\d*)?([eE][+-]?\d+)?")


def read_answers(
    predictions: dict[str, Any], order: Sequence[str] | None, classes: tuple[str, ...], where: str, findings: Findings
) -> tuple[IntArray, npt.NDArray[np.bool_]]:
    """Class indices of the answers, in the order of `predictions`, and which of them shared their top score.

    `order` is the submission's `classes` (the order of its scores), None if it names none. A value that cannot be used
    is a finding and INVALID. Equal top scores: the first in the protocol's class order.
    """
    values = list(predictions.values())
    codes = np.full(len(values), MISSING, dtype=np.int64)
    types = set(map(type, values))
    if types <= {str, type(None)}:
        lookup: dict[str | None, int] = {name: i for i, name in enumerate(classes)}
        lookup[None] = MISSING
        codes = np.array([lookup.get(value, INVALID) for value in values], dtype=np.int64)
        if (codes == INVALID).any():
            keys = list(predictions)
            for i in np.flatnonzero(codes == INVALID).tolist():
                _report_label(values[i], keys[i], classes, where, findings)
        return codes, np.zeros(len(values), dtype=np.bool_)
    if types == {list}:
        return _read_scores(values, list(predictions), order, classes, where, findings)
    keys = list(predictions)
    tied = np.zeros(len(values), dtype=np.bool_)
    for kind in (list, str, type(None)):
        chosen = [i for i, value in enumerate(values) if type(value) is kind]
        if chosen:
            part = {keys[i]: values[i] for i in chosen}
            codes[chosen], tied[chosen] = read_answers(part, order, classes, where, findings)
    for i, value in enumerate(values):
        if type(value) not in (list, str, type(None)):
            codes[i] = INVALID
            _report_other(value, keys[i], where, findings)
    return codes, tied


def _read_scores(
    rows: list[list[Any]],
    keys: list[str],
    order: Sequence[str] | None,
    classes: tuple[str, ...],
    where: str,
    findings: Findings,
) -> tuple[IntArray, npt.NDArray[np.bool_]]:
    scores = _as_array(rows, len(classes))
    good = np.ones(len(rows), dtype=np.bool_)
    if scores is None:
        pairs = zip(rows, keys, strict=True)
        good = np.array([_row_is_good(row, key, len(classes), where, findings) for row, key in pairs])
        scores = np.array([[float(x) for x in row] for row, ok in zip(rows, good, strict=True) if ok])
        scores = scores.reshape(-1, len(classes))
    if order is None:
        names = ", ".join(f'"{name}"' for name in classes)
        findings.add(
            "missing-key",
            "scores are given but 'classes' does not say in which order",
            hint=f'add "classes": [{names}] in the order of your scores',
            pointer="/classes",
        )
        order = classes
    if set(order) == set(classes) and len(order) == len(classes) and tuple(order) != classes:
        position = {name: i for i, name in enumerate(order)}
        scores = scores[:, [position[name] for name in classes]]
    codes = np.full(len(rows), INVALID, dtype=np.int64)
    codes[good] = scores.argmax(axis=1) if len(scores) else 0
    tied = np.zeros(len(rows), dtype=np.bool_)
    if len(scores):
        tied[good] = (scores == scores.max(axis=1, keepdims=True)).sum(axis=1) > 1
    return codes, tied


def _as_array(rows: list[list[Any]], classes: int) -> npt.NDArray[np.float64] | None:
    """The rows as an array (n, classes); None unless every row is `classes` finite numbers."""
    if set(map(len, rows)) != {classes} or not set(map(type, chain.from_iterable(rows))) <= {float, int}:
        return None
    try:
        flat = np.fromiter(chain.from_iterable(rows), dtype=np.float64, count=len(rows) * classes)
    except OverflowError:  # an integer beyond the range of float64
        return None
    return flat.reshape(-1, classes) if np.isfinite(flat).all() else None


def _row_is_good(row: list[Any], key: str, classes: int, where: str, findings: Findings) -> bool:
    here = where + pointer(key)
    if len(row) != classes:
        hint = None
        if len(row) == classes + 1:
            hint = "a background or extra class? leave its score out"
        findings.add("wrong-length", f"{len(row)} scores for {classes} classes", pointer=here, id=key, hint=hint)
        return False
    good = True
    for i, x in enumerate(row):
        if isinstance(x, Unusable):
            report_number(x.literal, f"{here}/{i}", findings, key)
        elif isinstance(x, bool) or not isinstance(x, (int, float)):
            shown = "another list" if isinstance(x, list) else "an object" if isinstance(x, dict) else repr(x)[:60]
            findings.add("wrong-type", f"{shown} is not a number", pointer=f"{here}/{i}", id=key)
        else:
            try:
                if math.isfinite(float(x)):
                    continue
                report_number("a number beyond 1.8e308", f"{here}/{i}", findings, key)
            except OverflowError:
                report_number("a number beyond 1.8e308", f"{here}/{i}", findings, key)
        good = False
    return good


def _report_label(value: str, key: str, classes: tuple[str, ...], where: str, findings: Findings) -> None:
    here = where + pointer(key)
    if len(value) > 200:
        message = f"no class {value[:50] + '...'!r}"
        findings.add("unknown-class", message, pointer=here, id=key, hint="an answer is the class name alone")
        return
    if value.strip().lower() in _NO_ANSWER:
        findings.add("unknown-class", f"no class {value!r}", pointer=here, id=key, hint=NO_ANSWER_HINT)
        return
    if _NUMBER.fullmatch(value.strip()):
        findings.add("class-number", f"{value!r} is a number, not a class", pointer=here, id=key, hint=NUMBERS_HINT)
        return
    meant = None if findings.full else suggest_class(value, classes)
    hint = f"did you mean {meant}?" if meant else f"classes: {', '.join(classes)}; no answer is null"
    findings.add("unknown-class", f"no class {value!r}", pointer=here, id=key, hint=hint)


def _report_other(value: Any, key: str, where: str, findings: Findings) -> None:
    here = where + pointer(key)
    if isinstance(value, Unusable):
        report_number(value.literal, here, findings, key)
    elif isinstance(value, float) and not math.isfinite(value):
        report_number(str(value), here, findings, key)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        findings.add("class-number", f"{value} is a number, not a class", pointer=here, id=key, hint=NUMBERS_HINT)
    else:
        what = "an object" if isinstance(value, dict) else repr(value).lower()
        hint = "an answer is a class name, one score per class in the order of 'classes', or null"
        if isinstance(value, dict):
            hint = 'scores are a list in the order of "classes", not an object'
        findings.add("wrong-type", f"{what} is not an answer", pointer=here, id=key, hint=hint)
