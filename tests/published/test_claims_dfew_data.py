"""What DFEW's text says of its data, judged: numbers typed from the paper and the lists, sums done in another way."""

from __future__ import annotations

import pytest

from fervbench.published import claims_dfew_data
from fervbench.published.judgement import Judgement
from fervbench.published.tables import Table

CLASSES = ("Happy", "Sad", "Neutral", "Angry", "Surprise", "Disgust", "Fear")
TABLE_2 = (2488, 2008, 2709, 2229, 1498, 146, 981)
POOLED = (2445, 1894, 2669, 2173, 1469, 145, 902)


@pytest.fixture(scope="module")
def judged(tables: dict[str, Table]) -> list[Judgement]:
    found = [claim(tables) for claim in claims_dfew_data.CLAIMS]
    return [j for each in found for j in (each if isinstance(each, list) else [each])]


def test_left_out(judged: list[Judgement], tables: dict[str, Table], changed, one):
    assert sum(TABLE_2) == 12059
    assert 12059 - 362 == 11697 == sum(POOLED)
    left = [a - b for a, b in zip(TABLE_2, POOLED, strict=True)]
    assert (left, sum(left)) == ([43, 114, 40, 56, 29, 1, 79], 362)
    arithmetic = one(judged, "lists hold the 11,697 clips").arithmetic
    assert arithmetic.startswith("12,059 - 362 = 11,697; lists: 11,697")
    assert all(f"{name} {number}" in arithmetic for name, number in zip(CLASSES, left, strict=True))
    other = changed(tables, "dfew/text", "361", row="clips left out")
    assert claims_dfew_data.left_out(other).severity == "warning"


def test_sizes(judged: list[Judgement], tables: dict[str, Table], changed, one):
    passed = {j.message for j in judged if j.rule == "text-count" and j.severity == "pass"}
    assert len(passed) == 10
    assert one(judged, "Table 1 has 1500 movies").severity == "note"
    assert one(judged, "can come from 1500 movies").arithmetic == "16,372 / 1,500 = 10.9 a movie"  # 10.915
    assert one(judged, "the highest count of Table 1").arithmetic.startswith("count: 16,372 (DFEW) > 13,201 (CAER)")
    assert one(judged, "five parts").arithmetic.startswith("fd1 2341, fd2 2341, fd3 2340, fd4 2339, fd5 2336")
    few = changed(tables, "dfew/table1", "800 movies", row="DFEW", column="Source")
    assert 800 * 20 < 16372
    assert [j.severity for j in claims_dfew_data.more_than(few)] == ["pass", "error", "note"]
    other = changed(tables, "dfew/text", "16,327", row="clips (conclusion)")
    assert [j.severity for j in claims_dfew_data.sizes(other)].count("warning") == 1
