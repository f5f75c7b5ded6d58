"""A table or figure from job folders alone: whatever is there is filled in, whatever is not is marked.

No data, no protocol's labels and no training are needed: reports hold confusion tables, and every number is one of
those, or of several summed. Features (t-SNE) are the exception: `features.py` leaves them in the job's folder.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from fervbench.grid import verdict
from fervbench.grid.features import points_of
from fervbench.grid.finding import Found, jobs_in, match
from fervbench.grid.planning import Plan
from fervbench.grid.values import Counted, counted, report_of, summed
from fervbench.grid.verdict import Case, Ranking, Verdict
from fervbench.grid.views import Entry, Model, View, reduced
from fervbench.grid.work import protocol_of
from fervbench.metrics.proportions import normal_quantile, wilson
from fervbench.metrics.seeds import student_quantile

SYNTHETIC = "synthetic data: drawings, rendered by fervbench; no number here is a result, and there is no verdict"


@dataclass(frozen=True)
class Interval:
    """95 %, shares of 1. `kind`: `clips` for one seed (the test list's chance), `seeds` for the mean of several."""

    kind: str
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Rebuilt:
    """One entry with what is there: scores by seed, or a confusion table summed over seeds, or points in the plane.

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
        return bool(self.scores) or self.matrix is not None or self.points is not None


@dataclass(frozen=True, eq=False)
class Assembled:
    """A view, filled. `verified` says by ground truth (`dfew`) what its data was held against, or why it was not."""

    view: View
    seeds: tuple[int, ...]
    rebuilt: tuple[Rebuilt, ...]
    rankings: tuple[Ranking, ...]
    synthetic: bool
    verified: Mapping[str, str]
    jobs: Mapping[str, str]
    tasks: int
    notes: tuple[str, ...]

    @property
    def done(self) -> int:
        """Tasks whose job is done."""
        return len(self.jobs)

    @property
    def number_there(self) -> int:
        """Entries that have something to show."""
        return sum(each.there for each in self.rebuilt)


def assemble(plan: Plan, out: Path, hashes: Mapping[str, str] | None = None) -> Assembled:
    """What the job folders under `out` give for a plan. `hashes` name files of weights by path."""
    found, remarks = match(plan.tasks, jobs_in(out), hashes)
    done = {key: job for key, job in found.items() if job.done}
    synthetic = any(job.synthetic for job in done.values())
    verified, doubts = _verified(plan, done)
    rebuilt = [_rebuild(entry, plan, done) for entry in plan.view.entries]
    why = SYNTHETIC if synthetic else None
    verdicts = verdict.judge([_case(each, why or _doubt(each, doubts), plan.view) for each in rebuilt])
    judged = tuple(
        replace(each, verdict=said if each.entry.metric not in ("confusion", "features") else None)
        for each, said in zip(rebuilt, verdicts, strict=True)
    )
    notes = [SYNTHETIC] if synthetic else []
    notes += [*remarks, *(f"{name}: {text}" for name, text in doubts.items())]
    return Assembled(
        plan.view,
        plan.seeds,
        judged,
        tuple(_rankings(judged)),
        synthetic,
        verified,
        {key: job.folder.name for key, job in done.items()},
        len(plan.tasks),
        tuple(notes),
    )


def _verified(plan: Plan, done: Mapping[str, Found]) -> tuple[dict[str, str], dict[str, str]]:
    """By data: what says that it is the published test list; and by data, why that is not known."""
    verified: dict[str, str] = {}
    doubts: dict[str, str] = {}
    for task in plan.tasks:
        job = done.get(task.key)
        if job is None or job.synthetic:
            continue
        protocol = protocol_of(task.data)
        frozen = protocol.ground_truth.get("fingerprint")
        own = str(job.config.get("ground_truth"))
        config = job.config.get("protocol", {})
        if config.get("sha256") != protocol.sha256:
            doubts[task.data] = f"{job.folder.name} was scored by another version of the protocol: no verdict"
        elif frozen is None and protocol.ground_truth.get("sizes"):
            sizes = protocol.ground_truth["sizes"]  # `checked` holds labels to them before anything is trained
            total = sum(sizes.values())
            verified.setdefault(task.data, f"{total:,} clips; no fingerprint is known")
        elif own != frozen:
            doubts[task.data] = f"the ground truth of {job.folder.name} has another fingerprint: no verdict"
        else:
            verified.setdefault(task.data, f"fingerprint {own[:16]}")
    return {name: text for name, text in verified.items() if name not in doubts}, doubts


def _doubt(each: Rebuilt, doubts: Mapping[str, str]) -> str | None:
    return next((doubts[model.data] for model in each.entry.all_models if model.data in doubts), None)


def _rebuild(entry: Entry, plan: Plan, done: Mapping[str, Found]) -> Rebuilt:
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
        return replace(made, seeds=(), why=f"no clips of {' or '.join(entry.targets)} were tested")
    first = folders[entry.models[0]][0]
    sizes = _sizes(entry, first)
    return replace(made, scores=tuple(kept), sizes=sizes, interval=_interval(entry, kept, sizes, first))


def _score(entry: Entry, folders: Mapping[Model, Sequence[Path]]) -> float | None:
    """The number of one seed."""

    def of(model: Model) -> list[float | None]:
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
    if len(entry.models) != 1 or len(entry.targets) != 1 or entry.less is not None:
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
    """Of the mean over seeds by Student's t; of one seed by Wilson, or for UAR by the spread of each class's hits."""
    mean = sum(scores) / len(scores)
    if len(scores) > 1:
        half = student_quantile(0.95, len(scores) - 1) * float(np.std(scores, ddof=1)) / len(scores) ** 0.5
        return Interval("seeds", mean - half, mean + half)
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


def _case(each: Rebuilt, why: str | None, view: View) -> Case:
    entry = each.entry
    marks: tuple[str, ...] = ()
    alone = False
    if view.table is not None and entry.cells:
        marks = verdict.impossible(view.table.id).get(entry.cells[0].index, ())
        alone = entry.cells[0].index in verdict.impossible(view.table.id, within=True)
        if entry.cells[0].statistic is not None:
            why = why or "a mean of rows that are judged"
    why = why or each.why
    return Case(each.scores, entry.printed, verdict.rounding(entry.cells), each.sizes, marks, alone, why)


def _rankings(rebuilt: Sequence[Rebuilt]) -> list[Ranking]:
    """For every column of a table, and every point of a figure with printed numbers: how its rows rank."""
    columns: dict[tuple[int, str, str], list[tuple[float, float]]] = {}
    for each in rebuilt:
        entry = each.entry
        alone = not entry.cells or entry.cells[0].statistic is None
        second = len(entry.cells) == 1 and entry.cells[0].versions == ("cvpr",)
        if each.ours is not None and entry.printed is not None and alone and not second:
            key = (entry.block, entry.column, entry.metric if entry.class_ is None else "recall")
            columns.setdefault(key, []).append((each.ours, entry.printed))
    found = [verdict.ranking(column, metric, pairs) for (_, column, metric), pairs in columns.items()]
    return [each for each in found if each is not None]
