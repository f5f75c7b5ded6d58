"""The published baselines, to be trained again: the only part of fervbench that imports torch."""

from __future__ import annotations

from fervbench.errors import MissingExtraError

try:
    import torch as _torch  # noqa: F401  (that it is there)
except ImportError as error:
    raise MissingExtraError("the reference baselines (torch)", "baselines") from error
