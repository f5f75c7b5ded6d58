"""Recipes: how the published baselines are trained again, read from `baselines/recipes/<dataset>/<name>.toml`.

`common.toml` holds what the methods of a dataset share; a method's file adds to it or replaces single settings. Every
setting has a value and where it stands in a paper (`source`), or why it is pinned and what else could be meant
(`pinned`, `alternatives`). Unknown keys are errors. Nothing here needs torch.
"""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from fervbench import schema
from fervbench.errors import InputError, UsageError
from fervbench.findings import Findings
from fervbench.published.methods import methods
from fervbench.published.tables import TableCell, published, table_ids
from fervbench.resources import data_dir

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

FORMAT = "fervbench-recipe/1"
DATASETS = ("ferv39k", "dfew", "sdfe-lv")
COMMON = "common"
SPOTTERS = ("bmn", "bsn", "turn", "r-c3d")  # SDFE-LV's networks over features: fervbench.spotting_recipes
_OF_A_METHOD = ("method", "network", "cost")


@dataclass(frozen=True)
class Setting:
    """A value, and where it is from. `pinned` tells why it was taken, `alternatives` what else could be meant."""

    value: Any
    source: str | None = None
    pinned: str | None = None
    alternatives: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The setting as a file has it."""
        found = {"value": self.value, "source": self.source, "pinned": self.pinned}
        found |= {"alternatives": list(self.alternatives) or None}
        return {key: value for key, value in found.items() if value is not None}


@dataclass(frozen=True)
class Recipe:
    """A method on a dataset. `id` is `dataset/name`; `network` a name in `fervbench.reference.models.MODELS`.

    `parameters` and `flops` (forward, one clip) are of our network. `no_claim` tells why the number of parameters that
    was published is not compared with ours.
    """

    id: str
    dataset: str
    method: str
    network: str
    classes: int
    parameters: int
    flops: int
    no_claim: str | None
    note: str | None
    published: dict[str, Any]
    settings: dict[str, dict[str, Setting]] = field(repr=False)

    def value(self, name: str, default: Any = None) -> Any:
        """A setting's value: `recipe.value("training.batch_size")`; `default` where the recipe has none."""
        section, _, key = name.partition(".")
        setting = self.settings.get(section, {}).get(key)
        return default if setting is None else setting.value

    @property
    def title(self) -> str:
        """The method's name."""
        return methods()[self.method].name

    def scores(self) -> dict[str, TableCell]:
        """The published scores by metric, from the first table that prints them."""
        wanted = self.published
        found: dict[str, TableCell] = {}
        for id in table_ids():
            if not id.startswith(f"{self.dataset}/"):
                continue
            for cell in published(id).cells:
                same = cell.method == self.method and cell.class_ is None and not cell.statistic
                if same and (cell.source, cell.target) == (wanted["source"], wanted["target"]) and cell.is_score:
                    found.setdefault(cell.metric, cell)
        return {metric: found[metric] for metric in wanted["metrics"] if metric in found}

    def printed_parameters(self) -> TableCell | None:
        """The number of parameters that the authors' repository prints, if it does."""
        for id in table_ids():
            if id == f"{self.dataset}/model-zoo":
                for cell in published(id).cells:
                    if cell.method == self.method and cell.metric == "parameters":
                        return cell
        return None

    def parameters_beside(self) -> str:
        """Our number of parameters beside the printed one, in a sentence, with no claim where there can be none."""
        printed = self.printed_parameters()
        if printed is None:
            return "no number is published"
        if self.no_claim:
            return f"{printed.printed} is printed; no claim: {self.no_claim}"
        millions = float(printed.value or 0)
        if self.parameters // 1_000_000 == millions:
            return f"{printed.printed} is printed: ours, cut to whole millions"
        if round(self.parameters / 1_000_000) == millions:
            return f"{printed.printed} is printed: ours, rounded to whole millions"
        return f"{printed.printed} is printed; ours is another reading of the text"

    def to_dict(self) -> dict[str, Any]:
        """The recipe as JSON: merged with what its dataset has in common, published numbers beside ours."""
        printed = self.printed_parameters()
        return {
            "id": self.id,
            "dataset": self.dataset,
            "method": self.method,
            "title": self.title,
            "network": self.network,
            "classes": self.classes,
            "parameters": self.parameters,
            "parameters_published": None if printed is None else printed.printed,
            "parameters_beside": self.parameters_beside(),
            "flops": self.flops,
            "note": self.note,
            "published": {metric: {"value": cell.value, "table": cell.table} for metric, cell in self.scores().items()},
            "settings": {
                section: {key: setting.to_dict() for key, setting in named.items()}
                for section, named in self.settings.items()
            },
        }


def recipe_ids() -> list[str]:
    """All recipes: datasets in order, methods in the order of the list of methods."""
    folder = data_dir("baselines") / "recipes"
    found = []
    for dataset in DATASETS:
        names = [file.name.removesuffix(".toml") for file in (folder / dataset).iterdir()]
        found += [f"{dataset}/{name}" for name in names if name not in (COMMON, *SPOTTERS)]
    order = {id: i for i, id in enumerate(methods())}
    return sorted(found, key=lambda id: (DATASETS.index(id.partition("/")[0]), _place(id, order), id))


def _place(id: str, order: dict[str, int]) -> int:
    dataset, _, name = id.partition("/")
    return order.get(f"bmn+{name}" if dataset == "sdfe-lv" else name, len(order))


@cache
def load_recipe(id: str) -> Recipe:
    """A recipe by its id. Raises UsageError for an id that is none, InputError with every finding for a bad file."""
    if id not in recipe_ids():
        raise _unknown(id)
    dataset, _, name = id.partition("/")
    return read_recipe(_file(dataset, name).read_bytes(), id, str(_file(dataset, name)))


def recipes() -> dict[str, Recipe]:
    """All recipes by id."""
    return {id: load_recipe(id) for id in recipe_ids()}


def find_recipes(name: str, dataset: str | None = None) -> list[Recipe]:
    """The recipes that a name means: `ferv39k/r18-lstm`, `r18-lstm`, or as a paper prints it, `R18-LSTM`.

    One method may have been run on several datasets: one recipe each, unless `dataset` chooses. Raises UsageError for a
    name that means none, with the nearest.

    >>> [recipe.id for recipe in find_recipes("R18-LSTM")]
    ['ferv39k/r18-lstm', 'dfew/r18-lstm', 'sdfe-lv/r18-lstm']
    >>> [recipe.id for recipe in find_recipes("Two C3D", "ferv39k")]
    ['ferv39k/two-c3d']
    """
    ids = recipe_ids()
    if dataset is not None and dataset not in DATASETS:
        raise UsageError(f"no recipes for {dataset!r}", hint=f"there are some for {', '.join(DATASETS)}")
    folded = name.strip().casefold()
    if folded in ids:
        meant = [folded]
    else:
        printed = {
            method.id
            for method in methods().values()
            for place, labels in method.printed.items()
            if place in DATASETS and folded in map(str.casefold, labels)
        }
        wanted = printed | {folded}
        meant = [id for id in ids if id.partition("/")[2] in wanted or load_recipe(id).method in wanted]
    meant = [id for id in meant if dataset in (None, id.partition("/")[0])]
    if not meant:
        raise _unknown(name, dataset)
    return [load_recipe(id) for id in meant]


def _unknown(name: str, dataset: str | None = None) -> UsageError:
    ids = [id for id in recipe_ids() if dataset in (None, id.partition("/")[0])]
    short = {id.partition("/")[2]: id for id in reversed(ids)}
    folded = name.casefold().replace(" ", "-")
    near = difflib.get_close_matches(folded, [*ids, *short], n=1, cutoff=0.5)
    where = f" for {dataset}" if dataset else ""
    hint = f"did you mean {near[0]!r}?" if near else "see: fervbench baselines list"
    return UsageError(f"no baseline {name!r}{where}", hint=hint)


def _file(dataset: str, name: str) -> Traversable:
    return data_dir("baselines") / "recipes" / dataset / f"{name}.toml"


def read_recipe(data: bytes, id: str, file: str) -> Recipe:
    """A recipe from TOML, on top of what its dataset has in common. Raises InputError with every finding."""
    content = _parse(data, file)
    findings = Findings(file)
    for key in _OF_A_METHOD:
        if key not in content:
            findings.add("missing-key", f"the key {key!r} is missing")
    method = content.get("method")
    if method is not None and method not in methods():
        near = difflib.get_close_matches(method, methods(), n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}?" if near else "see: fervbench tables methods"
        findings.add("unknown-name", f"no method {method!r}", pointer="/method", hint=hint)
    dataset = id.partition("/")[0]
    merged = _merged(_common(content.get("extends", dataset)), content)
    for key in ("classes", "published"):
        if key not in merged:
            findings.add("missing-key", f"the key {key!r} is missing here and in {COMMON}.toml")
    if len(findings):
        raise InputError(f"is no recipe: {file}", file=file, findings=findings)
    cost = content["cost"]
    return Recipe(
        id,
        dataset,
        content["method"],
        content["network"],
        merged["classes"],
        cost["parameters"],
        cost["flops"],
        cost.get("no_claim"),
        content.get("note"),
        merged["published"],
        _settings(merged["settings"], scenes=content["network"].startswith("two-")),
    )


def _settings(raw: dict[str, dict[str, Any]], *, scenes: bool) -> dict[str, dict[str, Setting]]:
    """Settings by section; those of scenes only for a network that sees them."""
    return {
        section: {key: _setting(each) for key, each in named.items() if scenes or "scene" not in key}
        for section, named in raw.items()
    }


def _setting(raw: dict[str, Any]) -> Setting:
    return Setting(**raw | {"alternatives": tuple(raw.get("alternatives", ()))})


def _parse(data: bytes, file: str) -> dict[str, Any]:
    try:
        content = tomllib.loads(data.decode("utf-8"))
    except ValueError as error:  # not UTF-8, not TOML
        raise InputError(f"is not TOML: {file} ({error})", file=file) from None
    definition = schema.load("recipe")
    if not schema.accepts(content, definition):
        findings = Findings(file)
        schema.violations(content, definition, findings)
        raise InputError(f"is no recipe: {file}", file=file, findings=findings)
    return content


@cache
def _common(dataset: str) -> dict[str, Any]:
    path = _file(dataset, COMMON)
    content = _parse(path.read_bytes(), str(path))
    return _merged(_common(content["extends"]), content) if "extends" in content else content


def _merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    sections = {name: dict(named) for name, named in below["settings"].items()}
    for name, named in above["settings"].items():
        sections[name] = sections.get(name, {}) | named
    return below | above | {"settings": sections}
