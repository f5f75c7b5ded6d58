"""Doing one task of a plan: its job folder, trained where it is not done.

A task is done by whoever calls `work`: in this process, on a worker of Ray, under torchrun. All that passes between
tasks are job folders.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

from fervbench.errors import UsageError
from fervbench.grid import spotting
from fervbench.grid.task import Data, Task
from fervbench.ground_truth import checked
from fervbench.pack.header import HEADER
from fervbench.protocol import Protocol, build, load_protocol
from fervbench.reference import numerics, running
from fervbench.reference.clips import load_pixels
from fervbench.reference.distributed import join, leave
from fervbench.reference.jobs import complete
from fervbench.reference.networks import streams_of
from fervbench.reference.packing import Wanted, find_packs
from fervbench.reference.settings import Settings, name_of
from fervbench.reference.starting import Start, name_of_file, start_of_file, start_of_job
from fervbench.reference.synthetic import is_synthetic, labels_of
from fervbench.resources import data_dir

Say = Callable[[str], None]
BROUGHT = ("afew", "ckplus")  # protocols of the plans; the labels are those that packs have from the releases


def folder_of(
    task: Task, data: Mapping[str, Data], out: Path, folders: Mapping[str, Path], *, device: str | None = None
) -> Path:
    """The folder of a task's job; nothing is trained. `folders` are those of finished tasks, by key.

    `device` is what `work` is given; the kind of it is part of a job's name. Raises what `work` raises for data that is
    not there.
    """
    where = numerics.choose_device(device)
    if not isinstance(task.settings, Settings):
        return spotting.folder_of(task, data, out, folders, where)
    found = gather(data[task.data], task.settings, out)
    kind = where.type
    config, _ = running.config_of(task.settings, found, task.trained_on, kind, _start_name(task, folders))
    return out / name_of(config)


def is_done(
    task: Task, data: Mapping[str, Data], out: Path, folders: Mapping[str, Path], *, device: str | None = None
) -> bool:
    """Whether a task's job is complete."""
    if task.start is not None and task.start.startswith("task:") and task.start[5:] not in folders:
        return False
    return complete(folder_of(task, data, out, folders, device=device))


def work(
    task: Task, data: Mapping[str, Data], out: Path, folders: Mapping[str, Path], *, device: str, say: Say
) -> Path:
    """Run a task and return its job folder. A job that is done returns at once; one that was stopped goes on.

    Under torchrun every process calls this, and only the first writes. Raises UsageError where another process holds
    the job, where a task that must be done first is not, or where the number of processes is not the task's.
    """
    folder = folder_of(task, data, out, folders, device=device)
    if complete(folder):
        return folder
    where = numerics.choose_device(device)
    if not isinstance(task.settings, Settings):
        return spotting.work(task, data, out, folders, device=where, say=say)
    numerics.prepare(deterministic=task.settings.deterministic)
    world = join(where)
    if world.size != task.settings.ranks:
        message = f"{task.key} is for {task.settings.ranks} processes, and runs in {world.size}"
        raise UsageError(message, hint=f"torchrun --nproc-per-node {task.settings.ranks}")
    found = gather(data[task.data], task.settings, out)
    job, parts = running.prepare_job(task.settings, found, task.trained_on, out, where, _start_name(task, folders))
    pixels = [load_pixels(pack, where) for pack in found.packs]
    start = _start(task, folders)
    running.run_job(job, task.settings, found, parts, pixels, task.trained_on, where, world, say, start=start)
    leave()
    return job.folder


def gather(data: Data, settings: Settings, out: Path) -> running.Data:
    """The packs that a network sees, with their lists. A release is packed first and kept under `out`."""
    streams = streams_of(settings.model)
    wanted = [Wanted(*row) for row in zip(streams, settings.pack_sizes, settings.sizes, strict=True)]
    return _gathered(data, tuple(wanted), out)


@cache
def _gathered(data: Data, wanted: tuple[Wanted, ...], out: Path) -> running.Data:
    protocol = protocol_of(data.protocol)
    first = Path(data.packs[0])
    second = Path(data.packs[1]) if len(data.packs) > 1 else None
    scenes = any(each.stream == "scene" for each in wanted)  # optical flow is made of the faces
    if scenes and second is None and (first / HEADER).is_file():
        message = f"{protocol.id}: the network sees face and scene, and one pack is given"
        raise UsageError(message, hint="name the pack of scenes as well (--scene-data)", file=str(first))
    packs = find_packs(first, second if scenes else None, wanted, out)
    if is_synthetic(packs, first):
        return running.gather_data(protocol, packs, synthetic=True)
    if data.ground_truth is None and protocol.id in BROUGHT:
        labels = labels_of(protocol, packs[0])
        return running.Data(tuple(packs), protocol, labels, checked(protocol, labels, str(packs[0].path)))
    return running.gather_data(protocol, packs, synthetic=False, ground_truth=data.ground_truth)


def protocol_of(name: str) -> Protocol:
    """A protocol by id or path; `BROUGHT` are those that plans bring."""
    if name not in BROUGHT:
        return load_protocol(name)
    path = data_dir("baselines") / "plans" / f"{name}.protocol.toml"
    return build(tomllib.loads(path.read_text(encoding="utf-8")), data_dir("baselines") / "plans", str(path))


def _start_name(task: Task, folders: Mapping[str, Path]) -> str | None:
    if task.start is None:
        return None
    kind, _, name = task.start.partition(":")
    if kind == "file":
        return _hashed(name, Path(name).stat().st_mtime_ns if Path(name).is_file() else 0)
    if name not in folders:
        raise UsageError(f"{task.key} starts from {name}, which is not done")
    return f"job:{folders[name].name}"


@cache
def _hashed(path: str, changed: int) -> str:
    del changed  # a file that was changed is hashed again
    return name_of_file(Path(path))


def _start(task: Task, folders: Mapping[str, Path]) -> Start | None:
    if task.start is None:
        return None
    kind, _, name = task.start.partition(":")
    return start_of_file(Path(name)) if kind == "file" else start_of_job(folders[name])
