"""`fervbench baselines`."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result

from fervbench.cli import cli
from fervbench.recipes import recipe_ids


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["baselines", *arguments], catch_exceptions=False)


def test_the_list_has_every_baseline_beside_what_was_published():
    shown = run("list")
    assert shown.exit_code == 0
    assert max(map(len, shown.stdout.splitlines())) <= 80
    for id in recipe_ids():
        assert f"{id} " in shown.stdout
    assert "42.59/30.92" in shown.stdout
    few = run("list", "--protocol", "ferv39k").stdout
    assert "17 baselines" in few
    assert "dfew/" not in few


def test_the_list_as_json():
    found = json.loads(run("list", "--protocol", "dfew", "--json").stdout)
    assert len(found) == 19
    assert found[0]["id"] == "dfew/r18-lstm"
    assert found[0]["published"]["UAR"] == {"value": 42.86, "table": "dfew/table4"}


def test_a_baseline_is_shown_whole():
    shown = run("show", "R18-LSTM")
    assert shown.exit_code == 0
    lines = shown.stdout.splitlines()
    assert lines[0] == "ferv39k/r18-lstm  ResNet-18 + LSTM"
    assert max(map(len, lines)) <= 80
    assert not [line for line in lines if line != line.rstrip()]
    assert "17,485,383; 132M is printed; no claim" in shown.stdout
    assert "  batch_size = 32" in lines
    assert "pinned:" in shown.stdout
    assert lines[-1] == "also: dfew/r18-lstm, sdfe-lv/r18-lstm"


def test_a_baseline_as_json():
    found = json.loads(run("show", "c3d", "--protocol", "dfew", "--json").stdout)
    assert (found["id"], found["also"]) == ("dfew/c3d", [])
    assert found["settings"]["training"]["batch_size"]["value"] == 24


@pytest.mark.parametrize("extra", [[], ["--json"]])
def test_an_unknown_name_names_the_nearest_and_is_a_usage_error(extra: list[str]):
    shown = run("show", "R18-LSTN", *extra)
    assert shown.exit_code == 2
    assert "did you mean 'r18-lstm'?" in (shown.stdout if extra else shown.stderr)
    assert run("list", "--protocol", "mafw", *extra).exit_code == 2
