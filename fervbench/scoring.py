"""From a submission to a report: confusion counts by leaf, summed to cells, metrics of all cells at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fervbench._version import __version__
from fervbench.metrics import recognition
from fervbench.protocol import FOLD_MEAN, POOLED, Evaluation, Protocol
from fervbench.report import FORMAT, METRICS, Cell, Report
from fervbench.submission.coverage import asked_of, clips_of
from fervbench.submission.model import Run, Submission
from fervbench.uncertainty import Resampling, default_for, with_intervals

if TYPE_CHECKING:
    from fervbench.submission.spotting import SpottingSubmission

IntArray = npt.NDArray[np.int64]


def score(
    protocol: Protocol,
    submission: Submission | SpottingSubmission,
    *,
    f1_min_score: float | None = None,
    intervals: Resampling | None = None,
) -> Report:
    """Score a submission that has been read against `protocol`.

    A cell is the sum of the confusion counts of its target's leaves, so that scenes, scenarios and all clips are
    always of one piece. Several seeds give the mean and standard deviation (ddof 1) of each cell. Proposals are scored
    by `fervbench.spotting_scoring`; `f1_min_score` is for them alone. `intervals` says how confidence intervals are
    made: by default with 1,000 replicates of clips by class (of videos, for proposals); `Resampling(replicates=0)`
    makes none.
    """
    if submission.protocol.sha256 != protocol.sha256:
        raise ValueError(f"the submission was read for {submission.protocol.id}, not for this {protocol.id}")
    if not isinstance(submission, Submission):
        from fervbench.spotting_scoring import score_spotting

        return score_spotting(protocol, submission, f1_min_score=f1_min_score, intervals=intervals)
    resampling = intervals or default_for(protocol.task)
    seeds = submission.seeds
    cache: dict[int, IntArray] = {}
    cells: list[Cell] = []
    for evaluation in submission.evaluations:
        names, tables = _tables(evaluation, submission, seeds, cache)
        cells += _cells(evaluation, names, tables, protocol)
    cells = with_intervals(cells, submission, resampling)
    return Report(_header(protocol, submission, seeds, cells, resampling), tuple(cells))


def _by_leaf(run: Run, submission: Submission, cache: dict[int, IntArray]) -> IntArray:
    """Confusion counts of one run by leaf, shape (leaves, K, K + 1)."""
    if id(run) not in cache:
        truth = submission.truth
        leaves, classes = len(submission.protocol.leaves), len(submission.protocol.classes)
        columns = np.where(run.answers < 0, classes, run.answers)
        flat = (truth.leaf * classes + truth.label) * (classes + 1) + columns
        size = leaves * classes * (classes + 1)
        cache[id(run)] = np.bincount(flat, minlength=size).reshape(leaves, classes, classes + 1).astype(np.int64)
    return cache[id(run)]


def _tables(
    evaluation: Evaluation, submission: Submission, seeds: tuple[int | None, ...], cache: dict[int, IntArray]
) -> tuple[list[tuple[str | None, str | None]], IntArray]:
    """(source, target) of the cells and their confusion counts, shape (seeds, cells, K, K + 1)."""
    protocol = submission.protocol
    position = {leaf: i for i, leaf in enumerate(protocol.leaves)}
    tables = []
    for seed in seeds:
        runs = {source: _by_leaf(submission.run(source, seed), submission, cache) for source in evaluation.sources}
        row = [
            runs[source][[position[leaf] for leaf in protocol.configurations[target].leaves]].sum(axis=0)
            for source, target in evaluation.cells
        ]
        if evaluation.kind == "folds":
            row.append(np.sum(row, axis=0))
        tables.append(row)
    names: list[tuple[str | None, str | None]] = list(evaluation.cells)
    if evaluation.kind == "folds":
        names.append((None, POOLED))
    return names, np.array(tables)


def _cells(
    evaluation: Evaluation, names: list[tuple[str | None, str | None]], tables: IntArray, protocol: Protocol
) -> list[Cell]:
    found = recognition.scores(tables)  # leading axes (seeds, cells)
    overall = {
        name: values.T.tolist()
        for name, values in zip(METRICS, (found.war, found.uar, found.macro_f1, found.weighted_f1), strict=True)
    }
    by_class = {
        name: values.transpose(1, 2, 0).tolist()
        for name, values in (("recall", found.recall), ("precision", found.precision), ("F1", found.f1))
    }
    total = tables.sum(axis=0)
    clips = tables[0].sum(axis=-1).tolist()
    confusions = total[..., :-1].tolist()
    missing = total[..., -1].sum(axis=-1).tolist()
    unanswered = total[..., -1].tolist()
    cells = []
    for i, (source, target) in enumerate(names):
        per_class = {
            name: {"n": clips[i][c], "missing": unanswered[i][c]} | _class_metrics(by_class, i, c)
            for c, name in enumerate(protocol.classes)
        }
        metrics = {name: _metric(overall[name][i]) for name in METRICS}
        cell = Cell(evaluation.id, source, target, None, sum(clips[i]), missing[i], metrics, per_class, confusions[i])
        cells.append(cell)
    if evaluation.kind == "folds":
        cells.append(_fold_mean(evaluation, tables[:, :-1], cells[-1]))
    return cells


def _class_metrics(by_class: dict[str, Any], cell: int, c: int) -> dict[str, Any]:
    """Recall, precision and F1 of one class; with several seeds their standard deviations beside, as `recall_sd`."""
    found: dict[str, Any] = {}
    for metric, values in by_class.items():
        per_seed = values[cell][c]
        found[metric] = _value(per_seed)
        if len(per_seed) > 1 and found[metric] is not None:
            found[f"{metric}_sd"] = float(np.std(per_seed, ddof=1))
    return found


def _value(per_seed: list[float]) -> float | None:
    """Mean over the seeds; None where it is not defined."""
    mean = sum(per_seed) / len(per_seed)
    return mean if mean == mean else None


def _metric(per_seed: list[float]) -> dict[str, Any]:
    if len(per_seed) == 1:
        return {"value": per_seed[0]}
    return {
        "value": sum(per_seed) / len(per_seed),
        "sd": float(np.std(per_seed, ddof=1)),
        "per_seed": per_seed,
    }


def _fold_mean(evaluation: Evaluation, folds: IntArray, pooled: Cell) -> Cell:
    """The mean of each metric over the folds: what most repositories print. Not the pooled value."""
    found = recognition.scores(folds)  # leading axes (seeds, folds)
    values = (found.war, found.uar, found.macro_f1, found.weighted_f1)
    metrics = {name: _metric(v.mean(axis=1).tolist()) for name, v in zip(METRICS, values, strict=True)}
    return Cell(evaluation.id, None, None, FOLD_MEAN, pooled.n, pooled.missing, metrics, {}, None)


def _absent(cells: list[Cell]) -> list[str]:
    """`target/class` for every class that a target lacks."""
    found = {f"{cell.target}/{name}" for cell in cells for name, row in cell.per_class.items() if row["n"] == 0}
    return sorted(found)


def _header(
    protocol: Protocol,
    submission: Submission,
    seeds: tuple[int | None, ...],
    cells: list[Cell],
    resampling: Resampling,
) -> dict[str, Any]:
    truth = submission.truth
    absent, silent = _absent(cells), _silent(cells, len(seeds))
    asked, answered, ties = _tally(submission)
    policy = submission.missing
    parts = [
        f"p:{protocol.signature}",
        "e:" + "+".join(evaluation.id for evaluation in submission.evaluations),
        f"gt:{truth.sha256[:8]}",
        f"agg:{protocol.aggregation}",
        f"miss:{policy}",
        "ties:first",
        "compat:none",
        f"ci:{resampling.signature}",
        f"v:{__version__}",
    ]
    warnings = [*submission.notes]
    if protocol.note:
        warnings.insert(0, protocol.note)
    if absent:
        parts.insert(-1, f"absent:{len(absent)}")
        listed = ", ".join(absent[:10]) + (", ..." if len(absent) > 10 else "")
        warnings.append(f"classes without a test clip are left out of UAR and macro F1: {listed}")
    if answered < asked:
        warnings.append(f"{asked - answered:,} of {asked:,} answers are missing and count as wrong")
    if silent:
        listed = ", ".join(silent[:6]) + (", ..." if len(silent) > 6 else "")
        warnings.append(f"in {len(silent)} cells nothing is answered, which is no measurement: trained {listed}")
    if ties:
        who = "1 answer" if ties == 1 else f"{ties:,} answers"
        warnings.append(f"{who} shared the top score: the first class in the protocol's order was taken")
    return {
        "format": FORMAT,
        "tool_version": __version__,
        "signature": "|".join(["fervbench", *parts]),
        "protocol": {"id": protocol.id, "version": protocol.version, "sha256": protocol.sha256},
        "ground_truth": {"sha256": truth.sha256, "n": len(truth)},
        "submission": {"sha256": submission.sha256, "n": asked, "missing": asked - answered, "ties": ties},
        "classes": list(protocol.classes),
        "seeds": list(seeds),
        "intervals": resampling.to_dict(),
        "warnings": warnings,
    }


def _tally(submission: Submission) -> tuple[int, int, int]:
    """Answers asked for, given, and tied, over the runs and clips that are scored."""
    asked = answered = ties = 0
    for run in submission.runs:
        targets = asked_of(run, submission.evaluations)
        mask = clips_of(targets, submission.protocol, submission.truth)
        asked += int(mask.sum())
        answered += int((run.answers[mask] >= 0).sum())
        ties += int(run.tied[mask].sum())
    return asked, answered, ties


def _silent(cells: list[Cell], seeds: int) -> list[str]:
    """Cells in which nothing was answered at all."""
    return [f"{cell.source} on {cell.target}" for cell in cells if cell.target and cell.missing == cell.n * seeds]
