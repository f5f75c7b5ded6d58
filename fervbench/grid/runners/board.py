"""One table of live progress over all jobs, on standard error.

What is shown is read from the job folders, so it does not matter who works on a job, or where. On a terminal the table
is drawn again in place every second, cut to the terminal's height; elsewhere each change is a line, and every minute
there is one over all jobs.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from fervbench.findings import visible
from fervbench.grid.runners.queue import Queue, time_left
from fervbench.pack.progress import PROGRESS, duration
from fervbench.pack.writing import partial_folder

ON_TERMINAL, ELSEWHERE = 1.0, 60.0  # seconds between two drawings


@dataclass(frozen=True)
class Seen:
    """What a job's folder says. `took` is what the rows so far took, in seconds for all epochs."""

    epoch: int = 0
    epochs: int = 0
    rate: float | None = None
    loss: float | None = None
    left: float | None = None
    took: float | None = None
    doing: str = ""


def look(folder: Path | None, epochs: int) -> Seen:
    """Read a job's folder; what is not there, or half there, is not shown."""
    rows = _rows(folder / "metrics.jsonl") if folder is not None else []
    content: dict[str, Any] = {}
    if folder is not None:  # features are made beside their folder
        content = _json(folder / PROGRESS) or _json(partial_folder(folder) / PROGRESS)
    if not rows and not content:
        return Seen(epochs=epochs)
    last = rows[-1] if rows else {}
    pace = [row["seconds"] for row in rows if isinstance(row.get("seconds"), (int, float))]
    took = epochs * sum(pace) / len(pace) if pace else None
    left = content.get("seconds_left")
    if left is None and took is not None:
        left = took * (epochs - len(rows)) / epochs
    return Seen(
        epoch=int(content.get("epoch", len(rows))),
        epochs=int(content.get("epochs", epochs)),
        rate=content.get("clips_per_second") or last.get("clips_per_second"),
        loss=content["loss"] if content.get("loss") is not None else last.get("loss"),
        left=left,
        took=took,
        doing=str(content.get("name", "")),
    )


def _json(path: Path) -> dict[str, Any]:
    with contextlib.suppress(OSError, ValueError):
        found = json.loads(path.read_bytes())
        return found if isinstance(found, dict) else {}
    return {}


def _rows(path: Path) -> list[dict[str, Any]]:
    with contextlib.suppress(OSError, ValueError):
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return []


class Board:
    """The table. `folders` are those of jobs at work, by key; `places` how many run at a time."""

    def __init__(
        self,
        queue: Queue,
        *,
        stream: TextIO | None = None,
        say: Callable[[str], None] | None = None,
        size: Callable[[], tuple[int, int]] | None = None,
    ) -> None:
        self.queue, self.places = queue, 1
        self.folders: dict[str, Path] = {}
        self._stream = stream if stream is not None else sys.stderr
        self._terminal = self._stream.isatty()
        self._say = say or self._line
        self._size = size or (lambda: shutil.get_terminal_size((100, 30)))
        self._drawn = 0
        self._lock = threading.RLock()
        self._over = threading.Event()
        self._start = time.monotonic()
        self._before = len(queue.of_state("done"))

    @contextlib.contextmanager
    def shown(self) -> Iterator[None]:
        """Keep the table on the screen; at the end it stands there as it is then, elsewhere its last line."""
        thread = threading.Thread(target=self._live, name="board", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()
            self.draw()

    def _live(self) -> None:
        while not self._over.wait(ON_TERMINAL if self._terminal else ELSEWHERE):
            self.draw()

    def say(self, text: str) -> None:
        """A line above the table."""
        with self._lock:
            self._wipe()
            self._say(visible(text, 500))
            if self._terminal:
                self._write()
            self._stream.flush()

    def _line(self, text: str) -> None:
        self._stream.write(text + "\n")

    def draw(self) -> None:
        """Draw the table again, or write the line over all jobs."""
        with self._lock:
            self._wipe()
            if self._terminal:
                self._write()
            else:
                self._stream.write(self.headline() + self._running() + "\n")
            self._stream.flush()

    def _wipe(self) -> None:
        if self._drawn:
            self._stream.write(f"\x1b[{self._drawn}F\x1b[J")
            self._drawn = 0

    def _write(self) -> None:
        columns, lines = self._size()
        rows = self.rows(max(lines - 2, 3))
        self._stream.write("".join(row[: columns - 1] + "\n" for row in rows))
        self._drawn = len(rows)

    def headline(self) -> str:
        """How many jobs are in which state, and when all is done."""
        queue = self.queue
        counts = [(state, len(queue.of_state(state))) for state in ("running", "elsewhere", "waiting")]
        counts += [(state, len(queue.of_state(state))) for state in ("failed", "blocked")]
        parts = [f"{len(queue.of_state('done'))} of {len(queue.tasks)} jobs done"]
        parts += [f"{number} {state}" for state, number in counts if number]
        left = None if queue.over else self.left()
        parts += [] if left is None else [f"about {duration(left)} left"]
        return ", ".join(parts)

    def _running(self) -> str:
        """For the line over all jobs: where those at work are."""
        found = []
        for key in self.queue.of_state("running"):
            seen = self._look(key)
            found.append(f"{key} {seen.epoch}/{seen.epochs}")
        return f" ({', '.join(found[:4])}{', ...' if len(found) > 4 else ''})" if found else ""

    def _look(self, key: str) -> Seen:
        epochs = self.queue.tasks[key].settings.epochs
        return look(self.queue.folders.get(key) or self.folders.get(key), epochs)

    def left(self) -> float | None:
        """Seconds until all is done: what running jobs say, and the plan's estimates at the pace seen so far."""
        queue, needed, unknown = self.queue, {}, []
        pairs = []  # estimated and seen
        for key, task in queue.tasks.items():
            state = queue.state[key]
            seen = self._look(key) if state in ("running", "elsewhere", "done") else Seen()
            if seen.took is not None:
                pairs.append((task.seconds, seen.took))
            if state in ("running", "elsewhere") and seen.left is not None:
                needed[key] = float(seen.left)
            else:
                unknown.append(key)
        estimated, took = (sum(column) for column in zip(*pairs, strict=True)) if pairs else (0.0, 0.0)
        pace = took / estimated if estimated > 0 and took > 0 else 1.0
        mean = took / len(pairs) if pairs else 0.0
        for key in unknown:
            guess = queue.tasks[key].seconds * pace or mean
            if guess == 0.0 and queue.state[key] in ("running", "elsewhere", "waiting"):
                return None
            needed[key] = guess
        return time_left(queue, needed, self.places)

    def rows(self, height: int) -> list[str]:
        """The table's lines, at most `height` of them: what runs, then what failed, what comes next, what is done."""
        queue = self.queue
        shown = queue.of_state("running", "elsewhere")
        shown += queue.of_state("failed")
        shown += queue.of_state("waiting")
        shown += [*queue.of_state("blocked"), *queue.of_state("done")]
        room = height - 2
        cut = shown if len(shown) <= room else shown[: room - 1]
        width = max([len(key) for key in cut] + [3])
        found = [f"{'job':<{width}}  {'state':<9} {'epoch':>7} {'clips/s':>9} {'loss':>8} {'left':>12}"]
        for key in cut:
            state = queue.state[key]
            seen = self._look(key) if state in ("running", "elsewhere", "done") else Seen()
            found.append(f"{visible(key):<{width}}  {_columns(state, seen, queue, key)}".rstrip())
        if len(cut) < len(shown):
            rest = [queue.state[key] for key in shown[len(cut) :]]
            named = ", ".join(f"{rest.count(state)} {state}" for state in dict.fromkeys(rest))
            found.append(f"... and {named}")
        spent = duration(time.monotonic() - self._start)
        return [*found, f"{self.headline()}; {spent} so far"]


def _columns(state: str, seen: Seen, queue: Queue, key: str) -> str:
    if state == "failed":
        return f"{state:<9} {visible(queue.problems[key].message, 200)}"
    if not seen.epoch:
        return f"{state:<9}"
    left = duration(seen.left) if seen.left is not None and state != "done" else ""
    rate = f"{seen.rate:,.1f}" if seen.rate is not None else ""
    loss = f"{seen.loss:.4f}" if seen.loss is not None else ""
    text = f"{state:<9} {f'{seen.epoch}/{seen.epochs}':>7} {rate:>9} {loss:>8} {left:>12}"
    return f"{text}  {seen.doing.rstrip(':')}"
