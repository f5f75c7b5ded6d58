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
from fervbench.pack import Pack
from fervbench.protocol import load_protocol
from fervbench.reference import numerics
from fervbench.reference.jobs import Job
from fervbench.reference.networks import streams_of
from fervbench.reference.numerics import Device
from fervbench.reference.packing import Wanted, find_packs
from fervbench.reference.settings import name_of
from fervbench.reference.spotting import features
from fervbench.reference.spotting.extractors import load_extractor
from fervbench.reference.spotting.gathering import INTERVALS, Gathered, gather, read_lists
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
        return out / FEATURES / features.name_of(_identity(job, data[task.data], wanted_of(task), out, device.type))
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
        packs = _packs(data[task.data], wanted_of(task), out)
        return features.extract(extractor, packs, out / FEATURES, say=say).folder
    given = _given(task, data[task.data], out, folders, device)

    def recognise(job: Job) -> None:
        if not given.given.features:
            return
        try:
            extractor = load_extractor(folders[task.after[-2]], device)
            job.write(RECOGNISED, evaluate_job(job, extractor, given.given))
        except MismatchError as error:
            say(f"not recognised: {error.message}")

    made = run_job(
        _spotting(task),
        given.given,
        given.about,
        out,
        say=say,
        synthetic=given.synthetic,
        files=given.files,
        also=recognise,
    )
    return made.folder


@cache
def check(data: Data, wanted: tuple[Wanted, ...], out: Path) -> None:
    """Pack the videos as a network sees them; hold streams against each other, and intervals and split against them.

    Raises InputError, MismatchError or NotAvailableError: before anything is trained.
    """
    packs = _packs(data, wanted, out)
    features.check_streams(packs)
    frames = lengths_of(packs[0].ids, packs[0].offsets)
    synthetic = is_synthetic(packs, Path(data.packs[0]))
    read_lists(load_protocol(data.protocol), Path(data.packs[0]), data.ground_truth, frames, synthetic=synthetic)


def wanted_of(task: Task) -> tuple[Wanted, ...]:
    """The streams that a task sees of the videos, through its extractor; R-C3D sees frames itself."""
    if isinstance(task.settings, Spotting) and task.settings.model == "r-c3d":
        return (Wanted("face", packed_size(task.settings), task.settings.options.size),)
    sees = task.extractor
    if sees is None:
        raise AssertionError(f"a plan says of every task of spotting what its extractor is: {task.key}")
    return tuple(Wanted(*row) for row in zip(streams_of(sees.model), sees.pack_sizes, sees.sizes, strict=True))


@cache
def _packs(data: Data, wanted: tuple[Wanted, ...], out: Path) -> list[Pack]:
    """The packs of the videos, looked for once: a release is walked through for it, and videos are counted."""
    scenes = Path(data.packs[1]) if len(data.packs) > 1 and any(each.stream == "scene" for each in wanted) else None
    return find_packs(Path(data.packs[0]), scenes, list(wanted), out)


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


@cache
def _identity(job: Path, data: Data, wanted: tuple[Wanted, ...], out: Path, device: str) -> dict[str, Any]:
    """What features by a job are named by. Weights are read and hashed for it, so once each, and on no GPU."""
    return features.identity_of(load_extractor(job, numerics.choose_device("cpu")), _packs(data, wanted, out), device)


def _given(task: Task, data: Data, out: Path, folders: Mapping[str, Path], device: Device) -> Gathered:
    """What a network is given: stored features, or for R-C3D frames and C3D's weights."""
    settings, release = _spotting(task), Path(data.packs[0])
    beside = release / INTERVALS
    return gather(
        load_protocol(data.protocol),
        settings,
        _packs(data, wanted_of(task), out)[0].path if settings.model == "r-c3d" else release,
        str(folders[_start(task, folders)]),
        out,
        ground_truth=data.ground_truth or (str(beside) if beside.is_file() else None),
        packed_size=packed_size(settings),
        device=device,
        say=lambda _: None,
    )
