"""Who does the tasks of a plan: this process, or Ray on many GPUs and machines.

Job folders are the only state. A runner that was stopped in whatever way is started again: what is done is skipped,
what was begun goes on from its checkpoint.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TextIO

from fervbench.errors import InputError, JobsError, UsageError
from fervbench.files import make_folder
from fervbench.grid.runners.board import Board
from fervbench.grid.runners.one import Place
from fervbench.grid.runners.queue import Queue
from fervbench.grid.task import Data, Task

RUNNERS = {
    "serial": "fervbench.grid.runners.serial",
    "ray": "fervbench.grid.runners.on_ray",  # needs the extra `cluster`
}


def run(
    tasks: Sequence[Task],
    data: Mapping[str, Data],
    out: Path,
    *,
    runner: str = "serial",
    device: str,
    gpus_per_job: float = 1.0,
    at_once: int | None = None,
    ray_address: str | None = None,
    retries: int = 3,
    stream: TextIO | None = None,
    say: Callable[[str], None] | None = None,
) -> dict[str, Path]:
    """Do the tasks and give the folder of each job, by key.

    `gpus_per_job` (Ray): GPUs of a job, a share of one (0.5: two jobs on a GPU) or whole ones. `at_once` (Ray): how
    many jobs at a time, at most; without it as many as there are GPUs, or processors where `device` is `cpu`.
    `ray_address`: a cluster that is there already, `auto` or `HOST:PORT`. `retries`: how often a job whose process dies
    is begun again, by Ray or, where it has several ranks, by torchrun. Progress goes to `stream` (standard error), and
    single lines to `say` where it is given.

    A job that fails does not stop others. Raises JobsError at the end where any failed; before anything is begun
    InputError where data is not there, UsageError for a plan that cannot be run, MissingExtraError without Ray.
    """
    if runner not in RUNNERS:
        raise UsageError(f"no runner {runner!r}", hint=f"there are {', '.join(RUNNERS)}")
    if retries < 0 or (at_once is not None and at_once < 1):
        raise UsageError(f"{retries} retries, {at_once} jobs at once: nothing to run")
    _check_data(tasks, data)
    make_folder(out)
    queue = Queue.of([_found_from_anywhere(task) for task in tasks])
    board = Board(queue, stream=stream, say=say)
    place = Place({name: _whole(each) for name, each in data.items()}, out.absolute(), device, retries)
    module = import_module(RUNNERS[runner])
    options = {}
    if runner == "ray":
        options = {"gpus_per_job": gpus_per_job, "at_once": at_once, "address": ray_address, "retries": retries}
    with board.shown():
        module.run(queue, place, board, **options)
    failed, total = queue.of_state("failed"), len(tasks)
    if failed:
        lost = len(queue.of_state("blocked"))
        more = f", and {lost} that come after them were not tried" if lost else ""
        raise JobsError(
            f"{len(failed)} of {total} jobs failed{more}",
            hint="what is done is kept: the same command goes on with the rest",
            findings=queue.findings(),
            done=queue.folders,
        )
    return {task.key: queue.folders[task.key] for task in tasks}


def _check_data(tasks: Sequence[Task], data: Mapping[str, Data]) -> None:
    """Data that is not there is told once, and not by every job."""
    for name in dict.fromkeys(task.data for task in tasks):
        if name not in data:
            raise UsageError(f"no data for {name}", hint=f"there is data for {', '.join(data) or 'nothing'}")
        for path in data[name].packs:
            if not Path(path).exists():
                raise InputError(f"no such folder: {path}", hint="data is a release or a pack", file=path)


def _whole(data: Data) -> Data:
    """Paths that mean the same in another folder."""
    protocol = str(Path(data.protocol).absolute()) if Path(data.protocol).is_file() else data.protocol
    truth = str(Path(data.ground_truth).absolute()) if data.ground_truth is not None else None
    return Data(protocol, tuple(str(Path(pack).absolute()) for pack in data.packs), truth)


def _found_from_anywhere(task: Task) -> Task:
    kind, _, path = (task.start or "").partition(":")
    return replace(task, start=f"file:{Path(path).absolute()}") if kind == "file" else task
