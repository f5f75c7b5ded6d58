"""`fervbench convert` and `fervbench template`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fervbench.cli import Command, options

if TYPE_CHECKING:
    from fervbench.errors import SubmissionError
    from fervbench.findings import Findings
    from fervbench.protocol import Protocol

RECOGNITION_ALONE = ("classes", "first", "softmax", "fix_ids", "trained_on", "seed")


@click.command(cls=Command)
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option(
    "--to", "kind", type=click.Choice(["recognition", "spotting"]), default="recognition", help="What to make."
)
@click.option("--protocol", required=True, metavar="ID|PATH", help="Protocol that the answers are for.")
@click.option("--ground-truth", metavar="PATH", help="Labels or intervals to check against, for this call.")
@click.option("--classes", metavar="A,B,...", help="Class order of numbers or score columns; 'protocol' for its own.")
@click.option("--first", type=click.IntRange(0, 1), default=0, help="Number of the first class (default 0).")
@click.option("--softmax", is_flag=True, help="Scores are logits: turn each row into probabilities before averaging.")
@click.option("--fix-ids", is_flag=True, help="Repair ids that are another spelling of a test clip's.")
@click.option(
    "--compat",
    type=click.Choice(["none", "activitynet"]),
    default="none",
    help="Spotting: accept what ActivityNet's official evaluator accepts.",
)
@click.option("--trained-on", multiple=True, metavar="SOURCE", help="Source of each FILE, in their order.")
@click.option("--seed", multiple=True, type=click.IntRange(0), help="Seed of each FILE, in their order.")
@options.output("the predictions file")
@options.force
def convert(
    files: tuple[str, ...],
    kind: str,
    protocol: str,
    ground_truth: str | None,
    classes: str | None,
    first: int,
    softmax: bool,
    fix_ids: bool,
    compat: str,
    trained_on: tuple[str, ...],
    seed: tuple[int, ...],
    output: str | None,
    force: bool,
) -> None:
    """Make a predictions or proposals file from CSV, npz or JSON.

    A CSV has id,label or id and scores, with or without a header. An npz holds 'ids' with 'scores' (rows of one score a
    class) or 'predictions'. Several rows of scores for one id are views of a clip and are averaged. Class numbers need
    --classes, because the field numbers its classes in three different orders. What is written has been checked, except
    for coverage: part of an answer can be converted.

    With --to spotting a CSV has the columns video_id,onset,offset,score (any order, seconds); ActivityNet's results are
    read too.

    \b
    Example:
      fervbench convert answers.csv --protocol ferv39k --output predictions-2.json
      fervbench convert scores.csv --protocol ferv39k --classes protocol --output predictions-3.json
      fervbench convert numbers.csv --protocol ferv39k --classes Angry,Disgust,Fear,Happy,Neutral,Sad,Surprise
    """
    from fervbench.errors import UsageError
    from fervbench.protocol import load_protocol
    from fervbench.submission.converting import read_table, to_answers
    from fervbench.submission.writing import format_submission

    loaded = load_protocol(protocol)
    if kind == "spotting":
        _convert_proposals(files, loaded, ground_truth, output, compat, force=force)
        return
    if compat != "none":
        raise UsageError("--compat is for --to spotting")
    if loaded.task != "recognition":
        raise UsageError(f"{loaded.id} is a protocol of {loaded.task}", hint=f"give --to {loaded.task}")
    _check_counts(files, trained_on, seed)
    _check_sources(trained_on, loaded)
    order = None
    if classes is not None:
        order = list(loaded.classes) if classes == "protocol" else [name.strip() for name in classes.split(",")]
    truth = _ground_truth(loaded, ground_truth, needed_by="--fix-ids" if fix_ids else None)
    runs: list[tuple[str | None, int | None, dict[str, Any]]] = []
    orders = []
    for i, file in enumerate(files):
        answers, named, notes = to_answers(read_table(Path(file), loaded), loaded, order, first, softmax=softmax)
        if fix_ids:
            answers, fixed = _fix_ids(answers, loaded, truth, file)
            notes += [f"{fixed:,} ids repaired"] if fixed else []
        for note in notes:
            click.echo(f"{file}: {note}", err=True)
        orders.append(named)
        runs.append((trained_on[i] if trained_on else None, seed[i] if seed else None, answers))
    used = [named for named in orders if named is not None]
    if any(named != used[0] for named in used):
        raise click.UsageError("the files order their scores differently: convert them one by one")
    text = format_submission(loaded, runs, classes=used[0] if used else None)
    if truth is not None:
        _check(text, loaded, truth, files)
    else:
        _check_form([answers for _, _, answers in runs], orders, loaded, files)
    _put(text, output, f"{sum(len(run[2]) for run in runs):,} answers", force=force)


def _put(text: str, output: str | None, what: str, *, force: bool) -> None:
    """Print, or write and say so."""
    if output is None:
        click.echo(text, nl=False)
        return
    from fervbench.files import write_whole

    write_whole(output, text, overwrite=force)
    click.echo(f"{what} written to {output}", err=True)


def _convert_proposals(
    files: tuple[str, ...],
    protocol: Protocol,
    ground_truth: str | None,
    output: str | None,
    compat: str,
    *,
    force: bool,
) -> None:
    """`convert --to spotting`."""
    from fervbench.errors import LabelsError, MismatchError, NotAvailableError, SubmissionError, UsageError
    from fervbench.interval_truth import load_interval_truth
    from fervbench.submission.converting_spotting import format_proposals, read_any_proposals
    from fervbench.submission.spotting import parse_spotting

    context = click.get_current_context()
    for name in RECOGNITION_ALONE:
        if context.get_parameter_source(name) != click.core.ParameterSource.DEFAULT:
            raise UsageError(f"--{name.replace('_', '-')} is not for --to spotting")
    if len(files) > 1:
        raise UsageError("one file is one set of proposals: convert them one by one")
    (file,) = files
    proposals = read_any_proposals(file, protocol)
    text = format_proposals(protocol, proposals)
    try:
        truth = load_interval_truth(protocol, ground_truth, lenient=compat == "activitynet")
        parse_spotting(text.encode(), file, protocol, ground_truth=truth, missing="wrong", compat=compat)
    except (LabelsError, MismatchError):
        raise
    except NotAvailableError as error:
        click.echo(f"not checked against the ground truth: {error.message}", err=True)
    except SubmissionError as error:
        raise _of_the_files(_told(error.findings, files), files) from None
    what = f"{len(proposals.rows):,} proposals for {len(proposals.videos):,} videos"
    _put(text, output, what, force=force)


def _check_counts(files: tuple[str, ...], trained_on: tuple[str, ...], seed: tuple[int, ...]) -> None:
    for option, given in (("--trained-on", trained_on), ("--seed", seed)):
        if given and len(given) != len(files):
            raise click.UsageError(f"{len(files)} files need {option} {len(files)} times, in their order")
    if len(files) > 1 and not trained_on and not seed:
        raise click.UsageError("several files are several runs: give --trained-on or --seed for each, in their order")
    runs = list(zip(trained_on or [None] * len(files), seed or [None] * len(files), strict=True))
    if len(set(runs)) < len(runs):
        raise click.UsageError("two files are said to be the same run: they differ by --trained-on or by --seed")


def _check_sources(trained_on: tuple[str, ...], protocol: Protocol) -> None:
    """Refuse a source that the protocol does not have: without the ground truth nobody else would."""
    from fervbench.errors import UsageError

    for source in trained_on:
        if source not in protocol.sources:
            raise UsageError(
                f"{protocol.id} has no configuration {source!r} to train on",
                hint=f"known: {', '.join(protocol.sources)}",
            )


def _ground_truth(protocol: Protocol, path: str | None, *, needed_by: str | None) -> Any:
    """The ground truth, or None (and a word about it) where the user has none: then ids are checked by form alone."""
    from fervbench.errors import LabelsError, MismatchError, NotAvailableError
    from fervbench.ground_truth import load_ground_truth

    try:
        return load_ground_truth(protocol, path)
    except (LabelsError, MismatchError):
        raise
    except NotAvailableError as error:
        if needed_by is not None:
            raise NotAvailableError(f"{needed_by} needs the ground truth: {error.message}", hint=error.hint) from None
        click.echo(f"not checked against the ground truth: {error.message}", err=True)
        return None


def _fix_ids(answers: dict[str, Any], protocol: Protocol, truth: Any, file: str) -> tuple[dict[str, Any], int]:
    from fervbench.errors import InputError
    from fervbench.submission.spelling import IdGuesser

    guesser = IdGuesser(protocol, truth)
    fixed: dict[str, Any] = {}
    changed = 0
    for id, answer in answers.items():
        meant = id if id in truth.index else guesser.spelling(id) or id
        if meant in fixed:
            raise InputError(f"answers {meant!r} under two spellings: {file}", file=file)
        changed += meant != id
        fixed[meant] = answer
    return fixed, changed


def _check(text: str, protocol: Protocol, truth: Any, files: tuple[str, ...]) -> None:
    """Read what is about to be written, as `score` will; only coverage may be wanting."""
    from fervbench.errors import SubmissionError
    from fervbench.submission.reading import parse_submission

    try:
        parse_submission(text.encode(), files[0], protocol, ground_truth=truth, missing="wrong")
    except SubmissionError as error:
        told = _told(error.findings, files)
        if len(told):
            raise _of_the_files(told, files) from None


def _check_form(
    runs: list[dict[str, Any]], orders: list[list[str] | None], protocol: Protocol, files: tuple[str, ...]
) -> None:
    """Check what can be checked without the ground truth."""
    from fervbench.findings import KEPT, Findings
    from fervbench.submission.converting import check_form

    told = Findings()
    for answers, order, file in zip(runs, orders, files, strict=True):
        found = _told(check_form(answers, order, protocol, file), (file,), named=len(files) > 1)
        told.kept += found.kept[: KEPT - len(told.kept)]
        for rule, n in found.counts.items():
            told.counts[rule] = told.counts.get(rule, 0) + n
    if len(told):
        raise _of_the_files(told, files)


def _told(findings: Findings, files: tuple[str, ...], *, named: bool = False) -> Findings:
    """Findings about what would have been written, told of the files it was made of: by id, not by JSON pointer.

    A run that is incomplete may be written. With several files (or `named`) a message names its own.
    """
    from fervbench.findings import Finding, Findings
    from fervbench.submission.answers import NO_ANSWER_HINT

    told = Findings()
    for found in findings.kept:
        if found.rule == "incomplete-evaluation":
            continue
        run = re.match(r"/runs/([0-9]+)", found.pointer or "")
        file = files[int(run[1])] if run and int(run[1]) < len(files) else files[0]
        message = found.message
        if found.id is not None and found.id not in message and repr(found.id) not in message:
            message = f"{found.id}: {message}"
        if named or len(files) > 1:
            message = f"{file}: {message}"
        hint = "no answer is an empty field" if found.hint == NO_ANSWER_HINT else found.hint
        told.kept.append(Finding(found.rule, message, hint=hint, file=file, id=found.id))
    told.counts = {rule: n for rule, n in findings.counts.items() if rule != "incomplete-evaluation"}
    return told


def _of_the_files(told: Findings, files: tuple[str, ...]) -> SubmissionError:
    """The error for files that cannot be converted; names those that something is wrong with."""
    from fervbench.errors import SubmissionError

    wrong = dict.fromkeys(found.file or files[0] for found in told.kept)
    return SubmissionError(f"cannot be converted: {', '.join(wrong)}", file=next(iter(wrong)), findings=told)


@click.command(cls=Command)
@click.argument("protocol", metavar="ID|PATH")
@click.option("--ground-truth", metavar="PATH", help="Labels for this call.")
@click.option("--evaluation", metavar="NAME", help="One run for each source of this evaluation.")
@options.output("the template")
@options.force
def template(protocol: str, ground_truth: str | None, evaluation: str | None, output: str | None, force: bool) -> None:
    """Write a predictions file with every id and no answers.

    Every clip of the test part is answered null, which is refused until it is filled in. For spotting, every video of
    the tested split has an empty list of proposals.

    \b
    Example:
      fervbench template ferv39k
      fervbench template ferv39k --evaluation cross-scenario --output template.json
    """
    from fervbench.ground_truth import load_ground_truth
    from fervbench.protocol import load_protocol
    from fervbench.submission.choosing import no_evaluation
    from fervbench.submission.writing import template as make

    loaded = load_protocol(protocol)
    if evaluation is not None and evaluation not in loaded.evaluations:
        raise no_evaluation(evaluation, loaded)
    if loaded.task == "spotting":
        from fervbench.interval_truth import load_interval_truth
        from fervbench.submission.writing import spotting_template

        text = spotting_template(loaded, load_interval_truth(loaded, ground_truth))
    else:
        chosen = loaded.evaluations[evaluation] if evaluation else None
        text = make(loaded, load_ground_truth(loaded, ground_truth), chosen)
    _put(text, output, "template", force=force)
