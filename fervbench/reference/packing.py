"""Packs for a baseline: given ones held against what the recipe needs, or made from a release and kept."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from fervbench.errors import InputError, UsageError
from fervbench.files import make_folder
from fervbench.pack import Pack, Settings, make_pack, open_pack
from fervbench.pack.header import HEADER
from fervbench.pack.progress import Progress
from fervbench.pack.sources import find_source
from fervbench.reference.clips import Size

WITH_SCENES = ("ferv39k",)  # releases that hold a stream of scenes; elsewhere folders of frames are faces


@dataclass(frozen=True)
class Wanted:
    """What a stream needs: frames of `pack`, of which `cut` is seen."""

    stream: str
    pack: Size
    cut: Size


def find_packs(
    data: Path, scenes: Path | None, wanted: Sequence[Wanted], out: Path, workers: int | None = None
) -> list[Pack]:
    """A pack for every stream. `data` is a pack or a release; `scenes` a pack of scene frames beside a pack of faces.

    Raises InputError where there is nothing or a clip cannot be packed (what is packed so far is kept), UsageError for
    packs of another size or stream.
    """
    if not data.exists():
        raise InputError(f"no such folder: {data}", hint="--data names a release or a pack", file=str(data))
    if len(wanted) == 2 and wanted[1].stream == "flow":  # TSN: flow is made of the frames
        face = replace(wanted[0], stream="face")
        [faces] = find_packs(data, None, [face], out, workers)
        return [faces, open_pack(scenes) if scenes is not None else _flow(faces, out)]
    if not (data / HEADER).is_file():
        made = [_made(data, each, out, workers) for each in wanted if each.stream == "face" or scenes is None]
        if len(made) < len(wanted) and scenes is not None:
            made.append(open_pack(scenes))
            _check(made[-1], wanted[-1])
        return made
    given = [data] if scenes is None else [data, scenes]
    if len(given) != len(wanted):
        streams = " and ".join(each.stream for each in wanted)
        hint = "--data FACES --scene-data SCENES, or --data RELEASE" if len(wanted) == 2 else "leave --scene-data out"
        raise UsageError(f"the network sees {streams}: {len(wanted)} packs, and {len(given)} given", hint=hint)
    found = [open_pack(path) for path in given]
    for pack, each in zip(found, wanted, strict=True):
        _check(pack, each)
    return found


def _flow(faces: Pack, out: Path) -> Pack:
    """The pack of optical flow of a pack of faces, made once."""
    from fervbench.reference.flow import write_flow_pack

    digest = hashlib.sha256(faces.header.to_bytes()).hexdigest()[:12]
    target = out / "packs" / f"flow-{faces.header.height}x{faces.header.width}-{digest}.pack"
    if not (target / HEADER).is_file():
        make_folder(target.parent)
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        line = Progress(faces.header.frames, "frames of flow")
        try:
            write_flow_pack(faces, target, device, line)
        finally:
            line.close()
    return open_pack(target)


def _check(pack: Pack, wanted: Wanted) -> None:
    size = (pack.header.height, pack.header.width)
    stream = pack.header.source.get("stream", wanted.stream)
    if stream != wanted.stream:
        raise UsageError(f"is a pack of the {stream} stream, not {wanted.stream}: {pack.path}", file=str(pack.path))
    if size not in (wanted.pack, wanted.cut):
        (height, width), (h, w) = wanted.pack, wanted.cut
        raise UsageError(
            f"the pack has frames of {size[0]}x{size[1]}; {h}x{w} is cut out of {height}x{width} here",
            hint=f"fervbench pack SOURCE --stream {wanted.stream} --size {height}x{width}, or another --size",
            file=str(pack.path),
        )


def _made(data: Path, wanted: Wanted, out: Path, workers: int | None) -> Pack:
    source = find_source(data, stream=wanted.stream)
    if wanted.stream == "scene" and source.kind not in WITH_SCENES:
        raise UsageError(
            f"has no scene frames beside its faces: {data} ({source.kind})",
            hint="--scene-data names a pack of them, of the same clips",
            file=str(data),
        )
    height, width = wanted.pack
    target = out / "packs" / f"{wanted.stream}-{height}x{width}-{source.list_sha256()[:12]}.pack"
    if (target / HEADER).is_file():
        return open_pack(target)
    shown: list[Progress] = []

    def progress(total: int, before: int) -> Progress:
        shown.append(Progress(total))
        shown[0].skip(before)
        return shown[0]

    try:
        made = make_pack(
            source, target, Settings(height, width), stream=wanted.stream, workers=workers, progress=progress
        )
    finally:
        for line in shown:
            line.close()
    if not made.written:
        raise InputError(
            f"cannot be packed whole: {data}",
            hint="mend the clips and run again: what is packed so far is kept",
            file=str(data),
            findings=made.problems,
        )
    return open_pack(target)
