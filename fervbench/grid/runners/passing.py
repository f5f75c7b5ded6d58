"""A task as JSON, for a process that is started to do it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fervbench.grid.task import Data, Task
from fervbench.reference.settings import from_plain


def to_json(task: Task, data: Mapping[str, Data], out: Path, folders: Mapping[str, Path], device: str) -> str:
    """Everything that `work` is given, as one JSON document."""
    return json.dumps(
        {
            "task": asdict(task),
            "data": {name: asdict(each) for name, each in data.items()},
            "out": str(out),
            "folders": {key: str(folder) for key, folder in folders.items()},
            "device": device,
        }
    )


def from_json(text: str) -> tuple[Task, dict[str, Data], Path, dict[str, Path], str]:
    """What `to_json` wrote."""
    found = json.loads(text)
    row = {key: _tuples(value) for key, value in found["task"].items() if key != "settings"}
    data = {name: Data(**{key: _tuples(value) for key, value in each.items()}) for name, each in found["data"].items()}
    folders = {key: Path(folder) for key, folder in found["folders"].items()}
    task = Task(**row, settings=from_plain(found["task"]["settings"]))
    return task, data, Path(found["out"]), folders, found["device"]


def _tuples(value: Any) -> Any:
    return tuple(_tuples(each) for each in value) if isinstance(value, (list, tuple)) else value
