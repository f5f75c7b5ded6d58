"""A submission beside a published table: the same cells, ours below theirs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from fervbench.errors import UsageError
from fervbench.published.denominators import denominators
from fervbench.published.layout import Grid, Part, lay_out
from fervbench.published.resolving import resolvable
from fervbench.published.tables import Table, TableCell
from fervbench.report import Cell, Report

WITHIN = "~"  # behind a difference that may be the test list's alone


@dataclass(frozen=True)
class Beside:
    """One published number and the submission's own for the same cell; both shares of 1.

    `resolvable` is the difference that is beyond the spread of both, None where it is not known.
    """

    cell: TableCell
    printed: float
    ours: float
    resolvable: float | None = None

    @property
    def difference(self) -> float:
        """Ours less the printed one."""
        return self.ours - self.printed

    @property
    def beyond(self) -> bool | None:
        """Whether the difference is more than the two test results can be apart by chance; None: not known."""
        return None if self.resolvable is None else abs(self.difference) > self.resolvable


def beside(table: Table, report: Report) -> list[Beside]:
    """Every printed score of `table` that the submission has a value for, in the order of the table.

    Raises UsageError where the table is of another protocol, or nothing in it was scored here.
    """
    used = report.header["protocol"]["id"]
    if table.protocol != used:
        raise UsageError(
            f"{table.id} is a table of {table.protocol or 'no protocol'}, the submission is scored by {used}",
            hint="see: fervbench tables list",
        )
    found = []
    known = denominators(table)
    level = (report.header["intervals"] or {}).get("level", 0.95)
    for cell in table.cells:
        if cell.is_score and cell.value is not None:
            ours = value_of(cell, report)
            if ours is not None:
                printed = cell.value / (100 if cell.unit == "percent" else 1)
                of = known.get(str(cell.target))
                apart = resolvable(cell, of, printed, ours, level) if of else None
                found.append(Beside(cell, printed, ours, apart))
    if not found:
        wanted = ", ".join(sorted({f"{c.source} on {c.target}" for c in table.cells if c.is_score and c.target})[:4])
        raise UsageError(
            f"nothing in {table.id} was scored here: it has {wanted}",
            hint=f"scored: {', '.join(report.evaluations)}",
        )
    return found


def value_of(cell: TableCell, report: Report) -> float | None:
    """The submission's value for what a printed cell measures, None where it has none."""
    for own in report.cells:
        if not _same(cell, own):
            continue
        if cell.metric == "recall":
            found: Any = own.per_class.get(cell.class_ or "", {}).get("recall")
        else:
            found = own.metrics.get(cell.metric, {}).get("value")
        if found is not None:
            return float(found)
    return None


def _same(cell: TableCell, own: Cell) -> bool:
    if own.aggregate is not None:
        return False
    if cell.metric == "AUC" or cell.metric.startswith("AR@"):  # spotting has one cell for everything
        return own.target in (None, "all", "test", cell.target) and cell.metric in own.metrics
    if own.source is None:  # pooled folds
        return own.target == cell.target
    return (own.source, own.target) == (cell.source, cell.target)


def to_dict(table: Table, found: list[Beside]) -> dict[str, Any]:
    """What `score --json` adds to the report: every pair of numbers, shares of 1."""
    return {
        "table": table.id,
        "cells": [
            {
                "row": each.cell.row,
                "column": each.cell.column,
                "metric": each.cell.metric,
                "class": each.cell.class_,
                "method": each.cell.method,
                "source": each.cell.source,
                "target": each.cell.target,
                "printed": each.cell.printed,
                "value": each.printed,
                "ours": each.ours,
                "difference": each.difference,
                "resolvable": each.resolvable,
                "beyond": each.beyond,
            }
            for each in found
        ],
    }


def grid(table: Table, found: list[Beside]) -> Grid:
    """The published table, only the columns that were scored, with two rows below: ours, and ours less the best."""
    ours = {(each.cell.column, each.cell.metric): each for each in found}
    columns = [column for column in table.columns if any(name == column for name, _ in ours)]
    kept = tuple(cell for cell in table.cells if (cell.column, cell.metric) in ours)
    shown = lay_out(replace(table, cells=kept))
    mine: list[tuple[Part, ...]] = []
    less: list[tuple[Part, ...]] = []
    for column in columns:
        keys = [key for key in ours if key[0] == column]
        measured = [each for each in found if each.cell.statistic is None]
        top = {key: _top(measured, key) for key in keys}
        best = {key: each.printed for key, each in top.items()}
        mine.append(tuple(Part(f"{100 * ours[key].ours:.2f}", ours[key].ours > best[key]) for key in keys))
        less.append(tuple(_less(top[key]) for key in keys))
    rows = (*shown.rows[: len(table.rows)], ("this submission", tuple(mine)), ("less the best above", tuple(less)))
    return Grid(
        shown.corner,
        tuple(columns),
        rows,
        frozenset(r for r in shown.rules if r < len(table.rows)) | {len(table.rows)},
        (),
    )


def _top(found: list[Beside], key: tuple[str, str]) -> Beside:
    """The highest published number of a column and metric."""
    return max((e for e in found if (e.cell.column, e.cell.metric) == key), key=lambda e: e.printed)


def _less(each: Beside) -> Part:
    """The difference in points, marked where it is within what both can resolve."""
    return Part(f"{100 * each.difference:+.2f}" + ("" if each.beyond is not False else WITHIN))
