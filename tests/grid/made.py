"""Job folders as training on the real FERV39k would leave them, with answers that are made up: nothing is trained."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from fervbench import strict_json
from fervbench.grid.task import Task
from fervbench.ground_truth import GroundTruth, load_ground_truth
from fervbench.protocol import Protocol, load_protocol
from fervbench.reference.running import _for_one
from fervbench.reference.settings import describe, name_of
from fervbench.scoring import score
from fervbench.submission.reading import parse_submission
from fervbench.submission.writing import format_submission
from fervbench.uncertainty import Resampling


@cache
def ferv39k() -> tuple[Protocol, GroundTruth]:
    protocol = load_protocol("ferv39k")
    return protocol, load_ground_truth(protocol)


def answers(war: float, seed: int, ids: list[str] | None = None) -> dict[str, str]:
    """Answers of which the share `war` is right, to a clip; the others are wrong at random."""
    protocol, truth = ferv39k()
    ids = truth.ids if ids is None else ids
    rng = np.random.default_rng(seed)
    right = np.zeros(len(ids), dtype=bool)
    right[rng.permutation(len(ids))[: round(war * len(ids))]] = True
    found = {}
    for id, hit in zip(ids, right, strict=True):
        label = id.split("/")[1]
        others = [name for name in protocol.classes if name != label]
        found[id] = label if hit else others[rng.integers(len(others))]
    return found


def write_job(
    out: Path,
    task: Task,
    war: float,
    *,
    start: str | None = None,
    change: Callable[[dict[str, Any]], None] | None = None,
) -> Path:
    """The folder of a task of FERV39k, done; `change` may alter its configuration before it is named."""
    protocol, truth = ferv39k()
    leaves = {leaf for t in protocol.targets(task.trained_on) for leaf in protocol.configurations[t].leaves}
    ids = [id for id in truth.ids if id.split("/")[0] in leaves]
    about = {
        "protocol": {"id": protocol.id, "version": protocol.version, "sha256": protocol.sha256},
        "ground_truth": truth.sha256,
        "trained_on": task.trained_on,
        "synthetic": False,
        "device": "cpu",
    } | ({"start": start} if start is not None else {})
    config = describe(task.settings, about)
    if change is not None:
        change(config)
    folder = out / name_of(config)
    folder.mkdir(parents=True)
    one = _for_one(protocol, task.trained_on)
    text = format_submission(one, [(task.trained_on, 0, answers(war, sum(map(ord, task.key)), ids))])
    report = score(
        one, parse_submission(text.encode(), "p.json", one, ground_truth=truth), intervals=Resampling(replicates=0)
    )
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "predictions.json").write_text(text)
    (folder / "report.json").write_text(report.to_json())
    (folder / "done.json").write_text("{}")
    assert strict_json.dumps(asdict(task.settings))
    return folder
