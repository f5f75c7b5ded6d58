"""How sure the cells of a report are: resampled intervals of every metric, and where they promise too much.

Recognition: a run's replicates are drawn once for all its targets, by leaf and summed upward, so that scenes, scenarios
and all clips are coherent; several seeds are drawn with all their answers to a clip. Spotting: by video.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fervbench.errors import NotAvailableError, UsageError
from fervbench.protocol import FOLD_MEAN, POOLED, Evaluation, Protocol
from fervbench.report import METRICS, Cell
from fervbench.submission.coverage import clips_of
from fervbench.submission.model import Submission

if TYPE_CHECKING:
    from fervbench.metrics.outcomes import Outcomes

FloatArray = npt.NDArray[np.float64]
Key = tuple[str, str | None, str | None, str | None]  # evaluation, source, target, aggregate
SCHEMES = ("class-counts", "clips", "clusters")
VIDEOS = "videos"
MAX_REPLICATES = 1_000_000
# Names of `resampling.MEASURES` as people read them, and the size of the smallest class that is worth naming.
METRICS_DRAWN = ("WAR", "UAR", "macro F1", "weighted F1")
SMALL = 20


@dataclass(frozen=True)
class Resampling:
    """How intervals are made. `replicates` 0: none are. Any whole number from 0 is a seed, 0 like any other.

    Without `f1` there are none of macro and weighted F1, and those of WAR and UAR are the same, made more quickly.
    """

    scheme: str = "class-counts"
    replicates: int = 1000
    seed: int = 0
    level: float = 0.95
    f1: bool = field(default=True, compare=False)

    def __post_init__(self) -> None:
        if self.scheme not in (*SCHEMES, VIDEOS):
            raise UsageError(f"no way of resampling {self.scheme!r}", hint=f"known: {', '.join(SCHEMES)}")
        if not 0 < self.level < 1:
            hint = "0.95 is 95 %" if self.level >= 1 else None
            raise UsageError(f"a confidence lies between 0 and 1, {self.level} does not", hint=hint)
        if not 0 <= self.replicates <= MAX_REPLICATES or self.replicates == 1:
            raise UsageError(f"{self.replicates} replicates make no interval", hint="0 for none, or 2 to 1,000,000")
        if self.seed < 0:
            raise UsageError(f"a seed is a whole number from 0, not {self.seed}")

    @property
    def signature(self) -> str:
        """What stands behind `ci:` in a signature: scheme, replicates, seed, and the level unless it is 0.95."""
        if not self.replicates:
            return "none"
        level = "" if self.level == 0.95 else f",{self.level:g}"
        return f"{self.scheme},{self.replicates},{self.seed}{level}"

    def to_dict(self) -> dict[str, Any] | None:
        """What the report says of it; None where no intervals are made."""
        if not self.replicates:
            return None
        return {"level": self.level, "replicates": self.replicates, "seed": self.seed, "resample": self.scheme}


def default_for(task: str) -> Resampling:
    """How intervals are made where nothing is asked for: clips by class and leaf, or videos."""
    return Resampling(VIDEOS if task == "spotting" else SCHEMES[0])


def members(protocol: Protocol, targets: tuple[str, ...] | list[str]) -> npt.NDArray[np.bool_]:
    """Which leaves each target unites, shape (targets, leaves)."""
    return np.array([[leaf in protocol.configurations[t].leaves for leaf in protocol.leaves] for t in targets])


def clusters_of(submission: Submission) -> npt.NDArray[np.int64] | None:
    """The cluster of each test clip as a number, by the labels' own names; None where the labels name none."""
    names = submission.truth.clusters
    return None if names is None else np.unique(np.array(names), return_inverse=True)[1].astype(np.int64)


def outcomes_of(submission: Submission, targets: list[str], scheme: str, answers: npt.NDArray[np.int64]) -> Outcomes:
    """What happened to the clips of `targets`: `answers` (clips of the whole truth, S)."""
    from fervbench.metrics.outcomes import outcomes

    protocol, truth = submission.protocol, submission.truth
    mask = clips_of(set(targets), protocol, truth)
    cluster = clusters_of(submission) if scheme == "clusters" else None
    if scheme == "clusters" and cluster is None:
        raise NotAvailableError(
            f"the labels of {protocol.title} name no clusters",
            hint="a labels file has a column cluster: the source video, movie or subject of each clip",
        )
    return outcomes(
        truth.leaf[mask],
        truth.label[mask],
        answers[mask],
        leaves=len(protocol.leaves),
        classes=len(protocol.classes),
        cluster=None if cluster is None else cluster[mask],
    )


def answers_of(submission: Submission, evaluation: Evaluation, source: str | None) -> npt.NDArray[np.int64]:
    """Answers to every clip of the truth, shape (clips, seeds): of one source, or of every fold's own model (None)."""
    columns = []
    for seed in submission.seeds:
        if source is not None:
            columns.append(submission.run(source, seed).answers)
            continue
        column = np.full(len(submission.truth), -1, dtype=np.int64)
        for own, target in evaluation.cells:
            mask = clips_of({target}, submission.protocol, submission.truth)
            column[mask] = submission.run(own, seed).answers[mask]
        columns.append(column)
    return np.stack(columns, axis=1)


def with_intervals(cells: list[Cell], submission: Submission, resampling: Resampling) -> list[Cell]:
    """The cells with `ci_low` and `ci_high` in every metric, Wilson's interval beside WAR, and doubts."""
    if not resampling.replicates:
        return cells
    if resampling.scheme not in SCHEMES:
        raise UsageError("clips are resampled, not videos", hint=f"known: {', '.join(SCHEMES)}")
    found: dict[Key, tuple[FloatArray, str | None]] = {}
    by_source: dict[str, list[tuple[Evaluation, str]]] = {}  # of all evaluations: one run is drawn once
    for evaluation in submission.evaluations:
        if evaluation.kind == "folds":
            found |= _folds(submission, evaluation, resampling)
            continue
        for source, target in evaluation.cells:
            by_source.setdefault(source, []).append((evaluation, target))
    for source, wanted in by_source.items():
        targets = list(dict.fromkeys(target for _, target in wanted))
        of = outcomes_of(submission, targets, resampling.scheme, answers_of(submission, wanted[0][0], source))
        united = members(submission.protocol, targets)
        ends, doubts = _ends(_drawn(of, united, resampling), resampling), reasons(of, united)
        for evaluation, target in wanted:
            i = targets.index(target)
            found[evaluation.id, source, target, None] = ends[:, i], doubts[i]
    return [_told(cell, *found[_key(cell)], len(submission.seeds), resampling) for cell in cells]


def _key(cell: Cell) -> Key:
    return (cell.evaluation, cell.source, cell.target, cell.aggregate)


def _drawn(of: Outcomes, united: npt.NDArray[np.bool_], resampling: Resampling) -> FloatArray:
    """Metrics of every replicate, the mean over the seeds: (replicates, targets, metrics)."""
    from fervbench.metrics.resampling import samples

    drawn = samples(
        of, united, resampling.replicates, resampling.seed, resampling.scheme, recall_only=not resampling.f1
    )
    return drawn[:, 0] if drawn.shape[1] == 1 else drawn.mean(axis=1)


def _ends(drawn: FloatArray, resampling: Resampling) -> FloatArray:
    from fervbench.metrics.resampling import interval

    return interval(drawn, resampling.level)


def reasons(of: Outcomes, united: npt.NDArray[np.bool_]) -> list[str | None]:
    """For each target why its intervals reach the truth less often than their level; None where they do not."""
    from fervbench.metrics.resampling import support

    rests = support(of, united)
    return [
        _doubt(rests.reached[t].tolist(), int(rests.n[t]), int(rests.fewest[t]), int(rests.still[t]))
        for t in range(len(united))
    ]


def _doubt(reached: list[bool], n: int, fewest: int, still: int) -> str | None:
    short = [name for name, enough in zip(METRICS_DRAWN, reached, strict=True) if not enough]
    if not short:
        return None
    why = f"{still} {'class has' if still == 1 else 'classes have'} all or no clips right" if still else ""
    if fewest < SMALL and (not still or fewest < 10):
        why = f"the smallest class has {fewest} {'clip' if fewest == 1 else 'clips'}" + (f", {why}" if why else "")
    return f"{', '.join(short)}: {why or f'{n} clips'}"


def _folds(
    submission: Submission, evaluation: Evaluation, resampling: Resampling
) -> dict[Key, tuple[FloatArray, str | None]]:
    """Folds, pooled and their mean, from one set of replicates: every fold answered by its own model."""
    targets = [target for _, target in evaluation.cells]
    of = outcomes_of(submission, targets, resampling.scheme, answers_of(submission, evaluation, None))
    each = members(submission.protocol, targets)
    united = np.concatenate([each, np.any(each, axis=0, keepdims=True)])
    drawn = _drawn(of, united, resampling)
    ends, doubts = _ends(drawn, resampling), reasons(of, united)
    found: dict[Key, tuple[FloatArray, str | None]] = {(evaluation.id, None, POOLED, None): (ends[:, -1], doubts[-1])}
    found |= {(evaluation.id, s, t, None): (ends[:, i], doubts[i]) for i, (s, t) in enumerate(evaluation.cells)}
    mean = _ends(drawn[:, :-1].mean(axis=1), resampling)
    return found | {(evaluation.id, None, None, FOLD_MEAN): (mean, doubts[-1])}


def _told(cell: Cell, ends: FloatArray, doubt: str | None, seeds: int, resampling: Resampling) -> Cell:
    metrics = dict(cell.metrics)
    for i, name in enumerate(METRICS[: ends.shape[1]]):
        metrics[name] = metrics[name] | _ci(ends[:, i].tolist())
    if seeds == 1 and cell.aggregate is None and cell.n:
        from fervbench.metrics.proportions import wilson

        low, high = wilson(round(cell["WAR"] * cell.n), cell.n, resampling.level).tolist()
        metrics["WAR"] = metrics["WAR"] | {"wilson_low": low, "wilson_high": high}
    return replace(cell, metrics=metrics, extra=cell.extra | ({"doubt": doubt} if doubt else {}))


def _ci(ends: list[float]) -> dict[str, float]:
    low, high = ends
    return {"ci_low": low, "ci_high": high} if low == low and high == high else {}


def with_video_intervals(
    cells: list[Cell], drawn: Mapping[str, Mapping[str, FloatArray]], resampling: Resampling
) -> list[Cell]:
    """Spotting cells with intervals from replicates (R,) by target and metric."""
    told = []
    for cell in cells:
        metrics = {}
        for name, metric in cell.metrics.items():
            values = drawn.get(str(cell.target), {}).get(name)
            ends = {} if values is None or metric["value"] is None else _ci(_ends(values, resampling).tolist())
            metrics[name] = metric | ends
        told.append(replace(cell, metrics=metrics))
    return told
