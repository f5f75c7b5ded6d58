"""Features of long videos: 16-frame snippets, one after the other, through a trained recognition network.

A snippet is seen as a clip of the network's test: its sampling of frames, the centre of each frame, its normalisation;
what is kept is what the last layer sees (`embed`). Frames behind the last whole snippet are not seen.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from fervbench.errors import InputError, MismatchError
from fervbench.files import make_folder
from fervbench.findings import Findings
from fervbench.pack import Pack
from fervbench.pack.progress import PROGRESS, Progress
from fervbench.pack.writing import partial_folder
from fervbench.reference.clips import Clips, load_pixels, make_clips
from fervbench.reference.spotting.extractors import Extractor
from fervbench.reference.spotting.store import HEADER, Features, Stored, chunks, open_features, write_features
from fervbench.reference.spotting.videos import SNIPPET, lengths_of
from fervbench.reference.synthetic import is_synthetic

Say = Callable[[str], None]
BATCH = 16  # snippets at a time


def identity_of(extractor: Extractor, packs: Sequence[Pack], device: str) -> dict[str, Any]:
    """Everything that decides the numbers; `device` is the kind (`cpu`, `cuda`) that they are made on."""
    return {
        "extractor": extractor.about(),
        "snippet": {"frames": SNIPPET, "step": SNIPPET},
        "packs": [hashlib.sha256(pack.header.to_bytes()).hexdigest() for pack in packs],
        "synthetic": is_synthetic(packs) or extractor.synthetic,
        "frames": lengths_of(packs[0].ids, packs[0].offsets),
        "device": device,
    }


def name_of(identity: Mapping[str, Any]) -> str:
    """The name of the folder of features of this identity."""
    digest = hashlib.sha256(repr(sorted(identity.items())).encode()).hexdigest()
    return f"{identity['extractor']['model']}-{digest[:16]}"


def extractor_device(extractor: Extractor) -> torch.device:
    """Where its weights are."""
    return next(iter(extractor.network.parameters())).device


def extract(
    extractor: Extractor,
    packs: Sequence[Pack],
    out: Path,
    *,
    say: Say,
    batch: int = BATCH,
    progress: Callable[[int], Any] | None = None,
) -> Stored:
    """The features of all videos of a pack (one for each stream), made or read from `out / NAME-HASH`.

    Raises MismatchError where streams have other videos or a video is shorter than a snippet, InputError where what is
    there is of another extractor.
    """
    identity = identity_of(extractor, packs, extractor_device(extractor).type)
    frames: Mapping[str, int] = identity["frames"]
    check_streams(packs)
    folder = out / name_of(identity)
    if (folder / HEADER).is_file():
        stored = open_features(folder)
        check_same(stored, identity)
        say(f"features are there: {folder}")
        return stored
    make_folder(out)
    lengths = {id: n // SNIPPET for id, n in frames.items()}
    clips = snippets_of(extractor, packs, lengths)
    first = dict(zip(lengths, np.cumsum([0, *lengths.values()])[:-1].tolist(), strict=True))
    device = extractor_device(extractor)
    network: Any = extractor.network

    @torch.inference_mode()
    def of(id: str) -> Features:
        rows = []
        for part in chunks(lengths[id], batch):
            chosen = torch.arange(first[id] + part.start, first[id] + part.stop, device=device)
            rows.append(network.embed(*clips.test(chosen)).float().cpu())
        found: Features = torch.cat(rows).numpy()
        return found

    total = sum(lengths.values())
    say(f"features of {total:,} snippets by {extractor.settings.model} ({extractor.trained_on})")
    line = Progress(total, "snippets", file=partial_folder(folder) / PROGRESS)
    before = [True]

    def done(number: int) -> None:
        (line.skip if before[0] else line)(number)
        before[0] = False
        if progress is not None:
            progress(number)

    try:
        return write_features(folder, lengths, extractor.width, identity, of, done=done)
    finally:
        line.close()


def check_same(stored: Stored, identity: Mapping[str, Any]) -> None:
    """Raise InputError where stored features are not of this extractor and these packs."""
    for key, wanted in identity.items():
        if stored.header.get(key) != wanted:
            found, ours = stored.header.get("extractor", {}), identity["extractor"]
            what = f"are features of another {'extractor' if key == 'extractor' else key}: {stored.folder}"
            hint = f"they are of {found.get('job')}, asked for is {ours['job']}; remove the folder to extract again"
            raise InputError(what, hint=hint, file=str(stored.folder))


def snippets_of(extractor: Extractor, packs: Sequence[Pack], lengths: Mapping[str, int]) -> Clips:
    """Every snippet of every video as a clip, in the order of `lengths`."""
    settings, device = extractor.settings, extractor_device(extractor)
    pixels: list[Tensor] = [load_pixels(pack, device) for pack in packs]
    clips = make_clips(packs, pixels, settings.sizes, packs[0].ids, [0] * len(packs[0]), settings.view, device)
    counts = torch.tensor(list(lengths.values()))
    inside = torch.cat([torch.arange(int(n)) for n in counts]) * SNIPPET
    streams = []
    for stream in clips.streams:
        starts = torch.repeat_interleave(stream.starts.cpu(), counts) + inside
        streams.append(
            replace(
                stream,
                starts=starts.to(stream.starts.device),
                lengths=torch.full_like(starts, SNIPPET).to(stream.starts.device),
            )
        )
    where = torch.arange(int(counts.sum()), device=device)
    return Clips(tuple(map(str, range(len(where)))), torch.zeros_like(where), where, tuple(streams), settings.view)


def check_streams(packs: Sequence[Pack]) -> None:
    """Raise MismatchError where a video is shorter than a snippet, or streams have other videos."""
    frames = lengths_of(packs[0].ids, packs[0].offsets)
    findings = Findings(str(packs[0].path))
    if len(frames) != len(packs[0]):
        findings.add("duplicate-id", "two videos of the pack have one name")
    for id, n in frames.items():
        if n < SNIPPET:
            message = f"{id!r} has {n} frames, fewer than a snippet's {SNIPPET}"
            findings.add("short-video", message, id=id, hint="was the pack made with --frames? It needs all of them")
    for other in packs[1:]:
        if other.ids != packs[0].ids or (other.offsets != packs[0].offsets).any():
            message = f"{other.path.name} and {packs[0].path.name} have other videos, or other numbers of frames"
            findings.add("streams-differ", message)
    if len(findings):
        raise MismatchError(
            f"no features can be made of this pack: {packs[0].path}", file=str(packs[0].path), findings=findings
        )
