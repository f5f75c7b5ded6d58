"""Rendering straight into a pack: no files in between, only the frames that are kept are drawn, at the size they keep.

For throughput work at full size. The pack is the same whatever the number of processes; unlike packing a folder it does
not resume: a run that is stopped begins again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from fervbench.errors import InputError
from fervbench.pack import PackWriter
from fervbench.pack.samplers import SAMPLERS
from fervbench.synthesize.clip import FACE, Clip, render_clip
from fervbench.synthesize.layout import Options, Release
from fervbench.synthesize.scene import Bytes
from fervbench.synthesize.seeds import RENDERER
from fervbench.synthesize.writing import Progress, ignore_interrupts

SAMPLER = "segment-centre"
# What a clip costs one process to hand over is little; enough of them keep all busy.
_CHUNK = 8


def pack_release(
    release: Release,
    out: str | Path,
    dataset: str,
    options: Options,
    *,
    stream: str = FACE,
    size: tuple[int, int] = (112, 112),
    frames: int | None = None,
    jobs: int = 1,
    overwrite: bool = False,
    progress: Callable[[Progress], None] | None = None,
) -> Progress:
    """Render every clip of a release into the pack `out`: `frames` of each (None: all), of `size` (height, width).

    Raises UsageError where `out` exists, InputError where a rendering process is killed or the disk is full.
    """
    clips = release.clips
    total = sum(frames or clip.frames for clip in clips)
    state = Progress(len(clips), total, started=time.monotonic())
    parts = _parts(release)
    source = {
        "kind": "rendered",
        "synthetic": True,
        "dataset": dataset,
        "scale": options.scale,
        "seed": options.seed,
        "stream": stream,
        "renderer": RENDERER,
    }
    settings = {"size": list(size), "frames": frames, "sampler": SAMPLER if frames else None}
    tasks = [(clip, options.seed, stream, size, frames) for clip in clips]
    try:
        with PackWriter(out, source=source, settings=settings, overwrite=overwrite) as writer:
            for clip, pixels in zip(clips, _rendered(tasks, jobs), strict=True):
                writer.add(clip.id, pixels, label=clip.label or None, part=parts.get(clip.id), group=clip.scene or None)
                state.clips_done += 1
                state.frames_done += len(pixels)
                if progress is not None:
                    progress(state)
    except BrokenProcessPool:
        raise InputError("a process that renders was killed", hint="out of memory? try fewer --jobs") from None
    except OSError as error:
        message = f"cannot be written: {error.filename or out} ({error.strerror or error})"
        raise InputError(message, file=str(out)) from None
    return state


Task = tuple[Clip, int, str, tuple[int, int], int | None]


def _rendered(tasks: list[Task], jobs: int) -> Iterator[Bytes]:
    """The pixels of each task, in order."""
    if jobs <= 1 or len(tasks) <= 1:
        yield from map(_render, tasks)
        return
    pool = ProcessPoolExecutor(min(jobs, len(tasks)), mp_context=get_context("spawn"), initializer=ignore_interrupts)
    try:
        ahead = 4 * jobs * _CHUNK  # rendered and not yet written: bounds memory
        for first in range(0, len(tasks), ahead):
            yield from pool.map(_render, tasks[first : first + ahead], chunksize=_CHUNK)
    finally:
        pool.shutdown(cancel_futures=True)


def _render(task: Task) -> Bytes:
    clip, seed, stream, size, frames = task
    chosen = None if frames is None else SAMPLERS[SAMPLER](clip.frames, frames).tolist()
    if chosen is None:
        return np.ascontiguousarray(render_clip(clip, seed=seed, stream=stream, size=size))
    once = sorted(set(chosen))  # short clips repeat frames: drawn once
    drawn = render_clip(clip, seed=seed, stream=stream, size=size, frames=once)
    return np.ascontiguousarray(drawn[[once.index(frame) for frame in chosen]])


def _parts(release: Release) -> dict[str, str]:
    """`train` or `test` by clip id, where the release's lists of all clips say it (FERV39k)."""
    found = {}
    for name, content in release.files.items():
        part = {"train_All.csv": "train", "test_All.csv": "test"}.get(name.rsplit("/", 1)[-1])
        if part is not None:
            for line in content.decode().splitlines():
                found[line.split(" ")[0]] = part
    return found
