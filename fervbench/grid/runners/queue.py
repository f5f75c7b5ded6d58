"""What is to be done, in which order: the task with the longest way to the end first.

A task's priority is its own estimate and that of its longest chain of followers, so that a long chain does not start
when everything else is over. A task waits for those that it names in `after`, and for the one it starts from. What
follows a failed task is not tried.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fervbench.errors import FervbenchError, UsageError
from fervbench.findings import Finding
from fervbench.grid.task import Task

# What a task can be. `elsewhere`: another process holds its job; `blocked`: a task before it failed.
STATES = ("running", "elsewhere", "waiting", "failed", "blocked", "done")


@dataclass(frozen=True)
class Problem:
    """Why a task failed."""

    message: str
    hint: str | None = None
    file: str | None = None

    @classmethod
    def of(cls, error: BaseException) -> Problem:
        """What an exception says: in full where fervbench raised it, else its kind and the place it came from."""
        if isinstance(error, FervbenchError):
            listed = [finding.message for finding in error.findings if finding.message != error.message]
            more = f": {'; '.join(listed[:3])}" if listed else ""
            return cls(f"{error.message}{more}", error.hint, error.file)
        import traceback

        frames = traceback.extract_tb(error.__traceback__)
        place = f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else ""
        said = str(error).strip().splitlines() or [""]
        return cls(f"{type(error).__name__}: {said[0]}{place}")


def before(task: Task) -> tuple[str, ...]:
    """Keys of the tasks that must be done before one."""
    kind, _, key = (task.start or "").partition(":")
    return tuple(dict.fromkeys((*task.after, *([key] if kind == "task" else []))))


def priorities(tasks: Sequence[Task]) -> dict[str, float]:
    """Seconds from the start of each task to the end of its longest chain of followers.

    Raises UsageError for two tasks of one key, for unknown keys and for circles.
    """
    known = {task.key: task for task in tasks}
    if len(known) < len(tasks):
        twice = next(task.key for k, task in enumerate(tasks) if any(task.key == one.key for one in tasks[:k]))
        raise UsageError(f"two tasks have the key {twice!r}")
    followers: dict[str, list[str]] = {key: [] for key in known}
    open_ = dict.fromkeys(known, 0)  # followers that have no priority yet
    for task in tasks:
        for key in before(task):
            if key not in known:
                raise UsageError(f"{task.key} comes after {key!r}, which is not in the plan")
            followers[key].append(task.key)
            open_[key] += 1
    found: dict[str, float] = {}
    ends = [key for key, number in open_.items() if number == 0]
    while ends:
        key = ends.pop()
        found[key] = known[key].seconds + max((found[follower] for follower in followers[key]), default=0.0)
        for earlier in before(known[key]):
            open_[earlier] -= 1
            if open_[earlier] == 0:
                ends.append(earlier)
    if len(found) < len(known):
        circle = ", ".join(sorted(known.keys() - found.keys())[:5])
        raise UsageError(f"tasks wait for each other: {circle}")
    return found


@dataclass
class Queue:
    """The tasks of a plan and what has become of each."""

    tasks: dict[str, Task]
    order: tuple[str, ...]  # longest way to the end first
    state: dict[str, str]
    folders: dict[str, Path] = field(default_factory=dict)
    problems: dict[str, Problem] = field(default_factory=dict)

    @classmethod
    def of(cls, tasks: Sequence[Task]) -> Queue:
        """All waiting. Raises UsageError for a plan that cannot be run."""
        ways = priorities(tasks)
        order = sorted(ways, key=lambda key: -ways[key])  # stable: equal ones as in the plan
        place = {task.key: k for k, task in enumerate(tasks)}
        order.sort(key=lambda key: (-ways[key], place[key]))
        return cls({task.key: task for task in tasks}, tuple(order), {task.key: "waiting" for task in tasks})

    def ready(self) -> list[Task]:
        """Waiting tasks with everything before them done, in order."""
        return [self.tasks[key] for key in self.order if self.state[key] == "waiting" and self._may_start(key)]

    def _may_start(self, key: str) -> bool:
        return all(self.state[one] == "done" for one in before(self.tasks[key]))

    def of_state(self, *states: str) -> list[str]:
        """Keys of tasks in one of the states, in order."""
        return [key for key in self.order if self.state[key] in states]

    def set(self, keys: Iterable[str], state: str) -> None:
        """Say what has become of tasks."""
        for key in keys:
            self.state[key] = state

    def finish(self, key: str, folder: Path) -> None:
        """A task is done."""
        self.state[key], self.folders[key] = "done", folder

    def fail(self, key: str, problem: Problem) -> list[str]:
        """A task failed; gives the keys of those that are not tried for it."""
        self.state[key], self.problems[key] = "failed", problem
        lost = {key}
        for _ in self.order:
            more = {one for one in self.order if lost.intersection(before(self.tasks[one]))} - lost
            if not more:
                break
            lost |= more
        blocked = [one for one in self.order if one in lost - {key}]
        self.set(blocked, "blocked")
        return blocked

    @property
    def over(self) -> bool:
        """Whether nothing is left to do."""
        return not self.of_state("waiting", "running", "elsewhere")

    def findings(self) -> list[Finding]:
        """A finding for each task that failed, naming what was not tried for it."""
        found = []
        for key in self.of_state("failed"):
            problem = self.problems[key]
            found.append(Finding("job-failed", f"{key}: {problem.message}", problem.hint, problem.file, id=key))
        for key in self.of_state("blocked"):
            causes = [one for one in before(self.tasks[key]) if self.state[one] in ("failed", "blocked")]
            found.append(Finding("job-not-tried", f"{key}: comes after {', '.join(causes)}", id=key))
        return found


def time_left(queue: Queue, seconds: Mapping[str, float], places: int) -> float:
    """Seconds until everything is done where `places` tasks run at a time and each still needs `seconds`.

    >>> from types import SimpleNamespace as Task
    >>> one, two, three = (Task(key=k, after=a, start=None, seconds=s) for k, a, s in
    ...     (("a", (), 4), ("b", (), 3), ("c", ("b",), 5)))
    >>> queue = Queue.of([one, two, three])
    >>> time_left(queue, {"a": 4, "b": 3, "c": 5}, 2), time_left(queue, {"a": 4, "b": 3, "c": 5}, 1)
    (8.0, 12.0)
    """
    ended = dict.fromkeys(queue.of_state("done"), 0.0)
    moments: list[tuple[float, str]] = []
    now, waiting = 0.0, []
    for key in queue.of_state("running", "elsewhere"):
        heapq.heappush(moments, (seconds[key], key))
    waiting = queue.of_state("waiting")
    while waiting or moments:
        for key in list(waiting):
            if len(moments) >= max(places, 1):
                break
            if all(one in ended for one in before(queue.tasks[key])):
                heapq.heappush(moments, (now + seconds[key], key))
                waiting.remove(key)
        if not moments:
            break  # the rest waits for what failed
        now, key = heapq.heappop(moments)
        ended[key] = now
    return float(now)
