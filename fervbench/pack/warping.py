"""Cutting an aligned face out of a frame.

The result is sampled bilinearly (Pillow, which computes in fixed order and without threads) on a grid as many times
finer than the pack as the face is larger, and averaged down exactly: no aliasing, however large the face. Outside the
frame is black.
"""

from __future__ import annotations

from math import ceil, hypot

import numpy as np
from numpy.typing import NDArray

from fervbench.pack.area import shrink

Image = NDArray[np.uint8]


def cut(image: Image, to_source: NDArray[np.float64], height: int, width: int) -> Image:
    """(height, width, 3) of `image`, where `to_source` (2, 3) takes the unit square to pixels of `image`."""
    from PIL import Image as Pillow

    (a, b, c), (d, e, f) = to_source.tolist()
    finer = min(8, max(1, ceil(hypot(a, d) / width - 1e-9), ceil(hypot(b, e) / height - 1e-9)))
    wide, high = width * finer, height * finer
    coefficients = (a / wide, b / high, c, d / wide, e / high, f)
    turned = Pillow.fromarray(image).transform(
        (wide, high), Pillow.Transform.AFFINE, coefficients, resample=Pillow.Resampling.BILINEAR
    )
    return shrink(np.asarray(turned), height, width)
