"""Frames of video files through PyAV (FFmpeg), the extra `video`: well kept, with wheels for every platform."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fervbench.errors import MissingExtraError


def _av() -> Any:
    try:
        import av
    except ImportError:
        raise MissingExtraError("packing videos", "video") from None
    av.logging.set_level(None)
    return av


def count_frames(path: str) -> int:
    """The frames of a video by its packets: nothing is decoded. Raises OSError or ValueError where it is no video."""
    av = _av()
    with av.open(path) as container:
        if not container.streams.video:
            raise ValueError("no picture in this video")
        return sum(1 for packet in container.demux(video=0) if packet.size)


def read_frames(path: str, wanted: set[int]) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """The frames of these numbers, from 0, as (number, (h, w, 3) RGB). Raises OSError or ValueError for damage.

    Decoded from the start to the last one wanted: seeking is not exact in every container. One thread, so that the
    number of processes alone decides the load.
    """
    av = _av()
    last = max(wanted)
    with av.open(path) as container:
        stream = container.streams.video[0]
        stream.thread_count = 1
        for number, frame in enumerate(container.decode(stream)):
            if number in wanted:
                yield number, frame.to_ndarray(format="rgb24")
            if number >= last:
                return


def version() -> dict[str, str]:
    """The versions that decide the pixels of a video."""
    av = _av()
    return {"av": str(av.__version__), "libavcodec": ".".join(map(str, av.library_versions["libavcodec"]))}
