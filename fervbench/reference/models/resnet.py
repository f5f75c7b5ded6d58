"""ResNet-18, -50 and -101 over single frames (He et al., Deep Residual Learning, CVPR 2016), named as torchvision's.

As torchvision, a Bottleneck strides in its 3x3 convolution, not in its first 1x1 as the paper has it.
"""

from __future__ import annotations

from torch import Tensor, nn

from fervbench.reference.models.parts import initialise_convolutions, linear_or_nothing


class BasicBlock(nn.Module):
    """Two 3x3 convolutions around a shortcut."""

    expansion = 1

    def __init__(self, inputs: int, planes: int, stride: int, downsample: nn.Module | None) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, planes, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(planes, planes, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.downsample = downsample

    def forward(self, x: Tensor) -> Tensor:
        shortcut = x if self.downsample is None else self.downsample(x)
        out = self.relu(self.bn1(self.conv1(x)))  # (images, planes, height / stride, width / stride)
        out = self.bn2(self.conv2(out))  # (images, planes, height / stride, width / stride)
        out += shortcut
        return self.relu(out)


class Bottleneck(nn.Module):
    """1x1, 3x3 and 1x1 convolutions around a shortcut."""

    expansion = 4

    def __init__(self, inputs: int, planes: int, stride: int, downsample: nn.Module | None) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, planes, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.conv3 = nn.Conv2d(planes, 4 * planes, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * planes)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = downsample

    def forward(self, x: Tensor) -> Tensor:
        shortcut = x if self.downsample is None else self.downsample(x)
        out = self.relu(self.bn1(self.conv1(x)))  # (images, planes, height, width)
        out = self.relu(self.bn2(self.conv2(out)))  # (images, planes, height / stride, width / stride)
        out = self.bn3(self.conv3(out))  # (images, 4 planes, height / stride, width / stride)
        out += shortcut
        return self.relu(out)


# depth: block, blocks per layer
DEPTHS: dict[int, tuple[type[BasicBlock | Bottleneck], tuple[int, int, int, int]]] = {
    18: (BasicBlock, (2, 2, 2, 2)),
    50: (Bottleneck, (3, 4, 6, 3)),
    101: (Bottleneck, (3, 4, 23, 3)),
}


class ResNet(nn.Module):
    """Frames to features of `width`; with `num_classes` to class scores, as torchvision's."""

    def __init__(self, depth: int, num_classes: int = 0, channels: int = 3) -> None:
        super().__init__()
        block, blocks = DEPTHS[depth]
        self.conv1 = nn.Conv2d(channels, 64, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        self.layer1 = _layer(block, 64, 64, blocks[0], stride=1)
        self.layer2 = _layer(block, 64 * block.expansion, 128, blocks[1], stride=2)
        self.layer3 = _layer(block, 128 * block.expansion, 256, blocks[2], stride=2)
        self.layer4 = _layer(block, 256 * block.expansion, 512, blocks[3], stride=2)
        self.width = 512 * block.expansion
        self.fc = linear_or_nothing(self.width, num_classes)
        initialise_convolutions(self)

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.bn1(self.conv1(x)))  # (images, 64, height / 2, width / 2)
        x = self.maxpool(x)  # (images, 64, height / 4, width / 4)
        x = self.layer1(x)  # (images, 64 e, height / 4, width / 4), e the block's expansion
        x = self.layer2(x)  # (images, 128 e, height / 8, width / 8)
        x = self.layer3(x)  # (images, 256 e, height / 16, width / 16)
        x = self.layer4(x)  # (images, 512 e, height / 32, width / 32)
        x = x.mean(dim=(2, 3))  # (images, 512 e)
        return self.fc(x)


def _layer(block: type[BasicBlock | Bottleneck], inputs: int, planes: int, blocks: int, stride: int) -> nn.Sequential:
    width = planes * block.expansion
    downsample = None
    if stride != 1 or inputs != width:
        downsample = nn.Sequential(nn.Conv2d(inputs, width, 1, stride, bias=False), nn.BatchNorm2d(width))
    rest = [block(width, planes, 1, None) for _ in range(1, blocks)]
    return nn.Sequential(block(inputs, planes, stride, downsample), *rest)
