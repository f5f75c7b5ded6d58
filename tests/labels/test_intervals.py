"""Annotators' triples: frame by frame as SDFE-LV's Figure 2 shows it, stated rules, refusals, agreement."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fervbench import schema
from fervbench.errors import InputError
from fervbench.interval_files import Video, read_intervals, write_intervals
from fervbench.labels.interval_agreeing import agree_on_intervals
from fervbench.labels.interval_ratings import frame_votes, read_interval_ratings
from fervbench.labels.interval_voting import check_intervals, runs_of, vote_frames, vote_intervals

CLASSES = ("Happy", "Sad", "Fear")
FPS, FRAMES = 10, 24
Triples = list[tuple[int, int, str]]  # first frame, last frame, category
HEADER = "video_id,rater,onset,offset,label,duration,fps\n"


@st.composite
def one_rater(draw: st.DrawFn) -> Triples:
    """Up to four triples of whole frames that do not overlap."""
    points = sorted(draw(st.lists(st.integers(0, FRAMES), max_size=8, unique=True)))
    spans = zip(points[::2], points[1::2], strict=False)
    return [(a, b - 1, draw(st.sampled_from(CLASSES))) for a, b in spans]


raters = st.lists(one_rater(), min_size=1, max_size=5)


def write(path: Path, said: list[Triples], unit: str = "seconds") -> Path:
    """A file of one video in which each rater says what they say."""
    rows = []
    for r, triples in enumerate(said):
        rows += [f"v,r{r},,,,{FRAMES / FPS},{FPS}"] if not triples else []
        for a, b, label in triples:
            ends = (a, b) if unit == "frames" else (a / FPS, (b + 1) / FPS)
            rows.append(f"v,r{r},{ends[0]},{ends[1]},{label},{FRAMES / FPS},{FPS}")
    path.write_text(HEADER + "\n".join(rows) + "\n")
    return path


def by_hand(said: list[Triples], ties: str, min_frames: int) -> list[tuple[float, float, str]]:
    """Figure 2 read literally: a row of frames for each annotator, the most frequent entry of each column, runs."""
    decoded = [[next((c for a, b, c in triples if a <= f <= b), None) for f in range(FRAMES)] for triples in said]
    final: list[str | None] = []
    for column in zip(*decoded, strict=True):
        counts = Counter(column).most_common()
        best = [name for name, n in counts if n == counts[0][1]]
        if len(best) == 1:
            final.append(best[0])
        else:
            final.append(final[-1] if ties == "previous" and final and final[-1] in best else None)
    changed = True
    while changed:
        changed = False
        runs = [(name, len(list(group))) for name, group in itertools.groupby(final)]
        at = 0
        for i, (name, length) in enumerate(runs):
            left = runs[i - 1][0] if i else "start"
            right = runs[i + 1][0] if i + 1 < len(runs) else "end"
            new = left if left == right else None
            if length < min_frames and new != name:
                final[at : at + length] = [new] * length
                changed = True
                break
            at += length
    found, at = [], 0
    for name, group in itertools.groupby(final):
        length = len(list(group))
        if name is not None:
            found.append((at / FPS, (at + length) / FPS, name))
        at += length
    return found


@given(raters, st.sampled_from(["neutral", "previous"]), st.integers(1, 4), st.sampled_from(["seconds", "frames"]))
@example([[(0, 3, "Happy"), (5, 9, "Happy")]] * 5, "neutral", 2, "seconds")  # a gap of one frame is closed
@example([[(4, 4, "Happy")]], "neutral", 2, "seconds")  # a lone frame goes
@example([[(0, 3, "Happy"), (4, 4, "Sad"), (5, 8, "Happy")]], "neutral", 2, "frames")
@settings(max_examples=400, deadline=None, derandomize=True)
def test_voting_is_that_of_figure_2(
    tmp_path_factory: pytest.TempPathFactory, said: list[Triples], ties: str, min_frames: int, unit: str
):
    path = write(tmp_path_factory.mktemp("i") / "i.csv", said, unit)
    ratings = read_interval_ratings(path, classes=CLASSES, unit=unit)
    final, document, _ = vote_intervals(ratings, ties=ties, min_frames=min_frames)
    assert list(final["v"].intervals) == by_hand(said, ties, min_frames)
    jsonschema.Draft202012Validator(schema.load("interval-votes")).validate(document)
    tied = {f for run in document["videos"]["v"]["ties"] for f in range(run["first"], run["last"] + 1)}
    votes = frame_votes(ratings.videos["v"], CLASSES)
    assert tied == {f for f, row in enumerate(votes.tolist()) if row.count(max(row)) > 1}
    written = read_intervals(write_intervals(final).encode(), "out.json")
    assert written == final, "what is written is fervbench-intervals/1"
    assert not [finding for finding in check_intervals(final, "f") if finding.severity == "error"]


def test_json_and_csv_say_the_same(tmp_path: Path):
    csv = write(tmp_path / "i.csv", [[(2, 5, "Happy")], []])
    videos = {"v": {"duration": 2.4, "fps": 10, "raters": {"r0": [[0.2, 0.6, "Happy"]], "r1": []}}}
    document = {"format": "fervbench-interval-ratings/1", "classes": list(CLASSES), "videos": videos}
    (tmp_path / "i.json").write_text(json.dumps(document))
    one, other = read_interval_ratings(csv, classes=CLASSES), read_interval_ratings(tmp_path / "i.json")
    assert one.videos["v"].triples == other.videos["v"].triples
    assert one.classes == other.classes
    assert one.raters == other.raters == ("r0", "r1")


def test_every_problem_at_once(tmp_path: Path):
    rows = [
        "v,a,1.0,0.5,Happy,2.4,10",  # inverted
        "v,b,0.5,0.5,Happy,2.4,10",  # empty
        "v,c,-1,0.5,Happy,2.4,10",  # negative
        "v,d,0.5,9,Happy,2.4,10",  # beyond the end
        "v,e,0.1,0.5,Hapy,2.4,10",  # unknown
        "v,f,0.1,0.5,Sad,2.4,10",
        "v,f,0.3,0.8,Sad,2.4,10",  # overlaps the one before
        "v,g,x,0.8,Sad,2.4,10",
        "v,h,0.1,0.8,Sad,2.5,10",  # another duration
        "v,i,,,,2.4,10",
        "v,i,0.1,0.2,Sad,2.4,10",  # after a row without
        "w,a,0.1,0.5,Sad,,",  # no frame rate, and raters are missing
        "x,a,0.11,0.12,Sad,2.4,10",  # shorter than half a frame
    ]
    (tmp_path / "i.csv").write_text(HEADER + "\n".join(rows) + "\n")
    with pytest.raises(InputError) as caught:
        read_interval_ratings(tmp_path / "i.csv", classes=CLASSES, raters=9)
    found = {(f.rule, f.pointer) for f in caught.value.findings}
    assert {
        ("inverted-interval", "line 2"),
        ("empty-interval", "line 3"),
        ("negative-interval", "line 4"),
        ("overlong-interval", "line 5"),
        ("unknown-class", "line 6"),
        ("overlap", "line 8"),
        ("wrong-type", "line 9"),
        ("conflicting-value", "line 10"),
        ("duplicate-rating", "line 12"),
        ("missing-value", "line 13"),
        ("missing-ratings", "line 13"),
        ("empty-interval", "line 14"),
    } <= found


def test_frames_are_whole_and_may_be_counted_from_1(tmp_path: Path):
    path = write(tmp_path / "i.csv", [[(3, 5, "Happy")]], "frames")
    assert read_interval_ratings(path, unit="frames", first=1).videos["v"].frames[0].tolist() == [[2, 4]]
    text = path.read_text()
    path.write_text(text.replace("v,r0,3,5", "v,r0,3.5,5"))
    with pytest.raises(InputError) as caught:
        read_interval_ratings(path, unit="frames")
    assert caught.value.findings.counts == {"wrong-value": 1}
    path.write_text(text.replace("v,r0,3,5", "v,r0,5,3"))
    with pytest.raises(InputError) as caught:
        read_interval_ratings(path, unit="frames")
    assert caught.value.findings.counts == {"inverted-interval": 1}
    path.write_text(text.replace("v,r0,3,5", "v,r0,3,500000000").replace("2.4,10", ",10"))
    with pytest.raises(InputError) as caught:
        read_interval_ratings(path, unit="frames")
    assert caught.value.findings.counts == {"too-large": 1}


def test_ties_and_islands_are_named():
    votes = np.zeros((6, 3), dtype=np.int64)
    votes[:, 2] = 1
    votes[1:3, 0] = 2
    votes[3] = (1, 1, 0)
    votes[4, 1] = 2
    found = vote_frames(votes)
    assert found.runs == [(1, 2, 0)]
    assert found.ties == [(3, 3, (0, 1))]
    assert found.islands == [(4, 4, 1, 2)]
    assert vote_frames(votes, ties="previous").runs == [(1, 3, 0)]
    assert vote_frames(votes, min_frames=1).runs == [(1, 2, 0), (4, 4, 1)]
    assert runs_of([]) == []
    for wrong in ({"ties": "first"}, {"min_frames": 0}):
        with pytest.raises(ValueError, match=r"no rule|are none"):
            vote_frames(votes, **wrong)


def test_margins_and_overlaps():
    intervals = ((0.0, 1.0, "Happy"), (1.0, 2.0, "Sad"), (1.5, 2.5, "Fear"), (3.0, 4.0, "Happy"))
    found = check_intervals({"v": Video(4.0, None, None, None, intervals)}, "f")
    assert Counter((f.rule, f.severity) for f in found) == {
        ("no-neutral-margin", "warning"): 3,  # begins at 0, touches, ends at the end
        ("overlap", "error"): 1,
    }
    assert check_intervals({"v": Video(None, None, None, None, ((0.5, 1.0, "Happy"), (1.5, 2.0, "Sad")))}, "f") == []


def test_margins_of_voted_triples(tmp_path: Path):
    path = write(tmp_path / "i.csv", [[(0, 4, "Happy"), (5, 9, "Sad"), (12, 14, "Sad"), (20, 23, "Happy")]])
    _, document, warnings = vote_intervals(read_interval_ratings(path, classes=CLASSES))
    said = [finding.message for finding in warnings]
    assert ["first frame" in said[0], "follows Happy" in said[1], "last frame" in said[2]] == [True] * 3
    assert len(document["warnings"]) == 3


def test_agreement_of_raters_on_intervals(tmp_path: Path):
    same = [[(2, 5, "Happy"), (10, 13, "Sad")]] * 3
    ratings = read_interval_ratings(write(tmp_path / "i.csv", same), classes=CLASSES)
    document = agree_on_intervals(ratings, replicates=20)
    jsonschema.Draft202012Validator(schema.load("interval-agreement")).validate(document)
    assert document["tiou"]["value"] == document["alpha"]["value"] == 1.0
    assert [pair["same_category"] for pair in document["pairs"]] == [1.0] * 3
    other = [[(2, 5, "Happy")], [(4, 7, "Sad"), (10, 11, "Sad")]]
    document = agree_on_intervals(
        read_interval_ratings(write(tmp_path / "i.csv", other), classes=CLASSES), replicates=0
    )
    pair = document["pairs"][0]
    assert pair["tiou"] == pytest.approx((2 / 6) / 2)  # two of six frames; the unmatched interval counts as 0
    assert (pair["matched"], pair["intervals"], pair["same_category"]) == (1, 2, 0.0)
    assert document["intervals"] is None


@given(raters)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_alpha_over_frames_is_alpha_of_the_frames(tmp_path_factory: pytest.TempPathFactory, said: list[Triples]):
    from fervbench.metrics.agreement import krippendorff_alpha

    path = write(tmp_path_factory.mktemp("i") / "i.csv", said)
    ratings = read_interval_ratings(path, classes=CLASSES)
    document: dict[str, Any] = agree_on_intervals(ratings, replicates=10)
    alpha = krippendorff_alpha(frame_votes(ratings.videos["v"], CLASSES))
    assert document["alpha"]["value"] == (None if alpha != alpha else pytest.approx(alpha))
    jsonschema.Draft202012Validator(schema.load("interval-agreement")).validate(document)
