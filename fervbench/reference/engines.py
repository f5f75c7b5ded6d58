"""How a step is run: eagerly, compiled, captured as one graph, or both; on a GPU the fastest of a short race.

A whole captured step (draws, cutting, forward, loss, backward, SGD) costs one launch; light networks, whose kernels
are shorter than their launches, gain most. Compiling gains a quarter on some networks and loses on others, so what is
used is measured per network and logged. The race ends with the trainer as it was before it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from fervbench.reference import counter, numerics
from fervbench.reference.training import Step, Trainer

Maker = Callable[[Trainer], Step]


@dataclass(frozen=True)
class Race:
    """Milliseconds a step by engine (None: failed, and why), and which one is used."""

    chosen: str
    milliseconds: dict[str, float | None]
    failures: dict[str, str]


def eager(trainer: Trainer) -> Step:
    """The step as it is written."""
    trainer.objective = trainer._objective
    return trainer.eager_step


def compiled(trainer: Trainer) -> Step:
    """Network and loss through Inductor; the rest as it is written."""
    trainer.objective = torch.compile(trainer._objective, dynamic=False)
    return trainer.eager_step


def captured(trainer: Trainer) -> Step:
    """The whole step as one CUDA graph."""
    trainer.objective = trainer._objective
    return capture(trainer)


def compiled_and_captured(trainer: Trainer) -> Step:
    """Inductor's kernels inside one CUDA graph."""
    trainer.objective = torch.compile(trainer._objective, dynamic=False)
    return capture(trainer)


ON_GPU: dict[str, Maker] = {
    "eager": eager,
    "captured": captured,
    "compiled": compiled,
    "compiled, captured": compiled_and_captured,
}


def capture(trainer: Trainer) -> Step:
    """Record `trainer`'s step once; what comes back copies the clips' numbers in and replays it.

    Weights, momentum, epoch and learning rate are read where they stand, so resuming and schedules need no new graph.
    The first steps, which are not recorded, change the trainer: the caller restores it.
    """
    if not trainer.clips.resident:
        raise RuntimeError("the packs are not on the device")
    chosen = trainer.world.share(torch.arange(trainer.batch, device=trainer.device)).clone()
    side = torch.cuda.Stream(trainer.device)
    side.wait_stream(torch.cuda.current_stream(trainer.device))
    with torch.cuda.stream(side):
        for _ in range(3):
            trainer.eager_step(chosen)
    torch.cuda.current_stream(trainer.device).wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        trainer.eager_step(chosen)

    def step(clips: Tensor) -> None:
        chosen.copy_(clips)
        graph.replay()

    return step


def choose(trainer: Trainer, *, steps: int = 50, engines: Mapping[str, Maker] | None = None) -> Race:
    """Give the trainer the engine that is fastest for it; on a CPU, and where bits must repeat, the eager one."""
    if engines is None:
        one = trainer.device.type != "cuda" or trainer.settings.deterministic or trainer.world.size > 1
        engines = {"eager": eager} if one else ON_GPU
    if len(engines) == 1:
        [(name, make)] = engines.items()
        trainer.engine = make(trainer)
        return Race(name, {}, {})
    before = _copied(trainer)
    found: dict[str, float | None] = {}
    failures: dict[str, str] = {}
    last: Exception | None = None
    made: dict[str, tuple[Step, Callable[..., tuple[Tensor, Tensor]]]] = {}
    for name, make in engines.items():
        try:
            trainer.set_epoch()
            step = make(trainer)
            found[name] = _milliseconds(trainer, step, steps)
            made[name] = step, trainer.objective
        except Exception as error:  # noqa: BLE001 - whatever a compiler throws, the others remain
            found[name], last = None, error
            failures[name] = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"[:200]
        trainer.restore(before)
    if not made and last is not None:
        raise last
    best = min(made, key=lambda name: found[name] or 0.0)
    trainer.engine, trainer.objective = made[best]
    trainer.set_epoch()
    return Race(best, found, failures)


def _milliseconds(trainer: Trainer, step: Step, steps: int) -> float:
    order = counter.order(trainer.settings.seed, trainer.epoch, len(trainer.clips), trainer.device)
    whole = order[: trainer.steps * trainer.batch].view(trainer.steps, trainer.batch)
    batches = [trainer.world.share(batch) for batch in whole]
    for i in range(3):
        step(batches[i % len(batches)])
    numerics.wait(trainer.device)
    start = time.perf_counter()
    for i in range(steps):
        step(batches[i % len(batches)])
    numerics.wait(trainer.device)
    return 1000 * (time.perf_counter() - start) / steps


def _copied(trainer: Trainer) -> dict[str, object]:
    state = trainer.state()
    return {
        **state,
        "total": state["total"].clone(),
        "history": [dict(row) for row in state["history"]],
        "network": {key: value.clone() for key, value in state["network"].items()},
        "losses": {key: value.clone() for key, value in state["losses"].items()},
        "optimizer": [{key: value.clone() for key, value in kept.items()} for kept in state["optimizer"]],
    }
