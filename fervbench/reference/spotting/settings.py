"""The configuration of a spotting job: what is trained and how, as the recipe says or the command line changes it."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from importlib import import_module
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from fervbench import strict_json
from fervbench._version import __version__
from fervbench.errors import UsageError
from fervbench.reference.spotting.videos import SNIPPET
from fervbench.spotting_recipes import SpottingRecipe, load_spotting_recipe

FORMAT = "fervbench-spotting-job/1"
EVERYWHERE, IN_TEST = "shuffled-features", "shuffled-test-features"  # `controls`
CONTROLS = ("none", EVERYWHERE, IN_TEST)
ABOUT_INPUT = ("packed_size", "start")  # settings of a recipe that are no option of the network
T = TypeVar("T")


@dataclass(frozen=True)
class Training:
    """How a network is optimised: `lr` times `gamma` at each of `milestones` (epochs done); `steps` an epoch, 0 for all
    items once; gradients are scaled down to a norm of `clip`, 0 for not at all.
    """

    optimizer: str = "adam"
    lr: float = 1e-3
    momentum: float = 0.9
    weight_decay: float = 1e-4
    batch: int = 16
    epochs: int = 9
    milestones: tuple[int, ...] = ()
    gamma: float = 0.1
    steps: int = 0
    clip: float = 0.0

    def __post_init__(self) -> None:
        if self.optimizer not in ("adam", "sgd"):
            raise UsageError(f"no optimizer {self.optimizer!r}", hint="there are adam and sgd")
        if min(self.batch, self.epochs) < 1 or self.steps < 0 or not 0 < self.lr < 1e3:
            raise UsageError(
                f"{self.epochs} epochs of batches of {self.batch} at a rate of {self.lr}: nothing to train"
            )


@dataclass(frozen=True)
class Settings:
    """A network's name, its recipe, a `Training` for each stage, and the network's own options."""

    model: str
    recipe: str
    training: tuple[Training, ...]
    options: Any
    seed: int = 0
    deterministic: bool = False
    control: str = "none"
    selection: str = "validation-auc"

    def __post_init__(self) -> None:
        if self.control not in CONTROLS:
            raise UsageError(f"no control {self.control!r}", hint=f"there are {', '.join(CONTROLS)}")

    @property
    def epochs(self) -> int:
        """Of all stages together."""
        return sum(each.epochs for each in self.training)


@dataclass(frozen=True)
class Extraction:
    """What is made between a recognition job and a spotting one: features of the videos, by snippets of 16 frames."""

    snippet: int = SNIPPET
    deterministic: bool = False
    epochs: int = 1


def from_recipe(recipe: SpottingRecipe, **changes: Any) -> Settings:
    """A recipe as settings. `changes` are those of `Training` (every stage), and of the network's options.

    Raises UsageError for a setting that is none.
    """
    options = import_module(f"fervbench.reference.spotting.{recipe.network.replace('-', '')}").Options
    plain = {
        key: value
        for section in ("network", "proposals")
        for key, value in recipe.values(section).items()
        if key not in ABOUT_INPUT
    }
    of_training = {key: value for key, value in changes.items() if key in Training.__dataclass_fields__}
    of_job = {key: value for key, value in changes.items() if key in ("seed", "deterministic", "control")}
    rest = {key: value for key, value in changes.items() if key not in of_training and key not in of_job}
    where = f"the recipe {recipe.id}"
    return Settings(
        model=recipe.network,
        recipe=recipe.id,
        training=tuple(made(Training, recipe.values(stage) | of_training, where) for stage in recipe.stages),
        options=made(options, plain | rest, where),
        selection=str(recipe.values("selection")["epoch"]),
        **of_job,
    )


def packed_size(settings: Settings) -> tuple[int, int]:
    """The frames that R-C3D's are cut out of: as the recipe has them for its own size, in proportion.

    Other networks see features, and the size says nothing.
    """
    if settings.model != "r-c3d":
        return 128, 128
    values = load_spotting_recipe(settings.model).values("network")
    factor = settings.options.size[0] / values["size"][0]
    height, width = (round(side * factor) for side in values["packed_size"])
    return height, width


def made(kind: type[T], given: Mapping[str, Any], where: str) -> T:
    """An options class from plain values; lists become tuples. Raises UsageError naming the nearest key."""
    known = [each.name for each in fields(kind)]  # type: ignore[arg-type]
    for key in given:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1, cutoff=0.4)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}"
            raise UsageError(f"{where} has no setting {key!r}", hint=hint)
    kinds = get_type_hints(kind)
    values = {key: _tuple(value) for key, value in given.items()}
    for key, value in values.items():
        if not _fits(value, kinds[key]):
            raise UsageError(f"{where}: {key} = {value!r} is no {getattr(kinds[key], '__name__', kinds[key])}")
    return kind(**values)


def at_least(options: Any, least: float, *names: str) -> None:
    """Raise UsageError for a setting below `least`; of several numbers each."""
    for name in names:
        value = getattr(options, name)
        for each in value if isinstance(value, tuple) else (value,):
            if each < least:
                raise UsageError(f"{name} = {value!r}: at least {least:g} is needed")


def _fits(value: Any, kind: Any) -> bool:
    """Whether a plain value is of a field's type; a whole number may stand for any number."""
    if get_origin(kind) is tuple:
        inner = get_args(kind)
        several = len(inner) == 2 and inner[1] is Ellipsis
        return isinstance(value, tuple) and (
            all(_fits(each, inner[0]) for each in value)
            if several
            else len(value) == len(inner) and all(map(_fits, value, inner))
        )
    if kind is float:
        return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    return type(value) is kind


def _tuple(value: Any) -> Any:
    return tuple(_tuple(each) for each in value) if isinstance(value, list) else value


def describe(settings: Settings, about: Mapping[str, Any]) -> dict[str, Any]:
    """What config.json holds."""
    config = {"format": FORMAT, "tool_version": __version__, "settings": asdict(settings), **about}
    plain: dict[str, Any] = strict_json.parse(strict_json.dumps(config).encode(), "config").value
    return plain
