"""The cells that a ranking is by, and how sure a number is that comes without predictions.

One evaluation, one number a metric: a grid with one source is ranked by its largest target (FERV39k's `all`), folds by
the pooled cell, a grid of several sources by the mean over the pairs of different configurations of the sources' level
(the cross-scenario transfer), a diagonal by the mean over its cells, spotting by AUC.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from fervbench.protocol import POOLED, Protocol
from fervbench.report import Report

SPOTTING = ("AUC", "AR@1", "AR@5", "AR@10", "AR@50", "AR@100")
RECOGNITION = ("WAR", "UAR")


@dataclass(frozen=True)
class Headline:
    """The cells (source, target) whose mean is ranked; for folds the pooled cell, (None, "pooled")."""

    evaluation: str
    cells: tuple[tuple[str | None, str | None], ...]
    what: str


def ranked_metrics(protocol: Protocol) -> tuple[str, ...]:
    """The metrics of a ranking, the first by default."""
    return SPOTTING[:1] if protocol.task == "spotting" else RECOGNITION


def shown_metrics(protocol: Protocol) -> tuple[str, ...]:
    """The metrics of a headline."""
    return SPOTTING if protocol.task == "spotting" else (*RECOGNITION, "macro_F1", "weighted_F1")


def headline(protocol: Protocol, evaluation: str) -> Headline:
    """What an evaluation is ranked by. Raises KeyError for an evaluation that the protocol does not have."""
    found = protocol.evaluations[evaluation]
    if found.kind == "spotting":
        return Headline(evaluation, ((None, "all"),), "all intervals")
    if found.kind == "folds":
        return Headline(evaluation, ((None, POOLED),), "the predictions pooled over the folds")
    if found.kind == "diagonal":
        return Headline(evaluation, found.cells, f"the mean over {len(found.cells)} configurations")
    if len(found.sources) == 1:
        source = found.sources[0]
        targets = found.targets(source)
        whole = max(targets, key=lambda name: len(protocol.configurations[name].leaves))
        return Headline(evaluation, ((source, whole),), f"trained on {source}, tested on {whole}")
    level = {protocol.configurations[source].level for source in found.sources}
    cells = tuple(
        (source, target)
        for source, target in found.cells
        if source != target and protocol.configurations[target].level in level
    )
    return Headline(evaluation, cells or found.cells, f"the mean over {len(cells or found.cells)} pairs")


def headline_scores(protocol: Protocol, report: Report, evaluation: str) -> dict[str, dict[str, float | None]]:
    """Value of each metric over the headline's cells, with the interval and the spread over seeds where it is one."""
    head = headline(protocol, evaluation)
    chosen = []
    for source, target in head.cells:
        for cell in report.cells:
            same = (cell.source, cell.target) == (source, target)
            same = same or (protocol.task == "spotting" and cell.target == target)
            if same and cell.evaluation == evaluation and cell.aggregate is None:
                chosen.append(cell)
                break
    found: dict[str, dict[str, float | None]] = {}
    for metric in shown_metrics(protocol):
        values = [cell.metrics[metric]["value"] for cell in chosen if metric in cell.metrics]
        if not values:
            continue
        if len(values) == 1:
            only = next(cell.metrics[metric] for cell in chosen)
            found[metric] = {key: only[key] for key in ("value", "sd", "ci_low", "ci_high") if key in only}
        else:
            known = None if None in values else sum(values) / len(values)
            found[metric] = {"value": known}
    return found


_COUNTS: dict[str, dict[str, dict[str, int]]] = {}  # by the protocol's sha256: counts never change under it


def _clips(protocol: Protocol) -> dict[str, dict[str, int]]:
    """Test clips by leaf and class, as far as the protocol ships them."""
    if protocol.sha256 not in _COUNTS:
        cells = (protocol.counts() or {}).get("cells", {}) if protocol.task == "recognition" else {}
        _COUNTS[protocol.sha256] = {
            leaf: {name: cell.get("test", 0) for name, cell in row.items()} for leaf, row in cells.items()
        }
    return _COUNTS[protocol.sha256]


def sizes(protocol: Protocol, target: str | None) -> tuple[int, dict[str, int]]:
    """Test clips of a target, in all and by class; (0, {}) where the protocol does not say."""
    counts = _clips(protocol)
    leaves = protocol.leaves if target in (None, POOLED) else protocol.configurations[str(target)].leaves
    if not counts or any(leaf not in counts for leaf in leaves):
        known = protocol.ground_truth.get("sizes", {})
        n = sum(known.get(leaf, 0) for leaf in leaves) if all(leaf in known for leaf in leaves) else 0
        return n, {}
    by_class = {name: sum(counts[leaf].get(name, 0) for leaf in leaves) for name in protocol.classes}
    return sum(by_class.values()), by_class


def spread(protocol: Protocol, evaluation: str, metric: str, value: float) -> float | None:
    """Standard deviation of a score without predictions, over test lists of the protocol's size.

    WAR is k of n hits: binomial. UAR is a mean of recalls that are not known: each is taken to equal it, which
    overstates the spread where classes of few clips are recalled less, as they are in this field. Cells of a mean are
    taken to vary independently. None where the number of clips is not known, or for other metrics.
    """
    head = headline(protocol, evaluation)
    if metric not in RECOGNITION:
        return None
    variance = 0.0
    for _, target in head.cells:
        n, by_class = sizes(protocol, target)
        clips = [n] if metric == "WAR" else [each for each in by_class.values() if each]
        if not n or not clips:
            return None
        variance += value * (1 - value) * sum(1 / each for each in clips) / len(clips) ** 2
    return math.sqrt(variance) / len(head.cells)
