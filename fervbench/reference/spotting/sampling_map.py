"""BMN's boundary-matching layer: 32 features of every interval [i, j + 1], as one fixed linear map over time.

The public code multiplies features (channels, T) with a dense matrix of T x (32 T T): 32.0 M numbers, 128 MB, nearly
all of them zero. Here the map is a sparse matrix (1.5 % of that), and since the layer behind it is a convolution over
the 32 samples alone, which is linear as well, the order is turned round:

    y[o, i, j] = sum over n, t of ( sum over c of W[o, c, n] x[c, t] ) S[n, t, i, j]

The inner sum is one small matrix product; the outer touches only what S holds. Of 50 G multiplications a video 1 G
remain (T = 100), and the (256, 32, 100, 100) tensor between the two layers, 328 MB a video, is never made.

Sample positions, as in the public code: 32 x 3 of them evenly over [i - e, j + 1 + e], e = (j + 2 - i) / 2, each split
between its two neighbours, each feature the mean of 3. Quirks kept: positions are cut off towards zero, so that a
bin's width before the first counts as the first; behind the last bin nothing is counted, and a position between the
last bin and the end counts in part.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

POINTS, PER_POINT, MARGIN = 32, 3, 0.5


def entries(bins: int, points: int = POINTS) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Any]:
    """The map as (row, column, value): rows are [start, end] cells, start * bins + end; columns point * bins + bin."""
    start, end = np.triu_indices(bins)
    length = (end + 1 - start) + 1.0
    low, high = start - MARGIN * length, end + 1 + MARGIN * length
    at = low[:, None] + (high - low)[:, None] / (points * PER_POINT - 1.0) * np.arange(points * PER_POINT)
    below = np.trunc(at)
    share = at - below  # negative before the first bin, where both neighbours are bin 0
    cell = np.repeat(start * bins + end, points * PER_POINT)
    point = np.tile(np.repeat(np.arange(points), PER_POINT), len(start))
    rows, columns, values = [], [], []
    for where, weight in ((below, 1.0 - share), (np.ceil(at), share)):
        flat, weights = where.ravel().astype(np.int64), weight.ravel()
        inside = (flat >= 0) & (flat < bins) & (weights != 0)
        rows.append(cell[inside])
        columns.append((point * bins + flat)[inside])
        values.append(weights[inside] / PER_POINT)
    row, column, value = (np.concatenate(each) for each in (rows, columns, values))
    key, place = np.unique(row * (points * bins) + column, return_inverse=True)  # equal places are summed
    return key // (points * bins), key % (points * bins), np.bincount(place, value)


@lru_cache(maxsize=4)
def sparse_map(bins: int, points: int, device: str, dtype: torch.dtype = torch.float32) -> tuple[Tensor, Tensor]:
    """The map as a sparse matrix (cells, points * bins), and turned round."""
    row, column, value = entries(bins, points)
    shape = (bins * bins, points * bins)
    made = []
    for at, size in ((np.stack([row, column]), shape), (np.stack([column, row]), shape[::-1])):
        coordinates = torch.sparse_coo_tensor(
            torch.from_numpy(at), torch.from_numpy(value).to(dtype), size, check_invariants=False
        )
        made.append(_rows(coordinates).to(device))
    return made[0], made[1]


def _rows(coordinates: Tensor) -> Tensor:
    import warnings

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*Sparse CSR tensor support is in beta.*")
        warnings.filterwarnings("ignore", message=".*invariant checks.*")
        return coordinates.coalesce().to_sparse_csr()


def dense_map(bins: int, points: int = POINTS) -> npt.NDArray[np.float64]:
    """The map as the public code holds it, (bins, points, bins, bins): for tests at small size."""
    row, column, value = entries(bins, points)
    made = np.zeros((bins, points, bins * bins))
    made[column % bins, column // bins, row] = value
    return made.reshape(bins, points, bins, bins)


class _Product(torch.autograd.Function):
    """map @ x with the map's transpose at hand, so that the gradient is a product of the same kind."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, map_: Tensor, turned: Tensor) -> Tensor:
        ctx.save_for_backward(turned)
        return map_ @ x

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None]:
        (turned,) = ctx.saved_tensors
        return turned @ grads[0].contiguous(), None, None


def sample(x: Tensor, points: int = POINTS) -> Tensor:
    """Features (batch, channels, bins) at the samples of every cell: (batch, channels, points, bins, bins)."""
    batch, channels, bins = x.shape
    row, column, value = entries(bins, points)
    by_cell = torch.zeros(batch, channels, points * bins * bins, dtype=x.dtype, device=x.device)
    cells = torch.from_numpy(column // bins * (bins * bins) + row).to(x.device)
    weights = torch.from_numpy(value).to(x)
    by_cell.index_add_(2, cells, x[:, :, torch.from_numpy(column % bins).to(x.device)] * weights)
    return by_cell.view(batch, channels, points, bins, bins)


def sample_and_project(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """`conv3d(sample(x), weight, bias)` without the samples in between.

    `x` (batch, channels, bins), `weight` (outputs, channels, points, 1, 1) as Conv3d has it: (batch, outputs, bins,
    bins).
    """
    batch, channels, bins = x.shape
    outputs, _, points = weight.shape[:3]
    map_, turned = sparse_map(bins, points, str(x.device), x.dtype)
    by_point = weight.view(outputs, channels, points).permute(2, 0, 1).reshape(points * outputs, channels)
    spread = (by_point @ x).view(batch, points, outputs, bins)  # (batch, points, outputs, bins)
    flat = spread.permute(1, 3, 0, 2).reshape(points * bins, batch * outputs)
    y = _Product.apply(flat, map_, turned)  # (cells, batch * outputs)
    y = y.view(bins, bins, batch, outputs).permute(2, 3, 0, 1)  # (batch, outputs, bins, bins)
    return y if bias is None else y + bias.view(1, -1, 1, 1)
