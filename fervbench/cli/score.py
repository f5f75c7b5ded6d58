"""`fervbench score`."""

from __future__ import annotations

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
      fervbench score predictions.json --output report.json
    """
    from fervbench.submission import read_submission

    submission = read_submission(file, protocol, ground_truth=ground_truth, evaluation=evaluation, missing=missing)
    if check:
        if as_json:
            from fervbench.findings import to_json

            click.echo(to_json([]))
        else:
            names = ", ".join(evaluation.id for evaluation in submission.evaluations)
            used = submission.protocol
            click.echo(f"ok: {file} can be scored by {used.id} {used.version}: {names}")
        return
    from fervbench.scoring import score as score_submission

    report = score_submission(submission.protocol, submission)
    if output is not None:
        report.write(output, overwrite=force)
        click.echo(f"report written to {output}", err=True)
    if as_json:
        click.echo(report.to_json(), nl=False)
    else:
        from fervbench.cli.render import print_report

        print_report(report, submission.protocol)
