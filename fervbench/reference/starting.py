"""First weights from elsewhere: another job's, or a public file's. The trunk by name, the classifier fresh.

A start is named by what it holds (`job:NAME` of the job that trained it, `sha256:HEX` of a file), never by where it
lies, so that a job's name does not depend on paths. What is taken: every key that our network has with the same shape;
every convolution must be among them, for a start without them is another network's. Batch normalisation that a file
lacks (C3D's of Sports-1M) stays as it is drawn. The classifier is taken from a job with the same list of classes alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from fervbench import strict_json
from fervbench.errors import InputError
from fervbench.files import read_bounded
from fervbench.findings import Findings
from fervbench.reference.weights import CLASSIFIERS, LAYOUTS, read_weights


@dataclass(frozen=True, eq=False)
class Start:
    """First weights: their name, the weights, and the classes of the network that they were trained in, if known."""

    name: str
    weights: Mapping[str, Tensor] = field(repr=False)
    classes: tuple[str, ...] | None = None


def name_of_file(path: Path) -> str:
    """`sha256:HEX` of a file of weights. Raises InputError where it cannot be read."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(2**20):
                digest.update(block)
    except OSError as error:
        raise InputError(f"no weights at {path}: {error.strerror}", file=str(path)) from None
    return f"sha256:{digest.hexdigest()}"


def start_of_file(path: Path) -> Start:
    """A public file of weights."""
    return Start(name_of_file(path), read_weights(path))


def start_of_job(folder: Path) -> Start:
    """The last weights of a job that is done. Raises InputError where there are none."""
    checkpoint = folder / "checkpoint.pt"
    if not (folder / "done.json").is_file() or not checkpoint.is_file():
        hint = "train it first; a job whose checkpoint.pt was removed has no weights to start from"
        raise InputError(f"has no weights: {folder}", hint=hint, file=str(folder))
    content = torch.load(checkpoint, map_location="cpu", weights_only=True)
    report: Any = strict_json.parse(read_bounded(folder / "report.json"), "report.json").value
    return Start(f"job:{folder.name}", content["network"], tuple(report["classes"]))


@torch.no_grad()
def begin(network: nn.Module, start: Start, classes: Sequence[str]) -> tuple[int, list[str]]:
    """Copy a start into a network. Returns how many of its tensors were taken, and the keys that stay as drawn.

    Raises InputError, with every convolution that is missing or of another shape, where it is another network's.
    """
    own = network.state_dict()
    same = start.classes == tuple(classes)
    taken = max((_fitting(own, start.weights, layout, classifier=same) for layout in LAYOUTS), key=len)
    convolutions = [key for key, value in own.items() if value.dim() >= 4 and not CLASSIFIERS.fullmatch(key)]
    findings = Findings()
    for key in convolutions:
        if key not in taken:
            findings.add("missing-key", f"{key} is missing, or of another shape")
    if len(findings):
        raise InputError(
            f"these weights are another network's: {len(findings)} of {len(convolutions)} convolutions are not in"
            f" {start.name[:23]}",
            findings=findings,
        )
    for key, value in taken.items():
        own[key].copy_(value)
    counted = [key for key in own if not key.endswith("num_batches_tracked")]
    return len(taken), [key for key in counted if key not in taken]


def _fitting(
    own: Mapping[str, Tensor], weights: Mapping[str, Tensor], layout: str, *, classifier: bool
) -> dict[str, Any]:
    found = {}
    for key, value in weights.items():
        for place in (LAYOUTS[layout](key), key):
            if place is None or (not classifier and CLASSIFIERS.fullmatch(place)):
                continue
            if place in own and own[place].shape == value.shape:
                found[place] = value
                break
    return found
