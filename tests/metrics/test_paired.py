"""Paired tests against SciPy and against clips swapped or drawn one by one."""

from __future__ import annotations

from fractions import Fraction
from math import comb

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from fervbench.metrics import outcomes as oc
from fervbench.metrics import paired, recognition, resampling

EVERYTHING = [[1, 1]]


@pytest.fixture(scope="module")
def clips() -> dict[str, np.ndarray]:
    """60 clips in 2 leaves, 3 classes; A is better than B."""
    rng = np.random.default_rng(3)
    target = rng.choice(3, 60, p=[0.5, 0.3, 0.2])
    right = rng.random((60, 2)) < [0.7, 0.5]
    return {
        "leaf": rng.integers(0, 2, 60),
        "target": target,
        "answers": np.where(right, target[:, None], rng.integers(-1, 3, (60, 2))),
    }


def outcomes(clips) -> oc.Outcomes:
    return oc.outcomes(**clips, leaves=2, classes=3)


def difference(target, first, second) -> np.ndarray:
    found = []
    for answers in (first, second):
        scores = recognition.scores(recognition.confusion(target, answers, 3))
        found.append([scores.war, scores.uar, scores.macro_f1, scores.weighted_f1])
    return np.subtract(*found)


@given(st.integers(0, 400), st.integers(0, 400))
def test_mcnemar_equals_the_binomial_test_of_scipy(b: int, c: int):
    expected = scipy.stats.binomtest(b, b + c).pvalue if b + c else 1.0
    assert float(paired.mcnemar(b, c)) == pytest.approx(expected, rel=1e-9)


def test_mcnemar_of_many_and_of_lopsided_clips():
    exact = Fraction(sum(comb(2000, i) for i in range(951)) * 2, 2**2000)
    assert float(paired.mcnemar(950, 1050)) == pytest.approx(float(exact), rel=1e-14)
    assert float(paired.mcnemar(19_000, 20_000)) == pytest.approx(
        scipy.stats.binomtest(19_000, 39_000).pvalue, rel=1e-9
    )
    assert float(paired.mcnemar(0, 5000)) == 0.0  # 2^-4999: no float is that small
    assert paired.mcnemar([[1], [2]], [6, 7]).shape == (2, 2)
    with pytest.raises(ValueError, match="negative"):
        paired.mcnemar(-1, 3)


def test_discordant_clips_are_counted_by_configuration(clips):
    first, second = (clips["answers"][:, s] == clips["target"] for s in range(2))
    found = paired.discordant(outcomes(clips), [[1, 1], [0, 1]])
    there = clips["leaf"] == 1
    assert found[0].tolist() == [(first & ~second).sum(), (second & ~first).sum()]
    assert found[1].tolist() == [(first & ~second & there).sum(), (second & ~first & there).sum()]


@pytest.mark.parametrize("metric", range(4))
def test_permutation_agrees_with_scipy(clips, metric: int):
    rows = np.concatenate([clips["answers"], clips["target"][:, None]], axis=1)

    def statistic(first, second):  # each row is one clip; SciPy swaps the two samples of a pair
        return difference(rows[:, 2], first, second)[metric]

    expected = scipy.stats.permutation_test(
        (rows[:, 0], rows[:, 1]), statistic, permutation_type="samples", n_resamples=1500, rng=1
    )
    found, p = paired.permutation(outcomes(clips), EVERYTHING, 6000, seed=2)
    assert found[0, metric] == pytest.approx(expected.statistic, abs=1e-12)
    error = np.sqrt(p[0, metric] * (1 - p[0, metric]) * (1 / 1500 + 1 / 6000))
    assert p[0, metric] == pytest.approx(expected.pvalue, abs=5 * error + 2e-3)


def test_all_permutations_of_a_small_world():
    # 8 discordant clips of one class, 7 for A: |difference| >= 6/20 in 2 (1 + 8) of 2^8 exchanges
    of = oc.outcomes_of_counts([[[[8, 7, 0], [1, 4, 0], [0, 0, 0]], [[0] * 3] * 3]])
    found, p = paired.permutation(of, [[1]], 40_000)
    assert found[0, 0] == pytest.approx(6 / 20)
    exact = 18 / 256
    assert p[0, 0] == pytest.approx(exact, abs=5 * np.sqrt(exact * (1 - exact) / 40_000))
    assert float(paired.mcnemar(7, 1)) == pytest.approx(exact)


def test_swapping_counts_scatters_as_swapping_clips(clips):
    of = outcomes(clips)
    swapped = paired._swapped(of, (0, resampling.SWAPS, 0), 3000, 1)
    drawn = resampling.measures(swapped.scores(EVERYTHING))[:, :, 0]
    rng = np.random.default_rng(0)
    slow = []
    for _ in range(800):
        turned = rng.random(60) < 0.5
        answers = np.where(turned[:, None], clips["answers"][:, ::-1], clips["answers"])
        slow.append(difference(clips["target"], answers[:, 0], answers[:, 1]))
    fast, slow = drawn[:, 0] - drawn[:, 1], np.array(slow)
    assert fast.mean(axis=0) == pytest.approx(np.zeros(4), abs=0.01)
    assert fast.std(axis=0) == pytest.approx(slow.std(axis=0), rel=0.15)
    assert drawn[:, 0, 0] + drawn[:, 1, 0] == pytest.approx(resampling.observed(of, EVERYTHING)[:, 0, 0].sum())


def test_permutation_ends_at_its_least_p_and_equal_systems_have_one():
    far = oc.outcomes_of_counts([[[[0, 40, 0], [0, 0, 0], [0, 0, 0]], [[0] * 3] * 3]])
    found, p = paired.permutation(far, [[1]], 999)
    assert (found[0, 0], p[0, 0]) == (1.0, 1 / 1000)
    same = oc.outcomes_of_counts([[[[9, 0, 0], [0, 4, 0], [0, 0, 0]], [[3, 0, 0], [0, 5, 0], [0, 0, 2]]]])
    found, p = paired.permutation(same, [[1]], 99)
    assert found.tolist() == [[0.0] * 4]
    assert p.tolist() == [[1.0] * 4]


def test_a_configuration_without_clips_has_no_p_value(clips):
    of = outcomes(clips)
    alone = oc.Outcomes(of.leaf, of.target, of.answer, of.clips, 3, 3)
    found, p = paired.permutation(alone, [[0, 0, 1], [1, 1, 0]], 50)
    assert np.isnan(found[0]).all()
    assert np.isnan(p[0]).all()
    assert not np.isnan(p[1]).any()


def test_order_threads_and_seeds(clips):
    order = np.random.default_rng(1).permutation(60)
    first = paired.permutation(outcomes(clips), EVERYTHING, 1500, seed=0, threads=1)[1]
    shuffled = outcomes({name: values[order] for name, values in clips.items()})
    assert np.array_equal(first, paired.permutation(shuffled, EVERYTHING, 1500, seed=0, threads=2)[1])
    assert not np.array_equal(first, paired.permutation(shuffled, EVERYTHING, 1500, seed=1)[1])
    with pytest.raises(TypeError):
        paired.permutation(shuffled, EVERYTHING, 10, seed=None)


@pytest.mark.parametrize("scheme", ["class-counts", "clips"])
def test_differences_scatter_as_drawn_pairs_do(clips, scheme: str):
    fast = paired.differences(outcomes(clips), EVERYTHING, 3000, scheme=scheme)[:, 0]
    strata = clips["leaf"] * 3 + clips["target"] if scheme == "class-counts" else clips["leaf"]
    own = [np.flatnonzero(strata == stratum) for stratum in np.unique(strata)]
    rng = np.random.default_rng(0)
    slow = []
    for _ in range(800):
        index = np.concatenate([rng.choice(rows, len(rows)) for rows in own])
        slow.append(difference(clips["target"][index], *clips["answers"][index].T))
    slow = np.array(slow)
    error = 5 * slow.std(axis=0) * np.sqrt(1 / 800 + 1 / 3000)
    assert (np.abs(fast.mean(axis=0) - slow.mean(axis=0)) < error).all()
    assert fast.std(axis=0) == pytest.approx(slow.std(axis=0), rel=0.15)


def test_pairs_have_two_answers(clips):
    of = oc.outcomes(clips["leaf"], clips["target"], clips["answers"][:, 0], leaves=2, classes=3)
    for call in (paired.discordant, paired.permutation, paired.differences):
        with pytest.raises(ValueError, match="two answers"):
            call(of, EVERYTHING)


def by_definition(p: list[float], level: float) -> list[bool]:
    """Holm's procedure step by step: refuse the smallest while it is at most level / (how many are left)."""
    refused = [False] * len(p)
    for left, i in zip(range(len(p), 0, -1), sorted(range(len(p)), key=lambda i: p[i]), strict=True):
        if p[i] > level / left:
            break
        refused[i] = True
    return refused


@given(st.lists(st.integers(0, 1000), max_size=8), st.sampled_from([0.01, 0.05, 0.2]))
def test_holm_refuses_what_the_procedure_refuses(thousandths: list[int], level: float):
    p = [n / 1000 + 1e-7 * (1 - n / 1000) for n in thousandths]  # nothing lies exactly at a bound
    assert (paired.holm(p) <= level).tolist() == by_definition(p, level)


def test_holm_on_the_example_of_r():
    # p.adjust(c(0.01, 0.02, 0.03, 0.04, 0.05), "holm") in R
    assert paired.holm([0.01, 0.02, 0.03, 0.04, 0.05]) == pytest.approx([0.05, 0.08, 0.09, 0.09, 0.09])
    assert np.isnan(paired.holm([0.01, float("nan"), 0.04])).tolist() == [False, True, False]
    assert paired.holm([0.01, float("nan"), 0.04])[[0, 2]] == pytest.approx([0.02, 0.04])
    assert paired.holm([]).tolist() == []
    with pytest.raises(ValueError, match="outside"):
        paired.holm([1.2])
