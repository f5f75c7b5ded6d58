"""Verdicts: what each word takes, against SciPy, and how often it is wrong, by simulation."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from fervbench.grid.verdict import Case, error_rates, impossible, judge, ranking, rounding
from fervbench.published.tables import published

FIVE = (0.40, 0.41, 0.39, 0.405, 0.395)


def test_five_seeds_decide_by_students_t():
    stats = pytest.importorskip("scipy.stats", reason="SciPy is not installed: pip install 'fervbench[dev]'")
    for printed, said in ((0.41, "reproduced"), (0.43, "not reproduced"), (0.37, "not reproduced")):
        [found] = judge([Case(FIVE, printed)])
        t = abs(printed - np.mean(FIVE)) / (np.std(FIVE, ddof=1) * math.sqrt(1 + 1 / 5))
        assert found.p == pytest.approx(2 * stats.t.sf(t, 4))
        assert found.p_holm == found.p
        assert found.said == said
        assert found.half == pytest.approx(3.0414 * np.std(FIVE, ddof=1), rel=1e-4)  # t(4) of 0.975 times sqrt(1.2)


def test_holm_is_over_the_table():
    alone = judge([Case(FIVE, 0.425)])[0]
    assert alone.said == "not reproduced"
    found = judge([Case(FIVE, 0.425), *[Case(FIVE, 0.40)] * 19])
    assert found[0].p == alone.p
    assert found[0].p_holm == pytest.approx(20 * alone.p)
    assert found[0].said == "reproduced"


def test_a_large_spread_shows_its_width():
    wide = tuple(0.4 + 10 * (x - 0.4) for x in FIVE)
    [found] = judge([Case(wide, 0.43)])
    assert found.said == "reproduced"
    assert found.half == pytest.approx(10 * judge([Case(FIVE, 0.43)])[0].half)
    assert found.half > 0.2


def test_few_seeds_are_consistent_or_beyond_noise():
    near, far, bare = judge(
        [Case((0.40,), 0.41, sizes=(7847,)), Case((0.40,), 0.45, sizes=(7847,)), Case((0.40,), 0.41)]
    )
    noise = 1.959964 * math.sqrt((0.4 * 0.6 + 0.41 * 0.59) / 7847)
    assert near.noise == pytest.approx(noise, rel=1e-6)
    assert (near.said, near.half, near.p, near.why) == ("consistent", None, None, "1 of 5 seeds")
    assert far.said == "beyond noise"
    assert bare.said == "no verdict"
    [three] = judge([Case(FIVE[:3], 0.41, sizes=(7847,))])
    assert three.said == "consistent"
    assert three.half is not None


def test_what_is_not_judged_says_why():
    synthetic, nothing, unprinted = judge([Case(FIVE, 0.4, why="synthetic"), Case((), 0.4), Case(FIVE, None)])
    assert [each.said for each in (synthetic, nothing, unprinted)] == ["no verdict"] * 3
    assert [each.why for each in (synthetic, nothing, unprinted)] == [
        "synthetic",
        "nothing is there yet",
        "nothing is printed",
    ]


def test_impossible_cells_are_in_no_family():
    marked = Case(FIVE, 0.425, impossible=("grim",), alone=True)
    found = judge([marked, *[Case(FIVE, 0.40)] * 3])
    assert found[0].p_holm is None
    assert found[0].said == "not reproduced"  # by its own p
    assert found[0].impossible == ("grim",)
    elsewhere = Case(FIVE, 0.425, impossible=("pooled",))  # with another table's numbers
    assert judge([elsewhere, Case(FIVE, 0.40)])[0].p_holm == pytest.approx(2 * found[0].p)


def test_the_audit_says_which_cells_are_impossible():
    table = published("dfew/table7")
    found = {(table.cells[i].row, table.cells[i].column): rules for i, rules in impossible("dfew/table7").items()}
    assert found == {
        ("UCF101", "C3D, EC-STFL"): ("grim",),
        ("DFEW, fd2", "C3D, EC-STFL"): ("grim",),
        ("DFEW, fd5", "3D Resnet18, EC-STFL"): ("grim",),
    }
    assert impossible("dfew/table7", within=True) == impossible("dfew/table7")
    assert impossible("dfew/table4") == {}
    twice = published("ferv39k/table3").find(source="DL11k", target="DL11k", metric="WAR")
    assert "one-experiment-two-values" in impossible("ferv39k/table3")[twice.index]
    assert impossible("ferv39k/table3", within=True) == {}  # it is with Tables 5, 7, 9 and 11 that they cannot be
    assert 16 <= len(impossible("ferv39k/table2", within=True)) <= 18  # all scenes and the four scenarios, by method


def test_a_difference_within_the_rounding_is_none():
    cell = published("ferv39k/table2").find(method="r18", target="all", metric="WAR")
    assert rounding([cell]) == pytest.approx(0.00005)
    assert judge([Case((0.39331,) * 5, 0.3933, rounding=rounding([cell]))])[0].p == 1.0
    assert judge([Case((0.39331,) * 5, 0.3933)])[0].p == 0.0


def test_ranks():
    found = ranking("All", "WAR", [(0.1, 0.2), (0.2, 0.3), (0.3, 0.25)])
    assert found is not None
    assert (found.rows, found.kendall, found.spearman) == (3, pytest.approx(1 / 3), pytest.approx(0.5))
    assert ranking("All", "WAR", [(0.1, 0.2), (0.2, 0.3)]) is None


@pytest.mark.slow
def test_error_rates_are_those_of_the_docs():
    """Standard deviation of half a point; a number alone, and 32 in a table of which 1,000 are drawn."""
    text = (Path(__file__).resolve().parents[2] / "docs" / "rebuilding.md").read_text(encoding="utf-8")
    for seeds in (3, 5, 10):
        alone = [error_rates(seeds, off, cells=1, tables=20_000)[0] for off in (0.0, 0.01, 0.02)]
        pairs = [error_rates(seeds, off, tables=1000) for off in (0.0, 0.01, 0.02)]
        assert abs(alone[0] - 0.05) < 3 * math.sqrt(0.05 * 0.95 / 20_000)
        assert pairs[0][1] <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 1000)  # Holm holds a table's error at 5 %
        row = [
            str(seeds),
            *(f"{100 * share:.1f}" for share in (*alone, *(c for c, _ in pairs), *(t for _, t in pairs))),
        ]
        assert "| " + " | ".join(row) + " |" in text
