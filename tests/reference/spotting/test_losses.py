"""Losses against the arithmetic of tiny cases."""

from __future__ import annotations

import math

import pytest
import torch

from fervbench.reference.spotting import bmn, bsn, turn
from fervbench.reference.spotting.losses import EPSILON, balanced_smooth, balanced_square, weighted_logistic


def test_the_weighted_logistic_gives_both_sides_half():
    found, target = torch.tensor([0.8, 0.3, 0.2, 0.1]), torch.tensor([1.0, 0.2, 0.0, 0.4])
    r = 4.0  # one of four is positive
    terms = [r / 2 * math.log(0.8 + EPSILON)]
    terms += [r / (2 * (r - 1)) * math.log(1 - p + EPSILON) for p in (0.3, 0.2, 0.1)]
    assert float(weighted_logistic(found, target)) == pytest.approx(-sum(terms) / 4, rel=1e-6)


def test_a_mask_leaves_entries_out():
    found, target = torch.tensor([0.8, 0.3, 0.99]), torch.tensor([1.0, 0.2, 1.0])
    mask = torch.tensor([True, True, False])
    assert float(weighted_logistic(found, target, mask=mask)) == pytest.approx(
        float(weighted_logistic(found[:2], target[:2])), rel=1e-6
    )


@pytest.mark.parametrize("target", [[0.0, 0.0, 0.0], [1.0, 1.0, 1.0]])
def test_without_positives_or_without_negatives_it_is_a_number(target: list[float]):
    found = torch.tensor([0.5, 0.4, 0.9], requires_grad=True)
    loss = weighted_logistic(found, torch.tensor(target))
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(found.grad).all()


def test_the_balanced_square_by_hand():
    target = torch.tensor([[0.9, 0.5, 0.4], [0.8, 0.2, 0.1], [0.0, 0.0, 0.0]])[None]
    found = torch.full_like(target, 0.5)
    mask = torch.ones(3, 3, dtype=torch.bool)
    # Two high ones; of the two middle and the two low ones each is drawn with share 2/2 = 1: all; zeros never.
    wanted = 0.5 * (0.4**2 + 0.0 + 0.1**2 + 0.3**2 + 0.3**2 + 0.4**2) / 6
    assert float(balanced_square(found, target, mask, torch.full_like(target, 0.5))) == pytest.approx(wanted, rel=1e-6)
    # With one high one the shares are 1/2: draws of 0.4 are left out, of 0.6 taken.
    target[0, 1, 0] = 0.0
    draws = torch.tensor([[0.0, 0.6, 0.4], [0.4, 0.6, 0.4], [0.9, 0.9, 0.9]])[None]
    draws[0, 1, 0] = 0.1
    wanted = 0.5 * (0.4**2 + 0.0 + 0.3**2) / 3
    assert float(balanced_square(found, target, mask, draws)) == pytest.approx(wanted, rel=1e-6)


def test_the_balanced_smooth_by_hand():
    target, found = torch.tensor([0.9, 0.4, 0.1, 0.0]), torch.tensor([0.5, 0.5, 0.5, 0.5])
    # One high, one middle (share 1), two low (share 2 * 1 / 2 = 1): all four, smooth L1 is half the square.
    wanted = (0.4**2 + 0.1**2 + 0.4**2 + 0.5**2) / 2 / 4
    assert float(balanced_smooth(found, target, torch.full((4,), 0.5), 0.2)) == pytest.approx(wanted, rel=1e-6)
    # The public code's 2.2: the middle class is empty, the low class holds everything, the high one twice.
    share = 2 * 1 / 4
    weights = [1 + 1, 0, 1, 0]
    draws = torch.tensor([1 - share + 0.01, 0.1, 0.99, 0.2])
    terms = [0.08, 0.005, 0.08, 0.125]
    wanted = sum(w * t for w, t in zip(weights, terms, strict=True)) / 3
    assert float(balanced_smooth(found, target, draws, 2.2)) == pytest.approx(wanted, rel=1e-5)


def test_bmn_adds_up():
    torch.manual_seed(0)
    found = (torch.rand(2, 2, 5, 5), torch.rand(2, 5), torch.rand(2, 5))
    targets = (torch.rand(2, 5), torch.rand(2, 5), torch.rand(2, 5, 5).triu())
    draws = torch.rand(2, 5, 5)
    upper = torch.ones(5, 5).triu().bool()
    wanted = weighted_logistic(found[1], targets[0]) + weighted_logistic(found[2], targets[1])
    wanted = wanted + 10 * balanced_square(found[0][:, 0], targets[2], upper, draws)
    wanted = wanted + weighted_logistic(found[0][:, 1], targets[2], 0.9, upper)
    assert float(bmn.loss_of(found, targets, draws)) == pytest.approx(float(wanted), rel=1e-6)


def test_the_tem_counts_action_twice():
    found = torch.rand(2, 3, 5)
    start, end, action = (torch.rand(2, 5) for _ in range(3))
    wanted = 2 * weighted_logistic(found[:, 0], action)
    wanted = wanted + weighted_logistic(found[:, 1], start) + weighted_logistic(found[:, 2], end)
    assert float(bsn.tem_loss(found, (start, end, action))) == pytest.approx(float(wanted), rel=1e-6)


def test_turn_regresses_positives_only():
    scores = torch.tensor([[0.0, 1.0], [2.0, 0.0]])
    offsets, wanted = torch.tensor([[1.0, -1.0], [9.0, 9.0]]), torch.tensor([[0.5, 0.0], [0.0, 0.0]])
    kind = torch.tensor([1, 0])
    entropy = (math.log(1 + math.exp(-1)) + math.log(1 + math.exp(-2))) / 2
    assert float(turn.loss_of(scores, offsets, kind, wanted)) == pytest.approx(entropy + 2 * 1.5, rel=1e-6)
