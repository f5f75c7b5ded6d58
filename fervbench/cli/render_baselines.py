"""Baselines and their recipes as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from fervbench.cli.render import console, table
from fervbench.recipes import Recipe, Setting
from fervbench.spotting_recipes import SpottingRecipe


def print_list(recipes: Sequence[Recipe], spotters: Sequence[SpottingRecipe] = ()) -> None:
    """One line a baseline; below them the spotting networks."""
    out = console()
    rows = [
        [
            recipe.id,
            recipe.title,
            f"{recipe.parameters / 1e6:.1f}",
            f"{recipe.flops / 1e9:.1f}",
            _scores(recipe) or "-",
        ]
        for recipe in recipes
    ]
    made = table(["baseline", "method", "M", "GFLOP", "published"], rows, left=2)
    made.columns[0].no_wrap = True
    out.print(made)
    notes = "M: million parameters; GFLOP: forward, one clip; published: WAR/UAR, or AUC of BMN on such features"
    out.print(Text(f"\n{len(recipes)} baselines. {notes}. Show one: fervbench baselines show NAME"))
    if spotters:
        rows = [
            [each.id, each.title, each.fashion, f"{max(each.parameters.values()) / 1e6:.1f}", _best(each)]
            for each in spotters
        ]
        made = table(["spotting", "network", "fashion", "M", "AUC over"], rows, left=3)
        made.columns[0].no_wrap = True
        out.print()
        out.print(made)


def _best(recipe: SpottingRecipe) -> str:
    """The best printed AUC, and the extractor it is over."""
    extractor, printed = max(recipe.published().items(), key=lambda row: float(row[1]))
    return f"{printed} {extractor}"


def _scores(recipe: Recipe) -> str:
    return "/".join(cell.printed for cell in recipe.scores().values())


def print_recipe(recipe: Recipe, also: Sequence[str]) -> None:
    """A recipe whole."""
    out = console()
    out.print(Text(f"{recipe.id}  {recipe.title}", style="bold"))
    if recipe.note:
        _line(out, recipe.note)
    frames = recipe.value("input.frames")
    lines = {
        "network": f"{recipe.network}, {recipe.classes} classes",
        "parameters": f"{recipe.parameters:,}; {recipe.parameters_beside()}",
        "operations": f"{recipe.flops / 1e9:.2f} GFLOP forward for a clip of {frames} frames",
    }
    for metric, cell in recipe.scores().items():
        lines[metric] = f"{cell.printed} ({cell.table})"
    for name, text in lines.items():
        _line(out, f"{name + ':':<12}{text}", hang=12)
    _settings(out, recipe.settings)
    if also:
        out.print()
        _line(out, f"also: {', '.join(also)}")


def print_spotting_recipe(recipe: SpottingRecipe) -> None:
    """A spotting network whole."""
    out = console()
    out.print(Text(f"{recipe.id}  {recipe.title}", style="bold"))
    if recipe.note:
        _line(out, recipe.note)
    numbers = ", ".join(f"{n:,}" + (f" ({c} channels)" if c else "") for c, n in recipe.parameters.items())
    _line(out, f"{'network:':<12}{recipe.network}, {recipe.fashion}", hang=12)
    _line(out, f"{'parameters:':<12}{numbers}", hang=12)
    over = ", ".join(f"{printed} {extractor}" for extractor, printed in recipe.published().items())
    _line(out, f"{'AUC:':<12}{over} (sdfe-lv/table3)", hang=12)
    _settings(out, recipe.settings)


def _settings(out: Console, settings: Mapping[str, Mapping[str, Setting]]) -> None:
    for section, named in settings.items():
        out.print(Text(f"\n{section}", style="bold"))
        for key, setting in named.items():
            _line(out, f"  {key} = {_value(setting.value)}")
            if setting.source:
                _line(out, setting.source, indent=6, style="dim")
            if setting.pinned:
                others = "; ".join(setting.alternatives)
                _line(out, f"pinned: {setting.pinned}. Or: {others}", indent=6, style="dim")


def _value(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _line(out: Console, text: str, *, indent: int = 0, hang: int = 0, style: str = "") -> None:
    """A paragraph: all lines after `indent`, the later ones after `hang` more."""
    head, rest = text[:hang], text[hang:]
    for i, line in enumerate(Text(rest, style=style).wrap(out, out.width - indent - hang)):
        line.rstrip()
        out.print(Text(" " * indent + (head if i == 0 else " " * hang)).append(line))
