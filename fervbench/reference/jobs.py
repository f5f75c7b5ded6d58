"""A job is a folder, named by the hash of its configuration, whatever machine or runner works on it.

    config.json        everything that decides the numbers
    checkpoint.pt      where training is (while it lasts, and at its end)
    metrics.jsonl      a line an epoch: loss, learning rate, seconds, clips/s
    progress.json      how far training is within an epoch, and which process it is (while it trains)
    predictions.json   what the model answers, as any submission
    predictions/       the same after single epochs, where --predict-every asks for it
    report.json        its score
    done.json          written last: the job is complete, what it ran on, headline

Running a job again goes on where it was, or, when it is done, gives the stored report.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fervbench import strict_json
from fervbench.errors import BusyError, InputError
from fervbench.files import make_folder, read_bounded, write_whole
from fervbench.pack.writing import partial_folder
from fervbench.reference.settings import name_of
from fervbench.report import Cell, Report


@dataclass(frozen=True)
class Job:
    """The folder of a configuration."""

    folder: Path
    config: dict[str, Any]

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.name

    @property
    def checkpoint(self) -> Path:
        """Where training is."""
        return self.folder / "checkpoint.pt"

    @property
    def done(self) -> bool:
        """Whether everything is there."""
        return (self.folder / "done.json").is_file()

    def write(self, name: str, content: Any) -> None:
        """Write a file of the job, whole or not at all; JSON where it is no text."""
        path = self.folder / name
        make_folder(path.parent)
        text = content if isinstance(content, str) else json.dumps(content, indent=1, sort_keys=True) + "\n"
        write_whole(path, text, overwrite=True)

    def read(self, name: str) -> Any:
        """A JSON file of the job, None where it is not there. Raises InputError for a damaged one."""
        path = self.folder / name
        return strict_json.parse(read_bounded(path), str(path)).value if path.is_file() else None

    def write_metrics(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """All epochs so far: after a kill the file says what the checkpoint knows."""
        self.write("metrics.jsonl", "".join(json.dumps(row, sort_keys=True) + "\n" for row in rows))

    def report(self) -> Report:
        """The stored report. Raises InputError where it cannot be read."""
        path = self.folder / "report.json"
        found = self.read("report.json")
        if not isinstance(found, dict) or "cells" not in found:
            raise InputError(
                f"is not the report of a job: {path}", hint="remove done.json to score again", file=str(path)
            )
        known = ("evaluation", "source", "target", "aggregate", "n", "missing", "metrics", "per_class", "confusion")
        cells = []
        for row in found.pop("cells"):
            named = {key: row.pop(key) for key in known}
            cells.append(Cell(**named, extra=row))
        return Report(found, tuple(cells))


def open_job(out: Path, config: dict[str, Any]) -> Job:
    """The folder of a configuration under `out`, made if need be. Raises InputError where another's is in its place."""
    folder = out / name_of(config)
    make_folder(folder)
    job = Job(folder, config)
    found = job.read("config.json")
    if found is None:
        job.write("config.json", config)
    elif found != config:
        path = folder / "config.json"
        raise InputError(f"was changed: {path}", hint="remove the folder, or name another with --out", file=str(path))
    return job


@contextlib.contextmanager
def locked(job: Job) -> Iterator[None]:
    """Hold a job. Raises BusyError where another process works on it."""
    with (job.folder / "lock").open("a") as file:
        try:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except ImportError:  # no such locks here
            pass
        except OSError:
            message = f"another process is at work on this job: {job.name}"
            raise BusyError(message, file=str(job.folder)) from None
        yield


def complete(folder: Path) -> bool:
    """Whether a job is done, or features are whole."""
    return (folder / "done.json").is_file() or (folder / "features.npy").is_file()


def held(folder: Path) -> bool:
    """Whether a process holds the job (or features) of a folder now; it may be another the next moment."""
    lock = folder / "lock" if folder.is_dir() else partial_folder(folder) / "lock"
    try:
        import fcntl

        with lock.open("r") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except (ImportError, FileNotFoundError):
        return False
    except OSError:
        return True
    return False
