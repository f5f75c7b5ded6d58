"""Published tables and figures as lists of numbers to be rebuilt: which models give each, and what is printed there.

Read from `baselines/plans/*.toml`. The cells of a table say for themselves what they are; of a figure the plan does. An
`Entry` is one number (or matrix, or cloud of points): models by targets, reduced to one. A `Model` is what is trained.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from fervbench.errors import UsageError
from fervbench.protocol import load_protocol
from fervbench.published.methods import methods
from fervbench.published.tables import Table, TableCell, published
from fervbench.recipes import DATASETS, Recipe, load_recipe, recipe_ids
from fervbench.resources import data_dir

FORMAT = "fervbench-plan/1"
PLANS = ("ferv39k", "dfew")
FIVE_FOLD = "five-fold"
KINDS = ("table", "bars", "lines", "matrices", "points")
# What a figure may change of a recipe: the setting it changes.
CHANGES = {"frames": "input.frames", "batch": "training.batch_size", "weight": "loss.weight"}
Changes = tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Model:
    """A recipe trained on a source of some data; `five-fold` is five models. `start` is another model, or weights."""

    data: str
    recipe: str
    source: str
    changes: Changes = ()
    start: Model | str | None = None

    @property
    def label(self) -> str:
        """Readable and unique: `ferv39k/r18-lstm/all`, `afew/c3d/afew-val/from-dfew-c3d-fd2`."""
        dataset, _, name = self.recipe.partition("/")
        own = name if dataset == self.data or self.data not in DATASETS else f"{dataset}-{name}"
        parts = [self.data, own, self.source, *(f"{key}{value:g}" for key, value in self.changes)]
        if self.start is not None:
            parts.append(f"from-{self.start if isinstance(self.start, str) else self.start.label}".replace("/", "-"))
        return "/".join(parts)

    def trained(self) -> tuple[Model, ...]:
        """The single trainings: itself, or one a fold."""
        if self.source != FIVE_FOLD:
            return (self,)
        folds = load_protocol(self.data).evaluations[FIVE_FOLD].sources
        return tuple(Model(self.data, self.recipe, fold, self.changes, self.start) for fold in folds)


@dataclass(frozen=True)
class Entry:
    """One number of a table or figure: `metric` of each of `models` on each of `targets`, reduced to one.

    `less` is taken off (a gain). `cells` are the published cells that are this number, `printed` their value as a share
    of 1. `why` tells why nothing is trained for it.
    """

    row: str
    column: str
    metric: str
    models: tuple[Model, ...] = ()
    targets: tuple[str, ...] = ()
    class_: str | None = None
    reduce: str = "mean"
    less: Model | None = None
    cells: tuple[TableCell, ...] = ()
    printed: float | None = None
    why: str | None = None
    block: int = 0

    @property
    def all_models(self) -> tuple[Model, ...]:
        """Every model that must be trained for it."""
        return self.models if self.less is None else (*self.models, self.less)


@dataclass(frozen=True)
class Block:
    """A part of a figure that is drawn in one frame."""

    title: str
    kind: str
    metric: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    x: str = ""


@dataclass(frozen=True)
class View:
    """A table or a figure. `table` is the published one, None for a figure."""

    id: str
    title: str
    kind: str
    entries: tuple[Entry, ...]
    blocks: tuple[Block, ...]
    caption: str = ""
    pinned: str | None = None
    table: Table | None = None

    @property
    def models(self) -> tuple[Model, ...]:
        """All models, once each, in the order in which entries name them."""
        return tuple(dict.fromkeys(model for entry in self.entries for model in entry.all_models))


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
        for raw in content["tables"]:
            yield _of_table(raw, content["data"])
        for raw in content["figures"]:
            yield _of_figure(raw, content["data"])


def _of_table(raw: Mapping[str, Any], data: str) -> View:
    table = published(raw["id"])
    starts = raw.get("starts")
    data = raw.get("data", data)
    cells = [cell for cell in table.cells if cell.is_score]
    entries = [_of_cell(cell, cells, data, starts) for cell in cells]
    block = Block("", "table", "", table.rows, tuple(dict.fromkeys(cell.column for cell in cells)))
    return View(table.id, table.title, "table", tuple(entries), (block,), table=table)


def _of_cell(
    cell: TableCell, cells: list[TableCell], data: str, starts: Mapping[str, Mapping[str, str]] | None
) -> Entry:
    assert cell.value is not None  # noqa: S101 - a score has a value
    printed = cell.value / (100 if cell.unit == "percent" else 1)
    about: dict[str, Any] = {"class_": cell.class_, "cells": (cell,), "printed": printed}
    if cell.cited:
        why = "cited from another paper: nothing to train"
        return Entry(cell.row, cell.column, cell.metric, why=why, **about)
    if cell.statistic == "mean":  # of the rows above it
        same = [c for c in cells if (c.column, c.metric, c.target) == (cell.column, cell.metric, cell.target)]
        models = dict.fromkeys(_model(c, data, starts) for c in same if c.statistic is None)
    else:
        models = {_model(cell, data, starts): None}
    return Entry(cell.row, cell.column, cell.metric, tuple(models), (str(cell.target),), **about)


def _model(cell: TableCell, data: str, starts: Mapping[str, Mapping[str, str]] | None) -> Model:
    method, source = str(cell.method), str(cell.source)
    if starts is None:
        return model_of(data, method, source)
    return model_of(data, method, str(cell.target), dataset=cell.table.partition("/")[0], start=starts[source])


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
    base = methods()[method].base or method
    begin: Model | str | None = None
    if start is not None and "weights" in start:
        begin = start["weights"].format(method=method, base=base)
    elif start is not None:
        begin = Model(start["data"], start["recipe"].format(method=method, base=base), start["source"])
    return Model(data, recipe, source, _changed(load_recipe(recipe), changes or {}), begin)


def _changed(recipe: Recipe, changes: Mapping[str, float]) -> Changes:
    """What differs from the recipe: eight frames of a recipe of eight are no change, and no training of their own."""
    return tuple((key, value) for key, value in changes.items() if recipe.value(CHANGES[key]) != value)


def _of_figure(raw: Mapping[str, Any], data: str) -> View:
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
                    entries.append(_of_point(series["label"], point["label"], about, cells, len(blocks)))
            rows, columns = (tuple(each["label"] for each in part[side]) for side in ("series", "points"))
            blocks.append(Block(title, kind, metric, rows, columns, raw.get("x", "")))
    about = (raw["title"], raw["kind"], tuple(entries), tuple(blocks), raw["caption"], raw.get("pinned"))
    return View(raw["id"], *about)


def _of_point(row: str, column: str, about: Mapping[str, Any], cells: list[TableCell], block: int) -> Entry:
    changes = {key: about[key] for key in CHANGES if key in about}
    model = model_of(about["data"], about["method"], about["source"], changes=changes, start=about.get("start"))
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


def reduced(values: list[float], how: str) -> float:
    """The smallest, the mean or the largest of some values.

    >>> reduced([0.1, 0.3], "mean"), reduced([0.1, 0.3], "max")
    (0.2, 0.3)
    """
    return {"min": min(values), "max": max(values), "mean": sum(values) / len(values)}[how]
