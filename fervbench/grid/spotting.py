"""The tasks of spotting: features of the videos by a trained extractor, and the networks over them.

Features have no folder of a job: they lie under `features/`, and are done when their header is there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from fervbench.errors import MismatchError, UsageError
from fervbench.grid.task import Data, Task
from fervbench.protocol import load_protocol
from fervbench.reference import numerics
from fervbench.reference.jobs import Job
from fervbench.reference.networks import streams_of
from fervbench.reference.numerics import Device
from fervbench.reference.packing import Wanted, find_packs
from fervbench.reference.settings import name_of
from fervbench.reference.spotting import features
from fervbench.reference.spotting.extractors import load_extractor
from fervbench.reference.spotting.gathering import Gathered, gather, packs_of, read_lists
from fervbench.reference.spotting.recognising import evaluate_job
from fervbench.reference.spotting.running import run_job
from fervbench.reference.spotting.settings import Extraction, describe, packed_size
from fervbench.reference.spotting.settings import Settings as Spotting
from fervbench.reference.spotting.videos import lengths_of
from fervbench.reference.synthetic import is_synthetic

Say = Callable[[str], None]
FEATURES = "features"  # the folder under `out`
RECOGNISED = "spot-then-recognise.json"


def folder_of(task: Task, data: Mapping[str, Data], out: Path, folders: Mapping[str, Path], device: Device) -> Path:
    """Where the result of a task of spotting is, or will be; nothing is extracted or trained.

    Raises what `gather` raises for data that is not there or another's.
    """
    if isinstance(task.settings, Extraction):
        job = folders[_start(task, folders)]
        return out / FEATURES / features.name_of(_identity(job, data[task.data], out, device))
    given = _given(task, data[task.data], out, folders, device)
    config = describe(_spotting(task), dict(given.about) | {"device": device.type})
    return out / name_of(config)


def work(
    task: Task, data: Mapping[str, Data], out: Path, folders: Mapping[str, Path], *, device: Device, say: Say
) -> Path:
    """Make the features, or train, propose and score. What is done returns at once; what was stopped goes on.

    Raises BusyError where another process holds it, and what `extract` and `run_job` raise.
    """
    numerics.prepare(deterministic=task.settings.deterministic)
    if isinstance(task.settings, Extraction):
        extractor = load_extractor(folders[_start(task, folders)], device)
        packs = packs_of(extractor, *_paths(data[task.data], extractor.settings.model), out, None)
        return features.extract(extractor, packs, out / FEATURES, say=say).folder
    settings = _spotting(task)
    given = _given(task, data[task.data], out, folders, device)
    made = run_job(settings, given.given, given.about, out, say=say, synthetic=given.synthetic, files=given.files)
    if settings.model != "r-c3d" and not (made.folder / RECOGNISED).is_file():
        extractor = load_extractor(folders[task.after[0]], device)
        try:
            Job(made.folder, {}).write(RECOGNISED, evaluate_job(Job(made.folder, {}), extractor, given.given))
        except MismatchError as error:
            say(f"not recognised: {error.message}")
    return made.folder


def check(task: Task, data: Data, out: Path) -> None:
    """Pack the videos as the extractor sees them, or R-C3D; hold intervals and split against them.

    Raises InputError, MismatchError or NotAvailableError: before anything is trained.
    """
    if isinstance(task.settings, Spotting) and task.settings.model == "r-c3d":
        path, scenes = _paths(data, "c3d")
        wanted = [Wanted("face", packed_size(task.settings), task.settings.options.size)]
    else:
        sees = task.extractor
        assert sees is not None  # noqa: S101 - a plan says of every task of spotting what its extractor is
        path, scenes = _paths(data, sees.model)
        wanted = [Wanted(*row) for row in zip(streams_of(sees.model), sees.pack_sizes, sees.sizes, strict=True)]
    packs = find_packs(path, scenes, wanted, out)
    frames = lengths_of(packs[0].ids, packs[0].offsets)
    protocol = load_protocol(data.protocol)
    read_lists(protocol, path, data.ground_truth, frames, synthetic=is_synthetic(packs, path))


def _spotting(task: Task) -> Spotting:
    if not isinstance(task.settings, Spotting):
        raise AssertionError(f"{task.key} spots nothing")
    return task.settings


def _start(task: Task, folders: Mapping[str, Path]) -> str:
    """The key of the task that one starts from. Raises UsageError where that is not done."""
    key = str(task.start).removeprefix("task:")
    if key not in folders:
        raise UsageError(f"{task.key} starts from {key}, which is not done")
    return key


def _paths(data: Data, model: str) -> tuple[Path, Path | None]:
    """Where the videos are, and their scenes for a network that sees them: a table may have both kinds."""
    two = "scene" in streams_of(model) and len(data.packs) > 1
    return Path(data.packs[0]), Path(data.packs[1]) if two else None


@cache
def _identity(job: Path, data: Data, out: Path, device: Device) -> dict[str, Any]:
    """What features by a job are named by. Weights are read and hashed for it, so once each."""
    extractor = load_extractor(job, device)
    packs = packs_of(extractor, *_paths(data, extractor.settings.model), out, None)
    return features.identity_of(extractor, packs)


def _given(task: Task, data: Data, out: Path, folders: Mapping[str, Path], device: Device) -> Gathered:
    """What a network is given: stored features, or for R-C3D frames and C3D's weights."""
    settings = _spotting(task)
    return gather(
        load_protocol(data.protocol),
        settings,
        Path(data.packs[0]),
        str(folders[_start(task, folders)]),
        out,
        ground_truth=data.ground_truth,
        packed_size=packed_size(settings),
        device=device,
        say=lambda _: None,
    )
