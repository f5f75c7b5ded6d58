"""Make the example files that ship (`examples/`), but for the one that is generated when it is written.

    python tools/make_examples.py ../shared/data/checks/confusions.json examples

The confusion matrix is a figure that MAE-DFER's authors published in their log; the tiny protocol and everything in it
is made up. Deterministic: the same files every time.
"""

from __future__ import annotations

import csv
import hashlib
import json
import sys
from pathlib import Path

CLASSES = ["Happy", "Sad", "Neutral", "Angry", "Surprise", "Disgust", "Fear"]
PER_FOLD = {"Happy": 4, "Sad": 3, "Neutral": 4, "Angry": 3, "Surprise": 2, "Disgust": 1, "Fear": 2}

NOTE = (
    "made from the confusion matrix in MAE-DFER's log (sunlicai/MAE-DFER, logs/ferv39k.out). Which clip of a class got "
    "which answer is made up: only the overall line, the class table and the confusion table are the model's; "
    "the lines of scenarios and scenes are not"
)

PROTOCOL = """\
# A made-up protocol in the shape of DFEW: seven classes, five folds, labels beside this file.
format = "fervbench-protocol/1"
id = "tiny"
version = "1.0.0"
title = "Tiny (made up)"
task = "recognition"
note = "made-up data: no number here says anything about a model"
classes = ["Happy", "Sad", "Neutral", "Angry", "Surprise", "Disgust", "Fear"]
default_source = "each-fold"
aggregation = "pooled"

[[choices]]
choice = "Five folds, recall on the pooled predictions"
source = "the DFEW protocol, to show its shape"

[ids]
pattern = "[0-9]{1,4}"
zero_pad = 4
example = "0001"

[ground_truth]
kind = "labels"
labels = "labels.csv"

[configurations]
fd1 = { level = "fold" }
fd2 = { level = "fold" }
fd3 = { level = "fold" }
fd4 = { level = "fold" }
fd5 = { level = "fold" }

[evaluations.five-fold]
title = "Five made-up models, each tested on the fold it was not trained on"
kind = "folds"
source_levels = ["fold"]
"""

SPOTTING_PROTOCOL = """\
# A made-up spotting protocol in the shape of SDFE-LV, with its intervals beside this file.
format = "fervbench-protocol/1"
id = "tiny-spotting"
version = "1.0.0"
title = "Tiny spotting (made up)"
task = "spotting"
note = "made-up data: no number here says anything about a model"
classes = ["Angry", "Disgust", "Fear", "Happy", "Sad", "Surprise"]
default_source = "all"
aggregation = "pooled"

[ground_truth]
kind = "intervals"
labels = "intervals.json"

[split]
parts = ["train", "validation", "test"]
weights = [6, 2, 2]
seed = 0

[spotting]
subset = "test"
max_average = 100
report = [1, 5, 10, 50, 100]
durations = [0.5, 4.0]
f1_tiou = 0.5

[configurations]
all = { level = "overall" }

[evaluations.spotting]
title = "Average recall at an average number of proposals"
kind = "spotting"
source_levels = ["overall"]
"""

INVALID = """\
{
 "format": "fervbench-recognition/1",
 "protocol": "ferv39k",
 "clases": ["Angry", "Disgust", "Fear", "Happy", "Sad", "Surprise", "Neutral"],
 "predictions": {
  "Interview/Happy/0001": "Happy",
  "Interview/Happy/0001": "Sad",
  "Interview/Happy/0002": "Anger",
  "Interview/Happy/0003": 3,
  "Interview/Happy/0004": [0.1, 0.2, 0.7],
  "Interview/Happy/0005": [0.1, 0.1, 0.1, NaN, 0.1, 0.1, 0.1],
  "Interview/Happy/0399": "Happy",
  "interview/happy/6": "Happy",
  "02522": "Disgust"
 }
}
"""


def uniform(*parts: object) -> float:
    """A number in [0, 1) that depends on the parts alone."""
    digest = hashlib.sha256("/".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


def tiny(target: Path) -> None:
    clips = []
    number = 0
    for fold in range(1, 6):
        for name in CLASSES:
            for _ in range(PER_FOLD[name]):
                number += 1
                clips.append((f"{number:04d}", name, fold))
    target.mkdir(parents=True, exist_ok=True)
    (target / "protocol.toml").write_text(PROTOCOL, encoding="utf-8")
    with open(target / "labels.csv", "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["clip_id", "label", "fold"])
        writer.writerows(clips)
    runs, rows = [], []
    for fold in range(1, 6):
        answers = {}
        for id, name, of in clips:
            if of == fold:
                scores = [round(uniform("score", id, c) + (0.35 if c == name else 0.0), 3) for c in CLASSES]
                answers[id] = scores
                rows.append([id, *scores])
        lines = ",\n".join(f"   {json.dumps(id)}: {json.dumps(scores)}" for id, scores in answers.items())
        runs.append(f'  {{"trained_on": "fd{fold}", "predictions": {{\n{lines}\n  }}}}')
    head = f'{{\n "format": "fervbench-recognition/1",\n "protocol": "tiny",\n "classes": {json.dumps(CLASSES)},\n'
    text = head + ' "runs": [\n' + ",\n".join(runs) + "\n ]\n}\n"
    (target / "predictions.json").write_text(text, encoding="utf-8")
    with open(target / "scores.csv", "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["clip_id", *CLASSES])
        writer.writerows(rows)


def spotting(target: Path) -> None:
    """Twelve test videos with one to four expressions, and for each expression a few guesses around it."""
    target.mkdir(parents=True, exist_ok=True)
    (target / "protocol.toml").write_text(SPOTTING_PROTOCOL, encoding="utf-8")
    names = ["Happy"] * 8 + ["Surprise", "Sad", "Angry", "Disgust"]
    videos, proposals = [], []
    for v in range(1, 13):
        duration = round(20 + 60 * uniform("duration", v), 1)
        number = 1 + int(4 * uniform("number", v))
        intervals, guesses = [], []
        for i in range(number):
            length = round(0.3 + 5.5 * uniform("length", v, i) ** 2, 2)
            onset = round((i + 0.2 + 0.5 * uniform("onset", v, i)) * duration / number - length / 2, 2)
            label = names[int(len(names) * uniform("label", v, i))]
            intervals.append([onset, round(onset + length, 2), label])
            for g in range(6):
                spread = 0.12 * length * (g + 0.5)
                start = onset + spread * (2 * uniform("start", v, i, g) - 1)
                end = onset + length + spread * (2 * uniform("end", v, i, g) - 1)
                guesses.append([round(max(0.0, start), 2), round(min(duration, max(end, start + 0.1)), 2), 0.0])
        for g in range(8):
            start = duration * 0.9 * uniform("false", v, g)
            guesses.append([round(start, 2), round(min(duration, start + 0.5 + 4 * uniform("width", v, g)), 2), 0.0])
        for i, guess in enumerate(guesses):
            bonus = 0.4 if i < 6 * number else 0.0
            guess[2] = round(0.6 * uniform("score", v, i) + bonus, 4)
        entry = {"duration": duration, "fps": 25, "subject": f"s{v:02d}", "split": "test", "intervals": intervals}
        videos.append(f'  "video_{v:02d}": {json.dumps(entry)}')
        proposals.append(f'  "video_{v:02d}": {json.dumps(guesses)}')
    text = '{"format": "fervbench-intervals/1",\n "videos": {\n' + ",\n".join(videos) + "\n }}\n"
    (target / "intervals.json").write_text(text, encoding="utf-8")
    head = '{"format": "fervbench-spotting/1", "protocol": "tiny-spotting",\n "proposals": {\n'
    (target / "proposals.json").write_text(head + ",\n".join(proposals) + "\n }}\n", encoding="utf-8")


def own_table(found: dict) -> str:
    """A table as an author would write it, of the published confusion matrix: `fervbench-table/1`."""
    matrix = dict(zip(found["class_order"], found["matrix"], strict=True))
    n, hits = {}, {}
    for i, (name, row) in enumerate(matrix.items()):
        n[name], hits[name] = sum(row), row[i]
    shares = {name: 100 * hits[name] / n[name] for name in matrix}
    about = {"row": "MAE-DFER", "method": "mae-dfer", "source": "all", "target": "all"}
    values = {"WAR": 100 * sum(hits.values()) / sum(n.values()), "UAR": sum(shares.values()) / len(shares)}
    cells = [about | {"column": k, "metric": k, "printed": f"{v:.2f}"} for k, v in values.items()]
    cells += [about | {"column": k, "metric": "recall", "class": k, "printed": f"{v:.2f}"} for k, v in shares.items()]
    lines = ",\n".join("  " + json.dumps(cell) for cell in cells)
    head = {
        "format": "fervbench-table/1",
        "id": "my-table",
        "title": "MAE-DFER on FERV39k: from the confusion matrix in its authors' log",
        "protocol": "ferv39k",
        "unit": "percent",
        "decimals": 2,
        "layout": {"corner": "Method"},
    }
    tops = "\n".join(f" {json.dumps(k)}: {json.dumps(v)}," for k, v in head.items())
    return f'{{\n{tops}\n "cells": [\n{lines}\n ]\n}}\n'


def main(confusions: Path, target: Path) -> None:
    found = json.loads(confusions.read_text(encoding="utf-8"))["mae_dfer_ferv39k"]
    document = {
        "note": NOTE,
        "source": f"{found['repo']}, {found['path']}",
        "printed": {k: found["printed"][k] for k in ("UAR", "WAR", "weighted_f1", "macro_f1")},
        "classes": found["class_order"],
        "confusion": found["matrix"],
    }
    lines = ",\n".join(f" {json.dumps(k)}: {json.dumps(v)}" for k, v in document.items())
    (target / "mae-dfer-ferv39k-confusion.json").write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")
    (target / "my_table.json").write_text(own_table(found), encoding="utf-8")
    (target / "invalid.json").write_text(INVALID, encoding="utf-8")
    tiny(target / "tiny")
    spotting(target / "spotting")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]))
