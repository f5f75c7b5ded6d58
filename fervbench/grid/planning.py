"""A plan: what must be trained for a table or figure, once each, in an order in which every start comes first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from fervbench.errors import UsageError
from fervbench.grid.entries import FIVE_FOLD, Entry, Model, View
from fervbench.grid.task import Task
from fervbench.recipes import Recipe, find_recipes, load_recipe
from fervbench.reference.naming import grid_of, resized, settings_of, shortened
from fervbench.reference.networks import streams_of
from fervbench.reference.settings import Settings
from fervbench.reference.spotting.settings import Extraction, from_recipe
from fervbench.reference.spotting.settings import Settings as Spotting
from fervbench.spotting_recipes import find_spotting_recipe, load_spotting_recipe

OF_PLANS = ("seed", "deterministic", "control")


@dataclass(frozen=True)
class Choice:
    """What a call changes of every recipe, and what it names. `weights` are paths by the names that plans use.

    Of networks that spot it changes `epochs`, R-C3D's `size`, and what `spotting` names: (`bmn`, `bins`, 50).
    `without_scenes` are data that have faces alone: what sees scenes of them is left out.
    """

    seeds: tuple[int, ...] = (0,)
    only: tuple[str, ...] = ()
    weights: Mapping[str, str] = field(default_factory=dict)
    epochs: int | None = None
    batch: int | None = None
    frames: int | None = None
    size: int | None = None
    lr: float | None = None
    choose_lr: bool = False
    precision: str = "float32"
    deterministic: bool = False
    ranks: int = 1
    spotting: tuple[tuple[str, str, Any], ...] = ()
    without_scenes: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Plan:
    """`keys` are the tasks of a model, for each seed those that make it up; `lacking` says why a model has none."""

    view: View
    seeds: tuple[int, ...]
    tasks: tuple[Task, ...]
    keys: Mapping[Model, tuple[tuple[str, ...], ...]]
    lacking: Mapping[Model, str]

    def task(self, key: str) -> Task:
        """A task by its key."""
        return next(task for task in self.tasks if task.key == key)

    def fills(self) -> dict[str, list[Entry]]:
        """The numbers of the view that each task is needed for, starts through what starts from them."""
        found: dict[str, list[Entry]] = {task.key: [] for task in self.tasks}
        for entry in self.view.entries:
            needed = {key for model in entry.all_models for keys in self.keys.get(model, ()) for key in keys}
            for key in self._with_starts(needed):
                found[key].append(entry)
        return found

    def _with_starts(self, keys: set[str]) -> set[str]:
        after = {task.key: task.after for task in self.tasks}
        return keys | {start for key in keys for start in after[key]}


def make_plan(view: View, choice: Choice) -> Plan:
    """The plan of a table or figure. Raises UsageError for a method of `only` that it does not have."""
    view = kept(view, choice.only)
    _check_spotting(view, choice)
    tasks: dict[tuple[Any, ...], Task] = {}
    keys: dict[Model, tuple[tuple[str, ...], ...]] = {}
    lacking: dict[Model, str] = {}
    for model in view.models:
        why = _lacks(model, choice)
        if why is not None:
            lacking[model] = why
            continue
        keys[model] = tuple(
            tuple(_add(single, seed, choice, tasks).key for single in model.trained()) for seed in choice.seeds
        )
    return Plan(view, choice.seeds, tuple(tasks.values()), keys, lacking)


def _check_spotting(view: View, choice: Choice) -> None:
    """Raise UsageError for settings of networks that the view does not have, or that a plan itself decides."""
    spotters = list(dict.fromkeys(model.spotter for model in view.models if model.spotter))
    for network, key, _ in choice.spotting:
        if network not in spotters:
            hint = f"it has {', '.join(spotters)}" if spotters else "it has no network that spots"
            raise UsageError(f"--set {network}.{key}: {view.id} has no {network}", hint=hint)
        if key in OF_PLANS:
            raise UsageError(f"--set {network}.{key}: a plan decides it", hint="--seeds, --deterministic; no controls")


def kept(view: View, only: Sequence[str]) -> View:
    """The view with the entries of some methods alone; means over methods are kept where one of theirs is."""
    if not only:
        return view
    wanted: set[str] = set()
    had = {model.method for model in view.models}
    for name in only:
        found = _named(name, had, spots=any(model.spotter for model in view.models))
        if not found & had:
            raise UsageError(f"{view.id} has no {name!r}", hint=f"it has {', '.join(sorted(had))}")
        wanted |= found
    entries = []
    for entry in view.entries:
        models = tuple(model for model in entry.models if model.method in wanted)
        if models and len(models) == len(entry.models):
            entries.append(entry)
    return replace(view, entries=tuple(entries))


def _named(name: str, had: set[str], *, spots: bool) -> set[str]:
    """The methods that a name means: one of recognition, a network over an extractor, or a network over any."""
    spotter = find_spotting_recipe(name) if spots else None
    if spotter is None:
        return {recipe.method for recipe in find_recipes(name)}
    recipe, extractor = spotter
    if extractor is not None:
        return {f"{recipe.network}+{extractor}"}
    return {each for each in had if each.startswith(f"{recipe.network}+")}


def _lacks(model: Model, choice: Choice) -> str | None:
    """What a model needs and nobody gave: weights that it starts from, or scenes."""
    if isinstance(model.start, Model):
        why = _lacks(model.start, choice)
        if why is not None:
            return why
    elif model.start is not None and model.start not in choice.weights:
        return f"needs weights from outside: --weights {model.start}=PATH"
    if model.data in choice.without_scenes and "scene" in streams_of(_eyes(model).network):
        return f"sees scenes, and there are faces alone: --scene-data {model.data}=PACK"
    return None


def _eyes(model: Model) -> Recipe:
    """The recipe of the network that sees frames: a spotting network's extractor."""
    return (
        _eyes(model.start)
        if model.spotter is not None and isinstance(model.start, Model)
        else load_recipe(model.recipe)
    )


def _add(model: Model, seed: int, choice: Choice, tasks: dict[tuple[Any, ...], Task]) -> Task:
    """The task of a single training; what it starts from is added before it. One that is there already is not again."""
    if model.spotter is not None:
        return _add_spotter(model, model.spotter, seed, choice, tasks)
    start, after = None, ()  # type: str | None, tuple[str, ...]
    if isinstance(model.start, Model):
        before = _add(model.start, seed, choice, tasks)
        start, after = f"task:{before.key}", (*before.after, before.key)
    elif model.start is not None:
        start = f"file:{choice.weights[model.start]}"
    settings = settings_for(model, seed, choice)
    key = f"{model.label}/seed{seed}"
    return _kept(Task(key, settings, model.data, model.source, after, start, ranks=choice.ranks), tasks)


def _add_spotter(model: Model, network: str, seed: int, choice: Choice, tasks: dict[tuple[Any, ...], Task]) -> Task:
    """The task of a network that spots; before it the extractor and, but for R-C3D, features of the videos by it."""
    assert isinstance(model.start, Model)  # noqa: S101 - a network that spots begins with an extractor
    before = _add(model.start, seed, choice, tasks)
    after = (*before.after, before.key)
    sees = settings_for(model.start, seed, choice)
    if network != "r-c3d":
        made = Extraction(deterministic=choice.deterministic)
        name = model.start.recipe.partition("/")[2]
        key = f"{model.data}/features/{name}/{model.start.data}-{model.start.source}/seed{seed}"
        before = _kept(Task(key, made, model.data, model.source, after, f"task:{before.key}", extractor=sees), tasks)
        after = (*after, before.key)
    key, settings = f"{model.label}/seed{seed}", spotting_settings(network, seed, choice)
    return _kept(Task(key, settings, model.data, model.source, after, f"task:{before.key}", extractor=sees), tasks)


def _kept(task: Task, tasks: dict[tuple[Any, ...], Task]) -> Task:
    """The task, or the one that is the same and there already."""
    return tasks.setdefault((task.settings, task.data, task.trained_on, task.start), task)


def spotting_settings(network: str, seed: int, choice: Choice) -> Spotting:
    """The recipe of a network that spots, and what the call changes of it. Raises UsageError for unknown settings."""
    changes: dict[str, Any] = {"seed": seed, "deterministic": choice.deterministic}
    if choice.epochs is not None:
        changes["epochs"] = choice.epochs
    if choice.size is not None and network == "r-c3d":
        changes["size"] = (choice.size, choice.size)
    changes |= {key: value for of, key, value in choice.spotting if of == network}
    found = from_recipe(load_spotting_recipe(network), **changes)
    if network == "r-c3d" and found.options.width != 1:
        raise UsageError("a trunk of another width cannot begin with C3D's weights", hint="leave r-c3d.width at 1")
    return found


def settings_for(model: Model, seed: int, choice: Choice) -> Settings:
    """The recipe, what the call changes of it, and last what the figure varies."""
    if model.source == FIVE_FOLD:
        raise ValueError("five folds are five trainings")
    recipe = load_recipe(model.recipe)
    settings = settings_of(recipe)
    changed: dict[str, Any] = {
        name: getattr(choice, name) for name in ("batch", "frames", "lr") if getattr(choice, name) is not None
    }
    for name, value in model.changes:
        if name == "weight":
            changed["loss"] = replace(settings.loss, weight=float(value))
        else:
            changed[name] = int(value)
    settings = replace(
        settings,
        seed=seed,
        precision=choice.precision,
        deterministic=choice.deterministic,
        ranks=choice.ranks,
        lr_grid=grid_of(recipe) if choice.choose_lr else (),
        **changed,
    )
    if choice.epochs is not None:
        settings = shortened(settings, choice.epochs)
    return settings if choice.size is None else resized(settings, choice.size)


def unmapped(view: View, choice: Choice) -> list[tuple[Entry, str]]:
    """The entries that nothing is trained for, and why."""
    plan = make_plan(view, choice)
    found = []
    for entry in plan.view.entries:
        if entry.why is not None:
            found.append((entry, entry.why))
        else:
            found += [(entry, plan.lacking[m]) for m in entry.all_models[:] if m in plan.lacking][:1]
    return found
