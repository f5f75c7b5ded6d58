"""What stands on two sides of a split that should stand on one: subjects, movies, and clips under two ids.

Near-duplicate ids are ids that are equal once what people and programs add to a name is taken off: capitals, zeros
before a number, the kind of separator, a video file's extension, marks of a copy such as "(1)", "-copy" or "_flip".
Whether their pictures are alike is not looked at: `fervbench pack leaks` does that.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence

from fervbench.findings import Finding

_EXTENSION = re.compile(r"\.(mp4|avi|mov|mkv|webm|mpg|mpeg|wmv|npy|npz)$")
_COPY = re.compile(r"([ _.-]*\(\d+\)|[ _.-]+(copy|dup|duplicate|flip|flipped|mirror|mirrored|aug)[ _.-]?\d*)$")
_SEPARATORS = re.compile(r"[ _.-]+")
_ZEROS = re.compile(r"(?<!\d)0+(?=\d)")


def plain_id(id: str) -> str:
    """An id without what people add to names.

    >>> plain_id("Movie-007_Copy (1).mp4") == plain_id("movie_7")
    True
    """
    text = _EXTENSION.sub("", unicodedata.normalize("NFKC", id).casefold().strip())
    while True:
        shorter = _COPY.sub("", text)
        if shorter == text or not shorter:
            break
        text = shorter
    return _ZEROS.sub("", _SEPARATORS.sub("_", text))


def find_leaks(
    part_of: Mapping[str, str], clusters: Mapping[str, Sequence[str]], file: str, severity: str = "error"
) -> list[Finding]:
    """A finding for every cluster and every near-duplicate id that stands in more than one part.

    `part_of` names the part (or fold) of each clip; `clusters` maps a kind (subject, movie) to the cluster of each
    clip, in the order of `part_of`; an empty name is none.
    """
    found = []
    for kind, names in clusters.items():
        members: dict[str, dict[str, list[str]]] = {}
        for (id, part), name in zip(part_of.items(), names, strict=True):
            if name:
                members.setdefault(name, {}).setdefault(part, []).append(id)
        for name, parts in members.items():
            if len(parts) > 1:
                sizes = ", ".join(f"{part} ({len(ids):,}, as {ids[0]!r})" for part, ids in sorted(parts.items()))
                message = f"{kind} {name!r} stands in {len(parts)} parts: {sizes}"
                found.append(Finding(f"leaked-{kind}", message, None, file, None, name, severity))
    alike: dict[str, list[str]] = {}
    for id in part_of:
        alike.setdefault(plain_id(id), []).append(id)
    for ids in alike.values():
        if len({part_of[id] for id in ids}) > 1:
            listed = ", ".join(f"{id!r} ({part_of[id]})" for id in ids[:6])
            message = f"ids that look like one clip stand in several parts: {listed}"
            found.append(Finding("near-duplicate-id", message, None, file, None, ids[0], severity))
    return found
