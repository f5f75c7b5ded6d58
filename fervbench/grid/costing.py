"""What a plan costs: operations from the networks, seconds from what this device was measured to do.

Training costs three forward passes (forward, gradients by inputs, gradients by weights), so a task is
`forward x (3 x train clips x epochs + test clips)`; a grid of learning rates trains on the held-in share as well.
Clips are those of the published lists. The time of a step is measured on clips of noise: nothing of the data is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache

from fervbench.grid.planning import Plan
from fervbench.grid.task import Task
from fervbench.protocol import load_protocol
from fervbench.recipes import load_recipe
from fervbench.reference import counting, networks, numerics, timing
from fervbench.reference.naming import settings_of
from fervbench.reference.numerics import Device
from fervbench.reference.settings import Settings
from fervbench.reference.spotting import counting as spotting
from fervbench.reference.spotting.settings import Settings as Spotting

# AFEW 7.0 as its folders hold it; the validation part is DFEW's Table 7. CK+: a tenth of 327 sequences, about.
BROUGHT = {"afew": (773, 383), "ckplus": (294, 33)}
PROBES = {False: "r18-lstm", True: "i3d"}  # 2D, 3D: what is timed on a CPU


@dataclass(frozen=True)
class Rate:
    """Operations a second by network, and how they were found."""

    of: Callable[[Settings], float]
    said: str


@cache
def clips(data: str, source: str) -> tuple[int, int]:
    """Train and test clips of a source, from the published lists.

    >>> clips("ferv39k", "all"), clips("dfew", "fd1")
    ((31088, 7847), (9356, 2341))
    """
    if data in BROUGHT:
        return BROUGHT[data]
    protocol = load_protocol(data)
    if data == "dfew":
        sizes = protocol.ground_truth["sizes"]
        return sum(sizes.values()) - sizes[source], sizes[source]
    cells = (protocol.counts() or {})["cells"]

    def number(names: Sequence[str], part: str) -> int:
        return sum(count[part] for name in names for count in cells[name].values())

    tested = dict.fromkeys(
        leaf for target in protocol.targets(source) for leaf in protocol.configurations[target].leaves
    )
    return number(protocol.configurations[source].leaves, "train"), number(tuple(tested), "test")


def forward(settings: Settings) -> int:
    """Operations of one forward pass of one clip: the recipe's, counted anew where frames or sizes differ."""
    if settings.recipe:
        recipe = load_recipe(settings.recipe)
        own = settings_of(recipe)
        if (own.model, own.frames, own.sizes) == (settings.model, settings.frames, settings.sizes):
            return recipe.flops
    return _counted(settings.model, settings.frames, settings.sizes)


@cache
def _width(settings: Settings) -> int:
    """How many features a snippet has."""
    return networks.width(settings.model, settings.frames, settings.sizes)


@cache
def _counted(model: str, frames: int, sizes: tuple[tuple[int, int], ...]) -> int:
    return counting.cost(model, 7, frames, sizes).flops


def flops(task: Task) -> float:
    """Operations of a task. Of spotting they are those of SDFE-LV's size."""
    if not isinstance(task.settings, Settings):
        assert task.extractor is not None  # noqa: S101 - a plan says of every task of spotting what its extractor is
        if isinstance(task.settings, Spotting):
            return spotting.flops(task.settings, _width(task.extractor))
        return float(spotting.SNIPPETS) * forward(task.extractor)
    train, test = clips(task.data, task.trained_on)
    s = task.settings
    passes = 3.0 * train * s.epochs + test
    passes += len(s.lr_grid) * (3 * (1 - s.hold_out) * train * s.epochs + s.hold_out * train)
    return forward(s) * passes


def stated(tera: float) -> Rate:
    """A throughput that the user states, in 10^12 operations a second."""
    return Rate(lambda _: tera * 1e12, f"stated throughput: {tera:g} TFLOP/s")


def measured(device: Device) -> Rate:
    """A throughput measured here and now: on a GPU each network at its own batch, else two small ones stand for all."""
    known: dict[tuple[str, int, tuple[tuple[int, int], ...], str], float] = {}

    def of(settings: Settings) -> float:
        if device.type != "cuda":
            three = timing.sees_time(settings.model, settings.frames, settings.sizes)
            settings = replace(settings, model=PROBES[three], sizes=((112, 112),), frames=8, batch=2)
        key = (settings.model, settings.frames, settings.sizes, settings.precision)
        if key not in known:
            known[key] = _timed(settings, device)
        return known[key]

    how = "every network at its own batch" if device.type == "cuda" else f"2D by {PROBES[False]}, 3D by {PROBES[True]}"
    return Rate(of, f"measured here: {timing.STEPS} eager training steps on {numerics.named(device)}, {how}")


def _timed(settings: Settings, device: Device) -> float:
    """Operations a second of training steps."""
    operations = 3.0 * settings.batch * _counted(settings.model, settings.frames, settings.sizes)
    return operations / timing.seconds_a_step(settings, device)


def timed(plan: Plan, rate: Rate) -> Plan:
    """The plan with an estimate of seconds for each task."""
    tasks = tuple(replace(task, seconds=flops(task) / rate.of(like(task)) / task.ranks) for task in plan.tasks)
    return replace(plan, tasks=tasks)


def like(task: Task) -> Settings:
    """Whose throughput a task is taken to have: its own network's, or its extractor's."""
    settings = task.settings if isinstance(task.settings, Settings) else task.extractor
    assert settings is not None  # noqa: S101 - a plan says of every task of spotting what its extractor is
    return settings


def in_order(plan: Plan) -> Plan:
    """The plan with operations in place of seconds: enough to run the longest first, and nothing is measured."""
    return replace(plan, tasks=tuple(replace(task, seconds=flops(task) / 1e12) for task in plan.tasks))
