"""TURN: Temporal Unit Regression Network (Gao et al., ICCV 2017). Top-down, one stage.

Sliding windows of 16 to 512 frames, in units of 16; from the mean of a window's units and of 4 on either side, one
hidden layer says whether an interval is there and how far its onset and offset are, in units.
Public code: jiyanggao/TURN-TAP (TensorFlow), junxuan's port to PyTorch. What it does, and what is done here:

1. Its lists of windows (val_training_samples, background, test_swin) are not public: windows start every quarter of
   their length, a unit at least; pinned.
2. A window is positive with tIoU of 0.5 or more, or where it is an interval's best; background without any overlap.
   Windows between the two are not trained on: kept.
3. Batches are 128 with about 10 background windows to a positive one, drawn anew each step: kept.
4. Intervals are rounded to units before offsets are taken, and one frame added at the end: here neither, times stay as
   they are.
5. Dropout stays on at test in its graph: here it is off.
6. Background windows are given targets of zero for the regression: here they have no part in it.
7. Scores are multiplied by the share of training intervals whose length is nearest to that of the window: kept, an
   option (`weigh_lengths`).
8. No suppression: then most of the first hundred are near copies; here greedy, at tIoU `suppression`; 1 for none.
9. SDFE-LV's features have up to 4096 numbers a unit: the first layer has three times as many inputs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from fervbench.metrics.intervals import tiou
from fervbench.reference.spotting.parts import FloatArray, Input, Proposals, Stage, in_seconds, seeded
from fervbench.reference.spotting.rescaling import Features
from fervbench.reference.spotting.settings import Settings, at_least
from fervbench.reference.spotting.suppression import greedy_nms
from fervbench.reference.spotting.videos import Item

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Options:
    """`lengths` of windows in units, a step of `step` times the length between two; `context` units on either side."""

    lengths: tuple[int, ...] = (1, 2, 4, 8, 16, 32)
    step: float = 0.25
    context: int = 4
    positive: float = 0.5
    background: int = 10
    regression_weight: float = 2.0
    weigh_lengths: bool = True
    suppression: float = 0.8
    keep: int = 100

    def __post_init__(self) -> None:
        at_least(self, 1, "lengths", "keep")
        at_least(self, 0, "context", "background")
        at_least(self, 0.01, "step")


class TURN(nn.Module):
    """6,149,004 parameters at 2048 channels."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(3 * channels, 1000)
        self.dropout = nn.Dropout(0.5)
        self.fc2 = nn.Linear(1000, 4)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Scores (windows, 2), background and interval; offsets (windows, 2) in units. `x` (windows, 3 channels)."""
        x = functional.normalize(x, dim=1)  # (windows, 3 channels)
        x = self.dropout(self.fc1(x).relu())  # (windows, 1000)
        x = self.fc2(x)  # (windows, 4)
        return x[:, :2], x[:, 2:]


def windows_of(units: int, options: Options) -> IntArray:
    """Sliding windows (n, 2) over `units`: first unit and the one behind the last; none longer than the video.

    >>> windows_of(4, Options(lengths=(2, 4, 8), step=0.5)).tolist()
    [[0, 2], [1, 3], [2, 4], [0, 4]]
    """
    found = []
    for length in options.lengths:
        step = max(1, round(options.step * length))
        found += [(first, first + length) for first in range(0, units - length + 1, step)]
    if not found:  # a video shorter than every window
        found = [(0, units)]
    return np.array(found, dtype=np.int64)


def window_features(features: Features, windows: IntArray, context: int) -> Features:
    """Mean of the units to the left, inside, to the right: (windows, 3 channels); nothing on a side: zeros."""
    units = len(features)
    sums = np.concatenate([np.zeros((1, features.shape[1])), np.cumsum(features, axis=0, dtype=np.float64)])
    first, last = windows[:, 0], windows[:, 1]
    rows = []
    for low, high in (
        (np.maximum(first - context, 0), first),
        (first, last),
        (last, np.minimum(last + context, units)),
    ):
        rows.append((sums[high] - sums[low]) / np.maximum(high - low, 1)[:, None])
    return np.concatenate(rows, axis=1).astype(np.float32)


def targets_of(windows: IntArray, intervals: FloatArray, positive: float) -> tuple[IntArray, FloatArray]:
    """What each window is (1 positive, 0 background, -1 neither), and onset and offset less the window's, in units."""
    kind = np.full(len(windows), -1, dtype=np.int64)
    if not len(intervals):
        return np.zeros(len(windows), dtype=np.int64), np.zeros((len(windows), 2))
    overlap = tiou(windows.astype(np.float64), intervals)  # (windows, intervals)
    nearest = overlap.argmax(axis=1)
    best = overlap.max(axis=1)
    kind[best == 0] = 0
    kind[best >= positive] = 1
    top = overlap.argmax(axis=0)
    reached = overlap.max(axis=0) > 0
    kind[top[reached]] = 1
    nearest[top[reached]] = np.flatnonzero(reached)
    return kind, intervals[nearest] - windows


def loss_of(scores: Tensor, offsets: Tensor, kind: Tensor, wanted: Tensor, weight: float = 2.0) -> Tensor:
    """Cross-entropy over all + weight * L1 of the offsets over the positive, which are summed over onset and offset."""
    positive = (kind == 1).to(scores.dtype)
    apart = ((offsets - wanted).abs().sum(dim=1) * positive).sum() / positive.sum().clamp(min=1.0)
    return functional.cross_entropy(scores, kind) + weight * apart


def length_shares(windows: Sequence[int], lengths: FloatArray) -> FloatArray:
    """The share of intervals whose length (in units) is nearest to that of each window, one added to each."""
    nearest = np.abs(np.log(np.maximum(lengths, 1e-3))[:, None] - np.log(np.array(windows, float))).argmin(axis=1)
    counts = np.bincount(nearest, minlength=len(windows)) + 1.0
    return counts / counts.sum()


def stages(settings: Settings, given: Input) -> Iterator[Stage]:
    """The one network."""
    options: Options = settings.options
    training, device, parts = settings.training[0], given.device, given.videos.parts
    seeded(settings, 0)
    network = TURN(given.channels).to(device)
    units = {item.id: item.intervals / (item.seconds / item.snippets) for item in given.videos.all()}
    seen = {part: _windows(parts[part], given, units, options) for part in ("train", "validation")}
    spans = np.concatenate([units[item.id] for item in parts["train"]])
    shares = length_shares(options.lengths, spans[:, 1] - spans[:, 0])
    pools = {k: torch.nonzero(seen["train"][1] == k).flatten() for k in (0, 1)}

    def drawn() -> Tensor:
        n = max(1, round(training.batch / (1 + options.background)))
        picks = []
        for kind, number in ((1, n), (0, training.batch - n)):
            if len(pools[kind]):
                picks.append(pools[kind][torch.randint(len(pools[kind]), (number,))])
        return torch.cat(picks)

    def at(chosen: Tensor, part: str) -> Tensor:
        x, kind, wanted = (each[chosen].to(device) for each in seen[part])
        scores, offsets = network(x)
        return loss_of(scores, offsets, kind, wanted, options.regression_weight)

    def loss(chosen: Tensor) -> Tensor:
        del chosen  # batches are drawn, see 3 above
        return at(drawn(), "train")

    @torch.no_grad()
    def validate() -> float:
        return float(at(torch.nonzero(seen["validation"][1] >= 0).flatten(), "validation"))

    @torch.no_grad()
    def propose(items: Sequence[Item]) -> Proposals:
        made = {}
        for item in items:
            windows = windows_of(item.snippets, options)
            x = torch.from_numpy(window_features(given.features[item.id], windows, options.context)).to(device)
            scores, offsets = network(x)
            found = windows + offsets.double().cpu().numpy()
            score = scores.softmax(dim=1)[:, 1].double().cpu().numpy()
            if options.weigh_lengths:
                score = score * shares[_nearest(options.lengths, windows[:, 1] - windows[:, 0])]
            whole = found[:, 1] - found[:, 0] > 0
            found, score = np.clip(found[whole] / item.snippets, 0.0, 1.0), score[whole]
            if options.suppression < 1:
                taken, score = greedy_nms(found, score, threshold=options.suppression, keep=options.keep)
                found = found[taken]
            made[item.id] = in_seconds(item, found, score)[: options.keep]
        return made

    steps = training.steps * training.batch  # an epoch is a number of steps
    yield Stage("turn", network, training, steps or len(pools[1]), loss, validate, propose)


def _nearest(lengths: Sequence[int], found: IntArray) -> IntArray:
    return np.abs(found[:, None] - np.array(lengths)).argmin(axis=1)


def _windows(
    items: Sequence[Item], given: Input, units: dict[str, FloatArray], options: Options
) -> tuple[Tensor, Tensor, Tensor]:
    """Features, kinds and offsets of all windows of a part. Windows that are neither kind are left out."""
    rows: list[tuple[Features, IntArray, FloatArray]] = []
    for item in items:
        windows = windows_of(item.snippets, options)
        kind, wanted = targets_of(windows, units[item.id], options.positive)
        used = kind >= 0
        x = window_features(given.features[item.id], windows[used], options.context)
        rows.append((x, kind[used], wanted[used]))
    features, kinds, moves = (torch.from_numpy(np.concatenate(part)) for part in zip(*rows, strict=True))
    return features, kinds, moves.float()
