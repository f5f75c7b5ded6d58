"""The ground truth of spotting: where it is found, which videos are tested, and its fingerprint."""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fervbench.errors import InputError, LabelsError, MismatchError, NotAvailableError
from fervbench.interval_files import Video, read_intervals, write_intervals
from fervbench.interval_truth import IntervalTruth, from_videos, load_interval_truth, read_copy, stored_path
from fervbench.protocol import Protocol, build, load_protocol
from fervbench.splits import split_videos

SPLIT = {"parts": ["train", "validation", "test"], "weights": [6, 2, 2], "seed": 3}

# c stands before a: files keep their order, fingerprints do not depend on it
WORLD = {
    "c": Video(60.0, 25.0, "s3", "test", ((20.0, 20.5, "Sad"), (3.125, 5.8, "Happy"))),
    "t": Video(30.0, None, "s4", "train", ((1.0, 2.0, "Happy"),)),
    "quiet": Video(12.5, None, "s5", "test", ()),
    "v": Video(None, None, "s6", "validation", ()),
    "a": Video(None, None, "s1", "test", ((0.1, 0.2, "Happy"),)),
}
# DESIGN.md, section 4, by hand: `id<TAB>onset<TAB>offset<TAB>label<LF>` of the tested subset, sorted, repr floats
TESTED = b"a\t0.1\t0.2\tHappy\nc\t20.0\t20.5\tSad\nc\t3.125\t5.8\tHappy\n"
SHA256 = hashlib.sha256(TESTED).hexdigest()


def protocol(
    folder: Path, *, split: dict[str, Any] | None = None, subset: str = "test", **ground_truth: Any
) -> Protocol:
    document: dict[str, Any] = {
        "format": "fervbench-protocol/1",
        "id": "spots",
        "version": "0.1.0",
        "title": "Spots",
        "task": "spotting",
        "classes": ["Happy", "Sad"],
        "default_source": "all",
        "aggregation": "pooled",
        "ground_truth": {"kind": "intervals"} | ground_truth,
        "spotting": {"subset": subset, "max_average": 100, "report": [1]},
        "configurations": {"all": {"level": "overall"}},
        "evaluations": {"spotting": {"kind": "spotting", "source_levels": ["overall"]}},
    }
    if split is not None:
        document["split"] = split
    return build(document, folder, "p.toml")


def store(of: Protocol, text: str) -> Path:
    path = stored_path(of)
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
    return path


def without_split(videos: dict[str, Video]) -> dict[str, Video]:
    return {id: Video(v.duration, v.fps, v.subject, None, v.intervals) for id, v in videos.items()}


def check(truth: IntervalTruth) -> None:
    """Everything that WORLD says of its tested subset."""
    assert truth.sha256 == SHA256
    assert truth.videos == ["c", "a"]
    assert truth.index == {"c": 0, "a": 1}
    assert truth.silent == {"quiet"}
    assert truth.elsewhere == {"t": "train", "v": "validation"}
    assert truth.target.tolist() == [[20.0, 20.5], [3.125, 5.8], [0.1, 0.2]]
    assert truth.video.tolist() == [0, 0, 1]
    assert truth.labels == ["Sad", "Happy", "Happy"]
    assert truth.fps[0] == 25.0
    assert math.isnan(truth.fps[1])
    assert truth.durations == {"c": 60.0, "t": 30.0, "quiet": 12.5, "v": None, "a": None}
    assert truth.notes == ()


def test_a_copy_by_path(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_text(write_intervals(WORLD))
    for given in (path, str(path)):
        truth = load_interval_truth(protocol(tmp_path), given)
        check(truth)
        assert truth.origin == str(path)


def test_the_stored_copy(tmp_path: Path, own_data_folder: Path) -> None:
    of = protocol(tmp_path)
    path = store(of, write_intervals(WORLD))
    assert path == own_data_folder / "ground-truth" / "spots@0.1.0" / "intervals.json"
    truth = load_interval_truth(of)
    check(truth)
    assert truth.origin == str(path)


def test_labels_beside_the_protocol_come_before_stored_ones(tmp_path: Path) -> None:
    of = protocol(tmp_path, labels="intervals.json")
    store(of, write_intervals({"x": Video(None, None, None, "test", ((1.0, 2.0, "Sad"),))}))
    (tmp_path / "intervals.json").write_text(write_intervals(WORLD))
    truth = load_interval_truth(of)
    check(truth)
    assert truth.origin == str(tmp_path / "intervals.json")


def test_a_path_comes_before_labels_beside_the_protocol(tmp_path: Path) -> None:
    (tmp_path / "intervals.json").write_text("not looked at")
    (tmp_path / "mine.json").write_text(write_intervals(WORLD))
    check(load_interval_truth(protocol(tmp_path, labels="intervals.json"), tmp_path / "mine.json"))


def test_what_is_not_there_is_not_available(tmp_path: Path) -> None:
    with pytest.raises(NotAvailableError, match="not part of fervbench") as caught:
        load_interval_truth(load_protocol("sdfe-lv"))
    assert "fervbench ground-truth add sdfe-lv PATH" in str(caught.value.hint)
    with pytest.raises(NotAvailableError, match="are not there"):
        load_interval_truth(protocol(tmp_path, labels="absent.json"))
    assert caught.value.exit_code == 3


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (None, "no such file"),
        (b"\x1f\x8b not gzip", "damaged gzip"),
        (b"\x00\x01", "UTF-16"),
        (b"hello", "not a file of int"),
    ],
)
def test_what_cannot_be_read_is_no_ground_truth(data: bytes | None, said: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    if data is not None:
        path.write_bytes(data)
    for read in (load_interval_truth, read_copy):
        with pytest.raises(LabelsError, match=said) as caught:
            read(protocol(tmp_path), path)
        assert caught.value.exit_code == 3


def test_labels_that_the_protocol_does_not_have_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_text(write_intervals({"c": Video(None, None, None, "test", ((1.0, 2.0, "Joy"),))}))
    with pytest.raises(LabelsError) as caught:
        load_interval_truth(protocol(tmp_path), path)
    assert [finding.rule for finding in caught.value.findings] == ["unknown-class"]


@pytest.mark.parametrize("place", ["path", "beside", "stored"])
def test_leniency_reaches_the_reader_wherever_the_file_is(place: str, tmp_path: Path) -> None:
    text = json.dumps(
        {"database": {"v": {"subset": "test", "annotations": [{"segment": [5.0, 2.0], "label": "Happy"}]}}}
    )
    of = protocol(tmp_path, **({"labels": "intervals.json"} if place == "beside" else {}))
    path = store(of, text) if place == "stored" else tmp_path / "intervals.json"
    path.write_text(text)
    given = path if place == "path" else None
    assert load_interval_truth(of, given, lenient=True).target.tolist() == [[5.0, 2.0]]
    with pytest.raises(LabelsError):
        load_interval_truth(of, given)


def test_the_fingerprint_is_over_the_tested_subset_alone() -> None:
    of = protocol(Path())
    for changed in ("t", "v", "quiet"):
        world = {id: video for id, video in WORLD.items() if id != changed}
        assert from_videos(of, world, "f").sha256 == SHA256
    other = WORLD | {"t": Video(9.0, 1.0, "x", "train", ((1.0, 2.5, "Sad"),))}
    assert from_videos(of, other, "f").sha256 == SHA256
    more = WORLD | {"t": Video(30.0, None, "s4", "test", ((1.0, 2.0, "Happy"),))}
    assert from_videos(of, more, "f").sha256 == hashlib.sha256(TESTED + b"t\t1.0\t2.0\tHappy\n").hexdigest()


def test_another_subset_of_the_same_file_is_another_truth() -> None:
    truth = from_videos(protocol(Path(), subset="train"), WORLD, "f")
    assert truth.videos == ["t"]
    assert truth.silent == frozenset()
    assert truth.elsewhere == {"c": "test", "quiet": "test", "v": "validation", "a": "test"}
    assert truth.sha256 == hashlib.sha256(b"t\t1.0\t2.0\tHappy\n").hexdigest()


@pytest.mark.parametrize("subset", ["testing", "validation"])
def test_a_subset_without_intervals_is_refused_and_those_of_the_file_are_said(subset: str) -> None:
    with pytest.raises(LabelsError, match=f"no intervals in the subset '{subset}'") as caught:
        from_videos(protocol(Path(), subset=subset), WORLD, "f.json")
    assert "(it has test, train, validation)" in caught.value.message
    assert (caught.value.exit_code, caught.value.file) == (3, "f.json")


def test_the_frozen_fingerprint_is_required(tmp_path: Path) -> None:
    check(from_videos(protocol(tmp_path, fingerprint=SHA256), WORLD, "f"))
    path = tmp_path / "mine.json"
    path.write_text(write_intervals(WORLD))
    with pytest.raises(MismatchError, match=f"fingerprint {SHA256[:16]}... instead of 0000000000000000") as caught:
        load_interval_truth(protocol(tmp_path, fingerprint="0" * 64), path)
    assert (caught.value.exit_code, caught.value.file) == (3, str(path))


def test_where_no_video_names_its_split_the_protocols_splitter_makes_it() -> None:
    videos = without_split(
        {
            f"v{i:02d}": Video(10.0, None, f"s{i // 3}", None, ((1.0, 2.0 + i, "Happy"),) if i % 4 else ())
            for i in range(30)
        }
    )
    made = split_videos({id: str(v.subject) for id, v in videos.items()}, SPLIT["parts"], SPLIT["weights"], 3)
    tested = [id for id in videos if made[id] == "test"]
    truth = from_videos(protocol(Path(), split=SPLIT), videos, "f")
    assert truth.notes == ("the split was made by the protocol's splitter (seed 3)",)
    assert [*truth.videos, *truth.silent] != []
    assert sorted([*truth.videos, *truth.silent]) == tested
    assert truth.silent == {id for id in tested if not videos[id].intervals}
    assert truth.elsewhere == {id: part for id, part in made.items() if part != "test"}
    lines = sorted(f"{id}\t1.0\t{2.0 + int(id[1:])!r}\tHappy\n" for id in tested if videos[id].intervals)
    assert truth.sha256 == hashlib.sha256("".join(lines).encode()).hexdigest()
    another = from_videos(protocol(Path(), split=SPLIT | {"seed": 4}), videos, "f")
    assert another.sha256 != truth.sha256, "the seed is the protocol's"


def test_a_split_that_the_file_names_is_not_made_again() -> None:
    check(from_videos(protocol(Path(), split=SPLIT), WORLD, "f"))


def test_the_splitter_needs_the_subject_of_every_video() -> None:
    videos = without_split(WORLD) | {"lone": Video(None, None, None, None, ((1.0, 2.0, "Sad"),))}
    with pytest.raises(LabelsError, match="neither split nor subject of 'lone'") as caught:
        from_videos(protocol(Path(), split=SPLIT), videos, "f")
    assert "every video needs its subject" in str(caught.value.hint)


def test_without_split_and_splitter_nothing_is_tested() -> None:
    with pytest.raises(LabelsError, match="names no split, and spots has no splitter"):
        from_videos(protocol(Path()), without_split(WORLD), "f")


@pytest.mark.parametrize("split", [None, SPLIT])
def test_a_file_that_names_some_splits_only_is_refused(split: dict[str, Any] | None) -> None:
    mixed = WORLD | {"lone": Video(None, None, "s9", None, ((1.0, 2.0, "Sad"),))}
    with pytest.raises(LabelsError, match="of some videos and not of others") as caught:
        from_videos(protocol(Path(), split=split), mixed, "f")
    assert "'lone' has none" in caught.value.message


def test_a_recognition_protocol_has_no_intervals() -> None:
    with pytest.raises(InputError, match="dfew is not a spotting protocol"):
        from_videos(load_protocol("dfew"), WORLD, "f")


def test_the_three_layouts_give_one_truth(tmp_path: Path) -> None:
    database = {
        id: {
            "subset": v.split,
            **({} if v.duration is None else {"duration": v.duration}),
            "annotations": [{"segment": [a, b], "label": label} for a, b, label in v.intervals],
        }
        for id, v in WORLD.items()
    }
    rows = ["video_id,split,onset,offset,label"]
    for id, v in WORLD.items():
        rows += [f"{id},{v.split},{a},{b},{label}" for a, b, label in v.intervals] or [f"{id},{v.split},,,"]
    for text in (write_intervals(WORLD), json.dumps({"database": database}), "\n".join(rows)):
        truth = from_videos(protocol(tmp_path), read_intervals(text.encode(), "f"), "f")
        assert truth.sha256 == SHA256
        assert np.array_equal(truth.target, [[20.0, 20.5], [3.125, 5.8], [0.1, 0.2]])
        assert truth.silent == {"quiet"}
