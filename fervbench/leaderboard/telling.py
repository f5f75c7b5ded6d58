"""Findings with a severity: errors keep an entry off the board, warnings want a maintainer's look, notes inform."""

from __future__ import annotations

from collections.abc import Iterable

from fervbench.findings import KEPT, Finding, Findings

ERROR, WARNING, NOTE = "error", "warning", "note"
# A claim or a stored result that the predictions do not bear out: exit code 4, if nothing else is wrong.
DIFFERS = frozenset({"claim-differs", "result-differs"})


class Told(Findings):
    """Findings of one entry: `id` (`protocol/slug`) goes into each of them."""

    def __init__(self, file: str | None = None, id: str | None = None) -> None:
        super().__init__(file)
        self.id = id

    def add(
        self,
        rule: str,
        message: str,
        *,
        hint: str | None = None,
        pointer: str | None = None,
        id: str | None = None,
        severity: str = ERROR,
        file: str | None = None,
    ) -> None:
        """Record one problem; an `id` within the file (a clip's) is part of the message."""
        if id is not None and id != self.id and id not in message and repr(id) not in message:
            message = f"{id}: {message}"
        place = file or self.file
        self.extend([Finding(rule, message, hint=hint, file=place, pointer=pointer, id=self.id, severity=severity)])

    def warn(self, rule: str, message: str, *, hint: str | None = None, pointer: str | None = None) -> None:
        """Record what a maintainer must look at."""
        self.add(rule, message, hint=hint, pointer=pointer, severity=WARNING)

    def note(self, rule: str, message: str, *, hint: str | None = None, pointer: str | None = None) -> None:
        """Record what is good to know."""
        self.add(rule, message, hint=hint, pointer=pointer, severity=NOTE)

    def take(self, findings: Findings, limit: int = 200) -> None:
        """Take over what a reader of a file found: the first `limit`, the rest counted by rule."""
        for finding in findings.kept[:limit]:
            self.add(finding.rule, finding.message, hint=finding.hint, pointer=finding.pointer, id=finding.id)
        left: dict[str, int] = dict(findings.counts)
        for finding in findings.kept[:limit]:
            left[finding.rule] -= 1
        for rule, n in left.items():
            if n:
                self.add(rule, f"{n:,} more problems of this kind are counted but not listed")

    @property
    def errors(self) -> int:
        """How many errors there are."""
        return sum(finding.severity == ERROR for finding in self.kept)


def exit_code(findings: Iterable[Finding]) -> int:
    """0 where nothing is an error; 4 where all errors are differences of scores; 1 otherwise."""
    rules = {finding.rule for finding in findings if finding.severity == ERROR}
    return 0 if not rules else 4 if rules <= DIFFERS else 1


__all__ = ["DIFFERS", "ERROR", "KEPT", "NOTE", "WARNING", "Told", "exit_code"]
