"""Weights from elsewhere: files of the field's public repositories into our networks, key by key or not at all.

    layout        whose keys                                                        for
    torchvision   ResNet, VGG (one network of frames); r3d_18, mc3_18, r2plus1d_18  r18 ..., vgg13-lstm, r3d-18, ...
    dfew          the repository of DFEW (c3d, p3d, i3d, r3d_18, mc3_18)            c3d, p3d, i3d, r3d-18, mc3-18
    c3d           the PyTorch port of the original C3D, no batch normalisation      C3D(..., batch_norm=False)
    mmaction2     its C3D (conv1a ..., backbone., cls_head.)                        c3d
    i3d           the PyTorch port of the original I3D                              i3d
    p3d           the PyTorch port of P3D-63                                        p3d
    hara          3D-ResNets-PyTorch, ResNet-18                                     3d-resnet18

A file may hold the weights themselves or a dict with them under `model_state_dict` or `state_dict`; the `module.` of
DataParallel is taken off. A classifier of other classes is left out only on request; everything else must be there.
"""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from fervbench.errors import InputError, UsageError
from fervbench.findings import Findings

WRAPPERS = ("model_state_dict", "state_dict", "model")
# Keys of the last layer, by network family.
CLASSIFIERS = re.compile(r"(fc|fc8|logits\.conv3d|fc_rgb|fc_flow)\.(weight|bias)")


def _same(key: str) -> str | None:
    return key


def _frames(key: str) -> str | None:
    """Into the network of frames. Its classifier, and in VGG what comes after the layers we hold, has no place."""
    return None if re.match(r"fc\.", key) else f"encoder.{key}"


def _mmaction2(key: str) -> str | None:
    key = key.removeprefix("backbone.")
    key = re.sub(r"^cls_head\.fc_cls\.", "fc8.", key)
    match = re.fullmatch(r"conv(\d[ab]?)\.(conv|bn)\.(\w+)", key)
    if match is None:
        return key
    name = {"1a": "1", "2a": "2"}.get(match[1], match[1])
    return f"{match[2]}{name}.{match[3]}"


LAYOUTS: dict[str, Callable[[str], str | None]] = {
    "torchvision": _same,
    "torchvision-frames": _frames,
    "dfew": _same,
    "c3d": _same,
    "mmaction2": _mmaction2,
    "i3d": _same,
    "p3d": _same,
    "hara": _same,
}


def read_weights(path: Path | str) -> dict[str, Tensor]:
    """The weights in a file, unwrapped. Runs no code that the file may hold. Raises InputError."""
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise InputError(f"there is no file {path}", file=str(path)) from error
    except (RuntimeError, EOFError, pickle.UnpicklingError, ValueError) as error:
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise InputError(f"no weights can be read from {path}: {reason}", file=str(path)) from error
    return unwrap(content)


def unwrap(content: Any) -> dict[str, Tensor]:
    """The weights in what a file holds: without the dict around them and without `module.`."""
    for name in WRAPPERS:
        if isinstance(content, Mapping) and isinstance(content.get(name), Mapping):
            content = content[name]
    found = {}
    if isinstance(content, Mapping):
        found = {str(key): value for key, value in content.items() if isinstance(value, Tensor)}
    if not found:
        raise InputError("no weights: neither tensors by name nor a dict with them under " + " or ".join(WRAPPERS))
    if all(key.startswith("module.") for key in found):
        found = {key.removeprefix("module."): value for key, value in found.items()}
    return found


def load_weights(
    model: nn.Module, weights: Mapping[str, Tensor], layout: str = "torchvision", *, classifier: bool = True
) -> list[str]:
    """Copy weights into a model; returns the keys that have no place in it and may go: another network's classifier.

    Without `classifier` the model's own last layer stays as it is. Anything else that is missing, left over or of
    another shape is an error that names it: nothing is loaded then.
    """
    if layout not in LAYOUTS:
        raise UsageError(f"no layout {layout!r}", hint=f"layouts: {', '.join(LAYOUTS)}")
    if layout == "torchvision" and hasattr(model, "encoder"):
        layout = "torchvision-frames"
    own = model.state_dict()
    taken: dict[str, Tensor] = {}
    dropped, misfits = [], set()
    problems = Findings()
    for key, value in weights.items():
        place = LAYOUTS[layout](key)
        if place is None or (not classifier and CLASSIFIERS.fullmatch(place)):
            dropped.append(key)
        elif place not in own and re.match(r"encoder\.classifier\.[36]\.", place):
            dropped.append(key)  # fc7 and fc8 of a VGG that is held up to fc6 or fc7
        elif place not in own:
            problems.add("unknown-key", f"{key} has no place in this network")
        elif own[place].shape != value.shape:
            misfits.add(place)
            problems.add("wrong-shape", f"{key} is {_shape(value)}, in this network {_shape(own[place])}")
        else:
            taken[place] = value
    for key in own:
        if key in taken or key in misfits or key.endswith("num_batches_tracked"):
            continue  # PyTorch counted no batches before 0.4.1
        ours_alone = layout == "torchvision-frames" and not key.startswith("encoder.")
        if not ours_alone and (classifier or not CLASSIFIERS.fullmatch(key)):
            problems.add("missing-key", f"{key} is missing")
    if len(problems):
        raise InputError(
            f"these weights are another network's: {len(problems):,} of their {len(weights):,} and our {len(own):,} "
            "keys do not match",
            hint="with another classifier, load without it (classifier=False)" if misfits else None,
            findings=problems,
        )
    model.load_state_dict(own | taken)
    return dropped


def _shape(value: Tensor) -> str:
    return " x ".join(map(str, value.shape)) or "a number"
