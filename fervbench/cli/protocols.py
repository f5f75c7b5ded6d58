"""`fervbench protocols`."""

from __future__ import annotations

from pathlib import Path

import click

from fervbench.cli import Group, options


@click.group(cls=Group)
def protocols() -> None:
    """List, show and check how datasets are scored.

    \b
    Example:
      fervbench protocols list
    """


@protocols.command("list")
@options.as_json
def list_(as_json: bool) -> None:
    """List the protocols that ship with fervbench.

    \b
    Example:
      fervbench protocols list
    """
    from fervbench.protocol import list_protocols, load_protocol

    found = [load_protocol(name) for name in list_protocols()]
    if as_json:
        from fervbench.strict_json import dumps

        lines = [
            {"id": p.id, "version": p.version, "title": p.title, "sha256": p.sha256, "evaluations": list(p.evaluations)}
            for p in found
        ]
        click.echo(dumps(lines))
        return
    from fervbench.cli.render_protocols import print_protocols

    print_protocols(found)


@protocols.command()
@click.argument("protocol", metavar="ID|PATH")
@options.as_json
def show(protocol: str, as_json: bool) -> None:
    """Show a protocol whole: every choice that changes a number, beside its source.

    \b
    Example:
      fervbench protocols show ferv39k
      fervbench protocols show tiny/protocol.toml
    """
    from fervbench.protocol import load_protocol

    loaded = load_protocol(protocol)
    if as_json:
        from fervbench.strict_json import dumps

        click.echo(
            dumps(
                {
                    "id": loaded.id,
                    "version": loaded.version,
                    "sha256": loaded.sha256,
                    "title": loaded.title,
                    "paper": loaded.paper,
                    "classes": loaded.classes,
                    "default_source": loaded.default_source,
                    "configurations": {
                        c.id: {"level": c.level, "leaves": c.leaves} for c in loaded.configurations.values()
                    },
                    "evaluations": {e.id: {"kind": e.kind, "cells": e.cells} for e in loaded.evaluations.values()},
                    "choices": [{"choice": choice, "source": source} for choice, source in loaded.choices],
                    "ground_truth": loaded.ground_truth,
                }
            )
        )
        return
    from fervbench.cli.render_protocols import print_protocol

    print_protocol(loaded)


@protocols.command()
@click.argument("path", metavar="ID|PATH")
@options.as_json
def check(path: str, as_json: bool) -> None:
    """Check a protocol file, and the labels and counts that it names.

    \b
    Example:
      fervbench protocols check tiny/protocol.toml
    """
    from fervbench.ground_truth import load_ground_truth
    from fervbench.protocol import load_protocol

    loaded = load_protocol(path)
    said = f"ok: {loaded.id} {loaded.version}, {len(loaded.configurations)} configurations"
    if loaded.task == "spotting":
        if "labels" in loaded.ground_truth:
            from fervbench.interval_truth import load_interval_truth

            said += f", {len(load_interval_truth(loaded).target):,} test intervals"
    elif loaded.ground_truth["kind"] == "counts" or "labels" in loaded.ground_truth:
        said += f", {len(load_ground_truth(loaded)):,} test clips"
    loaded.counts()
    if as_json:
        from fervbench.findings import to_json

        click.echo(to_json([]))
    else:
        click.echo(said)


@protocols.command()
@click.argument("protocol", metavar="ID|PATH")
@click.option("--plot", metavar="FILE", help="Write a plot (.svg, .png, .pdf) as well; needs fervbench[site].")
@options.force
@options.as_json
def stats(protocol: str, plot: str | None, force: bool, as_json: bool) -> None:
    """Show how many clips each configuration and class has, and which cells are smallest.

    \b
    Example:
      fervbench protocols stats ferv39k
      fervbench protocols stats dfew --json
      fervbench protocols stats ferv39k --plot clips.svg
    """
    from fervbench.protocol import load_protocol
    from fervbench.statistics import statistics

    loaded = load_protocol(protocol)
    found = statistics(loaded)
    if plot is not None:
        from fervbench.plots import plot_statistics

        plot_statistics(loaded, found, Path(plot), overwrite=force)
        click.echo(f"plot written to {plot}", err=True)
    if as_json:
        from fervbench.strict_json import dumps

        click.echo(dumps(found.to_dict(loaded)))
        return
    from fervbench.cli.render_protocols import print_statistics

    print_statistics(loaded, found)
