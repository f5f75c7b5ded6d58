"""The exact area average of an image: every pixel of the result is the mean of the rectangle it covers.

The weights of both axes are whole numbers (overlaps in units of the common grid), so every sum is a whole number and
exact in whatever order it is taken: the bytes are the same on every machine, with every BLAS and every number of
threads. The rounded result is the float64 average to the nearest grey level, halves up; Pillow's BOX is not (it rounds
after each axis, and for factors that are not whole its weights follow pixel centres).

`slopes` is for images that a JPEG decoder has made smaller: a pixel of these is itself a mean, so where a pixel of the
result takes a part of it, the image is taken to run straight through it (the central difference of its neighbours; van
Leer, Journal of Computational Physics 23, 1977, scheme I). Weights are multiples of 1/128: as exact as the others.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import lru_cache
from math import gcd, prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Weights = NDArray[Any]
Weigh = Callable[[int, int], NDArray[np.int64]]
_EXACT_32 = 2**24
_UNIT = 128
_SMALL = 100
_KEPT = 2**24  # bytes; larger images are rare, and memory stays flat
_kept = threading.local()
_ALONE = 2**19  # multiplications that OpenBLAS does in one thread: more threads would only wait for each other here


def shrink(image: Image, height: int, width: int, *, slopes: bool = False) -> Image:
    """Area average of `image` (h, w, 3) as (height, width, 3); neither side may grow.

    Whole factors take (h, w, 4) as well, of which the last channel is left out: it is the faster form.

    >>> shrink(np.array([[[0, 0, 9], [1, 10, 9]], [[1, 20, 9], [1, 30, 9]]], np.uint8), 1, 1).tolist()
    [[[1, 15, 9]]]
    """
    h, w, channels = image.shape
    if h < height or w < width:
        raise ValueError(f"an area average only shrinks: {h}x{w} to {height}x{width}")
    if (h, w) == (height, width):
        return image[..., :3]
    image = np.ascontiguousarray(image)
    if is_whole(h, w, height, width):
        return (_whole if channels == 3 else _whole_padded)(image, height, width)
    return _fractional(image[..., :3], height, width, _sloped if slopes else _weights)


def is_whole(h: int, w: int, height: int, width: int) -> bool:
    """Whether both factors are whole, and the sums of 16 bits."""
    return h % height == 0 and w % width == 0 and (h // height) * (w // width) <= 256


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


def _whole_padded(image: Image, height: int, width: int) -> Image:
    """Whole factors, pixels of four bytes: their sums are four times 16 bits, and a pixel is added as one number."""
    h, w, _ = image.shape
    rows, columns = h // height, w // width
    stacked = image.reshape(height, rows, w * 4)
    sums = room("rows", (height, w * 4), "u2")
    sums[:] = stacked[:, 0]
    for i in range(1, rows):
        sums += stacked[:, i]
    pixels = sums.view(np.uint64)  # (height, w); no sum passes 16 bits, so nothing is carried into the next channel
    if columns > 1:
        pixels = room("total", (height, width), "u8")
        np.add(sums.view(np.uint64)[:, ::columns], sums.view(np.uint64)[:, 1::columns], out=pixels)
        for i in range(2, columns):
            pixels += sums.view(np.uint64)[:, i::columns]
    total = pixels.view(np.uint16).reshape(height, width, 4)
    area = rows * columns
    total += np.uint16(area // 2)
    if area == 4:
        total >>= np.uint16(2)
    else:
        total //= np.uint16(area)
    result = np.empty((height, width, 3), dtype=np.uint8)
    for channel in range(3):
        result[..., channel] = total[..., channel]
    return result


def _fractional(image: Image, height: int, width: int, weigh: Weigh) -> Image:
    """Other factors: the weights repeat after gcd(in, out) blocks, so small matrix products on each axis do it."""
    h, w, _ = image.shape
    rows_of, columns_of = weigh(h, height), weigh(w, width)
    area = int(rows_of[0].sum()) * int(columns_of[0].sum())
    # whole numbers up to 255 * area: single precision is exact below 2^24, division and truncation included
    kind = "f4" if 256 * area < _EXACT_32 else "f8"
    blocks = room("blocks", (h // rows_of.shape[1], rows_of.shape[1], w * 3), kind)
    blocks[:] = image.reshape(blocks.shape)
    rows = room("rows", (len(blocks), len(rows_of), w * 3), kind)
    for into, of, down in _bands(h, height, 1, weigh, kind):
        np.matmul(down, blocks[:, of], out=rows[:, into])
    grouped = rows.reshape(-1, columns_of.shape[1] * 3)
    total = room("total", (len(grouped), len(columns_of) * 3), kind)
    for into, of, across in _bands(w, width, 3, weigh, kind):
        step = max(1, _ALONE // across.size)
        for start in range(0, len(grouped), step):
            np.matmul(grouped[start : start + step, of], across.T, out=total[start : start + step, into])
    total += area // 2
    total /= area
    if weigh is _sloped:  # weights below zero: an edge may overshoot
        np.clip(total, 0, 255, out=total)
    result: Image = total.astype(np.uint8).reshape(height, width, 3)
    return result


def room(name: str, shape: tuple[int, ...], kind: str) -> NDArray[Any]:
    """An array of undefined values, its memory kept for the next call of this thread by this name.

    Memory of this size is given back to the system and taken again, page by page, at every image: up to half the time.
    """
    size = prod(shape) * np.dtype(kind).itemsize
    if size > _KEPT:
        return np.empty(shape, dtype=kind)
    kept: NDArray[np.uint8] | None = getattr(_kept, name, None)
    if kept is None or kept.size < size:
        kept = np.empty(size, dtype=np.uint8)
        setattr(_kept, name, kept)
    return kept[:size].view(kind).reshape(shape)


@lru_cache(maxsize=64)
def _bands(before: int, after: int, channels: int, weigh: Weigh, kind: str) -> list[tuple[slice, slice, Weights]]:
    """The weights of one period, or its two halves where it is long: most of the rest is zero."""
    weights = weigh(before, after)
    number = 1 if weights.size < _SMALL else min(2, len(weights))
    bands = []
    for part in np.array_split(np.arange(len(weights)), number):
        needed = np.flatnonzero(weights[part].any(axis=0))
        into, of = (slice(int(at[0]) * channels, (int(at[-1]) + 1) * channels) for at in (part, needed))
        matrix = np.kron(weights[part][:, needed], np.eye(channels, dtype=np.int64))
        bands.append((into, of, matrix.astype(kind)))
    return bands


@lru_cache(maxsize=64)
def _weights(before: int, after: int) -> NDArray[np.int64]:
    """How much of each pixel before falls into each pixel after, for one period, in whole units."""
    common = gcd(before, after)
    wide, high = before // common, after // common  # a pixel after is `wide` units long, one before `high`
    pixel, of = np.arange(wide), np.arange(high)[:, None]
    overlap = np.minimum((of + 1) * wide, (pixel + 1) * high) - np.maximum(of * wide, pixel * high)
    return np.asarray(np.maximum(overlap, 0))


@lru_cache(maxsize=64)
def _sloped(before: int, after: int) -> NDArray[np.int64]:
    """As `_weights`, in 128ths, with slopes: the outer pixels of a period are never divided, so all have neighbours."""
    common = gcd(before, after)
    wide, high = before // common, after // common
    exact = np.zeros((high, wide))
    for of, pixel in np.ndindex(high, wide):
        start = max(of * wide / high, pixel) - pixel
        end = min((of + 1) * wide / high, pixel + 1) - pixel
        if start < end:
            exact[of, pixel] += end - start
        if start < end and end - start < 1 and 0 < pixel < wide - 1:
            tilt = ((end * end - start * start) - (end - start)) / 4
            exact[of, pixel + 1] += tilt
            exact[of, pixel - 1] -= tilt
    weights = np.rint(exact * (_UNIT * high / wide)).astype(np.int64)
    for row in weights:
        row[np.argmax(row)] += _UNIT - row.sum()
    return weights
