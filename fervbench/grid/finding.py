"""The jobs that lie in a folder, and which of them is a task of a plan: config.json says it, nothing else is needed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fervbench import strict_json
from fervbench.errors import InputError
from fervbench.files import read_bounded
from fervbench.grid.task import Task
from fervbench.reference.settings import FORMAT, Settings
from fervbench.reference.spotting.settings import FORMAT as SPOTTING
from fervbench.reference.spotting.settings import Extraction
from fervbench.reference.spotting.settings import Settings as Spotting
from fervbench.reference.spotting.store import FORMAT as FEATURES

# What decides how a number is computed and not which one it is: jobs of a GPU and of a CPU are one experiment.
MACHINE = ("precision", "deterministic", "ranks")


@dataclass(frozen=True)
class Found:
    """A job's folder and what its config.json says. `changed` is when it was done, for choosing the newest."""

    folder: Path
    config: Mapping[str, Any]
    done: bool
    changed: float

    @property
    def synthetic(self) -> bool:
        """Whether it was trained on rendered data."""
        return bool(self.config.get("synthetic"))


def jobs_in(out: Path) -> list[Found]:
    """Every job under a folder, by name, then features; none where there is no folder. Others are passed over."""
    found = []
    for pattern, formats, last in (
        ("*/config.json", (FORMAT, SPOTTING), "done.json"),
        ("features/*/header.json", (FEATURES,), "header.json"),
    ):
        for path in sorted(out.glob(pattern)) if out.is_dir() else []:
            try:
                config: Any = strict_json.parse(read_bounded(path), str(path)).value
            except InputError:
                continue
            if isinstance(config, dict) and config.get("format") in formats:
                done = path.with_name(last)
                there = done.is_file()
                found.append(Found(path.parent, config, there, done.stat().st_mtime if there else 0.0))
    return found


def match(
    tasks: Iterable[Task], jobs: Iterable[Found], hashes: Mapping[str, str] | None = None
) -> tuple[dict[str, Found], list[str]]:
    """The job of each task that has one, by the task's key, and remarks where several fit.

    `hashes` are the names of files of weights (`sha256:...`) by path. Jobs on real data come before synthetic ones,
    done ones before others, the newest first.
    """
    jobs = list(jobs)
    found: dict[str, Found] = {}
    remarks = []
    for task in tasks:  # starts stand before what starts from them
        fits = [job for job in jobs if _is(task, job.config, found, hashes or {})]
        if not fits:
            continue
        best = max(fits, key=lambda job: (not job.synthetic, job.done, job.changed, job.folder.name))
        others = [job for job in fits if job.done and job is not best]
        if others and best.done:
            remarks.append(f"{task.key}: {1 + len(others)} jobs fit; {best.folder.name} is taken, the newest")
        found[task.key] = best
    if len({job.synthetic for job in found.values()}) > 1:
        found = {key: job for key, job in found.items() if not job.synthetic}
        remarks.append("jobs on synthetic data lie beside jobs on real data: they are left out")
    return found, remarks


def _is(task: Task, config: Mapping[str, Any], found: Mapping[str, Found], hashes: Mapping[str, str]) -> bool:
    if not isinstance(task.settings, Settings):
        return _is_of_spotting(task, config, found)
    if config.get("format") != FORMAT:
        return False
    if config.get("trained_on") != task.trained_on or _start(task, found, hashes) != config.get("start"):
        return False
    if not _of_data(task, config):
        return False
    return bool(_plain(config["settings"]) == _plain(asdict(task.settings)))


def _is_of_spotting(task: Task, config: Mapping[str, Any], found: Mapping[str, Found]) -> bool:
    """Features and networks name the job of their extractor, by the hash that is its folder's name.

    A network's job is found without the features that it was trained on: they may have been removed.
    """
    over_features = isinstance(task.settings, Spotting) and task.settings.model != "r-c3d"
    extractor = found.get(task.after[-2 if over_features else -1])
    if extractor is None:
        return False
    if isinstance(task.settings, Extraction):
        snippet, made = config.get("snippet") or {}, config.get("extractor") or {}
        whole = (config.get("format"), snippet.get("frames")) == (FEATURES, task.settings.snippet)
        return whole and made.get("job") == extractor.folder.name
    if config.get("format") != SPOTTING or not _of_data(task, config):
        return False
    made = (config.get("features") or {}).get("extractor") or config.get("start") or {}
    same = _plain(config.get("settings") or {}) == _plain(asdict(task.settings))
    return bool(same and made.get("job") == extractor.folder.name)


def _of_data(task: Task, config: Mapping[str, Any]) -> bool:
    """Whether a job is of a task's data, real or rendered."""
    return str((config.get("protocol") or {}).get("id")).removesuffix("-synthetic") == task.data


def _start(task: Task, found: Mapping[str, Found], hashes: Mapping[str, str]) -> str | None:
    if task.start is None:
        return None
    kind, _, name = task.start.partition(":")
    if kind == "file":
        return hashes.get(name, "unknown")
    return f"job:{found[name].folder.name}" if name in found else "unknown"


def _plain(settings: Mapping[str, Any]) -> Any:
    kept = {key: value for key, value in settings.items() if key not in MACHINE}
    return strict_json.parse(strict_json.dumps(kept).encode(), "settings").value  # tuples are lists there
