"""`fervbench baselines`."""

from __future__ import annotations

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


def _show_spotter(recipe: SpottingRecipe, *, as_json: bool) -> None:
    if as_json:
        from fervbench.strict_json import dumps

        click.echo(dumps(recipe.to_dict()))
        return
    from fervbench.cli.render_baselines import print_spotting_recipe

    print_spotting_recipe(recipe)
