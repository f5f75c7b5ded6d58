"""Clips on the device: whole packs in memory, and batches of them by index.

A pack of FERV39k's faces (all frames, 128 x 128) is 54 GB and fits a large GPU; where the device has too little room
for a pack it stays in host memory, is cut there, and what is cut is copied. On a CPU it is the file's memory map.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor

from fervbench.errors import UsageError
from fervbench.pack import Pack
from fervbench.reference import augment
from fervbench.reference.augment import Augmentation
from fervbench.reference.sampling import sampler

_SHARE = 0.6  # of a device's free memory that packs may take
FIELDS, FLOW_MEAN, FLOW_STD = 5, 0.5, 0.226  # a stack of optical flow, and how its bytes / 255 are normalised
Size = tuple[int, int]


@dataclass(frozen=True, eq=False)
class Stream:
    """One pack: pixels, where its clips start and how long they are, and what is cut out of them."""

    pixels: Tensor  # (frames, height, width, 3) uint8
    starts: Tensor  # (clips,) int64, on the device of pixels
    lengths: Tensor  # (clips,)
    size: Size
    flow: bool = False  # a pack of optical flow: what is seen are stacks of fields

    @property
    def whole(self) -> Size:
        """Height and width of the pack's frames."""
        return self.pixels.shape[1], self.pixels.shape[2]


@dataclass(frozen=True)
class View:
    """How clips become inputs: what the recipe says of frames and pixels."""

    frames: int
    sampling_train: str = "random-in-segment"
    sampling_test: str = "segment-centres"
    augmentation: Augmentation = field(default_factory=Augmentation)
    mean: tuple[float, ...] = augment.IMAGENET_MEAN
    std: tuple[float, ...] = augment.IMAGENET_STD


@dataclass(frozen=True, eq=False)
class Clips:
    """Some clips of one or several packs, in one order, with their classes; `keys` are what draws are keyed by."""

    ids: tuple[str, ...]
    labels: Tensor  # (clips,) int64, on the device that computes
    keys: Tensor  # (clips,) int64, likewise
    streams: tuple[Stream, ...]
    view: View

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def resident(self) -> bool:
        """Whether all pixels are on the device that computes."""
        return all(stream.pixels.device == self.labels.device for stream in self.streams)

    def train(self, chosen: Tensor, seed: int, epoch: int | Tensor) -> tuple[Tensor, ...]:
        """The clips at `chosen` as training sees them: floats (batch, 3, frames, height, width) for each stream."""
        pick, view = sampler(self.view.sampling_train), self.view
        keys = self.keys[chosen]
        made = []
        for stream in self.streams:
            here = stream.pixels.device
            near, at = (keys, chosen) if here == keys.device else (keys.to(here), chosen.to(here))
            when = epoch.to(here) if isinstance(epoch, Tensor) else epoch
            frames = pick(stream.lengths[at], view.frames, seed, when, near) + stream.starts[at][:, None]
            window = augment.drawn(stream.whole, stream.size, view.augmentation, seed, when, near)
            if stream.flow:
                made.append(self._near(_fields(stream, frames, at, window)))
                continue
            clips = self._near(augment.cut(stream.pixels, frames, window))  # (batch, frames, height, width, 3)
            clips = augment.light(clips, view.augmentation, seed, epoch, keys)
            made.append(augment.normalise(clips, view.mean, view.std))
        return tuple(made)

    def test(self, chosen: Tensor) -> tuple[Tensor, ...]:
        """The clips at `chosen` as evaluation sees them."""
        pick, view = sampler(self.view.sampling_test, test=True), self.view
        made = []
        for stream in self.streams:
            at = chosen.to(stream.pixels.device)
            frames = pick(stream.lengths[at], view.frames, 0, 0, at) + stream.starts[at][:, None]
            window = augment.centre(stream.whole, stream.size, len(at), stream.pixels.device)
            if stream.flow:
                made.append(self._near(_fields(stream, frames, at, window)))
                continue
            clips = self._near(augment.cut(stream.pixels, frames, window))
            made.append(augment.normalise(clips, view.mean, view.std))
        return tuple(made)

    def part(self, chosen: Tensor) -> Clips:
        """Some of the clips; draws stay what they were."""
        chosen = chosen.to(self.labels.device)
        streams = tuple(
            replace(s, starts=s.starts[chosen.to(s.starts.device)], lengths=s.lengths[chosen.to(s.starts.device)])
            for s in self.streams
        )
        ids = tuple(self.ids[i] for i in chosen.tolist())
        return Clips(ids, self.labels[chosen], self.keys[chosen], streams, self.view)

    def _near(self, clips: Tensor) -> Tensor:
        if clips.device == self.labels.device:
            return clips
        if self.labels.device.type == "cuda":
            clips = clips.pin_memory()
        return clips.to(self.labels.device, non_blocking=True)


def _fields(stream: Stream, frames: Tensor, at: Tensor, window: augment.Window) -> Tensor:
    """Stacks of 5 fields from each of `frames` on: floats (batch, 10, frames, height, width), x and y in turn.

    A stack ends with its clip. Mirrored motion goes the other way.
    """
    last = (stream.starts[at] + stream.lengths[at] - 1)[:, None]
    parts = [augment.cut(stream.pixels, torch.minimum(frames + k, last), window)[..., :2] for k in range(FIELDS)]
    clips = torch.cat(parts, dim=-1).to(torch.float32)  # (batch, frames, height, width, 10)
    mirrored = (window.columns[:, 0] > window.columns[:, -1])[:, None, None, None, None]
    clips[..., 0::2] = torch.where(mirrored, 255 - clips[..., 0::2], clips[..., 0::2])
    return ((clips / 255 - FLOW_MEAN) / FLOW_STD).permute(0, 4, 1, 2, 3)


def load_pixels(pack: Pack, device: torch.device) -> Tensor:
    """All pixels of a pack on the device, or, where they do not fit, in host memory."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*not writable")  # nothing here writes to it
        pixels = torch.from_numpy(np.asarray(pack.frames))
    if device.type == "cuda" and pixels.numel() <= _SHARE * torch.cuda.mem_get_info(device)[0]:
        return pixels.to(device)
    return pixels


def make_clips(
    packs: Sequence[Pack],
    pixels: Sequence[Tensor],
    sizes: Sequence[Size],
    ids: Sequence[str],
    labels: Sequence[int],
    view: View,
    device: torch.device,
) -> Clips:
    """The clips `ids`, which every pack has, cut to `sizes`. Raises UsageError where a pack is too small."""
    streams = []
    for pack, data, size in zip(packs, pixels, sizes, strict=True):
        height, width = data.shape[1:3]
        if height < size[0] or width < size[1]:
            raise UsageError(
                f"the pack has frames of {height}x{width}; {size[0]}x{size[1]} cannot be cut out of them",
                hint=f"pack again with --size {size[0]}x{size[1]} or larger",
                file=str(pack.path),
            )
        at = np.array([pack.index[id] for id in ids], dtype=np.int64)
        starts = torch.from_numpy(pack.offsets[at]).to(data.device)
        lengths = torch.from_numpy(np.diff(pack.offsets)[at]).to(data.device)
        streams.append(Stream(data, starts, lengths, size, pack.header.source.get("stream") == "flow"))
    classes = torch.tensor(list(labels), dtype=torch.int64, device=device)
    return Clips(tuple(ids), classes, torch.arange(len(ids), device=device), tuple(streams), view)
