"""What stands on an entry's own page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fervbench.leaderboard.entries import Entry
from fervbench.leaderboard.site import charts
from fervbench.leaderboard.site.bibtex import bibtex
from fervbench.leaderboard.site.gather import Chapter
from fervbench.leaderboard.tracks import OPEN, TRACKS, admits, home, why
from fervbench.protocol import POOLED

Cells = dict[tuple[str, str | None, str | None], dict[str, float | None]]


def cells_of(chapter: Chapter, entry: Entry) -> Cells:
    """Every score of an entry by (evaluation, source, target): of its result where it has one, else as reported."""
    found: Cells = {}
    result = chapter.results.get(entry.id)
    if result is not None:
        for cell in result["report"]["cells"]:
            if cell["aggregate"] is None:
                found[cell["evaluation"], cell["source"], cell["target"]] = {
                    metric: each["value"] for metric, each in cell["metrics"].items()
                }
        return found
    for cell in entry.about.get("cells", ()):
        found[cell["evaluation"], cell["source"], cell["target"]] = dict(cell["scores"])
    for evaluation, scores in entry.about["claimed"].items():
        head = [t.head.cells for t in chapter.open_tables() if t.evaluation == evaluation]
        if head and len(head[0]) == 1:
            source, target = head[0][0]
            found.setdefault((evaluation, source, target), {}).update(scores)
    return found


def entry_context(chapter: Chapter, entry: Entry) -> dict[str, Any]:
    """The context of an entry's page."""
    result = chapter.results.get(entry.id)
    cells = cells_of(chapter, entry)
    return {
        "result": result,
        "trust": entry.trust,
        "track": TRACKS[home(entry)],
        "tracks": [name for track, name in TRACKS.items() if admits(track, entry)],
        "undeclared": why(entry),
        "places": _places(chapter, entry),
        "maps": _maps(chapter, cells),
        "details": [] if result is None else _details(chapter, result),
        "spotting": [] if result is None or chapter.protocol.task != "spotting" else _spotting(result),
        "bibtex": bibtex(entry),
        "facts": facts(entry),
        "back": chapter.back.get(entry.id, []),
        "known": chapter.by_id,
        "bar": charts.bar,
        "rivals": _rivals(chapter, entry),
    }


def _places(chapter: Chapter, entry: Entry) -> list[dict[str, Any]]:
    """The ranks of an entry: a line for each evaluation and metric, among all and in its own track."""
    lines = []
    for table in chapter.open_tables():
        own = next(
            (t for t in chapter.tables
             if (t.evaluation, t.fingerprint, t.track) == (table.evaluation, table.fingerprint, home(entry))),
            None,
        )  # fmt: skip
        own = None if own is table else own
        for metric in table.boards:
            row = table.rows[metric].get(entry.id)
            if row is None:
                continue
            inside = own.rows[metric].get(entry.id) if own else None
            lines.append(
                {
                    "table": table, "metric": metric, "row": row, "own": own,
                    "inside": inside, "total": table.places[metric],
                }
            )  # fmt: skip
    return lines


def _rivals(chapter: Chapter, entry: Entry) -> list[Entry]:
    """Neighbours in the main ranking, to be compared with."""
    ids = list(chapter.main().rows[chapter.main().first.metric])
    if entry.id not in ids:
        return []
    at = ids.index(entry.id)
    near = [i for i in (0, at - 2, at - 1, at + 1, at + 2) if 0 <= i < len(ids) and i != at]
    return [chapter.entry(ids[i]) for i in dict.fromkeys(near)]


def _maps(chapter: Chapter, cells: Cells) -> list[dict[str, Any]]:
    """Heat maps: for each evaluation with several targets, rows of targets by source."""
    protocol = chapter.protocol
    made = []
    for evaluation in protocol.evaluations.values():
        own = {(s, t): scores for (e, s, t), scores in cells.items() if e == evaluation.id and t != "all"}
        whole = {(s, t): scores for (e, s, t), scores in cells.items() if e == evaluation.id}
        if len(own) < 2 or protocol.task == "spotting":
            continue
        sources = list(dict.fromkeys(s for s, _ in whole))
        level = {protocol.configurations[s].level for s in evaluation.sources}
        grid = evaluation.kind == "grid" and len(evaluation.sources) > 1
        for metric in chapter.metrics:
            values = [v for scores in whole.values() if (v := scores.get(metric)) is not None]
            if len(values) < 2:
                continue
            low, high = min(values), max(values)
            if grid:
                columns = list(evaluation.sources)
                lines = [(source, [whole.get((source, t), {}).get(metric) for t in columns]) for source in sources]
                made.append({"evaluation": evaluation, "metric": metric, "columns": columns, "rows": lines,
                             "low": low, "high": high, "grid": True, "level": level})  # fmt: skip
                continue
            rows: list[tuple[str, Any, float]] = []
            for id, configuration in protocol.configurations.items():
                value = next((s.get(metric) for (_, t), s in whole.items() if t == id), None)
                if value is not None:
                    rows.append((id, configuration, value))
            pooled = next((s.get(metric) for (_, t), s in whole.items() if t == POOLED), None)
            groups = _grouped(rows)
            made.append({"evaluation": evaluation, "metric": metric, "groups": groups, "pooled": pooled,
                         "low": low, "high": high, "grid": False})  # fmt: skip
    return made


def _grouped(rows: list[tuple[str, Any, float]]) -> list[tuple[tuple[str, Any, float] | None, list[Any]]]:
    """Leaves under the configuration that unites them, larger ones first."""
    values = {id: (id, configuration, value) for id, configuration, value in rows}
    used: set[str] = set()
    groups: list[tuple[tuple[str, Any, float] | None, list[Any]]] = []
    for id, configuration, value in rows:
        inside = [values[m] for m in configuration.members if m in values and not values[m][1].members]
        if configuration.members:
            groups.append(((id, configuration, value), inside))
            used |= {m[0] for m in inside} | {id}
    rest = [values[id] for id in values if id not in used]
    return [*groups, (None, rest)] if rest else groups


def _details(chapter: Chapter, result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The headline cell of each evaluation with classes and confusions."""
    found = []
    report = result["report"]
    for table in chapter.open_tables():
        if len(table.head.cells) != 1:
            continue
        source, target = table.head.cells[0]
        for cell in report["cells"]:
            same = cell["evaluation"] == table.evaluation and cell["target"] == target and cell["aggregate"] is None
            if same and source in (None, cell["source"]) and cell.get("confusion"):
                sums = [sum(row) for row in cell["confusion"]]
                found.append(
                    {
                        "evaluation": chapter.protocol.evaluations[table.evaluation], "cell": cell,
                        "classes": report["classes"], "sums": sums,
                        "most": [max(range(len(r)), key=r.__getitem__) if any(r) else None for r in cell["confusion"]],
                    }
                )  # fmt: skip
                break
    unique = {(d["evaluation"].id): d for d in found}
    return list(unique.values())


def _spotting(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Cells of a spotting report; the first with its curve drawn."""
    cells = []
    for i, cell in enumerate(result["report"]["cells"]):
        curve = cell.get("curve")
        drawn = charts.curve(curve["AN"], curve["AR"], curve["recall"], f"curve{i}") if curve and i == 0 else ""
        cells.append({"cell": cell, "chart": drawn})
    return cells


def facts(entry: Entry) -> list[tuple[str, str]]:
    """What is declared of a method, as lines of a list; what is not declared says so."""
    about = entry.about
    none = "not declared"
    pretraining = about["pretraining"]
    extra, chosen, size = about["extra_data"], about["selection"], about.get("input") or {}
    seen = none if about["modalities"] is None else ", ".join(about["modalities"])
    before = none
    if pretraining is not None:
        before = "; ".join(f"{each['data']} ({each['kind']})" for each in pretraining) or "from scratch"
    more = none if extra is None else (extra["details"] if extra["used"] else "none")
    how = none
    if chosen is not None:
        split = "a part that is not declared" if chosen["split"] is None else chosen["split"]
        times = chosen["n_test_evaluations"]
        how = f"{chosen['rule']} (looked at: {split}; test part scored "
        often = {None: "an unknown number of times", 0: "never", 1: "once"}.get(times, f"{times} times")
        how += f"{often} before)"
    lines = [("Sees", seen), ("Pretrained on", before), ("Extra training data", more), ("How it was chosen", how)]
    frames = f"{size['frames']} frames" if size.get("frames") else ""
    shape = [frames, f"{size['size']} pixels" if size.get("size") else "", str(size.get("details") or "")]
    optional = [
        ("Input", ", ".join(part for part in shape if part)),
        ("Parameters", _number(about.get("parameters_m"), " million")),
        ("Multiply-accumulates", _number(about.get("flops_g"), " billion a clip")),
        ("Views averaged", _number(about.get("views"), "")),
        ("Models averaged", _number(about.get("ensemble"), "")),
        ("Seeds", ", ".join(str(seed) for seed in about.get("seeds") or ())),
        ("Zero-shot", _yes(about.get("zero_shot"))),
        ("Clips without an answer", "count as wrong" if about.get("missing") == "wrong" else ""),
        ("Date", str(about.get("date") or "")),
        ("Licence of the entry", str(about["licence"])),
    ]
    return lines + [(name, text) for name, text in optional if text]


def _yes(value: bool | None) -> str:
    return "" if value is None else "yes" if value else "no"


def _number(value: float | None, unit: str) -> str:
    return "" if value is None else f"{value:,g}{unit}"


__all__ = ["OPEN", "cells_of", "entry_context", "facts"]
