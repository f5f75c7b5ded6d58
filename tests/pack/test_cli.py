from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fervbench.cli import cli
from fervbench.pack import open_pack


@pytest.fixture
def folder(clips: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(clips.parent)
    return clips


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["pack", *arguments], catch_exceptions=False)


def test_both_ways_to_write_the_command(folder: Path):
    assert run("clips", "--out", "a", "--size", "16").exit_code == 0
    assert run("--size", "16", "--out", "b", "clips").exit_code == 0
    assert run("make", "clips", "--out", "c", "--size", "16x24").stdout == "c: 5 clips, 55 frames\n"
    assert Path("a/frames.npy").read_bytes() == Path("b/frames.npy").read_bytes()
    assert open_pack("c").frames.shape == (55, 16, 24, 3)
    assert run("clips", "--out", "d", "--size", "16", "--frames", "4").stdout == "d: 5 clips, 20 frames\n"
    assert run("verify", "a").stdout == "a: 5 clips, 55 frames, every byte as it was made\n"


def test_exit_codes(folder: Path):
    assert run("clips", "--out", "a", "--size", "16").exit_code == 0
    again = run("clips", "--out", "a", "--size", "16")
    assert (again.exit_code, "--force" in again.stderr) == (2, True)
    assert run("clips", "--out", "a", "--size", "16", "--force").exit_code == 0
    assert run("clips", "--out", "b", "--size", "big").exit_code == 2
    assert run("clips", "--out", "b", "--sampler", "linspace").exit_code == 2
    assert run("nothing", "--out", "b").exit_code == 1
    assert run("leaks", "a").exit_code == 2
    assert run("leaks", "a", "--all").exit_code == 0
    assert run("show", "clips").exit_code == 1
    assert run("verify", "clips").exit_code == 1


def test_bad_clips_are_named_and_exit_1_unless_allowed(folder: Path):
    (folder / "s1/Happy/4.jpg").write_bytes(b"nothing")
    result = run("clips", "--out", "a", "--size", "16")
    assert result.exit_code == 1
    assert "s1/Happy: 4.jpg: is no image" in result.stderr
    assert "--allow-missing" in result.stderr
    assert result.stdout == ""
    assert not Path("a").exists()
    document = json.loads(run("clips", "--out", "a", "--size", "16", "--json").stdout)
    assert (document["pack"], document["resumed"], document["problems"][0]["id"]) == (None, 4, "s1/Happy")
    result = run("clips", "--out", "a", "--size", "16", "--allow-missing")
    assert (result.exit_code, result.stdout) == (0, "a: 4 clips, 45 frames\n")
    assert "s1/Happy: 4.jpg" in result.stderr
    shown = run("show", "a").stdout
    assert "left out  1 clips" in shown


def test_verify_says_what_differs(folder: Path):
    assert run("clips", "--out", "a", "--size", "16").exit_code == 0
    data = bytearray(Path("a/frames.npy").read_bytes())
    data[128 + 768 * 9] ^= 4
    Path("a/frames.npy").write_bytes(data)
    result = run("verify", "a")
    assert result.exit_code == 1
    assert "s1/Happy does not have the hash" in result.stderr
    findings = json.loads(run("verify", "a", "--json").stdout)["findings"]
    assert [(f["rule"], f["id"]) for f in findings] == [("hash", "s1/Happy")]


def test_leaks_and_show_as_json(folder: Path, frames_of):
    frames_of(folder, "train/twin", 9, 0)
    frames_of(folder, "test/twin", 9, 0)
    assert run("clips", "--out", "a", "--size", "32").exit_code == 0
    found = json.loads(run("leaks", "a", "--json").stdout)["leaks"]
    assert [(leak["first"], leak["second"], leak["distance"]) for leak in found] == [("test/twin", "train/twin", 0)]
    assert "test/twin  train/twin" in run("leaks", "a").stdout
    shown = json.loads(run("show", "a", "--json").stdout)
    assert (shown["clips"], shown["parts"]) == (7, {"None": 5, "test": 1, "train": 1})
    assert shown["settings"]["sampler"] == "all"


def test_a_missing_library_names_its_extra(folder: Path, monkeypatch: pytest.MonkeyPatch):
    import sys

    monkeypatch.setitem(sys.modules, "simplejpeg", None)
    result = run("clips", "--out", "a")
    assert (result.exit_code, "fervbench[data]" in result.stderr) == (2, True)
    assert run("clips", "--out", "a", "--size", "16", "--decoder", "pillow").exit_code == 0
    monkeypatch.setitem(sys.modules, "av", None)
    Path("videos").mkdir()
    Path("videos/a.mp4").write_bytes(b"")
    result = run("videos", "--out", "b", "--decoder", "pillow")
    assert (result.exit_code, "fervbench[video]" in result.stderr) == (2, True)
