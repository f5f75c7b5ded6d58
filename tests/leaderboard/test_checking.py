"""Results, claims, caches, labels that are not here, and versions of a protocol."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fervbench import load_ground_truth, load_protocol
from fervbench.leaderboard import cache as caching
from fervbench.leaderboard.cache import Cache
from fervbench.leaderboard.checking import Checked, Options, check_board, protocols_from
from fervbench.leaderboard.entries import REPORTED, REPRODUCED, VERIFIED, read_entries
from fervbench.leaderboard.scoring import ground_of
from fervbench.leaderboard.sources import Folder
from fervbench.uncertainty import Resampling

from .conftest import ABOUT, answers, put, rules
from .conftest import REPORTED as CITED

Check = Callable[..., Checked]


def claim(**scores: float) -> dict[str, Any]:
    return ABOUT | {"claimed": {"overall": scores}}


def test_a_result_is_written_by_the_tool_and_holds(board: Path, check: Check):
    folder = put(board, "one", predictions=answers(1))
    assert rules(check(board), "note") == {"no-result"}
    found = check(board, write=True)
    assert found.written == ("ferv39k/one",)
    first = (folder / "result.json").read_bytes()
    assert check(board).findings == ()
    assert check(board, write=True).written == ()
    (entry,), told = read_entries(board)
    assert not told.kept
    assert entry.trust == VERIFIED
    assert entry.fingerprint == load_ground_truth(load_protocol("ferv39k")).sha256
    (folder / "result.json").unlink()
    check(board, write=True)
    assert (folder / "result.json").read_bytes() == first


def test_the_result_is_the_score(board: Path, check: Check, tmp_path: Path):
    import fervbench

    folder = put(board, "one", predictions=answers(1))
    check(board, write=True)
    protocol = load_protocol("ferv39k")
    submission = fervbench.read_submission(folder / "predictions.json.gz", protocol)
    report = fervbench.score(protocol, submission, intervals=Resampling(f1=False))
    stored = json.loads((folder / "result.json").read_text())
    assert stored["report"] == json.loads(report.to_json())
    assert stored["scores"]["overall"]["WAR"]["value"] == report.cell("all", "all")["WAR"]


@pytest.mark.parametrize(
    ("where", "value"),
    [
        (("scores", "overall", "WAR", "value"), 0.99),
        (("report", "cells", 3, "confusion", 0, 0), 5),
        (("report", "submission", "ties"), 1),
        (("report", "signature"), "fervbench|p:ferv39k@1.0.0|e:overall|v:0.1.0"),
    ],
)
def test_a_result_that_was_edited_is_found(board: Path, check: Check, where: tuple[Any, ...], value: Any):
    folder = put(board, "one", predictions=answers(1))
    check(board, write=True)
    content = json.loads((folder / "result.json").read_text())
    place = content
    for key in where[:-1]:
        place = place[key]
    place[where[-1]] = value
    (folder / "result.json").write_text(json.dumps(content))
    found = check(board)
    assert rules(found) == {"result-differs"}
    assert found.exit_code == 4
    assert found.entries[0].scores("overall")["WAR"]["value"] != 0.99  # the board shows what the predictions give


def test_a_result_of_an_older_tool_holds(board: Path, check: Check):
    folder = put(board, "one", predictions=answers(1))
    check(board, write=True)
    text = (folder / "result.json").read_text()
    from fervbench import __version__

    old = text.replace(f'"tool_version": "{__version__}"', '"tool_version": "0.0.9"')
    old = old.replace(f"|v:{__version__}", "|v:0.0.9")
    assert old != text
    (folder / "result.json").write_text(old)
    assert check(board).findings == ()


def test_claims_are_held_against_the_predictions(board: Path, check: Check):
    put(board, "one", predictions=answers(1))
    war = check(board).entries[0].scores("overall")["WAR"]["value"]
    assert war is not None
    for said, code in ((round(war, 4), 0), (int(war * 1e4) / 1e4, 0), (round(war, 4) + 0.0003, 4), (0.9, 4)):
        put(board, "one", claim(WAR=said), answers(1))
        found = check(board)
        assert found.exit_code == code, said
        assert ("claim-differs" in rules(found)) is (code == 4)


def test_an_invalid_entry_beside_a_difference_is_exit_code_1(board: Path, check: Check):
    put(board, "one", claim(WAR=0.9), answers(1))
    put(board, "two", "{")
    assert check(board).exit_code == 1


def test_a_claim_for_what_the_predictions_do_not_give(board: Path, check: Check):
    put(board, "one", ABOUT | {"claimed": {"cross-scenario": {"WAR": 0.3}}}, answers(1))
    assert rules(check(board)) == {"claim-differs"}
    put(board, "one", ABOUT | {"claimed": {"nothing": {"WAR": 0.3}}}, answers(1))
    assert "unknown-evaluation" in rules(check(board))


def test_one_new_entry_costs_that_entry(board: Path, check: Check, monkeypatch: pytest.MonkeyPatch):
    for i in range(3):
        put(board, f"entry-{'abc'[i]}", predictions=answers(i))
    first = check(board)
    assert (first.checked, first.from_cache) == (3, 0)
    again = check(board)
    assert again.from_cache == 3
    assert again.findings == first.findings
    put(board, "entry-new", predictions=answers(7))
    assert (check(board).checked, check(board).from_cache) == (4, 4)
    monkeypatch.setattr(caching, "tool_hash", lambda: "another tool")
    assert check(board).from_cache == 0


def test_the_cache_can_be_deleted_and_damaged(board: Path, tmp_path: Path, check: Check):
    put(board, "one", predictions=answers(1))
    first = check(board).findings
    files = list((tmp_path / "cache").rglob("*.json"))
    assert files
    for path in files:
        path.write_text("{")
    assert (check(board).findings, check(board).from_cache) == (first, 1)
    for path in (tmp_path / "cache").rglob("*.json"):
        path.unlink()
    assert check(board).findings == first
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where a folder should be")
    assert check_board(Folder(board), Cache(blocked), Options()).findings == first


def test_every_file_of_an_entry_is_in_the_key(board: Path, check: Check):
    folder = put(board, "one", predictions=answers(1))
    check(board)
    put(board, "one", ABOUT | {"team": "Another"})
    assert check(board).from_cache == 0
    check(board, write=True)
    assert check(board).from_cache == 1  # with the result.json that was just made
    (folder / "result.json").write_text((folder / "result.json").read_text() + " ")
    assert check(board).from_cache == 0
    (folder / "predictions.json.gz").write_bytes(gzip.compress(json.dumps(answers(2)).encode(), mtime=0))
    found = check(board)
    assert (found.from_cache, rules(found)) == (0, {"result-differs"})


def test_links(board: Path, check: Check):
    put(board, "one", ABOUT | {"links": [{"relation": "rerun-of", "entry": "ferv39k/none"}]}, answers(1))
    assert rules(check(board)) == {"broken-link"}
    put(board, "none", predictions=answers(2))
    assert rules(check(board)) == set()


def test_trust_follows_from_the_files(board: Path, check: Check):
    put(board, "cited", ABOUT | CITED | {"claimed": {"overall": {"WAR": 0.4}}})
    folder = put(board, "trained", predictions=answers(1))
    config = {"settings": {"model": "c3d"}, "synthetic": False}
    put(board, "trained", ABOUT | {"record": record(folder, config)})
    found = check(board, write=True)
    assert rules(found) == set()
    trust = {entry.slug: entry.trust for entry in read_entries(board)[0]}
    assert trust == {"cited": REPORTED, "trained": REPRODUCED}


def record(folder: Path, config: dict[str, Any]) -> dict[str, Any]:
    import hashlib

    data = gzip.decompress((folder / "predictions.json.gz").read_bytes())
    digest = hashlib.sha256(json.dumps(config, sort_keys=True).encode()).hexdigest()
    return {"job": f"c3d-{digest[:16]}", "config": config, "predictions_sha256": hashlib.sha256(data).hexdigest()}


@pytest.mark.parametrize("wrong", [{"job": "c3d-" + "0" * 16}, {"predictions_sha256": "0" * 64}, {"config": {"a": 1}}])
def test_a_record_that_is_not_of_these_predictions(board: Path, check: Check, wrong: dict[str, Any]):
    folder = put(board, "trained", predictions=answers(1))
    put(board, "trained", ABOUT | {"record": record(folder, {"settings": {}}) | wrong})
    assert rules(check(board)) == {"record-differs"}


def test_a_job_on_rendered_data_is_no_result(board: Path, check: Check):
    folder = put(board, "trained", predictions=answers(1))
    put(board, "trained", ABOUT | {"record": record(folder, {"synthetic": True})})
    assert rules(check(board)) == {"synthetic"}


TINY = """
format = "fervbench-protocol/1"
id = "tiny"
version = "{version}"
title = "Tiny"
task = "recognition"
classes = ["Happy", "Sad"]
default_source = "all"
aggregation = "pooled"
ground_truth = {truth}
configurations = {{ all = {{ level = "all" }} }}
evaluations = {{ overall = {{ kind = "grid", source_levels = ["all"], target_levels = ["all"] }} }}
"""


def tiny(folder: Path, version: str, labels: list[str], *, ships: bool = True) -> str:
    """A protocol file with its labels beside it, or with none."""
    name = f"labels-{version}.csv"
    rows = "".join(f"clip{i},{label}\n" for i, label in enumerate(labels))
    (folder / name).write_text("clip_id,label\n" + rows)
    truth = f'{{ kind = "labels", labels = "{name}" }}' if ships else '{ kind = "labels" }'
    path = folder / f"tiny-{version}.toml"
    path.write_text(TINY.format(version=version, truth=truth))
    return str(path)


def put_tiny(board: Path, slug: str, given: str) -> None:
    names = {"H": "Happy", "S": "Sad"}
    content = {"format": "fervbench-recognition/1", "protocol": "tiny",
               "predictions": {f"clip{i}": names[c] for i, c in enumerate(given)}}  # fmt: skip
    put(board, slug, ABOUT | {"protocol": "tiny"}, content, protocol="tiny")


def test_a_new_version_of_a_protocol_scores_all_again_and_tells_how_ranks_move(
    board: Path, check: Check, tmp_path: Path
):
    old = tiny(tmp_path, "1.0.0", ["Happy"] * 4 + ["Sad"] * 4)
    new = tiny(tmp_path, "1.1.0", ["Happy"] * 2 + ["Sad"] * 6)
    put_tiny(board, "first", "HHHHSSSH")
    put_tiny(board, "second", "HHSSSSSH")
    put_tiny(board, "third", "HSSSSSSH")
    before = check(board, grounds=protocols_from((old,)), write=True)
    assert len(before.written) == 3
    assert check(board, grounds=protocols_from((old,))).findings == ()
    assert check(board, grounds=protocols_from((old,))).from_cache == 3
    found = check(board, grounds=protocols_from((new,)))
    assert found.from_cache == 0
    assert rules(found, "warning") == {"protocol-changed"}
    assert found.exit_code == 0
    moves = {(c["entry"], c["metric"]): (c["rank_before"], c["rank_after"]) for c in found.changes}
    assert moves["tiny/first", "WAR"] == (1, 3)
    assert moves["tiny/second", "WAR"] == (2, 1)
    assert {f.rule for f in found.findings if f.severity == "note"} == {"rank-changed"}
    assert len(check(board, grounds=protocols_from((new,)), write=True).written) == 3
    assert check(board, grounds=protocols_from((new,))).findings == ()


def test_without_labels_the_form_is_checked_and_a_maintainer_records_the_fingerprint(
    board: Path, check: Check, tmp_path: Path
):
    path = tiny(tmp_path, "1.0.0", ["Happy"] * 4 + ["Sad"] * 4, ships=False)
    labels = tmp_path / "labels-1.0.0.csv"
    put_tiny(board, "one", "HHHHSSSH")
    found = check(board, grounds=protocols_from((path,)))
    assert (rules(found), rules(found, "note")) == (set(), {"pending"})
    assert found.entries[0].trust == REPORTED
    assert found.entries[0].pending
    grounds = {"tiny": ground_of(load_protocol(path), str(labels))}
    assert check(board, grounds=grounds, write=True).written == ("tiny/one",)
    (entry,), _ = read_entries(board)
    assert (entry.trust, entry.fingerprint) == (VERIFIED, grounds["tiny"].fingerprint)
    assert check(board, grounds=protocols_from((path,))).findings == ()  # public again: the stored result is taken
    put_tiny(board, "one", "HHHHSSSS")  # other predictions under the stored result
    assert rules(check(board, grounds=protocols_from((path,)))) == {"result-differs"}


def test_another_ground_truth_is_told_and_not_stored_over(board: Path, check: Check, tmp_path: Path):
    path = tiny(tmp_path, "1.0.0", ["Happy"] * 4 + ["Sad"] * 4, ships=False)
    put_tiny(board, "one", "HHHHSSSH")
    first, second = tmp_path / "a.csv", tmp_path / "b.csv"
    for file, labels in ((first, "HHHHSSSS"), (second, "HHHSSSSS")):
        file.write_text(
            "clip_id,label\n" + "".join(f"clip{i},{'Happy' if c == 'H' else 'Sad'}\n" for i, c in enumerate(labels))
        )
    one, two = ({"tiny": ground_of(load_protocol(path), str(file))} for file in (first, second))
    check(board, grounds=dict(one), write=True)
    stored = (board / "tiny" / "one" / "result.json").read_bytes()
    found = check(board, grounds=dict(two), write=True)
    assert rules(found, "warning") == {"other-ground-truth"}
    assert (board / "tiny" / "one" / "result.json").read_bytes() == stored
    assert check(board, grounds=dict(two), write=True, force=True).written == ("tiny/one",)


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        ({"clip0": "Hapy"}, "unknown-class"),
        ({"clip0": 3}, "class-number"),
        ({"clip0": [0.5, float("nan")]}, "not-finite"),
    ],
)
def test_what_the_form_finds_without_labels(
    board: Path, check: Check, tmp_path: Path, given: dict[str, Any], rule: str
):
    path = tiny(tmp_path, "1.0.0", ["Happy", "Sad"], ships=False)
    content = {
        "format": "fervbench-recognition/1",
        "protocol": "tiny",
        "classes": ["Happy", "Sad"],
        "predictions": given,
    }
    put(board, "one", ABOUT | {"protocol": "tiny"}, content, protocol="tiny")
    assert rule in rules(check(board, grounds=protocols_from((path,))))


def test_dfew_is_counted_without_labels(board: Path, check: Check):
    about = ABOUT | {"protocol": "dfew", "claimed": {"five-fold": {"WAR": 0.6}}}
    content = {"format": "fervbench-recognition/1", "protocol": "dfew", "predictions": {"00001": "Happy", "x": "Sad"}}
    put(board, "one", about, content, protocol="dfew")
    assert {"wrong-number", "unknown-id"} <= rules(check(board))


def test_proposals_are_scored_and_ranked_within_a_fingerprint(board: Path, check: Check, tmp_path: Path):
    from fervbench.leaderboard.ranking import boards, draw

    videos = {
        f"v{i}": {"duration": 60.0, "subject": f"s{i}", "split": "test", "intervals": [[i, i + 4.0, "Happy"]]}
        for i in range(12)
    }
    file = tmp_path / "intervals.json"
    file.write_text(json.dumps({"format": "fervbench-intervals/1", "videos": videos}))
    about = ABOUT | {"protocol": "sdfe-lv", "claimed": {"spotting": {"AUC": None}}}
    for slug, shift in (("close", 0.2), ("far", 1.5)):
        proposals = {f"v{i}": [[i + shift, i + 4.0 + shift, 0.9], [30.0, 31.0, 0.1]] for i in range(12)}
        put(board, slug, about, {"format": "fervbench-spotting/1", "protocol": "sdfe-lv", "proposals": proposals},
            protocol="sdfe-lv")  # fmt: skip
    put(board, "cited", about | CITED | {"claimed": {"spotting": {"AUC": 0.59}}}, protocol="sdfe-lv")
    assert rules(check(board), "note") == {"pending"}
    ground = ground_of(load_protocol("sdfe-lv"), str(file))
    found = check(board, grounds={"sdfe-lv": ground}, write=True)
    assert found.exit_code == 0
    assert set(found.written) == {"sdfe-lv/close", "sdfe-lv/far"}
    made = boards(ground.protocol, found.entries, draw(ground, found.kept))
    assert [[row.entry.slug for row in each.rows] for each in made] == [["cited"], ["close", "far"]]
    assert made[1].fingerprint == ground.fingerprint
    assert [row.basis for row in made[1].rows] == ["paired", "paired"]


def test_against_an_unknown_reference(board: Path):
    from click.testing import CliRunner

    from fervbench.cli import cli

    put(board, "one", predictions=answers(1))
    result = CliRunner().invoke(cli, ["leaderboard", "check", "--dir", str(board), "--against", "main"])
    assert result.exit_code == 2
    assert "git" in result.stderr


def test_a_maintainer_with_the_labels_on_the_command_line(board: Path, tmp_path: Path):
    from click.testing import CliRunner

    from fervbench.cli import cli

    def run(*arguments: str) -> Any:
        call = ["leaderboard", "check", "--dir", str(board), "--protocol", path, *arguments]
        return CliRunner().invoke(cli, call, catch_exceptions=False)

    path = tiny(tmp_path, "1.0.0", ["Happy"] * 4 + ["Sad"] * 4, ships=False)
    put_tiny(board, "one", "HHHHSSSH")
    assert "pending" in run().stdout
    done = run("--ground-truth", str(tmp_path / "labels-1.0.0.csv"))
    assert (done.exit_code, "result stored: tiny/one" in done.stderr) == (0, True)
    stored = json.loads((board / "tiny" / "one" / "result.json").read_text())
    assert len(stored["report"]["ground_truth"]["sha256"]) == 64
    assert run().exit_code == 0
    assert run("--ground-truth", str(tmp_path / "absent.csv")).exit_code == 3
    put(board, "other", ABOUT | CITED | {"claimed": {"overall": {"WAR": 0.4}}})
    assert run("--ground-truth", str(tmp_path / "labels-1.0.0.csv")).exit_code == 2  # labels are of one protocol
