"""`fervbench run-baseline` for a spotting protocol, and the spotting recipes of `fervbench baselines`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from fervbench.cli import cli
from fervbench.interval_files import Video, write_intervals
from fervbench.pack import write_pack

FPS, SNIPPETS = 16.0, 8
SMALL = ["--set", "bins=10", "--set", "points=4", "--epochs", "1"]


def write(folder: Path, *, synthetic: bool = True, protocol: str = "sdfe-lv-synthetic") -> Path:
    """Features as `fervbench` writes them, and intervals, of twelve videos."""
    from fervbench.reference.spotting.store import write_features

    rng = np.random.default_rng(0)
    ids = [f"v{i:02d}" for i in range(12)]
    videos = {id: Video(8.0, FPS, f"s{i}", None, ((1.0, 4.0, "Happy"),)) for i, id in enumerate(ids)}
    (folder / "intervals.json").write_text(write_intervals(videos))
    identity = {
        "extractor": {"model": "r18-lstm", "job": "r18-lstm-0", "weights_sha256": "0", "trained_on": "dfew/fd1"},
        "snippet": {"frames": 16, "step": 16},
        "frames": dict.fromkeys(ids, SNIPPETS * 16),
        "synthetic": synthetic,
    }
    write_features(
        folder / "features",
        dict.fromkeys(ids, SNIPPETS),
        8,
        identity,
        lambda id: rng.normal(size=(SNIPPETS, 8)).astype(np.float32),
        done=lambda _: None,
    )
    return folder


def run(folder: Path, name: str = "BMN", *options: str, features: str | None = "features", data: str = "") -> Result:
    arguments = ["run-baseline", name, "--protocol", "sdfe-lv", "--data", str(folder / data)]
    arguments += ["--out", str(folder / "out")]
    arguments += ["--device", "cpu", "--seed", "0"]
    arguments += ["--features", str(folder / features) if features != "none" else "none"] if features else []
    return CliRunner().invoke(cli, [*arguments, *options])


def test_it_ends_in_a_report_and_prints_the_stored_one_again(tmp_path: Path, torch):
    write(tmp_path)
    first = run(tmp_path, "BMN", *SMALL)
    assert first.exit_code == 0, first.stderr
    assert "fervbench|p:sdfe-lv-synthetic@1.0.0+" in first.stdout
    assert "synthetic data: no verdict" in first.stdout
    assert "best on the validation part" in first.stderr
    again = run(tmp_path, "BMN", *SMALL)
    assert "done before" in again.stderr
    assert again.stdout.replace(" (done before)", "") == first.stdout
    as_json = json.loads(run(tmp_path, "BMN", *SMALL, "--json").stdout)
    assert as_json["format"] == "fervbench-report/1"
    job = Path(first.stdout.splitlines()[-1].removeprefix("job: "))
    scored = CliRunner().invoke(
        cli, ["score", str(job / "proposals.json"), "--protocol", str(job / "protocol.toml"), "--json"]
    )
    assert scored.exit_code == 0, scored.stderr
    assert json.loads(scored.stdout)["cells"] == as_json["cells"]


def test_real_features_are_set_beside_the_published_row(tmp_path: Path, torch):
    write(tmp_path, synthetic=False)
    shown = run(tmp_path, "BMN, Resnet18-LSTM", *SMALL)
    assert shown.exit_code == 0, shown.stderr
    assert "56.43" in shown.stdout
    assert "synthetic" not in shown.stdout


@pytest.mark.parametrize("control", ["--shuffled-features", "--shuffled-test-features"])
def test_a_control_says_what_it_is_and_stands_beside_no_published_row(tmp_path: Path, torch, control: str):
    write(tmp_path, synthetic=False)
    shown = run(tmp_path, "BMN, Resnet18-LSTM", *SMALL, control)
    assert shown.exit_code == 0, shown.stderr
    assert " ".join(shown.stdout.split()).count("what is above random was not seen in the videos") == 1
    assert "a control: nothing to set beside the published numbers" in shown.stdout
    assert "56.43" not in shown.stdout
    plain = run(tmp_path, "BMN, Resnet18-LSTM", *SMALL)
    assert ("done before" in plain.stderr) == (control == "--shuffled-test-features")
    jobs = {each.stdout.splitlines()[-1].removesuffix(" (done before)") for each in (shown, plain)}
    assert len(jobs) == 2


@pytest.mark.parametrize("control", [(), ("--shuffled-features",), ("--shuffled-test-features",)])
def test_what_is_synthetic_is_said_once(tmp_path: Path, torch, control: tuple[str, ...]):
    shown = run(write(tmp_path), "BMN", *SMALL, *control)
    assert shown.exit_code == 0, shown.stderr
    assert shown.stdout.count("SYNTHETIC DATA") == 1


def test_several_features_one_job_each(tmp_path: Path, torch):
    write(tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    write(other)
    shown = run(tmp_path, "TURN", "--features", str(other / "features"), "--set", "steps=2", "--epochs", "1", "--json")
    assert shown.exit_code == 0, shown.stderr
    assert len(json.loads(shown.stdout)) == 2


@pytest.mark.parametrize(
    ("name", "options", "features", "code", "said"),
    [
        ("TUNR", [], "features", 2, "did you mean 'turn'?"),
        ("BMN", [], None, 2, "needs --features"),
        ("BMN", [], "none", 2, "bmn needs features"),
        ("BMN", ["--set", "bin=5"], "features", 2, "did you mean 'bins'?"),
        ("BMN", ["--set", "bins"], "features", 2, "is not NAME=VALUE"),
        ("BMN", ["--frames", "4"], "features", 2, "--frames is for baselines of recognition"),
        ("bmn+c3d", SMALL, "features", 1, "features of another extractor"),
        ("BMN", [], "nowhere", 3, "no job of a recognition network"),
        ("BMN", ["--shuffled-features", "--shuffled-test-features"], "features", 2, "two controls"),
        ("R-C3D", [], "features", 1, "is no job of a recognition network"),
    ],
)
def test_what_is_refused(tmp_path: Path, torch, name: str, options: list[str], features: str, code: int, said: str):
    write(tmp_path)
    found = run(tmp_path, name, *options, features=features)
    assert found.exit_code == code
    assert said in found.stderr


def test_rc3d_sees_frames(tmp_path: Path, torch):
    write(tmp_path)
    rng = np.random.default_rng(0)
    clips = ((f"v{i:02d}", None, rng.integers(0, 255, (128, 37, 37, 3), dtype=np.uint8)) for i in range(12))
    write_pack(clips, tmp_path / "faces.pack", source={"kind": "drawn", "synthetic": True})
    options = ["--set", "window=32", "--set", "stride=4", "--set", "train_step=32", "--set", "test_step=32"]
    options += ["--set", "scales=[1,2]", "--set", "width=0.0625", "--epochs", "1", "--size", "32"]
    options += ["--ground-truth", str(tmp_path / "intervals.json")]
    shown = run(tmp_path, "R-C3D", *options, features="none", data="faces.pack")
    assert shown.exit_code == 0, shown.stderr
    assert "AUC" in shown.stdout


def test_the_spotting_recipes_are_listed_and_shown():
    listed = CliRunner().invoke(cli, ["baselines", "list", "--protocol", "sdfe-lv"], catch_exceptions=False).stdout
    for network in ("bmn", "bsn", "turn", "r-c3d"):
        assert f"sdfe-lv/{network} " in listed
    shown = CliRunner().invoke(cli, ["baselines", "show", "BMN"], catch_exceptions=False).stdout
    lines = shown.splitlines()
    assert lines[0] == "sdfe-lv/bmn  BMN, Boundary-Matching Network"
    assert max(map(len, lines)) <= 80
    assert "  alpha = 0.4" in lines
    assert "56.43" in shown
    found = json.loads(CliRunner().invoke(cli, ["baselines", "show", "r-c3d", "--json"], catch_exceptions=False).stdout)
    assert found["settings"]["network"]["window"]["value"] == 512
    everything = json.loads(CliRunner().invoke(cli, ["baselines", "list", "--json"], catch_exceptions=False).stdout)
    assert {"sdfe-lv/bmn", "sdfe-lv/r18-lstm"} <= {row["id"] for row in everything}
