"""From the features of a video's snippets to T of them, whatever its length (BMN and BSN, data_process).

Snippet i of `snippets` stands at its centre, (i + 1/2) / snippets of the corrected duration (the time that whole
snippets cover). Each of T equal bins is the mean of three samples, from the bin's beginning to its end, interpolated
linearly between centres.

Difference from the public code: bins before the first centre or behind the last are zeros there; here the nearest
snippet's features. With fewer than T / 2 snippets that code blanks the ends of a video, where an onset may be.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

SAMPLES = 3  # a bin

Features = npt.NDArray[np.float32]


def rescale(features: Features, bins: int) -> Features:
    """Features (snippets, channels) as (bins, channels). Raises ValueError where there are none.

    >>> rescale(np.array([[0.0], [1.0]], dtype=np.float32), 4).ravel().tolist()
    [0.0, 0.25, 0.75, 1.0]
    """
    if not len(features) or bins < 1:
        raise ValueError(f"{len(features)} snippets cannot be rescaled to {bins} bins")
    weights = weights_of(len(features), bins)
    return np.asarray(weights @ features, dtype=np.float32)


def weights_of(snippets: int, bins: int) -> Features:
    """What each snippet counts for in each bin, (bins, snippets); rows sum to 1."""
    at = (np.arange(bins)[:, None] + np.linspace(0.0, 1.0, SAMPLES)) / bins * snippets - 0.5  # in snippets
    at = np.clip(at, 0.0, snippets - 1.0)
    low = np.minimum(np.floor(at).astype(np.int64), max(0, snippets - 2))
    share = at - low
    made = np.zeros((bins, snippets))
    rows = np.repeat(np.arange(bins), SAMPLES)
    np.add.at(made, (rows, low.ravel()), (1 - share).ravel() / SAMPLES)
    np.add.at(made, (rows, np.minimum(low + 1, snippets - 1).ravel()), share.ravel() / SAMPLES)
    return made.astype(np.float32)
