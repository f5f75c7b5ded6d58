"""Metrics: numpy arrays in, floats out; no files, no protocols.

>>> from fervbench.metrics import uar, war
>>> war([0, 0, 0, 1], [0, 0, 1, 1]), round(uar([0, 0, 0, 1], [0, 0, 1, 1], classes=2), 4)
(0.75, 0.8333)
"""

from __future__ import annotations

from fervbench.metrics.intervals import tiou
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
from fervbench.metrics.spotting import auc, average_recall

__all__ = [
    "RecognitionScores",
    "auc",
    "average_recall",
    "confusion",
    "macro_f1",
    "per_class",
    "scores",
    "tiou",
    "uar",
    "war",
    "weighted_f1",
]
