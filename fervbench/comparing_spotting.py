"""Proposals compared: the same videos are drawn for all systems, each under its own full budgets.

AR and AUC are sums over videos, so a difference is a sum of what each video adds: exchanging the two systems' proposals
of a video flips its sign. That is the permutation test; budgets stay those of the full sets.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from fervbench.errors import UsageError
from fervbench.metrics import resampling_spotting, spotting
from fervbench.metrics.resampling import BLOCK, SWAPS, generator, interval
from fervbench.protocol import Protocol
from fervbench.submission.spotting import SpottingSubmission
from fervbench.uncertainty import VIDEOS, Resampling

FloatArray = npt.NDArray[np.float64]
_TIE = 1e-12


def compare_spotting(
    protocol: Protocol,
    submissions: Sequence[Any],
    names: list[str],
    wanted: list[str],
    made: Resampling,
    permutations: int,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The one cell of spotting, and its rankings for three systems or more. Raises UsageError for mixed tasks."""
    from fervbench.comparing import rank

    given = [each for each in submissions if isinstance(each, SpottingSubmission)]
    if len(given) < len(submissions):
        raise UsageError("proposals and predictions of clips cannot be compared")
    if made.scheme != VIDEOS:
        raise UsageError(f"proposals are resampled by video, not by {made.scheme}")
    if len({(each.ties, each.compat, each.reading) for each in given}) > 1:
        raise UsageError("the submissions were read in different ways (--ties, --compat, --reading)")
    rules = protocol.spotting or {}
    ranked = [_ranked(each, rules) for each in given]
    drawn, scored = {}, {}
    for i, found in enumerate(ranked):
        ar, auc = resampling_spotting.curve_samples(found, None, made.replicates, made.seed)
        curve = found.curve()
        for name in wanted:
            point = None if name == "AUC" else int(name.removeprefix("AR@"))
            drawn[i, name] = auc if point is None else ar[:, point - 1]
            scored[i, name] = curve.auc if point is None else curve.at(point)
    systems = range(len(given))
    cell: dict[str, Any] = {"evaluation": "spotting", "source": None, "target": "all", "n": len(given[0].truth.target)}
    values = {name: np.array([scored[i, name] for i in systems]) for name in wanted}
    moved = {name: np.stack([drawn[i, name] for i in systems]) for name in wanted}
    if len(given) == 2:
        added = _added(ranked[0]), _added(ranked[1])
        cell["metrics"] = {}
        for name in wanted:
            low, high = interval(moved[name][0] - moved[name][1], made.level).tolist()
            p = _permutation(_of_metric(added[0] - added[1], ranked[0], name), permutations, made.seed)
            first, second = values[name].tolist()
            cell["metrics"][name] = {
                "values": [first, second], "difference": first - second, "ci_low": low, "ci_high": high,
                "test": "permutation", "p": p,
            }  # fmt: skip
        return [cell], []
    cell["metrics"] = {name: {"values": values[name].tolist()} for name in wanted}
    about = {key: cell[key] for key in ("evaluation", "source", "target", "n")}
    return [cell], [about | rank(name, names, moved[name], values[name], made) for name in wanted]


def _ranked(submission: SpottingSubmission, rules: dict[str, Any]) -> spotting.Spotted:
    truth = submission.truth
    return spotting.rank(
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


def _added(found: spotting.Spotted) -> FloatArray:
    """What each video adds to AR at each point, shape (V, points)."""
    recalled, targets = resampling_spotting.by_video(found)
    added: FloatArray = recalled / (len(found.first) * targets.sum())
    return added


def _of_metric(added: FloatArray, found: spotting.Spotted, name: str) -> FloatArray:
    """What each video adds to a difference of AUC (which is linear in AR), or of AR at one point: (V,)."""
    if name == "AUC":
        area: FloatArray = np.asarray(spotting.area(added, found.an, found.reading), dtype=np.float64)
        return area
    return added[:, int(name.removeprefix("AR@")) - 1]


def _permutation(each: FloatArray, number: int, seed: int) -> float:
    """p-value of a sum of signed contributions (V,): (c + 1) / (n + 1) random sign flips reach it."""
    whole = abs(float(each.sum()))
    reached = 0
    for block, start in enumerate(range(0, number, BLOCK)):
        flips = generator(seed, SWAPS, block).integers(
            0, 2, size=(min(BLOCK, number - start), len(each)), dtype=np.int8
        )
        reached += int((np.abs((2.0 * flips - 1.0) @ each) >= whole - _TIE).sum())
    return (reached + 1) / (number + 1)
