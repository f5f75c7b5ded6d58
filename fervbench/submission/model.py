"""A submission that has been read and found good."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from fervbench.ground_truth import GroundTruth
from fervbench.protocol import Evaluation, Protocol

# Answers are class indices; these two stand for none. INVALID never outlives reading: it is a finding.
MISSING = -1
INVALID = -2


@dataclass(frozen=True)
class Run:
    """The predictions of one trained model: `answers[i]` is the class index for clip i of the ground truth, or -1.

    `source` is None for the short form of a protocol of folds: every fold's own model. `tied` says which
    answers shared their top score. `scores` (clips, classes) are kept only on request; NaN where the answer is none.
    """

    source: str | None
    seed: int | None
    answers: npt.NDArray[np.int64] = field(repr=False)
    tied: npt.NDArray[np.bool_] = field(repr=False)
    where: str
    scores: npt.NDArray[np.float64] | None = field(default=None, repr=False)

    def stands_for(self, source: str) -> bool:
        """Whether this run holds the predictions of a model trained on `source`."""
        return self.source is None or self.source == source


@dataclass(frozen=True)
class Submission:
    """Runs of one file against one ground truth, for the evaluations they complete.

    `missing` is the policy for unanswered clips ("error": there are none; "wrong": they count as wrong); `sha256` is
    over the unpacked bytes of the file; `notes` is what a reader of the score must be told.
    """

    protocol: Protocol
    truth: GroundTruth
    runs: tuple[Run, ...]
    evaluations: tuple[Evaluation, ...]
    missing: str
    sha256: str
    notes: tuple[str, ...] = ()

    @property
    def seeds(self) -> tuple[int | None, ...]:
        """The seeds of the runs that take part, sorted; (None,) or one number where there is one run a source."""
        used = {source for evaluation in self.evaluations for source in evaluation.sources}
        found = {run.seed for run in self.runs if run.source is None or run.source in used}
        return tuple(sorted(found, key=lambda seed: -1 if seed is None else seed))

    def run(self, source: str, seed: int | None) -> Run:
        """The run that was trained on `source` with `seed`."""
        return next(run for run in self.runs if run.seed == seed and run.stands_for(source))
