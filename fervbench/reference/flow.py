"""Optical flow for TSN: TV-L1 (Zach, Pock, Bischof, DAGM 2007) in batch, and packs of it.

TSN sees stacks of 5 fields, x and y, made by TV-L1, cut off at 20 pixels and kept as bytes (Wang et al. 2016). The
smoothed brightness difference is minimised in turn with total variation, coarse to fine. Values are those of OpenCV's
implementation (tau 0.25, lambda 0.15, theta 0.3, 5 warps); scales halve, 30 iterations a warp. Not equal to its bits.

A pack of flow has the frames of its pack of faces: channel 0 is x, 1 is y, 2 empty (128); frame t is the motion from t
to t + 1, the last one of a clip that before it. 0 to 255 means -20 to 20 pixels.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from fervbench.pack import Pack
from fervbench.pack.writing import PackWriter

TAU, LAMBDA, THETA, WARPS, ITERATIONS, SMALLEST = 0.25, 0.15, 0.3, 5, 30, 16
BOUND = 20.0  # pixels
METHOD = {"method": "tv-l1", "bound": BOUND, "tau": TAU, "lambda": LAMBDA, "theta": THETA, "warps": WARPS}
_GREY = (0.299, 0.587, 0.114)
_BATCH = 32  # pairs at a time


def tv_l1(first: Tensor, second: Tensor, *, warps: int = WARPS, iterations: int = ITERATIONS) -> Tensor:
    """The motion from `first` to `second`, grey images (pairs, height, width) of 0 to 255: (pairs, 2, height, width)
    in pixels, x then y.
    """
    a, b = first.float()[:, None], second.float()[:, None]  # (pairs, 1, height, width)
    levels = [(a, b)]
    while min(levels[-1][0].shape[-2:]) // 2 >= SMALLEST:
        levels.append(tuple(functional.avg_pool2d(each, 2) for each in levels[-1]))  # type: ignore[arg-type]
    flow = torch.zeros(len(a), 2, *levels[-1][0].shape[-2:], device=a.device)
    for number, (a, b) in enumerate(reversed(levels)):
        if number:
            size = a.shape[-2:]
            factor = torch.tensor([size[1] / flow.shape[3], size[0] / flow.shape[2]], device=a.device)
            flow = functional.interpolate(flow, size, mode="bilinear", align_corners=False) * factor.view(1, 2, 1, 1)
        flow = _level(a, b, flow, warps, iterations)
    return flow


def _level(a: Tensor, b: Tensor, flow: Tensor, warps: int, iterations: int) -> Tensor:
    gradient = torch.cat([_central(b, 3), _central(b, 2)], dim=1)  # (pairs, 2, height, width)
    dual = torch.zeros(len(a), 2, 2, *a.shape[-2:], device=a.device)  # of x and y, along columns and rows
    step = LAMBDA * THETA
    for _ in range(warps):
        moved = _warped(torch.cat([b, gradient], dim=1), flow)
        slope = moved[:, 1:]
        square = (slope**2).sum(dim=1, keepdim=True).clamp(min=1e-9)
        constant = moved[:, :1] - a - (slope * flow).sum(dim=1, keepdim=True)
        for _ in range(iterations):
            rest = constant + (slope * flow).sum(dim=1, keepdim=True)
            share = (-rest / square).clamp(-step, step)
            flow = flow + share * slope + THETA * _divergence(dual)
            ahead = _forward(flow)
            size = ahead.pow(2).sum(dim=2, keepdim=True).sqrt()
            dual = (dual + TAU / THETA * ahead) / (1 + TAU / THETA * size)
    return flow


def _central(x: Tensor, dim: int) -> Tensor:
    pads = (1, 1, 0, 0) if dim == 3 else (0, 0, 1, 1)
    wide = functional.pad(x, pads, mode="replicate")
    n = x.shape[dim]
    return (wide.narrow(dim, 2, n) - wide.narrow(dim, 0, n)) / 2


def _forward(x: Tensor) -> Tensor:
    """Differences to the next column and the next row, zero at the end: (pairs, 2, 2, height, width)."""
    columns = functional.pad(x[..., 1:] - x[..., :-1], (0, 1))
    rows = functional.pad(x[..., 1:, :] - x[..., :-1, :], (0, 0, 0, 1))
    return torch.stack([columns, rows], dim=2)


def _divergence(dual: Tensor) -> Tensor:
    columns, rows = dual[:, :, 0], dual[:, :, 1]
    return columns - functional.pad(columns[..., :-1], (1, 0)) + rows - functional.pad(rows[..., :-1, :], (0, 0, 1, 0))


def _warped(x: Tensor, flow: Tensor) -> Tensor:
    height, width = x.shape[-2:]
    rows, columns = torch.meshgrid(
        torch.arange(height, device=x.device), torch.arange(width, device=x.device), indexing="ij"
    )
    at_x = 2 * (columns + flow[:, 0]) / max(1, width - 1) - 1
    at_y = 2 * (rows + flow[:, 1]) / max(1, height - 1) - 1
    grid = torch.stack([at_x, at_y], dim=-1)
    return functional.grid_sample(x, grid, mode="bilinear", padding_mode="border", align_corners=True)


@torch.inference_mode()
def flow_of(frames: npt.NDArray[np.uint8], device: torch.device) -> npt.NDArray[np.uint8]:
    """The flow of a clip (frames, height, width, 3) as a pack keeps it, of the same shape."""
    grey = torch.from_numpy(np.array(frames)).to(device).float() @ torch.tensor(_GREY, device=device)
    made = torch.full(frames.shape, 128.0, device=device)
    for first in range(0, len(grey) - 1, _BATCH):
        last = min(first + _BATCH, len(grey) - 1)
        flow = tv_l1(grey[first:last], grey[first + 1 : last + 1]).clamp(-BOUND, BOUND)
        made[first:last, ..., :2] = (flow.permute(0, 2, 3, 1) + BOUND) * (255 / (2 * BOUND))
    if len(grey) > 1:
        made[-1] = made[-2]
    return made.round().to(torch.uint8).cpu().numpy()


def write_flow_pack(pack: Pack, out: Path, device: torch.device, progress: Callable[[int], Any] | None = None) -> None:
    """The pack of flow of a pack of faces. Raises UsageError where `out` exists."""
    source = dict(pack.header.source) | {
        "kind": "flow",
        "stream": "flow",
        "of": hashlib.sha256(pack.header.to_bytes()).hexdigest(),
    }
    with PackWriter(out, source=source, settings={"flow": METHOD, "faces": pack.header.settings}) as writer:
        for i, id in enumerate(pack.ids):
            clip = pack.clip(i)
            made = flow_of(clip, device)
            writer.add(id, made, label=pack.labels[i], part=pack.parts[i], group=pack.groups[i])
            if progress is not None:
                progress(len(clip))
