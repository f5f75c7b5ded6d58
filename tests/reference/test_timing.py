"""What a plan's estimate is measured with."""

from __future__ import annotations

import pytest
import torch

from fervbench.grid import costing
from fervbench.reference import numerics, timing

from .world import settings

SMALL = {"model": "r18", "frames": 2, "sizes": ((32, 32),), "batch": 2}


def test_as_many_steps_are_timed_as_it_says(monkeypatch: pytest.MonkeyPatch):
    calls = []
    backward = torch.autograd.backward
    monkeypatch.setattr(torch.autograd, "backward", lambda loss: calls.append(float(loss.detach())) or backward(loss))
    clock = iter((10.0, 16.0))
    monkeypatch.setattr(timing.time, "perf_counter", lambda: next(clock))
    assert timing.seconds_a_step(settings(**SMALL), torch.device("cpu")) == 6.0 / timing.STEPS
    assert len(calls) == timing.STEPS + 1
    assert all(loss > 0 for loss in calls)


def test_operations_a_second_are_three_forward_passes_of_the_batch(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(timing, "seconds_a_step", lambda settings, device: 0.5)
    rate = costing._timed(settings(**SMALL), torch.device("cpu"))
    assert rate == 3 * 2 * costing.forward(settings(**SMALL)) / 0.5


@pytest.mark.parametrize(("model", "expected"), [("r18", False), ("vgg11-lstm", False), ("c3d", True), ("p3d", True)])
def test_networks_that_see_time(model: str, expected: bool):
    assert timing.sees_time(model, 8, ((112, 112),)) is expected


def test_a_device_has_a_name():
    assert numerics.named(torch.device("cpu")).startswith("CPU, ")
