"""A chain of extractor, features and network, killed anywhere, by Ray or serially: the bytes of an unbroken run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="torch is not installed: pip install 'fervbench[baselines]'")

from .drawn import OPTIONS, write_dfew, write_sdfe_lv
from .processes import ENVIRONMENT, PATIENCE, wait_for

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL"),
]


def command(world: Path, out: Path, *more: str) -> list[str]:
    data = ["--data", f"dfew={world / 'dfew-face.pack'}", "--data", str(world / "sdfe-lv-face.pack")]
    truth = ["--ground-truth", f"sdfe-lv={world / 'intervals.json'}"]
    network = ["--set", "bmn.bins=24", "--set", "bmn.points=8", "--set", "bmn.epochs=12", "--set", "bmn.milestones=[]"]
    chain = ["run-baseline", "--table", "sdfe-lv/table3", "--only", "bmn+r18-lstm", *data, *truth, *OPTIONS, *network]
    return [sys.executable, "-m", "fervbench", *chain, "--out", str(out), *more]


def whole(world: Path, out: Path, *more: str) -> str:
    done = subprocess.run(
        command(world, out, *more), capture_output=True, text=True, env=ENVIRONMENT, timeout=PATIENCE, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def answers(out: Path) -> dict[str, bytes]:
    """What a chain leaves, by the names of its folders."""
    names = ("*/predictions.json", "features/*/features.npy", "*/proposals.json", "bmn-*/report.json")
    return {str(path.relative_to(out)): path.read_bytes() for name in names for path in out.glob(name)}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Packs, and under `whole` what an unbroken run leaves."""
    folder = tmp_path_factory.mktemp("world")
    write_dfew(folder)
    write_sdfe_lv(folder, 60)
    whole(folder, folder / "whole")
    assert len(answers(folder / "whole")) == 4
    yield folder
    for path in folder.rglob("checkpoint*.pt"):
        path.unlink()


def test_killed_among_features_and_in_training_it_goes_on(world: Path, tmp_path: Path):
    def journal() -> bool:
        found = list(tmp_path.glob("features/.*.partial/journal"))
        return bool(found) and found[0].read_text().count("\n") >= 3

    def trains() -> bool:
        rows = [path.read_text().count("\n") for path in tmp_path.glob("bmn-*/metrics.jsonl")]
        return bool(rows) and rows[0] >= 2

    for condition in (journal, trains):
        process = subprocess.Popen(command(world, tmp_path), stderr=subprocess.PIPE, text=True, env=ENVIRONMENT)
        wait_for(condition, process)
        process.kill()
        process.communicate()
        assert not list(tmp_path.glob("bmn-*/done.json"))
    shown = whole(world, tmp_path)
    assert "3 of 3 jobs are done" in shown
    assert answers(tmp_path) == answers(world / "whole")


def test_a_worker_of_ray_dies_and_the_job_goes_on(world: Path, tmp_path: Path):
    pytest.importorskip("ray", reason="Ray is not installed: pip install 'fervbench[cluster]'")
    more = ("--runner", "ray", "--at-once", "1")
    process = subprocess.Popen(command(world, tmp_path, *more), stderr=subprocess.PIPE, text=True, env=ENVIRONMENT)

    def worker() -> int | None:
        for path in tmp_path.glob("bmn-*/progress.json"):
            if (path.parent / "checkpoint-bmn.pt").is_file():
                return int(json.loads(path.read_text())["process"])
        return None

    os.kill(wait_for(worker, process), signal.SIGKILL)
    assert not list(tmp_path.glob("bmn-*/done.json"))
    _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, said
    assert answers(tmp_path) == answers(world / "whole")
