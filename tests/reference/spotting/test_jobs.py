"""Jobs: to a scored report, the same bits again, and after a kill."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import fervbench
from fervbench.reference.spotting.parts import Input
from fervbench.reference.spotting.running import Outcome, run_job
from fervbench.reference.spotting.settings import Settings, from_recipe
from fervbench.spotting_recipes import load_spotting_recipe

from . import drawn

SMALL = {
    "bmn": {"bins": 24, "points": 8, "epochs": 2, "batch": 4},
    "bsn": {"bins": 24, "epochs": 2, "batch": 4},
    "turn": {"epochs": 2, "steps": 5, "lengths": (1, 2, 4, 8)},
    "r-c3d": {"epochs": 1, "window": 32, "stride": 4, "train_step": 16, "test_step": 16, "scales": (1, 2, 4)}
    | {"size": (16, 16), "width": 1 / 16},
}


def settings_of(network: str, **changes: object) -> Settings:
    return from_recipe(load_spotting_recipe(network), **SMALL[network] | changes)


def input_of(network: str, number: int = 20) -> Input:
    made = drawn.given(number)
    if network != "r-c3d":
        return made
    rng = np.random.default_rng(0)
    pixels = {}
    for item in made.videos.all():
        frames = rng.integers(0, 100, (item.frames, 18, 18, 3), dtype=np.uint8)
        for onset, offset in item.intervals:
            frames[round(onset * item.fps) : round(offset * item.fps)] += 120
        pixels[item.id] = frames
    return replace(made, features={}, pixels=pixels)


def run(network: str, out: Path, **changes: object) -> Outcome:
    every = float(changes.pop("every", 300.0))  # type: ignore[arg-type]
    given = input_of(network)
    return run_job(
        settings_of(network, **changes), given, {"drawn": True}, out, say=lambda _: None, synthetic=True, every=every
    )


@pytest.mark.parametrize("network", list(SMALL))
def test_every_network_ends_in_a_report_and_the_same_one_again(network: str, tmp_path: Path):
    first = run(network, tmp_path / "a")
    second = run(network, tmp_path / "b")
    assert not first.stored
    for name in ("proposals.json", "report.json", "config.json", "metrics.jsonl"):
        assert (first.folder / name).read_bytes() == (second.folder / name).read_bytes()
    again = run(network, tmp_path / "a")
    assert again.stored
    assert again.report.to_json() == first.report.to_json()
    assert "SYNTHETIC" in first.report.warnings[0]
    assert 0 <= first.report.cell(target="all")["AUC"] <= 0.99


def test_the_validation_part_picks_and_the_test_part_is_proposed_for_once(tmp_path: Path, monkeypatch):
    from fervbench.reference.spotting import bmn

    asked = []
    original = bmn.stages

    def counted(settings, given):
        for stage in original(settings, given):
            yield replace(stage, propose=lambda items, p=stage.propose: asked.append(items[0].part) or p(items))

    monkeypatch.setattr(bmn, "stages", counted)
    found = run("bmn", tmp_path, epochs=3)
    assert asked == ["validation", "validation", "validation", "test"]
    rows = drawn.metrics_without_time(found.folder)
    best = max(rows, key=lambda row: row["validation_AUC"])
    assert f"epoch {best['epoch']}, picked" in (found.folder / "done.json").read_text()


def test_what_goes_beside_a_report_is_there_before_the_job_is_done(tmp_path: Path):
    seen = []
    given = input_of("turn")
    made = run_job(
        settings_of("turn"),
        given,
        {},
        tmp_path,
        say=lambda _: None,
        synthetic=True,
        also=lambda job: seen.append(((job.folder / "report.json").is_file(), job.done)),
    )
    assert seen == [(True, False)]
    assert (made.folder / "done.json").is_file()
    assert not (made.folder / "progress.json").exists()


def test_what_is_reported_is_the_best_epoch_not_the_last(tmp_path: Path, monkeypatch):
    from fervbench.reference.spotting import running

    values = iter([0.1, 0.9, 0.2])
    monkeypatch.setattr(running, "auc_of", lambda *_: next(values))
    three = run("bmn", tmp_path, epochs=3)
    monkeypatch.setattr(running, "auc_of", lambda *_: 0.5)
    two = run("bmn", tmp_path / "two", epochs=2)
    proposals = [(job.folder / "proposals.json").read_bytes() for job in (three, two)]
    kept = torch.load(three.folder / "checkpoint-bmn.pt", weights_only=True)["best"]
    second = torch.load(two.folder / "checkpoint-bmn.pt", weights_only=True)["network"]
    assert all(torch.equal(kept[key], second[key]) for key in kept)
    assert proposals[0] != proposals[1]  # of equal ones the first epoch counts


HERE = str(Path(fervbench.__file__).parents[1])
WORK = """
import sys
from pathlib import Path
import torch
torch.set_num_threads(1)
from tests.reference.spotting.test_jobs import run
run(sys.argv[1], Path(sys.argv[2]), epochs=6, every=0.0)
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
@pytest.mark.parametrize("network", ["bsn", "bmn"])
def test_killed_at_random_moments_it_ends_in_the_same_bits(network: str, tmp_path: Path):
    root = str(Path(__file__).resolve().parents[3])
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([HERE, root, os.environ.get("PYTHONPATH", "")])}

    def command(out: Path) -> list[str]:
        return [sys.executable, "-c", WORK, network, str(out)]

    start = time.monotonic()
    subprocess.run(command(tmp_path / "whole"), check=True, capture_output=True, env=environment, cwd=root)
    seconds = time.monotonic() - start
    moments, kills = random.Random(3), 0
    for _ in range(5):
        process = subprocess.Popen(
            command(tmp_path / "killed"),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment,
            cwd=root,
        )
        try:
            process.wait(moments.uniform(0.5, 0.95) * seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            kills += 1
    assert kills
    subprocess.run(command(tmp_path / "killed"), check=True, capture_output=True, env=environment, cwd=root)
    [whole], [killed] = (list((tmp_path / name).iterdir()) for name in ("whole", "killed"))
    for name in ("proposals.json", "report.json", "metrics.jsonl"):
        assert (whole / name).read_bytes() == (killed / name).read_bytes()
