r"""The papers' splits, for new data.

    cells     FERV39k: 80/20 in each cell of scene and class, "randomly shuffled". The rule of its official lists: of
              the n clips of a cell, in order, the first ceil(0.2 n) are for testing. A file without scenes is one.
    folds     DFEW: five folds, class by class. The rule of its official lists: the clips of a class, in order, are cut
              into five blocks, the first ones a clip longer where need be.
    subjects  SDFE-LV: 6:2:2 into train, validation and test; no subject on two sides (`fervbench.splits`).

The order of clips is that of their ids (`order="id"`), or shuffled by a seed: by the bytes of sha256(f"{seed}\t{id}")
(`order="hash"`), the same on every machine. FERV39k's official ids were numbered after shuffling, so that "id" gives
its lists back; new ids often follow the source, and then "hash" is what the paper did. DFEW's folds follow the ids.

The first two rules keep no subject and no movie together, in the papers as here: what stands on two sides is found and
told, where the file names subjects, movies or clusters.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from fervbench._version import __version__
from fervbench.errors import InputError, UsageError
from fervbench.findings import Finding
from fervbench.interval_checks import nearest
from fervbench.interval_files import Video
from fervbench.labels.leaks import find_leaks
from fervbench.labels.sheet import read_sheet, refuse
from fervbench.splits import split_videos

FORMAT = "fervbench-split/1"
RULES = ("cells", "folds", "subjects")
ORDERS = ("id", "hash")
CLUSTERS = ("cluster", "subject", "movie")
COLUMNS = ("clip_id", "label", "configuration", "scene", *CLUSTERS, "part", "fold")
PARTS = ("train", "validation", "test")
WEIGHTS = (6, 2, 2)


@dataclass(frozen=True)
class Clips:
    """Clips to split, or a split to check: parallel lists. `parts` is None where the file has no part and no fold."""

    file: str
    sha256: str
    ids: list[str] = field(repr=False)
    labels: list[str] = field(repr=False)
    scenes: list[str] = field(repr=False)
    clusters: dict[str, list[str]] = field(repr=False)
    parts: list[str] | None = field(default=None, repr=False)


def read_clips(path: str | Path, *, cluster_from: str | None = None, data: bytes | None = None) -> Clips:
    """Read `clip_id,label[,scene|configuration][,cluster][,subject][,movie][,part][,fold]` (CSV or xlsx).

    `cluster_from` is a regular expression whose first group, found in an id, names the clip's cluster; `data` are the
    bytes, where they have been read. Raises InputError with every finding, UsageError for an expression that is none.
    """
    sheet = read_sheet(path, data)
    findings = sheet.findings
    for name in sheet.header:
        if name not in COLUMNS:
            findings.add("unknown-key", f"unknown column {name!r}", pointer="line 1", hint=nearest(name, COLUMNS))
    for name in COLUMNS[:2]:
        if name not in sheet.header:
            findings.add("missing-key", f"the column {name!r} is missing", pointer="line 1")
    if {"scene", "configuration"} <= set(sheet.header):
        message = "scene and configuration are two words for one thing: keep one column"
        findings.add("duplicate-key", message, pointer="line 1")
    columns = dict(zip(COLUMNS, sheet.columns(*COLUMNS), strict=True))
    ids, labels = columns["clip_id"], columns["label"]
    first: dict[str, str] = {}
    for (where, _), id, label in zip(sheet.rows, ids, labels, strict=True):
        if not id or not id.isprintable():
            findings.add("wrong-id", f"{id[:100]!r} cannot be an id", pointer=where, id=id)
        elif id in first:
            findings.add("duplicate-id", f"{id!r} stands more than once (first in {first[id]})", pointer=where, id=id)
        first.setdefault(id, where)
        if not label:
            findings.add("missing-value", "label is empty", pointer=where, id=id)
    if not ids and not len(findings):
        findings.add("no-clips", "names no clips")
    clusters = {name: columns[name] for name in CLUSTERS if name in sheet.header}
    if cluster_from is not None:
        clusters["cluster"] = _clusters(ids, cluster_from)
    parts = next((columns[name] for name in ("fold", "part") if name in sheet.header), None)
    if parts is not None:
        for (where, _), id, part in zip(sheet.rows, ids, parts, strict=True):
            if not part:
                findings.add("missing-value", "neither part nor fold", pointer=where, id=id)
    if len(findings):
        raise refuse(sheet)
    scenes = columns["scene" if "scene" in sheet.header else "configuration"]
    return Clips(sheet.file, sheet.sha256, ids, labels, scenes, clusters, parts)


def _clusters(ids: Sequence[str], expression: str) -> list[str]:
    try:
        pattern = re.compile(expression)
    except re.error as error:
        raise UsageError(f"is no regular expression: {expression!r} ({error})") from None
    if not pattern.groups:
        raise UsageError(f"has no group: {expression!r}", hint="the part in brackets names the cluster: '^([^_]+)_'")
    matches = [pattern.search(id) for id in ids]
    return [(match[1] or "") if match else "" for match in matches]


def _ordered(ids: Sequence[str], order: str, seed: int) -> list[str]:
    if order not in ORDERS:
        raise UsageError(f"no order {order!r}", hint=f"known: {', '.join(ORDERS)}")
    if order == "id":
        return sorted(ids)
    return sorted(ids, key=lambda id: hashlib.sha256(f"{seed}\t{id}".encode()).digest())


def split_cells(
    clips: Clips, *, test_share: Fraction = Fraction(1, 5), order: str = "hash", seed: int = 0
) -> dict[str, str]:
    """`train` or `test` for each clip: the first ceil(share n) of each cell of scene and class are for testing."""
    if not 0 < test_share < 1:
        raise UsageError(f"a share of {float(test_share):g} for testing leaves a part empty")
    part_of = {}
    for ids in _cells(clips).values():
        number = -(-len(ids) * test_share.numerator // test_share.denominator)
        for i, id in enumerate(_ordered(ids, order, seed)):
            part_of[id] = "test" if i < number else "train"
    return {id: part_of[id] for id in clips.ids}


def split_folds(clips: Clips, *, folds: int = 5, order: str = "id", seed: int = 0) -> dict[str, str]:
    """The fold, from "1", of each clip: each class cut into blocks, the first ones a clip longer where need be."""
    if folds < 2:
        raise UsageError(f"{folds} folds are none")
    by_class: dict[str, list[str]] = {}
    for id, label in zip(clips.ids, clips.labels, strict=True):
        by_class.setdefault(label, []).append(id)
    part_of: dict[str, str] = {}
    for ids in by_class.values():
        sizes = [len(ids) // folds + (fold < len(ids) % folds) for fold in range(folds)]
        fold_of = [str(fold) for fold, size in enumerate(sizes, 1) for _ in range(size)]
        part_of |= dict(zip(_ordered(ids, order, seed), fold_of, strict=True))
    return {id: part_of[id] for id in clips.ids}


def split_by_subject(clips: Clips, *, seed: int = 0) -> dict[str, str]:
    """`train`, `validation` or `test` for each clip, 6:2:2, no subject on two sides."""
    kind = next((name for name in ("subject", "cluster", "movie") if name in clips.clusters), None)
    if kind is None:
        raise UsageError(f"names no subjects: {clips.file}", hint="a column subject (or cluster), or --cluster-from")
    names = clips.clusters[kind]
    nameless = [id for id, name in zip(clips.ids, names, strict=True) if not name]
    if nameless:
        listed = ", ".join(nameless[:10])
        raise InputError(f"{len(nameless):,} clips have no {kind}: {listed}: {clips.file}", file=clips.file)
    part_of = split_videos(dict(zip(clips.ids, names, strict=True)), PARTS, WEIGHTS, seed)
    return {id: part_of[id] for id in clips.ids}


def _cells(clips: Clips) -> dict[tuple[str, str], list[str]]:
    found: dict[tuple[str, str], list[str]] = {}
    for id, label, scene in zip(clips.ids, clips.labels, clips.scenes, strict=True):
        found.setdefault((scene, label), []).append(id)
    return found


def to_document(clips: Clips, part_of: dict[str, str], rule: dict[str, Any], leaks: list[Finding]) -> dict[str, Any]:
    """The split as `schemas/split.schema.json` has it."""
    parts = sorted(set(part_of.values()), key=lambda part: (PARTS.index(part) if part in PARTS else 9, part))
    cells = []
    warnings = []
    for (scene, label), ids in sorted(_cells(clips).items()):
        sizes = Counter(part_of[id] for id in ids)
        cells.append({"configuration": scene or None, "label": label, "parts": {p: sizes[p] for p in parts}})
        empty = [part for part in parts if not sizes[part]]
        if empty:
            name = f"{scene}/{label}" if scene else label
            warnings.append(f"{name} ({len(ids)} clips) has none in {', '.join(empty)}")
    total = Counter(part_of.values())
    return {
        "format": FORMAT,
        "tool_version": __version__,
        "sha256": clips.sha256,
        "rule": rule,
        "n": len(clips.ids),
        "parts": {part: total[part] for part in parts},
        "cells": cells,
        "clips": part_of,
        "leaks": [finding.to_dict() for finding in leaks],
        "warnings": warnings,
    }


def leaks_of(clips: Clips, part_of: dict[str, str], severity: str) -> list[Finding]:
    """What stands on two sides of a split of these clips."""
    return find_leaks(part_of, clips.clusters, clips.file, severity)


def split_csv(clips: Clips, part_of: dict[str, str], *, folds: bool) -> str:
    """The split as CSV with the columns of `fervbench-labels/1`, which knows train and test, but no validation part."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    scenes = any(clips.scenes)
    kind = next((name for name in CLUSTERS if name in clips.clusters), None)
    heads = ["clip_id", "label", *(["configuration"] if scenes and not folds else []), "fold" if folds else "part"]
    writer.writerow([*heads, *(["cluster"] if kind else [])])
    names = clips.clusters[kind] if kind else [""] * len(clips.ids)
    for id, label, scene, name in zip(clips.ids, clips.labels, clips.scenes, names, strict=True):
        cells = [id, label, *([scene] if scenes and not folds else []), part_of[id]]
        writer.writerow([*cells, *([name] if kind else [])])
    return out.getvalue()


def clips_of_videos(videos: dict[str, Video], file: str, data: bytes) -> Clips:
    """Videos with intervals as clips to split by subject; they have no label. A subject that is not said is empty."""
    ids = list(videos)
    subjects = {"subject": [video.subject or "" for video in videos.values()]}
    parts = [video.split or "" for video in videos.values()]
    sha256 = hashlib.sha256(data).hexdigest()
    nothing = [""] * len(ids)
    return Clips(file, sha256, ids, nothing, nothing, subjects, parts if all(parts) else None)
