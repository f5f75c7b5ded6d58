"""P3D-63 (Qiu et al., ICCV 2017): a ResNet-50 whose 3x3x3 convolutions are split in space (1x3x3) and time (3x1x1).

Blocks take turns: A, time after space; B, both beside each other; C, time after space with space added. The last stage
is two-dimensional. Named as in the public PyTorch port, which DFEW's code holds a copy of.

Known differences from the port, which takes 16 frames of 160 x 160 only:
1. A pool over time is left out where one frame is left: 8 frames are one after the second stage.
2. The last average is over what is there, not over 5 x 5.
3. The last stage averages over time, where more than one frame is left.
4. Initial weights are torchvision's for all convolutions; the port counts a kernel's first two sides only.
"""

from __future__ import annotations

from torch import Tensor, nn

from fervbench.reference.models.parts import Recogniser, fold_frames, initialise_convolutions, linear_or_nothing
from fervbench.reference.models.parts import max_pool_3d as max_pool

BLOCKS = (3, 4, 6, 3)
KINDS = "ABC"


class PseudoBlock(nn.Module):
    """1x1x1, the split 3x3x3, 1x1x1, around a shortcut."""

    def __init__(self, inputs: int, planes: int, stride: int, kind: str) -> None:
        super().__init__()
        self.kind = kind
        width = 4 * planes
        self.conv1 = nn.Conv3d(inputs, planes, 1, (1, stride, stride), bias=False)
        self.bn1 = nn.BatchNorm3d(planes)
        self.conv2 = nn.Conv3d(planes, planes, (1, 3, 3), padding=(0, 1, 1), bias=False)
        self.bn2 = nn.BatchNorm3d(planes)
        self.conv3 = nn.Conv3d(planes, planes, (3, 1, 1), padding=(1, 0, 0), bias=False)
        self.bn3 = nn.BatchNorm3d(planes)
        self.conv4 = nn.Conv3d(planes, width, 1, bias=False)
        self.bn4 = nn.BatchNorm3d(width)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = None
        if stride != 1 or inputs != width:
            shortcut = nn.Conv3d(inputs, width, 1, (1, stride, stride), bias=False)
            self.downsample = nn.Sequential(shortcut, nn.BatchNorm3d(width))

    def forward(self, x: Tensor) -> Tensor:
        shortcut = x if self.downsample is None else self.downsample(x)
        x = self.relu(self.bn1(self.conv1(x)))  # (batch, planes, frames, height / stride, width / stride)
        space = self.relu(self.bn2(self.conv2(x)))  # (batch, planes, frames, height / stride, width / stride)
        time = self.relu(self.bn3(self.conv3(x if self.kind == "B" else space)))  # the same shape
        x = time if self.kind == "A" else time + space
        x = self.bn4(self.conv4(x))  # (batch, 4 planes, frames, height / stride, width / stride)
        return self.relu(x + shortcut)


class FlatBlock(nn.Module):
    """The two-dimensional block of the last stage."""

    def __init__(self, inputs: int, planes: int, stride: int) -> None:
        super().__init__()
        width = 4 * planes
        self.conv1 = nn.Conv2d(inputs, planes, 1, stride, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv_normal = nn.Conv2d(planes, planes, 3, padding=1, bias=False)
        self.bn_normal = nn.BatchNorm2d(planes)
        self.conv4 = nn.Conv2d(planes, width, 1, bias=False)
        self.bn4 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = None
        if stride != 1:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, width, 1, stride, bias=False), nn.BatchNorm2d(width))

    def forward(self, x: Tensor) -> Tensor:
        shortcut = x if self.downsample is None else self.downsample(x)
        x = self.relu(self.bn1(self.conv1(x)))  # (images, planes, height / stride, width / stride)
        x = self.relu(self.bn_normal(self.conv_normal(x)))  # (images, planes, height / stride, width / stride)
        x = self.bn4(self.conv4(x))  # (images, 4 planes, height / stride, width / stride)
        return self.relu(x + shortcut)


class P3D(Recogniser):
    """P3D-63."""

    width = 2048

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.conv1_custom = nn.Conv3d(3, 64, (1, 7, 7), (1, 2, 2), padding=(0, 3, 3), bias=False)
        self.bn1 = nn.BatchNorm3d(64)
        self.relu = nn.ReLU(inplace=True)
        kinds = [KINDS[i % 3] for i in range(sum(BLOCKS[:3]))]
        inputs = 64
        for i, planes in enumerate((64, 128, 256)):
            blocks = []
            for k in range(BLOCKS[i]):
                stride = 2 if i > 0 and k == 0 else 1
                blocks.append(PseudoBlock(inputs, planes, stride, kinds[sum(BLOCKS[:i]) + k]))
                inputs = 4 * planes
            self.add_module(f"layer{i + 1}", nn.Sequential(*blocks))
        flat = [FlatBlock(1024 if k == 0 else 2048, 512, 2 if k == 0 else 1) for k in range(BLOCKS[3])]
        self.layer4 = nn.Sequential(*flat)
        self.dropout = nn.Dropout(0.5)
        self.fc = linear_or_nothing(2048, num_classes)
        initialise_convolutions(self)

    def embed(self, clips: Tensor) -> Tensor:
        """Averaged maps of the last stage; shapes are those of 16 frames of 112 x 112."""
        x = self.relu(self.bn1(self.conv1_custom(clips)))  # (batch, 64, 16, 56, 56)
        x = max_pool(x, (2, 3, 3), (2, 2, 2), (0, 1, 1))  # (batch, 64, 8, 28, 28)
        for i in (1, 2, 3):  # (batch, 256, 4, 28, 28), (batch, 512, 2, 14, 14), (batch, 1024, 1, 7, 7)
            x = self.get_submodule(f"layer{i}")(x)
            x = max_pool(x, (2, 1, 1), (2, 1, 1)) if x.shape[2] > 1 else x
        frames = x.shape[2]
        x = self.layer4(fold_frames(x)).mean(dim=(2, 3))  # (batch * frames, 2048)
        return self.dropout(x.unflatten(0, (-1, frames)).mean(dim=1))  # (batch, 2048)

    def classify(self, features: Tensor) -> Tensor:
        """Class scores."""
        return self.fc(features)  # (batch, classes)
