"""Make the machine-made half of the protocols from the official lists.

Run once per protocol version, by hand, with the folder of official lists (`ferv39k/{train,test}_All.csv` and
`dfew/{train,test}_set_{1..5}.csv`):

    python tools/freeze_protocols.py ../shared/data protocols

It writes `ferv39k/counts.json` (154 cells) and `dfew/counts.json` (fold x class counts, and a digest for every hundred
ids so that a wrong copy can be told where it differs), and prints the fingerprints that the TOML files carry. Standard
library only, and deliberately nothing from fervbench: the fingerprints are a second implementation that the tests hold
the package against. No label of a clip can be read back from what is written.
"""

from __future__ import annotations

import csv
import hashlib
import json
import sys
from collections import Counter, defaultdict
from pathlib import Path

FERV39K_CLASSES = ["Angry", "Disgust", "Fear", "Happy", "Sad", "Surprise", "Neutral"]
FERV39K_SCENARIOS = {
    "DL11k": ["Argue", "Social", "School", "Medicine", "Conflict", "DailyLife"],
    "WIS9k": ["Action", "ScholarReport", "Speech", "ElegantArt", "Liveshow", "Talkshow"],
    "SIA10k": ["Business", "Experiment", "OfficialEvent", "Crime", "Interview", "Contest"],
    "AI9k": ["History", "Terror", "War", "Crisis"],
}
DFEW_CLASSES = ["Happy", "Sad", "Neutral", "Angry", "Surprise", "Disgust", "Fear"]
DFEW_BLOCK = 100


def fingerprint(rows: list[tuple[str, str, str]]) -> str:
    """Hash `configuration<TAB>id<TAB>label<LF>` lines, sorted as bytes (DESIGN.md, section 4)."""
    lines = sorted(f"{c}\t{i}\t{label}\n".encode() for c, i, label in rows)
    return hashlib.sha256(b"".join(lines)).hexdigest()


def write(path: Path, document: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    print(f"wrote {path}")


def freeze_ferv39k(lists: Path, target: Path) -> None:
    cells: dict[str, dict[str, dict[str, int]]] = defaultdict(lambda: defaultdict(dict))
    rows = []
    scenario_of = {scene: scenario for scenario, scenes in FERV39K_SCENARIOS.items() for scene in scenes}
    for part in ("train", "test"):
        counts: Counter[tuple[str, str]] = Counter()
        for line in (lists / f"{part}_All.csv").read_text(encoding="utf-8").split("\n"):
            if line:
                clip, label = line.split(" ")
                scene, emotion, _ = clip.split("/")
                assert emotion == label in FERV39K_CLASSES
                counts[scene, emotion] += 1
                if part == "test":
                    rows += [(c, clip, label) for c in ("all", scenario_of[scene], scene)]
        for (scene, emotion), n in counts.items():
            cells[scene][emotion][part] = n
    assert sum(len(c) for c in cells.values()) == 154
    write(target / "ferv39k" / "counts.json", {"cells": cells})
    print("ferv39k fingerprint", fingerprint(rows))


def freeze_dfew(lists: Path, target: Path) -> None:
    rows = []
    folds: dict[str, Counter[str]] = {}
    blocks = defaultdict(list)
    for k in range(1, 6):
        folds[f"fd{k}"] = Counter()
        with open(lists / f"test_set_{k}.csv", encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                number, label = int(row["video_name"]), DFEW_CLASSES[int(row["label"]) - 1]
                entry = (f"fd{k}", f"{number:05d}", label)
                rows.append(entry)
                folds[f"fd{k}"][label] += 1
                blocks[number // DFEW_BLOCK].append(entry)
    document = {
        "cells": {fold: {label: {"test": n} for label, n in counts.items()} for fold, counts in folds.items()},
        "block_size": DFEW_BLOCK,
        "blocks": {
            f"{DFEW_BLOCK * b:05d}": {"n": len(entries), "sha256": fingerprint(entries)[:16]}
            for b, entries in blocks.items()
        },
    }
    write(target / "dfew" / "counts.json", document)
    print("dfew fingerprint", fingerprint(rows))


if __name__ == "__main__":
    lists, target = map(Path, sys.argv[1:3])
    freeze_ferv39k(lists / "ferv39k", target)
    freeze_dfew(lists / "dfew", target)
