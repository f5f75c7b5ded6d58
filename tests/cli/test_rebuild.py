"""`fervbench run-baseline --table | --figure`: what it prints, what it refuses."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fervbench.cli import cli

pytest.importorskip("torch", reason="torch is not installed: pip install 'fervbench[baselines]'")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["run-baseline", *arguments], catch_exceptions=False)


def test_a_plan_shows_jobs_what_they_fill_and_what_they_cost():
    result = run("--table", "ferv39k/table3", "--plan", "--throughput", "100")
    assert result.exit_code == 0, result.stderr
    for name in ("DL11k", "WIS9k", "SIA10k", "AI9k"):
        assert re.search(rf"ferv39k/r50-lstm/{name}/seed0 +8 \({name}\)", result.stdout)
    assert "4 jobs for 32 numbers" in result.stdout
    assert "stated throughput: 100 TFLOP/s" in result.stdout
    document = json.loads(run("--table", "ferv39k/table3", "--plan", "--throughput", "100", "--json").stdout)
    assert [len(task["fills"]) for task in document["tasks"]] == [8] * 4
    assert document["tasks"][0]["seconds"] == pytest.approx(document["tasks"][0]["flops"] / 1e14)


def test_a_plan_is_timed_on_this_device_where_nothing_is_stated(monkeypatch: pytest.MonkeyPatch):
    from fervbench.grid import costing

    timed = []
    monkeypatch.setattr(costing, "_timed", lambda settings, device: timed.append(settings.model) or 1e9)
    result = run("--table", "ferv39k/table2", "--plan", "--device", "cpu")
    assert result.exit_code == 0, result.stderr
    assert "measured here: 3 eager training steps on CPU" in result.stdout.replace("\n  ", " ")
    assert sorted(timed) == ["i3d", "r18-lstm"]  # once each: they stand for all


@pytest.mark.slow
def test_the_timing_itself_gives_a_rate():
    result = run("--table", "ferv39k/table3", "--plan", "--device", "cpu", "--json")
    [seconds] = {task["seconds"] > 0 for task in json.loads(result.stdout)["tasks"]}
    assert seconds


def test_weights_from_outside_are_asked_for_by_name():
    result = run("--figure", "ferv39k/figure6a", "--plan", "--throughput", "100")
    assert result.exit_code == 0
    said = " ".join(result.stdout.split())
    assert "needs weights from outside: --weights ms-celeb-1m/r18-lstm=PATH" in said
    assert (
        "ferv39k/r18-lstm/all/from-dfew-ferv39k-r18-lstm-fd1/seed0 starts from dfew/ferv39k-r18-lstm/fd1/seed0" in said
    )
    assert "pinned: DFEW: trained on its first fold" in said


def test_what_is_there_is_shown_at_any_time(tmp_path: Path):
    result = run("--table", "dfew/table8", "--assemble", "--out", str(tmp_path / "none"))
    assert result.exit_code == 0, result.stderr
    assert "0 of 3 jobs are done" in result.stdout
    assert not (tmp_path / "none").exists()
    for form, said in (("--markdown", "| Liu et al. [23] | 51.44 |"), ("--latex", "\\begin{tabular}{lr}")):
        shown = run("--table", "dfew/table8", "--assemble", "--out", str(tmp_path / "none"), form)
        assert said in shown.stdout


def test_a_figure_is_drawn(tmp_path: Path):
    pytest.importorskip("matplotlib", reason="matplotlib is not installed: pip install 'fervbench[site]'")
    arguments = ["--figure", "dfew/figure5", "--assemble", "--out", str(tmp_path / "none")]
    plots = [str(tmp_path / "a.svg"), str(tmp_path / "a.png")]
    result = run(*arguments, "--plot", plots[0], "--plot", plots[1])
    assert result.exit_code == 0, result.stderr
    assert all(Path(path).stat().st_size > 1000 for path in plots)
    again = run(*arguments, "--plot", plots[0])
    assert (again.exit_code, "exists already" in again.stderr) == (2, True)
    assert run(*arguments, "--plot", plots[0], "--force").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--table", "ferv39k/table22"), 2, "did you mean 'ferv39k/table2'?"),
        (("--figure", "ferv39k/table2"), 2, "there is no plan for the figure"),
        (("--table", "ferv39k/table2", "--figure", "dfew/figure5"), 2, "exclude each other"),
        (("R18", "--table", "ferv39k/table2"), 2, "exclude each other"),
        (("--table", "ferv39k/table2"), 2, "ferv39k/table2 needs the data of ferv39k"),
        (("--table", "dfew/table7", "--data", "dfew=x"), 2, "needs the data of afew"),
        (("--table", "ferv39k/table2", "--only", "P3D"), 2, "has no 'P3D'"),
        (("--table", "ferv39k/table2", "--seeds", "0,x"), 2, "is no list of seeds"),
        (("--table", "ferv39k/table2", "--seeds", "0,0"), 2, "names a seed twice"),
        (("--table", "ferv39k/table2", "--seed", "1"), 2, "--seed is for a single baseline"),
        (("--table", "ferv39k/table2", "--trained-on", "all"), 2, "--trained-on is for a single baseline"),
        (("R18", "--seeds", "0,1"), 2, "--seeds is for --table and --figure"),
        (("R18", "--plan"), 2, "--plan is for --table and --figure"),
        (("R18",), 2, "missing --protocol"),
        ((), 2, "missing NAME"),
        (("R18", "--protocol", "ferv39k", "--data", "a", "--data", "b"), 2, "--data is given twice"),
        (("--table", "ferv39k/table2", "--data", "a", "--data", "ferv39k=b"), 2, "two paths for ferv39k"),
        (("--table", "dfew/table7", "--plan", "--weights", "sports-1m"), 2, "not of the form NAME=PATH"),
        (("--table", "ferv39k/table2", "--data", "nowhere"), 1, "no such folder: nowhere"),
        (("--figure", "dfew/figure5", "--assemble", "--plot", "a.gif"), 2, "a plot is written as"),
    ],
)
def test_a_call_that_makes_no_sense(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], code: int, said: str
):
    monkeypatch.chdir(tmp_path)
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (code, ""), result.output
    assert said in " ".join(result.stderr.split())
    assert "Traceback" not in result.stderr
