"""DFEW: clips numbered through, ten votes each, five folds of contiguous ids over the single-labelled ones.

Of 16,372 clips 12,059 are single-labelled (more than six of ten votes for one class); 362 of these have too few faces
and stand in the annotation alone; the other 11,697 are in the folds. On the rest the annotators disagree: label 0, and
the face shows a mixture of two expressions.
"""

from __future__ import annotations

import numpy as np

from fervbench.protocol import load_protocol
from fervbench.synthesize.clip import Clip
from fervbench.synthesize.expressions import LIKE
from fervbench.synthesize.layout import Job, Options, Output, Release
from fervbench.synthesize.seeds import generator, quantile, scaled
from fervbench.synthesize.xlsx import workbook

FRAMES = ((0.0, 11), (0.0012, 16), (0.05, 30), (0.25, 48), (0.5, 70), (0.75, 95), (0.95, 135), (0.999, 260), (1.0, 847))
FOLDS = 5
FACELESS, MIXED = 362, 16_372 - 12_059
HEADER = ("1happy", "2sad", "3neutral", "4angry", "5surprise", "6disgust", "7fear", "order", "label")


def plan(options: Options) -> Release:
    """All clips, the annotation and the lists of the folds."""
    protocol = load_protocol("dfew")
    classes = protocol.classes
    cells = (protocol.counts() or {})["cells"]
    pooled = {name: sum(cells[fold][name]["test"] for fold in cells) for name in classes}
    rng = generator(options.seed, "dfew", "plan")
    kinds: list[tuple[str, str]] = []  # (class, "" or "faceless" or the second class)
    for name in classes:
        kinds += [(name, "")] * scaled(pooled[name], options.scale, FOLDS)
    weights = np.array([pooled[name] for name in classes], dtype=float)
    weights /= weights.sum()
    for _ in range(round(FACELESS * options.scale)):
        kinds.append((classes[int(rng.choice(len(classes), p=weights))], "faceless"))
    for _ in range(scaled(MIXED, options.scale, 1)):
        first = classes[int(rng.choice(len(classes), p=weights))]
        kinds.append((first, LIKE[first][int(rng.integers(0, 3))]))
    order = rng.permutation(len(kinds))
    jobs, rows, listed = [], [], []
    for number, at in enumerate(order, 1):
        name, other = kinds[int(at)]
        single = other in ("", "faceless")
        rows.append((*_votes(name, "" if single else other, classes, rng), number, _number(name, classes) * single))
        if other == "":
            listed.append((number, name))
        if other != "faceless":
            jobs.append(_job(number, name, "" if single else other, options.seed))
    files = {"Annotation/annotation.xlsx": workbook("Sheet1", [HEADER, *rows])}
    files |= _lists(listed, classes)
    return Release(tuple(jobs), files, ("Clip", "Annotation", "EmoLabel_DataSplit"))


def _number(name: str, classes: tuple[str, ...]) -> int:
    """DFEW numbers its classes from 1, in the order of the protocol's."""
    return classes.index(name) + 1


def _votes(name: str, other: str, classes: tuple[str, ...], rng: np.random.Generator) -> list[int]:
    """Ten votes by class: seven or more for a single label, six at most where two compete."""
    votes = dict.fromkeys(classes, 0)
    votes[name] = int(rng.integers(4, 7)) if other else 7 + int(rng.binomial(3, 0.45))
    left = 10 - votes[name]
    if other:
        votes[other] += left - (left > 3)
        left = int(left > 3)
    for _ in range(left):
        near = [c for c in LIKE[name] if votes[c] < 6]
        votes[near[int(rng.integers(0, len(near)))]] += 1
    return [votes[c] for c in classes]


def _job(number: int, name: str, other: str, seed: int) -> Job:
    id = f"{number:05d}"
    frames = quantile(generator(seed, "dfew", id, "frames").random(), FRAMES)
    clip = Clip("dfew", id, name, frames, second=other)
    whole = Output(f"Clip/clip_224x224/{id}", id + "_{:05d}.jpg", first=1)
    return Job(clip, (whole, Output(f"Clip/clip_224x224_16f/{id}", "{}.jpg", first=1, frames=16)))


def _lists(listed: list[tuple[int, str]], classes: tuple[str, ...]) -> dict[str, bytes]:
    """The csv files of the folds: the clips of a class, by id, in five blocks; the first ones get what is over."""
    fold_of: dict[int, int] = {}
    for name in classes:
        ids = [number for number, label in listed if label == name]
        for fold, block in enumerate(np.array_split(np.array(ids), FOLDS), 1):
            fold_of |= dict.fromkeys(block.tolist(), fold)
    files = {}
    for fold in range(1, FOLDS + 1):
        for part in ("train", "test"):
            rows = [
                f"{number},{_number(label, classes)}\n"
                for number, label in listed
                if (fold_of[number] == fold) == (part == "test")
            ]
            text = "video_name,label\n" + "".join(rows)
            files[f"EmoLabel_DataSplit/{part}(single-labeled)/set_{fold}.csv"] = text.encode()
    return files
