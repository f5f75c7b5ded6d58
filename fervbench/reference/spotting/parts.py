"""What the four networks have in common: inputs of a part as tensors, a stage of training, proposals in seconds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from fervbench.reference import counter
from fervbench.reference.spotting.rescaling import Features, rescale
from fervbench.reference.spotting.settings import Settings, Training
from fervbench.reference.spotting.videos import Item, Videos

FloatArray = npt.NDArray[np.float64]
Proposals = dict[str, FloatArray]  # video id -> (n, 3): onset and offset in seconds, score, highest first


class Frames(Protocol):
    """Frames of a video, (frames, height, width, 3) uint8: an array, or what is read like one."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(frames, height, width, 3)."""
        ...

    def __len__(self) -> int: ...

    def __getitem__(self, key: tuple[npt.NDArray[np.int64], slice, slice], /) -> npt.NDArray[np.uint8]: ...


@dataclass(frozen=True)
class Input:
    """What a network is given: the videos, the features of each (snippets, channels), a device.

    `pixels` is there for R-C3D alone, which sees frames: video id -> (frames, height, width, 3) uint8; `start` are the
    weights of the C3D that its trunk begins with.
    """

    videos: Videos
    features: Mapping[str, Features]
    device: torch.device
    pixels: Mapping[str, Frames] = field(default_factory=dict)
    start: Mapping[str, Tensor] | None = None

    @property
    def channels(self) -> int:
        """How many numbers a snippet has."""
        return next(iter(self.features.values())).shape[1]


@dataclass(frozen=True)
class Stage:
    """One network to train. `loss` takes positions of items (a batch); `validate` gives the loss over the validation
    part; `propose` the proposals for some videos, None for a stage whose output is no proposals.
    """

    name: str
    network: nn.Module
    training: Training
    items: int
    loss: Callable[[Tensor], Tensor]
    validate: Callable[[], float]
    propose: Callable[[Sequence[Item]], Proposals] | None


def seeded(settings: Settings, stage: int) -> None:
    """First weights follow from the seed, on the CPU, so that they are the same on every device."""
    torch.manual_seed(counter.number(settings.seed, counter.WEIGHTS, stage) >> 1)


def rescaled(items: Sequence[Item], features: Mapping[str, Features], bins: int, device: torch.device) -> Tensor:
    """Features of videos as (videos, channels, bins)."""
    made = np.stack([rescale(features[item.id], bins).T for item in items])
    return torch.from_numpy(np.ascontiguousarray(made)).to(device)


def in_seconds(item: Item, shares: FloatArray, scores: FloatArray) -> FloatArray:
    """Proposals in shares of the corrected duration as (n, 3) in seconds, empty ones dropped, within the video."""
    spans = np.clip(shares * item.seconds, 0.0, item.duration)
    made = np.column_stack([spans, scores])[spans[:, 1] - spans[:, 0] > 1e-6]
    return made[np.argsort(-made[:, 2], kind="stable")]
