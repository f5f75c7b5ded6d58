"""JSON annotations after random damage: read, or refused with findings, and never a traceback."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from fervbench.errors import FervbenchError
from fervbench.labels.agreeing import agree
from fervbench.labels.interval_agreeing import agree_on_intervals
from fervbench.labels.interval_ratings import read_interval_ratings
from fervbench.labels.interval_voting import vote_intervals
from fervbench.labels.ratings import read_ratings
from fervbench.labels.splitting import read_clips

VIDEOS = {"v": {"duration": 2.4, "fps": 10, "raters": {"a": [[0.2, 0.6, "Happy"]], "b": []}}}
GOOD: list[dict[str, Any]] = [
    {"format": "fervbench-interval-ratings/1", "classes": ["Happy", "Sad"], "videos": VIDEOS},
    {"format": "fervbench-ratings/1", "counts": {"1": {"Happy": 3, "Sad": 1}, "2": {"Sad": 4}}},
    {
        "format": "fervbench-ratings/1",
        "ratings": [{"clip_id": "1", "rater": rater, "label": "Happy"} for rater in "ab"],
    },
]
VALUES = [None, True, -1, 0, 1e308, "", "x", "é", "a\n", [], {}, 1.5, "nan", float("nan"), 10**400, "\ud83d"]


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    for key, child in list(value.items() if isinstance(value, dict) else enumerate(value)):
        yield value, key
        if isinstance(child, (dict, list)):
            yield from places(child)


@pytest.mark.parametrize("seed", range(10))
def test_damaged_documents_are_read_or_refused(tmp_path: Path, seed: int):
    rng = random.Random(seed)
    path = tmp_path / "damaged.json"
    for _ in range(60):
        document = copy.deepcopy(rng.choice(GOOD))
        for _ in range(rng.randint(1, 3)):
            container, key = rng.choice(list(places(document)))
            container[key] = rng.choice(VALUES)
        path.write_text(json.dumps(document))
        with suppress(FervbenchError):
            agree(read_ratings(path), replicates=3)
        with suppress(FervbenchError):
            ratings = read_interval_ratings(path)
            vote_intervals(ratings)
            agree_on_intervals(ratings, replicates=3)
        with suppress(FervbenchError):
            read_clips(path)


@pytest.mark.parametrize("document", GOOD)
def test_the_undamaged_ones_are_read(tmp_path: Path, document: dict[str, Any]):
    path = tmp_path / "good.json"
    path.write_text(json.dumps(document))
    read = read_interval_ratings if "videos" in document else read_ratings
    assert read(path).classes == (("Happy", "Sad") if "ratings" not in document else ("Happy",))
