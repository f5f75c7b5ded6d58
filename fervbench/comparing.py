"""Two or more submissions on the same clips: differences with paired intervals, tests, and rankings that admit ties.

Every cell that all submissions have is compared. Tests: McNemar's exact one for WAR, permutation of the two answers to
a clip for the other metrics (both for one run each); with several seeds, whose mean is compared, the share of paired
replicates beyond zero. Holm's adjustment runs over the cells of one metric.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fervbench import strict_json
from fervbench._version import __version__
from fervbench.errors import MismatchError, UsageError
from fervbench.files import write_whole
from fervbench.metrics import paired, ranking
from fervbench.metrics.resampling import interval, observed, samples
from fervbench.protocol import POOLED, Evaluation, Protocol
from fervbench.submission.model import Submission
from fervbench.uncertainty import Resampling, answers_of, default_for, members, outcomes_of, reasons

if TYPE_CHECKING:
    from fervbench.metrics.outcomes import Outcomes
    from fervbench.submission.spotting import SpottingSubmission

FORMAT = "fervbench-comparison/1"
METRICS = ("WAR", "UAR", "macro_F1", "weighted_F1")
PERMUTATIONS = 10_000
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Comparison:
    """What comparing submissions gives. `header` holds everything of the JSON document but cells and rankings.

    Differences are those of the first system less the second; values are shares of 1. `rankings` are there for three
    systems or more.
    """

    header: dict[str, Any]
    cells: tuple[dict[str, Any], ...]
    rankings: tuple[dict[str, Any], ...]

    @property
    def names(self) -> list[str]:
        """The systems, in the order given."""
        return [str(system["name"]) for system in self.header["systems"]]

    def cell(self, target: str, *, source: str | None = None, evaluation: str | None = None) -> dict[str, Any]:
        """The first cell on `target`. Raises KeyError where there is none."""
        for cell in self.cells:
            same = source in (None, cell["source"]) and evaluation in (None, cell["evaluation"])
            if cell["target"] == target and same:
                return cell
        raise KeyError(f"no cell on {target!r}")

    def to_json(self) -> str:
        """The comparison as JSON: keys sorted, full precision, one line for each cell and ranking."""
        parts = []
        for name, items in (("cells", self.cells), ("rankings", self.rankings)):
            lines = ",\n".join(strict_json.dumps(item) for item in items)
            parts.append(f'"{name}": [' + (f"\n{lines}\n" if lines else "") + "]")
        parts += [f"{strict_json.dumps(key)}: {strict_json.dumps(value)}" for key, value in self.header.items()]
        return "{" + ",\n".join(sorted(parts)) + "}\n"

    def write(self, path: str | Path, *, overwrite: bool = False) -> None:
        """Write the comparison as JSON, whole or not at all. Raises UsageError where `path` exists."""
        write_whole(path, self.to_json(), overwrite=overwrite)


def compare(
    protocol: Protocol,
    *submissions: Submission | SpottingSubmission,
    metric: str | Sequence[str] | None = None,
    names: Sequence[str] | None = None,
    intervals: Resampling | None = None,
    permutations: int = PERMUTATIONS,
    seed: int | None = None,
) -> Comparison:
    """Compare two or more submissions that have been read against `protocol`.

    `metric` is one or several of WAR, UAR, macro_F1, weighted_F1 (AUC and AR@n for proposals); by default WAR and UAR,
    or AUC. `seed` is that of replicates and permutations. Raises MismatchError where protocols or ground truths differ,
    UsageError for fewer than two submissions, unknown metrics, or none of the cells in common.
    """
    if len(submissions) < 2:
        raise UsageError("a comparison needs two submissions")
    for other in submissions:
        if other.protocol.sha256 != protocol.sha256:
            raise MismatchError(f"a submission is for {other.protocol.signature}, not for {protocol.signature}")
        if other.truth.sha256 != submissions[0].truth.sha256:
            raise MismatchError(
                f"the ground truths differ: {submissions[0].truth.sha256[:16]}... and {other.truth.sha256[:16]}...",
                hint="scores against different ground truths cannot be compared",
            )
    called = list(names) if names is not None else [f"system {i}" for i in range(1, len(submissions) + 1)]
    made = intervals or default_for(protocol.task)
    if seed is not None:
        made = Resampling(made.scheme, made.replicates, seed, made.level)
    if not made.replicates:
        raise UsageError("a comparison needs replicates", hint="leave --replicates 0 out")
    if permutations < 1:
        raise UsageError(f"{permutations} permutations test nothing")
    of_clips = [each for each in submissions if isinstance(each, Submission)]
    if len(of_clips) < len(submissions):
        from fervbench.comparing_spotting import compare_spotting

        wanted = _metrics(metric, [f"AR@{n}" for n in (protocol.spotting or {})["report"]] + ["AUC"], ("AUC",))
        cells, rankings = compare_spotting(protocol, submissions, called, wanted, made, permutations)
    else:
        wanted = _metrics(metric, METRICS, METRICS[:2])
        cells, rankings = _compare(protocol, of_clips, called, wanted, made, permutations)
    for name in wanted:
        _adjust(cells, name)
    return Comparison(_header(protocol, submissions, called, made, permutations, cells), tuple(cells), tuple(rankings))


def _metrics(asked: str | Sequence[str] | None, known: Sequence[str], default: Sequence[str]) -> list[str]:
    wanted = [asked] if isinstance(asked, str) else list(asked or default)
    for name in wanted:
        if name not in known:
            raise UsageError(f"no metric {name!r} to compare", hint=f"known: {', '.join(known)}")
    return list(dict.fromkeys(wanted))


def groups_of(
    submissions: Sequence[Submission],
) -> list[tuple[Evaluation, str | None, list[tuple[str | None, str]]]]:
    """Evaluation, source and cells (source, target) that are drawn together, of what all submissions have."""
    shared = [e for e in submissions[0].evaluations if all(e.id in {f.id for f in s.evaluations} for s in submissions)]
    if not shared:
        have = "; ".join(", ".join(e.id for e in s.evaluations) for s in submissions)
        raise UsageError("the submissions have no evaluation in common", hint=f"they have: {have}")
    groups: list[tuple[Evaluation, str | None, list[tuple[str | None, str]]]] = []
    for evaluation in shared:
        if evaluation.kind == "folds":
            groups.append((evaluation, None, [*evaluation.cells, (None, POOLED)]))
        else:
            groups += [(evaluation, s, [(s, t) for t in evaluation.targets(s)]) for s in evaluation.sources]
    return groups


def _compare(
    protocol: Protocol,
    submissions: Sequence[Submission],
    names: list[str],
    wanted: list[str],
    made: Resampling,
    permutations: int,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    cells: list[dict[str, Any]] = []
    rankings: list[dict[str, Any]] = []
    index = [METRICS.index(name) for name in wanted]
    for evaluation, source, pairs in groups_of(submissions):
        leaves = [target for _, target in pairs if target != POOLED or evaluation.kind != "folds"]
        united = members(protocol, leaves)
        if evaluation.kind == "folds":
            united = np.concatenate([united, np.any(united, axis=0, keepdims=True)])
        answers = [answers_of(s, evaluation, source) for s in submissions]
        of = outcomes_of(submissions[0], leaves, made.scheme, np.concatenate(answers, axis=1))
        ends = np.cumsum([0, *(a.shape[1] for a in answers)])
        parts = [slice(a, b) for a, b in itertools.pairwise(ends.tolist())]
        drawn = samples(of, united, made.replicates, made.seed, made.scheme)  # (R, S, T, 4)
        whole = observed(of, united)  # (S, T, 4)
        means = np.stack([drawn[:, part].mean(axis=1) for part in parts])  # (systems, R, T, 4)
        scored = np.stack([whole[part].mean(axis=0) for part in parts])  # (systems, T, 4)
        doubts = reasons(of, united)
        sizes = (united.astype(np.int64) @ _clips(of)).tolist()
        single = len(submissions) == 2 and of.answers == 2
        tests = _tests(of, united, wanted, made.seed, permutations) if single else {}
        for t, (own, target) in enumerate(pairs):
            cell = {"evaluation": evaluation.id, "source": own, "target": target, "n": sizes[t]}
            if doubts[t]:
                cell["doubt"] = doubts[t]
            if len(submissions) == 2:
                cell["metrics"] = {
                    name: _pair(
                        scored[:, t, i],
                        means[:, :, t, i],
                        (tests[name][0], float(tests[name][1][t])) if name in tests else None,
                        made,
                        sizes[t] if name == "WAR" else None,
                    )
                    for name, i in zip(wanted, index, strict=True)
                }
                if single:
                    cell["only_first"], cell["only_second"] = paired.discordant(of, united)[t].tolist()
            else:
                cell["metrics"] = {
                    name: {"values": scored[:, t, i].tolist()} for name, i in zip(wanted, index, strict=True)
                }
                rankings += [
                    _rank(cell, name, names, means[:, :, t, i], scored[:, t, i], made)
                    for name, i in zip(wanted, index, strict=True)
                ]
            cells.append(cell)
    return cells, rankings


def _clips(of: Outcomes) -> npt.NDArray[np.int64]:
    """Clips by leaf."""
    return np.bincount(of.leaf, weights=of.clips, minlength=of.leaves).astype(np.int64)


def _tests(
    of: Outcomes, united: npt.NDArray[np.bool_], wanted: list[str], seed: int, permutations: int
) -> dict[str, tuple[str, FloatArray]]:
    """Name of the test and p-values (T,) by metric, of two runs."""
    found: dict[str, tuple[str, FloatArray]] = {}
    if "WAR" in wanted:
        found["WAR"] = ("mcnemar", paired.mcnemar(*paired.discordant(of, united).T))
    if "UAR" in wanted:
        found["UAR"] = ("permutation", paired.permutation_of_recall(of, united, permutations, seed)[1][:, 1])
    if set(wanted) & {"macro_F1", "weighted_F1"}:
        p = paired.permutation(of, united, permutations, seed)[1]
        found |= {name: ("permutation", p[:, METRICS.index(name)]) for name in ("macro_F1", "weighted_F1")}
    return found


def _pair(
    scored: FloatArray, drawn: FloatArray, test: tuple[str, float] | None, made: Resampling, clips: int | None
) -> dict[str, Any]:
    """One metric of one cell of two systems: values, difference (also in clips, for WAR), interval and test."""
    first, second = scored.tolist()
    moved = drawn[0] - drawn[1]
    low, high = interval(moved, made.level).tolist()
    found: dict[str, Any] = {"values": [first, second], "difference": first - second, "ci_low": low, "ci_high": high}
    if clips is not None:
        found["clips"] = (first - second) * clips
    kind, p = test if test is not None else ("bootstrap", bootstrap_p(moved))
    return found | {"test": kind, "p": p}


def bootstrap_p(moved: FloatArray) -> float:
    """Twice the share of replicates on the far side of zero, (c + 1) / (n + 1) of them, at most 1."""
    known = moved[~np.isnan(moved)]
    fewer = min(int((known <= 0).sum()), int((known >= 0).sum()))
    return min(1.0, 2 * (fewer + 1) / (len(known) + 1))


def _rank(
    cell: dict[str, Any], metric: str, names: list[str], drawn: FloatArray, scored: FloatArray, made: Resampling
) -> dict[str, Any]:
    return {key: cell[key] for key in ("evaluation", "source", "target", "n")} | rank(
        metric, names, drawn, scored, made
    )


def rank(metric: str, names: list[str], drawn: FloatArray, scored: FloatArray, made: Resampling) -> dict[str, Any]:
    """Order, rank intervals and tie groups of systems, from replicates (systems, R) and scores (systems,)."""
    pairs = ranking.simultaneous(drawn.T, scored, made.level)
    order, groups = ranking.tie_groups(scored, pairs.better)
    best, worst = ranking.ranks(pairs.better)
    return {
        "metric": metric,
        "order": [names[i] for i in order],
        "values": scored[order].tolist(),
        "best_rank": best[order].tolist(),
        "worst_rank": worst[order].tolist(),
        "groups": [[names[i] for i in order[a:b]] for a, b in groups.tolist()],
        "pairs": [
            {"first": names[i], "second": names[j], "difference": float(scored[i] - scored[j]),
             "ci_low": float(pairs.low[i, j]), "ci_high": float(pairs.high[i, j])}
            for a, i in enumerate(order) for j in order[a + 1 :]
        ],
    }  # fmt: skip


def _adjust(cells: list[dict[str, Any]], name: str) -> None:
    """Add Holm's adjusted p-values of one metric over the cells."""
    tested = [cell["metrics"][name] for cell in cells if "p" in cell["metrics"].get(name, {})]
    if tested:
        for metric, p in zip(tested, paired.holm([m["p"] for m in tested]).tolist(), strict=True):
            metric["p_holm"] = p


def _header(
    protocol: Protocol,
    submissions: Sequence[Submission | SpottingSubmission],
    names: list[str],
    made: Resampling,
    permutations: int,
    cells: list[dict[str, Any]],
) -> dict[str, Any]:
    first = submissions[0]
    evaluations = list(dict.fromkeys(cell["evaluation"] for cell in cells))
    signature = [
        "fervbench",
        f"p:{protocol.signature}",
        "e:" + "+".join(evaluations),
        f"gt:{first.truth.sha256[:8]}",
        f"compare:{len(submissions)}",
        f"agg:{protocol.aggregation}",
        "miss:" + "+".join(dict.fromkeys(each.missing for each in submissions)),
        f"ci:{made.signature}",
        f"perm:{permutations},{made.seed}",
        f"v:{__version__}",
    ]
    warnings = [f"{name}: {note}" for name, each in zip(names, submissions, strict=True) for note in each.notes]
    seeds = [list(each.seeds) if isinstance(each, Submission) else [None] for each in submissions]
    if any(len(each) > 1 for each in seeds):
        warnings.append("several seeds: means over seeds are compared, and seeds are not resampled")
    return {
        "format": FORMAT,
        "tool_version": __version__,
        "signature": "|".join(signature),
        "protocol": {"id": protocol.id, "version": protocol.version, "sha256": protocol.sha256},
        "ground_truth": {"sha256": first.truth.sha256},
        "systems": [
            {"name": name, "sha256": each.sha256, "seeds": own}
            for name, each, own in zip(names, submissions, seeds, strict=True)
        ],
        "intervals": made.to_dict(),
        "permutations": permutations,
        "warnings": warnings,
    }
