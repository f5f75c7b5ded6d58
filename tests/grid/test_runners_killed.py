"""Runners that train, stopped in every way: what is done stays done, and all ends in the bits of an unbroken run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="torch is not installed: pip install 'fervbench[baselines]'")

from .processes import ENVIRONMENT, PATIENCE, wait_for
from .running_plan import data_of, task, write_world

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL"),
]
PLAN = [{"key": "seed0", "seconds": 9.0}, {"key": "seed1", "epochs": 10}]  # in this order


def command(world: Path, out: Path, tasks: list[dict[str, Any]], **options: Any) -> list[str]:
    script = str(Path(__file__).with_name("running_plan.py"))
    return [sys.executable, script, str(world), str(out), json.dumps({"tasks": tasks, **options})]


@contextmanager
def started(*arguments: Any, **options: Any) -> Iterator[subprocess.Popen[str]]:
    """A runner in a process of its own; nothing of it is left at the end."""
    process = subprocess.Popen(command(*arguments, **options), stderr=subprocess.PIPE, text=True, env=ENVIRONMENT)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
        process.communicate()


def to_the_end(*arguments: Any, code: int = 0, **options: Any) -> list[str]:
    """Run, and give the lines that were said."""
    with started(*arguments, **options) as process:
        _, said = process.communicate(timeout=PATIENCE)
        assert process.returncode == code, said
    return said.splitlines()


def folder(world: Path, out: Path, **row: Any) -> Path:
    from fervbench.grid.work import folder_of

    return folder_of(task(**row), data_of(world), out, {}, device="cpu")


def rows(job: Path) -> list[str]:
    return (job / "metrics.jsonl").read_text().splitlines() if (job / "metrics.jsonl").is_file() else []


def in_the_midst(job: Path, after: int = 0) -> Callable[[], int | None]:
    """The process that trains a job, once it is at work beyond epoch `after` and a checkpoint is written."""

    def look() -> int | None:
        if len(rows(job)) <= after or not all((job / name).is_file() for name in ("checkpoint.pt", "progress.json")):
            return None
        return int(json.loads((job / "progress.json").read_text())["process"])

    return look


def is_there(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{process}/stat")  # one that nobody has asked for its exit code yet is gone as well
    return not (state.is_file() and state.read_text().rpartition(")")[2].split()[0] == "Z")


def kill(process: int, job: Path, runner: subprocess.Popen[str]) -> str:
    """Kill a process that trains, and make sure that it was in the midst of it; gives the first row so far."""
    first = rows(job)[0]
    os.kill(process, signal.SIGKILL)
    wait_for(lambda: not is_there(process), runner)
    assert not (job / "done.json").exists()
    return first


def answers(out: Path) -> dict[str, bytes]:
    """What every job under a folder answers."""
    return {path.parent.name: path.read_bytes() for path in out.glob("*/predictions.json")}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A small world, and under `whole` what an unbroken run of the plan leaves; checkpoints are large, so they go."""
    made = write_world(tmp_path_factory.mktemp("grid") / "world")
    said = to_the_end(made, made / "whole", PLAN)
    assert said[-1] == "2 of 2 jobs done"
    yield made
    for path in made.rglob("checkpoint.pt"):
        path.unlink()


@pytest.fixture(autouse=True)
def without_checkpoints(tmp_path: Path) -> Iterator[None]:
    yield
    for path in tmp_path.rglob("checkpoint.pt"):
        path.unlink()


def test_what_was_killed_or_interrupted_goes_on_with_what_is_missing(world: Path, tmp_path: Path):
    first, second = (folder(world, tmp_path, **row) for row in PLAN)
    with started(world, tmp_path, PLAN) as process:
        assert wait_for(in_the_midst(second), process) == process.pid
        assert (first / "done.json").is_file()
        process.kill()
        process.wait()
    assert not (second / "done.json").exists()
    times, before = {path.name: path.stat().st_mtime_ns for path in first.iterdir()}, rows(second)
    with started(world, tmp_path, PLAN) as process:
        wait_for(in_the_midst(second, after=len(before)), process)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, said
    assert "seed0: done before" in said
    assert said.splitlines()[-1].startswith("1 of 2 jobs done, 1 running")
    assert "Traceback" not in said
    lines = to_the_end(world, tmp_path, PLAN)
    assert [line for line in lines if line.startswith("going on from epoch")]
    assert lines[-1] == "2 of 2 jobs done"
    assert times == {path.name: path.stat().st_mtime_ns for path in first.iterdir()}
    assert rows(second)[0] == before[0]  # with its seconds: an epoch with a checkpoint is not done again
    assert answers(tmp_path) == answers(world / "whole")


def test_two_runners_share_the_jobs_of_one_folder(world: Path, tmp_path: Path):
    with started(world, tmp_path, PLAN) as one, started(world, tmp_path, PLAN) as other:
        said = [process.communicate(timeout=PATIENCE)[1].splitlines() for process in (one, other)]
        assert [one.returncode, other.returncode] == [0, 0], said
    for row in PLAN:
        done = f"{row['key']}: done, {folder(world, tmp_path, **row).name}"
        assert sum(lines.count(done) for lines in said) == 1, said
    assert answers(tmp_path) == answers(world / "whole")


def test_of_two_workers_of_ray_one_is_killed(world: Path, tmp_path: Path):
    pytest.importorskip("ray", reason="Ray is not installed: pip install 'fervbench[cluster]'")
    second = folder(world, tmp_path, **PLAN[1])
    with started(world, tmp_path, PLAN, runner="ray", at_once=2) as process:
        trains = wait_for(in_the_midst(second), process)
        assert trains != process.pid
        first = kill(trains, second, process)
        _, said = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, said
    assert rows(second)[0] == first  # with its seconds: the second process went on from the checkpoint
    assert answers(tmp_path) == answers(world / "whole")
    assert said.splitlines()[-1] == "2 of 2 jobs done"


def test_ranks_leave_with_their_runner_and_start_again_when_one_is_killed(world: Path, tmp_path: Path):
    row = {"key": "seed0", "epochs": 8, "ranks": 2}
    assert to_the_end(world, tmp_path / "whole", [row])[-1] == "1 of 1 jobs done"
    job = folder(world, tmp_path / "killed", **row)
    assert (tmp_path / "whole" / job.name / "done.json").is_file()
    with started(world, tmp_path / "killed", [row]) as process:
        trains = wait_for(in_the_midst(job), process)
        process.kill()
        process.wait()
    until = time.monotonic() + PATIENCE
    while is_there(trains) and time.monotonic() < until:
        time.sleep(0.05)
    assert not is_there(trains)
    assert not (job / "done.json").exists()
    before = rows(job)
    with started(world, tmp_path / "killed", [row]) as process:
        kill(wait_for(in_the_midst(job, after=len(before)), process), job, process)
        _, said = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, said
    assert rows(job)[0] == before[0]
    assert answers(tmp_path / "killed") == answers(tmp_path / "whole")
