"""TSN over RGB and optical flow (Wang et al., Temporal Segment Networks, ECCV 2016; TPAMI 2018).

One network sees single frames, one stacks of optical flow (5 fields, x and y: 10 channels); each segment gives class
scores, their mean is the stream's, the streams' mean the clip's. The last layer is linear, so the mean over segments is
taken of the features before it. SDFE-LV's "Two TSN" is this, not face and scene.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from fervbench.reference.models.parts import Recogniser, fold_frames
from fervbench.reference.models.resnet import ResNet

FLOW_CHANNELS = 10


class TSN(Recogniser):
    """Two ResNets of one depth."""

    streams = ("rgb", "flow")

    def __init__(self, depth: int, num_classes: int) -> None:
        super().__init__()
        self.rgb = ResNet(depth)
        self.flow = ResNet(depth, channels=FLOW_CHANNELS)
        self.width = self.rgb.width + self.flow.width
        self.dropout = nn.Dropout(0.8)
        self.fc_rgb = nn.Linear(self.rgb.width, num_classes)
        self.fc_flow = nn.Linear(self.flow.width, num_classes)

    def embed(self, rgb: Tensor, flow: Tensor) -> Tensor:
        """Mean features of the segments, both streams side by side."""
        streams = []
        for encoder, clips in ((self.rgb, rgb), (self.flow, flow)):
            x = encoder(fold_frames(clips)).unflatten(0, (-1, clips.shape[2]))  # (batch, segments, features)
            streams.append(self.dropout(x).mean(dim=1))  # (batch, features)
        return torch.cat(streams, dim=1)  # (batch, 2 features)

    def classify(self, features: Tensor) -> Tensor:
        """Mean of the streams' class scores."""
        rgb, flow = features.split(self.rgb.width, dim=1)
        return (self.fc_rgb(rgb) + self.fc_flow(flow)) / 2  # (batch, classes)
