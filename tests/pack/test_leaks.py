from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fervbench.errors import UsageError
from fervbench.pack import leaks as lk
from fervbench.pack import open_pack, write_pack

from .conftest import picture


def world(folder: Path, planted: dict[str, np.ndarray], clips: int = 60, parts: bool = True) -> Path:
    """`clips` clips of 8 frames that move a little, a third of them test, and planted ones."""
    rows = {}
    for k in range(clips):
        base = picture(k, 96, 96)
        rows[f"clip{k}"] = np.stack([np.roll(base, 3 * i, axis=1)[16:80, 16:80] for i in range(8)])
    rows |= planted
    split = {id: "test" if i % 3 == 0 else "train" for i, id in enumerate(rows)} if parts else {}
    split |= {id: "test" for id in planted if parts}
    write_pack([(id, None, np.ascontiguousarray(frames)) for id, frames in rows.items()], folder, parts=split)
    return folder


def recompressed(frames: np.ndarray, quality: int) -> np.ndarray:
    found = []
    for frame in frames:
        file = io.BytesIO()
        Image.fromarray(frame).resize((48, 48)).save(file, "JPEG", quality=quality)
        found.append(np.asarray(Image.open(file).convert("RGB").resize((64, 64))))
    return np.stack(found)


def clip_of(k: int) -> np.ndarray:
    base = picture(k, 96, 96)
    return np.stack([np.roll(base, 3 * i, axis=1)[16:80, 16:80] for i in range(8)])


def test_planted_near_duplicates_are_found_and_no_others(tmp_path: Path):
    planted = {
        "copy": clip_of(1),
        "recompressed": recompressed(clip_of(2), 60),
        "brighter": np.clip(clip_of(4).astype(int) + 12, 0, 255).astype(np.uint8),
        "overlap": np.concatenate([clip_of(5)[4:], clip_of(200)[:4]]),
        "black": np.zeros((8, 64, 64, 3), np.uint8),
    }
    pack = open_pack(world(tmp_path / "p", planted))
    found = lk.find_leaks(pack)
    assert {(leak.first, leak.second) for leak in found} == {
        ("copy", "clip1"),
        ("recompressed", "clip2"),
        ("brighter", "clip4"),
        ("overlap", "clip5"),
    }
    assert found[0].distance == 0
    assert [leak.distance for leak in found] == sorted(leak.distance for leak in found)
    assert next(leak for leak in found if leak.first == "copy").pairs >= 8
    assert lk.find_leaks(pack, threshold=0)[0].first in ("copy", "overlap")


def test_black_clips_leak_nowhere(tmp_path: Path):
    black = {f"black{k}": np.full((4, 64, 64, 3), k, np.uint8) for k in range(3)}
    assert not lk.find_leaks(open_pack(world(tmp_path / "p", black)), every=True)


def test_blocks_lose_no_pair(monkeypatch: pytest.MonkeyPatch):
    rng = np.random.default_rng(1)
    words = rng.integers(0, 2**63, (300, 4), dtype=np.uint64)
    words[200:] = words[:100] ^ (np.uint64(1) << rng.integers(0, 63, (100, 4), dtype=np.uint64))
    first = lk.Hashes(words[:150], np.arange(150) // 3)
    second = lk.Hashes(words[150:], 100 + np.arange(150) // 2)
    wanted: dict[tuple[int, int], tuple[int, int]] = {}
    for i in range(150):
        for j in range(150):
            distance = sum(int(a ^ b).bit_count() for a, b in zip(first.words[i], second.words[j], strict=True))
            if distance <= 4:
                key = (int(first.owner[i]), int(second.owner[j]))
                smallest, number = wanted.get(key, (256, 0))
                wanted[key] = (min(smallest, distance), number + 1)
    assert len(wanted) > 30
    for block in (7, 64, 1024):
        monkeypatch.setattr(lk, "_BLOCK", block)
        assert lk.close_pairs(first, second, 4) == wanted


def test_two_packs_and_folds_and_all_clips(tmp_path: Path):
    one = open_pack(world(tmp_path / "one", {}, 6, parts=False))
    two = open_pack(world(tmp_path / "two", {"again": clip_of(3)}, 0, parts=False))
    assert [(k.first, k.second) for k in lk.find_leaks(one, two)] == [("clip3", "again")]
    with pytest.raises(UsageError, match="no train and test"):
        lk.find_leaks(one)
    clips = [("a", None, clip_of(1)), ("b", None, clip_of(1)), ("c", None, clip_of(1))]
    write_pack(clips, tmp_path / "folds", groups={"a": "fd1", "b": "fd1", "c": "fd2"})
    folds = open_pack(tmp_path / "folds")
    assert [(k.first, k.second) for k in lk.find_leaks(folds)] == [("a", "c"), ("b", "c")]
    assert [(k.first, k.second) for k in lk.find_leaks(folds, every=True)] == [("a", "b"), ("a", "c"), ("b", "c")]
    for arguments in ({"threshold": -1}, {"threshold": 256}, {"per_clip": 0}):
        with pytest.raises(UsageError):
            lk.find_leaks(folds, **arguments)


def test_too_many_pairs_are_not_collected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(lk, "_MOST", 2)
    clips = [(f"{k}", None, clip_of(1)) for k in range(5)]
    write_pack(clips, tmp_path / "p")
    with pytest.raises(UsageError, match="more than 2 pairs"):
        lk.find_leaks(open_pack(tmp_path / "p"), every=True)


def test_small_frames_have_hashes_too():
    assert lk.hash_frame(picture(1, 8, 8)) is not None
    assert lk.hash_frame(picture(1, 16, 200)) is not None
