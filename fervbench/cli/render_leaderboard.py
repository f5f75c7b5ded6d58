"""Findings of a board and its rankings as text."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from fervbench.cli.render import console, percent, table
from fervbench.findings import Finding, visible
from fervbench.leaderboard.headline import headline
from fervbench.leaderboard.tracks import TRACKS, home, why

if TYPE_CHECKING:
    from fervbench.leaderboard.checking import Checked
    from fervbench.leaderboard.ranking import Board, Row

STYLES = {"error": "bold red", "warning": "yellow", "note": "cyan"}
SHOWN = 200  # findings that are printed


def print_findings(findings: Sequence[Finding], found: Checked) -> None:
    """Findings by entry, worst first within each, and what was checked."""
    out = console()
    by_entry: dict[str, list[Finding]] = {}
    for finding in findings:
        by_entry.setdefault(finding.id or finding.file or "", []).append(finding)
    left = SHOWN
    for name, own in sorted(by_entry.items()):
        if left <= 0:
            break
        out.print(Text(visible(name) or "the board", style="bold"))
        for finding in sorted(own, key=lambda f: list(STYLES).index(f.severity) if f.severity in STYLES else 9)[:left]:
            _print_finding(out, finding, name)
            left -= 1
    counts = {kind: sum(f.severity == kind for f in findings) for kind in STYLES}
    if sum(counts.values()) > SHOWN:
        out.print(Text(f"... and {sum(counts.values()) - SHOWN:,} more: --json lists them all"))
    number = f"{found.checked:,} {'entry' if found.checked == 1 else 'entries'} checked"
    kept = f", {found.from_cache:,} of them as before" if found.from_cache else ""
    said = ", ".join(f"{n} {kind}{'' if n == 1 else 's'}" for kind, n in counts.items())
    out.print(Text(f"{number}{kept}: {said}", style="bold"))


def _print_finding(out: Console, finding: Finding, name: str) -> None:
    place = (finding.file or "").removeprefix(f"{name}/")
    where = f" {visible(place)}" if place and place != name else ""
    where += f" {visible(finding.pointer)}" if finding.pointer else ""
    text = f"  {finding.severity} {visible(finding.rule)}{where}: {visible(finding.message, 500)}"
    lines = textwrap.wrap(text, out.width, subsequent_indent="      ", drop_whitespace=True)
    if finding.hint:
        hint = f"      hint: {visible(finding.hint, 500)}"
        lines += textwrap.wrap(hint, out.width, initial_indent="", subsequent_indent="        ")
    for i, line in enumerate(lines):
        out.print(Text(line, style=STYLES.get(finding.severity, "") if i == 0 else ""), soft_wrap=True)


def print_boards(boards: Sequence[Board]) -> None:
    """Rankings, one below the other."""
    out = console()
    if not boards:
        out.print(Text("no entries"))
    for i, board in enumerate(boards):
        if i:
            out.print()
        _print_board(out, board)


def _print_board(out: Console, board: Board) -> None:
    protocol = board.protocol
    title = (
        f"{visible(protocol.title)} {protocol.version}, {board.evaluation}, by {board.metric}: {TRACKS[board.track]}"
    )
    out.print(Text(title, style="bold"))
    what = headline(protocol, board.evaluation).what
    if board.fingerprint is not None:
        what += f"; ground truth {board.fingerprint[:16]}"
    out.print(Text(visible(what, 300), style="dim"))
    both = board.metric in ("WAR", "UAR")
    other = {"WAR": "UAR", "UAR": "WAR"}.get(board.metric, "")
    wide = out.width >= 100  # the interval of the score itself has room
    heads = ["rank", "can be", "method", "trust", "track", board.metric]
    heads += [*([f"{100 * board.level:g} %"] if wide else []), *([other] if both else []), "year"]
    rows = [_line(row, board, other if both else None, wide=wide) for row in board.rows]
    made = table(heads, rows, left=5)
    for column in (0, 1, 3, 4):
        made.columns[column].no_wrap = True
    out.print(made)
    for row in board.rows:
        if row.value is None:
            text = f"{visible(row.entry.name, 60)}: {row.why}"
            out.print(Text(visible(text, 300), style="dim"), soft_wrap=True)
    groups = [g for g in board.groups if len(g) > 1]
    if groups:
        parts = [f"{_places(board, g)}" for g in groups[:12]]
        told = f"told apart from nobody in its group: ranks {', '.join(parts)}" + (", ..." if len(groups) > 12 else "")
        out.print(Text(told, style="dim"), soft_wrap=True)
    if both and any(row.front for row in board.rows):
        out.print(Text("* on the front of WAR and UAR: no other entry is at least as good by both", style="dim"))
    if any(row.basis == "numbers" for row in board.rows):
        note = "~ from its numbers alone, taken as unpaired: paired tests need predictions"
        out.print(Text(note, style="dim"))
    undeclared = sum(1 for row in board.rows if why(row.entry))
    if undeclared:
        out.print(Text(f"{undeclared} entries do not declare all they use and stand in the widest track", style="dim"))


def _line(row: Row, board: Board, other: str | None, *, wide: bool) -> list[str]:
    entry = row.entry
    trust = entry.trust + (", pending" if entry.pending else "")
    name = visible(entry.name, 60) + ("*" if row.front and other else "")
    shown = [name, trust, home(entry)]
    second = entry.scores(board.evaluation).get(other, {}).get("value") if other else None
    tail = [*([percent(second)] if other else []), str(entry.year)]
    if row.value is None:
        return ["-", "", *shown, "-", *([""] if wide else []), *tail]
    can = f"{row.best}-{row.worst}" if row.best != row.worst else str(row.best)
    can += {"numbers": "~", "unknown": "?"}.get(row.basis or "", "")
    ends = "" if row.low is None or row.high is None else f"[{100 * row.low:.1f}, {100 * row.high:.1f}]"
    return [str(row.rank), can, *shown, percent(row.value), *([ends] if wide else []), *tail]


def _places(board: Board, group: Sequence[str]) -> str:
    """The ranks that a tie group spans."""
    found = [board.row(id).rank or 0 for id in group]
    return f"{min(found)}-{max(found)}" if min(found) != max(found) else str(min(found))
