from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fervbench.pack.interpolation import (
    INTERPOLATIONS,
    interpolate,
    linear_interpolation,
    positions,
    time_interpolation,
)
from fervbench.pack.samplers import SAMPLERS, linspace, segment_centre

lengths = st.integers(1, 5000)
numbers = st.integers(1, 200)


@pytest.mark.parametrize("name", sorted(SAMPLERS))
@given(length=lengths, number=numbers)
def test_indices_are_in_range_and_never_decrease(name: str, length: int, number: int):
    found = SAMPLERS[name](length, number)
    assert len(found) == number
    assert found.dtype == np.int64
    assert 0 <= found.min() <= found.max() < length
    assert (np.diff(found) >= 0).all()
    if length >= number:
        assert len(set(found.tolist())) == number


@given(length=lengths, number=numbers)
def test_segment_centres_are_the_frames_that_hold_the_centres(length: int, number: int):
    for i, index in enumerate(segment_centre(length, number).tolist()):
        centre = Fraction(2 * i + 1, 2 * number) * length
        assert index <= centre < index + 1


@given(length=lengths, number=st.integers(2, 200))
def test_linspace_starts_at_the_first_frame_and_ends_at_the_last(length: int, number: int):
    found = linspace(length, number)
    assert (found[0], found[-1]) == (0, length - 1)


@pytest.mark.parametrize("sampler", SAMPLERS.values())
def test_nothing_is_sampled_from_nothing(sampler):
    for length, number in ((0, 4), (4, 0)):
        with pytest.raises(ValueError, match="frames of a clip"):
            sampler(length, number)


def embedding(frames: np.ndarray, number: int) -> np.ndarray:
    """Zhou, Zhao and Pietikainen 2011, as the paper states it, of frames (length, pixels): SVD and eigenvectors."""
    x = frames.T.astype(float)
    length = x.shape[1]
    mean = x.mean(axis=1, keepdims=True)
    u, s, vt = np.linalg.svd(x - mean, full_matrices=False)
    u, s, vt = u[:, : length - 1], s[: length - 1], vt[: length - 1]
    y = np.diag(s) @ vt  # (length - 1, length)
    adjacent = np.diag(np.ones(length - 1), 1) + np.diag(np.ones(length - 1), -1)
    laplacian = np.diag(adjacent.sum(axis=0)) - adjacent
    values, vectors = np.linalg.eig(np.linalg.solve(y @ y.T, y @ laplacian @ y.T))
    vectors = vectors[:, np.argsort(values.real)].real
    k = np.arange(1, length)

    def curve(t: float) -> np.ndarray:
        return np.sin(np.pi * k * t + np.pi * (length - k) / (2 * length))

    scale = (y[:, 0] @ vectors) / curve(1 / length)
    at = np.linspace(1 / length, 1, number)
    return np.array([(u @ np.linalg.solve(vectors.T, curve(t) * scale) + mean[:, 0]) for t in at])


@pytest.mark.parametrize(("length", "number"), [(2, 16), (5, 16), (11, 16), (16, 16), (23, 16), (40, 16), (9, 4)])
def test_time_interpolation_is_the_graph_embedding_of_the_papers(length: int, number: int):
    frames = np.random.default_rng(length).integers(0, 256, (length, 500), dtype=np.uint8)
    wanted = embedding(frames, number)
    found = time_interpolation(length, number) @ frames
    assert found == pytest.approx(wanted, abs=1e-6)
    rounded = interpolate("dfew-time-interpolation", frames.reshape(length, 10, 10, 5), number)
    clear = np.abs(wanted - np.floor(wanted) - 0.5) > 1e-4
    expected = np.clip(np.floor(wanted + 0.5), 0, 255)
    assert (rounded.reshape(number, -1)[clear] == expected[clear]).all()


@given(length=st.integers(1, 60), number=st.integers(1, 40))
def test_the_rows_of_interpolations_sum_to_one_and_end_at_the_ends(length: int, number: int):
    for weights_of in INTERPOLATIONS.values():
        weights = weights_of(length, number)
        assert weights.shape == (number, length)
        assert weights.sum(axis=1) == pytest.approx(1)
        ends = np.eye(length)[[0, -1]] if number > 1 else np.eye(length)[[0]]
        assert weights[[0, -1] if number > 1 else [0]] == pytest.approx(ends, abs=1e-9)


def test_linear_interpolation_blends_the_two_nearest():
    assert positions(4, 3).tolist() == [0, 1.5, 3]
    assert linear_interpolation(4, 3).tolist() == [[1, 0, 0, 0], [0, 0.5, 0.5, 0], [0, 0, 0, 1]]


def test_a_clip_of_the_wanted_length_is_not_changed():
    frames = np.random.default_rng(0).integers(0, 256, (16, 8, 8, 3), dtype=np.uint8)
    for name in INTERPOLATIONS:
        assert (interpolate(name, frames, 16) == frames).all()
        assert (interpolate(name, frames[:1], 5) == frames[:1].repeat(5, axis=0)).all()
