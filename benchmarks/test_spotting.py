"""Spotting: scoring arrays against a direct loop, growth with the number of proposals, and the whole process.

The proposals are jittered around made-up intervals, in the sizes of ActivityNet's validation set: 4,728 videos, 7,293
intervals, 100 proposals a video (or 1,000).
"""

from __future__ import annotations

import importlib.util
import json
import statistics
import sysconfig
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from fervbench.metrics import spotting

FERVBENCH = str(Path(sysconfig.get_path("scripts")) / "fervbench")
DIRECT = Path(__file__).resolve().parents[1] / "tests" / "golden" / "spotting" / "direct_loop.py"
VIDEOS, INTERVALS = 4_728, 7_293


def world(mean: int) -> dict:
    """Arrays for `rank`: `mean` proposals a video, most of them near an interval."""
    rng = np.random.default_rng(20261121)
    video = np.concatenate([np.arange(VIDEOS), rng.integers(0, VIDEOS, INTERVALS - VIDEOS)])
    onset = rng.random(INTERVALS) * 150
    length = 1 + rng.exponential(40, INTERVALS)
    target = np.stack([onset, onset + length], axis=1)
    first = {int(v): i for i, v in reversed(list(enumerate(video)))}
    counts = np.maximum(1, rng.poisson(mean, VIDEOS))
    of = np.repeat(np.arange(VIDEOS), counts)
    near = target[[first[v] for v in range(VIDEOS)]][of]
    width = (near[:, 1] - near[:, 0])[:, None]
    moved = near + rng.normal(0, 0.25, near.shape) * width
    moved = np.sort(np.maximum(moved, 0), axis=1)
    moved[:, 1] += 0.01
    return {
        "target": target,
        "target_video": video,
        "prediction": np.round(moved, 3),
        "prediction_video": of,
        "score": np.round(rng.random(len(of)), 6),
        "videos": VIDEOS,
    }


def direct_loop() -> ModuleType:
    spec = importlib.util.spec_from_file_location("direct_loop", DIRECT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def as_lists(arrays: dict, videos: int) -> tuple[list, list]:
    targets = [[] for _ in range(videos)]
    proposals = [[] for _ in range(videos)]
    for v, row in zip(arrays["target_video"].tolist(), arrays["target"].tolist(), strict=True):
        if v < videos:
            targets[v].append(tuple(row))
    rows = zip(
        arrays["prediction_video"].tolist(), arrays["prediction"].tolist(), arrays["score"].tolist(), strict=True
    )
    for v, row, score in rows:
        if v < videos:
            proposals[v].append((*row, score))
    return targets, proposals


def test_arrays_against_a_direct_loop(benchmark, report: Callable[..., None]):
    arrays = world(100)
    targets, proposals = as_lists(arrays, VIDEOS)
    module = direct_loop()
    own, other = [], []

    def once() -> None:
        start = time.perf_counter()
        spotting.rank(**arrays).curve()
        own.append(time.perf_counter() - start)

    benchmark.pedantic(once, rounds=7, warmup_rounds=1)
    for _ in range(3):
        start = time.perf_counter()
        module.recalls(targets, proposals, spotting.THRESHOLDS.tolist())
        other.append(time.perf_counter() - start)
    report(benchmark, statistics.median(other) / statistics.median(own), own, other, "at least 40 times faster")


def test_cost_grows_linearly_to_4_7_million_proposals(benchmark, report: Callable[..., None]):
    small, large = world(100), world(1000)
    own, other = [], []

    def once() -> None:
        for arrays, times in ((small, own), (large, other)):
            start = time.perf_counter()
            spotting.rank(**arrays).curve()
            times.append(time.perf_counter() - start)

    benchmark.pedantic(once, rounds=5, warmup_rounds=1)
    growth = statistics.median(other) / statistics.median(own)
    report(benchmark, growth, own, other, "about 10 times the cost for 10 times the proposals")


@pytest.fixture
def files(tmp_path: Path) -> None:
    """ActivityNet's form of 473,000 proposals, and of their ground truth."""
    arrays = world(100)
    targets, proposals = as_lists(arrays, VIDEOS)
    database = {
        f"v_{v:05d}": {
            "subset": "validation",
            "annotations": [{"segment": list(row), "label": "x"} for row in rows],
        }
        for v, rows in enumerate(targets)
    }
    (tmp_path / "truth.json").write_text(json.dumps({"database": database}))
    results = {f"v_{v:05d}": [{"segment": [a, b], "score": s} for a, b, s in rows] for v, rows in enumerate(proposals)}
    text = json.dumps({"version": "VERSION 1.3", "results": results, "external_data": {"used": False}})
    (tmp_path / "proposals.json").write_text(text)


LOOP = f"""
import importlib.util, json
spec = importlib.util.spec_from_file_location("direct_loop", {str(DIRECT)!r})
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
database = json.load(open("truth.json"))["database"]
results = json.load(open("proposals.json"))["results"]
names = list(database)
targets = [[tuple(a["segment"]) for a in database[v]["annotations"]] for v in names]
proposals = [[(*r["segment"], r["score"]) for r in results[v]] for v in names]
module.recalls(targets, proposals, [0.5 + 0.05 * i for i in range(10)])
"""


@pytest.mark.usefixtures("files")
def test_the_whole_process(ratio: Callable[..., None], python: str):
    command = [FERVBENCH, "score", "proposals.json", "--protocol", "activitynet", "--ground-truth", "truth.json"]
    target = "at most 0.067 (15 times faster), under 309 MB"
    ratio([*command, "--compat", "activitynet", "--json"], [python, "-c", LOOP], target)
