"""Rules on repetition: one experiment printed with two values, different experiments printed with equal ones."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from fervbench.published.denominators import Denominator, denominators
from fervbench.published.judgement import Judgement
from fervbench.published.tables import Table, TableCell

Experiment = tuple[str | None, ...]
# Fewer equal pairs than this are expected by chance where equality is worth telling.
CHANCE = 0.05


def _experiment(cell: TableCell, table: Table) -> Experiment | None:
    """What was measured: data, method, source, target, metric, class. None where the cell does not say it all."""
    if not cell.is_score or cell.method is None or cell.target is None:
        return None
    data = table.protocol or table.paper.get("id") or table.id
    statistic = (cell.statistic, cell.over) if cell.statistic else ()
    return (data, cell.method, cell.source, cell.target, cell.metric, cell.class_, *statistic)


def repeated(tables: Sequence[Table]) -> list[Judgement]:
    """Cells of one experiment, in several tables or versions, hold one value. One judgement a pair of places."""
    groups: dict[Experiment, list[TableCell]] = {}
    for table in tables:
        for cell in table.cells:
            key = _experiment(cell, table)
            if key is not None:
                groups.setdefault(key, []).append(cell)
    differing: dict[tuple[str, str], list[tuple[TableCell, TableCell]]] = {}
    agreeing: dict[tuple[str, str], list[tuple[TableCell, TableCell]]] = {}
    for cells in groups.values():
        for a, b in combinations(_once(cells), 2):
            if not _comparable(a, b):
                continue
            into = agreeing if _same(a, b) else differing
            into.setdefault((_place(a, b), _place(b, a)), []).append((a, b))
    found = []
    for (first, second), pairs in differing.items():
        same = len(agreeing.get((first, second), ()))
        involved = tuple(cell for pair in pairs for cell in pair)
        shown = [f"{a.row}, {a.column}, {a.metric}: {a.printed} and {b.printed}" for a, b in pairs[:6]]
        more = f"; and {len(pairs) - 6} more" if len(pairs) > 6 else ""
        found.append(
            Judgement(
                "one-experiment-two-values",
                "note" if any(cell.cited for cell in involved) else "warning",
                f"{len(pairs)} of {len(pairs) + same} values differ between {first} and {second}",
                involved,
                "; ".join(shown) + more,
                "the two cannot come from one evaluation of one model",
                "which is meant: it may have been trained or tested twice, or one be mistyped",
            )
        )
    agreed = [pair for pairs in agreeing.values() for pair in pairs]
    if agreed:
        text = f"{len(agreed):,} repetitions of a value agree, in {len(agreeing)} pairs of places"
        everything = tuple(dict.fromkeys(cell for pair in agreed for cell in pair))
        found.append(Judgement("one-experiment-two-values", "pass", text, everything, "compared digit by digit"))
    return found


def _once(cells: list[TableCell]) -> list[TableCell]:
    """The cells; where some are cited by others, the first that is measured stands for all of them."""
    measured = [cell for cell in cells if not cell.cited]
    cited = [cell for cell in cells if cell.cited]
    return [*measured[:1], *cited] if cited else measured


def _comparable(a: TableCell, b: TableCell) -> bool:
    """Two versions of one table, or two tables of one version (what is no version of the paper meets any)."""
    of_paper = {"arxiv", "cvpr"}
    if a.table == b.table:
        return set(a.versions) != set(b.versions)
    versions = set(a.versions), set(b.versions)
    return bool(versions[0] & versions[1]) or not (versions[0] & of_paper and versions[1] & of_paper)


def _same(a: TableCell, b: TableCell) -> bool:
    """Equal numbers: 40.5 is 40.50 where a table drops the zero."""
    return a.exact == b.exact


def _place(cell: TableCell, other: TableCell) -> str:
    return cell.table if cell.table != other.table else f"{cell.table} ({', '.join(cell.versions)})"


def equal(table: Table) -> list[Judgement]:
    """Different experiments on one target whose two or more metrics are all equal, where chance does not explain it."""
    known = denominators(table)
    groups: dict[tuple[str | None, str | None], dict[tuple[str | None, str | None], dict[str, TableCell]]] = {}
    for cell in table.cells:
        if cell.is_score and cell.statistic is None and cell.class_ is None and cell.method and not cell.cited:
            version = cell.versions[0] if cell.versions else None
            of_target = groups.setdefault((cell.target, version), {})
            of_target.setdefault((cell.method, cell.source), {}).setdefault(cell.metric, cell)
    found: list[Judgement] = []
    compared = 0
    for experiments in groups.values():
        full = [cells for cells in experiments.values() if len(cells) > 1]
        for a, b in combinations(full, 2):
            shared = sorted(a.keys() & b.keys())
            if len(shared) < 2:
                continue
            compared += 1
            if all(a[metric].exact == b[metric].exact for metric in shared):
                found += _equal(a, b, shared, full, known)
    if compared and not found:
        text = f"no two experiments on one target share all metrics beyond chance ({compared:,} pairs)"
        found.append(Judgement("equal-values", "pass", text, (table.cells[0],), f"{compared:,} pairs compared"))
    return found


def _equal(
    a: dict[str, TableCell],
    b: dict[str, TableCell],
    shared: list[str],
    among: list[dict[str, TableCell]],
    known: dict[str, Denominator],
) -> list[Judgement]:
    """A warning if such a pair is not to be expected by chance."""
    pairs = len(among) * (len(among) - 1) // 2
    chance = float(pairs)
    for metric in shared:
        chance /= _steps([cells[metric] for cells in among if metric in cells], known)
    if chance >= CHANCE:
        return []
    values = " and ".join(f"{metric} {a[metric].printed}" for metric in shared)
    return [
        Judgement(
            "equal-values",
            "warning",
            f"{a[shared[0]].row} and {b[shared[0]].row} are printed with equal {values} on {a[shared[0]].target}",
            tuple(each[metric] for each in (a, b) for metric in shared),
            f"{pairs:,} pairs; were values spread evenly over the range seen here, {chance:.2g} such are expected",
            "a coincidence is unlikely",
            "which row is meant, or that either is mistyped: a line copied by mistake would look like this",
        )
    ]


def _steps(cells: list[TableCell], known: dict[str, Denominator]) -> int:
    """How many values lie in the range of these cells: steps of the last decimal, or of one hit where that is more."""
    span = max(c.exact for c in cells) - min(c.exact for c in cells)
    steps = int(span * 10 ** cells[0].decimals) + 1
    of = known.get(str(cells[0].target))
    if of is not None and cells[0].metric == "WAR":
        steps = min(steps, int(span / (100 if cells[0].unit == "percent" else 1) * of.n) + 1)
    return steps
