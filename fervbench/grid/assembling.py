"""A table or figure from job folders alone: whatever is there is filled in, whatever is not is marked.

No data, no protocol's labels and no training are needed: reports hold confusion tables, and every number is one of
those, or of several summed. Features (t-SNE) are the exception: `features.py` leaves them in the job's folder.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fervbench.grid import verdict
from fervbench.grid.entries import View
from fervbench.grid.filling import Rebuilt, fill
from fervbench.grid.finding import Found, jobs_in, match
from fervbench.grid.planning import Plan
from fervbench.grid.verdict import Case, Ranking
from fervbench.grid.work import protocol_of

DRAWN = ("confusion", "features", "curve")  # metrics of figures that are no numbers
SYNTHETIC = "synthetic data: drawings, rendered by fervbench; no number here is a result, and there is no verdict"


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
    rebuilt = [fill(entry, plan, done) for entry in plan.view.entries]
    why = SYNTHETIC if synthetic else None
    verdicts = verdict.judge([_case(each, why or _doubt(each, doubts), plan.view) for each in rebuilt])
    judged = tuple(
        replace(each, verdict=said if each.entry.metric not in DRAWN else None)
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
    splits: dict[str, set[str]] = {}
    for task in plan.tasks:
        job = done.get(task.key)
        if job is None or job.synthetic:
            continue
        protocol = protocol_of(task.data)
        frozen = protocol.ground_truth.get("fingerprint")
        own = str(job.config.get("ground_truth"))
        config = job.config.get("protocol")
        if config is None:  # features: nothing is scored
            continue
        if config.get("sha256") != protocol.sha256:
            doubts[task.data] = f"{job.folder.name} was scored by another version of the protocol: no verdict"
        elif protocol.task == "spotting":
            splits.setdefault(task.data, set()).add(own)
            why = "which of its videos the paper tested on is not published"
            if len(splits[task.data]) > 1:
                why = "its jobs were scored on different splits, and cannot be compared"
            doubts[task.data] = f"{why}: no verdict"
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
