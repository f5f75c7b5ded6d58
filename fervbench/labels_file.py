"""Labels in memory, and the generic labels file `fervbench-labels/1`.

CSV with the header `clip_id,label[,configuration][,part][,fold][,cluster]`, one row a clip. `configuration` is a leaf
of the protocol and may be left out where there is only one; `fold` (its id, or its number from 1) may stand in its
place, and beside it must agree; `part` is `test` (the default) or `train`; `cluster` is the source video, movie or
subject.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fervbench.errors import InputError, LabelsError
from fervbench.files import read_bounded
from fervbench.findings import Findings
from fervbench.protocol import Protocol

COLUMNS = ("clip_id", "label", "configuration", "part", "fold", "cluster")
PARTS = ("test", "train")


@dataclass(frozen=True)
class Labels:
    """Labelled clips as parallel lists: canonical id, class name, leaf configuration, part; clusters may be absent.

    `notes` says what a reader recognised on the way (numbering, folders left out).
    """

    ids: list[str]
    labels: list[str]
    leaves: list[str]
    parts: list[str]
    clusters: list[str] | None = None
    notes: tuple[str, ...] = field(default=(), compare=False)

    def __len__(self) -> int:
        return len(self.ids)


def read_source(path: str | Path) -> bytes:
    """The bytes of a file that holds a ground truth. Raises LabelsError where it is absent or cannot be read."""
    try:
        return read_bounded(path)
    except InputError as error:
        raise LabelsError(error.message, hint=error.hint, file=error.file) from None


def is_labels_file(data: bytes) -> bool:
    """Whether a file starts with the header of a labels file."""
    return data[:200].lstrip(b"\xef\xbb\xbf").replace(b'"', b"").startswith(b"clip_id,label")


def read_labels(data: bytes, protocol: Protocol, file: str) -> Labels:
    """Read a `fervbench-labels/1` file. Raises LabelsError with every finding (pointer: the line)."""
    findings = Findings(file)
    try:
        rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True))
    except UnicodeDecodeError:
        raise LabelsError(f"is not UTF-8: {file}", file=file) from None
    except csv.Error as error:
        raise LabelsError(f"is not CSV: {file} ({error})", file=file) from None
    header = rows.pop(0) if rows else []
    unknown = [name for name in header if name not in COLUMNS]
    if header[:2] != ["clip_id", "label"] or unknown or len(set(header)) != len(header):
        raise LabelsError(
            f"has the header {','.join(header)!r}, not clip_id,label[,configuration][,part][,fold][,cluster]: {file}",
            file=file,
        )
    lines: Sequence[int] = range(2, len(rows) + 2)
    if set(map(len, rows)) != {len(header)}:
        for line, row in zip(lines, rows, strict=True):
            if len(row) not in (0, len(header)):
                message = f"{len(row)} fields instead of {len(header)}"
                findings.add("wrong-length", message, pointer=f"line {line}")
        lines = [line for line, row in zip(lines, rows, strict=True) if len(row) == len(header)]
        rows = [row for row in rows if len(row) == len(header)]
    if not rows:
        message = f"names no clips: {file}"
        raise LabelsError(message, file=file, findings=findings if len(findings) else None)
    columns = dict(zip(header, map(list, zip(*rows, strict=True)), strict=True))
    ids = columns["clip_id"]
    if protocol.ids.zero_pad:
        ids = [protocol.ids.canonical(id) for id in ids]
    labels = Labels(
        ids=ids,
        labels=columns["label"],
        leaves=_leaf_column(columns, ids, protocol, findings, lines),
        parts=[part or "test" for part in columns["part"]] if "part" in columns else ["test"] * len(ids),
        clusters=columns.get("cluster"),
    )
    check_rows(labels, protocol, findings, lines)
    if len(findings):
        raise LabelsError(f"cannot be used for {protocol.id}: {file}", file=file, findings=findings)
    return labels


def _leaf_column(
    columns: dict[str, list[str]], ids: list[str], protocol: Protocol, findings: Findings, lines: Sequence[int]
) -> list[str]:
    known = {str(i): leaf for i, leaf in enumerate(protocol.leaves, 1)} | {leaf: leaf for leaf in protocol.leaves}
    folds = [known.get(fold, fold) for fold in columns.get("fold", ())]
    if "configuration" in columns:
        leaves = columns["configuration"]
        for i, (leaf, fold) in enumerate(zip(leaves, folds, strict=False)):
            if fold not in ("", leaf):
                message = f"the configuration is {leaf!r}, but the fold {columns['fold'][i]!r}"
                hint = "fold is another way to name the configuration: one of the columns is enough"
                findings.add("conflicting-value", message, pointer=f"line {lines[i]}", id=ids[i], hint=hint)
        return leaves
    if folds:
        return folds
    if len(protocol.leaves) == 1:
        return [protocol.leaves[0]] * len(ids)
    raise LabelsError(
        f"has neither a column 'configuration' nor 'fold': {findings.file}",
        hint=f"{protocol.id} has the leaf configurations {', '.join(protocol.leaves[:8])}",
        file=findings.file,
    )


def check_rows(labels: Labels, protocol: Protocol, findings: Findings, lines: Sequence[int] | None = None) -> None:
    """Add a finding for every row that the protocol does not know; `lines` are the rows' lines in the file.

    Whole columns first, rows only where one fails.
    """

    def where(i: int) -> str | None:
        return None if lines is None else f"line {lines[i]}"

    checks = (
        ("unknown-class", labels.labels, protocol.classes, "class"),
        ("unknown-configuration", labels.leaves, protocol.leaves, "leaf configuration"),
        ("unknown-part", labels.parts, PARTS, "part"),
    )
    for rule, column, known, what in checks:
        if not set(column) <= set(known):
            for i, value in enumerate(column):
                if value not in known:
                    message = f"no {what} {value!r}"
                    hint = f"known: {', '.join(known[:30])}"
                    findings.add(rule, message, pointer=where(i), id=labels.ids[i], hint=hint)
    if not "".join(labels.ids).isprintable() or "" in labels.ids:
        for i, id in enumerate(labels.ids):
            if not id or not id.isprintable():
                findings.add("wrong-id", f"{id!r} cannot be an id", pointer=where(i), id=id)
    for i, cluster in enumerate(labels.clusters or ()):
        if "\n" in cluster or "\r" in cluster:
            findings.add("wrong-cluster", f"{cluster!r} goes over lines", pointer=where(i), id=labels.ids[i])
    if len(set(labels.ids)) != len(labels):
        counts = Counter(labels.ids)
        seen: set[str] = set()
        for i, id in enumerate(labels.ids):
            if counts[id] > 1 and id in seen:
                findings.add("duplicate-id", f"{id!r} stands more than once", pointer=where(i), id=id)
            seen.add(id)


def write_labels(labels: Labels) -> str:
    """Labels as a `fervbench-labels/1` file, rows sorted by configuration and id."""
    clusters = labels.clusters or [""] * len(labels)
    rows = sorted(zip(labels.leaves, labels.ids, labels.labels, labels.parts, clusters, strict=True))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["clip_id", "label", "configuration", "part"] + (["cluster"] if labels.clusters else []))
    for leaf, id, label, part, cluster in rows:
        writer.writerow([id, label, leaf, part] + ([cluster] if labels.clusters else []))
    return out.getvalue()
