"""Whole tables at tiny scale on drawn data: every job, the table printed whole, killed half-way and gone on with."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner

import fervbench
from fervbench import schema
from fervbench.cli import cli
from fervbench.published.tables import published

from .drawn import OPTIONS, write_dfew, write_ferv39k

HERE = str(Path(fervbench.__file__).parents[1])  # the processes run what this one tests
ENVIRONMENT = os.environ | {"PYTHONPATH": os.pathsep.join([HERE, os.environ.get("PYTHONPATH", "")])}


def numbers(text: str) -> list[str]:
    return re.findall(r"\d+\.\d+", text)


def run(*arguments: str | Path) -> str:
    result = CliRunner().invoke(cli, ["run-baseline", *map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == 0, result.stderr
    return result.stdout


@pytest.mark.slow
@pytest.mark.parametrize("table", ["ferv39k/table2", "dfew/table4"])
def test_a_table_is_planned_run_and_printed_whole(tmp_path: Path, small: None, table: str):
    if table.startswith("ferv39k"):
        faces, scenes = write_ferv39k(tmp_path)
        data: list[str | Path] = ["--data", faces, "--scene-data", scenes]
    else:
        data = ["--data", write_dfew(tmp_path)]
    out = tmp_path / "out"
    shown = run("--table", table, *data, *OPTIONS, "--out", out)
    printed = [cell for cell in published(table).cells if cell.is_score]
    assert all(cell.printed in shown for cell in printed)
    assert shown.count("ours - printed") > 0
    assert "synthetic data" in shown
    assert "  verdict " not in shown
    assert f"{len(printed)} of {len(printed)} numbers are there" in shown
    document = json.loads(run("--table", table, *OPTIONS, "--out", out, "--assemble", "--json"))
    jsonschema.validate(document, schema.load("rebuilt"))
    assert document["synthetic"]
    assert len(document["jobs"]) == document["tasks"] == len(list(out.glob("*/done.json")))
    for cell in document["cells"]:
        assert cell["verdict"]["said"] == "no verdict"
        assert cell["missing"] == []
        assert f"{100 * cell['ours']:.2f}" in shown
        assert cell["difference"] == pytest.approx(cell["ours"] - cell["printed"])
    for form in ("--markdown", "--latex"):
        text = run("--table", table, *OPTIONS, "--out", out, "--assemble", form)
        assert set(numbers(shown)) >= {n for n in numbers(text) if len(n) == 5 and n in numbers(shown)}
        assert all(f"{100 * cell['ours']:.2f}" in text for cell in document["cells"])


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_killed_half_way_only_what_is_missing_runs(tmp_path: Path):
    faces, scenes = write_ferv39k(tmp_path)
    out = tmp_path / "out"
    script = str(Path(__file__).with_name("working.py"))
    arguments = ["run-baseline", "--table", "ferv39k/table2", "--data", str(faces), "--scene-data", str(scenes)]
    command = [sys.executable, script, *arguments, *OPTIONS, "--out", str(out)]
    # four steps a job: the eighth dies in its midst
    killed = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT | {"KILL_AFTER": "30"})
    assert killed.returncode == -signal.SIGKILL
    first = {path: path.stat().st_mtime_ns for path in out.glob("*/done.json")}
    assert len(first) == 7
    half = subprocess.run([*command, "--assemble"], capture_output=True, text=True, env=ENVIRONMENT, check=True)
    assert "7 of 16 jobs are done" in half.stdout
    assert "-  not trained yet" in half.stdout
    again = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, check=True)
    assert "16 of 16 jobs are done" in again.stdout
    assert (again.stderr.count(": done before"), again.stderr.count(": done, ")) == (7, 9)
    assert {path: path.stat().st_mtime_ns for path in first} == first
    once_more = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, check=True)
    assert once_more.stdout == again.stdout
    assert (once_more.stderr.count(": done before"), once_more.stderr.count(": done, ")) == (16, 0)
