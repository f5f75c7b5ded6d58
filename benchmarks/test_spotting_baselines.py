"""The spotting baselines: features a second, steps a second, proposals of SDFE-LV's 238 test videos.

Each beside a named alternative in the same run; needs torch. What is measured is small, so that two shared cores do it.
"""

from __future__ import annotations

import importlib.util
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs fervbench[baselines]")

from fervbench.reference.models import build  # noqa: E402
from fervbench.reference.spotting import bmn  # noqa: E402
from fervbench.reference.spotting.sampling_map import dense_map, sample_and_project  # noqa: E402

VIDEOS, BINS = 238, 100
ROUNDS = int(os.environ.get("FERVBENCH_ROUNDS", "5"))
LOOPS = Path(__file__).resolve().parents[1] / "tests" / "reference" / "spotting" / "direct.py"


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def direct_loop() -> ModuleType:
    spec = importlib.util.spec_from_file_location("direct", LOOPS)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def in_turn(benchmark, own: Callable[[], object], other: Callable[[], object], rounds: int = ROUNDS):
    """Seconds of both, A B A B, after one warm-up each; and the median of their ratios."""
    times: tuple[list[float], list[float]] = ([], [])

    def pair() -> None:
        for work, found in zip((own, other), times, strict=True):
            start = time.perf_counter()
            work()
            found.append(time.perf_counter() - start)

    benchmark.pedantic(pair, rounds=rounds, warmup_rounds=1)
    mine, theirs = times[0][1:], times[1][1:]
    return statistics.median(a / b for a, b in zip(mine, theirs, strict=True)), mine, theirs


def test_features_of_a_batch_against_one_snippet_at_a_time(benchmark, report):
    snippets = 8
    network = build("r18-lstm", 7, 16, [(48, 48)]).eval()
    clips = torch.rand(snippets, 3, 16, 48, 48)

    @torch.inference_mode()
    def batch() -> None:
        network.embed(clips)

    @torch.inference_mode()
    def single() -> None:
        for clip in clips:
            network.embed(clip[None])

    found, own, other = in_turn(benchmark, batch, single)
    rate = snippets / statistics.median(own)
    report(benchmark, found, own, other, f"{rate:.1f} snippets/s of 16 x 48 x 48, R18-LSTM, one core")


def test_a_step_of_bmn_against_one_with_the_dense_mask(benchmark, report):
    batch, bins = 2, BINS
    torch.manual_seed(0)
    network = bmn.BMN(1024, bins)
    mask = torch.from_numpy(dense_map(bins)).float().view(bins, -1)
    x = torch.randn(batch, 1024, bins)
    targets = (torch.rand(batch, bins), torch.rand(batch, bins), torch.rand(batch, bins, bins).triu())
    draws = torch.rand(batch, bins, bins)
    optimizer = torch.optim.Adam(network.parameters(), 1e-3)

    def dense(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        points = (x @ mask).view(len(x), -1, weight.shape[2], bins, bins)
        return torch.nn.functional.conv3d(points, weight, bias, stride=(weight.shape[2], 1, 1)).squeeze(2)

    def step(layer) -> None:
        original = bmn.sample_and_project
        bmn.sample_and_project = layer
        try:
            optimizer.zero_grad(set_to_none=True)
            bmn.loss_of(network(x), targets, draws).backward()
            optimizer.step()
        finally:
            bmn.sample_and_project = original

    found, own, other = in_turn(benchmark, lambda: step(sample_and_project), lambda: step(dense), rounds=2)
    rate = 1 / statistics.median(own)
    report(benchmark, found, own, other, f"{rate:.2f} steps/s of {batch} videos, T = {bins}, one core; dense mask")


def test_proposals_of_238_videos_against_the_direct_loop(benchmark, report):
    """The loop over pairs does 2 videos; its time is scaled to 238, which each takes alone."""
    rng = np.random.default_rng(0)
    options, loops, few = bmn.Options(), direct_loop(), 2
    outputs = [(rng.random((2, BINS, BINS)), rng.random(BINS), rng.random(BINS)) for _ in range(VIDEOS)]

    def own() -> list:
        return [bmn.decode(*each, options) for each in outputs]

    def direct() -> list:
        made = []
        for map_, start, end in outputs[:few]:
            spans, scores = [], []
            for i in range(BINS):
                for j in range(i, BINS - 1):
                    spans.append((i / BINS, (j + 1) / BINS))
                    scores.append(start[i] * end[j + 1] * map_[0, i, j] * map_[1, i, j])
            made.append(loops.soft(spans, scores, options.alpha, options.low, options.high, options.keep))
        return made

    for (shares, _), wanted in zip(own()[:few], direct(), strict=True):  # the same proposals
        assert len(shares) == len(wanted)
    _, mine, theirs = in_turn(benchmark, own, direct, rounds=2)
    scaled = [seconds * VIDEOS / few for seconds in theirs]
    found = statistics.median(a / b for a, b in zip(mine, scaled, strict=True))
    report(benchmark, found, mine, scaled, "238 videos, 4,950 candidates each; the direct loop, scaled from 2")
