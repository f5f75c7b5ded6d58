"""Rules on spotting tables: AUC against its own AR points, and AR against any possible number of instances.

AUC is the area under AR over AN = 1..100, divided by 100 (spotting protocol; the paper says 0 to 100). AR never falls
with AN, so its printed points bound the area. AR is a mean over ten thresholds of hits/n: ten n times AR is whole.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from fervbench.published.judgement import Judgement
from fervbench.published.printed import bounds, power, scaled, share, whole
from fervbench.published.tables import Table, TableCell

THRESHOLDS = 10
MAX_INSTANCES = 10_000


def _rows(table: Table) -> list[dict[int | str, TableCell]]:
    """AR cells by AN, and AUC under "AUC", of each experiment that has both."""
    groups: dict[tuple[str, str | None], dict[int | str, TableCell]] = {}
    for cell in table.cells:
        if cell.is_score and cell.statistic is None and (cell.metric == "AUC" or cell.metric.startswith("AR@")):
            key: int | str = "AUC" if cell.metric == "AUC" else int(cell.metric.removeprefix("AR@"))
            groups.setdefault((cell.row, cell.source), {})[key] = cell
    return [cells for cells in groups.values() if "AUC" in cells and len(cells) > 1]


def area(points: dict[int, tuple[Fraction, Fraction]]) -> tuple[Fraction, Fraction]:
    """Least and greatest area under any AR that never falls and meets the points: trapezoids, AN 1..100, over 100.

    `points` maps AN to the least and the greatest AR there.

    >>> area({1: (Fraction(1), Fraction(1)), 100: (Fraction(1), Fraction(1))})
    (Fraction(99, 100), Fraction(99, 100))
    """
    lower, upper = [Fraction(0)] * 101, [Fraction(1)] * 101
    for an, (least, most) in points.items():
        for j in range(1, 101):
            if j >= an:
                lower[j] = max(lower[j], least)
            if j <= an:
                upper[j] = min(upper[j], most)
    areas = [sum(((v[j] + v[j + 1]) / 2 for j in range(1, 100)), Fraction(0)) / 100 for v in (lower, upper)]
    return areas[0], areas[1]


def auc(table: Table) -> list[Judgement]:
    """AUC lies within what its AR points allow; where in between is told."""
    found: list[Judgement] = []
    passed: list[TableCell] = []
    arithmetic: list[str] = []
    for cells in _rows(table):
        points = {an: bounds(cell) for an, cell in cells.items() if isinstance(an, int) and 1 <= an <= 100}
        cell = cells["AUC"]
        low, high = area(points)
        least, most = bounds(cell)
        involved = (cell, *(c for c in cells.values() if c is not cell))
        text = f"AR allows {share(low, 2)} to {share(high, 2)}"
        falls = [
            an for an, nxt in zip(sorted(points), sorted(points)[1:], strict=False) if points[nxt][1] < points[an][0]
        ]
        if falls:
            message = f"{cell.row}: AR falls behind AN {falls[0]}, which average recall cannot"
            found.append(
                Judgement("auc-with-ar", "error", message, involved, "more proposals recall no fewer instances")
            )
        elif least <= high and most >= low:
            passed += involved
            arithmetic.append(f"{cell.row} {cell.printed} in {share(low, 2)}..{share(high, 2)}")
        else:
            found.append(
                Judgement(
                    "auc-with-ar",
                    "error",
                    f"{cell.row}: AUC {cell.printed} lies outside what its AR points allow",
                    involved,
                    f"{text}; trapezoids over AN 1..100, divided by 100",
                    "AUC and AR cannot come from one set of proposals under this definition",
                    "that either is mistyped: another reading (AN from 0, division by 99) moves AUC by about 1 %",
                )
            )
    if passed:
        message = f"{len(arithmetic)} values of AUC lie within what their AR points allow"
        shown = "; ".join(arithmetic[:4]) + ("; ..." if len(arithmetic) > 4 else "")
        found.append(Judgement("auc-with-ar", "pass", message, tuple(passed), shown))
    return found


def fitting(cells: list[TableCell]) -> list[int]:
    """The numbers of instances, up to 10,000, of which every one of these AR values is a mean of recalls."""
    n = np.arange(1, MAX_INSTANCES + 1, dtype=np.int64) * THRESHOLDS
    fits = np.ones(len(n), dtype=bool)
    for cell in cells:
        value, parts = scaled(cell), whole(cell)
        first = -(-((2 * value - 1) * n) // (2 * parts))
        last = ((2 * value + 1) * n) // (2 * parts)
        fits &= first <= last
    found: list[int] = (n[fits] // THRESHOLDS).tolist()
    return found


def instances(table: Table) -> list[Judgement]:
    """Some number of instances makes every AR of a target a whole number of hits over ten thresholds."""
    by_target: dict[str | None, list[TableCell]] = {}
    for cell in table.cells:
        if cell.is_score and cell.metric.startswith("AR@") and cell.statistic is None:
            by_target.setdefault(cell.target, []).append(cell)
    found = []
    for target, cells in by_target.items():
        possible = fitting(cells)
        if not possible:
            text = f"no number of instances up to {MAX_INSTANCES:,} gives all AR values on {target}"
            sums = f"{len(cells)} values; AR is a mean over {THRESHOLDS} thresholds of hits/n"
            can = "AR cannot come from ten thresholds over one list of instances, rounded as it is printed"
            found.append(
                Judgement("ar-instances", "error", text, tuple(cells), sums, can, "why: it may be interpolated")
            )
            continue
        least = possible[0]
        blind = float(power(least * THRESHOLDS, whole(cells[0]))) ** len(cells)
        text = f"the AR values on {target} fit {least:,} instances or more"
        sums = f"{len(cells)} values; blindly they would fit {least:,} with probability {blind:.2g}"
        if least == 1:
            found.append(Judgement("ar-instances", "pass", text, tuple(cells), sums))
            continue
        sums += f"; no smaller number gives all of them as hits/({THRESHOLDS} n)"
        can = f"if AR is one evaluation, its list holds at least {least:,} instances"
        cannot = "how many: AR values averaged over runs, or interpolated, would fit no small number either"
        found.append(
            Judgement("ar-instances", "note" if least > 100 else "pass", text, tuple(cells), sums, can, cannot)
        )
    return found
