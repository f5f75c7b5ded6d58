"""How ranks move where stored results are of another version of a protocol."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fervbench.findings import Finding
from fervbench.leaderboard.entries import RESULT, Entry
from fervbench.leaderboard.headline import ranked_metrics
from fervbench.leaderboard.scoring import Ground


def changes(
    entries: list[Entry], kept: Mapping[str, dict[str, Any]], grounds: Mapping[str, Ground]
) -> list[dict[str, Any]]:
    """Ranks and values before and after, of every entry that moves."""
    found = []
    moved = {id.partition("/")[0] for id, each in kept.items() if _outdated(each)}
    for protocol in sorted(moved):
        by = grounds[protocol].protocol
        own = [entry for entry in entries if entry.protocol == protocol]
        for evaluation in by.evaluations:
            for metric in ranked_metrics(by):
                was = _places({e.id: _value(_old(e, kept[e.id]), evaluation, metric) for e in own})
                now = _places({e.id: _value(_new(e, kept[e.id]), evaluation, metric) for e in own})
                for id in sorted(was.keys() | now.keys(), key=lambda id: (now.get(id, (10**9, 0))[0], id)):
                    if was.get(id) != now.get(id):
                        before, after = was.get(id, (None, None)), now.get(id, (None, None))
                        found.append(
                            {"entry": id, "evaluation": evaluation, "metric": metric, "rank_before": before[0],
                             "rank_after": after[0], "value_before": before[1], "value_after": after[1]}
                        )  # fmt: skip
    return found


def told_change(each: dict[str, Any]) -> Finding:
    """A rank that moves, as a note."""
    was, now = (f"rank {each[f'rank_{w}']} ({100 * each[f'value_{w}']:.2f})" if each[f"rank_{w}"] else "no rank"
                for w in ("before", "after"))  # fmt: skip
    message = f"{each['evaluation']}, {each['metric']}: {was} -> {now}"
    return Finding("rank-changed", message, file=f"{each['entry']}/{RESULT}", id=each["entry"], severity="note")


def _outdated(found: dict[str, Any]) -> bool:
    stored, fresh = found.get("stored_before") or found.get("stored"), found.get("fresh")
    return bool(stored and fresh and stored["report"]["protocol"]["sha256"] != fresh["report"]["protocol"]["sha256"])


def _old(entry: Entry, found: dict[str, Any]) -> Entry:
    return replace(entry, result=found.get("stored_before") or found.get("stored"))


def _new(entry: Entry, found: dict[str, Any]) -> Entry:
    return replace(entry, result=found.get("fresh") or found.get("stored"))


def _value(entry: Entry, evaluation: str, metric: str) -> float | None:
    return entry.scores(evaluation).get(metric, {}).get("value")


def _places(values: Mapping[str, float | None]) -> dict[str, tuple[int, float]]:
    """Rank and value by id; equal scores share a rank."""
    known = {id: round(value, 4) for id, value in values.items() if value is not None}
    return {id: (1 + sum(other > value for other in known.values()), value) for id, value in known.items()}
