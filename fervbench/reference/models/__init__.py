"""The recognition networks by name. `MODELS[name](num_classes, frames, sizes)` builds one; `build` checks first.

`sizes` holds height and width of each stream, in the order of the network's `streams`.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence

from fervbench.errors import UsageError
from fervbench.reference.models.c3d import C3D
from fervbench.reference.models.hara import HaraResNet18
from fervbench.reference.models.heads import FrameConcat, FrameLSTM
from fervbench.reference.models.i3d import I3D
from fervbench.reference.models.p3d import P3D
from fervbench.reference.models.parts import MAX_FRAMES, MIN_FRAMES, Recogniser, Size
from fervbench.reference.models.r3d import VideoResNet
from fervbench.reference.models.resnet import ResNet
from fervbench.reference.models.tsn import FLOW_CHANNELS, TSN
from fervbench.reference.models.two_stream import two_c3d, two_i3d, two_r3d_18, two_resnet_lstm, two_vgg_lstm
from fervbench.reference.models.vgg import VGG

FACE: Size = (112, 112)  # FERV39k, section 4.1
SCENE: Size = (112, 168)
STREAM_SIZES = {"face": FACE, "scene": SCENE, "rgb": FACE, "flow": FACE}
STREAM_CHANNELS = {"face": 3, "scene": 3, "rgb": 3, "flow": FLOW_CHANNELS}

Builder = Callable[[int, int, Sequence[Size]], Recogniser]

MODELS: dict[str, Builder] = {
    "r18": lambda classes, frames, _: FrameConcat(ResNet(18), classes, frames),
    "r50": lambda classes, frames, _: FrameConcat(ResNet(50), classes, frames),
    "r101": lambda classes, frames, _: FrameConcat(ResNet(101), classes, frames),
    "vgg11": lambda classes, frames, _: FrameConcat(VGG(11, 2), classes, frames),
    "vgg13": lambda classes, frames, _: FrameConcat(VGG(13, 2), classes, frames),
    "vgg16": lambda classes, frames, _: FrameConcat(VGG(16, 2), classes, frames),
    "vgg19": lambda classes, frames, _: FrameConcat(VGG(19, 2), classes, frames),
    "r18-lstm": lambda classes, _, __: FrameLSTM(ResNet(18), classes),
    "r50-lstm": lambda classes, _, __: FrameLSTM(ResNet(50), classes),
    "r101-lstm": lambda classes, _, __: FrameLSTM(ResNet(101), classes),
    "vgg11-lstm": lambda classes, _, __: FrameLSTM(VGG(11, 1), classes),
    "vgg13-lstm": lambda classes, _, __: FrameLSTM(VGG(13, 1), classes),
    "vgg16-lstm": lambda classes, _, __: FrameLSTM(VGG(16, 1), classes),
    "vgg19-lstm": lambda classes, _, __: FrameLSTM(VGG(19, 1), classes),
    "c3d": lambda classes, _, sizes: C3D(classes, sizes[0]),
    "p3d": lambda classes, _, __: P3D(classes),
    "i3d": lambda classes, _, __: I3D(classes),
    "r3d-18": lambda classes, _, __: VideoResNet("r3d", classes),
    "mc3-18": lambda classes, _, __: VideoResNet("mc3", classes),
    "r2plus1d-18": lambda classes, _, __: VideoResNet("r2plus1d", classes),
    "3d-resnet18": lambda classes, _, __: HaraResNet18(classes),
    "tsn-r18": lambda classes, _, __: TSN(18, classes),
    "tsn-r50": lambda classes, _, __: TSN(50, classes),
    "tsn-r101": lambda classes, _, __: TSN(101, classes),
    "two-c3d": lambda classes, _, sizes: two_c3d(classes, sizes),
    "two-i3d": lambda classes, _, __: two_i3d(classes),
    "two-r3d-18": lambda classes, _, __: two_r3d_18(classes),
    "two-r18-lstm": lambda classes, _, __: two_resnet_lstm(18, classes),
    "two-r50-lstm": lambda classes, _, __: two_resnet_lstm(50, classes),
    "two-vgg13-lstm": lambda classes, _, __: two_vgg_lstm(13, classes),
    "two-vgg19-lstm": lambda classes, _, __: two_vgg_lstm(19, classes),
}


def streams_of(name: str) -> tuple[str, ...]:
    """What a network sees, in order."""
    if name.startswith("two-"):
        return ("face", "scene")
    return ("rgb", "flow") if name.startswith("tsn-") else ("face",)


def build(name: str, num_classes: int, frames: int, sizes: Sequence[Size] | None = None) -> Recogniser:
    """A network with fresh weights from torch's generator; sizes default to the papers' 112 x 112 and 112 x 168.

    Raises UsageError for a name that is none (the nearest named), and for frames or sizes that do not fit.
    """
    if name not in MODELS:
        near = difflib.get_close_matches(name.casefold(), MODELS, n=1, cutoff=0.4)
        raise UsageError(f"no network {name!r}", hint=f"did you mean {near[0]!r}?" if near else f"{', '.join(MODELS)}")
    if not MIN_FRAMES <= frames <= MAX_FRAMES:
        raise UsageError(f"{frames} frames: the networks take {MIN_FRAMES} to {MAX_FRAMES}")
    streams = streams_of(name)
    sizes = [STREAM_SIZES[stream] for stream in streams] if sizes is None else sizes
    if len(sizes) != len(streams):
        raise UsageError(f"{name} sees {' and '.join(streams)}: it needs {len(streams)} sizes, not {len(sizes)}")
    if any(side < 32 for size in sizes for side in size):
        shown = " and ".join(f"{height} x {width}" for height, width in sizes)
        raise UsageError(f"frames of {shown}: the networks need 32 x 32 at least")
    return MODELS[name](num_classes, frames, sizes)
