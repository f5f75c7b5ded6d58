"""Where exported numbers come from: a report, a result or an entry of a board."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fervbench import schema, strict_json
from fervbench.errors import InputError, UsageError
from fervbench.files import read_bounded
from fervbench.leaderboard.entries import Entry, read_entries
from fervbench.leaderboard.headline import headline_scores
from fervbench.protocol import load_protocol
from fervbench.report import Cell, Report

_LIMIT = 2**25


@dataclass(frozen=True)
class Result:
    """Headline scores of one method: `scores[evaluation][metric]` with `value`, `ci_low`, `ci_high`, shares of 1."""

    name: str
    protocol: str
    version: str | None
    scores: dict[str, dict[str, dict[str, float | None]]]
    trust: str | None = None
    signature: str | None = None
    fingerprint: str | None = None
    about: dict[str, Any] | None = field(repr=False, default=None)


def load(source: str, board: str = "submissions", name: str | None = None) -> Result:
    """A result by path (report of `score --json`, or result.json) or by entry id (`protocol/slug`).

    Raises InputError for a file that is neither, UsageError for an entry that is not on the board.
    """
    path = Path(source)
    if path.is_dir() and (path / "submission.json").is_file():
        board, source = str(path.absolute().parent.parent), f"{path.absolute().parent.name}/{path.absolute().name}"
    elif path.is_file() or source.endswith(".json"):
        return _of_file(path, name)
    if source.count("/") != 1:
        raise UsageError(f"no such file: {source}", hint="give a report, a result.json, or an entry: protocol/slug")
    if not Path(board).is_dir():
        raise UsageError(f"no such file or board: {source}, {board}", hint="--dir names the folder of the entries")
    entries, told = read_entries(board)
    for entry in entries:
        if entry.id == source:
            return of_entry(entry, name)
    damaged = [finding for finding in told.kept if finding.id == source]
    hint = damaged[0].message if damaged else "fervbench leaderboard show lists them"
    raise UsageError(f"there is no entry {source!r} in {board}", hint=hint)


def of_entry(entry: Entry, name: str | None = None) -> Result:
    """The result of an entry: of its predictions where they were scored, else as claimed."""
    report = entry.result["report"] if entry.result is not None else None
    return Result(
        name or entry.name,
        entry.protocol,
        report["protocol"]["version"] if report else None,
        {evaluation: entry.scores(evaluation) for evaluation in entry.evaluations},
        entry.trust,
        entry.signature,
        entry.fingerprint,
        entry.about,
    )


def _of_file(path: Path, name: str | None) -> Result:
    content = strict_json.parse(read_bounded(path, _LIMIT), str(path)).value
    scores = None
    if isinstance(content, dict) and content.get("format") == "fervbench-result/1":
        if not schema.accepts(content, schema.load("result")):
            raise InputError(f"is a damaged result: {path}", hint="leaderboard check --write makes it again")
        scores, content = content["scores"], content["report"]
    if not schema.accepts(content, schema.load("report")):
        raise InputError(
            f"is no report: {path}", hint="fervbench score --json (or --output) writes one", file=str(path)
        )
    if scores is None:
        scores = _headlines(content)
    about = content["protocol"]
    return Result(
        name or path.stem, about["id"], about["version"], scores, None, content["signature"],
        content["ground_truth"]["sha256"],
    )  # fmt: skip


def _headlines(content: dict[str, Any]) -> dict[str, dict[str, dict[str, float | None]]]:
    """Headline scores of a report; those of a protocol that does not ship are its first cells'."""
    cells = [_cell(cell) for cell in content["cells"]]
    report = Report({key: value for key, value in content.items() if key != "cells"}, tuple(cells))
    from fervbench.errors import NotAvailableError

    try:
        protocol = load_protocol(content["protocol"]["id"])
        if protocol.sha256 == content["protocol"]["sha256"]:
            return {name: headline_scores(protocol, report, name) for name in report.evaluations}
    except NotAvailableError:
        pass
    found: dict[str, dict[str, dict[str, float | None]]] = {}
    for cell in cells:
        if cell.evaluation not in found or cell.target == "pooled":
            found[cell.evaluation] = {
                metric: {key: each.get(key) for key in ("value", "ci_low", "ci_high")}
                for metric, each in cell.metrics.items()
            }
    return found


def _cell(content: dict[str, Any]) -> Cell:
    names = ("evaluation", "source", "target", "aggregate", "n", "missing", "metrics", "per_class", "confusion")
    known: dict[str, Any] = {name: content.get(name) for name in names}
    return Cell(**known)
