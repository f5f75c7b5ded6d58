"""Controls: a network that cannot tell from what it sees where an expression is.

Snippets are put in another order, by one draw, across videos:

    shuffled-features        those of all parts together: the network learns from videos that say nothing. It may still
                             learn how long expressions are, and be above uniformly random proposals for that
    shuffled-test-features   those of the test part alone: the network of the same job without a control, which has
                             learned from true videos, is shown test videos that say nothing. What it scores above
                             random proposals it has from elsewhere: lengths of its anchors, places it has learned to
                             prefer

R-C3D sees frames, not features: its snippets are 16 frames in their order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import torch

from fervbench.reference import counter
from fervbench.reference.spotting.parts import Frames, Input
from fervbench.reference.spotting.rescaling import Features
from fervbench.reference.spotting.settings import EVERYWHERE, IN_TEST
from fervbench.reference.spotting.videos import SNIPPET

NOTES = {
    EVERYWHERE: "control: the snippets of all videos were put in another order; "
    "what is above random was not seen in the videos",
    IN_TEST: "control: the snippets of the test videos were put in another order after training; "
    "what is above random was not seen in the videos",
}


def given_to(control: str, given: Input, seed: int) -> Input:
    """What a network is shown under a control. With `IN_TEST` the videos of the other parts are left as they are."""
    of_test = {item.id for item in given.videos.parts["test"]}
    features = {id: seen for id, seen in given.features.items() if control == EVERYWHERE or id in of_test}
    pixels = {id: seen for id, seen in given.pixels.items() if control == EVERYWHERE or id in of_test}
    return replace(
        given,
        features={**given.features, **shuffled(features, seed)},
        pixels={**given.pixels, **shuffled_frames(pixels, seed)},
    )


def shuffled(features: Mapping[str, Features], seed: int) -> dict[str, Features]:
    """All snippets of all videos in another order: what a video has says nothing about it."""
    if not features:
        return {}
    ids = sorted(features)
    every = np.concatenate([features[id] for id in ids])
    mixed = every[_order(len(every), seed)]
    ends = np.cumsum([0, *(len(features[id]) for id in ids)])
    return {id: mixed[ends[i] : ends[i + 1]] for i, id in enumerate(ids)}


def shuffled_frames(pixels: Mapping[str, Frames], seed: int) -> dict[str, Frames]:
    """The same with frames; those behind the last whole snippet of a video stay where they are."""
    ids = sorted(pixels)
    pieces = [(pixels[id], first) for id in ids for first in range(0, len(pixels[id]) - SNIPPET + 1, SNIPPET)]
    mixed = [pieces[i] for i in _order(len(pieces), seed)]
    made: dict[str, Frames] = {}
    used = 0
    for id in ids:
        number = len(pixels[id]) // SNIPPET
        made[id] = Pieces(mixed[used : used + number], pixels[id])
        used += number
    return made


class Pieces:
    """Frames of a video that stands together from snippets of others; read when they are asked for."""

    def __init__(self, pieces: Sequence[tuple[Frames, int]], own: Frames) -> None:
        self._pieces, self._own = pieces, own
        self.shape = own.shape

    def __len__(self) -> int:
        return len(self._own)

    def __getitem__(self, key: tuple[npt.NDArray[np.int64], slice, slice]) -> npt.NDArray[np.uint8]:
        at, rows, columns = key
        return np.stack([frames[np.array([i]), rows, columns][0] for frames, i in map(self._find, at.tolist())])

    def _find(self, frame: int) -> tuple[Frames, int]:
        piece, inside = divmod(frame, SNIPPET)
        if piece >= len(self._pieces):
            return self._own, frame
        frames, first = self._pieces[piece]
        return frames, first + inside


def _order(number: int, seed: int) -> npt.NDArray[np.int64]:
    order: npt.NDArray[np.int64] = torch.argsort(counter.bits(seed, counter.SHUFFLE, 0, torch.arange(number))).numpy()
    return order
