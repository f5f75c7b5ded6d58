"""What the pages are made of: the checked board, by protocol, with whole results, rankings, pairs and clips."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from fervbench import strict_json
from fervbench.leaderboard.checking import Checked
from fervbench.leaderboard.entries import RESULT, TRUST, Entry
from fervbench.leaderboard.headline import Headline, headline, ranked_metrics, shown_metrics
from fervbench.leaderboard.ranking import Board, Drawn, Row, draw, fingerprints, rank
from fervbench.leaderboard.scoring import Ground, score_entry, unpacked
from fervbench.leaderboard.site.clips import Clips, clips_of_entries
from fervbench.leaderboard.site.pairs import Pairs, pairs_of
from fervbench.leaderboard.sources import Files
from fervbench.leaderboard.telling import Told
from fervbench.leaderboard.tracks import OPEN, TRACKS, admits
from fervbench.protocol import Protocol


@dataclass(frozen=True)
class Table:
    """The rankings of one evaluation, fingerprint and track, by metric. `slug` names its page."""

    evaluation: str
    fingerprint: str | None
    track: str
    boards: dict[str, Board]
    head: Headline
    slug: str

    @cached_property
    def rows(self) -> dict[str, dict[str, Row]]:
        """The row of each entry, by metric and entry id."""
        return {metric: {row.entry.id: row for row in board.rows} for metric, board in self.boards.items()}

    @cached_property
    def places(self) -> dict[str, int]:
        """How many entries have a value, by metric."""
        return {metric: sum(row.value is not None for row in board.rows) for metric, board in self.boards.items()}

    @property
    def first(self) -> Board:
        """The ranking by the first metric: WAR, or AUC."""
        return next(iter(self.boards.values()))


@dataclass(frozen=True)
class Chapter:
    """A protocol with its entries and all that is known of them; `results` are whole result documents by entry id."""

    ground: Ground
    entries: tuple[Entry, ...]
    results: Mapping[str, dict[str, Any]] = field(repr=False)
    tables: tuple[Table, ...] = field(repr=False)
    pairs: Pairs = field(repr=False)
    clips: tuple[Clips, ...] = field(repr=False)

    @property
    def protocol(self) -> Protocol:
        """The protocol."""
        return self.ground.protocol

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics that are ranked."""
        return ranked_metrics(self.protocol)

    @property
    def shown(self) -> tuple[str, ...]:
        """The metrics of a headline."""
        return shown_metrics(self.protocol)

    @property
    def trust(self) -> dict[str, int]:
        """Entries by trust."""
        return {name: sum(e.trust == name for e in self.entries) for name in TRUST}

    def open_tables(self) -> list[Table]:
        """The tables in which everyone stands: one an evaluation and fingerprint."""
        return [table for table in self.tables if table.track == OPEN]

    def main(self) -> Table:
        """The table with most entries that have a value: what the front page shows."""
        return self._main

    @cached_property
    def _main(self) -> Table:
        return max(self.open_tables(), key=lambda t: sum(row.value is not None for row in t.first.rows))

    def entry(self, id: str) -> Entry:
        """An entry by id. Raises KeyError."""
        return self.by_id[id]

    @cached_property
    def back(self) -> dict[str, list[tuple[Entry, str]]]:
        """Who links to an entry, and how, by the id of the entry that is linked to."""
        found: dict[str, list[tuple[Entry, str]]] = {}
        for entry in self.entries:
            for link in entry.links:
                found.setdefault(link["entry"], []).append((entry, link["relation"]))
        return found

    @cached_property
    def by_id(self) -> dict[str, Entry]:
        """The entries by id."""
        return {entry.id: entry for entry in self.entries}


def chapters(files: Files, found: Checked, say: Callable[[str], None] | None = None) -> list[Chapter]:
    """One chapter for each protocol that has entries, those with most entries first."""
    made = []
    for id, ground in found.grounds.items():
        own = tuple(sorted((e for e in found.entries if e.protocol == id), key=lambda e: e.id))
        if own:
            if say is not None:
                say(f"{id}: {len(own):,} entries")
            made.append(_chapter(files, found, ground, own))
    order = {"recognition": 0, "spotting": 1}
    return sorted(made, key=lambda c: (order.get(c.protocol.task, 2), -len(c.entries), c.protocol.id))


def _chapter(files: Files, found: Checked, ground: Ground, own: tuple[Entry, ...]) -> Chapter:
    protocol = ground.protocol
    kept = {entry.id: found.kept[entry.id] for entry in own}
    drawn = draw(ground, kept)
    results = {e.id: r for e in own if (r := _result(files, e, kept[e.id], ground)) is not None}
    tables = []
    for evaluation in protocol.evaluations:
        inside = [e for e in own if evaluation in e.evaluations]
        for fingerprint in fingerprints(protocol, inside) if inside else []:
            tables += _tables(protocol, own, evaluation, fingerprint, drawn)
    scored = [e for e in own if e.id in results]
    return Chapter(
        ground,
        own,
        results,
        tuple(tables),
        pairs_of(ground, scored, kept, drawn),
        tuple(clips_of_entries(ground, scored, kept)),
    )


def _tables(
    protocol: Protocol, own: tuple[Entry, ...], evaluation: str, fingerprint: str | None, drawn: Drawn
) -> list[Table]:
    """The table of each track that admits somebody; tracks that admit the same entries share their rankings."""
    made: dict[tuple[str, ...], dict[str, Board]] = {}
    tables = []
    for track in TRACKS:
        ids = tuple(e.id for e in own if admits(track, e))
        if ids not in made:
            made[ids] = {
                metric: rank(protocol, own, evaluation, metric, track=track, drawn=drawn, fingerprint=fingerprint)
                for metric in ranked_metrics(protocol)
            }
        boards = made[ids]
        if any(board.rows for board in boards.values()):
            slug = evaluation + ("" if track == OPEN else f"-{track}")
            slug += "" if fingerprint is None else f"-{_short(fingerprint)}"
            tables.append(Table(evaluation, fingerprint, track, boards, headline(protocol, evaluation), slug))
    return tables


def _short(fingerprint: str) -> str:
    return fingerprint.replace(" ", "-")[:11]


def _result(files: Files, entry: Entry, kept: dict[str, Any], ground: Ground) -> dict[str, Any] | None:
    """The whole result that an entry is shown by: as stored where that is what was found now, else scored once more."""
    if entry.result is None or entry.predictions is None:
        return None
    listing = files.listing()
    stored: dict[str, Any] | None = None
    if kept["stored"] is not None:
        path = f"{entry.id}/{RESULT}"
        stored = json.loads(files.read(path, listing[path].size))
    if kept.get("fresh") is None or kept.get("other_truth"):
        return stored
    if stored is not None and _same(kept["stored"], kept["fresh"]):
        return stored
    path = f"{entry.id}/{entry.predictions}"
    data = unpacked(files.read(path, listing[path].size), path)
    missing = str(entry.about.get("missing", "error"))
    scored = score_entry(entry.id, data, path, ground, Told(path, entry.id), missing=missing)
    return None if scored is None else scored.result


def _same(stored: dict[str, Any], fresh: dict[str, Any]) -> bool:
    keys = ("scores", "predictions")
    same = all(strict_json.dumps(stored[key]) == strict_json.dumps(fresh[key]) for key in keys)
    return same and stored["report"]["protocol"] == fresh["report"]["protocol"]
