"""Suppression against loops over pairs."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fervbench.reference.spotting.suppression import greedy_nms, soft_nms

from . import direct

SPANS = st.lists(
    st.tuples(st.integers(0, 19), st.integers(1, 20), st.integers(1, 9)).filter(lambda row: row[0] < row[1]),
    min_size=0,
    max_size=30,
)


def arrays(rows):
    spans = np.array([(a / 20, b / 20) for a, b, _ in rows], dtype=np.float64).reshape(-1, 2)
    return spans, np.array([s / 10 for *_, s in rows], dtype=np.float64)


@given(SPANS, st.sampled_from([(0.4, 0.5, 0.9), (0.75, 0.65, 0.9)]), st.integers(1, 40))
def test_soft_equals_the_direct_loop(rows, how, keep):
    spans, scores = arrays(rows)
    alpha, low, high = how
    taken, values = soft_nms(spans, scores, alpha=alpha, low=low, high=high, keep=keep)
    wanted = direct.soft(spans.tolist(), scores.tolist(), alpha, low, high, keep)
    assert taken.tolist() == [i for i, _ in wanted]
    np.testing.assert_allclose(values, [score for _, score in wanted], rtol=1e-12)


@given(SPANS, st.sampled_from([0.0, 0.3, 0.7, 1.0]), st.one_of(st.none(), st.integers(1, 10)))
def test_greedy_equals_the_direct_loop(rows, threshold, keep):
    spans, scores = arrays(rows)
    taken, values = greedy_nms(spans, scores, threshold=threshold, keep=keep)
    assert taken.tolist() == direct.greedy(spans.tolist(), scores.tolist(), threshold, keep)
    assert values.tolist() == scores[taken].tolist()


def test_by_hand():
    # The second overlaps the first by 0.8, above 0.5 + 0.4 * 0.5 = 0.7; the third by 0.4, and the second by 0.5: below.
    spans = np.array([[0.0, 0.5], [0.0, 0.4], [0.0, 0.2]])
    taken, values = soft_nms(spans, np.array([0.9, 0.8, 0.7]), alpha=0.4, low=0.5, high=0.9)
    assert taken.tolist() == [0, 2, 1]
    assert values.tolist() == [0.9, 0.7, 0.8 * math.exp(-(0.8**2) / 0.4)]


def test_one_candidate_stays_what_it_is():
    taken, values = soft_nms(np.array([[0.2, 0.4]]), np.array([0.3]), alpha=0.4, low=0.5, high=0.9)
    assert (taken.tolist(), values.tolist()) == ([0], [0.3])
    assert greedy_nms(np.empty((0, 2)), np.empty(0), threshold=0.7)[0].tolist() == []
