"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

as_json: Decorator = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
force: Decorator = click.option("--force", is_flag=True, help="Replace a file that exists.")


def output(what: str) -> Decorator:
    """`--output FILE`: where to write `what`."""
    return click.option("--output", "-o", metavar="FILE", help=f"Write {what} to FILE.")


_RESAMPLING = (
    click.option("--confidence", type=float, default=0.95, show_default=True, help="Level of the intervals."),
    click.option(
        "--replicates", type=int, default=1000, show_default=True, help="Replicates of the intervals; 0: none."
    ),
    click.option(
        "--resample",
        type=click.Choice(["class-counts", "clips", "clusters"]),
        help="What intervals resample: clips within class and scene (default), clips, or whole clusters of the labels.",
    ),
    click.option("--resample-seed", type=int, default=0, show_default=True, help="Seed of the intervals."),
)


def resampling(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--confidence`, `--replicates`, `--resample` and `--resample-seed`."""
    for option in reversed(_RESAMPLING):
        command = option(command)
    return command


_RUNNING = (
    click.option(
        "--runner",
        type=click.Choice(["serial", "ray"]),
        default="serial",
        show_default=True,
        help="One job after another in this process, or Ray on many GPUs and machines.",
    ),
    click.option(
        "--gpus-per-job",
        type=click.FloatRange(0, 64, min_open=True),
        default=1.0,
        show_default=True,
        metavar="G",
        help="With ray: GPUs of a job; 0.5: two jobs on each.",
    ),
    click.option("--at-once", type=click.IntRange(1, 10_000), metavar="N", help="With ray: jobs at a time, at most."),
    click.option("--ray-address", metavar="HOST:PORT", help="With ray: a cluster that is there already, or auto."),
    click.option(
        "--retries",
        type=click.IntRange(0, 1000),
        default=3,
        show_default=True,
        help="How often a job whose process died is begun again.",
    ),
)


def running(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--runner`, `--gpus-per-job`, `--at-once`, `--ray-address` and `--retries`: `grid.runners.run` takes them so."""
    for option in reversed(_RUNNING):
        command = option(command)
    return command


# The names are those of fervbench.leaderboard.tracks, which is not imported to show a help; a test holds them equal.
TRACKS = ("face", "context", "extra-data", "audio-text", "zero-shot")
track = click.option(
    "--track",
    type=click.Choice(TRACKS),
    default="audio-text",
    show_default=True,
    help="Who competes: each track admits those before it; audio-text admits all.",
)
