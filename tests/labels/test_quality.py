"""Quality control: the verdict at and beside every threshold, few known clips, raters, refusals."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fervbench import schema
from fervbench.errors import InputError, UsageError
from fervbench.labels.quality import ACCEPTED, IMPROPER, UNACCEPTABLE, UNKNOWN, control, read_flags, verdict
from fervbench.labels.ratings import Ratings, read_ratings

HEADER = "clip_id,rater,label,role,group\n"


def read(tmp_path: Path, rows: list[str]) -> Ratings:
    path = tmp_path / "r.csv"
    path.write_text(HEADER + "".join(row + "\n" for row in rows))
    return read_ratings(path, classes=("Happy", "Sad"), allow_missing=True, once_a_group=True)


@pytest.mark.parametrize(
    ("hits", "n", "said"),
    [
        (39, 100, UNACCEPTABLE),
        (40, 100, IMPROPER),  # "lower than 40 %" does not hold
        (41, 100, IMPROPER),
        (79, 100, IMPROPER),
        (80, 100, IMPROPER),  # "over 80 %" does not hold
        (81, 100, ACCEPTED),
        (2, 5, UNKNOWN),
        (10, 25, IMPROPER),
        (20, 25, IMPROPER),
        (3_999, 10_000, UNACCEPTABLE),
        (4_000, 10_000, IMPROPER),
        (8_000, 10_000, IMPROPER),
        (8_001, 10_000, ACCEPTED),
        (0, 0, UNKNOWN),
        (1, 1, UNKNOWN),
        (0, 2, UNKNOWN),
        (0, 3, UNACCEPTABLE),
        (4, 4, UNKNOWN),
        (5, 5, ACCEPTED),
    ],
)
def test_the_verdict_at_the_edges(hits: int, n: int, said: str):
    assert verdict(hits, n)[0] == said


@given(st.integers(0, 60), st.integers(0, 60))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_the_verdict_is_that_of_the_rate_wherever_there_is_one(a: int, b: int):
    hits, n = min(a, b), max(a, b)
    said, sure, (low, high) = verdict(hits, n)
    if said == UNKNOWN:
        assert n < 24
        assert low < 0.4
        assert high > 0.8
        return
    rate = Fraction(hits, n)
    assert said == (UNACCEPTABLE if rate < Fraction(2, 5) else ACCEPTED if rate > Fraction(4, 5) else IMPROPER)
    inside = {UNACCEPTABLE: high < 0.4, ACCEPTED: low > 0.8, IMPROPER: low >= 0.4 and high <= 0.8}
    assert sure == inside[said]


def test_groups_raters_and_next_steps(tmp_path: Path):
    rows = []
    for i in range(10):
        rows.append(f"k{i},good,Happy,,A1")
        rows.append(f"k{i},bad,{'Happy' if i < 2 else 'Sad'},,A2")
        rows.append(f"k{i},lazy,{'Happy' if i < 9 else 'PASS'},,A3")
    rows += ["x1,good,Sad,,A1", "k1,few,Happy,,B1", "k1,professional,Sad,supplementary,A"]
    found = control(read(tmp_path, rows), {f"k{i}": "Happy" for i in range(10)} | {"unseen": "Sad"})
    jsonschema.Draft202012Validator(schema.load("quality")).validate(found)
    assert {name: (g["correct"], g["flags"], g["verdict"]) for name, g in found["groups"].items()} == {
        "A1": (10, 10, ACCEPTED),
        "A2": (2, 10, UNACCEPTABLE),
        "A3": (9, 10, ACCEPTED),
        "B1": (1, 1, UNKNOWN),
    }
    assert found["groups"]["A1"]["ratings"] == 11
    assert found["groups"]["A2"]["next"] == "back to the annotators"
    assert found["groups"]["A3"]["passes"] == 1
    assert found["total"]["flags"] == 31
    assert found["raters"]["bad"]["rate"] == 0.2
    assert found["warnings"] == ["1 known clips were rated by nobody: unseen"]


def test_a_rater_may_rate_a_clip_in_two_copies_of_a_group_and_no_more(tmp_path: Path):
    rows = ["k1,a,Happy,,A1", "k1,a,Happy,,A2"]
    assert control(read(tmp_path, rows), {"k1": "Happy"})["total"]["correct"] == 2
    with pytest.raises(InputError) as caught:
        read(tmp_path, [*rows, "k1,a,Sad,,A2"])
    assert caught.value.findings.counts == {"duplicate-rating": 1}


def test_what_cannot_be_judged_is_refused(tmp_path: Path):
    ratings = read(tmp_path, ["k1,a,Happy,,A1", "k2,a,Happy,,"])
    with pytest.raises(UsageError, match="names no group"):
        control(ratings, {"k1": "Happy"})
    ratings = read(tmp_path, ["k1,a,Happy,,A1"])
    with pytest.raises(InputError, match="none of the known clips"):
        control(ratings, {"k2": "Happy"})
    with pytest.raises(UsageError, match="thresholds"):
        control(ratings, {"k1": "Happy"}, lower=Fraction(4, 5), upper=Fraction(2, 5))


def test_every_problem_of_the_known_clips_at_once(tmp_path: Path):
    (tmp_path / "f.csv").write_text("clip_id,label\nk1,Happy\nk1,Sad\nk2,Odd\n,Sad\n")
    with pytest.raises(InputError) as caught:
        read_flags(str(tmp_path / "f.csv"), ("Happy", "Sad"))
    assert caught.value.findings.counts == {"duplicate-id": 1, "unknown-class": 1, "missing-value": 1}
    (tmp_path / "f.csv").write_text("id,label\nk1,Happy\n")
    with pytest.raises(InputError, match="header"):
        read_flags(str(tmp_path / "f.csv"), ("Happy", "Sad"))
