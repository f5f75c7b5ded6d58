"""Ratings of clips in memory, and the files they are read from.

    long  clip_id,rater,label[,role][,group]   one row a rating; role is normal or supplementary, group the copy of a
                                               group of clips that the rater was given
    wide  clip_id,<class>,...[,PASS][,n][,label]   votes by class; n their number, label what was made of them. DFEW's
                                               annotation is such a table: 1happy,...,7fear,order,label
Both as CSV, JSON (`schemas/ratings.schema.json`) and xlsx. PASS is no class: the rater found none that fits. Everything
wrong with a file is found in one pass; nothing is repaired.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fervbench.errors import InputError
from fervbench.findings import Findings
from fervbench.interval_checks import nearest
from fervbench.labels.sheet import Sheet, read_sheet, refuse
from fervbench.submission.spelling import suggest_class

IntArray = npt.NDArray[np.int64]

PASS = "PASS"  # noqa: S105 - FERV39k's button, no password
ROLES = ("normal", "supplementary")
LONG = ("clip_id", "rater", "label", "role", "group")
ID_NAMES = ("clip_id", "order", "video_name", "clip", "id")
TOTAL, LABEL = "n", "label"
SHAPE = "long: clip_id,rater,label[,role][,group]; wide: clip_id, one column of votes for each class[,PASS][,n][,label]"
_NUMBERED = re.compile(r"^\d+[ _.-]*(?=\D)")


@dataclass(frozen=True)
class Ratings:
    """Votes of N clips in K classes: `votes` (N, K) and `passes` (N,); `extra`, `extra_passes`: supplementary ones.

    In the long form the normal ratings themselves are known: `clip_of`, `rater_of`, `code` (K for PASS) and `group_of`
    (-1 for none), parallel arrays, with the names in `raters` and `groups`; in the wide form `raters` is empty.
    `stated` is the label column of the wide form, -1 where it is empty.
    """

    file: str
    sha256: str
    classes: tuple[str, ...]
    clips: list[str] = field(repr=False)
    votes: IntArray = field(repr=False)
    passes: IntArray = field(repr=False)
    extra: IntArray = field(repr=False)
    extra_passes: IntArray = field(repr=False)
    raters: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    clip_of: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64), repr=False)
    rater_of: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64), repr=False)
    code: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64), repr=False)
    group_of: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64), repr=False)
    stated: IntArray | None = field(default=None, repr=False)
    notes: tuple[str, ...] = ()

    @property
    def number(self) -> IntArray:
        """Normal ratings of each clip, PASS among them."""
        found: IntArray = self.votes.sum(axis=1) + self.passes
        return found


def read_ratings(
    source: str | Path | Sheet,
    *,
    classes: Sequence[str] = (),
    mapping: Mapping[str, str] | None = None,
    raters: int | None = None,
    allow_missing: bool = False,
    once_a_group: bool = False,
    canonical: Callable[[str], str] = str,
) -> Ratings:
    """Read ratings of clips in either form, from a file or from its sheet.

    `classes` are the classes and their order; without them those of the file (JSON), of `mapping` (fine label to
    class), of the columns, or the labels that occur, sorted. Every clip needs `raters` ratings: by default as many as
    most clips have; `allow_missing` asks for none. `once_a_group`: a rater may rate a clip once in each group, not just
    once. `canonical` gives the one spelling of an id. Raises InputError with every finding.
    """
    sheet = source if isinstance(source, Sheet) else read_sheet(source)
    known = tuple(classes) or sheet.classes or tuple(dict.fromkeys((mapping or {}).values()))
    if "rater" in sheet.header:
        return _long(sheet, known, dict(mapping or {}), raters, canonical, missing=allow_missing, twice=once_a_group)
    if mapping:
        raise InputError(f"counts votes by class, so a table of fine labels has no use: {sheet.file}", file=sheet.file)
    return _wide(sheet, known, raters, canonical, missing=allow_missing)


def read_mapping(path: str | Path, classes: Sequence[str] = ()) -> dict[str, str]:
    """A table of fine labels: columns `label,class`. Raises InputError with every finding."""
    sheet = read_sheet(path)
    if sheet.header != ["label", "class"]:
        raise InputError(f"has the header {','.join(sheet.header)!r}, not label,class: {path}", file=str(path))
    found: dict[str, str] = {}
    for where, (fine, name) in sheet.rows:
        if not fine or not name:
            sheet.findings.add("missing-value", "a label or its class is empty", pointer=where)
        elif fine == PASS:
            sheet.findings.add("unknown-class", f"{PASS} is no fine label", pointer=where)
        elif fine in found:
            sheet.findings.add("duplicate-id", f"{fine!r} stands more than once", pointer=where, id=fine)
        elif classes and name not in classes:
            hint = nearest(name, tuple(classes))
            sheet.findings.add("unknown-class", f"no class {name!r}", pointer=where, id=fine, hint=hint)
        found.setdefault(fine, name)
    if not found:
        sheet.findings.add("missing-value", "names no labels")
    if len(sheet.findings):
        raise refuse(sheet)
    return found


def _long(
    sheet: Sheet,
    classes: tuple[str, ...],
    mapping: dict[str, str],
    expected: int | None,
    canonical: Callable[[str], str],
    *,
    missing: bool,
    twice: bool,
) -> Ratings:
    findings = sheet.findings
    for name in sheet.header:
        if name not in LONG:
            findings.add("unknown-key", f"unknown column {name!r}", pointer="line 1", hint=nearest(name, LONG))
    for name in LONG[:3]:
        if name not in sheet.header:
            findings.add("missing-key", f"the column {name!r} is missing", pointer="line 1", hint=SHAPE)
    ids, who, labels, roles, groups = sheet.columns(*LONG)
    if not classes:
        classes = tuple(sorted({label for label in labels if label and label != PASS}))
        _check_spellings(classes, sheet, labels)
    code_of = {name: i for i, name in enumerate(classes)} | {PASS: len(classes)}
    code_of |= {fine: code_of.get(name, -1) for fine, name in mapping.items()}
    clips: dict[str, int] = {}
    names: dict[str, int] = {}
    copies: dict[str, int] = {}
    first: dict[tuple[str, ...], str] = {}
    found: list[tuple[int, int, int, int, bool]] = []
    for (where, _), id, rater, label, role, group in zip(sheet.rows, ids, who, labels, roles, groups, strict=True):
        id = canonical(id)
        code = code_of.get(label, -1)
        good = _check_row(where, id, rater, label, role, code, tuple(code_of), findings)
        key = (id, rater, group) if twice else (id, rater)
        if id and rater and key in first:
            message = f"{rater!r} has rated {id!r} before, in {first[key]}"
            findings.add("duplicate-rating", message, pointer=where, id=id, hint="which of them counts?")
            good = False
        first.setdefault(key, where)
        if good:
            place = clips.setdefault(id, len(clips)), names.setdefault(rater, len(names))
            copy = copies.setdefault(group, len(copies)) if group else -1
            found.append((*place, code, copy, role == ROLES[1]))
    table = np.array(found, dtype=np.int64).reshape(-1, 5)
    votes = np.zeros((2, len(clips), len(classes) + 1), dtype=np.int64)
    np.add.at(votes, (table[:, 4], table[:, 0], table[:, 2]), 1)
    if not missing:
        _check_number(list(clips), votes[0].sum(axis=1), expected, findings, "ratings", None)
    if not len(clips) and not len(findings):
        findings.add("no-ratings", "holds no ratings")
    if len(findings):
        raise refuse(sheet)
    normal = table[table[:, 4] == 0]
    return Ratings(
        *(sheet.file, sheet.sha256, classes, list(clips)),
        *(votes[0, :, :-1], votes[0, :, -1], votes[1, :, :-1], votes[1, :, -1]),
        raters=tuple(names),
        groups=tuple(copies),
        clip_of=normal[:, 0],
        rater_of=normal[:, 1],
        code=normal[:, 2],
        group_of=normal[:, 3],
    )


def _check_row(
    where: str, id: str, rater: str, label: str, role: str, code: int, known: tuple[str, ...], findings: Findings
) -> bool:
    before = len(findings)
    for what, value in (("clip_id", id), ("rater", rater), ("label", label)):
        if not value:
            hint = f"a rater who found no class writes {PASS}" if what == "label" else None
            findings.add("missing-value", f"{what} is empty", pointer=where, id=id or None, hint=hint)
    if not "".join((id, rater)).isprintable():
        findings.add("wrong-id", f"{id!r} of {rater!r}: not printable", pointer=where, id=id)
    if label and code < 0:
        hint = None if findings.full else nearest(label, known)
        findings.add("unknown-class", f"no class {label[:100]!r}", pointer=where, id=id, hint=hint)
    if role and role not in ROLES:
        findings.add("unknown-role", f"no role {role[:100]!r}", pointer=where, id=id, hint=f"known: {', '.join(ROLES)}")
    return len(findings) == before


def _check_spellings(classes: tuple[str, ...], sheet: Sheet, labels: list[str]) -> None:
    """Where nobody names the classes: labels that differ in their capitals alone are one class, misspelt."""
    folded: dict[str, list[str]] = {}
    for name in classes:
        folded.setdefault(name.casefold(), []).append(name)
    if PASS.casefold() in folded:
        folded[PASS.casefold()].append(PASS)
    counts = Counter(labels)
    for names in folded.values():
        for name in sorted(names, key=lambda name: -counts[name])[1:]:
            where = next(where for (where, _), label in zip(sheet.rows, labels, strict=True) if label == name)
            others = ", ".join(repr(other) for other in names if other != name)
            message = f"{name!r} and {others} differ in capitals alone ({counts[name]:,} times)"
            sheet.findings.add("unknown-class", message, pointer=where, hint="give --classes")


def _check_number(
    clips: list[str],
    number: IntArray,
    expected: int | None,
    findings: Findings,
    what: str,
    places: Sequence[str] | None,
) -> None:
    """A finding for every clip with another number of ratings (or votes) than it should have."""
    if not len(clips):
        return
    sizes = Counter(number.tolist())
    wanted = max(sizes, key=lambda size: (sizes[size], size)) if expected is None else expected
    told = "as most clips have" if expected is None else "as --raters says"
    for i in np.flatnonzero(number != wanted).tolist():
        short = number[i] < wanted
        rule = "counts-do-not-sum" if what == "votes" else "missing-ratings" if short else "surplus-ratings"
        message = f"{clips[i]!r} has {number[i]:,} {what}, not {wanted:,} {told}"
        hint = "--allow-missing takes clips as they are, --raters N says how many there should be"
        findings.add(rule, message, pointer=None if places is None else places[i], id=clips[i], hint=hint)


def _wide(
    sheet: Sheet, classes: tuple[str, ...], expected: int | None, canonical: Callable[[str], str], *, missing: bool
) -> Ratings:
    findings = sheet.findings
    named = [name for name in ID_NAMES if name in sheet.header]
    if not named:
        raise InputError(f"has no column clip_id: {sheet.file}", hint=SHAPE, file=sheet.file)
    columns, notes = _class_columns(sheet, named[0], classes, findings)
    order = classes or tuple(columns)
    if len(columns) < 2 and not len(findings):
        raise InputError(f"has no columns of votes: {sheet.file}", hint=SHAPE, file=sheet.file)
    places: list[str] = []
    clips: dict[str, int] = {}
    rows: list[list[int]] = []
    stated: list[int] = []
    at = [columns[name] for name in order if name in columns]
    others = [sheet.header.index(name) if name in sheet.header else -1 for name in (PASS, TOTAL, LABEL)]
    for where, cells in sheet.rows:
        id = canonical(cells[sheet.header.index(named[0])])
        if not id or not id.isprintable():
            findings.add("wrong-id", f"{id[:100]!r} cannot be an id", pointer=where, id=id)
        elif id in clips:
            message = f"{id!r} stands more than once (first in {places[clips[id]]})"
            findings.add("duplicate-rating", message, pointer=where, id=id)
        values = [_count(cells[x], sheet.header[x], where, id, findings) if x >= 0 else 0 for x in (*at, others[0])]
        total = _count(cells[others[1]], TOTAL, where, id, findings) if others[1] >= 0 else None
        if total is not None and min(values) >= 0 and total != sum(values):
            message = f"the votes of {id!r} sum to {sum(values)}, not to n = {total}"
            findings.add("counts-do-not-sum", message, pointer=where, id=id)
        stated.append(_stated(cells[others[2]], order, where, id, findings) if others[2] >= 0 else -1)
        clips.setdefault(id, len(clips))
        places.append(where)
        rows.append(values)
    if not rows and not len(findings):
        findings.add("no-ratings", "holds no ratings")
    if len(rows) == len(clips) and rows and all(min(row) >= 0 for row in rows) and not missing:
        sums = np.array(rows).sum(axis=1)
        if others[1] < 0 or expected is not None:
            _check_number(list(clips), sums, expected, findings, "votes", places)
    if len(findings):
        raise refuse(sheet)
    table = np.array(rows, dtype=np.int64)
    none = np.zeros_like(table)
    return Ratings(
        *(sheet.file, sheet.sha256, order, list(clips)),
        *(table[:, :-1], table[:, -1], none[:, :-1], none[:, -1]),
        stated=np.array(stated, dtype=np.int64) if others[2] >= 0 else None,
        notes=tuple(notes),
    )


def _class_columns(
    sheet: Sheet, id_name: str, classes: tuple[str, ...], findings: Findings
) -> tuple[dict[str, int], list[str]]:
    """Which column holds the votes of each class; a number before a name (DFEW's 1happy) is no part of it."""
    found: dict[str, int] = {}
    renamed = []
    for x, head in enumerate(sheet.header):
        if head in (id_name, PASS, TOTAL, LABEL):
            continue
        name = _NUMBERED.sub("", head)
        own: str | None = name
        if classes:
            own = name if name in classes else suggest_class(name, classes)
        if not own or own in found:
            said = f"a second column of {own}" if own else "names no class"
            hint = nearest(head, classes) if classes else SHAPE
            findings.add("unknown-class", f"column {head!r}: {said}", pointer="line 1", hint=hint)
            continue
        found[own] = x
        if own != head:
            renamed.append(f"{head} as {own}")
    for name in classes:
        if name not in found and not sheet.classes:
            findings.add("missing-key", f"no column holds the votes of {name!r}", pointer="line 1")
    return found, [f"columns read by their names: {', '.join(renamed)}"] if renamed else []


def _count(text: str, name: str, where: str, id: str, findings: Findings) -> int:
    """A number of votes; -1 and a finding where it is none."""
    if text.isascii() and text.isdigit() and len(text) <= 9:
        return int(text)
    findings.add("not-a-count", f"{name} is {text[:50]!r}, not a number of votes", pointer=where, id=id)
    return -1


def _stated(text: str, classes: tuple[str, ...], where: str, id: str, findings: Findings) -> int:
    """The class that a label column states: its name, or its number from 1 (DFEW); 0 and nothing are none."""
    if text in ("", "0"):
        return -1
    if text in classes:
        return classes.index(text)
    if text.isascii() and text.isdigit() and len(text) < 4 and 1 <= int(text) <= len(classes):
        return int(text) - 1
    known = f"a class, or its number 1..{len(classes)}; 0 for none"
    findings.add("unknown-class", f"label is {text[:50]!r}", pointer=where, id=id, hint=known)
    return -1
