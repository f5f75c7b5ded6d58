"""A video file of JPEG pictures (Motion JPEG in an AVI container), which every player and decoder reads."""

from __future__ import annotations

import struct
from collections.abc import Sequence


def motion_jpeg(pictures: Sequence[bytes], width: int, height: int, fps: int) -> bytes:
    """The file as bytes; each of `pictures` is one JPEG of `width` x `height`.

    >>> motion_jpeg([b"jpeg"], 16, 16, 25)[:4]
    b'RIFF'
    """
    largest = max(map(len, pictures), default=0)
    main = struct.pack(
        "<14I", 1_000_000 // fps, largest * fps, 0, 0x10, len(pictures), 0, 1, largest, width, height, 0, 0, 0, 0
    )
    stream = (
        b"vids"
        + b"MJPG"
        + struct.pack(
            "<IHHIIIIIIIIhhhh", 0, 0, 0, 0, 1, fps, 0, len(pictures), largest, 0xFFFFFFFF, 0, 0, 0, width, height
        )
    )
    form = struct.pack("<IiiHH4sIiiII", 40, width, height, 1, 24, b"MJPG", 3 * width * height, 0, 0, 0, 0)
    header = _list(b"hdrl", _chunk(b"avih", main) + _list(b"strl", _chunk(b"strh", stream) + _chunk(b"strf", form)))
    body, index, offset = [], [], 4
    for picture in pictures:
        chunk = _chunk(b"00dc", picture)
        body.append(chunk)
        index.append(b"00dc" + struct.pack("<III", 0x10, offset, len(picture)))
        offset += len(chunk)
    whole = b"AVI " + header + _list(b"movi", b"".join(body)) + _chunk(b"idx1", b"".join(index))
    return _chunk(b"RIFF", whole)


def _chunk(name: bytes, data: bytes) -> bytes:
    return name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def _list(name: bytes, data: bytes) -> bytes:
    return _chunk(b"LIST", name + data)
