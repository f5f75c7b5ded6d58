"""`fervbench convert` and `fervbench template`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fervbench.cli import Command, options

if TYPE_CHECKING:
    from fervbench.protocol import Protocol


@click.command(cls=Command)
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option("--to", "kind", type=click.Choice(["recognition"]), default="recognition", help="What to make.")
@click.option("--protocol", required=True, metavar="ID|PATH", help="Protocol that the answers are for.")
@click.option("--ground-truth", metavar="PATH", help="Labels to check the ids against, for this call.")
@click.option("--classes", metavar="A,B,...", help="Class order of numbers or score columns; 'protocol' for its own.")
@click.option("--first", type=click.IntRange(0, 1), default=0, help="Number of the first class (default 0).")
@click.option("--softmax", is_flag=True, help="Scores are logits: turn each row into probabilities before averaging.")
@click.option("--fix-ids", is_flag=True, help="Repair ids that are another spelling of a test clip's.")
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
    trained_on: tuple[str, ...],
    seed: tuple[int, ...],
    output: str | None,
    force: bool,
) -> None:
    """Make a predictions file from CSV or npz.

    A CSV has id,label or id and scores, with or without a header. An npz holds 'ids' with 'scores' (rows of one score a
    class) or 'predictions'. Several rows of scores for one id are views of a clip and are averaged. Class numbers need
    --classes, because the field numbers its classes in three different orders. What is written has been checked, except
    for coverage: part of an answer can be converted.

    \b
    Example:
      fervbench convert answers.csv --protocol ferv39k --output predictions-2.json
      fervbench convert scores.csv --protocol ferv39k --classes protocol --output predictions-3.json
      fervbench convert numbers.csv --protocol ferv39k --classes Angry,Disgust,Fear,Happy,Neutral,Sad,Surprise
    """
    del kind
    from fervbench.protocol import load_protocol
    from fervbench.submission.converting import read_table, to_answers
    from fervbench.submission.writing import format_submission

    loaded = load_protocol(protocol)
    _check_counts(files, trained_on, seed)
    order = None
    if classes is not None:
        order = list(loaded.classes) if classes == "protocol" else [name.strip() for name in classes.split(",")]
    truth = _ground_truth(loaded, ground_truth)
    runs: list[tuple[str | None, int | None, dict[str, Any]]] = []
    orders = []
    for i, file in enumerate(files):
        answers, named, notes = to_answers(read_table(Path(file), loaded), loaded, order, first, softmax=softmax)
        if fix_ids and truth is not None:
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
    _check(text, loaded, truth, output or "converted")
    if output is None:
        click.echo(text, nl=False)
    else:
        from fervbench.files import write_whole

        write_whole(output, text, overwrite=force)
        click.echo(f"{sum(len(run[2]) for run in runs):,} answers written to {output}", err=True)


def _check_counts(files: tuple[str, ...], trained_on: tuple[str, ...], seed: tuple[int, ...]) -> None:
    for option, given in (("--trained-on", trained_on), ("--seed", seed)):
        if given and len(given) != len(files):
            raise click.UsageError(f"{len(files)} files need {option} {len(files)} times, in their order")
    if len(files) > 1 and not trained_on and not seed:
        raise click.UsageError("several files are several runs: give --trained-on or --seed for each, in their order")


def _ground_truth(protocol: Protocol, path: str | None) -> Any:
    """The ground truth, or None (and a word about it) where the user has none: then ids are not checked."""
    from fervbench.errors import MismatchError, NotAvailableError
    from fervbench.ground_truth import load_ground_truth

    try:
        return load_ground_truth(protocol, path)
    except MismatchError:
        raise
    except NotAvailableError as error:
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


def _check(text: str, protocol: Protocol, truth: Any, file: str) -> None:
    """Read what is about to be written, as `score` will; only coverage may be wanting."""
    from fervbench.errors import SubmissionError
    from fervbench.submission.reading import parse_submission

    if truth is None:
        return
    try:
        parse_submission(text.encode(), file, protocol, ground_truth=truth, missing="wrong")
    except SubmissionError as error:
        if error.findings.counts.keys() - {"incomplete-evaluation"}:
            raise


@click.command(cls=Command)
@click.argument("protocol", metavar="ID|PATH")
@click.option("--ground-truth", metavar="PATH", help="Labels for this call.")
@click.option("--evaluation", metavar="NAME", help="One run for each source of this evaluation.")
@options.output("the template")
@options.force
def template(protocol: str, ground_truth: str | None, evaluation: str | None, output: str | None, force: bool) -> None:
    """Write a predictions file with every id and no answers.

    Every clip of the test part is answered null, which is refused until it is filled in.

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
    chosen = loaded.evaluations[evaluation] if evaluation else None
    text = make(loaded, load_ground_truth(loaded, ground_truth), chosen)
    if output is None:
        click.echo(text, nl=False)
    else:
        from fervbench.files import write_whole

        write_whole(output, text, overwrite=force)
        click.echo(f"template written to {output}", err=True)
