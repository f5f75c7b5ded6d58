"""Resampling: intervals of WAR, UAR, macro and weighted F1 in FERV39k's 27 configurations, 1,000 replicates.

The answers are made up (right in a half of the clips). The named alternatives draw clip indices. They are timed on a
few replicates and scaled to 1,000: each replicate costs the same. Pairs and spotting are timed beside.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
import sklearn.metrics

from fervbench import load_ground_truth, load_protocol
from fervbench.metrics import outcomes as oc
from fervbench.metrics import paired, recognition, resampling, resampling_spotting, spotting

REPLICATES = 1000


@dataclass
class World:
    leaf: np.ndarray
    target: np.ndarray
    answers: np.ndarray  # (n, 10), ten systems
    members: np.ndarray

    def outcomes(self, systems: int) -> oc.Outcomes:
        return oc.outcomes(self.leaf, self.target, self.answers[:, :systems], leaves=22, classes=7)


@pytest.fixture(scope="module")
def world() -> World:
    protocol = load_protocol("ferv39k")
    truth = load_ground_truth(protocol)
    rng = np.random.default_rng(20261121)
    right = rng.random((len(truth), 10)) < 0.5
    answers = np.where(right, truth.label[:, None], rng.integers(0, 7, (len(truth), 10)))
    members = [[leaf in c.leaves for leaf in protocol.leaves] for c in protocol.configurations.values()]
    return World(truth.leaf, truth.label, answers, np.array(members))


def intervals(world: World) -> np.ndarray:
    """From labels to intervals, outcomes counted as well."""
    return resampling.interval(resampling.samples(world.outcomes(1), world.members, REPLICATES))


def by_index(world: World, rng: np.random.Generator, number: int) -> np.ndarray:
    """The usual way in numpy: clips drawn in each stratum, a confusion table for each configuration."""
    stratum = world.leaf * 7 + world.target
    strata = [np.flatnonzero(stratum == s) for s in range(154)]
    configurations = [np.flatnonzero(row[world.leaf]) for row in world.members]
    order = np.concatenate(strata)
    cells = world.target * 8 + world.answers[:, 0]
    found = []
    for _ in range(number):
        drawn = np.empty(len(order), dtype=np.int64)  # for each clip the one that stands in for it
        drawn[order] = np.concatenate([rng.choice(own, len(own)) for own in strata])
        tables = [np.bincount(cells[drawn[chosen]], minlength=56).reshape(7, 8) for chosen in configurations]
        found.append(resampling.measures(recognition.scores(tables)))
    return np.array(found)


def by_index_at_once(world: World, rng: np.random.Generator, number: int) -> np.ndarray:
    """The shortest way to draw indices: one vector for all strata, one table by leaf, its sums as a matrix product."""
    order = np.lexsort((world.target, world.leaf))
    sizes = np.bincount(world.leaf * 7 + world.target, minlength=154)
    own, start = np.repeat(sizes, sizes), np.repeat(np.cumsum(sizes) - sizes, sizes)
    cells = ((world.leaf * 7 + world.target) * 8 + world.answers[:, 0])[order]
    united = world.members.astype(float)
    found = []
    for _ in range(number):
        drawn = start + (rng.random(len(order)) * own).astype(np.int64)
        tables = np.bincount(cells[drawn], minlength=1232).reshape(22, 56)
        found.append(resampling.measures(recognition.scores((united @ tables).reshape(27, 7, 8))))
    return np.array(found)


def by_scikit_learn(world: World, rng: np.random.Generator, number: int) -> np.ndarray:
    """scikit-learn's own functions for each replicate and configuration."""
    stratum = world.leaf * 7 + world.target
    found = np.empty((number, 27, 4))
    for r in range(number):
        drawn = np.concatenate(
            [rng.choice(own, len(own)) for s in range(154) for own in [np.flatnonzero(stratum == s)]]
        )
        leaf, target, answers = world.leaf[drawn], world.target[drawn], world.answers[drawn, 0]
        for t, row in enumerate(world.members):
            of, given = target[row[leaf]], answers[row[leaf]]
            found[r, t] = (
                sklearn.metrics.accuracy_score(of, given),
                sklearn.metrics.recall_score(of, given, average="macro", zero_division=0),
                sklearn.metrics.f1_score(of, given, average="macro", zero_division=0),
                sklearn.metrics.f1_score(of, given, average="weighted", zero_division=0),
            )
    return found


@pytest.mark.parametrize(
    ("alternative", "number", "target"),
    [
        (by_index, 60, "at least 30 times faster"),
        (by_index_at_once, 200, "faster"),
        (by_scikit_learn, 3, "at least 500 times faster"),
    ],
)
def test_intervals_of_27_configurations(
    benchmark, report: Callable[..., None], world: World, alternative, number, target
):
    own, other = [], []

    def once() -> None:
        start = time.perf_counter()
        intervals(world)
        own.append(time.perf_counter() - start)
        start = time.perf_counter()
        alternative(world, np.random.default_rng(0), number)
        other.append((time.perf_counter() - start) * REPLICATES / number)

    benchmark.pedantic(once, rounds=7, warmup_rounds=1)
    own, other = own[1:], other[1:]
    ratio = statistics.median(b / a for a, b in zip(own, other, strict=True))
    report(benchmark, ratio, own, other, f"{target} (other: {number} replicates, scaled)")


def test_the_alternatives_scatter_alike(world: World):
    fast = resampling.samples(world.outcomes(1), world.members, 400)[:, 0].std(axis=0)
    for alternative in (by_index, by_index_at_once):
        assert alternative(world, np.random.default_rng(0), 150).std(axis=0) == pytest.approx(fast, rel=0.4)
    assert by_scikit_learn(world, np.random.default_rng(0), 1).shape == (1, 27, 4)


@pytest.mark.parametrize("systems", [2, 10])
def test_ten_systems_cost_less_than_ten_times_one(benchmark, report: Callable[..., None], world: World, systems: int):
    one, several = world.outcomes(1), world.outcomes(systems)
    own, other = [], []

    def once() -> None:
        for of, times in ((several, own), (one, other)):
            start = time.perf_counter()
            resampling.samples(of, world.members, REPLICATES)
            times.append(time.perf_counter() - start)

    benchmark.pedantic(once, rounds=5, warmup_rounds=1)
    ratio = statistics.median(own) / statistics.median(other)
    report(benchmark, ratio, own, other, f"{systems} systems at less than {systems} times the cost of one")


def test_10000_permutations(benchmark, report: Callable[..., None], world: World):
    of = world.outcomes(2)
    own, other = [], []

    def swapped_clips(number: int) -> None:
        """Answers exchanged clip by clip, one table by leaf for each system."""
        rng = np.random.default_rng(0)
        cells = (world.leaf * 7 + world.target) * 8
        for _ in range(number):
            turned = rng.random(len(cells)) < 0.5
            for s in range(2):
                answers = np.where(turned, world.answers[:, 1 - s], world.answers[:, s])
                tables = np.bincount(cells + answers, minlength=1232).reshape(22, 56)
                recognition.scores((world.members.astype(float) @ tables).reshape(27, 7, 8))

    def once() -> None:
        start = time.perf_counter()
        paired.permutation(of, world.members, 10_000)
        own.append(time.perf_counter() - start)
        start = time.perf_counter()
        swapped_clips(200)
        other.append((time.perf_counter() - start) * 50)

    benchmark.pedantic(once, rounds=3, warmup_rounds=1)
    report(benchmark, statistics.median(other) / statistics.median(own), own, other, "faster (other: 200, scaled)")


def test_videos_against_the_curve_in_a_loop(benchmark, report: Callable[..., None]):
    rng = np.random.default_rng(0)
    videos = 500
    onset = rng.random(videos) * 50
    target = np.stack([onset, onset + 5], axis=1)
    of = np.repeat(np.arange(videos), 100)
    moved = np.sort(target[of] + rng.normal(0, 2, (len(of), 2)), axis=1)
    spotted = spotting.rank(target, np.arange(videos), moved, of, rng.random(len(of)), videos=videos)
    own, other = [], []

    def once() -> None:
        start = time.perf_counter()
        resampling_spotting.curve_samples(spotted)
        own.append(time.perf_counter() - start)
        start = time.perf_counter()
        for _ in range(10):  # everything again for each replicate
            drawn = rng.integers(0, videos, videos)
            rows = (drawn[:, None] * 100 + np.arange(100)).ravel()
            again = spotting.rank(target[drawn], np.arange(videos), moved[rows], of, rng.random(len(of)), videos=videos)
            again.curve()
        other.append((time.perf_counter() - start) * 100)

    benchmark.pedantic(once, rounds=3, warmup_rounds=1)
    report(benchmark, statistics.median(other) / statistics.median(own), own, other, "faster (other: 10, scaled)")
