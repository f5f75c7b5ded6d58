"""Random numbers that depend on names alone, so that no clip depends on which others are made, or in what order."""

from __future__ import annotations

import hashlib

import numpy as np

# Part of every key. A change of what is drawn is a new number, so that two data sets of one number are one.
RENDERER = 1


def generator(seed: int, *names: str | int) -> np.random.Generator:
    """A generator of its own for what `names` name.

    >>> a, b = (generator(0, "ferv39k", "Action/Sad/0010", "face") for _ in range(2))
    >>> float(a.random()) == float(b.random()) != float(generator(1, "ferv39k").random())
    True
    """
    key = "\t".join(map(str, (RENDERER, seed, *names)))
    return np.random.Generator(np.random.PCG64(int.from_bytes(hashlib.sha256(key.encode()).digest(), "little")))


def quantile(u: float, points: tuple[tuple[float, int], ...]) -> int:
    """The number of frames at quantile `u` of a distribution given as (quantile, frames), linear between.

    >>> [quantile(u, ((0.0, 8), (0.5, 28), (1.0, 47))) for u in (0.0, 0.25, 0.5, 1.0)]
    [8, 18, 28, 47]
    """
    at, values = zip(*points, strict=True)
    return round(float(np.interp(u, at, values)))


def scaled(n: int, scale: float, least: int) -> int:
    """How many of `n` there are at `scale`: never fewer than `least`, never more than `n`.

    >>> scaled(734, 0.01, 2), scaled(10, 0.01, 2), scaled(10, 1.0, 2)
    (7, 2, 10)
    """
    return min(n, max(least, round(scale * n)))
