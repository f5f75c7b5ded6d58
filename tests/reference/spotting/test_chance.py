"""What needs no video: how many proposals, how long, where; and what of a network's own is left when they are moved."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fervbench.reference.spotting import chance
from fervbench.reference.spotting.running import auc_of
from fervbench.reference.spotting.videos import Item

from . import drawn

SPANS = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)).map(sorted), max_size=12)


def video(duration: float) -> Item:
    return Item("a", "test", round(duration * 16), 16.0, duration, np.empty((0, 2)), ())


def test_chance_has_its_number_of_proposals_within_the_video():
    items = drawn.given().videos.parts["test"]
    train = drawn.given().videos.parts["train"]
    of_lengths = chance.of_lengths(items, train)
    known = np.concatenate([item.intervals[:, 1] - item.intervals[:, 0] for item in train])
    drawn_lengths = np.concatenate([rows[:, 1] - rows[:, 0] for rows in of_lengths.values()])
    assert np.abs(drawn_lengths[:, None] - known).min(axis=1).max() < 1e-9
    for found in (
        chance.uniformly_random(items),
        of_lengths,
        chance.sliding(items, 3.0),
        chance.sliding(items, 300.0),
    ):
        for item in items:
            rows = found[item.id]
            assert rows.shape == (100, 3)
            assert (rows[:, 0] >= 0).all()
            assert (rows[:, 1] <= item.duration + 1e-9).all()
            assert (np.diff(rows[:, 2]) <= 0).all()


@given(st.floats(0.5, 500), SPANS, st.integers(0, 2**32))
def test_moved_proposals_keep_their_lengths_and_scores_and_stay_within_the_video(duration, spans, seed):
    item = video(duration)
    found = np.array([[a * duration, b * duration, score] for score, (a, b) in enumerate(spans)]).reshape(-1, 3)
    moved = chance.moved([item], {"a": found}, seed=seed)["a"]
    np.testing.assert_allclose(moved[:, 1] - moved[:, 0], found[:, 1] - found[:, 0], atol=1e-9 * duration)
    np.testing.assert_array_equal(moved[:, 2], found[:, 2])
    assert (moved[:, 0] >= 0).all()
    assert (moved[:, 1] <= duration).all()


def test_proposals_of_one_length_are_moved_together_round_the_video():
    item = video(12.0)
    found = np.array([[0.0, 2.0, 0.9], [3.0, 5.0, 0.8], [9.0, 11.0, 0.7]])
    seen = set()
    for seed in range(20):
        later = (chance.moved([item], {"a": found}, seed=seed)["a"][:, 0] - found[:, 0]) % 10  # where 2 s fit
        np.testing.assert_allclose(later, later[0])
        seen.add(round(float(later[0]), 6))
    assert len(seen) == 20


def test_moved_proposals_are_equally_likely_wherever_they_fit():
    """Of any length, from any place: an onset's share of its room is uniform, ten bins of 400 with a sd of 19."""
    item = video(60.0)
    found = np.array([[50.0, 52.0, 0.9], [1.0, 21.0, 0.8], [3.0, 48.0, 0.7]])
    room = 60.0 - (found[:, 1] - found[:, 0])
    shares = np.array([chance.moved([item], {"a": found}, seed=seed)["a"][:, 0] / room for seed in range(4000)])
    for each in shares.T:
        counts, _ = np.histogram(each, bins=10, range=(0, 1))
        assert np.abs(counts - 400).max() < 95


def test_of_perfect_proposals_about_as_much_is_left_as_random_ones_of_such_lengths_have():
    videos = drawn.given(60).videos
    test = videos.parts["test"]
    perfect = {item.id: np.column_stack([item.intervals, np.ones(len(item.intervals))]) for item in test}
    assert auc_of(videos.truth, perfect) > 0.95
    moved = np.mean([auc_of(videos.truth, chance.moved(test, perfect, seed=seed)) for seed in range(200)])
    number = max(len(item.intervals) for item in test)
    random = np.mean([auc_of(videos.truth, chance.of_lengths(test, test, seed=s, number=number)) for s in range(200)])
    assert abs(moved - random) < 0.03
