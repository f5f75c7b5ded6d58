"""The papers' losses: cross-entropy, EC-STFL (Jiang et al., DFEW, eq. 9) and center loss (Wen et al., ECCV 2016).

Conventions: `features` (batch, width) are what a network's `embed` gives, `scores` (batch, classes) what `classify`
gives, `labels` (batch,) class numbers. Every loss is one number; distances are computed in float32 at least, whatever
autocast does around them. Nothing here waits for the device.

Equations 6 to 8 of DFEW are printed inverted (P is 0 for pairs of one label, and P stands in the numerator of what is
minimised); equation 9 and the text are what is meant: one expression's clips near each other, others' far away.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

EC_STFL_WEIGHT = 10.0  # DFEW, section 4.1: "We set trade-off coefficient lambda of models with EC-STFL to 10"
CENTER_LOSS_WEIGHT = 1e-4  # the same sentence: "... of center loss to" 1e-4
CENTER_RATE = 0.5  # alpha in Wen et al., section 5.1


def cross_entropy(scores: Tensor, labels: Tensor) -> Tensor:
    """Mean of -log softmax at the true class: DFEW's "softmax loss"."""
    return functional.cross_entropy(_precise(scores), labels)


def ec_stfl(features: Tensor, labels: Tensor, *, reading: str = "literal") -> Tensor:
    """EC-STFL: distances within classes over distances between classes; 0 where a batch holds one class only.

    `literal` is equation 9: with n_i the clips of i's class in the batch (i among them),

        sum over pairs of one class of |x_i - x_j| / n_i  divided by  sum over the other pairs of |x_i - x_j| / n_j

    so every clip, and every class beside the others, weighs the same. `mean-over-mean` is the mean distance over pairs
    (i, j), i other than j, of one class, divided by the mean over the other pairs: some 6.6 times as large at DFEW's
    batch of 24, so that lambda 10 would act as 66.
    """
    same = labels[:, None] == labels[None, :]  # (batch, batch)
    distance = pairwise_distances(features)  # (batch, batch)
    count = same.sum(dim=1).to(distance.dtype)  # (batch,)
    if reading == "literal":
        within = (distance * same / count[:, None]).sum()
        between = (distance * ~same / count[None, :]).sum()
    elif reading == "mean-over-mean":
        others = count.sum() - len(labels)  # ordered pairs of one class, without a clip and itself
        within = (distance * same).sum() / others.clamp(min=1)
        between = (distance * ~same).sum() / (~same).sum().clamp(min=1)
    else:
        raise ValueError(f"{reading!r} is no reading of EC-STFL: literal, mean-over-mean")
    meant = between > 0
    return torch.where(meant, within / torch.where(meant, between, 1), 0)


def pairwise_distances(features: Tensor) -> Tensor:
    """Euclidean distances of all rows; the gradient at distance 0 is 0."""
    x = _precise(features)
    square = (x[:, None] - x[None, :]).square().sum(dim=2)  # (batch, batch)
    apart = square > 0
    return torch.where(apart, torch.where(apart, square, 1).sqrt(), 0)


class CenterLoss(nn.Module):
    """Half the sum of squared distances to the class centers (Wen et al., eq. 2); centers follow by eq. 4.

    The centers are part of the state, not parameters: `update` moves each towards its clips of the batch by `rate`
    times the sum of differences over 1 + their number. They start at zero.
    """

    centers: Tensor

    def __init__(self, num_classes: int, width: int, rate: float = CENTER_RATE) -> None:
        super().__init__()
        self.rate = rate
        self.register_buffer("centers", torch.zeros(num_classes, width))

    def forward(self, features: Tensor, labels: Tensor) -> Tensor:
        """The loss of a batch."""
        difference = _precise(features) - self.centers[labels]  # (batch, width)
        return difference.square().sum() / 2

    @torch.no_grad()
    def update(self, features: Tensor, labels: Tensor) -> None:
        """Move the centers (after the gradient step's forward pass, as the paper's algorithm 1 does)."""
        x = _precise(features)
        member = functional.one_hot(labels, len(self.centers)).to(x.dtype).T  # (classes, batch)
        count = member.sum(dim=1, keepdim=True)  # (classes, 1)
        difference = count * self.centers - member @ x  # (classes, width)
        self.centers -= self.rate * difference / (1 + count)


@dataclass(frozen=True)
class Objective:
    """Cross-entropy, with `weight` times a clustering loss where a recipe has one.

    A batch of one class gives 0 with EC-STFL, cross-entropy too: "we drop the backward step when L has no meaning,
    i.e., mini-batch only contains samples with one kind of emotion", DFEW, section 3. `meaningless` tells the trainer,
    which leaves weights, momentum and decay alone then.
    """

    name: str = "cross-entropy"
    weight: float = 0.0
    reading: str = "literal"
    centers: CenterLoss | None = None

    def __call__(self, features: Tensor, scores: Tensor, labels: Tensor) -> Tensor:
        """The loss of a batch."""
        return LOSSES[self.name](self, features, cross_entropy(scores, labels), labels)

    def meaningless(self, labels: Tensor) -> Tensor | None:
        """1.0 for a batch on which no step is to be taken, else 0.0; None for losses that mean something on any."""
        return (labels == labels[0]).all().float() if self.name == "ec-stfl" else None


def _plain(_: Objective, __: Tensor, entropy: Tensor, ___: Tensor) -> Tensor:
    return entropy


def _with_ec_stfl(objective: Objective, features: Tensor, entropy: Tensor, labels: Tensor) -> Tensor:
    total = entropy + objective.weight * ec_stfl(features, labels, reading=objective.reading)
    return torch.where((labels != labels[0]).any(), total, 0)


def _with_centers(objective: Objective, features: Tensor, entropy: Tensor, labels: Tensor) -> Tensor:
    if objective.centers is None:
        raise ValueError("center loss needs its centers")
    return entropy + objective.weight * objective.centers(features, labels)


LOSSES: dict[str, Callable[[Objective, Tensor, Tensor, Tensor], Tensor]] = {
    "cross-entropy": _plain,
    "ec-stfl": _with_ec_stfl,
    "center-loss": _with_centers,
}


def _precise(x: Tensor) -> Tensor:
    return x if x.dtype == torch.float64 else x.float()
