"""DFEW's fold lists give the same labels in every layout and numbering; wrong copies are told what differs."""

from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path

import pytest

from fervbench.errors import FervbenchError, LabelsError, MismatchError
from fervbench.ground_truth import load_ground_truth, read_copy
from fervbench.protocol import Protocol, load_protocol
from fervbench.readers.folds import walk

FOLDS = range(1, 6)
CLASSES = ["Happy", "Sad", "Neutral", "Angry", "Surprise", "Disgust", "Fear"]
# (part, fold) to rows of (number of the clip, number of its class from 1)
Lists = dict[tuple[str, int], list[tuple[int, int]]]

# research/datasets.md 1.3: how copies of the lists are laid out
LAYOUTS = {
    "official": "EmoLabel_DataSplit/{part}(single-labeled)/set_{k}.csv",
    "other download": "EmoLabel_DataSplit/{part}/set_{k}.csv",
    "flat": "{part}_set_{k}.csv",
    "authors": "label/single_{part}set_{k}.csv",
}
NUMBERED_0 = "labels are numbered 0..6 here (the official csv number them 1..7): recognised, same class order"
NO_TRAIN = "no train lists there: the folds' test lists were used alone"


def write(folder: Path, lists: Lists, layout: str = "official", *, pad: bool = True, first: int = 1) -> Path:
    for (part, k), rows in lists.items():
        path = folder / LAYOUTS[layout].format(part=part, k=k)
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = [
            f"{number:05d},{label - 1 + first}" if pad else f"{number},{label - 1 + first}" for number, label in rows
        ]
        path.write_text("\n".join(["video_name,label", *lines]) + "\n")
    return folder


def with_train(tests: dict[int, list[tuple[int, int]]]) -> Lists:
    lists: Lists = {("test", k): rows for k, rows in tests.items()}
    for k in tests:
        lists["train", k] = [row for other, rows in tests.items() if other != k for row in rows]
    return lists


def without_train(lists: Lists) -> Lists:
    return {key: rows for key, rows in lists.items() if key[0] == "test"}


@pytest.fixture
def made_up() -> Lists:
    """35 clips of seven classes, five each: clip i has class i mod 7, and the k-th clip of a class is in fold k."""
    return with_train({k: [(7 * (k - 1) + c + 1, c + 1) for c in range(7)] for k in FOLDS})


@pytest.fixture
def small(made_up: Lists, tmp_path: Path) -> Protocol:
    """A protocol of the made-up clips in DFEW's layout."""
    lines = sorted(f"fd{k}\t{n:05d}\t{CLASSES[c - 1]}\n" for k in FOLDS for n, c in made_up["test", k])
    folder = tmp_path / "protocol"
    folder.mkdir()
    cells = {f"fd{k}": {name: {"test": 1} for name in CLASSES} for k in FOLDS}
    (folder / "counts.json").write_text(json.dumps({"cells": cells}))
    folds = "\n".join(f'fd{k} = {{ level = "fold" }}' for k in FOLDS)
    (folder / "small.toml").write_text(f"""
format = "fervbench-protocol/1"
id = "small"
version = "0.1.0"
title = "Small"
task = "recognition"
classes = {json.dumps(CLASSES)}
default_source = "each-fold"
aggregation = "pooled"
[ids]
zero_pad = 5
[ground_truth]
kind = "labels"
layout = "dfew"
counts = "counts.json"
fold_rule = "contiguous-by-id"
fingerprint = "{hashlib.sha256("".join(lines).encode()).hexdigest()}"
[configurations]
{folds}
[evaluations.five-fold]
kind = "folds"
source_levels = ["fold"]
""")
    return load_protocol(folder / "small.toml")


@pytest.fixture
def official(lists: Path) -> Lists:
    found: Lists = {}
    for part in ("train", "test"):
        for k in FOLDS:
            text = (lists / "dfew" / f"{part}_set_{k}.csv").read_text(encoding="utf-8")
            found[part, k] = [(int(row["video_name"]), int(row["label"])) for row in csv.DictReader(text.splitlines())]
    return found


def refused(protocol: Protocol, folder: Path, error: type[FervbenchError] = MismatchError) -> list[tuple[str, str]]:
    with pytest.raises(error) as caught:
        load_ground_truth(protocol, folder)
    assert caught.value.exit_code == 3
    return [(finding.rule, finding.message) for finding in caught.value.findings]


@pytest.mark.parametrize("first", [1, 0])
@pytest.mark.parametrize("pad", [True, False], ids=["padded", "unpadded"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_and_numbering_gives_the_same_labels(
    layout: str, pad: bool, first: int, made_up: Lists, small: Protocol, tmp_path: Path
) -> None:
    folder = write(tmp_path / "copy", made_up, layout, pad=pad, first=first)
    labels = read_copy(small, folder)
    assert dict(zip(labels.ids, labels.labels, strict=True))["00002"] == "Sad"
    assert labels.notes == ((NUMBERED_0,) if first == 0 else ())
    assert load_ground_truth(small, folder).sha256 == small.ground_truth["fingerprint"]


@pytest.mark.parametrize(("pad", "first"), [(True, 1), (False, 0)], ids=["official", "unpadded from 0"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_official_lists_give_the_frozen_fingerprint_in_every_layout(
    layout: str, pad: bool, first: int, official: Lists, tmp_path: Path
) -> None:
    protocol = load_protocol("dfew")
    folder = write(tmp_path / "copy", official, layout, pad=pad, first=first)
    assert load_ground_truth(protocol, folder).sha256 == protocol.ground_truth["fingerprint"]


@pytest.mark.parametrize("above", [".", "DFEW", "DFEW/part 2", "DFEW/part 2/EmoLabel_DataSplit"])
def test_any_folder_above_the_lists_will_do(above: str, made_up: Lists, small: Protocol, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    write(copy / "DFEW" / "part 2", made_up)
    (copy / "DFEW" / "Annotation").mkdir()
    (copy / "DFEW" / "Annotation" / "other.csv").write_text("order,1happy\n1,2\n")
    assert read_copy(small, copy / above).notes == ()
    assert len(load_ground_truth(small, copy / above)) == 35


def test_the_folder_of_the_test_lists_alone_is_enough_and_a_note_says_so(
    made_up: Lists, small: Protocol, tmp_path: Path
) -> None:
    folder = write(tmp_path / "copy", made_up) / "EmoLabel_DataSplit" / "test(single-labeled)"
    assert read_copy(small, folder).notes == (NO_TRAIN,)
    assert load_ground_truth(small, folder).sha256 == small.ground_truth["fingerprint"]


def test_two_equal_copies_under_one_folder_are_one(made_up: Lists, small: Protocol, tmp_path: Path) -> None:
    write(tmp_path / "copy" / "a", made_up)
    write(tmp_path / "copy" / "b", made_up)
    assert len(load_ground_truth(small, tmp_path / "copy")) == 35


def test_two_different_copies_under_one_folder_are_refused_by_name(
    made_up: Lists, small: Protocol, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    write(copy / "a", made_up)
    write(copy / "b", made_up, first=0)
    ((_, message),) = refused(small, copy, LabelsError)
    assert message.startswith("two different lists for the test part of fold 1: ")
    assert all(str(copy.resolve() / each) in message for each in ("a", "b"))


def test_shadow_files_of_a_mac_are_passed_over(made_up: Lists, small: Protocol, tmp_path: Path) -> None:
    folder = write(tmp_path / "copy", made_up, "flat")
    (folder / "._test_set_1.csv").write_bytes(b"\x00\x05\x16\x07")
    assert len(load_ground_truth(small, folder)) == 35


def test_clips_swapped_between_folds_are_named_with_both_folds(made_up: Lists, small: Protocol, tmp_path: Path) -> None:
    """Clips 1 and 8 are both of the first class, so that every count stays right."""
    made_up["test", 1][0], made_up["test", 2][0] = made_up["test", 2][0], made_up["test", 1][0]
    lists = with_train({k: made_up["test", k] for k in FOLDS})
    assert refused(small, write(tmp_path / "copy", lists)) == [
        ("wrong-fold", "00001 (Happy) is in fd2, the rule of the folds puts it in fd1"),
        ("wrong-fold", "00008 (Happy) is in fd1, the rule of the folds puts it in fd2"),
    ]


def test_clips_of_dfew_swapped_between_folds_are_named(official: Lists, tmp_path: Path) -> None:
    first = next(i for i, (_, label) in enumerate(official["test", 1]) if label == 7)
    last = max(i for i, (_, label) in enumerate(official["test", 5]) if label == 7)
    one, five = official["test", 1][first], official["test", 5][last]
    official["test", 1][first], official["test", 5][last] = five, one
    found = refused(load_protocol("dfew"), write(tmp_path / "copy", without_train(official)))
    assert [message.split(" is in ")[0] for rule, message in found if rule == "wrong-fold"] == [
        f"{one[0]:05d} (Fear)",
        f"{five[0]:05d} (Fear)",
    ]
    blocks = [message for rule, message in found if rule == "differs"]
    assert [message.split()[1] for message in blocks] == [f"{one[0] // 100:03d}00", f"{five[0] // 100:03d}00"]


def hint(protocol: Protocol, folder: Path) -> str | None:
    with pytest.raises(MismatchError) as caught:
        load_ground_truth(protocol, folder)
    return caught.value.hint


def numbered(lists: Lists, order: list[str]) -> Lists:
    """The lists with the classes numbered in another order."""
    return {key: [(n, order.index(CLASSES[label - 1]) + 1) for n, label in rows] for key, rows in lists.items()}


@pytest.mark.parametrize("first", [0, 1])
def test_labels_of_dfew_numbered_by_the_alphabet_are_recognised(first: int, official: Lists, tmp_path: Path) -> None:
    lists = numbered(official, sorted(CLASSES))
    said = hint(load_protocol("dfew"), write(tmp_path / "copy", lists, first=first))
    assert said is not None
    assert said.startswith("the labels look numbered in alphabetical order (Angry, Disgust, Fear, Happy, Neutral, Sad")


def test_labels_numbered_by_the_alphabet_with_another_mistake_are_not_guessed_at(
    official: Lists, tmp_path: Path
) -> None:
    lists = without_train(numbered(official, sorted(CLASSES)))
    del lists["test", 3][0]
    assert hint(load_protocol("dfew"), write(tmp_path / "copy", lists)) is None
    official["test", 3][0] = (official["test", 3][0][0], official["test", 3][0][1] % 7 + 1)
    assert hint(load_protocol("dfew"), write(tmp_path / "other", without_train(official))) is None


@pytest.mark.parametrize(("one", "other"), [(1, 2), (3, 5)])
def test_test_lists_of_dfew_that_were_exchanged_are_recognised(
    one: int, other: int, official: Lists, tmp_path: Path
) -> None:
    """Folds 1 and 2 have the same counts: only the rule of the folds and the digests differ, in 4,758 places."""
    tests = {("test", k): official["test", {one: other, other: one}.get(k, k)] for k in FOLDS}
    said = hint(load_protocol("dfew"), write(tmp_path / "copy", tests))
    assert str(said).startswith(f"the lists of fd{one} and fd{other} look exchanged")
    # with the official train lists beside them they contradict these
    said = hint(load_protocol("dfew"), write(tmp_path / "both", official | tests))
    assert str(said).startswith(f"the lists of fd{one} and fd{other} look exchanged")


def test_folds_in_which_more_is_wrong_are_not_called_exchanged(made_up: Lists, small: Protocol, tmp_path: Path) -> None:
    turned = made_up | {("test", k): made_up["test", k % 5 + 1] for k in FOLDS}
    assert hint(small, write(tmp_path / "turned", turned)) is None
    assert hint(small, write(tmp_path / "alone", without_train(turned))) is None
    exchanged = made_up | {("test", 1): made_up["test", 2], ("test", 2): made_up["test", 1][1:]}
    assert hint(small, write(tmp_path / "short", without_train(exchanged))) is None


def test_links_to_folders_are_followed_and_loops_end(made_up: Lists, small: Protocol, tmp_path: Path) -> None:
    elsewhere = write(tmp_path / "elsewhere", made_up) / "EmoLabel_DataSplit"
    copy = tmp_path / "copy"
    copy.mkdir()
    (copy / "EmoLabel_DataSplit").symlink_to(elsewhere)
    (elsewhere / "again").symlink_to(copy)
    (copy / "loop").symlink_to(copy)
    (copy / "self").symlink_to(copy / "self")
    (copy / "nothing").symlink_to(tmp_path / "nothing")
    assert len(load_ground_truth(small, copy)) == 35


def test_lists_that_a_link_gives_their_name_are_found(made_up: Lists, small: Protocol, tmp_path: Path) -> None:
    """The folder itself stands in the tree too, under a name that says nothing."""
    copy = write(tmp_path / "copy", without_train(made_up))
    folder = copy / "EmoLabel_DataSplit" / "test(single-labeled)"
    folder.rename(copy / "EmoLabel_DataSplit" / "z")
    with pytest.raises(MismatchError, match="no test list"):
        load_ground_truth(small, copy)
    folder.symlink_to(copy / "EmoLabel_DataSplit" / "z")
    assert len(load_ground_truth(small, copy)) == 35


def test_folders_that_all_link_to_each_other_are_walked_in_no_time(tmp_path: Path) -> None:
    names = [f"d{i}" for i in range(12)]
    for name in names:
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.csv").write_text("")
    for name in names:
        for other in names:
            (tmp_path / name / f"to_{other}").symlink_to(tmp_path / other)
    visited = list(walk(tmp_path))
    assert len(visited) == 1 + 12 + 12 * 12, "the folder, those in it, and every link once"
    assert [folder.name for folder, _, _ in visited[:13]] == [tmp_path.name, *sorted(names)]


def test_a_label_that_changed_shows_in_the_counts(made_up: Lists, small: Protocol, tmp_path: Path) -> None:
    made_up["test", 3][0] = (15, 2)
    lists = with_train({k: made_up["test", k] for k in FOLDS})
    assert refused(small, write(tmp_path / "copy", lists)) == [
        ("wrong-count", "fd3 has 0 clips of Happy instead of 1"),
        ("wrong-count", "fd3 has 2 clips of Sad instead of 1"),
    ]


def test_a_label_that_changed_in_a_test_list_contradicts_the_train_lists(
    made_up: Lists, small: Protocol, tmp_path: Path
) -> None:
    made_up["test", 3][0] = (15, 2)
    assert refused(small, write(tmp_path / "copy", made_up)) == [
        ("label-conflict", f"00015 is Happy in the train list of fd{k} and Sad in a test list") for k in (1, 2, 4, 5)
    ]


def test_labels_exchanged_between_two_clips_are_found_by_their_block(official: Lists, tmp_path: Path) -> None:
    """Counts by fold and class stay right, and so does the rule of the folds: only the digests can tell."""
    rows = official["test", 1]
    sad = max(i for i, (number, label) in enumerate(rows) if label == 2 and number < 100)
    happy = max(i for i, (number, label) in enumerate(rows) if label == 1 and number < 100)
    rows[sad], rows[happy] = (rows[sad][0], 1), (rows[happy][0], 2)
    found = refused(load_protocol("dfew"), write(tmp_path / "copy", without_train(official)))
    assert [rule for rule, _ in found] == ["differs"]
    assert found[0][1].startswith("clips 00000 to 00099 differ")


def test_a_clip_missing_everywhere_is_missed_in_its_fold_and_class(
    made_up: Lists, small: Protocol, tmp_path: Path
) -> None:
    del made_up["test", 3][1]
    lists = with_train({k: made_up["test", k] for k in FOLDS})
    found = refused(small, write(tmp_path / "copy", lists))
    assert found == [("wrong-count", "fd3 has 0 clips of Sad instead of 1")]


def test_a_clip_missing_in_its_test_list_is_named_by_the_train_lists(
    made_up: Lists, small: Protocol, tmp_path: Path
) -> None:
    del made_up["test", 3][1]
    assert refused(small, write(tmp_path / "copy", made_up)) == [
        ("overlap", f"00016 is in the train list of fd{k} and in no test list") for k in (1, 2, 4, 5)
    ]


def test_train_lists_must_be_what_the_other_folds_test(made_up: Lists, small: Protocol, tmp_path: Path) -> None:
    made_up["train", 1].remove((8, 1))
    made_up["train", 2].append((9, 2))
    assert refused(small, write(tmp_path / "copy", made_up)) == [
        ("missing-clip", "00008 is missing in the train list of fd1"),
        ("overlap", "00009 is in the train list of fd2 and in its test list too"),
    ]


def test_a_clip_in_two_test_lists_is_named_with_both(made_up: Lists, small: Protocol, tmp_path: Path) -> None:
    made_up["test", 4].append((1, 1))
    found = refused(small, write(tmp_path / "copy", without_train(made_up)))
    assert found == [("overlap", "00001 is in the test lists of fd1 and fd4")]


def test_folds_without_a_test_list_are_named(made_up: Lists, small: Protocol, tmp_path: Path) -> None:
    del made_up["test", 2], made_up["test", 5]
    folder = write(tmp_path / "copy", made_up)
    ((_, message),) = refused(small, folder)
    assert message == f"no test list of fd2, fd5 under {folder}"


@pytest.mark.parametrize("name", ["empty", "a single list"])
def test_a_copy_without_lists_says_what_was_expected(
    name: str, made_up: Lists, small: Protocol, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    single = write(tmp_path / "copy", made_up, "flat") / "test_set_1.csv"
    with pytest.raises(MismatchError, match="no test list of fd") as caught:
        load_ground_truth(small, tmp_path / "empty" if name == "empty" else single)
    assert caught.value.hint == "expected EmoLabel_DataSplit/test(single-labeled)/set_1.csv to set_5.csv"


def test_lists_that_mix_both_numberings_are_refused(made_up: Lists, small: Protocol, tmp_path: Path) -> None:
    folder = write(tmp_path / "copy", made_up)
    write(folder, {key: rows for key, rows in made_up.items() if key[1] == 2}, first=0)
    ((_, message),) = refused(small, folder, LabelsError)
    assert message.startswith("labels are numbered 0, 1, 2, 3, 4, 5, 6, 7: neither 1..7 nor 0..6")


def test_lists_that_lack_the_last_class_are_read_by_the_official_numbers(
    made_up: Lists, small: Protocol, tmp_path: Path
) -> None:
    """The numbers 1..6 fit both numberings; the official one is meant."""
    lists = {key: [row for row in rows if row[1] != 7] for key, rows in made_up.items()}
    labels = read_copy(small, write(tmp_path / "copy", lists))
    assert dict(zip(labels.ids, labels.labels, strict=True))["00001"] == "Happy"
    assert labels.notes == ()


def test_lists_with_a_header_and_no_clips_are_refused(small: Protocol, tmp_path: Path) -> None:
    folder = write(tmp_path / "copy", {("test", k): [] for k in FOLDS})
    ((_, message),) = refused(small, folder, LabelsError)
    assert message.startswith("labels are numbered nowhere")


def test_every_bad_row_is_told_with_its_list_and_line(made_up: Lists, small: Protocol, tmp_path: Path) -> None:
    folder = write(tmp_path / "copy", made_up, "flat")
    with (folder / "test_set_1.csv").open("a") as file:
        file.write("\n1,1\n36,happy\n-1,2\n37\n38.0,3.0\n")
    with pytest.raises(LabelsError) as caught:
        load_ground_truth(small, folder)
    assert [(finding.rule, finding.pointer) for finding in caught.value.findings] == [
        ("duplicate-id", "test_set_1.csv line 10"),
        ("wrong-row", "test_set_1.csv line 11"),
        ("wrong-row", "test_set_1.csv line 12"),
        ("wrong-row", "test_set_1.csv line 13"),
    ]


def test_lists_without_a_header_lose_no_clip(made_up: Lists, small: Protocol, tmp_path: Path) -> None:
    folder = write(tmp_path / "copy", made_up)
    for file in folder.rglob("*.csv"):
        file.write_text("\ufeff" + file.read_text().removeprefix("video_name,label\n"), encoding="utf-8")
    assert load_ground_truth(small, folder).sha256 == small.ground_truth["fingerprint"]


def test_a_list_that_cannot_be_read_is_an_error_of_one_line(made_up: Lists, small: Protocol, tmp_path: Path) -> None:
    folder = write(tmp_path / "copy", made_up)
    file = folder / "EmoLabel_DataSplit" / "test(single-labeled)" / "set_1.csv"
    file.write_bytes(b"video_name,label\n\xff\xfe,1\n")
    ((_, message),) = refused(small, folder, LabelsError)
    assert message.startswith("is not CSV: ")
    file.unlink()
    file.symlink_to(tmp_path / "nowhere")
    ((_, message),) = refused(small, folder, LabelsError)
    assert message.startswith("no such file: ")


def test_lists_of_more_folds_than_the_protocol_has_are_refused(made_up: Lists, small: Protocol, tmp_path: Path) -> None:
    text = (tmp_path / "protocol" / "small.toml").read_text()
    three = tmp_path / "three.toml"
    three.write_text(
        text.replace('fd4 = { level = "fold" }\nfd5 = { level = "fold" }\n', "")
        .replace('counts = "counts.json"\n', "")
        .replace("fingerprint = ", "source = ")
    )
    ((_, message),) = refused(load_protocol(three), write(tmp_path / "copy", made_up))
    assert message.startswith("lists of set 4, 5, but small has 3 folds")
