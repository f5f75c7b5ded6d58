"""The workflows' own commands, run against a local repository with pull requests of strangers."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import ABOUT, REPORTED, answers, put

yaml = pytest.importorskip("yaml")
ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = ROOT / ".github" / "workflows"
pytestmark = [
    pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed"),
    pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed"),
    pytest.mark.skipif(not WORKFLOWS.is_dir(), reason="the workflows are not here: an installed wheel is tested"),
]
GOOD = ABOUT | REPORTED | {"claimed": {"overall": {"WAR": 0.5}}}
GIT = ["-c", "user.name=A stranger", "-c", "user.email=stranger@example.org", "-c", "commit.gpgsign=false",
       "-c", "core.symlinks=true", "-c", "protocol.file.allow=always", "-c", "init.defaultBranch=main"]  # fmt: skip


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), *GIT, *arguments],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"},
    )
    return done.stdout.strip()


def load(name: str) -> dict[str, Any]:
    """A workflow; YAML 1.1 reads the key `on` as true."""
    content = yaml.safe_load((WORKFLOWS / name).read_text(encoding="utf-8"))
    content["on"] = content.pop(True, content.get("on"))
    return content


def steps(name: str, job: str) -> list[dict[str, Any]]:
    return load(name)["jobs"][job]["steps"]


class Place:
    """`origin` with the base branch and pull requests, and `work`, the base as the workflow checks it out."""

    def __init__(self, folder: Path) -> None:
        self.origin, self.author, self.work = folder / "origin.git", folder / "author", folder / "work"
        git_folder = folder / "home"
        git_folder.mkdir()
        git(git_folder, "init", "--quiet", "--bare", str(self.origin))
        git(git_folder, "init", "--quiet", str(self.author))
        put(self.author / "submissions", "first", GOOD)
        put(self.author / "submissions", "second", GOOD | {"method": {"name": "Second"}})
        put(self.author / "submissions", "scored", ABOUT, answers(5))
        (self.author / "fervbench").mkdir()
        (self.author / "fervbench" / "tool.py").write_text("# the tool\n")
        self.base = self.commit("base")
        git(self.author, "push", "--quiet", str(self.origin), "HEAD:refs/heads/main")
        git(git_folder, "clone", "--quiet", str(self.origin), str(self.work))

    def commit(self, message: str) -> str:
        git(self.author, "add", "--all")
        git(self.author, "commit", "--quiet", "--allow-empty", "-m", message)
        return git(self.author, "rev-parse", "HEAD")

    def pull_request(self, change: Callable[[Path, Path], None], number: int = 7) -> str:
        """Commit a change and offer it as a pull request; the head."""
        git(self.author, "checkout", "--quiet", "--detach", self.base)
        git(self.author, "clean", "-ffdxq")  # a repository within is cleaned away with the second f alone
        change(self.author / "submissions", self.author)
        head = self.commit("change")
        git(self.author, "push", "--quiet", "--force", str(self.origin), f"HEAD:refs/pull/{number}/head")
        return head

    def run(self, head: str, number: int = 7, base: str | None = None) -> subprocess.CompletedProcess[str]:
        """The workflow's commands but for the installation, each in a shell as the runner starts it."""
        event = {
            "github.event.pull_request.base.sha": base or self.base,
            "github.event.pull_request.head.sha": head,
            "github.event.pull_request.number": str(number),
        }
        return run_steps("leaderboard.yml", "check", self.work, event)


def run_steps(
    name: str, job: str, work: Path, event: dict[str, str], path: str = ""
) -> subprocess.CompletedProcess[str]:
    done = subprocess.CompletedProcess([], 0, "", "")
    out = ""
    for step in steps(name, job):
        if "run" not in step or "pip install" in step["run"]:
            continue
        own = {key: re.sub(r"\$\{\{ ([a-z_.]+) \}\}", lambda m: event[m[1]], value)
               for key, value in step.get("env", {}).items()}  # fmt: skip
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=work,
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": f"{path}{Path(sys.executable).parent}:{os.environ['PATH']}", "HOME": str(work.parent),
                 "FERVBENCH_DATA": str(work.parent / "data"), "GIT_CONFIG_NOSYSTEM": "1", **own},
        )  # fmt: skip
        out += done.stdout
        if done.returncode:
            break
    return subprocess.CompletedProcess(done.args, done.returncode, out, done.stderr)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return Place(tmp_path_factory.mktemp("hub"))


def findings(place: Place) -> list[dict[str, Any]]:
    return json.loads((place.work / "findings.json").read_text())["findings"]


def rules(place: Place, severity: str = "error") -> set[str]:
    return {finding["rule"] for finding in findings(place) if finding["severity"] == severity}


@pytest.mark.parametrize("name", ["leaderboard.yml", "leaderboard-comment.yml"])
def test_what_keeps_a_workflow_safe(name: str):
    content = load(name)
    assert "pull_request_target" not in content["on"]
    text = (WORKFLOWS / name).read_text()
    assert "unsafe" not in text
    for job in content["jobs"].values():
        assert "permissions" not in job
        for step in job["steps"]:
            assert "${{" not in step.get("run", ""), "values come through env alone"
            if "uses" in step:
                assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", step["uses"])
            if str(step.get("uses", "")).startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False
                assert "head" not in str(step["with"].get("ref", ""))
            assert "actions/cache" not in str(step.get("uses", ""))


def test_the_check_reads_only_and_the_comment_runs_apart():
    assert load("leaderboard.yml")["permissions"] == {"contents": "read"}
    assert load("leaderboard.yml")["on"] == {"pull_request": None}
    second = load("leaderboard-comment.yml")
    assert second["on"]["workflow_run"]["workflows"] == [load("leaderboard.yml")["name"]]
    assert second["permissions"] == {"actions": "read", "contents": "read", "pull-requests": "write"}


def test_the_tool_is_that_of_the_base():
    found = steps("leaderboard.yml", "check")
    assert found[0]["with"]["ref"] == "${{ github.event.pull_request.base.sha }}"
    assert [step["run"] for step in found if "pip install" in step.get("run", "")] == [
        "python -m pip install --quiet -c constraints.txt ."
    ]


def test_a_good_entry_passes(place: Place):
    head = place.pull_request(lambda board, _: put(board, "new", ABOUT, answers(9)))
    done = place.run(head)
    assert done.returncode == 0, done.stdout + done.stderr
    assert rules(place) == set()
    assert not (place.work / "submissions" / "ferv39k" / "new").exists()  # nothing was checked out


def test_an_entry_beside_which_the_base_has_moved_on(place: Place):
    head = place.pull_request(lambda board, _: put(board, "new", ABOUT, answers(9)))
    git(place.author, "checkout", "--quiet", "--detach", place.base)
    put(place.author / "submissions", "merged-meanwhile", GOOD | {"method": {"name": "Third"}})
    moved = place.commit("another entry")
    git(place.author, "push", "--quiet", "--force", str(place.origin), "HEAD:refs/heads/main")
    git(place.work, "fetch", "--quiet", "origin")
    done = place.run(head, base=moved)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_pull_request_without_an_entry_passes(place: Place):
    head = place.pull_request(lambda _, root: (root / "README.md").write_text("better"))
    assert place.run(head).returncode == 0
    assert rules(place) == set()


def symlink(board: Path, _: Path) -> None:
    (board / "ferv39k" / "linked").mkdir()
    (board / "ferv39k" / "linked" / "submission.json").symlink_to("/etc/passwd")


def linked_folder(board: Path, _: Path) -> None:
    (board / "ferv39k" / "linked").symlink_to("../../fervbench")


def submodule(board: Path, _: Path) -> None:
    inner = put(board, "sub", GOOD) / "predictions.json"
    inner.mkdir()
    git(inner, "init", "--quiet")
    git(inner, "commit", "--quiet", "--allow-empty", "-m", "inner")


def edits_the_tool(board: Path, root: Path) -> None:
    put(board, "new", GOOD | {"rank": 1})
    (root / "fervbench" / "tool.py").write_text("import os\n")
    schemas = root / "fervbench" / "schemas"
    schemas.mkdir()
    (schemas / "entry.schema.json").write_text("{}")
    (root / "conftest.py").write_text("raise SystemExit(0)\n")


def edits_another(board: Path, _: Path) -> None:
    put(board, "new", GOOD | {"method": {"name": "New"}})
    put(board, "first", GOOD | {"claimed": {"overall": {"WAR": 0.9}}})


def removes(board: Path, _: Path) -> None:
    shutil.rmtree(board / "ferv39k" / "second")
    put(board, "new", GOOD)


def result_by_hand(board: Path, _: Path) -> None:
    put(board, "handmade", GOOD | {"protocol": "dfew", "claimed": {"five-fold": {"WAR": 0.9}}}, protocol="dfew",
        result=a_result("dfew/handmade"))  # fmt: skip


def a_result(id: str) -> dict[str, Any]:
    return {"format": "fervbench-result/1", "entry": id, "predictions": "0" * 64, "scores": {}, "report": {}}


def better_result(board: Path, _: Path) -> None:
    from fervbench.leaderboard.cache import Cache
    from fervbench.leaderboard.checking import Options, check_board
    from fervbench.leaderboard.sources import Folder

    put(board, "tuned", ABOUT, answers(11))
    check_board(Folder(board), Cache(None), Options(only=frozenset({"ferv39k/tuned"}), write=True))
    path = board / "ferv39k" / "tuned" / "result.json"
    content = json.loads(path.read_text())
    content["scores"]["overall"]["WAR"]["value"] = 0.99
    path.write_text(json.dumps(content))


def copied(board: Path, _: Path) -> None:
    put(board, "copied", ABOUT, answers(5))


def odd_paths(board: Path, _: Path) -> None:
    for name in ("a\n::error::x", "::set-output name=a::b", "%0A::error::y", "\x1b[2J", "a,b:c"):
        put(board, name, GOOD)


def executable(board: Path, _: Path) -> None:
    (put(board, "runs", GOOD) / "submission.json").chmod(0o755)


HOSTILE = [
    (symlink, {"symlink"}),
    (linked_folder, {"symlink"}),
    (submodule, {"submodule"}),
    (edits_the_tool, {"outside-entry", "unknown-key"}),
    (edits_another, {"other-entry"}),
    (removes, {"removed", "other-entry"}),
    (result_by_hand, {"result-by-hand", "result-invalid"}),
    (better_result, {"result-differs"}),
    (copied, {"duplicate-predictions"}),
    (odd_paths, {"bad-slug", "other-entry"}),
    (executable, {"file-kind"}),
]


@pytest.mark.parametrize(("change", "wanted"), HOSTILE, ids=[change.__name__ for change, _ in HOSTILE])
def test_hostile_pull_requests_are_refused(place: Place, change: Callable[[Path, Path], None], wanted: set[str]):
    done = place.run(place.pull_request(change))
    assert done.returncode == (4 if wanted == {"result-differs"} else 1), done.stdout + done.stderr
    assert wanted <= rules(place), done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    for line in done.stdout.splitlines():  # nothing but the tool's own annotations begins a command
        assert re.fullmatch(r"::(error|warning|notice) [^:\x00-\x1f]*::[^\x00-\x1f]*", line), line
        assert "::" not in line.split("::", 2)[2]
    assert git(place.work, "status", "--porcelain", "--untracked-files=no") == ""
    assert git(place.work, "rev-parse", "HEAD") == place.base


def test_a_head_that_is_not_the_pull_requests_is_refused(place: Place):
    place.pull_request(lambda board, _: put(board, "new", GOOD))
    assert place.run(place.base[::-1]).returncode != 0


GH = """#!/usr/bin/env bash
printf '%s\\n' "$@" >> "$GH_LOG"
if [ "$1" = api ]; then printf '%s' "$GH_NUMBER"; else cat "${@: -1}" > "$GH_LOG.body"; fi
"""


@pytest.mark.parametrize(("number", "posted"), [("7", True), ("", False), ("7; rm -rf /", False)])
def test_the_second_workflow_posts_the_stored_result(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: str, posted: bool
):
    place.run(place.pull_request(odd_paths))
    work = tmp_path / "work"
    (work / "artifact").mkdir(parents=True)
    shutil.copy(place.work / "findings.json", work / "artifact" / "findings.json")
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "gh").write_text(GH.replace("$GH_LOG", str(tmp_path / "log")).replace("$GH_NUMBER", number))
    (tools / "gh").chmod(0o755)
    event = {
        "github.token": "t",
        "github.repository": "a/b",
        "github.event.workflow_run.head_sha": "0" * 40,
        "github.event.workflow_run.head_repository.owner.login": "stranger",
        "github.event.workflow_run.head_branch": '"; touch never; echo "',
    }
    done = run_steps("leaderboard-comment.yml", "comment", work, event, path=f"{tools}:")
    assert done.returncode == 0, done.stderr
    body = tmp_path / "log.body"
    assert body.exists() is posted
    if posted:
        text = body.read_text()
        assert text.startswith("### Leaderboard check")
        assert "\n::" not in text
        assert len(text) < 65_536
        assert 'stranger:"; touch never; echo "' in (tmp_path / "log").read_text()  # one argument, not a command
