"""`fervbench labels`: from raw annotations to labels."""

from __future__ import annotations

import click

from fervbench.cli import Group, options
from fervbench.cli.labelling import (
    BOOTSTRAP,
    INTERVALS,
    RATINGS,
    check_level,
    checked,
    known_classes,
    put,
    read,
    with_options,
)
from fervbench.cli.labels_control import quality, split


@click.group(cls=Group)
def labels() -> None:
    """Make labels from raw annotations, and check them.

    Ratings are CSV, JSON or xlsx: long (clip_id,rater,label[,role][,group]) or wide (clip_id and the votes for each
    class, as DFEW's annotation). Rules and formulas are those of the papers of FERV39k, DFEW and SDFE-LV.

    \b
    Example:
      fervbench examples write ratings
      fervbench labels agreement ratings/clips.csv
      fervbench labels vote ratings/clips.csv --rule threshold --min-votes 7
    """


labels.add_command(quality)
labels.add_command(split)


@labels.command()
@click.argument("file", metavar="FILE")
@with_options(RATINGS, INTERVALS, BOOTSTRAP)
@click.option("--min-votes", type=click.IntRange(1), metavar="N", help="Beside: clips with N votes for one class.")
@options.as_json
@options.output("the JSON document")
@options.force
def agreement(
    file: str,
    classes: str | None,
    protocol: str | None,
    mapping: str | None,
    raters: int | None,
    allow_missing: bool,
    fps: float | None,
    unit: str,
    first: int,
    confidence: float,
    replicates: int,
    seed: int,
    min_votes: int | None,
    as_json: bool,
    output: str | None,
    force: bool,
) -> None:
    """Measure how far raters agree, and what one of them reaches.

    Fleiss' kappa (DFEW, eqs. 1 to 5) and its word, Krippendorff's alpha, both by class, with bootstrap intervals over
    clips; and the human ceiling, WAR and UAR of a rater against the vote of the others. For a file of intervals
    (video_id,rater,onset,offset,label): tIoU of each pair of raters, and alpha over frames.

    \b
    Example:
      fervbench labels agreement ratings/clips.csv
      fervbench labels agreement ratings/votes.csv --protocol dfew --min-votes 7 --json
      fervbench labels agreement ratings/intervals.csv
    """
    from fervbench.labels.sheet import read_sheet

    check_level(confidence, replicates)
    sheet = read_sheet(file)
    if "video_id" in sheet.header:
        from fervbench.labels.interval_agreeing import agree_on_intervals
        from fervbench.labels.interval_ratings import read_interval_ratings

        if mapping is not None or min_votes is not None:
            raise click.UsageError("--map and --min-votes are for ratings of clips")
        known, _ = known_classes(classes, protocol)
        found = read_interval_ratings(
            sheet, classes=known, fps=fps, unit=unit, first=first, raters=raters, allow_missing=allow_missing
        )
        document = agree_on_intervals(found, replicates=replicates, seed=seed, level=confidence)
    else:
        from fervbench.labels.agreeing import agree

        ratings = read(sheet, classes, protocol, mapping, raters, allow_missing=allow_missing)
        document = agree(ratings, min_votes=min_votes, replicates=replicates, seed=seed, level=confidence)
    if put(document, None, "agreement", output, force=force, json=as_json):
        from fervbench.cli import render_labels

        (render_labels.print_agreement if "parts" in document else render_labels.print_interval_agreement)(document)


@labels.command()
@click.argument("file", metavar="FILE")
@click.option("--rule", type=click.Choice(["threshold", "wwta"]), required=True, help="DFEW's rule, or FERV39k's.")
@click.option("--min-votes", type=int, default=7, show_default=True, help="threshold: votes that make a label.")
@click.option("--weight", type=int, default=2, show_default=True, help="wwta: weight of a supplementary vote.")
@click.option(
    "--pass",
    "passing",
    type=click.Choice(["wins", "any"]),
    default="wins",
    show_default=True,
    help="wwta: a clip is illegal where PASS wins the vote, or where any rater passes.",
)
@with_options(RATINGS)
@options.as_json
@options.output("the labels (fervbench-labels/1)")
@options.force
def vote(
    file: str,
    rule: str,
    min_votes: int,
    weight: int,
    passing: str,
    classes: str | None,
    protocol: str | None,
    mapping: str | None,
    raters: int | None,
    allow_missing: bool,
    as_json: bool,
    output: str | None,
    force: bool,
) -> None:
    """Turn votes into labels by a paper's rule; ties are named.

    threshold (DFEW): the class with more than six of ten votes. wwta (FERV39k): the class with most votes, where
    supplementary votes of professionals count twice; PASS says that no class fits. A tie is never broken: the clip gets
    no label. --output writes the labelled clips, --json every clip with its votes.

    \b
    Example:
      fervbench labels vote ratings/clips.csv --rule threshold --min-votes 7
      fervbench labels vote ratings/votes.csv --rule threshold --protocol dfew --output labels.csv
      fervbench labels vote ratings/groups.csv --rule wwta --map ratings/words.csv --allow-missing
    """
    from fervbench.labels import voting

    ratings = read(file, classes, protocol, mapping, raters, allow_missing=allow_missing)
    if rule == "threshold":
        decision = voting.threshold(ratings, min_votes)
    else:
        decision = voting.wwta(ratings, weight=weight, passing=passing)
    document = voting.to_document(ratings, decision)
    text = voting.labels_csv(ratings, decision)
    if put(document, text, f"{document['labelled']:,} labels", output, force=force, json=as_json):
        from fervbench.cli.render_labels import print_votes

        print_votes(document)


@labels.command()
@click.argument("file", metavar="FILE")
@click.option("--classes", metavar="A,B,...", help="The categories, in order; by default those that occur.")
@click.option("--raters", type=click.IntRange(1), metavar="N", help="Raters that each video has; else the usual.")
@click.option("--allow-missing", is_flag=True, help="Take videos with fewer or more raters than the others.")
@with_options(INTERVALS)
@click.option(
    "--ties",
    type=click.Choice(["neutral", "previous"]),
    default="neutral",
    show_default=True,
    help="Frames with a tie: no expression, or what the frame before got where that is among the tied.",
)
@click.option("--min-frames", type=click.IntRange(1), default=2, show_default=True, help="Shorter runs are islands.")
@click.option("--check", is_flag=True, help="FILE holds final intervals: find overlaps and missing neutral margins.")
@options.as_json
@options.output("the final intervals (fervbench-intervals/1)")
@options.force
def intervals(
    file: str,
    classes: str | None,
    raters: int | None,
    allow_missing: bool,
    fps: float | None,
    unit: str,
    first: int,
    ties: str,
    min_frames: int,
    check: bool,
    as_json: bool,
    output: str | None,
    force: bool,
) -> None:
    """Vote on annotators' triples frame by frame, as SDFE-LV does.

    FILE has one row a triple: video_id,rater,onset,offset,label[,duration][,fps][,subject][,split]. Each frame gets the
    category with most votes, no expression being a vote like any other; runs are the final triples. Tied frames and
    one-frame islands are settled by stated rules and named, and triples without a neutral frame before and after are
    told.

    \b
    Example:
      fervbench labels intervals ratings/intervals.csv
      fervbench labels intervals ratings/intervals.csv --ties previous --output intervals.json
      fervbench labels intervals spotting/intervals.json --check
    """
    known, _ = known_classes(classes, None)
    if check:
        from fervbench.files import read_bounded
        from fervbench.interval_files import read_intervals
        from fervbench.labels.interval_voting import check_intervals

        if output is not None:
            raise click.UsageError("--check writes nothing: leave --output out")
        videos = read_intervals(read_bounded(file), file, classes=known)
        number = sum(len(video.intervals) for video in videos.values())
        found = check_intervals(videos, file)
        checked(found, file, f"{number:,} intervals in {len(videos):,} videos, no overlaps", as_json=as_json)
        return
    from fervbench.interval_files import write_intervals
    from fervbench.labels.interval_ratings import read_interval_ratings
    from fervbench.labels.interval_voting import vote_intervals

    ratings = read_interval_ratings(
        file, classes=known, fps=fps, unit=unit, first=first, raters=raters, allow_missing=allow_missing
    )
    final, document, _ = vote_intervals(ratings, ties=ties, min_frames=min_frames)
    if put(document, write_intervals(final), f"{document['n']:,} intervals", output, force=force, json=as_json):
        from fervbench.cli.render_labels import print_intervals

        print_intervals(document)
