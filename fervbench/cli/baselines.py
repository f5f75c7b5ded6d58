"""`fervbench baselines`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from fervbench.cli import Group, options

if TYPE_CHECKING:
    from fervbench.spotting_recipes import SpottingRecipe


@click.group(cls=Group)
def baselines() -> None:
    """The published baselines, and how each is trained again.

    \b
    Example:
      fervbench baselines list
      fervbench baselines show R18-LSTM
    """


@baselines.command("list")
@click.option("--protocol", metavar="ID", help="Only those of one dataset: ferv39k, dfew, sdfe-lv.")
@options.as_json
def list_(protocol: str | None, as_json: bool) -> None:
    """List the baselines that fervbench can train, beside what was published of them.

    \b
    Example:
      fervbench baselines list
      fervbench baselines list --protocol dfew
    """
    from fervbench.errors import UsageError
    from fervbench.recipes import DATASETS, recipes
    from fervbench.spotting_recipes import spotting_recipes

    if protocol not in (None, *DATASETS):
        raise UsageError(f"no baselines for {protocol!r}", hint=f"there are some for {', '.join(DATASETS)}")
    found = [recipe for recipe in recipes().values() if protocol in (None, recipe.dataset)]
    spotters = spotting_recipes() if protocol in (None, "sdfe-lv") else []
    if as_json:
        from fervbench.strict_json import dumps

        brief = ("id", "dataset", "method", "title", "network", "parameters", "flops", "published")
        rows = [{key: recipe.to_dict()[key] for key in brief} for recipe in found]
        rows += [{key: value for key, value in each.to_dict().items() if key != "settings"} for each in spotters]
        click.echo(dumps(rows))
        return
    from fervbench.cli.render_baselines import print_list

    print_list(found, spotters)


@baselines.command()
@click.argument("name", metavar="NAME")
@click.option("--protocol", metavar="ID", help="The dataset, where a method was run on several.")
@options.as_json
def show(name: str, protocol: str | None, as_json: bool) -> None:
    """Show a baseline whole: its network, and every value of its recipe with where it is from.

    NAME is an id (ferv39k/r18-lstm), a method (r18-lstm) or what a paper prints (R18-LSTM). A value without a source is
    pinned: the reasons and the alternatives stand below it.

    \b
    Example:
      fervbench baselines show R18-LSTM
      fervbench baselines show c3d+ec-stfl
      fervbench baselines show c3d --protocol dfew --json
    """
    from fervbench.recipes import SPOTTERS, find_recipes
    from fervbench.spotting_recipes import find_spotting_recipe

    spotter = find_spotting_recipe(name) if protocol in (None, "sdfe-lv") else None
    if spotter is not None and (spotter[1] is None or spotter[0].network in SPOTTERS[1:]):
        _show_spotter(spotter[0], as_json=as_json)
        return
    found = find_recipes(name, protocol)
    if as_json:
        from fervbench.strict_json import dumps

        click.echo(dumps(found[0].to_dict() | {"also": [recipe.id for recipe in found[1:]]}))
        return
    from fervbench.cli.render_baselines import print_recipe

    print_recipe(found[0], [recipe.id for recipe in found[1:]])


@baselines.command()
@click.argument("id", metavar="ID")
@click.option("--out", default="baseline-jobs", show_default=True, metavar="DIR", help="Where the jobs are kept.")
@click.option("--plan", is_flag=True, help="Print the commands that train what it needs, each once.")
@options.as_json
def table(id: str, out: str, as_json: bool, **chosen: bool) -> None:
    """Put a table of spotting together from finished jobs.

    ID is one of SDFE-LV's: sdfe-lv/table3 to sdfe-lv/table6, or sdfe-lv/figure6 (AUC by duration, which prints no
    numbers). Ours stands beside the printed value; what is missing says which training it needs.

    \b
    Example:
      fervbench baselines table sdfe-lv/table3
      fervbench baselines table sdfe-lv/table5 --plan
    """
    from fervbench.spotting_tables import assemble, commands, finished, places, trainings_of, truths

    places(id)  # says what there is
    if chosen["plan"]:
        from fervbench.strict_json import dumps

        if as_json:
            click.echo(dumps({"table": id, "trainings": [each.key for each in trainings_of((id,))]}))
        else:
            click.echo("\n".join(commands((id,))))
        return
    jobs = finished(Path(out))
    values = assemble(id, jobs)
    shared = truths(id, jobs)
    synthetic = any(found.synthetic for each in jobs.values() for found in each)
    if as_json:
        from fervbench.strict_json import dumps

        rows = [
            {
                "row": each.place.row,
                "column": each.place.column,
                "metric": each.place.metric,
                "target": each.place.target,
                "printed": each.printed,
                "ours": each.ours,
                "ci_low": each.low,
                "ci_high": each.high,
                "jobs": each.jobs,
                "missing": [training.key for training in each.missing],
            }
            for each in values
        ]
        click.echo(dumps({"table": id, "synthetic": synthetic, "ground_truth": sorted(shared), "cells": rows}))
        return
    from fervbench.cli.render_baselines import print_spotting_table

    print_spotting_table(id, values, shared, synthetic=synthetic)


def _show_spotter(recipe: SpottingRecipe, *, as_json: bool) -> None:
    if as_json:
        from fervbench.strict_json import dumps

        click.echo(dumps(recipe.to_dict()))
        return
    from fervbench.cli.render_baselines import print_spotting_recipe

    print_spotting_recipe(recipe)
