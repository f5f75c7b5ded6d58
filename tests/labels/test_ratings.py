"""Files of ratings: every form says the same, and everything wrong with a file is told at once."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fervbench.errors import InputError, MissingExtraError
from fervbench.findings import Findings
from fervbench.labels.ratings import PASS, Ratings, read_mapping, read_ratings

CLASSES = ("Happy", "Sad", "Neutral")
LONG = [("c1", "a", "Happy"), ("c1", "b", "Happy"), ("c2", "a", "Sad"), ("c2", "b", PASS)]


def write(path: Path, header: str, rows: list[tuple[Any, ...]]) -> Path:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([header.split(","), *rows])
    path.write_text(out.getvalue(), encoding="utf-8")
    return path


def refused(path: Path, **options: Any) -> Findings:
    with pytest.raises(InputError) as caught:
        read_ratings(path, **options)
    return caught.value.findings


def votes_of(ratings: Ratings) -> dict[str, list[int]]:
    table = np.concatenate([ratings.votes, ratings.passes[:, None]], axis=1)
    return dict(zip(ratings.clips, table.tolist(), strict=True))


def test_the_long_form(tmp_path: Path):
    found = read_ratings(write(tmp_path / "r.csv", "clip_id,rater,label", LONG), classes=CLASSES)
    assert votes_of(found) == {"c1": [2, 0, 0, 0], "c2": [0, 1, 0, 1]}
    assert found.raters == ("a", "b")
    assert found.number.tolist() == [2, 2]
    ratings = [
        (found.clips[c], found.raters[r], (*CLASSES, PASS)[k])
        for c, r, k in zip(found.clip_of, found.rater_of, found.code, strict=True)
    ]
    assert ratings == LONG


def test_json_says_the_same(tmp_path: Path):
    rows = [dict(zip(("clip_id", "rater", "label"), row, strict=True)) for row in LONG]
    document = {"format": "fervbench-ratings/1", "classes": list(CLASSES), "ratings": rows}
    (tmp_path / "r.json").write_text(json.dumps(document))
    counts = {"c1": {"Happy": 2}, "c2": {"Sad": 1, PASS: 1}}
    (tmp_path / "w.json").write_text(
        json.dumps({"format": "fervbench-ratings/1", "classes": list(CLASSES), "counts": counts})
    )
    assert votes_of(read_ratings(tmp_path / "r.json")) == votes_of(read_ratings(tmp_path / "w.json"))
    assert read_ratings(tmp_path / "r.json").classes == CLASSES


def test_the_wide_form_and_dfews_columns(tmp_path: Path):
    path = write(tmp_path / "w.csv", "1happy,2sad,3neutral,order,label", [(7, 2, 1, 3, 1), (4, 3, 3, 4, 0)])
    found = read_ratings(path, classes=CLASSES, canonical=lambda id: id.zfill(5))
    assert votes_of(found) == {"00003": [7, 2, 1, 0], "00004": [4, 3, 3, 0]}
    assert found.stated is not None
    assert found.stated.tolist() == [0, -1]
    assert "1happy as Happy" in found.notes[0]
    assert read_ratings(path).classes == ("happy", "sad", "neutral")


def test_a_workbook_says_the_same(tmp_path: Path):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for row in (("1happy", "2sad", "order", None), (7, 3.0, 1, None), (None, None, None, None), (6, 4, 2, None)):
        book.active.append(row)
    book.save(tmp_path / "w.xlsx")
    assert votes_of(read_ratings(tmp_path / "w.xlsx", classes=CLASSES[:2])) == {"1": [7, 3, 0], "2": [6, 4, 0]}
    (tmp_path / "bad.xlsx").write_bytes(b"PK\x03\x04 nothing")
    with pytest.raises(InputError, match="cannot be read as a workbook"):
        read_ratings(tmp_path / "bad.xlsx")


def test_a_workbook_without_openpyxl_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    import sys

    monkeypatch.setitem(sys.modules, "openpyxl", None)
    (tmp_path / "w.xlsx").write_bytes(b"PK\x03\x04")
    with pytest.raises(MissingExtraError) as caught:
        read_ratings(tmp_path / "w.xlsx")
    assert "fervbench[xlsx]" in str(caught.value.hint)


def test_every_problem_of_the_long_form_at_once(tmp_path: Path):
    rows = [
        ("c1", "a", "Happy", ""),
        ("c1", "b", "Hapy", ""),  # unknown
        ("c1", "a", "Sad", ""),  # rated before
        ("c2", "a", "Sad", ""),
        ("c2", "b", "Sad", "boss"),  # no role
        ("c3", "a", "Sad", ""),  # b is missing
        ("c4", "", "Sad", ""),  # no rater
        ("c4", "b", "", ""),  # no label
        ("c5", "a", "Sad", ""),
        ("c5", "b", "Sad", ""),
        ("c6", "a", "Sad"),  # a field too few
    ]
    found = refused(write(tmp_path / "r.csv", "clip_id,rater,label,role", rows), classes=CLASSES, raters=2)
    told = {(f.rule, f.pointer) for f in found}
    assert {
        ("unknown-class", "line 3"),
        ("duplicate-rating", "line 4"),
        ("unknown-role", "line 6"),
        ("missing-value", "line 8"),
        ("missing-value", "line 9"),
        ("wrong-length", "line 12"),
    } <= told
    assert {f.id for f in found if f.rule == "missing-ratings"} == {"c1", "c2", "c3"}
    assert next(f.hint for f in found if f.rule == "unknown-class") == "did you mean 'Happy'?"


def test_every_problem_of_the_wide_form_at_once(tmp_path: Path):
    rows = [
        ("c1", 7, 2, 1, 10),
        ("c2", 7, 2, 2, 10),  # sums to 11
        ("c3", "x", 2, 1, 10),
        ("c1", 7, 2, 1, 10),  # twice
        ("c4", -1, 10, 1, 10),
        ("", 7, 2, 1, 10),
    ]
    found = refused(write(tmp_path / "w.csv", "clip_id,Happy,Sad,Neutral,n", rows), classes=CLASSES)
    assert {(f.rule, f.pointer) for f in found} == {
        ("counts-do-not-sum", "line 3"),
        ("not-a-count", "line 4"),
        ("duplicate-rating", "line 5"),
        ("not-a-count", "line 6"),
        ("wrong-id", "line 7"),
    }
    uneven = write(tmp_path / "u.csv", "clip_id,Happy,Sad", [("c1", 7, 3), ("c2", 7, 3), ("c3", 7, 2)])
    assert [(f.rule, f.id) for f in refused(uneven)] == [("counts-do-not-sum", "c3")]
    assert refused(uneven, raters=9).counts == {"counts-do-not-sum": 2}
    assert read_ratings(uneven, allow_missing=True).number.tolist() == [10, 10, 9]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ('{"format": "fervbench-ratings/1", "counts": {"c": {"Happy": 1, "Happy": 2}}}', "duplicate-rating"),
        ('{"format": "fervbench-ratings/1", "counts": {"c": {"Happy": 1}, "c": {"Happy": 2}}}', "duplicate-rating"),
        ('{"format": "fervbench-ratings/1", "counts": {"c": {"Happy": NaN}}}', "not-finite"),
        ('{"format": "fervbench-ratings/1", "counts": {"c": {"Happy": 1.5}}}', "wrong-type"),
        ('{"format": "fervbench-ratings/1", "ratings": [{"clip_id": "c", "rater": "a"}]}', "missing-key"),
        ('{"format": "fervbench-ratings/2"}', "invalid-input"),
        ("[]", "invalid-input"),
        ("", "invalid-input"),
        ("clip_id,frames\n1,2\n", "invalid-input"),
        ("clip_id,rater\n1,2\n", "missing-key"),
        ("clip_id,rater,label,rater\n1,2,3,4\n", "duplicate-key"),
        ("clip_id,rater,label\n", "no-ratings"),
        ("clip_id,rater,label\n1,a,Happy\n2,a,happy\n", "unknown-class"),
        ("clip_id,Happy,Sad,Sorrow\n1,2,3,4\n", "unknown-class"),
    ],
)
def test_what_cannot_be_read_is_refused(tmp_path: Path, text: str, rule: str):
    (tmp_path / "r").write_text(text)
    classes = CLASSES[:2] if "Sorrow" in text else ()
    assert rule in refused(tmp_path / "r", classes=classes).counts


def test_fine_words_are_mapped(tmp_path: Path):
    words = write(tmp_path / "words.csv", "label,class", [("amused", "Happy"), ("lonely", "Sad")])
    mapping = read_mapping(words, CLASSES)
    path = write(tmp_path / "r.csv", "clip_id,rater,label", [("c", "a", "amused"), ("c", "b", "Sad"), ("c", "d", PASS)])
    assert votes_of(read_ratings(path, classes=CLASSES, mapping=mapping)) == {"c": [1, 1, 0, 1]}
    bad = [("amused", "Happy"), ("amused", "Sad"), ("odd", "Strange"), ("", "Sad"), (PASS, "Sad")]
    with pytest.raises(InputError) as caught:
        read_mapping(write(tmp_path / "bad.csv", "label,class", bad), CLASSES)
    assert Counter(f.rule for f in caught.value.findings) == {
        "duplicate-id": 1,
        "unknown-class": 2,
        "missing-value": 1,
    }


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("xyz"), st.sampled_from([*CLASSES, PASS, "Sda"]))))
@settings(max_examples=100, deadline=None, derandomize=True)
def test_random_files_are_read_or_refused_for_what_is_wrong_with_them(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, str]]
):
    path = write(tmp_path_factory.mktemp("r") / "r.csv", "clip_id,rater,label", rows)
    pairs = Counter(row[:2] for row in rows)
    wrong = sum(row[2] == "Sda" for row in rows)
    repeated = sum(n - 1 for n in pairs.values())
    if not rows or wrong or repeated:
        counts = refused(path, classes=CLASSES, allow_missing=True).counts
        assert counts.get("unknown-class", 0) == wrong
        assert counts.get("duplicate-rating", 0) == repeated
        return
    found = votes_of(read_ratings(path, classes=CLASSES, allow_missing=True))
    assert found == {
        id: [sum(row == (id, rater, label) for row in rows for rater in "xyz") for label in (*CLASSES, PASS)]
        for id in dict.fromkeys(row[0] for row in rows)
    }


@given(st.text(alphabet='clip_id,raterlabel\n"{}[]:0123 Happy\x00é', max_size=120))
@settings(max_examples=150, deadline=None, derandomize=True)
def test_whatever_a_file_holds_there_is_no_traceback(tmp_path_factory: pytest.TempPathFactory, text: str):
    path = tmp_path_factory.mktemp("r") / "r"
    path.write_text(text, encoding="utf-8", newline="")
    with suppress(InputError):
        read_ratings(path)
