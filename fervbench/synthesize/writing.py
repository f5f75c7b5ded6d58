"""Writing a release: clips in parallel, each folder whole or not at all, so that a killed run goes on where it was.

A folder of frames is written as `.NAME.part` beside its place and renamed when complete. The lists come last. What a
release is made from stands in SYNTHETIC.txt, which is written first: only a folder with exactly that file is continued,
and only a folder with such a file is ever replaced.
"""

from __future__ import annotations

import io
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from PIL import Image
from PIL import __version__ as pillow_version

from fervbench._version import __version__
from fervbench.errors import InputError, UsageError
from fervbench.files import make_folder, write_whole
from fervbench.synthesize.avi import motion_jpeg
from fervbench.synthesize.clip import Clip, iter_frames, jpeg_quality
from fervbench.synthesize.layout import Job, Options, Output, Release
from fervbench.synthesize.scene import Bytes
from fervbench.synthesize.seeds import RENDERER

MARKER = "SYNTHETIC.txt"
_FIRST_LINE = "SYNTHETIC DATA, rendered by fervbench."


@dataclass
class Progress:
    """How far a run is. `there` counts clips that an earlier run had written."""

    clips: int
    frames: int
    clips_done: int = 0
    frames_done: int = 0
    there: int = 0
    frames_there: int = 0
    started: float = 0.0

    def line(self, now: float) -> str:
        """One line: how much, how fast, how long still."""
        made = self.frames_done - self.frames_there
        rate = made / max(now - self.started, 1e-3)
        left = (self.frames - self.frames_done) / rate if made else 0.0
        minutes, seconds = divmod(round(left), 60)
        return (
            f"{self.clips_done:,} of {self.clips:,} clips, {self.frames_done:,} of {self.frames:,} frames, "
            f"{rate:,.0f} frames/s, {minutes}:{seconds:02d} left"
        )


def about(dataset: str, options: Options) -> str:
    """What stands in SYNTHETIC.txt."""
    made_from = {
        "data set": dataset,
        "scale": repr(options.scale),
        "seed": str(options.seed),
        "scenes": ", ".join(options.scenes) or "all",
        "faces only": "yes" if options.faces_only else "no",
        "fps, size (sdfe-lv)": f"{options.fps:g}, {options.size}",
        "fervbench": f"{__version__}, renderer {RENDERER}",
        "numpy, Pillow": f"{np.__version__}, {pillow_version}",
    }
    lines = [
        _FIRST_LINE,
        "",
        f"Drawings in the layout of {dataset}. No person, no recording and no label of the real data set is in here.",
        "Scores on it are not scores on the real data set and must not be reported as such.",
        "",
        *(f"{key}: {value}" for key, value in made_from.items()),
    ]
    return "\n".join(lines) + "\n"


def write_release(
    release: Release,
    folder: Path,
    dataset: str,
    options: Options,
    *,
    tops: Iterable[str] = (),
    jobs: int = 1,
    overwrite: bool = False,
    progress: Callable[[Progress], None] | None = None,
) -> Progress:
    """Write everything into `folder`; a run that was killed goes on where it was.

    With `overwrite` a rendered data set there is replaced: the entries of its folder that `tops` names.

    Raises UsageError where the folder holds something else, InputError where it cannot be written (a full disk).
    """
    _claim(folder, about(dataset, options), tops, overwrite=overwrite)
    state = Progress(len(release.jobs), sum(job.frames for job in release.jobs), started=time.monotonic())
    waiting = []
    for job in release.jobs:
        if all((folder / output.path).exists() for output in job.outputs):
            state.there += 1
            state.clips_done += 1
            state.frames_done += job.frames
            state.frames_there += job.frames
        else:
            waiting.append(job)
    try:
        for frames in _run(waiting, folder, options.seed, jobs):
            state.clips_done += 1
            state.frames_done += frames
            if progress is not None:
                progress(state)
    except BrokenProcessPool:
        raise InputError("a process that renders was killed", hint="out of memory? try fewer --jobs") from None
    except OSError as error:
        message = f"cannot be written: {error.filename or folder} ({error.strerror or error})"
        raise InputError(message, hint="the same command goes on from here", file=str(folder)) from None
    for name, content in release.files.items():
        path = folder / name
        if not path.exists():
            make_folder(path.parent)
            write_whole(path, content)
    return state


def _claim(folder: Path, text: str, tops: Iterable[str], *, overwrite: bool) -> None:
    """Make the folder ours, or raise UsageError: nothing that another hand made is touched."""
    marker = folder / MARKER
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"is not a folder: {folder}", file=str(folder))
    if folder.is_dir() and any(folder.iterdir()):
        found = marker.read_text("utf-8", "replace") if marker.is_file() else ""
        if not found.startswith(_FIRST_LINE):
            raise UsageError(
                f"exists already, and holds something that fervbench did not render: {folder}",
                hint="name a new folder; --force replaces rendered data sets only",
                file=str(folder),
            )
        if not overwrite:
            if found == text:
                return
            raise UsageError(
                f"exists already, rendered with other settings: {folder}",
                hint=f"see {MARKER} in it; --force replaces it",
                file=str(folder),
            )
        for top in tops:
            path = folder / top
            if path.is_symlink() or path.is_file():
                path.unlink()
            elif path.is_dir():
                shutil.rmtree(path)
    make_folder(folder)
    write_whole(marker, text, overwrite=True)


def _run(waiting: list[Job], folder: Path, seed: int, jobs: int) -> Iterator[int]:
    """Write the jobs, here or in other processes; yields the number of pictures of each as it is done."""
    if jobs <= 1 or len(waiting) <= 1:
        for job in waiting:
            yield write_job(job, folder, seed)
        return
    workers = min(jobs, len(waiting))
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=ignore_interrupts)
    try:
        rest = iter(waiting)
        running: set[Future[int]] = set()
        while True:
            for job in rest:
                running.add(pool.submit(write_job, job, folder, seed))
                if len(running) >= 4 * workers:
                    break
            if not running:
                return
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                yield future.result()
    finally:
        pool.shutdown(cancel_futures=True)


def ignore_interrupts() -> None:
    """For processes that render: the parent ends them."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def write_job(job: Job, folder: Path, seed: int) -> int:
    """Write one clip, if it is not there; how many pictures it has."""
    for output in job.outputs:
        place = folder / output.path
        if place.exists():
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        part = place.with_name(f".{place.name}.part")
        if part.is_dir():
            shutil.rmtree(part)
        part.unlink(missing_ok=True)
        try:
            if output.name:
                part.mkdir()
                _write_frames(job.clip, output, part, seed)
            else:
                part.write_bytes(_video(job.clip, output, seed))
            os.rename(part, place)  # noqa: PTH104 - a folder, and never over another
        except BaseException:
            shutil.rmtree(part, ignore_errors=True)
            raise
    return job.frames


def _write_frames(clip: Clip, output: Output, folder: Path, seed: int) -> None:
    quality = jpeg_quality(clip, seed=seed)
    for number, pixels in enumerate(_frames(clip, output, seed), output.first):
        picture = Image.fromarray(pixels)
        if output.grey:
            picture = picture.convert("L")
        path = folder / output.name.format(number)
        if path.suffix == ".png":
            picture.save(path, "PNG", compress_level=3)
        else:
            picture.save(path, "JPEG", quality=quality)


def _frames(clip: Clip, output: Output, seed: int) -> Iterator[Bytes]:
    """The frames of an output; resampled in time where it has a number of its own."""
    if output.frames is None:
        yield from iter_frames(clip, seed=seed, stream=output.stream, size=output.size)
        return
    for at in np.linspace(0, clip.frames - 1, output.frames):
        low = int(at)
        both = [low, min(low + 1, clip.frames - 1)]
        a, b = iter_frames(clip, seed=seed, stream=output.stream, size=output.size, frames=both)
        yield np.round(a + (at - low) * (b.astype(np.float64) - a)).astype(np.uint8)


def _video(clip: Clip, output: Output, seed: int) -> bytes:
    quality = jpeg_quality(clip, seed=seed)
    pictures = []
    height, width = 0, 0
    for pixels in iter_frames(clip, seed=seed, stream=output.stream, size=output.size):
        height, width = pixels.shape[:2]
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "JPEG", quality=quality)
        pictures.append(buffer.getvalue())
    return motion_jpeg(pictures, width, height, round(clip.fps))
