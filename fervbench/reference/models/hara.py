"""3D ResNet-18 (Hara et al., Can spatiotemporal 3D CNNs retrace the history of 2D CNNs and ImageNet?, CVPR 2018).

Named as in the authors' repository. DFEW's "3D Resnet18"; not its R3D18, which is in r3d.py: this one has a 7x7x7 first
kernel and a pool after it, and a fifth of the operations.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from fervbench.reference.models.parts import (
    Recogniser,
    initialise_convolutions,
    linear_or_nothing,
    max_pool_3d,
    spatiotemporal_mean,
)


class Block(nn.Module):
    """Two 3x3x3 convolutions around a shortcut."""

    def __init__(self, inputs: int, planes: int, stride: int, shortcut: str) -> None:
        super().__init__()
        self.planes, self.stride = planes, stride
        self.conv1 = nn.Conv3d(inputs, planes, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm3d(planes)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv3d(planes, planes, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm3d(planes)
        self.downsample = None
        if shortcut == "B" and (stride != 1 or inputs != planes):
            projection = nn.Conv3d(inputs, planes, 1, stride, bias=False)
            self.downsample = nn.Sequential(projection, nn.BatchNorm3d(planes))

    def _shortcut(self, x: Tensor) -> Tensor:
        if self.downsample is not None:
            return self.downsample(x)
        x = x[:, :, :: self.stride, :: self.stride, :: self.stride]
        return functional.pad(x, (0, 0, 0, 0, 0, 0, 0, self.planes - x.shape[1]))  # zeros for the channels that are new

    def forward(self, x: Tensor) -> Tensor:
        out = self.relu(self.bn1(self.conv1(x)))  # (batch, planes, frames / stride, height / stride, width / stride)
        out = self.bn2(self.conv2(out))  # the same shape
        return self.relu(out + self._shortcut(x))


class HaraResNet18(Recogniser):
    """3D ResNet-18; `shortcut` A pads with zeros (the authors' released weights), B projects."""

    width = 512

    def __init__(self, num_classes: int, *, shortcut: str = "B") -> None:
        super().__init__()
        self.conv1 = nn.Conv3d(3, 64, 7, (1, 2, 2), padding=3, bias=False)
        self.bn1 = nn.BatchNorm3d(64)
        self.relu = nn.ReLU(inplace=True)
        widths = (64, 64, 128, 256, 512)
        for i in range(4):
            first = Block(widths[i], widths[i + 1], 1 if i == 0 else 2, shortcut)
            second = Block(widths[i + 1], widths[i + 1], 1, shortcut)
            self.add_module(f"layer{i + 1}", nn.Sequential(first, second))
        self.fc = linear_or_nothing(512, num_classes)
        initialise_convolutions(self)

    def embed(self, clips: Tensor) -> Tensor:
        """Averaged maps of the last layer; shapes are those of 16 frames of 112 x 112."""
        x = self.relu(self.bn1(self.conv1(clips)))  # (batch, 64, 16, 56, 56)
        x = max_pool_3d(x, (3, 3, 3), (2, 2, 2), (1, 1, 1))  # (batch, 64, 8, 28, 28)
        x = self.get_submodule("layer1")(x)  # (batch, 64, 8, 28, 28)
        x = self.get_submodule("layer2")(x)  # (batch, 128, 4, 14, 14)
        x = self.get_submodule("layer3")(x)  # (batch, 256, 2, 7, 7)
        x = self.get_submodule("layer4")(x)  # (batch, 512, 1, 4, 4)
        return spatiotemporal_mean(x)  # (batch, 512)

    def classify(self, features: Tensor) -> Tensor:
        """Class scores."""
        return self.fc(features)  # (batch, classes)
