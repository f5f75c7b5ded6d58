"""BMN: Boundary-Matching Network (Lin et al., ICCV 2019). Bottom-up, one stage.

Two curves say where intervals begin and end; a map [start, end] says of every pair how well it overlaps an interval.
Public code: JJBOY/BMN-Boundary-Matching-Network. What it does otherwise than its paper, and what is done here:

1. The map has T x T cells of [start, end], not [duration, start] as in the paper: kept.
2. Its "best" model is reset every epoch, so it saves the last one: here the epoch with the best AUC on the validation
   part, as SDFE-LV says.
3. Proposals end before the last bin (end < T): kept.
4. Suppression stops at 101 picks with one candidate left, and writes 100: here 100 picks, and no candidate is lost.
5. Where a batch has no positive entry its losses divide by zero: here as for one positive.
6. Every pair is a candidate, not only peaks of the curves as in the paper: kept.
7. It evaluates one video at a time and trains on 16: kept (batch normalisation plays no part).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from fervbench.errors import UsageError
from fervbench.reference.spotting.labels import bmn_boundaries, in_bins, overlap_map
from fervbench.reference.spotting.losses import balanced_square, weighted_logistic
from fervbench.reference.spotting.parts import FloatArray, Input, Proposals, Stage, in_seconds, rescaled, seeded
from fervbench.reference.spotting.sampling_map import POINTS, sample_and_project
from fervbench.reference.spotting.settings import Settings, at_least
from fervbench.reference.spotting.suppression import soft_nms
from fervbench.reference.spotting.videos import Item

GROUPS = 4  # of channels, in the first convolutions


@dataclass(frozen=True)
class Options:
    """`bins` is T. Suppression decays by exp(-tIoU^2 / alpha) above low + (high - low) * width; `keep` are written."""

    bins: int = 100
    points: int = POINTS
    regression_weight: float = 10.0
    alpha: float = 0.4
    low: float = 0.5
    high: float = 0.9
    keep: int = 100

    def __post_init__(self) -> None:
        at_least(self, 1, "bins", "points", "keep")


class BMN(nn.Module):
    """4,978,564 parameters at 400 channels, and no 32 M fixed numbers beside them (see `sampling_map`)."""

    def __init__(self, channels: int, bins: int = 100, points: int = POINTS) -> None:
        super().__init__()
        self.bins = bins
        self.base = nn.Sequential(
            nn.Conv1d(channels, 256, 3, padding=1, groups=GROUPS),
            nn.ReLU(),
            nn.Conv1d(256, 256, 3, padding=1, groups=GROUPS),
            nn.ReLU(),
        )
        self.start, self.end = (
            nn.Sequential(
                nn.Conv1d(256, 256, 3, padding=1, groups=GROUPS), nn.ReLU(), nn.Conv1d(256, 1, 1), nn.Sigmoid()
            )
            for _ in range(2)
        )
        self.proposal = nn.Sequential(nn.Conv1d(256, 256, 3, padding=1), nn.ReLU())
        self.matching = nn.Conv3d(256, 512, (points, 1, 1), stride=(points, 1, 1))
        self.map = nn.Sequential(
            nn.Conv2d(512, 128, 1),
            nn.ReLU(),
            nn.Conv2d(128, 128, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(128, 128, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(128, 2, 1),
            nn.Sigmoid(),
        )

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Map (batch, 2, bins, bins): regressed overlap, then its classification; start and end (batch, bins)."""
        x = self.base(x)  # (batch, 256, bins)
        start, end = self.start(x).squeeze(1), self.end(x).squeeze(1)  # (batch, bins)
        x = self.proposal(x)  # (batch, 256, bins)
        x = sample_and_project(x, self.matching.weight, self.matching.bias)  # (batch, 512, bins, bins)
        return self.map(x.relu()), start, end


def loss_of(
    found: tuple[Tensor, Tensor, Tensor], targets: tuple[Tensor, Tensor, Tensor], draws: Tensor, weight: float = 10.0
) -> Tensor:
    """Boundaries + weight * regression + classification of the map; targets are start, end (batch, bins) and the map
    of overlaps (batch, bins, bins), `draws` of its shape.
    """
    map_, start, end = found
    start_target, end_target, overlap = targets
    upper = torch.triu(torch.ones(overlap.shape[-2:], dtype=torch.bool, device=overlap.device))
    boundaries = weighted_logistic(start, start_target) + weighted_logistic(end, end_target)
    regression = balanced_square(map_[:, 0], overlap, upper, draws)
    classification = weighted_logistic(map_[:, 1], overlap, 0.9, upper)
    return boundaries + weight * regression + classification


def targets_of(items: Sequence[Item], bins: int, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """Start, end (videos, bins) and overlaps (videos, bins, bins)."""
    rows = []
    for item in items:
        shares = in_bins(item.intervals, item.seconds)
        rows.append((*bmn_boundaries(shares, bins), overlap_map(shares, bins)))
    start, end, overlap = (torch.from_numpy(np.stack(part).astype(np.float32)) for part in zip(*rows, strict=True))
    return start.to(device), end.to(device), overlap.to(device)


def decode(map_: FloatArray, start: FloatArray, end: FloatArray, options: Options) -> tuple[FloatArray, FloatArray]:
    """Suppressed proposals of a video as shares (n, 2) and scores (n,), from the network's outputs as numpy arrays.

    Every pair start < end < T is a candidate; its score start * end * classification * regression.
    """
    bins = len(start)
    i, j = np.triu_indices(bins - 1)  # the interval from bin i to bin j + 1
    scores = start[i] * end[j + 1] * map_[0, i, j] * map_[1, i, j]
    shares = np.stack([i / bins, (j + 1) / bins], axis=1)
    taken, values = soft_nms(shares, scores, alpha=options.alpha, low=options.low, high=options.high, keep=options.keep)
    return shares[taken], values


def stages(settings: Settings, given: Input) -> Iterator[Stage]:
    """The one network."""
    options: Options = settings.options
    if given.channels % GROUPS:
        raise UsageError(f"features of {given.channels} numbers cannot be divided into BMN's {GROUPS} groups")
    seeded(settings, 0)
    network = BMN(given.channels, options.bins, options.points).to(given.device)
    parts = given.videos.parts
    x = {part: rescaled(parts[part], given.features, options.bins, given.device) for part in ("train", "validation")}
    y = {part: targets_of(parts[part], options.bins, given.device) for part in ("train", "validation")}

    def loss(chosen: Tensor, part: str = "train") -> Tensor:
        overlap = y[part][2][chosen]
        draws = torch.rand(overlap.shape, device=given.device)
        targets = (y[part][0][chosen], y[part][1][chosen], overlap)
        return loss_of(network(x[part][chosen]), targets, draws, options.regression_weight)

    @torch.no_grad()
    def validate() -> float:
        torch.manual_seed(settings.seed)  # the drawn entries are the same every epoch
        batches = torch.arange(len(parts["validation"]), device=given.device).split(settings.training[0].batch)
        return float(sum(float(loss(b, "validation")) * len(b) for b in batches) / len(parts["validation"]))

    @torch.no_grad()
    def propose(items: Sequence[Item]) -> Proposals:
        made = {}
        for item in items:
            outputs = network(rescaled([item], given.features, options.bins, given.device))
            map_, start, end = (each[0].double().cpu().numpy() for each in outputs)
            made[item.id] = in_seconds(item, *decode(map_, start, end, options))
        return made

    yield Stage("bmn", network, settings.training[0], len(parts["train"]), loss, validate, propose)
