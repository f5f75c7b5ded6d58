"""Parameters and operations of a network, without memory for either: everything is on torch's meta device.

Operations are 2 per multiplication with addition, in convolutions and matrix products, of one forward pass of one clip;
`torch.utils.flop_counter` counts them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch.utils.flop_counter import FlopCounterMode

from fervbench.reference.models import STREAM_CHANNELS, STREAM_SIZES, build, streams_of
from fervbench.reference.models.parts import Size


@dataclass(frozen=True)
class Cost:
    """What a network costs: parameters, operations forward for a clip."""

    parameters: int
    flops: int


def cost(name: str, num_classes: int = 7, frames: int = 8, sizes: Sequence[Size] | None = None) -> Cost:
    """Parameters and operations of a network by name.

    >>> cost("r18", num_classes=7, frames=8).parameters
    11205191
    """
    streams = streams_of(name)
    sizes = [STREAM_SIZES[stream] for stream in streams] if sizes is None else sizes
    with torch.device("meta"):
        model = build(name, num_classes, frames, sizes).eval()
        clips = [
            torch.empty(1, STREAM_CHANNELS[stream], frames, *size) for stream, size in zip(streams, sizes, strict=True)
        ]
    counter = FlopCounterMode(display=False)
    with counter, torch.no_grad():
        model(*clips)
    return Cost(sum(p.numel() for p in model.parameters()), counter.get_total_flops())
