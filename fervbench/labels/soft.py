r"""Scores against the votes themselves, and not against the label made of them.

A label of seven of ten votes hides that three raters saw something else. For each cell of a report, over its clips:
    strata              WAR of the clips whose top class has v votes, for each v (DFEW's labels: 7 to 10)
    expected_agreement  the chance that a rater drawn at random says what the system says: mean of n_ik / m_i at the
                        answer k. PASS is among the m_i ratings; no answer agrees with nobody
    rater_agreement     the same for one rater and another rater of the same clip: what a human reaches
    ceiling             the same for the most frequent class of each clip: no system can exceed it
and for answers with scores that are probabilities (p, each row from 0 and summing to 1 within 0.001), q_ik = n_ik / n_i
being the share of class k in the votes for classes:
    log_loss            mean of - sum_k q_ik ln p_ik, in nats, p at least 1e-15; `clipped` counts the clips where
                        a class with votes has less
    entropy             mean of - sum_k q_ik ln q_ik: the least that log_loss can be
    earth_movers        mean of sum_k abs(Q_ik - P_ik) / (K - 1) over the first K - 1 classes, Q and P summed along the
                        order given: in [0, 1], 0 the same, 1 all votes at one end and p at the other
Several seeds: means over them. What cannot be measured is null, and the report's warnings say why.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from fervbench.errors import InputError, UsageError
from fervbench.findings import Findings
from fervbench.labels.ratings import Ratings
from fervbench.metrics.agreement import top_class
from fervbench.metrics.proportions import wilson
from fervbench.protocol import POOLED, Protocol
from fervbench.report import Cell, Report
from fervbench.submission.model import Submission

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

SMALLEST = 1e-15
_SUM = 1e-3


def distribution_distances(
    votes: npt.ArrayLike, scores: npt.ArrayLike, order: Sequence[int] | None = None
) -> dict[str, float]:
    """Log loss, its entropy, earth mover's distance (NaN without `order`) and clipped clips: votes and p, both (N, K).

    Clips without a vote for any class play no part. Range: log loss and entropy from 0, earth mover's [0, 1].

    >>> found = distribution_distances([[5, 5]], [[0.5, 0.5]], order=[0, 1])
    >>> round(found["log_loss"], 4), round(found["entropy"], 4), found["earth_movers"]
    (0.6931, 0.6931, 0.0)
    """
    counts, p = np.asarray(votes, dtype=np.float64), np.asarray(scores, dtype=np.float64)
    voted = counts.sum(axis=1) > 0
    counts, p = counts[voted], p[voted]
    if not len(counts):
        return {"log_loss": np.nan, "entropy": np.nan, "earth_movers": np.nan, "clipped": 0}
    q = counts / counts.sum(axis=1, keepdims=True)
    p = p / p.sum(axis=1, keepdims=True)
    safe = np.maximum(p, SMALLEST)
    own = np.log(np.where(q > 0, q, 1.0))
    moved = np.nan
    if order is not None:
        steps = np.cumsum(q[:, order] - p[:, order], axis=1)[:, :-1]
        moved = float(np.abs(steps).sum(axis=1).mean() / (q.shape[1] - 1))
    return {
        "log_loss": float(-(q * np.log(safe)).sum(axis=1).mean()),
        "entropy": float(-(q * own).sum(axis=1).mean()),
        "earth_movers": moved,
        "clipped": int(((q > 0) & (p < SMALLEST)).any(axis=1).sum()),
    }


def with_votes(report: Report, submission: Submission, ratings: Ratings, order: Sequence[str] | None = None) -> Report:
    """The report with `votes` in its header and in every cell of clips; `submission` was read with `keep_scores`.

    `order` names the classes along a scale, for the earth mover's distance. Raises InputError, naming each of them,
    where clips of the submission have no votes, and UsageError for an order that is no permutation of the classes.
    """
    protocol = submission.protocol
    if order is not None and sorted(order) != sorted(protocol.classes):
        hint = f"its classes: {','.join(protocol.classes)}"
        raise UsageError(f"the order is not a permutation of the classes of {protocol.id}", hint=hint)
    columns = None if order is None else [protocol.classes.index(name) for name in order]
    rows = _rows(submission, ratings)
    chosen = rows >= 0
    votes = np.where(chosen[:, None], ratings.votes[rows], 0)
    number = np.where(chosen, ratings.number[rows], 0)
    cells: list[Cell] = []
    reasons: list[str] = []
    for cell in report.cells:
        found = _cell(cell, submission, votes, number, columns, reasons)
        cells.append(cell if found is None else replace(cell, extra=cell.extra | {"votes": found}))
    label = top_class(votes[chosen])
    differing = int((label != submission.truth.label[chosen]).sum())
    warnings = list(report.warnings)
    if differing:
        warnings.append(f"the votes' top class is not the label of {differing:,} clips (ties among them)")
    sizes = number[chosen]
    if len(sizes) and sizes.min() < sizes.max():
        warnings.append(f"clips have {sizes.min()} to {sizes.max()} ratings: strata of votes are not shares")
    warnings += [f"no distance of distributions: {reason}" for reason in dict.fromkeys(reasons)]
    head = {
        "sha256": ratings.sha256,
        "n": int(chosen.sum()),
        "order": None if order is None else list(order),
        "differing": differing,
    }
    return Report(report.header | {"votes": head, "warnings": warnings}, tuple(cells))


def _rows(submission: Submission, ratings: Ratings) -> IntArray:
    """Where in the votes each clip of the ground truth stands; -1 for a clip that no cell asks for."""
    protocol, truth = submission.protocol, submission.truth
    place = {id: i for i, id in enumerate(ratings.clips)}
    rows = np.array([place.get(id, -1) for id in truth.ids], dtype=np.int64)
    targets = {target for evaluation in submission.evaluations for _, target in evaluation.cells}
    asked = np.isin(truth.leaf, _leaves(targets, protocol))
    findings = Findings(ratings.file)
    for i in np.flatnonzero(asked & ((rows < 0) | (ratings.votes[rows].sum(axis=1) == 0))).tolist():
        findings.add("missing-votes", f"{truth.ids[i]!r} has no votes", id=truth.ids[i])
    if len(findings):
        hint = "ids are spelt as in the protocol; is this the annotation of this dataset?"
        raise InputError(
            f"lacks clips that are scored: {ratings.file}", hint=hint, file=ratings.file, findings=findings
        )
    return rows


def _leaves(targets: set[str], protocol: Protocol) -> list[int]:
    return [protocol.leaves.index(leaf) for target in targets for leaf in protocol.configurations[target].leaves]


def _cell(
    cell: Cell,
    submission: Submission,
    votes: IntArray,
    number: IntArray,
    order: list[int] | None,
    reasons: list[str],
) -> dict[str, Any] | None:
    """What the votes say of one cell; None for a mean of folds."""
    if cell.aggregate is not None:
        return None
    evaluation = submission.protocol.evaluations[cell.evaluation]
    pairs = list(evaluation.cells) if cell.target == POOLED else [(str(cell.source), str(cell.target))]
    clips, answers, scores = [], [], []
    for source, target in pairs:
        runs = [submission.run(source, seed) for seed in submission.seeds]
        own = np.flatnonzero(np.isin(submission.truth.leaf, _leaves({target}, submission.protocol)))
        clips.append(own)
        answers.append(np.stack([run.answers[own] for run in runs]))
        scores.append(np.stack([run.scores[own] for run in runs if run.scores is not None]))
    at, given, p = np.concatenate(clips), np.concatenate(answers, axis=1), np.concatenate(scores, axis=1)
    right = given == submission.truth.label[at]  # (S, n)
    own, each = votes[at], number[at]
    most = own.max(axis=1)
    agreeing = np.where(given >= 0, own[np.arange(len(at)), np.maximum(given, 0)], 0) / each
    strata = []
    for v in np.unique(most).tolist():
        chosen = most == v
        entry = {"votes": v, "n": int(chosen.sum()), "WAR": float(right[:, chosen].mean())}
        if len(right) == 1:
            low, high = wilson(int(right[0, chosen].sum()), entry["n"]).tolist()
            entry |= {"wilson_low": low, "wilson_high": high}
        strata.append(entry)
    several = each >= 2
    pairs_agree = (own * (own - 1)).sum(axis=1)[several] / (each * (each - 1))[several]
    found: dict[str, Any] = {
        "n": len(at),
        "strata": strata,
        "expected_agreement": float(agreeing.mean()),
        "rater_agreement": float(pairs_agree.mean()) if several.any() else None,
        "ceiling": float((most / each).mean()),
    }
    return found | _distances(own, p, order, reasons)


def _distances(votes: IntArray, p: FloatArray, order: list[int] | None, reasons: list[str]) -> dict[str, Any]:
    """Distances of the runs' scores (S, n, K), means over runs; null, with a reason, where they are no shares."""
    names = ("log_loss", "entropy", "earth_movers", "clipped")
    nothing: dict[str, Any] = dict.fromkeys(names)
    if np.isnan(p).any():
        clips = int(np.isnan(p).any(axis=(0, 2)).sum())
        reasons.append(f"{clips:,} of {p.shape[1]:,} clips have an answer without scores")
        return nothing
    if (p < 0).any() or (np.abs(p.sum(axis=2) - 1) > _SUM).any():
        reasons.append("the scores are no probabilities (from 0, sum 1): 'fervbench convert --softmax' makes them")
        return nothing
    each = [distribution_distances(votes, run, order) for run in p]
    found = {name: float(np.mean([one[name] for one in each])) for name in names}
    whole: dict[str, Any] = {name: None if value != value else value for name, value in found.items()}
    return whole | {"clipped": sum(int(one["clipped"]) for one in each)}
