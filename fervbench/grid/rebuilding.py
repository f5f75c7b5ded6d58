"""From plan to folders: what is not done is run, by one of the runners; what figures need beyond reports is kept."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

from fervbench.errors import BusyError
from fervbench.grid import spotting
from fervbench.grid.costing import in_order
from fervbench.grid.features import keep_features
from fervbench.grid.planning import Plan
from fervbench.grid.runners import run
from fervbench.grid.task import Data
from fervbench.grid.work import gather
from fervbench.reference import numerics
from fervbench.reference.parts import parts_of
from fervbench.reference.settings import Settings


def rebuild(plan: Plan, data: Mapping[str, Data], out: Path, *, device: str, **options: Any) -> dict[str, Path]:
    """Run every task of a plan that is not done; the job folders by key. Then keep features for t-SNE.

    `options` are those of `runners.run`, whose errors are raised.
    """
    _check_when_free(plan, data, out, options.get("stream") or sys.stderr)
    folders = run(in_order(plan).tasks, data, out, device=device, **options)
    for entry in plan.view.entries:
        if entry.metric == "features":
            for model in entry.models:
                for keys in plan.keys.get(model, ())[:1]:
                    task = plan.task(keys[0])
                    keep_features(task, data, out, folders[task.key], numerics.choose_device(device))
    return folders


def _check_when_free(plan: Plan, data: Mapping[str, Data], out: Path, stream: TextIO, again: float = 5.0) -> None:
    """`check_data`; while another process makes a pack that is needed, look again every few seconds."""
    told = ""
    while True:
        try:
            check_data(plan, data, out)
        except BusyError as error:
            if error.message != told:
                told = error.message
                stream.write(f"{told}: waiting for it\n")
                stream.flush()
            time.sleep(again)
        else:
            return


def check_data(plan: Plan, data: Mapping[str, Data], out: Path) -> None:
    """Pack what is not packed, and hold lists against packs, once each: what is wrong is told before training.

    Raises what `work` raises for data that is not there or another's.
    """
    seen = set()
    for task in plan.tasks:
        if not isinstance(task.settings, Settings):
            spotting.check(data[task.data], spotting.wanted_of(task), out)
            continue
        found = gather(data[task.data], task.settings, out)
        about = (task.data, task.trained_on, tuple(str(pack.path) for pack in found.packs))
        if about not in seen:
            parts_of(found.protocol, found.labels, task.trained_on, found.packs)
            seen.add(about)
