"""`fervbench labels` and `score --votes` on the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner, Result

from fervbench import schema
from fervbench.cli import cli
from fervbench.examples import write_example

CALLS: dict[str, tuple[str, ...]] = {
    "agreement": ("agreement", "ratings/clips.csv"),
    "interval-agreement": ("agreement", "ratings/intervals.csv"),
    "votes": ("vote", "ratings/clips.csv", "--rule", "threshold"),
    "interval-votes": ("intervals", "ratings/intervals.csv"),
    "quality": ("quality", "ratings/groups.csv", "--flags", "ratings/flags.csv", "--map", "ratings/words.csv"),
    "split": ("split", "ratings/clips-to-split.csv", "--rule", "cells"),
}


@pytest.fixture(autouse=True)
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("ratings", "tiny", "spotting"):
        write_example(name, tmp_path)
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["labels", *arguments], catch_exceptions=False)


def document(*arguments: str) -> dict[str, Any]:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)
    return found


@pytest.mark.parametrize("name", list(CALLS))
def test_json_keeps_to_the_published_schema_and_text_is_printed(name: str):
    found = document(*CALLS[name])
    jsonschema.Draft202012Validator(schema.load(name)).validate(found)
    assert schema.accepts(found, schema.load(name))
    assert found["format"] == f"fervbench-{name}/1"
    text = run(*CALLS[name])
    assert text.exit_code == 0
    assert len(text.stdout.splitlines()) > 8
    assert max(map(len, text.stdout.splitlines())) <= 80


@pytest.mark.parametrize("name", list(CALLS))
def test_output_is_written_once_and_replaced_with_force(name: str, workplace: Path):
    assert run(*CALLS[name], "--output", "out").exit_code == 0
    first = (workplace / "out").read_bytes()
    again = run(*CALLS[name], "--output", "out")
    assert again.exit_code == 2
    assert "exists already" in again.stderr
    assert run(*CALLS[name], "--output", "out", "--force").exit_code == 0
    assert (workplace / "out").read_bytes() == first, "the same every time"


def test_votes_become_labels_and_ties_are_named(workplace: Path):
    shown = run("vote", "ratings/groups.csv", "--rule", "wwta", "--map", "ratings/words.csv", "--allow-missing")
    assert "tie: A_003:" in shown.stdout
    assert run(*CALLS["votes"], "--output", "labels.csv").exit_code == 0
    lines = (workplace / "labels.csv").read_text().splitlines()
    assert lines[0] == "clip_id,label"
    assert len(lines) - 1 == document(*CALLS["votes"])["labelled"]


def test_dfews_columns_and_ids_are_read_by_its_protocol():
    found = document("vote", "ratings/votes.csv", "--rule", "threshold", "--protocol", "dfew")
    assert next(iter(found["clips"])) == "00001"
    assert found["classes"][0] == "Happy"
    assert not [warning for warning in found["warnings"] if "otherwise" in warning]


def test_the_verdicts_on_the_example():
    groups = document(*CALLS["quality"])["groups"]
    assert {name: group["verdict"] for name, group in groups.items()} == {
        "A1": "accepted",
        "A2": "improper",
        "A3": "unacceptable",
        "B1": "cannot be judged",
        "B2": "cannot be judged",
    }


def test_final_intervals_can_be_checked_and_scored_against(workplace: Path):
    assert run("intervals", "ratings/intervals.csv", "--output", "final.json").exit_code == 0
    assert json.loads((workplace / "final.json").read_text())["format"] == "fervbench-intervals/1"
    assert run("intervals", "final.json", "--check").exit_code == 0
    (workplace / "bad.csv").write_text("video_id,onset,offset,label\nv,1,3,Happy\nv,2,4,Sad\n")
    refused = run("intervals", "bad.csv", "--check", "--json")
    assert refused.exit_code == 1
    assert [finding["rule"] for finding in json.loads(refused.stdout)["findings"]] == ["overlap"]


def test_splits_are_made_and_checked(workplace: Path):
    assert run("split", "ratings/clips-to-split.csv", "--rule", "subjects", "--output", "parts.csv").exit_code == 0
    assert run("split", "parts.csv", "--check").exit_code == 0
    assert run("split", "ratings/clips-to-split.csv", "--rule", "folds", "--output", "folds.csv").exit_code == 0
    refused = run("split", "folds.csv", "--check")
    assert refused.exit_code == 1
    assert "leaked-cluster" in refused.stderr
    videos = json.loads((workplace / "spotting" / "intervals.json").read_text())["videos"]
    assert run("split", "spotting/intervals.json", "--rule", "subjects", "--output", "videos.json").exit_code == 0
    parts = json.loads((workplace / "videos.json").read_text())["videos"]
    assert {id: video["intervals"] for id, video in parts.items()} == {id: v["intervals"] for id, v in videos.items()}
    assert {video["split"] for video in parts.values()} == {"train", "validation", "test"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("split", "ratings/clips-to-split.csv"), "--rule"),
        (("split", "ratings/clips-to-split.csv", "--rule", "cells", "--check"), "--rule"),
        (("split", "ratings/clips-to-split.csv", "--check"), "nothing to check"),
        (("split", "spotting/intervals.json", "--rule", "cells"), "split by subjects"),
        (("split", "ratings/clips-to-split.csv", "--rule", "cells", "--test-share", "x"), "share"),
        (("split", "ratings/clips-to-split.csv", "--rule", "folds", "--folds", "1"), "folds are none"),
        (("agreement", "ratings/clips.csv", "--confidence", "95"), "between 0 and 1"),
        (("agreement", "ratings/clips.csv", "--replicates", "1"), "no interval"),
        (("agreement", "ratings/intervals.csv", "--min-votes", "7"), "ratings of clips"),
        (("agreement", "ratings/clips.csv", "--classes", "Happy,Happy"), "twice"),
        (("vote", "ratings/clips.csv", "--rule", "threshold", "--min-votes", "11"), "no clip has 11"),
        (("intervals", "spotting/intervals.json", "--check", "--output", "x"), "writes nothing"),
        ((*CALLS["quality"], "--lower", "many"), "shares"),
        ((*CALLS["quality"], "--lower", "0.9"), "thresholds"),
    ],
)
def test_calls_that_make_no_sense(arguments: tuple[str, ...], said: str):
    result = run(*arguments)
    assert result.exit_code == 2
    assert said in result.stderr


def test_bad_files_tell_every_problem_and_leave_with_1(workplace: Path):
    (workplace / "bad.csv").write_text("clip_id,rater,label\n1,a,Happy\n1,a,Happy\n1,b,Sda\n2,a,Happy\n")
    result = run("vote", "bad.csv", "--rule", "wwta", "--classes", "Happy,Sad", "--json")
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    jsonschema.Draft202012Validator(schema.load("findings")).validate(found)
    assert [finding["rule"] for finding in found["findings"]] == ["duplicate-rating", "unknown-class"]
    assert run("vote", "nowhere.csv", "--rule", "wwta").exit_code == 1


def score(*arguments: str) -> Result:
    base = ["score", "p.json", "--protocol", "tiny/protocol.toml", "--votes", "ratings/tiny-votes.csv"]
    return CliRunner().invoke(cli, [*base, *arguments], catch_exceptions=False)


def test_a_score_against_votes(workplace: Path):
    made = ["tiny/scores.csv", "--protocol", "tiny/protocol.toml", "--softmax", "--output", "p.json"]
    assert CliRunner().invoke(cli, ["convert", *made]).exit_code == 0
    order = ("--class-order", "Fear,Disgust,Angry,Sad,Neutral,Surprise,Happy")
    report = json.loads(score(*order, "--json").stdout)
    jsonschema.Draft202012Validator(schema.load("report")).validate(report)
    pooled = next(cell for cell in report["cells"] if cell["target"] == "pooled")
    assert [row["votes"] for row in pooled["votes"]["strata"]] == [7, 8, 9, 10]
    assert 0 < pooled["votes"]["earth_movers"] < 1
    shown = score(*order).stdout
    assert "against the votes" in shown
    assert "votes for the top class" in shown
    assert score("--check").exit_code == 0
    assert score("--class-order", "Happy").exit_code == 2
    without = CliRunner().invoke(cli, ["score", "p.json", "--protocol", "tiny/protocol.toml", *order])
    assert (without.exit_code, "for --votes" in without.stderr) == (2, True)
    spotted = ["score", "spotting/proposals.json", "--protocol", "spotting/protocol.toml"]
    refused = CliRunner().invoke(cli, [*spotted, "--votes", "ratings/tiny-votes.csv"])
    assert (refused.exit_code, "recognition" in refused.stderr) == (2, True)
