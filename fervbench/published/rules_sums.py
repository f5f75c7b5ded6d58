"""Rules on sums: parts pooled against their whole, Average rows against their rows, totals of count tables."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from fervbench.published.denominators import Denominator, denominators
from fervbench.published.judgement import Judgement
from fervbench.published.printed import bounds, hits, recover, share
from fervbench.published.tables import Table, TableCell

Key = tuple[str, str | None, str]  # method, source, target


def war_cells(tables: Sequence[Table]) -> dict[Key, TableCell]:
    """The first WAR printed of each experiment (method, source, target) over all tables of a paper."""
    found: dict[Key, TableCell] = {}
    for table in tables:
        for cell in table.cells:
            if cell.metric == "WAR" and cell.is_score and cell.statistic is None and not cell.cited and cell.target:
                found.setdefault((cell.method or cell.row, cell.source, cell.target), cell)
    return found


def pooled(tables: Sequence[Table]) -> list[Judgement]:
    """Hits in the parts of a configuration sum to the hits in the whole: scenes to scenario, scenarios to all.

    `tables` are those of one paper. One source means one trained model; parts and whole of one prediction file agree.
    """
    known: dict[str, Denominator] = {}
    for table in tables:
        known |= denominators(table)
    cells = war_cells(tables)
    found: list[Judgement] = []
    passed: list[Judgement] = []
    for (method, source, target), cell in cells.items():
        of = known.get(target)
        parts = [cells.get((method, source, member)) for member in of.members] if of else []
        if not of or len(parts) < 2 or any(part is None for part in parts):
            continue
        verdict = _pooled(cell, [p for p in parts if p], of, known)
        if verdict is not None:
            (passed if verdict.severity == "pass" else found).append(verdict)
    if passed:
        text = f"{len(passed)} configurations are the sum of their parts"
        cells_of = tuple(cell for verdict in passed for cell in verdict.cells)
        found.append(Judgement("pooled", "pass", text, cells_of, "; ".join(v.arithmetic for v in passed[:3])))
    return found


def _pooled(
    cell: TableCell, parts: list[TableCell], of: Denominator, known: dict[str, Denominator]
) -> Judgement | None:
    ranges = [hits(part, known[str(part.target)].n) or _either(part, known[str(part.target)].n) for part in parts]
    total = hits(cell, of.n) or _either(cell, of.n)
    if not total or not all(ranges):
        return None
    least, most = sum(r[0] for r in ranges), sum(r[-1] for r in ranges)
    added = " + ".join(str(r[0]) for r in ranges)
    arithmetic = (
        f"{added} = {least:,} = {share(Fraction(least, of.n), 2)} %; {of.target} {total[0]:,} = {cell.printed} %"
    )
    if least <= total[-1] and most >= total[0]:
        return Judgement("pooled", "pass", f"{cell.target} is the sum of its parts", (cell, *parts), arithmetic)
    return Judgement(
        "pooled",
        "warning",
        f"{len(parts)} parts of {cell.target} pool to {share(Fraction(least, of.n), 2)}, not to {cell.printed}"
        f" ({cell.method or cell.row})",
        (cell, *parts),
        arithmetic,
        f"{cell.target} and its parts cannot come from one prediction file",
        "which is at fault; separate test runs with random frame sampling would look like this",
    )


def _either(cell: TableCell, n: int) -> range:
    return hits(cell, n, truncated=True)


def averages(tables: Sequence[Table]) -> list[Judgement]:
    """Average rows and columns are the means of what they stand for, recovered hits used where there are."""
    found: list[Judgement] = []
    for table in tables:
        passed = []
        for cell in table.cells:
            if cell.statistic != "mean" or not cell.is_score:
                continue
            verdict = _average(cell, _averaged(cell, table), _elsewhere(cell, table, tables), denominators(table))
            passed += [cell] if verdict.severity == "pass" else []
            found += [] if verdict.severity == "pass" else [verdict]
        if passed:
            text = f"{len(passed)} averages of {table.id} are the means of their rows or columns"
            found.append(Judgement("average", "pass", text, tuple(passed), "mean of the recovered values, rounded"))
    return _merged(found)


def _averaged(cell: TableCell, table: Table) -> list[TableCell]:
    """The printed cells that an average is taken over."""
    same = [c for c in table.cells if c.metric == cell.metric and c.value is not None and c.statistic is None]
    if cell.over == "rows":
        same = [c for c in same if c.column == cell.column]
    else:
        same = [c for c in same if c.row == cell.row]
    kept: dict[tuple[str, str], TableCell] = {}  # of two versions of one cell the first
    for c in same:
        kept.setdefault((c.row, c.column), c)
    return list(kept.values())


def _elsewhere(cell: TableCell, table: Table, tables: Sequence[Table]) -> list[TableCell]:
    """Cells of other tables of the paper that would stand in this column, of methods that this table leaves out."""
    if cell.over != "rows":
        return []
    here = {c.method for c in table.cells}
    found: dict[str | None, TableCell] = {}
    for other in tables:
        for c in other.cells:
            same = (c.metric, c.source, c.target) == (cell.metric, cell.source, cell.target) and not c.cited
            if same and other.id != table.id and c.method not in here and c.is_score and c.method:
                found.setdefault(c.method, c)
    return list(found.values())


def _mean(cells: list[TableCell], known: dict[str, Denominator]) -> tuple[Fraction, Fraction]:
    """The least and the greatest mean of what is printed; exact where the hits are known."""
    low = high = Fraction(0)
    for cell in cells:
        of = known.get(str(cell.target))
        k = recover(cell, of.n) if of and cell.metric == "WAR" else None
        least, most = (Fraction(k, of.n),) * 2 if of and k is not None else bounds(cell)
        low, high = low + least, high + most
    return low / len(cells), high / len(cells)


def _average(
    cell: TableCell, over: list[TableCell], elsewhere: list[TableCell], known: dict[str, Denominator]
) -> Judgement:
    if not over:
        return Judgement("average", "note", f"{cell.name} is an average of nothing printed", (cell,))
    low, high = _mean(over, known)
    arithmetic = f"mean of {len(over)} = {_span(low, high)}"
    for truncated in (False, True):
        least, most = bounds(cell, truncated=truncated)
        if low <= most and high >= least:
            if not truncated:
                return Judgement("average", "pass", "an average of what is printed", (cell, *over), arithmetic)
            text = f"averages are means only if cut off, not rounded: {cell.printed}"
            return Judgement("average", "note", text, (cell, *over), arithmetic)
    for more in ([each] for each in elsewhere):
        least, most = _mean([*over, *more], known)
        if least <= bounds(cell)[1] and most >= bounds(cell)[0]:
            return Judgement(
                "average",
                "warning",
                f"averages are taken over a row that this table leaves out: {more[0].row} of {more[0].table}",
                (cell, *more),
                f"{arithmetic}; with {more[0].row} {more[0].printed}: mean of {len(over) + 1} = {_span(least, most)}",
                "the Average row does not average the rows that are printed above it",
                "that any value is wrong: with the other row it holds",
            )
        arithmetic += f"; with {more[0].row} of {more[0].table} {_span(least, most)}"
    return Judgement(
        "average",
        "error",
        f"averages are not the means of what they stand for: {cell.printed}",
        (cell, *over),
        arithmetic,
        "the average cannot come from these numbers",
        "which number is at fault; it may be a mean over other rows or unrounded values of other runs",
    )


def _span(low: Fraction, high: Fraction) -> str:
    return share(low, 4) if low == high else f"{share(low, 3)} to {share(high, 3)}"


def _merged(found: list[Judgement]) -> list[Judgement]:
    """Averages of one row that fail in the same way as one judgement: an Average row is one statement."""
    groups: dict[tuple[str, ...], list[Judgement]] = {}
    for each in found:
        cell = each.cells[0]
        line = cell.row if cell.over == "rows" else cell.column
        groups.setdefault((cell.table, line, each.severity, each.message.partition(":")[0]), []).append(each)
    merged = []
    for (table, line, severity, _), group in groups.items():
        if len(group) == 1 or severity == "pass":
            merged += group
            continue
        cells = tuple(dict.fromkeys(cell for each in group for cell in each.cells))
        shown = [f"{each.cells[0].column} {each.cells[0].printed}, {each.arithmetic}" for each in group[:3]]
        arithmetic = "; ".join(shown) + ("; ..." if len(group) > 3 else "")
        text = f"{group[0].message.partition(':')[0]} ({table}, {line}: {len(group)} cells)"
        merged.append(Judgement(group[0].rule, severity, text, cells, arithmetic, group[0].can, group[0].cannot))
    return merged


def totals(table: Table) -> list[Judgement]:
    """Totals of count tables are the sums of their rows and columns; shares are those of the grand total."""
    if not table.totals:
        return []
    row, column, part = (table.totals.get(name) for name in ("row", "column", "share"))
    counts = {(c.row, c.column): c for c in table.cells if c.value is not None and c.column != part}
    rows = [r for r in table.rows if r != row]
    columns = [c for c in table.columns if c not in (column, part)]
    found: list[Judgement] = []
    passed: list[Judgement] = []
    for r in table.rows:
        if column is not None and (r, column) in counts:
            verdict = _sum(counts[r, column], [counts[r, c] for c in columns if (r, c) in counts])
            (passed if verdict.severity == "pass" else found).append(verdict)
    for c in table.columns:
        if row is not None and (row, c) in counts:
            verdict = _sum(counts[row, c], [counts[r, c] for r in rows if (r, c) in counts])
            (passed if verdict.severity == "pass" else found).append(verdict)
    if part is not None and row is not None and column is not None:
        for cell in (c for c in table.cells if c.column == part):
            verdict = _share(cell, counts[cell.row, column], counts[row, column])
            (passed if verdict.severity == "pass" else found).append(verdict)
    if passed:
        cells = tuple(dict.fromkeys(c for v in passed for c in v.cells))
        text = f"{len(passed)} sums and shares hold"
        found.append(Judgement("total", "pass", text, cells, passed[-1].arithmetic))
    return found


def _sum(total: TableCell, parts: list[TableCell]) -> Judgement:
    summed = sum((part.exact for part in parts), Decimal(0))
    arithmetic = " + ".join(part.printed for part in parts) + f" = {summed}"
    if summed == total.exact:
        return Judgement("total", "pass", "the sum holds", (total, *parts), arithmetic)
    text = f"the total {total.printed} is not the sum of its parts, {summed}"
    can, cannot = "the counts cannot all be right", "which of them is not"
    return Judgement("total", "error", text, (total, *parts), arithmetic, can, cannot)


def _share(cell: TableCell, count: TableCell, total: TableCell) -> Judgement:
    value = Fraction(int(count.exact), int(total.exact))
    arithmetic = f"{count.printed}/{total.printed} = {share(value)} %"
    low, high = bounds(cell)
    if low <= value <= high:
        return Judgement("total", "pass", "the share holds", (cell, count, total), arithmetic)
    low, high = bounds(cell, truncated=True)
    if low <= value < high:
        return Judgement("total", "note", f"{cell.printed} is cut off, not rounded", (cell, count, total), arithmetic)
    text = f"{cell.row}: {cell.printed} % is not {count.printed} of {total.printed}"
    can = "count, total and share cannot all be right"
    return Judgement("total", "error", text, (cell, count, total), arithmetic, can, "which of them is not")
