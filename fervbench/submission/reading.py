"""One strict reader for recognition predictions: everything wrong with a file is found in one pass.

A file is read whole, its header is held against the published schema, every answer and id against the protocol and the
ground truth, and coverage cell by cell. Nothing is repaired. Either a Submission comes out, or SubmissionError with all
findings; known differences from a looser reading are never settled in silence.
"""

from __future__ import annotations

import difflib
import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fervbench import schema, strict_json
from fervbench.errors import InputError, SubmissionError, UsageError
from fervbench.findings import Findings, visible
from fervbench.ground_truth import GroundTruth, load_ground_truth
from fervbench.protocol import EACH_FOLD, Protocol
from fervbench.strict_json import RepeatedKeys, pointer
from fervbench.submission.answers import read_answers
from fervbench.submission.choosing import choose_protocol, no_evaluation
from fervbench.submission.coverage import check_coverage, check_repeated_runs, choose_evaluations, clips_of
from fervbench.submission.model import MISSING, Run, Submission
from fervbench.submission.spelling import IdGuesser

FORMAT = "fervbench-recognition/1"
POLICIES = ("error", "wrong")
SHAPE = (
    f'{{"format": "{FORMAT}", "protocol": "ferv39k", "predictions": {{"Interview/Happy/0118": "Happy", ...}}}}; '
    "'fervbench template ID' writes one"
)


def parse_submission(
    data: bytes,
    file: str,
    protocol: Protocol | str | Path | None = None,
    *,
    ground_truth: GroundTruth | str | Path | None = None,
    evaluation: str | None = None,
    missing: str = "error",
    keep_scores: bool = False,
) -> Submission:
    """Read and check recognition predictions; `file` names them in findings. See `read_submission`."""
    if missing not in POLICIES:
        raise UsageError(f"no policy {missing!r} for missing answers", hint=f"known: {', '.join(POLICIES)}")
    try:
        document = strict_json.parse(data, file)
    except InputError as error:
        raise SubmissionError(error.message, hint=error.hint, file=file, findings=error.findings) from None
    findings = Findings(file)
    content = _check_header(document, findings)
    if content is None:
        raise SubmissionError(f"is not a predictions file: {file}", file=file, findings=findings)
    protocol = choose_protocol(content["protocol"], protocol, findings)
    if evaluation is not None and evaluation not in protocol.evaluations:
        raise no_evaluation(evaluation, protocol)
    if not isinstance(ground_truth, GroundTruth):
        ground_truth = load_ground_truth(protocol, ground_truth)
    order = _check_classes(content.get("classes"), protocol, findings)
    reader = _RunReader(protocol, ground_truth, order, findings, keep_scores=keep_scores)
    runs = [reader.read(raw, where) for raw, where in _raw_runs(content, protocol)]
    good = [run for run in runs if run is not None]
    check_repeated_runs(good, findings)
    evaluations, notes = choose_evaluations(good, protocol, evaluation, findings)
    check_coverage(good, evaluations, protocol, ground_truth, missing, findings)
    if len(findings):
        raise SubmissionError(f"cannot be scored: {file}", file=file, findings=findings)
    note = content.get("x-note")
    if note:
        notes.insert(0, f"the file says of itself: {visible(note, 1000)}")
    return Submission(
        protocol=protocol,
        truth=ground_truth,
        runs=tuple(good),
        evaluations=evaluations,
        missing=missing,
        sha256=hashlib.sha256(data).hexdigest(),
        notes=tuple(notes),
    )


def _check_header(document: strict_json.Document, findings: Findings) -> dict[str, Any] | None:
    """Hold everything but the answers against the schema; None if what is left cannot be read on."""
    content = document.value
    header = _without_answers(content)
    definition = schema.load("recognition")
    strict_json.walk(header, findings)
    if "too-deep" in findings.counts:
        return None
    if not isinstance(content, dict) or not content.keys() & definition["properties"].keys():
        message = "is JSON, but holds none of the keys of a predictions file"
        findings.add("no-predictions", message, hint=SHAPE, pointer="")
        return None
    if not schema.accepts(header, definition):
        schema.violations(header, definition, findings)
        for i, found in enumerate(findings.kept):
            if found.rule == "unknown-key" and found.pointer in ("/seed", "/trained_on"):
                hint = 'this belongs inside \'runs\': [{"trained_on": ..., "seed": ..., "predictions": ...}]'
                findings.kept[i] = replace(found, hint=hint)
        runs = content.get("runs")
        readable = content.get("format") == FORMAT
        readable = readable and isinstance(content.get("protocol"), str) and 0 < len(content["protocol"]) <= 100
        one_form = readable and ("runs" in content) != ("predictions" in content)
        if not one_form or not (isinstance(content.get("predictions"), dict) or isinstance(runs, list)):
            return None
    if document.suspect:
        for predictions, where in _predictions_of(content):
            if isinstance(predictions, RepeatedKeys):
                strict_json.report_repeated(predictions, where, findings, rule="duplicate-id")
            strict_json.walk(dict.fromkeys(predictions), findings, where)
    return dict(content)


def _without_answers(content: Any) -> Any:
    """The document with every predictions object emptied."""
    if not isinstance(content, dict):
        return content
    header = _emptied(content)
    if isinstance(content.get("runs"), list):
        header["runs"] = [_emptied(run) if isinstance(run, dict) else run for run in content["runs"]]
    return header


def _emptied(table: dict[str, Any]) -> dict[str, Any]:
    """A copy of one object, its marks kept, its predictions emptied."""
    copy: dict[str, Any] = dict(table)
    if isinstance(table, RepeatedKeys):
        copy = RepeatedKeys(table)
        copy.repeated = table.repeated
    if isinstance(table.get("predictions"), dict):
        copy["predictions"] = {}
    return copy


def _predictions_of(content: dict[str, Any]) -> list[tuple[dict[str, Any], str]]:
    found = []
    if isinstance(content.get("predictions"), dict):
        found.append((content["predictions"], "/predictions"))
    for i, run in enumerate(content["runs"] if isinstance(content.get("runs"), list) else []):
        if isinstance(run, dict) and isinstance(run.get("predictions"), dict):
            found.append((run["predictions"], pointer("runs", i, "predictions")))
    return found


def _check_classes(order: Any, protocol: Protocol, findings: Findings) -> list[str] | None:
    if order is None or not isinstance(order, list) or not all(isinstance(name, str) for name in order):
        return None
    missing = [name for name in protocol.classes if name not in order]
    surplus = [name for name in order if name not in protocol.classes]
    if missing or surplus:
        said = [f"{what} {', '.join(names)}" for what, names in (("lacks", missing), ("has", surplus)) if names]
        findings.add(
            "wrong-classes",
            f"is not a permutation of the protocol's classes: it {' and '.join(said)}",
            hint=f"classes of {protocol.id}: {', '.join(protocol.classes)}",
            pointer="/classes",
        )
    return order


def _raw_runs(content: dict[str, Any], protocol: Protocol) -> list[tuple[dict[str, Any], str]]:
    if "predictions" in content:
        short = {"trained_on": protocol.default_source, "predictions": content["predictions"]}
        return [(short, "")]
    return [(run, pointer("runs", i)) for i, run in enumerate(content["runs"]) if isinstance(run, dict)]


class _RunReader:
    """Reads runs against one ground truth; guesses about ids are shared between them."""

    def __init__(
        self,
        protocol: Protocol,
        truth: GroundTruth,
        order: list[str] | None,
        findings: Findings,
        *,
        keep_scores: bool = False,
    ) -> None:
        self._protocol = protocol
        self._truth = truth
        self._order = order
        self._findings = findings
        self._keep_scores = keep_scores
        self._guesser = IdGuesser(protocol, truth)
        self._asked: dict[str | None, npt.NDArray[np.bool_]] = {}

    def read(self, raw: dict[str, Any], where: str) -> Run | None:
        """One run; None if it is not clear what it was trained on or what it predicts."""
        source, predictions, seed = raw.get("trained_on"), raw.get("predictions"), raw.get("seed")
        if not isinstance(predictions, dict):
            return None
        here = where + "/predictions"
        codes, shared = read_answers(predictions, self._order, self._protocol.classes, here, self._findings)
        if not isinstance(source, str) or (where and source not in self._protocol.sources):
            if isinstance(source, str):
                self._report_source(source, where)
            self._positions(predictions, np.ones(len(self._truth), dtype=np.bool_), None, here)
            return None
        trained_on = None if source == EACH_FOLD else source
        asked = self._clips_asked(trained_on)
        answers = np.full(len(self._truth), MISSING, dtype=np.int64)
        positions = self._positions(predictions, asked, trained_on, here)
        inside = positions >= 0
        answers[positions[inside]] = codes[inside]
        tied = np.zeros(len(self._truth), dtype=np.bool_)
        tied[positions[inside]] = shared[inside]
        seed = seed if isinstance(seed, int) and not isinstance(seed, bool) else None
        scores = self._scores(predictions, codes, positions) if self._keep_scores else None
        return Run(trained_on, seed, answers, tied, where, scores)

    def _scores(
        self, predictions: dict[str, Any], codes: npt.NDArray[np.int64], positions: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.float64]:
        """Scores in the protocol's class order, (clips, classes); NaN where an answer is a class name or none."""
        classes = self._protocol.classes
        found = np.full((len(self._truth), len(classes)), np.nan)
        if self._order is not None and set(self._order) == set(classes):
            columns = [self._order.index(name) for name in classes]
            for value, code, at in zip(predictions.values(), codes.tolist(), positions.tolist(), strict=True):
                if at >= 0 and code >= 0 and isinstance(value, list):
                    found[at] = [value[column] for column in columns]
        return found

    def _report_source(self, source: str, where: str) -> None:
        known = self._protocol.sources
        near = difflib.get_close_matches(source[:100], known, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known)}"
        message = f"no configuration {source!r} to train on"
        self._findings.add("unknown-source", message, hint=hint, pointer=where + "/trained_on")

    def _clips_asked(self, source: str | None) -> npt.NDArray[np.bool_]:
        """The clips that any evaluation tests a source on, as a mask over the ground truth."""
        if source not in self._asked:
            sources = self._protocol.sources if source is None else (source,)
            targets = {target for each in sources for target in self._protocol.targets(each)}
            self._asked[source] = clips_of(targets, self._protocol, self._truth)
        return self._asked[source]

    def _positions(
        self, predictions: dict[str, Any], asked: npt.NDArray[np.bool_], source: str | None, where: str
    ) -> npt.NDArray[np.int64]:
        """Where in the ground truth each answer belongs; -1 and a finding where it belongs nowhere."""
        keys = list(predictions)
        ids = keys
        if self._protocol.ids.zero_pad:
            ids = [self._protocol.ids.canonical(key) for key in keys]
            if len(set(ids)) != len(ids):
                self._report_two_spellings(keys, ids, where)
        index = self._truth.index
        positions = np.array([index.get(id, -1) for id in ids], dtype=np.int64)
        for i in np.flatnonzero(positions < 0):
            rule, message, hint = self._guesser.explain(ids[i])
            self._findings.add(rule, message, hint=hint, pointer=where + pointer(keys[i]), id=keys[i])
        targets = self._protocol.targets(source) if source is not None else ()
        outside = (positions >= 0) & ~asked[positions] if len(asked) else positions >= 0
        for i in np.flatnonzero(outside):
            leaf = self._protocol.leaves[self._truth.leaf[positions[i]]]
            self._findings.add(
                "outside-target",
                f"{ids[i]!r} belongs to {leaf}, on which a model trained on {source} is not tested",
                hint=f"a run trained on {source} answers the test clips of {', '.join(targets[:8])} only",
                pointer=where + pointer(keys[i]),
                id=keys[i],
            )
        positions[outside] = -1
        return positions

    def _report_two_spellings(self, keys: list[str], ids: list[str], where: str) -> None:
        first: dict[str, str] = {}
        for key, id in zip(keys, ids, strict=True):
            if id in first:
                message = f"{key!r} and {first[id]!r} are two spellings of one id"
                self._findings.add("duplicate-id", message, pointer=where + pointer(key), id=id)
            first.setdefault(id, key)
