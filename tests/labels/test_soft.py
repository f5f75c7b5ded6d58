"""Scores against votes: by hand, against SciPy and scikit-learn, and in a report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fervbench import load_protocol, read_submission, schema, score
from fervbench.errors import InputError, UsageError
from fervbench.examples import write_example
from fervbench.labels.ratings import read_ratings
from fervbench.labels.soft import distribution_distances, with_votes
from fervbench.report import Report
from fervbench.uncertainty import Resampling

CLASSES = ["Happy", "Sad", "Neutral", "Angry", "Surprise", "Disgust", "Fear"]


@given(
    st.lists(
        st.tuples(
            st.lists(st.integers(0, 5), min_size=4, max_size=4).filter(any),
            st.lists(st.integers(1, 50), min_size=4, max_size=4),
        ),
        min_size=1,
        max_size=6,
    ),
    st.permutations(range(4)),
)
@settings(max_examples=80, deadline=None, derandomize=True)
def test_distances_are_those_of_other_libraries(rows: list[tuple[list[int], list[int]]], order: list[int]):
    metrics = pytest.importorskip("sklearn.metrics")
    stats = pytest.importorskip("scipy.stats")
    votes = np.array([row[0] for row in rows])
    p = np.array([np.array(row[1]) / sum(row[1]) for row in rows])
    found = distribution_distances(votes, p, order)
    each = []
    for counts, shares in zip(votes, p, strict=True):  # one sample a vote
        targets = np.repeat(np.arange(4), counts)
        each.append(metrics.log_loss(targets, np.tile(shares, (len(targets), 1)), labels=np.arange(4)))
    assert found["log_loss"] == pytest.approx(np.mean(each))
    assert found["entropy"] == pytest.approx(np.mean([stats.entropy(row) for row in votes]))
    moved = [
        stats.wasserstein_distance(range(4), range(4), counts[order], shares[order]) / 3
        for counts, shares in zip(votes, p, strict=True)
    ]
    assert found["earth_movers"] == pytest.approx(np.mean(moved), abs=1e-12)
    assert found["log_loss"] >= found["entropy"] - 1e-12


def test_the_edges_of_distances():
    assert distribution_distances([[10, 0]], [[1.0, 0.0]], [0, 1]) == {
        "log_loss": 0.0,
        "entropy": 0.0,
        "earth_movers": 0.0,
        "clipped": 0,
    }
    far = distribution_distances([[10, 0]], [[0.0, 1.0]], [0, 1])
    assert (far["earth_movers"], far["clipped"]) == (1.0, 1)
    assert far["log_loss"] == pytest.approx(-np.log(1e-15))
    assert np.isnan(distribution_distances([[0, 0]], [[0.5, 0.5]])["log_loss"])


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    write_example("tiny", tmp_path)
    write_example("ratings", tmp_path)
    return tmp_path


def scored(folder: Path, document: dict[str, Any], votes: Path | None = None, order: list[str] | None = None) -> Report:
    protocol = load_protocol(folder / "tiny" / "protocol.toml")
    (folder / "p.json").write_text(json.dumps(document))
    submission = read_submission(folder / "p.json", protocol, missing="wrong", keep_scores=True)
    ratings = read_ratings(
        votes or folder / "ratings" / "tiny-votes.csv",
        classes=protocol.classes,
        canonical=protocol.ids.canonical,
        allow_missing=True,
    )
    report = score(protocol, submission, intervals=Resampling(replicates=0))
    found = with_votes(report, submission, ratings, order)
    jsonschema.Draft202012Validator(schema.load("report")).validate(json.loads(found.to_json()))
    return found


def predictions(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "tiny" / "predictions.json").read_text())
    return found


def probabilities(folder: Path, order: list[str] = CLASSES) -> dict[str, Any]:
    document = predictions(folder)
    columns = [CLASSES.index(name) for name in order]
    for run in document["runs"]:
        run["predictions"] = {id: [row[c] / sum(row) for c in columns] for id, row in run["predictions"].items()}
    return document | {"classes": order}


def test_a_report_by_hand(tiny: Path):
    found = scored(tiny, probabilities(tiny), order=CLASSES)
    ratings = read_ratings(tiny / "ratings" / "tiny-votes.csv", classes=CLASSES)
    votes = dict(zip(ratings.clips, ratings.votes.tolist(), strict=True))
    answers = {id: row for run in predictions(tiny)["runs"] for id, row in run["predictions"].items()}
    labels = dict(line.split(",")[:2] for line in (tiny / "tiny" / "labels.csv").read_text().splitlines()[1:])
    pooled = found.cell(target="pooled").extra["votes"]
    agreeing = [votes[id][int(np.argmax(row))] / 10 for id, row in answers.items()]
    assert pooled["n"] == 95
    assert pooled["expected_agreement"] == pytest.approx(np.mean(agreeing))
    pairs = [sum(n * (n - 1) for n in row) / 90 for row in votes.values()]
    assert pooled["rater_agreement"] == pytest.approx(np.mean(pairs))
    for row in pooled["strata"]:
        own = [id for id in answers if max(votes[id]) == row["votes"]]
        right = [CLASSES[int(np.argmax(answers[id]))] == labels[id] for id in own]
        assert (row["n"], row["WAR"]) == (len(own), pytest.approx(np.mean(right)))
    assert [row["votes"] for row in pooled["strata"]] == [7, 8, 9, 10]
    assert sum(row["n"] * row["WAR"] for row in pooled["strata"]) == pytest.approx(
        95 * found.cell(target="pooled")["WAR"]
    )
    loss = [
        -sum(n / 10 * np.log(x / sum(row)) for n, x in zip(votes[id], row, strict=True)) for id, row in answers.items()
    ]
    assert pooled["log_loss"] == pytest.approx(np.mean(loss))
    assert found.header["votes"]["n"] == 95
    assert "votes" not in found.cell(aggregate="fold-mean").extra


def test_the_order_of_the_scores_is_that_of_the_file(tiny: Path):
    one = scored(tiny, probabilities(tiny), order=CLASSES).cell(target="pooled").extra["votes"]
    other = scored(tiny, probabilities(tiny, CLASSES[::-1]), order=CLASSES).cell(target="pooled").extra["votes"]
    for key in ("expected_agreement", "log_loss", "entropy", "earth_movers"):
        assert one[key] == pytest.approx(other[key])


def test_what_cannot_be_measured_is_null_and_said(tiny: Path):
    found = scored(tiny, predictions(tiny))
    assert found.cell(target="pooled").extra["votes"]["log_loss"] is None
    assert any("no probabilities" in warning for warning in found.warnings)
    document = probabilities(tiny)
    first = next(iter(document["runs"][0]["predictions"]))
    document["runs"][0]["predictions"][first] = "Happy"
    document["runs"][0]["predictions"].pop(list(document["runs"][0]["predictions"])[1])
    found = scored(tiny, document)
    assert found.cell(target="pooled").extra["votes"]["log_loss"] is None
    assert found.cell(target="fd2").extra["votes"]["log_loss"] is not None
    assert any("answer without scores" in warning for warning in found.warnings)


def test_several_seeds_are_averaged(tiny: Path):
    document = probabilities(tiny)
    document["runs"] = [run | {"seed": seed} for seed in (0, 1) for run in document["runs"]]
    one, two = scored(tiny, probabilities(tiny)), scored(tiny, document)
    for key in ("expected_agreement", "log_loss", "ceiling"):
        pair = [report.cell(target="pooled").extra["votes"][key] for report in (one, two)]
        assert pair[0] == pytest.approx(pair[1])
    assert "wilson_low" not in two.cell(target="pooled").extra["votes"]["strata"][0]


def test_clips_without_votes_are_all_named(tiny: Path):
    lines = (tiny / "ratings" / "tiny-votes.csv").read_text().splitlines()
    (tiny / "some.csv").write_text("\n".join(lines[:-3]) + "\n")
    with pytest.raises(InputError) as caught:
        scored(tiny, predictions(tiny), tiny / "some.csv")
    assert caught.value.findings.counts == {"missing-votes": 3}
    with pytest.raises(UsageError, match="permutation"):
        scored(tiny, predictions(tiny), order=["Happy"])


def test_scores_are_kept_on_request_alone(tiny: Path):
    protocol = load_protocol(tiny / "tiny" / "protocol.toml")
    assert all(run.scores is None for run in read_submission(tiny / "tiny" / "predictions.json", protocol).runs)
