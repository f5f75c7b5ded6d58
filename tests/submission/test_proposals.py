"""Proposals: both forms, what is refused with which finding, what compatibility accepts, what is scored."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest

from fervbench import UsageError, load_protocol, read_submission, schema, score
from fervbench.errors import FervbenchError, SubmissionError
from fervbench.submission import proposals as reader

PROTOCOL = """
format = "fervbench-protocol/1"
id = "two"
version = "1.0.0"
title = "Two videos"
task = "spotting"
classes = ["Happy", "Sad"]
default_source = "all"
aggregation = "pooled"
ground_truth = { kind = "intervals", labels = "intervals.json" }
configurations = { all = { level = "overall" } }
evaluations = { spotting = { kind = "spotting", source_levels = ["overall"] } }

[spotting]
subset = "test"
max_average = 100
report = [1, 100]
durations = [0.5, 4.0]
f1_tiou = 0.5
"""
VIDEOS = {
    "a": {"duration": 10.0, "fps": 10, "split": "test", "intervals": [[1.0, 2.0, "Happy"], [5.0, 9.5, "Happy"]]},
    "b": {"duration": 10.0, "fps": 10, "split": "test", "intervals": [[3.0, 3.4, "Sad"]]},
    "quiet": {"duration": 10.0, "fps": 10, "split": "test", "intervals": []},
    "other": {"duration": 10.0, "fps": 10, "split": "train", "intervals": [[1.0, 2.0, "Sad"]]},
}
GOOD = {"a": [[1.0, 2.0, 0.9], [5.0, 9.0, 0.8]], "b": [[3.0, 3.4, 0.9]], "quiet": []}


@pytest.fixture
def world(tmp_path: Path) -> Path:
    (tmp_path / "two.toml").write_text(PROTOCOL)
    (tmp_path / "intervals.json").write_text(json.dumps({"format": "fervbench-intervals/1", "videos": VIDEOS}))
    return tmp_path


@pytest.fixture
def read(world: Path) -> Callable:
    def call(content, **options):
        if isinstance(content, dict) and not {"proposals", "results", "format"} & set(content):
            content = {"format": "fervbench-spotting/1", "protocol": "two", "proposals": content}
        text = content if isinstance(content, bytes) else json.dumps(content).encode()
        (world / "p.json").write_bytes(text)
        return read_submission(world / "p.json", world / "two.toml", **options)

    return call


def findings_of(read: Callable, content, **options) -> list:
    with pytest.raises(SubmissionError) as caught:
        read(content, **options)
    return list(caught.value.findings)


def own(text: str) -> bytes:
    return b'{"format": "fervbench-spotting/1", "protocol": "two", "proposals": {' + text.encode() + b"}}"


REST = '"b": [[3.0, 3.4, 0.9]], "quiet": []'
BAD = {
    "inverted": (own(f'"a": [[2.0, 1.0, 0.5]], {REST}'), "inverted-interval", "/proposals/a/0"),
    "empty": (own(f'"a": [[2, 2, 0.5]], {REST}'), "empty-interval", "/proposals/a/0"),
    "negative": (own(f'"a": [[1, 2, 0.9], [-0.1, 2, 0.5]], {REST}'), "negative-interval", "/proposals/a/1"),
    "overlong": (own(f'"a": [[1, 10.0011, 0.5]], {REST}'), "overlong-interval", "/proposals/a/0"),
    "milliseconds": (own(f'"a": [[1000, 2000, 0.5]], {REST}'), "overlong-interval", "/proposals/a/0"),
    "unknown video": (own(f'"a": [], {REST}, "c": []'), "unknown-video", "/proposals/c"),
    "a training video": (own(f'"a": [[1, 2, 1]], {REST}, "other": []'), "outside-target", "/proposals/other"),
    "missing video": (own(REST), "missing-video", "/proposals"),
    "the same video twice": (own(f'"a": [], "a": [[1, 2, 0.5]], {REST}'), "duplicate-id", "/proposals/a"),
    "NaN score": (own(f'"a": [[1, 2, NaN]], {REST}'), "not-finite", "/proposals/a/0/2"),
    "infinite score": (own(f'"a": [[1, 2, -Infinity]], {REST}'), "not-finite", "/proposals/a/0/2"),
    "1e400": (own(f'"a": [[1, 1e400, 0.5]], {REST}'), "not-finite", "/proposals/a/0/1"),
    "huge integer": (own(f'"a": [[1, 2, {"9" * 400}]], {REST}'), "not-finite", "/proposals/a/0/2"),
    "5,000 digits": (own(f'"a": [[1, 2, {"9" * 5000}]], {REST}'), "not-finite", "/proposals/a/0/2"),
    "text for a score": (own(f'"a": [[1, 2, "0.5"]], {REST}'), "wrong-type", "/proposals/a/0/2"),
    "null for a score": (own(f'"a": [[1, 2, null]], {REST}'), "wrong-type", "/proposals/a/0/2"),
    "true for a score": (own(f'"a": [[1, 2, true]], {REST}'), "wrong-type", "/proposals/a/0/2"),
    "no score": (own(f'"a": [[1, 2]], {REST}'), "wrong-length", "/proposals/a/0"),
    "four numbers": (own(f'"a": [[1, 2, 0.5, 1]], {REST}'), "wrong-length", "/proposals/a/0"),
    "an object for a list": (own(f'"a": {{}}, {REST}'), "wrong-type", "/proposals/a"),
    "null for a list": (own(f'"a": null, {REST}'), "wrong-type", "/proposals/a"),
    "lone surrogate": (own(f'"a": [[1, 2, 0.5]], "\\ud800": [], {REST}'), "lone-surrogate", "/proposals/\ud800"),
    "nothing at all": (own('"a": [], "b": [], "quiet": []'), "no-proposals", "/proposals"),
    "unknown key": (own(REST)[:-1] + b', "score": 1}', "unknown-key", "/score"),
    "no proposals object": (b'{"format": "fervbench-spotting/1", "protocol": "two"}', "missing-key", "/proposals"),
    "proposals a list": (own("").replace(b"{}", b"[]"), "wrong-type", "/proposals"),
    "another version": (own(REST).replace(b"spotting/1", b"spotting/2"), "wrong-value", "/format"),
    "predictions": (own("").replace(b"spotting", b"recognition"), "wrong-value", "/format"),
    "another protocol": (own(REST).replace(b'"two"', b'"sdfe-lv"'), "wrong-protocol", "/protocol"),
    "a repeated top key": (own(REST)[:-1] + b', "protocol": "two"}', "duplicate-key", "/protocol"),
    "too deep": (own(REST)[:-1] + b', "x-deep": ' + b"[" * 40 + b"]" * 40 + b"}", "too-deep", None),
    "far too deep": (own(f'"a": {"[" * 100_000}'), None, None),
    "byte order mark": (b"\xef\xbb\xbf" + own(REST), "byte-order-mark", None),
    "UTF-16": (own(REST).decode().encode("utf-16"), "encoding", None),
    "cut off": (own(REST)[:-5], "syntax", None),
    "two gzip members": (gzip.compress(own(REST)) + gzip.compress(b"{}"), None, None),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_every_kind_of_bad_file_is_refused_where_it_is_wrong(read: Callable, name: str):
    content, rule, pointer = BAD[name]
    found = findings_of(read, content)
    if rule is not None:
        assert rule in {finding.rule for finding in found}
        if pointer is not None:
            assert pointer in {finding.pointer for finding in found if finding.rule == rule}


NET = {
    "a": [{"segment": [1.0, 2.0], "score": 0.9}, {"segment": [5.0, 9.0], "score": 0.8, "label": "x"}],
    "b": [{"segment": [3.0, 3.4], "score": 0.9}],
    "quiet": [],
}


@pytest.mark.parametrize(
    ("text", "rule", "pointer"),
    [
        ('[{"segment": [1, 2]}]', "wrong-type", "/results/a/0"),
        ('[{"segment": [1], "score": 1}]', "wrong-type", "/results/a/0"),
        ('[{"segment": [1, NaN], "score": 1}]', "not-finite", "/results/a/0/segment/1"),
        ('[{"segment": [1, 2], "score": "1"}]', "wrong-type", "/results/a/0/score"),
        ('[{"segment": [1, 2], "score": 1, "score": 2}]', "duplicate-key", "/results/a/0/score"),
        ('[{"segment": [2, 1], "score": 1}]', "inverted-interval", "/results/a/0"),
    ],
)
def test_activitynets_form_is_checked_as_strictly(read: Callable, text: str, rule: str, pointer: str):
    content = b'{"version": "1", "results": {"a": ' + text.encode() + b', "b": [], "quiet": []}, "external_data": {}}'
    assert (rule, pointer) in {(f.rule, f.pointer) for f in findings_of(read, content)}


def test_both_forms_give_the_same_report(read: Callable):
    first = score_of(read(GOOD))
    second = score_of(read({"version": "VERSION 1.3", "results": NET, "external_data": {"used": False}}))
    assert first.cells == second.cells


def score_of(submission, **options):
    report = score(submission.protocol, submission, **options)
    jsonschema.Draft202012Validator(schema.load("report")).validate(json.loads(report.to_json()))
    return report


def test_all_mistakes_are_found_in_one_pass(read: Callable):
    content = own('"a": [[1, NaN, 0.5], [2, 1, 0.5], [1, 2], [-1, 11, 0.1]], "zz": [], "other": []')
    rules = {finding.rule for finding in findings_of(read, content)}
    assert rules == {
        "not-finite", "inverted-interval", "wrong-length", "negative-interval", "overlong-interval",
        "unknown-video", "outside-target", "missing-video",
    }  # fmt: skip


def test_pointers_stay_right_behind_an_unreadable_row(read: Callable):
    found = findings_of(read, own(f'"a": [[1, 2], [3, 2, 0.5]], {REST}'))
    assert [f.pointer for f in found if f.rule == "inverted-interval"] == ["/proposals/a/1"]


def test_a_millisecond_beyond_the_video_is_forgiven(read: Callable):
    assert len(read({**GOOD, "b": [[3.0, 10.0009, 0.5]]}).score) == 3


def test_compatibility_accepts_and_counts(read: Callable):
    content = {"a": [[2.0, 1.0, 0.5], [-1.0, 3.0, 0.4], [4.0, 4.0, 0.2], [5, 99, 0.1]], "zz": [[1, 2, 0.5]]}
    submission = read(content, compat="activitynet")
    assert submission.accepted == {
        "unknown-video": 1, "missing-video": 2, "inverted-interval": 1,
        "empty-interval": 1, "negative-interval": 1, "overlong-interval": 1,
    }  # fmt: skip
    assert submission.outside == 1
    report = score_of(submission)
    assert "|compat:activitynet|" in report.signature
    assert report.header["proposals"]["accepted"] == submission.accepted


def test_an_absent_video_is_no_empty_list_unless_that_is_said(read: Callable):
    absent = read({"a": GOOD["a"], "quiet": []}, missing="wrong")
    empty = read({"a": GOOD["a"], "b": [], "quiet": []})
    assert (absent.absent, empty.absent) == (1, 0)
    assert [c.metrics for c in score_of(absent).cells] == [c.metrics for c in score_of(empty).cells]
    assert "|miss:wrong|" in score_of(absent).signature


def test_a_world_to_count_by_hand(read: Callable):
    # a: [1, 2] found exactly; [5, 9.5] by [5, 9], tIoU 4/4.5 = 0.889: 8 of 10 thresholds; b found exactly
    report = score_of(read(GOOD))
    whole = report.cell(target="all")
    assert whole["AR@100"] == pytest.approx((10 + 8 + 10) / 30)
    assert report.cell(target="duration (0, 0.5]")["AR@100"] == 1.0
    assert report.cell(target="duration (0.5, 4]")["AR@100"] == 1.0
    assert report.cell(target="duration (4, inf)")["AR@100"] == pytest.approx(0.8)
    assert report.cell(target="class Happy")["AR@100"] == pytest.approx(0.9)
    assert [report.cell(target=t).n for t in ("all", "duration (0, 0.5]", "class Sad")] == [3, 1, 1]
    assert whole.extra["timing"] == {
        "n": 3,
        "onset": {"mean": 0.0, "median": 0.0},
        "offset": {"mean": pytest.approx(0.5 / 3), "median": 0.0},
    }


def test_f1_counts_proposals_of_quiet_videos_as_wrong(read: Callable):
    # frames at 10 fps: [50, 95] and [50, 90]: 41 of 46 shared; all three targets matched
    report = score_of(read({**GOOD, "quiet": [[1.0, 2.0, 0.3]]}))
    assert report.cell(target="all").extra["intervals"] == {"matched": 3, "target": 3, "predicted": 4}
    assert report.cell(target="all")["F1"] == pytest.approx(2 * 3 / (3 + 4))
    assert report.header["proposals"]["outside"] == 1
    strict = score_of(read({**GOOD, "quiet": [[1.0, 2.0, 0.3]]}), f1_min_score=0.85)
    assert strict.cell(target="all").extra["intervals"] == {"matched": 2, "target": 3, "predicted": 2}
    assert "|f1-min:0.85|" in strict.signature


def test_there_is_no_f1_where_a_video_has_no_fps(read: Callable, world: Path):
    videos = json.loads(json.dumps(VIDEOS))
    del videos["b"]["fps"]
    (world / "intervals.json").write_text(json.dumps({"format": "fervbench-intervals/1", "videos": videos}))
    assert "F1" not in score_of(read(GOOD)).cell(target="all").metrics


def test_an_empty_bin_is_null_with_a_warning(read: Callable, world: Path):
    videos = json.loads(json.dumps(VIDEOS))
    videos["b"]["intervals"] = [[3.0, 4.0, "Happy"]]
    (world / "intervals.json").write_text(json.dumps({"format": "fervbench-intervals/1", "videos": videos}))
    report = score_of(read(GOOD))
    assert report.cell(target="class Sad").metrics["AUC"] == {"value": None}
    assert any("class Sad" in warning for warning in report.warnings)


def test_ties_and_readings_are_in_the_signature_and_change_the_numbers(read: Callable):
    tied = {**GOOD, "a": [[7.0, 7.5, 0.9], [1.0, 2.0, 0.9]], "b": [[0.0, 1.0, 0.9], [3.0, 3.4, 0.9]]}
    first, last = score_of(read(tied)), score_of(read(tied, ties="reversed"))
    assert "|ties:first|" in first.signature
    assert "|ties:reversed|" in last.signature
    assert first.header["submission"]["ties"] == 2
    assert first.cell(target="all")["AUC"] < last.cell(target="all")["AUC"]
    by_count = score_of(read(tied, reading="top-k"))
    assert "|reading:top-k|" in by_count.signature


def test_short_lists_are_warned_about(read: Callable):
    said = " ".join(score_of(read(GOOD)).warnings)
    assert "at AR@1, 1 of 2 videos with short lists use no proposal" in said
    assert "1.5 proposals a video are used at most: the curve is flat" in said


@pytest.mark.parametrize(
    "option", [{"ties": "none"}, {"compat": "megc"}, {"reading": "best"}, {"evaluation": "overall"}]
)
def test_unknown_options_are_usage_errors(read: Callable, option: dict):
    with pytest.raises(UsageError):
        read(GOOD, **option)


def test_spotting_options_are_refused_for_recognition(world: Path):
    (world / "p.json").write_text("{}")
    with pytest.raises(UsageError, match="for spotting"):
        read_submission(world / "p.json", "ferv39k", ties="reversed")


@pytest.mark.parametrize("form", ["own", "activitynet"])
def test_a_good_file_is_read_quickly_and_as_the_strict_reader_reads_it(form: str):
    from fervbench.findings import Findings

    content = (
        {"format": "fervbench-spotting/1", "protocol": "two", "proposals": GOOD}
        if form == "own"
        else {"version": "1", "results": NET, "external_data": {}}
    )
    data = json.dumps(content).encode()
    quick, findings = reader._read_quickly(data), Findings("p")
    slow = reader._read_slowly(data, "p", findings)
    assert quick is not None
    assert not len(findings)
    assert (quick.videos, quick.sizes.tolist(), quick.rows.tolist()) == (
        slow.videos,
        slow.sizes.tolist(),
        slow.rows.tolist(),
    )


@pytest.mark.parametrize(
    "text",
    [
        '{"format": "fervbench-spotting/1", "protocol": "two", "proposals": {"a": [], "a": [[1, 2, 3]]}}',
        '{"format": "fervbench-spotting/1", "protocol": "two", "protocol": "two", "proposals": {"a": [[1, 2, 3]]}}',
        '{"results": {"a": [{"segment": [1, 2], "score": 1, "score": 2}]}}',
        '{"results": {"a": []}, "results": {"b": []}}',
        '{"results": {"a": [{"segment": [1, 2], "score": 1}]}, "external_data": {"used": 1, "used": 2}}',
    ],
)
def test_the_quick_reader_never_passes_a_key_that_stands_twice(text: str):
    assert reader._read_quickly(text.encode()) is None


def test_random_damage_is_read_or_refused(world: Path):
    import random

    rng = random.Random(0)
    good = bytearray(own('"a": [[1.0, 2.0, 0.9], [5.0, 9.0, 0.8]], "b": [[3.0, 3.4, 0.9]], "quiet": []'))
    outcomes = set()
    for _ in range(400):
        data = bytearray(good)
        for _ in range(rng.randint(1, 3)):
            data[rng.randrange(len(data))] = rng.choice(b'0123456789[]{}",:.eE-+ntfN\x00\xff')
        (world / "p.json").write_bytes(bytes(data))
        try:
            read_submission(world / "p.json", load_protocol(world / "two.toml"))
            outcomes.add("read")
        except FervbenchError as error:
            outcomes.add("refused" if len(error.findings) else "refused without a finding")
    assert outcomes == {"read", "refused"}


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        ('{"segment": [0, 1], "score": 1, "foo": {"a": 1, "a": 2}}', "duplicate-key"),
        ('{"segment": [0, 1], "score": 1, "foo": NaN}', "not-finite"),
        ('{"segment": [0, 1], "score": 1, "foo": 1e400}', "not-finite"),
        ('{"segment": [0, 1], "score": 1, "foo": ' + "[" * 40 + "]" * 40 + "}", "too-deep"),
        ('{"segment": [0, 1], "score": 1, "label": "\\ud800"}', "lone-surrogate"),
        ('{"segment": [0, 1], "score": 1, "label": 1}', "wrong-type"),
    ],
)
def test_what_is_not_used_is_read_as_strictly(read: Callable, row: str, rule: str):
    content = f'{{"results": {{"a": [{row}], "b": [], "quiet": []}}}}'.encode()
    assert rule in {finding.rule for finding in findings_of(read, content)}


@pytest.mark.parametrize(
    ("external", "rule"),
    [("1e400", "not-finite"), ("[" * 30 + "]" * 30, "too-deep"), ('{"a": 1, "a": 2}', "duplicate-key")],
)
def test_external_data_is_read_as_strictly(read: Callable, external: str, rule: str):
    content = f'{{"results": {json.dumps(NET)}, "external_data": {external}}}'.encode()
    assert rule in {finding.rule for finding in findings_of(read, content)}


def test_bytes_that_are_no_text_are_reported_in_the_file_itself(read: Callable):
    content = b'{"results": ' + json.dumps(NET).encode() + b', "external_data": "\xff"}'
    found = findings_of(read, content)
    assert [f.rule for f in found] == ["encoding"]
    assert found[0].file.endswith("p.json")


def test_a_file_of_both_forms_is_neither(read: Callable):
    content = {"format": "fervbench-spotting/1", "protocol": "two", "proposals": GOOD, "results": NET}
    assert [(f.rule, f.pointer) for f in findings_of(read, content)] == [("unknown-key", "/results")]


def test_a_quiet_video_needs_its_entry_too(read: Callable):
    found = findings_of(read, {"a": GOOD["a"], "b": GOOD["b"]})
    assert [(f.rule, f.id) for f in found] == [("missing-video", "quiet")]


@pytest.mark.parametrize(
    "content",
    [
        {"version": "VERSION: 1.3", "results": {"a:b": [{"segment": [1, 2], "score": 1, "label": "Making: x"}]}},
        {"format": "fervbench-spotting/1", "protocol": "two", "proposals": {"caf\u00e9": [[1, 2, 3]]}},
        {"format": "fervbench-spotting/1", "protocol": "two", "proposals": {"a": []}, "x-note": "see: there"},
        {"results": {"a": []}, "external_data": {"used": True, "details": "trained on: x"}},
    ],
)
def test_colons_in_text_and_escapes_of_letters_do_not_slow_reading(content: dict):
    assert reader._read_quickly(json.dumps(content).encode()) is not None


def test_a_duration_of_exactly_four_seconds_is_not_longer_than_four(read: Callable, world: Path):
    videos = json.loads(json.dumps(VIDEOS))
    videos["b"]["intervals"] = [[4.56, 8.56, "Sad"]]  # 8.56 - 4.56 is 4.000000000000001 in floats
    (world / "intervals.json").write_text(json.dumps({"format": "fervbench-intervals/1", "videos": videos}))
    report = score_of(read(GOOD))
    assert report.cell(target="duration (0.5, 4]").n == 2


@pytest.mark.parametrize(
    ("reading", "ceiling"), [("official", 0.99), ("over-99", 1.0), ("from-zero", 0.995), ("mean", 1.0)]
)
def test_a_perfect_file_reaches_the_ceiling_of_each_reading(read: Callable, world: Path, reading: str, ceiling: float):
    one = {"a": {"split": "test", "intervals": [[1.0, 2.0, "Sad"]]}}
    (world / "intervals.json").write_text(json.dumps({"format": "fervbench-intervals/1", "videos": one}))
    report = score_of(read({"a": [[1.0, 2.0, 1.0]]}, reading=reading))
    assert report.header["proposals"]["ceiling"] == ceiling
    assert report.cell(target="all")["AUC"] == pytest.approx(ceiling)


def test_activitynets_form_without_a_protocol_is_told_to_name_one(world: Path):
    (world / "p.json").write_text(json.dumps({"version": "1", "results": NET}))
    with pytest.raises(SubmissionError, match="names no protocol") as caught:
        read_submission(world / "p.json")
    assert "--protocol" in caught.value.hint


def test_a_large_file_with_something_wrong_is_not_read_slowly(read: Callable, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(reader, "MAX_BYTES", 10)
    assert [f.rule for f in findings_of(read, own(f'"a": [[1, 2, NaN]], {REST}'))] == ["too-large"]
    assert len(read(GOOD).score) == 3


def test_guesses_at_misspelt_videos_are_few(read: Callable, monkeypatch: pytest.MonkeyPatch):
    from fervbench.submission import spotting

    asked = []
    monkeypatch.setattr(spotting.difflib, "get_close_matches", lambda *a, **k: asked.append(a) or [])
    findings_of(read, {**GOOD, **{f"video{i}": [] for i in range(500)}})
    assert len(asked) == 20


def test_the_published_schema_agrees_with_the_reader(read: Callable):
    validator = jsonschema.Draft202012Validator(schema.load("spotting"))
    good = {"format": "fervbench-spotting/1", "protocol": "two", "proposals": GOOD}
    read(good)
    assert validator.is_valid(good)
    assert validator.is_valid({**good, "x-note": "text"})
    refused = 0
    for content, rule, _ in BAD.values():
        if rule in ("wrong-type", "wrong-length", "unknown-key", "missing-key", "wrong-value"):
            assert not validator.is_valid(json.loads(content))
            refused += 1
    assert refused >= 10
