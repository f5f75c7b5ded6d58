"""Kappa with 1,000 bootstrap replicates of 16,372 clips x 10 raters (DFEW's size), against what others would do."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np
import pytest
from statsmodels.stats.inter_rater import fleiss_kappa

from fervbench.labels.agreeing import agree
from fervbench.labels.ratings import Ratings
from fervbench.metrics import agreement as measures

CLIPS, RATERS, CLASSES, REPLICATES = 16_372, 10, 7, 1000


@pytest.fixture(scope="module")
def votes() -> np.ndarray:
    """Votes of clips that are clear or not: their shares are drawn anew for each."""
    rng = np.random.default_rng(0)
    shares = rng.dirichlet(np.full(CLASSES, 0.15), CLIPS)
    return np.array([rng.multinomial(RATERS, row) for row in shares])


def own(votes: np.ndarray) -> np.ndarray:
    rows, clips, _ = measures.distinct(votes)
    return measures.agreement(measures.resampled(measures.pair_sums(rows), clips, REPLICATES)).kappa


def by_statsmodels(votes: np.ndarray, number: int) -> np.ndarray:
    """A plain loop over statsmodels: clips drawn, their table, kappa."""
    rng = np.random.default_rng(0)
    return np.array([fleiss_kappa(votes[rng.integers(0, CLIPS, CLIPS)], method="fleiss") for _ in range(number)])


def by_sums(votes: np.ndarray, number: int) -> np.ndarray:
    """The same sums in numpy, clip by clip: draws, a gather and a sum for each replicate."""
    rng = np.random.default_rng(0)
    sums = measures.pair_sums(votes).reshape(CLIPS, -1)
    drawn = np.array([sums[rng.integers(0, CLIPS, CLIPS)].sum(axis=0) for _ in range(number)])
    return measures.agreement(drawn.reshape(number, 2, CLASSES)).kappa


@pytest.mark.parametrize(
    ("alternative", "number", "target"), [(by_statsmodels, 100, "faster"), (by_sums, 100, "faster")]
)
def test_kappa_with_1000_replicates(
    benchmark, report: Callable[..., None], votes: np.ndarray, alternative, number: int, target: str
):
    mine, other = [], []

    def once() -> None:
        start = time.perf_counter()
        own(votes)
        mine.append(time.perf_counter() - start)
        start = time.perf_counter()
        alternative(votes, number)
        other.append((time.perf_counter() - start) * REPLICATES / number)

    benchmark.pedantic(once, rounds=7, warmup_rounds=1)
    mine, other = mine[1:], other[1:]
    ratio = statistics.median(b / a for a, b in zip(mine, other, strict=True))
    report(benchmark, ratio, mine, other, f"{target} (other: {number} replicates, scaled)")


def test_the_whole_document_against_a_loop_for_kappa_alone(benchmark, report: Callable[..., None], votes: np.ndarray):
    """Kappa, alpha, seven classes and the human ceiling, all with intervals."""
    nobody = np.zeros(CLIPS, dtype=np.int64)
    names = ("Happy", "Sad", "Neutral", "Angry", "Surprise", "Disgust", "Fear")
    none = np.zeros_like(votes)
    ratings = Ratings("made", "0" * 64, names, [f"{i:05d}" for i in range(CLIPS)], votes, nobody, none, nobody)
    mine, other = [], []

    def once() -> None:
        start = time.perf_counter()
        agree(ratings, replicates=REPLICATES)
        mine.append(time.perf_counter() - start)
        start = time.perf_counter()
        by_statsmodels(votes, 100)
        other.append((time.perf_counter() - start) * REPLICATES / 100)

    benchmark.pedantic(once, rounds=5, warmup_rounds=1)
    mine, other = mine[1:], other[1:]
    ratio = statistics.median(b / a for a, b in zip(mine, other, strict=True))
    report(benchmark, ratio, mine, other, "faster (other: 100 replicates, scaled)")


def test_the_alternatives_scatter_alike(votes: np.ndarray):
    fast = own(votes)
    for alternative in (by_statsmodels, by_sums):
        slow = alternative(votes, 200)
        assert slow.std() == pytest.approx(fast.std(), rel=0.25)
        assert slow.mean() == pytest.approx(fast.mean(), abs=5 * fast.std() / 200**0.5)
