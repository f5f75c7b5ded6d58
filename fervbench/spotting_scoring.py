"""From spotting proposals to a report: the curve of all intervals, by duration and by class, F1 and timing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from fervbench._version import __version__
from fervbench.errors import UsageError
from fervbench.metrics import spotting
from fervbench.metrics.intervals import to_frames
from fervbench.metrics.resampling_spotting import curve_samples, sums
from fervbench.protocol import Protocol
from fervbench.report import FORMAT, Cell, Report
from fervbench.submission.spotting import SpottingSubmission
from fervbench.uncertainty import VIDEOS, Resampling, default_for, with_video_intervals

FloatArray = npt.NDArray[np.float64]
# AUC of a perfect detector: the area begins at AN = 1, and the readings differ in what they divide it by.
CEILINGS = {"over-99": 1.0, "mean": 1.0, "from-zero": 0.995}
CEILING = 0.99


def score_spotting(
    protocol: Protocol,
    submission: SpottingSubmission,
    *,
    f1_min_score: float | None = None,
    intervals: Resampling | None = None,
) -> Report:
    """Score proposals. Parts (durations, classes) keep proposals and budgets of the whole; only targets are filtered.

    F1 counts every proposal, or those with a score of at least `f1_min_score`; only where all videos have fps.
    """
    truth = submission.truth
    rules = protocol.spotting or {}
    spotted = spotting.rank(
        truth.target,
        truth.video,
        submission.proposal,
        submission.video,
        submission.score,
        videos=len(truth.videos),
        outside=submission.outside,
        max_average=rules["max_average"],
        ties=submission.ties,
        reading=submission.reading,
    )
    resampling = intervals or default_for(protocol.task)
    if resampling.replicates and resampling.scheme != VIDEOS:
        raise UsageError(f"proposals are resampled by video, not by {resampling.scheme}")
    cells = []
    drawn: dict[str, dict[str, FloatArray]] = {}
    for name, chosen in _parts(protocol, submission):
        curve = spotted.curve(chosen)
        if resampling.replicates and curve.n:
            ar, auc = curve_samples(spotted, chosen, resampling.replicates, resampling.seed)
            drawn[name] = {"AUC": auc} | {f"AR@{n}": ar[:, n - 1] for n in rules["report"]}
        metrics: dict[str, dict[str, Any]] = {
            f"AR@{n}": {"value": curve.at(n) if curve.n else None} for n in rules["report"]
        }
        metrics["AUC"] = {"value": curve.auc if curve.n else None}
        extra: dict[str, Any] = {}
        if curve.n:
            extra["curve"] = _curve(curve)
        if name == "all":
            extra |= _timing(spotted, submission)
            metrics |= _f1(
                submission, rules.get("f1_tiou"), f1_min_score, extra, drawn.setdefault(name, {}), resampling
            )
        missing = submission.absent if name == "all" else 0
        cells.append(Cell("spotting", None, name, None, curve.n, missing, metrics, {}, None, extra))
    if resampling.replicates:
        cells = with_video_intervals(cells, drawn, resampling)
    return Report(_header(protocol, submission, spotted, cells, f1_min_score, resampling), tuple(cells))


def _parts(protocol: Protocol, submission: SpottingSubmission) -> Iterator[tuple[str, npt.NDArray[np.bool_] | None]]:
    """Names of the parts, and which targets belong to each."""
    yield "all", None
    truth = submission.truth
    bounds = (protocol.spotting or {}).get("durations", [])
    length = np.round(truth.target[:, 1] - truth.target[:, 0], 6)  # 8.56 - 4.56 is 4 seconds, not a rounding more
    if bounds:
        for low, high in zip([0.0, *bounds], [*bounds, np.inf], strict=True):
            end = "inf)" if np.isinf(high) else f"{high:g}]"
            yield f"duration ({low:g}, {end}", (length > low) & (length <= high)
    labels = np.array(truth.labels)
    for name in protocol.classes:
        yield f"class {name}", labels == name


def _curve(curve: spotting.Curve) -> dict[str, Any]:
    levels = [f"{level:.2f}" for level in spotting.THRESHOLDS]
    recall = dict(zip(levels, curve.recall.tolist(), strict=True))
    return {"AN": curve.an.tolist(), "AR": curve.ar.tolist(), "recall": recall}


def _timing(spotted: spotting.Spotted, submission: SpottingSubmission) -> dict[str, Any]:
    """Absolute errors of onset and offset, by the highest-ranked proposal that recalls a target at the lowest tIoU."""
    found = spotted.best >= 0
    if not found.any():
        return {}
    errors = np.abs(submission.proposal[spotted.best[found]] - submission.truth.target[found])
    said = {
        name: {"mean": float(errors[:, i].mean()), "median": float(np.median(errors[:, i]))}
        for i, name in enumerate(("onset", "offset"))
    }
    return {"timing": {"n": int(found.sum()), **said}}


def _f1(
    submission: SpottingSubmission,
    threshold: float | None,
    least: float | None,
    extra: dict[str, Any],
    drawn: dict[str, FloatArray],
    resampling: Resampling,
) -> dict[str, dict[str, Any]]:
    """F1, precision and recall in inclusive frames (MEGC), where every video with targets has fps."""
    truth = submission.truth
    if threshold is None or np.isnan(truth.fps).any():
        return {}
    taken = np.ones(len(submission.score), dtype=np.bool_) if least is None else submission.score >= least
    wanted, given = [], []
    for video, fps in enumerate(truth.fps.tolist()):
        wanted.append(to_frames(truth.target[truth.video == video], fps))
        given.append(to_frames(submission.proposal[taken & (submission.video == video)], fps))
    counts = np.array([spotting.f1_counts([w], [g], threshold) for w, g in zip(wanted, given, strict=True)])
    matched, targets, predicted = counts.sum(axis=0).tolist()
    silent = sum(least is None or score >= least for score in submission.silent_scores.tolist())
    predicted += silent
    extra["intervals"] = {"matched": matched, "target": targets, "predicted": predicted}
    if resampling.replicates:
        drawn |= _f1_samples(counts, silent, resampling)
    return {
        "F1": {"value": 2 * matched / (targets + predicted)},
        "precision": {"value": matched / predicted if predicted else 0.0},
        "recall": {"value": matched / targets},
    }


def _f1_samples(counts: npt.NDArray[np.int64], silent: int, resampling: Resampling) -> dict[str, FloatArray]:
    """F1, precision and recall of every replicate of the videos; proposals in videos without targets stay."""
    matched, targets, predicted = sums(counts, resampling.replicates, resampling.seed).T
    predicted = predicted + silent
    precision = np.divide(matched, predicted, out=np.zeros_like(matched), where=predicted > 0)
    return {"F1": 2 * matched / (targets + predicted), "precision": precision, "recall": matched / targets}


def _header(
    protocol: Protocol,
    submission: SpottingSubmission,
    spotted: spotting.Spotted,
    cells: list[Cell],
    f1_min_score: float | None,
    resampling: Resampling,
) -> dict[str, Any]:
    truth = submission.truth
    videos = len(truth.videos)
    given = np.bincount(submission.video, minlength=videos)
    parts = [
        f"p:{protocol.signature}",
        "e:spotting",
        f"gt:{truth.sha256[:8]}",
        f"agg:{protocol.aggregation}",
        f"miss:{submission.missing}",
        f"ties:{submission.ties}",
        f"compat:{submission.compat}",
        f"ci:{resampling.signature}",
        f"v:{__version__}",
    ]
    if submission.reading != "official":
        parts.insert(-1, f"reading:{submission.reading}")
    if f1_min_score is not None and "F1" in cells[0].metrics:
        parts.insert(-1, f"f1-min:{f1_min_score!r}")
    return {
        "format": FORMAT,
        "tool_version": __version__,
        "signature": "|".join(["fervbench", *parts]),
        "protocol": {"id": protocol.id, "version": protocol.version, "sha256": protocol.sha256},
        "ground_truth": {"sha256": truth.sha256, "n": len(truth.target)},
        "submission": {
            "sha256": submission.sha256,
            "n": videos + len(truth.silent),
            "missing": submission.absent,
            "ties": spotted.ties,
        },
        "proposals": {
            "n": len(submission.score),
            "videos": videos,
            "mean": len(submission.score) / videos,
            "without": int((given == 0).sum()),
            "outside": submission.outside,
            "ceiling": CEILINGS.get(submission.reading, CEILING),
            "accepted": submission.accepted,
        },
        "classes": list(protocol.classes),
        "seeds": [None],
        "intervals": resampling.to_dict(),
        "warnings": _warnings(protocol, submission, spotted, given, cells, f1_min_score),
    }


def _warnings(
    protocol: Protocol,
    submission: SpottingSubmission,
    spotted: spotting.Spotted,
    given: npt.NDArray[np.int64],
    cells: list[Cell],
    f1_min_score: float | None,
) -> list[str]:
    said = [*([protocol.note] if protocol.note else []), *submission.notes]
    rules = protocol.spotting or {}
    for n in rules["report"]:
        none = int(((spotted.used[:, n - 1] == 0) & (given > 0)).sum())
        if none and submission.reading != "top-k":
            said.append(
                f"AN is a share of each list, not a count: at AR@{n}, {none:,} of {len(given):,} videos with short "
                "lists use no proposal"
            )
    mean = spotted.kept / len(given)
    if mean < rules["max_average"] - 0.05 and submission.reading != "top-k":
        said.append(f"{mean:.1f} proposals a video are used at most: the curve is flat from there to 100")
    if submission.outside:
        said.append(f"{submission.outside:,} proposals in videos without targets take part in the budget of all videos")
    if submission.absent:
        said.append(f"{submission.absent:,} videos have no entry and count as without proposals")
    if submission.accepted:
        listed = ", ".join(f"{n:,} {rule}" for rule, n in submission.accepted.items())
        said.append(f"accepted for compatibility: {listed}")
    if spotted.ties:
        rule = "the first in the file ranks first" if submission.ties == "first" else "the last in the file ranks first"
        who = "1 score is" if spotted.ties == 1 else f"{spotted.ties:,} scores are"
        said.append(f"{who} tied within their video: {rule}")
    if f1_min_score is not None and "F1" not in cells[0].metrics:
        said.append("there is no F1 here (not every video has fps): the smallest score for it has no use")
    empty = [str(cell.target) for cell in cells if not cell.n]
    if empty:
        said.append(f"nothing to measure in: {', '.join(empty)}")
    return said
