"""What an audit says of cells: a referee's finding, with its arithmetic and what follows from it and what does not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from fervbench.published.tables import TableCell

# From worst to best. error: no experiment can have given it. warning: not one prediction file, or a statement that the
# paper's own numbers do not bear out. note: worth knowing, nothing is wrong. pass: checked, and it holds.
SEVERITIES = ("error", "warning", "note", "pass")


@dataclass(frozen=True)
class Judgement:
    """One result of one rule.

    `message` is one sentence, `arithmetic` the sum that leads to it, `can` and `cannot` what can and what cannot be
    concluded from it. `cells` are the printed numbers concerned.
    """

    rule: str
    severity: str
    message: str
    cells: tuple[TableCell, ...] = ()
    arithmetic: str = ""
    can: str = ""
    cannot: str = ""

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables that the cells stand in."""
        return tuple(dict.fromkeys(cell.table for cell in self.cells))

    def to_dict(self) -> dict[str, Any]:
        """The judgement as `fervbench-findings/1` writes it."""
        first = self.cells[0] if self.cells else None
        return {
            "rule": self.rule,
            "severity": self.severity,
            "file": first.table if first else None,
            "pointer": f"/cells/{first.index}" if first else None,
            "id": first.name if first else None,
            "message": self.message,
            "hint": None,
            "arithmetic": self.arithmetic,
            "can_conclude": self.can,
            "cannot_conclude": self.cannot,
            "cells": [
                {"table": cell.table, "pointer": f"/cells/{cell.index}", "name": cell.name, "printed": cell.printed}
                for cell in self.cells
            ],
        }


def judge(
    holds: bool,
    rule: str,
    message: str,
    cells: Iterable[TableCell],
    arithmetic: str,
    *,
    otherwise: str,
    severity: str = "warning",
    can: str = "",
    cannot: str = "",
) -> Judgement:
    """A pass with `message` where it holds, else a finding with `otherwise`."""
    cells = tuple(cells)
    if holds:
        return Judgement(rule, "pass", message, cells, arithmetic)
    return Judgement(rule, severity, otherwise, cells, arithmetic, can, cannot)
