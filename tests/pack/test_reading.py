from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fervbench.errors import FervbenchError, InputError, UsageError
from fervbench.pack import PackWriter, open_pack, verify, write_pack
from fervbench.pack.header import parse_header, read_header
from fervbench.pack.samplers import linspace

from .conftest import contents

RNG = np.random.default_rng(5)
CLIPS = [
    (f"c{k}", "Happy" if k % 2 else None, RNG.integers(0, 256, (k + 2, 4, 6, 3), dtype=np.uint8)) for k in range(4)
]


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    write_pack(CLIPS, tmp_path / "p", parts={"c0": "train", "c1": "test"})
    return tmp_path / "p"


def test_what_is_written_is_read(pack: Path):
    opened = open_pack(pack)
    assert (opened.ids, opened.labels) == (("c0", "c1", "c2", "c3"), (None, "Happy", None, "Happy"))
    assert opened.parts == ("train", "test", None, None)
    assert opened.offsets.tolist() == [0, 2, 5, 9, 14]
    for i, (id, _, frames) in enumerate(CLIPS):
        assert (opened.clip(id) == frames).all()
        assert (opened.clip(i) == frames).all()
    assert (opened.clip(-1) == CLIPS[3][2]).all()
    for which, error in (("c9", KeyError), (4, IndexError)):
        with pytest.raises(error):
            opened.clip(which)
    with pytest.raises(dataclasses.FrozenInstanceError):
        opened.ids = ()  # type: ignore[misc]
    with pytest.raises(ValueError, match="read-only"):
        opened.clip(0)[0] = 0


def test_gather_takes_frames_by_a_sampler(pack: Path):
    opened = open_pack(pack)
    found = opened.gather([3, 0, 3], sampler="linspace", number=4)
    assert found.shape == (3, 4, 4, 6, 3)
    assert (found[0] == CLIPS[3][2][linspace(5, 4)]).all()
    assert (found[1] == CLIPS[0][2][linspace(2, 4)]).all()
    assert (opened.gather(np.array([2]), number=2)[0] == CLIPS[2][2][[1, 3]]).all()
    assert (opened.gather([1], lambda length, number: np.zeros(number, np.int64), 2)[0] == CLIPS[1][2][0]).all()
    assert (opened.gather([2, 2])[1] == CLIPS[2][2]).all()
    assert opened.gather([], number=3).shape == (0, 3, 4, 6, 3)
    for arguments in (([0, 1],), ([0], "middle", 1)):
        with pytest.raises(UsageError):
            opened.gather(*arguments)


def test_equal_clips_make_equal_bytes(pack: Path, tmp_path: Path):
    write_pack(iter(CLIPS), tmp_path / "q", parts={"c0": "train", "c1": "test"})
    assert contents(pack) == contents(tmp_path / "q")


def test_a_writer_that_fails_leaves_nothing(tmp_path: Path):
    def breaking():
        yield CLIPS[0]
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_pack(breaking(), tmp_path / "p")
    for clips in (
        [],
        [CLIPS[0], CLIPS[0]],
        [CLIPS[0], ("other", None, np.zeros((2, 5, 6, 3), np.uint8))],
        [("float", None, np.zeros((2, 4, 6, 3)))],
        [("none", None, np.zeros((0, 4, 6, 3), np.uint8))],
    ):
        with pytest.raises(FervbenchError):
            write_pack(clips, tmp_path / "p")
    assert not (tmp_path / "p").exists()
    assert not (tmp_path / ".p.partial").exists()


def test_a_writer_replaces_only_when_told(pack: Path):
    with pytest.raises(UsageError, match="exists already"):
        PackWriter(pack)
    with PackWriter(pack, overwrite=True) as writer:
        writer.add("new", CLIPS[2][2], label="Sad", part="test", group="fd1")
    opened = open_pack(pack)
    assert (opened.ids, opened.labels, opened.parts, opened.groups) == (("new",), ("Sad",), ("test",), ("fd1",))


def test_verify_finds_every_single_flipped_bit_of_a_small_pack(tmp_path: Path):
    write_pack([("a", None, CLIPS[0][2]), ("b", None, CLIPS[1][2])], tmp_path / "p")
    assert not len(verify(tmp_path / "p")[1])
    for path in sorted((tmp_path / "p").iterdir()):
        data = path.read_bytes()
        for at in range(len(data)):
            changed = bytearray(data)
            changed[at] ^= 1 << at % 8
            path.write_bytes(changed)
            assert len(verify(tmp_path / "p")[1]), (path.name, at)
        for cut in (data[:-1], data + b"\0", b""):
            path.write_bytes(cut)
            assert len(verify(tmp_path / "p")[1]), path.name
        path.write_bytes(data)
    assert not len(verify(tmp_path / "p")[1])


def test_verify_names_every_mismatch(pack: Path):
    with (pack / "frames.npy").open("r+b") as file:
        for frame in (0, 9):
            file.seek(128 + frame * 72 + 5)
            byte = file.read(1)
            file.seek(-1, 1)
            file.write(bytes([byte[0] ^ 1]))
    (pack / "notes.txt").write_text("mine")
    found = verify(pack)[1]
    assert [(f.rule, f.id) for f in found] == [("unexpected-file", None), ("hash", "c0"), ("hash", "c3")]
    (pack / "offsets.npy").unlink()
    assert {"unreadable", "unexpected-file"} <= set(verify(pack)[1].counts)
    (pack / "header.json").unlink()
    assert verify(pack)[0] is None


def test_an_id_that_is_no_text_is_refused(tmp_path: Path):
    with pytest.raises(UsageError, match="UTF-8"):
        write_pack([("\udc80", None, CLIPS[0][2])], tmp_path / "p")


def test_a_damaged_pack_is_not_opened(pack: Path):
    data = (pack / "frames.npy").read_bytes()
    (pack / "frames.npy").write_bytes(data[:-5])
    with pytest.raises(InputError) as caught:
        open_pack(pack)
    assert caught.value.findings.kept[0].hint == "was the copy cut off?"
    with pytest.raises(InputError, match="is no pack"):
        open_pack(pack / "none")


HEADER = {
    "format": "fervbench-pack/1", "clips": 1, "height": 2, "width": 2, "frames": 1, "ids": ["a"], "labels": [None],
    "parts": [None], "groups": [None], "sha256": ["0"], "source": {}, "settings": {}, "offsets_sha256": "0",
    "left_out": [], "noted": [], "header_sha256": "0",
}  # fmt: skip
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(HEADER)), VALUES, max_size=3) | st.binary(max_size=50))
def test_a_bad_header_is_refused_and_never_crashes(change):
    data = change if isinstance(change, bytes) else json.dumps(HEADER | change).encode()
    with pytest.raises(InputError):
        parse_header(data, "header.json")


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.text(max_size=8), st.none() | st.text(max_size=4), st.integers(1, 3)), min_size=1, max_size=5,
             unique_by=lambda row: row[0])
)  # fmt: skip
def test_any_header_that_is_written_is_read_back(tmp_path_factory: pytest.TempPathFactory, rows):
    folder = tmp_path_factory.mktemp("packs") / "p"
    clips = [(id, label, np.zeros((n, 1, 1, 3), np.uint8)) for id, label, n in rows]
    write_pack(clips, folder)
    header = read_header(folder)
    assert header.to_bytes() == (folder / "header.json").read_bytes()
    assert open_pack(folder).ids == tuple(id for id, _, _ in rows)
