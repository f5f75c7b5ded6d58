"""Whether a pack is what its header says, to the byte."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from fervbench.errors import InputError
from fervbench.findings import Findings
from fervbench.pack.header import FRAMES, NPY_BYTES, OFFSETS, Header, read_header
from fervbench.pack.reading import open_pack
from fervbench.pack.writing import hash_of

Report = Callable[[int], None]


def verify(path: str | Path, progress: Report | None = None) -> tuple[Header | None, Findings]:
    """Check header, sizes, offsets and the hash of every clip; the header (None where unreadable) and what differs.

    Every byte of the three files is covered: the header by its own hash and canonical text, the first 128 bytes of the
    .npy files by comparison, offsets by a hash in the header, frames by a hash a clip. `progress` is called with 1
    for every clip.
    """
    folder = Path(path)
    findings = Findings(str(path))
    try:
        header = read_header(folder)
    except InputError as error:
        findings.extend(error.findings)
        return None, findings
    extra = sorted(entry.name for entry in folder.iterdir() if entry.name not in (FRAMES, OFFSETS, "header.json"))
    for name in extra:
        findings.add("unexpected-file", f"{name} is no part of a pack", pointer=name)
    try:
        data = (folder / OFFSETS).read_bytes()
        if hash_of(data) != header.offsets_sha256:
            findings.add("hash", f"{OFFSETS} does not have the hash that the header names", pointer=OFFSETS)
    except OSError:
        pass  # open_pack says so
    try:
        pack = open_pack(folder)
    except InputError as error:
        findings.extend(error.findings)
        return header, findings
    frame = pack.header.height * pack.header.width * 3
    with (folder / FRAMES).open("rb") as file:  # not mapped: a map of all that was read counts as memory in use
        file.seek(NPY_BYTES)
        for i, (id, length) in enumerate(zip(pack.ids, np.diff(pack.offsets).tolist(), strict=True)):
            if hash_of(file.read(length * frame)) != header.sha256[i]:
                message = f"{id} does not have the hash that the header names"
                findings.add("hash", message, pointer=f"clip {i}", id=id)
            if progress is not None:
                progress(1)
    return header, findings
