"""FERV39k's published tables, and the same with other numbers in some places."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from fervbench.published.judgement import Judgement
from fervbench.published.tables import Table, published_tables


@dataclass(frozen=True)
class Published:
    """Tables to judge claims on; `changed` and `said` give others, with one number printed otherwise."""

    tables: dict[str, Table]

    def judged(self, claim: Callable[[dict[str, Table]], Judgement | list[Judgement]]) -> list[Judgement]:
        found = claim(self.tables)
        return found if isinstance(found, list) else [found]

    def severities(self, claim: Callable[[dict[str, Table]], Judgement | list[Judgement]]) -> list[str]:
        return [judgement.severity for judgement in self.judged(claim)]

    def changed(self, id: str, printed: str, **where: str) -> Published:
        """With `printed` in the one place of table `id` that `where` names."""
        cell = self.tables[id].find(**where)
        plain = printed.rstrip("%kM").replace(",", "")
        value = float(plain) * (1000 if printed.endswith("k") else 1)
        other = replace(cell, printed=printed, value=int(value) if value == int(value) else value)
        cells = tuple(other if each is cell else each for each in self.tables[id].cells)
        return Published(self.tables | {id: replace(self.tables[id], cells=cells)})

    def said(self, printed: str, row: str, section: str) -> Published:
        """With `printed` in a place of the text."""
        return self.changed("ferv39k/text", printed, row=row, column=section)


@pytest.fixture(scope="session")
def ferv() -> Published:
    return Published(published_tables())
