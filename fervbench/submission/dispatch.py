"""Reading any submission: which task a file is for, and the reader of that task."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from fervbench.errors import InputError, SubmissionError, UsageError
from fervbench.files import MAX_BYTES, check_size, read_bounded
from fervbench.protocol import Protocol, load_protocol

if TYPE_CHECKING:
    from fervbench.ground_truth import GroundTruth
    from fervbench.interval_truth import IntervalTruth
    from fervbench.submission.model import Submission
    from fervbench.submission.spotting import SpottingSubmission

# 4.7 million proposals are 330 MB. Typed decoding needs little more; what it declines is bounded by MAX_BYTES again.
MAX_PROPOSAL_BYTES = 512 * 2**20
_SPOTTING = re.compile(rb'"format"\s*:\s*"fervbench-spotting/')
_RESULTS = re.compile(rb'"results"\s*:\s*\{')


def read_submission(
    path: str | Path,
    protocol: Protocol | str | Path | None = None,
    *,
    ground_truth: GroundTruth | IntervalTruth | str | Path | None = None,
    evaluation: str | None = None,
    missing: str = "error",
    compat: str = "none",
    ties: str = "first",
    reading: str = "official",
    keep_scores: bool = False,
) -> Submission | SpottingSubmission:
    """Read and check a predictions or proposals file (`.json`, or one gzip member of it; "-" is standard input).

    `protocol` defaults to the one the file names; `ground_truth` to the embedded or stored one; `evaluation` to every
    one whose sources are all present. `missing="wrong"` lets unanswered clips count as wrong, and videos without an
    entry as without proposals. `keep_scores` keeps the scores of clips beside the answers (`Run.scores`). For spotting
    alone: `compat`, `ties` and `reading` (see `fervbench.metrics.spotting`).

    Raises SubmissionError with every finding, UsageError for an option that does not exist, and NotAvailableError where
    the protocol or its ground truth is absent.
    """
    file = str(path)
    try:
        data = read_bounded(path, MAX_PROPOSAL_BYTES)
        if protocol is not None and not isinstance(protocol, Protocol):
            protocol = load_protocol(protocol)
        spotting = protocol.task == "spotting" if protocol else _names_spotting(data)
        if not spotting:
            check_size(data, file, MAX_BYTES)
    except InputError as error:
        raise SubmissionError(error.message, hint=error.hint, file=file, findings=error.findings) from None
    if spotting:
        from fervbench.ground_truth import GroundTruth
        from fervbench.submission.spotting import parse_spotting

        if isinstance(ground_truth, GroundTruth):
            raise UsageError("clips are given as the ground truth of a spotting protocol")
        if evaluation not in (None, "spotting"):
            raise UsageError(f"a spotting protocol has no evaluation {evaluation!r}", hint="it has 'spotting' alone")
        return parse_spotting(
            data,
            file,
            protocol,
            ground_truth=ground_truth,
            missing=missing,
            compat=compat,
            ties=ties,
            reading=reading,
        )
    if (compat, ties, reading) != ("none", "first", "official"):
        raise UsageError("compat, ties and reading are for spotting protocols")
    from fervbench.ground_truth import GroundTruth
    from fervbench.submission.reading import parse_submission

    if ground_truth is not None and not isinstance(ground_truth, (str, Path, GroundTruth)):
        raise UsageError("intervals are given as the ground truth of a recognition protocol")
    return parse_submission(
        data,
        file,
        protocol,
        ground_truth=ground_truth,
        evaluation=evaluation,
        missing=missing,
        keep_scores=keep_scores,
    )


def _names_spotting(data: bytes) -> bool:
    """Whether a file names the format of proposals, or has ActivityNet's form."""
    if b"fervbench-spotting/" in data and _SPOTTING.search(data):
        return True
    return b"fervbench-recognition/" not in data and _RESULTS.search(data[:4096]) is not None
