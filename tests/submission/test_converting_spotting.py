"""CSV and ActivityNet's results become a proposals file, in the order of the file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from fervbench import examples
from fervbench.cli import cli
from fervbench.errors import InputError, SubmissionError, UsageError
from fervbench.protocol import Protocol, load_protocol
from fervbench.submission.converting_spotting import format_proposals, read_any_proposals

HEADER = "video_id,onset,offset,score\n"
ROWS = [("b", 3.25, 5.5, 0.5), ("a", 1.0, 2.0, 0.25), ("b", 0.5, 1e1, -2.0), ("a", 1.5, 2.0, 0.25)]
PROPOSALS = {"b": [[3.25, 5.5, 0.5], [0.5, 10.0, -2.0]], "a": [[1.0, 2.0, 0.25], [1.5, 2.0, 0.25]]}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def tiny() -> Protocol:
    examples.write_example("spotting", Path())
    return load_protocol(Path("spotting/protocol.toml"))


def made(content: str | bytes, protocol: Protocol | None = None) -> dict[str, Any]:
    """What a file becomes."""
    Path("in").write_bytes(content if isinstance(content, bytes) else content.encode())
    protocol = protocol or load_protocol("sdfe-lv")
    document: dict[str, Any] = json.loads(format_proposals(protocol, read_any_proposals("in", protocol)))
    return document


def refused(content: str | bytes, error: type[InputError] = InputError) -> InputError:
    with pytest.raises(error) as caught:
        made(content)
    assert caught.value.file == "in"
    return caught.value


def as_csv(rows: list[tuple[Any, ...]]) -> str:
    return HEADER + "".join(",".join(map(str, row)) + "\n" for row in rows)


def in_order(document: dict[str, Any]) -> list[tuple[str, Any]]:
    return list(document["proposals"].items())


def test_a_csv_keeps_the_order_of_videos_and_of_proposals():
    document = made(as_csv(ROWS))
    assert (document["format"], document["protocol"]) == ("fervbench-spotting/1", "sdfe-lv")
    assert in_order(document) == list(PROPOSALS.items())


@pytest.mark.parametrize(
    "text",
    [
        "score,offset,video_id,onset\n0.5,5.5,b,3.25\n",
        "Video_ID, onset ,OFFSET,Score\n b , 3.25,5.5 ,5e-1\n",
        "video_id;onset;offset;score\r\nb;3.25;5.50;.5\r\n\r\n",
        "video_id\tonset\toffset\tscore\nb\t3.25\t5.5\t+0.5",
        "\ufeffvideo_id,onset,offset,label,score\nb,3.25,5.5,Happy,0.5\n,,,,\n",
    ],
    ids=["other order", "case and spaces", "semicolons", "tabs", "BOM, another column"],
)
def test_spreadsheets_write_it_in_many_ways(text: str):
    assert made(text)["proposals"] == {"b": [[3.25, 5.5, 0.5]]}


def test_a_row_with_the_video_alone_is_a_video_without_proposals():
    assert in_order(made(HEADER + "c,,,\nb,3.25,5.5,0.5\n")) == [("c", []), ("b", [[3.25, 5.5, 0.5]])]


def test_activitynets_results_and_the_own_form_are_read():
    results = {
        id: [{"segment": row[:2], "score": row[2], "label": "x"} for row in rows] for id, rows in PROPOSALS.items()
    }
    assert in_order(made(json.dumps({"version": "1", "results": results}))) == list(PROPOSALS.items())
    own = {"format": "fervbench-spotting/1", "protocol": "sdfe-lv", "proposals": PROPOSALS}
    assert made(json.dumps(own)) == own


def test_one_video_stands_on_one_line_and_ids_of_any_script_come_back():
    Path("in").write_text(HEADER + 'видео "1",1,2,0.5\n'.replace('"', "'") + "a,1,2,0.5\na,2,3,0.5\n", encoding="utf-8")
    protocol = load_protocol("sdfe-lv")
    text = format_proposals(protocol, read_any_proposals("in", protocol))
    assert text.count("\n  ") == 2
    assert text.isascii()
    Path("again").write_text(text)
    again = read_any_proposals("again", protocol)
    assert again.videos == ["видео '1'", "a"]
    assert again.sizes.tolist() == [1, 2]


def test_the_example_comes_back_as_it_is(tiny: Protocol):
    text = Path("spotting/proposals.json").read_bytes()
    assert made(text, tiny) == json.loads(text)


def test_numbers_keep_every_digit():
    draw = np.random.default_rng(0).uniform(size=(100, 3))
    rows = [("a", *map(repr, row)) for row in draw.tolist()]
    assert made(as_csv(rows))["proposals"]["a"] == draw.tolist()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "holds no proposals"),
        (HEADER, "holds no proposals"),
        ("a,1,2,0.5\n", "has no column video_id, onset, offset, score"),
        ("video_id,onset,score\na,1,0.5\n", "has no column offset"),
        ("video_id,onset,offset,score,score\na,1,2,0.5,0.5\n", "names the column 'score' twice"),
        (b"video_id,onset,offset,score\n\xe4,1,2,0.5\n", "is not UTF-8"),
        (HEADER + '"a,1,2,0.5\n', "is not CSV"),
        ('{"results": ', "is not JSON"),
        ("\ufeff{}", "byte order mark"),
        ('{"results": {}}', "holds no proposals"),
    ],
)
def test_a_file_that_is_not_clear_is_refused(text: str | bytes, said: str):
    assert said in refused(text).message


def test_everything_wrong_with_a_csv_is_found_in_one_pass_with_its_line():
    rows = "a,1,2,0.5\na,1,2\na,x,2,nan\n,1,2,3\nc,,,\nc,1,2,0.5\na,,,\na,1,,1e999\n"
    found = [(each.rule, each.pointer, each.id) for each in refused(HEADER + rows).findings]
    assert found == [
        ("wrong-length", "line 3", None),
        ("wrong-type", "line 4", "a"),
        ("not-finite", "line 4", "a"),
        ("missing-key", "line 5", None),
        ("duplicate-id", "line 7", "c"),
        ("duplicate-id", "line 8", "a"),
        ("duplicate-id", "line 9", "a"),
        ("wrong-type", "line 9", "a"),
        ("not-finite", "line 9", "a"),
    ]


def test_what_is_wrong_with_json_is_told_with_its_pointer():
    (found,) = refused('{"results": {"a": [{"segment": [1, 2]}]}}').findings
    assert (found.rule, found.pointer, found.file) == ("wrong-type", "/results/a/0", "in")


def test_proposals_of_another_protocol_are_refused():
    own = {"format": "fervbench-spotting/1", "protocol": "activitynet", "proposals": PROPOSALS}
    refused(json.dumps(own), SubmissionError)


def test_a_recognition_protocol_is_refused():
    with pytest.raises(UsageError, match="ferv39k is a protocol of recognition"):
        made(HEADER, load_protocol("ferv39k"))


def run(*arguments: str, protocol: str = "spotting/protocol.toml") -> Result:
    call = ["convert", "in.csv", "--to", "spotting", "--protocol", protocol, *arguments]
    return CliRunner().invoke(cli, call, catch_exceptions=False)


def test_what_is_converted_scores_as_the_original(tiny: Protocol):
    document = json.loads(Path("spotting/proposals.json").read_text())
    rows = [(id, *map(repr, row)) for id, proposals in document["proposals"].items() for row in proposals]
    silent = [(id, "", "", "") for id, proposals in document["proposals"].items() if not proposals]
    Path("in.csv").write_text(as_csv([*rows, *silent]))
    result = run("--output", "out.json")
    assert (result.exit_code, result.stdout) == (0, "")
    assert f"{len(rows)} proposals for {len(document['proposals'])} videos written to out.json" in result.stderr
    scored = [
        CliRunner().invoke(cli, ["score", name, "--protocol", "spotting/protocol.toml"])
        for name in ("out.json", "spotting/proposals.json")
    ]
    assert [each.exit_code for each in scored] == [0, 0]
    assert scored[0].stdout == scored[1].stdout


def test_what_cannot_be_scored_is_not_written(tiny: Protocol):
    Path("in.csv").write_text(HEADER + "video_01,3,2,0.5\nnowhere,1,2,0.5\n")
    result = run("--output", "out.json")
    assert (result.exit_code, result.stdout) == (1, "")
    assert not Path("out.json").exists()
    assert "cannot be converted: in.csv" in result.stderr
    assert "video_01: [3, 2] ends before it begins" in result.stderr
    assert "no video 'nowhere' is tested" in result.stderr
    assert "/proposals" not in result.stderr


def test_without_intervals_it_is_said_that_nothing_is_checked():
    Path("in.csv").write_text(as_csv(ROWS))
    result = run(protocol="sdfe-lv")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["proposals"] == PROPOSALS
    assert "not checked against the ground truth" in result.stderr


@pytest.mark.parametrize(
    "option",
    [
        ("--classes", "protocol"),
        ("--softmax",),
        ("--trained-on", "all"),
        ("--seed", "0"),
        ("--fix-ids",),
        ("--first", "0"),
    ],
)
def test_options_of_recognition_make_no_sense(option: tuple[str, ...]):
    Path("in.csv").write_text(as_csv(ROWS))
    result = run(*option, protocol="sdfe-lv")
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"{option[0]} is not for --to spotting" in result.stderr


def test_several_files_are_refused():
    Path("in.csv").write_text(as_csv(ROWS))
    result = run("in.csv", protocol="sdfe-lv")
    assert result.exit_code == 2
    assert "one by one" in result.stderr
