"""The document of agreement: parts, PASS, raters, intervals, what is undefined."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest

from fervbench import schema
from fervbench.labels.agreeing import agree
from fervbench.labels.ratings import Ratings, read_ratings
from fervbench.metrics.agreement import fleiss_kappa, krippendorff_alpha


def read(tmp_path: Path, text: str, **options: Any) -> Ratings:
    path = tmp_path / "r.csv"
    path.write_text(text)
    return read_ratings(path, **options)


def checked(ratings: Ratings, **options: Any) -> dict[str, Any]:
    document = agree(ratings, **options)
    jsonschema.Draft202012Validator(schema.load("agreement")).validate(document)
    return document


WIDE = "clip_id,Happy,Sad\nc1,10,0\nc2,7,3\nc3,4,6\nc4,0,10\n"


def test_all_clips_and_those_with_enough_votes(tmp_path: Path):
    found = checked(read(tmp_path, WIDE), min_votes=7, replicates=50)
    whole, part = found["parts"]
    assert whole["kappa"]["value"] == pytest.approx(fleiss_kappa([[10, 0], [7, 3], [4, 6], [0, 10]]))
    assert part["kappa"]["value"] == pytest.approx(fleiss_kappa([[10, 0], [7, 3], [0, 10]]))
    assert (whole["n"], part["n"], part["part"]) == (4, 3, "at least 7 votes")
    assert whole["kappa"]["ci_low"] <= whole["kappa"]["value"] <= whole["kappa"]["ci_high"]
    assert whole["ceiling"]["ratings"] == 40  # c3: 4 against 5 of the others at worst, no tie
    assert whole["ceiling"]["WAR"]["value"] == pytest.approx((10 + 7 + 6 + 10) / 40)
    assert whole["ceiling"]["raters"] == {}


def test_without_replicates_there_are_no_intervals(tmp_path: Path):
    found = checked(read(tmp_path, WIDE), replicates=0)
    assert found["intervals"] is None
    assert "ci_low" not in found["parts"][0]["alpha"]


def test_uneven_ratings_have_alpha_and_no_kappa(tmp_path: Path):
    text = "clip_id,Happy,Sad\nc1,3,0\nc2,1,3\nc3,1,0\n"
    found = checked(read(tmp_path, text, allow_missing=True), replicates=20)
    assert found["parts"][0]["kappa"] == {"value": None, "interpretation": None}
    assert found["parts"][0]["alpha"]["value"] == pytest.approx(krippendorff_alpha([[3, 0], [1, 3], [1, 0]]))
    assert "alpha takes them as is" in found["warnings"][0]


def test_raters_against_the_others_and_pass(tmp_path: Path):
    rows = [
        "1,a,Happy",
        "1,b,Happy",
        "1,c,Sad",
        "2,a,PASS",
        "2,b,Happy",
        "2,c,Happy",
        "3,a,PASS",
        "3,b,PASS",
        "3,c,Sad",
    ]
    found = checked(read(tmp_path, "clip_id,rater,label\n" + "\n".join(rows) + "\n"), replicates=20)
    assert found["classes"] == ["Happy", "Sad", "PASS"]
    ceiling = found["parts"][0]["ceiling"]
    assert ceiling["raters"]["c"] == {"ratings": 1, "without_vote": 2, "WAR": 0.0, "UAR": 0.0}
    assert ceiling["raters"]["a"]["ratings"] == 1  # clip 2, where the others say Happy and a passes: wrong
    assert ceiling["raters"]["a"]["WAR"] == 0.0
    assert ceiling["ratings"] == sum(row["ratings"] for row in ceiling["raters"].values()) == 2
    assert ceiling["without_vote"] == 7


def test_one_class_alone_is_no_agreement_beyond_chance(tmp_path: Path):
    part = checked(read(tmp_path, "clip_id,Happy,Sad\nc1,3,0\nc2,3,0\n"), replicates=20)["parts"][0]
    assert part["kappa"]["value"] is None
    assert part["alpha"]["value"] is None
    assert part["pairs"]["value"] == 1.0


def test_a_part_without_clips_is_null(tmp_path: Path):
    part = checked(read(tmp_path, WIDE), min_votes=11, replicates=20)["parts"][1]
    assert (part["n"], part["kappa"]["value"], part["ceiling"]["WAR"]["value"]) == (0, None, None)


def test_supplementary_ratings_are_left_out_and_said(tmp_path: Path):
    text = "clip_id,rater,label,role\n1,a,Happy,\n1,b,Happy,\n2,a,Sad,\n2,b,Sad,\n1,p,Sad,supplementary\n"
    found = checked(read(tmp_path, text), replicates=0)
    assert found["parts"][0]["kappa"]["value"] == 1.0
    assert "supplementary" in found["warnings"][0]
