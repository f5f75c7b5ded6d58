"""BMN's layer without its dense mask, against the mask written as loops."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from fervbench.reference.spotting.sampling_map import dense_map, entries, sample, sample_and_project

from . import direct


@pytest.mark.parametrize("bins", [2, 5, 12])
def test_the_map_equals_the_loops(bins: int):
    np.testing.assert_allclose(dense_map(bins), np.array(direct.mask(bins)), rtol=0, atol=1e-12)


@pytest.mark.parametrize("bins", [7, 40])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_sampling_and_convolution_equal_the_dense_ones(bins: int, dtype: torch.dtype):
    torch.manual_seed(0)
    mask = torch.from_numpy(dense_map(bins)).to(dtype)
    x = torch.rand(3, 8, bins, dtype=dtype, requires_grad=True)
    conv = nn.Conv3d(8, 6, (32, 1, 1), stride=(32, 1, 1)).to(dtype)
    dense = (x @ mask.view(bins, -1)).view(3, 8, 32, bins, bins)
    assert (sample(x) - dense).abs().max() <= 1e-6
    wanted = conv(dense).squeeze(2)
    found = sample_and_project(x, conv.weight, conv.bias)
    assert (found - wanted).abs().max() <= 1e-6
    pull = torch.randn_like(wanted)
    for a, b in zip(*(torch.autograd.grad(y, (x, conv.weight, conv.bias), pull) for y in (found, wanted)), strict=True):
        assert (a - b).abs().max() <= 2e-6 * float(b.abs().max())


def test_at_full_size_it_holds_a_seventieth_of_the_mask():
    row, column, value = entries(100)
    assert len(row) == len(column) == len(value) < 100 * 32 * 100 * 100 / 60
    inside = np.bincount(row * 32 + column // 100, value, minlength=100 * 100 * 32).reshape(100, 100, 32)
    np.testing.assert_allclose(inside[30, 60], 1.0)  # every sample of an interval in the middle is a mean


def test_the_sparse_product_is_the_same_every_time():
    torch.manual_seed(1)
    x, weight = torch.randn(2, 16, 30), torch.randn(8, 16, 32, 1, 1)
    first, second = (sample_and_project(x, weight, None) for _ in range(2))
    assert torch.equal(first, second)
