"""Entries from strangers: each is refused, or does nothing, with a finding; nothing crashes and nothing is followed."""

from __future__ import annotations

import gzip
import json
import os
import re
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fervbench import load_protocol
from fervbench.cli import cli
from fervbench.leaderboard.cache import Cache
from fervbench.leaderboard.checking import Options, check_board
from fervbench.leaderboard.sources import Listed

from .conftest import ABOUT, REPORTED, answers, put, rules

NAMED = ABOUT | REPORTED | {"claimed": {"overall": {"WAR": 0.5}}}


def named(name: str) -> dict[str, Any]:
    return NAMED | {"method": {"name": name}}


def deep(levels: int) -> str:
    return "[" * levels + "]" * levels


FORM = {"format": "fervbench-recognition/1", "protocol": "ferv39k"}
REFUSED: list[tuple[str, Any, Any, str]] = [
    # what it is, submission.json, predictions.json.gz, the finding
    ("right-to-left override", named("A\u202egnp.exe"), None, "invisible-text"),
    ("zero width", named("Re\u200bsNet"), None, "invisible-text"),
    ("terminal escape", named("A\x1b[2J\x1b]8;;https://example.org\x07"), None, "invisible-text"),
    ("new line", named("A\n::error::x"), None, "invisible-text"),
    ("tag characters", named("A\U000e0041"), None, "invisible-text"),
    ("lone surrogate", json.dumps(named("A")).replace('"A"', '"\\ud83d"'), None, "lone-surrogate"),
    ("mixed scripts", named("ResN\u0435t"), None, "mixed-scripts"),
    ("not composed", named(unicodedata.normalize("NFD", "é")), None, "not-normalised"),
    ("10,000 characters", named("A" * 10_000), None, "wrong-value"),
    ("NaN", json.dumps(NAMED).replace("0.5", "NaN"), None, "not-finite"),
    ("1e400", json.dumps(NAMED).replace("0.5", "1e400"), None, "not-finite"),
    ("per cent", NAMED | {"claimed": {"overall": {"WAR": 52.07}}}, None, "wrong-value"),
    ("a text for a score", NAMED | {"claimed": {"overall": {"WAR": "0.5"}}}, None, "wrong-type"),
    ("script as an address", NAMED | {"code": {"url": "javascript:alert(1)"}}, None, "wrong-value"),
    ("quote in an address", NAMED | {"code": {"url": 'https://a.b/"onload="x'}}, None, "wrong-value"),
    ("http", NAMED | {"code": {"url": "http://example.org"}}, None, "wrong-value"),
    ("unknown key", NAMED | {"rank": 1}, None, "unknown-key"),
    ("repeated key", json.dumps(NAMED)[:-1] + ', "team": "B"}', None, "duplicate-key"),
    ("200,000 deep", deep(200_000), None, "too-large"),
    ("30,000 deep", deep(30_000), None, "too-deep"),
    ("1,000 deep under x-", json.dumps(NAMED)[:-1] + f', "x-a": {deep(900)}}}', None, "too-deep"),
    ("not JSON", "{", None, "syntax"),
    ("UTF-16", json.dumps(NAMED).encode("utf-16"), None, "encoding"),
    ("a list", "[]", None, "wrong-type"),
    ("another protocol's", NAMED | {"protocol": "dfew"}, None, "wrong-folder"),
    ("no source", {k: v for k, v in NAMED.items() if k != "reported_in"}, None, "no-source"),
    ("too large", json.dumps(NAMED | {"x-a": "a" * 70_000}), None, "too-large"),
    ("gzip bomb", ABOUT, gzip.compress(b" " * 50_000_000, mtime=0), "too-large"),
    ("two gzip members", ABOUT, gzip.compress(b"{}") + gzip.compress(b"{}"), "unreadable"),
    ("cut gzip", ABOUT, gzip.compress(b"{}" * 99)[:-9], "unreadable"),
    ("predictions 200,000 deep", ABOUT, gzip.compress(deep(200_000).encode()), "too-deep"),
    ("answers 200,000 deep", ABOUT, gzip.compress(b'{"predictions": ' + deep(200_000).encode() + b"}"), "too-deep"),
    ("no answers", ABOUT, FORM | {"predictions": {}}, "unanswered"),
    ("predictions of another protocol", ABOUT, answers(1) | {"protocol": "dfew"}, "wrong-protocol"),
    ("unknown ids", ABOUT, FORM | {"predictions": {"../../etc/passwd": "Happy", "\u202e": "Sad"}}, "unknown-id"),
    ("NaN scores", ABOUT, json.dumps(FORM | {"classes": list(load_protocol("ferv39k").classes),
     "predictions": {"War/Fear/0001": [float("nan"), 0, 0, 0, 0, 0, 1]}}).encode(), "not-finite"),
]  # fmt: skip


@pytest.mark.parametrize(("about", "predictions", "rule"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED])
def test_what_is_refused(board: Path, check: Any, about: Any, predictions: Any, rule: str):
    put(board, "hostile", about, predictions)
    found = check(board)
    assert rule in rules(found)
    assert found.entries == ()
    assert found.exit_code == 1
    assert all(finding.id in ("ferv39k/hostile", None) for finding in found.findings)


INERT = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[/x] [link=file:///etc/passwd]a[/link] [bold]",
    "::error file=a::b",
    "##[command]rm",
    "::set-output name=a::b",
    "[a](javascript:alert(1))",
    "$(rm -rf /) `id` ${{ secrets.X }} %0A::error::x",
    "=HYPERLINK(1) | a \\textbf{x}",
]


@pytest.mark.parametrize("name", INERT)
def test_what_does_nothing(board: Path, check: Any, monkeypatch: pytest.MonkeyPatch, name: str):
    put(board, "odd-name", named(name))
    found = check(board)
    assert found.exit_code == 0
    assert len(found.entries) == 1
    monkeypatch.chdir(board.parent)
    for arguments in (["check"], ["check", "--github"], ["check", "--json"], ["show"], ["show", "--json"]):
        result = CliRunner().invoke(cli, ["leaderboard", *arguments], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        assert_harmless(result.stdout)


def assert_harmless(text: str) -> None:
    """No control character, and no line that begins a command but the tool's own annotations."""
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200b-\u200f]", text)
    for line in text.splitlines():
        if "::" in line or "##[" in line:
            assert re.match(r"::(error|warning|notice) [^:]*::", line) or line.startswith("{"), line
            body = re.sub(r"^::(error|warning|notice) [^:]*::", "", line)
            assert "::" not in body or line.startswith("{"), line


def test_a_link_is_never_followed(board: Path, check: Any, tmp_path: Path):
    secret = tmp_path / "secret.json"
    secret.write_text(json.dumps(NAMED | {"team": "TOP SECRET"}))
    folder = board / "ferv39k" / "linked"
    folder.mkdir(parents=True)
    (folder / "submission.json").symlink_to(secret)
    real = put(board, "real", NAMED)
    (board / "ferv39k" / "whole").symlink_to(real)
    (board / "dfew").symlink_to(board / "ferv39k")
    found = check(board)
    assert "symlink" in rules(found)
    assert [entry.id for entry in found.entries] == ["ferv39k/real"]
    assert sum(finding.rule == "symlink" for finding in found.findings) >= 3
    assert "TOP SECRET" not in str(found)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system")
def test_a_pipe_does_not_hold_the_check_up(board: Path, check: Any):
    folder = board / "ferv39k" / "pipe"
    folder.mkdir(parents=True)
    os.mkfifo(folder / "submission.json")
    assert "file-kind" in rules(check(board))


def test_files_that_are_none_of_an_entry(board: Path, check: Any):
    folder = put(board, "extra", NAMED)
    (folder / "run.sh").write_text("rm -rf /")
    (folder / "sub").mkdir()
    (folder / "sub" / "deeper.json").write_text("{}")
    (folder / "submission.json").chmod(0o755)
    (board / "stray.txt").write_text("x")
    assert {"unknown-file", "file-kind", "stray-file"} <= rules(check(board))


NO_SLUGS = ["Caps", "under_score", "dot.dot", "-a", "\u0441aps", "a" * 65, "a b", "\uff41", "a\u200bb", "a\n::error::b"]


@pytest.mark.parametrize("slug", NO_SLUGS)
def test_slugs_that_are_none(board: Path, check: Any, slug: str):
    put(board, slug, NAMED)
    found = check(board)
    assert "bad-slug" in rules(found)
    assert found.entries == ()


ALIKE = [("mae-dfer", "maedfer"), ("r3d-l8", "r3d-18"), ("modern", "modem"), ("o1", "0l")]


@pytest.mark.parametrize(("first", "second"), ALIKE)
def test_slugs_that_look_alike(board: Path, check: Any, first: str, second: str):
    put(board, first, NAMED)
    put(board, second, NAMED)
    assert "confusable-slug" in rules(check(board))


def test_an_unknown_protocol(board: Path, check: Any):
    put(board, "x", NAMED | {"protocol": "nothing"}, protocol="nothing")
    found = check(board)
    assert rules(found) == {"unknown-protocol"}


def test_a_predictions_file_of_another_entry(board: Path, check: Any):
    same = answers(3)
    put(board, "first", predictions=same)
    put(board, "second", predictions=json.loads(json.dumps(same)))
    close = json.loads(json.dumps(same))
    for id in list(close["predictions"])[:5]:
        close["predictions"][id] = "Fear"
    put(board, "third", predictions=close)
    found = check(board)
    assert rules(found) == {"duplicate-predictions"}
    assert "near-duplicate" in rules(found, "warning")


def test_labels_given_away(board: Path, check: Any):
    put(board, "perfect", predictions=answers(0, skill=1.0))
    assert "perfect-score" in rules(check(board))


def scores_of(content: dict[str, Any], certain: bool) -> dict[str, Any]:
    order = list(load_protocol("ferv39k").classes)
    rows = {
        id: [1.0 if name == each else 0.0 if certain else 0.1 for each in order]
        for id, name in content["predictions"].items()
    }
    return content | {"classes": order, "predictions": rows}


def test_certain_everywhere(board: Path, check: Any):
    content = answers(0)
    put(board, "certain", predictions=scores_of(content, certain=True))
    put(board, "soft", predictions=scores_of(answers(1), certain=False))
    found = check(board)
    told = [finding for finding in found.findings if finding.rule == "one-hot"]
    assert [finding.id for finding in told] == ["ferv39k/certain"]


def test_labels_beside_scores_that_disagree(board: Path, check: Any):
    content = answers(0)
    wrong = dict.fromkeys(list(content["predictions"])[:50], "Fear")
    put(board, "both", predictions=scores_of(content, certain=False) | {"x-labels": content["predictions"] | wrong})
    put(board, "fine", predictions=scores_of(answers(2), certain=False) | {"x-labels": answers(2)["predictions"]})
    found = check(board)
    assert [f.id for f in found.findings if f.rule == "argmax-differs"] == ["ferv39k/both"]


def test_everything_at_once_is_told_in_one_pass(board: Path, check: Any):
    for i, (_, about, predictions, _) in enumerate(REFUSED):
        put(board, f"entry-{i}", about, predictions)
    found = check(board)
    ids = {finding.id for finding in found.findings if finding.severity == "error"}
    assert ids >= {f"ferv39k/entry-{i}" for i in range(len(REFUSED))}


class Memory:
    """The files of one entry, held in memory."""

    name = "memory"

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files

    def listing(self) -> dict[str, Listed]:
        return {path: Listed(path, "file", len(data)) for path, data in self.files.items()}

    def read(self, path: str, limit: int) -> bytes:
        return self.files[path][: limit + 1]


KEYS = [*ABOUT, "reported_in", "links", "caveats", "record", "cells", "input", "x-free", "rank"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.sampled_from(["face", "dfew"]),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8) | st.sampled_from(KEYS), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(KEYS), JSON, max_size=6), st.none() | JSON, st.none() | st.binary(max_size=60))
def test_whatever_an_entry_says_it_is_answered_with_findings(more: dict[str, Any], result: Any, predictions: Any):
    files = {"ferv39k/any/submission.json": json.dumps(NAMED | more).encode()}
    if result is not None:
        files["ferv39k/any/result.json"] = json.dumps(result).encode()
    if predictions is not None:
        files["ferv39k/any/predictions.json.gz"] = predictions
    found = check_board(Memory(files), Cache(None), Options())
    assert found.exit_code in (0, 1, 4)
    assert len(found.entries) == (found.exit_code != 1)
    if "rank" in more:  # the one key that is none
        assert found.exit_code == 1
