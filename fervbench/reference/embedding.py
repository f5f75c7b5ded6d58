"""What a trained network sees of clips before its classifier."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from fervbench.reference import networks
from fervbench.reference.clips import Clips
from fervbench.reference.settings import Settings


@torch.inference_mode()
def embed(
    settings: Settings, weights: dict[str, Tensor], clips: Clips, classes: int, device: torch.device, batch: int = 32
) -> npt.NDArray[np.float32]:
    """Features of all clips, (clips, width), as they are tested: centre crop, no draws."""
    network = networks.make_network(settings, classes, device)
    network.load_state_dict(weights)
    network.eval()
    kept = []
    for first in range(0, len(clips), batch):
        chosen = torch.arange(first, min(first + batch, len(clips)), device=device)
        kept.append(network.embed(*clips.test(chosen)).float().flatten(1).cpu())  # type: ignore[operator]
    found: npt.NDArray[np.float32] = torch.cat(kept).numpy()
    return found
