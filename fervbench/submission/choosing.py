"""Which protocol a file is scored by."""

from __future__ import annotations

import difflib
from pathlib import Path

from fervbench.errors import NotAvailableError, SubmissionError, UsageError
from fervbench.findings import Findings
from fervbench.protocol import Protocol, load_protocol


def choose_protocol(named: str, chosen: Protocol | str | Path | None, findings: Findings) -> Protocol:
    """The protocol that a file names, or the one given, which must be the same. Raises SubmissionError."""
    if chosen is None:
        if "/" in named or "\\" in named or named.endswith(".toml"):
            message = "a file names its protocol by id, not by path"
            hint = "name the protocol's id here and give its path with --protocol"
            findings.add("wrong-protocol", message, hint=hint, pointer="/protocol")
            raise SubmissionError(message, file=findings.file, findings=findings)
        try:
            return load_protocol(named)
        except NotAvailableError as error:
            hint = f"{error.hint}; --protocol PATH gives a file of your own"
            raise NotAvailableError(f"no protocol {named!r}, which {findings.file} names", hint=hint) from None
    protocol = chosen if isinstance(chosen, Protocol) else load_protocol(chosen)
    if named != protocol.id:
        findings.add(
            "wrong-protocol",
            f"the file is for the protocol {named!r}, not {protocol.id!r}",
            hint="leave --protocol out to score it as what it says it is",
            pointer="/protocol",
        )
        raise SubmissionError(f"is for another protocol: {findings.file}", file=findings.file, findings=findings)
    return protocol


def no_evaluation(name: str, protocol: Protocol) -> UsageError:
    """The error for an evaluation that a protocol does not have."""
    near = difflib.get_close_matches(name, protocol.evaluations, n=1, cutoff=0.4)
    known = f"{protocol.id} has {', '.join(protocol.evaluations)}"
    return UsageError(
        f"{protocol.id} has no evaluation {name!r}", hint=f"did you mean {near[0]!r}? {known}" if near else known
    )
