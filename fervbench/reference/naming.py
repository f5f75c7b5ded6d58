"""The settings that a baseline's recipe gives (`fervbench.recipes`): what is trained, and how."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fervbench.errors import UsageError
from fervbench.recipes import DATASETS, Recipe, find_recipes, load_recipe, recipe_ids
from fervbench.reference.augment import IMAGENET_MEAN, IMAGENET_STD, Augmentation
from fervbench.reference.networks import streams_of
from fervbench.reference.schedule import Schedule
from fervbench.reference.settings import Loss, Settings

Sizes = tuple[tuple[int, int], ...]
# What recipes may say and this loop does; anything else is an error, not ignored.
_ONLY = {
    "training.optimizer": ("sgd", "adam"),
    "training.weight_decay_on": ("all",),
    "training.drop_last": (True,),
    "training.selection": ("last-epoch",),
    "input.normalise": ("imagenet", "none"),
    "input.crop": ("random", "none"),
    "network.initial_weights": ("torchvision",),
}


def choose_recipe(name: str, protocol: str) -> Recipe:
    """The recipe for a baseline on a protocol's dataset; for a dataset without recipes, the first of that name.

    An id with its dataset (`sdfe-lv/r18-lstm`) is that recipe, whatever it is trained on. Raises UsageError naming the
    nearest.
    """
    if name in recipe_ids():
        return load_recipe(name)
    dataset = protocol.removesuffix("-synthetic")
    return find_recipes(name, dataset if dataset in DATASETS else None)[0]


def settings_of(recipe: Recipe) -> Settings:
    """A recipe as settings. Raises UsageError for what cannot be trained from packs, or is not built."""
    for key, known in _ONLY.items():
        value = recipe.value(key, known[0])
        if value not in known:
            raise UsageError(f"{recipe.id} asks for {key} = {value!r}", hint=f"built are {', '.join(map(str, known))}")
    streams = streams_of(recipe.network)

    def sizes(prefix: str) -> Sizes:
        names = ("scene" if stream == "scene" else "face" for stream in streams)  # frames and flow are of faces
        found = (recipe.value(f"input.{prefix}{name}_size") for name in names)
        return tuple((int(size[0]), int(size[1])) for size in found)

    changes = float(recipe.value("input.illumination", 0.0))
    crop = recipe.value("input.crop", "none") == "random"
    imagenet = recipe.value("input.normalise", "imagenet") == "imagenet"
    name, weight, reading = (recipe.value(f"loss.{key}") for key in ("name", "weight", "reading"))
    return Settings(
        recipe=recipe.id,
        model=recipe.network,
        frames=recipe.value("input.frames"),
        sizes=sizes(""),
        pack_sizes=sizes("packed_"),
        sampling_train=recipe.value("input.sampling_train"),
        sampling_test=recipe.value("input.sampling_test"),
        augmentation=Augmentation(crop, float(recipe.value("input.flip", 0.0)), changes, changes),
        mean=IMAGENET_MEAN if imagenet else (0.0, 0.0, 0.0),
        std=IMAGENET_STD if imagenet else (1.0, 1.0, 1.0),
        loss=Loss(name, float(weight or 0.0), reading or "literal"),
        epochs=recipe.value("training.epochs"),
        batch=recipe.value("training.batch_size"),
        lr=float(recipe.value("training.learning_rate")),
        optimizer=recipe.value("training.optimizer"),
        momentum=float(recipe.value("training.momentum", 0.0)),
        weight_decay=float(recipe.value("training.weight_decay", 0.0)),
        hold_out=float(recipe.value("training.held_out", 0.1)),
        schedule=_schedule(recipe),
    )


def grid_of(recipe: Recipe) -> tuple[float, ...]:
    """The learning rates that the recipe chooses from."""
    return tuple(float(lr) for lr in recipe.value("training.learning_rate_grid", ()))


def resized(settings: Settings, height: int) -> Settings:
    """The same for frames of another height, everything in proportion: for trials on small machines."""
    factor = height / settings.sizes[0][0]

    def scaled(sizes: Sizes) -> Sizes:
        return tuple((round(h * factor), round(w * factor)) for h, w in sizes)

    return replace(settings, sizes=scaled(settings.sizes), pack_sizes=scaled(settings.pack_sizes))


def shortened(settings: Settings, epochs: int) -> Settings:
    """The same with another number of epochs: the learning rate falls as far as it does in the recipe's own."""
    return replace(settings, epochs=epochs, schedule=settings.schedule.stretched(epochs / settings.epochs))


def _schedule(recipe: Recipe) -> Schedule:
    given: dict[str, Any] = {key: recipe.value(f"training.{key}") for key in ("gamma", "milestones", "patience")}
    given = {
        key: tuple(value) if isinstance(value, list) else value for key, value in given.items() if value is not None
    }
    return Schedule(recipe.value("training.schedule"), **given)
