"""Claims of FERV39k's text about transfer between scenarios, held against its Tables 3, 5, 7, 9 and 11.

Source: Wang et al., FERV39k, section 4.3 (Cross-scenario challenge) and Appendix E.5. The tables hold R50-LSTM trained
on one scenario and tested on each. A decline can be read by source (one model, at home and away) or by target (one
test part, its own model and the others); the mean over all pairs is the same.
"""

from __future__ import annotations

from fractions import Fraction

from fervbench.published.ferv39k_numbers import (
    CROSS,
    CROSS_BY_SCENARIO,
    SCENARIOS,
    Grid,
    Tables,
    mean,
    number,
    said,
    scenes,
    sources_by_target,
    two,
)
from fervbench.published.judgement import Judgement, judge

METRICS = ("WAR", "UAR")


def _declines(grid: Grid) -> dict[str, dict[str, Fraction]]:
    """By source and by target: a scenario's own result less the mean of the three others."""
    away = {name: [other for other in SCENARIOS if other != name] for name in SCENARIOS}
    return {
        "source": {n: number(grid[n][n]) - mean(grid[n][other] for other in away[n]) for n in SCENARIOS},
        "target": {n: number(grid[n][n]) - mean(grid[other][n] for other in away[n]) for n in SCENARIOS},
    }


def _listing(values: dict[str, Fraction]) -> str:
    return ", ".join(f"{name} {two(value)}" for name, value in values.items())


def average_decline(tables: Tables) -> Judgement:
    """Table 3 shows a nearly 8 % average cross-domain decline."""
    stated = said(tables, "Average cross-domain decline", "4.3")
    grids = {metric: sources_by_target(tables, CROSS, metric) for metric in METRICS}
    drops = {metric: mean(_declines(grid)["source"].values()) for metric, grid in grids.items()}
    again = {
        metric: mean(_declines(sources_by_target(tables, CROSS_BY_SCENARIO, metric))["source"].values())
        for metric in METRICS
    }
    at_home = mean(grids["WAR"][name][name] for name in SCENARIOS)
    both = mean(drops.values())
    parts = []
    for metric, grid in grids.items():
        home = mean(grid[name][name] for name in SCENARIOS)
        parts.append(f"{metric}: {two(home)} at home - {two(home - drops[metric])} away = {two(drops[metric])}")
    return judge(
        any(round(drop) == number(stated) for drop in drops.values()),
        "text-decline",
        f"Table 3 shows an average decline of nearly {stated.printed}",
        (stated, *(cell for grid in grids.values() for row in grid.values() for cell in row.values())),
        "; ".join(parts)
        + f"; by source, WAR: {_listing(_declines(grids['WAR'])['source'])}"
        + f"; by target, WAR: {_listing(_declines(grids['WAR'])['target'])}"
        + f"; relative: {two(100 * drops['WAR'] / at_home)} % of WAR"
        + f"; Tables 5, 7, 9 and 11: {two(again['WAR'])} WAR, {two(again['UAR'])} UAR",
        otherwise=f"A decline of nearly {stated.printed} follows neither from the WAR nor from the UAR of Table 3: "
        f"{two(drops['WAR'])} and {two(drops['UAR'])} points",
        severity="note" if round(both) == number(stated) else "warning",
        can=f"It is the mean over WAR and UAR together: ({two(drops['WAR'])} + {two(drops['UAR'])}) / 2 = {two(both)}"
        if round(both) == number(stated)
        else "",
        cannot="That it was computed so: the text names no metric",
    )


def largest_decline(tables: Tables) -> list[Judgement]:
    """The largest decline is that of WIS9k."""
    found = []
    for metric in METRICS:
        grid = sources_by_target(tables, CROSS, metric)
        readings = _declines(grid)
        again = _declines(sources_by_target(tables, CROSS_BY_SCENARIO, metric))
        largest = {by: max(values, key=lambda n: values[n]) for by, values in readings.items()}
        largest_again = {by: max(values, key=lambda n: values[n]) for by, values in again.items()}
        other = [by for by, name in largest.items() if name != "WIS9k"]
        found.append(
            judge(
                not other,
                "text-decline",
                f"By {metric}, the decline of WIS9k is the largest, by source and by target",
                (
                    said(tables, "Scenario of the largest decline", "4.3"),
                    *(cell for row in grid.values() for cell in row.values()),
                ),
                "; ".join(f"by {by}: {_listing(values)}" for by, values in readings.items())
                + "; largest in Tables 5, 7, 9 and 11: "
                + ", ".join(f"{name} by {by}" for by, name in largest_again.items()),
                otherwise=f"By {metric}, the largest decline by {' and by '.join(other)} is not that of WIS9k but of "
                + ", ".join(largest[by] for by in other),
                severity="note",
                can="; ".join(f"by {by} it is that of WIS9k" for by in largest if by not in other),
                cannot=f"That the statement is about {metric}: the text names no metric",
            )
        )
    return found


def weak_to_strong(tables: Tables) -> Judgement:
    """It is more challenging to transfer from weak interaction (WIS9k) to stronger ones than vice versa."""
    grid = sources_by_target(tables, CROSS, "WAR")
    there, back = grid["WIS9k"]["SIA10k"], grid["SIA10k"]["WIS9k"]
    weak, strong = grid["WIS9k"]["WIS9k"], grid["SIA10k"]["SIA10k"]
    readings = {
        "the result itself": (number(there), number(back), number(there) < number(back)),
        "decline of the model": (
            number(weak) - number(there),
            number(strong) - number(back),
            number(weak) - number(there) > number(strong) - number(back),
        ),
        "decline on the test part": (
            number(strong) - number(there),
            number(weak) - number(back),
            number(strong) - number(there) > number(weak) - number(back),
        ),
    }
    harder = [name for name, (_, _, so) in readings.items() if so]
    return judge(
        len(harder) == len(readings),
        "text-decline",
        "From WIS9k to SIA10k is harder than back, however it is read",
        (said(tables, "Transfer from weak to stronger interaction", "4.3"), weak, there, back, strong),
        "; ".join(f"{name}: {two(a)} there, {two(b)} back" for name, (a, b, _) in readings.items()),
        otherwise=f"That WIS9k to SIA10k is harder than back holds in {len(harder)} of {len(readings)} readings of "
        "Table 3",
        severity="note",
        can=f"It holds for the {' and the '.join(harder)}" if harder else "",
        cannot="That one direction is harder in truth: the two are within a point of each other, each from one run",
    )


def best_at_home(tables: Tables) -> Judgement:
    """WIS9k has an ideal performance: trained and tested on itself."""
    grid = sources_by_target(tables, CROSS, "WAR")
    own = sorted((grid[name][name] for name in SCENARIOS), key=number, reverse=True)
    return judge(
        own[0].target == "WIS9k",
        "text-superlative",
        "Trained and tested on itself, WIS9k has the best WAR of the scenarios",
        (said(tables, "WIS9k among the scenarios", "4.3"), *own),
        ", ".join(f"{cell.target} {cell.printed}" for cell in own),
        otherwise=f"Trained and tested on itself, {own[0].target} has the best WAR, not WIS9k",
    )


def smaller_difference(tables: Tables) -> list[Judgement]:
    """WIS9k has a smaller best-worst difference among the 4 scenarios (section 4.3, Figure 5(a), Appendix E.5)."""
    found = []
    for metric in METRICS:
        grid = sources_by_target(tables, CROSS_BY_SCENARIO, metric)
        own = {name: [grid[name][scene] for scene in scenes(name)] for name in SCENARIOS}
        spread = {name: number(max(c, key=number)) - number(min(c, key=number)) for name, c in own.items()}
        sources = {
            name: mean(
                max(number(grid[source][scene]) for source in SCENARIOS)
                - min(number(grid[source][scene]) for source in SCENARIOS)
                for scene in scenes(name)
            )
            for name in SCENARIOS
        }
        least = min(spread, key=lambda name: spread[name])
        smaller = [name for name in SCENARIOS if spread[name] < spread["WIS9k"]]
        found.append(
            judge(
                not smaller,
                "text-superlative",
                f"By {metric}, the scenes of WIS9k differ least",
                (
                    *(said(tables, "WIS9k among the scenarios", section) for section in ("4.3", "E.5")),
                    *(pick(cells, key=number) for cells in own.values() for pick in (max, min)),
                ),
                f"best - worst scene of the model's own scenario: {_listing(spread)}; best - worst source of a scene, "
                f"mean over scenes: {_listing(sources)}",
                otherwise=f"That WIS9k has a smaller difference cannot follow from Tables 5, 7, 9 and 11 by {metric}: "
                f"{two(spread['WIS9k'])} points, but {', '.join(f'{n} {two(spread[n])}' for n in smaller)}",
                can=f"The smallest difference is that of {least}",
                cannot="What Figure 5(a) shows: it may rest on other runs",
            )
        )
    return found
