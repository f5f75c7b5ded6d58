"""Is a published number reproduced? One printed number against the seeds of ours, and nothing where it cannot be said.

    reproduced      five seeds or more, and Student's t (`metrics.seeds`), Holm over the table, does not refuse it
    not reproduced  the same, refused at 5 %
    consistent      fewer seeds; within what two test results of so many clips are apart by chance
    beyond noise    fewer seeds; further apart than that
    no verdict      synthetic data, another ground truth, nothing there, nothing printed, a mean of judged rows

"Reproduced" says no more than "not told apart": the half-width of the interval stands beside it, and one of several
points is weak evidence. Cells that the audit of the published tables shows to be impossible, alone or together, are
marked. Where that is alone or with others of the same table, they are in no family and judged by their own p-value: no
set of runs can give all of them. Where it is with another table's, each can still hold in its own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from fervbench.metrics.paired import holm
from fervbench.metrics.proportions import normal_quantile
from fervbench.metrics.seeds import kendall, predicted, spearman
from fervbench.published.audit import audit_published
from fervbench.published.layout import flagged
from fervbench.published.tables import TableCell

ENOUGH = 5  # seeds
LEVEL = 0.05
# Rules that say that printed numbers cannot be, alone or together.
RULES = ("grim", "uar-with-war", "recall-by-class", "pooled", "one-experiment-two-values")


@dataclass(frozen=True)
class Verdict:
    """`half` is the half-width of the interval in which the printed number should lie, None for one seed.

    `p` is Student's, `p_holm` adjusted over the table; `noise` is what two test results are apart by chance (95 %);
    `impossible` names the rules of the audit; `alone` whether it is in no family for them.
    """

    said: str
    half: float | None = None
    p: float | None = None
    p_holm: float | None = None
    noise: float | None = None
    impossible: tuple[str, ...] = ()
    alone: bool = False
    why: str | None = None


@cache
def impossible(table: str, *, within: bool = False) -> dict[int, tuple[str, ...]]:
    """The cells of a published table, by index, that its audit shows to be impossible alone or together, with rules.

    With `within`, alone or together with cells of the same table.
    """
    found: dict[int, tuple[str, ...]] = {}
    for judgement in audit_published(table).judgements:
        if within and judgement.tables != (table,):
            continue
        if judgement.rule in RULES and judgement.severity in ("error", "warning"):
            for cell in flagged(judgement):
                if cell.table == table and judgement.rule not in found.get(cell.index, ()):
                    found[cell.index] = (*found.get(cell.index, ()), judgement.rule)
    return found


@dataclass(frozen=True)
class Case:
    """One number to judge: ours by seed, the printed one, what it is rounded to, and the clips that it is a mean over.

    `sizes` are all clips (WAR), or those of each class (UAR, one class: recall); empty where there is no such number.
    `alone`: in no family, for it is impossible by itself or with others of the table.
    """

    scores: tuple[float, ...]
    printed: float | None
    rounding: float = 0.0
    sizes: tuple[int, ...] = ()
    impossible: tuple[str, ...] = ()
    alone: bool = False
    why: str | None = None


def judge(cases: Sequence[Case]) -> list[Verdict]:
    """Verdicts on the numbers of one table, in order."""
    tests = [predicted(c.scores, c.printed, rounding=c.rounding) if c.printed is not None else (math.nan, math.nan)
             for c in cases]  # fmt: skip
    joint = [_in_family(case) for case in cases]
    adjusted = holm([p if together else math.nan for (p, _), together in zip(tests, joint, strict=True)])
    found = []
    for case, (p, half), together, p_holm in zip(cases, tests, joint, adjusted.tolist(), strict=True):
        noise = _noise(case)
        width = None if math.isnan(half) else half
        about = {"half": width, "noise": noise, "impossible": case.impossible, "alone": case.alone}
        if case.why is not None or case.printed is None or not case.scores:
            why = case.why or ("nothing is printed" if case.printed is None else "nothing is there yet")
            found.append(Verdict("no verdict", why=why, **about))  # type: ignore[arg-type]
        elif len(case.scores) >= ENOUGH:
            decides = p_holm if together else p
            said = "reproduced" if decides > LEVEL else "not reproduced"
            found.append(Verdict(said, p=p, p_holm=p_holm if together else None, **about))  # type: ignore[arg-type]
        else:
            apart = abs(case.printed - math.fsum(case.scores) / len(case.scores))
            why = f"{len(case.scores)} of {ENOUGH} seeds"
            if noise is None:
                found.append(Verdict("no verdict", why=why, **about))  # type: ignore[arg-type]
            else:
                said = "consistent" if apart <= noise + case.rounding else "beyond noise"
                found.append(Verdict(said, p=None if math.isnan(p) else p, why=why, **about))  # type: ignore[arg-type]
    return found


def _in_family(case: Case) -> bool:
    judged = case.why is None and case.printed is not None
    return judged and len(case.scores) >= ENOUGH and not case.alone


def _noise(case: Case) -> float | None:
    """What two results on as many clips are apart by chance, 95 %, each with the spread of its own hits."""
    if case.printed is None or not case.scores or not case.sizes or not all(case.sizes):
        return None
    ours = math.fsum(case.scores) / len(case.scores)
    spread = sum(1 / n for n in case.sizes) / len(case.sizes) ** 2
    return normal_quantile(0.95) * math.sqrt((ours * (1 - ours) + case.printed * (1 - case.printed)) * spread)


@dataclass(frozen=True)
class Ranking:
    """How the rows of a column rank: ours against the published order."""

    column: str
    metric: str
    rows: int
    kendall: float | None
    spearman: float | None


def ranking(column: str, metric: str, pairs: Sequence[tuple[float, float]]) -> Ranking | None:
    """Rank correlations of (ours, printed) over the rows of a column; None for fewer than three."""
    if len(pairs) < 3:
        return None
    ours, theirs = zip(*pairs, strict=True)
    tau, rho = kendall(ours, theirs), spearman(ours, theirs)
    return Ranking(column, metric, len(pairs), *(None if math.isnan(x) else x for x in (tau, rho)))


def rounding(cells: Sequence[TableCell]) -> float:
    """Half a unit of the last decimal that is printed, as a share of 1; of several numbers, the largest."""
    return max((0.5 * 10.0**-cell.decimals / (100 if cell.unit == "percent" else 1) for cell in cells), default=0.0)


def error_rates(
    seeds: int, off: float, *, sd: float = 0.005, cells: int = 32, tables: int = 2000, seed: int = 0
) -> tuple[float, float]:
    """Shares of (cells, tables) that are refused where the true mean is `off` from what the printed run is drawn from.

    Every cell's seeds and printed number are normal with standard deviation `sd`; a table counts where any of its cells
    is refused after Holm. With fewer than five seeds the same test is applied as if they were enough.
    """
    rng = np.random.default_rng(seed)
    refused, any_refused = 0, 0
    for _ in range(tables):
        ours = rng.normal(0.4, sd, (cells, seeds))
        printed = rng.normal(0.4 + off, sd, cells)
        p = [predicted(row.tolist(), float(value))[0] for row, value in zip(ours, printed, strict=True)]
        no = holm(p) <= LEVEL
        refused, any_refused = refused + int(no.sum()), any_refused + bool(no.any())
    return refused / (tables * cells), any_refused / tables
