"""Checking spotting proposals against the ground truth, and what of them is scored."""

from __future__ import annotations

import difflib
import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fervbench.errors import InputError, SubmissionError, UsageError
from fervbench.findings import Findings, visible
from fervbench.interval_checks import OVERLONG
from fervbench.interval_truth import IntervalTruth, load_interval_truth
from fervbench.metrics.spotting import READINGS, TIES
from fervbench.protocol import Protocol, load_protocol
from fervbench.strict_json import pointer
from fervbench.submission.choosing import choose_protocol
from fervbench.submission.proposals import Proposals, read_proposals

COMPATS = ("none", "activitynet")


@dataclass(frozen=True)
class SpottingSubmission:
    """Proposals that have been found good: flat arrays of those in videos with targets, in file order.

    `proposal` (P, 2) in seconds, `score` (P,), `video` (P,) index into the truth's videos. `outside` counts proposals
    of all other videos (they take part in the budget); `silent_scores` are the scores of those of them that stand in
    tested videos without targets. `absent` tested videos have no entry and count as without proposals; `accepted`
    counts what `compat` let through, by rule.
    """

    protocol: Protocol
    truth: IntervalTruth
    proposal: npt.NDArray[np.float64] = field(repr=False)
    score: npt.NDArray[np.float64] = field(repr=False)
    video: npt.NDArray[np.int64] = field(repr=False)
    silent_scores: npt.NDArray[np.float64] = field(repr=False)
    outside: int
    absent: int
    accepted: dict[str, int]
    missing: str
    compat: str
    ties: str
    reading: str
    sha256: str
    notes: tuple[str, ...] = ()


def parse_spotting(
    data: bytes,
    file: str,
    protocol: Protocol | str | Path | None,
    *,
    ground_truth: IntervalTruth | str | Path | None = None,
    missing: str = "error",
    compat: str = "none",
    ties: str = "first",
    reading: str = "official",
) -> SpottingSubmission:
    """Read and check proposals. Raises SubmissionError with every finding; nothing is scored unless all is well.

    With `compat="activitynet"` unknown videos, videos without an entry, and inverted, empty, negative or overlong
    intervals are accepted and counted, as the official evaluator does in silence.
    """
    for name, value, known in (("compat", compat, COMPATS), ("ties", ties, TIES), ("reading", reading, READINGS)):
        if value not in known:
            raise UsageError(f"no {name} {value!r}", hint=f"known: {', '.join(known)}")
    findings = Findings(file)
    try:
        proposals = read_proposals(data, file, findings)
    except InputError as error:
        raise SubmissionError(error.message, hint=error.hint, file=file, findings=error.findings) from None
    if proposals is None:
        raise SubmissionError(f"is not a proposals file: {file}", file=file, findings=findings)
    if proposals.protocol is not None:
        protocol = choose_protocol(proposals.protocol, protocol, findings)
    elif protocol is None:
        raise SubmissionError(
            f"names no protocol: {file}", hint="ActivityNet's form is scored with --protocol", file=file
        )
    elif not isinstance(protocol, Protocol):
        protocol = load_protocol(protocol)
    if protocol.task != "spotting":
        raise SubmissionError(f"holds proposals, and {protocol.id} is a protocol of {protocol.task}: {file}", file=file)
    lenient = compat == "activitynet"
    if not isinstance(ground_truth, IntervalTruth):
        ground_truth = load_interval_truth(protocol, ground_truth, lenient=lenient)
    accepted = _check_videos(proposals, ground_truth, missing == "wrong" or lenient, lenient, findings)
    accepted |= _check_intervals(proposals, ground_truth, lenient, findings)
    if not len(findings) and not len(proposals.rows):
        findings.add("no-proposals", "there are no proposals at all", pointer=proposals.where)
    if len(findings):
        raise SubmissionError(f"cannot be scored: {file}", file=file, findings=findings)
    index = np.array([ground_truth.index.get(id, -1) for id in proposals.videos], dtype=np.int64)
    given = set(proposals.videos)
    silent = np.array([id in ground_truth.silent for id in proposals.videos], dtype=np.bool_)
    of_row = np.repeat(index, proposals.sizes)
    inside = of_row >= 0
    notes = list(ground_truth.notes)
    if proposals.note:
        notes.insert(0, f"the file says of itself: {visible(proposals.note, 1000)}")
    return SpottingSubmission(
        protocol=protocol,
        truth=ground_truth,
        proposal=proposals.rows[inside, :2],
        score=proposals.rows[inside, 2],
        video=of_row[inside],
        silent_scores=proposals.rows[np.repeat(silent, proposals.sizes), 2],
        outside=int((~inside).sum()),
        absent=sum(id not in given for id in [*ground_truth.videos, *ground_truth.silent]),
        accepted={rule: n for rule, n in accepted.items() if n},
        missing="wrong" if lenient else missing,
        compat=compat,
        ties=ties,
        reading=reading,
        sha256=hashlib.sha256(data).hexdigest(),
        notes=tuple(notes),
    )


def _check_videos(
    proposals: Proposals, truth: IntervalTruth, may_lack: bool, lenient: bool, findings: Findings
) -> dict[str, int]:
    """Every video with targets has an entry, and no entry is for a video that is not tested."""
    given = set(proposals.videos)
    counts = {"unknown-video": 0, "missing-video": 0}
    for id in proposals.videos:
        if id in truth.index or id in truth.silent:
            continue
        counts["unknown-video"] += 1
        if not lenient:
            here = proposals.where + pointer(id)
            rule, message, hint = "unknown-video", f"no video {id!r} is tested", None
            if id in truth.elsewhere:
                rule, message = "outside-target", f"{id!r} belongs to the split {truth.elsewhere[id]!r}, not tested"
            elif counts["unknown-video"] <= 20:  # guesses are slow, and only the first findings are read
                near = difflib.get_close_matches(id[:100], truth.videos, n=1, cutoff=0.8)
                hint = f"did you mean {near[0]!r}?" if near else None
            findings.add(rule, message, hint=hint, pointer=here, id=id)
    for id in [*truth.videos, *sorted(truth.silent)]:
        if id not in given:
            counts["missing-video"] += 1
            if not may_lack:
                hint = "a video without proposals has an empty list; --missing wrong lets absent videos count as that"
                findings.add("missing-video", f"no entry for {id!r}", hint=hint, pointer=proposals.where, id=id)
    return counts


def _check_intervals(proposals: Proposals, truth: IntervalTruth, lenient: bool, findings: Findings) -> dict[str, int]:
    """Onset before offset, not negative, not beyond the video by more than a millisecond."""
    onset, offset = proposals.rows[:, 0], proposals.rows[:, 1]
    known = [truth.durations.get(id) for id in proposals.videos]
    ends = np.array([np.inf if end is None else end for end in known], dtype=np.float64)
    ends = np.repeat(ends, proposals.sizes)
    of_row = np.repeat(np.arange(len(proposals.videos)), proposals.sizes)
    start = np.concatenate([[0], np.cumsum(proposals.sizes)])
    counts = {}
    for rule, wrong, said in (
        ("inverted-interval", offset < onset, "ends before it begins"),
        ("empty-interval", offset == onset, "has no length"),
        ("negative-interval", onset < 0, "begins before 0"),
        ("overlong-interval", offset > ends + OVERLONG, "ends after its video"),
    ):
        counts[rule] = int(wrong.sum())
        if lenient:
            continue
        for i in np.flatnonzero(wrong):  # rows that could not be read are NaN: they are never wrong here
            video = int(of_row[i])
            here = proposals.pointer(video, int(i - start[video]))
            end = f" ({ends[i]:g} s)" if rule == "overlong-interval" else ""
            message = f"[{onset[i]:g}, {offset[i]:g}] {said}{end}"
            hint = (
                "milliseconds or frames? times are seconds"
                if rule == "overlong-interval" and onset[i] > ends[i]
                else None
            )
            findings.add(rule, message, hint=hint, pointer=here, id=proposals.videos[video])
    return counts
