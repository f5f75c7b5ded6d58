"""Ranks that admit ties: places, tie groups and the ranks each entry can have, from paired tests where they can be had.

Two verified entries are compared on the same clips, in joint replicates of the test list (`scoring.weights`). An entry
with numbers alone is taken to vary independently of all others with the spread of its own hits (`headline.spread`):
wider than the truth, as answers to the same clips go together. All pairs are told apart or not at one level together
(`metrics.ranking.simultaneous`); ranks follow from what is surely better. An entry whose spread nobody knows is told
apart from nobody: it can have every rank.

Scores that print the same (two decimals of per cent) share a rank. A missing value stands last and says why.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from fervbench.ground_truth import GroundTruth
from fervbench.leaderboard.entries import Entry
from fervbench.leaderboard.headline import ranked_metrics, spread
from fervbench.leaderboard.scoring import REPLICATES, SEED, Ground, shares, weights
from fervbench.leaderboard.tracks import OPEN, admits
from fervbench.metrics.proportions import normal_quantile
from fervbench.metrics.ranking import ranks, simultaneous, tie_groups
from fervbench.protocol import Protocol

FloatArray = npt.NDArray[np.float64]
LEVEL = 0.95
PAIRED, NUMBERS, UNKNOWN = "paired", "numbers", "unknown"
UNPUBLISHED = "as reported"  # the group of numbers whose ground truth is not known


@dataclass(frozen=True)
class Row:
    """One entry in a ranking.

    `rank` is shared by equal scores; `best` and `worst` are the ranks it can have; `groups` the tie groups (from 0) it
    is in; `basis` what its rank interval rests on: paired, numbers, unknown. `low` and `high` are the interval of its
    own score. Where `value` is None so are they all, and `why` says why. `front` tells whether no other entry is at
    least as good by every ranked metric and better by one.
    """

    entry: Entry
    value: float | None
    rank: int | None = None
    best: int | None = None
    worst: int | None = None
    groups: tuple[int, ...] = ()
    basis: str | None = None
    low: float | None = None
    high: float | None = None
    why: str | None = None
    front: bool = False


@dataclass(frozen=True)
class Board:
    """A ranking: rows best first, those without a value last. `fingerprint` is None where all labels are the same."""

    protocol: Protocol
    evaluation: str
    track: str
    metric: str
    rows: tuple[Row, ...] = field(repr=False)
    groups: tuple[tuple[str, ...], ...] = ()
    fingerprint: str | None = None
    level: float = LEVEL

    def row(self, id: str) -> Row:
        """The row of an entry. Raises KeyError."""
        for row in self.rows:
            if row.entry.id == id:
                return row
        raise KeyError(id)

    def to_dict(self) -> dict[str, Any]:
        """The ranking as JSON has it."""
        return {
            "protocol": self.protocol.id,
            "version": self.protocol.version,
            "evaluation": self.evaluation,
            "track": self.track,
            "metric": self.metric,
            "fingerprint": self.fingerprint,
            "level": self.level,
            "groups": [list(group) for group in self.groups],
            "rows": [
                {
                    "entry": row.entry.id, "method": row.entry.name, "trust": row.entry.trust, "value": row.value,
                    "rank": row.rank, "best": row.best, "worst": row.worst, "basis": row.basis,
                    "ci_low": row.low, "ci_high": row.high, "why": row.why, "front": row.front,
                    "groups": list(row.groups),
                }
                for row in self.rows
            ],
        }  # fmt: skip


@dataclass(frozen=True)
class Drawn:
    """Replicates of headline scores: `of[entry id][evaluation][metric]` (R,), all of the same draws."""

    of: Mapping[str, Mapping[str, Mapping[str, FloatArray]]] = field(repr=False, default_factory=dict)

    def get(self, id: str, evaluation: str, metric: str) -> FloatArray | None:
        """The replicates of an entry, None where there are none."""
        return self.of.get(id, {}).get(evaluation, {}).get(metric)


def draw(ground: Ground, packed: Mapping[str, Mapping[str, Any]]) -> Drawn:
    """Replicates of all entries of a protocol that were scored here; `packed` is what `checking` keeps of each."""
    found: dict[str, dict[str, dict[str, FloatArray]]] = {}
    if not isinstance(ground.truth, GroundTruth):
        for id, kept in packed.items():
            drawn = {metric: np.array(values) for metric, values in kept.get("drawn", {}).items()}
            if drawn:
                found[id] = {"spotting": drawn}
        return Drawn(found)
    columns: list[tuple[str, str, str]] = []
    vectors: list[FloatArray] = []
    for id, kept in packed.items():
        for evaluation, bits in kept.get("right", {}).items():
            for metric, vector in shares(ground.protocol, ground.truth, evaluation, bits).items():
                columns.append((id, evaluation, metric))
                vectors.append(vector.astype(np.float32))
    if not columns:
        return Drawn()
    fell = weights(ground.truth, len(ground.protocol.leaves), len(ground.protocol.classes))
    made = (fell @ np.stack(vectors, axis=1)).astype(np.float64)
    for i, (id, evaluation, metric) in enumerate(columns):
        found.setdefault(id, {}).setdefault(evaluation, {})[metric] = made[:, i]
    return Drawn(found)


def fingerprints(protocol: Protocol, entries: Sequence[Entry]) -> list[str | None]:
    """The groups that rank apart: [None] where the protocol freezes its labels, else one for each fingerprint."""
    if "fingerprint" in protocol.ground_truth or "labels" in protocol.ground_truth:
        return [None]
    return list(dict.fromkeys(entry.fingerprint or UNPUBLISHED for entry in entries)) or [UNPUBLISHED]


def rank(
    protocol: Protocol,
    entries: Sequence[Entry],
    evaluation: str,
    metric: str,
    *,
    track: str = OPEN,
    drawn: Drawn | None = None,
    fingerprint: str | None = None,
    level: float = LEVEL,
) -> Board:
    """The ranking of the entries of a protocol by one metric of one evaluation, in one track and for one fingerprint.

    Entries of other protocols are left out; `fingerprint` matters only where the protocol freezes none.
    """
    drawn = drawn or Drawn()
    chosen = [e for e in entries if e.protocol == protocol.id and evaluation in e.evaluations and admits(track, e)]
    if fingerprint is not None:
        chosen = [e for e in chosen if (e.fingerprint or UNPUBLISHED) == fingerprint]
    told = [(entry, *_value(protocol, entry, evaluation, metric)) for entry in chosen]
    known = sorted((x for x in told if x[1] is not None), key=lambda x: (-round(float(x[1] or 0), 4), x[0].id))
    lost = sorted((x for x in told if x[1] is None), key=lambda x: x[0].id)
    last = [Row(entry, None, why=reason) for entry, _, reason in lost]
    if not known:
        return Board(protocol, evaluation, track, metric, tuple(last), (), fingerprint, level)
    values = np.array([round(float(value or 0), 4) for _, value, _ in known])
    columns = [_replicates(protocol, entry, evaluation, metric, float(value or 0), drawn) for entry, value, _ in known]
    better = _surely_better(values, [column for column, _ in columns], level)
    _, groups = tie_groups(values, better)
    best, worst = ranks(better)
    place = 1 + (values[None, :] > values[:, None]).sum(axis=1)
    front = _front(protocol, [entry for entry, _, _ in known], evaluation)
    rows = []
    for i, (entry, value, _) in enumerate(known):
        column, basis = columns[i]
        low, high = _own_interval(entry, evaluation, metric, float(value or 0), column, level)
        inside = tuple(g for g, (start, end) in enumerate(groups.tolist()) if start <= i < end)
        own = int(place[i])
        first, last_ = min(int(best[i]), own), max(int(worst[i]), own)
        rows.append(Row(entry, value, own, first, last_, inside, basis, low, high, front=front[i]))
    named = tuple(tuple(known[i][0].id for i in range(start, end)) for start, end in groups.tolist())
    return Board(protocol, evaluation, track, metric, (*rows, *last), named, fingerprint, level)


def _value(protocol: Protocol, entry: Entry, evaluation: str, metric: str) -> tuple[float | None, str | None]:
    """The score of an entry, or None and why there is none."""
    if entry.result is not None:
        scored = entry.result["report"]["protocol"]
        if scored["sha256"] != protocol.sha256:
            return None, f"scored by {scored['id']} {scored['version']}, not by {protocol.version}: to be scored again"
    scores = entry.scores(evaluation)
    if metric not in scores:
        return None, f"{metric} is not reported" if entry.result is None else f"{metric} was not scored"
    value = scores[metric]["value"]
    return (None, f"{metric} is not defined here") if value is None else (float(value), None)


def _replicates(
    protocol: Protocol, entry: Entry, evaluation: str, metric: str, value: float, drawn: Drawn
) -> tuple[FloatArray | None, str]:
    """Replicates of a score, and what they rest on."""
    found = drawn.get(entry.id, evaluation, metric) if entry.result is not None else None
    if found is not None:
        return found, PAIRED
    own = _stored_spread(entry, evaluation, metric)
    width = own if own is not None else spread(protocol, evaluation, metric, value)
    if width is None:
        return None, UNKNOWN
    seed = int.from_bytes(hashlib.sha256(f"{entry.id}\t{evaluation}\t{metric}".encode()).digest()[:8])
    return value + width * np.random.default_rng([SEED, seed]).standard_normal(REPLICATES), NUMBERS


def _stored_spread(entry: Entry, evaluation: str, metric: str) -> float | None:
    """The spread that the interval of a result stands for."""
    found = entry.scores(evaluation).get(metric, {}) if entry.result is not None else {}
    low, high = found.get("ci_low"), found.get("ci_high")
    if low is None or high is None or entry.result is None:
        return None
    level = (entry.result["report"]["intervals"] or {}).get("level", LEVEL)
    return (float(high) - float(low)) / (2 * normal_quantile(level))


def _surely_better(values: FloatArray, columns: list[FloatArray | None], level: float) -> npt.NDArray[np.bool_]:
    """Who is surely better than whom, (M, M); those without replicates are told apart from nobody."""
    better = np.zeros((len(values), len(values)), dtype=np.bool_)
    known = [i for i, column in enumerate(columns) if column is not None]
    if len(known) > 1:
        drawn = np.stack([c for c in columns if c is not None], axis=1)
        # values are rounded as they print; replicates are centred on them, so that a difference is theirs
        drawn = drawn - drawn.mean(axis=0) + values[known]
        better[np.ix_(known, known)] = simultaneous(drawn, values[known], level).better
    return better


def _own_interval(
    entry: Entry, evaluation: str, metric: str, value: float, column: FloatArray | None, level: float
) -> tuple[float | None, float | None]:
    """The interval of one score: as stored, else from its spread."""
    found = entry.scores(evaluation).get(metric, {}) if entry.result is not None else {}
    low, high = found.get("ci_low"), found.get("ci_high")
    if low is not None and high is not None:
        return float(low), float(high)
    if column is None:
        return None, None
    half = normal_quantile(level) * float(np.std(column, ddof=1))
    return max(0.0, value - half), min(1.0, value + half)


def _front(protocol: Protocol, entries: Sequence[Entry], evaluation: str) -> list[bool]:
    """Which entries no other one matches or beats by every ranked metric; without all of them an entry is not in it."""
    metrics = ranked_metrics(protocol)
    points = []
    for entry in entries:
        values = [_value(protocol, entry, evaluation, metric)[0] for metric in metrics]
        points.append(None if None in values else tuple(round(float(v or 0), 4) for v in values))
    known = np.array([p for p in points if p is not None]).reshape(-1, len(metrics))
    found = []
    for point in points:
        if point is None:
            found.append(False)
            continue
        own = np.array(point)
        found.append(not bool(((known >= own).all(axis=1) & (known > own).any(axis=1)).any()))
    return found


def boards(
    protocol: Protocol,
    entries: Sequence[Entry],
    drawn: Drawn | None = None,
    *,
    track: str = OPEN,
    metrics: Sequence[str] | None = None,
) -> list[Board]:
    """Every ranking of a protocol in one track: by evaluation, fingerprint and metric; empty ones are left out."""
    own = [entry for entry in entries if entry.protocol == protocol.id]
    found = []
    for evaluation in protocol.evaluations:
        for fingerprint in fingerprints(protocol, [e for e in own if evaluation in e.evaluations]):
            for metric in metrics or ranked_metrics(protocol):
                made = rank(protocol, own, evaluation, metric, track=track, drawn=drawn, fingerprint=fingerprint)
                if made.rows:
                    found.append(made)
    return found
