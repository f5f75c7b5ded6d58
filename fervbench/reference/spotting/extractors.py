"""A trained recognition network as a feature extractor: read from the folder of its job (`fervbench run-baseline`)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from fervbench import strict_json
from fervbench.errors import InputError, NotAvailableError
from fervbench.files import read_bounded
from fervbench.reference import checkpoint, networks
from fervbench.reference.settings import FORMAT, Settings, from_plain


@dataclass(frozen=True, eq=False)
class Extractor:
    """A network with weights, the classes it tells apart and how its inputs are made. `sha256`: its weights'."""

    name: str
    settings: Settings
    network: nn.Module = field(repr=False)
    classes: tuple[str, ...]
    trained_on: str
    sha256: str
    synthetic: bool

    @property
    def width(self) -> int:
        """How many features a snippet has."""
        return int(self.network.width)  # type: ignore[arg-type]

    def about(self) -> dict[str, Any]:
        """What a header of features says of it."""
        settings = self.settings
        return {
            "model": settings.model,
            "recipe": settings.recipe,
            "job": self.name,
            "trained_on": self.trained_on,
            "weights_sha256": self.sha256,
            "frames": settings.frames,
            "sizes": [list(size) for size in settings.sizes],
            "synthetic": self.synthetic,
        }


def load_extractor(folder: Path, device: torch.device) -> Extractor:
    """The extractor of a finished recognition job.

    Raises NotAvailableError where there is no such job or it is not finished, InputError where its files are damaged or
    of something else.
    """
    if not folder.is_dir():
        hint = "train it first: fervbench run-baseline NAME --protocol dfew --data DIR, and name its job's folder"
        raise NotAvailableError(f"no job of a recognition network: {folder}", hint=hint, file=str(folder))
    config = _json(folder / "config.json")
    if not isinstance(config, dict) or config.get("format") != FORMAT:
        hint = "--features names the folder of a recognition job, or of features"
        raise InputError(f"is no job of a recognition network: {folder}", hint=hint, file=str(folder))
    if not (folder / "done.json").is_file():
        hint = "the command that began it goes on from its checkpoint"
        raise NotAvailableError(f"this job is not finished: {folder}", hint=hint, file=str(folder))
    settings = from_plain(config["settings"])
    state = checkpoint.load(folder / "checkpoint.pt", folder.name, settings.model, torch.device("cpu"))
    if state is None:
        raise NotAvailableError(f"the job's checkpoint.pt is not there: {folder}", file=str(folder))
    answers = _json(folder / "predictions.json")
    classes = tuple(answers["classes"])
    weights: Mapping[str, Tensor] = state["network"]
    network = networks.make_network(settings, len(classes), device)
    try:
        network.load_state_dict({key: value.to(device) for key, value in weights.items()})
    except RuntimeError as error:
        message = f"the weights do not fit {settings.model}: {folder} ({str(error).splitlines()[-1].strip()})"
        raise InputError(message, file=str(folder)) from None
    network.eval()
    for parameter in network.parameters():
        parameter.requires_grad = False
    trained_on = f"{config['protocol']['id']}/{config['trained_on']}"
    return Extractor(
        folder.name, settings, network, classes, trained_on, hash_of(weights), bool(config.get("synthetic"))
    )


def hash_of(weights: Mapping[str, Tensor]) -> str:
    """sha256 over names, shapes and bytes of weights, in the order of their names."""
    digest = hashlib.sha256()
    for name in sorted(weights):
        value = weights[name].detach().cpu().contiguous().numpy()
        digest.update(f"{name}\t{value.shape}\t{value.dtype}\n".encode())
        digest.update(np.ascontiguousarray(value).tobytes())
    return digest.hexdigest()


def _json(path: Path) -> Any:
    if not path.is_file():
        return None
    return strict_json.parse(read_bounded(path), str(path)).value
