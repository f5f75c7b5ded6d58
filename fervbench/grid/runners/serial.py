"""One job after another in this process, longest way to the end first.

Several of these may work on one folder, on one machine or on many that share a file system: a job that another process
holds is left to it, and looked at again when nothing else is to be done.
"""

from __future__ import annotations

import time

from fervbench.errors import BusyError
from fervbench.grid.runners.board import Board
from fervbench.grid.runners.one import Place
from fervbench.grid.runners.queue import Problem, Queue
from fervbench.grid.task import Task
from fervbench.reference import numerics
from fervbench.reference.jobs import complete, held

AGAIN = 5.0  # seconds until jobs that others hold are looked at again


def run(queue: Queue, place: Place, board: Board, *, again: float = AGAIN) -> None:
    """Work the queue off. What fails is noted there, and what does not need it goes on."""
    told = False
    while not queue.over:
        ready = queue.ready()
        if ready:
            told = _one(ready[0], queue, place, board) and told
            continue
        if not told:
            names = ", ".join(queue.of_state("elsewhere"))
            board.say(f"waiting for jobs that other processes hold: {names}")
            told = True
        time.sleep(again)
        queue.set(queue.of_state("elsewhere"), "waiting")


def _one(task: Task, queue: Queue, place: Place, board: Board) -> bool:
    """Do a task, or leave it to the process that holds it; gives whether it was left."""
    key = task.key
    try:
        board.folders[key] = place.folder(task, queue.folders)
        if settle(key, queue, board):
            return queue.state[key] == "elsewhere"
        queue.set([key], "running")
        folder = place.do(task, queue.folders, board.say)
    except BusyError:
        queue.set([key], "elsewhere")
        return True
    except Exception as error:  # noqa: BLE001 - whatever it is, jobs that do not need this one go on
        fail(queue, board, key, Problem.of(error))
    else:
        queue.finish(key, folder)
        board.say(f"{key}: done, {folder.name}")
    numerics.tidy()
    return False


def settle(key: str, queue: Queue, board: Board) -> bool:
    """Whether nothing is to be done for a task now: its job is done, or in another process's hands."""
    folder = board.folders[key]
    if complete(folder):
        queue.finish(key, folder)
        board.say(f"{key}: done before")
    elif held(folder):
        queue.set([key], "elsewhere")
    else:
        return False
    return True


def fail(queue: Queue, board: Board, key: str, problem: Problem) -> None:
    """Note a failed task, and say so."""
    blocked = queue.fail(key, problem)
    more = f"; not tried for it: {', '.join(blocked)}" if blocked else ""
    board.say(f"{key}: failed: {problem.message}{more}")
