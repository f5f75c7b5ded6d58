"""The exact area average of an image: every pixel of the result is the mean of the rectangle it covers.

The weights of both axes are whole numbers (overlaps in units of the common grid), so every sum is a whole number and
exact in whatever order it is taken: the bytes are the same on every machine, with every BLAS and every number of
threads. The rounded result is the float64 average to the nearest grey level, halves up; Pillow's BOX is not (it rounds
after each axis, and for factors that are not whole its weights follow pixel centres).
"""

from __future__ import annotations

from functools import lru_cache
from math import gcd
from typing import Any

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
_EXACT_32 = 2**24
_ALONE = 2**19  # multiplications that OpenBLAS does in one thread: more threads would only wait for each other here


def shrink(image: Image, height: int, width: int) -> Image:
    """Area average of `image` (h, w, 3) as (height, width, 3); neither side may grow.

    >>> shrink(np.array([[[0, 0, 9], [1, 10, 9]], [[1, 20, 9], [1, 30, 9]]], np.uint8), 1, 1).tolist()
    [[[1, 15, 9]]]
    """
    h, w, _ = image.shape
    if h < height or w < width:
        raise ValueError(f"an area average only shrinks: {h}x{w} to {height}x{width}")
    if (h, w) == (height, width):
        return image
    image = np.ascontiguousarray(image)
    if h % height == 0 and w % width == 0 and (h // height) * (w // width) <= 257:  # a sum of 257 bytes is 16 bits
        return _whole(image, height, width)
    return _fractional(image, height, width)


def _whole(image: Image, height: int, width: int) -> Image:
    """Whole factors: sums of rows, then of columns, in 16 bits."""
    h, w, _ = image.shape
    rows, columns = h // height, w // width
    stacked = image.reshape(height, rows, w * 3)
    sums: NDArray[Any] = stacked[:, 0].astype(np.uint16)
    for i in range(1, rows):
        sums += stacked[:, i]
    grouped = sums.reshape(height * width, columns * 3)
    result = np.empty((height * width, 3), dtype=np.uint8)
    area = rows * columns
    for channel in range(3):  # a loop over three strided columns is three times faster than over pixels of three bytes
        total: NDArray[Any] = (
            grouped[:, channel].copy() if columns == 1 else grouped[:, channel] + grouped[:, channel + 3]
        )
        for i in range(2, columns):
            total += grouped[:, channel + 3 * i]
        if area == 4:
            total += 2
            total >>= 2
        else:
            total = (total.astype(np.uint32) + area // 2) // area
        result[:, channel] = total
    return result.reshape(height, width, 3)


def _fractional(image: Image, height: int, width: int) -> Image:
    """Other factors: the weights repeat after gcd(in, out) blocks, so one small matrix product an axis does it."""
    h, w, _ = image.shape
    down, across = _weights(h, height), _colour_weights(w, width)
    area = int(_weights(h, height)[0].sum()) * int(_weights(w, width)[0].sum())
    # whole numbers up to 255 * area: single precision is exact below 2^24, division and truncation included
    kind = np.float32 if 256 * area < _EXACT_32 else np.float64
    blocks = image.reshape(h // down.shape[1], down.shape[1], w * 3).astype(kind)
    rows = np.matmul(down.astype(kind), blocks)
    grouped, colours = rows.reshape(-1, across.shape[0]), across.astype(kind)
    total = np.empty((len(grouped), across.shape[1]), dtype=kind)
    step = max(1, _ALONE // across.size)
    for start in range(0, len(grouped), step):
        np.matmul(grouped[start : start + step], colours, out=total[start : start + step])
    total += area // 2
    total /= area
    result: Image = total.astype(np.uint8).reshape(height, width, 3)
    return result


@lru_cache(maxsize=64)
def _weights(before: int, after: int) -> NDArray[np.int64]:
    """How much of each pixel before falls into each pixel after, for one period, in whole units."""
    common = gcd(before, after)
    wide, high = before // common, after // common  # a pixel after is `wide` units long, one before `high`
    pixel, of = np.arange(wide), np.arange(high)[:, None]
    overlap = np.minimum((of + 1) * wide, (pixel + 1) * high) - np.maximum(of * wide, pixel * high)
    return np.asarray(np.maximum(overlap, 0))


@lru_cache(maxsize=64)
def _colour_weights(before: int, after: int) -> NDArray[np.int64]:
    return np.asarray(np.kron(_weights(before, after).T, np.eye(3, dtype=np.int64)))
