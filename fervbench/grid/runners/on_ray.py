"""Ray Core places jobs on the GPUs of one machine or many, and begins a job again whose process died.

The order is ours: a job is handed to Ray when there is room for it, so that a chain's next job does not stand behind
all others. Workers tell this process how a job ended, and no more; how far they are is read from the job folders, which
must be on a file system that all machines share. Each job has a process of its own, which gives its memory back.
"""

from __future__ import annotations

import logging
import math
import os
import secrets
import time
from pathlib import Path
from typing import Any

from fervbench.errors import BusyError, InputError, MissingExtraError, UsageError
from fervbench.grid.runners.board import Board
from fervbench.grid.runners.one import Place
from fervbench.grid.runners.queue import Problem, Queue
from fervbench.grid.runners.serial import AGAIN, fail, settle
from fervbench.grid.task import Task

STORE = 80 * 2**20  # bytes of Ray's object store: nothing but small answers passes through it
PASSED = ("FERVBENCH_", "OMP_NUM_THREADS")  # environment that workers get from here


def run(
    queue: Queue,
    place: Place,
    board: Board,
    *,
    gpus_per_job: float = 1.0,
    at_once: int | None = None,
    address: str | None = None,
    retries: int = 3,
) -> None:
    """Work the queue off on a cluster: the one at `address`, or one of this machine that ends with this call.

    Raises MissingExtraError without Ray, UsageError where no cluster is found or it lacks the GPUs asked for.
    """
    _check_share(gpus_per_job)
    ray = _connect(address, at_once, on_gpu=_on_gpu(place))
    try:
        remote = ray.remote(max_calls=1, max_retries=retries)(_do)
        _loop(ray, remote, queue, place, board, gpus_per_job, at_once, retries)
    finally:
        ray.shutdown()


def _check_share(gpus: float) -> None:
    if not math.isfinite(gpus) or gpus <= 0 or (gpus > 1 and gpus != int(gpus)):
        raise UsageError(f"{gpus:g} GPUs a job", hint="a share of one (0.5: two jobs on a GPU), or a whole number")


def _on_gpu(place: Place) -> bool:
    return place.device.startswith("cuda")


def _connect(address: str | None, at_once: int | None, *, on_gpu: bool) -> Any:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_worker_niceness", "0")  # of a cluster that starts here; 15 is Ray's
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    if address is None and not {"RAY_AUTH_MODE", "RAY_AUTH_TOKEN"}.intersection(os.environ):
        # A token of this cluster alone, before Ray reads it: newer versions else write one to the home folder.
        os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    try:
        import ray
    except ImportError:
        raise MissingExtraError("--runner ray", "cluster") from None
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    try:
        if address is not None:
            ray.init(address=address, **quiet)
        else:
            number = os.cpu_count() or 1
            processors = number if on_gpu or at_once is None else at_once
            ray.init(address="local", num_cpus=processors, include_dashboard=False, object_store_memory=STORE, **quiet)
    except (ConnectionError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        said = str(error).strip().splitlines() or [type(error).__name__]
        if address is None:
            raise InputError(f"Ray does not start here: {said[0]}") from None
        hint = "ray start --head there, ray start --address HOST:6379 on others; the same Ray and RAY_AUTH_MODE on all"
        raise UsageError(f"no Ray cluster at {address}: {said[0]}", hint=hint) from None
    return ray


def _loop(
    ray: Any,
    remote: Any,
    queue: Queue,
    place: Place,
    board: Board,
    gpus_per_job: float,
    at_once: int | None,
    retries: int,
) -> None:
    environment = {key: value for key, value in os.environ.items() if key.startswith(PASSED)}
    running: dict[Any, str] = {}
    looked = time.monotonic()

    def needs(task: Task) -> float:
        """GPUs of a task, or processors: a rank has one of its own."""
        if not _on_gpu(place):
            return float(task.ranks)
        return float(task.ranks) if task.ranks > 1 else gpus_per_job

    while not queue.over:
        room = _room(ray, on_gpu=_on_gpu(place))
        board.places = _places(room, at_once, gpus_per_job if _on_gpu(place) else 1.0)
        for task in queue.ready():
            if _settled(task, queue, place, board):
                continue
            need = needs(task)
            if need > max(room, default=0.0):
                fail(queue, board, task.key, _too_large(need, room, on_gpu=_on_gpu(place)))
                continue
            taken = sum(needs(queue.tasks[key]) for key in running.values())
            if taken + need > sum(room) or (at_once is not None and len(running) >= at_once):
                break  # whoever is first in line waits for room, or large jobs would never find any
            resources = {"num_gpus": need, "num_cpus": 0} if _on_gpu(place) else {"num_cpus": need}
            queue.set([task.key], "running")
            reference = remote.options(name=task.key, **resources).remote(place, task, queue.folders, environment)
            running[reference] = task.key
        ended, _ = ray.wait(list(running), num_returns=1, timeout=1.0) if running else ([], [])
        for reference in ended:
            _note(ray, reference, running.pop(reference), queue, board, retries)
        if not running and not queue.ready():
            time.sleep(min(AGAIN, 1.0))
        if time.monotonic() - looked >= AGAIN:
            looked = time.monotonic()
            queue.set(queue.of_state("elsewhere"), "waiting")


def _settled(task: Task, queue: Queue, place: Place, board: Board) -> bool:
    """Whether nothing is to be run for a task: it is done, or cannot be begun."""
    try:
        if task.key not in board.folders:
            board.folders[task.key] = place.folder(task, queue.folders)
    except BusyError:  # another process makes a pack
        queue.set([task.key], "elsewhere")
        return True
    except Exception as error:  # noqa: BLE001 - whatever it is, jobs that do not need this one go on
        fail(queue, board, task.key, Problem.of(error))
        return True
    return settle(task.key, queue, board)


def _note(ray: Any, reference: Any, key: str, queue: Queue, board: Board, retries: int) -> None:
    """What became of a job."""
    try:
        folder, problem = ray.get(reference)
    except ray.exceptions.RayError as error:
        said = str(error).strip().splitlines() or [""]
        message = f"its process died {retries + 1} times ({type(error).__name__}: {said[0]})"
        fail(queue, board, key, Problem(message, "out of memory? fewer jobs at once, or fewer a GPU"))
        return
    if problem is not None:
        fail(queue, board, key, problem)
    elif folder is None:
        queue.set([key], "elsewhere")
    else:
        queue.finish(key, Path(folder))
        board.say(f"{key}: done, {Path(folder).name}")


def _do(
    place: Place, task: Task, folders: dict[str, Path], environment: dict[str, str]
) -> tuple[str | None, Problem | None]:
    """On a worker: the folder of a task that is done, or why it failed; neither where another process holds it."""
    os.environ.update(environment)
    try:
        return str(place.do(task, folders, _silent)), None
    except BusyError:
        return None, None
    except Exception as error:  # noqa: BLE001 - it goes to whoever runs the plan
        return None, Problem.of(error)


def _silent(text: str) -> None:
    """What a worker says is read from its folder."""
    del text


def _room(ray: Any, *, on_gpu: bool) -> list[float]:
    """GPUs, or processors, of each machine of the cluster."""
    kind = "GPU" if on_gpu else "CPU"
    return [float(node["Resources"].get(kind, 0.0)) for node in ray.nodes() if node["Alive"]]


def _places(room: list[float], at_once: int | None, need: float) -> int:
    found = int(sum(room) / need + 1e-9)
    return max(1, found if at_once is None else min(found, at_once))


def _too_large(need: float, room: list[float], *, on_gpu: bool) -> Problem:
    kind = "GPUs" if on_gpu else "processors"
    message = f"needs {need:g} {kind} on one machine; the largest of the cluster has {max(room, default=0.0):g}"
    return Problem(message, "another --device, or fewer ranks or GPUs a job" if on_gpu else None)
