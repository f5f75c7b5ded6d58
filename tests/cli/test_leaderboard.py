"""`fervbench submit` and `fervbench leaderboard` from outside."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner, Result

from fervbench import schema
from fervbench.cli import cli


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    run("examples", "write", "mae-dfer-overall-only")
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, list(arguments), catch_exceptions=False)


def init(*more: str) -> Result:
    basic = ("submit", "init", "mae-dfer-overall-only.json", "--method", "My model", "--team", "My group")
    return run(*basic, *more)


def test_a_first_entry_and_its_check(folder: Path):
    made = init("--yes")
    assert made.exit_code == 0, made.stderr
    assert "overall: WAR 52.07  UAR 43.12" in made.stdout
    assert "git switch -c my-model" in made.stdout
    entry = folder / "submissions" / "ferv39k" / "my-model"
    assert sorted(path.name for path in entry.iterdir()) == ["predictions.json.gz", "result.json", "submission.json"]
    for name, kind in (("submission", "entry"), ("result", "result")):
        jsonschema.Draft202012Validator(schema.load(kind)).validate(json.loads((entry / f"{name}.json").read_text()))
    checked = run("leaderboard", "check")
    assert checked.exit_code == 0, checked.stdout
    assert "1 entry checked: 0 errors, 0 warnings, 4 notes" in checked.stdout
    for name in ("submissions/ferv39k/my-model", "ferv39k/my-model", "my-model", "submissions/ferv39k", "submissions"):
        assert run("leaderboard", "check", name).exit_code == 0, name


def test_nothing_is_replaced_without_force(folder: Path):
    assert init("--yes").exit_code == 0
    before = (folder / "submissions/ferv39k/my-model/submission.json").read_bytes()
    again = init("--yes", "--team", "Others")
    assert again.exit_code == 2
    assert "--force" in again.stderr
    assert (folder / "submissions/ferv39k/my-model/submission.json").read_bytes() == before
    assert init("--yes", "--force").exit_code == 0
    assert [path.name for path in (folder / "submissions/ferv39k").iterdir()] == ["my-model"]


def test_everything_that_can_be_declared(folder: Path):
    made = init(
        "--yes", "--slug", "full", "--paper-title", "A paper", "--paper-url", "https://example.org/p", "--venue", "V",
        "--year", "2025", "--code", "https://example.org/c", "--modality", "face", "--modality", "context",
        "--pretraining", "generic:Kinetics-400", "--extra-data", "none", "--frames", "16", "--size", "112",
        "--parameters", "33.2", "--flops", "40.7", "--views", "4", "--ensemble", "1", "--chosen-on", "validation",
        "--chosen-by", "best UAR", "--test-evaluations", "1", "--claim", "WAR=0.5207", "--claim", "overall:UAR=0.4312",
        "--json",
    )  # fmt: skip
    assert made.exit_code == 0, made.stderr
    assert json.loads(made.stdout)["claimed"] == {"overall": {"WAR": 0.5207, "UAR": 0.4312}}
    about = json.loads((folder / "submissions/ferv39k/full/submission.json").read_text())
    assert about["selection"] == {"split": "validation", "n_test_evaluations": 1, "rule": "best UAR"}
    assert about["pretraining"] == [{"data": "Kinetics-400", "kind": "generic"}]
    assert about["input"] == {"frames": 16, "size": 112}
    assert run("leaderboard", "check").stdout.strip().endswith("0 errors, 0 warnings, 0 notes")
    shown = run("leaderboard", "show", "--track", "context", "--json")
    jsonschema.Draft202012Validator(schema.load("ranking")).validate(json.loads(shown.stdout))
    (ranking,) = json.loads(shown.stdout)["rankings"]
    assert ranking["rows"][0]["entry"] == "ferv39k/full"
    assert run("leaderboard", "show", "--track", "face").stdout == "no entries\n"


@pytest.mark.parametrize(
    ("more", "code", "said"),
    [
        (["--yes", "--slug", "No Slug"], 1, "bad-slug"),
        (["--yes", "--claim", "WAR=52.07"], 2, "a share of 1"),
        (["--yes", "--claim", "WAR"], 2, "METRIC=SHARE"),
        (["--yes", "--claim", "WAR=0.9"], 1, "claim-differs"),
        (["--yes", "--pretraining", "Kinetics"], 2, "KIND:DATA"),
        (["--yes", "--pretraining", "much:Kinetics"], 1, "generic"),
        (["--yes", "--paper-title", "T"], 2, "--paper-url"),
        (["--yes", "--code", "http://x"], 1, "wrong-value"),
        (["--yes", "--method", "\u200b"], 2, "--slug"),
        (["--yes", "--method", "A\u202eb"], 1, "invisible-text"),
        (["--yes", "--job", "."], 2, "FILE or --job"),
        (["--yes", "--protocol", "dfew"], 2, "--claim"),
    ],
)
def test_what_init_refuses_and_leaves_no_trace(folder: Path, more: list[str], code: int, said: str):
    result = init(*more)
    assert result.exit_code == code, result.output
    assert said in result.stderr
    assert not (folder / "submissions").exists()


def test_a_job_of_run_baseline_with_its_record(folder: Path):
    import hashlib

    config = {"settings": {"model": "c3d"}, "synthetic": False}
    digest = hashlib.sha256(json.dumps(config, sort_keys=True).encode()).hexdigest()
    job = folder / f"c3d-{digest[:16]}"
    job.mkdir()
    (folder / "mae-dfer-overall-only.json").rename(job / "predictions.json")
    (job / "config.json").write_text(json.dumps(config, indent=1))
    made = run("submit", "init", "--job", str(job), "--method", "C3D", "--team", "T", "--yes")
    assert (made.exit_code, "no finished job" in made.stderr) == (1, True)
    (job / "done.json").write_text("{}")
    made = run("submit", "init", "--job", str(job), "--method", "C3D", "--team", "T", "--yes")
    assert made.exit_code == 0, made.stderr
    assert "reproduced" in run("leaderboard", "show").stdout


def test_a_difference_is_exit_code_4_and_json_is_findings(folder: Path):
    assert init("--yes").exit_code == 0
    path = folder / "submissions/ferv39k/my-model/submission.json"
    path.write_text(path.read_text().replace("0.5207", "0.5307"))
    result = run("leaderboard", "check", "--json", "--output", "findings.json")
    assert result.exit_code == 4
    document = json.loads(result.stdout)
    jsonschema.Draft202012Validator(schema.load("findings")).validate(document)
    assert {f["rule"] for f in document["findings"] if f["severity"] == "error"} == {"claim-differs"}
    assert json.loads((folder / "findings.json").read_text()) == document
    annotated = run("leaderboard", "check", "--github")
    assert annotated.stdout.startswith("::")
    assert "file=submissions/ferv39k/my-model/submission.json,title=claim-differs::" in annotated.stdout
    comment = run("leaderboard", "comment", "findings.json").stdout
    assert comment.startswith("### Leaderboard check")
    assert "1 errors" in comment
    assert run("leaderboard", "comment", "submissions/ferv39k/my-model/submission.json").exit_code == 1


def test_usage(folder: Path):
    assert run("leaderboard", "check").exit_code == 2  # no board
    assert init("--yes").exit_code == 0
    assert run("leaderboard", "check", "nothing").exit_code == 2
    assert run("leaderboard", "show", "dfew").exit_code == 2
    assert run("leaderboard", "show", "--by", "mAP").exit_code == 2
    assert run("leaderboard", "check", "--github", "--json").exit_code == 2
    assert run("leaderboard", "check", "--tree", "HEAD", "my-model").exit_code == 2


def test_against_a_base_in_a_repository(folder: Path):
    def git(*arguments: str) -> None:
        options = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main"]
        subprocess.run(["git", *options, *arguments], check=True, capture_output=True, cwd=folder)

    git("init", "--quiet")
    init("--yes", "--slug", "first")
    git("add", "submissions")
    git("commit", "--quiet", "-m", "first")
    other = json.loads((folder / "mae-dfer-overall-only.json").read_text())
    other["predictions"] = dict.fromkeys(other["predictions"], "Happy")
    (folder / "happy.json").write_text(json.dumps(other))
    run("submit", "init", "happy.json", "--method", "Happy", "--team", "T", "--yes")
    found = run("leaderboard", "check", "--against", "HEAD")
    assert found.exit_code == 0, found.stdout
    assert "1 entry checked" in found.stdout
    (folder / "submissions/ferv39k/first/result.json").unlink()
    found = run("leaderboard", "check", "--against", "HEAD")
    assert found.exit_code == 1
    assert "removed" in found.stdout
    assert "other-entry" in found.stdout


def test_questions_at_a_terminal(folder: Path, monkeypatch: pytest.MonkeyPatch):
    import fervbench.cli.submit as module

    monkeypatch.setattr(module, "_at_a_terminal", lambda: True)
    answers = [
        "mae-dfer-overall-only.json", "Asked", "A team", "https://example.org/p", "https://example.org/c", "none",
        "last epoch", "A paper", "face, context", "none", "none",
    ]  # fmt: skip
    made = CliRunner().invoke(cli, ["submit", "init"], catch_exceptions=False, input="\n".join(answers) + "\n")
    assert made.exit_code == 0, made.output
    about = json.loads((folder / "submissions/ferv39k/asked/submission.json").read_text())
    assert about["modalities"] == ["face", "context"]
    assert about["paper"] == {"title": "A paper", "url": "https://example.org/p"}
    assert about["pretraining"] == []
    assert about["selection"] == {"split": "none", "n_test_evaluations": None, "rule": "last epoch"}
    assert run("leaderboard", "check").stdout.strip().endswith("0 errors, 0 warnings, 0 notes")


def test_an_entry_whose_labels_are_not_here(folder: Path):
    """Made-up answers to as many clips as DFEW has: the form is in order, and nobody says more."""
    answers = {f"{i:05d}": "Happy" for i in range(1, 11698)}
    content = {"format": "fervbench-recognition/1", "protocol": "dfew", "predictions": answers}
    (folder / "dfew.json").write_text(json.dumps(content))
    basic = ("submit", "init", "dfew.json", "--method", "All happy", "--team", "T", "--yes")
    assert run(*basic).exit_code == 2  # nothing can be claimed from the file
    made = run(*basic, "--claim", "WAR=0.209", "--claim", "UAR=0.1429")
    assert made.exit_code == 0, made.stderr
    assert not (folder / "submissions/dfew/all-happy/result.json").exists()
    checked = run("leaderboard", "check")
    assert checked.exit_code == 0
    assert "pending" in checked.stdout
    shown = run("leaderboard", "show", "dfew")
    assert "reported, pending" in shown.stdout
    assert "20.90" in shown.stdout


def test_the_tracks_of_the_options_are_those_of_the_board():
    from fervbench.cli.options import TRACKS as OFFERED
    from fervbench.leaderboard.tracks import TRACKS

    assert tuple(TRACKS) == OFFERED
