"""Documentation runs: every command of the README and of every --help, in a folder with the files they name."""

from __future__ import annotations

import csv
import json
import re
import shlex
import zlib
from importlib.util import find_spec
from pathlib import Path

import click
import numpy as np
import pytest
from click.testing import CliRunner

from fervbench import load_ground_truth, load_protocol
from fervbench.cli import COMMANDS, cli
from fervbench.examples import write_example
from fervbench.pack import write_pack

ROOT = Path(__file__).resolve().parents[2]
ALPHABETICAL = ["Angry", "Disgust", "Fear", "Happy", "Neutral", "Sad", "Surprise"]


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files that the documentation takes for granted."""
    monkeypatch.chdir(tmp_path)
    write_example("mae-dfer-overall-only", tmp_path)
    write_example("tiny", tmp_path)
    write_example("spotting", tmp_path)
    write_example("table", tmp_path)
    write_example("ratings", tmp_path)
    (tmp_path / "mae-dfer-overall-only.json").rename(tmp_path / "predictions.json")
    predictions = json.loads((tmp_path / "predictions.json").read_text())
    for name, step in (("other", 9), ("third", 17)):  # every ninth, every seventeenth clip is Happy
        ids = sorted(predictions["predictions"])
        answers = predictions["predictions"] | dict.fromkeys(ids[::step], "Happy")
        (tmp_path / f"{name}.json").write_text(json.dumps(predictions | {"predictions": answers}))
    write_frames(tmp_path / "clips", {"a/Happy/1": 9, "a/Sad/2": 12})
    shades = np.random.default_rng(0).integers(0, 256, (2, 3, 32, 32, 3), dtype=np.uint8)
    clips = [("a/Happy/1", "Happy", shades[0]), ("a/Sad/2", "Sad", shades[1])]
    write_pack(clips, tmp_path / "faces.pack", parts={"a/Happy/1": "train", "a/Sad/2": "test"})
    write_world(tmp_path)
    ids = load_ground_truth(load_protocol("ferv39k")).ids
    for name, header, answer in (
        ("answers.csv", ["clip_id", "label"], ["Happy"]),
        ("scores.csv", ["clip_id", *load_protocol("ferv39k").classes], ["0.1"] * 6 + ["0.4"]),
        ("numbers.csv", ["clip_id", "label"], [str(ALPHABETICAL.index("Happy"))]),
    ):
        with (tmp_path / name).open("w", newline="") as file:
            csv.writer(file).writerows([header, *([id, *answer] for id in ids)])
    return tmp_path


def write_board(folder: Path) -> None:
    """`submissions/ferv39k/my-model`, made of `third.json`."""
    about = ["--method", "My model", "--team", "My group", "--yes", "--dir", str(folder / "submissions")]
    result = CliRunner().invoke(cli, ["submit", "init", str(folder / "third.json"), *about], catch_exceptions=False)
    assert result.exit_code == 0, result.output


def write_world(folder: Path) -> None:
    """`tiny.toml` with its labels and `tiny.pack`: 24 drawn clips of two classes to train a baseline on."""
    rng = np.random.default_rng(0)
    clips, parts, rows = [], {}, ["clip_id,label,configuration,part"]
    for c, label in enumerate(("Happy", "Sad")):
        for k in range(12):
            id = f"A/{label}/{k:04d}"
            frames = rng.integers(0, 150, (4, 37, 37, 3), dtype=np.uint8)
            frames[..., c] += 90
            parts[id] = "test" if k < 4 else "train"
            clips.append((id, label, frames))
            rows.append(f"{id},{label},A,{parts[id]}")
    write_pack(clips, folder / "tiny.pack", parts=parts)
    (folder / "tiny-labels.csv").write_text("\n".join(rows) + "\n")
    (folder / "tiny.toml").write_text(
        """
        format = "fervbench-protocol/1"
        id = "drawn"
        version = "1.0.0"
        title = "Drawn"
        task = "recognition"
        classes = ["Happy", "Sad"]
        default_source = "A"
        aggregation = "pooled"
        ground_truth = { kind = "labels", labels = "tiny-labels.csv" }
        configurations = { A = { level = "all" } }
        evaluations = { overall = { kind = "grid", source_levels = ["all"], target_levels = ["all"] } }
        """
    )


def write_frames(folder: Path, clips: dict[str, int]) -> None:
    """Folders of small PNG frames 1.png, 2.png, ...; written by hand, as there may be no Pillow here."""
    rng = np.random.default_rng(0)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)

    for id, length in clips.items():
        (folder / id).mkdir(parents=True)
        for number in range(1, length + 1):
            rows = b"".join(b"\0" + rng.bytes(3 * 40) for _ in range(40))
            head = (40).to_bytes(4) * 2 + bytes((8, 2, 0, 0, 0))
            parts = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
            (folder / id / f"{number}.png").write_bytes(b"\x89PNG\r\n\x1a\n" + parts)


def needs(command: str) -> str | None:
    """The extra that a command needs and this environment lacks: the wheel is tried without extras."""
    if "--plot" in command and find_spec("matplotlib") is None:
        return "site"
    if command.startswith("fervbench leaderboard build") and find_spec("jinja2") is None:
        return "site"
    makes_a_pack = " --out " in command and command.startswith("fervbench pack")
    if makes_a_pack and (find_spec("PIL") is None or find_spec("simplejpeg") is None):
        return "data"
    if command.startswith("fervbench run-baseline") and find_spec("torch") is None:
        return "baselines"
    return "data" if command.startswith("fervbench synthesize") and find_spec("PIL") is None else None


def commands_of(command: click.Command, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], click.Command]]:
    found = [(path, command)]
    if isinstance(command, click.Group):
        names = COMMANDS if command is cli else command.commands
        for name in names:
            found += commands_of(command.get_command(click.Context(command), name), (*path, name))
    return found


ALL = commands_of(cli)


def examples_of(command: click.Command) -> list[str]:
    text = (command.help or "").split("Example:", 1)[-1]
    return [line.strip() for line in text.splitlines() if line.strip().startswith("fervbench ")]


@pytest.mark.parametrize(("path", "command"), ALL, ids=[" ".join(path) or "fervbench" for path, _ in ALL])
def test_every_help_has_examples_and_they_run(workplace: Path, path: tuple[str, ...], command: click.Command):
    runner = CliRunner()
    shown = runner.invoke(cli, [*path, "--help"])
    assert shown.exit_code == 0
    examples = examples_of(command)
    assert examples
    if path[:1] in (("leaderboard",), ("export",)):
        write_board(workplace)
    if path[:1] == ("export",):
        runner.invoke(cli, ["score", "predictions.json", "--output", "report.json"], catch_exceptions=False)
    lacking = None
    for example in examples:
        assert example in shown.stdout  # not wrapped
        result = runner.invoke(cli, shlex.split(example)[1:], catch_exceptions=False)
        if needs(example):
            lacking = needs(example)
            assert (result.exit_code, f"fervbench[{lacking}]" in result.stderr) == (2, True)
        elif lacking == "data":  # what it would have made is not there
            assert result.exit_code in (0, 1)
        else:
            assert result.exit_code == 0, f"{example}\n{result.stderr}"


def readme() -> str:
    path = ROOT / "README.md"
    return path.read_text(encoding="utf-8")


SMALLER = {"--scale 0.1 ": "--scale 0.001 ", "--epochs 15": "--epochs 1"}  # what takes minutes, in seconds


def test_every_console_line_of_the_readme_runs(workplace: Path):
    blocks = re.findall(r"```console\n(.*?)```", readme(), re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    commands = [line[2:] for line in lines if line.startswith("$ ")]
    assert len(commands) >= 12
    (workplace / "predictions.json").unlink()  # the README makes it
    for command in commands:
        run = command
        for long, short in SMALLER.items():
            run = run.replace(long, short)
        result = CliRunner().invoke(cli, shlex.split(run)[1:], catch_exceptions=False)
        wanted = 1 if "invalid.json" in command else 0
        if needs(command):
            wanted = 2
        assert result.exit_code == wanted, f"{command}\n{result.stderr}"
        shown = lines[lines.index(f"$ {command}") + 1 :]
        for line in shown:
            if line.startswith("$ ") or line == "...":
                break
            assert line in result.output, line


def test_every_command_line_of_the_readme_is_run_by_someone():
    """Two install commands (.ci/run), console blocks (above), and one block that needs licensed data."""
    text = readme()
    licensed = re.findall(r"```text\n(.*?)```", text, re.DOTALL)
    assert len(licensed) == 1
    assert all(line.startswith("fervbench ") and "dfew" in line for line in licensed[0].splitlines())
    assert len(re.findall(r"```sh\npython3 -m venv ", text)) == 2
    assert len(re.findall(r"```sh\n", text)) == 2


def test_the_licensed_block_of_the_readme_runs_on_the_public_lists(workplace: Path, lists: Path):
    import json

    folder = workplace / "EmoLabel_DataSplit"
    for part in ("train", "test"):
        (folder / f"{part}(single-labeled)").mkdir(parents=True)
        for k in range(1, 6):
            source = lists / "dfew" / f"{part}_set_{k}.csv"
            (folder / f"{part}(single-labeled)" / f"set_{k}.csv").write_bytes(source.read_bytes())
    dfew = load_protocol("dfew")
    answers = dict.fromkeys(load_ground_truth(dfew, folder).ids, "Happy")
    document = {"format": "fervbench-recognition/1", "protocol": "dfew", "predictions": answers}
    (workplace / "dfew-predictions.json").write_text(json.dumps(document))
    block = re.findall(r"```text\n(.*?)```", readme(), re.DOTALL)[0]
    for line in block.splitlines():
        result = CliRunner().invoke(cli, shlex.split(line)[1:], catch_exceptions=False)
        assert result.exit_code == 0, result.stderr
    assert "WAR 20.90  UAR 14.29" in result.stdout  # 2,445 of 11,697; one class of seven


def test_the_python_of_the_readme_runs(workplace: Path):
    block = re.findall(r"```python\n(.*?)```", readme(), re.DOTALL)[0]
    names: dict[str, object] = {}
    exec(compile(block, "README.md", "exec"), names)
    assert names["uar"]([0, 0, 1], [0, 1, 1], classes=2) == 0.75
