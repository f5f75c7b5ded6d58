"""A table as the paper lays it out: a grid of text, with the best of each column and footnotes of the audit."""

from __future__ import annotations

import csv
import io
import string
from collections.abc import Iterable
from dataclasses import dataclass

from fervbench.published.denominators import denominators
from fervbench.published.judgement import Judgement
from fervbench.published.printed import recover
from fervbench.published.resolving import resolvable
from fervbench.published.tables import Table, TableCell


@dataclass(frozen=True)
class Part:
    """One number of a place in the grid. `marks` name footnotes."""

    text: str
    best: bool = False
    marks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Grid:
    """Rows of places, each place the numbers that stand in it; `rules` are the rows after which a line is drawn."""

    corner: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[tuple[Part, ...], ...]], ...]
    rules: frozenset[int]
    notes: tuple[tuple[str, str], ...]


def lay_out(table: Table, judgements: Iterable[Judgement] = (), *, hits: bool = False) -> Grid:
    """The grid of a table. `judgements` become footnotes; `hits` shows k/n where the printed number leaves one k."""
    notes, marks = _footnotes(table, judgements)
    best = _best(table)
    shown = _hits(table) if hits else {}
    places: dict[tuple[str, str], list[TableCell]] = {}
    for cell in table.cells:
        places.setdefault((cell.row, cell.column), []).append(cell)
    rows: list[tuple[str, tuple[tuple[Part, ...], ...]]] = []
    for row in table.rows:
        line = []
        for column in table.columns:
            cells = places.get((row, column), [])
            line.append(
                tuple(
                    Part(shown.get(cell.index, _printed(cell, cells)), cell.index in best, marks.get(cell.index, ()))
                    for cell in cells
                )
            )
        rows.append((row, tuple(line)))
    apart = _apart(table)
    if any(part.text for place in apart for part in place):
        rows.append(("two rows resolve", apart))
    ends, total = [], 0
    for size in table.groups:
        total += size
        ends.append(total)
    rules = frozenset(ends[:-1]) | ({len(table.rows)} if len(rows) > len(table.rows) else set())
    return Grid(table.corner, table.columns, tuple(rows), rules, notes)


def _apart(table: Table) -> tuple[tuple[Part, ...], ...]:
    """For each column the difference between two rows that is beyond both their spreads (95 %, unpaired), in points."""
    known = denominators(table)
    found = []
    for column in table.columns:
        parts = []
        metrics: dict[str, list[TableCell]] = {}
        for cell in table.cells:
            if cell.column == column and cell.is_score and cell.statistic is None:
                metrics.setdefault(cell.metric, []).append(cell)
        for cells in metrics.values():
            ofs = {str(cell.target): known.get(str(cell.target)) for cell in cells}
            of = next(iter(ofs.values()))
            if len(cells) < 2 or len(ofs) > 1 or of is None:
                continue
            mean = sum(_values(cells)) / len(cells) / (100 if cells[0].unit == "percent" else 1)
            apart = resolvable(cells[0], of, mean, mean)
            if apart is not None:
                parts.append(Part(f"{100 * apart:.2f}"))
        found.append(tuple(parts))
    return tuple(found)


def _printed(cell: TableCell, beside: list[TableCell]) -> str:
    """As printed; where two versions of a paper differ, each with its version."""
    twins = [c for c in beside if (c.metric, c.class_) == (cell.metric, cell.class_)]
    return cell.printed if len(twins) == 1 else f"{cell.printed} ({', '.join(cell.versions)})"


def _best(table: Table) -> set[int]:
    """The highest of each column and metric, averages and what others measured left out, if there are several."""
    columns: dict[tuple[str, str], list[TableCell]] = {}
    for cell in table.cells:
        if cell.is_score and cell.statistic is None:
            columns.setdefault((cell.column, cell.metric), []).append(cell)
    return {c.index for cells in columns.values() if len(cells) > 1 for c in cells if c.value == max(_values(cells))}


def _values(cells: list[TableCell]) -> list[float]:
    return [float(cell.value) for cell in cells if cell.value is not None]


def _hits(table: Table) -> dict[int, str]:
    """k/n by cell, where the printed number leaves one k."""
    known = denominators(table)
    found = {}
    for cell in table.cells:
        of = known.get(str(cell.target))
        if of is None or not cell.is_score or cell.statistic is not None:
            continue
        n = of.n if cell.metric == "WAR" else of.per_class.get(cell.class_ or "") if cell.metric == "recall" else None
        k = recover(cell, n) if n else None
        if k is not None:
            found[cell.index] = f"{k}/{n}"
    return found


def _footnotes(
    table: Table, judgements: Iterable[Judgement]
) -> tuple[tuple[tuple[str, str], ...], dict[int, tuple[str, ...]]]:
    """(mark, text) of what is flagged in this table, alike ones together; and the marks of each cell by index."""
    groups: dict[tuple[str, ...], list[Judgement]] = {}
    for judgement in judgements:
        mine = [cell for cell in judgement.cells if cell.table == table.id]
        if judgement.severity == "pass" or not mine:
            continue
        alike = (judgement.rule,) if judgement.rule == "pooled" else (judgement.rule, judgement.message)
        groups.setdefault(alike, []).append(judgement)
    notes: list[tuple[str, str]] = []
    marks: dict[int, tuple[str, ...]] = {}
    for i, group in enumerate(groups.values()):
        mark = _mark(i)
        text = group[0].message + (f"; and {len(group) - 1} more like it" if len(group) > 1 else "")
        notes.append((mark, f"{group[0].rule}: {text}"))
        for judgement in group:
            for cell in flagged(judgement):
                if cell.table == table.id and mark not in marks.get(cell.index, ()):
                    marks[cell.index] = (*marks.get(cell.index, ()), mark)
    return tuple(notes), marks


def flagged(judgement: Judgement) -> tuple[TableCell, ...]:
    """The cells that a mark belongs to: the sum and not its parts, the average and not its rows."""
    if judgement.rule == "average":
        return tuple(cell for cell in judgement.cells if cell.statistic == "mean")
    if judgement.rule == "cross-paper":  # the citation, not what it cites
        paper = judgement.cells[0].table.partition("/")[0]
        return tuple(cell for cell in judgement.cells if cell.table.startswith(f"{paper}/"))
    return judgement.cells[:1] if judgement.rule in ("pooled", "recall-by-class", "total") else judgement.cells


def _mark(i: int) -> str:
    letters = string.ascii_lowercase
    return letters[i] if i < 26 else letters[i // 26 - 1] + letters[i % 26]


def to_csv(table: Table) -> str:
    """Every cell on a line, with all that is known of it."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    names = ("table", "row", "column", "metric", "printed", "value", "unit", "method", "source", "target", "class",
             "statistic", "cited", "versions")  # fmt: skip
    writer.writerow(names)
    for cell in table.cells:
        row = {**cell.__dict__, "class": cell.class_, "versions": " ".join(cell.versions), "cited": cell.cited or ""}
        writer.writerow(["" if row[name] is None else row[name] for name in names])
    return out.getvalue()


def _place(parts: tuple[Part, ...], bold: tuple[str, str], mark: tuple[str, str]) -> str:
    texts = []
    for part in parts:
        text = f"{bold[0]}{part.text}{bold[1]}" if part.best else part.text
        texts.append(text + (f"{mark[0]}{','.join(part.marks)}{mark[1]}" if part.marks else ""))
    return "/".join(texts)


def to_markdown(table: Table, grid: Grid) -> str:
    """The table in GitHub's Markdown, the best in bold, footnotes below."""

    def safe(text: str) -> str:
        return text.replace("|", "\\|").replace("<", "&lt;")

    lines = ["| " + " | ".join(map(safe, (grid.corner, *grid.columns))) + " |"]
    lines.append("|---" + "|---:" * len(grid.columns) + "|")
    for row, places in grid.rows:
        cells = [safe(_place(parts, ("**", "**"), ("[", "]"))) for parts in places]
        lines.append("| " + " | ".join([safe(row), *cells]) + " |")
    lines += ["", safe(source_line(table))]
    lines += [f"- [{mark}] {safe(text)}" for mark, text in grid.notes]
    return "\n".join(lines) + "\n"


_TEX = str.maketrans({"&": r"\&", "%": r"\%", "#": r"\#", "_": r"\_", "$": r"\$", "{": r"\{", "}": r"\}",
                      "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "\\": r"\textbackslash{}",
                      "<": r"$<$", ">": r"$>$", "∞": r"$\infty$", "κ": r"$\kappa$"})  # fmt: skip


def to_latex(table: Table, grid: Grid) -> str:
    """The table as a LaTeX tabular (booktabs), the best in bold, footnotes below."""

    def tex(text: str) -> str:
        return text.translate(_TEX)

    def place(parts: tuple[Part, ...]) -> str:
        safe = tuple(Part(tex(part.text), part.best, part.marks) for part in parts)
        return _place(safe, ("\\textbf{", "}"), ("\\textsuperscript{", "}"))

    lines = ["\\begin{tabular}{l" + "r" * len(grid.columns) + "}", "\\toprule"]
    lines += [" & ".join(map(tex, (grid.corner, *grid.columns))) + " \\\\", "\\midrule"]
    for i, (row, places) in enumerate(grid.rows, start=1):
        lines.append(" & ".join([tex(row), *map(place, places)]) + " \\\\")
        if i in grid.rules:
            lines.append("\\midrule")
    lines += ["\\bottomrule", "\\end{tabular}", f"% {tex(source_line(table))}"]
    lines += [f"% {mark}: {tex(text)}" for mark, text in grid.notes]
    return "\n".join(lines) + "\n"


def source_line(table: Table) -> str:
    """Where the table is from."""
    paper = table.paper
    return f"{paper.get('cite', paper.get('id', table.id))}, {paper.get('table', '')}".rstrip(", ")


def to_dict(table: Table) -> dict[str, object]:
    """The table with every cell whole: paper, table and version with each."""
    cells = []
    for cell in table.cells:
        known = {("class" if name == "class_" else name): value for name, value in cell.__dict__.items()}
        known = {name: value for name, value in known.items() if value is not None and name != "index"}
        cells.append(known | {"paper": table.paper.get("id", ""), "exact": str(cell.exact) if cell.is_score else None})
    return {
        "format": "fervbench-table/1",
        "id": table.id,
        "title": table.title,
        "paper": table.paper,
        "protocol": table.protocol,
        "rows": list(table.rows),
        "columns": list(table.columns),
        "cells": cells,
    }
