"""Write a board to look at: the seed entries and made-up ones with predictions, which say that they are synthetic.

    python tools/demo_board.py DIR [--entries N] [--seed-entries DIR]

Answers are drawn, not predicted: a clip has a difficulty that all entries share, an entry a skill and a taste for
frequent classes. What comes out looks like results and is none.
"""

from __future__ import annotations

import argparse
import gzip
import json
import shutil
from pathlib import Path

import numpy as np

from fervbench import load_ground_truth, load_protocol

ROOT = Path(__file__).resolve().parent.parent
CAVEAT = {"kind": "other", "text": "Synthetic: its answers were drawn at random, not predicted. It is no result."}


def answers(protocol: str, seed: int, skill: float, taste: float, source: str = "all") -> dict[str, str]:
    """Answers of one made-up run, by clip id."""
    loaded = load_protocol(protocol)
    truth = load_ground_truth(loaded)
    shared = np.random.default_rng(7).normal(size=len(truth))  # how hard each clip is, for everyone
    rng = np.random.default_rng([seed, sum(map(ord, source))])
    counts = np.bincount(truth.label, minlength=len(loaded.classes)) / len(truth)
    liking = taste * np.log(counts / counts.mean())[truth.label]
    knows = 0.9 * shared + 0.6 * rng.normal(size=len(truth)) < skill + 0.6 * liking
    prior = counts**taste / (counts**taste).sum()
    guessed = rng.choice(len(counts), size=len(truth), p=prior)
    chosen = np.where(knows, truth.label, guessed)
    return {id: loaded.classes[c] for id, c in zip(truth.ids, chosen.tolist(), strict=True)}


def about(protocol: str, i: int, rng: np.random.Generator) -> dict[str, object]:
    """submission.json of a made-up entry: what it declares varies, so that every track has some."""
    extra = bool(rng.random() < 0.5)
    return {
        "format": "fervbench-entry/1",
        "protocol": protocol,
        "method": {"name": f"Synthetic {i:03d}", "description": "A made-up entry with drawn answers."},
        "team": f"Nobody {i % 17}",
        "year": int(2021 + i % 6),
        "paper": None,
        "code": None,
        "pretraining": [{"data": "VoxCeleb2", "kind": "faces"}] if extra else [],
        "extra_data": {"used": False, "details": "none"},
        "modalities": [["face"], ["face", "context"], ["face", "audio"]][i % 3],
        "input": {"frames": 16, "size": 112},
        "parameters_m": round(float(rng.uniform(5, 90)), 1),
        "selection": {"split": "none", "n_test_evaluations": 1, "rule": "the last epoch"},
        "claimed": {"overall": {"WAR": None}},
        "caveats": [CAVEAT],
        "licence": "CC0-1.0",
    }


def write(board: Path, entries: int, protocol: str = "ferv39k", *, cross: bool = True) -> None:
    """Write `entries` made-up entries with predictions into a board."""
    rng = np.random.default_rng(11)
    for i in range(1, entries + 1):
        folder = board / protocol / f"synthetic-{i:04d}"
        folder.mkdir(parents=True)
        skill, taste = float(rng.uniform(-0.85, -0.35)), float(rng.uniform(0.1, 0.7))
        content: dict[str, object] = {"format": "fervbench-recognition/1", "protocol": protocol}
        if cross and i == 3:
            sources = ["all", "DL11k", "WIS9k", "SIA10k", "AI9k"]
            content["runs"] = [
                {"trained_on": s, "seed": 0, "predictions": answers(protocol, i, skill - 0.35 * (s != "all"), taste, s)}
                for s in sources
            ]
        else:
            content["predictions"] = answers(protocol, i, skill, taste)
        (folder / "submission.json").write_text(json.dumps(about(protocol, i, rng), indent=1) + "\n", encoding="utf-8")
        packed = gzip.compress(json.dumps(content).encode(), compresslevel=1, mtime=0)
        (folder / "predictions.json.gz").write_bytes(packed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--entries", type=int, default=6)
    parser.add_argument("--seed-entries", type=Path, default=ROOT / "submissions")
    parser.add_argument("--no-seeds", action="store_true")
    given = parser.parse_args()
    if given.folder.exists():
        parser.error(f"exists already: {given.folder}")
    if given.no_seeds:
        given.folder.mkdir(parents=True)
    else:
        shutil.copytree(given.seed_entries, given.folder)
    write(given.folder, given.entries)
    print(f"{given.folder}: {given.entries} made-up entries")


if __name__ == "__main__":
    main()
