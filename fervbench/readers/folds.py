"""What the readers of five-fold layouts share: finding one list per fold and part, and joining the folds."""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from fervbench.errors import LabelsError, MismatchError
from fervbench.findings import Findings
from fervbench.labels_file import Labels, read_source
from fervbench.protocol import Protocol

# (fold number, part) to the path of its list
Lists = dict[tuple[int, str], Path]
# id to label, of one list
Clips = dict[str, str]


def files_under(path: Path, suffix: str) -> Iterator[tuple[Path, str]]:
    """Files below `path` that end in `suffix`, sorted, each with its path relative to `path`'s parent ("/" between)."""
    if not path.exists():
        raise LabelsError(f"no such file or folder: {path}", file=str(path))
    if path.is_file():
        yield path, path.name
        return
    base = path.resolve()
    for folder, _, names in walk(base):
        for name in names:
            if name.lower().endswith(suffix) and not name.startswith("."):  # ._set_1.csv is a Mac's shadow of a file
                file = folder / name
                yield file, file.relative_to(base.parent).as_posix()


def walk(base: Path) -> Iterator[tuple[Path, list[str], list[str]]]:
    """As os.walk, sorted, and through links to folders: first the tree itself, then what links in it lead to.

    An entry of a folder is followed once, by whatever path one comes to it, so a link to a folder above ends.
    """
    followed: set[tuple[str, str]] = set()
    starts = deque([base])
    while starts:
        for top, folders, names in os.walk(starts.popleft()):
            folder, real = Path(top), os.path.realpath(top)
            folders.sort()
            yield folder, folders, sorted(names)  # the caller may take folders out
            new = [name for name in folders if (real, name) not in followed]
            followed.update((real, name) for name in new)
            links = {name for name in new if (folder / name).is_symlink()}
            starts.extend(folder / name for name in new if name in links)
            folders[:] = [name for name in new if name not in links]


def find_lists(path: Path, suffix: str, patterns: tuple[str, ...]) -> Lists:
    """One list for each (fold, part); of several candidates the earliest pattern wins, equal ones are an error."""
    found: dict[tuple[int, str], list[tuple[int, Path]]] = {}
    for file, relative in files_under(path, suffix):
        for rank, pattern in enumerate(patterns):
            match = re.search(pattern, relative, re.IGNORECASE)
            if match:
                key = (int(match["fold"]), match["part"].lower())
                found.setdefault(key, []).append((rank, file))
                break
    lists: Lists = {}
    for key, candidates in found.items():
        best = min(rank for rank, _ in candidates)
        files = [file for rank, file in candidates if rank == best]
        if len(files) > 1 and len({read_source(file) for file in files}) > 1:
            raise LabelsError(
                f"two different lists for the {key[1]} part of fold {key[0]}: {files[0]} and {files[1]}",
                hint="name the folder of one copy",
                file=str(path),
            )
        lists[key] = files[0]
    return lists


def require_test_folds(lists: Lists, protocol: Protocol, path: Path, expected: str) -> None:
    """Raise MismatchError where a fold has no test list, or a list no fold."""
    numbers = range(1, len(protocol.leaves) + 1)
    absent = [protocol.leaves[k - 1] for k in numbers if (k, "test") not in lists]
    if absent:
        raise MismatchError(
            f"no test list of {', '.join(absent)} under {path}", hint=f"expected {expected}", file=str(path)
        )
    surplus = sorted({fold for fold, _ in lists if fold not in numbers})
    if surplus:
        message = f"lists of set {', '.join(map(str, surplus))}, but {protocol.id} has {len(numbers)} folds: {path}"
        raise MismatchError(message, file=str(path))


def join_folds(clips: dict[tuple[int, str], Clips], protocol: Protocol, path: Path, notes: list[str]) -> Labels:
    """Labels from the test lists; the train lists, where they are there, must be what the other folds test.

    Raises MismatchError that names the clips and folds that do not fit together.
    """
    findings = Findings(str(path))
    fold_of: dict[str, int] = {}
    label_of: Clips = {}
    for (fold, part), entries in sorted(clips.items()):
        if part == "test":
            for id, label in entries.items():
                if id in fold_of:
                    message = f"{id} is in the test lists of {_name(protocol, fold_of[id])} and {_name(protocol, fold)}"
                    findings.add("overlap", message, id=id)
                else:
                    fold_of[id], label_of[id] = fold, label
    trained = sorted(fold for fold, part in clips if part == "train")
    for fold in trained:
        entries = clips[fold, "train"]
        name = _name(protocol, fold)
        for id, label in entries.items():
            if fold_of.get(id, fold) == fold:
                where = "in its test list too" if id in fold_of else "in no test list"
                findings.add("overlap", f"{id} is in the train list of {name} and {where}", id=id)
            elif label != label_of[id]:
                message = f"{id} is {label} in the train list of {name} and {label_of[id]} in a test list"
                findings.add("label-conflict", message, id=id)
        for id, other in fold_of.items():
            if other != fold and id not in entries:
                findings.add("missing-clip", f"{id} is missing in the train list of {name}", id=id)
    if len(findings):
        raise MismatchError(
            f"the lists contradict each other: {path}",
            hint=_exchanged(clips, protocol),
            file=str(path),
            findings=findings,
        )
    if not trained:
        notes.append("no train lists there: the folds' test lists were used alone")
    ids = list(fold_of)
    leaves = [_name(protocol, fold_of[id]) for id in ids]
    return Labels(ids, [label_of[id] for id in ids], leaves, ["test"] * len(ids), notes=tuple(notes))


def _exchanged(clips: dict[tuple[int, str], Clips], protocol: Protocol) -> str | None:
    """A guess at what happened where two train lists each leave out the other fold's test list, and not their own."""
    tests = {fold: entries.keys() for (fold, part), entries in clips.items() if part == "test"}
    moved = {}
    for (fold, part), entries in clips.items():
        left_out = [other for other, ids in tests.items() if ids.isdisjoint(entries)] if part == "train" else [fold]
        if left_out != [fold]:
            moved[fold] = left_out
    pair = sorted(moved)
    if len(pair) != 2 or [moved[fold] for fold in pair] != [[pair[1]], [pair[0]]]:
        return None
    names = " and ".join(_name(protocol, fold) for fold in pair)
    return f"the lists of {names} look exchanged: the train list of each leaves out what the other tests"


def _name(protocol: Protocol, fold: int) -> str:
    return protocol.leaves[fold - 1]
