"""`fervbench leaderboard`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fervbench.cli import Group, options

if TYPE_CHECKING:
    from fervbench.leaderboard.checking import Checked
    from fervbench.leaderboard.sources import Folder, Tree

BOARD = click.option(
    "--dir", "board", metavar="DIR", default="submissions", show_default=True, help="Folder of the entries."
)
CACHE = click.option("--cache", metavar="DIR", help="Where to keep what was found of entries; safe to delete.")
NO_CACHE = click.option("--no-cache", is_flag=True, help="Look at every entry anew, and keep nothing.")


@click.group(cls=Group)
def leaderboard() -> None:
    """The leaderboard: check its entries, show ranks, build its site.

    Entries are folders submissions/<protocol>/<slug>/ with submission.json, predictions.json (or .json.gz) and
    result.json, which only the tool writes. 'fervbench submit init' makes one.

    \b
    Example:
      fervbench leaderboard check
      fervbench leaderboard show ferv39k
      fervbench leaderboard build --out site
    """


@leaderboard.command()
@click.argument("which", metavar="[DIR|SLUG ...]", nargs=-1)
@BOARD
@click.option("--against", metavar="GIT_REF", help="Check what was touched since this base, and what may not be.")
@click.option("--tree", metavar="COMMIT", help="Read the entries of a commit, without checking it out.")
@click.option("--ground-truth", metavar="PATH", help="Labels of the one protocol that is checked.")
@click.option("--write", is_flag=True, help="Store results that are missing or differ.")
@click.option("--force", is_flag=True, help="--write: also where the result is against another ground truth.")
@click.option("--protocol", "protocols", metavar="PATH", multiple=True, help="A protocol file, for its id.")
@CACHE
@NO_CACHE
@click.option("--github", is_flag=True, help="Print findings as GitHub annotations.")
@options.as_json
@click.option("--output", "-o", metavar="FILE", help="Write the findings as JSON to FILE, whatever is printed.")
def check(
    which: tuple[str, ...],
    board: str,
    against: str | None,
    tree: str | None,
    ground_truth: str | None,
    write: bool,
    force: bool,
    protocols: tuple[str, ...],
    cache: str | None,
    no_cache: bool,
    github: bool,
    as_json: bool,
    output: str | None,
) -> None:
    """Check entries: form, scores, claims, and what was touched.

    Every entry is scored again and held against its stored result and its claim (exit code 4 where one differs; 1 where
    anything is invalid). All findings are reported at once. Where the labels are not here (DFEW, MAFW, SDFE-LV) the
    form is checked; a maintainer gives them with --ground-truth, which scores the entries and stores results with the
    fingerprint of the labels.

    \b
    Example:
      fervbench leaderboard check
      fervbench leaderboard check submissions/ferv39k/my-model
      fervbench leaderboard check ferv39k/my-model --json
    """
    from fervbench.findings import to_json
    from fervbench.leaderboard.cache import Cache
    from fervbench.leaderboard.checking import Options, check_board, protocols_from
    from fervbench.leaderboard.telling import exit_code
    from fervbench.resources import user_cache_dir

    if github and as_json:
        raise click.UsageError("--github and --json exclude each other")
    if tree is not None and (write or which):
        raise click.UsageError("--tree reads a commit: it writes nothing, and takes no folders")
    files, only = _files(which, board, tree)
    chosen = Options(
        only=only,
        grounds=protocols_from(protocols, ground_truth),
        ground_truth=ground_truth,
        write=write or ground_truth is not None,
        force=force,
        say=lambda text: click.echo(text, err=True),
    )
    more: list[Any] = []
    if against is not None:
        more, chosen.only = _against(files, against, chosen, only)
    if ground_truth is not None:
        _one_protocol(files, chosen)
    kept = Cache(None if no_cache else Path(cache) if cache else user_cache_dir())
    found = check_board(files, kept, chosen)
    findings = [*more, *found.findings]
    if output is not None:
        from fervbench.files import write_whole

        write_whole(output, to_json(findings) + "\n", overwrite=True)
    if as_json:
        click.echo(to_json(findings))
    elif github:
        from fervbench.leaderboard.annotations import workflow_commands

        for line in workflow_commands(findings, _shown_root(files)):
            click.echo(line)
    else:
        from fervbench.cli.render_leaderboard import print_findings

        print_findings(findings, found)
    for id in found.written:
        click.echo(f"result stored: {id}", err=True)
    click.get_current_context().exit(exit_code(findings))


def _shown_root(files: Folder | Tree) -> str:
    """The board's folder as a repository sees it."""
    return files.root if isinstance(files.root, str) else files.root.name


def _files(which: tuple[str, ...], board: str, tree: str | None) -> tuple[Folder | Tree, frozenset[str] | None]:
    """Where the entries are, and which of them are meant (None: all)."""
    from fervbench.leaderboard.entries import NAMES
    from fervbench.leaderboard.sources import Folder, Tree

    if tree is not None:
        return Tree(Path(), tree, board), None
    if not which:
        return Folder(board), None
    root: Path | None = None
    only: set[str] = set()
    whole = False
    for name in which:
        path = Path(name)
        if path.is_dir():
            path = path.absolute()
            inside = {item.name for item in path.iterdir()}
            below = {item.name for folder in path.iterdir() if folder.is_dir() for item in folder.iterdir()}
            if inside & set(NAMES):
                here, ids = path.parent.parent, {f"{path.parent.name}/{path.name}"}
            elif below & set(NAMES):
                here, ids = path.parent, {f"{path.name}/{item.name}" for item in path.iterdir()}
            else:
                here, ids, whole = path, set(), True
        else:
            here, ids = Path(board).absolute(), _named(name, Path(board))
        if root is not None and root != here:
            raise click.UsageError(f"entries of two boards: {root} and {here}")
        root, only = here, only | ids
    return Folder(root or board), None if whole else frozenset(only)


def _named(name: str, board: Path) -> set[str]:
    """Entries by `protocol/slug`, or by slug in any protocol."""
    if name.count("/") == 1:
        return {name}
    found = {f"{path.parent.name}/{name}" for path in board.glob(f"*/{name}")} if "/" not in name else set()
    if not found:
        from fervbench.errors import UsageError

        raise UsageError(f"no such folder or entry: {name}", hint=f"entries are in {board}/<protocol>/<slug>")
    return found


def _against(
    files: Folder | Tree, ref: str, chosen: Any, only: frozenset[str] | None
) -> tuple[list[Any], frozenset[str] | None]:
    """Findings about what was touched since a base, and the entries to look at."""
    from fervbench.leaderboard.against import base_of, compare, place_of, results_by_hand
    from fervbench.leaderboard.checking import ground
    from fervbench.leaderboard.sources import Folder, Tree

    if isinstance(files, Folder):
        repository, prefix = place_of(files.root)
        base = Tree(repository, base_of(repository, ref), prefix)
    else:
        base = Tree(files.repository, base_of(files.repository, ref, files.commit), files.root)
    found = compare(files, base)
    from fervbench.errors import FervbenchError

    ships = {}
    for path in found.results:
        protocol = path.partition("/")[0]
        try:
            ships[protocol] = ground(protocol, chosen).ships
        except FervbenchError:
            ships[protocol] = False
    there = {"/".join(path.split("/")[:2]) for path in files.listing() if path.count("/") >= 2}
    touched = frozenset(id for id in found.touched if id in there)
    by_hand = [] if chosen.write else results_by_hand(found, ships)
    return [*found.findings, *by_hand], touched if only is None else touched & only


def _one_protocol(files: Folder | Tree, chosen: Any) -> None:
    """`--ground-truth` is of one protocol: refuse it where entries of several are checked."""
    ids = chosen.only
    if ids is None:
        ids = {"/".join(path.split("/")[:2]) for path in files.listing() if path.count("/") >= 2}
    names = sorted({id.partition("/")[0] for id in ids})
    if len(names) > 1:
        raise click.UsageError(f"--ground-truth is of one protocol, the entries are of {', '.join(names)}")


@leaderboard.command()
@click.argument("protocol", metavar="[PROTOCOL]", required=False)
@BOARD
@click.option("--evaluation", metavar="NAME", help="One evaluation.")
@options.track
@click.option("--by", "metric", metavar="METRIC", help="Rank by WAR (default), UAR or AUC.")
@click.option("--fingerprint", metavar="SHA256", help="One ground truth, where the protocol freezes none.")
@click.option("--protocol-file", "protocols", metavar="PATH", multiple=True, help="A protocol file, for its id.")
@CACHE
@NO_CACHE
@options.as_json
def show(
    protocol: str | None,
    board: str,
    evaluation: str | None,
    track: str,
    metric: str | None,
    fingerprint: str | None,
    protocols: tuple[str, ...],
    cache: str | None,
    no_cache: bool,
    as_json: bool,
) -> None:
    """Show ranks, with ties, tie groups and the ranks each can have.

    Equal scores share a rank. An entry's rank interval holds all ranks that the test list does not rule out: from
    paired tests where predictions are there, else from the numbers alone. * is on the front of WAR and UAR.

    \b
    Example:
      fervbench leaderboard show
      fervbench leaderboard show ferv39k --by UAR
      fervbench leaderboard show ferv39k --track face --json
    """
    from fervbench.errors import UsageError
    from fervbench.leaderboard.cache import Cache
    from fervbench.leaderboard.checking import Options, check_board, protocols_from
    from fervbench.leaderboard.sources import Folder
    from fervbench.resources import user_cache_dir

    files = Folder(board)
    names = sorted({path.partition("/")[0] for path in files.listing() if path.count("/") >= 2})
    if protocol is not None and protocol not in names:
        raise UsageError(f"there are no entries of {protocol!r}", hint=f"there are: {', '.join(names) or 'none'}")
    ids = {"/".join(path.split("/")[:2]) for path in files.listing() if path.count("/") >= 2}
    wanted = frozenset(id for id in ids if protocol in (None, id.partition("/")[0]))
    kept = Cache(None if no_cache else Path(cache) if cache else user_cache_dir())
    found = check_board(files, kept, Options(only=wanted, grounds=protocols_from(protocols)))
    left = sum(1 for id in found.kept if id not in {entry.id for entry in found.entries})
    if left:
        click.echo(f"{left} entries are left out: fervbench leaderboard check says why", err=True)
    made = _boards(found, evaluation, track, metric, fingerprint)
    if as_json:
        from fervbench.strict_json import dumps

        click.echo(dumps({"format": "fervbench-ranking/1", "rankings": [each.to_dict() for each in made]}))
        return
    from fervbench.cli.render_leaderboard import print_boards

    print_boards(made)


def _boards(
    found: Checked, evaluation: str | None, track: str, metric: str | None, fingerprint: str | None
) -> list[Any]:
    """The rankings that are asked for: by one metric each, the first of the protocol unless another is named."""
    from fervbench.errors import UsageError
    from fervbench.leaderboard.headline import ranked_metrics
    from fervbench.leaderboard.ranking import boards, draw

    made: list[Any] = []
    known: set[str] = set()
    for id, ground in sorted(found.grounds.items()):
        own = {entry.id for entry in found.entries if entry.protocol == id}
        metrics = ranked_metrics(ground.protocol)
        known |= {f"{name} by {each}" for name in ground.protocol.evaluations for each in metrics}
        if metric is None or metric in metrics:
            drawn = draw(ground, {name: kept for name, kept in found.kept.items() if name in own})
            made += boards(ground.protocol, found.entries, drawn, track=track, metrics=[metric or metrics[0]])
    asked = [each for each in made if evaluation in (None, each.evaluation)]
    asked = [each for each in asked if fingerprint is None or (each.fingerprint or "").startswith(fingerprint)]
    if not asked and (metric or evaluation or fingerprint):
        raise UsageError("there is no such ranking", hint=f"there are: {', '.join(sorted(known))}")
    return asked


@leaderboard.command()
@click.argument("report", metavar="FINDINGS")
@options.output("the comment")
@options.force
def comment(report: str, output: str | None, force: bool) -> None:
    """Write findings as a comment for a pull request.

    FINDINGS is what 'leaderboard check --output' wrote. It is taken as data: nothing in it becomes a link, a mention or
    markup, and the comment is cut where GitHub would refuse it.

    \b
    Example:
      fervbench leaderboard check --output findings.json
      fervbench leaderboard comment findings.json
    """
    from fervbench import schema, strict_json
    from fervbench.errors import InputError
    from fervbench.files import read_bounded, write_whole
    from fervbench.findings import Finding
    from fervbench.leaderboard.annotations import comment as make

    content = strict_json.parse(read_bounded(report, 2**23), report).value
    if not schema.accepts(content, schema.load("findings")):
        raise InputError(f"holds no findings: {report}", hint="fervbench leaderboard check --output FILE", file=report)
    text = make([Finding(**each) for each in content["findings"]])
    if output is None:
        click.echo(text, nl=False)
        return
    write_whole(output, text, overwrite=force)


@leaderboard.command()
@BOARD
@click.option("--out", metavar="DIR", required=True, help="Folder of the site: new, empty, or built by this command.")
@click.option("--protocol", "protocols", metavar="PATH", multiple=True, help="A protocol file, for its id.")
@click.option("--force", is_flag=True, help="Replace a built folder to which files were added.")
@CACHE
@NO_CACHE
@options.as_json
def build(
    board: str, out: str, protocols: tuple[str, ...], force: bool, cache: str | None, no_cache: bool, as_json: bool
) -> None:
    """Build the leaderboard's site: static pages for any host.

    Pages open from disk, need no script to be read, and load nothing from elsewhere. The folder is built beside its
    place and renamed; a folder that this command did not build is left alone. Entries with errors are left out.

    \b
    Example:
      fervbench leaderboard build --out site
    """
    from fervbench.leaderboard.cache import Cache
    from fervbench.leaderboard.checking import Options, check_board, protocols_from
    from fervbench.leaderboard.site.build import build as make
    from fervbench.leaderboard.site.build import check_place
    from fervbench.leaderboard.sources import Folder
    from fervbench.resources import user_cache_dir

    check_place(Path(out), force=force)
    files = Folder(board)

    def say(text: str) -> None:
        click.echo(text, err=True)

    kept = Cache(None if no_cache else Path(cache) if cache else user_cache_dir())
    found = check_board(files, kept, Options(grounds=protocols_from(protocols), say=say))
    left = sum(1 for id in found.kept if id not in {entry.id for entry in found.entries})
    if left:
        say(f"{left} entries are left out: fervbench leaderboard check says why")
    made = make(files, found, out, force=force, say=say)
    if as_json:
        from fervbench.strict_json import dumps

        click.echo(dumps({"folder": out, "entries": made.entries, "files": made.files, "bytes": made.size}))
        return
    click.echo(f"{out}: {made.entries:,} entries, {made.files:,} files, {made.size / 2**20:.1f} MiB; open index.html")
