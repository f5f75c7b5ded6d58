"""Files that are wrong as a whole: their header, their runs, or that they are no such file at all."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import fervbench
from fervbench.errors import SubmissionError
from fervbench.files import MAX_BYTES

CLASSES = ["Happy", "Sad", "Neutral", "Angry", "Surprise", "Disgust", "Fear"]
FOLDS = ("fd1", "fd2", "fd3", "fd4", "fd5")
BOTH_FORMS = pytest.mark.parametrize("form", ["short", "run"])
DEEP_17 = "RAW " + "[" * 16 + "]" * 16  # below one level of its own
Document = dict[str, Any]


def good(tiny: Any, form: str) -> Document:
    document: Document = tiny.short(classes=CLASSES) if form == "short" else tiny.runs(FOLDS, classes=CLASSES)
    return document


@BOTH_FORMS
@pytest.mark.parametrize(
    ("changes", "rule", "pointer", "hint"),
    [
        ({"clases": CLASSES}, "unknown-key", "/clases", "did you mean 'classes'?"),
        ({"Protocol": "tiny"}, "unknown-key", "/Protocol", "did you mean 'protocol'?"),
        ({"seed": 3}, "unknown-key", "/seed", "this belongs inside 'runs'"),
        ({"trained_on": "fd1"}, "unknown-key", "/trained_on", "this belongs inside 'runs'"),
        ({"a/b": 3}, "unknown-key", "/a~1b", "known here"),
        ({"format": "fervbench-recognition/2"}, "wrong-value", "/format", None),
        ({"format": 1}, "wrong-value", "/format", None),
        ({"protocol": "dfew"}, "wrong-protocol", "/protocol", "leave --protocol out"),
        ({"protocol": "Tiny"}, "wrong-protocol", "/protocol", "leave --protocol out"),
        ({"protocol": ""}, "wrong-value", "/protocol", None),
        ({"protocol": "p" * 101}, "wrong-value", "/protocol", None),
        ({"protocol": ["tiny"]}, "wrong-type", "/protocol", None),
        ({"classes": None}, "wrong-type", "/classes", None),
        ({"classes": ",".join(CLASSES)}, "wrong-type", "/classes", None),
        ({"classes": CLASSES[:6]}, "wrong-classes", "/classes", "classes of tiny: Happy, Sad"),
        ({"classes": [*CLASSES, "Contempt"]}, "wrong-classes", "/classes", "classes of tiny: Happy, Sad"),
        ({"classes": ["Joy", *CLASSES[1:]]}, "wrong-classes", "/classes", "classes of tiny: Happy, Sad"),
        ({"classes": [*CLASSES, "Happy"]}, "wrong-value", "/classes", None),
        ({"classes": [*CLASSES[:6], 6]}, "wrong-type", "/classes/6", None),
        ({"x-note": ["a"]}, "wrong-type", "/x-note", None),
        ({"x-note": "a" * 1001}, "wrong-value", "/x-note", None),
        ({"x-note": "\udc00"}, "lone-surrogate", "/x-note", "second half"),
        ({"x-loss": "RAW NaN"}, "not-finite", "/x-loss", "diverged"),
        ({"x-loss": ["RAW 1e999"]}, "not-finite", "/x-loss/0", "diverged"),
        ({"x-config": DEEP_17}, "too-deep", "/x-config" + "/0" * 15, None),
        ({"AGAIN protocol": "tiny"}, "duplicate-key", "/protocol", "appended"),
        ({"AGAIN classes": CLASSES}, "duplicate-key", "/classes", "appended"),
        ({"x-a": {"b": 1, "AGAIN b": 2}}, "duplicate-key", "/x-a/b", "appended"),
    ],
)
def test_a_bad_key_at_the_top(
    tiny: Any, form: str, changes: Document, rule: str, pointer: str, hint: str | None
) -> None:
    (found,) = tiny.refused(good(tiny, form) | changes)
    assert (found.rule, found.pointer) == (rule, pointer)
    assert (hint or "") in (found.hint or "")


@BOTH_FORMS
@pytest.mark.parametrize("key", ["format", "protocol"])
def test_a_key_that_is_missing(tiny: Any, form: str, key: str) -> None:
    document = good(tiny, form)
    del document[key]
    (found,) = tiny.refused(document)
    assert (found.rule, found.pointer, found.message) == ("missing-key", "", f"the key '{key}' is missing")


def test_neither_predictions_nor_runs_or_both(tiny: Any) -> None:
    neither = tiny.short()
    del neither["predictions"]
    for document in (neither, tiny.short() | tiny.runs(FOLDS)):
        (found,) = tiny.refused(document)
        assert (found.rule, found.pointer) == ("wrong-keys", "")
        assert "either 'predictions' (one run) or 'runs', and not both" in found.message


@pytest.mark.parametrize(
    ("changes", "rule", "pointer"),
    [
        ({"predictions": []}, "wrong-type", "/predictions"),
        ({"predictions": None}, "wrong-type", "/predictions"),
        ({"predictions": "p.json"}, "wrong-type", "/predictions"),
    ],
)
def test_predictions_that_are_no_object(tiny: Any, changes: Document, rule: str, pointer: str) -> None:
    (found,) = tiny.refused(tiny.short() | changes)
    assert (found.rule, found.pointer) == (rule, pointer)


@pytest.mark.parametrize(
    "content", [{}, [], "text", 3, None, {"War/Fear/0001": "Fear"}, [{"id": "War/Fear/0001", "label": "Fear"}]]
)
def test_json_that_is_no_predictions_file_shows_what_one_looks_like(tiny: Any, content: Any) -> None:
    (found,) = tiny.refused(json.dumps(content))
    assert (found.rule, found.pointer) == ("no-predictions", "")
    assert '{"format": "fervbench-recognition/1", "protocol": "ferv39k", "predictions": {' in found.hint
    assert "fervbench template" in found.hint


@pytest.mark.parametrize(
    ("change", "rule", "pointer", "hint"),
    [
        (lambda run: run.update(trained_on="fd6"), "unknown-source", "/trained_on", "did you mean 'fd"),
        (lambda run: run.update(trained_on="each-fold"), "unknown-source", "/trained_on", "known: fd1, fd2"),
        (lambda run: run.update(trained_on="x" * 100), "unknown-source", "/trained_on", "known: fd1, fd2"),
        (lambda run: run.update(trained_on=3), "wrong-type", "/trained_on", None),
        (lambda run: run.pop("trained_on"), "missing-key", "", None),
        (lambda run: run.update(seed=True), "wrong-type", "/seed", None),
        (lambda run: run.update(seed=1.0), "wrong-type", "/seed", None),
        (lambda run: run.update(seed="1"), "wrong-type", "/seed", None),
        (lambda run: run.update(seed=None), "wrong-type", "/seed", None),
        (lambda run: run.update(seed=-1), "wrong-value", "/seed", None),
        (lambda run: run.update(seed=2**64), "wrong-value", "/seed", None),
        (lambda run: run.update(predictions=[]), "wrong-type", "/predictions", None),
        (lambda run: run.pop("predictions"), "missing-key", "", None),
        (lambda run: run.update({"trained-on": "fd3"}), "unknown-key", "/trained-on", "did you mean 'trained_on'?"),
        (lambda run: run.update({"AGAIN trained_on": "fd3"}), "duplicate-key", "/trained_on", "appended"),
        (lambda run: run.update({"AGAIN predictions": {}}), "duplicate-key", "/predictions", "appended"),
        (lambda run: run.update({"x-loss": "RAW Infinity"}), "not-finite", "/x-loss", "diverged"),
        (lambda run: run.update({"x-config": DEEP_17}), "too-deep", "/x-config" + "/0" * 13, None),
    ],
)
def test_a_bad_run(tiny: Any, change: Callable[[Document], Any], rule: str, pointer: str, hint: str | None) -> None:
    document = tiny.runs(FOLDS)
    change(document["runs"][2])
    # a run that cannot be told leaves the evaluation without its fold
    findings = [found for found in tiny.refused(document) if found.rule != "incomplete-evaluation"]
    assert [(found.rule, found.pointer) for found in findings] == [(rule, "/runs/2" + pointer)]
    assert (hint or "") in (findings[0].hint or "")


@pytest.mark.parametrize(
    ("runs", "rule", "pointer"),
    [([], "wrong-value", "/runs"), ({}, "wrong-type", "/runs"), (None, "wrong-type", "/runs")],
)
def test_runs_that_are_no_list_of_runs(tiny: Any, runs: Any, rule: str, pointer: str) -> None:
    document = tiny.runs(FOLDS) | {"runs": runs}
    (found,) = tiny.refused(document)
    assert (found.rule, found.pointer) == (rule, pointer)


def test_a_run_that_is_no_object(tiny: Any) -> None:
    document = tiny.runs(FOLDS)
    document["runs"].append(3)
    (found,) = tiny.refused(document)
    assert (found.rule, found.pointer) == ("wrong-type", "/runs/5")


@pytest.mark.parametrize("seed", [None, 0, 7])
def test_two_runs_of_one_source_and_seed(tiny: Any, seed: int | None) -> None:
    document = tiny.runs(FOLDS)
    if seed is not None:
        document["runs"] = [{**run, "seed": seed} for run in document["runs"]]
    document["runs"].append(document["runs"][1])
    (found,) = tiny.refused(document)
    assert (found.rule, found.pointer) == ("duplicate-run", "/runs/5")
    assert "as /runs/1 is" in found.message


def test_sources_with_different_seeds(tiny: Any) -> None:
    document = tiny.runs(FOLDS)
    runs = [{**run, "seed": seed} for run in document["runs"] for seed in (0, 1)]
    document["runs"] = runs[:-1]  # fd5 with seed 1 is missing
    (found,) = tiny.refused(document)
    assert (found.rule, found.pointer) == ("seeds-differ", "/runs")
    assert "fd4: 0, 1; fd5: 0" in found.message


@pytest.mark.parametrize("seed", [True, "0", -1, "RAW NaN"])
def test_a_bad_seed_is_not_told_twice(tiny: Any, seed: Any) -> None:
    document = tiny.runs(FOLDS)
    document["runs"] = [{**run, "seed": 0} for run in document["runs"]]
    document["runs"][2]["seed"] = seed
    document["runs"][3]["seed"] = seed
    findings = tiny.refused(document)
    assert {found.pointer for found in findings} == {"/runs/2/seed", "/runs/3/seed"}


def test_an_evaluation_that_lacks_a_run(tiny: Any, ferv39k: Any) -> None:
    (found,) = tiny.refused(tiny.runs(FOLDS[:4]))
    assert (found.rule, found.pointer) == ("incomplete-evaluation", "/runs")
    assert "trained on fd5" in found.message
    (found,) = ferv39k.refused(ferv39k.runs(["all"]), evaluation="cross-scenario")
    assert "'cross-scenario' needs 4 more runs: trained on DL11k, WIS9k, SIA10k, AI9k" in found.message
    assert ferv39k.refused(ferv39k.runs(["War"])).counts == {"incomplete-evaluation": 3}


@pytest.mark.parametrize("named", ["../tiny/protocol.toml", "tiny\\protocol", "protocol.toml"])
def test_a_file_may_not_name_a_protocol_by_path(tiny: Any, tmp_path: Path, named: str) -> None:
    path = tmp_path / "p.json"
    path.write_text(json.dumps(tiny.short(protocol=named) | {"protocol": named}), encoding="utf-8")
    with pytest.raises(SubmissionError) as caught:
        fervbench.read_submission(path)
    (found,) = caught.value.findings
    assert (found.rule, found.pointer, found.file) == ("wrong-protocol", "/protocol", str(path))
    assert "--protocol" in (found.hint or "")


TEXT = b'{"format": "fervbench-recognition/1", "protocol": "ferv39k", "predictions": {}}'
PACKED = gzip.compress(TEXT, mtime=0)


@pytest.mark.parametrize(
    ("content", "rule", "said"),
    [
        pytest.param(b"", "syntax", "the file is empty", id="empty"),
        pytest.param(b"\n", "syntax", "the file is empty", id="blank"),
        pytest.param(TEXT[:-1], "syntax", "cut off", id="truncated"),
        pytest.param(TEXT + TEXT, "syntax", "one JSON value a file", id="appended"),
        pytest.param(b"War/Fear/0001,Fear\n", "syntax", "fervbench convert", id="CSV"),
        pytest.param(b"PK\x03\x04\x14\x00", "syntax", "fervbench convert", id="npz"),
        pytest.param(b"\x80\x04\x95", "encoding", "save as UTF-8", id="pickle"),
        pytest.param(b"\xef\xbb\xbf" + TEXT, "byte-order-mark", "without BOM", id="BOM"),
        pytest.param(TEXT.decode().encode("utf-16"), "encoding", "save as UTF-8", id="UTF-16"),
        pytest.param(TEXT.replace(b"ferv", b"f\xfcrv"), "encoding", "save as UTF-8", id="Latin-1"),
        pytest.param(b"[" * 200_000, "too-deep", "16 levels", id="too deep to parse"),
        pytest.param(PACKED[:-9], "invalid-input", "was the copy cut off?", id="gzip truncated"),
        pytest.param(PACKED[:-8] + b"\x00" * 8, "invalid-input", "damaged gzip", id="gzip damaged"),
        pytest.param(PACKED + b"\x00", "invalid-input", "after its first gzip member", id="gzip with more"),
        pytest.param(PACKED + PACKED, "invalid-input", "after its first gzip member", id="gzip twice"),
        pytest.param(gzip.compress(b"\xef\xbb\xbf{}"), "byte-order-mark", "without BOM", id="BOM in gzip"),
    ],
)
def test_a_file_that_cannot_be_read(tmp_path: Path, content: bytes, rule: str, said: str) -> None:
    path = tmp_path / "p.json"
    path.write_bytes(content)
    with pytest.raises(SubmissionError) as caught:
        fervbench.read_submission(path)
    (found,) = caught.value.findings
    assert (found.rule, found.file) == (rule, str(path))
    assert said in f"{found.message} {found.hint}"


def test_a_file_that_is_too_large(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(SubmissionError, match="more than 64 MiB"):
        fervbench.read_submission(path)


def test_a_small_gzip_that_unpacks_to_too_much(tmp_path: Path) -> None:
    path = tmp_path / "p.json.gz"
    path.write_bytes(gzip.compress(b" " * (MAX_BYTES + 1), compresslevel=1))
    assert path.stat().st_size < 2**20
    with pytest.raises(SubmissionError, match="more than 64 MiB"):
        fervbench.read_submission(path)


def test_a_folder_and_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SubmissionError, match="is a folder, not a file"):
        fervbench.read_submission(tmp_path)
    with pytest.raises(SubmissionError, match="no such file"):
        fervbench.read_submission(tmp_path / "absent.json")
    with pytest.raises(SubmissionError, match="cannot be read"):
        fervbench.read_submission("nul\0byte.json")
