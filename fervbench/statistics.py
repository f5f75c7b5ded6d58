"""How many clips a protocol tests, by configuration and class, and what is too small to say much."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fervbench.errors import LabelsError, MismatchError, NotAvailableError, UsageError
from fervbench.ground_truth import load_ground_truth
from fervbench.protocol import Protocol


@dataclass(frozen=True)
class Statistics:
    """Clips by configuration and class. `train` is None where it is not known (folds: the other folds)."""

    test: dict[str, dict[str, int]]
    train: dict[str, dict[str, int]] | None
    origin: str

    def smallest(self, leaves: tuple[str, ...], number: int = 8) -> list[tuple[str, str, int]]:
        """The smallest (leaf, class) cells of the test part, smallest first."""
        cells = [(leaf, name, n) for leaf in leaves for name, n in self.test[leaf].items()]
        return sorted(cells, key=lambda cell: (cell[2], cell[0], cell[1]))[:number]

    def to_dict(self, protocol: Protocol) -> dict[str, Any]:
        """The statistics as `fervbench protocols stats --json` prints them."""
        return {
            "protocol": {"id": protocol.id, "version": protocol.version},
            "origin": self.origin,
            "test": self.test,
            "train": self.train,
            "smallest": [
                {"configuration": leaf, "class": name, "n": n} for leaf, name, n in self.smallest(protocol.leaves)
            ],
        }


def statistics(protocol: Protocol) -> Statistics:
    """Counts of a protocol: from its shipped counts, else from the labels that the user has.

    Raises NotAvailableError where neither is there, UsageError for a protocol that counts intervals and not clips.
    """
    if protocol.task == "spotting":
        raise UsageError(f"{protocol.id} counts intervals: see fervbench ground-truth show {protocol.id}")
    counts = protocol.counts()
    if counts is not None:
        cells = counts["cells"]
        has_train = all("train" in cell for row in cells.values() for cell in row.values())
        parts = {
            part: {leaf: {c: cells[leaf].get(c, {}).get(part, 0) for c in protocol.classes} for leaf in protocol.leaves}
            for part in (("test", "train") if has_train else ("test",))
        }
        train = _united(protocol, parts["train"]) if has_train else _other_folds(protocol, parts["test"])
        return Statistics(_united(protocol, parts["test"]), train, "the protocol's counts")
    try:
        truth = load_ground_truth(protocol)
    except (LabelsError, MismatchError):  # they are there: what is wrong with them is the news
        raise
    except NotAvailableError as error:
        sizes = ", ".join(f"{name} {n:,}" for name, n in protocol.ground_truth.get("sizes", {}).items())
        known = f" (test clips: {sizes})" if sizes else ""
        message = f"{protocol.id} ships no counts by class{known}, and {error.message}"
        raise NotAvailableError(message, hint=error.hint) from None
    table = truth.counts(len(protocol.leaves), len(protocol.classes)).tolist()
    test = {leaf: dict(zip(protocol.classes, table[i], strict=True)) for i, leaf in enumerate(protocol.leaves)}
    return Statistics(_united(protocol, test), _other_folds(protocol, test), f"labels: {truth.origin}")


def _united(protocol: Protocol, leaves: dict[str, dict[str, int]]) -> dict[str, dict[str, int]]:
    return {
        id: {name: sum(leaves[leaf][name] for leaf in configuration.leaves) for name in protocol.classes}
        for id, configuration in protocol.configurations.items()
    }


def _other_folds(protocol: Protocol, test: dict[str, dict[str, int]]) -> dict[str, dict[str, int]] | None:
    """In a protocol of folds a fold is trained on the test parts of the others."""
    if not any(evaluation.kind == "folds" for evaluation in protocol.evaluations.values()):
        return None
    total = {name: sum(test[leaf][name] for leaf in protocol.leaves) for name in protocol.classes}
    return {leaf: {name: total[name] - test[leaf][name] for name in protocol.classes} for leaf in protocol.leaves}
