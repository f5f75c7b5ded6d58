"""`make_pack`: list the sources, decode what is not yet done, put the pack in place.

While it is made, a pack lies in `.NAME.partial` beside its target: `settings.json` (what it is made with), `journal`
(what is done), `pack/` (the files). Where clips stand in the frames file follows from the listing alone, so an
interrupted packing goes on where it was, and ends in the same bytes as one that was not interrupted. A clip that
cannot be read leaves its place empty; if the pack is wanted without it, the others are moved together at the end.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from fervbench.errors import UsageError
from fervbench.files import write_whole
from fervbench.findings import Finding, Findings
from fervbench.pack.clips import Settings, make_decoder, packed_length
from fervbench.pack.faces import FaceTable, UnusableError, place, read_faces
from fervbench.pack.frames import frame_number, list_frames
from fervbench.pack.header import FRAMES, HEADER, NPY_BYTES, Header, npy_header, npy_offsets, read_header
from fervbench.pack.journal import Entry, Journal
from fervbench.pack.sources import Clip, Source, find_source
from fervbench.pack.workers import Done, Task, run
from fervbench.pack.writing import check_target, finish, hash_of, locked, partial_folder

Progress = Callable[[int], None]
_FEW = 1000


@dataclass
class Made:
    """What came of packing. `written` is False where problems kept the pack from being put in place."""

    clips: int
    frames: int
    written: bool
    problems: Findings
    left_out: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    resumed: int = 0
    decoded: int = 0


@dataclass
class _Plan:
    """Every clip with its place; the places of a frames file of `total` frames."""

    tasks: list[Task]
    total: int
    left_out: list[Finding]


def make_pack(
    source: str | Path | Source,
    out: str | Path,
    settings: Settings | None = None,
    *,
    faces: str | Path | None = None,
    stream: str = "face",
    kind: str | None = None,
    folder: str | None = None,
    workers: int | None = None,
    allow_missing: bool = False,
    overwrite: bool = False,
    progress: Callable[[int, int], Progress] | None = None,
) -> Made:
    """Pack `source`. `progress` gets the frames to do and those done before, and returns what counts frames.

    With problems and without `allow_missing` nothing is put in place; what is decoded is kept for the next attempt.
    Raises UsageError for impossible settings, an existing target, or an unfinished pack made with other settings;
    InputError for unusable sources; MissingExtraError without the decoder's library.
    """
    target = Path(out).absolute()
    settings = settings or Settings()
    settings.check()
    if (settings.rule is None) != (faces is None):
        raise UsageError("a rule needs a table of faces, and a table of faces a rule")
    partial = partial_folder(target)
    interrupted = (partial / "settings.json").is_file() and (target / HEADER).is_file() and not overwrite
    if not interrupted:
        check_target(target, overwrite=overwrite)
    make_decoder(settings)
    if not isinstance(source, Source):
        source = find_source(Path(source), stream=stream, kind=kind, below=folder)
    table = read_faces(faces) if faces is not None else None
    if table is not None:
        settings = replace(settings, faces_sha256=table.sha256)
    plan = _plan(source, settings, table)
    identity = {"settings": settings.describe(videos=_has_videos(source)), "kind": source.kind, "stream": stream}
    with locked(partial):
        if interrupted:
            return _already_there(target, source, identity)
        _open_partial(partial, identity, plan, settings, overwrite=overwrite)
        return _make(plan, source, settings, identity, target, workers, allow_missing, progress)


def _already_there(target: Path, source: Source, identity: dict[str, Any]) -> Made:
    """The pack was put in place and its packing killed before it could tidy up. Raises UsageError where it was not."""
    header = read_header(target)
    if header.settings != identity["settings"] or header.source != _origin(source, identity):
        check_target(target, overwrite=False)
    shutil.rmtree(partial_folder(target), ignore_errors=True)
    made = Made(len(header.ids), header.frames, written=True, problems=Findings(str(target)), resumed=len(header.ids))
    made.left_out = [Finding(row["rule"], row["id"], id=row["id"]) for row in header.left_out]
    made.notes.append("the pack is there already, made from these sources with these settings")
    return made


def _origin(source: Source, identity: dict[str, Any]) -> dict[str, Any]:
    made = {"kind": source.kind, "stream": identity["stream"], "list_sha256": source.list_sha256()}
    return made | ({"synthetic": True} if source.synthetic else {})  # what is rendered stays labelled so


def _has_videos(source: Source) -> bool:
    return any(not Path(clip.path).is_dir() for clip in source.clips[:1])


def _plan(source: Source, settings: Settings, table: FaceTable | None) -> _Plan:
    tasks: list[Task] = []
    left_out: list[Finding] = []
    start = 0
    for clip in source.clips:
        placed = None
        if table is not None and settings.rule is not None:
            try:
                placed = place(table, clip.id, _numbers(clip), settings.rule, settings.margin)
            except UnusableError as error:
                left_out.append(Finding("faceless", f"{clip.id}: {error}", id=clip.id))
                continue
        length = packed_length(settings, clip.length, placed)
        tasks.append(Task(clip, start, length, placed))
        start += length
    return _Plan(tasks, start, left_out)


def _numbers(clip: Clip) -> list[int]:
    """The numbers by which a table of faces names the frames of a clip."""
    if not os.path.isdir(clip.path):  # noqa: PTH112 (many)
        return list(range(clip.length))
    numbers = [frame_number(name) for name in list_frames(clip.path).names]
    return [i if number is None else number for i, number in enumerate(numbers)]


def _open_partial(partial: Path, identity: dict[str, Any], plan: _Plan, settings: Settings, *, overwrite: bool) -> None:
    """Make the folder ready to be written into, keeping what an earlier attempt with the same settings has left."""
    file = partial / "settings.json"
    text = json.dumps(identity, indent=1, sort_keys=True) + "\n"
    if file.exists() and file.read_text(encoding="utf-8") != text:
        if not overwrite:
            message = f"an unfinished pack with other settings or versions is in {partial.name}"
            raise UsageError(message, hint="--force starts anew", file=str(partial))
        file.unlink()
    if not file.exists():  # nothing of an older attempt counts
        shutil.rmtree(partial / "pack", ignore_errors=True)
        (partial / "journal").unlink(missing_ok=True)
        write_whole(file, text, overwrite=True)
    (partial / "pack").mkdir(exist_ok=True)
    with (partial / "pack" / FRAMES).open("ab") as frames:
        frames.truncate(NPY_BYTES + plan.total * settings.height * settings.width * 3)


def _make(
    plan: _Plan,
    source: Source,
    settings: Settings,
    identity: dict[str, Any],
    target: Path,
    workers: int | None,
    allow_missing: bool,
    progress: Callable[[int, int], Progress] | None,
) -> Made:
    partial = partial_folder(target)
    frames = partial / "pack" / FRAMES
    journal = Journal(partial / "journal")
    hashes = _finished(journal, plan, frames, settings)
    before = sum(task.length for task in plan.tasks if task.clip.id in hashes)
    todo = [task for task in plan.tasks if task.clip.id not in hashes]
    count = progress(plan.total, before) if progress is not None else _silent
    problems = Findings(str(target))
    problems.extend(source.problems)
    made = Made(0, 0, written=False, problems=problems, resumed=len(hashes))
    made.left_out, made.notes = list(plan.left_out), list(source.notes)
    brief = sum(_useful(task) < (settings.number or 0) for task in plan.tasks)
    if brief:
        made.notes.append(f"{brief:,} clips have fewer than {settings.number} frames: theirs are repeated or stretched")
    number = min(workers or _workers(todo), max(1, len(todo)))
    bad: list[Finding] = []
    with journal:
        for done in run(iter(todo), settings, frames, number):
            _note(done, journal, hashes, bad)
            made.decoded += done.sha256 is not None
            count(done.task.length)
    problems.extend(sorted(bad, key=lambda finding: finding.id or ""))
    problems.extend(source.odd)
    kept = [task for task in plan.tasks if task.clip.id in hashes]
    made.clips, made.frames = len(kept), sum(task.length for task in kept)
    if len(problems) and not allow_missing:
        return made
    if not kept:
        problems.add("empty", "no clip can be packed")
        return made
    made.left_out += [*source.problems, *bad]
    _publish(kept, plan, hashes, source, settings, identity, target, made)
    made.written = True
    return made


def _silent(frames: int) -> None:
    del frames


def _useful(task: Task) -> int:
    return len(task.placed.used) if task.placed is not None else task.clip.length


def _workers(todo: list[Task]) -> int:
    """As many as cores, but one where starting others (a fifth of a second each) takes longer than decoding."""
    return available_cores() if sum(task.length for task in todo) > _FEW else 1


def available_cores() -> int:
    """How many cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on this system
        return os.cpu_count() or 1


def _finished(journal: Journal, plan: _Plan, frames: Path, settings: Settings) -> dict[str, str]:
    """Clip id -> hash, for clips that the journal names at their place and whose bytes have that hash."""
    entries = journal.read()
    hashes: dict[str, str] = {}
    frame_bytes = settings.height * settings.width * 3
    with frames.open("rb") as file:
        for task in plan.tasks:
            entry = entries.get(task.clip.id)
            if entry is None or (entry.key, entry.start, entry.length) != (task.clip.key, task.start, task.length):
                continue
            file.seek(NPY_BYTES + task.start * frame_bytes)
            if hash_of(file.read(task.length * frame_bytes)) == entry.sha256:
                hashes[task.clip.id] = entry.sha256
    return hashes


def _note(done: Done, journal: Journal, hashes: dict[str, str], bad: list[Finding]) -> None:
    task = done.task
    if done.sha256 is None:
        bad.append(Finding(done.rule, done.message, id=task.clip.id))
    else:
        journal.add(Entry(task.clip.id, task.clip.key, task.start, task.length, done.sha256))
        hashes[task.clip.id] = done.sha256


def _publish(
    kept: list[Task],
    plan: _Plan,
    hashes: dict[str, str],
    source: Source,
    settings: Settings,
    identity: dict[str, Any],
    target: Path,
    made: Made,
) -> None:
    partial = partial_folder(target)
    folder = partial / "pack"
    if len(kept) < len(plan.tasks):
        folder = _moved_together(kept, folder, partial / "whole", settings)
    offsets = np.cumsum([0, *(task.length for task in kept)], dtype=np.int64)
    total = int(offsets[-1])
    with (folder / FRAMES).open("r+b") as file:
        file.write(npy_header((total, settings.height, settings.width, 3), "|u1"))
    clips = [task.clip for task in kept]
    header = Header(
        height=settings.height,
        width=settings.width,
        frames=total,
        ids=[clip.id for clip in clips],
        labels=[clip.label for clip in clips],
        parts=[clip.part for clip in clips],
        groups=[clip.group for clip in clips],
        sha256=[hashes[clip.id] for clip in clips],
        source=_origin(source, identity),
        settings=identity["settings"],
        offsets_sha256=hash_of(npy_offsets(offsets)),
        left_out=_rows(made.left_out),
        noted=_rows(source.odd),
    )
    finish(folder, target, header, offsets)


def _rows(findings: list[Finding]) -> list[dict[str, str]]:
    """Findings as the header keeps them: without the part of a message that may name a place on this machine."""
    return sorted(
        ({"id": finding.id or "", "rule": finding.rule} for finding in findings), key=lambda r: tuple(r.values())
    )


def _moved_together(kept: list[Task], folder: Path, whole: Path, settings: Settings) -> Path:
    """A copy of the frames file without the places of clips that are left out; the original stays until it is done."""
    shutil.rmtree(whole, ignore_errors=True)
    whole.mkdir()
    frame_bytes = settings.height * settings.width * 3
    with (folder / FRAMES).open("rb") as before, (whole / FRAMES).open("wb") as after:
        after.write(bytes(NPY_BYTES))
        for task in kept:
            before.seek(NPY_BYTES + task.start * frame_bytes)
            after.write(before.read(task.length * frame_bytes))
    return whole
