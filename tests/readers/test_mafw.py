"""MAFW's fold lists, with and without captions; the clips are made up, their number by fold is the published one."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from fervbench.errors import FervbenchError, LabelsError, MismatchError
from fervbench.ground_truth import load_ground_truth, read_copy
from fervbench.protocol import Protocol, load_protocol

# research/datasets.md 1.4: test clips of each fold; 9,172 single-labelled clips
SIZES = [1839, 1837, 1833, 1832, 1831]
# As the lists write them; the order is that of the protocol
WORDS = [
    "anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise", "contempt", "anxiety", "helplessness",
    "disappointment",
]  # fmt: skip
CAPTION = "一个女人在哭".encode("gbk")
NO_TRAIN = "no train lists there: the folds' test lists were used alone"

# fold to rows of (id, label word)
Folds = dict[int, list[tuple[str, str]]]


@pytest.fixture(scope="module")
def protocol() -> Protocol:
    return load_protocol("mafw")


@pytest.fixture
def folds() -> Folds:
    """Ids from 00001 on, in the order of the folds; the classes take turns."""
    start = [1 + sum(SIZES[:k]) for k in range(5)]
    return {
        k + 1: [(f"{i:05d}", WORDS[i % 11]) for i in range(start[k], start[k] + n)] for k, n in enumerate(SIZES)
    }  # fmt: skip


def row(id: str, word: str, *, captions: bool = False) -> bytes:
    """One line of a list; with captions the fields are separated by tabs, and the Chinese one is in GBK."""
    if captions:
        return b"\t".join([f"{id}.mp4".encode(), word.encode(), CAPTION, b"A woman cries, then laughs."]) + b"\r\n"
    return f"{id}.mp4 {word}\n".encode()


def write(folder: Path, folds: Folds, kind: str = "single/no_caption", *, train: bool = True) -> Path:
    for k in folds:
        target = folder / "split" / kind / f"set_{k}"
        target.mkdir(parents=True, exist_ok=True)
        captions = kind.endswith("with_caption")
        (target / "test.txt").write_bytes(b"".join(row(id, word, captions=captions) for id, word in folds[k]))
        if train:
            others = [clip for other in folds if other != k for clip in folds[other]]
            (target / "train.txt").write_bytes(b"".join(row(id, word, captions=captions) for id, word in others))
    return folder


def refused(protocol: Protocol, path: Path, error: type[FervbenchError] = MismatchError) -> list[tuple[str, str]]:
    with pytest.raises(error) as caught:
        load_ground_truth(protocol, path)
    assert caught.value.exit_code == 3
    return [(finding.rule, finding.message) for finding in caught.value.findings]


def expected_sha256(folds: Folds) -> str:
    lines = sorted(f"fd{k}\t{id}\t{word.title()}\n" for k, rows in folds.items() for id, word in rows)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


@pytest.mark.parametrize("kind", ["single/no_caption", "single/with_caption"])
def test_lists_with_and_without_captions_give_the_same_labels(
    kind: str, folds: Folds, protocol: Protocol, tmp_path: Path
) -> None:
    truth = load_ground_truth(protocol, write(tmp_path / "copy", folds, kind))
    assert len(truth) == 9_172
    assert truth.sha256 == expected_sha256(folds)


@pytest.mark.parametrize("below", [".", "split", "split/single", "split/single/with_caption"])
def test_any_folder_above_the_sets_will_do(below: str, folds: Folds, protocol: Protocol, tmp_path: Path) -> None:
    folder = write(tmp_path / "copy", folds, "single/with_caption", train=False) / below
    assert read_copy(protocol, folder).notes == (NO_TRAIN,)
    assert load_ground_truth(protocol, folder).sha256 == expected_sha256(folds)


@pytest.mark.parametrize("spell", [str.upper, str.title, str.lower])
def test_the_case_of_label_words_does_not_matter(
    spell: object, folds: Folds, protocol: Protocol, tmp_path: Path
) -> None:
    assert callable(spell)
    spelled = {k: [(id, spell(word)) for id, word in rows] for k, rows in folds.items()}
    truth = load_ground_truth(protocol, write(tmp_path / "copy", spelled, train=False))
    assert truth.sha256 == expected_sha256(folds)


def test_ids_without_mp4_and_empty_lines_are_read(folds: Folds, protocol: Protocol, tmp_path: Path) -> None:
    folder = write(tmp_path / "copy", folds, train=False)
    for file in folder.rglob("test.txt"):
        file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes().replace(b".mp4", b"") + b"\n\n")
    assert load_ground_truth(protocol, folder).sha256 == expected_sha256(folds)


def test_compound_lists_beside_the_single_ones_are_passed_over(
    folds: Folds, protocol: Protocol, tmp_path: Path
) -> None:
    compound = {k: [(id, f"{word}_surprise") for id, word in rows] for k, rows in folds.items()}
    folder = write(tmp_path / "copy", compound, "compound/no_caption")
    ((_, message),) = refused(protocol, folder)
    assert message.startswith("no test list of fd1, fd2, fd3, fd4, fd5 under")
    write(folder, folds)
    assert load_ground_truth(protocol, folder).sha256 == expected_sha256(folds)


def test_lists_without_captions_are_preferred(folds: Folds, protocol: Protocol, tmp_path: Path) -> None:
    """Captions can break a list that is edited as text; where both are there, they need not agree."""
    folder = write(tmp_path / "copy", folds)
    write(folder, {k: [(id, "fear") for id, _ in rows] for k, rows in folds.items()}, "single/with_caption")
    assert load_ground_truth(protocol, folder).sha256 == expected_sha256(folds)


def test_the_audio_visual_subset_is_another_ground_truth(folds: Folds, protocol: Protocol, tmp_path: Path) -> None:
    """research/datasets.md 1.4: 16 clips without usable audio are dropped, fold sizes 1836 1833 1827 1829 1831."""
    fewer = {k: rows[: [1836, 1833, 1827, 1829, 1831][k - 1]] for k, rows in folds.items()}
    assert refused(protocol, write(tmp_path / "copy", fewer, train=False)) == [
        ("wrong-size", "fd1 has 1,836 test clips instead of 1,839"),
        ("wrong-size", "fd2 has 1,833 test clips instead of 1,837"),
        ("wrong-size", "fd3 has 1,827 test clips instead of 1,833"),
        ("wrong-size", "fd4 has 1,829 test clips instead of 1,832"),
    ]


def test_an_empty_fold_is_named(folds: Folds, protocol: Protocol, tmp_path: Path) -> None:
    found = refused(protocol, write(tmp_path / "copy", {**folds, 5: []}, train=False))
    assert found == [
        ("empty-configuration", "fd5 has no test clip"),
        ("wrong-size", "fd5 has 0 test clips instead of 1,831"),
    ]


def test_a_set_that_is_not_there_is_named(folds: Folds, protocol: Protocol, tmp_path: Path) -> None:
    del folds[3]
    with pytest.raises(MismatchError, match="no test list of fd3 under") as caught:
        load_ground_truth(protocol, write(tmp_path / "copy", folds))
    assert caught.value.hint == "expected split/single/no_caption/set_1/test.txt to set_5/test.txt"


def test_train_lists_must_be_what_the_other_folds_test(folds: Folds, protocol: Protocol, tmp_path: Path) -> None:
    folder = write(tmp_path / "copy", folds)
    file = folder / "split" / "single" / "no_caption" / "set_2" / "train.txt"
    id, word = folds[1][0]
    other = "fear" if word != "fear" else "anger"
    file.write_bytes(file.read_bytes().replace(row(id, word), row(id, other)))
    assert refused(protocol, folder) == [
        ("label-conflict", f"{id} is {other.title()} in the train list of fd2 and {word.title()} in a test list")
    ]


def test_every_bad_row_is_told_with_its_list_and_line(folds: Folds, protocol: Protocol, tmp_path: Path) -> None:
    folder = write(tmp_path / "copy", folds, train=False)
    id, word = folds[1][0]
    bad = f"{id}.mp4 {word}\n123.mp4 fear\n09999.mp4 joy\n09999.mp4\n09999.mp4 3\n"
    with (folder / "split" / "single" / "no_caption" / "set_1" / "test.txt").open("ab") as file:
        file.write(bad.encode() + b"09999.mp4 " + CAPTION + b"\n")
    with pytest.raises(LabelsError, match="cannot be read as MAFW lists") as caught:
        load_ground_truth(protocol, folder)
    assert [(finding.rule, finding.pointer) for finding in caught.value.findings] == [
        ("duplicate-id", "set_1/test.txt line 1840"),
        *(("wrong-row", f"set_1/test.txt line {line}") for line in range(1841, 1846)),
    ]
    assert all(finding.message.isascii() for finding in caught.value.findings)
