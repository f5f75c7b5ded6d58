"""A FERV39k release is recognised as it comes out of the downloads; every clip that is off is named."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from fervbench.embedded import embedded_labels
from fervbench.errors import FervbenchError, LabelsError, MismatchError
from fervbench.ground_truth import load_ground_truth, read_copy
from fervbench.protocol import Protocol, load_protocol
from fervbench.readers import ferv39k as reader

# research/datasets.md 1.1: nesting that the downloads add
LISTS = "drive-download-20220823T130431Z-001/4_setups/All_scenes"
FACES = "2_ClipsforFaceCrop-002/2_ClipsforFaceCrop"
NO_LISTS = "no lists there: the split was made from the clip folders by the rule of the protocol"
FIRST_TEST = "Interview/Happy/0118"
FIRST_TRAIN = "Crime/Angry/0063"


@pytest.fixture(scope="module")
def protocol() -> Protocol:
    return load_protocol("ferv39k")


@pytest.fixture(scope="module")
def clips(protocol: Protocol) -> dict[str, list[str]]:
    """Ids of each part in no particular order, but with the clips first that the official lists begin with."""
    labels = embedded_labels(protocol)
    found: dict[str, list[str]] = {"train": [], "test": []}
    for id, part in zip(labels.ids, labels.parts, strict=True):
        found[part].append(id)
    for part, first in (("train", FIRST_TRAIN), ("test", FIRST_TEST)):
        random.Random(0).shuffle(found[part])
        found[part].remove(first)
        found[part].insert(0, first)
    return found


def line(id: str) -> str:
    return f"{id} {id.split('/')[1]}"


def write(folder: Path, clips: dict[str, list[str]], nested: str = LISTS) -> Path:
    """The official lists: no header, a space between id and label."""
    target = folder / nested
    target.mkdir(parents=True)
    for part, ids in clips.items():
        (target / f"{part}_All.csv").write_text("".join(line(id) + "\n" for id in ids))
    return folder


def refused(
    protocol: Protocol, path: Path, error: type[FervbenchError] = MismatchError
) -> list[tuple[str, str | None]]:
    with pytest.raises(error) as caught:
        load_ground_truth(protocol, path)
    assert caught.value.exit_code == 3
    return [(finding.rule, finding.id or finding.message) for finding in caught.value.findings]


@pytest.mark.parametrize("below", [".", "drive-download-20220823T130431Z-001", LISTS])
def test_the_lists_are_found_below_any_folder(
    below: str, clips: dict[str, list[str]], protocol: Protocol, tmp_path: Path
) -> None:
    folder = write(tmp_path / "copy", clips) / below
    assert read_copy(protocol, folder).notes == ()
    truth = load_ground_truth(protocol, folder)
    assert (len(truth), len(truth.train)) == (7_847, 31_088)
    assert truth.sha256 == protocol.ground_truth["fingerprint"]


@pytest.mark.parametrize("given", ["folder", "file"])
def test_the_test_list_alone_is_enough_and_a_note_says_so(
    given: str, clips: dict[str, list[str]], protocol: Protocol, tmp_path: Path
) -> None:
    path = write(tmp_path / "copy", {"test": clips["test"]}, ".")
    if given == "file":
        path = path / "test_All.csv"
    assert read_copy(protocol, path).notes == ("no train list there: the test list was used alone",)
    assert load_ground_truth(protocol, path).sha256 == protocol.ground_truth["fingerprint"]


def test_commas_and_the_header_that_derived_lists_have_are_read(
    clips: dict[str, list[str]], protocol: Protocol, tmp_path: Path
) -> None:
    folder = write(tmp_path / "copy", clips, ".")
    for part in clips:
        file = folder / f"{part}_All.csv"
        file.write_text("path,id\n" + file.read_text().replace(" ", ","))
    assert load_ground_truth(protocol, folder).sha256 == protocol.ground_truth["fingerprint"]


# research/datasets.md 1.2: the two numberings that public lists have
ALPHABET = ["Angry", "Disgust", "Fear", "Happy", "Neutral", "Sad", "Surprise"]
DFEW = ["Happy", "Sad", "Neutral", "Angry", "Surprise", "Disgust", "Fear"]


def write_numbers(folder: Path, clips: dict[str, list[str]], order: list[str], name: str, head: str = "") -> Path:
    folder.mkdir()
    for part, ids in clips.items():
        rows = [f"{id},{order.index(id.split('/')[1])}\n" for id in ids]
        (folder / name.format(part=part)).write_text(head + "".join(rows))
    return folder


@pytest.mark.parametrize("name", ["{part}_All.csv", "{part}.csv"])
@pytest.mark.parametrize("head", ["path,id\n", ""])
@pytest.mark.parametrize(("order", "said"), [(ALPHABET, "alphabetical order"), (DFEW, "the order of DFEW")])
def test_lists_with_numbers_are_read_and_the_numbering_is_said(
    order: list[str], said: str, head: str, name: str, clips: dict[str, list[str]], protocol: Protocol, tmp_path: Path
) -> None:
    folder = write_numbers(tmp_path / "copy", clips, order, name, head)
    note = f"labels are numbers here, in {said} from 0: recognised, the folder names the class"
    assert read_copy(protocol, folder).notes == (note,)
    truth = load_ground_truth(protocol, folder)
    assert truth.sha256 == protocol.ground_truth["fingerprint"]
    assert len(truth.train) == 31_088


def test_a_number_that_contradicts_its_folder_is_told_with_the_numbering_of_the_others(
    clips: dict[str, list[str]], protocol: Protocol, tmp_path: Path
) -> None:
    folder = write_numbers(tmp_path / "copy", clips, ALPHABET, "{part}.csv", "path,id\n")
    with (folder / "test.csv").open("a") as file:
        file.write("War/Fear/0001,6\nWar/Fear/0002,7\nWar/Fear/0003,-1\n")
    with pytest.raises(LabelsError, match="cannot be read as FERV39k lists") as caught:
        load_ground_truth(protocol, folder)
    found = sorted(caught.value.findings, key=lambda finding: str(finding.pointer))
    assert [(f.rule, f.pointer, f.message) for f in found] == [
        ("label-conflict", f"test.csv line {7849 + i}", f"War/Fear/000{1 + i} is labelled {n}, not as its folder")
        for i, n in enumerate([6, 7, -1])
    ]
    assert found[0].hint == ("alphabetical order: 0 Angry, 1 Disgust, 2 Fear, 3 Happy, 4 Neutral, 5 Sad, 6 Surprise")


def test_lists_of_other_data_sets_with_common_names_are_passed_over(
    clips: dict[str, list[str]], protocol: Protocol, tmp_path: Path
) -> None:
    folder = write_numbers(tmp_path / "copy", clips, ALPHABET, "{part}.csv")
    for i, text in enumerate(["", "video,label\n1,2\n", "a/b/c/d,1\n", "War/Fear/1,2\n"]):
        (folder / str(i)).mkdir()
        (folder / str(i) / "test.csv").write_text(text)
    assert len(load_ground_truth(protocol, folder)) == 7_847
    write(tmp_path / "copy", clips)  # and the official lists come first
    assert read_copy(protocol, folder).notes == ()


def test_clip_folders_behind_links_are_found(protocol: Protocol, tmp_path: Path) -> None:
    (tmp_path / "disk" / "war" / "Fear" / "0000").mkdir(parents=True)
    (tmp_path / "disk" / "war" / "Fear" / "up").symlink_to(tmp_path / "disk")
    (tmp_path / "copy" / FACES).mkdir(parents=True)
    (tmp_path / "copy" / FACES / "War").symlink_to(tmp_path / "disk" / "war")
    assert reader.read(tmp_path / "copy", protocol).ids == ["War/Fear/0000"]


@pytest.mark.parametrize(("part", "first"), [("test", FIRST_TEST), ("train", FIRST_TRAIN)])
def test_a_list_that_lost_its_first_clip_to_a_header_names_it_and_guesses_the_cause(
    part: str, first: str, clips: dict[str, list[str]], protocol: Protocol, tmp_path: Path
) -> None:
    """A known bug of two public loaders: 7,846 test clips."""
    folder = write(tmp_path / "copy", {**clips, part: clips[part][1:]})
    with pytest.raises(MismatchError, match=r"not the labels of ferv39k 1\.0\.0") as caught:
        load_ground_truth(protocol, folder)
    (finding,) = caught.value.findings
    assert (finding.rule, finding.id, finding.message) == ("missing-clip", first, f"{first} ({part}) is missing")
    assert finding.hint == "the first line of the official list: was it taken for a header?"


def test_the_clips_that_the_hint_is_about_are_the_first_of_the_official_lists(lists: Path) -> None:
    for part, first in (("test", FIRST_TEST), ("train", FIRST_TRAIN)):
        with (lists / "ferv39k" / f"{part}_All.csv").open(encoding="utf-8") as file:
            assert file.readline() == line(first) + "\n"


def test_clips_in_the_wrong_part_surplus_and_missing_ones_are_all_named(
    clips: dict[str, list[str]], protocol: Protocol, tmp_path: Path
) -> None:
    moved, lost = clips["train"][7], clips["test"][9]
    train = [id for id in clips["train"] if id != moved]
    test = [id for id in clips["test"] if id != lost] + [moved, "War/Fear/9999"]
    assert sorted(refused(protocol, write(tmp_path / "copy", {"train": train, "test": test}))) == [
        ("missing-clip", lost),
        ("surplus-clip", "War/Fear/9999"),
        ("wrong-part", moved),
    ]


def test_a_clip_in_both_parts_is_a_duplicate(clips: dict[str, list[str]], protocol: Protocol, tmp_path: Path) -> None:
    both = clips["test"][3]
    folder = write(tmp_path / "copy", {**clips, "train": [*clips["train"], both]})
    with pytest.raises(MismatchError) as caught:
        load_ground_truth(protocol, folder)
    assert [(f.rule, f.id, f.pointer) for f in caught.value.findings] == [("duplicate-id", both, None)]


def test_rows_that_cannot_be_read_are_told_with_list_and_line(
    clips: dict[str, list[str]], protocol: Protocol, tmp_path: Path
) -> None:
    folder = write(tmp_path / "copy", clips, ".")
    with (folder / "test_All.csv").open("a") as file:
        file.write("War/Fear/0001 Happy\nWar/Fear/1 Fear\n\nWar/Fear/0001\n0001 Fear\nWar/Fear/0001,3\n")
    with pytest.raises(LabelsError, match="cannot be read as FERV39k lists") as caught:
        load_ground_truth(protocol, folder)
    assert [(finding.rule, finding.pointer, finding.id) for finding in caught.value.findings] == [
        ("label-conflict", "test_All.csv line 7848", "War/Fear/0001"),
        ("wrong-row", "test_All.csv line 7849", None),
        ("wrong-row", "test_All.csv line 7851", None),
        ("wrong-row", "test_All.csv line 7852", None),
        ("label-conflict", "test_All.csv line 7853", "War/Fear/0001"),
    ]
    messages = [finding.message for finding in caught.value.findings]
    assert messages[0] == "War/Fear/0001 is labelled Happy, not as its folder"
    assert messages[1] == "'War/Fear/1 Fear' is not 'Scene/Emotion/NNNN Emotion'"


def test_scenes_and_classes_that_the_protocol_does_not_have_are_named(
    clips: dict[str, list[str]], protocol: Protocol, tmp_path: Path
) -> None:
    more = ["LiveShow/Happy/0001", "War/Contempt/0001"]
    folder = write(tmp_path / "copy", {**clips, "test": clips["test"] + more})
    assert refused(protocol, folder) == [("unknown-class", more[1]), ("unknown-configuration", more[0])]


def test_two_equal_copies_are_one_and_two_different_ones_are_refused(
    clips: dict[str, list[str]], protocol: Protocol, tmp_path: Path
) -> None:
    folder = tmp_path / "copy"
    write(folder / "a", clips)
    write(folder / "b", clips)
    assert len(load_ground_truth(protocol, folder)) == 7_847
    (folder / "b" / LISTS / "test_All.csv").write_text("")
    ((_, message),) = refused(protocol, folder, LabelsError)
    assert message.startswith("two different test lists: ")


@pytest.mark.parametrize(
    "spelling",
    ["{id}", f"./{FACES}/{{id}}", f"{FACES}/{{id}}/00.jpg", "3_ClipsforScenImages\\{back}\\00.jpg", "/data/{id} 28"],
)
def test_a_listing_of_clip_folders_gives_the_split_by_the_rule(
    spelling: str, clips: dict[str, list[str]], protocol: Protocol, tmp_path: Path
) -> None:
    listing = tmp_path / "folders.txt"
    ids = clips["train"] + clips["test"]
    lines = [spelling.format(id=id, back=id.replace("/", "\\")) for id in ids]
    listing.write_text("\n".join(["2_ClipsforFaceCrop", *lines, lines[0]]))
    assert read_copy(protocol, listing).notes == (NO_LISTS,)
    truth = load_ground_truth(protocol, listing)
    assert truth.sha256 == protocol.ground_truth["fingerprint"]
    assert truth.train == set(clips["train"])


def test_a_listing_that_lacks_clips_names_these_and_no_others(
    clips: dict[str, list[str]], protocol: Protocol, tmp_path: Path
) -> None:
    """Social/Fear: a test clip and a train clip are gone; the split of the others does not move."""
    cell = sorted(id for ids in clips.values() for id in ids if id.startswith("Social/Fear/"))
    tests = [id for id in cell if id in set(clips["test"])]
    gone = {tests[0], *cell[-4:]}
    listing = tmp_path / "folders.txt"
    listing.write_text("\n".join(id for ids in clips.values() for id in ids if id not in gone))
    assert refused(protocol, listing) == [("missing-clip", id) for id in sorted(gone)]


def test_a_surplus_folder_is_named(clips: dict[str, list[str]], protocol: Protocol, tmp_path: Path) -> None:
    listing = tmp_path / "folders.txt"
    listing.write_text("\n".join([*clips["train"], *clips["test"], "War/Fear/9999"]))
    assert refused(protocol, listing) == [("surplus-clip", "War/Fear/9999")]


def test_clip_folders_are_found_at_any_depth_and_their_frames_are_not_looked_at(
    protocol: Protocol, tmp_path: Path
) -> None:
    for id in ("War/Fear/0000", "War/Fear/0001", "Action/Sad/0009"):
        (tmp_path / "copy" / FACES / id / "deeper" / "War" / "Fear" / "0007").mkdir(parents=True)
    (tmp_path / "copy" / FACES / "War" / "Fear" / "thumbs").mkdir()
    (tmp_path / "copy" / FACES / "War" / "Joy" / "0000").mkdir(parents=True)
    for folder in (tmp_path / "copy", tmp_path / "copy" / FACES, tmp_path / "copy" / FACES / "War"):
        labels = reader.read(folder, protocol)
        found = [(id, part) for id, part in zip(labels.ids, labels.parts, strict=True) if id.startswith("War")]
        assert found == [("War/Fear/0000", "test"), ("War/Fear/0001", "test")]
        assert labels.notes == (NO_LISTS,)


@pytest.mark.slow
def test_a_whole_tree_of_clip_folders_is_the_protocols(
    clips: dict[str, list[str]], protocol: Protocol, tmp_path: Path
) -> None:
    root = tmp_path / "copy" / FACES
    for id in clips["train"] + clips["test"]:
        (root / id).mkdir(parents=True)
    assert load_ground_truth(protocol, tmp_path / "copy").sha256 == protocol.ground_truth["fingerprint"]
    (root / clips["test"][0]).rmdir()
    assert refused(protocol, tmp_path / "copy") == [("missing-clip", clips["test"][0])]


@pytest.mark.parametrize("name", ["empty", "notes.txt"])
def test_where_nothing_of_ferv39k_is_it_is_said_what_was_looked_for(
    name: str, protocol: Protocol, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.txt").write_text("nothing here\n")
    with pytest.raises(MismatchError, match=r"neither train_All\.csv and test_All\.csv nor folders") as caught:
        load_ground_truth(protocol, tmp_path / name)
    assert caught.value.hint == "name the folder that holds 4_setups or 2_ClipsforFaceCrop"


def test_the_official_lists_themselves_are_accepted(protocol: Protocol, lists: Path) -> None:
    truth = load_ground_truth(protocol, lists / "ferv39k")
    assert truth.sha256 == protocol.ground_truth["fingerprint"]
    assert len(truth.train) == 31_088
