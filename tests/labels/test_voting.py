"""From votes to labels: DFEW's threshold, FERV39k's weighted vote; ties are named and never broken."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fervbench import schema
from fervbench.errors import UsageError
from fervbench.labels.ratings import PASS, Ratings, read_ratings
from fervbench.labels.voting import differing, labels_csv, threshold, to_document, wwta

CLASSES = ("Happy", "Sad", "Neutral")
Row = tuple[list[str], list[str]]


def ratings_of(rows: list[Row]) -> Ratings:
    """Clips with normal and supplementary ratings."""
    names = (*CLASSES, PASS)
    table = np.array([[[part.count(name) for name in names] for part in row] for row in rows], dtype=np.int64)
    table = table.reshape(-1, 2, 4)
    ids = [f"c{i}" for i in range(len(rows))]
    parts = (table[:, 0, :3], table[:, 0, 3], table[:, 1, :3], table[:, 1, 3])
    return Ratings("made.csv", "0" * 64, CLASSES, ids, *parts)


def one(normal: str, extra: str = "") -> Ratings:
    names = {"H": "Happy", "S": "Sad", "N": "Neutral", "P": PASS}
    return ratings_of([([names[c] for c in normal], [names[c] for c in extra])])


@pytest.mark.parametrize(
    ("votes", "at_least", "label", "reason"),
    [
        ("HHHHHHHSSN", 7, "Happy", "voted"),
        ("HHHHHHSSSN", 7, None, "too-few-votes"),  # l_k > 6, not >= 6
        ("HHHHHSSSSS", 5, None, "tie"),
        ("HHHHHHSSSS", 4, "Happy", "voted"),
        ("HHHHHHPPPP", 7, None, "too-few-votes"),  # PASS is a rating, for no class
        ("PPPPPPPPPP", 7, None, "too-few-votes"),
    ],
)
def test_the_threshold_of_dfew(votes: str, at_least: int, label: str | None, reason: str):
    document = to_document(ratings := one(votes), threshold(ratings, at_least))
    assert document["clips"]["c0"]["label"] == label
    assert document["clips"]["c0"]["reason"] == reason


@pytest.mark.parametrize(
    ("normal", "extra", "passing", "label", "reason"),
    [
        ("HHS", "", "wins", "Happy", "voted"),
        ("HHS", "S", "wins", "Sad", "voted"),  # a professional counts twice
        ("HHHS", "S", "wins", None, "tie"),  # 3 to 1 + 2
        ("HHHHS", "S", "wins", "Happy", "voted"),  # and is refuted by a broader consensus
        ("HPP", "", "wins", None, "pass"),
        ("HHP", "", "wins", "Happy", "voted"),
        ("HHP", "", "any", None, "pass"),
        ("HP", "", "wins", None, "tie"),
        ("HHS", "P", "any", None, "pass"),
    ],
)
def test_the_weighted_vote_of_ferv39k(normal: str, extra: str, passing: str, label: str | None, reason: str):
    document = to_document(ratings := one(normal, extra), wwta(ratings, passing=passing))
    assert document["clips"]["c0"]["label"] == label
    assert document["clips"]["c0"]["reason"] == reason
    if reason == "tie":
        assert len(document["clips"]["c0"]["tied"]) == 2


labels = st.lists(st.sampled_from([*CLASSES, PASS]), min_size=1, max_size=6)


@given(st.lists(st.tuples(labels, st.lists(st.sampled_from([*CLASSES, PASS]), max_size=2)), min_size=1, max_size=8))
@settings(max_examples=150, deadline=None, derandomize=True)
def test_random_votes_are_counted_by_hand(rows: list[Row]):
    ratings = ratings_of(rows)
    document = to_document(ratings, wwta(ratings))
    jsonschema.Draft202012Validator(schema.load("votes")).validate(document)
    for i, (normal, extra) in enumerate(rows):
        counts = Counter(normal + extra + extra)
        best = {name for name, n in counts.items() if n == max(counts.values())}
        found = document["clips"][f"c{i}"]
        assert found["votes"] == counts
        assert set(found.get("tied", ())) == (best if len(best) > 1 else set())
        assert found["label"] == (next(iter(best)) if len(best) == 1 and best != {PASS} else None)
    assert document["labelled"] + sum(document["without"].values()) == len(rows)


@given(st.lists(st.tuples(labels, st.just([])), min_size=1, max_size=8), st.integers(1, 7))
@settings(max_examples=150, deadline=None, derandomize=True)
def test_random_votes_against_the_threshold(rows: list[Row], at_least: int):
    ratings = ratings_of(rows)
    if at_least > max(len(row[0]) for row in rows):
        with pytest.raises(UsageError, match="no clip has"):
            threshold(ratings, at_least)
        return
    document = to_document(ratings, threshold(ratings, at_least))
    jsonschema.Draft202012Validator(schema.load("votes")).validate(document)
    for i, (normal, _) in enumerate(rows):
        counts = Counter(name for name in normal if name != PASS)
        most = max(counts.values(), default=0)
        best = [name for name, n in counts.items() if n == most >= at_least]
        assert document["clips"][f"c{i}"]["label"] == (best[0] if len(best) == 1 else None)


def test_the_labels_file_holds_the_labelled_clips():
    ratings = ratings_of([(["Happy", "Happy"], []), (["Happy", "Sad"], []), (["Sad", "Sad"], [])])
    assert labels_csv(ratings, threshold(ratings, 2)) == "clip_id,label\nc0,Happy\nc2,Sad\n"


def test_calls_that_make_no_sense_are_refused():
    for call in (lambda r: threshold(r, 0), lambda r: threshold(r, 3), lambda r: wwta(r, weight=0)):
        with pytest.raises(UsageError):
            call(one("HH"))
    with pytest.raises(UsageError, match="supplementary"):
        threshold(one("HH", "S"), 2)


def test_a_label_column_that_says_otherwise_is_told(tmp_path: Path):
    path = tmp_path / "w.csv"
    path.write_text("clip_id,Happy,Sad,label\nc1,7,3,1\nc2,6,4,1\nc3,2,8,2\nc4,5,5,0\n")
    ratings = read_ratings(path)
    decision = threshold(ratings, 7)
    assert differing(ratings, decision) == ["c2"]
    assert "says otherwise for 1 of 4 clips: c2" in to_document(ratings, decision)["warnings"][0]


def test_an_annotation_of_dfews_size_and_shape_gives_dfews_numbers(tmp_path: Path):
    """Made-up votes in the official layout: 12,059 of 16,372 clips have more than six votes for one class."""
    pytest.importorskip("openpyxl")
    pytest.importorskip("PIL")
    from fervbench import load_protocol
    from fervbench.synthesize import plan

    release = plan("dfew", scale=1.0)
    (tmp_path / "annotation.xlsx").write_bytes(release.files["Annotation/annotation.xlsx"])
    protocol = load_protocol("dfew")
    ratings = read_ratings(tmp_path / "annotation.xlsx", classes=protocol.classes, canonical=protocol.ids.canonical)
    decision = threshold(ratings, 7)
    document = to_document(ratings, decision)
    assert (document["labelled"], document["n"]) == (12_059, 16_372)
    assert ratings.clips[0] == "00001"
    assert differing(ratings, decision) == []
