"""What several families share: the shape of a model, pooling that can be deterministic, initial weights.

Clips are (batch, channels, frames, height, width) floats; in memory frames, height, width, channels
(`torch.channels_last_3d`) is fastest, and folding frames into the batch is then a view.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

Size = tuple[int, int]  # height, width
MIN_FRAMES, MAX_FRAMES = 2, 16


class Recogniser(nn.Module):
    """A model: `embed` turns one clip per stream into features, `classify` features into class scores.

    The features are what the last layer sees (dropout included, where a network has it there): "just before the softmax
    layer", DFEW, section 3, so clustering losses read them. With `num_classes` 0 a network is built without its last
    layer, as a stream of a larger one.
    """

    streams: tuple[str, ...] = ("face",)
    width: int
    embed: Callable[..., Tensor]
    classify: Callable[[Tensor], Tensor]

    def forward(self, *clips: Tensor) -> Tensor:
        """Class scores, (batch, classes)."""
        return self.classify(self.embed(*clips))


def fold_frames(clips: Tensor) -> Tensor:
    """Clips as a batch of frames: clip by clip, frames in order."""
    return clips.transpose(1, 2).flatten(0, 1)  # (batch * frames, channels, height, width)


def linear_or_nothing(width: int, num_classes: int) -> nn.Module:
    """The last layer, or none."""
    return nn.Linear(width, num_classes) if num_classes else nn.Identity()


def spatiotemporal_mean(x: Tensor) -> Tensor:
    """Global average pooling. A mean, since AvgPool3d has no deterministic gradient on GPUs."""
    return x.mean(dim=(2, 3, 4))  # (batch, channels)


def max_pool_3d(x: Tensor, kernel: Sequence[int], stride: Sequence[int], padding: Sequence[int] = (0, 0, 0)) -> Tensor:
    """Max pooling; under `torch.use_deterministic_algorithms` over space first and then over time.

    MaxPool3d has no deterministic gradient on GPUs; a maximum over a box is a maximum of maxima, so values are equal.
    Where values tie (zeros after ReLU), the gradient may go to another of them.
    """
    if not torch.are_deterministic_algorithms_enabled():
        return functional.max_pool3d(x, tuple(kernel), tuple(stride), tuple(padding))
    batch, _, frames = x.shape[:3]
    flat = functional.max_pool2d(fold_frames(x), tuple(kernel[1:]), tuple(stride[1:]), tuple(padding[1:]))
    x = flat.unflatten(0, (batch, frames)).transpose(1, 2)  # (batch, channels, frames, height', width')
    if padding[0]:
        x = functional.pad(x, (0, 0, 0, 0, padding[0], padding[0]), value=float("-inf"))
    steps = (x.shape[2] - kernel[0]) // stride[0] + 1
    last = (steps - 1) * stride[0] + 1
    pooled = x[:, :, 0 : last : stride[0]]
    for i in range(1, kernel[0]):
        pooled = torch.maximum(pooled, x[:, :, i : i + last : stride[0]])
    return pooled  # (batch, channels, frames', height', width')


def adaptive_mean_2d(x: Tensor, size: Size) -> Tensor:
    """AdaptiveAvgPool2d; under `torch.use_deterministic_algorithms` as two products with matrices of means.

    Its gradient is not deterministic on GPUs. The windows are boxes, so rows and columns may be averaged in turn.
    """
    if not torch.are_deterministic_algorithms_enabled():
        return functional.adaptive_avg_pool2d(x, size)
    rows, columns = (_means(a, b, x) for a, b in zip(x.shape[2:], size, strict=True))
    return rows @ x @ columns.T  # (images, channels, *size)


def _means(length: int, parts: int, like: Tensor) -> Tensor:
    made = torch.zeros(parts, length)
    for i in range(parts):
        start, stop = i * length // parts, -(-(i + 1) * length // parts)
        made[i, start:stop] = 1 / (stop - start)
    return made.to(like)  # (parts, length)


def initialise_convolutions(network: nn.Module) -> None:
    """Torchvision's initial weights of residual networks: He et al. 2015 over outgoing connections."""
    for module in network.modules():
        if isinstance(module, (nn.Conv2d, nn.Conv3d)):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, (nn.BatchNorm2d, nn.BatchNorm3d)):
            nn.init.ones_(module.weight)
            nn.init.zeros_(module.bias)
