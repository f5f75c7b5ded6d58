"""Random numbers that are functions of what they are for: no state, so a resumed run needs none.

`bits(seed, purpose, epoch, clips)` hashes its arguments (splitmix64's finaliser, Steele et al., OOPSLA 2014). Integer
arithmetic alone, so a CPU and a GPU draw the same, and a captured step can be given another epoch as a tensor.
"""

from __future__ import annotations

import torch
from torch import Tensor

_MASK = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15
_FIRST, _SECOND = 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
# What a draw is for. A number stays with its purpose: a new one gets a new number.
ORDER, FRAME, CROP_Y, CROP_X, FLIP, BRIGHTNESS, CONTRAST, NETWORK, HOLD_OUT, SHUFFLE, WEIGHTS = range(11)


def number(seed: int, *keys: int) -> int:
    """The hash of plain numbers, 0 to 2**64 - 1.

    >>> number(0, 1) == number(0, 1), number(0, 1) == number(1, 0)
    (True, False)
    """
    value = _mixed(seed + _GOLDEN)
    for key in keys:
        value = _mixed((value ^ key) + _GOLDEN)
    return value


def bits(seed: int, purpose: int, epoch: int | Tensor, clips: Tensor) -> Tensor:
    """A hash for each of `clips` (int64, any shape), as int64 of the same shape; the epoch is a number or a tensor."""
    start = _signed(number(seed, purpose))
    if isinstance(epoch, Tensor):
        value = _mix((epoch.to(torch.int64) ^ start) + _signed(_GOLDEN))
        return _mix((clips ^ value) + _signed(_GOLDEN))
    return _mix((clips ^ _signed(number(seed, purpose, epoch))) + _signed(_GOLDEN))


def uniform(seed: int, purpose: int, epoch: int | Tensor, clips: Tensor) -> Tensor:
    """Float32 numbers in [0, 1), multiples of 2**-24, one for each of `clips`."""
    return _shifted(bits(seed, purpose, epoch, clips), 40).to(torch.float32) * 2.0**-24


def order(seed: int, epoch: int, number: int, device: torch.device | str = "cpu") -> Tensor:
    """A permutation of `number` clips for an epoch, (number,)."""
    keys = bits(seed, ORDER, epoch, torch.arange(number, device=device))
    return torch.argsort(keys, stable=True)


def _mixed(value: int) -> int:
    value &= _MASK
    value = ((value ^ (value >> 30)) * _FIRST) & _MASK
    value = ((value ^ (value >> 27)) * _SECOND) & _MASK
    return value ^ (value >> 31)


def _mix(value: Tensor) -> Tensor:
    value = (value ^ _shifted(value, 30)) * _signed(_FIRST)  # int64 wraps around
    value = (value ^ _shifted(value, 27)) * _signed(_SECOND)
    return value ^ _shifted(value, 31)


def _shifted(value: Tensor, by: int) -> Tensor:
    return (value >> by) & ((1 << (64 - by)) - 1)


def _signed(value: int) -> int:
    value &= _MASK
    return value - (1 << 64) if value >> 63 else value
