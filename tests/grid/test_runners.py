"""The runners without training: what is done when, what a failure costs, what is shown."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="torch is not installed: pip install 'fervbench[baselines]'")

from fervbench.errors import BusyError, InputError, JobsError, MissingExtraError, UsageError
from fervbench.grid.runners import RUNNERS, board, on_ray, passing, run, serial, torchrun
from fervbench.grid.runners.board import Board
from fervbench.grid.runners.one import Place
from fervbench.grid.runners.queue import Problem, Queue
from fervbench.grid.task import Data, Task
from fervbench.recipes import load_recipe, recipe_ids
from fervbench.reference.jobs import Job, held, locked
from fervbench.reference.naming import settings_of
from fervbench.reference.settings import Settings


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def a_task(key: str, seconds: float = 1.0, *after: str) -> Task:
    return Task(key, Settings("r18-lstm", epochs=4), "d", "all", after=after, seconds=seconds)


@pytest.fixture
def worked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """Tasks are done by a note in this list; those named `bad` fail, those named `busy` are held the first time."""
    found: list[str] = []

    def folder(self: Place, task: Task, folders: Mapping[str, Path]) -> Path:
        if task.key == "absent":
            raise UsageError("no such data", hint="name it")
        return self.out / task.key

    def do(self: Place, task: Task, folders: Mapping[str, Path], say: Callable[[str], None]) -> Path:
        found.append(task.key)
        assert set(task.after) <= folders.keys()
        if task.key.startswith("bad"):
            raise InputError("the loss is no number", hint="a lower learning rate")
        if task.key.startswith("bug"):
            raise ZeroDivisionError("division by zero")
        if task.key.startswith("stop"):
            raise KeyboardInterrupt
        if task.key.startswith("busy") and found.count(task.key) == 1:
            raise BusyError("another process is at work on this job")
        made = self.out / task.key
        made.mkdir()
        (made / "done.json").write_text("{}")
        return made

    monkeypatch.setattr(Place, "folder", folder)
    monkeypatch.setattr(Place, "do", do)
    monkeypatch.setattr(serial.run, "__kwdefaults__", {"again": 0.01})
    return found


def go(tasks: list[Task], out: Path, **options: Any) -> tuple[dict[str, Path], str]:
    said = io.StringIO()
    data = {"d": Data("ferv39k", (str(out.parent),))}
    return run(tasks, data, out, device="cpu", stream=said, **options), said.getvalue()


def test_longest_first_and_done_ones_are_skipped(worked: list[str], tmp_path: Path):
    tasks = [a_task("short", 1), a_task("long", 9), a_task("end", 8, "start"), a_task("start", 5)]
    found, _ = go(tasks, tmp_path / "out")
    assert worked == ["start", "long", "end", "short"]
    assert list(found) == ["short", "long", "end", "start"]
    assert found["end"] == tmp_path / "out" / "end"
    again, said = go(tasks, tmp_path / "out")
    assert again == found
    assert len(worked) == 4
    assert said.splitlines()[-1] == "4 of 4 jobs done"
    (tmp_path / "out" / "long" / "done.json").unlink()
    (tmp_path / "out" / "long").rmdir()
    go(tasks, tmp_path / "out")
    assert worked[4:] == ["long"]


def test_a_failure_stops_only_what_needs_it_and_all_are_told_at_the_end(worked: list[str], tmp_path: Path):
    tasks = [a_task("bad", 9), a_task("next", 1, "bad"), a_task("last", 1, "next"), a_task("bug"), a_task("good")]
    with pytest.raises(JobsError) as caught:
        go([*tasks, a_task("absent")], tmp_path / "out")
    error = caught.value
    assert error.exit_code == 1
    assert error.message == "3 of 6 jobs failed, and 2 that come after them were not tried"
    assert error.done == {"good": tmp_path / "out" / "good"}
    assert worked == ["bad", "bug", "good"]
    rows = {finding.id: (finding.rule, finding.message, finding.hint) for finding in error.findings}
    assert rows["bad"] == ("job-failed", "bad: the loss is no number", "a lower learning rate")
    assert rows["absent"] == ("job-failed", "absent: no such data", "name it")
    assert rows["bug"][1].startswith("bug: ZeroDivisionError: division by zero (test_runners.py, line")
    assert rows["next"] == ("job-not-tried", "next: comes after bad", None)
    assert rows["last"] == ("job-not-tried", "last: comes after next", None)


def test_a_job_in_other_hands_is_left_and_looked_at_again(worked: list[str], tmp_path: Path):
    _, said = go([a_task("busy", 9), a_task("good"), a_task("after", 1, "busy")], tmp_path / "out")
    assert worked == ["busy", "good", "busy", "after"]
    assert said.count("waiting for jobs that other processes hold: busy") == 1


def test_a_held_job_is_seen_without_beginning_it(worked: list[str], tmp_path: Path):
    job = Job(tmp_path / "out" / "one", {})
    job.folder.mkdir(parents=True)
    queue = Queue.of([a_task("one")])
    place, table = Place({}, tmp_path / "out", "cpu"), Board(queue, stream=io.StringIO())
    assert not held(job.folder)
    with locked(job):
        assert held(job.folder)
        assert serial._one(queue.tasks["one"], queue, place, table)
        assert queue.state["one"] == "elsewhere"
    assert not held(job.folder)
    assert worked == []


def test_an_interrupt_ends_it_at_once(worked: list[str], tmp_path: Path):
    with pytest.raises(KeyboardInterrupt):
        go([a_task("good", 9), a_task("stop", 5), a_task("later")], tmp_path / "out")
    assert worked == ["good", "stop"]
    assert (tmp_path / "out" / "good" / "done.json").is_file()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"runner": "slurm"}, "no runner 'slurm'"),
        ({"retries": -1}, "nothing to run"),
        ({"at_once": 0}, "nothing to run"),
        ({"runner": "ray", "gpus_per_job": 1.5}, "1.5 GPUs a job"),
        ({"runner": "ray", "gpus_per_job": 0}, "0 GPUs a job"),
    ],
)
def test_what_makes_no_sense_is_refused(options: dict[str, Any], message: str, tmp_path: Path):
    with pytest.raises(UsageError, match=message):
        go([a_task("a")], tmp_path / "out", **options)


def test_data_that_is_not_there_is_told_once(worked: list[str], tmp_path: Path):
    with pytest.raises(InputError, match="no such folder: nowhere"):
        run([a_task("a"), a_task("b")], {"d": Data("ferv39k", ("nowhere",))}, tmp_path / "out", device="cpu")
    with pytest.raises(UsageError, match="no data for d"):
        run([a_task("a")], {}, tmp_path / "out", device="cpu")
    assert worked == []
    assert not (tmp_path / "out").exists()


def test_without_ray_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match="--runner ray needs an extra") as caught:
        go([a_task("a")], tmp_path / "out", runner="ray")
    assert caught.value.hint == "pip install 'fervbench[cluster]'"


def test_importing_the_runners_needs_no_ray():
    assert set(RUNNERS) == {"serial", "ray"}
    text = Path(on_ray.__file__).read_text()
    assert "\nimport ray" not in text


@pytest.mark.parametrize("id", [id for id in recipe_ids() if "/tsn-" not in id])
def test_a_task_passes_through_json(id: str):
    settings = replace(settings_of(load_recipe(id)), lr_grid=(0.1, 0.01), ranks=2)
    task = Task("k", settings, "d", "all", ("a", "b"), "task:a", 3.5, 2)
    data = {"d": Data("p.toml", ("faces", "scenes"), "labels.csv")}
    given = (task, data, Path("out"), {"a": Path("out/a")}, "cuda")
    assert passing.from_json(passing.to_json(*given)) == given


def write_job(folder: Path, epochs: int, /, **progress: object) -> Path:
    folder.mkdir(parents=True)
    rows = [{"epoch": k + 1, "loss": 1.5 - k / 4, "seconds": 10.0, "clips_per_second": 99.5} for k in range(epochs)]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    if progress:
        (folder / "progress.json").write_text(json.dumps(progress))
    return folder


def test_a_folder_is_read_whatever_is_in_it(tmp_path: Path):
    assert board.look(None, 4) == board.look(tmp_path, 4) == board.Seen(epochs=4)
    rows = board.look(write_job(tmp_path / "rows", 3), 4)
    assert rows == board.Seen(epoch=3, epochs=4, rate=99.5, loss=1.0, left=10.0, took=40.0)
    content = {"epoch": 2, "epochs": 4, "clips_per_second": 50.0, "loss": 0.7, "seconds_left": 25.0, "name": ""}
    both = board.look(write_job(tmp_path / "both", 1, **content), 4)
    assert both == board.Seen(epoch=2, epochs=4, rate=50.0, loss=0.7, left=25.0, took=40.0)
    for name in ("metrics.jsonl", "progress.json"):
        (tmp_path / "both" / name).write_text('{"epoch": ')
    assert board.look(tmp_path / "both", 4) == board.Seen(epochs=4)


def a_board(tmp_path: Path, stream: io.StringIO, height: int = 30) -> Board:
    queue = Queue.of([a_task(key, 20) for key in ("one", "two", "three", "four", "five")])
    found = Board(queue, stream=stream, size=lambda: (100, height))
    queue.finish("one", write_job(tmp_path / "one", 4))
    queue.set(["two"], "running")
    content = {"epoch": 3, "epochs": 4, "clips_per_second": 1234.5, "loss": 0.25, "seconds_left": 15.0, "name": ""}
    found.folders["two"] = write_job(tmp_path / "two", 2, **content)
    queue.fail("three", Problem("the loss is no number"))
    return found


def test_the_table(tmp_path: Path):
    table = a_board(tmp_path, Terminal())
    *rows, last = table.rows(30)
    assert rows == [
        "job    state       epoch   clips/s     loss         left",
        "two    running       3/4   1,234.5   0.2500         15 s",
        "three  failed    the loss is no number",
        "four   waiting",
        "five   waiting",
        "one    done          4/4      99.5   0.7500",
    ]
    # Jobs took 40 s where the plan said 20, so the two that wait take 40 s each, after 15 s of the one that runs.
    assert last.startswith("1 of 5 jobs done, 1 running, 2 waiting, 1 failed, about 1 min 35 s left; ")
    table.places = 2
    assert table.left() == 55.0
    assert table.rows(6)[-2] == "... and 1 waiting, 1 done"
    assert len(table.rows(6)) == 6


def test_without_estimates_the_jobs_so_far_say_how_long(tmp_path: Path):
    queue = Queue.of([a_task("one", 0.0), a_task("two", 0.0)])
    table = Board(queue, stream=io.StringIO())
    assert table.headline() == "0 of 2 jobs done, 2 waiting"
    queue.finish("one", write_job(tmp_path / "one", 4))
    assert table.headline() == "1 of 2 jobs done, 1 waiting, about 40 s left"


def test_a_terminal_is_drawn_over(tmp_path: Path):
    stream = Terminal()
    table = a_board(tmp_path, stream)
    table.draw()
    first = stream.getvalue()
    table.say("four: done")
    table.draw()
    screen: list[str] = []
    for part in stream.getvalue().split("\x1b["):  # what a terminal makes of it: so many lines up, and clear
        if part.endswith("F"):
            del screen[len(screen) - int(part[:-1]) :]
        else:
            screen += part.removeprefix("J").splitlines()
    assert screen[0] == "four: done"
    assert screen[1:-1] == first.splitlines()[:-1]


def test_elsewhere_than_on_a_terminal_it_is_lines(tmp_path: Path):
    stream = io.StringIO()
    table = a_board(tmp_path, stream)
    table.say("four: done\x1b[2J")
    table.draw()
    said, line = stream.getvalue().splitlines()
    assert said == "four: done\\x1b[2J"
    assert line == "1 of 5 jobs done, 1 running, 2 waiting, 1 failed, about 1 min 35 s left (two 3/4)"
    assert "\x1b" not in stream.getvalue()


def test_lines_go_to_whoever_wants_them(worked: list[str], tmp_path: Path):
    heard: list[str] = []
    go([a_task("one")], tmp_path / "out", say=heard.append)
    assert heard == ["one: done, one"]


def test_when_torchrun_gives_up_the_last_lines_of_the_last_attempt_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    script = """
import pathlib, sys
for attempt in (0, 1, 10):
    for rank in (0, 1):
        own = pathlib.Path(sys.argv[1]) / "logs" / "run" / f"attempt_{attempt}" / str(rank)
        own.mkdir(parents=True)
        said = "" if rank and attempt else "".join(f"{attempt} {rank} line {k}\\n\\n" for k in range(9))
        (own / "stderr.log").write_text(said)
sys.exit(3)
"""
    monkeypatch.setattr(torchrun, "_command", lambda ranks, restarts, own: [sys.executable, "-c", script, str(own)])
    with pytest.raises(InputError) as caught:
        torchrun.launch(a_task("a"), {}, tmp_path, {}, device="cpu", restarts=10)
    lines = " / ".join(f"10 0 line {k}" for k in range(3, 9))
    assert caught.value.message == f"torchrun gave up after 10 restarts (exit code 3): rank 0: {lines}"


@pytest.mark.parametrize(("busy", "made"), [(True, BusyError), (False, InputError)])
def test_what_a_rank_says_is_raised_here(
    busy: bool, made: type[Exception], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    row = json.dumps({"message": "a word", "hint": None, "file": None, "busy": busy})
    script = f"import pathlib, sys; (pathlib.Path(sys.argv[1]) / 'error.json').write_text({row!r}); sys.exit(1)"
    monkeypatch.setattr(torchrun, "_command", lambda ranks, restarts, own: [sys.executable, "-c", script, str(own)])
    with pytest.raises(made, match="a word"):
        torchrun.launch(a_task("a"), {}, tmp_path, {}, device="cpu", restarts=0)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs signals")
def test_an_interrupt_ends_torchrun_in_peace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    script = """
import pathlib, signal, sys, time
own = pathlib.Path(sys.argv[1])
def leave(*_):
    (own / "left").touch()
    sys.exit(0)
signal.signal(signal.SIGTERM, leave)
(own / "begun").touch()
time.sleep(60)
"""

    class Interrupted(subprocess.Popen):  # type: ignore[type-arg]
        def wait(self, timeout: float | None = None) -> int:
            if timeout is None:
                while not (tmp_path / "begun").exists():
                    time.sleep(0.01)
                raise KeyboardInterrupt
            return super().wait(timeout)

    monkeypatch.setattr(torchrun.subprocess, "Popen", Interrupted)
    with pytest.raises(KeyboardInterrupt):
        torchrun._wait([sys.executable, "-c", script, str(tmp_path)], tmp_path)
    assert (tmp_path / "left").exists()
