"""Labels against tiny cases made by hand."""

from __future__ import annotations

import numpy as np
import pytest

from fervbench.reference.spotting.labels import bmn_boundaries, bsn_curves, in_bins, overlap_map
from fervbench.reference.spotting.rescaling import rescale, weights_of


def test_seconds_become_shares_and_are_cut():
    assert in_bins([[1.0, 2.0], [9.0, 12.0]], 10.0).tolist() == [[0.1, 0.2], [0.9, 1.0]]
    assert in_bins([], 10.0).shape == (0, 2)


def test_boundaries_of_bmn():
    # T = 10, an interval from 0.3 to 0.7: regions 0.15..0.45 and 0.55..0.85, bins [t - 1/2, t + 1/2] / 10.
    start, end = bmn_boundaries(np.array([[0.3, 0.7]]), 10)
    np.testing.assert_allclose(start, [0, 0, 1, 1, 1, 0, 0, 0, 0, 0], atol=1e-9)
    np.testing.assert_allclose(end, [0, 0, 0, 0, 0, 0, 1, 1, 1, 0], atol=1e-9)
    start, _ = bmn_boundaries(np.array([[0.32, 0.7]]), 10)  # 0.17..0.47: 0.8 of bin 2, 0.2 of bin 5
    np.testing.assert_allclose(start, [0, 0, 0.8, 1, 1, 0.2, 0, 0, 0, 0], atol=1e-9)


def test_two_intervals_take_the_larger():
    start, _ = bmn_boundaries(np.array([[0.3, 0.7], [0.32, 0.9]]), 10)
    np.testing.assert_allclose(start, [0, 0, 1, 1, 1, 0.2, 0, 0, 0, 0], atol=1e-9)


def test_curves_of_bsn():
    # T = 10: regions are one bin wide at least, bins [t, t + 1] / 10; the action covers bins 3 to 6.
    start, end, action = bsn_curves(np.array([[0.3, 0.7]]), 10)
    np.testing.assert_allclose(start, [0, 0, 0.5, 0.5, 0, 0, 0, 0, 0, 0], atol=1e-9)
    np.testing.assert_allclose(end, [0, 0, 0, 0, 0, 0, 0.5, 0.5, 0, 0], atol=1e-9)
    np.testing.assert_allclose(action, [0, 0, 0, 1, 1, 1, 1, 0, 0, 0], atol=1e-9)
    # T = 100: a tenth of the length, 0.04, is wider than a bin: 0.28..0.32 covers bins 28 to 31.
    start, _, _ = bsn_curves(np.array([[0.3, 0.7]]), 100)
    np.testing.assert_allclose(start[27:33], [0, 1, 1, 1, 1, 0], atol=1e-9)


def test_the_map_of_overlaps():
    made = overlap_map(np.array([[0.25, 0.75]]), 4)
    wanted = [[0, 1 / 3, 2 / 3, 1 / 2], [0, 1 / 2, 1, 2 / 3], [0, 0, 1 / 2, 1 / 3], [0, 0, 0, 0]]
    np.testing.assert_allclose(made, wanted)
    assert overlap_map(np.empty((0, 2)), 4).sum() == 0


def test_no_interval_gives_zeros():
    assert all(curve.sum() == 0 for curve in (*bmn_boundaries(np.empty((0, 2)), 5), *bsn_curves(np.empty((0, 2)), 5)))


def test_rescaling_by_hand():
    # Two snippets centred on 1/4 and 3/4: nothing beyond the centres is extrapolated.
    assert rescale(np.array([[0.0], [1.0]], np.float32), 4).ravel().tolist() == [0.0, 0.25, 0.75, 1.0]
    assert rescale(np.array([[7.0]], np.float32), 3).ravel().tolist() == [7.0, 7.0, 7.0]
    # As many bins as snippets: the mean of the ends, which lie between centres, and the centre.
    x = np.array([[0.0], [3.0], [9.0]], np.float32)
    wanted = [(0 + 0 + 1.5) / 3, (1.5 + 3 + 6) / 3, (6 + 9 + 9) / 3]
    np.testing.assert_allclose(rescale(x, 3).ravel(), wanted, rtol=1e-6)
    with pytest.raises(ValueError, match="0 snippets"):
        rescale(np.empty((0, 2), np.float32), 3)


@pytest.mark.parametrize(("snippets", "bins"), [(1, 100), (2, 100), (37, 100), (100, 100), (312, 100), (5, 3)])
def test_rescaling_keeps_a_constant_and_agrees_with_interpolation(snippets: int, bins: int):
    weights = weights_of(snippets, bins)
    np.testing.assert_allclose(weights.sum(axis=1), 1.0, rtol=1e-5)
    at = (np.arange(bins)[:, None] + np.array([0.0, 0.5, 1.0])) / bins
    x = np.random.default_rng(0).normal(size=snippets).astype(np.float32)
    wanted = np.interp(at.ravel(), (np.arange(snippets) + 0.5) / snippets, x).reshape(bins, 3).mean(axis=1)
    np.testing.assert_allclose(rescale(x[:, None], bins).ravel(), wanted, atol=1e-5)
