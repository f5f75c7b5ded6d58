"""`fervbench submit`."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Any

import click

from fervbench.cli import Group, options

MODALITIES = ("face", "landmarks", "context", "audio", "text", "other")
UNDECLARED = "undeclared"


@click.group(cls=Group)
def submit() -> None:
    """Make a leaderboard entry of your predictions.

    \b
    Example:
      fervbench submit init predictions.json --method "My model" --team "My group" --yes
    """


@submit.command()
@click.argument("file", metavar="[FILE]", required=False)
@click.option("--method", metavar="NAME", help="Name of the method.")
@click.option("--team", metavar="NAME", help="Authors in short form, or a group.")
@click.option("--slug", metavar="SLUG", help="Name of the folder; made of the method's name by default.")
@click.option("--protocol", metavar="ID", help="Protocol; the one the file names by default.")
@click.option("--ground-truth", metavar="PATH", help="Labels to score with, for this call.")
@click.option("--paper-title", metavar="TEXT", help="Title of the paper, if there is one.")
@click.option("--paper-url", metavar="URL", help="Its address (https).")
@click.option("--venue", metavar="TEXT", help="Where it appeared.")
@click.option("--year", type=int, metavar="YEAR", help="Year of the paper or of the entry.")
@click.option("--code", metavar="URL", help="Address of the code (https).")
@click.option("--modality", multiple=True, type=click.Choice(MODALITIES), help="What the model sees; may be repeated.")
@click.option(
    "--pretraining", multiple=True, metavar="KIND:DATA", help="e.g. generic:Kinetics-400; 'none': from scratch."
)
@click.option("--extra-data", metavar="TEXT", help="Training data beyond the protocol's training part; 'none'.")
@click.option("--zero-shot", is_flag=True, help="Never trained on clips of this dataset.")
@click.option("--frames", type=int, help="Frames of one view.")
@click.option("--size", type=int, help="Side of a frame in pixels.")
@click.option("--parameters", type=float, metavar="MILLIONS", help="Parameters in millions.")
@click.option("--flops", type=float, metavar="G", help="10^9 multiply-accumulates a clip, all views.")
@click.option("--views", type=int, help="Views of a clip averaged at test time.")
@click.option("--ensemble", type=int, help="Models averaged.")
@click.option(
    "--chosen-on", type=click.Choice(["none", "train", "validation", "test"]), help="What the epoch was chosen on."
)
@click.option("--chosen-by", metavar="TEXT", help="How it was chosen: last epoch, best WAR, ...")
@click.option("--test-evaluations", type=int, metavar="N", help="How often the test part was scored before.")
@click.option("--claim", multiple=True, metavar="METRIC=SHARE", help="e.g. WAR=0.5207; what the file gives by default.")
@click.option("--missing", type=click.Choice(["error", "wrong"]), default="error", help="Clips without an answer.")
@click.option("--job", metavar="DIR", help="A finished job of run-baseline: its predictions and its record.")
@click.option("--licence", metavar="TEXT", default="CC-BY-4.0", show_default=True, help="Licence of the entry's files.")
@click.option("--dir", "board", metavar="DIR", default="submissions", show_default=True, help="Folder of the entries.")
@click.option("--yes", is_flag=True, help="Ask nothing: what is not given is not declared.")
@options.as_json
@options.force
def init(file: str | None, **given: Any) -> None:
    """Make an entry: a checked folder, and the git commands to send it.

    What is not given is asked for at a terminal; elsewhere, and with --yes, it stays undeclared, and the entry competes
    where anything goes. Claims are what the file gives, unless --claim says otherwise. Nothing is written unless all is
    well.

    \b
    Example:
      fervbench submit init predictions.json --method "My model" --team "My group" --yes --dir trial
      fervbench submit init other.json --method "My other model" --team "My group" --modality face --yes --dir trial
    """
    from fervbench.errors import SubmissionError, UsageError
    from fervbench.findings import visible
    from fervbench.leaderboard.headline import ranked_metrics
    from fervbench.leaderboard.making import check_new, claims_of, read_predictions, record_of, write_entry
    from fervbench.leaderboard.scoring import ground_of
    from fervbench.leaderboard.telling import exit_code
    from fervbench.leaderboard.wording import slug_of
    from fervbench.protocol import load_protocol

    asking = not given["yes"] and _at_a_terminal()
    record = None
    if given["job"] is not None:
        if file is not None:
            raise click.UsageError("a job has its own predictions: give FILE or --job")
        record, path = record_of(Path(given["job"]))
        file = str(path)
    file = file or _ask("predictions file", asking)
    if file is None:
        raise click.UsageError("a predictions file is needed: FILE or --job")
    data = read_predictions(file)
    name = given["protocol"] or _protocol_of(data, file)
    ground = ground_of(load_protocol(name), given["ground_truth"])
    if ground.truth is None:
        click.echo(f"the labels of {name} are not here: the form is checked, a maintainer scores it", err=True)
    answers = _answers(given, asking)
    lacking = [f"--{key}" for key in ("method", "team") if not answers[key]]
    if lacking:
        raise click.UsageError(f"needed: {', '.join(lacking)}")
    slug = given["slug"] or slug_of(answers["method"])
    if not slug:
        raise click.UsageError("no slug can be made of the method's name: give --slug")
    about = _about(answers, name, record)
    about["claimed"] = _claims(given["claim"], ground)
    if not about["claimed"]:
        if ground.truth is None:
            raise UsageError(
                "a claim is needed where the labels are not here", hint="--claim WAR=0.5207 --claim UAR=0.4312"
            )
        nothing = {next(iter(ground.protocol.evaluations)): {ranked_metrics(ground.protocol)[0]: None}}
        scored, _ = check_new(about | {"claimed": nothing}, slug, data, file, ground)
        about["claimed"] = claims_of(scored) if scored is not None else nothing
    scored, told = check_new(about, slug, data, file, ground)
    if exit_code(told.kept):
        raise SubmissionError(f"no entry can be made of {file}", file=file, findings=told)
    folder = write_entry(
        Path(given["board"]), slug, about, data, scored.result if scored else None, overwrite=given["force"]
    )
    for finding in told.kept:
        if finding.rule not in ("no-result", "pending"):
            click.echo(f"{finding.severity}: {visible(finding.message, 300)}", err=True)
    commands = [
        f"fervbench leaderboard check {shlex.quote(str(folder))}",
        f"git switch -c {slug}",
        f"git add {shlex.quote(str(folder))}",
        f"git commit -m {shlex.quote(f'Entry {name}/{slug}')}",
        f"git push -u origin {slug}",
    ]
    if given["as_json"]:
        from fervbench.strict_json import dumps

        click.echo(
            dumps({"entry": f"{name}/{slug}", "folder": str(folder), "claimed": about["claimed"], "commands": commands})
        )
        return
    click.echo(f"entry written: {folder}")
    for evaluation, claims in about["claimed"].items():
        click.echo(f"  {evaluation}: " + "  ".join(f"{metric} {100 * value:.2f}" for metric, value in claims.items()))
    click.echo("check it, then send it as a pull request of its own:")
    for command in commands:
        click.echo(f"  {command}")


def _at_a_terminal() -> bool:
    return sys.stdin.isatty()


def _ask(what: str, asking: bool, default: str | None = None) -> str | None:
    """An answer at the terminal; an empty one, and none where nobody is asked, is the default."""
    if not asking:
        return default
    found = click.prompt(what, default=default or "", show_default=bool(default), err=True)
    return str(found).strip() or default


def _protocol_of(data: bytes, file: str) -> str:
    import re

    found = re.search(rb'"protocol"\s*:\s*"([A-Za-z0-9_-]{1,64})"', data)
    if found is None:
        raise click.UsageError(f"{file} names no protocol: give --protocol")
    return found[1].decode("ascii")


def _answers(given: dict[str, Any], asking: bool) -> dict[str, Any]:
    """Options, and what is asked for in their place."""
    found = dict(given)
    for key, what in (("method", "name of the method"), ("team", "authors in short form, or group")):
        found[key] = given[key] or _ask(what, asking)
    if asking:
        for key, what in (
            ("paper_url", "address of the paper (empty: none)"),
            ("code", "address of the code (empty: none)"),
            ("extra_data", "training data beyond the training part ('none', empty: not declared)"),
            ("chosen_by", "how the epoch was chosen (empty: not declared)"),
        ):
            found[key] = given[key] or _ask(what, asking)
        if found["paper_url"] and not found["paper_title"]:
            found["paper_title"] = _ask("title of the paper", asking)
        if not found["modality"]:
            seen = _ask(f"what the model sees, of {', '.join(MODALITIES)} (empty: not declared)", asking)
            found["modality"] = tuple((seen or "").replace(",", " ").split())
        if not found["pretraining"]:
            text = _ask("pretraining as KIND:DATA ('none': from scratch, empty: not declared)", asking)
            found["pretraining"] = (text,) if text else ()
        if found["chosen_by"] and not found["chosen_on"]:
            found["chosen_on"] = _ask("what it was chosen on: none, train, validation, test", asking, "none")
    return found


def _about(found: dict[str, Any], protocol: str, record: dict[str, Any] | None) -> dict[str, Any]:
    """submission.json of what was given."""
    import datetime

    if bool(found["paper_url"]) != bool(found["paper_title"]):
        raise click.UsageError("a paper has a title and an address: --paper-title and --paper-url")
    pretraining: list[dict[str, str]] | None = None
    if found["pretraining"]:
        pretraining = []
        for text in found["pretraining"]:
            kind, colon, what = text.partition(":")
            if text != "none" and not colon:
                raise click.UsageError(f"--pretraining is KIND:DATA or 'none', not {text!r}")
            if text != "none":
                pretraining.append({"data": what.strip(), "kind": kind.strip()})
    extra = None
    if found["extra_data"]:
        used = found["extra_data"].lower() != "none"
        extra = {"used": used, "details": found["extra_data"] if used else "none"}
    selection = None
    if found["chosen_on"] or found["chosen_by"] or found["test_evaluations"] is not None:
        selection = {
            "split": found["chosen_on"],
            "n_test_evaluations": found["test_evaluations"],
            "rule": found["chosen_by"] or "not said",
        }
    today = datetime.datetime.now(datetime.UTC).date()
    about: dict[str, Any] = {
        "format": "fervbench-entry/1",
        "protocol": protocol,
        "method": {"name": found["method"]},
        "team": found["team"],
        "year": found["year"] or today.year,
        "date": today.isoformat(),
        "paper": None,
        "code": {"url": found["code"]} if found["code"] else None,
        "pretraining": pretraining,
        "extra_data": extra,
        "modalities": list(found["modality"]) or None,
        "selection": selection,
        "claimed": {},
        "licence": found["licence"],
    }
    if found["paper_url"]:
        about["paper"] = {"title": found["paper_title"], "url": found["paper_url"]}
        if found["venue"]:
            about["paper"]["venue"] = found["venue"]
    size = {key: found[key] for key in ("frames", "size") if found[key] is not None}
    if size:
        about["input"] = size
    for key, option in (
        ("parameters_m", "parameters"),
        ("flops_g", "flops"),
        ("views", "views"),
        ("ensemble", "ensemble"),
    ):
        if found[option] is not None:
            about[key] = found[option]
    if found["zero_shot"]:
        about["zero_shot"] = True
    if found["missing"] != "error":
        about["missing"] = found["missing"]
    if record is not None:
        about["record"] = record
    return about


def _claims(texts: tuple[str, ...], ground: Any) -> dict[str, dict[str, float]]:
    """`WAR=0.5207` or `cross-scenario:WAR=0.4` as claims."""
    found: dict[str, dict[str, float]] = {}
    first = next(iter(ground.protocol.evaluations))
    for text in texts:
        name, equals, value = text.partition("=")
        evaluation, colon, metric = name.rpartition(":")
        try:
            share = float(value)
        except ValueError:
            equals = ""
        if not equals:
            raise click.UsageError(f"--claim is METRIC=SHARE, not {text!r}")
        if not 0 <= share <= 1:
            raise click.UsageError(f"--claim is a share of 1, not {value}: 0.5207 for 52.07 %")
        found.setdefault(evaluation if colon else first, {})[metric] = share
    return found
