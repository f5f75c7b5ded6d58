"""The generic labels file: what it may say, and every row that cannot be used, with its line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fervbench.errors import LabelsError
from fervbench.labels_file import Labels, is_labels_file, read_labels, write_labels
from fervbench.protocol import Protocol, build


def protocol(*leaves: str, zero_pad: int | None = None) -> Protocol:
    document: dict[str, Any] = {
        "format": "fervbench-protocol/1",
        "id": "small",
        "version": "0.1.0",
        "title": "Small",
        "task": "recognition",
        "classes": ["Happy", "Sad", "Not sure"],
        "default_source": "each-fold",
        "aggregation": "pooled",
        "ground_truth": {"kind": "labels"},
        "configurations": {leaf: {"level": "fold"} for leaf in leaves},
        "evaluations": {"folds": {"kind": "folds", "source_levels": ["fold"]}},
    }
    if zero_pad:
        document["ids"] = {"zero_pad": zero_pad}
    return build(document, Path(), "p.toml")


ONE = protocol("only")
THREE = protocol("fdA", "fdB", "fdC", zero_pad=4)


def read(text: str, of: Protocol = ONE) -> Labels:
    return read_labels(text.encode(), of, "labels.csv")


def problems(text: str, of: Protocol = ONE) -> list[tuple[str, str | None, str | None]]:
    with pytest.raises(LabelsError) as caught:
        read(text, of)
    assert caught.value.exit_code == 3
    return [(finding.rule, finding.pointer, finding.id) for finding in caught.value.findings]


def rows(labels: Labels) -> list[tuple[str, ...]]:
    clusters = labels.clusters or [""] * len(labels)
    return sorted(zip(labels.ids, labels.labels, labels.leaves, labels.parts, clusters, strict=True))


def test_two_columns_are_enough_where_there_is_one_leaf() -> None:
    labels = read("clip_id,label\na,Happy\nb,Not sure\n")
    assert labels == Labels(["a", "b"], ["Happy", "Not sure"], ["only", "only"], ["test", "test"], None)


@pytest.mark.parametrize(
    "text", ["clip_id,label\r\na,Sad\r\n", '\ufeffclip_id,label\n"a","Sad"', "clip_id,label\na,Sad"]
)
def test_line_ends_quotes_and_a_byte_order_mark_do_not_matter(text: str) -> None:
    assert is_labels_file(text.encode())
    assert rows(read(text)) == [("a", "Sad", "only", "test", "")]


@pytest.mark.parametrize("data", [b"video_name,label\n1,2\n", b"Interview/Happy/0118 Happy\n", b""])
def test_official_lists_are_not_taken_for_labels_files(data: bytes) -> None:
    assert not is_labels_file(data)


def test_folds_are_given_by_id_or_by_number_from_one() -> None:
    labels = read("clip_id,label,fold\n1,Sad,1\n2,Sad,fdB\n0003,Sad,3\n", THREE)
    assert labels.ids == ["0001", "0002", "0003"]
    assert labels.leaves == ["fdA", "fdB", "fdC"]


def test_a_fold_whose_id_is_a_number_is_meant_by_its_id() -> None:
    labels = read("clip_id,label,fold\na,Sad,2\nb,Sad,1\n", protocol("2", "1"))
    assert labels.leaves == ["2", "1"]


def test_the_configuration_column_names_leaves() -> None:
    text = "clip_id,label,cluster,part,configuration\n1,Sad,film a,train,fdC\n2,Happy,film b,,fdA\n"
    assert rows(read(text, THREE)) == [
        ("0001", "Sad", "fdC", "train", "film a"),
        ("0002", "Happy", "fdA", "test", "film b"),
    ]


def test_folds_by_number_are_no_configurations() -> None:
    assert problems("clip_id,label,configuration\n1,Sad,1\n", THREE) == [("unknown-configuration", "line 2", "0001")]


def test_a_fold_beside_the_configuration_must_name_the_same_leaf() -> None:
    head = "clip_id,label,configuration,fold\n"
    good = read(head + "1,Sad,fdA,1\n2,Sad,fdB,fdB\n3,Sad,fdC,\n", THREE)
    assert good.leaves == ["fdA", "fdB", "fdC"]
    text = head + "1,Sad,fdA,1\n2,Sad,fdB,1\n3,Sad,fdC,fdA\n4,Sad,fdC,4\n5,Sad\n6,Sad,fdA,2\n"
    found = sorted(problems(text, THREE), key=lambda each: str(each[1]))
    assert found == [
        ("conflicting-value", "line 3", "0002"),
        ("conflicting-value", "line 4", "0003"),
        ("conflicting-value", "line 5", "0004"),
        ("wrong-length", "line 6", None),
        ("conflicting-value", "line 7", "0006"),
    ]
    with pytest.raises(LabelsError) as caught:
        read(head + "2,Sad,fdB,1\n", THREE)
    (finding,) = caught.value.findings
    assert finding.message == "the configuration is 'fdB', but the fold '1'"


def test_where_there_are_several_leaves_the_file_must_say_which() -> None:
    with pytest.raises(LabelsError, match="neither a column 'configuration' nor 'fold'") as caught:
        read("clip_id,label\n1,Sad\n", THREE)
    assert caught.value.hint == "small has the leaf configurations fdA, fdB, fdC"


@pytest.mark.parametrize(
    "header",
    [
        "",
        "label,clip_id",
        "clip_id",
        "clip_id,label,split",
        "clip_id,label,part,part",
        "clip_id, label",
        "Clip_ID,label",
    ],
)
def test_another_header_is_refused_and_the_right_one_is_said(header: str) -> None:
    with pytest.raises(LabelsError, match="not clip_id,label") as caught:
        read(f"{header}\na,Happy\n" if header else "")
    assert header in str(caught.value)


@pytest.mark.parametrize("text", ["clip_id,label\n", "clip_id,label\n\n\n"])
def test_a_file_without_clips_is_refused(text: str) -> None:
    with pytest.raises(LabelsError, match="names no clips"):
        read(text)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"clip_id,label\n\xe9,Sad\n", "is not UTF-8"),
        (b'clip_id,label\n"a"b,Sad\n', "is not CSV"),
        (b'clip_id,label\n"a', "CSV"),
    ],
)
def test_what_is_no_csv_in_utf8_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(LabelsError, match=said):
        read_labels(data, ONE, "labels.csv")


def test_every_kind_of_bad_row_is_found_in_one_pass_with_its_line() -> None:
    text = """clip_id,label,fold,part
1,Happy,1,test

2,happy,2,test
3,Sad,4,
4,Sad,1,dev
5,Sad,1
6,Sad,1,test,extra
01,Sad,2,train
,Sad,2,test
a\tb,Sad,2,test
7,Sad,3,test
"""
    assert sorted(problems(text, THREE), key=lambda found: int(str(found[1]).split()[1])) == [
        ("unknown-class", "line 4", "0002"),
        ("unknown-configuration", "line 5", "0003"),
        ("unknown-part", "line 6", "0004"),
        ("wrong-length", "line 7", None),
        ("wrong-length", "line 8", None),
        ("duplicate-id", "line 9", "0001"),
        ("wrong-id", "line 10", ""),
        ("wrong-id", "line 11", "a\tb"),
    ]


def test_a_row_with_several_problems_is_told_all_of_them() -> None:
    assert sorted(problems("clip_id,label,fold,part\n1,Joy,9,dev\n", THREE)) == [
        ("unknown-class", "line 2", "0001"),
        ("unknown-configuration", "line 2", "0001"),
        ("unknown-part", "line 2", "0001"),
    ]


def test_rows_of_the_wrong_length_alone_are_named_too() -> None:
    assert problems("clip_id,label\na\nb,Sad,x\n") == [
        ("wrong-length", "line 2", None),
        ("wrong-length", "line 3", None),
    ]


def test_a_clip_that_stands_three_times_is_a_duplicate_twice() -> None:
    found = problems("clip_id,label\na,Sad\na,Sad\nb,Sad\na,Happy\n")
    assert found == [("duplicate-id", "line 3", "a"), ("duplicate-id", "line 5", "a")]


def test_messages_name_the_value_and_what_is_known() -> None:
    with pytest.raises(LabelsError, match=r"cannot be used for small: labels\.csv") as caught:
        read("clip_id,label\na,Angry\n")
    (finding,) = caught.value.findings
    assert finding.message == "no class 'Angry'"
    assert finding.hint == "known: Happy, Sad, Not sure"
    assert finding.file == "labels.csv"


def test_a_cluster_that_goes_over_lines_is_refused() -> None:
    """Python before 3.13 writes a lone carriage return without quotes: the file could not be read back."""
    found = problems('clip_id,label,cluster\na,Sad,"x\ry"\nb,Sad,"x\n"\nc,Sad,x\n')
    assert [(rule, id) for rule, _, id in found] == [("wrong-cluster", "a"), ("wrong-cluster", "b")]


PRINTABLE = st.text(st.characters(exclude_categories=["C", "Z"]) | st.just(" "), min_size=1, max_size=8)


@given(
    st.dictionaries(
        PRINTABLE,
        st.tuples(
            st.sampled_from(THREE.classes),
            st.sampled_from(["x", "y"]),
            st.sampled_from(["test", "train"]),
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"), max_size=5),
        ),
        min_size=1,
        max_size=8,
    ),
    st.booleans(),
)
@settings(max_examples=200, deadline=None, derandomize=True)
def test_what_is_written_is_read_back(clips: dict[str, tuple[str, str, str, str]], with_clusters: bool) -> None:
    names, leaves, parts, clusters = map(list, zip(*clips.values(), strict=True))
    labels = Labels(list(clips), names, leaves, parts, clusters if with_clusters else None)
    text = write_labels(labels)
    again = read(text, protocol("x", "y"))
    assert rows(again) == rows(labels)
    assert (again.clusters is None) == (not with_clusters)
    assert write_labels(again) == text


def test_rows_are_written_by_configuration_and_id_with_plain_line_ends() -> None:
    labels = Labels(["b", "c", "a"], ["Sad", "Happy", "Sad"], ["y", "x", "y"], ["test", "test", "train"])
    expected = "clip_id,label,configuration,part\nc,Happy,x,test\na,Sad,y,train\nb,Sad,y,test\n"
    assert write_labels(labels) == expected
