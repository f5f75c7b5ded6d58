"""`fervbench convert` from outside: what is refused, what the user is told, with and without a ground truth."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from fervbench.cli import cli


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def convert(text: str, *arguments: str, protocol: str = "dfew", name: str = "a.csv") -> Result:
    Path(name).write_text(text)
    return CliRunner().invoke(cli, ["convert", name, "--protocol", protocol, *arguments], catch_exceptions=False)


def written(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.stderr
    document: dict[str, Any] = json.loads(result.stdout)
    return document


NOUNS = "clip_id,Anger,Disgust,Fear,Happiness,Neutral,Sadness,Surprise\nWar/Fear/0001,1,2,3,4,7,6,5\n"


def test_other_words_for_the_classes_are_read_and_told():
    result = convert(NOUNS, protocol="ferv39k")
    assert written(result)["classes"] == ["Angry", "Disgust", "Fear", "Happy", "Neutral", "Sad", "Surprise"]
    assert "a.csv: classes read by their names: Anger as Angry, Happiness as Happy, Sadness as Sad" in result.stderr


def test_an_order_that_contradicts_a_column_is_refused():
    result = convert(NOUNS, "--classes", "protocol", protocol="ferv39k")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "'Neutral' is Neutral by its name, and --classes says otherwise (Sad)" in result.stderr


def test_without_a_ground_truth_good_answers_are_written_and_it_is_said_that_they_are_not_checked():
    result = convert("video_path,pred\n1,Happy\n00002,\n")
    assert written(result)["predictions"] == {"00001": "Happy", "00002": None}
    assert "not checked against the ground truth" in result.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("video_path,pred\n00001,zzz\n", "00001: no class 'zzz'"),
        ("unheard_of,pred\n00001,Happy\n", "unheard_of: no class 'pred'"),
        ("unheard_of,pred\n00001,Happy\n", "'unheard_of' has not the form of an id of dfew"),
        ("00001,Anger\n", "hint: did you mean Angry?"),
        ("War/Fear/0001,Happy\n", "hint: this looks like an id of ferv39k"),
        ("clips/00001.mp4,Happy\n", "hint: ids look like '00001'"),
        ("00001,nan\n", "hint: no answer is an empty field"),
        ("00001,3.5\n", "00001: '3.5' is a number, not a class"),
    ],
)
@pytest.mark.parametrize("output", [(), ("--output", "p.json")])
def test_without_a_ground_truth_answers_and_the_form_of_ids_are_checked(text: str, said: str, output: tuple[str, ...]):
    result = convert(text, *output)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "cannot be converted: a.csv" in result.stderr
    assert said in result.stderr
    assert not Path("p.json").exists()


def test_ids_cannot_be_fixed_without_a_ground_truth():
    result = convert("00001,Happy\n", "--fix-ids")
    assert (result.exit_code, result.stdout) == (3, "")
    assert "--fix-ids needs the ground truth" in result.stderr
    assert "fervbench ground-truth add dfew PATH" in result.stderr


def labels() -> str:
    """A made-up protocol in DFEW's shape, and its labels, beside the files to convert."""
    assert CliRunner().invoke(cli, ["examples", "write", "tiny"]).exit_code == 0
    return "tiny/protocol.toml"


def test_the_number_of_a_frame_is_not_made_a_clip():
    result = convert("0018/0021.jpg,Happy\n", "--fix-ids", protocol=labels())
    assert written(result)["predictions"] == {"0018": "Happy"}
    assert "1 ids repaired" in result.stderr
    again = convert("0018/0021,Happy\n", "--fix-ids", protocol="tiny/protocol.toml")
    assert (again.exit_code, again.stdout) == (1, "")


def test_findings_name_the_file_of_the_user_and_the_id_and_no_pointer():
    result = convert("0001,zzz\n0002,Sad\n0099,Sad\n", protocol=labels())
    assert (result.exit_code, result.stdout) == (1, "")
    assert "Error: cannot be converted: a.csv" in result.stderr
    assert "  0001: no class 'zzz'" in result.stderr
    assert "no test clip '0099'" in result.stderr
    assert "/predictions" not in result.stderr
    assert "converted\n" not in result.stderr
    assert "2 problems" in result.stderr


@pytest.mark.parametrize("protocol", ["tiny/protocol.toml", "dfew"])
def test_findings_of_several_files_name_the_file_of_the_run(protocol: str):
    labels()
    good, bad = ("0001", "0020") if protocol != "dfew" else ("00001", "00020")
    Path("b.csv").write_text(f"{bad},zzz\n")
    result = convert(f"{good},Happy\n", "b.csv", "--trained-on", "fd1", "--trained-on", "fd2", protocol=protocol)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "cannot be converted: b.csv" in result.stderr
    assert f"  b.csv: {bad}: no class 'zzz'" in result.stderr
    assert "/runs" not in result.stderr
    assert "1 problem:" in result.stderr  # that not all folds are there is no problem of a conversion


def test_part_of_the_runs_can_be_converted():
    result = convert("0001,Happy\n", "--trained-on", "fd1", protocol=labels())
    assert written(result)["runs"][0]["predictions"] == {"0001": "Happy"}


def test_a_source_that_does_not_exist_is_refused_without_a_ground_truth_too():
    result = convert("00001,Happy\n", "--trained-on", "fd6")
    assert result.exit_code == 2
    assert "dfew has no configuration 'fd6'" in result.stderr


def test_two_files_of_one_run_are_refused_without_a_ground_truth_too():
    Path("b.csv").write_text("00002,Happy\n")
    result = convert("00001,Happy\n", "b.csv", "--trained-on", "fd1", "--trained-on", "fd1")
    assert result.exit_code == 2
    assert "two files are said to be the same run" in result.stderr


def test_a_spotting_protocol_points_to_its_own_conversion():
    result = convert("00001,Happy\n", protocol="sdfe-lv")
    assert result.exit_code == 2
    assert "give --to spotting" in result.stderr


def test_the_help_names_the_arrays_as_the_hints_do(tmp_path: Path):
    import numpy as np

    np.savez("a.npz", scores=np.zeros((1, 7)))
    result = CliRunner().invoke(cli, ["convert", "a.npz", "--protocol", "dfew"])
    assert "hint: name it 'ids'" in result.stderr
    assert "'ids'" in CliRunner().invoke(cli, ["convert", "--help"]).stdout
