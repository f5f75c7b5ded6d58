"""Which evaluations the runs of a file complete, and whether every clip of every cell is answered."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fervbench.findings import Findings
from fervbench.ground_truth import GroundTruth
from fervbench.protocol import Evaluation, Protocol
from fervbench.submission.model import MISSING, Run


def clips_of(targets: set[str], protocol: Protocol, truth: GroundTruth) -> npt.NDArray[np.bool_]:
    """The clips of some configurations, as a mask over the ground truth."""
    leaves = {leaf for target in targets for leaf in protocol.configurations[target].leaves}
    chosen = np.array([leaf in leaves for leaf in protocol.leaves], dtype=np.bool_)
    return chosen[truth.leaf]


def check_repeated_runs(runs: list[Run], findings: Findings) -> None:
    """No two runs of one source share a seed."""
    if _a_seed_is_wrong(findings):
        return
    seen: dict[tuple[str | None, int | None], str] = {}
    for run in runs:
        key = (run.source, run.seed)
        if key in seen:
            findings.add(
                "duplicate-run",
                f"trained on {run.source} with seed {'none' if run.seed is None else run.seed}, as {seen[key]} is",
                hint="runs of one source differ by their seed",
                pointer=run.where,
            )
        seen.setdefault(key, run.where)


def choose_evaluations(
    runs: list[Run], protocol: Protocol, wanted: str | None, findings: Findings
) -> tuple[tuple[Evaluation, ...], list[str]]:
    """The evaluations that the runs complete, or the wanted one; and notes about runs that take part in none."""
    present = {run.source for run in runs}
    lacking = {
        evaluation.id: [source for source in evaluation.sources if not _is_there(source, evaluation, present)]
        for evaluation in protocol.evaluations.values()
    }
    candidates = [wanted] if wanted is not None else list(protocol.evaluations)
    chosen = tuple(protocol.evaluations[id] for id in candidates if not lacking[id])
    if not chosen and runs:
        for id in candidates:
            first = ", ".join(lacking[id][:8]) + (", ..." if len(lacking[id]) > 8 else "")
            number = len(lacking[id])
            message = f"{id!r} needs {number} more {'run' if number == 1 else 'runs'}: trained on {first}"
            findings.add("incomplete-evaluation", message, pointer="/runs")
    used = {source for evaluation in chosen for source in evaluation.sources}
    seeds: dict[str | None, set[int | None]] = {}
    for run in runs:
        if run.source is None or run.source in used:
            seeds.setdefault(run.source, set()).add(run.seed)
    for source, found in seeds.items():
        if None in found and len(found) > 1 and not _a_seed_is_wrong(findings):
            message = f"one of several runs trained on {source} has no seed"
            findings.add("seeds-differ", message, hint="runs of one source differ by their seed", pointer="/runs")
    if len(set(map(frozenset, seeds.values()))) > 1 and not _a_seed_is_wrong(findings):
        said = {source: sorted(map(str, found)) for source, found in seeds.items()}
        listed = "; ".join(f"{source}: {', '.join(found)}" for source, found in list(said.items())[:8])
        findings.add("seeds-differ", f"all sources need the same seeds, found {listed}", pointer="/runs")
    idle = sorted({str(run.source) for run in runs if run.source is not None and run.source not in used})
    notes = [f"runs that take part in no evaluation here: trained on {', '.join(idle)}"] if idle and chosen else []
    return chosen, notes


def _is_there(source: str, evaluation: Evaluation, present: set[str | None]) -> bool:
    """Whether a run stands for `source`; the short form of folds (None) does so in evaluations of folds alone."""
    return source in present or (None in present and evaluation.kind == "folds")


def check_coverage(
    runs: list[Run],
    evaluations: tuple[Evaluation, ...],
    protocol: Protocol,
    truth: GroundTruth,
    missing: str,
    findings: Findings,
) -> None:
    """Every clip of every cell must be answered, unless unanswered ones count as wrong."""
    if missing == "wrong":
        return
    hint = "every test clip is answered, or --missing wrong lets unanswered ones count as wrong"
    whole = [e.id for e in evaluations if not any(_unanswered(run, (e,), protocol, truth).size for run in runs)]
    if whole and len(whole) < len(evaluations):
        hint = f"the file is complete for {' and '.join(whole)}: give --evaluation {whole[0]}"
    for run in runs:
        unanswered = _unanswered(run, evaluations, protocol, truth)
        here = run.where + "/predictions"
        misplaced = {"unknown-id", "training-clip", "outside-target"} & findings.counts.keys()
        if misplaced and not (run.answers != MISSING).any() and _mentions(findings, misplaced, here):
            continue  # none of the ids fit: that has been said
        for i in unanswered:
            findings.add("unanswered", f"no answer for {truth.ids[i]!r}", hint=hint, pointer=here, id=truth.ids[i])


def asked_of(run: Run, evaluations: tuple[Evaluation, ...]) -> set[str]:
    """The targets that a run answers for in these evaluations."""
    return {t for e in evaluations for source in e.sources if run.stands_for(source) for t in e.targets(source)}


def _unanswered(
    run: Run, evaluations: tuple[Evaluation, ...], protocol: Protocol, truth: GroundTruth
) -> npt.NDArray[np.int64]:
    asked = clips_of(asked_of(run, evaluations), protocol, truth)
    return np.flatnonzero((run.answers == MISSING) & asked)


def _a_seed_is_wrong(findings: Findings) -> bool:
    """Whether a seed has been refused: then seeds cannot be compared."""
    rules = ("wrong-type", "wrong-value", "not-finite", "duplicate-key")
    return any(found.rule in rules and (found.pointer or "").endswith("/seed") for found in findings.kept)


def _mentions(findings: Findings, rules: set[str], where: str) -> bool:
    """Whether one of `rules` was broken under `where`."""
    return any(found.rule in rules and (found.pointer or "").startswith(where + "/") for found in findings.kept)
