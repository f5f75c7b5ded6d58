"""From the features of frames to those of a clip: all side by side, or the last step of an LSTM."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from fervbench.reference.models.parts import Recogniser, fold_frames, linear_or_nothing
from fervbench.reference.models.resnet import ResNet
from fervbench.reference.models.vgg import VGG

HIDDEN = 1024  # "an LSTM layer with 1024 hidden units", FERV39k, section 4.2


class FrameConcat(Recogniser):
    """2D ConvNet: "features of all frames can be extracted and flattened into embeddings, which are concatenated and
    fed into a classifier", FERV39k, section 4.2.
    """

    def __init__(self, encoder: ResNet | VGG, num_classes: int, frames: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.frames = frames
        self.width = frames * encoder.width
        self.fc = linear_or_nothing(self.width, num_classes)

    def embed(self, clips: Tensor) -> Tensor:
        """Features of all frames, first to last."""
        if clips.shape[2] != self.frames:
            raise ValueError(f"clips have {clips.shape[2]} frames; this network is built for {self.frames}")
        x = self.encoder(fold_frames(clips))  # (batch * frames, features)
        return x.unflatten(0, (-1, self.frames)).flatten(1)  # (batch, frames * features)

    def classify(self, features: Tensor) -> Tensor:
        """Class scores."""
        return self.fc(features)  # (batch, classes)


class FrameLSTM(Recogniser):
    """2D ConvNet-LSTM: an LSTM over the frames' features, its last step normalised over the batch.

    FERV39k, section 4.2, puts "an LSTM layer with 1024 hidden units and batch normalization layer ... after the last
    average pooling layer". For VGG the only reading of that with 1024 units that has the parameters of the public model
    zoo has fc6 between the two (133 M and 138 M; without it there are 15.7 M and 21.0 M).
    """

    def __init__(self, encoder: ResNet | VGG, num_classes: int, hidden: int = HIDDEN) -> None:
        super().__init__()
        self.encoder = encoder
        self.lstm = nn.LSTM(encoder.width, hidden, batch_first=True)
        self.bn = nn.BatchNorm1d(hidden)
        self.width = hidden
        self.fc = linear_or_nothing(hidden, num_classes)

    def embed(self, clips: Tensor) -> Tensor:
        """The last step of the LSTM, normalised."""
        x = self.encoder(fold_frames(clips))  # (batch * frames, features)
        x = x.unflatten(0, (-1, clips.shape[2]))  # (batch, frames, features)
        x = self.lstm(x)[0]  # (batch, frames, hidden)
        return self.bn(x[:, -1])  # (batch, hidden)

    def classify(self, features: Tensor) -> Tensor:
        """Class scores."""
        return self.fc(features)  # (batch, classes)


class TwoStream(Recogniser):
    """A network for faces beside one for scenes: their features side by side, one hidden layer, one classifier.

    FERV39k, section 4.2: "Specifically, we feed sequences of cropped face images and scene frames into the Two-Stream
    3D ConvNets and 2D ConvNet-LSTM", "inspired by CAER". How the two meet is not said; pinned.
    """

    streams = ("face", "scene")
    width = 512

    def __init__(self, face: Recogniser, scene: Recogniser, num_classes: int) -> None:
        super().__init__()
        self.face = face
        self.scene = scene
        self.fusion = nn.Linear(face.width + scene.width, self.width)
        self.fc = linear_or_nothing(self.width, num_classes)

    def embed(self, face: Tensor, scene: Tensor) -> Tensor:
        """The hidden layer over both streams."""
        both = torch.cat((self.face.embed(face), self.scene.embed(scene)), dim=1)  # (batch, face + scene features)
        return self.fusion(both).relu()  # (batch, 512)

    def classify(self, features: Tensor) -> Tensor:
        """Class scores."""
        return self.fc(features)  # (batch, classes)
