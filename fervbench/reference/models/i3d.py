"""I3D over RGB (Carreira and Zisserman, CVPR 2017): Inception-v1 with three-dimensional kernels, padded as "same".

Named as in the public PyTorch port, which DFEW's code holds a copy of. Known difference from the port: the last average
is over what is there, not over 2 x 7 x 7, which only 16 frames of 224 x 224 have.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from fervbench.reference.models.parts import (
    Recogniser,
    initialise_convolutions,
    max_pool_3d,
    spatiotemporal_mean,
)

Triple = tuple[int, int, int]
# Output channels of the branches: 1x1x1; 1x1x1, 3x3x3; 1x1x1, 3x3x3; pool, 1x1x1.
MIXED = {
    "Mixed_3b": (64, 96, 128, 16, 32, 32),
    "Mixed_3c": (128, 128, 192, 32, 96, 64),
    "Mixed_4b": (192, 96, 208, 16, 48, 64),
    "Mixed_4c": (160, 112, 224, 24, 64, 64),
    "Mixed_4d": (128, 128, 256, 24, 64, 64),
    "Mixed_4e": (112, 144, 288, 32, 64, 64),
    "Mixed_4f": (256, 160, 320, 32, 128, 128),
    "Mixed_5b": (256, 160, 320, 32, 128, 128),
    "Mixed_5c": (384, 192, 384, 48, 128, 128),
}


def pad_same(x: Tensor, kernel: Triple, stride: Triple) -> Tensor:
    """Zeros around x so that a stride s makes ceil(n / s) of n; the odd one comes last.

    Before a pool as well, as in the port: after ReLU nothing is less.
    """
    pads: list[int] = []
    for size, k, s in zip(reversed(x.shape[2:]), reversed(kernel), reversed(stride), strict=True):
        total = max(k - (size % s or s), 0)
        pads += [total // 2, total - total // 2]
    return functional.pad(x, pads) if any(pads) else x


class Unit3D(nn.Module):
    """Convolution, batch normalisation, ReLU; `logits` a convolution with bias alone."""

    def __init__(self, inputs: int, outputs: int, kernel: Triple, stride: Triple = (1, 1, 1), *, logits: bool = False):
        super().__init__()
        self.kernel, self.stride = kernel, stride
        self.conv3d = nn.Conv3d(inputs, outputs, kernel, stride, bias=logits)
        self.bn = None if logits else nn.BatchNorm3d(outputs, eps=0.001, momentum=0.01)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv3d(pad_same(x, self.kernel, self.stride))
        return x if self.bn is None else self.bn(x).relu_()  # (batch, outputs, frames', height', width')


class Mixed(nn.Module):
    """Four branches side by side."""

    def __init__(self, inputs: int, outputs: tuple[int, int, int, int, int, int]) -> None:
        super().__init__()
        self.b0 = Unit3D(inputs, outputs[0], (1, 1, 1))
        self.b1a = Unit3D(inputs, outputs[1], (1, 1, 1))
        self.b1b = Unit3D(outputs[1], outputs[2], (3, 3, 3))
        self.b2a = Unit3D(inputs, outputs[3], (1, 1, 1))
        self.b2b = Unit3D(outputs[3], outputs[4], (3, 3, 3))
        self.b3b = Unit3D(inputs, outputs[5], (1, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        pooled = _pool(x, (3, 3, 3), (1, 1, 1))
        branches = (self.b0(x), self.b1b(self.b1a(x)), self.b2b(self.b2a(x)), self.b3b(pooled))
        return torch.cat(branches, dim=1)  # (batch, sum of outputs, frames, height, width)


def _pool(x: Tensor, kernel: Triple, stride: Triple) -> Tensor:
    return max_pool_3d(pad_same(x, kernel, stride), kernel, stride)


class I3D(Recogniser):
    """I3D, RGB."""

    width = 1024

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.Conv3d_1a_7x7 = Unit3D(3, 64, (7, 7, 7), (2, 2, 2))
        self.Conv3d_2b_1x1 = Unit3D(64, 64, (1, 1, 1))
        self.Conv3d_2c_3x3 = Unit3D(64, 192, (3, 3, 3))
        inputs = 192
        for name, outputs in MIXED.items():
            self.add_module(name, Mixed(inputs, outputs))
            inputs = outputs[0] + outputs[2] + outputs[4] + outputs[5]
        self.dropout = nn.Dropout(0.5)
        self.logits = Unit3D(1024, num_classes, (1, 1, 1), logits=True) if num_classes else nn.Identity()
        initialise_convolutions(self)

    def _mixed(self, names: str, x: Tensor) -> Tensor:
        for name in names.split():
            x = self.get_submodule(f"Mixed_{name}")(x)
        return x

    def embed(self, clips: Tensor) -> Tensor:
        """Averaged maps of the last module; shapes are those of 16 frames of 112 x 112."""
        x = self.Conv3d_1a_7x7(clips)  # (batch, 64, 8, 56, 56)
        x = _pool(x, (1, 3, 3), (1, 2, 2))  # (batch, 64, 8, 28, 28)
        x = self.Conv3d_2c_3x3(self.Conv3d_2b_1x1(x))  # (batch, 192, 8, 28, 28)
        x = _pool(x, (1, 3, 3), (1, 2, 2))  # (batch, 192, 8, 14, 14)
        x = self._mixed("3b 3c", x)  # (batch, 480, 8, 14, 14)
        x = _pool(x, (3, 3, 3), (2, 2, 2))  # (batch, 480, 4, 7, 7)
        x = self._mixed("4b 4c 4d 4e 4f", x)  # (batch, 832, 4, 7, 7)
        x = _pool(x, (2, 2, 2), (2, 2, 2))  # (batch, 832, 2, 4, 4)
        x = self._mixed("5b 5c", x)  # (batch, 1024, 2, 4, 4)
        return self.dropout(spatiotemporal_mean(x))  # (batch, 1024)

    def classify(self, features: Tensor) -> Tensor:
        """Class scores."""
        return self.logits(features[:, :, None, None, None]).flatten(1)  # (batch, classes)
