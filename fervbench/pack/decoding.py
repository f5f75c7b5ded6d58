"""One frame from its file to the size of the pack: one pinned decoder, one pinned filter.

Decoders: `simplejpeg` (libjpeg-turbo without Pillow's copies; JPEG only, the rest through Pillow) and `pillow`. At full
size both give the same bytes. Filters:

    area       the whole image decoded, then its exact area average (`area`); the default
    dct-area2  JPEG decoded at a half, a quarter or an eighth where the result still covers the wanted size (the inverse
               DCT averages; colours stored at half size are not made larger first), then the area average of that
               with slopes within its pixels (`area`). Opt-in: other pixels, faster. Packs of before name `dct-area`,
               which had no slopes
    bilinear, bicubic, lanczos   the whole image decoded, then Pillow's antialiased filter of that name

Filter error, as the benchmarks print it: root mean square difference in grey levels from the float64 area average (and
from a float Lanczos) of the whole image. An image that must grow is resized bilinearly whatever the filter.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fervbench.errors import MissingExtraError
from fervbench.pack.area import is_whole, room, shrink

Image = NDArray[np.uint8]
DECODERS = ("simplejpeg", "pillow")
FILTERS = ("area", "dct-area2", "bilinear", "bicubic", "lanczos")
_AREA = frozenset(("area", "dct-area2"))
_JPEG = b"\xff\xd8\xff"
# 16-bit and floating-point images have no agreed way down to 8 bits.
_MODES = frozenset(("1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr"))


class UnreadableError(Exception):
    """A frame that cannot be decoded whole; `rule` names what is wrong."""

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.rule = rule


@dataclass(frozen=True, slots=True)
class Decoder:
    """Decodes and resizes; made once a process by `decoder`."""

    name: str
    filter: str
    _jpeg: Any  # the module simplejpeg, or None

    def whole(self, data: bytes) -> Image:
        """The image as (h, w, 3) RGB at its own size. Raises UnreadableError."""
        return self._decode(data, None)[0]

    def frame(self, data: bytes, height: int, width: int) -> Image:
        """The image as (height, width, 3) RGB. Raises UnreadableError."""
        image, scale = self._decode(data, (height, width))
        return self.resize(image, height, width, slopes=scale > 1)

    def resize(self, image: Image, height: int, width: int, *, slopes: bool = False) -> Image:
        """`image` at another size by the filter; `slopes` where its pixels are means of pixels (`area`)."""
        if image.shape[:2] == (height, width):
            return image
        grows = image.shape[0] < height or image.shape[1] < width
        if self.filter in _AREA and not grows:
            return shrink(image, height, width, slopes=slopes)
        from PIL import Image as Pillow

        name = "bilinear" if grows else self.filter
        resample = Pillow.Resampling[name.upper()]
        return np.asarray(Pillow.fromarray(image).resize((width, height), resample))

    def _decode(self, data: bytes, wanted: tuple[int, int] | None) -> tuple[Image, int]:
        """The image, and by how much the decoder made it smaller."""
        if not data:
            raise UnreadableError("unreadable", "is empty")
        if self._jpeg is not None and data.startswith(_JPEG):
            return self._by_simplejpeg(data, wanted if self.filter in _AREA else None)
        return _by_pillow(data, wanted if self.filter == "dct-area2" else None)

    def _by_simplejpeg(self, data: bytes, wanted: tuple[int, int] | None) -> tuple[Image, int]:
        try:
            if wanted is None:
                return self._jpeg.decode_jpeg(data), 1
            h, w, *_ = self._jpeg.decode_jpeg_header(data)
            scale = reduction(h, w, wanted) if self.filter == "dct-area2" else 1
            h, w = -(-h // scale), -(-w // scale)
            # with a fourth byte a pixel, sums of whole factors are faster (`shrink` leaves it out)
            colours = "RGBA" if (h, w) != wanted and is_whole(h, w, *wanted) else "RGB"
            shrinks = (h, w) != wanted and h >= wanted[0] and w >= wanted[1]  # else the image itself is the result
            into = room("image", (h, w, len(colours)), "u1") if shrinks else None
            image = self._jpeg.decode_jpeg(data, colours, min_height=h, min_width=w, min_factor=1, buffer=into)
            return image, scale
        except ValueError as error:
            raise _unreadable(error, data) from None


def reduction(h: int, w: int, wanted: tuple[int, int]) -> int:
    """The largest of 8, 4, 2 and 1 by which an image of h x w still covers `wanted`.

    >>> reduction(224, 224, (112, 112)), reduction(336, 504, (112, 168)), reduction(200, 200, (112, 112))
    (2, 2, 1)
    """
    return next((s for s in (8, 4, 2) if h // s >= wanted[0] and w // s >= wanted[1]), 1)


def _by_pillow(data: bytes, wanted: tuple[int, int] | None) -> tuple[Image, int]:
    from PIL import Image as Pillow

    scale = 1
    try:
        with Pillow.open(io.BytesIO(data)) as opened:
            if opened.mode not in _MODES:
                raise UnreadableError("unreadable", f"is an image of mode {opened.mode}, not of 8 bits")
            if wanted is not None and opened.format == "JPEG":
                scale = reduction(opened.height, opened.width, wanted)
                opened.draft("RGB", (-(-opened.width // scale), -(-opened.height // scale)))
            return np.asarray(opened.convert("RGB")), scale
    except UnreadableError:
        raise
    except (OSError, ValueError, SyntaxError, Pillow.DecompressionBombError) as error:
        raise _unreadable(error, data) from None


def _unreadable(error: Exception, data: bytes) -> UnreadableError:
    text = str(error).strip() or type(error).__name__
    cut = "truncated" in text.lower() or "premature" in text.lower()
    if data.startswith(_JPEG) and b"\xff\xd9" not in data[-64:]:
        cut = True  # a JPEG that does not end
    elif data.startswith(b"\x89PNG") and b"IEND" not in data[-64:]:
        cut = True
    if "cannot identify" in text:
        text = "is no image"
    return UnreadableError("truncated" if cut else "unreadable", text)


def decoder(name: str, filter: str) -> Decoder:  # noqa: A002 (the word of the header)
    """The decoder of that name. Raises MissingExtraError where its library is not installed."""
    jpeg = None
    try:
        import PIL  # noqa: F401

        if name == "simplejpeg":
            jpeg = import_module("simplejpeg")
    except ImportError:
        raise MissingExtraError("packing images", "data") from None
    return Decoder(name, filter, jpeg)


def versions(name: str) -> dict[str, str]:
    """The decoder's name and the versions that decide its bytes, as the header records them."""
    from importlib.metadata import version

    found = {"name": name, "pillow": version("pillow"), "numpy": version("numpy").split(".")[0]}
    return found | ({"simplejpeg": version("simplejpeg")} if name == "simplejpeg" else {})
