"""Resampled videos against sums over videos by hand, and against budgets drawn again in every replicate."""

from __future__ import annotations

import numpy as np
import pytest

from fervbench.metrics import resampling, spotting
from fervbench.metrics import resampling_spotting as rs


def world(videos: int, seed: int, fewest: int = 5) -> dict:
    """Arrays for `rank`: one to three targets a video, `fewest` to 200 proposals, most of them near a target."""
    rng = np.random.default_rng(seed)
    wanted = rng.integers(1, 4, videos)
    of_target = np.repeat(np.arange(videos), wanted)
    onset = rng.random(len(of_target)) * 60
    target = np.stack([onset, onset + 1 + rng.exponential(3, len(of_target))], axis=1)
    given = np.exp(rng.uniform(np.log(fewest), np.log(200), videos)).astype(int)
    of_proposal = np.repeat(np.arange(videos), given)
    first = np.searchsorted(of_target, of_proposal)
    near = target[first + rng.integers(0, 3, len(first)) % wanted[of_proposal]]
    width = (near[:, 1] - near[:, 0])[:, None]
    moved = np.sort(near + rng.normal(0, 0.3, near.shape) * width * rng.integers(1, 6, len(near))[:, None], axis=1)
    return {
        "target": target,
        "target_video": of_target,
        "prediction": moved,
        "prediction_video": of_proposal,
        "score": rng.random(len(moved)),
        "videos": videos,
    }


def drawn_again(arrays: dict, chosen: np.ndarray) -> spotting.Curve:
    """The curve of the chosen videos as a test list of its own: copies count apart, budgets are drawn up anew."""
    targets = [np.flatnonzero(arrays["target_video"] == v) for v in chosen.tolist()]
    proposals = [np.flatnonzero(arrays["prediction_video"] == v) for v in chosen.tolist()]
    copies = np.arange(len(chosen))
    g, p = np.concatenate(targets), np.concatenate(proposals)
    return spotting.rank(
        arrays["target"][g],
        np.repeat(copies, [len(rows) for rows in targets]),
        arrays["prediction"][p],
        np.repeat(copies, [len(rows) for rows in proposals]),
        arrays["score"][p],
        videos=len(chosen),
    ).curve()


@pytest.mark.parametrize("reading", ["official", "one-to-one", "from-zero", "mean", "over-99", "top-k"])
def test_every_video_once_is_the_curve_itself(reading: str):
    spotted = spotting.rank(**world(25, 1), reading=reading)
    long = np.arange(len(spotted.target_video)) % 3 == 0
    for chosen in (None, long):
        recalled, targets = rs.by_video(spotted, chosen)
        curve = spotted.curve(chosen)
        assert recalled.sum(axis=0) / (10 * targets.sum()) == pytest.approx(curve.ar)
        assert float(spotting.area(curve.ar, spotted.an, reading)) == curve.auc
        assert targets.sum() == curve.n


def test_a_replicate_is_the_sum_over_the_videos_drawn(monkeypatch):
    spotted = spotting.rank(**world(6, 2))
    weights = np.array([[0, 2, 1, 0, 3, 0], [1, 1, 1, 1, 1, 1]])
    monkeypatch.setattr(rs, "draw", lambda rng, once, number: weights)
    ar, auc = rs.curve_samples(spotted, number=2, budgets="full")
    hits = total = 0
    for video, times in enumerate(weights[0].tolist()):
        own = spotted.curve(spotted.target_video == video)
        hits = hits + times * own.ar * own.n
        total += times * own.n
    assert ar[0] == pytest.approx(hits / total)
    assert ar[1] == pytest.approx(spotted.curve().ar)
    assert auc[1] == pytest.approx(spotted.curve().auc)


@pytest.mark.parametrize(("fewest", "full_is_wider"), [(5, (1.1, 1.6)), (180, (0.85, 1.15))])
def test_replicates_scatter_as_everything_done_again(fewest: int, full_is_wider: tuple[float, float]):
    arrays = world(80, 3, fewest)
    spotted = spotting.rank(**arrays)
    rng = np.random.default_rng(4)
    again = [drawn_again(arrays, rng.integers(0, 80, 80)) for _ in range(400)]
    everything = np.array([[curve.auc, curve.at(10)] for curve in again])
    found = {}
    for budgets in rs.BUDGETS:
        ar, auc = rs.curve_samples(spotted, number=4000, budgets=budgets)
        found[budgets] = np.stack([auc, ar[:, 9]], axis=1)
    assert found["moved"].mean(axis=0) == pytest.approx(everything.mean(axis=0), abs=0.01)
    ratio = {budgets: drawn.std(axis=0) / everything.std(axis=0) for budgets, drawn in found.items()}
    assert (np.abs(ratio["moved"] - 1) < 0.15).all(), ratio
    low, high = full_is_wider  # what keeping the budgets of the full set costs
    assert ((ratio["full"] > low) & (ratio["full"] < high)).all(), ratio


def test_budgets_move_by_the_proposals_that_fell():
    # two videos, one with three times the proposals of the other; a replicate of the short one alone has half of them
    ar = rs._moved(np.array([[0.1, 0.2, 0.4, 0.8]] * 4), np.array([1.0, 0.5, 2.0, 0.0]))
    assert ar.tolist() == [
        [0.1, 0.2, 0.4, 0.8],
        [0.2, 0.8, 0.8, 0.8],
        pytest.approx([0.05, 0.1, 0.15, 0.2]),
        [0.0, 0.0, 0.0, 0.0],
    ]


def test_seeds_and_blocks(monkeypatch):
    monkeypatch.setattr(rs, "BLOCK", 30)
    spotted = spotting.rank(**world(10, 5))
    first, second, other = (rs.curve_samples(spotted, number=70, seed=seed)[1] for seed in (0, 0, 1))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)
    assert np.array_equal(rs.curve_samples(spotted, number=60)[1], first[:60])
    assert not np.array_equal(first[:30], first[30:60])


def test_parts_share_the_videos_drawn():
    spotted = spotting.rank(**world(12, 6))
    half = np.arange(len(spotted.target_video)) % 2 == 0
    whole = rs.curve_samples(spotted, number=20, budgets="full")[0]
    recalled = [rs.by_video(spotted, chosen) for chosen in (half, ~half)]
    targets = recalled[0][1] + recalled[1][1]
    assert np.array_equal(rs.samples(recalled[0][0] + recalled[1][0], targets, 10, 20), whole)


def test_replicates_without_a_target_are_nan():
    ar = rs.samples([[1], [0]], [1, 0], 1, 200)
    assert 0.1 < np.isnan(ar).mean() < 0.4
    assert resampling.interval(ar).tolist() == [[1.0], [1.0]]


@pytest.mark.parametrize(
    ("arguments", "said"), [(([1, 2], [1, 2], 1), "shape"), (([[1]], [1, 2], 1), "shape"), (([[1]], [1], 1, 0), "none")]
)
def test_bad_arguments_are_refused(arguments: tuple, said: str):
    with pytest.raises(ValueError, match=said):
        rs.samples(*arguments)


def test_unknown_budgets_are_refused():
    with pytest.raises(ValueError, match="no budgets"):
        rs.curve_samples(spotting.rank(**world(3, 1)), budgets="none")
