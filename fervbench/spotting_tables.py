"""SDFE-LV's Tables 3 to 6 and Figure 6 as jobs: which trainings they need, and what finished jobs say beside them.

A cell is a network over an extractor that was pretrained on a dataset. Trainings are shared between tables; a table is
a view, put together from the folders of jobs alone, complete or not. Nothing here needs torch.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fervbench.errors import UsageError
from fervbench.published.tables import TableCell, published
from fervbench.recipes import SPOTTERS

TABLES = ("sdfe-lv/table3", "sdfe-lv/table4", "sdfe-lv/table5", "sdfe-lv/table6")
FIGURE6 = "sdfe-lv/figure6"
DATASETS = ("ck+", "afew", "dfew")
# Figure 6 prints no numbers: the four networks over C3D of DFEW, by duration.
DURATIONS = ("duration (0, 0.5]", "duration (0.5, 4]", "duration (4, inf)")
_FORMAT = "fervbench-spotting-job/1"


@dataclass(frozen=True, order=True)
class Training:
    """A spotting network over an extractor, pretrained on a dataset."""

    network: str
    extractor: str
    dataset: str

    @property
    def key(self) -> str:
        """`sdfe-lv/bmn+r18-lstm/dfew`."""
        return f"sdfe-lv/{self.network}+{self.extractor}/{self.dataset}"


@dataclass(frozen=True)
class Place:
    """One number: the mean over `trainings` of a metric on a target; `cell` is the printed one, if there is one."""

    row: str
    column: str
    metric: str
    trainings: tuple[Training, ...]
    target: str = "all"
    cell: TableCell | None = None


@dataclass(frozen=True)
class Found:
    """A finished job: its report's metrics by target, its folder."""

    folder: Path
    metrics: Mapping[str, Mapping[str, Mapping[str, Any]]]
    ground_truth: str
    synthetic: bool


def places(id: str) -> list[Place]:
    """Every number of a table or of Figure 6. Raises UsageError for another."""
    if id == FIGURE6:
        return [
            Place(network.upper(), target, "AUC", (Training(network, "c3d", "dfew"),), target)
            for network in SPOTTERS
            for target in DURATIONS
        ]
    if id not in TABLES:
        raise UsageError(f"no table of spotting {id!r}", hint=f"there are {', '.join((*TABLES, FIGURE6))}")
    made = []
    for cell in published(id).cells:
        if cell.value is None or not cell.is_score:
            continue
        trainings = _trainings(id, cell)
        if trainings:
            made.append(Place(cell.row, cell.column, cell.metric, trainings, cell=cell))
    return made


def _trainings(id: str, cell: TableCell) -> tuple[Training, ...]:
    """What a cell is of; a mean over columns or rows is that of its parts."""
    network, _, extractor = (cell.method or "").partition("+")
    if cell.source in DATASETS and extractor:
        return (Training(network, extractor, cell.source),)
    if extractor:  # the mean of a row
        return tuple(Training(network, extractor, dataset) for dataset in DATASETS)
    column = {"CK+": "ck+", "AFEW": "afew", "DFEW": "dfew"}.get(cell.column)
    rows = (each.method or "" for each in published(id).cells if each.column == cell.column and each.method)
    if column is None:
        return ()
    return tuple(Training(*method.partition("+")[::2], column) for method in rows)


def trainings_of(ids: tuple[str, ...]) -> list[Training]:
    """Every training that these tables need, once each."""
    return sorted({training for id in ids for place in places(id) for training in place.trainings})


def commands(ids: tuple[str, ...]) -> list[str]:
    """What rebuilds these tables: first the extractors, then the networks over them, each once."""
    every = trainings_of(ids)
    lines = []
    for extractor, dataset in sorted({(each.extractor, each.dataset) for each in every}):
        protocol = "dfew --trained-on fd1" if dataset == "dfew" else f"{dataset.strip('+')}.toml"
        lines.append(f"fervbench run-baseline sdfe-lv/{extractor} --protocol {protocol} --data {dataset.upper()}")
    for each in every:
        of = f"JOB-OF-{each.extractor}-{each.dataset}"
        lines.append(f"fervbench run-baseline {each.network} --protocol sdfe-lv --data SDFE-LV --features {of}")
    return lines


def finished(out: Path) -> dict[Training, list[Found]]:
    """The finished spotting jobs of a folder by what they trained; controls and unfinished ones are passed over."""
    found: dict[Training, list[Found]] = {}
    for folder, config in _jobs(out):
        if config["settings"].get("control", "none") != "none":
            continue
        extractor = (config.get("features") or {}).get("extractor") or config.get("start") or {}
        dataset = str(extractor.get("trained_on", "")).partition("/")[0].removesuffix("-synthetic")
        key = Training(config["settings"]["model"], str(extractor.get("model")), dataset)
        report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
        metrics = {cell["target"]: cell["metrics"] for cell in report["cells"]}
        truth = report["ground_truth"]["sha256"]
        found.setdefault(key, []).append(Found(folder, metrics, truth, bool(config.get("synthetic"))))
    return found


def _jobs(out: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    for done in sorted(out.glob("*/done.json")):
        try:
            config = json.loads((done.parent / "config.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(config, dict) and config.get("format") == _FORMAT:
            yield done.parent, config


@dataclass(frozen=True)
class Value:
    """A number beside the printed one: `ours` is the mean over seeds and trainings, None where a job is missing."""

    place: Place
    printed: float | None
    ours: float | None
    low: float | None
    high: float | None
    jobs: int
    missing: tuple[Training, ...]


def assemble(id: str, jobs: Mapping[Training, list[Found]]) -> list[Value]:
    """A table from finished jobs; shares of 1. The interval is given where a number is that of one job alone."""
    made = []
    for place in places(id):
        printed = None if place.cell is None or place.cell.value is None else place.cell.value / 100
        missing = tuple(each for each in place.trainings if not jobs.get(each))
        values, low, high, count = [], None, None, 0
        for training in place.trainings:
            rows = [each.metrics[place.target][place.metric] for each in jobs.get(training, [])]
            known = [row["value"] for row in rows if row["value"] is not None]
            count += len(rows)
            if known:
                values.append(sum(known) / len(known))
            if len(rows) == 1 and len(place.trainings) == 1:
                low, high = rows[0].get("ci_low"), rows[0].get("ci_high")
        ours = sum(values) / len(values) if values and len(values) == len(place.trainings) else None
        made.append(Value(place, printed, ours, low, high, count, missing))
    return made


def truths(id: str, jobs: Mapping[Training, list[Found]]) -> set[str]:
    """The fingerprints that a table's jobs were scored against: more than one cannot be compared."""
    return {
        found.ground_truth for place in places(id) for training in place.trainings for found in jobs.get(training, [])
    }
