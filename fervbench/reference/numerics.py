"""What the machine computes with: precision, determinism, and whether its bfloat16 convolutions are right.

cuDNN 9.8 to 9.14 computed 3D convolutions in half precision wrongly (pytorch issues 163539 and 163581). `conv3d_error`
measures instead of believing versions: results and gradients against float32.
"""

from __future__ import annotations

import gc
import os
import sys
from typing import Any

import torch
from torch.nn import functional

Device = torch.device  # for those who hand one on and need nothing else of torch
TOLERANCE = 0.02  # bfloat16 keeps 8 bits: sums of products are right to some 0.4 %
# (batch, inputs, outputs, frames, side, kernel, stride): a first layer, a middle one, a factored one of 1 x 3 x 3
_SHAPES = (
    (2, 3, 64, 8, 28, (3, 7, 7), (1, 2, 2)),
    (2, 64, 64, 4, 14, (3, 3, 3), (1, 1, 1)),
    (2, 64, 128, 4, 14, (1, 3, 3), (1, 2, 2)),
)


def choose_device(name: str | None) -> torch.device:
    """A device by name; without one a GPU if there is one. Raises UsageError."""
    from fervbench.errors import UsageError

    try:
        device = torch.device(name or ("cuda" if torch.cuda.is_available() else "cpu"))
    except RuntimeError:
        raise UsageError(f"no device {name!r}", hint="cpu, cuda or cuda:1") from None
    if device.type == "cuda" and not torch.cuda.is_available():
        raise UsageError(f"no device {name!r} here", hint="torch finds no GPU; --device cpu is slow, and works")
    if device.type not in ("cpu", "cuda"):
        raise UsageError(f"no device {name!r}", hint="cpu, cuda or cuda:1")
    return device


def own_gpu(device: str) -> str:
    """The device of this process among those that torchrun started: `cuda` is one GPU for each."""
    if not device.startswith("cuda"):
        return device
    number = int(os.environ.get("LOCAL_RANK", "0"))
    torch.cuda.set_device(number)
    return f"cuda:{number}"


def named(device: torch.device) -> str:
    """What a device is called where figures of it are shown."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else f"CPU, {torch.get_num_threads()} threads"


def wait(device: torch.device) -> None:
    """Until a device has done what it was given; clocks mean nothing before."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def tidy() -> None:
    """Give the device's memory back, and forget what was compiled: there is a limit to it, counted over all jobs."""
    gc.collect()
    if "torch._dynamo" in sys.modules:
        torch._dynamo.reset()
    if torch.cuda.is_initialized():
        torch.cuda.empty_cache()


def prepare(*, deterministic: bool) -> None:
    """Set torch up for fast or for exactly repeatable work."""
    if deterministic:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(deterministic)
    torch.backends.cudnn.benchmark = not deterministic
    torch.backends.cudnn.allow_tf32 = not deterministic
    torch.backends.cuda.matmul.allow_tf32 = not deterministic


def conv3d_error(device: torch.device) -> float:
    """The largest error of bfloat16 3D convolutions and their gradients, relative to the largest value."""
    worst = 0.0
    generator = torch.Generator().manual_seed(0)
    for batch, inputs, outputs, frames, side, kernel, stride in _SHAPES:
        x = torch.randn(batch, inputs, frames, side, side, generator=generator)
        w = torch.randn(outputs, inputs, *kernel, generator=generator)
        found = [_conv3d(x, w, stride, device, precision) for precision in (torch.bfloat16, torch.float32)]
        for half, full in zip(*found, strict=True):
            error = float((half.float() - full).abs().max() / full.abs().max())
            worst = max(worst, error if error == error else float("inf"))
    return worst


def _conv3d(
    x: torch.Tensor, w: torch.Tensor, stride: tuple[int, int, int], device: torch.device, precision: torch.dtype
) -> list[torch.Tensor]:
    """Result and both gradients, in channels-last memory as training has them."""
    allowed = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = False
    try:
        rounded = [tensor.to(torch.bfloat16).to(precision) for tensor in (x, w)]  # both see the same numbers
        a, b = (t.to(device).contiguous(memory_format=torch.channels_last_3d).requires_grad_() for t in rounded)
        y = functional.conv3d(a, b, stride=stride, padding=tuple(k // 2 for k in w.shape[2:]))
        gradients = torch.autograd.grad(y.float().square().mean(), (a, b))
        return [tensor.detach() for tensor in (y, *gradients)]
    finally:
        torch.backends.cudnn.allow_tf32 = allowed


def environment(device: torch.device) -> dict[str, Any]:
    """What a job ran on: versions and flags, for its record. Nothing in it decides a job's name."""
    found: dict[str, Any] = {
        "torch": torch.__version__,
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu",
        "threads": torch.get_num_threads(),
        "cudnn": torch.backends.cudnn.version() if device.type == "cuda" else None,
        "cuda": torch.version.cuda,
        "tf32": torch.backends.cudnn.allow_tf32,
        "deterministic": torch.are_deterministic_algorithms_enabled(),
    }
    return found
