"""MAFW's official single-label fold lists: `split/single/{no_caption,with_caption}/set_k/{train,test}.txt`.

A line is `00025.mp4 anger`; with captions the fields are separated by tabs and the Chinese one is in GBK, so only the
first two fields are read, as bytes. Label words are matched to the protocol's classes without regard to case.
"""

from __future__ import annotations

import re
from pathlib import Path

from fervbench.errors import LabelsError
from fervbench.findings import Findings
from fervbench.labels_file import Labels, read_source
from fervbench.protocol import Protocol
from fervbench.readers.folds import Clips, find_lists, join_folds, require_test_folds

_PATTERNS = (
    r"(^|/)single[^/]*/no_caption/set_?(?P<fold>[1-5])/(?P<part>train|test)\.txt$",
    r"(^|/)single[^/]*/with_caption/set_?(?P<fold>[1-5])/(?P<part>train|test)\.txt$",
    r"^(?!.*compound).*(^|/)set_?(?P<fold>[1-5])/(?P<part>train|test)\.txt$",
)


def read(path: Path, protocol: Protocol) -> Labels:
    """Labels of a copy of MAFW's lists: `path` is any folder above `set_1` to `set_5`.

    Raises LabelsError for unreadable lists and MismatchError where lists are absent or contradict each other.
    """
    lists = find_lists(path, ".txt", _PATTERNS)
    require_test_folds(lists, protocol, path, "split/single/no_caption/set_1/test.txt to set_5/test.txt")
    findings = Findings(str(path))
    clips = {key: _read_list(file, protocol, findings) for key, file in lists.items()}
    if len(findings):
        raise LabelsError(f"cannot be read as MAFW lists: {path}", file=str(path), findings=findings)
    return join_folds(clips, protocol, path, [])


def _read_list(file: Path, protocol: Protocol, findings: Findings) -> Clips:
    known = {name.lower(): name for name in protocol.classes}
    clips: Clips = {}
    for line, raw in enumerate(read_source(file).removeprefix(b"\xef\xbb\xbf").splitlines(), 1):
        fields = re.split(rb"[\t ,]+", raw.strip(), maxsplit=2)
        if fields == [b""]:
            continue
        where = f"{file.parent.name}/{file.name} line {line}"
        name, label = (field.decode("ascii", "backslashreplace") for field in (*fields, b"")[:2])
        id = name.removesuffix(".mp4")
        if not protocol.ids.looks_right(id) or label.lower() not in known:
            message = f"{name!r} {label!r} is not an id and one of the protocol's classes"
            findings.add("wrong-row", message, pointer=where)
            continue
        if id in clips:
            findings.add("duplicate-id", f"{id} stands more than once", pointer=where, id=id)
        clips[id] = known[label.lower()]
    return clips
