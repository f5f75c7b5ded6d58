"""The ground truth of spotting: the test videos with their intervals, from the user's own copy."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fervbench.errors import InputError, LabelsError, MismatchError, NotAvailableError
from fervbench.interval_files import Video, fingerprint, read_intervals
from fervbench.labels_file import read_source
from fervbench.protocol import Protocol
from fervbench.resources import user_data_dir
from fervbench.splits import split_videos

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class IntervalTruth:
    """Target intervals of the tested subset.

    `videos` are its videos with at least one interval, `silent` those without; `target` (G, 2) holds onset and offset
    in seconds, `video` (G,) the index of the video, `labels` the class names. `fps` (V,) is NaN where not known,
    `durations` maps every video of the file to its length in seconds or None, `elsewhere` the videos of other splits to
    theirs. `sha256` is the fingerprint of the subset.
    """

    videos: list[str]
    silent: frozenset[str]
    elsewhere: dict[str, str | None] = field(repr=False)
    target: FloatArray = field(repr=False)
    video: npt.NDArray[np.int64] = field(repr=False)
    labels: list[str] = field(repr=False)
    fps: FloatArray = field(repr=False)
    durations: dict[str, float | None] = field(repr=False)
    sha256: str
    origin: str
    notes: tuple[str, ...] = ()

    @cached_property
    def index(self) -> dict[str, int]:
        """Position of a video."""
        return dict(zip(self.videos, range(len(self.videos)), strict=True))


def stored_path(protocol: Protocol) -> Path:
    """Where `fervbench ground-truth add` keeps the intervals of a protocol."""
    return user_data_dir() / "ground-truth" / f"{protocol.id}@{protocol.version}" / "intervals.json"


def load_interval_truth(protocol: Protocol, path: str | Path | None = None, *, lenient: bool = False) -> IntervalTruth:
    """The ground truth of a spotting protocol: from `path`, beside the protocol file, or as stored.

    `lenient` accepts odd intervals, as the official ActivityNet evaluator does. Raises NotAvailableError where there is
    none, LabelsError where it cannot be read, MismatchError where it is not the protocol's.
    """
    name = protocol.ground_truth.get("labels")
    if path is not None:
        return from_videos(protocol, read_copy(protocol, path, lenient=lenient), str(path))
    if name is not None:
        beside = protocol.folder / name
        if not beside.is_file():
            raise NotAvailableError(f"the intervals that {protocol.id} names are not there: {beside}")
        videos = read_intervals(beside.read_bytes(), str(beside), classes=protocol.classes, lenient=lenient)
        return from_videos(protocol, videos, str(beside))
    stored = stored_path(protocol)
    if not stored.is_file():
        raise NotAvailableError(
            f"the intervals of {protocol.title} are not part of fervbench",
            hint=f"add your copy once: fervbench ground-truth add {protocol.id} PATH (or --ground-truth PATH)",
        )
    return from_videos(protocol, read_copy(protocol, stored, lenient=lenient), str(stored))


def read_copy(protocol: Protocol, path: str | Path, *, lenient: bool = False) -> dict[str, Video]:
    """The videos of an intervals file for a protocol. Raises LabelsError where it is absent or cannot be read."""
    return _read(read_source(path), str(path), protocol, lenient=lenient)


def _read(data: bytes, file: str, protocol: Protocol, *, lenient: bool) -> dict[str, Video]:
    try:
        return read_intervals(data, file, classes=protocol.classes, lenient=lenient)
    except LabelsError as error:
        odd = [rule for rule in error.findings.counts if not rule.endswith("-interval")]
        if odd or lenient:
            raise
        hint = "--compat activitynet accepts such intervals, as the official evaluator does"
        raise LabelsError(error.message, hint=hint, file=file, findings=error.findings) from None


def from_videos(protocol: Protocol, videos: dict[str, Video], file: str) -> IntervalTruth:
    """The tested subset of labelled videos; where no video names its split, the protocol's splitter makes it."""
    if protocol.spotting is None:
        raise InputError(f"{protocol.id} is not a spotting protocol")
    subset = protocol.spotting["subset"]
    split, notes = _split(protocol, videos, file)
    tested = {id: video for id, video in videos.items() if split[id] == subset}
    with_targets = [id for id, video in tested.items() if video.intervals]
    if not with_targets:
        known = ", ".join(sorted({str(part) for part in split.values()}))
        raise LabelsError(f"has no intervals in the subset {subset!r} (it has {known}): {file}", file=file)
    sha256 = fingerprint(tested)
    frozen = protocol.ground_truth.get("fingerprint")
    if frozen is not None and sha256 != frozen:
        raise MismatchError(
            f"these are not the intervals of {protocol.id}: fingerprint {sha256[:16]}... instead of {frozen[:16]}...",
            file=file,
        )
    rows = [(i, interval) for i, id in enumerate(with_targets) for interval in tested[id].intervals]
    return IntervalTruth(
        videos=with_targets,
        silent=frozenset(tested) - frozenset(with_targets),
        elsewhere={id: split[id] for id in videos if id not in tested},
        target=np.array([interval[:2] for _, interval in rows], dtype=np.float64),
        video=np.array([i for i, _ in rows], dtype=np.int64),
        labels=[interval[2] for _, interval in rows],
        fps=np.array([tested[id].fps or np.nan for id in with_targets]),
        durations={id: video.duration for id, video in videos.items()},
        sha256=sha256,
        origin=file,
        notes=notes,
    )


def _split(protocol: Protocol, videos: dict[str, Video], file: str) -> tuple[dict[str, str | None], tuple[str, ...]]:
    """The split of each video: the file's own, or the protocol's splitter where the file names none at all."""
    named = {id: video.split for id, video in videos.items()}
    without = [id for id, part in named.items() if part is None]
    if not without:
        return dict(named), ()
    if len(without) < len(videos):
        raise LabelsError(
            f"names the split of some videos and not of others ({without[0]!r} has none): {file}",
            hint="name it for all, or for none to have the protocol's splitter do it",
            file=file,
        )
    if protocol.split is None:
        raise LabelsError(f"names no split, and {protocol.id} has no splitter: {file}", file=file)
    subjects = {id: video.subject for id, video in videos.items() if video.subject is not None}
    if len(subjects) < len(videos):
        lacking = next(id for id in videos if id not in subjects)
        raise LabelsError(
            f"names neither split nor subject of {lacking!r}: {file}",
            hint="the split is subject independent: every video needs its subject",
            file=file,
        )
    rule = protocol.split
    made = split_videos(subjects, names=rule["parts"], weights=rule["weights"], seed=rule["seed"])
    return dict(made), (f"the split was made by the protocol's splitter (seed {rule['seed']})",)
