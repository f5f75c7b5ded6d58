"""R3D-18, MC3-18 and R(2+1)D-18 (Tran et al., A closer look at spatiotemporal convolutions, CVPR 2018), named as
torchvision's.
"""

from __future__ import annotations

from torch import Tensor, nn

from fervbench.reference.models.parts import (
    Recogniser,
    initialise_convolutions,
    linear_or_nothing,
    spatiotemporal_mean,
)

# Which kernels each of the four layers has: full 3x3x3, flat 1x3x3, split 1x3x3 and 3x1x1.
KINDS = {"r3d": ("full",) * 4, "mc3": ("full", "flat", "flat", "flat"), "r2plus1d": ("split",) * 4}


def _convolution(kind: str, inputs: int, planes: int, middle: int, stride: int) -> nn.Module:
    if kind == "full":
        return nn.Conv3d(inputs, planes, 3, stride, padding=1, bias=False)
    if kind == "flat":
        return nn.Conv3d(inputs, planes, (1, 3, 3), (1, stride, stride), padding=(0, 1, 1), bias=False)
    return nn.Sequential(
        nn.Conv3d(inputs, middle, (1, 3, 3), (1, stride, stride), padding=(0, 1, 1), bias=False),
        nn.BatchNorm3d(middle),
        nn.ReLU(inplace=True),
        nn.Conv3d(middle, planes, (3, 1, 1), (stride, 1, 1), padding=(1, 0, 0), bias=False),
    )


class VideoBlock(nn.Module):
    """Two convolutions around a shortcut."""

    def __init__(self, kind: str, inputs: int, planes: int, stride: int) -> None:
        super().__init__()
        # As many channels between space and time as give the split kernels the parameters of the full one; torchvision
        # takes the first convolution's number for the second as well.
        middle = (inputs * planes * 27) // (inputs * 9 + 3 * planes)
        self.conv1 = nn.Sequential(
            _convolution(kind, inputs, planes, middle, stride), nn.BatchNorm3d(planes), nn.ReLU(inplace=True)
        )
        self.conv2 = nn.Sequential(_convolution(kind, planes, planes, middle, 1), nn.BatchNorm3d(planes))
        self.relu = nn.ReLU(inplace=True)
        self.downsample = None
        if stride != 1 or inputs != planes:
            strides = (1, stride, stride) if kind == "flat" else (stride, stride, stride)
            self.downsample = nn.Sequential(nn.Conv3d(inputs, planes, 1, strides, bias=False), nn.BatchNorm3d(planes))

    def forward(self, x: Tensor) -> Tensor:
        shortcut = x if self.downsample is None else self.downsample(x)
        out = self.conv2(self.conv1(x))  # (batch, planes, frames / stride, height / stride, width / stride)
        return self.relu(out + shortcut)


class VideoResNet(Recogniser):
    """18 layers of one of the KINDS."""

    width = 512

    def __init__(self, kind: str, num_classes: int) -> None:
        super().__init__()
        stem: list[nn.Module]
        if kind == "r2plus1d":
            stem = [
                nn.Conv3d(3, 45, (1, 7, 7), (1, 2, 2), padding=(0, 3, 3), bias=False),
                nn.BatchNorm3d(45),
                nn.ReLU(inplace=True),
                nn.Conv3d(45, 64, (3, 1, 1), padding=(1, 0, 0), bias=False),
            ]
        else:
            stem = [nn.Conv3d(3, 64, (3, 7, 7), (1, 2, 2), padding=(1, 3, 3), bias=False)]
        self.stem = nn.Sequential(*stem, nn.BatchNorm3d(64), nn.ReLU(inplace=True))
        widths = (64, 64, 128, 256, 512)
        for i, each in enumerate(KINDS[kind]):
            first = VideoBlock(each, widths[i], widths[i + 1], 1 if i == 0 else 2)
            second = VideoBlock(each, widths[i + 1], widths[i + 1], 1)
            self.add_module(f"layer{i + 1}", nn.Sequential(first, second))
        self.fc = linear_or_nothing(512, num_classes)
        initialise_convolutions(self)
        if isinstance(self.fc, nn.Linear):
            nn.init.normal_(self.fc.weight, 0, 0.01)
            nn.init.zeros_(self.fc.bias)

    def embed(self, clips: Tensor) -> Tensor:
        """Averaged maps of the last layer; shapes are those of R3D at 16 frames of 112 x 112. MC3 keeps 16 frames."""
        x = self.stem(clips)  # (batch, 64, 16, 56, 56)
        x = self.get_submodule("layer1")(x)  # (batch, 64, 16, 56, 56)
        x = self.get_submodule("layer2")(x)  # (batch, 128, 8, 28, 28)
        x = self.get_submodule("layer3")(x)  # (batch, 256, 4, 14, 14)
        x = self.get_submodule("layer4")(x)  # (batch, 512, 2, 7, 7)
        return spatiotemporal_mean(x)  # (batch, 512)

    def classify(self, features: Tensor) -> Tensor:
        """Class scores."""
        return self.fc(features)  # (batch, classes)
