"""Submissions: reading predictions, checking them whole, and making them from other forms."""

from __future__ import annotations

from fervbench.submission.dispatch import read_submission
from fervbench.submission.model import Run, Submission

__all__ = ["Run", "Submission", "read_submission"]
