"""A spotting baseline from features to report: train, let the validation part pick, propose for the test part, score.

The folder of a job is that of `fervbench.reference.jobs`, with a checkpoint for each stage, `validation.jsonl`, and
`proposals.json` in place of predictions. Proposals for test videos are made once, when training is done.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from fervbench.interval_truth import IntervalTruth
from fervbench.metrics.spotting import rank
from fervbench.reference import numerics
from fervbench.reference.jobs import Job, locked, open_job
from fervbench.reference.spotting.controls import NOTES, given_to
from fervbench.reference.spotting.parts import Input, Proposals, Stage
from fervbench.reference.spotting.settings import IN_TEST, Settings, describe
from fervbench.reference.spotting.training import best_of, train_stage
from fervbench.reference.spotting.writing import format_proposals
from fervbench.reference.synthetic import NOTE
from fervbench.report import Report
from fervbench.spotting_scoring import score_spotting
from fervbench.submission.spotting import parse_spotting

Say = Callable[[str], None]
NETWORKS = ("bmn", "bsn", "turn", "r-c3d")


@dataclass(frozen=True)
class Outcome:
    """What a job ended in; `stored` says whether it was done before."""

    folder: Path
    report: Report
    stored: bool


def module_of(model: str) -> Any:
    """The module of a network by its name."""
    return import_module(f"fervbench.reference.spotting.{model.replace('-', '')}")


def run_job(
    settings: Settings,
    given: Input,
    about: Mapping[str, Any],
    out: Path,
    *,
    say: Say,
    synthetic: bool,
    files: Mapping[str, str] | None = None,
    every: float = 300.0,
    also: Callable[[Job], None] | None = None,
) -> Outcome:
    """Train, propose and score, or give the stored report. `about` says what features and videos are; it names the job
    together with the settings. `files` go beside the proposals; `also` is called with the job when it is scored, before
    it counts as done. The control with test videos in another order proposes with the network of the same job without a
    control, which is trained first where it is not done.
    """
    job = open_job(out, describe(settings, dict(about) | {"device": given.device.type}))
    if job.done:
        say(f"done before: {job.folder}")
        return Outcome(job.folder, job.report(), stored=True)
    learned: Job | None = None
    if settings.control == IN_TEST:
        plain = replace(settings, control="none")
        found = run_job(
            plain, given, about, out, say=lambda text: say(f"without the control: {text}"), synthetic=synthetic,
            files=files, every=every,
        )  # fmt: skip
        learned = Job(found.folder, describe(plain, dict(about) | {"device": given.device.type}))
    with locked(job), locked(learned) if learned else nullcontext():
        for name, content in (files or {}).items():
            job.write(name, content)
        report = _work(job, learned, settings, given, say, synthetic, every, also)
    return Outcome(job.folder, report, stored=False)


def _work(
    job: Job,
    learned: Job | None,
    settings: Settings,
    given: Input,
    say: Say,
    synthetic: bool,
    every: float,
    also: Callable[[Job], None] | None,
) -> Report:
    started = time.monotonic()
    notes = [NOTE] if synthetic else []
    if settings.control != "none":
        notes.append(NOTES[settings.control])
        given = given_to(settings.control, given, settings.seed)
    made, rows = last_stage(learned or job, settings, given, say, every, trained=learned is not None)
    if made.propose is None:
        raise AssertionError("the last stage of a network proposes")
    proposals = made.propose(given.videos.parts["test"])
    protocol = given.videos.protocol
    note = "; ".join(notes)
    text = format_proposals(protocol, proposals, note or None)
    submission = parse_spotting(text.encode(), "proposals.json", protocol, ground_truth=given.videos.truth)
    report = score_spotting(protocol, submission)
    said = [each for each in report.warnings if not note or note not in each]  # what the file says of itself: once
    report = Report(report.header | {"warnings": list(dict.fromkeys([*notes, *said]))}, report.cells)
    job.write("proposals.json", text)
    job.write("report.json", report.to_json())
    if also is not None:
        also(job)
    picked = {name: best_of(history) for name, history in rows.items()}
    job.write(
        "done.json",
        {
            "reported": {name: f"epoch {row['epoch']}, picked on the validation part" for name, row in picked.items()},
            "validation": {name: row["selection"] for name, row in picked.items()},
            "environment": numerics.environment(given.device),
            "seconds": round(time.monotonic() - started, 1),
            "signature": report.signature,
        },
    )
    return report


def last_stage(
    job: Job, settings: Settings, given: Input, say: Say, every: float = 300.0, *, trained: bool = False
) -> tuple[Stage, dict[str, list[dict[str, Any]]]]:
    """Train every stage of a job; the last one, its network at its best epoch, and what each epoch gave by stage.

    With `trained` nothing is trained: raises InputError where a checkpoint is not there or not finished.
    """
    rows: dict[str, list[dict[str, Any]]] = {}
    stage: Stage | None = None
    for number, stage in enumerate(module_of(settings.model).stages(settings, given)):
        rows[stage.name] = []

        def keep(history: list[dict[str, Any]], name: str = stage.name) -> None:
            rows[name] = history
            job.write_metrics([row for each in rows.values() for row in each])

        rows[stage.name] = train_stage(
            stage,
            number,
            settings,
            job.folder / f"checkpoint-{stage.name}.pt",
            job.name,
            judge=partial(_judge, given=given),
            say=say,
            every=every,
            after_epoch=keep,
            trained=trained,
        )
        top = best_of(rows[stage.name])
        shown = f"AUC {100 * top['validation_AUC']:.2f}" if "validation_AUC" in top else f"loss {-top['selection']:.4f}"
        say(f"{stage.name}: epoch {top['epoch']} of {stage.training.epochs} is best on the validation part ({shown})")
    if stage is None:
        raise AssertionError("a network has a stage")
    return stage, rows


def _judge(stage: Stage, given: Input) -> dict[str, float]:
    """AUC over the validation part where a stage proposes, else its loss there."""
    loss = stage.validate()
    if stage.propose is None:
        return {"selection": -loss, "validation_loss": loss}
    auc = auc_of(given.videos.validation, stage.propose(given.videos.parts["validation"]))
    return {"selection": auc, "validation_AUC": auc, "validation_loss": loss}


def auc_of(truth: IntervalTruth, proposals: Proposals, max_average: int = 100) -> float:
    """AUC as the scorer has it; 0 where there are no proposals at all."""
    rows = [(truth.index[id], found) for id, found in proposals.items() if id in truth.index]
    outside = sum(len(found) for id, found in proposals.items() if id not in truth.index)
    every = np.concatenate([found for _, found in rows]) if rows else np.empty((0, 3))
    if not len(every):
        return 0.0
    spotted = rank(
        truth.target,
        truth.video,
        every[:, :2],
        np.repeat([i for i, _ in rows], [len(found) for _, found in rows]),
        every[:, 2],
        videos=len(truth.videos),
        outside=outside,
        max_average=max_average,
    )
    return spotted.curve().auc
