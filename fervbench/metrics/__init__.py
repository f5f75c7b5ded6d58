"""Metrics: numpy arrays in, floats out; no files, no protocols.

>>> from fervbench.metrics import uar, war
>>> war([0, 0, 0, 1], [0, 0, 1, 1]), round(uar([0, 0, 0, 1], [0, 0, 1, 1], classes=2), 4)
(0.75, 0.8333)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from fervbench.metrics.recognition import (
    RecognitionScores,
    confusion,
    macro_f1,
    per_class,
    scores,
    uar,
    war,
    weighted_f1,
)

if TYPE_CHECKING:
    from fervbench.metrics.agreement import fleiss_kappa, krippendorff_alpha
    from fervbench.metrics.intervals import tiou
    from fervbench.metrics.spotting import auc, average_recall

# Looked up on first use: scoring clips shall not wait for the metrics of spotting.
_HOME = {
    "auc": "spotting",
    "average_recall": "spotting",
    "fleiss_kappa": "agreement",
    "krippendorff_alpha": "agreement",
    "tiou": "intervals",
}

__all__ = [
    "RecognitionScores",
    "auc",
    "average_recall",
    "confusion",
    "fleiss_kappa",
    "krippendorff_alpha",
    "macro_f1",
    "per_class",
    "scores",
    "tiou",
    "uar",
    "war",
    "weighted_f1",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        value = getattr(import_module(f"fervbench.metrics.{_HOME[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'fervbench.metrics' has no attribute {name!r}")
