from __future__ import annotations

import io
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from fervbench.pack.area import shrink
from fervbench.pack.decoding import UnreadableError, decoder

from .conftest import jpeg, picture


def area(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """The mean of each rectangle, in fractions, to the nearest, halves up."""

    def weights(before: int, after: int) -> list[list[Fraction]]:
        step = Fraction(before, after)
        return [
            [max(Fraction(0), min((i + 1) * step, j + 1) - max(i * step, j)) / step for j in range(before)]
            for i in range(after)
        ]

    down, across = weights(image.shape[0], height), weights(image.shape[1], width)
    found = np.empty((height, width, 3), dtype=np.uint8)
    for i, j, c in np.ndindex(found.shape):
        total = sum(
            down[i][y] * across[j][x] * int(image[y, x, c])
            for y in range(image.shape[0])
            if down[i][y]
            for x in range(image.shape[1])
            if across[j][x]
        )
        found[i, j, c] = int(total + Fraction(1, 2))
    return found


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_the_area_average_is_exact(data):
    height, width = data.draw(st.integers(1, 12)), data.draw(st.integers(1, 12))
    shape = (data.draw(st.integers(height, 24)), data.draw(st.integers(width, 24)), 3)
    image = np.random.default_rng(data.draw(st.integers(0, 99))).integers(0, 256, shape, dtype=np.uint8)
    wanted = area(image, height, width)
    assert (shrink(image, height, width) == wanted).all()
    if shape[0] % height == 0 and shape[1] % width == 0:
        padded = np.concatenate((image, np.full((*shape[:2], 1), 255, np.uint8)), axis=2)
        assert (shrink(padded, height, width) == wanted).all()


@pytest.mark.parametrize("shape", [(256, 256, 112, 112), (336, 504, 112, 168), (1080, 1919, 112, 112)])
def test_the_sums_do_not_overflow(shape: tuple[int, int, int, int]):
    white = np.full((*shape[:2], 3), 255, dtype=np.uint8)
    assert (shrink(white, *shape[2:]) == 255).all()


@pytest.mark.parametrize("factor", [(16, 16), (1, 256), (256, 1), (257, 1), (1, 2), (3, 3)])
def test_sums_of_white_in_pixels_of_four_bytes(factor: tuple[int, int]):
    white = np.full((2 * factor[0], 3 * factor[1], 3), 255, dtype=np.uint8)
    padded = np.full((*white.shape[:2], 4), 255, dtype=np.uint8)
    assert (shrink(white, 2, 3) == 255).all()
    assert (shrink(padded, 2, 3) == 255).all()


@pytest.mark.parametrize("sizes", [(24, 36, 16, 24), (128, 128, 112, 112), (168, 252, 128, 192), (12, 12, 4, 4)])
def test_slopes_keep_what_is_flat_or_straight(sizes: tuple[int, int, int, int]):
    """A plane has its own area average; a divided pixel has a neighbour on either side, so edges are no exception."""
    h, w, height, width = sizes
    flat = np.full((h, w, 3), 201, dtype=np.uint8)
    assert (shrink(flat, height, width, slopes=True) == 201).all()
    y, x = np.mgrid[:h, :w]
    plane = np.repeat((x * (200 / w) + y * (50 / h))[..., None].round().astype(np.uint8), 3, axis=2)
    found = shrink(plane, height, width, slopes=True)[..., 0].astype(float)
    wanted = (
        (np.arange(width) + 0.5) * 200 / width - 100 / w + ((np.arange(height) + 0.5) * 50 / height - 25 / h)[:, None]
    )
    assert np.abs(found - wanted).max() < 1.2  # rounding before, of the weights, and after


def test_slopes_are_nearer_to_the_average_before_than_none():
    whole = picture(8, 336, 504)
    exact = shrink(whole, 112, 168).astype(float)
    half = shrink(whole, 168, 252)
    errors = [np.mean((shrink(half, 112, 168, slopes=slopes) - exact) ** 2) for slopes in (True, False)]
    assert errors[0] < 0.8 * errors[1]


def test_edges_may_overshoot_but_not_wrap():
    step = np.zeros((12, 12, 3), dtype=np.uint8)
    step[5:] = 255  # row 4 is divided between rows 2 and 3, and its upper half is taken to be darker than black
    for image, outside in ((step, 0), (255 - step, 255)):
        found = shrink(image, 8, 8, slopes=True)
        assert (found[:3] == outside).all()
        assert (found[4:] == 255 - outside).all()


def test_nothing_grows_by_an_area_average():
    with pytest.raises(ValueError, match="only shrinks"):
        shrink(np.zeros((4, 4, 3), np.uint8), 5, 2)


def test_both_decoders_give_the_same_bytes():
    for quality in (60, 95):
        data = jpeg(picture(1, 224, 224), quality)
        frames = [decoder(name, "area").frame(data, 112, 112) for name in ("simplejpeg", "pillow")]
        assert (frames[0] == frames[1]).all()
        assert frames[0].shape == (112, 112, 3)


@pytest.mark.parametrize("name", ["simplejpeg", "pillow"])
@pytest.mark.parametrize("size", [(224, 224, 112, 112), (336, 504, 112, 168), (200, 200, 112, 112)])
def test_dct_scaling_stays_near_the_area_average(name: str, size: tuple[int, int, int, int]):
    data = jpeg(picture(2, *size[:2]))
    exact = decoder(name, "area").frame(data, *size[2:]).astype(float)
    fast = decoder(name, "dct-area2").frame(data, *size[2:]).astype(float)
    assert np.sqrt(np.mean((exact - fast) ** 2)) < 1.5


@pytest.mark.parametrize("filter_", ["bilinear", "bicubic", "lanczos"])
def test_pillows_filters_are_pillows(filter_: str):
    image = picture(3, 90, 70)
    wanted = Image.fromarray(image).resize((32, 40), Image.Resampling[filter_.upper()])
    assert (decoder("pillow", filter_).resize(image, 40, 32) == np.asarray(wanted)).all()


def test_an_image_that_must_grow_is_resized_bilinearly():
    image = picture(4, 20, 200)
    wanted = Image.fromarray(image).resize((100, 40), Image.Resampling.BILINEAR)
    assert (decoder("pillow", "area").resize(image, 40, 100) == np.asarray(wanted)).all()


@pytest.mark.parametrize("name", ["simplejpeg", "pillow"])
def test_what_is_wrong_with_a_frame(name: str):
    reader = decoder(name, "area")
    whole = jpeg(picture(5, 100, 100))
    file = io.BytesIO()
    Image.fromarray(np.zeros((9, 9), np.uint16)).save(file, "PNG")
    png = io.BytesIO()
    Image.fromarray(picture(5)).save(png, "PNG")
    cases = {
        b"": "unreadable",
        b"no image": "unreadable",
        whole[: len(whole) // 2]: "truncated",
        png.getvalue()[:-40]: "truncated",
        file.getvalue(): "unreadable",
    }
    for data, rule in cases.items():
        with pytest.raises(UnreadableError) as caught:
            reader.frame(data, 32, 32)
        assert caught.value.rule == rule, data[:20]


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "1", "LA"])
def test_other_modes_become_rgb(mode: str):
    file = io.BytesIO()
    Image.fromarray(picture(6)).convert(mode).save(file, "PNG")
    assert decoder("simplejpeg", "area").frame(file.getvalue(), 24, 24).shape == (24, 24, 3)
    grey = jpeg(picture(7)[..., 0])
    frame = decoder("simplejpeg", "area").frame(grey, 24, 24)
    assert (frame[..., 0] == frame[..., 2]).all()
