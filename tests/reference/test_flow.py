"""Optical flow: known motions, its pack, and TSN's stacks of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from fervbench.pack import open_pack, write_pack
from fervbench.protocol import load_protocol
from fervbench.recipes import load_recipe
from fervbench.reference.augment import Augmentation
from fervbench.reference.clips import View, load_pixels, make_clips
from fervbench.reference.flow import BOUND, flow_of, tv_l1
from fervbench.reference.naming import resized, settings_of
from fervbench.reference.packing import Wanted, find_packs
from fervbench.reference.running import gather_data, run_all

from .world import CLASSES, PROTOCOL

CPU = torch.device("cpu")


def pattern(side: int = 64, seed: int = 0) -> np.ndarray:
    """Smooth noise of 0 to 255."""
    rng = np.random.default_rng(seed)
    x = torch.from_numpy(rng.random((1, 1, side // 4, side // 4))).float()
    x = torch.nn.functional.interpolate(x, (side, side), mode="bicubic", align_corners=False)[0, 0]
    return (255 * (x - x.min()) / (x.max() - x.min())).numpy()


@pytest.mark.parametrize(("right", "down"), [(2, 0), (-1, 3), (0, -2), (0, 0)])
def test_a_shift_is_found(right: int, down: int):
    image = pattern(72)
    first, second = (torch.from_numpy(i)[None] for i in (image, np.roll(image, (down, right), (0, 1))))
    flow = tv_l1(first, second)[0, :, 10:-10, 10:-10]
    assert float((flow[0] - right).abs().mean()) < 0.15
    assert float((flow[1] - down).abs().mean()) < 0.15


def test_two_halves_that_move_apart():
    image = pattern(64)
    moved = image.copy()
    moved[:, :32], moved[:, 32:] = np.roll(image, -1, 1)[:, :32], np.roll(image, 1, 1)[:, 32:]
    flow = tv_l1(torch.from_numpy(image)[None], torch.from_numpy(moved)[None])[0, 0]
    assert float(flow[8:-8, 6:26].mean()) < -0.7
    assert float(flow[8:-8, 38:58].mean()) > 0.7


def test_bytes_hold_twenty_pixels_and_the_last_frame_repeats():
    image = pattern(48)
    clip = np.stack([np.roll(image, 2 * t, 1) for t in range(3)])[..., None].repeat(3, axis=3).astype(np.uint8)
    made = flow_of(clip, CPU)
    assert made.shape == clip.shape
    assert (made[..., 2] == 128).all()
    found = made[0, 8:-8, 8:-8, 0].astype(float) / 255 * 2 * BOUND - BOUND
    assert abs(found.mean() - 2) < 0.2
    np.testing.assert_array_equal(made[2], made[1])
    assert (flow_of(clip[:1], CPU) == 128).all()


def test_a_stack_is_five_fields_and_mirrored_motion_turns_round(tmp_path: Path):
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 256, (7, 8, 8, 3), dtype=np.uint8)
    write_pack([("a", None, frames)], tmp_path / "flow.pack", source={"stream": "flow"})
    pack = open_pack(tmp_path / "flow.pack")
    view = View(2, augmentation=Augmentation(random_crop=False, flip=1.0, brightness=0.2, contrast=0.2))
    clips = make_clips([pack], [load_pixels(pack, CPU)], [(8, 8)], ["a"], [0], view, CPU)
    [seen] = clips.test(torch.tensor([0]))
    assert seen.shape == (1, 10, 2, 8, 8)
    at = [1, 2, 3, 4, 5]  # the centre of the first half, and four after it
    wanted = (frames[at][..., :2].astype(np.float32) / 255 - 0.5) / 0.226
    np.testing.assert_allclose(seen[0, :, 0], wanted.transpose(0, 3, 1, 2).reshape(10, 8, 8), rtol=1e-5, atol=1e-5)
    at = [5, 6, 6, 6, 6]  # the clip ends
    np.testing.assert_allclose(seen[0, 8, 1], (frames[at[-1], ..., 0] / 255 - 0.5) / 0.226, rtol=1e-5, atol=1e-5)
    [mirrored] = replace(clips, view=replace(view, sampling_train="linspace")).train(torch.tensor([0]), 0, 0)
    [straight] = replace(clips, view=replace(view, sampling_test="linspace")).test(torch.tensor([0]))
    np.testing.assert_allclose(mirrored[0, 0], -straight[0, 0].flip(-1), atol=1e-5)
    np.testing.assert_allclose(mirrored[0, 1], straight[0, 1].flip(-1), atol=1e-5)


@pytest.mark.slow
def test_tsn_trains_on_frames_and_flow(tmp_path: Path):
    settings = settings_of(load_recipe("sdfe-lv/tsn-r18"))
    settings = replace(resized(settings, 32), frames=2, batch=4, epochs=1)
    rng = np.random.default_rng(0)
    clips = [(f"{c}{i}", c, "test" if i == 2 else "train") for c in CLASSES for i in range(3)]
    frames = rng.integers(0, 256, (len(clips), 3, *settings.pack_sizes[0], 3), dtype=np.uint8)
    write_pack(((id, c, f) for (id, c, _), f in zip(clips, frames, strict=True)), tmp_path / "faces.pack")
    wanted = [Wanted(*row) for row in zip(("rgb", "flow"), settings.pack_sizes, settings.sizes, strict=True)]
    packs = find_packs(tmp_path / "faces.pack", None, wanted, tmp_path / "out")
    assert packs[1].header.source["stream"] == "flow"
    again = find_packs(tmp_path / "faces.pack", None, wanted, tmp_path / "out")
    assert again[1].path == packs[1].path
    scene = dict.fromkeys(CLASSES, "A") | {"Sad": "B"}
    rows = ["clip_id,label,configuration,part", *(f"{id},{c},{scene[c]},{part}" for id, c, part in clips)]
    (tmp_path / "labels.csv").write_text("\n".join(rows) + "\n")
    (tmp_path / "tiny.toml").write_text(PROTOCOL)
    data = gather_data(load_protocol(tmp_path / "tiny.toml"), packs, synthetic=False)
    [outcome] = run_all(settings, data, tmp_path / "out", trained_on="all", device=CPU, say=print)
    assert outcome.report.cell(target="all").n == 3
