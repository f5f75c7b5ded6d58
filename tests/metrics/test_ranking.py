"""Simultaneous intervals, ranks and tie groups on worlds to work out by hand, and their level in a simulation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fervbench.metrics import outcomes as oc
from fervbench.metrics import ranking, resampling


def test_intervals_of_a_normal_world_have_the_factor_of_tukey():
    # independent normal replicates of five systems: max |t| over all pairs is the studentised range over sqrt 2
    drawn = 0.5 + 0.01 * np.random.default_rng(0).normal(size=(40_000, 5))
    found = ranking.simultaneous(drawn, [0.5] * 5)
    assert found.factor == pytest.approx(3.858 / np.sqrt(2), abs=0.03)  # q(0.95; 5, infinity)
    assert np.allclose(found.high[0, 1], found.factor * 0.01 * np.sqrt(2), atol=2e-4)
    assert not found.better.any()


def test_intervals_are_antisymmetric_and_hold_the_difference():
    rng = np.random.default_rng(1)
    observed = rng.random(4)
    drawn = observed + 0.05 * rng.normal(size=(500, 4))
    found = ranking.simultaneous(drawn, observed, 0.9)
    assert np.array_equal(found.low, -found.high.T)
    between = observed[:, None] - observed
    assert (found.low <= between).all()
    assert (between <= found.high).all()
    assert np.array_equal(found.better, found.low > 0)


def test_two_systems_have_the_interval_of_one_pair():
    rng = np.random.default_rng(2)
    drawn = rng.normal(0.5, 0.02, (4000, 2))
    found = ranking.simultaneous(drawn, drawn.mean(axis=0))
    assert found.factor == pytest.approx(1.96, abs=0.06)


def test_pairs_that_never_vary_are_not_told_apart():
    drawn = np.array([[0.5, 0.5, 0.9, 0.2], [0.6, 0.6, 1.0, 0.2]])
    found = ranking.simultaneous(drawn, [0.55, 0.55, 0.95, 0.2])
    assert (found.low[0, 1], found.high[0, 1]) == (0.0, 0.0)
    assert (found.low[2, 0], found.high[2, 0]) == (-1.0, 1.0)
    assert not found.better[:3, :3].any()


def test_ranks_of_three_groups():
    # 0 and 1 beat 2 and 3; 2 beats 3
    better = np.zeros((4, 4), dtype=bool)
    better[:2, 2:] = better[2, 3] = True
    assert ranking.ranks(better).tolist() == [[1, 1, 3, 4], [2, 2, 3, 4]]


def test_tie_groups_overlap_where_they_must():
    # in order 0 1 2 3: 0 ties with 1, 1 with 2, 0 is better than 2; 3 is worse than all
    better = np.zeros((4, 4), dtype=bool)
    better[0, 2] = better[:3, 3] = True
    order, groups = ranking.tie_groups([0.9, 0.8, 0.7, 0.1], better)
    assert order.tolist() == [0, 1, 2, 3]
    assert groups.tolist() == [[0, 2], [1, 3], [3, 4]]


def test_nothing_to_rank():
    order, groups = ranking.tie_groups([], np.zeros((0, 0)))
    assert order.tolist() == []
    assert groups.shape == (0, 2)
    assert ranking.tie_groups([0.3], [[False]])[1].tolist() == [[0, 1]]
    assert ranking.simultaneous([[0.1], [0.2]], [0.1]).low.tolist() == [[0.0]]


tables = st.integers(1, 7).flatmap(
    lambda m: st.tuples(
        st.lists(st.integers(0, 5), min_size=m, max_size=m),
        st.lists(st.booleans(), min_size=m * m, max_size=m * m),
    )
)


@given(tables)
def test_groups_are_maximal_stretches_without_a_sure_difference(table):
    observed, flags = np.array(table[0]) / 5, np.array(table[1])
    m = len(observed)
    better = flags.reshape(m, m) & (observed[:, None] > observed)
    order, groups = ranking.tie_groups(observed, better)
    apart = (better | better.T)[np.ix_(order, order)]
    assert (np.diff(observed[order]) <= 0).all()
    expected = [
        (start, end)
        for start in range(m)
        for end in range(start + 1, m + 1)
        if not apart[start:end, start:end].any()
        and (start == 0 or apart[start - 1 : end, start - 1 : end].any())
        and (end == m or apart[start : end + 1, start : end + 1].any())
    ]
    assert [tuple(group) for group in groups.tolist()] == expected
    best, worst = ranking.ranks(better)
    place = np.empty(m, dtype=int)
    place[order] = np.arange(1, m + 1)
    assert (best <= place).all()
    assert (place <= worst).all()


def test_equal_systems_are_told_apart_once_in_twenty_worlds_at_most():
    # four systems with the same chances on the same clips: a false "surely better" in at most 5 % of worlds
    rng = np.random.default_rng(7)
    target = np.repeat(np.arange(3), [150, 100, 60])
    hard = rng.random(310)
    wrong = 0
    for world in range(150):
        right = rng.random((310, 4)) < (0.3 + 0.4 * hard)[:, None]
        answers = np.where(right, target[:, None], (target[:, None] + rng.integers(1, 3, (310, 4))) % 3)
        of = oc.outcomes(np.zeros(310, int), target, answers, leaves=1, classes=3)
        drawn = resampling.samples(of, [[1]], 200, seed=world)[:, :, 0, 1]
        wrong += ranking.simultaneous(drawn, resampling.observed(of, [[1]])[:, 0, 1]).better.any()
    assert wrong <= 150 * 0.05 + 3 * np.sqrt(150 * 0.05 * 0.95)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (([[0.1, 0.2]], [0.1, 0.2]), "shape"),
        (([[0.1], [0.2]], [0.1, 0.2]), "shape"),
        (([[0.1], [float("nan")]], [0.1]), "not finite"),
        (([[0.1], [0.2]], [0.1], 95), "per cent"),
    ],
)
def test_bad_arguments_are_refused(arguments: tuple, said: str):
    with pytest.raises(ValueError, match=said):
        ranking.simultaneous(*arguments)
