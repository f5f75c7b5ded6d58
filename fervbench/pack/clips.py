"""One clip from its files to its bytes in the pack: which frames, decoded, cut, resized, interpolated."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fervbench.errors import UsageError
from fervbench.pack.decoding import DECODERS, FILTERS, Decoder, UnreadableError, decoder, versions
from fervbench.pack.faces import RULES, Placed
from fervbench.pack.frames import list_frames
from fervbench.pack.interpolation import INTERPOLATIONS, interpolate
from fervbench.pack.samplers import SAMPLERS
from fervbench.pack.sources import VIDEO_SUFFIXES, Clip
from fervbench.pack.video import read_frames, version
from fervbench.pack.warping import cut

Frames = NDArray[np.uint8]
ALL = "all"


@dataclass(frozen=True)
class Settings:
    """Everything that decides the pixels of a pack, besides its sources. `number` is None for all frames."""

    height: int = 112
    width: int = 112
    sampler: str = ALL
    number: int | None = None
    decoder: str = DECODERS[0]
    filter: str = FILTERS[0]
    rule: str | None = None
    margin: float = 0.0
    faces_sha256: str | None = None

    def check(self) -> None:
        """Raise UsageError for values that are not possible, alone or together."""
        known = {ALL, *SAMPLERS, *INTERPOLATIONS}
        if self.sampler not in known:
            raise UsageError(f"no sampler {self.sampler!r}", hint=f"there are {', '.join(sorted(known))}")
        if (self.sampler == ALL) != (self.number is None):
            raise UsageError(f"sampler {self.sampler!r} with {self.number or 'no'} frames: name both or neither")
        if not 1 <= self.height <= 4096 or not 1 <= self.width <= 4096:
            raise UsageError(f"a size of {self.height}x{self.width} is not between 1 and 4096")
        if self.number is not None and not 1 <= self.number <= 4096:
            raise UsageError(f"{self.number} frames a clip are not between 1 and 4096")
        if self.decoder not in DECODERS or self.filter not in FILTERS:
            raise UsageError(f"no decoder {self.decoder!r} with filter {self.filter!r}")
        if self.rule is not None and self.rule not in RULES:
            raise UsageError(f"no rule {self.rule!r}", hint=f"there are {', '.join(RULES)}")
        if not 0 <= self.margin <= 10:
            raise UsageError(f"a margin of {self.margin} is not between 0 and 10")

    def describe(self, *, videos: bool) -> dict[str, Any]:
        """The settings as the header records them, versions included."""
        return asdict(self) | {"decoder": versions(self.decoder) | (version() if videos else {})}


class BadClipError(Exception):
    """A clip that cannot be packed; `rule` names what is wrong."""

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.rule = rule


def make_decoder(settings: Settings) -> Decoder:
    """The decoder that the settings name. Raises MissingExtraError."""
    return decoder(settings.decoder, settings.filter)


def packed_length(settings: Settings, length: int, placed: Placed | None) -> int:
    """How many frames of the pack a clip takes."""
    return settings.number if settings.number is not None else len(placed.used) if placed else length


def pack_clip(clip: Clip, settings: Settings, placed: Placed | None, decoder: Decoder) -> Frames:
    """The frames of a clip as the pack holds them. Raises BadClipError naming the frame that is at fault."""
    used = placed.used if placed is not None else np.arange(clip.length)
    if settings.number is None or settings.sampler in INTERPOLATIONS:
        chosen = np.arange(len(used))
    else:
        chosen = SAMPLERS[settings.sampler](len(used), settings.number)
    needed, place = np.unique(chosen, return_inverse=True)
    height, width = settings.height, settings.width
    decoded = np.empty((len(needed), height, width, 3), dtype=np.uint8)
    if placed is None and not _is_video(clip):
        for i, data in enumerate(_files(clip, used[needed])):
            decoded[i] = _frame(clip, int(used[needed[i]]), lambda d=data: decoder.frame(d, height, width))
    else:
        for i, image in enumerate(_whole(clip, used[needed], decoder)):
            if placed is None:
                decoded[i] = decoder.resize(image, height, width)
            else:
                decoded[i] = cut(image, placed.maps[needed[i]], height, width)
    if settings.number is not None and settings.sampler in INTERPOLATIONS:
        return interpolate(settings.sampler, decoded, settings.number)
    return decoded if len(needed) == len(chosen) else decoded[place]


def _is_video(clip: Clip) -> bool:
    return Path(clip.path).suffix.lower() in VIDEO_SUFFIXES and not Path(clip.path).is_dir()


def _frame(clip: Clip, number: int, work: Any) -> Frames:
    try:
        result: Frames = work()
    except UnreadableError as error:
        names = list_frames(clip.path).names
        raise BadClipError(error.rule, f"{clip.id}: {names[number]}: {error}") from None
    return result


def _files(clip: Clip, positions: NDArray[np.int64]) -> Iterator[bytes]:
    """The bytes of frames, by position in numeric order. The folder is listed again, so that the plan stays small."""
    try:
        listing = list_frames(clip.path)
        if listing.key != clip.key:
            raise BadClipError("changed", f"{clip.id}: its files have changed since they were listed")
        for position in positions.tolist():
            name = listing.names[position]
            with open(f"{clip.path}/{name}", "rb", buffering=0) as file:  # noqa: PTH123 (a million files)
                yield file.read()
    except OSError as error:
        name = Path(str(error.filename)).name
        raise BadClipError("unreadable", f"{clip.id}: {name}: {error.strerror}") from None


def _whole(clip: Clip, positions: NDArray[np.int64], decoder: Decoder) -> Iterator[Frames]:
    """Frames at their own size."""
    if not _is_video(clip):
        for position, data in zip(positions.tolist(), _files(clip, positions), strict=True):
            yield _frame(clip, position, lambda d=data: decoder.whole(d))
        return
    count = 0
    try:
        for _, image in read_frames(clip.path, set(positions.tolist())):
            count += 1
            yield image
    except (OSError, ValueError) as error:
        raise BadClipError("unreadable", f"{clip.id}: {error}") from None
    if count < len(positions):
        message = f"{clip.id}: {count} of {len(positions)} frames can be decoded"
        raise BadClipError("truncated", message)
