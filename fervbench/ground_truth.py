"""The test clips of a protocol with their labels: embedded, stored by the user, or given for one call.

FERV39k's are embedded as counts: a (scene, class) cell with n clips holds the ids `scene/class/0000` to n-1, and its
test part is the first ceil(0.2 n) of them. Other labels are the user's own copy, checked against the protocol's sizes,
counts and fingerprint before anything is scored.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fervbench.embedded import embedded_labels
from fervbench.errors import LabelsError, MismatchError, NotAvailableError
from fervbench.findings import Findings
from fervbench.label_checks import compare
from fervbench.labels_file import Labels, check_rows, is_labels_file, read_labels, read_source
from fervbench.protocol import Protocol
from fervbench.resources import user_data_dir

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class GroundTruth:
    """Test clips: `ids[i]` has class `label[i]` (index into the protocol's classes) and leaf `leaf[i]`.

    `train` holds the training clips, where they are known, for hints only. `sha256` is the fingerprint.
    """

    ids: list[str]
    label: IntArray
    leaf: IntArray
    sha256: str
    origin: str
    train: frozenset[str] = field(default=frozenset(), repr=False)
    clusters: list[str] | None = field(default=None, repr=False)

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def index(self) -> dict[str, int]:
        """Position of an id."""
        return dict(zip(self.ids, range(len(self.ids)), strict=True))

    def counts(self, leaves: int, classes: int) -> IntArray:
        """Test clips by leaf and class, shape (leaves, classes)."""
        flat = np.bincount(self.leaf * classes + self.label, minlength=leaves * classes)
        return flat.reshape(leaves, classes).astype(np.int64)


def fingerprint(protocol: Protocol, ids: list[str], labels: list[str], leaves: list[str]) -> str:
    """sha256 over the lines `configuration<TAB>id<TAB>label<LF>` of all test parts, sorted as bytes, UTF-8.

    A clip stands once for every configuration that holds it. Text sorts by code point, which is how its UTF-8 sorts.
    """
    by_leaf: dict[str, list[str]] = {leaf: [] for leaf in protocol.leaves}
    for id, label, leaf in zip(ids, labels, leaves, strict=True):
        by_leaf[leaf].append(f"{id}\t{label}\n")
    for lines in by_leaf.values():
        lines.sort()
    digest = hashlib.sha256()
    for name in sorted(protocol.configurations, key=lambda name: name + "\t"):
        parts = protocol.configurations[name].leaves
        lines = by_leaf[parts[0]] if len(parts) == 1 else sorted(chain.from_iterable(by_leaf[p] for p in parts))
        if lines:
            digest.update((f"{name}\t" + f"{name}\t".join(lines)).encode())
    return digest.hexdigest()


def load_ground_truth(protocol: Protocol, path: str | Path | None = None) -> GroundTruth:
    """The ground truth of a protocol: from `path` (official layout or labels file), embedded, or as stored.

    Raises NotAvailableError where there is none, LabelsError where it cannot be read, MismatchError (with what differs)
    where it is not the protocol's.
    """
    if path is not None:
        return checked(protocol, read_copy(protocol, Path(path)), str(path))
    if protocol.ground_truth["kind"] == "counts":
        return _embedded(protocol)
    name = protocol.ground_truth.get("labels")
    if name is not None:
        beside = protocol.folder / name
        if not beside.is_file():
            raise NotAvailableError(f"the labels that {protocol.id} names are not there: {beside}")
        return checked(protocol, read_labels(beside.read_bytes(), protocol, str(beside)), str(beside))
    stored = stored_path(protocol)
    if not stored.is_file():
        raise NotAvailableError(
            f"the labels of {protocol.title} are licensed and not part of fervbench",
            hint=f"add your copy once: fervbench ground-truth add {protocol.id} PATH (or --ground-truth PATH)",
        )
    return checked(protocol, read_labels(read_source(stored), protocol, str(stored)), str(stored))


def reads_stored(protocol: Protocol) -> bool:
    """Whether a protocol's ground truth, of either task, is the copy that `fervbench ground-truth add` stores.

    Not so where it is embedded as counts or stands beside the protocol file: a stored copy would never be read.
    """
    return protocol.ground_truth["kind"] != "counts" and "labels" not in protocol.ground_truth


def stored_path(protocol: Protocol) -> Path:
    """Where `fervbench ground-truth add` keeps the labels of a protocol."""
    return user_data_dir() / "ground-truth" / f"{protocol.id}@{protocol.version}" / "labels.csv"


def training_clips(protocol: Protocol, truth: GroundTruth) -> frozenset[str]:
    """The clips of the training part, where they are known: embedded, or named in the labels."""
    if protocol.ground_truth["kind"] == "counts":
        return frozenset(embedded_labels(protocol, parts=("train",)).ids)
    return truth.train


def read_copy(protocol: Protocol, path: Path) -> Labels:
    """Labels from a labels file, or from a copy in the official layout that the protocol names."""
    from fervbench.readers import READERS

    if path.is_file():
        data = read_source(path)
        if is_labels_file(data):
            return read_labels(data, protocol, str(path))
    layout = protocol.ground_truth.get("layout")
    if not path.exists():
        raise LabelsError(f"no such file or folder: {path}", file=str(path))
    if layout is None:
        raise LabelsError(
            f"is not a labels file: {path}",
            hint=f"{protocol.id} has no official layout: give a CSV with the header clip_id,label",
            file=str(path),
        )
    labels = READERS[layout](path, protocol)
    findings = Findings(str(path))
    check_rows(labels, protocol, findings)
    if len(findings):
        raise MismatchError(f"these are not the labels of {protocol.id}: {path}", file=str(path), findings=findings)
    return labels


def checked(protocol: Protocol, labels: Labels, file: str) -> GroundTruth:
    """The ground truth that labels give, held against what the protocol knows of it (MismatchError)."""
    truth = from_labels(protocol, labels, file)
    compare(protocol, labels, truth.sha256, file)
    return truth


def from_labels(protocol: Protocol, labels: Labels, origin: str) -> GroundTruth:
    """The test part of labels that have been checked."""
    test = [part == "test" for part in labels.parts]
    train: frozenset[str] = frozenset()
    ids, names, leaves, clusters = labels.ids, labels.labels, labels.leaves, labels.clusters
    if not all(test):
        train = frozenset(id for id, kept in zip(ids, test, strict=True) if not kept)
        ids, names, leaves = ([x for x, kept in zip(c, test, strict=True) if kept] for c in (ids, names, leaves))
        if clusters is not None:
            clusters = [x for x, kept in zip(clusters, test, strict=True) if kept]
    class_index = {name: i for i, name in enumerate(protocol.classes)}
    leaf_index = {name: i for i, name in enumerate(protocol.leaves)}
    return GroundTruth(
        ids=ids,
        label=np.array([class_index[name] for name in names], dtype=np.int64),
        leaf=np.array([leaf_index[name] for name in leaves], dtype=np.int64),
        sha256=fingerprint(protocol, ids, names, leaves),
        origin=origin,
        train=train,
        clusters=clusters,
    )


def _embedded(protocol: Protocol) -> GroundTruth:
    labels = embedded_labels(protocol, parts=("test",))
    truth = from_labels(protocol, labels, "embedded")
    frozen = protocol.ground_truth.get("fingerprint")
    if frozen is not None and truth.sha256 != frozen:
        raise MismatchError(f"the counts of {protocol.id} do not give its fingerprint", hint="reinstall fervbench")
    return truth
