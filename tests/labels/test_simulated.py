"""Simulated annotators with known error rates: votes recover the truth, and groups pass or fail, as theory says."""

from __future__ import annotations

import math
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fervbench.labels.interval_voting import vote_frames

TOOL = Path(__file__).resolve().parents[2] / "tools" / "simulate_annotators.py"


@pytest.fixture(scope="module")
def tool() -> dict[str, Any]:
    """The functions that print the tables of docs/labels.md."""
    return runpy.run_path(str(TOOL))


def near(found: float, wanted: float, n: int) -> bool:
    """Within four standard errors of a share of n, and one more in n for shares that never vary."""
    return abs(found - wanted) <= 4 * math.sqrt(wanted * (1 - wanted) / n) + 1 / n


@pytest.mark.slow
@pytest.mark.parametrize("right", [0.5, 0.6, 0.7, 0.9])
def test_dfews_threshold_recovers_the_truth_at_the_rate_of_theory(tool: dict[str, Any], right: float):
    rng = np.random.default_rng(1)
    labelled, good = tool["threshold_simulated"](rng, right, clips=16_372)
    wanted, wanted_good = tool["threshold_in_theory"](right)
    assert near(labelled, wanted, 16_372)
    assert near(good, wanted_good, int(16_372 * wanted))


@pytest.mark.slow
@pytest.mark.parametrize(("right", "professional"), [(0.5, 0.8), (0.8, 0.95)])
def test_the_weighted_vote_recovers_the_truth_at_the_rate_of_theory(
    tool: dict[str, Any], right: float, professional: float
):
    found = tool["wwta_simulated"](np.random.default_rng(1), right, professional, clips=20_000)
    wanted = tool["wwta_in_theory"](right, professional)
    assert near(found[0], wanted[0], 20_000)
    assert near(found[1], wanted[1], int(20_000 * wanted[0]))


@pytest.mark.slow
@pytest.mark.parametrize("right", [0.5, 0.8])
def test_kappa_and_the_human_ceiling_are_those_of_theory(tool: dict[str, Any], right: float):
    kappa, ceiling = tool["agreement_simulated"](np.random.default_rng(1), right, clips=16_372)
    wanted, wanted_ceiling = tool["agreement_in_theory"](right)
    assert kappa == pytest.approx(wanted, abs=0.01)
    assert near(ceiling, wanted_ceiling, 16_372)  # ten ratings of a clip are not independent: as if one


@pytest.mark.slow
def test_the_interval_of_kappa_holds_the_true_one(tool: dict[str, Any]):
    held = tool["coverage"](np.random.default_rng(1), 0.8, clips=300, sets=200, replicates=300)
    assert held > 0.90


@pytest.mark.slow
@pytest.mark.parametrize(("right", "flags"), [(0.3, 20), (0.6, 20), (0.9, 20), (0.9, 2), (0.3, 100)])
def test_groups_are_accepted_and_refused_as_the_thresholds_say(tool: dict[str, Any], right: float, flags: int):
    found = tool["quality_simulated"](np.random.default_rng(1), right, flags, groups=1000)
    wanted = tool["quality_in_theory"](right, flags)
    assert sum(wanted.values()) == pytest.approx(1)
    for name, share in found.items():
        assert near(share, wanted.get(name, 0.0), 1000), name


@given(
    st.lists(st.tuples(st.integers(0, 19), st.integers(20, 40)), min_size=1, max_size=7).filter(
        lambda spans: len(spans) % 2 == 1
    )
)
@settings(max_examples=100, deadline=None, derandomize=True)
def test_one_expression_that_all_have_seen_is_voted_from_median_to_median(spans: list[tuple[int, int]]):
    votes = np.zeros((50, 2), dtype=np.int64)
    votes[:, 1] = len(spans)
    for first, last in spans:
        votes[first : last + 1] += (1, -1)
    onset, offset = (int(np.median(ends)) for ends in zip(*spans, strict=True))
    assert vote_frames(votes).runs == [(onset, offset, 0)]
