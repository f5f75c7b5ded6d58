"""Two entries on the same clips: differences with paired intervals and tests, for all pairs of the best.

WAR is tested as `fervbench compare` does it, by McNemar's exact test, in all, by target and by class, with Holm's
adjustment over targets and over classes. Other headline metrics have the share of paired replicates beyond zero. Pairs
of entries with several seeds are compared by their means, in replicates alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fervbench.comparing import bootstrap_p
from fervbench.ground_truth import GroundTruth
from fervbench.leaderboard.entries import Entry
from fervbench.leaderboard.headline import ranked_metrics
from fervbench.leaderboard.ranking import Drawn
from fervbench.leaderboard.scoring import Ground
from fervbench.leaderboard.site.bits import MOST, best, right, target_of, tested
from fervbench.metrics import paired
from fervbench.metrics.resampling import interval
from fervbench.protocol import POOLED
from fervbench.uncertainty import members


@dataclass(frozen=True)
class Pairs:
    """`of[evaluation][(first id, second id)]`: what differs, first less second; ids in the order of the ranking.

    Each holds `metrics` {metric: {difference, low, high, p, test}}; and for one run each `targets` and `classes`:
    {name: [only first right, only second right, p adjusted]}.
    """

    of: dict[str, dict[tuple[str, str], dict[str, Any]]] = field(repr=False, default_factory=dict)
    left_out: int = 0


def pairs_of(ground: Ground, scored: Sequence[Entry], kept: Mapping[str, Mapping[str, Any]], drawn: Drawn) -> Pairs:
    """All pairs of the best `MOST` scored entries of each evaluation."""
    protocol = ground.protocol
    first_metric = ranked_metrics(protocol)[0]
    made: dict[str, dict[tuple[str, str], dict[str, Any]]] = {}
    left_out = 0
    for evaluation in protocol.evaluations:
        known = [e for e in scored if drawn.get(e.id, evaluation, first_metric) is not None]
        chosen = best(known, evaluation, first_metric, MOST)
        left_out = max(left_out, len(known) - len(chosen))
        if len(chosen) < 2:
            continue
        hits = _hits(ground, chosen, kept, evaluation)
        made[evaluation] = {
            (a.id, b.id): _pair(ground, evaluation, a, b, drawn, hits)
            for i, a in enumerate(chosen) for b in chosen[i + 1 :]
        }  # fmt: skip
    return Pairs(made, left_out)


def _hits(
    ground: Ground, chosen: Sequence[Entry], kept: Mapping[str, Mapping[str, Any]], evaluation: str
) -> dict[str, Any]:
    """Which clips each entry has right, where it has one run and the headline is one cell; else nothing."""
    protocol, truth = ground.protocol, ground.truth
    target = target_of(protocol, evaluation)
    if target is None or not isinstance(truth, GroundTruth):
        return {}
    mask = tested(protocol, truth, target)
    found = {}
    for entry in chosen:
        rows = right(kept[entry.id], evaluation, len(truth))
        if rows is not None and len(rows) == 1:
            found[entry.id] = rows[0] & mask
    return found


def _pair(ground: Ground, evaluation: str, a: Entry, b: Entry, drawn: Drawn, hits: Mapping[str, Any]) -> dict[str, Any]:
    protocol = ground.protocol
    pair: dict[str, Any] = {"metrics": {}}
    for metric in ranked_metrics(protocol):
        first, second = drawn.get(a.id, evaluation, metric), drawn.get(b.id, evaluation, metric)
        values = [entry.scores(evaluation).get(metric, {}).get("value") for entry in (a, b)]
        if first is None or second is None or None in values:
            continue
        low, high = interval(first - second).tolist()
        moved = float(values[0] or 0) - float(values[1] or 0)
        pair["metrics"][metric] = {
            "difference": moved, "low": low, "high": high, "test": "replicates", "p": bootstrap_p(first - second)
        }  # fmt: skip
    if a.id in hits and b.id in hits and isinstance(ground.truth, GroundTruth):
        _clip_tests(ground, ground.truth, evaluation, hits[a.id], hits[b.id], pair)
    return pair


def _clip_tests(ground: Ground, truth: GroundTruth, evaluation: str, first: Any, second: Any, pair: Any) -> None:
    """Add what clips tell: McNemar's test in all, by target and by class."""
    protocol = ground.protocol
    leaves, classes = len(protocol.leaves), len(protocol.classes)
    group = truth.leaf * classes + truth.label
    counts = [
        np.bincount(group[only], minlength=leaves * classes).reshape(leaves, classes)
        for only in (first & ~second, second & ~first)
    ]
    whole = [int(each.sum()) for each in counts]
    pair["only"] = whole
    if "WAR" in pair["metrics"]:
        pair["metrics"]["WAR"] |= {"test": "McNemar", "p": float(paired.mcnemar(*whole))}
    targets = [t for _, t in protocol.evaluations[evaluation].cells if t in protocol.configurations and t != POOLED]
    targets = list(dict.fromkeys(targets))
    united = members(protocol, targets).astype(np.int64)
    pair["targets"] = _tests(targets, *(united @ each.sum(axis=1) for each in counts))
    pair["classes"] = _tests(protocol.classes, *(each.sum(axis=0) for each in counts))


def _tests(names: Sequence[str], first: Any, second: Any) -> dict[str, list[float]]:
    p = paired.holm(paired.mcnemar(first, second)).tolist()
    return {
        name: [int(a), int(b), each] for name, a, b, each in zip(names, first.tolist(), second.tolist(), p, strict=True)
    }
