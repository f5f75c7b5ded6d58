"""What the claims of a paper's text share: the statement itself, exact differences of printed numbers, superlatives.

A difference of two printed numbers is known only to one unit of their last decimal, for each may be rounded; so is a
mean of such differences. Numbers are in the cell's own unit: 63.72 per cent is 63.72.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

from fervbench.published.judgement import Judgement, judge
from fervbench.published.tables import Table, TableCell

HUNDREDTH = Fraction(1, 100)


def exact(cell: TableCell) -> Fraction:
    """The printed number.

    >>> exact(TableCell("t", 0, "r", "c", "WAR", "54.47%", 54.47, "percent", 2))
    Fraction(5447, 100)
    """
    return Fraction(cell.exact)


def said(tables: dict[str, Table], paper: str, label: str) -> TableCell:
    """The cell of a statement in the text of a paper, by its label."""
    return tables[f"{paper}/text"].find(row=label)


def mean(numbers: Sequence[Fraction]) -> Fraction:
    """The arithmetic mean."""
    return sum(numbers, Fraction(0)) / len(numbers)


def shown(number: Fraction | int, decimals: int = 2) -> str:
    """The number as people read it; halves away from zero.

    >>> shown(Fraction(12059), 0), shown(Fraction(1, 8)), shown(Fraction(-1, 200))
    ('12,059', '0.13', '-0.01')
    """
    units = abs(number) * 10**decimals + Fraction(1, 2)
    text = f"{int(units) // 10**decimals:,}" + (f".{int(units) % 10**decimals:0{decimals}d}" if decimals else "")
    return f"-{text}" if number < 0 and int(units) else text


def minus(a: TableCell, b: TableCell) -> str:
    """The sum to read: `55.50 - 53.54 = 1.96`."""
    decimals = max(a.decimals, b.decimals)
    return f"{a.printed} - {b.printed} = {shown(exact(a) - exact(b), decimals)}"


def follows(printed: TableCell, number: Fraction, slack: Fraction = Fraction(0)) -> bool:
    """Whether the printed number can be this one, known to `slack`, rounded to its decimals."""
    return abs(exact(printed) - number) <= slack + Fraction(1, 2 * 10**printed.decimals)


def highest(statement: TableCell, claimed: TableCell, column: Iterable[TableCell], where: str) -> Judgement:
    """Rule text-superlative: the cell is the highest of its column, and printed as the statement says it."""
    ranked = sorted(column, key=exact, reverse=True)
    above = [cell for cell in ranked if exact(cell) > exact(claimed)]
    repeated = statement.value is None or exact(statement) == exact(claimed)
    measure, order = claimed.metric, " > ".join(f"{cell.printed} ({cell.row})" for cell in ranked[:3])
    if not repeated:
        otherwise = f"{where} prints {claimed.printed} where the text says {statement.printed}"
    else:
        better = " and ".join(f"{cell.row} has {cell.printed}" for cell in above)
        otherwise = f"The text's highest {measure}, {claimed.row}, cannot follow from {where}, where {better}"
    return judge(
        repeated and not above,
        "text-superlative",
        f"{claimed.row} has the highest {measure} of {where}, {claimed.printed}, as the text says",
        (statement, claimed, *above),
        f"{measure}: {order}",
        otherwise=otherwise,
        can=f"{claimed.row} is number {len(above) + 1} of {len(ranked)} by {measure} in {where}.",
        cannot=f"Which of the two, the sentence or {where}, holds the intended number." if above else "",
    )


def repeated(rule: str, statements: Sequence[TableCell], source: TableCell, what: str) -> Judgement:
    """The same number wherever it stands: in the text, and in the table that the source is of."""
    other = [cell for cell in statements if exact(cell) != exact(source)]
    table = "another place" if source.table.endswith("/text") else source.table
    places = [
        f"{cell.printed} ({cell.column if cell.table.endswith('/text') else table})" for cell in (*statements, source)
    ]
    return judge(
        not other,
        rule,
        f"{what}: the same number in all places",
        (*statements, source),
        ", ".join(places),
        otherwise=f"{what}: the text prints {' and '.join(cell.printed for cell in other)}, {table} {source.printed}",
        cannot="Which of the printed numbers is the intended one.",
    )
