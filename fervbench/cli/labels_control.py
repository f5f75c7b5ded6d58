"""`fervbench labels quality` and `fervbench labels split`."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import click

from fervbench.cli import Command, options
from fervbench.cli.labelling import check_level, checked, known_classes, put, read


@click.command(cls=Command)
@click.argument("file", metavar="FILE")
@click.option("--flags", required=True, metavar="FILE", help="The known clips: a table with clip_id,label.")
@click.option("--lower", default="0.4", show_default=True, help="Below this correct rate a group is unacceptable.")
@click.option("--upper", default="0.8", show_default=True, help="Above this correct rate a group is accepted.")
@click.option("--confidence", type=float, default=0.95, show_default=True, help="Level of the intervals.")
@click.option("--classes", metavar="A,B,...", help="The classes, in order; by default the file's own.")
@click.option("--protocol", metavar="ID|PATH", help="Take the classes, and the spelling of ids, of a protocol.")
@click.option("--map", "mapping", metavar="FILE", help="Fine labels: a table with the columns label,class.")
@options.as_json
@options.output("the JSON document")
@options.force
def quality(
    file: str,
    flags: str,
    lower: str,
    upper: str,
    confidence: float,
    classes: str | None,
    protocol: str | None,
    mapping: str | None,
    as_json: bool,
    output: str | None,
    force: bool,
) -> None:
    """Judge groups of ratings by hidden clips whose label is known.

    FERV39k's flag recapture: a group (column group of the long form) with a correct rate lower than 40 % goes back to
    the annotators, from 40 to 80 % it is improper, over 80 % accepted; at exactly 40 % and 80 % improper. A group whose
    known clips cannot even tell unacceptable from accepted (exact binomial interval) cannot be judged.

    \b
    Example:
      fervbench labels quality ratings/groups.csv --flags ratings/flags.csv --map ratings/words.csv
    """
    from fervbench.labels.quality import control, read_flags

    check_level(confidence)
    try:
        low, high = Fraction(lower), Fraction(upper)
    except (ValueError, ZeroDivisionError):
        raise click.UsageError("--lower and --upper are shares, such as 0.4 or 2/5") from None
    ratings = read(file, classes, protocol, mapping, None, allow_missing=True, once_a_group=True)
    _, canonical = known_classes(None, protocol)
    known = {canonical(id): label for id, label in read_flags(flags, ratings.classes).items()}
    document = control(ratings, known, lower=low, upper=high, level=confidence)
    if put(document, None, "verdicts", output, force=force, json=as_json):
        from fervbench.cli.render_labels import print_quality

        print_quality(document)


@click.command(cls=Command)
@click.argument("file", metavar="FILE")
@click.option("--rule", type=click.Choice(["cells", "folds", "subjects"]), help="FERV39k's rule, DFEW's, or SDFE-LV's.")
@click.option("--order", type=click.Choice(["id", "hash"]), help="Of clips: hash (cells) or id (folds) by default.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the shuffling (order hash, subjects).")
@click.option("--folds", type=int, default=5, show_default=True, help="folds: how many.")
@click.option("--test-share", default="0.2", show_default=True, help="cells: share of each cell for testing.")
@click.option("--cluster-from", metavar="REGEX", help="The group of REGEX in an id names its movie: '^([^_]+)_'.")
@click.option("--check", is_flag=True, help="FILE is a split already: find what stands on two sides.")
@options.as_json
@options.output("the split")
@options.force
def split(
    file: str,
    rule: str | None,
    order: str | None,
    seed: int,
    folds: int,
    test_share: str,
    cluster_from: str | None,
    check: bool,
    as_json: bool,
    output: str | None,
    force: bool,
) -> None:
    """Split new data as a paper did, and find what leaks.

    FILE is CSV: clip_id,label[,scene][,subject][,movie][,cluster][,part][,fold]; for subjects also a file of intervals.
    cells (FERV39k): 80/20 in each cell of scene and class. folds (DFEW): five folds, class by class. subjects
    (SDFE-LV): 6:2:2, no subject on two sides. Subjects, movies and near-duplicate ids on two sides are told; with
    --check they are errors.

    \b
    Example:
      fervbench labels split ratings/clips-to-split.csv --rule cells
      fervbench labels split ratings/clips-to-split.csv --rule subjects --output parts.csv
      fervbench labels split ratings/clips-to-split.csv --rule folds --output folds.csv
      fervbench labels split parts.csv --check
    """
    from fervbench.files import read_bounded
    from fervbench.labels import splitting

    if check == (rule is not None):
        raise click.UsageError("give --rule to make a split, or --check to look at one")
    data = read_bounded(file)
    videos = None
    if data.lstrip()[:1] == b"{":
        from fervbench.interval_files import read_intervals

        videos = read_intervals(data, file)
        clips = splitting.clips_of_videos(videos, file, data)
    else:
        clips = splitting.read_clips(file, cluster_from=cluster_from, data=data)
    if check:
        if clips.parts is None:
            raise click.UsageError("names no part and no fold: there is nothing to check")
        found = splitting.leaks_of(clips, dict(zip(clips.ids, clips.parts, strict=True)), "error")
        kinds = ", ".join([*clips.clusters, "ids"])
        checked(found, file, f"{len(clips.ids):,} clips, nothing on two sides ({kinds})", as_json=as_json)
        return
    if videos is not None and rule != "subjects":
        raise click.UsageError("a file of intervals is split by subjects")
    made: dict[str, Any] = {"name": rule}
    if rule == "cells":
        try:
            share = Fraction(test_share)
        except (ValueError, ZeroDivisionError):
            raise click.UsageError("--test-share is a share, such as 0.2 or 1/5") from None
        made |= {"order": order or "hash", "seed": seed, "test_share": float(share)}
        parts = splitting.split_cells(clips, test_share=share, order=made["order"], seed=seed)
    elif rule == "folds":
        made |= {"order": order or "id", "seed": seed, "folds": folds}
        parts = splitting.split_folds(clips, folds=folds, order=made["order"], seed=seed)
    else:
        made |= {"weights": list(splitting.WEIGHTS), "seed": seed}
        parts = splitting.split_by_subject(clips, seed=seed)
    leaks = splitting.leaks_of(clips, parts, "warning")
    document = splitting.to_document(clips, parts, made, leaks)
    if videos is not None:
        from dataclasses import replace

        from fervbench.interval_files import write_intervals

        text = write_intervals({id: replace(video, split=parts[id]) for id, video in videos.items()})
    else:
        text = splitting.split_csv(clips, parts, folds=rule == "folds")
    if put(document, text, "split", output, force=force, json=as_json):
        from fervbench.cli.render_labels import print_split

        print_split(document)
