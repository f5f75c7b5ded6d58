"""`fervbench ground-truth`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fervbench.cli import Group, options

if TYPE_CHECKING:
    from fervbench.ground_truth import GroundTruth
    from fervbench.interval_truth import IntervalTruth
    from fervbench.protocol import Protocol


@click.group(cls=Group)
def ground_truth() -> None:
    """Add and show local copies of official labels.

    FERV39k's ground truth is part of fervbench, as counts. Other labels are licensed: add your copy once, in any of
    the layouts they are passed around in. It is checked against the protocol's counts and fingerprint.

    \b
    Example:
      fervbench ground-truth show ferv39k
    """


@ground_truth.command()
@click.argument("protocol", metavar="ID|PATH")
@click.argument("path", metavar="COPY")
@click.option(
    "--compat",
    type=click.Choice(["none", "activitynet"]),
    default="none",
    help="Spotting: accept odd intervals, as ActivityNet's official evaluator does.",
)
@options.force
@options.as_json
def add(protocol: str, path: str, compat: str, force: bool, as_json: bool) -> None:
    """Check a copy of official labels and keep what scoring needs of it.

    COPY is the folder of the official lists, any folder above it, a labels file (CSV with the header clip_id,label), or
    for spotting an intervals file (JSON, its CSV twin, or ActivityNet's).

    \b
    Example:
      fervbench ground-truth add sdfe-lv spotting/intervals.json
      fervbench ground-truth add tiny/protocol.toml tiny/labels.csv
    """
    from fervbench.files import make_folder, write_whole
    from fervbench.ground_truth import reads_stored
    from fervbench.protocol import load_protocol

    loaded = load_protocol(protocol)
    truth: GroundTruth | IntervalTruth
    if loaded.task == "spotting":
        truth, text, target = _intervals_of(loaded, path, lenient=compat == "activitynet")
        notes = truth.notes
    else:
        from fervbench.ground_truth import checked, read_copy, stored_path
        from fervbench.labels_file import write_labels

        labels = read_copy(loaded, Path(path))
        truth = checked(loaded, labels, path)
        text, target, notes = write_labels(labels), stored_path(loaded), labels.notes
    for note in notes:
        click.echo(note, err=True)
    used = reads_stored(loaded)
    if not used and "layout" not in loaded.ground_truth:
        click.echo("checked, and not stored: this protocol's file names its own ground truth", err=True)
    elif target.is_file() and target.read_bytes() == text.encode():
        click.echo(f"already there: {target}", err=True)
    else:
        make_folder(target.parent)
        write_whole(target, text, overwrite=force)
        more = "" if used else "; scoring uses the embedded counts, which are the same"
        click.echo(f"stored in {target}{more}", err=True)
    _print(loaded, truth, as_json)


@ground_truth.command()
@click.argument("protocol", metavar="ID|PATH")
@options.as_json
def show(protocol: str, as_json: bool) -> None:
    """Show where the ground truth of a protocol comes from, its size and its fingerprint.

    \b
    Example:
      fervbench ground-truth show ferv39k
      fervbench ground-truth show ferv39k --json
    """
    from fervbench.protocol import load_protocol

    loaded = load_protocol(protocol)
    if loaded.task == "spotting":
        from fervbench.interval_truth import load_interval_truth

        truth = load_interval_truth(loaded, lenient=True)  # what is stored has been checked when it was added
        for note in truth.notes:
            click.echo(note, err=True)
        _print(loaded, truth, as_json)
    else:
        from fervbench.ground_truth import load_ground_truth

        _print(loaded, load_ground_truth(loaded), as_json)


def _intervals_of(protocol: Protocol, path: str, *, lenient: bool) -> tuple[IntervalTruth, str, Path]:
    """The truth that an intervals file gives, the text to keep of it, and where."""
    from fervbench.interval_files import write_intervals
    from fervbench.interval_truth import from_videos, read_copy, stored_path

    videos = read_copy(protocol, path, lenient=lenient)
    return from_videos(protocol, videos, path), write_intervals(videos), stored_path(protocol)


def _print(protocol: Protocol, truth: GroundTruth | IntervalTruth, as_json: bool) -> None:
    from fervbench.ground_truth import GroundTruth

    if not isinstance(truth, GroundTruth):
        _print_intervals(protocol, truth, as_json)
        return
    counts = truth.counts(len(protocol.leaves), len(protocol.classes))
    frozen = protocol.ground_truth.get("fingerprint")
    if as_json:
        from fervbench.strict_json import dumps

        document: dict[str, Any] = {
            "protocol": {"id": protocol.id, "version": protocol.version, "sha256": protocol.sha256},
            "origin": truth.origin,
            "n": len(truth),
            "sha256": truth.sha256,
            "frozen": frozen is not None,
            "counts": {
                leaf: dict(zip(protocol.classes, counts[i].tolist(), strict=True))
                for i, leaf in enumerate(protocol.leaves)
            },
        }
        click.echo(dumps(document))
        return
    from fervbench.findings import visible

    status = "the protocol's own" if frozen is not None else "not frozen in the protocol: part of every signature"
    click.echo(f"{visible(protocol.title)} {protocol.version}: {len(truth):,} test clips ({visible(truth.origin)})")
    click.echo(f"fingerprint {truth.sha256}\n            ({status})")
    for i, name in enumerate(protocol.classes):
        click.echo(f"  {name:<16}{counts[:, i].sum():>8,}")


def _print_intervals(protocol: Protocol, truth: IntervalTruth, as_json: bool) -> None:
    from collections import Counter

    counts = Counter(truth.labels)
    if as_json:
        from fervbench.strict_json import dumps

        document: dict[str, Any] = {
            "protocol": {"id": protocol.id, "version": protocol.version, "sha256": protocol.sha256},
            "origin": truth.origin,
            "n": len(truth.target),
            "videos": len(truth.videos),
            "without_intervals": len(truth.silent),
            "elsewhere": len(truth.elsewhere),
            "sha256": truth.sha256,
            "counts": dict(counts),
        }
        click.echo(dumps(document))
        return
    from fervbench.findings import visible

    click.echo(
        f"{visible(protocol.title)} {protocol.version}: {len(truth.target):,} intervals in {len(truth.videos):,} "
        f"tested videos ({visible(truth.origin)})"
    )
    click.echo(f"{len(truth.silent):,} tested videos without intervals, {len(truth.elsewhere):,} in other splits")
    click.echo(f"fingerprint {truth.sha256}\n            (part of every signature: scores rank within one fingerprint)")
    for name in protocol.classes:
        click.echo(f"  {name:<16}{counts[name]:>8,}")
