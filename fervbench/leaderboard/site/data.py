"""The same as data: rankings as JSON and CSV, what the comparing page reads, and lists of clips.

The comparing page's data is a script that assigns one value, as pages opened from disk may not fetch. It is JSON in
which `<`, `>`, `&` and the two line separators are escaped.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from fervbench import strict_json
from fervbench.leaderboard.entries import Entry
from fervbench.leaderboard.exports.escaping import csv
from fervbench.leaderboard.site.charts import short
from fervbench.leaderboard.site.entry import cells_of, facts
from fervbench.leaderboard.site.gather import Chapter
from fervbench.leaderboard.tracks import home
from fervbench.protocol import POOLED

HEADER = ("protocol", "version", "evaluation", "track", "fingerprint", "metric", "entry", "method", "team", "year",
          "trust", "rank", "best", "worst", "value", "ci_low", "ci_high", "basis")  # fmt: skip


def data_files(chapters: Sequence[Chapter]) -> Iterator[tuple[str, str]]:
    """(path, text) of every data file."""
    for chapter in chapters:
        id = chapter.protocol.id
        yield f"data/{id}.js", script(comparison(chapter))
        yield f"data/{id}.csv", csv(HEADER, _rows(chapter))
        rankings = ",\n".join(
            strict_json.dumps(board.to_dict() | {"track": table.track})
            for table in chapter.open_tables()
            for board in table.boards.values()
        )
        yield f"data/{id}.json", f'{{"format": "fervbench-ranking/1", "rankings": [\n{rankings}\n]}}\n'
        for clips in chapter.clips:
            yield f"data/{id}-{clips.evaluation}-wrong-by-all.txt", "".join(f"{id_}\n" for id_, _, _ in clips.wrong)


def script(value: dict[str, Any]) -> str:
    r"""A script that assigns `window.fervbench`.

    >>> script({"a": "</script>"})
    'window.fervbench = {"a":"\\u003c/script\\u003e"};\n'
    """
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return f"window.fervbench = {text};\n"


def comparison(chapter: Chapter) -> dict[str, Any]:
    """What the comparing page reads."""
    ids = [row.entry.id for row in chapter.main().first.rows]
    order = {id: i for i, id in enumerate(ids)}
    entries = sorted(chapter.entries, key=lambda e: (order.get(e.id, len(ids)), e.id))
    pairs = {
        evaluation: {f"{_slug(a)} {_slug(b)}": _small(pair) for (a, b), pair in of.items()}
        for evaluation, of in chapter.pairs.of.items()
    }
    scored = [e.slug for e in entries if e.id in chapter.results]
    start = (scored if len(scored) > 1 else [e.slug for e in entries])[:2]
    return {
        "metrics": list(chapter.metrics),
        "start": start if len(start) == 2 else start * 2,
        "entries": [_entry(chapter, entry) for entry in entries],
        "pairs": pairs,
    }


def _slug(id: str) -> str:
    return id.partition("/")[2]


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 6)


def _small(value: Any) -> Any:
    """Numbers as short as a page shows them."""
    if isinstance(value, float):
        return float(f"{value:.4g}") if value else 0.0
    if isinstance(value, dict):
        return {key: _small(each) for key, each in value.items()}
    return [_small(each) for each in value] if isinstance(value, list) else value


def _entry(chapter: Chapter, entry: Entry) -> dict[str, Any]:
    rows: dict[str, dict[str, Any]] = {}
    for table in chapter.open_tables():
        for metric in table.boards:
            row = table.rows[metric].get(entry.id)
            if row is not None and row.value is not None:
                found = [_round(row.value), _round(row.low), _round(row.high)]
                rows.setdefault(table.evaluation, {})[metric] = found
    metric = chapter.metrics[0]
    cells: dict[str, dict[str, Any]] = {}
    for (evaluation, source, target), scores in cells_of(chapter, entry).items():
        of = chapter.protocol.evaluations.get(evaluation)
        known = target in chapter.protocol.configurations and target != POOLED
        if known and of is not None and metric in scores:
            name = str(target) if of.kind != "grid" or len(of.sources) < 2 else f"{source} \u2192 {target}"
            cells.setdefault(evaluation, {})[name] = _round(scores[metric])
    recall: dict[str, dict[str, Any]] = {}
    result = chapter.results.get(entry.id)
    for table in chapter.open_tables() if result else ():
        if len(table.head.cells) != 1:
            continue
        for cell in result["report"]["cells"] if result else ():
            if (cell["evaluation"], cell["target"]) == (table.evaluation, table.head.cells[0][1]) and cell["per_class"]:
                recall[table.evaluation] = {name: _round(of["recall"]) for name, of in cell["per_class"].items()}
                break
    called = short(str(entry.about["method"].get("short_name") or entry.name), 22)
    return {
        "slug": entry.slug, "name": entry.name, "short": called,
        "year": entry.year, "trust": entry.trust, "track": home(entry), "fingerprint": (entry.fingerprint or "")[:16],
        "scores": rows, "cells": cells, "recall": recall, "facts": _facts(entry),
    }  # fmt: skip


def _facts(entry: Entry) -> list[list[str]]:
    """The first lines of what is declared, the same for every entry."""
    return [[name, text] for name, text in facts(entry)[:4]]


def _rows(chapter: Chapter) -> Iterator[tuple[Any, ...]]:
    for table in chapter.tables:
        for metric, board in table.boards.items():
            for row in board.rows:
                e = row.entry
                yield (
                    chapter.protocol.id, chapter.protocol.version, table.evaluation, table.track, table.fingerprint,
                    metric, e.id, e.name, e.about["team"], e.year, e.trust, row.rank,
                    row.best, row.worst, row.value, row.low, row.high, row.basis,
                )  # fmt: skip
