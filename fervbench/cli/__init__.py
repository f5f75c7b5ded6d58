"""The command line. Commands are found by name and imported only when called; this file imports click alone.

The library raises; `Command` translates once: findings to standard error (or, with `--json`, as one document to
standard output) and the exit code of the error's class.
"""

from __future__ import annotations

import errno
import gc
import os
import sys
from contextlib import suppress
from importlib import import_module
from typing import Any, NoReturn

import click

from fervbench._version import __version__

# name: (module, what it does). The help of the group needs no import of the modules; a test holds it to theirs.
COMMANDS = {
    "baselines": ("baselines", "The published baselines, and how each is trained again."),
    "compare": ("comparing", "Compare submissions on the same clips."),
    "convert": ("submissions", "Make a predictions or proposals file from CSV, npz or JSON."),
    "examples": ("examples", "Write example files to try things with."),
    "export": ("export", "Write results and challenges as other platforms take them."),
    "ground-truth": ("ground_truth", "Add and show local copies of official labels."),
    "labels": ("labels", "Make labels from raw annotations, and check them."),
    "leaderboard": ("leaderboard", "The leaderboard: check its entries, show ranks, build its site."),
    "pack": ("pack", "Turn a dataset into a pack, one memory map of its frames."),
    "power": ("comparing", "Say what each configuration can and cannot resolve."),
    "protocols": ("protocols", "List, show and check how datasets are scored."),
    "run-baseline": (
        "run_baseline",
        "Train a published baseline and score it.",
    ),
    "score": ("score", "Score a predictions file."),
    "submit": ("submit", "Make a leaderboard entry of your predictions."),
    "synthesize": ("synthesize", "Render a synthetic data set in an official layout."),
    "tables": ("tables", "The published tables, and what can be true in them together."),
    "template": ("submissions", "Write a predictions file with every id and no answers."),
}


class Command(click.Command):
    """A command that tells what went wrong, and never shows a traceback for bad input."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run; on a FervbenchError print its findings and leave with its exit code."""
        from fervbench.errors import FervbenchError

        try:
            return super().invoke(ctx)
        except FervbenchError as error:
            present(error, as_json=bool(ctx.params.get("as_json")))
            ctx.exit(error.exit_code)
        except OSError as error:
            if error.errno == errno.EPIPE:  # whoever read our output has had enough: click leaves quietly
                raise
            click.echo(f"Error: {error.strerror or error}{f': {error.filename}' if error.filename else ''}", err=True)
            ctx.exit(1)


class Group(click.Group):
    """A group whose commands are Commands."""

    command_class = Command


class LazyGroup(click.Group):
    """The top group: imports the module of a command when the command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of all commands, sorted."""
        del ctx
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, or None; click then says so and names the nearest ones."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"fervbench.cli.{COMMANDS[cmd_name][0]}")
        found: click.Command = getattr(module, cmd_name.replace("-", "_"))
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in sorted(COMMANDS)])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; for an unknown one name the nearest (older versions of click do not)."""
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            import difflib

            near = difflib.get_close_matches(args[0], COMMANDS, n=1, cutoff=0.5)
            ctx.fail(f"No such command {args[0]!r}." + (f" Did you mean {near[0]!r}?" if near else ""))
        return super().resolve_command(ctx, args)


def present(error: Any, *, as_json: bool) -> None:
    """Print an error: its message and findings to standard error, or a findings document to standard output."""
    from fervbench.findings import to_json, to_text, visible

    if as_json:
        click.echo(to_json(error.findings))
        return
    named = error.file is None or error.file in error.message
    click.echo(f"Error: {'' if named else visible(f'{error.file}: ')}{visible(error.message, 500)}", err=True)
    only = list(error.findings.kept)
    if len(only) == 1 and only[0].message == error.message:
        if only[0].hint:
            click.echo(f"hint: {visible(only[0].hint, 500)}", err=True)
        return
    if error.hint:
        click.echo(f"hint: {visible(error.hint, 500)}", err=True)
    total = len(error.findings)
    click.echo(f"{total:,} {'problem' if total == 1 else 'problems'}:", err=True)
    click.echo(to_text(error.findings), err=True)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, package_name="fervbench", message="fervbench %(version)s")
def cli() -> None:
    """Score facial expression recognition (FERV39k, DFEW, MAFW) and spotting (SDFE-LV), the same way for everyone.

    \b
    Example:
      fervbench examples write mae-dfer-overall-only
      fervbench score mae-dfer-overall-only.json

    Results go to standard output, messages to standard error. Exit codes: 0 ok; 1 invalid or unreadable input; 2 usage,
    or a missing extra; 3 a protocol or its ground truth is absent or not matching; 4 a claimed or stored score differs;
    130 interrupted.
    """


def run() -> NoReturn:
    """What the `fervbench` script calls: `main`, and out without taking the interpreter apart.

    Freeing half a million proposals one by one is 30 of the 540 ms that scoring them takes. Processes started through
    multiprocessing are cleaned up at exit, so with them the exit is the ordinary one.
    """
    code: object = 0
    try:
        main()
    except SystemExit as leaving:
        code = leaving.code
    if "multiprocessing" in sys.modules or not isinstance(code, int):
        sys.exit(code)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()
    os._exit(code)


def main() -> NoReturn:
    """The command line: raises SystemExit with the exit code, everything written and flushed."""
    gc.disable()  # a short process; looking for cycles among 40,000 rows of scores takes a seventh of its time
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:  # a terminal that cannot show a character shows a question mark
            reconfigure(errors="replace")
    try:
        code = cli.main(standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Abort:
        click.echo("interrupted", err=True)
        code = 130
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except OSError as error:  # the output could not be written to its end: a full disk
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        click.echo(f"Error: {error.strerror or error}", err=True)
        code = 1
    sys.exit(code if isinstance(code, int) else 0)
