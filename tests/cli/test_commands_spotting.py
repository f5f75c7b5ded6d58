"""The command line on proposals: reports, curves, templates, intervals that are stored, compatibility."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from fervbench import schema

from .test_commands import run


@pytest.fixture
def spotting(folder: Path) -> list[str]:
    assert run("examples", "write", "spotting").exit_code == 0
    return ["score", "spotting/proposals.json", "--protocol", "spotting/protocol.toml"]


def test_a_spotting_report_has_the_row_the_parts_and_the_curve(spotting: list[str]):
    result = run(*spotting)
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    headline = next(line for line in lines if line.startswith("AR@1 "))
    assert [word for word in headline.split() if not word[0].isdigit()] == [
        "AR@1", "AR@5", "AR@10", "AR@50", "AR@100", "AUC",
    ]  # fmt: skip
    assert any("ceiling of AUC is 99.00" in " ".join(lines[i : i + 2]) for i in range(len(lines)))
    assert sum(line.startswith("duration ") for line in lines) == 3
    assert sum(line.startswith("class ") for line in lines) == 6
    curve = [line for line in lines if "│" in line]
    assert curve[0].startswith(" 100 ")
    assert all("●" in "".join(row[i] for row in curve if len(row) > i) for i in range(6, 72))  # one mark a column
    assert max(len(line) for line in lines if not line.startswith("fervbench|")) <= 80


def test_a_spotting_report_as_json_keeps_to_the_published_schema(spotting: list[str]):
    report = json.loads(run(*spotting, "--json").stdout)
    jsonschema.Draft202012Validator(schema.load("report")).validate(report)
    whole = report["cells"][0]
    ar = [sum(column) / 10 for column in zip(*whole["curve"]["recall"].values(), strict=True)]
    assert whole["curve"]["AR"] == pytest.approx(ar)
    assert whole["metrics"]["AR@5"]["value"] == whole["curve"]["AR"][4]


def test_the_curve_is_drawn_as_the_paper_draws_it(spotting: list[str]):
    pytest.importorskip("matplotlib", reason="the extra 'site' is not installed")
    assert run(*spotting, "--plot", "curve.svg").exit_code == 0
    drawn = Path("curve.svg").read_text()
    assert all(f"<!-- tIoU 0.{level:02d} -->" in drawn for level in range(50, 100, 5))
    assert drawn.count("stroke-dasharray") >= 10  # recall at each threshold
    assert "<!-- AR -->" in drawn
    again = run(*spotting, "--plot", "curve.svg")
    assert again.exit_code == 2
    assert "--force" in again.stderr


def test_spotting_ground_truth_is_stored_and_shown(spotting: list[str]):
    Path("spotting/intervals.csv").write_text("x")
    own = Path("spotting/protocol.toml").read_text().replace('labels = "intervals.json"\n', "")
    Path("own.toml").write_text(own)
    assert run("ground-truth", "show", "own.toml").exit_code == 3
    added = run("ground-truth", "add", "own.toml", "spotting/intervals.json")
    assert added.exit_code == 0
    shown = json.loads(run("ground-truth", "show", "own.toml", "--json").stdout)
    assert (shown["videos"], shown["n"]) == (12, 30)
    first = run(*spotting, "--json")
    stored = run("score", "spotting/proposals.json", "--protocol", "own.toml", "--json")
    assert json.loads(first.stdout)["cells"] == json.loads(stored.stdout)["cells"]


def test_recognition_has_no_curve_and_no_tie_rule(scored: Path):
    assert run("score", scored.name, "--plot", "x.svg").exit_code == 2
    assert run("score", scored.name, "--ties", "reversed").exit_code == 2


def test_a_spotting_template_names_every_video_and_is_refused_until_filled(spotting: list[str]):
    result = run("template", "spotting/protocol.toml", "--output", "t.json")
    assert result.exit_code == 0
    made = json.loads(Path("t.json").read_text())
    assert made["proposals"] == {f"video_{v:02d}": [] for v in range(1, 13)}
    refused = run("score", "t.json", "--protocol", "spotting/protocol.toml")
    assert refused.exit_code == 1
    assert "no proposals at all" in refused.stderr


def test_protocols_check_reads_the_intervals(spotting: list[str]):
    assert "30 test intervals" in run("protocols", "check", "spotting/protocol.toml").stdout


def test_a_protocol_that_names_its_own_labels_keeps_no_copy(folder: Path, own_data_folder: Path):
    run("examples", "write", "tiny")
    result = run("ground-truth", "add", "tiny/protocol.toml", "tiny/labels.csv")
    assert result.exit_code == 0
    assert "not stored" in result.stderr
    assert not own_data_folder.exists()


def test_odd_intervals_are_stored_with_compatibility_alone(folder: Path):
    odd = {"v": {"subset": "validation", "duration": 5, "annotations": [{"segment": [1, 9], "label": "x"}]}}
    Path("truth.json").write_text(json.dumps({"database": odd}))
    Path("p.json").write_text(json.dumps({"results": {"v": [{"segment": [1, 9], "score": 1}]}}))
    assert run("ground-truth", "add", "activitynet", "truth.json").exit_code == 3
    assert run("ground-truth", "add", "activitynet", "truth.json", "--compat", "activitynet").exit_code == 0
    assert run("score", "p.json", "--protocol", "activitynet").exit_code == 3
    scored = run("score", "p.json", "--protocol", "activitynet", "--compat", "activitynet")
    assert scored.exit_code == 0
    assert "AUC 99.00" in scored.stdout


@pytest.mark.parametrize("plot", ["c.txt", "absent/c.svg", "r.json"])
def test_no_report_is_left_where_the_plot_cannot_be(spotting: list[str], plot: str):
    assert run(*spotting, "--output", "r.json", "--plot", plot).exit_code == 2
    assert not Path("r.json").exists()


def test_the_smallest_score_for_f1_is_a_number_and_is_told_where_it_has_no_use(spotting: list[str]):
    assert run(*spotting, "--f1-min-score", "nan").exit_code == 2
    text = Path("spotting/protocol.toml").read_text().replace("f1_tiou = 0.5\n", "")
    Path("spotting/protocol.toml").write_text(text)
    assert "there is no F1 here" in " ".join(run(*spotting, "--f1-min-score", "0.5").stdout.split())


@pytest.mark.parametrize("extra", [["--ties", "reversed"], ["--reading", "top-k"], ["--reading", "one-to-one"]])
def test_another_rule_is_in_the_signature(spotting: list[str], extra: list[str]):
    report = json.loads(run(*spotting, *extra, "--json").stdout)
    assert f"{extra[0].strip('-')}:{extra[1]}" in report["signature"]


def test_odd_truth_is_pointed_to_compatibility(folder: Path):
    odd = {"v": {"subset": "validation", "duration": 5, "annotations": [{"segment": [1, 9], "label": "x"}]}}
    Path("truth.json").write_text(json.dumps({"database": odd}))
    Path("p.json").write_text(json.dumps({"results": {"v": [{"segment": [1, 9], "score": 1}]}}))
    refused = run("ground-truth", "add", "activitynet", "truth.json")
    assert "--compat activitynet" in refused.stderr
    run("ground-truth", "add", "activitynet", "truth.json", "--compat", "activitynet")
    assert run("ground-truth", "show", "activitynet").exit_code == 0
    convert = ["convert", "p.json", "--to", "spotting", "--protocol", "activitynet"]
    assert run(*convert).exit_code != 0
    assert run(*convert, "--compat", "activitynet").exit_code == 0
