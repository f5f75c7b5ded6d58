"""`fervbench compare` and `fervbench power`: what people and programs see."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner, Result

from fervbench import schema
from fervbench.cli import cli
from fervbench.examples import write_example


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, list(arguments))


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """The example, and copies in which every ninth and every 331st clip is called Happy."""
    write_example("mae-dfer-overall-only", tmp_path)
    first = tmp_path / "mae-dfer-overall-only.json"
    content = json.loads(first.read_text())
    names = [str(first)]
    for name, step in (("ninth", 9), ("few", 331)):
        ids = sorted(content["predictions"])
        answers = content["predictions"] | dict.fromkeys(ids[::step], "Happy")
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps(content | {"predictions": answers}))
        names.append(str(path))
    return names


def test_two_files_give_a_table_of_differences(files: list[str]):
    result = run("compare", *files[:2])
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert max(map(len, lines[:-1])) <= 80  # the signature is one line
    assert lines[1:3] == ["A  mae-dfer-overall-only", "B  ninth"]
    assert sum(line.startswith("all ") for line in lines) == 2
    assert "McNemar's exact test" in result.stdout
    assert "cells differ at 5 % after Holm's adjustment" in result.stdout
    assert lines[-1].startswith("fervbench|p:ferv39k@1.0.0|e:overall|gt:3a3dc4cf|compare:2|")


def test_json_is_the_published_format_and_is_written_whole(files: list[str], tmp_path: Path):
    target = tmp_path / "comparison.json"
    result = run("compare", *files[:2], "--json", "--output", str(target), "--metric", "macro_F1")
    document = json.loads(result.stdout)
    jsonschema.Draft202012Validator(schema.load("comparison")).validate(document)
    assert schema.accepts(document, schema.load("comparison"))
    assert target.read_text() == result.stdout
    assert run("compare", *files[:2], "--output", str(target)).exit_code == 2  # nothing is overwritten
    again = run("compare", *files[:2], "--json", "--metric", "macro_F1")
    assert again.stdout == result.stdout  # the same seed, the same numbers


def test_three_files_are_ranked(files: list[str]):
    result = run("compare", *files, "--evaluation", "overall", "--metric", "WAR")
    assert "tie group" in result.stdout
    rows = {line.split()[0]: line.split() for line in result.stdout.splitlines() if line}
    assert rows["ninth"][2] == "3"  # surely the last
    assert rows["ninth"][-1] not in rows["few"][-1]
    only = run("compare", *files, "--metric", "WAR", "--target", "Experiment")
    assert "overall, Experiment, n = 113" in only.stdout


def test_one_model_is_split(files: list[str]):
    result = run("compare", *files, "--same-model", "--json")
    document = json.loads(result.stdout)
    assert document["format"] == "fervbench-variance/1"
    top = document["cells"][0]["metrics"]["WAR"]
    assert set(top["variance"]) == {"clips", "seed", "sampling"}
    assert top["variance"]["sampling"] is None
    text = run("compare", *files, "--same-model", "--vary", "sampling").stdout
    assert "one model, 3 runs of 1 seeds" in text


def test_what_cannot_be_compared_exits_with_its_code(files: list[str], tmp_path: Path):
    assert run("compare", files[0]).exit_code == 2
    assert run("compare", *files[:2], "--metric", "wer").exit_code == 2
    assert run("compare", *files[:2], "--confidence", "95").exit_code == 2
    assert run("compare", files[0], str(tmp_path / "nothing.json")).exit_code == 1
    write_example("invalid", tmp_path)
    assert run("compare", files[0], str(tmp_path / "invalid.json")).exit_code == 1
    other = tmp_path / "other.json"
    content = json.loads(Path(files[0]).read_text()) | {"protocol": "dfew", "predictions": {"00001": "Happy"}}
    other.write_text(json.dumps(content))
    result = run("compare", files[0], str(other))
    assert result.exit_code == 3
    assert "dfew" in result.stderr.lower()


def test_power_prints_what_each_configuration_resolves():
    result = run("power", "--target", "Experiment")
    row = next(line.split() for line in result.stdout.splitlines() if line.startswith("Experiment"))
    assert row == ["Experiment", "113", "2", "9.2", "16.5", "20.0", "12.4", "21.0"]
    assert max(map(len, result.stdout.splitlines())) <= 80
    document = json.loads(run("power", "--json").stdout)
    assert len(document["cells"]) == 27
    assert document["power"] == 0.8


def test_power_from_a_pilot_and_for_a_difference(files: list[str]):
    result = run("power", "--pilot", *files[:2], "--difference", "1", "--json")
    cells = {cell["target"]: cell for cell in json.loads(result.stdout)["cells"]}
    assert 0 < cells["all"]["discordance"] < 0.1
    assert cells["all"]["clips_needed"] > 500
    text = run("power", "--difference", "2", "--seed-sd", "0.5").stdout
    assert "3,923 clips: so many would show a WAR difference of 2 points" in text
    assert "seeds of each system that show 2 points: 2" in text
    assert run("power", "--pilot", *files[:2], "--discordance", "0.1").exit_code == 2
    assert run("power", "--discordance", "20").exit_code == 2
    assert run("power", "--protocol", "mafw").exit_code == 3
