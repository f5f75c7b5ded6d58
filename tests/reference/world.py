"""A small world to train in: drawn clips in a pack, a protocol beside them, and a network of a few thousand numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from fervbench.pack import open_pack, write_pack
from fervbench.protocol import load_protocol
from fervbench.reference.augment import Augmentation
from fervbench.reference.running import Data, gather_data
from fervbench.reference.settings import Settings

CLASSES = ("Happy", "Sad", "Neutral")
PROTOCOL = """
format = "fervbench-protocol/1"
id = "tiny"
version = "1.0.0"
title = "Tiny"
task = "recognition"
classes = ["Happy", "Sad", "Neutral"]
default_source = "all"
aggregation = "pooled"
[ground_truth]
kind = "labels"
labels = "labels.csv"
[configurations.all]
level = "overall"
members = ["A", "B"]
[configurations.A]
level = "scene"
[configurations.B]
level = "scene"
[evaluations.overall]
kind = "grid"
source_levels = ["overall"]
target_levels = ["overall", "scene"]
[evaluations.scenes]
kind = "diagonal"
source_levels = ["scene"]
"""


class Small(nn.Module):
    """A network with what matters of the real ones: convolution, batch normalisation, dropout."""

    streams = ("face",)
    width = 8

    def __init__(self, classes: int, *, norm: bool = True, dropout: float = 0.2) -> None:
        super().__init__()
        self.conv = nn.Conv3d(3, 8, (2, 3, 3), stride=(1, 2, 2))
        self.bn = nn.BatchNorm3d(8) if norm else nn.Identity()
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(8, classes)

    def embed(self, clips: Tensor) -> Tensor:
        return self.dropout(self.bn(self.conv(clips)).relu().mean(dim=(2, 3, 4)))

    def classify(self, features: Tensor) -> Tensor:
        return self.fc(features)

    def forward(self, clips: Tensor) -> Tensor:
        return self.classify(self.embed(clips))


def build(model: str, classes: int, frames: int, sizes: object) -> nn.Module:
    """In place of the networks of fervbench."""
    return Small(classes)


def write_world(folder: Path, *, clips: int = 16, side: int = 18, synthetic: bool = False) -> Path:
    """`faces.pack`, `tiny.toml`, `labels.csv`: 6 * `clips` clips, a quarter of them tested; classes differ in hue."""
    rng = np.random.default_rng(0)
    rows, packed, parts, groups = ["clip_id,label,configuration,part"], [], {}, {}
    for scene in "AB":
        for c, label in enumerate(CLASSES):
            for k in range(clips):
                id = f"{scene}/{label}/{k:04d}"
                frames = rng.integers(0, 150, (int(rng.integers(4, 9)), side, side, 3), dtype=np.uint8)
                frames[..., c] += 90
                parts[id], groups[id] = "test" if k < clips // 4 else "train", scene
                packed.append((id, label, frames))
                rows.append(f"{id},{label},{scene},{parts[id]}")
    folder.mkdir(parents=True, exist_ok=True)
    source = {"kind": "drawn"} | ({"synthetic": True} if synthetic else {})
    write_pack(packed, folder / "faces.pack", parts=parts, groups=groups, source=source)
    (folder / "labels.csv").write_text("\n".join(rows) + "\n")
    (folder / "tiny.toml").write_text(PROTOCOL)
    return folder


def data_of(folder: Path, *, synthetic: bool = False) -> Data:
    pack = open_pack(folder / "faces.pack")
    return gather_data(load_protocol(folder / "tiny.toml"), [pack], synthetic=synthetic)


def settings(**changes: object) -> Settings:
    torch.set_num_threads(1)
    common = {"model": "small", "frames": 4, "sizes": ((16, 16),), "pack_sizes": ((18, 18),), "epochs": 2, "batch": 8}
    common |= {"lr": 0.05, "augmentation": Augmentation()}
    return Settings(**(common | changes))  # type: ignore[arg-type]
