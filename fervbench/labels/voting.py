"""From votes to labels, by the rules of the papers. A tie is never broken: the clip gets no label, and is named.

    threshold  DFEW, section 2.2: class k is the label where l_k > r, r = 6 of ten votes, so at least 7. 12,059 of
               16,372 clips have one.
    wwta       FERV39k, appendix C, "weighted winner takes all": the class with most votes, supplementary votes (of
               professionals) counted twice, so that they "have higher confidence but can be refuted by a broader
               consensus".

Where FERV39k is silent
    PASS, "and the clips will be marked as illegal": does one rater suffice? `passing="wins"` (default) lets PASS take
    part in the vote like a class: where it wins, the clip is illegal. `passing="any"`: one PASS suffices.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from fervbench._version import __version__
from fervbench.errors import UsageError
from fervbench.labels.ratings import PASS, Ratings

IntArray = npt.NDArray[np.int64]

FORMAT = "fervbench-votes/1"
VOTED, TIE, FEW, PASSED = "voted", "tie", "too-few-votes", "pass"


@dataclass(frozen=True)
class Decision:
    """`label[i]` of each clip, -1 for none, and why: voted, tie, too-few-votes or pass.

    `weight` (N, K + 1) are the votes that were counted, PASS last; `tied` (N, K + 1) marks the classes of a tie.
    """

    rule: dict[str, Any]
    label: IntArray = field(repr=False)
    reason: list[str] = field(repr=False)
    weight: IntArray = field(repr=False)
    tied: npt.NDArray[np.bool_] = field(repr=False)


def threshold(ratings: Ratings, min_votes: int) -> Decision:
    """The class with at least `min_votes` votes; of two such classes the one with more, and none where they are equal.

    PASS is a rating for no class. Raises UsageError where no clip has so many ratings, for a number below 1, and for
    supplementary ratings, of which DFEW's rule knows nothing.
    """
    if min_votes < 1:
        raise UsageError(f"{min_votes} votes are none")
    if (ratings.extra.sum() + ratings.extra_passes.sum()) > 0:
        raise UsageError("the threshold rule knows no supplementary ratings", hint="--rule wwta counts them twice")
    if min_votes > ratings.number.max(initial=0):
        most = ratings.number.max(initial=0)
        raise UsageError(f"no clip has {min_votes} ratings: the most is {most}", hint="give a smaller --min-votes")
    weight = np.concatenate([ratings.votes, ratings.passes[:, None]], axis=1)
    most = ratings.votes.max(axis=1, keepdims=True)
    top = (weight == most) & (most >= min_votes)
    top[:, -1] = False
    return _decide({"name": "threshold", "min_votes": min_votes}, weight, top)


def wwta(ratings: Ratings, *, weight: int = 2, passing: str = "wins") -> Decision:
    """The class with most votes, supplementary ones counted `weight` times (see the module)."""
    if weight < 1:
        raise UsageError(f"a weight of {weight} is none")
    normal = np.concatenate([ratings.votes, ratings.passes[:, None]], axis=1)
    extra = np.concatenate([ratings.extra, ratings.extra_passes[:, None]], axis=1)
    counted = normal + weight * extra
    most = counted.max(axis=1, keepdims=True)
    top = (counted == most) & (most > 0)
    if passing == "any":
        passed = (normal + extra)[:, -1] > 0
        top[passed] = False
        top[passed, -1] = True
    return _decide({"name": "wwta", "supplementary_weight": weight, "pass": passing}, counted, top)


def _decide(rule: dict[str, Any], weight: IntArray, top: npt.NDArray[np.bool_]) -> Decision:
    number = top.sum(axis=1)
    first = top.argmax(axis=1)
    last = weight.shape[1] - 1
    label = np.where((number == 1) & (first < last), first, -1)
    reason = [
        FEW if n == 0 else TIE if n > 1 else PASSED if at == last else VOTED
        for n, at in zip(number.tolist(), first.tolist(), strict=True)
    ]
    return Decision(rule, label.astype(np.int64), reason, weight, top & (number > 1)[:, None])


def differing(ratings: Ratings, decision: Decision) -> list[str]:
    """Clips whose label column states something else than the vote gives."""
    if ratings.stated is None:
        return []
    return [ratings.clips[i] for i in np.flatnonzero(ratings.stated != decision.label)]


def to_document(ratings: Ratings, decision: Decision) -> dict[str, Any]:
    """The votes as `schemas/votes.schema.json` has them."""
    names = (*ratings.classes, PASS)
    reasons = Counter(decision.reason)
    labels = Counter(decision.label.tolist())
    clips = {}
    for i, id in enumerate(ratings.clips):
        row = decision.weight[i].tolist()
        entry: dict[str, Any] = {
            "label": None if decision.label[i] < 0 else names[decision.label[i]],
            "reason": decision.reason[i],
            "votes": {name: n for name, n in zip(names, row, strict=True) if n},
        }
        if decision.reason[i] == TIE:
            entry["tied"] = [name for name, tied in zip(names, decision.tied[i], strict=True) if tied]
        clips[id] = entry
    warnings = list(ratings.notes)
    other = differing(ratings, decision)
    if other:
        listed = ", ".join(other[:10]) + (", ..." if len(other) > 10 else "")
        warnings.append(f"the label column says otherwise for {len(other):,} of {len(ratings.clips):,} clips: {listed}")
    return {
        "format": FORMAT,
        "tool_version": __version__,
        "sha256": ratings.sha256,
        "rule": decision.rule,
        "classes": list(ratings.classes),
        "n": len(ratings.clips),
        "labelled": reasons[VOTED],
        "by_class": {name: labels[i] for i, name in enumerate(ratings.classes)},
        "without": {reason: reasons[reason] for reason in (FEW, TIE, PASSED)},
        "clips": clips,
        "warnings": warnings,
    }


def labels_csv(ratings: Ratings, decision: Decision) -> str:
    """The clips that have a label, as `fervbench-labels/1`."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["clip_id", "label"])
    writer.writerows(
        [id, ratings.classes[code]]
        for id, code in zip(ratings.clips, decision.label.tolist(), strict=True)
        if code >= 0
    )
    return out.getvalue()
