"""Spot, then recognise: what class is each spotted interval, and how far off is its onset and offset?

An extra evaluation beside AR@AN. Each video's highest proposals are thinned out (greedy, so that what is left are
separate events), and the extractor's own classifier names the class of each: the mean of its class scores over the
snippets whose centre lies inside (the nearest snippet where none does). Only the protocol's classes count: Neutral or
Contempt of an extractor has no say.

Rules
    matched      a largest one-to-one matching at tIoU >= `tiou`, whatever the classes are
    F1 by class  2 TP / (targets + spotted) of that class; TP is a matched pair of equal class
    spotting F1  2 matched / (targets + spotted)
    onset, offset  absolute errors of matched pairs, in seconds: mean and median
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from fervbench.errors import MismatchError
from fervbench.metrics.intervals import match, tiou
from fervbench.reference.jobs import Job
from fervbench.reference.spotting.extractors import Extractor
from fervbench.reference.spotting.parts import FloatArray, Input, Proposals
from fervbench.reference.spotting.rescaling import Features
from fervbench.reference.spotting.suppression import greedy_nms
from fervbench.reference.spotting.videos import SNIPPET, Item
from fervbench.reference.spotting.writing import proposals_of


def events_of(proposals: FloatArray, *, number: int, overlap: float) -> FloatArray:
    """A video's `number` highest proposals that overlap one another by `overlap` at most, (n, 3)."""
    taken, _ = greedy_nms(proposals[:, :2], proposals[:, 2], threshold=overlap, keep=number)
    return proposals[taken]


@torch.no_grad()
def class_scores(extractor: Extractor, features: Features, classes: Sequence[str]) -> FloatArray:
    """The classifier's scores of snippets over the protocol's classes, (snippets, classes), softmax over these.

    Raises MismatchError where the extractor does not know one of them.
    """
    unknown = [name for name in classes if name not in extractor.classes]
    if unknown:
        raise MismatchError(f"{extractor.name} does not tell {', '.join(unknown)} apart; it knows {extractor.classes}")
    network: Any = extractor.network
    where = next(iter(network.parameters())).device
    scores = network.classify(torch.from_numpy(np.array(features)).to(where)).double().cpu()
    chosen = torch.tensor([extractor.classes.index(name) for name in classes])
    return np.asarray(scores[:, chosen].softmax(dim=1).numpy(), dtype=np.float64)


def class_of(item: Item, onset: float, offset: float, scores: FloatArray) -> int:
    """The class of an interval, from the scores of its video's snippets."""
    centres = (np.arange(item.snippets) + 0.5) * SNIPPET / item.fps
    inside = (centres >= onset) & (centres <= offset)
    if not inside.any():
        inside = np.arange(item.snippets) == np.abs(centres - (onset + offset) / 2).argmin()
    return int(scores[inside].mean(axis=0).argmax())


def evaluate_job(job: Job, extractor: Extractor, given: Input) -> dict[str, Any]:
    """The evaluation of a finished job's proposals for the test part. Raises MismatchError as `class_scores` does."""
    items, classes = given.videos.parts["test"], given.videos.protocol.classes
    scores = {item.id: class_scores(extractor, given.features[item.id], classes) for item in items}
    return evaluate(items, proposals_of(job), scores, classes)


def evaluate(
    items: Sequence[Item],
    proposals: Proposals,
    scores: Mapping[str, FloatArray],
    classes: Sequence[str],
    *,
    tiou_at_least: float = 0.5,
    number: int = 3,
    overlap: float = 0.2,
) -> dict[str, Any]:
    """The evaluation over videos; `scores` are `class_scores` by video. None where there is nothing to measure.

    `number` events a video at most: SDFE-LV has two intervals a video on average.
    """
    targets, spotted, right = (np.zeros(len(classes), dtype=np.int64) for _ in range(3))
    errors: list[FloatArray] = []
    for item in items:
        events = events_of(proposals[item.id], number=number, overlap=overlap)
        kinds = [class_of(item, row[0], row[1], scores[item.id]) for row in events.tolist()]
        wanted = [classes.index(label) for label in item.labels]
        np.add.at(spotted, kinds, 1)
        np.add.at(targets, wanted, 1)
        if len(events) and len(item.intervals):
            for target, event in match(tiou(item.intervals, events[:, :2]) >= tiou_at_least):
                errors.append(np.abs(events[event, :2] - item.intervals[target]))
                right[kinds[event]] += kinds[event] == wanted[target]
    matched = len(errors)

    def f1(hits: int, of: int) -> float | None:
        return 2 * hits / of if of else None

    by_class = {
        name: {"targets": int(t), "spotted": int(s), "right": int(r), "F1": f1(int(r), int(t + s))}
        for name, t, s, r in zip(classes, targets, spotted, right, strict=True)
    }
    known = [row["F1"] for row in by_class.values() if row["targets"]]
    apart = np.array(errors).reshape(-1, 2)
    timing = {
        name: {"mean": float(apart[:, i].mean()), "median": float(np.median(apart[:, i]))} if matched else None
        for i, name in enumerate(("onset", "offset"))
    }
    return {
        "tIoU": tiou_at_least,
        "events_a_video": number,
        "overlap": overlap,
        "targets": int(targets.sum()),
        "spotted": int(spotted.sum()),
        "matched": matched,
        "F1": f1(matched, int(targets.sum() + spotted.sum())),
        "accuracy_of_matched": int(right.sum()) / matched if matched else None,
        "macro_F1": sum(row or 0.0 for row in known) / len(known) if known else None,
        "classes": by_class,
        **timing,
    }
