"""`fervbench examples`."""

from __future__ import annotations

from pathlib import Path

import click

from fervbench.cli import Group, options


@click.group(cls=Group)
def examples() -> None:
    """Write example files to try things with.

    \b
    Example:
      fervbench examples list
    """


@examples.command("list")
@options.as_json
def list_(as_json: bool) -> None:
    """List the examples.

    \b
    Example:
      fervbench examples list
    """
    from fervbench.examples import EXAMPLES

    if as_json:
        from fervbench.strict_json import dumps

        click.echo(dumps({name: {"what": what, "files": list(files)} for name, (what, files) in EXAMPLES.items()}))
        return
    for name, (what, files) in EXAMPLES.items():
        click.echo(f"{name}\n    {what}\n    {', '.join(files)}")


@examples.command()
@click.argument("name")
@click.option("--to", "folder", metavar="DIR", default=".", help="Folder to write to; the current one by default.")
@options.force
def write(name: str, folder: str, force: bool) -> None:
    """Write the files of an example.

    \b
    Example:
      fervbench examples write mae-dfer-overall-only
      fervbench examples write tiny --to somewhere
    """
    from fervbench.examples import write_example

    for path, new in write_example(name, Path(folder), overwrite=force):
        click.echo(f"{path}" if new else f"{path} (was there already)")
