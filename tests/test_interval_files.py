"""Files of intervals: three layouts, exact round trips, the fingerprint, and every problem of a bad file at once."""

from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fervbench import schema
from fervbench.errors import LabelsError
from fervbench.interval_files import Video, fingerprint, read_intervals, write_intervals, write_intervals_csv

WORLD = {
    "v2": Video(58.2, 25.0, "s01", "test", ((3.1, 5.8, "Happy"), (20.0, 20.4, "Surprise"))),
    "v1": Video(10.0, None, None, None, ()),
    "a/b~c": Video(None, None, "s 02", "train", ((0.0, 10.5, "Happy"),)),
}
OWN = """{"format": "fervbench-intervals/1", "videos": {
 "v2": {"duration": 58.2, "fps": 25, "subject": "s01", "split": "test",
        "intervals": [[3.1, 5.8, "Happy"], [20, 20.4, "Surprise"]]},
 "v1": {"duration": 10, "intervals": []},
 "a/b~c": {"subject": "s 02", "split": "train", "intervals": [[-0.0, 10.5, "Happy"]]}}}"""
CSV = """video_id,duration,fps,subject,split,onset,offset,label
v2,58.2,25,s01,test,3.1,5.8,Happy
v1,10,,,,,,
v2,58.20,25.0,s01,test,20,2.04e1,Surprise
a/b~c,,,s 02,train,0,10.5,Happy
"""
HEADER = "video_id,duration,fps,subject,split,onset,offset,label\n"

texts = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=8)
positive = st.floats(0, exclude_min=True, allow_nan=False, allow_infinity=False)


@st.composite
def videos(draw: st.DrawFn) -> Video:
    """A video in which nothing is wrong."""
    duration = draw(st.none() | st.floats(1e-3, 1e6))
    intervals = []
    for _ in range(draw(st.integers(0, 4))):
        times = draw(st.lists(st.floats(0, duration or 1e9), min_size=2, max_size=2, unique=True))
        intervals.append((min(times), max(times), draw(texts)))
    optional = st.none() | texts
    return Video(duration, draw(st.none() | positive), draw(optional), draw(optional), tuple(intervals))


worlds = st.dictionaries(texts, videos(), min_size=1, max_size=5)


def read(text: str | dict[str, Any], **options: Any) -> dict[str, Video]:
    data = text if isinstance(text, str) else json.dumps(text)
    return read_intervals(data.encode(), "truth", **options)


def one(text: str | dict[str, Any], **options: Any) -> Any:
    with pytest.raises(LabelsError) as caught:
        read(text, **options)
    (finding,) = caught.value.findings
    return finding


def database(**entries: Any) -> dict[str, Any]:
    return {"database": entries}


def net(segment: Any, label: Any = "Run", duration: Any = 10) -> dict[str, Any]:
    return {"duration": duration, "subset": "validation", "annotations": [{"segment": segment, "label": label}]}


# The layouts


@pytest.mark.parametrize("text", [OWN, CSV, "\ufeff" + CSV, CSV.replace("\n", "\r\n"), CSV + "\n"])
def test_both_forms_of_the_format_say_the_same(text: str) -> None:
    found = read(text)
    assert found == WORLD
    if not text.startswith("{"):
        assert list(found) == list(WORLD), "in the order of the file"
    assert [type(x) for v in found.values() for i in v.intervals for x in i] == [float, float, str] * 3


def test_columns_may_be_few_and_in_any_order() -> None:
    assert read("video_id,label,offset,onset\nv,Happy,2,1\nw,,,\n") == {
        "v": Video(None, None, None, None, ((1.0, 2.0, "Happy"),)),
        "w": Video(None, None, None, None, ()),
    }


def test_activitynet_is_read_and_its_other_keys_are_ignored() -> None:
    entry = {**net([1, 2.5]), "url": "u", "resolution": "1x1"}
    bare = {"annotations": []}
    content = {"version": "1.3", "taxonomy": [{"nodeId": 1}], "database": {"b": entry, "a": bare}}
    found = read(content)
    assert found == {
        "b": Video(10.0, None, None, "validation", ((1.0, 2.5, "Run"),)),
        "a": Video(None, None, None, None, ()),
    }
    assert list(found) == ["b", "a"]


def test_the_real_activitynet_file_needs_leniency(lists: Path) -> None:
    path = lists / "spotting" / "anet13_val_gt.json.gz"
    if not path.is_file():
        pytest.skip("no ActivityNet ground truth beside the official lists")
    data = gzip.decompress(path.read_bytes())
    found = read_intervals(data, path.name, lenient=True)
    assert len(found) == 4728
    assert sum(len(video.intervals) for video in found.values()) == 7293
    assert {video.split for video in found.values()} == {"validation"}
    database = json.loads(data)["database"]
    assert [(id, [[a, b] for a, b, _ in v.intervals]) for id, v in found.items()] == [
        (id, [annotation["segment"] for annotation in entry["annotations"]]) for id, entry in database.items()
    ]
    with pytest.raises(LabelsError) as caught:
        read_intervals(data, path.name)
    assert caught.value.findings.counts == {"overlong-interval": 43, "empty-interval": 3}


# Writing and the fingerprint


@given(worlds)
@settings(deadline=None, derandomize=True, max_examples=200)
def test_what_is_written_is_read_as_it_was(world: dict[str, Video]) -> None:
    for text in (write_intervals(world), write_intervals_csv(world)):
        found = read(text)
        assert found == world
        assert list(found) == list(world)
    assert schema.accepts(json.loads(write_intervals(world)), schema.load("intervals"))
    assert write_intervals(world).count("\n") == len(world) + 3, "one video a line"


def test_what_is_written_looks_like_this() -> None:
    assert write_intervals(WORLD) == (
        '{"format": "fervbench-intervals/1",\n "videos": {\n'
        '  "v2": {"duration": 58.2, "fps": 25.0, "subject": "s01", "split": "test", '
        '"intervals": [[3.1, 5.8, "Happy"], [20.0, 20.4, "Surprise"]]},\n'
        '  "v1": {"duration": 10.0, "intervals": []},\n'
        '  "a/b~c": {"subject": "s 02", "split": "train", "intervals": [[0.0, 10.5, "Happy"]]}\n}}\n'
    )
    assert write_intervals_csv(WORLD) == (
        HEADER + "v2,58.2,25.0,s01,test,3.1,5.8,Happy\nv2,58.2,25.0,s01,test,20.0,20.4,Surprise\n"
        "v1,10.0,,,,,,\na/b~c,,,s 02,train,0.0,10.5,Happy\n"
    )


def test_the_fingerprint_is_that_of_lines_written_by_hand() -> None:
    lines = b"a/b~c\t0.0\t10.5\tHappy\nv2\t20.0\t20.4\tSurprise\nv2\t3.1\t5.8\tHappy\n"
    assert (
        fingerprint(WORLD)
        == hashlib.sha256(lines).hexdigest()
        == "d0332a981455c64c334d3f59220c308db703b29adf05eab131a70f8fde065987"
    )
    assert fingerprint(read(OWN)) == fingerprint(read(CSV)) == fingerprint(WORLD)
    assert fingerprint({}) == hashlib.sha256(b"").hexdigest()


@given(worlds, st.randoms(use_true_random=False))
@settings(deadline=None, derandomize=True)
def test_the_fingerprint_follows_its_definition(world: dict[str, Video], random: Any) -> None:
    rows = [(id, repr(a), repr(b), label) for id, video in world.items() for a, b, label in video.intervals]
    random.shuffle(rows)
    digest = hashlib.sha256()
    for line in sorted("\t".join(row).encode("utf-8") + b"\n" for row in rows):
        digest.update(line)
    assert fingerprint(world) == digest.hexdigest()


@pytest.mark.parametrize(
    "changed",
    [
        OWN.replace("3.1,", "3.1000000000000005,"),
        OWN.replace('5.8, "Happy"', '5.8, "Sad"'),
        OWN.replace('"v2"', '"v3"'),
        OWN.replace(', [20, 20.4, "Surprise"]', ""),
    ],
)
def test_another_truth_has_another_fingerprint(changed: str) -> None:
    assert fingerprint(read(changed)) != fingerprint(WORLD)


def test_what_is_not_scored_against_leaves_the_fingerprint_alone() -> None:
    assert fingerprint(read(OWN.replace("58.2", "60").replace("s01", "s09"))) == fingerprint(WORLD)
