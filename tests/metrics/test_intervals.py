"""Overlap, frames and matching."""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fervbench.metrics.intervals import as_intervals, frame_iou, match, tiou, to_frames

whole = st.tuples(st.integers(0, 30), st.integers(1, 10)).map(lambda pair: (pair[0], pair[0] + pair[1]))


@given(st.lists(whole, max_size=5), st.lists(whole, max_size=5))
def test_tiou_equals_exact_fractions(targets, predictions):
    found = tiou(targets, predictions)
    assert found.shape == (len(targets), len(predictions))
    for i, (a, b) in enumerate(targets):
        for j, (c, d) in enumerate(predictions):
            shared = max(0, min(b, d) - max(a, c))
            assert found[i, j] == float(Fraction(shared, (b - a) + (d - c) - shared))


@given(st.lists(whole, min_size=1, max_size=5), st.lists(whole, min_size=1, max_size=5))
def test_frames_are_counted_one_by_one(targets, predictions):
    found = frame_iou(np.array(targets), np.array(predictions))
    for i, (a, b) in enumerate(targets):
        for j, (c, d) in enumerate(predictions):
            first, second = set(range(a, b + 1)), set(range(c, d + 1))
            assert found[i, j] == len(first & second) / len(first | second)


def test_two_intervals_without_length_have_no_overlap():
    assert np.isnan(tiou([[3.0, 3.0]], [[3.0, 3.0]])[0, 0])


def test_frames_are_rounded_halves_to_even():
    assert to_frames([[0.1, 0.14], [0.5, 0.7]], 25).tolist() == [[2, 4], [12, 18]]  # 2.5, 3.5; 12.5, 17.5


@given(st.integers(0, 5), st.integers(0, 5), st.randoms())
def test_the_matching_is_as_large_as_any(rows, columns, random):
    allowed = np.array([[random.random() < 0.4 for _ in range(columns)] for _ in range(rows)], dtype=bool)
    allowed = allowed.reshape(rows, columns)
    pairs = match(allowed)
    assert len({r for r, _ in pairs}) == len({c for _, c in pairs}) == len(pairs)
    assert all(allowed[r, c] for r, c in pairs)
    table = allowed if rows <= columns else allowed.T
    few, many = table.shape
    best = max((sum(table[i, p[i]] for i in range(few)) for p in permutations(range(many), few)), default=0)
    assert len(pairs) == best


def test_intervals_of_another_shape_are_refused():
    with pytest.raises(ValueError, match=r"shape \(n, 2\)"):
        as_intervals([1.0, 2.0, 3.0])


def test_inverted_and_endless_intervals_give_no_warning():
    assert frame_iou(np.array([[1, 10]]), np.array([[20, 9]])).tolist() == [[0.0]]
    assert to_frames([[0.0, 1e300]], 25)[0, 1] == 2**53
