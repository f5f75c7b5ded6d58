"""BSN: Boundary-Sensitive Network (Lin et al., ECCV 2018). Bottom-up, two stages.

The temporal evaluation module (TEM) gives three curves: start, end, action. Likely starts are paired with likely ends;
the proposal evaluation module (PEM) tells from 32 samples of the action curve how well a pair overlaps an interval.
Public code: wzmsltw/BSN-boundary-sensitive-network (pytorch). What it does, and what is done here:

1. Outputs are sigmoid(0.01 x) in the TEM; sigmoid(0.1 x) and ReLU(0.1 x) in the PEM: kept.
2. Its threshold for low overlap is 2.2 by default (0.2 in mmaction2): the middle class is then empty, every candidate
   is in the low class, and high ones in both. Here 0.2, which the 1:1:2 of the paper needs; `low_overlap` 2.2 gives the
   other.
3. Time is [i, i + 1] / T in its targets and bin centres (i + 1/2) / T in its pairs: kept.
4. The action curve is taken as zero outside the video: kept.
5. Nothing is suppressed where a video has one candidate: the same here.
6. It saves the epoch with the lowest loss on the validation part for each module: here the TEM's epoch has the lowest
   loss there (it makes no proposals by itself), the PEM's the best AUC, as SDFE-LV says.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from fervbench.metrics.intervals import tiou
from fervbench.reference.spotting.labels import bsn_curves, in_bins
from fervbench.reference.spotting.losses import balanced_smooth, weighted_logistic
from fervbench.reference.spotting.parts import FloatArray, Input, Proposals, Stage, in_seconds, rescaled, seeded
from fervbench.reference.spotting.settings import Settings, at_least
from fervbench.reference.spotting.suppression import soft_nms
from fervbench.reference.spotting.videos import Item

INSIDE, AT_BOUNDARY, PER_POINT, REACH = 16, 8, 3, 0.2  # samples, samples of each, a mean of so many, share of length
FEATURES = INSIDE + 2 * AT_BOUNDARY


@dataclass(frozen=True)
class Options:
    """`bins` is T. A peak is a local one or above `peak` times the curve's highest; `train_top` and `top` candidates
    are kept by start * end. Suppression as in BMN.
    """

    bins: int = 100
    peak: float = 0.5
    train_top: int = 500
    top: int = 1000
    high_overlap: float = 0.6
    low_overlap: float = 0.2
    alpha: float = 0.75
    low: float = 0.65
    high: float = 0.9
    keep: int = 100

    def __post_init__(self) -> None:
        at_least(self, 1, "bins", "train_top", "top", "keep")


class TEM(nn.Module):
    """1,403,395 parameters at 400 channels."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv1d(channels, 512, 3, padding=1)
        self.conv2 = nn.Conv1d(512, 512, 3, padding=1)
        self.conv3 = nn.Conv1d(512, 3, 1)
        for conv in (self.conv1, self.conv2, self.conv3):
            nn.init.xavier_uniform_(conv.weight)  # as in the public code

    def forward(self, x: Tensor) -> Tensor:
        """Action, start, end: (batch, 3, bins) from (batch, channels, bins)."""
        x = self.conv1(x).relu()  # (batch, 512, bins)
        x = self.conv2(x).relu()  # (batch, 512, bins)
        return torch.sigmoid(0.01 * self.conv3(x))  # (batch, 3, bins)


class PEM(nn.Module):
    """8,705 parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1 = nn.Linear(FEATURES, 256)
        self.fc2 = nn.Linear(256, 1)
        for layer in (self.fc1, self.fc2):
            nn.init.xavier_uniform_(layer.weight)

    def forward(self, x: Tensor) -> Tensor:
        """Overlap of each candidate, (candidates,), from (candidates, 32)."""
        x = (0.1 * self.fc1(x)).relu()  # (candidates, 256)
        return torch.sigmoid(0.1 * self.fc2(x)).squeeze(1)  # (candidates,)


def tem_loss(found: Tensor, targets: tuple[Tensor, Tensor, Tensor]) -> Tensor:
    """2 * action + start + end, each a weighted logistic; targets are start, end, action (batch, bins)."""
    start, end, action = targets
    terms = [weighted_logistic(found[:, i], target) for i, target in enumerate((action, start, end))]
    return 2.0 * terms[0] + terms[1] + terms[2]


@dataclass(frozen=True)
class Candidates:
    """Pairs of a start and an end: shares (n, 2), start and end values (n,), features (n, 32)."""

    shares: FloatArray
    start: FloatArray
    end: FloatArray
    features: FloatArray


def peaks(curve: FloatArray, share: float = 0.5) -> npt.NDArray[np.int64]:
    """Bins that are higher than both neighbours, or above `share` of the highest; the first and the last always."""
    found = curve > share * curve.max()
    found[1:-1] |= (curve[1:-1] > curve[:-2]) & (curve[1:-1] > curve[2:])
    found[[0, -1]] = True
    return np.flatnonzero(found).astype(np.int64)


def candidates_of(action: FloatArray, start: FloatArray, end: FloatArray, top: int, peak: float = 0.5) -> Candidates:
    """Every start before an end, the `top` of them by start * end, with what the PEM sees of each."""
    bins = len(action)
    i, j = (peaks(curve, peak) for curve in (start, end))
    first, last = (each.ravel() for each in np.meshgrid(i, j, indexing="ij"))
    first, last = first[first < last], last[first < last]
    order = np.argsort(-(start[first] * end[last]), kind="stable")[:top]
    first, last = first[order], last[order]
    shares = np.stack([(first + 0.5) / bins, (last + 0.5) / bins], axis=1)
    return Candidates(shares, start[first], end[last], sample_action(action, shares))


def sample_action(action: FloatArray, shares: FloatArray) -> FloatArray:
    """8 samples around the start, 8 around the end, 16 inside, each the mean of 3 interpolations: (n, 32).

    The order is that of the public code: inside, start, end.
    """
    bins = len(action)
    known = np.concatenate([[-0.5], np.arange(bins) + 0.5, [bins + 0.5]]) / bins
    values = np.concatenate([[0.0], action, [0.0]])
    low, high = shares[:, 0], shares[:, 1]
    length = high - low
    reach = REACH * length
    rows = []
    for begin, stop, number in (
        (low, high, INSIDE),
        (low - reach, low + reach, AT_BOUNDARY),
        (high - reach, high + reach, AT_BOUNDARY),
    ):
        steps = np.linspace(0.0, 1.0, PER_POINT * number)
        at = begin[:, None] + (stop - begin)[:, None] * steps
        means = np.interp(at, known, values, left=0.0, right=0.0).reshape(len(low), number, PER_POINT).mean(axis=2)
        rows.append(means)
    return np.concatenate(rows, axis=1)


def decode(given: Candidates, overlap: FloatArray, options: Options) -> tuple[FloatArray, FloatArray]:
    """Suppressed proposals as shares (n, 2) and scores (n,): the score is overlap * start * end."""
    taken, values = soft_nms(
        given.shares,
        overlap * given.start * given.end,
        alpha=options.alpha,
        low=options.low,
        high=options.high,
        keep=options.keep,
    )
    return given.shares[taken], values


def stages(settings: Settings, given: Input) -> Iterator[Stage]:
    """The TEM, and when it is trained the PEM on its curves."""
    options: Options = settings.options
    device, parts = given.device, given.videos.parts
    seeded(settings, 0)
    tem = TEM(given.channels).to(device)
    x = {part: rescaled(parts[part], given.features, options.bins, device) for part in ("train", "validation")}
    y = {part: _curve_targets(parts[part], options.bins, device) for part in ("train", "validation")}

    def loss(chosen: Tensor, part: str = "train") -> Tensor:
        targets = (y[part][0][chosen], y[part][1][chosen], y[part][2][chosen])
        return tem_loss(tem(x[part][chosen]), targets)

    @torch.no_grad()
    def validate() -> float:
        return float(loss(torch.arange(len(parts["validation"]), device=device), "validation"))

    yield Stage("tem", tem, settings.training[0], len(parts["train"]), loss, validate, None)

    @torch.no_grad()
    def curves(item: Item) -> tuple[FloatArray, FloatArray, FloatArray]:
        tem.eval()
        action, start, end = tem(rescaled([item], given.features, options.bins, device))[0].double().cpu().numpy()
        return action, start, end

    seeded(settings, 1)
    pem = PEM().to(device)
    seen = {
        part: [
            _with_overlap(item, candidates_of(*curves(item), options.train_top, options.peak), device)
            for item in parts[part]
        ]
        for part in ("train", "validation")
    }

    def pem_loss(chosen: Tensor, part: str = "train") -> Tensor:
        batch = [seen[part][i] for i in chosen.tolist()]
        features, overlap = torch.cat([f for f, _ in batch]), torch.cat([o for _, o in batch])
        draws = torch.rand(len(overlap), device=device)
        return balanced_smooth(pem(features), overlap, draws, options.low_overlap, options.high_overlap)

    @torch.no_grad()
    def pem_validate() -> float:
        torch.manual_seed(settings.seed)
        return float(pem_loss(torch.arange(len(parts["validation"])), "validation"))

    @torch.no_grad()
    def propose(items: Sequence[Item]) -> Proposals:
        made = {}
        for item in items:
            found = candidates_of(*curves(item), options.top, options.peak)
            overlap = pem(torch.from_numpy(found.features).float().to(device)).double().cpu().numpy()
            made[item.id] = in_seconds(item, *decode(found, overlap, options))
        return made

    yield Stage("pem", pem, settings.training[1], len(parts["train"]), pem_loss, pem_validate, propose)


def _curve_targets(items: Sequence[Item], bins: int, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    rows = [bsn_curves(in_bins(item.intervals, item.seconds), bins) for item in items]
    start, end, action = (torch.from_numpy(np.stack(part)).float().to(device) for part in zip(*rows, strict=True))
    return start, end, action


def _with_overlap(item: Item, found: Candidates, device: torch.device) -> tuple[Tensor, Tensor]:
    """Features of candidates and their largest overlap with an interval."""
    shares = in_bins(item.intervals, item.seconds)
    overlap = tiou(found.shares, shares).max(axis=1) if len(shares) else np.zeros(len(found.shares))
    return torch.from_numpy(found.features).float().to(device), torch.from_numpy(overlap).float().to(device)
