"""fervbench: scores for dynamic facial expression recognition, the same for everyone.

>>> import fervbench
>>> protocol = fervbench.load_protocol("ferv39k")
>>> len(protocol.configurations), len(fervbench.load_ground_truth(protocol))
(27, 7847)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from fervbench._version import __version__

if TYPE_CHECKING:
    from fervbench.comparing import Comparison, compare
    from fervbench.errors import (
        FervbenchError,
        InputError,
        MismatchError,
        NotAvailableError,
        SubmissionError,
        UsageError,
    )
    from fervbench.findings import Finding
    from fervbench.ground_truth import GroundTruth, load_ground_truth
    from fervbench.protocol import Protocol, list_protocols, load_protocol
    from fervbench.report import Cell, Report
    from fervbench.scoring import score
    from fervbench.submission import Submission, read_submission
    from fervbench.uncertainty import Resampling

# Names are looked up on first use: `fervbench --help` shall not wait for numpy.
_HOME = {
    "Cell": "report",
    "Comparison": "comparing",
    "FervbenchError": "errors",
    "Finding": "findings",
    "GroundTruth": "ground_truth",
    "InputError": "errors",
    "MismatchError": "errors",
    "NotAvailableError": "errors",
    "Protocol": "protocol",
    "Report": "report",
    "Submission": "submission",
    "SubmissionError": "errors",
    "Resampling": "uncertainty",
    "UsageError": "errors",
    "compare": "comparing",
    "list_protocols": "protocol",
    "load_ground_truth": "ground_truth",
    "load_protocol": "protocol",
    "read_submission": "submission",
    "score": "scoring",
}

__all__ = [
    "Cell",
    "Comparison",
    "FervbenchError",
    "Finding",
    "GroundTruth",
    "InputError",
    "MismatchError",
    "NotAvailableError",
    "Protocol",
    "Report",
    "Resampling",
    "Submission",
    "SubmissionError",
    "UsageError",
    "__version__",
    "compare",
    "list_protocols",
    "load_ground_truth",
    "load_protocol",
    "read_submission",
    "score",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        value = getattr(import_module(f"fervbench.{_HOME[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'fervbench' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
