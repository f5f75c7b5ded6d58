"""What tests of published tables share: all tables, one cell printed otherwise, quotes found in a paper's text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import replace

import pytest

from fervbench.published.judgement import Judgement
from fervbench.published.tables import Table, TableCell, published_tables


@pytest.fixture(scope="session")
def tables() -> dict[str, Table]:
    return published_tables()


@pytest.fixture(scope="session")
def changed() -> Callable[..., dict[str, Table]]:
    """`changed(tables, "dfew/table4", "54.40", method="p3d", metric="WAR")`: the tables with one cell printed so."""

    def change(tables: dict[str, Table], id: str, printed: str, **which: object) -> dict[str, Table]:
        cell = tables[id].find(**which)
        number = re.match(r"[\d.]+", printed.replace(",", ""))
        other = replace(cell, printed=printed, value=float(number[0]) if number else None)
        return tables | {id: replace(tables[id], cells=tuple(other if c is cell else c for c in tables[id].cells))}

    return change


@pytest.fixture(scope="session")
def one() -> Callable[..., Judgement]:
    """`one(judged, "highest WAR", "P3D")`: the only judgement that has all these words in its message."""

    def find(judged: list[Judgement], *parts: str) -> Judgement:
        found = [j for j in judged if all(part in j.message for part in parts)]
        assert len(found) == 1, [j.message for j in found]
        return found[0]

    return find


@pytest.fixture(scope="session")
def stands_in() -> Callable[[TableCell, str], bool]:
    """Whether a cell's quote stands in a text, white space and hyphens apart, with the printed number in it."""

    def squeeze(text: str) -> str:
        return re.sub(r"[\s-]", "", unicodedata.normalize("NFC", text))

    def stands(cell: TableCell, text: str) -> bool:
        return squeeze(cell.printed) in squeeze(cell.quote or "") and squeeze(cell.quote or "") in squeeze(text)

    return stands
