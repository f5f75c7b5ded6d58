"""What is wrong with an input, where it stands, and what probably caused it.

A finding is one problem. Checks collect findings instead of stopping at the first, so that a user mends a file once.
Text in a finding may come from an untrusted file: it is made safe where it is printed (`visible`), and JSON output is
plain ASCII.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

FORMAT = "fervbench-findings/1"

# A file of a million wrong values shall not need a gigabyte to say so: beyond this many, findings are only counted.
KEPT = 10_000


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem.

    `rule` is the stable name of the check; `pointer` a JSON pointer (RFC 6901) into `file`, or `line N` in a text file.
    """

    rule: str
    message: str
    hint: str | None = None
    file: str | None = None
    pointer: str | None = None
    id: str | None = None
    severity: str = "error"

    def to_dict(self) -> dict[str, str | None]:
        """The finding as the published findings format writes it (`schemas/findings.schema.json`)."""
        return {
            "rule": self.rule,
            "severity": self.severity,
            "file": self.file,
            "pointer": self.pointer,
            "id": self.id,
            "message": self.message,
            "hint": self.hint,
        }


class Findings:
    """Collects findings of one file; keeps the first `KEPT`, counts all of them by rule."""

    def __init__(self, file: str | None = None) -> None:
        self.file = file
        self.kept: list[Finding] = []
        self.counts: dict[str, int] = {}

    def add(
        self, rule: str, message: str, *, hint: str | None = None, pointer: str | None = None, id: str | None = None
    ) -> None:
        """Record one problem of this file."""
        self.counts[rule] = self.counts.get(rule, 0) + 1
        if len(self.kept) < KEPT:
            self.kept.append(Finding(rule, message, hint=hint, file=self.file, pointer=pointer, id=id))

    def extend(self, findings: Iterable[Finding]) -> None:
        """Record findings made elsewhere."""
        for finding in findings:
            self.counts[finding.rule] = self.counts.get(finding.rule, 0) + 1
            if len(self.kept) < KEPT:
                self.kept.append(finding)

    @property
    def full(self) -> bool:
        """Whether more problems are only counted: a guess at what was meant is then not worth its time."""
        return len(self.kept) >= KEPT

    def __len__(self) -> int:
        return sum(self.counts.values())

    def __iter__(self) -> Iterator[Finding]:
        yield from self.kept
        if len(self) > len(self.kept):
            more = len(self) - len(self.kept)
            yield Finding("more", f"{more:,} more problems are counted but not listed", file=self.file)


def to_json(findings: Iterable[Finding]) -> str:
    """The findings as one JSON document, plain ASCII, one finding a line."""
    lines = ",\n".join(json.dumps(finding.to_dict(), sort_keys=True) for finding in findings)
    listed = f"\n{lines}\n" if lines else ""
    return f'{{"findings": [{listed}], "format": "{FORMAT}"}}'


# What continuous integration takes for a command where a line starts with it.
_COMMANDS = (("::", ":\\x3a"), ("##[", "#\\x23["))


def visible(text: str, limit: int = 200) -> str:
    r"""Untrusted text made safe for a terminal and a CI log; what is not safe is shown as an escape, long text is cut.

    >>> visible("a\x1b[2Jb ::error::")
    'a\\x1b[2Jb :\\x3aerror:\\x3a'
    """
    if len(text) > limit:
        text = text[: limit - 3] + "..."
    for command, escaped in _COMMANDS:
        text = text.replace(command, escaped)
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        c if c == " " or unicodedata.category(c)[0] not in "CZ" else c.encode("unicode_escape").decode("ascii")
        for c in text
    )


def _rounds(by_rule: dict[str, list[Finding]], limit: int) -> list[Finding]:
    """Up to `limit` findings, taken from the rules in turn, so that one frequent problem does not hide the others."""
    shown: list[Finding] = []
    depth = 0
    while len(shown) < limit and any(len(found) > depth for found in by_rule.values()):
        shown += [found[depth] for found in by_rule.values() if len(found) > depth]
        depth += 1
    return shown[:limit]


def to_text(findings: Findings | Iterable[Finding], limit: int = 50) -> str:
    """Findings for people: grouped by rule, the first `limit` printed (every rule gets its turn), the rest counted."""
    kept = [finding for finding in findings if finding.rule != "more"]
    counts: dict[str, int] = dict(findings.counts) if isinstance(findings, Findings) else {}
    by_rule: dict[str, list[Finding]] = {}
    for finding in kept:
        by_rule.setdefault(finding.rule, []).append(finding)
        if not isinstance(findings, Findings):
            counts[finding.rule] = counts.get(finding.rule, 0) + 1
    shown = set(map(id, _rounds(by_rule, limit)))
    lines: list[str] = []
    for rule in counts:
        found = by_rule.get(rule, [])  # empty where all of them were only counted
        lines.append(f"{rule} ({counts[rule]:,})")
        printed = [finding for finding in found if id(finding) in shown]
        last_hint = None
        for finding in printed:
            place = "" if finding.pointer is None else f"{visible(finding.pointer) or 'top level'}: "
            lines.append(f"  {place}{visible(finding.message, 500)}")
            if finding.hint and finding.hint != last_hint:
                lines.append(f"    hint: {visible(finding.hint, 500)}")
            last_hint = finding.hint
        if counts[rule] > len(printed):
            lines.append(f"  ... and {counts[rule] - len(printed):,} more")
    return "\n".join(lines)
