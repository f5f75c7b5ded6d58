"""Resampling of one system against index resampling, against exact variances, and what must not change anything."""

from __future__ import annotations

import json
from math import sqrt
from pathlib import Path

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from fervbench.metrics import outcomes as oc
from fervbench.metrics import recognition
from fervbench.metrics import resampling as rs

MEMBERS = np.array([[1, 1, 1], [1, 1, 0], [0, 0, 1]])  # all, a scenario of two leaves, a leaf
REPLICATES = 600


@pytest.fixture(scope="module")
def clips() -> dict[str, np.ndarray]:
    """400 clips in 3 leaves, 4 classes, two answers each, in 60 clusters that cross leaves."""
    rng = np.random.default_rng(5)
    leaf = rng.choice(3, 400, p=[0.6, 0.3, 0.1])
    target = rng.choice(4, 400, p=[0.5, 0.3, 0.15, 0.05])
    right = rng.random((400, 2)) < 0.55
    guess = rng.integers(-1, 4, (400, 2))
    return {
        "leaf": leaf,
        "target": target,
        "answers": np.where(right, target[:, None], guess),
        "cluster": rng.integers(0, 60, 400) * 7 - 100,
    }


def outcomes(clips, answers=(0, 1), **changed) -> oc.Outcomes:
    arrays = {**clips, "answers": clips["answers"][:, list(answers)], **changed}
    return oc.outcomes(**arrays, leaves=3, classes=4)


def by_index(clips, scheme: str, number: int, seed: int) -> np.ndarray:
    """The same by drawing clip indices, one replicate at a time: (R, S, T, 4)."""
    rng = np.random.default_rng(seed)
    leaf, target, cluster = clips["leaf"], clips["target"], clips["cluster"]
    answers = np.where(clips["answers"] < 0, 4, clips["answers"])
    strata = {"class-counts": leaf * 4 + target, "clips": leaf, "clusters": None}[scheme]
    found = []
    for _ in range(number):
        if strata is None:
            names = np.unique(cluster)
            drawn = np.concatenate([np.flatnonzero(cluster == name) for name in rng.choice(names, len(names))])
        else:
            own = [np.flatnonzero(strata == stratum) for stratum in np.unique(strata)]
            drawn = np.concatenate([rng.choice(index, len(index)) for index in own])
        tables = np.zeros((2, 3, 4, 5), dtype=int)
        for s in range(2):
            np.add.at(tables[s], (leaf[drawn], target[drawn], answers[drawn, s]), 1)
        scores = recognition.scores(np.einsum("tl,slkj->stkj", MEMBERS, tables))
        found.append(np.stack([scores.war, scores.uar, scores.macro_f1, scores.weighted_f1], axis=-1))
    return np.array(found)


def same_distribution(first: np.ndarray, second: np.ndarray) -> None:
    """Means and spreads agree within five standard errors of Monte Carlo (spreads: those of a normal)."""
    first, second = first.reshape(len(first), -1), second.reshape(len(second), -1)
    error = np.sqrt(first.var(axis=0) / len(first) + second.var(axis=0) / len(second))
    assert (np.abs(first.mean(axis=0) - second.mean(axis=0)) <= 5 * error + 1e-12).all()
    ratio = first.std(axis=0) / second.std(axis=0)
    assert (np.abs(ratio - 1) <= 5 * sqrt(0.5 / len(first) + 0.5 / len(second)) * 1.3).all(), ratio


@pytest.mark.parametrize("scheme", rs.SCHEMES)
def test_counts_scatter_as_drawn_clips_do(clips, scheme: str):
    fast = rs.samples(outcomes(clips), MEMBERS, 3000, seed=1, scheme=scheme)
    slow = by_index(clips, scheme, REPLICATES, seed=2)
    assert fast.shape == (3000, 2, 3, 4)
    same_distribution(fast, slow)
    same_distribution(fast.mean(axis=1), slow.mean(axis=1))  # the mean over seeds: clips carry all their answers
    same_distribution(fast[:, 0] - fast[:, 1], slow[:, 0] - slow[:, 1])


def test_class_counts_have_the_exact_mean_and_variance_of_binomials():
    table = np.array([[[30, 10, 0], [15, 5, 5]]])
    drawn = rs.samples(oc.outcomes_of_counts(table), [[1]], 20_000, seed=0)[:, 0, 0]
    p, n = np.array([30 / 40, 5 / 25]), np.array([40, 25])
    exact = {"mean": [35 / 65, p.mean()], "var": [(n * p * (1 - p)).sum() / 65**2, (p * (1 - p) / n).sum() / 4]}
    for m in range(2):
        assert drawn[:, m].mean() == pytest.approx(exact["mean"][m], abs=5 * sqrt(exact["var"][m] / 20_000))
        assert drawn[:, m].var() == pytest.approx(exact["var"][m], rel=0.05)


def test_war_by_clips_has_the_percentile_interval_of_scipy():
    right = np.repeat([True, False], [130, 70])
    expected = scipy.stats.bootstrap((right,), np.mean, n_resamples=5000, method="percentile", rng=3)
    table = np.array([[[130, 70]]])
    found = rs.interval(rs.samples(oc.outcomes_of_counts(table), [[1]], 5000, scheme="clips"))[:, 0, 0, 0]
    assert found == pytest.approx(list(expected.confidence_interval), abs=0.0101)  # two clips of 200


@pytest.mark.parametrize("clips_per_outcome", [1, 3, 50])
def test_drawing_counts_and_drawing_clips_are_one_distribution(monkeypatch, clips_per_outcome: int):
    own = np.array([2, 1, 4]) * clips_per_outcome
    found = []
    for limit in (0, 10**9):
        monkeypatch.setattr(rs, "_CLIPWISE", limit)
        drawn = rs.draw(np.random.default_rng(0), own, 4000)
        assert (drawn.sum(axis=1) == own.sum()).all()
        found.append(drawn.astype(float))
    same_distribution(*found)
    assert np.cov(found[0].T) == pytest.approx(np.cov(found[1].T), abs=0.15 * own.max())


@pytest.mark.parametrize("scheme", rs.SCHEMES)
def test_the_order_of_clips_changes_nothing(clips, scheme: str):
    order = np.random.default_rng(0).permutation(400)
    shuffled = {name: values[order] for name, values in clips.items()}
    first, second = (rs.samples(outcomes(c), MEMBERS, 50, scheme=scheme) for c in (clips, shuffled))
    assert np.array_equal(first, second)


@pytest.mark.parametrize("scheme", rs.SCHEMES)
def test_threads_and_further_replicates_change_nothing(clips, scheme: str, monkeypatch):
    monkeypatch.setattr(rs, "BLOCK", 40)
    of = outcomes(clips)
    whole = rs.samples(of, MEMBERS, 100, seed=3, scheme=scheme, threads=1)
    for threads in (2, 3, 8, None):
        assert np.array_equal(rs.samples(of, MEMBERS, 100, seed=3, scheme=scheme, threads=threads), whole)
    assert np.array_equal(rs.samples(of, MEMBERS, 80, seed=3, scheme=scheme), whole[:80])
    assert not np.array_equal(whole[:40], whole[40:80])


def test_memory_is_bounded_by_smaller_blocks(clips, monkeypatch):
    monkeypatch.setattr(rs, "_HELD", 1000)
    assert {len(block.scores(MEMBERS).war) for block in rs.replicates(outcomes(clips), 25)} <= set(range(1, 25))
    monkeypatch.setattr(rs, "_HELD", 1)
    assert rs.samples(outcomes(clips), MEMBERS, 7).shape == (7, 2, 3, 4)


def test_a_leaf_is_drawn_the_same_whatever_the_others_hold(clips):
    tables = outcomes(clips, [0]).tables()[0]
    alone = tables.copy()
    alone[:2] = 0
    first, second = (rs.samples(oc.outcomes_of_counts(t), MEMBERS[2:], 30) for t in (tables, alone))
    assert np.array_equal(first, second)


def test_two_seeds_with_the_same_answers_are_one(clips):
    one = rs.samples(outcomes(clips, [0]), MEMBERS, 30)
    twice = rs.samples(outcomes(clips, [0, 0]), MEMBERS, 30)
    assert np.array_equal(twice[:, 0], one[:, 0])
    assert np.array_equal(twice[:, 1], one[:, 0])


def test_zero_is_a_seed_like_any_other(clips):
    of = outcomes(clips)
    drawn = {seed: rs.samples(of, MEMBERS, 20, seed=seed) for seed in (0, 1, 2**70)}
    assert np.array_equal(rs.samples(of, MEMBERS, 20, seed=0), drawn[0])
    assert not np.array_equal(drawn[0], drawn[1])
    assert not np.array_equal(drawn[1], drawn[2**70])
    with pytest.raises(TypeError):
        rs.samples(of, MEMBERS, 20, seed=None)
    with pytest.raises(ValueError, match="non-negative"):
        rs.samples(of, MEMBERS, 20, seed=-1)


@pytest.mark.parametrize("scheme", ["class-counts", "clips"])
def test_leaves_scenarios_and_all_are_of_one_piece(clips, scheme: str):
    members = np.concatenate([np.eye(3, dtype=int), MEMBERS])
    war = rs.samples(outcomes(clips), members, 40, scheme=scheme)[..., 0]
    n = np.bincount(clips["leaf"], minlength=3)  # both schemes leave the clips of each leaf as many as they are
    for t, row in enumerate(MEMBERS):
        assert war[..., 3 + t] * (row @ n) == pytest.approx((war[..., :3] * (row * n)).sum(axis=-1))


def test_class_counts_stay_and_clips_let_them_vary(clips):
    of = outcomes(clips)
    fixed = next(rs.replicates(of, 50))
    assert fixed.clips.shape == (4, 3, 1)
    varied = next(rs.replicates(of, 50, scheme="clips"))
    assert (varied.clips.sum(axis=0) == np.bincount(clips["leaf"])[:, None]).all()
    assert (varied.clips.std(axis=-1) > 0).any()


def test_a_class_that_vanishes_leaves_the_mean():
    # one clip of class 1, always wrong: UAR is 1/2 with it and 1 without; class counts keep it, clips lose it at times
    of = oc.outcomes_of_counts([[[9, 0, 0], [1, 0, 0]]])
    assert set(rs.samples(of, [[1]], 200)[:, 0, 0, 1].tolist()) == {0.5}
    assert set(rs.samples(of, [[1]], 200, scheme="clips")[:, 0, 0, 1].tolist()) == {0.5, 1.0}


def test_a_configuration_that_no_drawn_cluster_reaches_is_nan():
    of = oc.outcomes([0, 0, 1], [0, 1, 0], [0, 1, 0], leaves=2, classes=2, cluster=[5, 5, 9])
    war = rs.samples(of, np.eye(2), 200, scheme="clusters")[:, 0, :, 0]
    lost = np.isnan(war).mean(axis=0)
    assert lost == pytest.approx([0.25, 0.25], abs=0.15)
    assert rs.interval(war).tolist() == [[1.0, 1.0], [1.0, 1.0]]


def test_an_empty_leaf_has_no_scores():
    of = oc.outcomes_of_counts(np.array([[[3, 1, 0], [0, 2, 0]], [[0, 0, 0], [0, 0, 0]]]))
    for scheme in ("class-counts", "clips"):
        drawn = rs.samples(of, np.eye(2), 10, scheme=scheme)
        assert np.isnan(drawn[:, :, 1]).all()
        assert not np.isnan(drawn[:, :, 0]).any()
    assert np.isnan(rs.interval(drawn)[:, 0, 1]).all()


worlds = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3), st.integers(-1, 3), st.integers(-1, 3)), max_size=40)


@given(worlds)
@settings(max_examples=50)
def test_outcomes_hold_what_the_clips_hold(world):
    leaf, target, first, second = (np.array([row[i] for row in world], dtype=int) for i in range(4))
    of = oc.outcomes(leaf, target, np.stack([first, second], axis=1), leaves=3, classes=4)
    assert of.clips.sum() == len(world)
    joint = np.zeros((3, 4, 5, 5), dtype=int)
    np.add.at(joint, (leaf, target, np.where(first < 0, 4, first), np.where(second < 0, 4, second)), 1)
    again = oc.outcomes_of_counts(joint)
    for name in ("leaf", "target", "answer", "clips"):
        assert np.array_equal(getattr(of, name), getattr(again, name)), name
    for s, given_answers in enumerate((first, second)):
        for c in range(3):
            expected = recognition.confusion(target[leaf == c], given_answers[leaf == c], 4)
            assert np.array_equal(of.tables()[s, c], expected)
    turned = oc.outcomes(leaf, target, second, leaves=3, classes=4)
    for name in ("leaf", "target", "answer", "clips"):
        assert np.array_equal(getattr(of.of_answers(1), name), getattr(turned, name)), name


def test_many_answers_overflow_nothing():
    rng = np.random.default_rng(0)
    answers = rng.integers(-1, 7, (300, 40))  # 8^40 possible rows
    of = oc.outcomes(np.zeros(300, int), rng.integers(0, 7, 300), answers, leaves=1, classes=7)
    assert of.clips.tolist() == [1] * 300
    assert rs.samples(of, [[1]], 5).shape == (5, 40, 1, 4)


def test_clusters_survive_the_choice_of_answers(clips):
    both, one = outcomes(clips), outcomes(clips, [1])
    first = rs.samples(both, MEMBERS, 30, scheme="clusters")[:, 1]
    assert np.array_equal(rs.samples(both.of_answers(1), MEMBERS, 30, scheme="clusters")[:, 0], first)
    assert np.array_equal(rs.samples(one, MEMBERS, 30, scheme="clusters")[:, 0], first)


def test_observed_is_what_recognition_says(clips):
    tables = np.einsum("tl,slkj->stkj", MEMBERS, outcomes(clips).tables())
    found = rs.observed(outcomes(clips), MEMBERS)
    assert found.shape == (2, 3, 4)
    assert found[..., 1].tolist() == recognition.scores(tables).uar.tolist()


def test_intervals_of_mae_dfer_are_those_of_its_binomials():
    # the confusion table of MAE-DFER's log (see examples/), as one leaf; ends by the exact standard error of each
    path = Path(__file__).resolve().parents[2] / "examples" / "mae-dfer-ferv39k-confusion.json"
    if not path.is_file():
        pytest.skip("no examples beside the tests")
    table = np.pad(json.loads(path.read_text())["confusion"], ((0, 0), (0, 1)))
    hits, n = np.diag(table), table.sum(axis=1)
    variance = hits / n * (1 - hits / n)
    errors = np.array([sqrt((n * variance).sum()) / n.sum(), sqrt((variance / n).sum()) / 7])
    of = oc.outcomes_of_counts(table[None])
    value = rs.observed(of, [[1]])[0, 0, :2]
    assert [round(100 * v, 2) for v in value.tolist()] == [52.07, 43.12]
    found = rs.interval(rs.samples(of, [[1]], 4000)[:, 0, 0, :2])
    assert found == pytest.approx(value + 1.96 * errors * [[-1], [1]], abs=0.0015)
    assert rs.support(of, [[1]]).reached.all()


def test_support_says_where_intervals_say_too_little():
    few = [[60, 60, 0], [2, 5, 0]]  # seven clips of a class
    none = [[40, 50, 0], [90, 0, 0]]  # a class that is never right
    absent = [[90, 90, 0], [0, 0, 0]]  # a class that is not there: the other is what UAR is
    small = [[20, 20, 0], [20, 20, 0]]  # 80 clips
    perfect = [[90, 0, 0], [0, 90, 0]]
    empty = [[0, 0, 0], [0, 0, 0]]
    of = oc.outcomes_of_counts([few, none, absent, small, perfect, empty])
    found = rs.support(of, np.eye(6, dtype=int))
    assert found.n.tolist() == [127, 180, 180, 80, 180, 0]
    assert found.fewest.tolist() == [7, 90, 180, 40, 90, 0]
    assert found.still.tolist() == [0, 1, 0, 0, 2, 0]
    assert found.reached.tolist() == [
        [True, False, False, True],
        [True, False, False, True],
        [True, True, True, True],
        [False, True, True, False],
        [False, False, False, False],
        [False, False, False, False],
    ]
    ends = rs.interval(rs.samples(of, np.eye(6, dtype=int), 100))[:, 0, :5]
    assert (ends[0] == ends[1]).all(axis=-1).tolist() == [False, False, False, False, True]


def test_a_class_is_still_where_every_seed_has_all_or_none_of_it():
    target = np.repeat([0, 1], 30)
    answers = np.stack([target, np.where(np.arange(60) % 2, target, 1 - target)], axis=1)
    of = oc.outcomes(np.zeros(60, int), target, answers, leaves=1, classes=2)
    assert rs.support(of, [[1]]).still.tolist() == [0]
    assert rs.support(of.of_answers(0), [[1]]).still.tolist() == [2]


@given(
    st.lists(st.lists(st.one_of(st.floats(-1, 1), st.just(float("nan"))), min_size=2, max_size=2), min_size=1),
    st.sampled_from([0.5, 0.9, 0.95]),
)
def test_intervals_are_those_of_nanquantile(rows, level):
    values = np.array(rows)
    for column in range(2):
        found = rs.interval(values, level)[:, column]
        known = values[~np.isnan(values[:, column]), column]
        if not len(known):
            assert np.isnan(found).all()
        else:
            assert found == pytest.approx(np.quantile(known, [(1 - level) / 2, (1 + level) / 2]), abs=1e-12)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda of: rs.samples(of, MEMBERS, scheme="videos"), "no scheme"),
        (lambda of: rs.samples(of, MEMBERS, scheme="clusters"), "no clusters"),
        (lambda of: rs.samples(of, MEMBERS, 0), "are none"),
        (lambda of: rs.samples(of, [[1, 1]], 5), r"shape \(T, 3\)"),
        (lambda of: rs.interval([0.1, 0.2], 95), "per cent"),
        (lambda of: oc.outcomes_of_counts(np.zeros((2, 3, 3), int)), r"\(L, K, K \+ 1"),
        (lambda of: oc.outcomes_of_counts(np.zeros((2, 3, 4))), "whole numbers"),
        (lambda of: oc.outcomes_of_counts(np.full((2, 3, 4), -1)), "negative"),
        (lambda of: oc.outcomes([0], [0, 1], [0], leaves=1, classes=2), "differ in length"),
        (lambda of: oc.outcomes([0], [2], [0], leaves=1, classes=2), "outside 0..1"),
        (lambda of: oc.outcomes([0], [0], [-2], leaves=1, classes=2), "outside -1..1"),
        (lambda of: oc.outcomes([0], [0], [[[0]]], leaves=1, classes=2), "indices"),
        (lambda of: oc.outcomes([0.0], [0], [1], leaves=1, classes=2), "indices"),
    ],
)
def test_bad_arguments_are_refused(clips, call, said: str):
    with pytest.raises(ValueError, match=said):
        call(outcomes({**clips, "cluster": None}))


def test_a_failure_in_a_thread_is_raised_in_the_caller():
    def work(item: int) -> None:
        if item == 3:
            raise MemoryError("too much")

    with pytest.raises(MemoryError, match="too much"):
        rs.spread(work, 4, threads=2)


def test_recall_alone_is_the_same_and_draws_less():
    rng = np.random.default_rng(3)
    of = oc.outcomes_of_counts(rng.integers(0, 30, (5, 4, 5)))
    members = np.array([[1, 1, 1, 1, 1], [1, 1, 0, 0, 0], [0, 0, 0, 0, 1]], dtype=bool)
    whole, part = rs.samples(of, members, 1500, 0), rs.samples(of, members, 1500, 0, recall_only=True)
    assert part.shape == (1500, 1, 3, 2)
    assert np.abs(part - whole[..., :2]).max() < 1e-12
    for scheme in ("clips",):
        other = rs.samples(of, members, 50, 0, scheme, recall_only=True)
        assert np.array_equal(other, rs.samples(of, members, 50, 0, scheme)[..., :2])


def test_clusters_that_are_not_drawn_change_no_row():
    """Outcomes that are told apart by cluster alone are one outcome to the scheme of class counts."""
    rng = np.random.default_rng(4)
    leaf, target, answer = np.zeros(40, int), rng.integers(0, 2, 40), rng.integers(0, 2, 40)
    plain = oc.outcomes(leaf, target, answer, leaves=1, classes=2)
    split = oc.outcomes(leaf, target, answer, leaves=1, classes=2, cluster=rng.integers(0, 3, 40))
    spread = [rs.samples(of, [[1]], 4000, 0).std(axis=0) for of in (plain, split)]
    assert np.abs(spread[1] / spread[0] - 1).max() < 0.08
