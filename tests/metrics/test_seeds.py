"""Seeds and ranks, against SciPy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fervbench.metrics.seeds import kendall, predicted, spearman, student, student_quantile

stats = pytest.importorskip("scipy.stats", reason="SciPy is not installed: pip install 'fervbench[dev]'")
SCORES = st.lists(st.integers(0, 12).map(lambda k: k / 12), min_size=2, max_size=12)


@given(st.floats(-60, 60), st.integers(1, 60))
def test_student_is_scipys(t: float, freedom: int):
    assert student(t, freedom) == pytest.approx(2 * stats.t.sf(abs(t), freedom), abs=1e-10)  # SciPy's own error near 0


@given(st.floats(0.01, 0.999), st.integers(1, 60))
def test_its_quantile_is_scipys(level: float, freedom: int):
    assert student_quantile(level, freedom) == pytest.approx(stats.t.ppf((1 + level) / 2, freedom), rel=1e-9)


@given(st.lists(st.floats(0, 1), min_size=2, max_size=10), st.floats(0, 1))
def test_a_printed_number_among_seeds(scores: list[float], printed: float):
    spread = np.std(scores, ddof=1)
    if 0 < spread < 1e-6:
        return
    p, width = predicted(scores, printed)
    if spread == 0:
        assert (p, width) == (float(abs(printed - scores[0]) <= 1e-12), 0.0)
        return
    scale = spread * math.sqrt(1 + 1 / len(scores))
    t = abs(printed - np.mean(scores)) / scale
    assert p == pytest.approx(2 * stats.t.sf(t, len(scores) - 1), abs=1e-9)
    assert width == pytest.approx(stats.t.ppf(0.975, len(scores) - 1) * scale, rel=1e-7)


def test_rounding_is_no_difference_and_one_seed_says_nothing():
    assert predicted([0.4, 0.4, 0.4], 0.40004, rounding=0.00005) == (1.0, 0.0)
    assert all(map(math.isnan, predicted([0.4], 0.5)))


@given(st.data())
def test_ranks_are_scipys(data: st.DataObject):
    first = data.draw(SCORES)
    second = data.draw(st.lists(st.sampled_from([k / 7 for k in range(8)]), min_size=len(first), max_size=len(first)))
    for ours, theirs in ((kendall, stats.kendalltau), (spearman, stats.spearmanr)):
        if len(set(first)) == 1 or len(set(second)) == 1:
            assert math.isnan(ours(first, second))
        else:
            assert ours(first, second) == pytest.approx(theirs(first, second).statistic, abs=1e-12)


def test_what_makes_no_sense_is_refused():
    for call in (lambda: student(1.0, 0), lambda: student_quantile(1.0, 3)):
        with pytest.raises(ValueError, match=r"degrees|level"):
            call()
