"""What the commands of `fervbench labels` share: options, reading, writing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from fervbench.cli import options

if TYPE_CHECKING:
    from fervbench.findings import Finding
    from fervbench.labels.ratings import Ratings
    from fervbench.labels.sheet import Sheet

RATINGS = (
    click.option("--classes", metavar="A,B,...", help="The classes, in order; by default the file's own."),
    click.option("--protocol", metavar="ID|PATH", help="Take the classes, and the spelling of ids, of a protocol."),
    click.option("--map", "mapping", metavar="FILE", help="Fine labels: a table with the columns label,class."),
    click.option("--raters", type=click.IntRange(1), metavar="N", help="Ratings that each clip has; else the usual."),
    click.option("--allow-missing", is_flag=True, help="Take clips with fewer or more ratings than the others."),
)
INTERVALS = (
    click.option("--fps", type=float, help="Frames per second of videos of which the file names none."),
    click.option(
        "--unit",
        type=click.Choice(["seconds", "frames"]),
        default="seconds",
        show_default=True,
        help="Unit of onset and offset; frames are whole, both ends included.",
    ),
    click.option("--first", type=click.IntRange(0, 1), default=0, show_default=True, help="Number of the first frame."),
)
BOOTSTRAP = (
    click.option("--confidence", type=float, default=0.95, show_default=True, help="Level of the intervals."),
    click.option("--replicates", type=click.IntRange(0), default=1000, show_default=True, help="0: no intervals."),
    click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of the replicates."),
)


def with_options(*groups: tuple[Any, ...]) -> options.Decorator:
    """The options of the groups, in their order."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed([option for group in groups for option in group]):
            command = option(command)
        return command

    return decorate


def known_classes(classes: str | None, protocol: str | None) -> tuple[tuple[str, ...], Callable[[str], str]]:
    """The classes, and how ids are spelt."""
    if classes is not None:
        names = tuple(name.strip() for name in classes.split(","))
        if len(set(names)) != len(names) or not all(names):
            raise click.UsageError("--classes names a class twice, or none")
    if protocol is None:
        return (names if classes is not None else ()), str
    from fervbench.protocol import load_protocol

    loaded = load_protocol(protocol)
    return (names if classes is not None else loaded.classes), loaded.ids.canonical


def read(
    sheet: str | Sheet,
    classes: str | None,
    protocol: str | None,
    mapping: str | None,
    raters: int | None,
    *,
    allow_missing: bool,
    once_a_group: bool = False,
) -> Ratings:
    """Ratings of clips, as the options say."""
    from fervbench.labels.ratings import read_mapping, read_ratings

    known, canonical = known_classes(classes, protocol)
    return read_ratings(
        sheet,
        classes=known,
        mapping=None if mapping is None else read_mapping(mapping, known),
        raters=raters,
        allow_missing=allow_missing,
        once_a_group=once_a_group,
        canonical=canonical,
    )


def put(document: dict[str, Any], text: str | None, what: str, output: str | None, *, force: bool, json: bool) -> bool:
    """Write `text` (the document itself where None) to `output`; print the document; whether a text is still wanted."""
    from fervbench.strict_json import dumps

    if output is not None:
        from fervbench.files import write_whole

        write_whole(output, dumps(document) + "\n" if text is None else text, overwrite=force)
        click.echo(f"{what} written to {output}", err=True)
    if json:
        click.echo(dumps(document))
    return not json


def checked(found: list[Finding], file: str, said: str, *, as_json: bool) -> None:
    """Print findings; exit code 1 where one of them is an error."""
    from fervbench.errors import InputError
    from fervbench.findings import to_json, to_text, visible

    errors = [finding for finding in found if finding.severity == "error"]
    if errors:
        raise InputError(f"does not hold: {file}", file=file, findings=found)
    if as_json:
        click.echo(to_json(found))
        return
    click.echo(f"ok: {visible(file)}: {said}")
    if found:
        click.echo(to_text(found))


def check_level(level: float, replicates: int = 2) -> None:
    """Raise UsageError for a level or a number of replicates that makes no interval."""
    if not 0 < level < 1:
        raise click.UsageError("--confidence lies between 0 and 1")
    if replicates == 1:
        raise click.UsageError("one replicate makes no interval")
