"""Submissions: reading predictions, checking them whole, and making them from other forms."""

from __future__ import annotations

from fervbench.submission.model import Run, Submission
from fervbench.submission.reading import read_submission

__all__ = ["Run", "Submission", "read_submission"]
