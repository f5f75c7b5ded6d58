"""The audit: every rule over published tables, or over anyone's table, and a summary.

Rules are functions from tables to judgements. A claim that holds is a judgement too (`pass`), so that silence is not
mistaken for a check.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import import_module
from typing import Any

from fervbench import strict_json
from fervbench.errors import InputError
from fervbench.findings import FORMAT, Findings
from fervbench.published import rules_cells, rules_repeats, rules_spotting, rules_sums
from fervbench.published.denominators import problems
from fervbench.published.judgement import SEVERITIES, Judgement
from fervbench.published.tables import Table, published_tables

# name: what it asks
RULES = {
    "grim": "is a share a whole number of hits out of the clips",
    "uar-with-war": "can hits by class give both UAR and WAR",
    "recall-by-class": "do the recalls of a row give its UAR and WAR",
    "denominator": "which clips the printed recalls are out of",
    "pooled": "do the parts of a configuration sum to the whole",
    "average": "are averages the means of what they stand for",
    "total": "do counts sum to their totals, and shares follow",
    "one-experiment-two-values": "is one experiment printed with one value",
    "equal-values": "are different experiments printed with equal values",
    "auc-with-ar": "does AUC lie within what its AR points allow",
    "ar-instances": "which numbers of instances AR can come from",
    "text-superlative": "do best, worst and most hold in the tables",
    "text-gain": "do printed gains follow from the tables",
    "text-decline": "do printed declines follow from the tables",
    "text-share": "do printed shares follow from lists and tables",
    "text-count": "do printed counts agree with lists and tables",
    "text-margin": "do statements hold by more than chance or one clip",
    "protocol": "is the protocol stated so that it can be followed",
    "cross-paper": "do papers that cite each other print equal numbers",
    "parameters": "do parameter counts fit the networks described",
    "formula": "does a formula do what its description says",
    "kappa": "can two agreements both hold",
}
_PER_TABLE: tuple[Callable[[Table], list[Judgement]], ...] = (
    rules_cells.grim,
    rules_cells.joint,
    rules_cells.by_class,
    rules_sums.totals,
    rules_repeats.equal,
    rules_spotting.auc,
    rules_spotting.instances,
)
_PER_PAPER: tuple[Callable[[Sequence[Table]], list[Judgement]], ...] = (
    rules_sums.pooled,
    rules_sums.averages,
    rules_repeats.repeated,
)
# What a paper says about its own tables: a module with `audit(tables)` each.
_CLAIMS = ("claims_ferv39k", "claims_dfew", "claims_sdfe_lv")


@dataclass(frozen=True)
class Audit:
    """All judgements on some tables, worst first."""

    judgements: tuple[Judgement, ...]
    tables: tuple[Table, ...]

    @cached_property
    def counts(self) -> dict[str, int]:
        """Judgements by severity, worst first, zeros included."""
        found = Counter(judgement.severity for judgement in self.judgements)
        return {severity: found[severity] for severity in SEVERITIES}

    @cached_property
    def cells(self) -> int:
        """Printed numbers that some judgement is about."""
        names = {table.id for table in self.tables}
        return len({(c.table, c.index) for j in self.judgements for c in j.cells if c.table in names})

    @property
    def numbers(self) -> int:
        """Printed numbers in the tables."""
        return sum(c.value is not None or c.range is not None for table in self.tables for c in table.cells)

    @property
    def strict(self) -> bool:
        """Whether there is nothing worse than a note."""
        return not self.counts["error"] and not self.counts["warning"]

    def by_rule(self) -> dict[str, Counter[str]]:
        """Severities by rule, in the order of RULES."""
        found: dict[str, Counter[str]] = {}
        for judgement in self.judgements:
            found.setdefault(judgement.rule, Counter())[judgement.severity] += 1
        order = list(RULES)
        return dict(sorted(found.items(), key=lambda item: order.index(item[0]) if item[0] in order else len(order)))

    def to_json(self) -> str:
        """The audit as a findings document with a summary, one finding a line."""
        lines = ",\n".join(strict_json.dumps(judgement.to_dict()) for judgement in self.judgements)
        summary: dict[str, Any] = {
            "tables": len(self.tables),
            "numbers": self.numbers,
            "cells_checked": self.cells,
            "by_severity": self.counts,
        }
        listed = f"\n{lines}\n" if lines else ""
        return f'{{"findings": [{listed}],\n"format": "{FORMAT}",\n"summary": {strict_json.dumps(summary)}}}\n'


def audit_tables(tables: Sequence[Table]) -> list[Judgement]:
    """The rules that need no paper's words, over tables that belong together (one paper, or one author's file)."""
    found = [judgement for rule in _PER_TABLE for table in tables for judgement in rule(table)]
    return found + [judgement for rule in _PER_PAPER for judgement in rule(tables)]


def audit_file(table: Table) -> Audit:
    """Audit one table of anyone's. Raises InputError where its counts cannot be used."""
    findings = Findings(table.file)
    for problem in problems(table):
        findings.add("wrong-counts", problem, pointer="/counts")
    if len(findings):
        raise InputError(f"has counts that cannot be used: {table.file}", file=table.file, findings=findings)
    return Audit(_sorted(audit_tables([table])), (table,))


@cache
def _published_judgements() -> tuple[Judgement, ...]:
    tables = published_tables()
    papers: dict[str, list[Table]] = {}
    for table in tables.values():
        papers.setdefault(table.paper["id"], []).append(table)
    found = [judgement for group in papers.values() for judgement in audit_tables(group)]
    for name in _CLAIMS:
        found += import_module(f"fervbench.published.{name}").audit(tables)
    return _sorted(found)


def audit_published(only: str | None = None) -> Audit:
    """Audit the published tables; with `only` what concerns one table, rules across tables included."""
    found, tables = _published_judgements(), published_tables()
    if only is None:
        return Audit(found, tuple(tables.values()))
    return Audit(tuple(j for j in found if only in j.tables), (tables[only],))


def _sorted(found: Iterable[Judgement]) -> tuple[Judgement, ...]:
    order = list(RULES)
    return tuple(
        sorted(found, key=lambda j: (SEVERITIES.index(j.severity), order.index(j.rule) if j.rule in order else 99))
    )
