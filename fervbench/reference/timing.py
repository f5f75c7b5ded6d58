"""How fast a device trains a network: a few eager steps on clips of noise, so nothing of the data is needed."""

from __future__ import annotations

import time
from functools import cache

import torch

from fervbench.reference import networks, numerics
from fervbench.reference.settings import Settings

STEPS = 3


def seconds_a_step(settings: Settings, device: torch.device, classes: int = 7) -> float:
    """The mean of `STEPS` training steps (forward, loss, backward), after one that warms up."""
    network = networks.make_network(settings, classes, device).train()
    streams = networks.streams_of(settings.model)
    clips = [
        torch.randn(settings.batch, 3, settings.frames, *size, device=device)
        for _, size in zip(streams, settings.sizes, strict=True)
    ]
    labels = torch.zeros(settings.batch, dtype=torch.int64, device=device)
    start = 0.0
    for step in range(STEPS + 1):
        if step == 1:
            numerics.wait(device)
            start = time.perf_counter()
        with torch.autocast(device.type, torch.bfloat16, enabled=settings.precision == "bfloat16"):
            scores = network(*clips)
        torch.autograd.backward(torch.nn.functional.cross_entropy(scores.float(), labels))
    numerics.wait(device)
    return (time.perf_counter() - start) / STEPS


@cache
def sees_time(model: str, frames: int, sizes: tuple[tuple[int, int], ...]) -> bool:
    """Whether a network has convolutions over time; nothing of it is held in memory."""
    with torch.device("meta"):
        return networks.is_3d(networks.build(model, 7, frames, sizes))
