"""Spotting reports as text: the AR@AN row, the curve, durations and classes."""

from __future__ import annotations

from typing import Any

from rich.text import Text

from fervbench.cli.render import ci, console, level, percent, table
from fervbench.findings import visible
from fervbench.protocol import Protocol
from fervbench.report import Cell, Report

_WIDTH, _HEIGHT = 66, 12


def print_spotting(report: Report, protocol: Protocol) -> None:
    """Print a spotting report: headline, table of parts, the curve in characters, warnings and signature."""
    out = console()
    whole = report.cells[0]
    given = report.header["proposals"]
    out.print(Text(f"{visible(protocol.title)} {protocol.version}", style="bold"))
    for warning in report.warnings:
        out.print(Text(f"! {visible(warning, 1200)}", style="yellow"))
    names = [name for name in whole.metrics if name.startswith("AR@")]
    names.sort(key=lambda name: int(name.removeprefix("AR@")))  # a stored report has its keys sorted as text
    out.print()
    line = "  ".join(f"{name} {_value(whole, name)}" for name in [*names, "AUC"])
    out.print(Text(line, style="bold"))
    if level(report):
        shorter = [names[0], names[-1], "AUC"]
        out.print(Text(f"{level(report)}: " + "  ".join(f"{name} {ci(whole, name)}" for name in shorter)))
    out.print(
        Text(
            f"{whole.n:,} intervals in {given['videos']:,} videos; {given['n']:,} proposals, {given['mean']:.1f} a "
            f"video, {given['without']:,} videos without; the ceiling of AUC is {percent(given['ceiling'])}"
        )
    )
    if "F1" in whole.metrics:
        counts = whole.extra["intervals"]
        out.print(
            Text(
                f"F1 {_value(whole, 'F1')}  precision {_value(whole, 'precision')}  recall {_value(whole, 'recall')}  "
                f"({counts['matched']:,} of {counts['target']:,} matched, {counts['predicted']:,} predicted)"
            )
        )
    if "timing" in whole.extra:
        timing = whole.extra["timing"]
        out.print(Text(f"error of {timing['n']:,} recalled intervals, mean and median"))
        for side in ("onset", "offset"):
            out.print(Text(f"  {side:<7}{timing[side]['mean']:.3f} s  {timing[side]['median']:.3f} s"))
    shown = [*names, "AUC"]
    half = ["±"] if level(report) else []
    rows = [
        [str(cell.target), f"{cell.n:,}", *(_value(cell, name) for name in shown), *(_half(cell) for _ in half)]
        for cell in report.cells
    ]
    out.print()
    out.print(table(["intervals", "n", *shown, *half], rows))
    if half:
        out.print(Text(f"±: half of the {level(report)} interval of AUC", style="dim"))
    out.print()
    for row in curve_lines(whole.extra["curve"]):
        out.print(Text(row))
    out.print()
    out.print(Text(report.signature, style="dim"), soft_wrap=True)


def _half(cell: Cell) -> str:
    metric = cell.metrics["AUC"]
    return f"{50 * (metric['ci_high'] - metric['ci_low']):.2f}" if "ci_low" in metric else "-"


def _value(cell: Cell, name: str) -> str:
    return percent(cell.metrics[name]["value"])


def curve_lines(curve: dict[str, Any]) -> list[str]:
    """The AR curve in characters: a mark at AR, the area under it shaded; AN runs from 1 to its largest value."""
    heights = [value * _HEIGHT for value in curve["AR"]]
    picked = [heights[round(i * (len(heights) - 1) / (_WIDTH - 1))] for i in range(_WIDTH)]
    lines = ["AR %"]
    for row in range(_HEIGHT, -1, -1):
        marks = "".join("●" if round(h) == row else "░" if round(h) > row else " " for h in picked)
        label = f"{100 * row / _HEIGHT:>4.0f}" if row % 3 == 0 else "    "
        lines.append(f"{label} │{marks}".rstrip())
    first, last = f"{curve['AN'][0]:g}", f"{curve['AN'][-1]:.0f}"
    lines.append(f"     └{'─' * _WIDTH}")
    lines.append(f"      {first}{'AN':^{_WIDTH - len(first) - len(last)}}{last}")
    return lines
