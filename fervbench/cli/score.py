"""`fervbench score`."""

from __future__ import annotations

import math
from dataclasses import replace

import click

from fervbench.cli import Command, options


@click.command(cls=Command)
@click.argument("file", metavar="FILE")
@click.option("--protocol", metavar="ID|PATH", help="Protocol to score by; the file's own by default.")
@click.option("--ground-truth", metavar="PATH", help="Labels for this call: a labels file or an official copy.")
@click.option("--evaluation", metavar="NAME", help="One evaluation; by default all whose sources are present.")
@click.option(
    "--missing",
    type=click.Choice(["error", "wrong"]),
    default="error",
    help="Clips without an answer: refuse the file (default), or count them as wrong.",
)
@click.option(
    "--compat",
    type=click.Choice(["none", "activitynet"]),
    default="none",
    help="Spotting: accept what ActivityNet's official evaluator accepts, and count it.",
)
@click.option(
    "--ties", type=click.Choice(["first", "reversed"]), default="first", help="Spotting: which of equal scores leads."
)
@click.option(
    "--reading", metavar="NAME", default="official", help="Spotting: another reading of AR@AN (top-k, over-99, ...)."
)
@click.option("--f1-min-score", type=float, metavar="X", help="Spotting: F1 of proposals with at least this score.")
@click.option("--plot", metavar="FILE", help="Spotting: write the curve (.svg, .png, .pdf); needs fervbench[site].")
@click.option("--against", metavar="TABLE", help="A published table to set the scores beside, e.g. ferv39k/table2.")
@click.option("--votes", metavar="FILE", help="Raters' votes: WAR by agreement, log loss and more beside the scores.")
@click.option("--class-order", metavar="A,B,...", help="--votes: classes along a scale, for earth mover's distance.")
@options.resampling
@click.option("--check", is_flag=True, help="Check the file only.")
@options.as_json
@options.output("the JSON report")
@options.force
def score(
    file: str,
    protocol: str | None,
    ground_truth: str | None,
    evaluation: str | None,
    missing: str,
    compat: str,
    ties: str,
    reading: str,
    f1_min_score: float | None,
    plot: str | None,
    against: str | None,
    votes: str | None,
    class_order: str | None,
    confidence: float,
    replicates: int,
    resample: str | None,
    resample_seed: int,
    check: bool,
    as_json: bool,
    output: str | None,
    force: bool,
) -> None:
    """Score a predictions file.

    FILE is .json or .json.gz; - reads standard input. Everything wrong with the file is found in one pass and nothing
    is scored unless all is well. Every score carries a signature, one line that says what it was scored against and
    how.

    \b
    Example:
      fervbench score predictions.json
      fervbench score predictions.json --evaluation overall --json
      fervbench score predictions.json --check
      fervbench score predictions.json --against ferv39k/table2
      fervbench score predictions.json --output report.json
      fervbench score tiny/predictions.json --protocol tiny/protocol.toml --votes ratings/tiny-votes.csv
      fervbench score spotting/proposals.json --protocol spotting/protocol.toml
    """
    from fervbench.submission import Submission, read_submission
    from fervbench.uncertainty import Resampling, default_for

    submission = read_submission(
        file,
        protocol,
        ground_truth=ground_truth,
        evaluation=evaluation,
        missing=missing,
        compat=compat,
        ties=ties,
        reading=reading,
        keep_scores=votes is not None,
    )
    used = submission.protocol
    whole = as_json or output is not None  # the printed tables show no intervals of F1
    scheme = resample or default_for(used.task).scheme
    resampling = Resampling(scheme, replicates, resample_seed, confidence, f1=whole)
    if f1_min_score is not None and not math.isfinite(f1_min_score):
        raise click.UsageError("--f1-min-score is a finite number")
    if isinstance(submission, Submission) and (plot is not None or f1_min_score is not None):
        raise click.UsageError("--plot and --f1-min-score are for spotting protocols")
    if check and (output is not None or plot is not None or against is not None):
        raise click.UsageError("--check writes and compares nothing: leave --output, --plot and --against out")
    if against is not None:
        from fervbench.published.tables import load_table

        table = load_table(against)  # before the work: the name may be wrong
    if not isinstance(submission, Submission) and votes is not None:
        raise click.UsageError("--votes is for recognition protocols")
    if class_order is not None and votes is None:
        raise click.UsageError("--class-order is for --votes")
    if votes is not None:
        from fervbench.labels.ratings import read_ratings

        ratings = read_ratings(votes, classes=used.classes, allow_missing=True, canonical=used.ids.canonical)
    if check:
        if as_json:
            from fervbench.findings import to_json

            click.echo(to_json([]))
        else:
            found = submission.evaluations if isinstance(submission, Submission) else used.evaluations.values()
            names = ", ".join(each.id for each in found)
            from fervbench.findings import visible

            click.echo(f"ok: {visible(file)} can be scored by {used.id} {used.version}: {names}")
        return
    if plot is not None:
        from pathlib import Path

        from fervbench.plots import plot_curve, prepare

        if output is not None and Path(output).resolve() == Path(plot).resolve():
            raise click.UsageError("--output and --plot name the same file")
        prepare(Path(plot), overwrite=force)
    from fervbench.scoring import score as score_submission

    report = score_submission(used, submission, f1_min_score=f1_min_score, intervals=resampling)
    if votes is not None and isinstance(submission, Submission):
        from fervbench.labels.soft import with_votes

        order = None if class_order is None else [name.strip() for name in class_order.split(",")]
        report = with_votes(report, submission, ratings, order)
    if against is not None:
        from fervbench.published.against import beside, to_dict

        pairs = beside(table, report)
        report = replace(report, header=report.header | {"against": to_dict(table, pairs)})
    if output is not None:
        report.write(output, overwrite=force)
        click.echo(f"report written to {output}", err=True)
    if plot is not None:
        plot_curve(report, Path(plot), overwrite=force)
        click.echo(f"plot written to {plot}", err=True)
    if as_json:
        click.echo(report.to_json(), nl=False)
    elif isinstance(submission, Submission):
        from fervbench.cli.render import print_report

        print_report(report, used)
    else:
        from fervbench.cli.render_spotting import print_spotting

        print_spotting(report, used)
    if votes is not None and not as_json:
        from fervbench.cli.render_labels import print_soft

        print_soft(report)
    if against is not None and not as_json:
        from fervbench.cli.render_tables import print_beside

        print_beside(table, pairs)
