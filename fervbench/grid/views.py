"""Published tables and figures as lists of numbers to be rebuilt: which models give each, and what is printed there.

Read from `baselines/plans/*.toml`. The cells of a table say for themselves what they are; of a figure the plan does.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

from fervbench.errors import UsageError
from fervbench.grid.entries import Block, Changes, Entry, Model, View, reduced
from fervbench.published.methods import methods
from fervbench.published.tables import TableCell, published
from fervbench.recipes import Recipe, load_recipe, recipe_ids
from fervbench.resources import data_dir

FORMAT = "fervbench-plan/1"
PLANS = ("ferv39k", "dfew", "sdfe-lv")
KINDS = ("table", "bars", "lines", "matrices", "points", "curves")
# What a figure may change of a recipe: the setting it changes.
CHANGES = {"frames": "input.frames", "batch": "training.batch_size", "weight": "loss.weight"}
Starts = Mapping[str, Mapping[str, str]]
SPOTTING = ("sdfe-lv",)  # tables name the dataset as target; all of its test part is meant


@cache
def views() -> dict[str, View]:
    """Every table and figure that can be rebuilt, by id, tables first."""
    found = list(_read())
    return {view.id: view for view in sorted(found, key=lambda view: view.table is None)}


def view(id: str, *, figure: bool = False) -> View:
    """A table or figure by id. Raises UsageError naming the nearest."""
    known = [each for each, found in views().items() if (found.table is None) == figure]
    if id not in known:
        near = difflib.get_close_matches(id, known, n=1, cutoff=0.4)
        what = "figure" if figure else "table"
        hint = f"did you mean {near[0]!r}?" if near else f"{what}s: {', '.join(known)}"
        raise UsageError(f"there is no plan for the {what} {id!r}", hint=hint)
    return views()[id]


def _read() -> Iterator[View]:
    for name in PLANS:
        path = data_dir("baselines") / "plans" / f"{name}.toml"
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        if content.get("format") != FORMAT:
            raise ValueError(f"the format is {content.get('format')!r}, not {FORMAT!r}: {path}")
        pretraining = content.get("pretraining")
        for raw in content["tables"]:
            yield _of_table(raw, content["data"], pretraining)
        for raw in content["figures"]:
            yield _of_figure(raw, content["data"], pretraining)


def _of_table(raw: Mapping[str, Any], data: str, pretraining: Starts | None) -> View:
    table = published(raw["id"])
    starts = raw.get("starts")
    data = raw.get("data", data)
    cells = [cell for cell in table.cells if cell.is_score]

    def model(cell: TableCell) -> Model:
        return spotter_of(data, cell, pretraining) if pretraining is not None else _model(cell, data, starts)

    entries = [_of_cell(cell, cells, model) for cell in cells]
    block = Block("", "table", "", table.rows, tuple(dict.fromkeys(cell.column for cell in cells)))
    return View(table.id, table.title, "table", tuple(entries), (block,), table=table)


def _of_cell(cell: TableCell, cells: list[TableCell], model: Callable[[TableCell], Model]) -> Entry:
    assert cell.value is not None  # noqa: S101 - a score has a value
    printed = cell.value / (100 if cell.unit == "percent" else 1)
    about: dict[str, Any] = {"class_": cell.class_, "cells": (cell,), "printed": printed}
    if cell.cited:
        why = "cited from another paper: nothing to train"
        return Entry(cell.row, cell.column, cell.metric, why=why, **about)
    models = dict.fromkeys(model(each) for each in (_averaged(cell, cells) if cell.statistic == "mean" else [cell]))
    target = "all" if cell.target in SPOTTING else str(cell.target)
    return Entry(cell.row, cell.column, cell.metric, tuple(models), (target,), **about)


def _averaged(cell: TableCell, cells: list[TableCell]) -> list[TableCell]:
    """The cells that a printed mean is taken of: those of its row, else those above it."""
    if cell.over == "columns":
        same = [each for each in cells if (each.row, each.metric) == (cell.row, cell.metric)]
    else:
        key = (cell.column, cell.metric, cell.target)
        same = [each for each in cells if (each.column, each.metric, each.target) == key]
    return [each for each in same if each.statistic is None]


def _model(cell: TableCell, data: str, starts: Starts | None) -> Model:
    method, source = str(cell.method), str(cell.source)
    if starts is None:
        return model_of(data, method, source)
    return model_of(data, method, str(cell.target), dataset=cell.table.partition("/")[0], start=starts[source])


def spotter_of(data: str, cell: TableCell, pretraining: Starts) -> Model:
    """What a cell of spotting is of: a network over an extractor, which learned on what the cell calls its source."""
    return spotting_model(data, str(cell.method), pretraining[str(cell.source)])


def spotting_model(data: str, method: str, learned: Mapping[str, str]) -> Model:
    """A network over an extractor (`bmn+c3d`); `learned` says on which part of which data the extractor was trained."""
    network, _, extractor = method.partition("+")
    start = model_of(learned["data"], extractor, learned["source"], dataset=data)
    return Model(data, f"{data}/{network}", "all", start=start)


def model_of(
    data: str,
    method: str,
    source: str,
    *,
    dataset: str | None = None,
    changes: Mapping[str, float] | None = None,
    start: Mapping[str, str] | None = None,
) -> Model:
    """The model of a method on some data; `dataset` says whose recipe it is, where it is not the data's own."""
    recipe = f"{dataset or data}/{method}"
    if recipe not in recipe_ids():
        raise ValueError(f"a plan names {recipe}, for which there is no recipe")
    base = method if method not in methods() else methods()[method].base or method  # extractors are no methods
    begin: Model | str | None = None
    if start is not None and "weights" in start:
        begin = start["weights"].format(method=method, base=base)
    elif start is not None:
        begin = Model(start["data"], start["recipe"].format(method=method, base=base), start["source"])
    return Model(data, recipe, source, _changed(load_recipe(recipe), changes or {}), begin)


def _changed(recipe: Recipe, changes: Mapping[str, float]) -> Changes:
    """What differs from the recipe: eight frames of a recipe of eight are no change, and no training of their own."""
    return tuple((key, value) for key, value in changes.items() if recipe.value(CHANGES[key]) != value)


def _of_figure(raw: Mapping[str, Any], data: str, pretraining: Starts | None) -> View:
    blocks: list[Block] = []
    entries: list[Entry] = []
    cells = [cell for id in raw.get("published", ()) for cell in published(id).cells if cell.is_score]
    for part in raw["blocks"]:
        common = {key: value for key, value in part.items() if key not in ("series", "points", "metrics")}
        for metric in part["metrics"]:
            kind = part.get("kind", raw["kind"])
            title = part.get("title", metric if len(part["metrics"]) > 1 else "")
            for series in part["series"]:
                for point in part["points"]:
                    about = {"data": data, "metric": metric} | common | series | point
                    learned = pretraining[about["source"]] if pretraining is not None else None
                    model = spotting_model(data, about["method"], learned) if learned is not None else _trained(about)
                    entries.append(_of_point(series["label"], point["label"], about, model, cells, len(blocks)))
            rows, columns = (tuple(each["label"] for each in part[side]) for side in ("series", "points"))
            blocks.append(Block(title, kind, metric, rows, columns, raw.get("x", "")))
    about = (raw["title"], raw["kind"], tuple(entries), tuple(blocks), raw["caption"], raw.get("pinned"))
    return View(raw["id"], *about)


def _trained(about: Mapping[str, Any]) -> Model:
    changes = {key: about[key] for key in CHANGES if key in about}
    return model_of(about["data"], about["method"], about["source"], changes=changes, start=about.get("start"))


def _of_point(
    row: str, column: str, about: Mapping[str, Any], model: Model, cells: list[TableCell], block: int
) -> Entry:
    less = model_of(about["data"], about["less"], about["source"]) if "less" in about else None
    targets = tuple(about.get("targets", (about.get("target"),)))
    reduce, metric, of = about.get("reduce", "mean"), about["metric"], about.get("class")
    found, printed = _printed(model, less, targets, metric, of, reduce, cells)
    return Entry(row, column, metric, (model,), targets, of, reduce, less, found, printed, None, block)


def _printed(
    model: Model,
    less: Model | None,
    targets: tuple[str, ...],
    metric: str,
    class_: str | None,
    reduce: str,
    cells: list[TableCell],
) -> tuple[tuple[TableCell, ...], float | None]:
    """What tables print for the same experiments: the cells, and the number that follows from them."""

    def of(one: Model) -> list[TableCell] | None:
        if one.changes or one.start is not None:
            return None
        dataset, _, method = one.recipe.partition("/")
        found = []
        for target in targets:
            wanted = (dataset, method, one.source, target, metric, class_)
            same = [c for c in cells if wanted == (_dataset(c), c.method, c.source, c.target, c.metric, c.class_)]
            if not same:
                return None
            found.append(same[0])
        return found

    own = of(model)
    off = of(less) if less is not None else []
    if own is None or off is None:
        return (), None
    value = reduced([_share(cell) for cell in own], reduce)
    return (*own, *off), value - (reduced([_share(cell) for cell in off], reduce) if off else 0.0)


def _dataset(cell: TableCell) -> str:
    return cell.table.partition("/")[0]


def _share(cell: TableCell) -> float:
    return float(cell.value or 0.0) / (100 if cell.unit == "percent" else 1)
