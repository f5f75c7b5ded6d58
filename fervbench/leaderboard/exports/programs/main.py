"""EvalAI's evaluation script: `evaluate(test_annotation_file, user_submission_file, phase_codename, **kwargs)`.

Scores are shares of 1; `error` holds half the 95 % interval of each, which the board shows behind a plus-minus sign.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))  # the fervbench that this challenge was made with

SPLIT = "test"


def evaluate(
    test_annotation_file: str, user_submission_file: str, phase_codename: str, **kwargs: Any
) -> dict[str, list[dict[str, Any]] | dict[str, Any]]:
    """Score one submission. Raises ValueError with every finding for one that cannot be scored."""
    del kwargs
    from fervbench.errors import FervbenchError
    from fervbench.leaderboard.exports.running import explain, run

    try:
        found = run(Path(test_annotation_file), Path(user_submission_file))
    except FervbenchError as error:
        raise ValueError(explain(error)) from None
    output: dict[str, Any] = {
        "result": [{SPLIT: dict(found.scores)}],
        "error": [{SPLIT: {f"error_{key}": value for key, value in found.half.items()}}] if found.half else [],
        "submission_result": {"phase": phase_codename, "signature": found.report.signature},
        "submission_metadata": {"signature": found.report.signature, "warnings": found.report.warnings},
    }
    if not found.half:
        del output["error"]
    return output
