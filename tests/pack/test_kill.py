"""SIGKILL at random moments: what is resumed ends in the bytes of what was never interrupted."""

from __future__ import annotations

import random
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
    moments = random.Random(workers)
    out = tmp_path / "killed"
    kills = resumed = 0
    while kills < 20:
        process = subprocess.Popen(command("killed"), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            process.wait(moments.uniform(0.15, 1.0) * whole)
        except subprocess.TimeoutExpired:
            process.kill()
            kills += 1
            assert not out.exists() or contents(out) == contents(tmp_path / "whole")  # whole or not there
        else:
            assert process.returncode == 0, process.stderr.read()
            assert contents(out) == contents(tmp_path / "whole")
            for path in out.iterdir():
                path.unlink()
            out.rmdir()
        resumed += "done before" in process.communicate()[1]
    done = subprocess.run(command("killed"), capture_output=True, text=True, check=False)
    assert done.returncode == 0 or "exists already" in done.stderr
    assert contents(out) == contents(tmp_path / "whole")
    assert not list(tmp_path.glob(".killed*"))
