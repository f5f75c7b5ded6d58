"""Wilson's interval against SciPy, against published values, and at its ends."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from fervbench.metrics import proportions


# Newcombe, "Two-sided confidence intervals for the single proportion", Statistics in Medicine 17 (1998), Table I, row 3
@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_published_examples(k: int, n: int, low: float, high: float):
    assert proportions.wilson(k, n).round(4).tolist() == [low, high]


@given(
    st.integers(1, 3000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.sampled_from([0.5, 0.9, 0.95])
)
def test_wilson_equals_scipy(world, level):
    k, n = world
    expected = scipy.stats.binomtest(k, n).proportion_ci(level, method="wilson")
    assert proportions.wilson(k, n, level) == pytest.approx([expected.low, expected.high], abs=1e-12)


def test_arrays_broadcast_and_the_ends_are_exact():
    found = proportions.wilson([[0], [3]], [3, 7])
    assert found.shape == (2, 2, 2)
    assert found[0, 0].tolist() == [0.0, 0.0]
    assert found[1, 1, 0] == 1.0
    assert found[1, 0, 0] > 0.5  # none of three is no proof


def test_no_clips_are_no_interval():
    assert np.isnan(proportions.wilson(0, 0)).all()


def test_the_normal_quantile_equals_scipy():
    for level in (0.01, 0.5, 0.95, 0.999999):
        assert proportions.normal_quantile(level) == pytest.approx(scipy.stats.norm.ppf((1 + level) / 2))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [((4, 3), "outside 0..n"), ((-1, 3), "outside 0..n"), ((1, 3, 95), "per cent"), ((1, 3, 0), "level")],
)
def test_bad_arguments_are_refused(arguments: tuple, said: str):
    with pytest.raises(ValueError, match=said):
        proportions.wilson(*arguments)
