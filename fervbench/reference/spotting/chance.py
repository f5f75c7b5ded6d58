"""What can be had without seeing a video: proposals drawn at random, and windows of one length.

A network is worth something where it is above both by more than the interval.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fervbench.reference.spotting.parts import Proposals
from fervbench.reference.spotting.videos import Item


def uniformly_random(items: Sequence[Item], *, seed: int = 0, number: int = 100) -> Proposals:
    """`number` proposals a video: two times, each equally likely anywhere, in order; scores are drawn as well."""
    rng = np.random.default_rng(seed)
    made = {}
    for item in items:
        spans = np.sort(rng.random((number, 2)), axis=1) * item.duration
        made[item.id] = np.column_stack([spans, np.sort(rng.random(number))[::-1]])
    return made


def sliding(items: Sequence[Item], seconds: float, *, number: int = 100) -> Proposals:
    """`number` windows of one length, evenly over each video, those first that are farthest from the ones before."""
    made = {}
    order = np.argsort([_reversed(i) for i in range(number)], kind="stable")
    for item in items:
        length = min(seconds, item.duration)
        first = np.linspace(0.0, item.duration - length, number)[order]
        made[item.id] = np.column_stack([first, first + length, 1.0 - np.arange(number) / number])
    return made


def _reversed(number: int) -> float:
    """A number's bits behind the binary point, turned round (van der Corput): 0, 1/2, 1/4, 3/4, 1/8, ..."""
    value, weight = 0.0, 0.5
    while number:
        value, number, weight = value + weight * (number & 1), number >> 1, weight / 2
    return value
