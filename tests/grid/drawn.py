"""A drawn world for plans: packs of noise under the ids of the datasets, long videos, and networks of a few numbers.

Packs say that they are synthetic, so protocols are derived from the real ones. `networks` puts small networks in the
place of all of those of the papers, one and two streams, whatever their names.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from fervbench.grid.work import protocol_of
from fervbench.interval_files import Video, write_intervals
from fervbench.pack import write_pack
from fervbench.reference.models import STREAM_CHANNELS, streams_of

# What makes a training small, on the command line and as a `Choice`.
SMALL = {"size": 32, "frames": 2, "epochs": 1, "batch": 16}
OPTIONS = ["--size", "32", "--frames", "2", "--epochs", "1", "--batch", "16", "--device", "cpu"]


def pixels(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Frames of noise about one colour."""
    return (rng.integers(0, 200, 3) + rng.integers(0, 56, (*shape, 3))).astype(np.uint8)


def write_ferv39k(folder: Path) -> list[Path]:
    """Faces and scenes: of every scene two clips of three classes, one of them tested."""
    protocol = protocol_of("ferv39k")
    rng = np.random.default_rng(0)
    paths = []
    for stream, (height, width) in (("face", (37, 37)), ("scene", (37, 55))):
        clips, parts, groups = [], {}, {}
        for scene in protocol.leaves:
            for label in protocol.classes[:3]:
                for number, part in enumerate(("test", "train")):
                    id = f"{scene}/{label}/{number:04d}"
                    parts[id], groups[id] = part, scene
                    clips.append((id, label, pixels(rng, 2, height, width)))
        paths.append(folder / f"ferv39k-{stream}.pack")
        about = {"kind": "drawn", "synthetic": True, "stream": stream}
        write_pack(clips, paths[-1], parts=parts, groups=groups, source=about)
    return paths


def write_dfew(folder: Path, *, size: tuple[int, int] = (32, 32), stream: str = "face") -> Path:
    """Faces: five folds of two clips of each class."""
    protocol = protocol_of("dfew")
    rng = np.random.default_rng(1)
    clips, groups = [], {}
    for k, fold in enumerate(protocol.leaves):
        for c, label in enumerate(protocol.classes):
            for number in range(2):
                id = f"{1 + k * 100 + c * 10 + number:05d}"
                groups[id] = fold
                clips.append((id, label, pixels(rng, 3, *size)))
    path = folder / f"dfew-{stream}.pack"
    write_pack(clips, path, groups=groups, source={"kind": "drawn", "synthetic": True, "stream": stream})
    return path


def write_afew(
    folder: Path,
    *,
    tested: int = 14,
    synthetic: bool = True,
    size: tuple[int, int] = (32, 32),
    stream: str = "face",
) -> Path:
    """Faces: `tested` clips of the validation part and as many to train on."""
    protocol = protocol_of("afew")
    rng = np.random.default_rng(2)
    clips, parts = [], {}
    for number in range(2 * tested):
        label = protocol.classes[number % 7]
        id = f"{'Val' if number < tested else 'Train'}_AFEW/{label}/{number:09d}"
        parts[id] = "test" if number < tested else "train"
        clips.append((id, label, pixels(rng, 2, *size)))
    path = folder / f"afew-{stream}.pack"
    source = {"kind": "drawn", "stream": stream} | ({"synthetic": True} if synthetic else {})
    write_pack(clips, path, parts=parts, source=source)
    return path


def write_ckplus(folder: Path, *, size: tuple[int, int] = (32, 32), stream: str = "face") -> Path:
    """Twenty subjects of seven sequences, of one class each; one more subject without a label."""
    protocol = protocol_of("ckplus")
    rng = np.random.default_rng(3)
    clips, groups = [], {}
    for s in range(21):
        for c, label in enumerate(protocol.classes):
            id = f"S{s:03d}/{c:03d}"
            groups[id] = f"S{s:03d}"
            clips.append((id, label if s < 20 else None, pixels(rng, 3, *size)))
    path = folder / f"ckplus-{stream}.pack"
    write_pack(clips, path, groups=groups, source={"kind": "drawn", "synthetic": True, "stream": stream})
    return path


FPS, SNIPPETS = 16.0, 8  # a snippet is a second


def write_sdfe_lv(folder: Path, number: int = 15, *, size: tuple[int, int] = (32, 32), stream: str = "face") -> Path:
    """Videos of one subject each, brighter while an expression lasts; `intervals.json` beside the pack."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(4)
    videos, clips = {}, []
    for i in range(number):
        onset = float(1 + i % 4)
        spans = ((onset, onset + 1.5 + i % 3, "Happy"),)
        videos[f"v{i:02d}"] = Video(float(SNIPPETS), FPS, f"s{i:02d}", None, spans)
        frames = rng.integers(0, 100, (SNIPPETS * 16, *size, 3), dtype=np.uint8)
        frames[round(onset * FPS) : round(spans[0][1] * FPS)] += 120
        clips.append((f"videos/v{i:02d}", None, frames))
    path = folder / f"sdfe-lv-{stream}.pack"
    write_pack(clips, path, source={"kind": "drawn", "synthetic": True, "stream": stream})
    (folder / "intervals.json").write_text(write_intervals(videos))
    return path


class Small(nn.Module):
    """A network in place of any: a convolution for each stream and a classifier; `kernels` tells models apart.

    What it sees of a clip is its mean over space and time, so features of a snippet say how bright it is.
    """

    def __init__(self, streams: tuple[str, ...], classes: int, kernels: int) -> None:
        super().__init__()
        self.streams, self.width = streams, kernels * len(streams)
        self.trunks = nn.ModuleList(
            nn.Sequential(nn.Conv3d(STREAM_CHANNELS[name], kernels, (1, 5, 5), stride=(1, 4, 4)), nn.ReLU())
            for name in streams
        )
        self.fc = nn.Linear(self.width, classes)
        with torch.no_grad():
            self.fc.weight *= 40  # so that clips of noise get different answers

    def embed(self, *clips: Tensor) -> Tensor:
        seen = [trunk(each).mean(dim=(2, 3, 4)) for trunk, each in zip(self.trunks, clips, strict=True)]
        return torch.cat(seen, dim=1)

    def classify(self, features: Tensor) -> Tensor:
        return self.fc(features - features.mean(dim=1, keepdim=True))

    def forward(self, *clips: Tensor) -> Tensor:
        return self.classify(self.embed(*clips))


def build(model: str, classes: int, frames: int, sizes: Any) -> nn.Module:
    """In place of `networks.build`."""
    return Small(streams_of(model), classes, 4 * (1 + sum(map(ord, model)) % 13))  # BMN's groups are four
