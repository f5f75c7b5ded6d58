"""Every error that fervbench raises on purpose.

    FervbenchError             exit code 1
    +-- InputError             1  something given to fervbench is unreadable or invalid
    |   +-- SubmissionError    1  a predictions file; carries every finding
    |   +-- ProtocolFileError  1  a protocol file, or the counts it names; carries every finding
    +-- UsageError             2  the call itself
    |   +-- MissingExtraError  2  an optional part is not installed
    |   +-- BusyError          2  another process is at work on this job
    +-- JobsError              1  jobs of a grid failed; carries one finding each, and the folders of what is done
    +-- NotAvailableError      3  a protocol, dataset or ground truth is absent
        +-- LabelsError        3  ... or cannot be read: labels, intervals, a copy of official lists
        +-- MismatchError      3  ... or is not the one it should be; carries what differs

The library raises; the command line translates once, into findings and the exit code of the class.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import ClassVar

from fervbench.findings import Finding, Findings


class FervbenchError(Exception):
    """Base of all. `findings` is never empty; `str(error)` is one line."""

    exit_code: ClassVar[int] = 1
    rule: ClassVar[str] = "error"

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        file: str | None = None,
        findings: Findings | Iterable[Finding] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.file = file
        if findings is None:
            self.findings = Findings(file)
            self.findings.extend([Finding(self.rule, message, hint=hint, file=file)])
        elif isinstance(findings, Findings):
            self.findings = findings
        else:
            self.findings = Findings(file)
            self.findings.extend(findings)


class InputError(FervbenchError):
    """Something given to fervbench is unreadable or invalid."""

    rule = "invalid-input"


class SubmissionError(InputError):
    """A predictions file that cannot be scored."""


class ProtocolFileError(InputError):
    """A protocol file that does not define a protocol, or counts beside it that cannot be used."""

    rule = "invalid-protocol"


class UsageError(FervbenchError):
    """The call itself makes no sense."""

    exit_code = 2
    rule = "usage"


class MissingExtraError(UsageError):
    """An optional part of fervbench is not installed."""

    rule = "missing-extra"

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs an extra", hint=f"pip install 'fervbench[{extra}]'")


class BusyError(UsageError):
    """Another process is at work on this job or pack."""

    rule = "busy"


class JobsError(FervbenchError):
    """Jobs of a grid failed. `done` has the folders of those that are complete."""

    rule = "job-failed"

    def __init__(self, message: str, *, hint: str, findings: Iterable[Finding], done: Mapping[str, Path]) -> None:
        super().__init__(message, hint=hint, findings=findings)
        self.done = dict(done)


class NotAvailableError(FervbenchError):
    """A protocol, dataset or ground truth is absent, cannot be used, or is another one."""

    exit_code = 3
    rule = "not-available"


class LabelsError(NotAvailableError):
    """A ground truth that is there and cannot be used: labels, intervals, a copy of official lists."""

    rule = "invalid-labels"


class MismatchError(NotAvailableError):
    """A ground truth, or a copy of a dataset, is not the one the protocol names."""

    rule = "ground-truth-mismatch"
