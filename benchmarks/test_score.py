"""`fervbench score` against a process that imports what it must and parses the same file."""

from __future__ import annotations

import json
import random
import sysconfig
from collections.abc import Callable
from pathlib import Path

import pytest

from fervbench import load_ground_truth, load_protocol

FERVBENCH = str(Path(sysconfig.get_path("scripts")) / "fervbench")
PARSE = "import json, numpy, click; json.load(open('predictions.json'))"


@pytest.fixture
def labels(tmp_path: Path) -> None:
    """FERV39k: one label for each of 7,847 clips, 27 configurations."""
    protocol = load_protocol("ferv39k")
    rng = random.Random(0)
    answers = {id: rng.choice(protocol.classes) for id in load_ground_truth(protocol).ids}
    _write(tmp_path, {"protocol": "ferv39k", "predictions": answers})


@pytest.fixture
def scores(tmp_path: Path) -> None:
    """A protocol of its own with 40,000 clips, 7 full-precision scores each."""
    rng = random.Random(0)
    names = ["Angry", "Disgust", "Fear", "Happy", "Sad", "Surprise", "Neutral"]
    ids = [f"movie{i // 400:03d}/clip{i:05d}" for i in range(40_000)]
    rows = [f"{id},{rng.choice(names)}\n" for id in ids]
    (tmp_path / "labels.csv").write_text("clip_id,label\n" + "".join(rows))
    (tmp_path / "large.toml").write_text(
        f"""
        format = "fervbench-protocol/1"
        id = "large"
        version = "1.0.0"
        title = "Large (made up)"
        task = "recognition"
        classes = {json.dumps(names)}
        default_source = "all"
        aggregation = "pooled"
        ground_truth = {{ kind = "labels", labels = "labels.csv" }}
        configurations = {{ all = {{ level = "all" }} }}
        evaluations = {{ overall = {{ kind = "grid", source_levels = ["all"], target_levels = ["all"] }} }}
        """
    )
    answers = {id: [rng.random() for _ in names] for id in ids}
    _write(tmp_path, {"protocol": "large", "classes": names, "predictions": answers})


def _write(folder: Path, content: dict) -> None:
    text = json.dumps({"format": "fervbench-recognition/1", **content})
    (folder / "predictions.json").write_text(text)


@pytest.mark.usefixtures("labels")
def test_score_labels_as_json(ratio: Callable[..., None], python: str):
    command = [FERVBENCH, "score", "predictions.json", "--json", "--replicates", "0"]
    ratio(command, [python, "-c", PARSE], "at most 1.6")


@pytest.mark.usefixtures("labels")
def test_score_labels_as_table(ratio: Callable[..., None], python: str):
    ratio([FERVBENCH, "score", "predictions.json", "--replicates", "0"], [python, "-c", PARSE], "at most 2.2")


@pytest.mark.usefixtures("labels")
def test_score_with_intervals_as_json(ratio: Callable[..., None], python: str):
    ratio([FERVBENCH, "score", "predictions.json", "--json"], [python, "-c", PARSE], "at most 2.2")


@pytest.mark.usefixtures("labels")
def test_score_with_intervals_as_table(ratio: Callable[..., None], python: str):
    ratio([FERVBENCH, "score", "predictions.json"], [python, "-c", PARSE], "at most 2.2")


@pytest.mark.usefixtures("labels")
def test_compare_two_files(ratio: Callable[..., None], python: str, tmp_path: Path):
    content = json.loads((tmp_path / "predictions.json").read_text())
    rng = random.Random(1)
    other = {id: answer if rng.random() < 0.9 else "Happy" for id, answer in content["predictions"].items()}
    (tmp_path / "other.json").write_text(json.dumps(content | {"predictions": other}))
    command = [FERVBENCH, "compare", "predictions.json", "other.json"]
    ratio(command, [python, "-c", PARSE], "at most 4")


@pytest.mark.usefixtures("scores")
def test_score_40000_clips_with_7_scores(ratio: Callable[..., None], python: str):
    command = [FERVBENCH, "score", "predictions.json", "--protocol", "large.toml", "--json", "--replicates", "0"]
    ratio(command, [python, "-c", PARSE], "at most 2, under 130 MB")


def test_help(ratio: Callable[..., None], python: str):
    ratio([FERVBENCH, "--help"], [python, "-c", "import click"], "at most 1.5")
