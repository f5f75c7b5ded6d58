"""Clips that follow from counts: their ids, their parts, and counts that break the rule."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fervbench.embedded import embedded_labels
from fervbench.errors import MismatchError, ProtocolFileError
from fervbench.ground_truth import load_ground_truth
from fervbench.protocol import Protocol, build


def counted(folder: Path, cells: dict[str, Any], **ground_truth: Any) -> Protocol:
    """Two scenes of two classes with these counts."""
    (folder / "counts.json").write_text(json.dumps({"cells": cells}), encoding="utf-8")
    document = {
        "format": "fervbench-protocol/1",
        "id": "small",
        "version": "0.1.0",
        "title": "Small",
        "task": "recognition",
        "classes": ["Happy", "Sad"],
        "default_source": "both",
        "aggregation": "pooled",
        "ground_truth": {"kind": "counts", "counts": "counts.json"} | ground_truth,
        "configurations": {
            "both": {"level": "top", "members": ["b", "a"]},
            "a": {"level": "leaf"},
            "b": {"level": "leaf"},
        },
        "evaluations": {"all": {"kind": "grid", "source_levels": ["top"], "target_levels": ["top"]}},
    }
    return build(document, folder, "p.toml")


GOOD = {"a": {"Happy": {"test": 1, "train": 0}, "Sad": {"test": 1, "train": 4}}, "b": {"Sad": {"test": 2, "train": 4}}}


def test_a_cell_of_n_clips_has_the_first_fifth_rounded_up_as_its_test_part(tmp_path: Path) -> None:
    labels = embedded_labels(counted(tmp_path, GOOD))
    rows = list(zip(labels.ids, labels.labels, labels.leaves, labels.parts, strict=True))
    assert [row[:3] for row in rows if row[3] == "test"] == [
        ("a/Happy/0000", "Happy", "a"),
        ("a/Sad/0000", "Sad", "a"),
        ("b/Sad/0000", "Sad", "b"),
        ("b/Sad/0001", "Sad", "b"),
    ]
    assert [row[0] for row in rows if row[3] == "train"] == [
        *(f"a/Sad/000{i}" for i in range(1, 5)),
        *(f"b/Sad/000{i}" for i in range(2, 6)),
    ]


def test_one_part_alone_can_be_had(tmp_path: Path) -> None:
    labels = embedded_labels(counted(tmp_path, GOOD), parts=("train",))
    assert set(labels.parts) == {"train"}
    assert len(labels) == 8


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ({"test": 2, "train": 3}, "2 of 5 clips are tested, the rule of embedded counts is 1"),
        ({"test": 1, "train": 5}, "1 of 6 clips are tested, the rule of embedded counts is 2"),
        ({"test": 5}, "5 of 5 clips are tested, the rule of embedded counts is 1"),
        ({"test": 2001, "train": 8004}, "10005 clips do not fit the ids 0000 to 9999"),
    ],
    ids=["test too many", "test too few", "no train", "five digits"],
)
def test_counts_that_break_the_rule_are_refused(cell: dict[str, int], said: str, tmp_path: Path) -> None:
    with pytest.raises(ProtocolFileError, match="counts of small cannot be used") as caught:
        load_ground_truth(counted(tmp_path, GOOD | {"b": {"Sad": cell}}))
    assert [(f.pointer, f.message) for f in caught.value.findings] == [("/cells/b/Sad", said)]


def test_a_leaf_without_counts_is_refused_and_not_scored_as_empty(tmp_path: Path) -> None:
    with pytest.raises(ProtocolFileError) as caught:
        load_ground_truth(counted(tmp_path, {"a": GOOD["a"]}))
    assert [finding.message for finding in caught.value.findings] == ["b has no test clip"]


def test_counts_that_do_not_give_the_frozen_fingerprint_are_a_broken_installation(tmp_path: Path) -> None:
    right = load_ground_truth(counted(tmp_path, GOOD)).sha256
    assert load_ground_truth(counted(tmp_path, GOOD, fingerprint=right)).sha256 == right
    with pytest.raises(MismatchError, match="do not give its fingerprint") as caught:
        load_ground_truth(counted(tmp_path, GOOD, fingerprint="0" * 64))
    assert caught.value.hint == "reinstall fervbench"
