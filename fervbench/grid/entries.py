"""What a table or figure is made of: models to train, numbers of theirs, frames to draw them in.

An `Entry` is one number (or matrix, curve, or cloud of points): models by targets, reduced to one. A `Model` is what is
trained; where it spots it begins with an extractor, which is a model too.
"""

from __future__ import annotations

from dataclasses import dataclass

from fervbench.protocol import load_protocol
from fervbench.published.tables import Table, TableCell
from fervbench.recipes import DATASETS, SPOTTERS, load_recipe

FIVE_FOLD = "five-fold"
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
        """Readable and unique: `ferv39k/r18-lstm/all`, `afew/c3d/afew-val/from-dfew-c3d-fd2`.

        `sdfe-lv/bmn+c3d/dfew-fd1` is BMN over a C3D that learned on DFEW.
        """
        if self.spotter is not None and isinstance(self.start, Model):
            return f"{self.data}/{self.method}/{self.start.data}-{self.start.source}"
        dataset, _, name = self.recipe.partition("/")
        known = self.data in DATASETS or dataset == "sdfe-lv"
        own = name if dataset == self.data or not known else f"{dataset}-{name}"
        parts = [self.data, own, self.source, *(f"{key}{value:g}" for key, value in self.changes)]
        if self.start is not None:
            parts.append(f"from-{self.start if isinstance(self.start, str) else self.start.label}".replace("/", "-"))
        return "/".join(parts)

    @property
    def method(self) -> str:
        """The method's id, as `published.methods` has it: `r18-lstm`, `bmn+c3d`."""
        if self.spotter is None:
            return load_recipe(self.recipe).method
        assert isinstance(self.start, Model)  # noqa: S101 - a network that spots begins with an extractor
        return f"{self.spotter}+{self.start.recipe.partition('/')[2]}"

    @property
    def spotter(self) -> str | None:
        """The spotting network that it is, if it is one: `bmn`."""
        dataset, _, name = self.recipe.partition("/")
        return name if dataset == "sdfe-lv" and name in SPOTTERS else None

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
    def of_spotting(self) -> bool:
        """Whether it is a number that proposals are scored by, not answers."""
        return self.metric == "AUC" or self.metric.startswith("AR@")

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


def reduced(values: list[float], how: str) -> float:
    """The smallest, the mean or the largest of some values.

    >>> reduced([0.1, 0.3], "mean"), reduced([0.1, 0.3], "max")
    (0.2, 0.3)
    """
    return {"min": min(values), "max": max(values), "mean": sum(values) / len(values)}[how]
