"""`fervbench baselines`."""

from __future__ import annotations

import click

from fervbench.cli import Group, options


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

    if protocol not in (None, *DATASETS):
        raise UsageError(f"no baselines for {protocol!r}", hint=f"there are some for {', '.join(DATASETS)}")
    found = [recipe for recipe in recipes().values() if protocol in (None, recipe.dataset)]
    if as_json:
        from fervbench.strict_json import dumps

        brief = ("id", "dataset", "method", "title", "network", "parameters", "flops", "published")
        click.echo(dumps([{key: recipe.to_dict()[key] for key in brief} for recipe in found]))
        return
    from fervbench.cli.render_baselines import print_list

    print_list(found)


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
    from fervbench.recipes import find_recipes

    found = find_recipes(name, protocol)
    if as_json:
        from fervbench.strict_json import dumps

        click.echo(dumps(found[0].to_dict() | {"also": [recipe.id for recipe in found[1:]]}))
        return
    from fervbench.cli.render_baselines import print_recipe

    print_recipe(found[0], [recipe.id for recipe in found[1:]])
