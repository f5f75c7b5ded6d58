"""Boards to check: entries made of answers that are right now and then."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fervbench import load_ground_truth, load_protocol
from fervbench.findings import Finding
from fervbench.leaderboard.cache import Cache
from fervbench.leaderboard.checking import Checked, Options, check_board
from fervbench.leaderboard.sources import Folder

ABOUT: dict[str, Any] = {
    "format": "fervbench-entry/1",
    "protocol": "ferv39k",
    "method": {"name": "A method"},
    "team": "A team",
    "year": 2026,
    "paper": None,
    "code": None,
    "pretraining": [],
    "extra_data": {"used": False, "details": "none"},
    "modalities": ["face"],
    "selection": {"split": "none", "n_test_evaluations": 1, "rule": "the last epoch"},
    "claimed": {"overall": {"WAR": None}},
    "licence": "CC-BY-4.0",
}
REPORTED = {"reported_in": [{"kind": "paper", "title": "A paper", "url": "https://example.org/paper"}]}


def answers(seed: int, skill: float = 0.5, protocol: str = "ferv39k") -> dict[str, Any]:
    """A predictions file whose answers are right with a probability of `skill`, and otherwise anything."""
    loaded = load_protocol(protocol)
    truth = load_ground_truth(loaded)
    rng = np.random.default_rng(seed)
    guessed = rng.integers(0, len(loaded.classes), len(truth))
    chosen = np.where(rng.random(len(truth)) < skill, truth.label, guessed)
    named = {id: loaded.classes[c] for id, c in zip(truth.ids, chosen.tolist(), strict=True)}
    return {"format": "fervbench-recognition/1", "protocol": protocol, "predictions": named}


def put(board: Path, slug: str, about: dict[str, Any] | str | bytes | None = None, predictions: Any = None,
        result: Any = None, *, protocol: str = "ferv39k") -> Path:  # fmt: skip
    """Write an entry as it is given; text and bytes go into the files as they are."""
    folder = board / protocol / slug
    folder.mkdir(parents=True, exist_ok=True)
    content = about if about is not None else ABOUT | {"protocol": protocol}
    for name, value in (("submission.json", content), ("predictions.json.gz", predictions), ("result.json", result)):
        if value is None:
            continue
        data = value if isinstance(value, bytes) else value.encode() if isinstance(value, str) else None
        if data is None:
            data = json.dumps(value).encode()
            data = gzip.compress(data, 1, mtime=0) if name.endswith(".gz") else data
        (folder / name).write_bytes(data)
    return folder


@pytest.fixture
def board(tmp_path: Path) -> Path:
    """An empty board."""
    folder = tmp_path / "submissions"
    folder.mkdir()
    return folder


@pytest.fixture
def check(tmp_path: Path) -> Callable[..., Checked]:
    """Check a board, with a cache of the test's own."""

    def made(board: Path, **options: Any) -> Checked:
        return check_board(Folder(board), Cache(tmp_path / "cache"), Options(**options))

    return made


def rules(found: Checked | list[Finding], severity: str = "error") -> set[str]:
    """The rules of the findings of one severity."""
    findings = found if isinstance(found, list) else found.findings
    return {finding.rule for finding in findings if finding.severity == severity}
