"""C3D (Tran et al., ICCV 2015), with batch normalisation as in DFEW's public code, and named as it is there.

Known differences from that code, so that 2 to 16 frames and other sizes fit:
1. A pool leaves time alone where one step is left: 8 frames reach the fifth pool as one.
2. The first linear layer takes what the fifth pool gives: 8192 inputs for 112 x 112, 12288 for 112 x 168.
"""

from __future__ import annotations

from torch import Tensor, nn

from fervbench.reference.models.parts import (
    MAX_FRAMES,
    Recogniser,
    Size,
    initialise_convolutions,
    linear_or_nothing,
    max_pool_3d,
)


class C3D(Recogniser):
    """Eight 3x3x3 convolutions, five pools, two linear layers of 4096. `batch_norm` False is the original."""

    width = 4096

    def __init__(self, num_classes: int, size: Size = (112, 112), *, batch_norm: bool = True) -> None:
        super().__init__()
        channels = {"1": (3, 64), "2": (64, 128), "3a": (128, 256), "3b": (256, 256)}
        channels |= {"4a": (256, 512), "4b": (512, 512), "5a": (512, 512), "5b": (512, 512)}
        for name, (inputs, outputs) in channels.items():  # conv1, bn1, ..., conv5b, bn5b
            self.add_module(f"conv{name}", nn.Conv3d(inputs, outputs, 3, padding=1))
            self.add_module(f"bn{name}", nn.BatchNorm3d(outputs) if batch_norm else nn.Identity())
        height, width = (side // 16 // 2 + 1 for side in size)  # the fifth pool pads space by one
        self.fc6 = nn.Linear(512 * height * width, 4096)
        self.fc7 = nn.Linear(4096, 4096)
        self.fc8 = linear_or_nothing(4096, num_classes)
        self.dropout = nn.Dropout(0.5)
        self.relu = nn.ReLU()
        initialise_convolutions(self)

    def _unit(self, name: str, x: Tensor) -> Tensor:
        return self.relu(self.get_submodule(f"bn{name}")(self.get_submodule(f"conv{name}")(x)))

    def embed(self, clips: Tensor) -> Tensor:
        """The second linear layer; shapes are those of 16 frames of 112 x 112."""
        if clips.shape[2] > MAX_FRAMES:
            raise ValueError(f"clips have {clips.shape[2]} frames; C3D takes up to {MAX_FRAMES}")
        x = _pool(self._unit("1", clips), time=1)  # (batch, 64, 16, 56, 56)
        x = _pool(self._unit("2", x))  # (batch, 128, 8, 28, 28)
        x = _pool(self._unit("3b", self._unit("3a", x)))  # (batch, 256, 4, 14, 14)
        x = _pool(self._unit("4b", self._unit("4a", x)))  # (batch, 512, 2, 7, 7)
        x = _pool(self._unit("5b", self._unit("5a", x)), pad=1)  # (batch, 512, 1, 4, 4)
        x = self.dropout(self.relu(self.fc6(x.flatten(1))))  # (batch, 4096)
        return self.dropout(self.relu(self.fc7(x)))  # (batch, 4096)

    def classify(self, features: Tensor) -> Tensor:
        """Class scores."""
        return self.fc8(features)  # (batch, classes)


def _pool(x: Tensor, time: int = 2, pad: int = 0) -> Tensor:
    kernel = (time if x.shape[2] > 1 else 1, 2, 2)
    return max_pool_3d(x, kernel, kernel, (0, pad, pad))
