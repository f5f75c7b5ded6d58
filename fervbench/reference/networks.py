"""Networks and losses by name, on a device, with first weights that follow from the seed."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

import torch
from torch import Tensor, nn

from fervbench.reference import counter
from fervbench.reference.settings import Loss, Settings

LAYOUTS = {4: torch.channels_last, 5: torch.channels_last_3d}


def streams_of(model: str) -> tuple[str, ...]:
    """What a network sees: `face`, or `face` and `scene`."""
    found: tuple[str, ...] = import_module("fervbench.reference.models").streams_of(model)
    return found


def build(model: str, classes: int, frames: int, sizes: Sequence[tuple[int, int]]) -> nn.Module:
    """A network. Raises UsageError for a name that is none (the nearest named), and sizes that do not fit."""
    made: nn.Module = import_module("fervbench.reference.models").build(model, classes, frames, sizes)
    return made


def make_network(settings: Settings, classes: int, device: torch.device) -> nn.Module:
    """The network of a job. First weights are drawn on the CPU, so that they are the same on every device."""
    torch.manual_seed(counter.number(settings.seed, counter.WEIGHTS) >> 1)
    network = build(settings.model, classes, settings.frames, settings.sizes)
    network = network.to(device)
    for parameter in network.parameters():  # P3D has convolutions of both kinds
        if parameter.dim() in LAYOUTS:
            parameter.data = parameter.data.contiguous(memory_format=LAYOUTS[parameter.dim()])
    return network


def width(model: str, frames: int, sizes: Sequence[tuple[int, int]]) -> int:
    """How many numbers a network's last layer sees; nothing of it is held in memory."""
    with torch.device("meta"):
        return int(build(model, 7, frames, sizes).width)  # type: ignore[arg-type]


def is_3d(network: nn.Module) -> bool:
    """Whether a network has convolutions over time."""
    return any(isinstance(module, nn.Conv3d) for module in network.modules())


class Losses(nn.Module):
    """The loss of a batch, and the class centers of center loss, which are state and go into checkpoints."""

    centers: Any

    def __init__(self, chosen: Loss, classes: int, width: int) -> None:
        super().__init__()
        losses = import_module("fervbench.reference.losses") if chosen.name != "cross-entropy" else None
        self.centers = losses.CenterLoss(classes, width) if losses and chosen.name == "center-loss" else None
        self._of: Any = None
        if losses is not None:
            self._of = losses.Objective(chosen.name, chosen.weight, chosen.reading, self.centers)

    def forward(self, features: Tensor, scores: Tensor, labels: Tensor) -> Tensor:
        """The loss, in float32."""
        if self._of is None:
            return nn.functional.cross_entropy(scores.float(), labels)
        loss: Tensor = self._of(features, scores, labels)
        return loss

    def meaningless(self, labels: Tensor) -> Tensor | None:
        """1 where no step is to be taken on a batch, else 0, on its device; None where every batch has a meaning."""
        found: Tensor | None = None if self._of is None else self._of.meaningless(labels)
        return found

    def update(self, features: Tensor, labels: Tensor) -> None:
        """Move the centers, where there are any."""
        if self.centers is not None:
            self.centers.update(features, labels)
