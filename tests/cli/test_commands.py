"""The command line from outside: output, exit codes, what reaches a terminal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import click
import jsonschema
import pytest
from click.testing import CliRunner, Result

from fervbench import schema
from fervbench.cli import COMMANDS, cli


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, list(arguments), catch_exceptions=False)


def test_score_prints_what_mae_dfer_printed(scored: Path):
    result = run("score", scored.name)
    assert result.exit_code == 0
    assert "WAR 52.07  UAR 43.12  macro F1 43.66  weighted F1 51.10" in result.stdout
    assert "only the overall line" in result.stdout
    assert result.stdout.splitlines()[-1].startswith("fervbench|p:ferv39k@1.0.0|e:overall|")


def test_the_report_fits_80_columns(scored: Path):
    lines = run("score", scored.name).stdout.splitlines()
    assert max(len(line) for line in lines if not line.startswith("fervbench|")) <= 80
    assert not any("…" in line for line in lines)


def test_scenes_stand_under_their_scenario_and_best_and_worst_are_marked(scored: Path):
    lines = run("score", scored.name).stdout.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("  DL11k"))
    assert [line.split()[0] for line in lines[start + 1 : start + 7]] == [
        "Argue", "Social", "School", "Medicine", "Conflict", "DailyLife",
    ]  # fmt: skip
    values = {line.split()[0]: float(line.split()[2]) for line in lines[start + 1 : start + 7]}
    best, worst = max(values, key=values.get), min(values, key=values.get)
    assert [line.split()[0] for line in lines[start + 1 : start + 7] if "▲" in line] == [best]
    assert [line.split()[0] for line in lines[start + 1 : start + 7] if "▼" in line] == [worst]
    assert f"ø {sum(values.values()) / 6:.2f}" in lines[start]


def test_json_is_one_document_that_keeps_to_the_published_schema(scored: Path):
    result = run("score", scored.name, "--json")
    report = json.loads(result.stdout)
    jsonschema.Draft202012Validator(schema.load("report")).validate(report)
    assert result.stderr == ""


def test_output_is_written_once_and_not_replaced_without_force(scored: Path):
    assert run("score", scored.name, "--output", "r.json").exit_code == 0
    first = Path("r.json").read_bytes()
    again = run("score", scored.name, "--output", "r.json")
    assert again.exit_code == 2
    assert "--force" in again.stderr
    assert run("score", scored.name, "--output", "r.json", "--force").exit_code == 0
    assert Path("r.json").read_bytes() == first
    assert sorted(path.name for path in Path().iterdir()) == [scored.name, "r.json"]


def test_check_says_ok_and_scores_nothing(scored: Path):
    result = run("score", scored.name, "--check")
    assert result.exit_code == 0
    assert result.stdout == f"ok: {scored.name} can be scored by ferv39k 1.0.0: overall\n"
    assert json.loads(run("score", scored.name, "--check", "--json").stdout)["findings"] == []


def test_a_refused_file_prints_its_findings_and_nothing_on_standard_output(folder: Path):
    run("examples", "write", "invalid")
    result = run("score", "invalid.json")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "hint: did you mean 'classes'?" in result.stderr
    assert "... and 7,8" in result.stderr
    assert not Path("r.json").exists()
    assert run("score", "invalid.json", "--output", "r.json").exit_code == 1
    assert not Path("r.json").exists()


def test_findings_as_json_keep_to_the_published_schema(folder: Path):
    run("examples", "write", "invalid")
    result = run("score", "invalid.json", "--json")
    assert result.exit_code == 1
    document = json.loads(result.stdout)
    jsonschema.Draft202012Validator(schema.load("findings")).validate(document)
    assert {"unknown-key", "unknown-class", "class-number", "training-clip"} <= {
        finding["rule"] for finding in document["findings"]
    }


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["score", "absent.json"], 1, "no such file"),
        (["score", "."], 1, "is a folder"),
        (["score"], 2, "Missing argument"),
        (["score", "x.json", "--nonsense"], 2, "No such option"),
        (["scoer", "x.json"], 2, "Did you mean 'score'?"),
        (["score", "mae-dfer-overall-only.json", "--evaluation", "overal"], 2, "did you mean 'overall'?"),
        (["score", "mae-dfer-overall-only.json", "--protocol", "dfew"], 1, "is for another protocol"),
        (["score", "mae-dfer-overall-only.json", "--protocol", "ferv93k"], 3, "did you mean 'ferv39k'?"),
        (["score", "mae-dfer-overall-only.json", "--ground-truth", "absent"], 3, "no such file or folder"),
        (["score", "mae-dfer-overall-only.json", "--ground-truth", "."], 3, "neither train_All.csv"),
        (["score", "mae-dfer-overall-only.json", "--protocol", "absent.toml"], 3, "no such file"),
        (["protocols", "show", "absent.toml"], 3, "no such file"),
        (["protocols", "check", "./mae-dfer-overall-only.json"], 1, "is not TOML"),
        (["protocols", "stats", "sdfe-lv"], 2, "see fervbench ground-truth show sdfe-lv"),
        (["ground-truth", "add", "dfew", "absent"], 3, "no such file or folder"),
        (["protocols", "show", "nothing"], 3, "no protocol 'nothing'"),
        (["template", "dfew"], 3, "fervbench ground-truth add dfew PATH"),
        (["template", "ferv39k", "--evaluation", "five-fold"], 2, "no evaluation 'five-fold'"),
        (["ground-truth", "show", "mafw"], 3, "licensed"),
        (["protocols", "stats", "mafw"], 3, "fd1 1,839"),
        (["examples", "write", "nothing"], 2, "known: mae-dfer-overall-only, tiny, spotting, table, invalid, ratings"),
        (["convert", "absent.csv", "--protocol", "ferv39k"], 1, "no such file"),
        (["protocols", "stats", "ferv39k", "--plot", "clips.txt"], 2, ".png, .svg, .pdf"),
    ],
)
def test_exit_codes_and_what_is_said(scored: Path, arguments: list[str], code: int, said: str):
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (code, "")
    assert said in result.stderr
    assert "Traceback" not in result.stderr


HOSTILE = "\x1b[2J\x1b]8;;http://x\x07[bold red]\u202e\r\n::error::"


@pytest.mark.parametrize("place", ["id", "class", "note", "key", "source"])
def test_no_control_character_or_markup_of_a_file_reaches_a_terminal(folder: Path, place: str):
    predictions: dict[str, object] = {"Action/Happy/0000": "Happy"}
    content: dict[str, object] = {"format": "fervbench-recognition/1", "protocol": "ferv39k"}
    content["predictions"] = predictions
    if place == "id":
        predictions[HOSTILE] = "Happy"
    elif place == "class":
        predictions["Action/Happy/0001"] = HOSTILE
    elif place == "key":
        content[HOSTILE] = 1
    elif place == "note":
        content["x-note"] = HOSTILE
    else:
        content["runs"] = [{"trained_on": HOSTILE, "predictions": content.pop("predictions")}]
    Path("p.json").write_text(json.dumps(content))
    extra = ["--missing", "wrong"] if place == "note" else []
    result = run("score", "p.json", *extra)
    printed = result.stdout + result.stderr
    assert result.exit_code == (0 if place == "note" else 1)
    assert "[bold red]" in " ".join(printed.split())  # shown as text, not taken for markup
    assert all(c == "\n" or c.isprintable() for c in printed)
    assert "::" not in printed  # GitHub would take a line that starts so for a command
    as_json = run("score", "p.json", *extra, "--json").stdout
    assert as_json.isascii()
    assert all(c == "\n" or c.isprintable() for c in as_json)


def test_a_refusal_prints_fifty_findings_and_counts_the_rest(folder: Path):
    answers = {f"Nowhere/Happy/{i:04d}": "Happy" for i in range(500)}
    Path("p.json").write_text(
        json.dumps({"format": "fervbench-recognition/1", "protocol": "ferv39k", "predictions": answers})
    )
    result = run("score", "p.json", "--missing", "wrong")
    assert sum(line.startswith("  /predictions/") for line in result.stderr.splitlines()) == 50
    assert "... and 450 more" in result.stderr


def process(*arguments: str, cwd: Path, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "fervbench", *arguments], cwd=cwd, text=True, capture_output=True, check=False, **options
    )


def test_a_reader_that_closes_the_pipe_gets_no_traceback(scored: Path, folder: Path):
    done = subprocess.run(
        f'"{sys.executable}" -m fervbench template ferv39k | head -n 1',
        shell=True,
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "{\n"
    assert "Traceback" not in done.stderr


def test_standard_input_is_read_as_a_file(scored: Path, folder: Path):
    done = process("score", "-", "--check", cwd=folder, input=scored.read_text())
    assert done.returncode == 0
    assert done.stdout.startswith("ok: -")


def test_a_terminal_without_unicode_gets_question_marks_and_no_traceback(scored: Path, folder: Path):
    done = process("score", scored.name, cwd=folder, env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0
    assert "? best" in done.stdout


def test_the_module_and_the_version(folder: Path):
    from fervbench import __version__

    assert process("--version", cwd=folder).stdout == f"fervbench {__version__}\n"


def test_interruption_leaves_130(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    from fervbench import cli as command_line

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("fervbench.submission.read_submission", interrupted)
    monkeypatch.setattr(sys, "argv", ["fervbench", "score", "x.json"])
    with pytest.raises(SystemExit) as left:
        command_line.main()
    assert left.value.code == 130
    assert "interrupted" in capsys.readouterr().err


def test_the_help_of_the_group_tells_what_the_commands_tell():
    overview = run("--help").stdout
    for name, (_, summary) in COMMANDS.items():
        command = cli.get_command(click.Context(cli), name)
        assert command.help.startswith(summary)
        assert summary in overview


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize("extra", [[], ["--json"]])
def test_a_full_disk_is_an_error_and_no_traceback(scored: Path, folder: Path, extra: list[str]):
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "fervbench", "score", scored.name, *extra],
            cwd=folder,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert "No space left" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [["examples", "write", "tiny", "--to", "file"], ["ground-truth", "add", "sdfe-lv", "spotting/intervals.json"]],
)
def test_a_folder_that_cannot_be_made_is_an_error(folder: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]):
    run("examples", "write", "spotting")
    Path("file").write_text("")
    monkeypatch.setenv("FERVBENCH_DATA", str(folder / "file"))
    result = run(*arguments)
    assert result.exit_code == 1
    assert "cannot be made" in result.stderr


def on_a_terminal(*arguments: str, cwd: Path) -> str:
    """What a terminal is sent: click takes escapes out where there is none, so only this shows them."""
    import pty

    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "fervbench", *arguments], cwd=cwd, stdout=theirs, stderr=theirs, close_fds=True
    )
    os.close(theirs)
    received = b""
    while True:
        try:
            chunk = os.read(ours, 65536)
        except OSError:  # the other side is closed
            break
        if not chunk:
            break
        received += chunk
    process.wait()
    os.close(ours)
    return received.decode()


def test_no_title_or_file_name_writes_escapes_to_a_terminal(folder: Path):
    run("examples", "write", "tiny")
    text = Path("tiny/protocol.toml").read_text()
    hostile = text.replace('title = "Tiny (made up)"', 'title = "\\u001b[2Jgone"')
    assert hostile != text
    Path("tiny/protocol.toml").write_text(hostile)
    odd = "\x1b[2Jname.json"
    Path(odd).write_bytes(Path("tiny/predictions.json").read_bytes())
    for arguments in (
        ["score", odd, "--protocol", "tiny/protocol.toml"],
        ["score", odd, "--protocol", "tiny/protocol.toml", "--check"],
        ["ground-truth", "show", "tiny/protocol.toml"],
        ["protocols", "show", "tiny/protocol.toml"],
        ["protocols", "stats", "tiny/protocol.toml"],
    ):
        assert "\x1b[2J" not in on_a_terminal(*arguments, cwd=folder), arguments


def test_check_writes_nothing_and_says_so(scored: Path):
    result = run("score", scored.name, "--check", "--output", "r.json")
    assert result.exit_code == 2
    assert not Path("r.json").exists()
