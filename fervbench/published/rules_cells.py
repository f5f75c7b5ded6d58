"""Rules on the numbers of one experiment: whole hits (GRIM), UAR with WAR, and recall by class with both.

Source of GRIM: Brown and Heathers 2017, "The GRIM test", Social Psychological and Personality Science 8(4).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from itertools import product

from fervbench.published.denominators import Denominator, denominators
from fervbench.published.feasible import extremes, witness
from fervbench.published.judgement import Judgement
from fervbench.published.printed import bounds, hits, power, share, whole
from fervbench.published.tables import Table, TableCell

_RUNS = "that it was mistyped: it may be a mean over several runs, or be measured on other clips"
Experiment = tuple[str, str | None, str, str]


def _measured(table: Table) -> Iterator[tuple[TableCell, Denominator]]:
    known = denominators(table)
    for cell in table.cells:
        if cell.is_score and cell.statistic is None and cell.target in known:
            yield cell, known[cell.target]


def _size(cell: TableCell, of: Denominator) -> int | None:
    """The clips that a share of hits is out of."""
    if cell.metric == "WAR":
        return of.n
    if cell.metric == "recall" and cell.class_ is not None:
        return of.per_class.get(cell.class_)
    return None


def grim(table: Table) -> list[Judgement]:
    """Every WAR and recall is a whole number of hits; how often a number drawn blindly would pass is stated."""
    sized = [(cell, n) for cell, of in _measured(table) if (n := _size(cell, of))]
    ways = {cell.index: (hits(cell, n), hits(cell, n, truncated=True)) for cell, n in sized}
    rounds = sum(bool(rounded) and not cut for rounded, cut in ways.values())
    cuts = sum(bool(cut) and not rounded for rounded, cut in ways.values())
    found = [_no_hits(cell, n, ways[cell.index][1], rounds) for cell, n in sized if not ways[cell.index][0]]
    passed = [(cell, n) for cell, n in sized if ways[cell.index][0]]
    if passed:
        blind = sum(math.log10(power(n, whole(cell))) for cell, n in passed)
        sizes = [n for _, n in passed]
        passes = {n: float(power(n, whole(passed[0][0]))) for n in (min(sizes), max(sizes))}
        said = ", ".join(f"{chance:.1%} at n = {n:,}" for n, chance in passes.items())
        sums = f"blindly a value passes with {said}; all of them with probability {_chance(blind)}"
        if rounds or cuts:
            sums += f"; {rounds:,} fit only if rounded, {cuts:,} only if cut off"
        text = f"{len(passed):,} shares are whole hits out of the public counts"
        found.append(Judgement("grim", "pass", text, tuple(cell for cell, _ in passed), sums))
    return found


def _no_hits(cell: TableCell, n: int, cut: range, rounds: int) -> Judgement:
    """A share that no hits round to. `rounds`: how many other numbers of the table fit only if rounded."""
    near = round(float(cell.exact) / (100 if cell.unit == "percent" else 1) * n)
    around = ", ".join(f"{k}/{n} = {share(Fraction(k, n))}" for k in range(max(near - 1, 0), min(near + 1, n) + 1))
    if cut and not rounds:
        text = f"{cell.printed} is {cut[0]}/{n} cut off, not rounded"
        return Judgement("grim", "note", text, (cell,), around, "that the last decimal is cut off")
    chance = f"blindly {float(power(n, whole(cell))):.1%} of all values pass at n = {n:,}"
    if cut:
        text = f"{cell.printed} is {cut[0]}/{n} only if cut off, where other numbers of the table are rounded"
        can = "it was not written as the others were, or is no whole number of hits"
        return Judgement(
            "grim", "warning", text, (cell,), f"{around}; {chance}; {rounds} others only round", can, _RUNS
        )
    return Judgement(
        "grim",
        "note" if cell.cited else "error",
        f"no whole number of hits out of {n:,} gives {cell.printed}",
        (cell,),
        f"{around}; {chance}",
        "cannot come from one prediction file over these clips, whether rounded or cut off",
        _RUNS,
    )


def _chance(exponent: float) -> str:
    return f"10^{exponent:.0f}" if exponent < -2 else f"{10**exponent:.0%}"


def _experiments(table: Table) -> dict[Experiment, dict[tuple[str, str | None], TableCell]]:
    """The cells of each experiment by (metric, class): one method, source, target and version."""
    found: dict[Experiment, dict[tuple[str, str | None], TableCell]] = {}
    known = denominators(table)
    for cell in table.cells:
        if cell.is_score and cell.statistic is None and cell.target in known:
            for version in cell.versions or ("",):
                key = (cell.method or cell.row, cell.source, cell.target, version)
                found.setdefault(key, {}).setdefault((cell.metric, cell.class_), cell)
    return found


def joint(table: Table) -> list[Judgement]:
    """WAR and UAR of one experiment need hits by class that give both."""
    found: list[Judgement] = []
    passed: list[TableCell] = []
    undecided: list[TableCell] = []
    known, done = denominators(table), set()
    for (_, _, target, _), cells in _experiments(table).items():
        of = known[target]
        pair = cells.get(("WAR", None)), cells.get(("UAR", None))
        if pair[0] is None or pair[1] is None or not of.per_class or (pair[0].index, pair[1].index) in done:
            continue
        done.add((pair[0].index, pair[1].index))
        if not any(hits(pair[0], of.n, truncated=cut) for cut in (False, True)):
            continue  # told by grim
        verdict = _joint(pair[0], pair[1], of)
        if verdict is None:
            undecided.append(pair[1])
        elif verdict.severity == "pass":
            passed += [pair[0], pair[1]]
        else:
            found.append(verdict)
    if passed:
        text = f"{len(passed) // 2:,} pairs of WAR and UAR: hits by class that give both exist"
        sums = "found by search over the public class counts" + (f"; {len(undecided)} undecided" if undecided else "")
        found.append(Judgement("uar-with-war", "pass", text, tuple(passed), sums))
    return found


def _joint(war: TableCell, uar: TableCell, of: Denominator) -> Judgement | None:
    """None where it could not be decided."""
    sizes = list(of.per_class.values())
    for war_cut, uar_cut in ((False, False), (False, True), (True, True), (True, False)):
        totals = hits(war, of.n, truncated=war_cut)
        low, high = bounds(uar, truncated=uar_cut)
        result = witness(sizes, totals, low, high, open_end=uar_cut) if totals else False
        if result is None:
            return None
        if isinstance(result, tuple):
            shown = ", ".join(f"{name} {k}/{n}" for (name, n), k in zip(of.per_class.items(), result, strict=True))
            if not (war_cut or uar_cut):
                return Judgement("uar-with-war", "pass", "WAR and UAR agree", (war, uar), shown)
            text = f"WAR {war.printed} and UAR {uar.printed} agree only if a last decimal is cut off, not rounded"
            return Judgement("uar-with-war", "note", text, (war, uar), shown)
    totals = hits(war, of.n) or hits(war, of.n, truncated=True)
    least, most = extremes(sizes, totals[0])[0], extremes(sizes, totals[-1])[1]
    within = least <= bounds(uar)[1] and most >= bounds(uar)[0]
    how = "all ways to place these hits were tried" if within else "more is not possible, whatever the classes hit"
    return Judgement(
        "uar-with-war",
        "note" if war.cited else "error",
        f"no hits by class give both WAR {war.printed} and UAR {uar.printed}",
        (war, uar),
        f"WAR is {totals[0]:,} hits of {of.n:,}; UAR then lies within {share(least, 2)} to {share(most, 2)}; {how}",
        "the two cannot come from one prediction file over these clips",
        "which of the two is at fault; both may be means over runs, or from different epochs",
    )


def by_class(table: Table) -> list[Judgement]:
    """Recall of every class, where printed, gives UAR and WAR."""
    found: list[Judgement] = []
    passed: list[TableCell] = []
    known = denominators(table)
    for (_, _, target, _), cells in _experiments(table).items():
        of = known[target]
        recalls = [cells.get(("recall", name)) for name in of.per_class]
        if not recalls or any(cell is None for cell in recalls):
            continue
        ways = [list(hits(cell, n)) for cell, n in zip(recalls, of.per_class.values(), strict=True) if cell]
        if not all(ways) or math.prod(map(len, ways)) > 10_000:
            continue
        for metric in ("WAR", "UAR"):
            cell = cells.get((metric, None))
            if cell is not None:
                verdict = _from_recall(cell, [c for c in recalls if c], ways, of)
                passed += [cell] if verdict.severity == "pass" else []
                found += [] if verdict.severity == "pass" else [verdict]
    if passed:
        text = f"{len(passed)} values of WAR and UAR follow from the recalls of their rows"
        found.append(
            Judgement("recall-by-class", "pass", text, tuple(passed), "hits of each class are recovered exactly")
        )
    return found


def _from_recall(cell: TableCell, recalls: list[TableCell], ways: list[list[int]], of: Denominator) -> Judgement:
    sizes = list(of.per_class.values())
    values = set()
    for hit in product(*ways):
        if cell.metric == "WAR":
            values.add(Fraction(sum(hit), of.n))
        else:
            values.add(sum((Fraction(k, n) for k, n in zip(hit, sizes, strict=True)), Fraction(0)) / len(sizes))
    low, high = bounds(cell)
    shown = "hits " + " ".join(f"{way[0]}" + ("+" if len(way) > 1 else "") for way in ways)
    shown += f" give {cell.metric} {share(min(values))}"
    involved = (cell, *recalls)
    if any(low <= value <= high for value in values):
        return Judgement("recall-by-class", "pass", f"{cell.metric} follows from the recalls", involved, shown)
    low, high = bounds(cell, truncated=True)
    if any(low <= value < high for value in values):
        text = f"{cell.metric} {cell.printed} follows from the recalls only if it is cut off, not rounded"
        return Judgement("recall-by-class", "note", text, involved, shown, "that the last decimal is cut off")
    return Judgement(
        "recall-by-class",
        "error",
        f"the recalls of the row do not give {cell.metric} {cell.printed}",
        involved,
        shown,
        f"{cell.metric} and the recalls cannot come from one prediction file over these clips",
        "which of them is at fault; they may be means over runs or folds",
    )
