"""SIGKILL at random moments: what is resumed ends in the bytes of what was never interrupted."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from .conftest import contents, jpeg, picture


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
@pytest.mark.parametrize("workers", [1, 2])
def test_killed_at_random_moments_it_ends_in_the_same_bytes(tmp_path: Path, workers: int):
    frames = [jpeg(picture(seed, 224, 224), 95) for seed in range(20)]
    rng = np.random.default_rng(0)
    for k in range(80):
        folder = tmp_path / "clips" / f"{k:04d}"
        folder.mkdir(parents=True)
        for i in range(int(rng.integers(8, 40))):
            (folder / f"{i}.jpg").write_bytes(frames[int(rng.integers(20))])

    def command(out: str) -> list[str]:
        arguments = ["pack", str(tmp_path / "clips"), "--out", str(tmp_path / out), "--workers", str(workers)]
        return [sys.executable, "-m", "fervbench", *arguments, "--json"]

    start = time.monotonic()
    subprocess.run(command("whole"), check=True, capture_output=True)
    whole = time.monotonic() - start
    wanted = contents(tmp_path / "whole")
    moments = random.Random(workers)
    out, partial = tmp_path / "killed", tmp_path / ".killed.partial"
    kills = 0
    while kills < 20:
        with (tmp_path / "errors").open("w+") as errors:
            process = subprocess.Popen(command("killed"), stdout=subprocess.DEVNULL, stderr=errors)
            try:
                code = process.wait(moments.uniform(0.15, 1.0) * whole)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                kills += 1
                code = None
            said = (tmp_path / "errors").read_text()
        assert code in (None, 0), said
        assert not out.exists() or contents(out) == wanted  # whole or not there
        assert code is None or out.exists()
        if out.exists() and not partial.exists():  # done, or killed after all was done: from the start again
            shutil.rmtree(out)
    subprocess.run(command("killed"), capture_output=True, check=True)
    assert contents(out) == wanted
    assert not partial.exists()
