"""`fervbench export`."""

from __future__ import annotations

from typing import Any

import click

from fervbench.cli import Group, options

EVALUATION = click.option("--evaluation", metavar="NAME", help="One evaluation; by default the first.")
MISSING = click.option(
    "--missing", type=click.Choice(["error", "wrong"]), default="error", show_default=True,
    help="wrong: clips without an answer count as wrong.",
)  # fmt: skip
TRUTH = click.option("--ground-truth", metavar="PATH", help="Labels that go into the bundle, unseen by participants.")
BOARD = click.option(
    "--dir", "board", metavar="DIR", default="submissions", show_default=True, help="Folder of the entries."
)
FORM = click.option(
    "--to", "form", type=click.Choice(["markdown", "latex", "csv"]), default="markdown", show_default=True,
    help="What to write.",
)  # fmt: skip


class Day(click.ParamType):  # type: ignore[type-arg]
    """A day as YYYY-MM-DD."""

    name = "day"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The day, or a usage error."""
        from datetime import date

        try:
            return date.fromisoformat(str(value)).isoformat()
        except ValueError:
            self.fail(f"{value!r} is no day: YYYY-MM-DD", param, ctx)


@click.group(cls=Group)
def export() -> None:
    """Write results and challenges as other platforms take them.

    \b
    Example:
      fervbench export row report.json --to latex
      fervbench export codabench ferv39k --start 2027-01-15 --output ferv39k-codabench.zip
    """


@export.command()
@click.argument("protocol", metavar="PROTOCOL")
@click.option("--start", type=Day(), required=True, metavar="DAY", help="First day of the competition, YYYY-MM-DD.")
@EVALUATION
@TRUTH
@MISSING
@click.option("--image", metavar="NAME", default="python:3.11-slim", show_default=True, help="Docker image to run in.")
@click.option("--contact", metavar="EMAIL", help="Address of the organisers.")
@click.option("--output", "-o", metavar="FILE", required=True, help="Write the bundle to FILE.")
@options.force
def codabench(
    protocol: str, start: str, evaluation: str | None, ground_truth: str | None, missing: str, image: str,
    contact: str | None, output: str, force: bool,
) -> None:  # fmt: skip
    """Write a Codabench competition bundle.

    The scoring program carries this fervbench with it; the image needs the packages in scoring_program/Dockerfile.
    Labels that do not ship with fervbench go into the reference data only with --ground-truth.

    \b
    Example:
      fervbench export codabench ferv39k --start 2027-01-15 --output ferv39k-codabench.zip
    """
    from fervbench.files import write_whole
    from fervbench.leaderboard.exports.codabench import bundle

    content = bundle(
        protocol, start=start, evaluation=evaluation, ground_truth=ground_truth, missing=missing, image=image,
        contact=contact,
    )  # fmt: skip
    write_whole(output, content, overwrite=force)
    click.echo(f"bundle written to {output} ({len(content) / 2**20:.1f} MiB)", err=True)


@export.command()
@click.argument("protocol", metavar="PROTOCOL")
@click.option("--start", type=Day(), required=True, metavar="DAY", help="First day of the challenge, YYYY-MM-DD.")
@click.option("--end", type=Day(), required=True, metavar="DAY", help="Last day of the challenge.")
@EVALUATION
@TRUTH
@MISSING
@click.option("--output", "-o", metavar="FILE", required=True, help="Write the zip file to FILE.")
@options.force
def evalai(
    protocol: str, start: str, end: str, evaluation: str | None, ground_truth: str | None, missing: str, output: str,
    force: bool,
) -> None:  # fmt: skip
    """Write an EvalAI challenge: configuration and evaluate().

    Scores come with half their 95 % interval as EvalAI's error. The evaluation script carries this fervbench with it.

    \b
    Example:
      fervbench export evalai ferv39k --start 2027-01-15 --end 2027-06-30 --output ferv39k-evalai.zip
    """
    from fervbench.files import write_whole
    from fervbench.leaderboard.exports.evalai import bundle

    if end < start:
        raise click.UsageError(f"the challenge ends on {end}, before it starts")
    content = bundle(protocol, start=start, end=end, evaluation=evaluation, ground_truth=ground_truth, missing=missing)
    write_whole(output, content, overwrite=force)
    click.echo(f"challenge written to {output} ({len(content) / 2**20:.1f} MiB)", err=True)


@export.command()
@click.argument("sources", metavar="SOURCE ...", nargs=-1, required=True)
@BOARD
@click.option("--name", metavar="NAME", help="Name of the model.")
@options.output("the front matter")
@options.force
def huggingface(sources: tuple[str, ...], board: str, name: str | None, output: str | None, force: bool) -> None:
    """Write a model card's model-index (YAML).

    SOURCE is a report ('fervbench score --output'), a result.json, or an entry (protocol/slug). Several are results of
    one model.

    \b
    Example:
      fervbench export huggingface report.json --name MyModel
    """
    from fervbench.leaderboard.exports.huggingface import model_index
    from fervbench.leaderboard.exports.results import load

    _put(model_index([load(source, board, name) for source in sources]), output, force)


@export.command()
@click.argument("sources", metavar="SOURCE ...", nargs=-1, required=True)
@BOARD
@click.option("--evaluation", metavar="NAME", help="One evaluation; by default all that there are.")
@click.option("--name", metavar="NAME", help="Name of the method, where there is one source.")
@FORM
@click.option("--no-header", is_flag=True, help="The rows alone.")
@options.output("the rows")
@options.force
def row(
    sources: tuple[str, ...], board: str, evaluation: str | None, name: str | None, form: str, no_header: bool,
    output: str | None, force: bool,
) -> None:  # fmt: skip
    """Write results as rows for a paper's table.

    SOURCE is a report ('fervbench score --output'), a result.json, or an entry (protocol/slug). Per cent, with half the
    95 % interval; CSV holds shares of 1.

    \b
    Example:
      fervbench export row report.json --name MyModel
      fervbench export row report.json --to latex --no-header
      fervbench export row report.json --to csv
    """
    from fervbench.leaderboard.exports.results import load
    from fervbench.leaderboard.exports.rows import rows

    if name is not None and len(sources) > 1:
        raise click.UsageError("--name is for one source")
    found = [load(source, board, name) for source in sources]
    _put(rows(found, form, evaluation, header=not no_header), output, force)


@export.command()
@click.argument("protocol", metavar="PROTOCOL")
@BOARD
@click.option("--evaluation", metavar="NAME", help="One evaluation; by default the first that has entries.")
@options.track
@click.option("--by", "metric", metavar="METRIC", help="Rank by WAR (default), UAR or AUC.")
@click.option("--top", type=click.IntRange(1), metavar="N", help="The first N alone.")
@FORM
@options.output("the table")
@options.force
def table(
    protocol: str, board: str, evaluation: str | None, track: str, metric: str | None, top: int | None, form: str,
    output: str | None, force: bool,
) -> None:  # fmt: skip
    """Write a ranking as a table.

    \b
    Example:
      fervbench export table ferv39k --top 10
      fervbench export table ferv39k --by UAR --to latex
    """
    from fervbench.cli.leaderboard import _boards
    from fervbench.errors import UsageError
    from fervbench.leaderboard.cache import Cache
    from fervbench.leaderboard.checking import Options, check_board
    from fervbench.leaderboard.exports.rows import table as lay_out
    from fervbench.leaderboard.sources import Folder
    from fervbench.resources import user_cache_dir

    files = Folder(board)
    ids = {"/".join(path.split("/")[:2]) for path in files.listing() if path.count("/") >= 2}
    wanted = frozenset(id for id in ids if id.partition("/")[0] == protocol)
    if not wanted:
        raise UsageError(f"there are no entries of {protocol!r} in {board}")
    made = _boards(check_board(files, Cache(user_cache_dir()), Options(only=wanted)), evaluation, track, metric, None)
    if not made:
        raise UsageError("this ranking is empty")
    _put(lay_out(made[0], form, top), output, force)


def _put(text: str, output: str | None, force: bool) -> None:
    if output is None:
        click.echo(text, nl=False)
        return
    from fervbench.files import write_whole

    write_whole(output, text, overwrite=force)
    click.echo(f"written to {output}", err=True)
