"""Agreement: against statsmodels, the package krippendorff, slow readings of the formulas, and a textbook's table."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fervbench.metrics import agreement as measures
from fervbench.metrics.intervals import tiou
from fervbench.metrics.proportions import clopper_pearson
from fervbench.metrics.recognition import uar, war
from fervbench.metrics.resampling import interval

# Fleiss (1971), as reprinted in textbooks: 10 subjects, 14 raters, 5 categories.
TEXTBOOK = [
    [0, 0, 0, 0, 14],
    [0, 2, 6, 4, 2],
    [0, 0, 3, 5, 6],
    [0, 3, 9, 2, 0],
    [2, 2, 8, 1, 1],
    [7, 7, 0, 0, 0],
    [3, 2, 6, 3, 0],
    [2, 5, 3, 2, 2],
    [6, 5, 2, 1, 0],
    [0, 2, 2, 3, 7],
]


def tables(least: int = 0, most: int = 6) -> st.SearchStrategy[list[list[int]]]:
    """Votes of a few clips, any number of ratings each."""
    return st.integers(2, 5).flatmap(
        lambda k: st.lists(st.lists(st.integers(least, most), min_size=k, max_size=k), min_size=1, max_size=12)
    )


@st.composite
def even_tables(draw: st.DrawFn) -> list[list[int]]:
    """Votes of a few clips, one number of ratings for all."""
    k, n = draw(st.integers(2, 6)), draw(st.integers(2, 10))
    rows = draw(st.lists(st.lists(st.integers(0, k - 1), min_size=n, max_size=n), min_size=1, max_size=12))
    return [[row.count(c) for c in range(k)] for row in rows]


def same(own: float, other: float) -> bool:
    return (math.isnan(own) and not math.isfinite(other)) or own == pytest.approx(other, abs=1e-12)


def alpha_by_pairs(votes: list[list[int]]) -> float:
    """Krippendorff's alpha as the coincidence matrix of all ordered pairs of ratings of one clip."""
    k = len(votes[0])
    o = [[0.0] * k for _ in range(k)]
    for row in votes:
        values = [c for c, n in enumerate(row) for _ in range(n)]
        for a, b in itertools.permutations(range(len(values)), 2):
            o[values[a]][values[b]] += 1 / (len(values) - 1)
    own = [sum(row) for row in o]
    n = sum(own)
    if n < 2:
        return math.nan
    observed = sum(o[c][d] for c in range(k) for d in range(k) if c != d)
    expected = sum(own[c] * own[d] for c in range(k) for d in range(k) if c != d) / (n - 1)
    return 1 - observed / expected if expected else math.nan


def test_the_textbook_example():
    assert round(measures.fleiss_kappa(TEXTBOOK), 4) == 0.2099
    found = measures.agreement(measures.pair_sums(TEXTBOOK).sum(axis=0))
    assert round(float(found.pairs), 3) == 0.378
    assert np.round(found.share, 3).tolist() == [0.143, 0.2, 0.279, 0.15, 0.229]


@given(even_tables())
@example(TEXTBOOK)
@settings(max_examples=150, deadline=None, derandomize=True)
def test_kappa_is_that_of_statsmodels(votes: list[list[int]]):
    from statsmodels.stats.inter_rater import fleiss_kappa

    with np.errstate(all="ignore"):
        other = float(fleiss_kappa(np.array(votes), method="fleiss"))
    if np.count_nonzero(np.sum(votes, axis=0)) == 1:
        assert math.isnan(measures.fleiss_kappa(votes))  # 0 / 0, where rounding may give anything
    else:
        assert same(measures.fleiss_kappa(votes), other)


@given(even_tables())
@settings(max_examples=80, deadline=None, derandomize=True)
def test_kappa_of_a_class_is_kappa_of_the_class_against_the_rest(votes: list[list[int]]):
    found = measures.agreement(measures.pair_sums(votes).sum(axis=0))
    for c in range(len(votes[0])):
        binary = [[row[c], sum(row) - row[c]] for row in votes]
        assert same(measures.fleiss_kappa(binary), float(found.kappa_of[c]))
        assert same(measures.krippendorff_alpha(binary), float(found.alpha_of[c]))


@given(tables())
@example([[1, 0], [0, 1]])
@example([[3, 0], [2, 0]])
@settings(max_examples=150, deadline=None, derandomize=True)
def test_alpha_is_that_of_all_pairs_of_ratings(votes: list[list[int]]):
    assert same(measures.krippendorff_alpha(votes), alpha_by_pairs(votes))


@given(tables())
@settings(max_examples=100, deadline=None, derandomize=True)
def test_alpha_is_that_of_the_package_krippendorff(votes: list[list[int]]):
    krippendorff = pytest.importorskip("krippendorff")
    paired = [row for row in votes if sum(row) >= 2]
    if np.count_nonzero(np.sum(paired, axis=0)) < 2:
        return  # it refuses a single value
    other = krippendorff.alpha(value_counts=np.array(votes), level_of_measurement="nominal")
    assert measures.krippendorff_alpha(votes) == pytest.approx(other, abs=1e-12)


def test_kappa_refuses_clips_with_different_numbers_of_votes():
    with pytest.raises(ValueError, match="1 to 3 votes"):
        measures.fleiss_kappa([[3, 0], [1, 0]])
    for wrong in ([1, 2], [[1.5, 1]], [[-1, 2]]):
        with pytest.raises(ValueError, match="votes"):
            measures.krippendorff_alpha(wrong)


@pytest.mark.parametrize(
    ("kappa", "word"),
    [
        (-0.2, "poor"),
        (-1e-9, "poor"),
        (0.0, "slight"),
        (0.005, "slight"),
        (0.204, "slight"),
        (0.206, "fair"),
        (0.41, "moderate"),
        (0.6, "moderate"),
        (0.61, "substantial"),
        (0.7, "substantial"),
        (0.81, "almost perfect"),
        (1.0, "almost perfect"),
        (math.nan, None),
    ],
)
def test_the_words_are_those_of_dfew(kappa: float, word: str | None):
    assert measures.interpretation(kappa) == word


def test_distinct_rows_stand_for_all_clips():
    rng = np.random.default_rng(0)
    votes = rng.multinomial(4, [0.5, 0.3, 0.2], 500)
    rows, clips, which = measures.distinct(votes)
    assert (rows[which] == votes).all()
    assert clips.sum() == 500
    assert len(rows) == len(set(map(tuple, votes.tolist())))
    wide = np.tile(votes, 20)  # too many classes for one number a row
    rows, clips, which = measures.distinct(wide)
    assert (rows[which] == wide).all()


def test_replicates_scatter_as_those_of_drawn_clips():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, 300)
    votes = np.array([rng.multinomial(6, np.where(np.arange(3) == t, 0.7, 0.15)) for t in truth])
    rows, clips, _ = measures.distinct(votes)
    own = measures.agreement(measures.resampled(measures.pair_sums(rows), clips, 2000, seed=1)).kappa
    plain = [measures.fleiss_kappa(votes[rng.integers(0, 300, 300)]) for _ in range(1000)]
    assert own.mean() == pytest.approx(np.mean(plain), abs=0.003)
    assert own.std() == pytest.approx(np.std(plain), rel=0.1)
    again = measures.agreement(measures.resampled(measures.pair_sums(rows), clips, 2000, seed=1)).kappa
    assert (own == again).all()
    low, high = interval(own)
    assert low < measures.fleiss_kappa(votes) < high
    with pytest.raises(ValueError, match="0 replicates"):
        measures.resampled([[1.0]], [1], 0)


@given(tables(most=3))
@settings(max_examples=80, deadline=None, derandomize=True)
def test_one_rater_against_the_others_rating_by_rating(votes: list[list[int]]):
    k = len(votes[0])
    targets, answers, without = [], [], 0
    for row in votes:
        ratings = [c for c, n in enumerate(row) for _ in range(n)]
        for i, own in enumerate(ratings):
            others = ratings[:i] + ratings[i + 1 :]
            counts = [others.count(c) for c in range(k)]
            best = [c for c in range(k) if counts[c] == max(counts)]
            if not others or len(best) > 1:
                without += 1
            else:
                targets.append(best[0])
                answers.append(own)
    table, left = measures.left_out(votes)
    whole = table.sum(axis=0)
    assert left.sum() == without
    assert whole.sum() == len(targets)
    if targets:
        from fervbench.metrics.recognition import scores

        assert float(scores(whole).war) == pytest.approx(war(targets, answers))
        assert float(scores(whole).uar) == pytest.approx(uar(targets, answers, classes=k))


@st.composite
def timelines(draw: st.DrawFn) -> list[list[float]]:
    """Up to four intervals that do not overlap, sorted."""
    points = sorted(draw(st.lists(st.integers(0, 30), max_size=8, unique=True)))
    return [[float(a), float(b)] for a, b in zip(points[::2], points[1::2], strict=False)]


@given(timelines(), timelines())
@settings(max_examples=150, deadline=None, derandomize=True)
def test_the_best_matching_of_two_timelines_is_the_best_of_all(first: list[list[float]], second: list[list[float]]):
    total, pairs = measures.timeline_tiou(first, second)
    overlap = tiou(first, second)
    small = overlap if len(first) <= len(second) else overlap.T
    orders = itertools.permutations(range(small.shape[1]), small.shape[0])
    best = max(sum(small[i, j] for i, j in enumerate(columns)) for columns in orders)
    assert total == pytest.approx(best)
    assert sum(overlap[i, j] for i, j in pairs) == pytest.approx(total)
    assert all(overlap[i, j] > 0 for i, j in pairs)


def test_clopper_pearson_is_that_of_scipy():
    stats = pytest.importorskip("scipy.stats")
    for n in (1, 2, 7, 20, 100):
        for k in range(0, n + 1, max(1, n // 9)):
            for level in (0.9, 0.95):
                other = stats.binomtest(k, n).proportion_ci(level, method="exact")
                assert clopper_pearson(k, n, level) == pytest.approx((other.low, other.high), abs=1e-11)
    assert clopper_pearson(0, 0) == (0.0, 1.0)
    for wrong in ((2, 1, 0.95), (-1, 1, 0.95), (1, 1, 95)):
        with pytest.raises(ValueError, match=r"outside|per cent"):
            clopper_pearson(*wrong)
