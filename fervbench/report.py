"""The report of a score: cells with their metrics, the signature, and JSON of both (`schemas/report.schema.json`)."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fervbench import strict_json
from fervbench.files import write_whole

FORMAT = "fervbench-report/1"
METRICS = ("WAR", "UAR", "macro_F1", "weighted_F1")


@dataclass(frozen=True)
class Cell:
    """One (source, target) pair of an evaluation, or an aggregate of several.

    `metrics` maps a metric to `{"value": float}`; with several seeds value is the mean, beside `sd` (ddof 1) and
    `per_seed`. `confusion` (rows true, columns predicted) is None for aggregates of scores; with several seeds it is
    the sum over them, as is `missing`. A class that the target lacks has no recall (None). `extra` holds what only some
    tasks have (spotting: the curve).
    """

    evaluation: str
    source: str | None
    target: str | None
    aggregate: str | None
    n: int
    missing: int
    metrics: dict[str, dict[str, Any]]
    per_class: dict[str, dict[str, Any]] = field(repr=False)
    confusion: list[list[int]] | None = field(repr=False)
    extra: dict[str, Any] = field(default_factory=dict, repr=False)

    def __getitem__(self, metric: str) -> float:
        """The value of a metric, a float in [0, 1]; NaN where there is nothing to measure."""
        value = self.metrics[metric]["value"]
        return float("nan") if value is None else float(value)

    def to_dict(self) -> dict[str, Any]:
        """The cell as the report format writes it."""
        return {name: value for name, value in self.__dict__.items() if name != "extra"} | self.extra


@dataclass(frozen=True)
class Report:
    """What scoring a submission gives. `header` holds everything of the JSON report but the cells."""

    header: dict[str, Any]
    cells: tuple[Cell, ...]

    @property
    def signature(self) -> str:
        """One line that pins the score; two scores with equal signatures can be compared."""
        return str(self.header["signature"])

    @property
    def warnings(self) -> list[str]:
        """What a reader of the numbers must know."""
        return list(self.header["warnings"])

    @property
    def classes(self) -> list[str]:
        """The protocol's classes, in the order of confusion tables."""
        return list(self.header["classes"])

    @property
    def evaluations(self) -> list[str]:
        """The evaluations that were scored, in order."""
        return list(dict.fromkeys(cell.evaluation for cell in self.cells))

    def cell(
        self,
        source: str | None = None,
        target: str | None = None,
        *,
        evaluation: str | None = None,
        aggregate: str | None = None,
    ) -> Cell:
        """The first cell with these names; what is left out matches anything. Raises KeyError where there is none."""
        for cell in self.cells:
            if (
                (source is None or cell.source == source)
                and (target is None or cell.target == target)
                and (evaluation is None or cell.evaluation == evaluation)
                and (aggregate is None or cell.aggregate == aggregate)
            ):
                return cell
        wanted = f"source={source!r}, target={target!r}, evaluation={evaluation!r}, aggregate={aggregate!r}"
        raise KeyError(f"no cell with {wanted}")

    def to_json(self) -> str:
        """The report as JSON: keys sorted, full precision, no NaN; one line for the header's keys and for each cell."""
        cells = ",\n".join(strict_json.dumps(cell.to_dict()) for cell in self.cells)
        parts = [f'"cells": [\n{cells}\n]']
        parts += [f"{strict_json.dumps(key)}: {strict_json.dumps(value)}" for key, value in self.header.items()]
        return "{" + ",\n".join(sorted(parts)) + "}\n"

    def write(self, path: str | Path, *, overwrite: bool = False) -> None:
        """Write the report as JSON, whole or not at all. Raises UsageError where `path` exists."""
        write_whole(path, self.to_json(), overwrite=overwrite)
