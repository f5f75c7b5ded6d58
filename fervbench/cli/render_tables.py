"""Published tables and their audit as text."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from fervbench.cli.render import console, table
from fervbench.findings import visible
from fervbench.published.against import WITHIN, Beside, grid
from fervbench.published.audit import RULES, Audit
from fervbench.published.judgement import SEVERITIES, Judgement
from fervbench.published.layout import Grid, Part, source_line
from fervbench.published.tables import Table

if TYPE_CHECKING:
    from fervbench.published.methods import Method

STYLES = {"error": "bold red", "warning": "yellow", "note": "cyan", "pass": "green"}
SHOWN = 4  # findings of one rule and severity that are printed, unless all are asked for


def print_list(tables: Sequence[Table]) -> None:
    """One line a table."""
    out = console()
    rows = [[t.id, t.title, f"{sum(c.value is not None for c in t.cells):,}"] for t in tables]
    made = table(["id", "what it shows", "numbers"], rows, left=2)
    made.columns[0].no_wrap = True
    out.print(made)
    total = sum(c.value is not None or c.range is not None for t in tables for c in t.cells)
    out.print(Text(f"\n{len(tables)} tables, {total:,} numbers. Show one: fervbench tables show ID"))


def _text(parts: Sequence[Part], *, styled: bool) -> Text:
    made = Text()
    for i, part in enumerate(parts):
        made.append("/" if i else "")
        made.append(visible(part.text), style="bold" if part.best and styled else "")
        made.append("*" if part.best and not styled else "")
        made.append(",".join(part.marks), style="dim" if styled else "")
    return made


def print_grid(out: Console, grid: Grid) -> None:
    """A grid, in as many pieces side by side as the width needs: every piece repeats the row labels."""
    styled = out.is_terminal and not out.no_color
    lines = [(visible(row), [_text(parts, styled=styled) for parts in places]) for row, places in grid.rows]
    label = min(max([len(row) for row, _ in lines] + [len(grid.corner)]), 30)
    widths = [
        max([len(visible(column)), *(places[i].cell_len for _, places in lines)])
        for i, column in enumerate(grid.columns)
    ]
    first = 0  # columns stand two spaces apart
    while first < len(grid.columns):
        last, used = first, label
        while last < len(grid.columns) and (last == first or used + 2 + widths[last] <= out.width):
            used += 2 + widths[last]
            last += 1
        if first:
            out.print()
        made = table([visible(grid.corner), *map(visible, grid.columns[first:last])], [])
        for i, (row, places) in enumerate(lines, start=1):
            made.add_row(Text(row), *places[first:last], end_section=i in grid.rules)
        made.show_lines = False
        out.print(made)
        first = last


def print_table(shown: Table, grid: Grid) -> None:
    """A table as the paper lays it out, its source, and what the audit flags."""
    out = console()
    out.print(Text(f"{shown.id}  {visible(shown.title, 300)}", style="bold"))
    print_grid(out, grid)
    out.print()
    out.print(Text(visible(source_line(shown), 500), style="dim"))
    if any(part.best for _, places in grid.rows for parts in places for part in parts):
        styled = out.is_terminal and not out.no_color
        out.print(Text(f"{'bold' if styled else '*'}: the highest of its column", style="dim"))
    for mark, text in grid.notes:
        hanging(out, f"{mark}  {text}")


def print_beside(shown: Table, pairs: Sequence[Beside]) -> None:
    """A submission below the rows of a published table."""
    out = console()
    out.print()
    out.print(Text(f"beside {shown.id}  {visible(shown.title, 300)}", style="bold"))
    print_grid(out, grid(shown, list(pairs)))
    if any(pair.beyond is False for pair in pairs):
        hanging(out, f"{WITHIN}  within what both can resolve, taken as unpaired", style="dim")
    out.print(Text(visible(source_line(shown), 500), style="dim"))


def print_audit(found: Audit, *, everything: bool = False) -> None:
    """A summary first, then the findings, worst first, and what was checked and holds."""
    out = console()
    counts = found.counts
    number = len(found.tables)
    out.print(
        Text(
            f"{number} {'table' if number == 1 else 'tables'}, {found.numbers:,} numbers, {found.cells:,} of them in"
            f" some check: {counts['error']} errors, {counts['warning']} warnings, {counts['note']} notes,"
            f" {counts['pass']} passes",
            style="bold",
        )
    )
    rows = [
        [rule, RULES.get(rule, ""), *(str(by[severity] or "") for severity in SEVERITIES)]
        for rule, by in found.by_rule().items()
    ]
    made = table(["rule", "what it asks", *SEVERITIES], rows, left=2)
    made.columns[0].no_wrap = True
    out.print(made)
    for severity, judgements in groupby(found.judgements, key=lambda j: j.severity):
        out.print()
        out.print(Text(severity, style=STYLES[severity]))
        for rule, group in groupby(judgements, key=lambda j: j.rule):
            alike = list(group)
            short = severity == "pass" and not everything
            limit = len(alike) if everything else 2 if short else SHOWN
            for judgement in alike[:limit]:
                _print_judgement(out, judgement, short=short)
            if len(alike) > limit:
                hanging(out, f"  ... and {len(alike) - limit} more of {rule}: --rule {rule} --all", style="dim")


def _print_judgement(out: Console, judgement: Judgement, *, short: bool) -> None:
    where = ", ".join(judgement.tables[:3]) + (", ..." if len(judgement.tables) > 3 else "")
    head = f"  {judgement.rule}" + (f" [{where}]" if where else "")
    hanging(out, f"{head}: {judgement.message}")
    if short:
        return
    if judgement.arithmetic:
        hanging(out, f"      {judgement.arithmetic}", style="dim")
    if judgement.can:
        hanging(out, f"      can be concluded: {judgement.can}")
    if judgement.cannot:
        hanging(out, f"      cannot be concluded: {judgement.cannot}")


def hanging(out: Console, text: str, style: str = "") -> None:
    """A paragraph whose further lines are indented below its first."""
    import textwrap

    indent = len(text) - len(text.lstrip())
    body = visible(text.strip(), 2000)
    lines = textwrap.wrap(body, out.width, initial_indent=" " * indent, subsequent_indent=" " * (indent + 2))
    for line in lines:
        out.print(Text(line, style=style), soft_wrap=True)


def print_methods(methods: Sequence[Method]) -> None:
    """Canonical ids with the names that papers print."""
    rows = [
        [m.id, "; ".join(f"{paper}: {', '.join(names)}" for paper, names in m.printed.items()), m.name] for m in methods
    ]
    made = table(["id", "printed as", "what it is"], rows, left=3)
    made.columns[0].no_wrap = True
    console().print(made)
