"""Rendered data: told apart from real data, and scored against its own lists.

A rendered release has fewer clips than the real one, so its scores need a ground truth of their own: a protocol
`<id>-synthetic` with the real one's classes, configurations and evaluations, and the labels of the release itself.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fervbench.errors import MismatchError
from fervbench.ground_truth import GroundTruth, from_labels
from fervbench.labels_file import Labels, write_labels
from fervbench.pack import Pack
from fervbench.pack.sources import SYNTHETIC
from fervbench.protocol import Configuration, Protocol, build

NOTE = "SYNTHETIC DATA: drawings, rendered by fervbench. This is no score on the real dataset and no result."


def is_synthetic(packs: Sequence[Pack], data: Path | None = None) -> bool:
    """Whether a release says that it is rendered, or a pack that it was made from one."""
    if data is not None and (data / SYNTHETIC).is_file():
        return True
    return any(bool(pack.header.source.get("synthetic") or pack.header.settings.get("synthetic")) for pack in packs)


@dataclass(frozen=True)
class Derived:
    """A protocol for rendered data as the two files that define it, and its ground truth."""

    protocol: Protocol
    truth: GroundTruth
    labels: Labels
    toml: str

    def files(self) -> dict[str, str]:
        """What goes beside the predictions, so that they can be scored again: protocol.toml and labels.csv."""
        return {"protocol.toml": self.toml, "labels.csv": write_labels(self.labels)}


def derive(protocol: Protocol, pack: Pack) -> Derived:
    """The protocol `<id>-synthetic` over the clips of a pack. Configurations without a test clip are left out.

    Raises MismatchError where the pack has no clip of the protocol's classes and configurations.
    """
    labels = labels_of(protocol, pack)
    tested = {leaf for leaf, part in zip(labels.leaves, labels.parts, strict=True) if part == "test"}
    kept = [c for c in protocol.configurations.values() if tested.intersection(c.leaves)]
    if not kept:
        raise MismatchError(f"no test clip of {protocol.id} is in the pack: {pack.path}", file=str(pack.path))
    at = [i for i, leaf in enumerate(labels.leaves) if leaf in tested]
    columns = (labels.ids, labels.labels, labels.leaves, labels.parts)
    ids, names, leaves, parts = ([column[i] for i in at] for column in columns)
    labels = Labels(ids, names, leaves, parts)
    toml = "\n".join([*_head(protocol), *_configurations(kept), *_evaluations(protocol, kept)]) + "\n"
    made = build(tomllib.loads(toml), Path(), f"{protocol.id}-synthetic")
    return Derived(made, from_labels(made, labels, "labels.csv"), labels, toml)


def _head(protocol: Protocol) -> list[str]:
    ids = {"pattern": protocol.ids.pattern, "zero_pad": protocol.ids.zero_pad, "example": protocol.ids.example}
    return [
        f"# {NOTE}",
        f"# Derived from {protocol.id} {protocol.version}; the clips are those that were rendered.",
        *_pairs(
            format="fervbench-protocol/1",
            id=f"{protocol.id}-synthetic",
            version=protocol.version,
            title=f"{protocol.title}, SYNTHETIC data",
            note=NOTE,
            task=protocol.task,
            classes=list(protocol.classes),
            default_source=protocol.default_source,
            aggregation=protocol.aggregation,
        ),
        "[ids]",
        *_pairs(**{key: value for key, value in ids.items() if value is not None}),
        "[ground_truth]",
        *_pairs(kind="labels", labels="labels.csv", source="lists of the rendered release"),
    ]


def _configurations(kept: Sequence[Configuration]) -> list[str]:
    names = {c.id for c in kept}
    lines = []
    for each in kept:
        members = {"members": [m for m in each.members if m in names]} if each.members else {}
        lines += [f"[configurations.{json.dumps(each.id)}]", *_pairs(level=each.level, title=each.title, **members)]
    return lines


def _evaluations(protocol: Protocol, kept: Sequence[Configuration]) -> list[str]:
    there = {c.level for c in kept}
    lines = []
    for evaluation in protocol.evaluations.values():
        sides = zip(*evaluation.cells, strict=True)
        levels = [dict.fromkeys(protocol.configurations[c].level for c in side) for side in sides]
        sources, targets = ([level for level in side if level in there] for side in levels)
        if sources and targets:
            about = {"target_levels": targets} if evaluation.kind == "grid" else {}
            lines.append(f"[evaluations.{json.dumps(evaluation.id)}]")
            lines += _pairs(title=evaluation.title, kind=evaluation.kind, source_levels=sources, **about)
    return lines


def labels_of(protocol: Protocol, pack: Pack) -> Labels:
    """What the pack says of its clips: FERV39k's scene and part, or the fold in which a clip is tested.

    Where the folds are subjects in turn, a clip's group is its subject.
    """
    groups: Sequence[str | None] = pack.groups
    if protocol.ground_truth.get("fold_rule") == "subjects-in-turn":
        groups = _in_turn(pack, protocol)
    rows = [
        (id, label, group if group is not None else protocol.leaves[0], part or "test")
        for id, label, part, group in zip(pack.ids, pack.labels, pack.parts, groups, strict=True)
        if label in protocol.classes and (group in protocol.leaves or len(protocol.leaves) == 1)
    ]
    if not rows:
        message = f"no clip of the pack has a class and configuration of {protocol.id}: {pack.path}"
        raise MismatchError(message, hint="is it another dataset?", file=str(pack.path))
    ids, labels, leaves, parts = (list(column) for column in zip(*rows, strict=True))
    return Labels(ids, [str(label) for label in labels], leaves, parts)


def _in_turn(pack: Pack, protocol: Protocol) -> list[str | None]:
    """The fold of each labelled clip: its subject's place among all subjects with a labelled clip, in turn."""
    known = [label in protocol.classes for label in pack.labels]
    subjects = sorted({group for group, there in zip(pack.groups, known, strict=True) if there and group is not None})
    fold = {subject: protocol.leaves[i % len(protocol.leaves)] for i, subject in enumerate(subjects)}
    return [fold.get(str(group)) if there else None for group, there in zip(pack.groups, known, strict=True)]


def _pairs(**values: object) -> list[str]:
    return [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in values.items()]
