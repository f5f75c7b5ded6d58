"""Clips that follow from counts: a cell of n holds `configuration/class/0000` to n-1, the first fifth is the test."""

from __future__ import annotations

from typing import Any

from fervbench.labels_file import Labels
from fervbench.protocol import Protocol


def embedded_labels(protocol: Protocol, parts: tuple[str, ...] = ("train", "test")) -> Labels:
    """Every clip that the counts of a protocol stand for.

    Raises what `Protocol.counts` raises, which has checked the names and the rule.
    """
    ids: list[str] = []
    names: list[str] = []
    leaves: list[str] = []
    kept: list[str] = []
    counts: Any = (protocol.counts() or {}).get("cells", {})
    for leaf, cells in counts.items():
        for name, cell in cells.items():
            test, n = cell["test"], cell["test"] + cell.get("train", 0)
            for part, numbers in (("test", range(test)), ("train", range(test, n))):
                if part in parts:
                    ids += [f"{leaf}/{name}/{i:04d}" for i in numbers]
                    names += [name] * len(numbers)
                    leaves += [leaf] * len(numbers)
                    kept += [part] * len(numbers)
    return Labels(ids, names, leaves, kept)
