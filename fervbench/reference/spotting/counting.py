"""Operations of the networks that spot, as `fervbench.reference.counting` counts them: nothing is held in memory.

BMN's sampling is a product with a sparse matrix, which the counter takes for a dense one: it is counted here, two
operations for each number of it and each output.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from fervbench.reference.spotting import bmn, bsn, rc3d, turn
from fervbench.reference.spotting.sampling_map import entries
from fervbench.reference.spotting.settings import Settings
from fervbench.reference.spotting.videos import SNIPPET, Item

# SDFE-LV: 1,191 videos of 58 s on average, 6:2:2; its frame rates are not published.
VIDEOS, SECONDS, FPS = (715, 238, 238), 58, 25
SNIPPETS = sum(VIDEOS) * (SECONDS * FPS // SNIPPET)
_TYPICAL = Item("typical", "train", SECONDS * FPS, FPS, SECONDS, np.empty((0, 2)), ())


def flops(settings: Settings, channels: int) -> float:
    """Operations of a job on all of SDFE-LV over features of so many channels: training, each epoch's validation, test.

    Training costs three times forward, as elsewhere.
    """
    train, validation, test = VIDEOS
    total = 0.0
    for stage, training in enumerate(settings.training):
        item, items = _forward(settings, stage, channels), train * _windows(settings)
        seen = training.steps * training.batch if training.steps else items
        total += item * (3.0 * seen * training.epochs + _windows(settings) * (validation * training.epochs + test))
    return total


def _windows(settings: Settings) -> int:
    """Items a video: windows of TURN and R-C3D; the others see a whole video at once."""
    if settings.model == "turn":
        return len(turn.windows_of(_TYPICAL.snippets, settings.options))
    if settings.model == "r-c3d":
        return len(rc3d.windows_of(_TYPICAL, settings.options, settings.options.test_step, ()))
    return 1


def _forward(settings: Settings, stage: int, channels: int) -> float:
    """Operations of one item of a stage."""
    o = settings.options
    if settings.model == "bmn":
        return _bmn(channels, o.bins, o.points)
    if settings.model == "turn":
        return _counted(lambda: turn.TURN(channels), (1, 3 * channels))
    if settings.model == "bsn" and stage == 0:
        return _counted(lambda: bsn.TEM(channels), (1, channels, o.bins))
    if settings.model == "bsn":
        return _counted(bsn.PEM, (o.top, 32))
    return _rc3d(len(o.scales), o.size, o.width, o.window)


def _counted(make: Callable[[], nn.Module], shape: tuple[int, ...]) -> float:
    with torch.device("meta"):
        network, x = make(), torch.empty(shape)
    return _of(lambda: network(x))


def _of(run: Callable[[], object]) -> float:
    counter = FlopCounterMode(display=False)
    with counter, torch.no_grad():
        run()
    return float(counter.get_total_flops())


@cache
def _bmn(channels: int, bins: int, points: int) -> float:
    with torch.device("meta"):
        network = bmn.BMN(channels, bins, points)
        x, cells = torch.empty(1, channels, bins), torch.empty(1, 512, bins, bins)

    def dense() -> None:
        seen = network.base(x)
        network.start(seen), network.end(seen), network.proposal(seen), network.map(cells)

    projected = 2 * 256 * 512 * points * bins
    return _of(dense) + projected + 2 * 512 * len(entries(bins, points)[0])


@cache
def _rc3d(anchors: int, size: tuple[int, int], width: float, window: int) -> float:
    with torch.device("meta"):
        network, x = rc3d.RC3D(6, anchors, size, width), torch.empty(1, 3, window, *size)
    return _of(lambda: network.regions(network.trunk(x)))
