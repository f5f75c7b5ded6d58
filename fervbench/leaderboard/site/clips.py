"""Clips and answers of all scored entries together: what nobody gets right, who agrees with whom, what is left to gain.

Entries are taken by their best run here: a clip is right where any seed has it right.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fervbench.ground_truth import GroundTruth
from fervbench.leaderboard.entries import Entry
from fervbench.leaderboard.headline import ranked_metrics
from fervbench.leaderboard.scoring import Ground
from fervbench.leaderboard.site.bits import answers, best, right, target_of, tested


@dataclass(frozen=True)
class Clips:
    """Of one evaluation and its scored entries.

    `wrong` names the clips that no entry has right, as (id, leaf, class); the class is "" where the labels do not ship.
    `by_leaf` and `by_class` are (name, clips, wrong by all). `by_number[k]` clips are right for exactly k entries.
    `agreement` is (first, second, same answers as a share, kappa). Shares of 1.
    """

    evaluation: str
    target: str
    entries: tuple[Entry, ...]
    n: int
    wrong: tuple[tuple[str, str, str], ...] = field(repr=False)
    by_leaf: tuple[tuple[str, int, int], ...] = field(repr=False)
    by_class: tuple[tuple[str, int, int], ...] = field(repr=False)
    by_number: tuple[int, ...] = field(repr=False)
    agreement: dict[tuple[str, str], tuple[float, float]] = field(repr=False)
    single: float = 0.0
    any_right: float = 0.0
    all_right: float = 0.0
    vote: float | None = None


def clips_of_entries(ground: Ground, scored: Sequence[Entry], kept: Mapping[str, Mapping[str, Any]]) -> list[Clips]:
    """One for each evaluation that ranks by one cell and has two scored entries or more."""
    protocol, truth = ground.protocol, ground.truth
    if not isinstance(truth, GroundTruth):
        return []
    made = []
    for evaluation in protocol.evaluations:
        target = target_of(protocol, evaluation)
        rows = {e.id: right(kept[e.id], evaluation, len(truth)) for e in scored} if target is not None else {}
        known = [e for e in scored if rows.get(e.id) is not None]
        if target is not None and len(known) > 1:
            made.append(_clips(ground, truth, evaluation, target, known, rows, kept))
    return made


def _clips(
    ground: Ground,
    truth: GroundTruth,
    evaluation: str,
    target: str,
    known: list[Entry],
    rows: Mapping[str, Any],
    kept: Mapping[str, Mapping[str, Any]],
) -> Clips:
    protocol = ground.protocol
    mask = tested(protocol, truth, target)
    hits = np.stack([rows[e.id].any(axis=0) for e in known])[:, mask]
    at = np.flatnonzero(mask)
    number = hits.sum(axis=0)
    lost = at[number == 0]
    n = int(mask.sum())
    named = [
        (truth.ids[i], protocol.leaves[truth.leaf[i]], protocol.classes[truth.label[i]] if ground.ships else "")
        for i in lost.tolist()
    ]
    chosen = best(known, evaluation, ranked_metrics(protocol)[0])
    return Clips(
        evaluation,
        target,
        tuple(chosen),
        n,
        tuple(sorted(named)),
        _shares(protocol.leaves, truth.leaf[at], truth.leaf[lost]),
        _shares(protocol.classes, truth.label[at], truth.label[lost]),
        tuple(np.bincount(number, minlength=len(known) + 1).tolist()),
        _agreement(chosen, kept, len(protocol.classes)),
        single=float(max(row.mean() for row in hits)),
        any_right=float((number > 0).mean()),
        all_right=float((number == len(known)).mean()),
        vote=_vote(known, kept, truth, mask, len(protocol.classes)),
    )


def _shares(names: Sequence[str], every: Any, lost: Any) -> tuple[tuple[str, int, int], ...]:
    of = np.bincount(every, minlength=len(names)).tolist()
    gone = np.bincount(lost, minlength=len(names)).tolist()
    return tuple((name, a, b) for name, a, b in zip(names, of, gone, strict=True) if a)


def _agreement(
    chosen: Sequence[Entry], kept: Mapping[str, Mapping[str, Any]], classes: int
) -> dict[tuple[str, str], tuple[float, float]]:
    """Share of equal answers and Cohen's kappa of each pair that answers the same ids in the same order."""
    found = {}
    said = {e.id: answers(kept[e.id]) for e in chosen}
    for i, a in enumerate(chosen):
        for b in chosen[i + 1 :]:
            first, second = said[a.id], said[b.id]
            if first is None or second is None or kept[a.id]["ids"] != kept[b.id]["ids"]:
                continue
            if len(first) != len(second) or not len(first):
                continue
            same = float((first == second).mean())
            size = max(int(first.max()), int(second.max()), classes + 1) + 1
            chance = float(np.bincount(first, minlength=size) @ np.bincount(second, minlength=size)) / len(first) ** 2
            found[a.id, b.id] = same, (same - chance) / (1 - chance) if chance < 1 else 1.0
    return found


def _vote(
    known: Sequence[Entry], kept: Mapping[str, Mapping[str, Any]], truth: GroundTruth, mask: Any, classes: int
) -> float | None:
    """Accuracy of the majority vote of entries with one run over all clips; None for fewer than three."""
    said = [answers(kept[e.id]) for e in known]
    rows = [row.astype(np.int64) - 2 for row in said if row is not None and len(row) == len(truth)]
    if len(rows) < 3:
        return None
    votes = np.stack([(np.stack(rows) == c).sum(axis=0) for c in range(classes)])
    return float((votes.argmax(axis=0) == truth.label)[mask].mean())
