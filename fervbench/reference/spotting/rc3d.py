"""R-C3D: Region Convolutional 3D Network (Xu et al., ICCV 2017). Top-down, frames to proposals in one network.

A C3D trunk over a window of frames; at every eighth frame 28 anchors of other lengths are told from background and
moved; what remains is pooled, classified and moved again.
Public code: VisionLearningGroup/R-C3D (caffe), THUMOS14 configuration. What it does, and what is done here:

1. Windows of 512 frames; in training those that hold 70 % of an interval keep it: kept. Both scan directions are
   trained on (frames in reverse order): not here, an expression played backwards begins where it ended.
2. Mirrored windows double the training set: here each window is mirrored with probability 1/2.
3. Anchors are centred on the middle of their cell and end at 8 * scale frames; those that leave the window take part:
   kept.
4. Its trunk is C3D without batch normalisation, pretrained on Sports-1M or UCF101. Here weights come from a C3D job of
   fervbench (SDFE-LV: pretrained on DFEW), whose batch normalisation is folded into its convolutions; exact for the
   network as it is evaluated.
5. For AR@AN the papers do not say which list was used: here the proposals of the first stage, all classes alike, as in
   its own AR figures; `proposals` "detections" takes the second's.
6. Learning rate 1e-4 for one window a step: kept.
7. 25 frames a second are assumed: here every `stride`-th frame of the pack, times by the video's own fps.
8. Pooled regions are 1 x 4 x 4 of the trunk's 7 x 7: kept; for smaller frames (trials) as many cells as there are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from fervbench.metrics.intervals import tiou
from fervbench.reference.augment import IMAGENET_MEAN, IMAGENET_STD
from fervbench.reference.models.parts import initialise_convolutions, max_pool_3d
from fervbench.reference.spotting.parts import FloatArray, Input, Proposals, Stage, seeded
from fervbench.reference.spotting.settings import Settings, at_least
from fervbench.reference.spotting.suppression import greedy_nms
from fervbench.reference.spotting.videos import Item

CELL = 8  # frames between two places of anchors
# name: (inputs, outputs) for a width of 1, and whether a pool follows: time and space, or space alone
TRUNK = (
    ("conv1a", 3, 64, (1, 2, 2)),
    ("conv2a", 64, 128, (2, 2, 2)),
    ("conv3a", 128, 256, None),
    ("conv3b", 256, 256, (2, 2, 2)),
    ("conv4a", 256, 512, None),
    ("conv4b", 512, 512, (2, 2, 2)),
    ("conv5a", 512, 512, None),
    ("conv5b", 512, 512, None),
)
OF_C3D = ("conv1", "conv2", "conv3a", "conv3b", "conv4a", "conv4b", "conv5a", "conv5b")
SPREAD = (0.1, 0.2)  # targets of the second stage are divided by these


@dataclass(frozen=True)
class Options:
    """`scales` of anchors in cells of 8 frames. `width` scales all channels, for trials: 1 is the published network."""

    window: int = 512
    stride: int = 1
    train_step: int = 256
    test_step: int = 128
    scales: tuple[float, ...] = tuple(range(2, 57, 2))
    size: tuple[int, int] = (112, 112)
    width: float = 1.0
    dropout: float = 0.0
    keep_inside: float = 0.7
    high: float = 0.7
    low: float = 0.3
    anchors: int = 64
    regions: int = 128
    region_high: float = 0.5
    region_share: float = 0.25
    suppression: float = 0.7
    before: int = 6000
    after: int = 300
    proposals: str = "regions"
    detection_suppression: float = 0.3
    keep: int = 100

    def __post_init__(self) -> None:
        at_least(
            self, 1, "window", "stride", "train_step", "test_step", "anchors", "regions", "before", "after", "keep"
        )
        at_least(self, 16, "size")
        at_least(self, 0.001, "scales", "width")


class RC3D(nn.Module):
    """85,389,743 parameters with 28 anchors, 20 classes and background, and frames of 112 x 112."""

    def __init__(
        self,
        classes: int,
        anchors: int = 28,
        size: tuple[int, int] = (112, 112),
        width: float = 1.0,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.anchors, self.classes = anchors, classes

        def wide(channels: int) -> int:
            return channels if channels == 3 else max(4, round(channels * width))

        for name, inputs, outputs, _ in TRUNK:
            self.add_module(name, nn.Conv3d(wide(inputs), wide(outputs), 3, padding=1))
        last, hidden = wide(512), max(16, round(4096 * width))
        self.space = (size[0] // 16, size[1] // 16)  # of the trunk's cells: 7 x 7
        self.pooled = (min(4, self.space[0]), min(4, self.space[1]))
        self.rpn = nn.Conv3d(last, last, 3, padding=1)
        self.rpn_score = nn.Conv1d(last, 2 * anchors, 1)
        self.rpn_twin = nn.Conv1d(last, 2 * anchors, 1)
        self.fc6 = nn.Linear(last * self.pooled[0] * self.pooled[1], hidden)
        self.fc7 = nn.Linear(hidden, hidden)
        self.dropout = nn.Dropout(dropout)
        self.score = nn.Linear(hidden, classes + 1)
        self.twin = nn.Linear(hidden, 2 * (classes + 1))
        initialise_convolutions(self)
        for layer in (self.rpn_score, self.rpn_twin, self.score, self.twin):
            nn.init.normal_(layer.weight, std=0.01 if layer is not self.twin else 0.001)
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]

    def trunk(self, x: Tensor) -> Tensor:
        """Frames (batch, 3, L, H, W) as cells (batch, 512, L / 8, H / 16, W / 16)."""
        for name, _, _, pool in TRUNK:
            x = self.get_submodule(name)(x).relu()
            if pool is not None:
                x = max_pool_3d(x, pool, pool)
        return x

    def regions(self, cells: Tensor) -> tuple[Tensor, Tensor]:
        """Scores (batch, cells, anchors, 2), background first, and moves (batch, cells, anchors, 2)."""
        x = self.rpn(cells).relu().amax(dim=(3, 4))  # (batch, 512, L / 8)
        scores, twins = self.rpn_score(x), self.rpn_twin(x)  # (batch, 2 anchors, L / 8)
        shape = (len(x), 2, self.anchors, -1)
        return scores.view(shape).permute(0, 3, 2, 1), twins.view(shape).permute(0, 3, 2, 1)

    def heads(self, cells: Tensor, regions: Tensor) -> tuple[Tensor, Tensor]:
        """Classes (regions, K + 1) and moves (regions, K + 1, 2); `cells` (512, L / 8, h, w), `regions` in cells."""
        x = pool_regions(cells, regions, self.pooled)  # (regions, 512, 4, 4)
        x = self.dropout(self.fc6(x.flatten(1)).relu())  # (regions, 4096)
        x = self.dropout(self.fc7(x).relu())  # (regions, 4096)
        return self.score(x), self.twin(x).view(len(x), self.classes + 1, 2)


def pool_regions(cells: Tensor, regions: Tensor, pooled: tuple[int, int]) -> Tensor:
    """The maximum over each region in time and over a grid in space: (regions, channels, *pooled)."""
    length = cells.shape[1]
    grid = functional.adaptive_max_pool2d(cells.transpose(0, 1), pooled)  # (L / 8, channels, *pooled)
    first = regions[:, 0].floor().long().clamp(0, length - 1)
    last = torch.maximum(regions[:, 1].ceil().long(), first + 1).clamp(max=length)
    t = torch.arange(length, device=cells.device)
    inside = (t >= first[:, None]) & (t < last[:, None])  # (regions, L / 8)
    return torch.stack([grid[mask].amax(dim=0) for mask in inside])


def fold(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The convolutions of `fervbench.reference.models.c3d`, batch normalisation folded in, under the trunk's names."""
    found = {}
    for (name, *_), theirs in zip(TRUNK, OF_C3D, strict=True):
        weight, bias, bn = weights[f"{theirs}.weight"], weights[f"{theirs}.bias"], theirs.replace("conv", "bn")
        if f"{bn}.weight" in weights:
            scale = weights[f"{bn}.weight"] / torch.sqrt(weights[f"{bn}.running_var"] + 1e-5)
            weight = weight * scale.view(-1, 1, 1, 1, 1)
            bias = (bias - weights[f"{bn}.running_mean"]) * scale + weights[f"{bn}.bias"]
        found[f"{name}.weight"], found[f"{name}.bias"] = weight, bias
    return found


def anchors_of(cells: int, scales: Sequence[float]) -> FloatArray:
    """Anchors (cells * scales, 2) in cells, cell by cell, each centred on its cell's middle.

    >>> anchors_of(2, (1, 2)).tolist()
    [[0.0, 1.0], [-0.5, 1.5], [1.0, 2.0], [0.5, 2.5]]
    """
    centre = (np.arange(cells) + 0.5)[:, None]
    half = np.array(scales, dtype=np.float64) / 2
    return np.stack([centre - half, centre + half], axis=2).reshape(-1, 2)


def moves_of(spans: FloatArray, wanted: FloatArray) -> FloatArray:
    """What moves a span to another: shift of the centre by its length, logarithm of the ratio of lengths."""
    length, target = spans[:, 1] - spans[:, 0], wanted[:, 1] - wanted[:, 0]
    shift = (wanted.sum(axis=1) - spans.sum(axis=1)) / 2 / length
    return np.stack([shift, np.log(target / length)], axis=1)


def moved(spans: FloatArray, moves: FloatArray, end: float) -> FloatArray:
    """Spans moved, and cut to 0..end: the inverse of `moves_of`."""
    length = spans[:, 1] - spans[:, 0]
    centre = spans.mean(axis=1) + moves[:, 0] * length
    half = np.exp(np.minimum(moves[:, 1], 4.0)) * length / 2
    return np.clip(np.stack([centre - half, centre + half], axis=1), 0.0, end)


def anchor_targets(
    anchors: FloatArray, wanted: FloatArray, high: float, low: float
) -> tuple[npt.NDArray[np.int64], FloatArray]:
    """1 for an overlap of `high` or an interval's best, 0 below `low`, -1 between; and the moves to the nearest."""
    kind = np.full(len(anchors), -1, dtype=np.int64)
    if not len(wanted):
        return np.zeros(len(anchors), dtype=np.int64), np.zeros((len(anchors), 2))
    overlap = tiou(anchors, wanted)
    best, nearest = overlap.max(axis=1), overlap.argmax(axis=1)
    kind[best < low] = 0
    kind[best >= high] = 1
    reached = overlap.max(axis=0)
    for k in np.flatnonzero(reached > 0):
        top = overlap[:, k] == reached[k]
        kind[top], nearest[top] = 1, k
    return kind, moves_of(anchors, wanted[nearest])


@dataclass(frozen=True, eq=False)
class Window:
    """Frames of a video from `first`, `stride` apart; intervals (n, 2) in cells and their classes."""

    item: Item
    first: int
    wanted: FloatArray
    kinds: npt.NDArray[np.int64]


def windows_of(item: Item, options: Options, step: int, classes: Sequence[str]) -> list[Window]:
    """Windows over a video, the last one at its end; of each the intervals that it holds `keep_inside` of."""
    reach, found = options.window * options.stride, []
    last = max(0, item.frames - reach)
    starts = [*range(0, last, step * options.stride), last]
    spans = item.intervals * item.fps  # in frames of the pack
    kinds = np.array([classes.index(label) for label in item.labels], dtype=np.int64)
    for first in starts:
        inside = np.clip(spans, first, first + reach)
        length = np.maximum(spans[:, 1] - spans[:, 0], 1e-9)
        held = (inside[:, 1] - inside[:, 0]) / length >= options.keep_inside
        found.append(Window(item, first, (inside[held] - first) / (CELL * options.stride), kinds[held]))
    return found


def frames_of(given: Input, window: Window, options: Options, *, mirror: bool = False) -> Tensor:
    """A window's frames as (1, 3, frames, height, width) floats; where the video ends before, its last is repeated."""
    pixels = given.pixels[window.item.id]
    at = np.minimum(window.first + options.stride * np.arange(options.window), len(pixels) - 1)
    height, width = options.size
    top, left = (pixels.shape[1] - height) // 2, (pixels.shape[2] - width) // 2
    clip = np.ascontiguousarray(pixels[at, top : top + height, left : left + width])
    if mirror:
        clip = np.ascontiguousarray(clip[:, :, ::-1])
    x = torch.from_numpy(clip).to(given.device).permute(3, 0, 1, 2)[None].float() / 255  # (1, 3, frames, h, w)
    mean, std = (torch.tensor(v, device=given.device).view(1, 3, 1, 1, 1) for v in (IMAGENET_MEAN, IMAGENET_STD))
    return (x - mean) / std


def regions_of(
    scores: Tensor, moves: Tensor, scales: Sequence[float], options: Options
) -> tuple[FloatArray, FloatArray]:
    """Suppressed regions (n, 2) in cells with scores, from the first stage's outputs for one window."""
    cells = len(scores)
    score = scores.detach().double().softmax(dim=-1)[..., 1].flatten().cpu().numpy()
    spans = moved(anchors_of(cells, scales), moves.detach().double().reshape(-1, 2).cpu().numpy(), cells)
    wide = spans[:, 1] - spans[:, 0] > 1e-3
    spans, score = spans[wide], score[wide]
    top = np.argsort(-score, kind="stable")[: options.before]
    taken, values = greedy_nms(spans[top], score[top], threshold=options.suppression, keep=options.after)
    return spans[top][taken], values


def sampled(kind: npt.NDArray[np.int64], number: int, share: float) -> Tensor:
    """Positions of at most `number`, at most `share` of them positive, the rest background, drawn."""
    positive, background = (torch.from_numpy(np.flatnonzero(part)) for part in (kind > 0, kind == 0))
    positive = positive[torch.randperm(len(positive))[: round(share * number)]]
    background = background[torch.randperm(len(background))[: number - len(positive)]]
    return torch.cat([positive, background])


def loss_of(network: RC3D, x: Tensor, window: Window, options: Options) -> Tensor:
    """Four terms: softmax and smooth L1 of anchors, softmax and smooth L1 of regions."""
    cells = network.trunk(x)
    scores, moves = network.regions(cells)
    device = x.device
    anchors = anchors_of(cells.shape[2], options.scales)
    kind, wanted = anchor_targets(anchors, window.wanted, options.high, options.low)
    chosen = sampled(kind, options.anchors, 0.5)
    flat, shift = scores[0].reshape(-1, 2)[chosen], moves[0].reshape(-1, 2)[chosen]
    target = torch.from_numpy(kind)[chosen].to(device)
    first = functional.cross_entropy(flat, target)
    goal = torch.from_numpy(wanted).float()[chosen].to(device)
    on = (target == 1).float()[:, None]
    second = (functional.smooth_l1_loss(shift, goal, reduction="none") * on).sum() / max(1, len(chosen))
    spans, _ = regions_of(scores[0], moves[0], options.scales, options)
    spans = np.concatenate([spans, window.wanted])  # as in the public code: the intervals themselves are regions too
    overlap = tiou(spans, window.wanted) if len(window.wanted) else np.zeros((len(spans), 1))
    best, nearest = overlap.max(axis=1), overlap.argmax(axis=1)
    label = np.where(best >= options.region_high, window.kinds[nearest] + 1 if len(window.wanted) else 0, 0)
    picked = sampled(label, options.regions, options.region_share)
    if not len(picked):
        return first + second
    at = picked.numpy()
    classes, twins = network.heads(cells[0], torch.from_numpy(spans[at]).float().to(device))
    truth = torch.from_numpy(label[at]).to(device)
    third = functional.cross_entropy(classes, truth)
    aims = np.zeros((len(at), 2))
    if len(window.wanted):
        aims = moves_of(spans[at], window.wanted[nearest[at]]) / np.array(SPREAD)
    goal = torch.from_numpy(aims).float().to(device)
    own = twins[torch.arange(len(at), device=device), truth]
    fourth = functional.smooth_l1_loss(own, goal, reduction="none") * (truth > 0).float()[:, None]
    return first + second + third + fourth.sum() / len(at)


def stages(settings: Settings, given: Input) -> Iterator[Stage]:
    """The one network."""
    options: Options = settings.options
    device, parts, names = given.device, given.videos.parts, given.videos.protocol.classes
    seeded(settings, 0)
    network = RC3D(len(names), len(options.scales), options.size, options.width, options.dropout)
    if given.start is not None:
        network.load_state_dict(network.state_dict() | fold(given.start))
    network = network.to(device)
    seen = {
        part: [w for item in parts[part] for w in windows_of(item, options, options.train_step, names)]
        for part in ("train", "validation")
    }
    train = [w for w in seen["train"] if len(w.wanted)]

    def loss(chosen: Tensor) -> Tensor:
        terms = []
        for i in chosen.tolist():
            mirror = bool(torch.rand(()) < 0.5)
            terms.append(loss_of(network, frames_of(given, train[i], options, mirror=mirror), train[i], options))
        return torch.stack(terms).mean()

    @torch.no_grad()
    def validate() -> float:
        torch.manual_seed(settings.seed)
        held = [w for w in seen["validation"] if len(w.wanted)]
        return float(np.mean([float(loss_of(network, frames_of(given, w, options), w, options)) for w in held]))

    @torch.no_grad()
    def propose(items: Sequence[Item]) -> Proposals:
        return {item.id: _propose(network, item, given, options, names) for item in items}

    yield Stage("rc3d", network, settings.training[0], len(train), loss, validate, propose)


def _propose(network: RC3D, item: Item, given: Input, options: Options, names: Sequence[str]) -> FloatArray:
    """Regions (or detections) of all windows of a video, suppressed together."""
    spans, values = [np.empty((0, 2))], [np.empty(0)]
    for window in windows_of(item, options, options.test_step, names):
        cells = network.trunk(frames_of(given, window, options))
        scores, moves = network.regions(cells)
        found, score = regions_of(scores[0], moves[0], options.scales, options)
        if options.proposals == "detections" and len(found):
            classes, twins = network.heads(cells[0], torch.from_numpy(found).float().to(given.device))
            share = classes.double().softmax(dim=1)[:, 1:]
            score, kind = (each.cpu().numpy() for each in share.max(dim=1))
            shift = twins.double().cpu().numpy()[np.arange(len(found)), kind + 1] * np.array(SPREAD)
            found = moved(found, shift, cells.shape[2])
        spans.append((window.first + found * CELL * options.stride) / item.fps)
        values.append(score)
    every, scores_ = np.clip(np.concatenate(spans), 0.0, item.duration), np.concatenate(values)
    whole = every[:, 1] - every[:, 0] > 1e-6
    threshold = options.detection_suppression if options.proposals == "detections" else options.suppression
    taken, kept = greedy_nms(every[whole], scores_[whole], threshold=threshold, keep=options.keep)
    return np.column_stack([every[whole][taken], kept])
