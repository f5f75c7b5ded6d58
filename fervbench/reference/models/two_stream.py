"""Two-stream networks over faces and scenes: two of the one-stream networks and what joins them (heads.TwoStream).

The streams share no weights. C3D's second stream has a wider first linear layer where scenes are wider than faces.
"""

from __future__ import annotations

from collections.abc import Sequence

from fervbench.reference.models.c3d import C3D
from fervbench.reference.models.heads import FrameLSTM, TwoStream
from fervbench.reference.models.i3d import I3D
from fervbench.reference.models.parts import Size
from fervbench.reference.models.r3d import VideoResNet
from fervbench.reference.models.resnet import ResNet
from fervbench.reference.models.vgg import VGG


def two_c3d(num_classes: int, sizes: Sequence[Size]) -> TwoStream:
    """Two C3D: 4096 features each."""
    face, scene = sizes
    return TwoStream(C3D(0, face), C3D(0, scene), num_classes)


def two_i3d(num_classes: int) -> TwoStream:
    """Two I3D: 1024 features each."""
    return TwoStream(I3D(0), I3D(0), num_classes)


def two_r3d_18(num_classes: int) -> TwoStream:
    """Two R3D-18: 512 features each."""
    return TwoStream(VideoResNet("r3d", 0), VideoResNet("r3d", 0), num_classes)


def two_resnet_lstm(depth: int, num_classes: int) -> TwoStream:
    """Two ResNets with an LSTM each: 1024 features each."""
    return TwoStream(FrameLSTM(ResNet(depth), 0), FrameLSTM(ResNet(depth), 0), num_classes)


def two_vgg_lstm(depth: int, num_classes: int) -> TwoStream:
    """Two VGGs, up to fc6, with an LSTM each: 1024 features each."""
    return TwoStream(FrameLSTM(VGG(depth, 1), 0), FrameLSTM(VGG(depth, 1), 0), num_classes)
