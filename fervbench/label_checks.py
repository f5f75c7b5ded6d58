"""Whether labels are the ones a protocol means, and if not, what differs.

The fingerprint decides. Where it does not match, or none is frozen, the comparison says as much as is known: the very
clips where the truth is embedded; else sizes, counts by configuration and class, the rule of the folds, and digests of
blocks of ids, because labels themselves are licensed and not shipped.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from itertools import combinations
from typing import Any

from fervbench.embedded import embedded_labels
from fervbench.errors import MismatchError
from fervbench.findings import Findings
from fervbench.labels_file import Labels
from fervbench.protocol import Protocol

# (id, class, leaf) of a test clip
Row = tuple[str, str, str]
# Pairs of folds that are tried against what differs; a protocol of more leaves has scenes, not folds.
_MAX_FOLDS = 20


def compare(protocol: Protocol, labels: Labels, sha256: str, file: str) -> None:
    """Raise MismatchError, with everything that differs, unless labels with this fingerprint are the protocol's."""
    frozen = protocol.ground_truth.get("fingerprint")
    embedded = protocol.ground_truth["kind"] == "counts"
    if sha256 == frozen and not (embedded and "train" in labels.parts):
        return
    findings = Findings(file)
    hint = None
    if embedded:
        _compare_clips(embedded_labels(protocol), labels, findings)
    else:
        rows = _test_rows(labels)
        counts = protocol.counts()
        _compare_counts(protocol, counts, rows, findings)
        if len(findings) and counts is not None:
            hint = _guess(protocol, counts, rows)
    if frozen is not None and sha256 != frozen and not len(findings):
        findings.add("fingerprint", f"fingerprint {sha256[:16]}... instead of {frozen[:16]}...")
    if len(findings):
        message = f"these are not the labels of {protocol.id} {protocol.version}: {file}"
        raise MismatchError(message, hint=hint, file=file, findings=findings)


def _guess(protocol: Protocol, counts: dict[str, Any], rows: list[Row]) -> str | None:
    """The one known mistake without which nothing would differ; None where there is none, or more than one."""
    found = []
    for said, mended in _mistakes(protocol, counts, rows):
        left = Findings()
        _compare_counts(protocol, counts, mended, left)
        if not len(left):
            found.append(said)
    return found[0] if len(found) == 1 else None


def _mistakes(protocol: Protocol, counts: dict[str, Any], rows: list[Row]) -> Iterator[tuple[str, list[Row]]]:
    """What people do to labels, and the rows without it, where the counts by configuration and class do not speak
    against it.
    """
    found = Counter((leaf, name) for _, name, leaf in rows)
    cells = counts["cells"]

    def fits(class_of: dict[str, str], leaf_of: dict[str, str]) -> bool:
        return all(
            found[leaf, name] == cells.get(leaf_of[leaf], {}).get(class_of[name], {}).get("test", 0)
            for leaf in protocol.leaves
            for name in protocol.classes
        )

    same_class = {name: name for name in protocol.classes}
    same_leaf = {leaf: leaf for leaf in protocol.leaves}
    # a class was called by the protocol's order what the numbers meant by the alphabet
    alphabetical = dict(zip(protocol.classes, sorted(protocol.classes, key=str.lower), strict=True))
    if fits(alphabetical, same_leaf):
        order = ", ".join(alphabetical.values())
        said = f"the labels look numbered in alphabetical order ({order}), not in the protocol's"
        hint = f"{said} ({', '.join(protocol.classes)}): with that, everything fits"
        yield hint, [(id, alphabetical[name], leaf) for id, name, leaf in rows]
    for one, other in combinations(protocol.leaves, 2) if len(protocol.leaves) <= _MAX_FOLDS else ():
        exchanged = same_leaf | {one: other, other: one}
        if fits(same_class, exchanged):
            hint = f"the lists of {one} and {other} look exchanged: with them the other way round, everything fits"
            yield hint, [(id, name, exchanged[leaf]) for id, name, leaf in rows]


def _test_rows(labels: Labels) -> list[Row]:
    columns = zip(labels.ids, labels.labels, labels.leaves, labels.parts, strict=True)
    return [(id, name, leaf) for id, name, leaf, part in columns if part == "test"]


def _compare_clips(expected: Labels, found: Labels, findings: Findings) -> None:
    """Name every clip that is missing, surplus, in the other part or labelled otherwise. Train may be left out."""
    wanted = _rows_by_id(expected)
    given = _rows_by_id(found)
    for id, (part, label, leaf) in wanted.items():
        if id not in given:
            if part == "test" or "train" in found.parts:
                findings.add("missing-clip", f"{id} ({part}) is missing", id=id, hint=_header_hint(id))
            continue
        if given[id][0] != part:
            findings.add("wrong-part", f"{id} belongs to the {part} part", id=id)
        if given[id][1:] != (label, leaf):
            message = f"{id} is {label} of {leaf}, not {' of '.join(given[id][1:])}"
            findings.add("wrong-label", message, id=id)
    for id in given:
        if id not in wanted:
            findings.add("surplus-clip", f"{id} is in no official list", id=id)


def _rows_by_id(labels: Labels) -> dict[str, tuple[str, str, str]]:
    return dict(zip(labels.ids, zip(labels.parts, labels.labels, labels.leaves, strict=True), strict=True))


def _header_hint(id: str) -> str | None:
    """The clips on the first lines of the official lists go missing when a header-less csv is read with a header."""
    first = ("Interview/Happy/0118", "Crime/Angry/0063")
    return "the first line of the official list: was it taken for a header?" if id in first else None


def _compare_counts(protocol: Protocol, counts: dict[str, Any] | None, rows: list[Row], findings: Findings) -> None:
    sizes = Counter(leaf for _, _, leaf in rows)
    for leaf in protocol.leaves:
        if not sizes[leaf]:
            findings.add("empty-configuration", f"{leaf} has no test clip")
    for name, wanted in protocol.ground_truth.get("sizes", {}).items():
        n = sum(sizes[leaf] for leaf in protocol.configurations[name].leaves)
        if n != wanted:
            findings.add("wrong-size", f"{name} has {n:,} test clips instead of {wanted:,}")
    if counts is None:
        return
    found = Counter((leaf, name) for _, name, leaf in rows)
    for leaf, cells in counts["cells"].items():
        for name in protocol.classes:
            n, wanted = found[leaf, name], cells.get(name, {}).get("test", 0)
            if n != wanted:
                findings.add("wrong-count", f"{leaf} has {n:,} clips of {name} instead of {wanted:,}")
    if protocol.ground_truth.get("fold_rule") == "contiguous-by-id":
        _check_fold_rule(protocol, rows, findings)
    _check_blocks(counts, rows, findings)


def _check_fold_rule(protocol: Protocol, rows: list[Row], findings: Findings) -> None:
    """Clips of a class, sorted by id, are cut into contiguous folds; the first ones are a clip longer if need be."""
    if len(findings):
        return  # with a clip too many or too few every later cut moves: it would name the wrong ones
    for name in protocol.classes:
        clips = sorted((id, leaf) for id, label, leaf in rows if label == name)
        expected = [protocol.leaves[i] for i, n in enumerate(_cuts(len(clips), len(protocol.leaves))) for _ in range(n)]
        for (id, leaf), right in zip(clips, expected, strict=True):
            if leaf != right:
                message = f"{id} ({name}) is in {leaf}, the rule of the folds puts it in {right}"
                findings.add("wrong-fold", message, id=id)


def _cuts(n: int, folds: int) -> list[int]:
    return [n // folds + (i < n % folds) for i in range(folds)]


def _check_blocks(counts: dict[str, Any], rows: list[Row], findings: Findings) -> None:
    size = counts.get("block_size")
    if not size:
        return
    lines: dict[str, list[str]] = {key: [] for key in counts["blocks"]}
    for id, label, leaf in rows:
        is_number = id.isascii() and id.isdigit() and len(id) <= 15
        key = f"{int(id) // size * size:05d}" if is_number else id
        lines.setdefault(key, []).append(f"{leaf}\t{id}\t{label}\n")
    for key, block in sorted(lines.items()):
        known = counts["blocks"].get(key)
        if known is None:
            findings.add("surplus-clip", f"no clip of the protocol has an id like {block[0].split(chr(9))[1]}")
            continue
        digest = hashlib.sha256("".join(sorted(block)).encode()).hexdigest()
        if not digest.startswith(known["sha256"]):
            last = int(key) + size - 1
            findings.add(
                "differs",
                f"clips {key} to {last:05d} differ: {len(block)} of {known['n']} clips, or another label or fold",
                hint="labels are not shipped, so clips are compared in blocks of ids",
            )
