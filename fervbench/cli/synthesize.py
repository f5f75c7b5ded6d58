"""`fervbench synthesize`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fervbench.cli import Command, options

if TYPE_CHECKING:
    from fervbench.synthesize import Progress

DATASETS = ("afew", "ck+", "dfew", "ferv39k", "sdfe-lv")  # a test holds them to fervbench.synthesize.DATASETS


@click.command(cls=Command)
@click.argument("dataset", type=click.Choice(DATASETS))
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--scale", type=float, default=0.01, show_default=True, help="Part of the real number of clips.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Another data set for another.")
@click.option("--jobs", type=click.IntRange(min=1), help="Processes; by default one a core.")
@click.option("--scene", "scenes", multiple=True, metavar="NAME", help="FERV39k: only this scene (may be repeated).")
@click.option("--faces-only", is_flag=True, help="Leave scene frames and videos out.")
@click.option("--fps", type=float, default=25.0, show_default=True, help="SDFE-LV: frames a second.")
@click.option("--size", type=int, default=112, show_default=True, help="SDFE-LV and --pack: pixels a side.")
@click.option("--pack", "into_pack", is_flag=True, help="DIR is a pack: render straight into it, without files.")
@click.option("--stream", type=click.Choice(["face", "scene"]), default="face", help="--pack: faces or scenes.")
@click.option("--frames", type=click.IntRange(min=1), help="--pack: frames of each clip; all of them if left out.")
@click.option("--preview", metavar="FILE", help="Write a contact sheet (PNG) of some clips of each class.")
@click.option("--force", is_flag=True, help="Replace a data set that fervbench rendered.")
@options.as_json
def synthesize(
    dataset: str,
    folder: Path,
    scale: float,
    seed: int,
    jobs: int | None,
    scenes: tuple[str, ...],
    faces_only: bool,
    fps: float,
    size: int,
    into_pack: bool,
    stream: str,
    frames: int | None,
    preview: str | None,
    force: bool,
    as_json: bool,
) -> None:
    """Render a synthetic data set in an official layout.

    The faces are drawings: for development, tests, demonstrations and benchmarks, not for results. Folders, names,
    sizes, lists and annotation files are as in the real release. The same to the byte for the same seed and version;
    a run that was stopped goes on when called again. Needs the extra `data` (Pillow).

    \b
    Example:
      fervbench synthesize sdfe-lv videos --scale 0.001 --fps 2 --preview sheet.png
      fervbench synthesize ferv39k faces8.pack --pack --frames 8 --scene Experiment --scale 0.001
      fervbench synthesize ferv39k talkshow --scene Talkshow --scale 0.001 --faces-only
    """
    import gc

    from fervbench.files import write_whole
    from fervbench.synthesize import plan
    from fervbench.synthesize import synthesize as render

    gc.enable()  # long enough a run for cycles to matter
    arguments: dict[str, Any] = {
        "scale": scale,
        "seed": seed,
        "scenes": scenes,
        "faces_only": faces_only,
        "fps": fps,
        "size": size,
    }
    if preview is not None:
        from fervbench.synthesize.preview import contact_sheet

        drawn = contact_sheet(plan(dataset, **arguments), seed)
        write_whole(preview, drawn, overwrite=force)
        click.echo(f"contact sheet written to {preview}", err=True)
    if into_pack:
        state = _pack(dataset, folder, stream, frames, jobs, force, arguments)
    else:
        if stream != "face" or frames is not None:
            raise click.UsageError("--stream and --frames are for --pack")
        state = render(dataset, folder, jobs=jobs, overwrite=force, progress=_Reporter(), **arguments)
    if as_json:
        from fervbench.strict_json import dumps

        made = {"clips": state.clips, "frames": state.frames, "clips_there_already": state.there}
        click.echo(dumps({"dataset": dataset, "folder": str(folder), "scale": scale, "seed": seed, **made}))
        return
    there = f" ({state.there:,} were there already)" if state.there else ""
    click.echo(f"{folder}: synthetic {dataset}, {state.clips:,} clips, {state.frames:,} frames{there}")


def _pack(
    dataset: str, out: Path, stream: str, frames: int | None, jobs: int | None, force: bool, arguments: dict[str, Any]
) -> Progress:
    from fervbench.errors import UsageError
    from fervbench.synthesize import Options, plan, processes
    from fervbench.synthesize.packing import pack_release

    if stream == "scene" and dataset != "ferv39k":
        raise UsageError(f"{dataset} has no scene stream")
    size = int(arguments["size"])
    shape = (size, size * 3 // 2) if stream == "scene" else (size, size)
    return pack_release(
        plan(dataset, **arguments),
        out,
        dataset,
        Options(**arguments),
        stream=stream,
        size=shape,
        frames=frames,
        jobs=processes() if jobs is None else jobs,
        overwrite=force,
        progress=_Reporter(),
    )


class _Reporter:
    """Progress on standard error: one line, rewritten on a terminal; else a new one every ten seconds."""

    def __init__(self) -> None:
        import sys
        import time

        self.clock = time.monotonic
        self.terminal = sys.stderr.isatty()
        self.told = self.clock() - (10 if self.terminal else 0)

    def __call__(self, state: Progress) -> None:
        now = self.clock()
        last = state.clips_done == state.clips
        if now - self.told < (0.2 if self.terminal else 10) and not (last and self.terminal):
            return
        self.told = now
        line = state.line(now)
        click.echo(f"\r{line:<78}" if self.terminal else line, err=True, nl=last or not self.terminal)
