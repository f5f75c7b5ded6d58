"""A board of 1,000 made-up FERV39k entries: the full check, the check after one new entry, and the ranks.

Full checks start from an empty cache; incremental ones add an entry that nobody has seen to a board that is known.
"""

from __future__ import annotations

import gzip
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from fervbench import load_ground_truth, load_protocol

ENTRIES = int(os.environ.get("FERVBENCH_BOARD_ENTRIES", "1000"))
NEW = 5  # entries added one after another
FERVBENCH = str(Path(sys.executable).with_name("fervbench"))


def about(name: str) -> dict[str, object]:
    return {
        "format": "fervbench-entry/1", "protocol": "ferv39k", "method": {"name": name}, "team": "Synthetic",
        "year": 2026, "paper": None, "code": None, "pretraining": [], "extra_data": {"used": False, "details": "none"},
        "modalities": ["face"], "selection": {"split": "none", "n_test_evaluations": 1, "rule": "made up"},
        "claimed": {"overall": {"WAR": None}}, "licence": "CC0-1.0",
    }  # fmt: skip


def put(board: Path, number: int) -> None:
    """A made-up entry: answers right with a probability of 0.3 to 0.6."""
    protocol = load_protocol("ferv39k")
    truth = load_ground_truth(protocol)
    rng = np.random.default_rng(number)
    right = rng.random(len(truth)) < rng.uniform(0.3, 0.6)
    chosen = np.where(right, truth.label, rng.integers(0, 7, len(truth)))
    answers = {id: protocol.classes[c] for id, c in zip(truth.ids, chosen.tolist(), strict=True)}
    content = {"format": "fervbench-recognition/1", "protocol": "ferv39k", "predictions": answers}
    slug = "x" + "".join("acefghjk"[int(digit)] for digit in f"{number:o}")  # letters that nobody mistakes
    folder = board / "ferv39k" / slug
    folder.mkdir(parents=True)
    (folder / "submission.json").write_text(json.dumps(about(f"Method {number}")))
    (folder / "predictions.json.gz").write_bytes(gzip.compress(json.dumps(content).encode(), 6, mtime=0))


def seconds(folder: Path, *arguments: str) -> float:
    start = time.perf_counter()
    subprocess.run([FERVBENCH, "leaderboard", *arguments, "--cache", "cache"], cwd=folder, check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    return time.perf_counter() - start


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("board")
    for number in range(ENTRIES):
        put(folder / "submissions", number)
    return folder


def test_one_new_entry_against_a_full_check(benchmark, report: Callable[..., None], board: Path):
    whole = [seconds(board, "check")]  # the cache is empty before, and knows everything after
    incremental: list[float] = []

    def add() -> None:
        put(board / "submissions", ENTRIES + len(incremental))
        incremental.append(seconds(board, "check"))

    benchmark.pedantic(add, rounds=NEW)
    found = whole[0] / statistics.median(incremental)
    benchmark.extra_info["entries"] = ENTRIES
    report(benchmark, found, incremental, whole, "full / one new: at least 20")


def test_ranks_of_a_known_board_against_its_check(benchmark, report: Callable[..., None], board: Path):
    whole = [seconds(board, "check")]
    shown: list[float] = []
    benchmark.pedantic(lambda: shown.append(seconds(board, "show", "ferv39k")), rounds=3)
    report(benchmark, statistics.median(shown) / whole[0], shown, whole, "show / check of a known board")
