"""An entry's predictions, scored once: the result document, and what duplicates and rankings need of them."""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from fervbench import strict_json
from fervbench.errors import LabelsError, MismatchError, NotAvailableError, SubmissionError
from fervbench.files import GZIP_MAGIC, unpack
from fervbench.ground_truth import GroundTruth, load_ground_truth
from fervbench.interval_truth import IntervalTruth, load_interval_truth
from fervbench.leaderboard.entries import UNPACKED
from fervbench.leaderboard.headline import headline, headline_scores, ranked_metrics
from fervbench.leaderboard.telling import Told
from fervbench.protocol import POOLED, Protocol
from fervbench.report import Report
from fervbench.scoring import score
from fervbench.submission.coverage import clips_of
from fervbench.submission.form import Form, packed_proposals, read_form
from fervbench.submission.model import Submission
from fervbench.submission.spotting import SpottingSubmission, parse_spotting
from fervbench.uncertainty import answers_of, default_for

FORMAT = "fervbench-result/1"
REPLICATES, SEED = 1000, 0
_ONE_HOT_FROM = 100  # rows of scores, below which a file of certain answers says nothing


@dataclass(frozen=True)
class Ground:
    """A protocol and its ground truth on this machine; `truth` is None where the labels are not here."""

    protocol: Protocol
    truth: GroundTruth | IntervalTruth | None

    @property
    def ships(self) -> bool:
        """Whether everyone has the labels, so that public continuous integration can score."""
        return self.protocol.ground_truth["kind"] == "counts" or "labels" in self.protocol.ground_truth

    @property
    def fingerprint(self) -> str | None:
        """The fingerprint of the labels."""
        return None if self.truth is None else self.truth.sha256


def ground_of(protocol: Protocol, path: str | None = None) -> Ground:
    """A protocol with its labels: from `path`, embedded, stored, or none.

    Raises LabelsError and MismatchError for labels that are there and are not the protocol's.
    """
    load = load_interval_truth if protocol.task == "spotting" else load_ground_truth
    try:
        return Ground(protocol, load(protocol, path))
    except (LabelsError, MismatchError):
        raise
    except NotAvailableError:
        if path is not None:
            raise
        return Ground(protocol, None)


@dataclass(frozen=True)
class Scored:
    """What predictions give. Without labels `result` is None and `shares` is empty.

    `answers` are numbers in an order that two entries with equal `ids` share; `shares[evaluation][metric]` (N,) is what
    each test clip adds to the headline score; for spotting `drawn` holds replicates (R,) of it.
    """

    sha256: str
    ids: str
    answers: npt.NDArray[np.uint8] = field(repr=False)
    result: dict[str, Any] | None = field(repr=False, default=None)
    report: Report | None = field(repr=False, default=None)
    right: dict[str, list[str]] = field(repr=False, default_factory=dict)
    drawn: dict[str, list[float]] = field(repr=False, default_factory=dict)

    @property
    def digest(self) -> str:
        """Equal for two files that say the same."""
        return hashlib.sha256(self.ids.encode() + self.answers.tobytes()).hexdigest()


def unpacked(data: bytes, file: str) -> bytes:
    """The text of a predictions file, at most `UNPACKED` bytes. Raises InputError."""
    return unpack(data, file, UNPACKED) if data.startswith(GZIP_MAGIC) else data


def score_entry(
    id: str, data: bytes, file: str, ground: Ground, told: Told, *, missing: str = "error"
) -> Scored | None:
    """Score the unpacked predictions of an entry; None with findings where they cannot be."""
    protocol = ground.protocol
    try:
        if ground.truth is None:
            form = read_form(data, file, protocol)
            _check_extras(data, protocol, told)
            return _of_form(form)
        if isinstance(ground.truth, IntervalTruth):
            return _score_spotting(id, data, file, ground.truth, protocol, missing)
        from fervbench.submission.reading import parse_submission

        submission = parse_submission(data, file, protocol, ground_truth=ground.truth, missing=missing)
    except SubmissionError as error:
        told.take(error.findings)
        return None
    except RecursionError:
        told.add("too-deep", "is nested too deeply to be read")
        return None
    # intervals of F1 would be nine tenths of the work, and no ranking is by F1
    report = score(protocol, submission, intervals=replace(default_for(protocol.task), f1=False))
    _check_extras(data, protocol, told)
    for name in report.evaluations:
        _check_perfect(protocol, report, name, told)
    ids = hashlib.sha256("\t".join(f"{run.source}:{run.seed}" for run in _runs(submission)).encode()).hexdigest()
    answers = np.concatenate([run.answers for run in _runs(submission)])
    right = {e.id: _right(submission, e.id) for e in submission.evaluations}
    result = _result(id, submission.sha256, report, protocol)
    return Scored(submission.sha256, ids, (answers + 2).astype(np.uint8), result, report, right=right)


def _runs(submission: Submission) -> list[Any]:
    return sorted(submission.runs, key=lambda run: (str(run.source), -1 if run.seed is None else run.seed))


def _of_form(form: Form) -> Scored:
    return Scored(form.sha256, hashlib.sha256("\n".join(form.ids).encode("utf-8", "replace")).hexdigest(), form.answers)


def _score_spotting(id: str, data: bytes, file: str, truth: IntervalTruth, protocol: Protocol, missing: str) -> Scored:
    from fervbench.comparing_spotting import _ranked
    from fervbench.errors import InputError
    from fervbench.findings import Findings
    from fervbench.metrics import resampling_spotting
    from fervbench.submission.proposals import read_proposals

    submission = parse_spotting(data, file, protocol, ground_truth=truth, missing=missing)
    report = score(protocol, submission, intervals=default_for(protocol.task))
    _, auc = resampling_spotting.curve_samples(_ranked(submission, protocol.spotting or {}), None, REPLICATES, SEED)
    try:
        proposals = read_proposals(data, file, Findings(file))
    except InputError:
        proposals = None
    ids: tuple[str, ...] = ()
    codes = np.empty(0, dtype=np.uint8)
    if proposals is not None:
        ids, codes = packed_proposals(proposals.videos, proposals.sizes, proposals.rows)
    name = hashlib.sha256("\n".join(ids).encode("utf-8", "replace")).hexdigest()
    result = _result(id, submission.sha256, report, protocol)
    return Scored(submission.sha256, name, codes, result, report, drawn={"AUC": [round(x, 7) for x in auc.tolist()]})


def _result(id: str, sha256: str, report: Report, protocol: Protocol) -> dict[str, Any]:
    scores = {name: headline_scores(protocol, report, name) for name in report.evaluations}
    content: dict[str, Any] = json.loads(report.to_json())
    return {"format": FORMAT, "entry": id, "predictions": sha256, "scores": scores, "report": content}


def result_text(result: dict[str, Any]) -> str:
    """result.json: keys sorted, a line for each cell of the report."""
    report = dict(result["report"])
    cells = ",\n".join(strict_json.dumps(cell) for cell in report.pop("cells"))
    parts = [f'"cells": [\n{cells}\n]'] + [f"{strict_json.dumps(k)}: {strict_json.dumps(v)}" for k, v in report.items()]
    inner = "{" + ",\n".join(sorted(parts)) + "}"
    outer = [f'"report": {inner}']
    outer += [f"{strict_json.dumps(k)}: {strict_json.dumps(v)}" for k, v in result.items() if k != "report"]
    return "{" + ",\n".join(sorted(outer)) + "}\n"


def _check_perfect(protocol: Protocol, report: Report, evaluation: str, told: Told) -> None:
    """Nobody has every clip right on lists whose own annotators disagree: such answers are the labels."""
    scores = headline_scores(protocol, report, evaluation)
    for metric in ranked_metrics(protocol):
        if scores.get(metric, {}).get("value") == 1.0:
            told.add(
                "perfect-score", f"{evaluation}: {metric} is 1: these are the labels", hint="were they trained on?"
            )
            return


def _check_extras(data: bytes, protocol: Protocol, told: Told) -> None:
    """Scores that are certain everywhere, and scores whose largest is not the label that is given beside them.

    Reads the file once more, only where it holds rows of scores; it has been read strictly before.
    """
    if data.count(b"[") < _ONE_HOT_FROM or protocol.task == "spotting":
        return
    content = json.loads(data)
    order = content.get("classes") or list(protocol.classes)
    runs = content.get("runs", [content])
    for i, run in enumerate(runs):
        rows = {id: row for id, row in run["predictions"].items() if isinstance(row, list)}
        if len(rows) < _ONE_HOT_FROM:
            continue
        scores = np.array(list(rows.values()), dtype=np.float64)
        where = f"/runs/{i}" if "runs" in content else ""
        if bool(((scores == 0) | (scores == scores.max())).all() and ((scores != 0).sum(axis=1) == 1).all()):
            told.warn("one-hot", "every row of scores is one class for certain: no model answers so",
                      hint="labels written as scores? write class names", pointer=f"{where}/predictions")  # fmt: skip
        given = run.get("x-labels", content.get("x-labels"))
        if isinstance(given, dict):
            top = [order[j] for j in scores.argmax(axis=1).tolist()]
            wrong = [id for id, name in zip(rows, top, strict=True) if id in given and given[id] != name]
            if wrong:
                message = f"{len(wrong):,} labels are not those of the largest score; the first: {wrong[0]}"
                told.add("argmax-differs", message, hint="are 'classes' in the order of the scores?",
                         pointer=f"{where}/x-labels")  # fmt: skip


def _right(submission: Submission, evaluation: str) -> list[str]:
    """For each cell of the headline and each seed, which clips are right: packed bits, base64."""
    protocol, truth = submission.protocol, submission.truth
    of = protocol.evaluations[evaluation]
    packed = []
    for source, target in headline(protocol, evaluation).cells:
        answers = answers_of(submission, of, source)
        names = set(protocol.leaves) if target == POOLED else {str(target)}
        mask = clips_of(names, protocol, truth)
        for column in answers.T:
            bits = np.packbits((column == truth.label) & mask).tobytes()
            packed.append(base64.b64encode(zlib.compress(bits, 1)).decode("ascii"))
    return packed


def shares(
    protocol: Protocol, truth: GroundTruth, evaluation: str, packed: list[str]
) -> dict[str, npt.NDArray[np.float64]]:
    """What each test clip adds to the headline's WAR and UAR, (N,): their sum is the score, and both are linear.

    WAR is right / n, UAR right / (classes x clips of the class), each the mean over cells and seeds.
    """
    cells = headline(protocol, evaluation).cells
    each = len(packed) // len(cells)
    found = {metric: np.zeros(len(truth)) for metric in ("WAR", "UAR")}
    for i, text in enumerate(packed):
        bits = np.frombuffer(zlib.decompress(base64.b64decode(text)), dtype=np.uint8)
        right = np.unpackbits(bits)[: len(truth)].astype(np.float64)
        target = cells[i // each][1]
        names = set(protocol.leaves) if target == POOLED else {str(target)}
        mask = clips_of(names, protocol, truth)
        of_class = np.bincount(truth.label[mask], minlength=len(protocol.classes))
        there = max(int((of_class > 0).sum()), 1)
        found["WAR"] += right / max(int(mask.sum()), 1) / len(packed)
        found["UAR"] += right / np.maximum(of_class, 1)[truth.label] / there / len(packed)
    return found


def weights(truth: GroundTruth, leaves: int, classes: int, number: int = REPLICATES, seed: int = SEED) -> Any:
    """How often each test clip falls in each replicate, (R, N) float32: the scheme `class-counts` of `resampling`.

    The same for every entry, so that replicates of two entries are paired.
    """
    from fervbench.metrics.resampling import DRAWS, generator

    drawn = np.zeros((number, len(truth)), dtype=np.float32)
    group = truth.leaf * classes + truth.label
    for one in range(leaves * classes):
        at = np.flatnonzero(group == one)
        if len(at):
            rng = generator(seed, DRAWS, 7, one)
            drawn[:, at] = rng.multinomial(len(at), np.full(len(at), 1 / len(at)), size=number)
    return drawn


__all__ = ["Ground", "Scored", "SpottingSubmission", "ground_of", "result_text", "score_entry", "shares", "weights"]
