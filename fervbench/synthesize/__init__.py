"""Rendered data sets in the official layouts, for development, tests and benchmarks; never to be taken for real ones.

    plan(dataset, scale, seed)      what there is: clips, where their frames go, lists and annotations
    render_clip(clip, seed)         one clip as uint8 (frames, height, width, 3), without files
    synthesize(dataset, folder)     all of it on disk, in parallel

A clip depends on the seed, the data set, its id and the version of the renderer alone; a data set on disk is the same
to the byte whatever the number of processes (and with the same numpy and Pillow). Needs Pillow, the extra `data`.

>>> from fervbench.synthesize import plan, render_clip
>>> release = plan("ferv39k", scale=0.01)
>>> clip = release.clips[0]
>>> clip.id, render_clip(clip, size=64, frames=[0, 5]).shape
('Action/Angry/0000', (2, 64, 64, 3))
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fervbench.errors import MissingExtraError, UsageError

try:
    import PIL  # noqa: F401
except ImportError:
    raise MissingExtraError("rendering synthetic data", "data") from None

from fervbench.synthesize import afew, ckplus, dfew, ferv39k, sdfe_lv
from fervbench.synthesize.clip import FACE, SCENE, Clip, iter_frames, jpeg_quality, render_clip
from fervbench.synthesize.layout import Job, Options, Output, Release
from fervbench.synthesize.writing import Progress, write_release


@dataclass(frozen=True)
class Dataset:
    """How a data set is planned, and the names at the top of its folder."""

    plan: Callable[[Options], Release]
    tops: tuple[str, ...]


DATASETS = {
    "afew": Dataset(afew.plan, ("Train_AFEW", "Val_AFEW")),
    "ck+": Dataset(ckplus.plan, ("cohn-kanade-images", "Emotion", "FACS")),
    "dfew": Dataset(dfew.plan, ("Clip", "Annotation", "EmoLabel_DataSplit")),
    "ferv39k": Dataset(ferv39k.plan, ("2_ClipsforFaceCrop", "3_ClipsforScenImages", "4_setups")),
    "sdfe-lv": Dataset(sdfe_lv.plan, ("videos", "intervals.json")),
}

__all__ = [
    "DATASETS",
    "FACE",
    "SCENE",
    "Clip",
    "Job",
    "Options",
    "Output",
    "Progress",
    "Release",
    "iter_frames",
    "jpeg_quality",
    "plan",
    "processes",
    "render_clip",
    "synthesize",
]


def plan(
    dataset: str,
    *,
    scale: float = 0.01,
    seed: int = 0,
    scenes: tuple[str, ...] = (),
    faces_only: bool = False,
    fps: float = 25.0,
    size: int = 112,
) -> Release:
    """What a data set consists of at `scale`; nothing is rendered. `scenes` keeps some of FERV39k's.

    `fps` and `size` are those of the long videos of sdfe-lv. Raises UsageError for what cannot be.
    """
    if dataset not in DATASETS:
        raise UsageError(f"no data set {dataset!r} to render", hint=f"one of {', '.join(DATASETS)}")
    if not (math.isfinite(scale) and 0 < scale <= 1):
        raise UsageError(f"scale is {scale!r}, not above 0 and at most 1")
    if scenes and dataset != "ferv39k":
        raise UsageError(f"{dataset} has no scenes to choose from")
    if not (math.isfinite(fps) and 1 <= fps <= 60) or not 16 <= size <= 1024:
        raise UsageError(f"fps is {fps!r} and size {size!r}: not within 1 to 60 and 16 to 1024")
    return DATASETS[dataset].plan(Options(float(scale), int(seed), tuple(scenes), faces_only, float(fps), size))


def synthesize(
    dataset: str,
    folder: str | Path,
    *,
    scale: float = 0.01,
    seed: int = 0,
    scenes: tuple[str, ...] = (),
    faces_only: bool = False,
    fps: float = 25.0,
    size: int = 112,
    jobs: int | None = None,
    overwrite: bool = False,
    progress: Callable[[Progress], None] | None = None,
) -> Progress:
    """Render a data set into `folder`, with `jobs` processes (None: one a core).

    Nothing is overwritten without `overwrite`, and nothing that fervbench did not render even with it. A run that was
    killed goes on where it was when called again. Raises UsageError, or InputError where the disk is full.
    """
    release = plan(dataset, scale=scale, seed=seed, scenes=scenes, faces_only=faces_only, fps=fps, size=size)
    options = Options(float(scale), int(seed), tuple(scenes), faces_only, float(fps), size)
    count = processes() if jobs is None else jobs
    tops = sorted({top for kind in DATASETS.values() for top in kind.tops})
    return write_release(
        release, Path(folder), dataset, options, tops=tops, jobs=count, overwrite=overwrite, progress=progress
    )


def processes() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
