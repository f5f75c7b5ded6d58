"""What a printed number can stand for: exact arithmetic on rounded and truncated percentages.

A number printed with d decimals stands, if it was rounded, for anything within half a unit of the last place (both
ends: ties may go either way), and if it was cut off, for anything from itself to one unit above, that end left out.
Nothing here uses binary floating point: 63.72 is 6372 hundredths.

The test of integers is GRIM (Brown and Heathers 2017, "The GRIM test"): a share of n clips is k/n for a whole k.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache

import numpy as np

from fervbench.published.tables import TableCell


def scaled(cell: TableCell) -> int:
    """The printed number in units of its last decimal: 63.72 is 6372.

    >>> scaled(TableCell("t", 0, "r", "c", "WAR", "63.72", 63.72, "percent", 2))
    6372
    """
    number = cell.exact * 10**cell.decimals
    if number != int(number):
        raise ValueError(f"{cell.printed!r} has more than {cell.decimals} decimals")
    return int(number)


def whole(cell: TableCell) -> int:
    """What a share of 1 is in units of the last decimal: 10,000 for per cent with two decimals."""
    return int((100 if cell.unit == "percent" else 1) * 10**cell.decimals)


def bounds(cell: TableCell, *, truncated: bool = False) -> tuple[Fraction, Fraction]:
    """The least and the largest share (of 1) that is printed so, if rounded; if truncated, the upper end is not met.

    >>> bounds(TableCell("t", 0, "r", "c", "WAR", "50.00", 50.0, "percent", 2))
    (Fraction(9999, 20000), Fraction(10001, 20000))
    """
    low, high = (0, 2) if truncated else (-1, 1)
    unit = 2 * whole(cell)
    return Fraction(2 * scaled(cell) + low, unit), Fraction(2 * scaled(cell) + high, unit)


def hits(cell: TableCell, n: int, *, truncated: bool = False) -> range:
    """The numbers of hits out of n that are printed so. Empty: no whole number of hits gives it.

    >>> hits(TableCell("t", 0, "r", "c", "WAR", "63.72", 63.72, "percent", 2), 113)
    range(72, 73)
    """
    low, high = bounds(cell, truncated=truncated)
    first = -((-low * n) // 1)  # rounded up
    last = (high * n) // 1
    if truncated and last == high * n:
        last -= 1
    return range(max(0, int(first)), min(n, int(last)) + 1)


@cache
def power(n: int, parts: int) -> Fraction:
    """The share of values 0, 1, ..., parts (in units of the last decimal) that some k/n rounds to: a blind pass.

    >>> round(float(power(7847, 10_000)), 2), float(power(11_697, 10_000))
    (0.78, 1.0)
    """
    if n >= parts:  # neighbours are at most one unit apart
        return Fraction(1)
    twice = 2 * np.arange(n + 1, dtype=np.int64) * parts  # k/n lies between these two values, or is both
    first, last = -((n - twice) // (2 * n)), (twice + n) // (2 * n)
    return Fraction(len(np.union1d(first, last)), parts + 1)


def recover(cell: TableCell, n: int) -> int | None:
    """The number of hits, where the printed number leaves only one (n up to about 10,000 with two decimals)."""
    found = hits(cell, n)
    return found[0] if len(found) == 1 else None


def share(value: Fraction | float, decimals: int = 4) -> str:
    """A share as per cent, with enough decimals to see why a rounded number is it or is not."""
    return f"{100 * float(value):.{decimals}f}"
