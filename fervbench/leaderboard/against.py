"""A board beside a base: what a pull request has touched, and what it may not touch.

An entry's pull request adds or changes the files of one entry and nothing else. The base is where the branch left the
other one (the merge base), so that entries merged in the meantime are not taken for removed ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fervbench.errors import InputError, UsageError
from fervbench.findings import Finding
from fervbench.leaderboard.entries import LIMITS, RESULT, SUBMISSION
from fervbench.leaderboard.sources import FILE, Folder, Listed, Tree, blob_of, commit_of, git
from fervbench.leaderboard.telling import WARNING

SHOWN = 50  # paths named in findings of one kind


@dataclass(frozen=True)
class Difference:
    """Entries that were touched (ids), what was done to their files, and findings."""

    touched: frozenset[str]
    results: tuple[str, ...]
    findings: tuple[Finding, ...]


def base_of(repository: str | Path, ref: str, head: str = "HEAD") -> str:
    """The merge base of a commit and a reference, or the reference itself where they have none in common."""
    place = Path(repository)
    tip = commit_of(place, ref)
    try:
        return git(place, "merge-base", tip, commit_of(place, head)).decode("ascii").split()[0]
    except (UsageError, IndexError):
        return tip


def place_of(folder: Path) -> tuple[Path, str]:
    """The repository that a folder is in, and the folder's path in it. Raises UsageError where it is in none."""
    try:
        prefix = git(folder, "rev-parse", "--show-prefix").decode("utf-8", "replace").strip()
        top = git(folder, "rev-parse", "--show-toplevel").decode("utf-8", "replace").rstrip("\n")
    except UsageError:
        raise UsageError(f"is in no git repository: {folder}", hint="--against compares with a git reference") from None
    return Path(top), prefix.rstrip("/")


def compare(head: Folder | Tree, base: Tree) -> Difference:
    """What was touched between a base and a head, and what may not be touched."""
    was = base.listing()
    if isinstance(head, Tree):
        now, outside = head.listing(), _outside(head, base)
    else:
        now, outside = head.listing(), []
    changed, removed = [], [path for path in was if path not in now]
    for path, listed in now.items():
        old = was.get(path)
        if old is None or old.kind != listed.kind or _blob(head, path, listed) != old.blob:
            changed.append(path)
    findings: list[Finding] = []
    touched: dict[str, list[str]] = {}
    for path in [*changed, *removed]:
        parts = path.split("/")
        if len(parts) >= 3:
            touched.setdefault("/".join(parts[:2]), []).append(path)
    for path in removed[:SHOWN]:
        id = "/".join(path.split("/")[:2])
        findings.append(
            Finding("removed", "was removed: entries are never taken away", file=path, id=id if id in touched else None)
        )
    _count(findings, "removed", len(removed))
    if len(touched) > 1:
        for id, paths in list(touched.items())[:SHOWN]:
            message = f"{len(touched):,} entries are touched, a pull request may touch one"
            findings.append(Finding("other-entry", message, hint="one pull request for each", file=paths[0], id=id))
        _count(findings, "other-entry", len(touched))
    for id, paths in touched.items():
        if any(path.startswith(f"{id}/") for path in was) and len(touched) == 1:
            message = f"an entry that is on the board is changed: {', '.join(p.split('/', 2)[2] for p in paths)[:200]}"
            findings.append(
                Finding("entry-changed", message, hint="did its own team ask for it?", file=f"{id}/{SUBMISSION}", id=id,
                        severity=WARNING)
            )  # fmt: skip
    if touched:
        for path in outside[:SHOWN]:
            hint = "send other changes in a pull request of their own"
            findings.append(Finding("outside-entry", "is changed beside an entry", hint=hint, file=path))
        _count(findings, "outside-entry", len(outside))
    results = tuple(path for path in changed if path.split("/")[2:] == [RESULT])
    return Difference(frozenset(touched), results, tuple(findings))


def _count(findings: list[Finding], rule: str, number: int) -> None:
    if number > SHOWN:
        findings.append(Finding(rule, f"{number - SHOWN:,} more problems of this kind are counted but not listed"))


def _blob(head: Folder | Tree, path: str, listed: Listed) -> str | None:
    """The git id of a file; None for what is no ordinary file of a folder, which is then taken as changed."""
    if listed.blob is not None:
        return listed.blob
    name = path.rpartition("/")[2]
    if listed.kind != FILE or listed.size > LIMITS.get(name, max(LIMITS.values())):
        return None
    try:
        return blob_of(head.read(path, listed.size))
    except InputError:
        return None


def _outside(head: Tree, base: Tree) -> list[str]:
    """Paths outside the board that differ."""
    now, was = head.whole(), base.whole()
    start = f"{head.root}/"
    every = {path for path in (*now, *was) if not path.startswith(start)}
    return sorted(
        path for path in every
        if path not in now or path not in was or (now[path].blob, now[path].kind) != (was[path].blob, was[path].kind)
    )  # fmt: skip


def results_by_hand(difference: Difference, ships: dict[str, bool]) -> list[Finding]:
    """Results that nobody here can check: of protocols whose labels do not ship, only maintainers store them."""
    found = []
    for path in difference.results:
        protocol, slug = path.split("/")[:2]
        if not ships.get(protocol, False):
            message = "a result that cannot be checked here was added or changed"
            hint = f"the labels of {protocol} do not ship: a maintainer scores the predictions and stores the result"
            found.append(Finding("result-by-hand", message, hint=hint, file=path, id=f"{protocol}/{slug}"))
    return found
