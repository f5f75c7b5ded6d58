"""What the claims of FERV39k's text are held against: its tables by method and target, and the public lists."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from functools import cache

from fervbench.protocol import Protocol, load_protocol
from fervbench.published.tables import Table, TableCell

Tables = dict[str, Table]
Grid = dict[str, dict[str, TableCell]]

CLASSES = ("Angry", "Disgust", "Fear", "Happy", "Sad", "Surprise", "Neutral")
SCENARIOS = ("DL11k", "WIS9k", "SIA10k", "AI9k")
MAIN = ("ferv39k/table2",)
BY_SCENARIO = tuple(f"ferv39k/table{number}" for number in (4, 6, 8, 10))
CROSS = ("ferv39k/table3",)
CROSS_BY_SCENARIO = tuple(f"ferv39k/table{number}" for number in (5, 7, 9, 11))


def said(tables: Tables, row: str, section: str) -> TableCell:
    """What the text says of `row` in a section."""
    return tables["ferv39k/text"].find(row=row, column=section)


def sample(tables: Tables, row: str, column: str) -> TableCell:
    """A cell of Table 1, which has one a place."""
    return tables["ferv39k/table1"].find(row=row, column=column)


def methods_by_target(tables: Tables, ids: tuple[str, ...], metric: str) -> Grid:
    """Cells by method, then target. Where a place is printed twice (`all`, two versions), the first is taken."""
    found: Grid = {}
    for id in ids:
        for cell in tables[id].cells:
            if cell.method and cell.metric == metric and cell.target:
                found.setdefault(cell.method, {}).setdefault(cell.target, cell)
    return found


def sources_by_target(tables: Tables, ids: tuple[str, ...], metric: str) -> Grid:
    """Cells of R50-LSTM by what it was trained on, then by target."""
    found: Grid = {}
    for id in ids:
        for cell in tables[id].cells:
            if cell.source and cell.target and cell.metric == metric:
                found.setdefault(cell.source, {})[cell.target] = cell
    return found


def mean(values: Iterable[Fraction | TableCell]) -> Fraction:
    """The exact mean of printed numbers."""
    exact = [Fraction(value.exact) if isinstance(value, TableCell) else value for value in values]
    return sum(exact, Fraction(0)) / len(exact)


def number(cell: TableCell) -> Fraction:
    """A cell's value, exactly; `86k` is 86,000."""
    if cell.value is None:
        raise ValueError(f"{cell.name} holds no number: {cell.printed!r}")
    return Fraction(cell.exact) if cell.unit == "percent" else Fraction(repr(cell.value))


def two(value: Fraction) -> str:
    """Two decimals."""
    return f"{float(value):.2f}"


def scenes(scenario: str = "all") -> tuple[str, ...]:
    """The scenes of a scenario, or of all."""
    return _protocol().configurations[scenario].leaves


def configurations(level: str | None = None) -> tuple[str, ...]:
    """The configurations: all scenes (`overall`), the scenarios (`scenario`), the scenes (`scene`)."""
    found = _protocol().configurations.values()
    return tuple(each.id for each in found if level in (None, each.level))


@cache
def _protocol() -> Protocol:
    return load_protocol("ferv39k")


@cache
def _listed() -> dict[str, dict[str, dict[str, int]]]:
    counts = _protocol().counts()
    if counts is None:
        raise ValueError("the protocol ferv39k has no counts")
    cells: dict[str, dict[str, dict[str, int]]] = counts["cells"]
    return cells


def clips(configuration: str = "all", class_: str | None = None, part: str | None = None) -> int:
    """Clips in the public lists: of a configuration, a class, a part (`train`, `test`).

    >>> clips(), clips(part="train"), clips("Terror", "Fear")
    (38935, 31088, 332)
    """
    return sum(
        n
        for scene in scenes(configuration)
        for name, parts in _listed()[scene].items()
        for of, n in parts.items()
        if class_ in (None, name) and part in (None, of)
    )
