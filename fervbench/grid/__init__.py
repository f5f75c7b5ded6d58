"""Rebuilding published tables and figures: plans of training jobs, tables assembled from their folders, verdicts."""

from __future__ import annotations

import fervbench.reference as _reference  # noqa: F401  (names the extra where torch is missing)
