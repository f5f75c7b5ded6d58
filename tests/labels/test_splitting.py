"""Splits of new data: the papers' official lists come back, and what stands on two sides is found."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fervbench import load_protocol, schema
from fervbench.embedded import embedded_labels
from fervbench.errors import InputError, UsageError
from fervbench.labels.leaks import find_leaks, plain_id
from fervbench.labels.splitting import (
    Clips,
    leaks_of,
    read_clips,
    split_by_subject,
    split_cells,
    split_csv,
    split_folds,
    to_document,
)
from fervbench.labels_file import read_labels


def clips_of(rows: list[tuple[str, str, str]], **clusters: list[str]) -> Clips:
    """Clips of (id, label, scene)."""
    columns = [list(column) for column in zip(*rows, strict=True)]
    return Clips("made.csv", "0" * 64, *columns, clusters)


def test_the_official_lists_of_ferv39k_come_back():
    protocol = load_protocol("ferv39k")
    official = embedded_labels(protocol, parts=("train", "test"))
    clips = clips_of(list(zip(official.ids, official.labels, official.leaves, strict=True)))
    parts = split_cells(clips, order="id")
    assert Counter(parts.values()) == {"train": 31_088, "test": 7_847}
    assert parts == dict(zip(official.ids, official.parts, strict=True))


def test_the_official_folds_of_dfew_come_back(lists: Path):
    from fervbench import load_ground_truth

    protocol = load_protocol("dfew")
    folder = lists / "dfew"
    truth = load_ground_truth(protocol, folder)
    labels = [protocol.classes[code] for code in truth.label.tolist()]
    clips = clips_of([(id, label, "") for id, label in zip(truth.ids, labels, strict=True)])
    folds = split_folds(clips)
    assert folds == {id: str(leaf + 1) for id, leaf in zip(truth.ids, truth.leaf.tolist(), strict=True)}


rows = st.lists(
    st.tuples(st.text("abc01", min_size=1, max_size=4), st.sampled_from("HSN"), st.sampled_from("xy")),
    min_size=1,
    max_size=40,
    unique_by=lambda row: row[0],
)


@given(rows, st.integers(0, 5), st.sampled_from(["id", "hash"]), st.integers(2, 6))
@settings(max_examples=100, deadline=None, derandomize=True)
def test_sizes_of_random_splits(found: list[tuple[str, str, str]], seed: int, order: str, folds: int):
    clips = clips_of(found)
    parts = split_cells(clips, order=order, seed=seed)
    for cell in {row[1:] for row in found}:
        own = [parts[row[0]] for row in found if row[1:] == cell]
        assert own.count("test") == -(-len(own) // 5)
    parts = split_folds(clips, folds=folds, order=order, seed=seed)
    for label in {row[1] for row in found}:
        sizes = Counter(parts[row[0]] for row in found if row[1] == label)
        assert max(sizes.values()) - min(sizes.get(str(f + 1), 0) for f in range(folds)) <= 1
    turned = clips_of(found[::-1])
    assert split_cells(turned, order=order, seed=seed) == split_cells(clips, order=order, seed=seed)


def test_the_share_is_exact():
    clips = clips_of([(f"{i:02d}", "H", "") for i in range(10)])
    for share, n in ((Fraction("0.2"), 2), (Fraction("0.25"), 3), (Fraction(1, 10), 1)):
        assert Counter(split_cells(clips, test_share=share).values())["test"] == n
    for wrong in (0, 1):
        with pytest.raises(UsageError, match="leaves a part empty"):
            split_cells(clips, test_share=Fraction(wrong))


def test_subjects_stay_on_one_side(tmp_path: Path):
    found = [(f"c{i:03d}", "H", "") for i in range(100)]
    clips = clips_of(found, subject=[f"s{i % 17}" for i in range(100)])
    parts = split_by_subject(clips)
    assert leaks_of(clips, parts, "error") == []
    assert abs(Counter(parts.values())["train"] - 60) <= 6
    with pytest.raises(UsageError, match="names no subjects"):
        split_by_subject(clips_of(found))
    with pytest.raises(InputError, match="1 clips have no subject"):
        split_by_subject(clips_of(found[:2], subject=["a", ""]))


def test_leaks_are_found():
    parts = {"m1_001": "train", "m1_002": "test", "m2_001": "train", "M2-1.mp4": "test", "m3_1": "test"}
    found = find_leaks(parts, {"movie": ["1", "1", "2", "2", ""]}, "f")
    assert Counter(f.rule for f in found) == {"leaked-movie": 2, "near-duplicate-id": 1}
    assert "'m2_001' (train), 'M2-1.mp4' (test)" in found[-1].message
    same_side = {"a_1": "train", "a_01": "train"}
    assert find_leaks(same_side, {}, "f") == []


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("00001", "1", True),
        ("Clip_01", "clip-1.avi", True),
        ("clip_01", "clip_01 (2)", True),
        ("clip_01", "clip_01_flip", True),
        ("1_23", "12_3", False),
        ("0", "00", True),
        ("clip_10", "clip_1", False),
        ("Interview/Happy/0001", "Interview/Sad/0001", False),
        ("v1.2", "v12", False),
    ],
)
def test_near_duplicate_ids(one: str, other: str, alike: bool):
    assert (plain_id(one) == plain_id(other)) == alike


def test_every_problem_of_a_file_at_once(tmp_path: Path):
    (tmp_path / "c.csv").write_text("clip_id,label,part,colour\nc1,Happy,train,red\nc1,Sad,test,red\nc2,,,red\n")
    with pytest.raises(InputError) as caught:
        read_clips(tmp_path / "c.csv")
    assert caught.value.findings.counts == {"unknown-key": 1, "duplicate-id": 1, "missing-value": 2}
    (tmp_path / "c.csv").write_text("clip_id,label,scene,configuration\nc1,Happy,a,b\n")
    with pytest.raises(InputError, match="cannot be used"):
        read_clips(tmp_path / "c.csv")


def test_movies_are_read_from_ids(tmp_path: Path):
    (tmp_path / "c.csv").write_text("clip_id,label\nm1_001,Happy\nm1_002,Happy\nodd,Happy\n")
    assert read_clips(tmp_path / "c.csv", cluster_from="^([^_]+)_").clusters == {"cluster": ["m1", "m1", ""]}
    for wrong, said in (("(", "no regular expression"), ("m1", "no group")):
        with pytest.raises(UsageError, match=said):
            read_clips(tmp_path / "c.csv", cluster_from=wrong)


def test_what_is_written_can_be_read_as_labels(tmp_path: Path):
    protocol = load_protocol("ferv39k")
    found = [(f"War/Happy/{i:04d}", "Happy", "War") for i in range(10)]
    clips = clips_of(found, subject=[f"s{i // 2}" for i in range(10)])
    parts = split_cells(clips)
    labels = read_labels(split_csv(clips, parts, folds=False).encode(), protocol, "out.csv")
    assert labels.parts.count("test") == 2
    assert labels.clusters is not None
    document = to_document(clips, parts, {"name": "cells", "seed": 0}, leaks_of(clips, parts, "warning"))
    jsonschema.Draft202012Validator(schema.load("split")).validate(document)
    dfew = load_protocol("dfew")
    clips = clips_of([(f"{i:05d}", "Happy", "") for i in range(10)])
    labels = read_labels(split_csv(clips, split_folds(clips), folds=True).encode(), dfew, "out.csv")
    assert Counter(labels.leaves) == dict.fromkeys(dfew.leaves, 2)
