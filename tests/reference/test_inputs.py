"""Order, frames and augmentation: functions of (seed, epoch, step), whatever the split into batches."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fervbench.errors import UsageError
from fervbench.pack.samplers import SAMPLERS as OF_PACKS
from fervbench.reference import augment, counter
from fervbench.reference.augment import Augmentation
from fervbench.reference.clips import Clips
from fervbench.reference.sampling import AT_TEST, SAMPLERS, sampler

from .world import data_of, settings, write_world


@pytest.fixture(scope="module")
def clips(tmp_path_factory) -> Clips:
    from fervbench.reference.clips import load_pixels, make_clips

    data = data_of(write_world(tmp_path_factory.mktemp("world")))
    pack, cpu = data.packs[0], torch.device("cpu")
    return make_clips([pack], [load_pixels(pack, cpu)], [(16, 16)], pack.ids, [0] * len(pack), settings().view, cpu)


def test_the_hash_is_splitmix64():
    """First outputs for seed 0 of the reference implementation (Vigna, splitmix64.c)."""
    state, found = 0, []
    for _ in range(3):
        found.append(counter._mixed(state + counter._GOLDEN))
        state += counter._GOLDEN
    assert found == [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]
    values = torch.tensor([0, 1, -1, 2**62, -(2**63)])
    wanted = [counter._signed(counter._mixed(v)) for v in values.tolist()]
    assert counter._mix(values).tolist() == wanted


def test_an_epoch_as_a_tensor_draws_the_same():
    clips = torch.arange(50)
    for epoch in (0, 3, 59):
        assert torch.equal(counter.bits(7, 1, epoch, clips), counter.bits(7, 1, torch.tensor(epoch), clips))
    assert counter.bits(7, 1, 3, clips)[4].item() == counter._signed(counter.number(7, 1, 3, 4))


def test_draws_are_even():
    draws = counter.uniform(0, counter.FLIP, 5, torch.arange(100_000)).numpy()
    assert draws.min() >= 0
    assert draws.max() < 1
    counts = np.histogram(draws, 20, (0, 1))[0]
    assert ((counts - 5000) ** 2 / 5000).sum() < 50  # chi-squared, 19 degrees: 1e-4 is 51
    other = counter.uniform(0, counter.CROP_X, 5, torch.arange(100_000)).numpy()
    later = counter.uniform(0, counter.FLIP, 6, torch.arange(100_000)).numpy()
    assert abs(np.corrcoef(draws, other)[0, 1]) < 0.02
    assert abs(np.corrcoef(draws, later)[0, 1]) < 0.02


def test_an_order_is_a_permutation_of_its_own():
    orders = [counter.order(seed, epoch, 1000) for seed in (0, 1) for epoch in (0, 1)]
    assert all(torch.equal(order.sort().values, torch.arange(1000)) for order in orders)
    assert all(not torch.equal(a, b) for i, a in enumerate(orders) for b in orders[:i])
    assert torch.equal(orders[0], counter.order(0, 0, 1000))


@pytest.mark.parametrize(("ours", "theirs"), [("segment-centres", "segment-centre"), ("linspace", "linspace")])
def test_centres_and_linspace_are_those_of_packs(ours: str, theirs: str):
    lengths = torch.arange(1, 60)
    for number in (1, 2, 8, 16):
        found = SAMPLERS[ours](lengths, number, 0, 0, lengths)
        assert found.tolist() == [OF_PACKS[theirs](length, number).tolist() for length in lengths.tolist()]


@pytest.mark.parametrize("name", SAMPLERS)
def test_sampled_frames_are_in_the_clip_and_in_order(name: str):
    lengths, clips = torch.arange(1, 50), torch.arange(49)
    for number in (1, 4, 16):
        found = SAMPLERS[name](lengths, number, 3, 2, clips)
        assert found.shape == (49, number)
        assert (found >= 0).all()
        assert (found < lengths[:, None]).all()
        assert (found.diff(dim=1) >= 0)[lengths >= number].all()
        again = torch.cat([SAMPLERS[name](lengths[p], number, 3, 2, clips[p]) for p in (slice(0, 20), slice(20, 49))])
        assert torch.equal(found, again)
        if name not in AT_TEST and number > 1:
            assert not torch.equal(found, SAMPLERS[name](lengths, number, 3, 3, clips))


def test_random_in_segment_reaches_every_frame_of_its_segment():
    lengths = torch.full((4000,), 16)
    found = SAMPLERS["random-in-segment"](lengths, 4, 0, 0, torch.arange(4000))
    for i in range(4):
        values, counts = found[:, i].unique(return_counts=True)
        assert values.tolist() == [4 * i, 4 * i + 1, 4 * i + 2, 4 * i + 3]
        assert (counts > 880).all()  # 1000 +- 4 standard deviations
    different = SAMPLERS["random-sorted"](torch.full((50,), 20), 16, 0, 0, torch.arange(50))
    assert (different.diff(dim=1) > 0).all()


def test_one_frame_is_one_frame():
    lengths = torch.arange(1, 40)
    for name in ("one-at-random", "one-in-the-middle"):
        found = SAMPLERS[name](lengths, 4, 0, 0, lengths)
        assert (found == found[:, :1]).all(), name
    assert found[:, 0].tolist() == (lengths // 2).tolist()


def test_a_test_is_not_sampled_at_random():
    with pytest.raises(UsageError, match="no frame sampling 'random-in-segment'"):
        sampler("random-in-segment", test=True)
    with pytest.raises(UsageError, match="no frame sampling 'uniform'"):
        sampler("uniform")


def test_clips_do_not_depend_on_the_batch_they_come_in(clips: Clips):
    chosen = counter.order(0, 4, len(clips))[:12]
    [whole] = clips.train(chosen, 0, 4)
    parts = torch.cat([clips.train(part, 0, 4)[0] for part in (chosen[:5], chosen[5:6], chosen[6:])])
    assert torch.equal(whole, parts)
    assert torch.equal(whole, clips.train(chosen, 0, torch.tensor(4))[0])
    assert not torch.equal(whole, clips.train(chosen, 0, 5)[0])
    assert not torch.equal(whole, clips.train(chosen, 1, 4)[0])
    some = clips.part(chosen)  # a held-out share draws as the whole does
    assert torch.equal(whole, some.train(torch.arange(12), 0, 4)[0])


def test_what_a_network_gets_is_channels_last(clips: Clips):
    [x] = clips.train(torch.arange(3), 0, 0)
    assert x.shape == (3, 3, 4, 16, 16)
    assert x.dtype == torch.float32
    assert x.is_contiguous(memory_format=torch.channels_last_3d)


def test_at_test_the_centre_is_cut_and_normalised(clips: Clips):
    [x] = clips.test(torch.tensor([5, 0]))
    stream = clips.streams[0]
    for row, clip in enumerate((5, 0)):
        length = int(stream.lengths[clip])
        frames = OF_PACKS["segment-centre"](length, 4) + int(stream.starts[clip])
        pixels = stream.pixels[torch.from_numpy(frames)][:, 1:17, 1:17].double() / 255
        mean, std = torch.tensor(augment.IMAGENET_MEAN).double(), torch.tensor(augment.IMAGENET_STD).double()
        wanted = ((pixels - mean) / std).permute(3, 0, 1, 2)
        assert torch.allclose(x[row].double(), wanted, atol=2e-6)


def test_crops_and_flips_are_cuts_of_the_frames():
    pixels = torch.arange(2 * 6 * 8 * 3).view(2, 6, 8, 3).to(torch.uint8)
    keys = torch.arange(200)
    window = augment.drawn((6, 8), (4, 5), Augmentation(), 0, 0, keys)
    frames = (keys % 2)[:, None]
    found = augment.cut(pixels, frames, window)  # (200, 1, 4, 5, 3)
    corners, flips = set(), 0
    for i in range(200):
        rows, columns = window.rows[i].tolist(), window.columns[i].tolist()
        flipped = columns[0] > columns[-1]
        flips += flipped
        left = min(columns)
        corners.add((rows[0], left))
        wanted = pixels[i % 2, rows[0] : rows[0] + 4, left : left + 5]
        assert torch.equal(found[i, 0], wanted.flip(1) if flipped else wanted)
    assert corners == {(y, x) for y in range(3) for x in range(4)}
    assert 70 < flips < 130


def test_light_changes_brightness_and_contrast_within_bounds():
    clips = torch.randint(60, 180, (64, 2, 5, 5, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    keys = torch.arange(64)
    bright = augment.light(clips, Augmentation(brightness=0.2, contrast=0), 0, 0, keys)
    factors = (bright / clips).flatten(1)
    assert torch.allclose(factors.amin(1), factors.amax(1), atol=1e-5)  # one factor a clip
    assert factors.min() >= 0.8 - 1e-6
    assert factors.max() <= 1.2 + 1e-6
    assert factors[:, 0].std() > 0.05
    contrast = augment.light(clips, Augmentation(brightness=0, contrast=0.2), 0, 0, keys)
    assert torch.allclose(contrast.mean(dim=(1, 2, 3)) @ torch.tensor(augment._GREY),
                          clips.float().mean(dim=(1, 2, 3)) @ torch.tensor(augment._GREY), atol=1e-3)  # fmt: skip
    untouched = augment.light(clips, Augmentation(brightness=0, contrast=0), 0, 0, keys)
    assert untouched is clips


def test_two_streams_of_a_clip_are_mirrored_together():
    keys = torch.arange(100)
    face = augment.drawn((128, 128), (112, 112), Augmentation(), 0, 3, keys)
    scene = augment.drawn((128, 192), (112, 168), Augmentation(), 0, 3, keys)
    assert torch.equal(face.columns[:, 0] > face.columns[:, 1], scene.columns[:, 0] > scene.columns[:, 1])
    assert torch.equal(face.rows, scene.rows)
