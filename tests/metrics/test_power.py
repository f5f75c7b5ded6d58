"""Power: against SciPy's binomials, against simulation, and the figures of small test lists."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from fervbench.metrics import power


@pytest.mark.parametrize(("n", "d", "delta"), [(30, 0.3, 0.2), (50, 0.2, 0.12), (40, 0.1, 0.0), (25, 1.0, 0.3)])
def test_the_exact_power_is_that_of_scipys_test_over_all_outcomes(n: int, d: float, delta: float) -> None:
    total = 0.0
    for m in range(n + 1):
        refused = [k for k in range(m + 1) if m and stats.binomtest(k, m).pvalue <= 0.05]
        total += stats.binom.pmf(m, n, d) * stats.binom.pmf(refused, m, min(1.0, 0.5 * (1 + delta / d))).sum()
    assert power.mcnemar_power(n, d, delta) == pytest.approx(total, abs=1e-9)


@settings(deadline=None, derandomize=True, max_examples=25)
@given(st.integers(5, 120), st.floats(0.05, 1.0), st.floats(0.0, 1.0))
def test_power_is_a_probability_that_grows_with_the_difference(n: int, d: float, share: float) -> None:
    small, large = (power.mcnemar_power(n, d, d * x) for x in (share / 2, share))
    assert -1e-12 <= small <= large + 1e-9 <= 1 + 1e-9


def test_the_smallest_difference_is_the_first_whole_clip_with_that_power() -> None:
    found = power.smallest_difference(113, 0.2)
    assert found == 14 / 113  # 12.4 points
    assert power.mcnemar_power(113, 0.2, 14 / 113) >= 0.8 > power.mcnemar_power(113, 0.2, 13 / 113)
    assert power.smallest_difference(20, 0.1) is None


def test_uar_by_simulation() -> None:
    """Two systems whose clips are discordant at random: the predicted difference is found four times in five."""
    sizes, d = [40, 60, 90], 0.3
    delta = power.smallest_difference_uar(sizes, d)
    rng = np.random.default_rng(0)
    runs = 4000
    differences, variances = np.zeros(runs), np.zeros(runs)
    for n in sizes:
        only_a, only_b, _ = rng.multinomial(n, [(d + delta) / 2, (d - delta) / 2, 1 - d], size=runs).T
        differences += (only_a - only_b) / n / len(sizes)
        variances += (only_a + only_b - (only_a - only_b) ** 2 / n) / n**2 / len(sizes) ** 2
    assert np.mean(np.abs(differences) / np.sqrt(variances) > stats.norm.ppf(0.975)) == pytest.approx(0.8, abs=0.03)


def test_the_clips_and_seeds_needed_show_the_difference() -> None:
    n = power.clips_needed(0.05, 0.2)
    assert power.mcnemar_power(n, 0.2, 0.05) == pytest.approx(0.8, abs=0.03)  # the exact test is conservative
    seeds = power.seeds_needed(0.01, 0.02)
    rng = np.random.default_rng(1)
    a, b = rng.normal(0.01, 0.02, (5000, seeds)), rng.normal(0, 0.02, (5000, seeds))
    assert np.mean(stats.ttest_ind(a, b, axis=1).pvalue < 0.05) == pytest.approx(0.8, abs=0.03)


def test_half_widths_are_the_normal_ones() -> None:
    assert power.half_width(113) == pytest.approx(stats.norm.ppf(0.975) * np.sqrt(0.25 / 113))
    assert power.half_width_uar([7, 0, 7]) == pytest.approx(stats.norm.ppf(0.975) * np.sqrt(0.25 * 2 / 7) / 2)


@pytest.mark.parametrize(
    "call",
    [
        lambda: power.half_width(10, level=95),
        lambda: power.smallest_difference(100, 20),
        lambda: power.clips_needed(0.3, 0.2),
        lambda: power.seeds_needed(0, 0.1),
        lambda: power.mcnemar_power(100, 0.1, 0.2),
    ],
)
def test_shares_in_per_cent_and_impossible_differences_are_refused(call) -> None:
    with pytest.raises(ValueError, match=r"between 0 and|needs a discordance|is positive"):
        call()
