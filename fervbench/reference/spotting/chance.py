"""What can be had without seeing a video: random proposals, windows of one length, and a network's own, moved away.

A network is worth something where it is above all of them by more than the interval, and above itself where the test
videos are shuffled (`controls`). Taught with shuffled features it still learns how long expressions are, and may be
above uniform proposals; its own proposals, moved, know about as much.
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


def of_lengths(items: Sequence[Item], known: Sequence[Item], *, seed: int = 0, number: int = 100) -> Proposals:
    """`number` proposals a video, each as long as some interval of `known` (all equally likely), anywhere in it.

    Scores are drawn as well. Raises ValueError where `known` has no interval.
    """
    lengths = np.concatenate([item.intervals[:, 1] - item.intervals[:, 0] for item in known])
    if not len(lengths):
        raise ValueError("no interval to take lengths from")
    rng = np.random.default_rng(seed)
    made = {}
    for item in items:
        chosen = np.minimum(rng.choice(lengths, number), item.duration)
        first = rng.random(number) * (item.duration - chosen)
        made[item.id] = np.column_stack([first, first + chosen, np.sort(rng.random(number))[::-1]])
    return made


def moved(items: Sequence[Item], proposals: Proposals, *, seed: int = 0) -> Proposals:
    """A network's own proposals, in each video put later by one drawn time and going on at its beginning.

    Each onset goes round where its proposal still fits, [0, duration - length], all by the same share of that: lengths
    and scores stay, distances between proposals of one length too (but for those that go round), those of others
    nearly. Every place is as likely as any other. What a network scores above this it has from seeing where expressions
    are, or from places in a video that it prefers. Raises KeyError for a video without a list of proposals.
    """
    rng = np.random.default_rng(seed)
    made = {}
    for item in items:
        found = proposals[item.id]
        length = found[:, 1] - found[:, 0]
        room = np.maximum(item.duration - length, 0.0)
        later = found[:, 0] + rng.random() * room
        onset = np.where(room > 0, later % np.where(room > 0, room, 1.0), 0.0)
        made[item.id] = np.column_stack([onset, np.minimum(onset + length, item.duration), found[:, 2]])
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
