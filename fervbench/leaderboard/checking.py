"""Checking a board: every entry re-scored and held against its result and its claim, all findings at once.

What was found of an entry is kept in a cache by the hash of all it depends on, so that one new entry costs that entry.
What concerns several entries (duplicates, slugs that look alike, links) is looked at anew each time, from what is kept.
"""

from __future__ import annotations

import base64
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fervbench.errors import InputError, NotAvailableError, ProtocolFileError
from fervbench.files import write_whole
from fervbench.findings import Finding
from fervbench.leaderboard.cache import Cache
from fervbench.leaderboard.duplicates import check_duplicates, check_links, check_slugs
from fervbench.leaderboard.entries import (
    RESULT,
    SUBMISSION,
    Entry,
    Folderful,
    folders_of,
)
from fervbench.leaderboard.entry_checks import check_about, check_files, check_record, read_about, read_result
from fervbench.leaderboard.holding import check_claims, compare_results
from fervbench.leaderboard.moves import changes, told_change
from fervbench.leaderboard.scoring import Ground, ground_of, result_text, score_entry, unpacked
from fervbench.leaderboard.sources import FILE, Files, Folder, Listed
from fervbench.leaderboard.telling import Told, exit_code
from fervbench.protocol import Protocol, load_protocol

TOTAL = 200 * 2**20  # bytes of all files of the entries that are checked, unless it is the whole board


@dataclass(frozen=True)
class Checked:
    """What a check found.

    `entries` are those that stand on the board: no error of their own, and not pending a decision. `kept` holds, by id,
    what rankings and duplicates need; `fresh` the results that were made anew and differ from what is stored.
    """

    findings: tuple[Finding, ...]
    entries: tuple[Entry, ...] = field(repr=False)
    kept: Mapping[str, dict[str, Any]] = field(repr=False)
    grounds: Mapping[str, Ground] = field(repr=False)
    checked: int = 0
    from_cache: int = 0
    written: tuple[str, ...] = ()
    changes: tuple[dict[str, Any], ...] = ()

    @property
    def exit_code(self) -> int:
        """0, 1 (something is invalid) or 4 (a score differs from a claim or a stored result)."""
        return exit_code(self.findings)


@dataclass
class Options:
    """How to check. `only` names entries by id (None: all); `write` stores results where they are missing or differ."""

    only: frozenset[str] | None = None
    grounds: dict[str, Ground] = field(default_factory=dict)
    ground_truth: str | None = None
    write: bool = False
    force: bool = False
    say: Callable[[str], None] | None = None
    results: dict[str, str] = field(default_factory=dict)  # texts of results made in this check, to be stored


def check_board(files: Files, cache: Cache, options: Options) -> Checked:
    """Check the entries of a board. Raises InputError where it cannot be listed."""
    listing = files.listing()
    folders, stray = folders_of(listing)
    told = Told()
    for listed in stray:
        _tell_stray(listed, told)
    wanted = [of for of in folders if options.only is None or of.id in options.only]
    for id in sorted((options.only or frozenset()) - {of.id for of in folders}):
        told.add("no-entry", f"there is no entry {id}", hint="an entry is named protocol/slug")
    if options.only is not None and sum(f.size for of in wanted for f in of.files.values()) > TOTAL:
        told.add("too-large", f"the entries hold more than {TOTAL // 2**20} MiB together")
        wanted = []
    kept: dict[str, dict[str, Any]] = {}
    entries, written, from_cache, started = [], [], 0, time.monotonic()
    for number, of in enumerate(wanted, start=1):
        if options.say is not None and time.monotonic() - started > 2:
            started = time.monotonic()
            options.say(f"{number:,} of {len(wanted):,} entries")
        found, cached = _one(of, files, cache, options)
        from_cache += cached
        own = _findings(found)
        if options.write and isinstance(files, Folder) and _may_write(found, options):
            own = _write(of, files, found, own, cache, options)
            written.append(of.id)
        options.results.pop(of.id, None)
        told.extend(own)
        kept[of.id] = found
        if found.get("about") is not None and exit_code(own) != 1:
            entries.append(_entry(of, found))
    others = [of for of in folders if of.id not in kept]
    check_slugs(folders, told)
    check_links(kept, {of.id for of in folders}, told)
    check_duplicates(kept, _answers_of_others(others, files, cache, options, kept), told)
    moved = changes(entries, kept, options.grounds)
    for each in moved:
        told.extend([told_change(each)])
    findings = tuple(told.kept)
    return Checked(
        findings, tuple(entries), kept, options.grounds, len(wanted), from_cache, tuple(written), tuple(moved)
    )


def _tell_stray(listed: Listed, told: Told) -> None:
    rule = "symlink" if listed.kind == "link" else "stray-file"
    hint = "entries are submissions/<protocol>/<slug>/"
    told.add(
        rule, f"is a {listed.kind} that belongs to no entry: {listed.path[:200]}", hint=hint, file=listed.path[:300]
    )


def ground(id: str, options: Options) -> Ground:
    """The protocol of a folder, with its labels where they are here. Raises NotAvailableError."""
    if id not in options.grounds:
        protocol = load_protocol(id)
        options.grounds[id] = ground_of(protocol, options.ground_truth)
    return options.grounds[id]


def _one(of: Folderful, files: Files, cache: Cache, options: Options) -> tuple[dict[str, Any], bool]:
    """What is found of one entry, and whether it was kept."""
    told = Told(f"{of.protocol}/{of.slug}", of.id)
    if not check_files(of, told):
        return {"findings": [f.to_dict() for f in told.kept]}, False
    try:
        by = ground(of.protocol, options)
    except (NotAvailableError, ProtocolFileError, InputError) as error:
        if isinstance(error, NotAvailableError) and type(error) is not NotAvailableError:
            raise
        told.add("unknown-protocol", error.message, hint=error.hint)
        return {"findings": [f.to_dict() for f in told.kept]}, False
    try:
        parts = [files.read(of.path(n), of.files[n].size) if n in of.files else b"" for n in (SUBMISSION, RESULT)]
        packed = files.read(of.path(of.predictions), of.files[of.predictions].size) if of.predictions else b""
    except InputError as error:
        told.add("unreadable", error.message)
        return {"findings": [f.to_dict() for f in told.kept]}, False
    key = cache.key(of.id, by, [*parts, packed])
    found = cache.get(key)
    if found is not None:
        return found, True
    found = _look(of, files, by, packed, told, options)
    found["findings"] = [f.to_dict() for f in told.kept]
    cache.put(key, found)
    return found, False


def _look(of: Folderful, files: Files, by: Ground, packed: bytes, told: Told, options: Options) -> dict[str, Any]:
    """Read, score and compare one entry."""
    about, _ = read_about(of, files, told)
    stored, _ = read_result(of, files, told)
    found: dict[str, Any] = {"about": about, "stored": _small(stored), "fresh": None}
    if about is not None:
        told.file = of.path(SUBMISSION)
        check_about(about, by.protocol, predictions=of.predictions is not None, told=told)
    if of.predictions is None:
        if stored is not None:
            told.file = of.path(RESULT)
            told.add("result-without-predictions", "there is a result, and no predictions", hint="remove result.json")
        return found
    file = of.path(of.predictions)
    told.file = file
    try:
        text = unpacked(packed, file)
    except InputError as error:
        told.add("too-large" if "MiB" in error.message else "unreadable", error.message, hint=error.hint)
        return found
    missing = str((about or {}).get("missing", "error"))
    scored = score_entry(of.id, text, file, by, told, missing=missing)
    if scored is None:
        return found
    found["digest"], found["ids"] = scored.digest, scored.ids
    found["answers"] = base64.b64encode(zlib.compress(scored.answers.tobytes(), 1)).decode("ascii")
    found["right"], found["drawn"] = scored.right, scored.drawn
    if about is None:
        return found
    told.file = of.path(SUBMISSION)
    check_record(about, scored.sha256, told)
    if scored.result is None:
        _without_labels(stored, scored.sha256, of, told)
        if stored is not None:
            check_claims(about, stored["scores"], told)
        return found
    found["fresh"] = _small(scored.result)
    if options.write:
        options.results[of.id] = result_text(scored.result)
    check_claims(about, scored.result["scores"], told)
    told.file = of.path(RESULT)
    same = stored is not None and stored["report"]["protocol"]["sha256"] == by.protocol.sha256
    other = same and stored is not None and stored["report"]["ground_truth"]["sha256"] != by.fingerprint
    if stored is None:
        hint = "fervbench leaderboard check --write"
        told.note("no-result", "was scored, and the result is not stored yet", hint=hint)
    elif other:  # a new version of the protocol may well bring new labels; the same one may not
        found["other_truth"], found["right"], found["drawn"] = True, {}, {}
        message = "the stored result is against another ground truth"
        hint = f"stored: {stored['report']['ground_truth']['sha256'][:16]}..., here: {str(by.fingerprint)[:16]}..."
        told.warn("other-ground-truth", message, hint=hint)
    else:
        compare_results(stored, scored.result, told)
    return found


def _without_labels(stored: dict[str, Any] | None, sha256: str, of: Folderful, told: Told) -> None:
    """What can be said of a result where the labels are not here."""
    if stored is None:
        message = "the form is in order; a maintainer with the labels scores it"
        told.note("pending", message, hint="fervbench leaderboard check --ground-truth PATH --write")
    elif stored["predictions"] != sha256:
        told.file = of.path(RESULT)
        told.add("result-differs", "the stored result is that of other predictions")


def _small(result: dict[str, Any] | None) -> dict[str, Any] | None:
    """The part of a result that rankings need."""
    if result is None:
        return None
    report = result["report"]
    kept = {key: report[key] for key in ("protocol", "ground_truth", "signature", "intervals", "tool_version")}
    return {"scores": result["scores"], "predictions": result["predictions"], "report": kept}


def _findings(found: dict[str, Any]) -> list[Finding]:
    return [Finding(**each) for each in found["findings"]]


def _entry(of: Folderful, found: dict[str, Any]) -> Entry:
    """The entry as rankings take it: with the result made here, else the stored one, reduced to what they need."""
    result = found["stored"] if found.get("other_truth") else found["fresh"] or found["stored"]
    return Entry(of.protocol, of.slug, found["about"], result, of.predictions)


def _may_write(found: dict[str, Any], options: Options) -> bool:
    """Whether a result is to be stored: it is new, or differs, and nothing else is wrong with the entry."""
    if found.get("fresh") is None or found["about"] is None:
        return False
    rules = {f["rule"] for f in found["findings"] if f["severity"] == "error"}
    if rules - {"result-differs"}:
        return False
    if found.get("other_truth"):
        return options.force
    stale = {"no-result", "result-differs", "protocol-changed"}
    return any(f["rule"] in stale for f in found["findings"])


def _write(
    of: Folderful, files: Folder, found: dict[str, Any], own: list[Finding], cache: Cache, options: Options
) -> list[Finding]:
    """Store the result of an entry; its findings without what is thereby settled."""
    by, data = options.grounds[of.protocol], files.read(of.path(str(of.predictions)), _size(of, of.predictions))
    text = options.results.pop(of.id, None)
    if text is None:  # what was kept of an earlier check is not the whole result
        file = of.path(str(of.predictions))
        missing = str(found["about"].get("missing", "error"))
        scored = score_entry(of.id, unpacked(data, file), file, by, Told(file, of.id), missing=missing)
        if scored is None or scored.result is None:
            return own
        text = result_text(scored.result)
    write_whole(Path(files.root) / of.path(RESULT), text, overwrite=True)
    found["stored_before"], found["stored"] = found["stored"], found["fresh"]
    settled = {"no-result", "result-differs", "protocol-changed", "other-ground-truth"}
    left = [finding for finding in own if finding.rule not in settled]
    known = {key: value for key, value in found.items() if key not in ("stored_before", "other_truth")}
    about = files.read(of.path(SUBMISSION), _size(of, SUBMISSION))
    key = cache.key(of.id, by, [about, text.encode(), data])
    if not found.get("other_truth"):
        cache.put(key, known | {"findings": [finding.to_dict() for finding in left]})
    return left


def _size(of: Folderful, name: str | None) -> int:
    return of.files[str(name)].size


def _answers_of_others(
    others: list[Folderful], files: Files, cache: Cache, options: Options, kept: Mapping[str, dict[str, Any]]
) -> dict[str, dict[str, Any]]:
    """What is needed to find duplicates among entries that are not themselves checked."""
    if not others or not any("digest" in found for found in kept.values()):
        return {}
    protocols = {id.partition("/")[0] for id, found in kept.items() if "digest" in found}
    found = {}
    for of in others:
        if of.protocol in protocols and of.predictions and check_files(of, Told()):
            found[of.id], _ = _one(of, files, cache, options)
    return found


def protocols_from(paths: tuple[str, ...], ground_truth: str | None = None) -> dict[str, Ground]:
    """Protocols given by path, by id: they stand in for shipped ones of the same id."""
    found = {}
    for path in paths:
        protocol: Protocol = load_protocol(path)
        found[protocol.id] = ground_of(protocol, ground_truth)
    return found


__all__ = ["FILE", "Checked", "Options", "check_board", "protocols_from"]
