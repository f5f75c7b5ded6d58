"""`fervbench run-baseline`: what it prints, what it refuses."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from fervbench.cli import cli
from fervbench.pack import write_pack

PROTOCOL = """
format = "fervbench-protocol/1"
id = "{id}"
version = "1.0.0"
title = "Drawn"
task = "recognition"
classes = ["Happy", "Sad"]
default_source = "all"
aggregation = "pooled"
[ground_truth]
kind = "labels"
labels = "labels.csv"
[configurations.all]
level = "overall"
[evaluations.overall]
kind = "diagonal"
source_levels = ["overall"]
"""


def write(folder: Path, *, id: str = "drawn", synthetic: bool = False) -> Path:
    rng = np.random.default_rng(0)
    rows, clips, parts = ["clip_id,label,configuration,part"], [], {}
    for label in ("Happy", "Sad"):
        for k in range(6):
            name = f"{label}{k}"
            parts[name] = "test" if k < 2 else "train"
            clips.append((name, label, rng.integers(0, 256, (3, 37, 37, 3), dtype=np.uint8)))
            rows.append(f"{name},{label},all,{parts[name]}")
    source = {"kind": "drawn"} | ({"synthetic": True} if synthetic else {})
    write_pack(clips, folder / "drawn.pack", parts=parts, source=source)
    (folder / "labels.csv").write_text("\n".join(rows) + "\n")
    (folder / "drawn.toml").write_text(PROTOCOL.format(id=id))
    return folder


def run(
    folder: Path, name: str = "I3D", *options: str, data: str = "drawn.pack", protocol: str = "drawn.toml"
) -> Result:
    arguments = ["--protocol", str(folder / protocol) if protocol.endswith("toml") else protocol]
    arguments += ["--data", str(folder / data), "--out", str(folder / "out"), "--device", "cpu"]
    small = ["--size", "32", "--frames", "2", "--epochs", "1", "--batch", "4"]
    return CliRunner().invoke(cli, ["run-baseline", name, *arguments, *small, *options])


def test_it_ends_in_a_report_and_prints_the_stored_one_again(tmp_path: Path, torch):
    write(tmp_path)
    first = run(tmp_path)
    assert first.exit_code == 0, first.stderr
    assert "fervbench|p:drawn@1.0.0+" in first.stdout
    assert "n = 4 clips, all answered" in first.stdout
    assert "epoch 1/1" in first.stderr
    second = run(tmp_path)
    assert second.exit_code == 0
    assert "done before" in second.stderr
    assert second.stdout.replace(" (done before)", "") == first.stdout
    as_json = run(tmp_path, "I3D", "--json")
    assert as_json.stdout == next((tmp_path / "out").glob("*/report.json")).read_text()


def test_rendered_data_gets_no_verdict(tmp_path: Path, torch):
    write(tmp_path, synthetic=True)
    result = run(tmp_path)
    assert result.exit_code == 0, result.stderr
    assert "SYNTHETIC DATA" in result.stdout
    assert "no verdict on the published numbers" in result.stdout
    assert "beside" not in result.stdout


@pytest.mark.parametrize(
    ("name", "options", "code", "said"),
    [
        ("R18-LSTN", (), 2, "did you mean 'r18-lstm'?"),
        ("I3D", ("--device", "abacus"), 2, "no device 'abacus'"),
        ("I3D", ("--trained-on", "none"), 2, "drawn trains nothing on 'none'"),
        ("I3D", ("--lr-grid", "a,b"), 2, "is no list of numbers"),
        ("I3D", ("--size", "64"), 2, "the pack has frames of 37x37"),
        ("Two I3D", (), 2, "sees face and scene: 2 packs, and 1 given"),
    ],
)
def test_a_call_that_makes_no_sense(tmp_path: Path, torch, name: str, options: tuple[str, ...], code: int, said: str):
    write(tmp_path)
    result = run(tmp_path, name, *options)
    assert (result.exit_code, result.stdout) == (code, "")
    assert said in result.stderr
    assert "Traceback" not in result.stderr


def test_data_and_protocols_that_are_not_there(tmp_path: Path, torch):
    write(tmp_path)
    for options, code, said in (
        ({"data": "nowhere"}, 1, "no such folder"),
        ({"protocol": "nothing"}, 3, "no protocol 'nothing'"),
        ({"protocol": "ferv39k"}, 3, "the pack is not the data of ferv39k"),
        ({"protocol": "activitynet"}, 2, "no baseline of spotting 'I3D'"),
    ):
        result = run(tmp_path, **options)  # type: ignore[arg-type]
        assert (result.exit_code, said in result.stderr) == (code, True), result.stderr


def test_without_torch_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for name in [name for name in sys.modules if name.partition(".")[0] == "torch" or "fervbench.reference" in name]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torch", None)
    result = run(write(tmp_path))
    assert result.exit_code == 2
    assert "pip install 'fervbench[baselines]'" in result.stderr


def test_a_run_on_a_published_protocol_stands_beside_the_published_row():
    """Made-up answers for FERV39k's test part: the row of the method alone, in each table that prints it."""
    from fervbench import load_ground_truth, load_protocol, score
    from fervbench.cli.run_baseline import published_rows
    from fervbench.submission.reading import parse_submission
    from fervbench.submission.writing import format_submission

    protocol = load_protocol("ferv39k")
    answers = dict.fromkeys(load_ground_truth(protocol).ids, "Happy")
    text = format_submission(protocol, [("all", 0, answers)])
    report = score(protocol, parse_submission(text.encode(), "p.json", protocol))
    found = published_rows("r18-lstm", protocol, report)
    assert "ferv39k/table2" in [table.id for table in found]
    assert all(cell.method == "r18-lstm" for table in found for cell in table.cells)
    assert published_rows("nothing", protocol, report) == []


@pytest.mark.parametrize(
    "option", [("--features", "job"), ("--shuffled-features",), ("--shuffled-test-features",), ("--set", "channels=8")]
)
def test_options_of_spotting_are_refused_for_recognition(tmp_path: Path, torch, option: tuple[str, ...]):
    write(tmp_path)
    result = run(tmp_path, "I3D", *option)
    assert result.exit_code == 2
    assert f"{option[0]} is for baselines of spotting" in result.stderr
