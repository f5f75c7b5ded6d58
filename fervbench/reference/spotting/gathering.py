"""What a spotting job is given, from what the command line names: videos, packs, intervals, features."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from fervbench.errors import InputError, MismatchError, NotAvailableError, UsageError
from fervbench.findings import Findings
from fervbench.interval_files import Video
from fervbench.interval_truth import read_copy, stored_path
from fervbench.pack import Pack
from fervbench.protocol import Protocol
from fervbench.reference.networks import streams_of
from fervbench.reference.packing import Wanted, find_packs
from fervbench.reference.spotting.extractors import Extractor, load_extractor
from fervbench.reference.spotting.features import extract
from fervbench.reference.spotting.parts import Input
from fervbench.reference.spotting.rc3d import Options as RC3DOptions
from fervbench.reference.spotting.settings import Settings
from fervbench.reference.spotting.store import HEADER, Stored, open_features
from fervbench.reference.spotting.synthetic import derive
from fervbench.reference.spotting.videos import SNIPPET, Videos, lengths_of, read_videos
from fervbench.reference.synthetic import is_synthetic

Say = Callable[[str], None]
INTERVALS = "intervals.json"
NONE = "none"  # R-C3D: a trunk that begins with random weights


@dataclass(frozen=True)
class Gathered:
    """What `running.run_job` takes: the input, what names the job, files to lie beside its proposals."""

    given: Input
    about: dict[str, Any]
    synthetic: bool
    files: Mapping[str, str]
    extractor: str | None
    pretrained: str
    network: Extractor | None = None  # where the source was a job, not features alone


def intervals_of(protocol: Protocol, data: Path, ground_truth: str | None) -> tuple[dict[str, Video], str]:
    """The intervals of all videos: as named, beside the videos, or as `ground-truth add` stored them.

    Raises NotAvailableError where there are none.
    """
    beside = data / INTERVALS
    if ground_truth is None and beside.is_file():
        ground_truth = str(beside)
    if ground_truth is None and not stored_path(protocol).is_file():
        raise NotAvailableError(
            f"the intervals of {protocol.title} are not here",
            hint=f"--ground-truth PATH, {INTERVALS} in the folder of --data, or: fervbench ground-truth add",
        )
    path = ground_truth or str(stored_path(protocol))
    return read_copy(protocol, path), path


def gather(
    protocol: Protocol,
    settings: Settings,
    data: Path,
    source: str,
    out: Path,
    *,
    scenes: Path | None = None,
    ground_truth: str | None = None,
    expected: str | None = None,
    packed_size: tuple[int, int] = (128, 128),
    workers: int | None = None,
    device: torch.device,
    say: Say,
) -> Gathered:
    """Everything of one job. `source` is the folder of a recognition job or of features, or `none` for R-C3D.

    `expected` is the extractor that the baseline's name asks for. Raises what is wrong as FervbenchError.
    """
    if settings.model == "r-c3d":
        return _of_frames(protocol, settings, data, source, out, ground_truth, packed_size, workers, device)
    if source == NONE:
        raise UsageError(f"{settings.model} needs features: --features JOB", hint="the folder of a recognition job")
    folder, extractor = Path(source), None
    if (folder / HEADER).is_file() and not (folder / "frames.npy").is_file():
        stored = open_features(folder)
        _check_expected(expected, stored.extractor.get("model"), folder)
        frames = {str(id): int(n) for id, n in stored.header["frames"].items()}
        synthetic = bool(stored.header.get("synthetic"))
    else:
        extractor = load_extractor(folder, device)
        _check_expected(expected, extractor.settings.model, folder)
        packs = packs_of(extractor, data, scenes, out, workers)
        synthetic = is_synthetic(packs, data) or extractor.synthetic
        frames = lengths_of(packs[0].ids, packs[0].offsets)
        read_lists(protocol, data, ground_truth, frames, synthetic=synthetic)  # before the work: the lists may be wrong
        stored = extract(extractor, packs, out / "features", say=say)
    videos, files = read_lists(protocol, data, ground_truth, frames, synthetic=synthetic)
    check_features(stored, videos)
    about = _about(videos, synthetic) | {
        "features": {"extractor": stored.extractor, "sha256": _digest(stored)},
    }
    given = Input(videos, stored.by_video(), device)
    return Gathered(
        given, about, synthetic, files, stored.extractor.get("model"), _dataset(stored.extractor), extractor
    )


def packs_of(extractor: Extractor, data: Path, scenes: Path | None, out: Path, workers: int | None) -> list[Pack]:
    """A pack for each stream of an extractor, of the sizes it was trained on."""
    settings = extractor.settings
    names = streams_of(settings.model)
    wanted = [Wanted(*row) for row in zip(names, settings.pack_sizes, settings.sizes, strict=True)]
    return find_packs(data, scenes, wanted, out, workers)


def check_features(stored: Stored, videos: Videos) -> None:
    """Raise MismatchError where features are not of these videos."""
    findings = Findings(str(stored.folder))
    by_video = stored.by_video()
    for item in videos.all():
        found = by_video.get(item.id)
        if found is None:
            findings.add("missing-features", f"no features of {item.id!r}", id=item.id)
        elif len(found) != item.snippets:
            message = (
                f"{item.id!r} has features of {len(found)} snippets; its {item.frames} frames make {item.snippets}"
            )
            findings.add("other-length", message, id=item.id)
        elif not np.isfinite(found).all():
            findings.add("not-finite", f"features of {item.id!r} are no numbers", id=item.id)
    if stored.header.get("snippet") != {"frames": SNIPPET, "step": SNIPPET}:
        findings.add("other-snippets", f"features of other snippets: {stored.header.get('snippet')}")
    if len(findings):
        raise MismatchError(
            f"features and videos do not fit: {stored.folder}",
            hint="are they features of another extractor, or of another copy of the videos?",
            file=str(stored.folder),
            findings=findings,
        )


def _check_expected(expected: str | None, model: str | None, folder: Path) -> None:
    if expected is not None and model != expected:
        raise InputError(
            f"are features of another extractor: {folder} ({model}, not {expected})",
            hint=f"name a job or features of {expected}, or the network alone: BMN",
            file=str(folder),
        )


def _of_frames(
    protocol: Protocol,
    settings: Settings,
    data: Path,
    source: str,
    out: Path,
    ground_truth: str | None,
    packed_size: tuple[int, int],
    workers: int | None,
    device: torch.device,
) -> Gathered:
    options: RC3DOptions = settings.options
    start, about_start, synthetic_start = None, {"model": "random"}, False
    if source != NONE:
        extractor = load_extractor(Path(source), torch.device("cpu"))
        if extractor.settings.model != "c3d":
            raise InputError(
                f"R-C3D begins with a C3D, not {extractor.settings.model}: {source}",
                hint="--features JOB of C3D, or --features none for random weights",
                file=source,
            )
        if options.width != 1:
            raise UsageError("a trunk of another width cannot begin with C3D's weights", hint="--features none")
        start, about_start = dict(extractor.network.state_dict()), extractor.about()
        synthetic_start = extractor.synthetic
    packs = find_packs(data, None, [Wanted("face", packed_size, options.size)], out, workers)
    synthetic = is_synthetic(packs, data) or synthetic_start
    frames = lengths_of(packs[0].ids, packs[0].offsets)
    videos, files = read_lists(protocol, data, ground_truth, frames, synthetic=synthetic)
    pack = packs[0]
    pixels = {id.rsplit("/", 1)[-1]: pack.clip(i) for i, id in enumerate(pack.ids)}
    about = _about(videos, synthetic) | {
        "start": about_start,
        "pack": hashlib.sha256(pack.header.to_bytes()).hexdigest(),
    }
    return Gathered(Input(videos, {}, device, pixels, start), about, synthetic, files, "c3d", _dataset(about_start))


def read_lists(
    protocol: Protocol, data: Path, ground_truth: str | None, frames: Mapping[str, int], *, synthetic: bool
) -> tuple[Videos, Mapping[str, str]]:
    """The videos of every part, held against `frames` (by video id), and files that go beside proposals.

    Rendered videos get a protocol of their own. Raises what `intervals_of` and `read_videos` raise.
    """
    videos, file = intervals_of(protocol, data, ground_truth)
    files: Mapping[str, str] = {}
    if synthetic:
        protocol, files = derive(protocol, videos)
    return read_videos(protocol, videos, frames, file), files


def _about(videos: Videos, synthetic: bool) -> dict[str, Any]:
    protocol = videos.protocol
    return {
        "protocol": {"id": protocol.id, "version": protocol.version, "sha256": protocol.sha256},
        "ground_truth": videos.truth.sha256,
        "validation": videos.validation.sha256,
        "videos": {part: len(items) for part, items in videos.parts.items()},
        "synthetic": synthetic,
    }


def _digest(stored: Stored) -> str:
    return hashlib.sha256("".join(stored.header["sha256"]).encode()).hexdigest()


def _dataset(extractor: Mapping[str, Any]) -> str:
    """What an extractor was trained on: `dfew` of `dfew/fd1`."""
    return str(extractor.get("trained_on", "")).partition("/")[0]
