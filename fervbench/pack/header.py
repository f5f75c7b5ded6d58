"""The header of a pack, `fervbench-pack/1`: what the clips are, how they were made, and hashes of everything.

A pack is a folder of three files:

    frames.npy     uint8 (frames, height, width, 3), all clips one after the other; its own header is 128 bytes
    offsets.npy    int64 (clips + 1,): clip i is frames[offsets[i]:offsets[i + 1]]
    header.json    this; one canonical text for one content, so that a changed byte anywhere is found

No time, machine or path is in it: equal sources and settings make equal bytes.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fervbench.errors import InputError
from fervbench.files import read_bounded
from fervbench.findings import Findings
from fervbench.strict_json import parse

FORMAT = "fervbench-pack/1"
FRAMES, OFFSETS, HEADER = "frames.npy", "offsets.npy", "header.json"
NPY_BYTES = 128
_LIMIT = 512 * 2**20
_NPY_START = b"\x93NUMPY\x01\x00" + (NPY_BYTES - 10).to_bytes(2, "little")


@dataclass(frozen=True)
class Header:
    """What header.json says. Lists run over clips; `labels`, `parts` and `groups` may hold None.

    `group` is what a split is made of beyond train and test: FERV39k's scene, the fold in which DFEW tests a clip.
    `settings` is everything that decides pixels: decoder and versions, filter, size, sampler, rules. `left_out` names
    each clip that is not in the pack and why, `noted` each that is and is odd.
    """

    height: int
    width: int
    frames: int
    ids: list[str]
    labels: list[str | None]
    parts: list[str | None]
    groups: list[str | None]
    sha256: list[str]
    source: dict[str, Any]
    settings: dict[str, Any]
    offsets_sha256: str
    left_out: list[dict[str, str]] = field(default_factory=list)
    noted: list[dict[str, str]] = field(default_factory=list)

    @property
    def frame_bytes(self) -> int:
        """Bytes of one frame."""
        return self.height * self.width * 3

    def to_bytes(self) -> bytes:
        """header.json, its own hash included."""
        content = {"format": FORMAT, "clips": len(self.ids)} | {name: getattr(self, name) for name in _TYPES}
        content["header_sha256"] = _digest(content)
        return _text(content)


_TYPES: dict[str, type] = {
    "height": int, "width": int, "frames": int, "ids": list, "labels": list, "parts": list, "groups": list,
    "sha256": list, "source": dict, "settings": dict, "offsets_sha256": str, "left_out": list, "noted": list,
}  # fmt: skip
_COLUMNS = ("ids", "labels", "parts", "groups", "sha256")


def _text(content: dict[str, Any]) -> bytes:
    return (json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def _digest(content: dict[str, Any]) -> str:
    return hashlib.sha256(_text(content)).hexdigest()


def read_header(folder: str | Path) -> Header:
    """The header of the pack in `folder`. Raises InputError, with every finding, where it is none."""
    path = Path(folder) / HEADER
    if not path.is_file():
        raise InputError(f"is no pack: {folder}", hint=f"a pack is a folder with {HEADER}", file=str(folder))
    return parse_header(read_bounded(path, _LIMIT), str(path))


def parse_header(data: bytes, file: str) -> Header:
    """The header that `data` holds. Raises InputError, with every finding, where it is none."""
    findings = Findings(file)
    document = parse(data, file)
    content = document.value
    if document.suspect or not isinstance(content, dict) or content.get("format") != FORMAT:
        raise InputError(f"is no header of a pack ({FORMAT}): {file}", file=file)
    for name, kind in _TYPES.items():
        if type(content.get(name)) is not kind and not (kind is dict and isinstance(content.get(name), dict)):
            findings.add("invalid-header", f"{name} is absent or not of type {kind.__name__}", pointer=f"/{name}")
    if not len(findings):
        _check_content(content, findings)
    if not len(findings) and data != _text(content):
        findings.add("not-canonical", "the text is not the one that fervbench writes for this content")
    if len(findings):
        raise InputError(f"is a damaged header: {file}", file=file, findings=findings)
    return Header(**{name: content[name] for name in _TYPES})


def _check_content(content: dict[str, Any], findings: Findings) -> None:
    ids = content["ids"]
    for name in _COLUMNS:
        if len(content[name]) != len(ids):
            findings.add("invalid-header", f"{len(content[name])} {name} for {len(ids)} clips", pointer=f"/{name}")
        optional = name in ("labels", "parts", "groups")
        if not all(isinstance(value, str) or (optional and value is None) for value in content[name]):
            findings.add("invalid-header", f"{name} holds something else than text", pointer=f"/{name}")
    if content.get("clips") != len(ids):
        findings.add("invalid-header", f"clips is {content.get('clips')!r}, ids are {len(ids)}", pointer="/clips")
    if not len(findings) and len(set(ids)) != len(ids):
        findings.add("duplicate-id", "an id stands more than once", pointer="/ids")
    if not 0 < content["height"] <= 2**16 or not 0 < content["width"] <= 2**16 or not 0 <= content["frames"] < 2**40:
        findings.add("invalid-header", "sizes are out of range", pointer="/frames")
    given = content.get("header_sha256")
    if given != _digest({name: value for name, value in content.items() if name != "header_sha256"}):
        findings.add("header-hash", "the header's content does not have the hash it names", pointer="/header_sha256")


def npy_header(shape: tuple[int, ...], descr: str) -> bytes:
    """The start of a .npy file (format 1.0), always 128 bytes, so that the number of frames can be filled in last."""
    text = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape!r}, }}".encode()
    return _NPY_START + text.ljust(NPY_BYTES - 11) + b"\n"


def npy_offsets(offsets: NDArray[np.int64]) -> bytes:
    """offsets.npy as bytes."""
    return npy_header(offsets.shape, "<i8") + offsets.astype("<i8").tobytes()
