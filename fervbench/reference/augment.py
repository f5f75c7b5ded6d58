"""From frames in memory to what a network sees: cut, mirrored, lit, normalised, in batch, one draw a clip.

Clips come as (batch, frames, height, width, 3) uint8 and leave as (batch, 3, frames, height, width) floats that are
`torch.channels_last_3d` in memory. Every draw is a function of (seed, epoch, clip): a batch split in two gives the
same clips, and so do several streams of one clip, whatever their sizes.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from fervbench.reference import counter

Epoch = int | Tensor
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_GREY = (0.299, 0.587, 0.114)  # ITU-R BT.601


@dataclass(frozen=True)
class Augmentation:
    """What training does to a clip. `flip` is a probability; brightness and contrast vary by factors in 1 +- value."""

    random_crop: bool = True
    flip: float = 0.5
    brightness: float = 0.2
    contrast: float = 0.2


@dataclass(frozen=True)
class Window:
    """Where each clip of a batch is cut: `rows` (batch, height) and `columns` (batch, width) of its frames."""

    rows: Tensor
    columns: Tensor


def centre(whole: tuple[int, int], size: tuple[int, int], number: int, device: torch.device) -> Window:
    """The middle of each of `number` clips, for test."""
    (height, width), (h, w) = whole, size
    rows = (height - h) // 2 + torch.arange(h, device=device)
    columns = (width - w) // 2 + torch.arange(w, device=device)
    return Window(rows.expand(number, h), columns.expand(number, w))


def drawn(
    whole: tuple[int, int], size: tuple[int, int], chosen: Augmentation, seed: int, epoch: Epoch, clips: Tensor
) -> Window:
    """A random place and, in half of the clips, mirrored columns; `clips` are what the draws are keyed by, (batch,)."""
    (height, width), (h, w) = whole, size
    made = centre(whole, size, len(clips), clips.device)
    rows, columns = made.rows, made.columns
    if chosen.random_crop:
        y = (counter.uniform(seed, counter.CROP_Y, epoch, clips) * (height - h + 1)).to(torch.int64)  # (batch,)
        x = (counter.uniform(seed, counter.CROP_X, epoch, clips) * (width - w + 1)).to(torch.int64)
        rows = y[:, None] + torch.arange(h, device=clips.device)  # (batch, h)
        columns = x[:, None] + torch.arange(w, device=clips.device)  # (batch, w)
    if chosen.flip:
        mirrored = counter.uniform(seed, counter.FLIP, epoch, clips) < chosen.flip
        columns = torch.where(mirrored[:, None], columns.flip(1), columns)
    return Window(rows, columns)


def cut(pixels: Tensor, frames: Tensor, window: Window) -> Tensor:
    """`frames` (batch, number) of `pixels` (frames, height, width, 3), cut: one gather, no whole frame is copied."""
    return pixels[frames[:, :, None, None], window.rows[:, None, :, None], window.columns[:, None, None, :]]


def normalise(clips: Tensor, mean: tuple[float, ...], std: tuple[float, ...]) -> Tensor:
    """(batch, frames, height, width, 3) of 0 to 255 to (batch, 3, frames, height, width), a view that is channels-last.

    (x / 255 - mean) / std, as one multiplication and one addition.
    """
    scale = torch.tensor([1 / (255 * s) for s in std], device=clips.device)
    shift = torch.tensor([-m / s for m, s in zip(mean, std, strict=True)], device=clips.device)
    return torch.addcmul(shift, clips.to(torch.float32), scale).permute(0, 4, 1, 2, 3)


def light(clips: Tensor, chosen: Augmentation, seed: int, epoch: Epoch, keys: Tensor) -> Tensor:
    """Change contrast around each clip's mean grey, then brightness; floats of 0 to 255 in and out, same shape."""
    if not chosen.brightness and not chosen.contrast:
        return clips
    clips = clips.to(torch.float32)
    contrast = _factor(chosen.contrast, seed, counter.CONTRAST, epoch, keys)
    brightness = _factor(chosen.brightness, seed, counter.BRIGHTNESS, epoch, keys)
    weights = torch.tensor(_GREY, device=clips.device)
    grey = (clips.mean(dim=(1, 2, 3)) * weights).sum(dim=1)[:, None, None, None, None]  # (batch, 1, 1, 1, 1)
    return (((clips - grey) * contrast + grey) * brightness).clamp(0, 255)


def _factor(by: float, seed: int, purpose: int, epoch: Epoch, keys: Tensor) -> Tensor:
    draws = counter.uniform(seed, purpose, epoch, keys)
    return (1 - by + 2 * by * draws)[:, None, None, None, None]
