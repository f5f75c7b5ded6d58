"""`fervbench pack`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fervbench.cli import Group, options

if TYPE_CHECKING:
    from fervbench.pack import Made

_SAMPLERS = ("segment-centre", "linspace", "dfew-time-interpolation", "linear-time-interpolation")
_FILTERS = ("area", "dct-area2", "bilinear", "bicubic", "lanczos")
_KINDS = ("ferv39k", "dfew", "afew", "ck+", "frames", "videos")


class PackGroup(Group):
    """A group whose first argument may be a source: `fervbench pack SOURCE --out PACK` is `fervbench pack make ...`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the command's name in front where it is left out."""
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = ["make", *args]
        return super().parse_args(ctx, args)


@click.group(cls=PackGroup)
def pack() -> None:
    """Turn a dataset into a pack, one memory map of its frames.

    \b
    fervbench pack SOURCE --out PACK is short for fervbench pack make SOURCE --out PACK.

    \b
    Example:
      fervbench pack clips --out clips.pack --size 32
      fervbench pack verify clips.pack
    """


def _size(ctx: click.Context, param: click.Parameter, value: str) -> tuple[int, int | None]:
    del ctx, param
    parts = value.lower().split("x")
    if len(parts) > 2 or not all(part.isascii() and part.isdigit() and len(part) < 6 for part in parts):
        raise click.BadParameter("is not HEIGHT or HEIGHTxWIDTH")
    return int(parts[0]), int(parts[1]) if len(parts) == 2 else None


@pack.command()
@click.argument("source", metavar="SOURCE")
@click.option("--out", required=True, metavar="PACK", help="The folder to make.")
@click.option("--stream", type=click.Choice(["face", "scene"]), default="face", help="FERV39k: faces or scenes.")
@click.option(
    "--size", default="112", callback=_size, metavar="H|HxW", help="112: faces 112x112, scenes 112x168 (3:2)."
)
@click.option("--frames", type=int, metavar="N", help="N frames a clip; all of them if left out.")
@click.option("--sampler", type=click.Choice(_SAMPLERS), help="How N frames are made; segment-centre by default.")
@click.option("--filter", "filter_", type=click.Choice(_FILTERS), default="area", help="How frames are resized.")
@click.option("--decoder", type=click.Choice(["simplejpeg", "pillow"]), default="simplejpeg", help="What reads JPEG.")
@click.option("--faces", metavar="CSV", help="Boxes and landmarks (clip_id,frame,x,y,width,height,left_eye_x,...).")
@click.option("--rules", type=click.Choice(["crop", "dfew", "sdfe-lv"]), help="What is done with --faces.")
@click.option("--margin", type=float, default=0.0, help="--rules crop: widen boxes by this share on every side.")
@click.option("--kind", type=click.Choice(_KINDS), help="The layout of SOURCE, where it is not recognised.")
@click.option("--folder", metavar="NAME", help="The clip folder to take, where there are several.")
@click.option("--workers", type=click.IntRange(1, 1024), help="Processes; as many as cores by default.")
@click.option("--allow-missing", is_flag=True, help="Make the pack without the clips that cannot be read; exit 0.")
@click.option("--force", is_flag=True, help="Replace a pack that exists, or one unfinished with other settings.")
@options.as_json
def make(
    source: str,
    out: str,
    stream: str,
    size: tuple[int, int | None],
    frames: int | None,
    sampler: str | None,
    filter_: str,
    decoder: str,
    faces: str | None,
    rules: str | None,
    margin: float,
    kind: str | None,
    folder: str | None,
    workers: int | None,
    allow_missing: bool,
    force: bool,
    as_json: bool,
) -> None:
    """Pack the clips of SOURCE: a FERV39k, DFEW, AFEW or CK+ release, folders of frames, or videos.

    An interrupted packing goes on where it was when the same command is given again. Every clip that is missing,
    unreadable, truncated or short is named at the end; then nothing is put in place and the exit code is 1, unless
    --allow-missing. Frames go by their numbers: 10.jpg comes after 2.jpg.

    \b
    Example:
      fervbench pack make clips --out clips.pack --size 32
      fervbench pack make clips --out clips8.pack --size 32x48 --frames 8 --workers 1
    """
    from fervbench.errors import UsageError
    from fervbench.pack import Settings, make_pack

    if sampler is not None and frames is None:
        raise UsageError(f"--sampler {sampler} needs --frames N")
    height, width = size
    settings = Settings(
        height=height,
        width=width if width is not None else height * 3 // 2 if stream == "scene" else height,
        sampler="all" if frames is None else sampler or "segment-centre",
        number=frames,
        decoder=decoder,
        filter=filter_,
        rule=rules,
        margin=margin,
    )
    shown: list[Any] = []

    def progress(total: int, before: int) -> Any:
        from fervbench.pack.progress import Progress

        shown.append(Progress(total))
        shown[0].skip(before)
        return shown[0]

    try:
        made = make_pack(
            source,
            out,
            settings,
            faces=faces,
            stream=stream,
            kind=kind,
            folder=folder,
            workers=workers,
            allow_missing=allow_missing,
            overwrite=force,
            progress=progress,
        )
    finally:
        for line in shown:
            line.close()
    _tell(made, out, as_json)
    if not made.written:
        raise click.exceptions.Exit(1)


def _tell(made: Made, out: str, as_json: bool) -> None:
    from fervbench.findings import to_text, visible

    for note in made.notes:
        click.echo(visible(note, 500), err=True)
    if made.resumed:
        click.echo(f"{made.resumed:,} clips were done before and are not decoded again", err=True)
    if len(made.problems):
        click.echo(f"{len(made.problems):,} problems:\n{to_text(made.problems, 1000)}", err=True)
    dropped = [finding for finding in made.left_out if finding.rule == "faceless"]
    if dropped:
        click.echo(f"{len(dropped):,} clips are left out by the rule:\n{to_text(dropped)}", err=True)
    if not made.written:
        click.echo("nothing is put in place: mend the clips and run again, or --allow-missing", err=True)
    if as_json:
        from fervbench.strict_json import dumps

        document = {
            "pack": out if made.written else None,
            "clips": made.clips,
            "frames": made.frames,
            "resumed": made.resumed,
            "decoded": made.decoded,
            "problems": [finding.to_dict() for finding in made.problems],
            "left_out": [finding.to_dict() for finding in made.left_out],
        }
        click.echo(dumps(document))
    elif made.written:
        click.echo(f"{visible(out)}: {made.clips:,} clips, {made.frames:,} frames")


@pack.command()
@click.argument("pack_", metavar="PACK")
@options.as_json
def verify(pack_: str, as_json: bool) -> None:
    """Check every byte of a pack against its header: sizes, offsets, hashes. Exit code 1 where anything differs.

    \b
    Example:
      fervbench pack verify faces.pack
    """
    from fervbench.findings import to_json, to_text, visible
    from fervbench.pack import verify as verify_
    from fervbench.pack.header import read_header
    from fervbench.pack.progress import Progress

    shown = Progress(len(read_header(pack_).ids), "clips") if Path(pack_, "header.json").is_file() else None
    header, findings = verify_(pack_, shown)
    if shown is not None:
        shown.close()
    if as_json:
        click.echo(to_json(findings))
    elif len(findings):
        click.echo(f"Error: is damaged: {visible(pack_)}\n{to_text(findings, 1000)}", err=True)
    elif header is not None:
        click.echo(f"{visible(pack_)}: {len(header.ids):,} clips, {header.frames:,} frames, every byte as it was made")
    if len(findings):
        raise click.exceptions.Exit(1)


@pack.command()
@click.argument("pack_", metavar="PACK")
@click.argument("other", metavar="[PACK]", required=False)
@click.option("--threshold", type=int, default=20, help="Bits of 256 in which near-duplicates may differ.")
@click.option("--frames", type=int, default=8, help="Frames a clip that are compared.")
@click.option("--all", "every", is_flag=True, help="Compare all clips, whatever their part.")
@options.as_json
def leaks(pack_: str, other: str | None, threshold: int, frames: int, every: bool, as_json: bool) -> None:
    """List near-duplicate clips across train and test, by perceptual hashes of frames, the nearest first.

    Parts are those of the pack; for DFEW its folds. With a second PACK the clips of one are held against the other's.

    \b
    Example:
      fervbench pack leaks faces.pack
      fervbench pack leaks faces.pack --all --threshold 10
    """
    from fervbench.findings import visible
    from fervbench.pack import open_pack
    from fervbench.pack.leaks import find_leaks
    from fervbench.pack.progress import Progress

    opened = open_pack(pack_)
    second = open_pack(other) if other is not None else None
    shown = Progress(len(opened) + (len(second) if second else 0), "clips")
    found = find_leaks(opened, second, threshold=threshold, per_clip=frames, every=every, progress=shown)
    shown.close()
    if as_json:
        from fervbench.strict_json import dumps

        rows = [{"first": k.first, "second": k.second, "distance": k.distance, "frame_pairs": k.pairs} for k in found]
        click.echo(dumps({"threshold": threshold, "frames": frames, "leaks": rows}))
        return
    click.echo(f"{len(found):,} pairs of clips within {threshold} of 256 bits, {frames} frames a clip")
    for leak in found:
        click.echo(f"{leak.distance:>4}  {visible(leak.first)}  {visible(leak.second)}  ({leak.pairs:,} frame pairs)")


@pack.command()
@click.argument("pack_", metavar="PACK")
@options.as_json
def show(pack_: str, as_json: bool) -> None:
    """Show what a pack holds and how it was made.

    \b
    Example:
      fervbench pack show faces.pack
    """
    from collections import Counter

    from fervbench.findings import visible
    from fervbench.pack import open_pack
    from fervbench.strict_json import dumps

    opened = open_pack(pack_)
    header = opened.header
    lengths = opened.offsets[1:] - opened.offsets[:-1]
    document: dict[str, Any] = {
        "clips": len(opened),
        "frames": header.frames,
        "height": header.height,
        "width": header.width,
        "bytes": int(opened.frames.size),
        "shortest": int(lengths.min()),
        "longest": int(lengths.max()),
        "labels": dict(sorted(Counter(str(label) for label in header.labels).items())),
        "parts": dict(sorted(Counter(str(part) for part in header.parts).items())),
        "source": header.source,
        "settings": header.settings,
        "left_out": header.left_out,
        "noted": header.noted,
    }
    if as_json:
        click.echo(dumps(document))
        return
    click.echo(f"{visible(pack_)}: {len(opened):,} clips of {lengths.min()} to {lengths.max()} frames")
    click.echo(f"{header.frames:,} frames of {header.height}x{header.width}, {opened.frames.size / 2**30:.2f} GiB")
    for name in ("labels", "parts", "source", "settings"):
        pairs = ", ".join(f"{key} {value}" for key, value in document[name].items())
        click.echo(f"{name:<10}{visible(pairs, 1000)}")
    for name, rows in (("left out", header.left_out), ("noted", header.noted)):
        if rows:
            click.echo(f"{name:<10}{len(rows):,} clips")
