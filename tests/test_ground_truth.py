"""The ground truth: what is embedded gives the official lists, and what a user stores is held against the protocol."""

from __future__ import annotations

import csv
import hashlib
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from fervbench.embedded import embedded_labels
from fervbench.errors import LabelsError, MismatchError, NotAvailableError
from fervbench.ground_truth import from_labels, load_ground_truth, reads_stored, stored_path, training_clips
from fervbench.labels_file import Labels, write_labels
from fervbench.protocol import Protocol, build, load_protocol
from fervbench.resources import data_dir

ROOT = Path(__file__).resolve().parent.parent

# research/datasets.md 1.1, counted there from the official lists
TRAIN = {"Angry": 5906, "Disgust": 1833, "Fear": 1680, "Happy": 5854, "Neutral": 7790, "Sad": 5523, "Surprise": 2502}
TEST = {"Angry": 1487, "Disgust": 467, "Fear": 431, "Happy": 1473, "Neutral": 1958, "Sad": 1393, "Surprise": 638}
SCENARIO_SIZES = {"DL11k": (9028, 2282), "WIS9k": (6993, 1768), "SIA10k": (8083, 2042), "AI9k": (6984, 1755)}
SCENE_SIZES = {
    "Action": (640, 164), "Argue": (2122, 533), "Business": (1418, 358), "Conflict": (1990, 501),
    "Contest": (1917, 483), "Crime": (1494, 377), "Crisis": (1193, 301), "DailyLife": (1868, 471),
    "ElegantArt": (990, 252), "Experiment": (443, 113), "History": (2151, 539), "Interview": (1675, 424),
    "Liveshow": (903, 228), "Medicine": (549, 143), "OfficialEvent": (1136, 287), "ScholarReport": (1609, 405),
    "School": (1607, 405), "Social": (892, 229), "Speech": (1465, 369), "Talkshow": (1386, 350),
    "Terror": (1677, 422), "War": (1963, 493),
}  # fmt: skip
# research/datasets.md 1.3; order of the official numbers 1..7
DFEW_CLASSES = ["Happy", "Sad", "Neutral", "Angry", "Surprise", "Disgust", "Fear"]
DFEW_POOLED = [2445, 1894, 2669, 2173, 1469, 145, 902]
DFEW_FOLDS = [2341, 2341, 2340, 2339, 2336]


@pytest.fixture(scope="module")
def ferv39k() -> Protocol:
    return load_protocol("ferv39k")


@pytest.fixture(scope="module")
def embedded(ferv39k: Protocol) -> Labels:
    return embedded_labels(ferv39k)


def plain_fingerprint(lines: list[tuple[str, str, str]]) -> str:
    """DESIGN.md, section 4, written again: `configuration<TAB>id<TAB>label<LF>`, sorted as bytes, UTF-8."""
    return hashlib.sha256(b"".join(sorted("\t".join(line).encode() + b"\n" for line in lines))).hexdigest()


def ferv39k_lines(protocol: Protocol, clips: list[tuple[str, str]]) -> list[tuple[str, str, str]]:
    """Every test clip once for each of the three configurations that hold it: its scene, its scenario, all."""
    scenario = {scene: name for name in SCENARIO_SIZES for scene in protocol.configurations[name].members}
    scenes = [(id.split("/")[0], id, label) for id, label in clips]
    return [(name, id, label) for scene, id, label in scenes for name in ("all", scenario[scene], scene)]


def official(folder: Path, part: str) -> list[tuple[str, str]]:
    lines = (folder / "ferv39k" / f"{part}_All.csv").read_text(encoding="utf-8").splitlines()
    return [(line.split(" ")[0], line.split(" ")[1]) for line in lines if line]


def of_part(labels: Labels, part: str) -> list[tuple[str, str]]:
    columns = zip(labels.ids, labels.labels, labels.parts, strict=True)
    return [(id, label) for id, label, each in columns if each == part]


@pytest.mark.parametrize("part", ["train", "test"])
def test_the_embedded_counts_regenerate_the_official_lists(part: str, embedded: Labels, lists: Path) -> None:
    expected = official(lists, part)
    assert sorted(of_part(embedded, part)) == sorted(expected)
    assert len(set(expected)) == len(expected)


def test_ferv39k_has_the_published_sizes(ferv39k: Protocol, embedded: Labels) -> None:
    assert len(embedded) == len(set(embedded.ids)) == 38_935
    assert Counter(embedded.parts) == {"train": 31_088, "test": 7_847}
    assert Counter(label for _, label in of_part(embedded, "train")) == TRAIN
    assert Counter(label for _, label in of_part(embedded, "test")) == TEST
    sizes = Counter(zip(embedded.leaves, embedded.parts, strict=True))
    assert {scene: (sizes[scene, "train"], sizes[scene, "test"]) for scene in ferv39k.leaves} == SCENE_SIZES


@pytest.mark.parametrize("name", SCENARIO_SIZES)
def test_a_scenario_is_the_sum_of_its_scenes(name: str, ferv39k: Protocol) -> None:
    scenes = [SCENE_SIZES[scene] for scene in ferv39k.configurations[name].leaves]
    assert (sum(train for train, _ in scenes), sum(test for _, test in scenes)) == SCENARIO_SIZES[name]


def test_ids_are_numbered_from_zero_and_the_first_fifth_rounded_up_is_the_test_part(embedded: Labels) -> None:
    cells: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for id, label, leaf, part in zip(embedded.ids, embedded.labels, embedded.leaves, embedded.parts, strict=True):
        scene, emotion, number = id.split("/")
        assert (scene, emotion) == (leaf, label)
        cells.setdefault((scene, emotion), []).append((number, part))
    assert len(cells) == 154
    for clips in cells.values():
        tests = -(-len(clips) // 5)
        assert sorted(clips) == [(f"{i:04d}", "test" if i < tests else "train") for i in range(len(clips))]


def test_the_fingerprint_of_ferv39k_follows_from_its_counts(ferv39k: Protocol, embedded: Labels) -> None:
    lines = ferv39k_lines(ferv39k, of_part(embedded, "test"))
    assert len(lines) == 3 * 7_847
    truth = load_ground_truth(ferv39k)
    assert plain_fingerprint(lines) == truth.sha256 == ferv39k.ground_truth["fingerprint"]
    assert (len(truth), truth.origin) == (7_847, "embedded")


def test_the_fingerprint_of_ferv39k_follows_from_the_official_csv(ferv39k: Protocol, lists: Path) -> None:
    lines = ferv39k_lines(ferv39k, official(lists, "test"))
    assert plain_fingerprint(lines) == ferv39k.ground_truth["fingerprint"]


def test_counts_by_leaf_and_class_are_those_of_the_clips(ferv39k: Protocol) -> None:
    truth = load_ground_truth(ferv39k)
    table = truth.counts(22, 7)
    assert dict(zip(ferv39k.classes, table.sum(axis=0).tolist(), strict=True)) == TEST
    assert dict(zip(ferv39k.leaves, table.sum(axis=1).tolist(), strict=True)) == {
        s: n for s, (_, n) in SCENE_SIZES.items()
    }
    assert truth.index[truth.ids[100]] == 100


def test_training_clips_are_known_for_ferv39k_and_are_no_test_clips(ferv39k: Protocol, embedded: Labels) -> None:
    truth = load_ground_truth(ferv39k)
    assert training_clips(ferv39k, truth) == {id for id, _ in of_part(embedded, "train")}
    assert not training_clips(ferv39k, truth) & set(truth.ids)


def dfew_rows(lists: Path) -> list[tuple[str, str, str]]:
    rows = []
    for k in range(1, 6):
        text = (lists / "dfew" / f"test_set_{k}.csv").read_text(encoding="utf-8")
        for row in csv.DictReader(text.splitlines()):
            rows += [(f"fd{k}", f"{int(row['video_name']):05d}", DFEW_CLASSES[int(row["label"]) - 1])]
    return rows


def test_dfew_has_the_published_sizes_and_its_frozen_fingerprint(lists: Path) -> None:
    protocol = load_protocol("dfew")
    truth = load_ground_truth(protocol, lists / "dfew")
    assert len(truth) == 11_697
    table = truth.counts(5, 7)
    assert table.sum(axis=1).tolist() == DFEW_FOLDS == list(protocol.ground_truth["sizes"].values())
    assert table.sum(axis=0).tolist() == DFEW_POOLED
    assert truth.sha256 == protocol.ground_truth["fingerprint"] == plain_fingerprint(dfew_rows(lists))


def test_the_frozen_counts_of_dfew_are_the_published_ones() -> None:
    counts = load_protocol("dfew").counts()
    assert counts is not None
    folds = [[counts["cells"][f"fd{k}"][name]["test"] for name in DFEW_CLASSES] for k in range(1, 6)]
    # research/datasets.md 1.3, test per class and fold
    assert folds == [
        [489, 379, 534, 435, 294, 29, 181],
        [489, 379, 534, 435, 294, 29, 181],
        [489, 379, 534, 435, 294, 29, 180],
        [489, 379, 534, 434, 294, 29, 180],
        [489, 378, 533, 434, 293, 29, 180],
    ]
    assert sum(block["n"] for block in counts["blocks"].values()) == 11_697


def test_no_label_of_a_clip_can_be_read_back_from_what_ships_for_dfew() -> None:
    """Counts by fold and class, and a short digest for every hundred ids: nothing else is in the file."""
    counts = load_protocol("dfew").counts()
    assert counts is not None
    assert set(counts) == {"cells", "block_size", "blocks"}
    assert {key for cells in counts["cells"].values() for cell in cells.values() for key in cell} == {"test"}
    assert counts["block_size"] == 100
    assert {key[-2:] for key in counts["blocks"]} == {"00"}
    for block in counts["blocks"].values():
        assert set(block) == {"n", "sha256"}
        assert len(block["sha256"]) == 16
        assert block["n"] >= 20, "a digest over few clips could be guessed"


def test_the_freezing_tool_gives_the_files_that_ship_byte_for_byte(lists: Path, tmp_path: Path) -> None:
    target = tmp_path / "protocols"
    tool = [sys.executable, str(ROOT / "tools" / "freeze_protocols.py"), str(lists), str(target)]
    said = subprocess.run(tool, check=True, capture_output=True, text=True, encoding="utf-8").stdout
    for name in ("ferv39k", "dfew"):
        assert (target / name / "counts.json").read_bytes() == (
            data_dir("protocols") / name / "counts.json"
        ).read_bytes()
        assert f"{name} fingerprint {load_protocol(name).ground_truth['fingerprint']}\n" in said


def small(folder: Path, **ground_truth: Any) -> Protocol:
    """Two folds of two classes, `labels` unless told otherwise; written so that the fingerprint can be worked out."""
    document = {
        "format": "fervbench-protocol/1",
        "id": "small",
        "version": "0.1.0",
        "title": "Small",
        "task": "recognition",
        "classes": ["Happy", "Sad"],
        "default_source": "both",
        "aggregation": "pooled",
        "ground_truth": {"kind": "labels"} | ground_truth,
        "configurations": {
            "both": {"level": "top", "members": ["b", "a"]},
            "a": {"level": "leaf"},
            "b": {"level": "leaf"},
        },
        "evaluations": {"all": {"kind": "grid", "source_levels": ["top"], "target_levels": ["top"]}},
    }
    return build(document, folder, "p.toml")


SMALL = Labels(
    ["2", "10", "é", "t"], ["Sad", "Happy", "Sad", "Sad"], ["b", "a", "b", "a"], ["test", "test", "test", "train"]
)
SMALL_SHA256 = hashlib.sha256(
    "a\t10\tHappy\nb\t2\tSad\nb\té\tSad\nboth\t10\tHappy\nboth\t2\tSad\nboth\té\tSad\n".encode()
).hexdigest()


def store(protocol: Protocol, text: str) -> Path:
    path = stored_path(protocol)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_the_fingerprint_is_over_sorted_lines_of_the_test_part_alone(tmp_path: Path) -> None:
    truth = from_labels(small(tmp_path), SMALL, "here")
    assert truth.sha256 == SMALL_SHA256
    assert (truth.ids, truth.label.tolist(), truth.leaf.tolist()) == (["2", "10", "é"], [1, 0, 1], [1, 0, 1])
    assert truth.train == {"t"}


def test_the_fingerprint_does_not_depend_on_the_order_of_rows(tmp_path: Path) -> None:
    backwards = Labels(SMALL.ids[::-1], SMALL.labels[::-1], SMALL.leaves[::-1], SMALL.parts[::-1])
    assert from_labels(small(tmp_path), backwards, "here").sha256 == SMALL_SHA256


@pytest.mark.parametrize("name", ["dfew", "mafw"])
def test_labels_that_nobody_has_added_are_not_available_and_the_hint_names_the_command(name: str) -> None:
    with pytest.raises(NotAvailableError, match="licensed and not part of fervbench") as caught:
        load_ground_truth(load_protocol(name))
    assert not isinstance(caught.value, MismatchError)
    assert caught.value.exit_code == 3
    assert f"fervbench ground-truth add {name} PATH" in str(caught.value.hint)


def test_labels_that_were_stored_are_used(own_data_folder: Path, tmp_path: Path) -> None:
    protocol = small(tmp_path, fingerprint=SMALL_SHA256)
    path = store(protocol, write_labels(SMALL))
    assert path == own_data_folder / "ground-truth" / "small@0.1.0" / "labels.csv"
    truth = load_ground_truth(protocol)
    assert (truth.sha256, truth.origin) == (SMALL_SHA256, str(path))
    assert training_clips(protocol, truth) == {"t"}


@pytest.mark.parametrize(("old", "new"), [("2,Sad,b", "2,Happy,b"), ("2,Sad,b", "2,Sad,a"), ("10,Happy,a,test\n", "")])
def test_a_stored_copy_that_was_altered_is_refused(old: str, new: str, tmp_path: Path) -> None:
    protocol = small(tmp_path, fingerprint=SMALL_SHA256)
    text = write_labels(SMALL)
    assert old in text
    path = store(protocol, text.replace(old, new))
    with pytest.raises(MismatchError, match=r"not the labels of small 0\.1\.0") as caught:
        load_ground_truth(protocol)
    assert caught.value.exit_code == 3
    assert caught.value.file == str(path)


def test_an_altered_copy_of_dfew_is_told_where_it_differs(lists: Path) -> None:
    protocol = load_protocol("dfew")
    rows = sorted(dfew_rows(lists))
    labels = Labels([i for _, i, _ in rows], [n for *_, n in rows], [f for f, *_ in rows], ["test"] * len(rows))
    store(protocol, write_labels(labels))
    assert len(load_ground_truth(protocol)) == 11_697
    other = {"Happy": "Sad"}.get(labels.labels[0], "Happy")
    store(protocol, write_labels(Labels(labels.ids, [other, *labels.labels[1:]], labels.leaves, labels.parts)))
    with pytest.raises(MismatchError) as caught:
        load_ground_truth(protocol)
    found = {(finding.rule, finding.message) for finding in caught.value.findings}
    block = f"{labels.ids[0][:3]}00"
    assert len([rule for rule, _ in found if rule == "wrong-count"]) == 2, "one class too few, one too many"
    assert [m.split(" differ:")[0] for r, m in found if r == "differs"] == [f"clips {block} to {block[:3]}99"]


def test_labels_beside_the_protocol_are_found_and_checked(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text(write_labels(SMALL), encoding="utf-8")
    assert load_ground_truth(small(tmp_path, labels="mine.csv")).sha256 == SMALL_SHA256
    with pytest.raises(MismatchError, match="not the labels of small"):
        load_ground_truth(small(tmp_path, labels="mine.csv", fingerprint="0" * 64))
    with pytest.raises(NotAvailableError, match="are not there"):
        load_ground_truth(small(tmp_path, labels="absent.csv"))


def test_sizes_that_differ_are_told_even_where_no_fingerprint_is_frozen(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text(write_labels(SMALL), encoding="utf-8")
    assert len(load_ground_truth(small(tmp_path, sizes={"a": 1, "b": 2, "both": 3}), path)) == 3
    with pytest.raises(MismatchError) as caught:
        load_ground_truth(small(tmp_path, sizes={"a": 1, "b": 3, "both": 1200}), path)
    assert [finding.message for finding in caught.value.findings] == [
        "b has 2 test clips instead of 3",
        "both has 3 test clips instead of 1,200",
    ]


def test_blocks_of_ids_tell_where_labels_differ(tmp_path: Path) -> None:
    """Digests as tools/freeze_protocols.py makes them; an id that only looks like a number belongs to no block."""
    digest = hashlib.sha256(b"a\t00010\tHappy\nb\t00002\tSad\n").hexdigest()[:16]
    blocks = {"00000": {"n": 2, "sha256": digest}, "00100": {"n": 1, "sha256": "0" * 16}}
    cells = {"a": {"Happy": {"test": 1}}, "b": {"Sad": {"test": 2}}}
    (tmp_path / "counts.json").write_text(json.dumps({"cells": cells, "block_size": 100, "blocks": blocks}))
    path = tmp_path / "labels.csv"
    endless = "9" * 5000  # more digits than Python makes a number of
    rows = f"00002,Sad,b\n00010,Happy,a\n²,Sad,b\n{endless},Sad,b\n"
    path.write_text(f"clip_id,label,configuration\n{rows}", encoding="utf-8")
    with pytest.raises(MismatchError) as caught:
        load_ground_truth(small(tmp_path, counts="counts.json"), path)
    assert [finding.message for finding in caught.value.findings] == [
        "b has 3 clips of Sad instead of 2",
        "clips 00100 to 00199 differ: 0 of 1 clips, or another label or fold",
        f"no clip of the protocol has an id like {endless}",
        "no clip of the protocol has an id like ²",
    ]


def test_a_path_that_is_not_there_or_says_nothing_is_no_ground_truth(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    for path, said in ((tmp_path / "absent", "no such file"), (tmp_path / "notes.txt", "is not a labels file")):
        with pytest.raises(LabelsError, match=said) as caught:
            load_ground_truth(small(tmp_path), path)
        assert caught.value.exit_code == 3


def counted(folder: Path, cells: dict[str, Any]) -> Protocol:
    (folder / "counts.json").write_text(json.dumps({"cells": cells}), encoding="utf-8")
    return small(folder, kind="counts", counts="counts.json")


def test_labels_of_a_counted_protocol_are_held_against_the_very_clips(tmp_path: Path) -> None:
    protocol = counted(tmp_path, {"a": {"Sad": {"test": 1, "train": 4}}, "b": {"Happy": {"test": 2, "train": 4}}})
    path = tmp_path / "labels.csv"
    head = "clip_id,label,configuration,part\n"
    tests = "a/Sad/0000,Sad,a,test\nb/Happy/0000,Happy,b,test\nb/Happy/0001,Happy,b,test\n"
    path.write_text(head + tests)
    assert load_ground_truth(protocol, path).sha256 == load_ground_truth(protocol).sha256
    path.write_text(head + "a/Sad/0000,Happy,a,test\nb/Happy/0000,Happy,b,train\nb/Happy/0009,Happy,b,train\n")
    with pytest.raises(MismatchError) as caught:
        load_ground_truth(protocol, path)
    found = {(finding.rule, finding.id) for finding in caught.value.findings}
    trains = {("missing-clip", f"a/Sad/000{i}") for i in range(1, 5)} | {
        ("missing-clip", f"b/Happy/000{i}") for i in range(2, 6)
    }
    assert found == trains | {
        ("wrong-label", "a/Sad/0000"),
        ("wrong-part", "b/Happy/0000"),
        ("missing-clip", "b/Happy/0001"),
        ("surplus-clip", "b/Happy/0009"),
    }


def test_train_clips_are_not_called_missing_where_only_the_test_part_is_given(tmp_path: Path) -> None:
    protocol = counted(tmp_path, {"a": {"Sad": {"test": 1, "train": 4}}, "b": {"Happy": {"test": 2, "train": 4}}})
    path = tmp_path / "labels.csv"
    path.write_text("clip_id,label,configuration\na/Sad/0000,Sad,a\nb/Happy/0001,Happy,b\n")
    with pytest.raises(MismatchError) as caught:
        load_ground_truth(protocol, path)
    assert [(finding.rule, finding.id) for finding in caught.value.findings] == [("missing-clip", "b/Happy/0000")]


def test_a_copy_that_cannot_be_read_is_no_ground_truth(tmp_path: Path) -> None:
    protocol = small(tmp_path)
    path = tmp_path / "labels.csv.gz"
    path.write_bytes(b"\x1f\x8b not gzip")
    with pytest.raises(LabelsError, match="damaged gzip") as caught:
        load_ground_truth(protocol, path)
    assert (caught.value.exit_code, caught.value.file) == (3, str(path))


@pytest.mark.parametrize(
    ("name", "expected"),
    [("ferv39k", False), ("dfew", True), ("mafw", True), ("sdfe-lv", True), ("activitynet", True)],
)
def test_a_stored_copy_is_read_where_nothing_else_is_named(name: str, expected: bool) -> None:
    assert reads_stored(load_protocol(name)) is expected


def test_labels_beside_the_protocol_are_read_and_not_the_stored_ones(tmp_path: Path) -> None:
    protocol = small(tmp_path, labels="mine.csv")
    (tmp_path / "mine.csv").write_text(write_labels(SMALL), encoding="utf-8")
    store(protocol, "clip_id,label,configuration\n1,Sad,a\n")
    assert not reads_stored(protocol)
    assert load_ground_truth(protocol).sha256 == SMALL_SHA256
