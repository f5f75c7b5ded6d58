"""Which frames of a clip are taken: named rules, each a function of the clip's length alone.

Frames count from 0 in numeric order. Every sampler gives `number` indices, none beyond the clip, never decreasing; a
clip shorter than `number` repeats frames. All is integer arithmetic: no rounding mode decides which frame is read.

    segment-centre   floor((2 i + 1) length / (2 number)): the clip in `number` equal segments, the middle of each
                     (TSN's test sampling, Wang et al. 2016)
    linspace         floor(i (length - 1) / (number - 1)): from the first frame to the last; one frame: the first

Samplers that blend frames instead of choosing them are in `interpolation`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]
Sampler = Callable[[int, int], IntArray]


def segment_centre(length: int, number: int) -> IntArray:
    """The middle frame of each of `number` equal segments.

    >>> segment_centre(16, 4).tolist(), segment_centre(3, 6).tolist()
    ([2, 6, 10, 14], [0, 0, 1, 1, 2, 2])
    """
    _check(length, number)
    return (2 * np.arange(number, dtype=np.int64) + 1) * length // (2 * number)


def linspace(length: int, number: int) -> IntArray:
    """`number` frames evenly from the first to the last, rounded down.

    >>> linspace(10, 4).tolist(), linspace(9, 1).tolist()
    ([0, 3, 6, 9], [0])
    """
    _check(length, number)
    return np.arange(number, dtype=np.int64) * (length - 1) // max(1, number - 1)


SAMPLERS: dict[str, Sampler] = {"linspace": linspace, "segment-centre": segment_centre}


def _check(length: int, number: int) -> None:
    if length < 1 or number < 1:
        raise ValueError(f"{number} frames of a clip of {length}")
