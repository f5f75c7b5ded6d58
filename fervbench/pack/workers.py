"""Processes that decode clips straight into the frames file.

Each worker maps the file and writes the clips it is given to their places; only hashes travel back. Processes and not
threads: listing, reading and resizing small images spend as long in the interpreter as outside of it. A worker whose
parent is gone reads the end of its pipe and leaves.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, Self, cast

import numpy as np

from fervbench.errors import InputError
from fervbench.pack.clips import BadClipError, Settings, make_decoder, pack_clip
from fervbench.pack.faces import Placed
from fervbench.pack.header import NPY_BYTES
from fervbench.pack.sources import Clip
from fervbench.pack.writing import hash_of


@dataclass(frozen=True, slots=True)
class Task:
    """A clip and its place in the frames file, in frames."""

    clip: Clip
    start: int
    length: int
    placed: Placed | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a task: the hash of its bytes, or what is wrong with the clip."""

    task: Task
    sha256: str | None
    rule: str = ""
    message: str = ""


def run(tasks: Iterator[Task], settings: Settings, frames: Path, workers: int) -> Iterator[Done]:
    """Do the tasks, in this process with one worker, in several otherwise; results come in any order.

    Raises InputError where a worker dies.
    """
    if workers <= 1:
        with _Writer(settings, frames) as writer:
            for task in tasks:
                yield writer.do(task)
        return
    yield from _in_processes(tasks, settings, frames, workers)


class _Writer:
    """Writes clips into the frames file, by position: a write never maps more memory than one clip."""

    def __init__(self, settings: Settings, frames: Path) -> None:
        self._settings, self._path = settings, frames
        self._decoder = make_decoder(settings)
        self._frame_bytes = settings.height * settings.width * 3

    def __enter__(self) -> Self:
        self._file = self._path.open("r+b", buffering=0)
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def do(self, task: Task) -> Done:
        try:
            pixels = pack_clip(task.clip, self._settings, task.placed, self._decoder)
        except BadClipError as error:
            return Done(task, None, error.rule, str(error))
        if len(pixels) != task.length:
            return Done(task, None, "changed", f"{task.clip.id}: {len(pixels)} frames, not {task.length}")
        data = np.ascontiguousarray(pixels).data.cast("B")
        self._file.seek(NPY_BYTES + task.start * self._frame_bytes)
        written = 0
        while written < len(data):
            written += self._file.write(data[written:])
        return Done(task, hash_of(data))


def _serve(connection: Connection, settings: Settings, frames: Path) -> None:
    """The life of a worker."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent is interrupted as well, and ends us
    with contextlib.suppress(EOFError, BrokenPipeError), _Writer(settings, frames) as writer:
        while True:
            connection.send(writer.do(connection.recv()))


def _in_processes(tasks: Iterator[Task], settings: Settings, frames: Path, workers: int) -> Iterator[Done]:
    from multiprocessing import get_context

    context = get_context("spawn")  # a fork of a process with threads may hang
    connections: dict[Any, list[Task]] = {}
    processes = []
    before = os.environ.get("OPENBLAS_NUM_THREADS")
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # one process a core is enough
    try:
        for _ in range(workers):
            own, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(theirs, settings, frames), daemon=True)
            process.start()
            theirs.close()
            processes.append(process)
            connections[own] = []
    finally:
        if before is None:
            del os.environ["OPENBLAS_NUM_THREADS"]
        else:
            os.environ["OPENBLAS_NUM_THREADS"] = before
    try:
        for connection in connections:
            for _ in range(2):  # one at work and one waiting: nobody is idle while we write a line
                _send(connection, connections[connection], tasks)
        while any(connections.values()):
            for ready in wait([connection for connection, under in connections.items() if under]):
                under = connections[ready]
                try:
                    done: Done = cast(Connection, ready).recv()
                except (EOFError, OSError):
                    message = f"a worker died while it packed {under[0].clip.id}"
                    raise InputError(message, hint="out of memory? try fewer --workers") from None
                under.pop(0)
                _send(ready, under, tasks)
                yield done
    finally:
        for connection in connections:
            connection.close()
        for process in processes:
            process.join(timeout=1)
            if process.is_alive():
                process.terminate()
                process.join()


def _send(connection: Any, under: list[Task], tasks: Iterator[Task]) -> None:
    task = next(tasks, None)
    if task is not None:
        with contextlib.suppress(BrokenPipeError):  # its death is told where its answer is read
            connection.send(task)
        under.append(task)
