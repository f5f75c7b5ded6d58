"""`fervbench compare` and `fervbench power`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fervbench.cli import Command, options

if TYPE_CHECKING:
    from fervbench.submission.model import Submission


@click.command(cls=Command)
@click.argument("files", metavar="A B [C ...]", nargs=-1, required=True)
@click.option("--metric", multiple=True, metavar="NAME", help="WAR, UAR, macro_F1, weighted_F1; AUC. May be repeated.")
@click.option("--protocol", metavar="ID|PATH", help="Protocol to compare by; the first file's own by default.")
@click.option("--ground-truth", metavar="PATH", help="Labels for this call: a labels file or an official copy.")
@click.option("--evaluation", metavar="NAME", help="One evaluation; by default all that the files share.")
@click.option(
    "--missing",
    type=click.Choice(["error", "wrong"]),
    default="error",
    help="Clips without an answer: refuse the file (default), or count them as wrong.",
)
@click.option("--target", metavar="NAME", help="Rankings on this configuration; by default on the largest.")
@click.option("--permutations", type=int, default=10_000, show_default=True, help="Exchanges of the two answers.")
@click.option("--same-model", is_flag=True, help="The files are of one model: split the variance of its score.")
@click.option(
    "--vary",
    type=click.Choice(["seed", "sampling"]),
    default="seed",
    show_default=True,
    help="--same-model: what differs between files that name no seed.",
)
@options.resampling
@options.as_json
@options.output("the JSON comparison")
@options.force
def compare(
    files: tuple[str, ...],
    metric: tuple[str, ...],
    protocol: str | None,
    ground_truth: str | None,
    evaluation: str | None,
    missing: str,
    target: str | None,
    permutations: int,
    same_model: bool,
    vary: str,
    confidence: float,
    replicates: int,
    resample: str | None,
    resample_seed: int,
    as_json: bool,
    output: str | None,
    force: bool,
) -> None:
    """Compare submissions on the same clips.

    Differences, paired intervals, tests, and ranks that admit ties. For two files every cell gets the difference in
    points and clips, its paired interval, McNemar's exact test (WAR) or a permutation test, and Holm's adjustment over
    the cells. Three or more are ranked, with the ranks each can have. Different protocols or ground truths are refused.
    With --same-model the files are of one model (other seeds, frame samplings or test-time views), and the variance of
    its score is split.

    \b
    Example:
      fervbench compare predictions.json other.json
      fervbench compare predictions.json other.json --metric UAR --evaluation overall
      fervbench compare predictions.json other.json third.json
      fervbench compare predictions.json other.json --same-model
    """
    from fervbench.submission import read_submission
    from fervbench.uncertainty import Resampling, default_for

    if len(files) < 2 and not same_model:
        raise click.UsageError("a comparison needs two files")
    first = read_submission(files[0], protocol, ground_truth=ground_truth, evaluation=evaluation, missing=missing)
    used = first.protocol
    submissions = [first]
    for file in files[1:]:
        same = protocol is not None or _names_protocol(file) in (None, used.id)
        # a file for another protocol is read as what it says it is, and refused when it is compared
        truth, by = (first.truth, used) if same else (ground_truth, None)
        submissions.append(read_submission(file, by, ground_truth=truth, evaluation=evaluation, missing=missing))
    made = Resampling(resample or default_for(used.task).scheme, replicates, resample_seed, confidence)
    names = _names(files)
    if same_model:
        _split(submissions, names, made, vary=vary, as_json=as_json, output=output, force=force)
        return
    from fervbench.comparing import compare as compare_submissions

    found = compare_submissions(
        used, *submissions, metric=list(metric) or None, names=names, intervals=made, permutations=permutations
    )
    if output is not None:
        found.write(output, overwrite=force)
        click.echo(f"comparison written to {output}", err=True)
    if as_json:
        click.echo(found.to_json(), nl=False)
        return
    from fervbench.cli.render_comparing import print_comparison

    print_comparison(found, used, target)


def _names_protocol(file: str) -> str | None:
    """The protocol that a file names, None where it names none or cannot be looked at (reading it tells why)."""
    import re

    from fervbench.errors import InputError
    from fervbench.files import read_bounded

    if file == "-":
        return None
    try:
        found = re.search(rb'"protocol"\s*:\s*"([^"]{1,100})"', read_bounded(file))
    except InputError:
        return None
    return found[1].decode(errors="replace") if found else None


def _names(files: tuple[str, ...]) -> list[str]:
    """File stems; where two are equal, the paths."""
    stems = [Path(file).name.removesuffix(".gz").removesuffix(".json") or file for file in files]
    return [stem if stems.count(stem) == 1 else file for stem, file in zip(stems, files, strict=True)]


def _split(
    submissions: list[Any], names: list[str], made: Any, *, vary: str, as_json: bool, output: str | None, force: bool
) -> None:
    from fervbench.errors import UsageError
    from fervbench.strict_json import dumps
    from fervbench.submission.model import Submission
    from fervbench.variance import split

    clips: list[Submission] = [each for each in submissions if isinstance(each, Submission)]
    if len(clips) < len(submissions):
        raise UsageError("--same-model splits scores of clips, not of proposals")
    if not made.replicates:
        raise UsageError("the share of the clips needs replicates", hint="leave --replicates 0 out")
    found = split(clips, names, made, vary=vary)
    text = dumps({"format": "fervbench-variance/1", "intervals": made.to_dict(), "cells": found}) + "\n"
    if output is not None:
        from fervbench.files import write_whole

        write_whole(output, text, overwrite=force)
        click.echo(f"variances written to {output}", err=True)
    if as_json:
        click.echo(text, nl=False)
        return
    from fervbench.cli.render_comparing import print_split

    print_split(found)


@click.command(cls=Command)
@click.option("--protocol", metavar="ID|PATH", default="ferv39k", show_default=True, help="Whose class counts.")
@click.option("--target", metavar="NAME", help="One configuration; by default all.")
@click.option("--discordance", type=float, help="Share of clips that exactly one system has right; 0.2 by default.")
@click.option("--pilot", nargs=2, metavar="A B", help="Measure the discordance on two prediction files.")
@click.option("--ground-truth", metavar="PATH", help="Labels for the pilot.")
@click.option("--score", type=float, default=0.5, show_default=True, help="The score that half-widths are for.")
@click.option("--power", "wanted", type=float, default=0.8, show_default=True, help="Chance to show the difference.")
@click.option("--alpha", type=float, default=0.05, show_default=True, help="Level of the test.")
@click.option("--difference", type=float, metavar="POINTS", help="Ask for the clips that show a difference of POINTS.")
@click.option("--seed-sd", type=float, metavar="POINTS", help="And for the seeds, if scores vary so from seed to seed.")
@options.as_json
def power(
    protocol: str,
    target: str | None,
    discordance: float | None,
    pilot: tuple[str, str] | None,
    ground_truth: str | None,
    score: float,
    wanted: float,
    alpha: float,
    difference: float | None,
    seed_sd: float | None,
    as_json: bool,
) -> None:
    """Say what each configuration can and cannot resolve.

    For its own class counts: the half-width of one system's interval, and the smallest difference between two systems
    on the same clips that a test shows with the power asked for (McNemar's exact test for WAR, a normal approximation
    for UAR).

    \b
    Example:
      fervbench power --protocol ferv39k
      fervbench power --protocol ferv39k --target Experiment
      fervbench power --protocol dfew --difference 1 --seed-sd 0.5
      fervbench power --pilot predictions.json other.json
    """
    from fervbench.powering import pilot_discordance, resolutions
    from fervbench.protocol import load_protocol

    loaded = load_protocol(protocol)
    apart: float | dict[str, float] = 0.2 if discordance is None else discordance
    if pilot is not None:
        if discordance is not None:
            raise click.UsageError("--pilot measures what --discordance gives: leave one of them out")
        apart = pilot_discordance(*(_pilot(file, loaded, ground_truth) for file in pilot))
        if target is not None and target not in apart:
            raise click.UsageError(f"the pilot has nothing on {target!r}; it has {', '.join(apart)}")
    found = resolutions(
        loaded,
        target=target,
        discordance=apart,
        share=score,
        wanted=wanted,
        alpha=alpha,
        difference=None if difference is None else difference / 100,
        seed_sd=None if seed_sd is None else seed_sd / 100,
    )
    if as_json:
        from fervbench.strict_json import dumps

        head = {"format": "fervbench-power/1", "protocol": loaded.signature, "power": wanted, "alpha": alpha}
        click.echo(dumps(head | {"score": score, "cells": [each.to_dict() for each in found]}))
        return
    from fervbench.cli.render_comparing import print_power

    print_power(found, loaded, wanted=wanted, alpha=alpha, score=score, difference=difference)


def _pilot(file: str, protocol: Any, ground_truth: str | None) -> Submission:
    from fervbench.errors import UsageError
    from fervbench.submission import Submission, read_submission

    found = read_submission(file, protocol, ground_truth=ground_truth, missing="wrong")
    if not isinstance(found, Submission):
        raise UsageError(f"is no file of predictions: {file}")
    return found
