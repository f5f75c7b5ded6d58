"""A plan in a process of its own, to be stopped: `python running_plan.py WORLD OUT OPTIONS`, options as JSON."""

from __future__ import annotations

import json
import signal
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from fervbench.errors import JobsError
from fervbench.grid.runners import run
from fervbench.grid.task import Data, Task
from fervbench.pack import write_pack
from fervbench.recipes import load_recipe
from fervbench.reference.naming import resized, settings_of

CLASSES = ("Happy", "Sad")
PROTOCOL = """
format = "fervbench-protocol/1"
id = "drawn"
version = "1.0.0"
title = "Drawn"
task = "recognition"
classes = ["Happy", "Sad"]
default_source = "A"
aggregation = "pooled"
ground_truth = { kind = "labels", labels = "labels.csv" }
configurations = { A = { level = "all" } }
evaluations = { overall = { kind = "grid", source_levels = ["all"], target_levels = ["all"] } }
"""


def write_world(folder: Path) -> Path:
    """`drawn.toml`, `labels.csv` and `faces.pack`: 16 clips of two classes, 4 of them tested."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    clips, parts, rows = [], {}, ["clip_id,label,configuration,part"]
    for c, label in enumerate(CLASSES):
        for k in range(8):
            id = f"A/{label}/{k:04d}"
            frames = rng.integers(0, 150, (3, 37, 37, 3), dtype=np.uint8)
            frames[..., c] += 90
            parts[id] = "test" if k < 2 else "train"
            clips.append((id, label, frames))
            rows.append(f"{id},{label},A,{parts[id]}")
    write_pack(clips, folder / "faces.pack", parts=parts)
    (folder / "labels.csv").write_text("\n".join(rows) + "\n")
    (folder / "drawn.toml").write_text(PROTOCOL)
    return folder


def data_of(world: Path) -> dict[str, Data]:
    return {"drawn": Data(str(world / "drawn.toml"), (str(world / "faces.pack"),))}


def task(key: str, *, epochs: int = 2, ranks: int = 1, seconds: float = 1.0, **more: object) -> Task:
    """ResNet18 at 32 pixels and 2 frames, to the bit; of all networks that with the smallest checkpoint."""
    small = resized(settings_of(load_recipe("ferv39k/r18")), 32)
    seed = int(key.removeprefix("seed"))
    settings = replace(small, frames=2, batch=4, epochs=epochs, seed=seed, deterministic=True, ranks=ranks)
    return Task(key, settings, "drawn", "A", ranks=ranks, seconds=seconds, **more)  # type: ignore[arg-type]


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
    torch.set_num_threads(1)
    world, out, options = Path(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.argv[3])
    tasks = [task(**row) for row in options.pop("tasks")]
    try:
        run(tasks, data_of(world), out, device="cpu", **options)
    except JobsError as error:
        sys.stderr.write("\n".join([error.message, *(finding.message for finding in error.findings)]) + "\n")
        sys.exit(error.exit_code)
    except KeyboardInterrupt:  # as the command line ends then
        sys.exit(130)
