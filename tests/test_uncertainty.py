"""Intervals in reports: what is drawn, coherence, seeds, folds, clusters, refusals, and that order changes nothing."""

from __future__ import annotations

import json
import random
from pathlib import Path

import jsonschema
import numpy as np
import pytest

import fervbench
from fervbench import Resampling, schema
from fervbench.errors import NotAvailableError, UsageError
from fervbench.examples import write_example

CLASSES = ["Happy", "Sad", "Neutral", "Angry", "Surprise", "Disgust", "Fear"]


def report_of(path: Path | str, protocol: str | Path | None = None, **options) -> fervbench.Report:
    submission = fervbench.read_submission(path, protocol)
    return fervbench.score(submission.protocol, submission, intervals=Resampling(**options) if options else None)


@pytest.fixture
def mae(tmp_path: Path) -> Path:
    write_example("mae-dfer-overall-only", tmp_path)
    return tmp_path / "mae-dfer-overall-only.json"


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    write_example("tiny", tmp_path)
    return tmp_path / "tiny"


def test_every_metric_of_every_cell_has_an_interval_around_its_value(mae: Path):
    report = report_of(mae)
    jsonschema.Draft202012Validator(schema.load("report")).validate(json.loads(report.to_json()))
    assert report.header["intervals"] == {"level": 0.95, "replicates": 1000, "seed": 0, "resample": "class-counts"}
    assert "|ci:class-counts,1000,0|" in report.signature
    assert len(report.cells) == 27
    for cell in report.cells:
        for name, metric in cell.metrics.items():
            assert metric["ci_low"] <= metric["value"] <= metric["ci_high"], (cell.target, name)
        war = cell.metrics["WAR"]
        assert war["wilson_low"] < war["value"] < war["wilson_high"]


def test_the_spread_is_that_of_drawing_clips_by_hand(mae: Path):
    """Clips of each scene and class with replacement, 600 times: the same half-widths within Monte Carlo error."""
    submission = fervbench.read_submission(mae)
    truth, answers = submission.truth, submission.runs[0].answers
    right = answers == truth.label
    rng = np.random.default_rng(5)
    strata = [np.flatnonzero((truth.leaf == leaf) & (truth.label == c)) for leaf in range(22) for c in range(7)]
    wars, uars = [], []
    for _ in range(600):
        drawn = np.concatenate([rng.choice(s, len(s)) for s in strata])
        hits = np.bincount(truth.label[drawn], weights=right[drawn], minlength=7)
        wars.append(hits.sum() / len(drawn))
        uars.append(np.mean(hits / np.bincount(truth.label, minlength=7)))
    cell = report_of(mae).cell("all", "all")
    for name, values in (("WAR", wars), ("UAR", uars)):
        half = (cell.metrics[name]["ci_high"] - cell.metrics[name]["ci_low"]) / 2
        assert half == pytest.approx(1.96 * np.std(values), rel=0.15)


def test_the_order_of_clips_changes_nothing_and_seed_0_is_a_seed(mae: Path, tmp_path: Path):
    content = json.loads(mae.read_text())
    items = list(content["predictions"].items())
    random.Random(3).shuffle(items)
    other = tmp_path / "shuffled.json"
    other.write_text(json.dumps(content | {"predictions": dict(items)}))
    first, second = report_of(mae), report_of(other)
    assert [c.metrics for c in first.cells] == [c.metrics for c in second.cells]
    assert [c.metrics for c in report_of(mae, seed=0).cells] == [c.metrics for c in first.cells]
    assert [c.metrics for c in report_of(mae, seed=1).cells] != [c.metrics for c in first.cells]


def test_no_replicates_no_intervals(mae: Path):
    report = report_of(mae, replicates=0)
    assert report.header["intervals"] is None
    assert "|ci:none|" in report.signature
    assert all(set(metric) == {"value"} for cell in report.cells for metric in cell.metrics.values())


def test_another_level_is_in_the_signature_and_wider_is_wider(mae: Path):
    narrow, wide = report_of(mae, level=0.5), report_of(mae, level=0.99)
    assert "|ci:class-counts,1000,0,0.5|" in narrow.signature
    a, b = (r.cell("all", "all").metrics["UAR"] for r in (narrow, wide))
    assert b["ci_low"] < a["ci_low"] < a["ci_high"] < b["ci_high"]


def test_cells_with_few_clips_say_that_their_intervals_are_too_narrow(mae: Path):
    report = report_of(mae)
    assert "doubt" not in report.cell("all", "all").extra
    doubt = report.cell("all", "Experiment").extra["doubt"]
    assert doubt.startswith("WAR, UAR, macro F1, weighted F1: the smallest class has 2 clips")
    assert report.cell("all", "Social").extra["doubt"] == "UAR, macro F1: the smallest class has 6 clips"


def test_folds_pooled_and_their_mean_have_intervals(tiny: Path):
    report = report_of(tiny / "predictions.json", tiny / "protocol.toml")
    pooled = report.cell(target="pooled")
    mean = report.cell(aggregate="fold-mean")
    for cell in (pooled, mean, report.cell(target="fd1")):
        assert cell.metrics["UAR"]["ci_low"] <= cell["UAR"] <= cell.metrics["UAR"]["ci_high"]
    assert "wilson_low" not in mean.metrics["WAR"]
    # equal folds: their mean is the pooled value, so are the replicates
    assert mean.metrics["WAR"]["ci_low"] == pytest.approx(pooled.metrics["WAR"]["ci_low"])


def test_several_seeds_are_drawn_together(mae: Path, tmp_path: Path):
    """Two equal runs are as unsure as one: a clip is drawn with both answers; independent runs are surer."""
    content = json.loads(mae.read_text())
    answers = content.pop("predictions")
    names = list(fervbench.load_protocol("ferv39k").classes)
    rng = random.Random(2)
    noisy = [{k: v if rng.random() < 0.5 else rng.choice(names) for k, v in answers.items()} for _ in range(2)]

    def scored(runs: list[dict]) -> dict:
        path = tmp_path / "seeds.json"
        told = [{"trained_on": "all", "seed": i, "predictions": run} for i, run in enumerate(runs)]
        path.write_text(json.dumps(content | {"runs": told}))
        return report_of(path).cell("all", "all").metrics["WAR"]

    one, twice, both = scored(noisy[:1]), scored([noisy[0], noisy[0]]), scored(noisy)
    width = [metric["ci_high"] - metric["ci_low"] for metric in (one, twice, both)]
    assert width[1] == pytest.approx(width[0], rel=1e-9)
    assert width[2] < 0.95 * width[0]
    assert "wilson_low" not in twice


def test_clusters_need_labels_that_name_them(mae: Path, tiny: Path):
    with pytest.raises(NotAvailableError, match="name no clusters"):
        report_of(mae, scheme="clusters")
    labels = tiny / "labels.csv"
    rows = labels.read_text().splitlines()
    if "cluster" not in rows[0]:
        rows = [rows[0] + ",cluster", *(f"{row},movie{i % 7}" for i, row in enumerate(rows[1:]))]
        labels.write_text("\n".join(rows) + "\n")
    report = report_of(tiny / "predictions.json", tiny / "protocol.toml", scheme="clusters")
    assert "|ci:clusters,1000,0|" in report.signature
    assert report.cell(target="pooled").metrics["WAR"]["ci_low"] < report.cell(target="pooled")["WAR"]


def test_clips_drawn_without_regard_to_class_are_wider_for_war(mae: Path):
    fixed, free = report_of(mae), report_of(mae, scheme="clips")
    a, b = (r.cell("all", "all").metrics["WAR"] for r in (fixed, free))
    assert b["ci_high"] - b["ci_low"] > a["ci_high"] - a["ci_low"]


@pytest.mark.parametrize(
    "options",
    [{"scheme": "videos?"}, {"level": 95}, {"level": 0.0}, {"replicates": 1}, {"replicates": -5}, {"seed": -1}],
)
def test_what_makes_no_interval_is_refused(options: dict):
    with pytest.raises(UsageError):
        Resampling(**options)


def test_clips_are_not_videos_and_the_other_way_round(mae: Path, tmp_path: Path):
    with pytest.raises(UsageError, match="clips are resampled"):
        report_of(mae, scheme="videos")
    write_example("spotting", tmp_path)
    folder = tmp_path / "spotting"
    with pytest.raises(UsageError, match="resampled by video"):
        report_of(folder / "proposals.json", folder / "protocol.toml", scheme="clips")


def test_spotting_is_resampled_by_video(tmp_path: Path):
    write_example("spotting", tmp_path)
    folder = tmp_path / "spotting"
    report = report_of(folder / "proposals.json", folder / "protocol.toml")
    jsonschema.Draft202012Validator(schema.load("report")).validate(json.loads(report.to_json()))
    assert report.header["intervals"]["resample"] == "videos"
    whole = report.cells[0]
    assert set(whole.metrics) >= {"AR@1", "AUC", "F1"}
    for name, metric in whole.metrics.items():
        assert metric["ci_low"] <= metric["value"] <= metric["ci_high"], name
    empty = next(cell for cell in report.cells if not cell.n)
    assert all("ci_low" not in metric for metric in empty.metrics.values())
