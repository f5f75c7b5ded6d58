"""Losses against direct double loops, and gradients against finite differences."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'fervbench[baselines]'")

from torch import Tensor  # noqa: E402

from fervbench.reference.losses import (  # noqa: E402
    CenterLoss,
    Objective,
    cross_entropy,
    ec_stfl,
    pairwise_distances,
)


@pytest.fixture
def batch() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(7)
    features = torch.randn(10, 5, generator=generator, dtype=torch.float64)
    labels = torch.tensor([0, 3, 3, 1, 0, 0, 6, 3, 1, 0])
    return features, labels


def distance(a: Tensor, b: Tensor) -> float:
    return math.sqrt(sum((float(p) - float(q)) ** 2 for p, q in zip(a, b, strict=True)))


def equation_9(x: Tensor, y: Tensor) -> float:
    n = len(x)
    members = [[j for j in range(n) if y[j] == y[i]] for i in range(n)]
    above = below = 0.0
    for i in range(n):
        for j in range(n):
            if j in members[i]:
                above += distance(x[i], x[j]) / len(members[i])
            else:
                below += distance(x[i], x[j]) / len(members[j])
    return above / below


def means(x: Tensor, y: Tensor) -> float:
    pairs = [(i, j) for i in range(len(x)) for j in range(len(x)) if i != j]
    within = [distance(x[i], x[j]) for i, j in pairs if y[i] == y[j]]
    between = [distance(x[i], x[j]) for i, j in pairs if y[i] != y[j]]
    return (sum(within) / len(within)) / (sum(between) / len(between))


@pytest.mark.parametrize(("reading", "direct"), [("literal", equation_9), ("mean-over-mean", means)])
def test_ec_stfl_is_what_its_double_loop_says(batch, reading: str, direct):
    assert float(ec_stfl(*batch, reading=reading)) == pytest.approx(direct(*batch), rel=1e-12)


def test_ec_stfl_worked_by_hand():
    """Two classes on a line: 0 and 2 of one, 6 of the other.

    Within: 2 (|0-2| / 2) = 2. Between: from the first class |0-6| / 1 + |2-6| / 1, towards it the same over 2: 10 + 5.
    """
    features, labels = torch.tensor([[0.0], [2.0], [6.0]]), torch.tensor([4, 4, 1])
    assert float(ec_stfl(features, labels)) == pytest.approx(2 / 15)
    assert float(ec_stfl(features, labels, reading="mean-over-mean")) == pytest.approx(2 / 5)


def test_the_readings_differ_several_times_at_the_papers_batch():
    generator = torch.Generator().manual_seed(0)
    features, labels = torch.randn(24, 64, generator=generator), torch.randint(7, (24,), generator=generator)
    ratio = ec_stfl(features, labels, reading="mean-over-mean") / ec_stfl(features, labels)
    assert 5 < float(ratio) < 12


@pytest.mark.parametrize("reading", ["literal", "mean-over-mean"])
def test_ec_stfl_gradient(batch, reading: str):
    features, labels = batch
    assert torch.autograd.gradcheck(lambda x: ec_stfl(x, labels, reading=reading), features.requires_grad_())


@pytest.mark.parametrize("reading", ["literal", "mean-over-mean"])
@pytest.mark.parametrize("labels", [[2, 2, 2], [0, 1, 2]])
def test_a_batch_without_pairs_of_one_kind_gives_nothing(reading: str, labels: list[int]):
    features = torch.randn(3, 4, dtype=torch.float64, requires_grad=True)
    loss = ec_stfl(features, torch.tensor(labels), reading=reading)
    loss.backward()
    assert loss.item() == 0
    assert not features.grad.any()


def test_equal_clips_have_a_gradient():
    features = torch.ones(4, 3, requires_grad=True)
    for loss in (pairwise_distances(features).sum(), ec_stfl(features, torch.tensor([0, 0, 1, 1]))):
        features.grad = None
        loss.backward()
        assert torch.isfinite(loss)
        assert torch.isfinite(features.grad).all()


def test_an_unknown_reading_is_an_error(batch):
    with pytest.raises(ValueError, match="no reading of EC-STFL"):
        ec_stfl(*batch, reading="eq 6")


def test_cross_entropy_is_what_its_loop_says(batch):
    _, labels = batch
    scores = torch.randn(10, 7, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    direct = 0.0
    for row, label in zip(scores, labels, strict=True):
        direct -= math.log(math.exp(float(row[label])) / sum(math.exp(float(s)) for s in row)) / len(labels)
    assert float(cross_entropy(scores, labels)) == pytest.approx(direct, rel=1e-12)
    assert torch.autograd.gradcheck(lambda s: cross_entropy(s, labels), scores.requires_grad_())


def test_center_loss_and_its_centers_are_what_the_loops_say(batch):
    features, labels = batch
    loss = CenterLoss(7, 5).double()
    loss.centers += torch.randn(7, 5, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    before = loss.centers.clone()
    direct = sum(distance(x, before[y]) ** 2 for x, y in zip(features, labels, strict=True)) / 2
    assert loss(features.detach(), labels).item() == pytest.approx(direct, rel=1e-12)
    assert torch.autograd.gradcheck(lambda x: loss(x, labels), features.requires_grad_())
    loss.update(features, labels)
    for label in range(7):
        mine = [x for x, y in zip(features.detach(), labels, strict=True) if y == label]
        step = sum((before[label] - x for x in mine), torch.zeros(5, dtype=torch.float64)) / (1 + len(mine))
        torch.testing.assert_close(loss.centers[label], before[label] - 0.5 * step)
    assert not loss.centers.requires_grad
    assert list(loss.state_dict()) == ["centers"]
    assert not list(loss.parameters())


def test_objectives(batch):
    features, labels = batch
    scores = features @ torch.randn(5, 7, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    plain = cross_entropy(scores, labels)
    centers = CenterLoss(7, 5).double()
    assert Objective()(features, scores, labels) == plain
    clustered = Objective("ec-stfl", 10.0)(features, scores, labels)
    torch.testing.assert_close(clustered, plain + 10 * ec_stfl(features, labels))
    centred = Objective("center-loss", 1e-4, centers=centers)(features, scores, labels)
    torch.testing.assert_close(centred, plain + 1e-4 * centers(features, labels))
    with pytest.raises(ValueError, match="needs its centers"):
        Objective("center-loss", 1e-4)(features, scores, labels)


def test_a_batch_of_one_class_is_skipped_with_ec_stfl_only(batch):
    features, _ = batch
    labels = torch.zeros(10, dtype=torch.long)
    features = features.clone().requires_grad_()
    Objective("ec-stfl", 10.0)(features, features, labels).backward()
    assert not features.grad.any()
    assert Objective()(features, features, labels) > 0


def test_distances_keep_their_precision_in_half_floats():
    features = torch.randn(6, 512, generator=torch.Generator().manual_seed(4))
    labels = torch.tensor([0, 0, 1, 1, 2, 2])
    assert ec_stfl(features.bfloat16(), labels).dtype == torch.float32
    assert ec_stfl(features.bfloat16(), labels) == ec_stfl(features.bfloat16().float(), labels)
