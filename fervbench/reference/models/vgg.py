"""VGG-11, -13, -16 and -19 over single frames (Simonyan and Zisserman, ICLR 2015), named as torchvision's.

Without batch normalisation, as the paper has it. A face of 112 x 112 leaves maps of 3 x 3, which torchvision's adaptive
pooling spreads to the 7 x 7 that the first linear layer was made for: "slightly modified to fit the input size of
112 x 112", DFEW, section 4.2.
"""

from __future__ import annotations

from torch import Tensor, nn

from fervbench.reference.models.parts import adaptive_mean_2d

# Output channels of the convolutions; None is a maximum over 2 x 2.
DEPTHS: dict[int, tuple[int | None, ...]] = {
    11: (64, None, 128, None, 256, 256, None, 512, 512, None, 512, 512, None),
    13: (64, 64, None, 128, 128, None, 256, 256, None, 512, 512, None, 512, 512, None),
    16: (64, 64, None, 128, 128, None, *(256,) * 3, None, *(512,) * 3, None, *(512,) * 3, None),
    19: (64, 64, None, 128, 128, None, *(256,) * 4, None, *(512,) * 4, None, *(512,) * 4, None),
}


class VGG(nn.Module):
    """Frames to 4096 features after `linear` (1: fc6, 2: fc7) linear layers; with `num_classes` to class scores."""

    width = 4096

    def __init__(self, depth: int, linear: int, num_classes: int = 0) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = 3
        for width in DEPTHS[depth]:
            if width is None:
                layers.append(nn.MaxPool2d(2, stride=2))
            else:
                layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU(inplace=True)]
                channels = width
        self.features = nn.Sequential(*layers)
        head: list[nn.Module] = [nn.Linear(512 * 7 * 7, 4096), nn.ReLU(inplace=True)]
        if linear == 2:
            head += [nn.Dropout(), nn.Linear(4096, 4096), nn.ReLU(inplace=True), nn.Dropout()]
        if num_classes:
            head.append(nn.Linear(4096, num_classes))
        self.classifier = nn.Sequential(*head)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
                nn.init.zeros_(module.bias)  # type: ignore[arg-type]
            elif isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, 0, 0.01)
                nn.init.zeros_(module.bias)

    def forward(self, x: Tensor) -> Tensor:
        x = self.features(x)  # (images, 512, height / 32, width / 32)
        x = adaptive_mean_2d(x, (7, 7)).flatten(1)  # (images, 25088)
        return self.classifier(x)  # (images, 4096)
