"""Losses of the proposal networks, on probabilities as the public code has them. All in float32.

A weighted logistic loss gives positives and negatives half of the weight each: with r = entries / positives, positives
weigh r / 2 and negatives r / (2 (r - 1)). Where a batch has no positive at all, r is taken as for one (the public code
divides by zero).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

EPSILON = 1e-6  # under the logarithm


def weighted_logistic(predicted: Tensor, target: Tensor, threshold: float = 0.5, mask: Tensor | None = None) -> Tensor:
    """Mean over the entries of `mask` (all by default); positive is a target above `threshold`."""
    inside = torch.ones_like(predicted) if mask is None else mask.expand_as(predicted).to(predicted.dtype)
    positive = (target > threshold).to(predicted.dtype) * inside
    entries = inside.sum()
    ratio = entries / positive.sum().clamp(min=1.0)
    on, off = 0.5 * ratio, 0.5 * ratio / (ratio - 1).clamp(min=EPSILON)
    terms = on * positive * torch.log(predicted + EPSILON)
    terms = terms + off * (inside - positive) * torch.log(1.0 - predicted + EPSILON)
    return -terms.sum() / entries


def balanced_square(predicted: Tensor, target: Tensor, mask: Tensor, draws: Tensor) -> Tensor:
    """BMN's regression of overlaps: half the mean square error over all entries above 0.7 and as many each, drawn, of
    0.3 to 0.7 and of 0 to 0.3. `draws` are uniform in [0, 1), of the shape of the map.
    """
    inside = mask.expand_as(target)
    high = target > 0.7
    weights = high.to(predicted.dtype)
    for part in ((target <= 0.7) & (target > 0.3), (target <= 0.3) & (target > 0.0) & inside):
        share = high.sum() / part.sum().clamp(min=1)
        weights = weights + (part & (draws > 1.0 - share)).to(predicted.dtype)
    return 0.5 * (((predicted - target) * weights) ** 2).sum() / weights.sum().clamp(min=1.0)


def balanced_smooth(predicted: Tensor, target: Tensor, draws: Tensor, low: float, high: float = 0.6) -> Tensor:
    """BSN's regression of overlaps: smooth L1 over all entries above `high`, as many drawn between `low` and `high`,
    twice as many at `low` or below. All (candidates,).
    """
    top = target > high
    weights = top.to(predicted.dtype)
    for part, times in (((target <= high) & (target > low), 1.0), ((target <= low), 2.0)):
        share = times * top.sum() / part.sum().clamp(min=1)
        weights = weights + (part & (draws > 1.0 - share)).to(predicted.dtype)
    terms = functional.smooth_l1_loss(predicted, target, reduction="none")
    return (terms * weights).sum() / weights.sum().clamp(min=1.0)
