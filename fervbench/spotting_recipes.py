"""Recipes of the spotting networks: `baselines/recipes/sdfe-lv/{bmn,bsn,turn,r-c3d}.toml`.

Beside the recipes of the feature extractors (`fervbench.recipes`): a cell of SDFE-LV's tables is one of these networks
over one of those extractors. Every setting has a value and where it stands, or why it is pinned. Nothing here needs
torch.
"""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from fervbench import schema
from fervbench.errors import InputError, UsageError
from fervbench.findings import Findings
from fervbench.published.methods import methods
from fervbench.published.tables import published, table_ids
from fervbench.recipes import SPOTTERS, Setting
from fervbench.resources import data_dir

DATASET = "sdfe-lv"


@dataclass(frozen=True)
class SpottingRecipe:
    """A spotting network. `stages` are the sections that say how its networks are optimised, `parameters` their number
    by channels of the features.
    """

    network: str
    title: str
    fashion: str
    stages: tuple[str, ...]
    parameters: dict[int, int]
    note: str | None
    settings: dict[str, dict[str, Setting]] = field(repr=False)

    @property
    def id(self) -> str:
        """`sdfe-lv/bmn`."""
        return f"{DATASET}/{self.network}"

    def values(self, section: str) -> dict[str, Any]:
        """The plain values of a section."""
        return {key: setting.value for key, setting in self.settings.get(section, {}).items()}

    def published(self) -> dict[str, str]:
        """Extractor -> the AUC that Table 3 prints for this network over it."""
        found = {}
        for id in table_ids():
            if id == f"{DATASET}/table3":
                for cell in published(id).cells:
                    network, _, extractor = (cell.method or "").partition("+")
                    if network == self.network and cell.metric == "AUC":
                        found[extractor] = cell.printed
        return found

    def to_dict(self) -> dict[str, Any]:
        """The recipe as JSON."""
        return {
            "id": self.id,
            "dataset": DATASET,
            "network": self.network,
            "title": self.title,
            "fashion": self.fashion,
            "parameters": {str(channels): number for channels, number in self.parameters.items()},
            "note": self.note,
            "published": {"AUC": self.published(), "table": f"{DATASET}/table3"},
            "settings": {
                section: {key: setting.to_dict() for key, setting in named.items()}
                for section, named in self.settings.items()
            },
        }


@cache
def load_spotting_recipe(network: str) -> SpottingRecipe:
    """A recipe by its network. Raises UsageError for one that is none, InputError with every finding for a bad file."""
    if network not in SPOTTERS:
        raise UsageError(f"no spotting network {network!r}", hint=f"there are {', '.join(SPOTTERS)}")
    path = data_dir("baselines") / "recipes" / DATASET / f"{network}.toml"
    return read_spotting_recipe(path.read_bytes(), str(path))


def spotting_recipes() -> list[SpottingRecipe]:
    """All four, in the order of Table 3 from the best."""
    return [load_spotting_recipe(network) for network in SPOTTERS]


def read_spotting_recipe(data: bytes, file: str) -> SpottingRecipe:
    """A recipe from TOML. Raises InputError with every finding."""
    try:
        content = tomllib.loads(data.decode("utf-8"))
    except ValueError as error:  # not UTF-8, not TOML
        raise InputError(f"is not TOML: {file} ({error})", file=file) from None
    definition = schema.load("spotting-recipe")
    findings = Findings(file)
    if not schema.accepts(content, definition):
        schema.violations(content, definition, findings)
    else:
        for stage in content["stages"]:
            if stage not in content["settings"]:
                findings.add("missing-key", f"no settings for the stage {stage!r}", pointer=f"/settings/{stage}")
        for channels in content["parameters"]:
            if not channels.isdigit():
                findings.add("wrong-value", f"{channels!r} is no number of channels", pointer="/parameters")
    if len(findings):
        raise InputError(f"is no recipe: {file}", file=file, findings=findings)
    return SpottingRecipe(
        network=content["network"],
        title=content["title"],
        fashion=content["fashion"],
        stages=tuple(content["stages"]),
        parameters={int(channels): number for channels, number in content["parameters"].items()},
        note=content.get("note"),
        settings={
            section: {
                key: Setting(**raw | {"alternatives": tuple(raw.get("alternatives", ()))}) for key, raw in named.items()
            }
            for section, named in content["settings"].items()
        },
    )


def find_spotting_recipe(name: str) -> tuple[SpottingRecipe, str | None] | None:
    """The network that a name means, and the extractor if it names one: `BMN`, `sdfe-lv/bmn`, `bmn+r18-lstm`, or as
    Table 3 prints it, `BMN, Resnet18-LSTM`. None for a name that means none.

    >>> recipe, extractor = find_spotting_recipe("BMN, Resnet18-LSTM")
    >>> recipe.id, extractor
    ('sdfe-lv/bmn', 'r18-lstm')
    """
    folded = name.strip().casefold().removeprefix(f"{DATASET}/")
    plain = folded.replace("_", "-").replace("rc3d", "r-c3d")
    if plain in SPOTTERS:
        return load_spotting_recipe(plain), None
    for method in methods().values():
        network, _, extractor = method.id.partition("+")
        labels = [label.casefold() for label in method.printed.get(DATASET, ())]
        if network in SPOTTERS and extractor and folded in (method.id, *labels):
            return load_spotting_recipe(network), extractor
    return None


def unknown_spotter(name: str) -> UsageError:
    """What to say of a name that means no spotting network."""
    near = difflib.get_close_matches(name.strip().casefold(), [*SPOTTERS, *_combined()], n=1, cutoff=0.4)
    hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(SPOTTERS)}"
    return UsageError(f"no baseline of spotting {name!r}", hint=hint)


def _combined() -> list[str]:
    return [id for id in methods() if id.partition("+")[0] in SPOTTERS]
