"""Which clips a model is trained on and which it answers: a configuration's parts, held against what the packs hold.

The train part of a configuration is the train part of its leaves; where an evaluation is made of folds, all other
folds' clips. What is answered is the test part of everything that any evaluation tests that source on.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fervbench.embedded import embedded_labels
from fervbench.errors import MismatchError, NotAvailableError, UsageError
from fervbench.findings import Findings
from fervbench.ground_truth import GroundTruth, checked, read_copy, stored_path
from fervbench.labels_file import Labels, read_labels, read_source
from fervbench.pack import Pack
from fervbench.protocol import EACH_FOLD, Protocol


@dataclass(frozen=True)
class Parts:
    """Clips in the order they are kept in, sorted by id; labels are numbers in the protocol's order of classes."""

    train: tuple[str, ...]
    train_labels: tuple[int, ...]
    test: tuple[str, ...]
    test_labels: tuple[int, ...]


def all_labels(protocol: Protocol, path: str | Path | None = None) -> tuple[Labels, GroundTruth]:
    """Every labelled clip of a protocol, train parts too where they are known, and the ground truth.

    Raises what `load_ground_truth` raises.
    """
    if path is not None:
        labels = read_copy(protocol, Path(path))
        origin = str(path)
    elif protocol.ground_truth["kind"] == "counts":
        labels, origin = embedded_labels(protocol), "embedded"
    else:
        name = protocol.ground_truth.get("labels")
        file = Path(str(protocol.folder / name)) if name is not None else stored_path(protocol)
        if not file.is_file():
            raise NotAvailableError(
                f"the labels of {protocol.title} are not there",
                hint=f"fervbench ground-truth add {protocol.id} PATH, or --ground-truth PATH",
            )
        labels, origin = read_labels(read_source(file), protocol, str(file)), str(file)
    return labels, checked(protocol, labels, origin)


def sources_to_train(protocol: Protocol, trained_on: str | None) -> tuple[str, ...]:
    """What to train on: `trained_on`, or the protocol's default; for folds every fold. Raises UsageError."""
    if trained_on is None:
        trained_on = protocol.default_source
    if trained_on == EACH_FOLD:
        folds = [evaluation for evaluation in protocol.evaluations.values() if evaluation.kind == "folds"]
        return folds[0].sources
    if trained_on not in protocol.sources:
        near = difflib.get_close_matches(trained_on, protocol.sources, n=1, cutoff=0.4)
        known = ", ".join(protocol.sources[:8])
        hint = f"did you mean {near[0]!r}?" if near else f"there are {known}"
        raise UsageError(f"{protocol.id} trains nothing on {trained_on!r}", hint=hint)
    return (trained_on,)


def parts_of(protocol: Protocol, labels: Labels, source: str, packs: Sequence[Pack]) -> Parts:
    """The clips to train on and to answer. Raises MismatchError, with every clip, where lists and packs disagree.

    Where the labels know no train part, the packs' own lists give it.
    """
    number = {name: i for i, name in enumerate(protocol.classes)}
    leaves = set(protocol.configurations[source].leaves)
    tested = {leaf for target in protocol.targets(source) for leaf in protocol.configurations[target].leaves}
    folds = any(e.kind == "folds" and source in e.sources for e in protocol.evaluations.values())
    rows = sorted(zip(labels.ids, labels.labels, labels.leaves, labels.parts, strict=True))
    test = [(id, label) for id, label, leaf, part in rows if part == "test" and leaf in tested]
    if folds:
        train = [(id, label) for id, label, leaf, part in rows if part == "test" and leaf not in leaves]
    elif "train" in labels.parts:
        train = [(id, label) for id, label, leaf, part in rows if part == "train" and leaf in leaves]
    else:
        train = _train_of(packs[0], leaves, protocol)
    findings = Findings(str(packs[0].path))
    for pack in packs:
        _compare(pack, train + test, findings)
    if not train:
        findings.add("empty", f"no clip to train on: neither the labels nor the pack name a train part of {source}")
    elif len({label for _, label in train}) < 2:
        findings.add("one-class", f"the train part of {source} has one class only")
    if not test:
        findings.add("empty", f"no test clip of {source}")
    if len(findings):
        raise MismatchError(
            f"the pack is not the data of {protocol.id}: {packs[0].path}",
            hint="was it packed from a complete copy, with its lists?",
            file=str(packs[0].path),
            findings=findings,
        )
    return Parts(
        train=tuple(id for id, _ in train),
        train_labels=tuple(number[label] for _, label in train),
        test=tuple(id for id, _ in test),
        test_labels=tuple(number[label] for _, label in test),
    )


def _train_of(pack: Pack, leaves: set[str], protocol: Protocol) -> list[tuple[str, str]]:
    """The train part that a pack names: every clip of it where there is one leaf only, else those of the leaves."""
    found = []
    for id, label, part, group in zip(pack.ids, pack.labels, pack.parts, pack.groups, strict=True):
        inside = group in leaves or len(protocol.leaves) == 1
        if part == "train" and inside and label is not None and label in protocol.classes:
            found.append((id, label))
    return sorted(found)


def _compare(pack: Pack, wanted: Sequence[tuple[str, str]], findings: Findings) -> None:
    """Add a finding for every clip that is not in the pack, or labelled otherwise there."""
    for id, label in wanted:
        at = pack.index.get(id)
        if at is None:
            findings.add("missing", f"{id} is in the lists and not in {pack.path.name}", id=id)
        elif pack.labels[at] not in (None, label):
            message = f"{id} is {label} in the lists and {pack.labels[at]} in {pack.path.name}"
            findings.add("wrong-label", message, id=id)
