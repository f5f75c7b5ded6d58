"""A small part of `tools/simulate_coverage.py`: intervals hold the truth and tests err about as often as they say."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

WORLDS = 120
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    path = Path(__file__).resolve().parents[2] / "tools" / "simulate_coverage.py"
    spec = importlib.util.spec_from_file_location("simulate_coverage", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def error(share: float, worlds: int = WORLDS) -> float:
    """Four standard errors of a share."""
    return 4 * float(np.sqrt(share * (1 - share) / worlds))


def test_independent_clips(tool: ModuleType):
    share, width = {}, {}
    for way, (held, wide) in tool.holds(tool.Worlds(1), "fixed", tool.TRIED["fixed"], WORLDS, 250).items():
        share[way], width[way] = held, wide
    for t in range(3):  # all, a scenario, a scene
        for m in range(2):
            assert share["class-counts"][t, m] == pytest.approx(0.945, abs=error(0.945)), (t, m)
    assert (share["clips"][:3, 0] > 0.95 - error(0.95)).all()
    assert (width["clips"][:, 0] > width["class-counts"][:, 0]).all()  # their class counts do not vary: too wide
    assert (share["wilson"][:, 0] > 0.95 - error(0.95)).all()


def test_clips_of_one_video_are_alike(tool: ModuleType):
    found = tool.holds(tool.Worlds(2), "clustered", ("class-counts", "clusters"), WORLDS, 250)
    assert (found["class-counts"][0][:3, 0] < 0.91).all()  # WAR: too narrow, and it shows
    assert (found["clusters"][0][:3] > 0.93 - error(0.93)).all()
    assert (found["clusters"][1] > 1.1 * found["class-counts"][1]).all()


def test_what_support_says(tool: ModuleType):
    worlds = tool.Worlds(3)
    tool.PROFILES.pop("nine in ten")
    rows = list(tool.by_support(worlds, 100, 200))
    inside, reached = (np.array([row[i] for row in rows]) for i in (3, 4))
    for m in range(4):
        assert inside[..., m][reached[..., m]].mean() > 0.93
    uar = [inside[..., 1][chosen].mean() for chosen in (reached[..., 1], ~reached[..., 1])]
    assert uar[0] > uar[1] + 0.02


@pytest.mark.parametrize(("name", "gap"), [("Talkshow", 0.08), ("DL11k", 0.03)])
def test_paired_tests_err_in_one_of_twenty_worlds_and_see_a_difference(tool: ModuleType, name: str, gap: float):
    worlds = tool.Worlds(4)
    wrong = tool.refusals(worlds, name, 0.0, WORLDS, 199)
    assert (wrong < 0.055 + error(0.055)).all(), dict(zip(tool.TESTS, wrong.tolist(), strict=True))
    seen = tool.refusals(worlds, name, gap, WORLDS // 2, 199)
    assert (seen > 0.55).all(), dict(zip(tool.TESTS, seen.tolist(), strict=True))
