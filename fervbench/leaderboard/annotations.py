"""Findings for GitHub: workflow commands (annotations) and a comment in Markdown. All text in them is untrusted.

Escapes of workflow commands: percent, carriage return and line feed in the message, colon and comma as well in a
property (actions/toolkit, command.ts). Everything is first made visible (`findings.visible`), so that no line can begin
a command of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from fervbench.findings import Finding, visible

LIMIT = 60_000  # characters of a comment; GitHub takes 65,536
_KINDS = {"error": "error", "warning": "warning", "note": "notice", "pass": "notice"}
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>#+!|~$&:/@^=.-])")


def workflow_commands(findings: Iterable[Finding], root: str = "submissions") -> list[str]:
    """One workflow command a finding: `::error file=...,title=...::message`."""
    lines = []
    for finding in findings:
        properties = []
        if finding.file:
            place = finding.file if finding.rule == "outside-entry" or not root else f"{root}/{finding.file}"
            properties.append(f"file={_property(place)}")
        properties.append(f"title={_property(finding.rule)}")
        message = visible(finding.message, 1000)
        if finding.pointer:
            message = f"{visible(finding.pointer)}: {message}"
        if finding.hint:
            message += f" (hint: {visible(finding.hint, 500)})"
        lines.append(f"::{_KINDS.get(finding.severity, 'error')} {','.join(properties)}::{_data(message)}")
    return lines


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(visible(text, 300)).replace(":", "%3A").replace(",", "%2C")


def escape(text: str, limit: int = 300) -> str:
    r"""Text that Markdown shows as it stands: no link, no mention, no issue number, no HTML.

    >>> escape("[x](javascript:1) @all <b> #1")
    '\\[x\\]\\(javascript\\:1\\) \\@\u200ball \\<b\\> \\#\u200b1'
    """
    plain = visible(text, limit)
    escaped = _MARKDOWN.sub(r"\\\1", plain)
    return re.sub(r"(\\[@#])(?=\w)", "\\1\u200b", escaped)  # a backslash alone does not stop a mention


def comment(findings: Sequence[Finding], checked: int | None = None) -> str:
    """A comment for a pull request: counts, then the findings, worst first, cut at `LIMIT` characters."""
    order = ("error", "warning", "note")
    counts = {kind: sum(f.severity == kind for f in findings) for kind in order}
    head = "### Leaderboard check\n\n"
    if not counts["error"]:
        head += "Everything that can be checked here is in order.\n"
    head += f"\n{counts['error']} errors, {counts['warning']} warnings, {counts['note']} notes"
    head += f" in {checked:,} entries.\n" if checked is not None else ".\n"
    lines = [head]
    used = len(head)
    for kind in order:
        for finding in (f for f in findings if f.severity == kind):
            place = escape(finding.file or finding.id or "", 200)
            line = f"- **{kind}** {escape(finding.rule, 60)}" + (f" in {place}" if place else "")
            if finding.pointer:
                line += f" at {escape(finding.pointer, 200)}"
            line += f": {escape(finding.message, 500)}"
            if finding.hint:
                line += f" *Hint: {escape(finding.hint)}*"
            if used + len(line) > LIMIT:
                lines.append("\n... and more: run `fervbench leaderboard check` to see all of them.")
                return "\n".join(lines) + "\n"
            lines.append(line)
            used += len(line) + 1
    return "\n".join(lines) + "\n"
