"""Reports as text. This and its neighbours `render_*.py` alone import rich.

Fits 80 columns. Per cent, two decimals, as the field prints them. Nothing from a file is taken for markup.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from rich.box import Box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from fervbench.findings import visible
from fervbench.protocol import FOLD_MEAN, POOLED, Evaluation, Protocol
from fervbench.report import METRICS, Cell, Report

# A line under the header and nothing else.
_RULE = Box("    \n    \n ── \n    \n    \n    \n    \n    \n")
HEADS = {"WAR": "WAR", "UAR": "UAR", "macro_F1": "mF1", "weighted_F1": "wF1"}
BEST, WORST = "▲ best", "▼ worst"


def console() -> Console:
    """Where results go: standard output, at least 80 columns wide."""
    made = Console(file=sys.stdout, highlight=False, markup=False, emoji=False)
    made.width = max(80, made.width if made.is_terminal else 80)
    return made


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], *, left: int = 1, title: str | None = None) -> Table:
    """A table; the first `left` columns are names, the others numbers. Columns named "" are left-aligned remarks."""
    made = Table(
        box=_RULE,
        title=title,
        title_justify="left",
        title_style="bold",
        show_edge=False,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    for i, head in enumerate(heads):  # where all is too wide, names are wrapped and numbers stay whole
        made.add_column(
            Text(head),
            justify="left" if i < left or not head else "right",
            no_wrap=i >= left,
            overflow="fold" if i < left else "ellipsis",
        )
    for row in rows:
        made.add_row(*(Text(cell) for cell in row))
    return made


def percent(value: float | None, sd: float | None = None) -> str:
    """A score as the field prints it, with its standard deviation over seeds."""
    if value is None:
        return "-"
    return f"{100 * value:.2f}" + ("" if sd is None else f" ±{100 * sd:.2f}")


def _metric(cell: Cell, name: str) -> str:
    return percent(cell.metrics[name]["value"], cell.metrics[name].get("sd"))


def ci(cell: Cell, name: str, decimals: int = 2) -> str:
    """The interval of a metric in per cent; nothing where there is none."""
    metric = cell.metrics[name]
    if "ci_low" not in metric:
        return ""
    return f"[{100 * metric['ci_low']:.{decimals}f}, {100 * metric['ci_high']:.{decimals}f}]"


def level(report: Report) -> str:
    """`95 %`: the level of the report's intervals, empty where it has none."""
    made = report.header["intervals"]
    return f"{100 * made['level']:g} %" if made else ""


def print_report(report: Report, protocol: Protocol) -> None:
    """Print a report: warnings; for each evaluation headline, configurations, classes and confusion; the signature."""
    out = console()
    seeds = report.header["seeds"]
    out.print(Text(f"{visible(protocol.title)} {protocol.version}", style="bold"), end="")
    out.print(Text(f"   {len(seeds)} seeds, mean ±sd" if len(seeds) > 1 else ""))
    for warning in report.warnings:
        out.print(Text(f"! {visible(warning, 1200)}", style="yellow"))
    for name in report.evaluations:
        cells = [cell for cell in report.cells if cell.evaluation == name]
        evaluation = protocol.evaluations[name]
        out.print()
        out.print(Text(f"{name}: {visible(evaluation.title)}", style="bold underline"))
        if evaluation.kind == "folds":
            _print_folds(out, cells, report)
        elif len(evaluation.sources) > 1 and evaluation.kind == "grid":
            from fervbench.cli.render_matrix import print_matrix

            print_matrix(out, cells, evaluation, protocol)
        else:
            _print_tree(out, cells, evaluation, protocol, report)
    out.print()
    out.print(Text(report.signature, style="dim"), soft_wrap=True)


def _print_headline(out: Console, cell: Cell, report: Report) -> None:
    k = max(1, len(report.header["seeds"]))
    asked = cell.n * k
    covered = "all answered" if not cell.missing else f"{100 * (asked - cell.missing) / asked:.2f} % answered"
    names = {"WAR": "WAR", "UAR": "UAR", "macro_F1": "macro F1", "weighted_F1": "weighted F1"}
    line = "  ".join(f"{names[name]} {_metric(cell, name)}" for name in METRICS)
    out.print()
    out.print(Text(line, style="bold"))
    if "ci_low" in cell.metrics["WAR"]:
        line = "  ".join(f"{names[name]} {ci(cell, name)}" for name in METRICS[:2])
        wilson = cell.metrics["WAR"].get("wilson_low")
        if wilson is not None:
            line += f"  (Wilson, WAR: [{percent(wilson)}, {percent(cell.metrics['WAR']['wilson_high'])}])"
        out.print(Text(f"{level(report)}: {line}"))
    out.print(Text(f"n = {cell.n:,} clips, {covered}"))


def _print_tree(out: Console, cells: list[Cell], evaluation: Evaluation, protocol: Protocol, report: Report) -> None:
    """Configurations under those that unite them; best and worst of each group marked, as in FERV39k's Figure 5(a)."""
    by_target = {str(cell.target): cell for cell in cells}
    seeds = any("sd" in cell.metrics["WAR"] for cell in cells)
    shown = METRICS[:3] if seeds else METRICS  # standard deviations need the room
    marks = _marks(by_target, protocol)
    top = max(cells, key=lambda cell: cell.n)
    if len(evaluation.sources) == 1:
        _print_headline(out, top, report)
    heads, values = _columns(by_target, shown, report, seeds=seeds)
    tree = _tree(by_target, protocol)
    rows = [["  " * depth + name, f"{by_target[name].n:,}", *values[name]] for name, depth in tree]
    remarks = not (seeds and level(report))  # two intervals and two standard deviations leave no room
    if level(report):  # the room is for the intervals
        marks = {name: mark.replace(BEST, BEST[0]).replace(WORST, WORST[0]) for name, mark in marks.items()}
    rows = [[*row, marks[name]] for row, (name, _) in zip(rows, tree, strict=True)] if remarks else rows
    out.print()
    first = "trained, tested on" if evaluation.kind == "diagonal" else "tested on"
    out.print(table([first, "n", *heads, *([""] if remarks else [])], rows))
    _print_doubts(out, cells)
    if remarks and any(marks.values()):
        out.print(Text(f"{BEST}, {WORST} WAR of the parts of one configuration; ø mean of its parts", style="dim"))
    if len(evaluation.sources) == 1:
        print_classes(out, top, report)


def _columns(
    cells: dict[str, Cell], shown: tuple[str, ...], report: Report, *, seeds: bool
) -> tuple[list[str], dict[str, list[str]]]:
    """Heads and values of each target: metrics, or WAR and UAR with their intervals where there are any."""
    if not level(report):
        return [HEADS[m] for m in shown], {name: [_metric(cell, m) for m in shown] for name, cell in cells.items()}
    head = level(report)
    heads = ["WAR", head, "UAR", head]
    if seeds:
        heads = ["WAR ±sd", head, "UAR ±sd", head]
    values = {}
    for name, cell in cells.items():
        values[name] = [text for m in ("WAR", "UAR") for text in (_metric(cell, m), ci(cell, m, 1))]
    return heads, values


def _print_doubts(out: Console, cells: list[Cell]) -> None:
    """Where the intervals promise too much, and why."""
    doubts = {str(cell.target or cell.aggregate): cell.extra["doubt"] for cell in cells if "doubt" in cell.extra}
    if doubts:
        first = [f"{name} ({reason})" for name, reason in list(doubts.items())[:3]]
        rest = list(doubts)[3:]
        listed = ", ".join(first) + (f"; likewise {', '.join(rest)}" if rest else "")
        out.print(Text(f"intervals too narrow, few clips: {listed}", style="dim"))


def _tree(cells: dict[str, Cell], protocol: Protocol) -> list[tuple[str, int]]:
    """Targets with their depth; a target stands under the smallest target that unites it."""
    inside = {member for name in cells for member in protocol.configurations[name].members}
    order: list[tuple[str, int]] = []

    def visit(name: str, depth: int) -> None:
        if name in cells and all(name != seen for seen, _ in order):
            order.append((name, depth))
            for member in protocol.configurations[name].members:
                visit(member, depth + 1)

    for name in cells:
        if name not in inside:
            visit(name, 0)
    return order


def _marks(cells: dict[str, Cell], protocol: Protocol) -> dict[str, str]:
    """A remark for each target: best or worst of its group by WAR, and the mean of its own parts."""
    marks: dict[str, list[str]] = {name: [] for name in cells}
    for name in cells:
        group = [member for member in protocol.configurations[name].members if member in cells]
        if len(group) >= 2:
            found = [cells[member]["WAR"] for member in group]
            if min(found) < max(found):
                for member, value in zip(group, found, strict=True):
                    marks[member] += [BEST] * (value == max(found)) + [WORST] * (value == min(found))
            marks[name].append(f"ø {percent(sum(found) / len(found))}")
    return {name: " ".join(found) for name, found in marks.items()}


def _print_folds(out: Console, cells: list[Cell], report: Report) -> None:
    pooled = next(cell for cell in cells if cell.target == POOLED)
    _print_headline(out, pooled, report)
    ordered = [pooled, *(c for c in cells if c.aggregate == FOLD_MEAN), *(c for c in cells if c.source is not None)]
    by_name = {str(c.target or "mean of folds"): c for c in ordered}
    heads, values = _columns(by_name, METRICS, report, seeds=any("sd" in cell.metrics["WAR"] for cell in cells))
    out.print()
    out.print(table(["tested on", "n", *heads], [[name, f"{c.n:,}", *values[name]] for name, c in by_name.items()]))
    _print_doubts(out, cells)
    print_classes(out, pooled, report)


def print_classes(out: Console, cell: Cell, report: Report) -> None:
    """Recall, precision and F1 of each class, and the confusion table."""
    rows = [
        [name, f"{row['n']:,}", *(percent(row[m], row.get(f"{m}_sd")) for m in ("recall", "precision", "F1"))]
        for name, row in cell.per_class.items()
    ]
    out.print()
    out.print(table(["class", "n", "recall", "precision", "F1"], rows))
    if cell.confusion is None:
        return
    width = max(3, (80 - 10) // len(report.classes) - 2)
    rows = []
    for name, counts in zip(report.classes, cell.confusion, strict=True):
        rows.append([name, *map(str, counts), *([str(cell.per_class[name]["missing"])] if cell.missing else [])])
    heads = ["true\\pred.", *(name[:width] for name in report.classes), *(["none"] if cell.missing else [])]
    out.print()
    out.print(table(heads, rows))
