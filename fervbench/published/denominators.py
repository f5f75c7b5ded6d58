"""How many clips a printed share is out of: from the protocol's counts, or from the table's own."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from fervbench.protocol import POOLED, load_protocol
from fervbench.published.tables import Table


@dataclass(frozen=True)
class Denominator:
    """The clips of one target: `n` in all, by class where known, and the targets that it is the union of."""

    target: str
    n: int
    per_class: dict[str, int]
    members: tuple[str, ...]


@cache
def _of_protocol(name: str) -> dict[str, Denominator]:
    protocol = load_protocol(name)
    counts: dict[str, Any] = (protocol.counts() or {}).get("cells", {}) if protocol.task == "recognition" else {}
    if not counts:
        return {}
    found = {}
    for id, configuration in protocol.configurations.items():
        found[id] = _sum(id, configuration.leaves, configuration.members, counts, protocol.classes)
    if protocol.aggregation == POOLED and POOLED not in found:
        found[POOLED] = _sum(POOLED, protocol.leaves, protocol.leaves, counts, protocol.classes)
    return found


def _sum(
    id: str, leaves: tuple[str, ...], members: tuple[str, ...], counts: dict[str, Any], classes: tuple[str, ...]
) -> Denominator:
    per_class = {name: sum(counts[leaf].get(name, {}).get("test", 0) for leaf in leaves) for name in classes}
    return Denominator(id, sum(per_class.values()), per_class, members)


def denominators(table: Table) -> dict[str, Denominator]:
    """The denominators of a table by target; empty where neither the protocol nor the table has counts.

    Raises what `load_protocol` raises for a protocol that there is none of.
    """
    found: dict[str, Denominator] = {}
    if table.protocol is not None:
        found |= _of_protocol(table.protocol)
    for target, counts in table.counts.items():
        members = tuple(counts.get("members", ()))
        found[target] = Denominator(target, counts["n"], dict(counts.get("per_class", {})), members)
    return found


def problems(table: Table) -> list[str]:
    """What is wrong with the counts a table brings: sums that differ, members that are not there.

    Raises what `load_protocol` raises where the table names a protocol that there is none of.
    """
    found = []
    known = denominators(table)
    for target, counts in table.counts.items():
        if counts.get("per_class") and sum(counts["per_class"].values()) != counts["n"]:
            found.append(
                f"the classes of {target} sum to {sum(counts['per_class'].values())}, not to n = {counts['n']}"
            )
        members = [known.get(name) for name in counts.get("members", ())]
        absent = [name for name in counts.get("members", ()) if name not in known]
        if absent:
            found.append(f"{target} has the members {', '.join(absent)}, which have no counts")
        elif members and sum(member.n for member in members if member) != counts["n"]:
            found.append(f"the members of {target} do not sum to n = {counts['n']}")
    return found
