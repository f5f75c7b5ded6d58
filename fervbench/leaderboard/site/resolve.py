"""What each test list can and cannot show, by its own class counts."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from fervbench.errors import NotAvailableError, UsageError
from fervbench.leaderboard.site.gather import Chapter
from fervbench.powering import resolutions
from fervbench.protocol import POOLED

# The share of clips that exactly one of two systems has right. Two good methods of this field are near 0.2.
DISCORDANCE = 0.2


def resolution_rows(chapters: Sequence[Chapter]) -> list[dict[str, Any]]:
    """For each protocol its targets, largest lists first, or why nothing can be said."""
    made = []
    for chapter in chapters:
        try:
            found = resolutions(chapter.protocol, discordance=DISCORDANCE)
            whole = sorted(found, key=lambda r: (r.target != POOLED, -r.n, r.target))
            made.append({"chapter": chapter, "rows": whole, "why": None, "gaps": _gaps(chapter, whole[0])})
        except (NotAvailableError, UsageError) as error:
            made.append({"chapter": chapter, "rows": [], "why": error.message, "gaps": None})
    return made


def _gaps(chapter: Chapter, whole: Any) -> dict[str, Any] | None:
    """How many neighbours on the board are nearer than the whole list can tell apart."""
    board = chapter.main().first
    values = [float(row.value) for row in board.rows if row.value is not None]
    if len(values) < 2 or whole.war is None:
        return None
    near = sum(a - b < whole.war for a, b in pairwise(values))
    return {"near": near, "of": len(values) - 1, "points": whole.war, "metric": board.metric}
