"""The videos of a protocol's parts with their intervals, held against what was packed.

Everything wrong with them is found in one pass: videos without frames, shorter than a snippet, of another length than
their annotation says, intervals beyond the video, a subject in two parts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from fervbench.errors import MismatchError
from fervbench.findings import Findings
from fervbench.interval_files import Video
from fervbench.interval_truth import IntervalTruth, from_videos
from fervbench.protocol import Protocol

SNIPPET = 16  # frames; "we set the frame interval to 16 for all algorithms", SDFE-LV, Duration Challenge
PARTS = ("train", "validation", "test")
FloatArray = npt.NDArray[np.float64]
# An annotated duration may differ from frames / fps by a frame at either end, or by this share (variable frame rates).
_SHARE = 0.02


@dataclass(frozen=True, eq=False)
class Item:
    """One video: its frames in the pack, intervals (n, 2) in seconds, and their labels."""

    id: str
    part: str
    frames: int
    fps: float
    duration: float
    intervals: FloatArray
    labels: tuple[str, ...]

    @property
    def snippets(self) -> int:
        """Whole snippets; what is left over at the end is not seen."""
        return self.frames // SNIPPET

    @property
    def seconds(self) -> float:
        """The corrected duration: what the snippets cover."""
        return self.snippets * SNIPPET / self.fps


@dataclass(frozen=True)
class Videos:
    """Items by part, and the truth that the test part is scored by; `validation` is the same for that part."""

    protocol: Protocol
    parts: Mapping[str, tuple[Item, ...]]
    truth: IntervalTruth
    validation: IntervalTruth = field(repr=False)

    def all(self) -> tuple[Item, ...]:
        """Every video, sorted by id."""
        return tuple(sorted((item for items in self.parts.values() for item in items), key=lambda item: item.id))


def read_videos(protocol: Protocol, videos: Mapping[str, Video], lengths: Mapping[str, int], file: str) -> Videos:
    """The videos of an intervals file; `lengths` are the frames that the pack has of each.

    Raises MismatchError with every finding where the two do not fit; LabelsError where a part cannot be made.
    """
    truth = from_videos(protocol, dict(videos), file)
    split = {id: truth.elsewhere.get(id, str((protocol.spotting or {})["subset"])) for id in videos}
    findings = Findings(file)
    _check_subjects(videos, split, findings)
    items = []
    for id, video in videos.items():
        if split[id] not in PARTS:
            findings.add("unknown-part", f"{id!r} is in {split[id]!r}; parts are {', '.join(PARTS)}", id=id)
            continue
        item = _item(id, str(split[id]), video, lengths.get(id), findings)
        if item is not None:
            items.append(item)
    unlisted = [id for id in lengths if id not in videos]
    for id in unlisted[:20]:
        findings.add("not-annotated", f"{id!r} is packed and not in the intervals", id=id)
    for part in PARTS:
        if not any(item.part == part and len(item.intervals) for item in items) and not len(findings):
            findings.add("empty-part", f"no video with intervals in the part {part!r}")
    if len(findings):
        raise MismatchError(
            f"videos and intervals do not fit: {file}",
            hint="is the pack of all frames of all videos, under the ids of the intervals file?",
            file=file,
            findings=findings,
        )
    parts = {part: tuple(sorted((i for i in items if i.part == part), key=lambda i: i.id)) for part in PARTS}
    return Videos(protocol, parts, truth, _truth_of(protocol, videos, split, "validation", file))


def _truth_of(
    protocol: Protocol, videos: Mapping[str, Video], split: Mapping[str, str | None], part: str, file: str
) -> IntervalTruth:
    """Another part as if it were the tested one."""
    chosen = {id: replace(video, split=split[id]) for id, video in videos.items()}
    rules = replace(
        protocol,
        spotting=(protocol.spotting or {}) | {"subset": part},
        ground_truth={key: value for key, value in protocol.ground_truth.items() if key != "fingerprint"},
    )
    return from_videos(rules, chosen, file)


def _check_subjects(videos: Mapping[str, Video], split: Mapping[str, str | None], findings: Findings) -> None:
    of: dict[str, dict[str, str]] = {}
    for id, video in videos.items():
        if video.subject is not None:
            of.setdefault(video.subject, {}).setdefault(str(split[id]), id)
    for subject, parts in of.items():
        if len(parts) > 1:
            listed = ", ".join(f"{part} ({id})" for part, id in sorted(parts.items()))
            hint = "the protocol is subject independent: move the videos, or leave every split out to have one made"
            findings.add("divided-subject", f"subject {subject!r} is in {listed}", id=subject, hint=hint)


def _item(id: str, part: str, video: Video, frames: int | None, findings: Findings) -> Item | None:
    if frames is None:
        findings.add("missing-video", f"{id!r} is in the intervals and not packed", id=id)
        return None
    if video.fps is None:
        hint = 'say how many frames a second: "fps": 25'
        findings.add("missing-fps", f"{id!r} names no fps: frames cannot be placed in time", id=id, hint=hint)
        return None
    seconds = frames / video.fps
    if frames < SNIPPET:
        hint = "a snippet is 16 frames; leave the video out of the intervals, or pack all of its frames"
        findings.add("short-video", f"{id!r} has {frames} frames, fewer than a snippet's {SNIPPET}", id=id, hint=hint)
    if video.duration is not None and abs(video.duration - seconds) > max(2 / video.fps, _SHARE * seconds):
        message = f"{id!r} lasts {video.duration:g} s by its annotation and {seconds:g} s by its frames"
        findings.add("other-length", message, id=id, hint=f"{frames} frames at {video.fps:g} fps: is fps right?")
    for onset, offset, label in video.intervals:
        if offset > seconds + 1 / video.fps:
            message = f"{id!r}: [{onset:g}, {offset:g}] {label} reaches beyond the video's end at {seconds:g} s"
            findings.add("outside-video", message, id=id, hint="are intervals in seconds, not frames?")
    spans = np.array([interval[:2] for interval in video.intervals], dtype=np.float64).reshape(-1, 2)
    labels = tuple(interval[2] for interval in video.intervals)
    end = seconds if video.duration is None else min(seconds, video.duration)
    return Item(id, part, frames, video.fps, end, spans, labels)


def lengths_of(ids: Sequence[str], offsets: npt.NDArray[np.int64]) -> dict[str, int]:
    """Frames of each packed video. Ids may carry the release's folder (`videos/video_0001`): its last part counts."""
    return {id.rsplit("/", 1)[-1]: int(n) for id, n in zip(ids, np.diff(offsets), strict=True)}
