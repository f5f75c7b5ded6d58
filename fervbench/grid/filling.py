"""One entry of a table or figure from the folders of its jobs: its number by seed, or what a figure draws of it.

Reports hold confusion tables, or scores of proposals; every number is one of those, or of several summed. Features
(t-SNE) are the exception: `features.py` leaves them in the job's folder.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from fervbench.grid.entries import Entry, Model, reduced
from fervbench.grid.features import points_of
from fervbench.grid.finding import Found
from fervbench.grid.planning import Plan
from fervbench.grid.values import Counted, cell_of, counted, report_of, spotted, summed
from fervbench.grid.verdict import Verdict
from fervbench.metrics.proportions import normal_quantile, wilson
from fervbench.metrics.seeds import student_quantile


@dataclass(frozen=True)
class Interval:
    """95 %, shares of 1. `kind`: `clips` or `videos` for one seed (the test list's chance), `seeds` for the mean of
    several.
    """

    kind: str
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Rebuilt:
    """One entry with what is there: scores by seed, or a confusion table summed over seeds, or points in the plane, or
    a curve (`AN`, `AR`, `recall` by tIoU, `AUC`; means over seeds).

    `absent` are the tasks whose jobs are not done, `why` what else stands in the way; `sizes` the clips that the number
    is a mean over, all in one or class by class.
    """

    entry: Entry
    seeds: tuple[int, ...] = ()
    scores: tuple[float, ...] = ()
    interval: Interval | None = None
    verdict: Verdict | None = None
    matrix: Counted | None = None
    points: tuple[np.ndarray, np.ndarray] | None = None
    curve: Mapping[str, Any] | None = None
    classes: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    why: str | None = None
    sizes: tuple[int, ...] = ()

    @property
    def ours(self) -> float | None:
        """The mean over seeds."""
        return sum(self.scores) / len(self.scores) if self.scores else None

    @property
    def sd(self) -> float | None:
        """Standard deviation over seeds (ddof 1)."""
        return float(np.std(self.scores, ddof=1)) if len(self.scores) > 1 else None

    @property
    def difference(self) -> float | None:
        """Ours less what is printed."""
        return None if self.ours is None or self.entry.printed is None else self.ours - self.entry.printed

    @property
    def there(self) -> bool:
        """Whether there is something to show."""
        return bool(self.scores) or any(each is not None for each in (self.matrix, self.points, self.curve))


def fill(entry: Entry, plan: Plan, done: Mapping[str, Found]) -> Rebuilt:
    """What finished jobs (by the keys of their tasks) give for an entry; it has no verdict yet."""
    if entry.why is not None:
        return Rebuilt(entry, why=entry.why)
    lacking = [plan.lacking[model] for model in entry.all_models if model in plan.lacking]
    if lacking:
        return Rebuilt(entry, why=lacking[0])
    needed = [key for model in entry.all_models for keys in plan.keys[model] for key in keys]
    absent = tuple(dict.fromkeys(key for key in needed if key not in done))
    complete = [
        i
        for i in range(len(plan.seeds))
        if all(key in done for model in entry.all_models for key in plan.keys[model][i])
    ]
    made = Rebuilt(entry, tuple(plan.seeds[i] for i in complete), absent=absent)
    if not complete:
        return made
    folders = {
        model: [[done[key].folder for key in plan.keys[model][i]] for i in complete] for model in entry.all_models
    }
    if entry.metric == "features":
        folder = folders[entry.models[0]][0][0]
        points = points_of(folder)
        why = None if points is not None else f"the features of {folder.name} are not kept: run again with the data"
        return replace(made, points=points, classes=tuple(report_of(folder)["classes"]), why=why)
    if entry.metric == "curve":
        curves = [_curve(folders[entry.models[0]][k][0], entry.targets[0]) for k in range(len(complete))]
        return replace(made, curve=_mean_curve([curve for curve in curves if curve is not None]))
    if entry.metric == "confusion":
        tables = [counted(each, entry.targets[0]) for each in folders[entry.models[0]]]
        there = [each for each in tables if each is not None]
        if not there:
            return replace(made, why=f"not scored on {entry.targets[0]}")
        whole = summed(there)
        return replace(made, matrix=whole, classes=whole.classes)
    scores = [_score(entry, {model: folders[model][k] for model in folders}) for k in range(len(complete))]
    kept = [score for score in scores if score is not None]
    if len(kept) < len(scores):
        if entry.of_spotting:
            return replace(made, seeds=(), why=f"no interval of {' or '.join(entry.targets)} was tested")
        return replace(made, seeds=(), why=f"no clips of {' or '.join(entry.targets)} were tested")
    first = folders[entry.models[0]][0]
    sizes = _sizes(entry, first)
    return replace(made, scores=tuple(kept), sizes=sizes, interval=_interval(entry, kept, sizes, first))


def _curve(folder: Path, target: str) -> Mapping[str, Any] | None:
    cell = cell_of(folder, target)
    return None if cell is None or "curve" not in cell else cell["curve"] | {"AUC": cell["metrics"]["AUC"]["value"]}


def _mean_curve(curves: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The mean over seeds; each has the same numbers of proposals."""
    if not curves:
        return None

    def mean(rows: Sequence[Any]) -> Any:
        return np.mean(np.array(rows, dtype=np.float64), axis=0).tolist()

    found = {key: mean([curve[key] for curve in curves]) for key in ("AN", "AR", "AUC")}
    levels = curves[0]["recall"]
    return found | {"recall": {level: mean([curve["recall"][level] for curve in curves]) for level in levels}}


def _score(entry: Entry, folders: Mapping[Model, Sequence[Path]]) -> float | None:
    """The number of one seed."""

    def of(model: Model) -> list[float | None]:
        if entry.of_spotting:
            rows = [spotted(folders[model][0], target, entry.metric) for target in entry.targets]
            return [None if row is None else row["value"] for row in rows]
        tables = [counted(folders[model], target) for target in entry.targets]
        return [None if table is None else table.value(entry.metric, entry.class_) for table in tables]

    values = [value for model in entry.models for value in of(model)]
    off = of(entry.less) if entry.less is not None else []
    known = [value for value in values if value is not None]
    known_off = [value for value in off if value is not None]
    if len(known) + len(known_off) < len(values) + len(off):
        return None
    return reduced(known, entry.reduce) - (reduced(known_off, entry.reduce) if known_off else 0.0)


def _sizes(entry: Entry, folders: Sequence[Path]) -> tuple[int, ...]:
    """The clips that a number is a mean over: all in one, or class by class; empty for what is no such mean."""
    if len(entry.models) != 1 or len(entry.targets) != 1 or entry.less is not None or entry.of_spotting:
        return ()
    table = counted(folders, entry.targets[0])
    if table is None:
        return ()
    if entry.metric == "WAR":
        return (int(table.n.sum()),)
    if entry.metric == "recall":
        return (int(table.n[table.classes.index(str(entry.class_))]),)
    return tuple(int(n) for n in table.n if n)


def _interval(
    entry: Entry, scores: Sequence[float], sizes: tuple[int, ...], folders: Sequence[Path]
) -> Interval | None:
    """Of the mean over seeds by Student's t; of one seed by Wilson, for UAR by the spread of each class's hits,
    of spotting by the report's resampling of videos.
    """
    mean = sum(scores) / len(scores)
    if len(scores) > 1:
        half = student_quantile(0.95, len(scores) - 1) * float(np.std(scores, ddof=1)) / len(scores) ** 0.5
        return Interval("seeds", mean - half, mean + half)
    if entry.of_spotting:
        row = spotted(folders[0], entry.targets[0], entry.metric) if len(entry.models) == 1 else None
        if row is None or row["ci_low"] is None or row["ci_high"] is None:
            return None
        return Interval("videos", row["ci_low"], row["ci_high"])
    if len(sizes) == 1:
        low, high = wilson(round(mean * sizes[0]), sizes[0]).tolist()
        return Interval("clips", low, high)
    table = counted(folders, entry.targets[0]) if sizes else None
    if table is None:
        return None
    there = table.n > 0
    n = table.n[there] + 4  # two right and two wrong more (Agresti and Coull, 1998): a class without a hit has a spread
    recall = (np.diag(table.confusion)[there] + 2) / n
    half = normal_quantile(0.95) * float(np.sqrt((recall * (1 - recall) / n).sum())) / len(sizes)
    return Interval("clips", max(0.0, mean - half), min(1.0, mean + half))
