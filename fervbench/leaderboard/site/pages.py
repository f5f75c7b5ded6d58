"""The pages: which there are, and what stands on each. A page is a path below the site and its text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from fervbench.leaderboard.site import charts
from fervbench.leaderboard.site.entry import entry_context
from fervbench.leaderboard.site.gather import Chapter, Table
from fervbench.leaderboard.site.html import render
from fervbench.leaderboard.site.published import published_pages
from fervbench.leaderboard.site.resolve import resolution_rows
from fervbench.leaderboard.tracks import OPEN, TRACKS, home
from fervbench.published.audit import audit_published

Page = tuple[str, str]
TOP = 12  # entries on the front page's charts


def pages(chapters: Sequence[Chapter]) -> Iterator[Page]:
    """Every page of the site, as (path, text)."""
    shared = {"chapters": chapters}
    yield "index.html", _overview(chapters, shared)
    for chapter in chapters:
        folder = chapter.protocol.id
        for table in chapter.tables:
            names = [f"{folder}/{table.slug}.html"]
            if table is chapter.main():
                names.append(f"{folder}/index.html")
            text = _table(chapter, table, shared)
            for name in names:
                yield name, text
        for entry in chapter.entries:
            context = entry_context(chapter, entry)
            yield (
                f"{folder}/entries/{entry.slug}.html",
                render("entry.html", root="../../", chapter=chapter, entry=entry, **context, **shared),
            )
        yield f"{folder}/compare.html", _compare(chapter, shared)
        yield f"{folder}/clips.html", render("clips.html", root="../", chapter=chapter, names=_names(chapter), **shared)
        for evaluation in chapter.protocol.evaluations.values():
            if evaluation.kind == "grid" and len(evaluation.sources) > 1:
                yield f"{folder}/matrix-{evaluation.id}.html", _matrix(chapter, evaluation, shared)
    for path, template, context in published_pages():
        yield path, render(template, root="../", **context, **shared)
    yield "resolve.html", render("resolve.html", root="", rows=resolution_rows(chapters), **shared)
    yield "submit.html", render("submit.html", root="", tracks=TRACKS, **shared)


def _names(chapter: Chapter) -> dict[str, str]:
    return {entry.id: entry.name for entry in chapter.entries}


def _overview(chapters: Sequence[Chapter], shared: dict[str, Any]) -> str:
    cards = []
    for chapter in chapters:
        table = chapter.main()
        board = table.first
        rows = [row for row in board.rows if row.value is not None]
        tied = set(board.groups[0]) if board.groups else set()
        bars = [
            charts.Bar(row.entry.name, float(row.value or 0), row.low, row.high, row.entry.trust, row.entry.id in tied)
            for row in rows[:TOP]
        ]
        points = [
            charts.Point(r.entry.name, r.entry.year, float(r.value or 0),
                         f"{chapter.protocol.id}/entries/{r.entry.slug}.html", r.entry.trust)
            for r in rows
        ]  # fmt: skip
        verified = next((row for row in rows if row.entry.trust != "reported"), None)
        id = f"lead-{chapter.protocol.id}"
        cards.append(
            {
                "chapter": chapter,
                "table": table,
                "rows": rows,
                "tied": [row for row in rows if row.entry.id in tied],
                "could": sum(row.best == 1 for row in rows),
                "verified": verified,
                "chart": charts.leaders(bars, id, board.metric) if bars else "",
                "progress": charts.progress(points, f"{id}-y", board.metric) if len(points) > 2 else "",
                "seconds": _second_leader(table),
            }
        )
    totals = {
        "entries": sum(len(chapter.entries) for chapter in chapters),
        "checked": sum(chapter.trust["verified"] + chapter.trust["reproduced"] for chapter in chapters),
        "protocols": len(chapters),
        "printed": audit_published().numbers,
    }
    return render("index.html", root="", cards=cards, totals=totals, **shared)


def _second_leader(table: Table) -> Any:
    """The first by the second metric, where it is another entry than the first by the first."""
    boards = list(table.boards.values())
    if len(boards) < 2 or not boards[1].rows or boards[1].rows[0].value is None:
        return None
    return boards[1].rows[0]


def _bands(table: Table) -> dict[str, int]:
    """A band for each row: stretches from the top in which nobody is surely better than another."""
    board = table.first
    ranked = [row.entry.id for row in board.rows if row.value is not None]
    at = {id: i for i, id in enumerate(ranked)}
    last: dict[str, int] = {}
    for group in board.groups:
        end = at[group[-1]]
        for id in group:
            last[id] = max(last.get(id, 0), end)
    found: dict[str, int] = {}
    start, band = 0, 0
    while start < len(ranked):
        end = last.get(ranked[start], start)
        for id in ranked[start : end + 1]:
            found[id] = band
        start, band = end + 1, band + 1
    return found


def _table(chapter: Chapter, table: Table, shared: dict[str, Any]) -> str:
    others = {metric: {r.entry.id: r for r in board.rows} for metric, board in table.boards.items()}
    known = [r for board in table.boards.values() for r in board.rows if r.value is not None]
    axes = {}
    for metric, board in table.boards.items():
        ends = [e for r in board.rows if r.value is not None for e in (r.low, r.high, r.value) if e is not None]
        axes[metric] = (min(ends) - 0.005, max(ends) + 0.005) if ends else (0.0, 1.0)
    plot = ""
    if len(table.boards) == 2:
        first, second = table.boards
        points = [
            charts.Point(r.entry.name, float(r.value or 0), float(others[second][r.entry.id].value or 0),
                         f"entries/{r.entry.slug}.html", r.entry.trust, r.front)
            for r in table.first.rows
            if r.value is not None and others[second][r.entry.id].value is not None
        ]  # fmt: skip
        if len(points) > 1:
            plot = charts.scatter(points, "front", first, second)
    total = sum(r.value is not None for r in table.first.rows)
    siblings = [t for t in chapter.tables if t.evaluation == table.evaluation and t.fingerprint == table.fingerprint]
    return render(
        "protocol.html",
        root="../",
        chapter=chapter,
        table=table,
        rows=table.first.rows,
        others=others,
        axes=axes,
        bands=_bands(table),
        plot=plot,
        total=total,
        known=len(known),
        siblings=siblings,
        evaluations=chapter.open_tables(),
        years=sorted({row.entry.year for row in table.first.rows}, reverse=True),
        extra=[m for m in chapter.shown if m not in table.boards] if chapter.protocol.task == "spotting" else [],
        draw=charts.interval,
        draw_ranks=charts.ranks,
        is_open=table.track == OPEN,
        **shared,
    )


def _compare(chapter: Chapter, shared: dict[str, Any]) -> str:
    """The page on which a reader chooses two entries; without a script it shows the best scored ones two by two."""
    squares = []
    for evaluation, pairs in chapter.pairs.of.items():
        ids = list(dict.fromkeys(id for pair in pairs for id in pair))[:10]
        squares.append({"evaluation": evaluation, "ids": ids, "pairs": pairs})
    return render("compare.html", root="../", chapter=chapter, squares=squares, names=_names(chapter), **shared)


def _matrix(chapter: Chapter, evaluation: Any, shared: dict[str, Any]) -> str:
    """Source against target, for every entry that has it."""
    from fervbench.leaderboard.site.entry import cells_of

    level = {chapter.protocol.configurations[source].level for source in evaluation.sources}
    targets = [
        t for t in dict.fromkeys(t for _, t in evaluation.cells) if chapter.protocol.configurations[t].level in level
    ]
    blocks = []
    for entry in chapter.entries:
        cells = cells_of(chapter, entry)
        found = {
            metric: {(s, t): cells.get((evaluation.id, s, t), {}).get(metric) for s, t in evaluation.cells}
            for metric in chapter.metrics
        }
        if any(v is not None for of in found.values() for v in of.values()):
            blocks.append({"entry": entry, "scores": found, "track": TRACKS[home(entry)]})
    return render(
        "matrix.html", root="../", chapter=chapter, evaluation=evaluation, targets=targets, blocks=blocks, **shared
    )
