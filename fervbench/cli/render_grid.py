"""Plans and rebuilt tables as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.text import Text

from fervbench.cli.render import console, table
from fervbench.cli.render_tables import hanging, print_grid
from fervbench.findings import visible
from fervbench.grid.assembling import Assembled
from fervbench.grid.entries import Entry
from fervbench.grid.planning import Plan
from fervbench.grid.texts import as_table, grids, status
from fervbench.pack.progress import duration
from fervbench.published.layout import source_line


def print_plan(plan: Plan, flops: Mapping[str, float], throughput: str) -> None:
    """Every task, how many numbers it is needed for, what it costs; then what nothing is trained for, and sums."""
    out = console()
    out.print(Text(f"{plan.view.id}  {visible(plan.view.title, 300)}", style="bold"))
    fills = plan.fills()
    rows = [
        [task.key, _filled(fills[task.key]), f"{flops[task.key] / 1e15:,.1f}", duration(task.seconds)]
        for task in sorted(plan.tasks, key=lambda task: -task.seconds)
    ]
    out.print(table(["job, longest first", "fills", "PFLOP", "time"], rows))
    out.print()
    total, seconds = sum(flops.values()), sum(task.seconds for task in plan.tasks)
    printed = len(plan.view.entries)
    out.print(
        Text(
            f"{len(plan.tasks)} jobs for {printed:,} numbers, {total / 1e18:.3f} EFLOP, {duration(seconds)} one by one"
        ),
        soft_wrap=True,
    )
    hanging(out, f"time: {throughput}", style="dim")
    for task in plan.tasks:
        if task.after and task.extractor is None:
            hanging(out, f"{task.key} starts from {task.after[-1]}")
    if any(task.extractor is not None for task in plan.tasks):
        hanging(out, "features come after their extractor's job, networks that spot after their features")
    for model, why in plan.lacking.items():
        hanging(out, f"{model.label}: {why}", style="yellow")
    cited = sum(entry.why is not None for entry in plan.view.entries)
    if cited:
        hanging(out, f"{cited} numbers are cited from other papers: nothing is trained for them")
    if plan.view.pinned:
        hanging(out, f"pinned: {plan.view.pinned}")


def _filled(entries: Sequence[Entry]) -> str:
    """How many numbers, and of which rows."""
    rows = list(dict.fromkeys(entry.row for entry in entries))
    named = rows[0] if len(rows) == 1 else f"{len(rows)} rows"
    return f"{len(entries)} ({named if len(named) <= 20 else named[:19] + '…'})" if rows else "0"


def print_assembled(found: Assembled) -> None:
    """Printed numbers, ours below them, differences, intervals, verdicts; what marks mean; what is there."""
    out = console()
    view = found.view
    out.print(Text(f"{view.id}  {visible(view.title, 300)}", style="bold"))
    for line in found.notes:
        hanging(out, f"! {line}", style="yellow")
    legend: dict[str, str] = {}
    for title, grid in grids(found):
        out.print()
        if title:
            out.print(Text(title, style="bold"))
        print_grid(out, grid)
        legend |= dict(grid.notes)
    out.print()
    for mark, text in legend.items():
        hanging(out, f"{mark}  {text}", style="dim")
    for line in status(found):
        if line not in found.notes:
            hanging(out, line)
    out.print(Text(visible(source_line(as_table(view)), 500), style="dim"), soft_wrap=True)
