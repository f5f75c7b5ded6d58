"""Numbers from job folders: confusion tables of their reports, folds summed, and any metric of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fervbench import strict_json
from fervbench.errors import InputError
from fervbench.files import read_bounded
from fervbench.protocol import POOLED

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Counted:
    """What a model answered on a target: `confusion` (rows true, columns answered), and `n` clips of each class.

    A clip without an answer is in `n` alone.
    """

    classes: tuple[str, ...]
    confusion: IntArray
    n: IntArray

    def value(self, metric: str, class_: str | None = None) -> float | None:
        """WAR, UAR or the recall of a class, in [0, 1]; None where there are no clips."""
        hits = np.diag(self.confusion)
        if metric == "WAR":
            return float(hits.sum() / self.n.sum()) if self.n.sum() else None
        there = self.n > 0
        recall = hits[there] / self.n[there]
        if metric == "UAR":
            return float(recall.mean()) if there.any() else None
        if metric == "recall" and class_ in self.classes:
            at = self.classes.index(class_)
            return float(hits[at] / self.n[at]) if self.n[at] else None
        raise ValueError(f"no metric {metric!r} of {class_!r} in a confusion table")


def summed(parts: Sequence[Counted]) -> Counted:
    """Several tables as one: folds, seeds."""
    return Counted(parts[0].classes, np.sum([p.confusion for p in parts], axis=0), np.sum([p.n for p in parts], axis=0))


@lru_cache(maxsize=1024)
def _read(path: Path, changed: int) -> dict[str, Any]:
    del changed
    content: Any = strict_json.parse(read_bounded(path), str(path)).value
    if not isinstance(content, dict) or "cells" not in content:
        hint = "remove done.json beside it to score again"
        raise InputError(f"is not the report of a job: {path}", hint=hint, file=str(path))
    return content


def report_of(folder: Path) -> dict[str, Any]:
    """A job's report.json. Raises InputError where it is damaged."""
    path = folder / "report.json"
    try:
        return _read(path, path.stat().st_mtime_ns)
    except OSError as error:
        raise InputError(f"cannot be read: {path} ({error.strerror})", file=str(path)) from None


def cell_of(folder: Path, target: str) -> dict[str, Any] | None:
    """The cell of a spotting report on a target (`all`, `duration (0, 0.5]`): metrics, and the curve. None: none."""
    found: dict[str, Any] | None = next((c for c in report_of(folder)["cells"] if c["target"] == target), None)
    return found


def spotted(folder: Path, target: str, metric: str) -> dict[str, float | None] | None:
    """AUC or AR@AN of a spotting job on a target: `value`, and `ci_low` and `ci_high` where the report has them."""
    cell = cell_of(folder, target)
    row = None if cell is None else cell["metrics"].get(metric)
    return None if row is None or row["value"] is None else {"ci_low": None, "ci_high": None, **row}


def counted(folders: Sequence[Path], target: str) -> Counted | None:
    """What a job answered on a target; several jobs are folds, and `pooled` is their sum. None: not scored there."""
    found = []
    for folder in folders:
        report = report_of(folder)
        classes = tuple(report["classes"])
        fold = target == POOLED
        for cell in report["cells"]:
            if cell["aggregate"] is not None or cell["confusion"] is None:
                continue
            if cell["target"] == (cell["source"] if fold else target):
                n = np.array([cell["per_class"][name]["n"] for name in classes], dtype=np.int64)
                found.append(Counted(classes, np.array(cell["confusion"], dtype=np.int64), n))
                break
        else:
            return None
    return summed(found)
