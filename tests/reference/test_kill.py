"""SIGKILL at random moments: what is resumed ends in the bits of what was never interrupted."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

import fervbench

from .world import write_world

HERE = str(Path(fervbench.__file__).parents[1])  # the processes run what this one tests
ENVIRONMENT = os.environ | {"PYTHONPATH": os.pathsep.join([HERE, os.environ.get("PYTHONPATH", "")])}
TIMED = ("seconds", "clips_per_second")


def command(world: Path, out: Path) -> list[str]:
    return [sys.executable, str(Path(__file__).with_name("working.py")), str(world), str(out)]


def numbers(out: Path) -> tuple[dict[str, bytes], list[dict[str, object]], dict[str, object]]:
    """What a job left, without times: its files, its rows, its last checkpoint."""
    [folder] = out.iterdir()
    names = ["config.json", "predictions.json", "report.json", "choosing.json"]
    names += [f"predictions/{path.name}" for path in sorted((folder / "predictions").iterdir())]
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    rows = [{key: value for key, value in row.items() if key not in TIMED} for row in rows]
    state = torch.load(folder / "checkpoint.pt", weights_only=True)
    state.pop("history")
    return {name: (folder / name).read_bytes() for name in names}, rows, state


def equal(a: object, b: object) -> bool:
    if isinstance(a, torch.Tensor):
        return torch.equal(a, b)  # type: ignore[arg-type]
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(equal(a[key], b[key]) for key in a)  # type: ignore[attr-defined,index]
    if isinstance(a, list):
        return len(a) == len(b) and all(map(equal, a, b))  # type: ignore[arg-type]
    return a == b


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_killed_at_random_moments_it_ends_in_the_same_bits(tmp_path: Path):
    world = write_world(tmp_path / "world")
    start = time.monotonic()
    subprocess.run(command(world, tmp_path / "whole"), check=True, capture_output=True, env=ENVIRONMENT)
    whole = time.monotonic() - start
    wanted = numbers(tmp_path / "whole")
    moments, kills, out = random.Random(7), 0, tmp_path / "killed"
    for _ in range(8):
        process = subprocess.Popen(
            command(world, out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=ENVIRONMENT
        )
        try:
            process.wait(moments.uniform(0.6, 1.0) * whole)  # more than half of it is importing torch
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            kills += 1
        if process.returncode == 0:
            assert numbers(out)[:2] == wanted[:2]
            shutil.rmtree(out)
    assert kills
    subprocess.run(command(world, out), check=True, capture_output=True, env=ENVIRONMENT)
    found = numbers(out)
    assert found[:2] == wanted[:2]
    assert equal(found[2], wanted[2])


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_killed_at_random_steps_it_ends_in_the_same_bits(tmp_path: Path):
    """The process kills itself after a random number of steps: every round dies in the midst of training."""
    world = write_world(tmp_path / "world")
    subprocess.run(command(world, tmp_path / "whole"), check=True, capture_output=True, env=ENVIRONMENT)
    wanted = numbers(tmp_path / "whole")
    killer = (
        "import os, random, signal, sys, runpy\n"
        "from fervbench.reference.training import Trainer\n"
        "left = [int(sys.argv.pop(1))]\n"
        "old = Trainer.eager_step\n"
        "def step(self, chosen):\n"
        "    left[0] -= 1\n"
        "    if left[0] < 0: os.kill(os.getpid(), signal.SIGKILL)\n"
        "    old(self, chosen)\n"
        "Trainer.eager_step = step\n"
        "sys.argv.pop(0)\n"
        f"sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "runpy.run_path(sys.argv[0], run_name='__main__')\n"
    )
    steps, codes = random.Random(3), []
    for _ in range(30):
        arguments = command(world, tmp_path / "killed")
        script = [arguments[0], "-c", killer, str(steps.randint(5, 40)), *arguments[1:]]
        codes.append(subprocess.run(script, capture_output=True, env=ENVIRONMENT).returncode)
        if codes[-1] == 0:
            break
    assert codes[-1] == 0
    assert codes.count(-signal.SIGKILL) == len(codes) - 1 >= 3
    found = numbers(tmp_path / "killed")
    assert found[:2] == wanted[:2]
    assert equal(found[2], wanted[2])
