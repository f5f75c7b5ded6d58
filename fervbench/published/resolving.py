"""What two printed scores can resolve: how far apart they must be before the difference is more than the test list's.

A printed score comes without its predictions, so two scores are taken as unpaired, each with the spread of its own hits
(binomial; for UAR every class with the score as its recall). On the same clips a paired comparison resolves more:
`fervbench compare` does it where both prediction files are there.
"""

from __future__ import annotations

import math

from fervbench.metrics.proportions import normal_quantile
from fervbench.published.denominators import Denominator
from fervbench.published.tables import TableCell


def resolvable(cell: TableCell, of: Denominator, first: float, second: float, level: float = 0.95) -> float | None:
    """The difference of two scores (shares of 1) that is beyond both their spreads; None for metrics without counts.

    >>> cell = TableCell("t", 0, "r", "c", "WAR", "50.00", 50.0, "percent", 2)
    >>> round(resolvable(cell, Denominator("x", 113, {}, ()), 0.5, 0.5), 3)
    0.13
    """
    sizes = _sizes(cell, of)
    if not sizes:
        return None
    spread = sum(1 / n for n in sizes) / len(sizes) ** 2
    return normal_quantile(level) * math.sqrt((first * (1 - first) + second * (1 - second)) * spread)


def _sizes(cell: TableCell, of: Denominator) -> list[int]:
    """The clips that a score is a mean over: all in one, or class by class."""
    if cell.metric == "WAR":
        return [of.n]
    if cell.metric == "recall":
        n = of.per_class.get(cell.class_ or "", 0)
        return [n] if n else []
    return [n for n in of.per_class.values() if n] if cell.metric == "UAR" else []
