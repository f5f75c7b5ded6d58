"""DFEW's time interpolation to a fixed number of frames, and its plain alternative.

DFEW's paper (section 4.1, "Preprocessing") aligns clips to 16 frames with the time interpolation method of its
references [44, 45]: Zhou, Zhao and Pietikainen, "Towards a practical lipreading system", CVPR 2011, and Zhou, Hong,
Zhao and Pietikainen, "A compact representation of visual speech data using latent variables", PAMI 2014. There a clip
is a path graph; the eigenvectors of its Laplacian are samples of sines; a linear map takes the sines back to pixels
and is evaluated between the frames:

    f_k(t) = sin(pi k t + pi (T - k) / (2 T)),  k = 1 .. T-1,  t in [1/T, 1];   frame i lies at t = i / T

Where the frames are linearly independent (pixels by far outnumber frames) the fitted curve passes through every frame,
and the map need not be learned: f_k(i / T) = cos(pi k (2 i - 1) / (2 T)) is the DCT-II basis, which is orthogonal, so

    x(t) = mean + (2 / T) sum_k f_k(t) sum_i f_k(i / T) x_i

A clip of T frames becomes n by one n x T matrix that does not depend on its pixels. The tests hold it to the singular
values and the generalised eigenproblem of the papers.

Read from the DFEW authors' own scripts (github.com/jiangxingxun/TIM_oulu), and what is done here:

1. positions: n of them, evenly from the first frame (t = 1/T) to the last (t = 1). The same here.
2. rounding: to the nearest grey level, ends clipped. The same here; the curve overshoots where frames jump.
3. a random matrix of up to 0.001 is added before an inversion, and 0.01 to singular values where frames depend on each
   other (a repeated frame): their pixels differ from run to run. Neither is done here.
4. frames are listed in string order (10.jpg before 2.jpg). Numeric order here.
5. frames are resized bicubically first. Here with the pack's filter.

`linear-time-interpolation` blends the two nearest frames at the same positions (what several reimplementations do).
Weights are rounded to multiples of 2^-32, so that every sum is exact in double precision: the same bytes from any BLAS.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Weights = Callable[[int, int], FloatArray]
_UNIT = 2.0**32
_BLOCK = 1 << 21  # pixels times frames at a time: 16 MiB of doubles


def positions(length: int, number: int) -> FloatArray:
    """Where the frames of the result lie, in frames from 0."""
    return np.linspace(0.0, length - 1.0, number) if number > 1 else np.zeros(1)


def time_interpolation(length: int, number: int) -> FloatArray:
    """The (number, length) matrix of the graph embedding's curve; its rows sum to 1.

    >>> bool(np.allclose(time_interpolation(5, 5), np.eye(5)))
    True
    """
    k = np.arange(1, length)
    at_frames = np.cos(np.pi * np.outer(np.arange(length) + 0.5, k) / length)
    at_positions = np.cos(np.pi * np.outer(positions(length, number) + 0.5, k) / length)
    return np.asarray(1 / length + 2 / length * at_positions @ at_frames.T)


def linear_interpolation(length: int, number: int) -> FloatArray:
    """The (number, length) matrix that blends the two nearest frames."""
    at = positions(length, number)
    below = np.minimum(np.floor(at).astype(np.int64), length - 1)
    weights = np.zeros((number, length))
    rows = np.arange(number)
    weights[rows, below] = 1 - (at - below)
    weights[rows, np.minimum(below + 1, length - 1)] += at - below
    return weights


INTERPOLATIONS: dict[str, Weights] = {
    "dfew-time-interpolation": time_interpolation,
    "linear-time-interpolation": linear_interpolation,
}


@lru_cache(maxsize=256)
def _rounded(name: str, length: int, number: int) -> FloatArray:
    return np.rint(INTERPOLATIONS[name](length, number) * _UNIT) / _UNIT


def interpolate(name: str, frames: NDArray[np.uint8], number: int) -> NDArray[np.uint8]:
    """`frames` (length, ...) as `number` frames by the interpolation of that name."""
    weights = _rounded(name, len(frames), number)
    flat = frames.reshape(len(frames), -1)
    result = np.empty((number, flat.shape[1]), dtype=np.uint8)
    step = max(1, _BLOCK // len(frames))
    for start in range(0, flat.shape[1], step):
        values = weights @ flat[:, start : start + step].astype(np.float64)
        result[:, start : start + step] = np.clip(np.floor(values + 0.5), 0, 255)
    return result.reshape(number, *frames.shape[1:])
