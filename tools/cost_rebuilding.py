"""What rebuilding all tables and figures costs: the tables of docs/rebuilding.md, from operations counted and
throughputs stated. Nothing here is measured: no GPU was at hand when they were written.

    python tools/cost_rebuilding.py
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable

from fervbench.grid import costing
from fervbench.grid.planning import Choice, make_plan
from fervbench.grid.task import Task
from fervbench.grid.views import views

# Assumed, in 10^12 operations a second, training in bfloat16: (networks of plain 3 x 3 convolutions, all others). An
# H200 was measured at 790 in large matrix products; of that 45 % for the former and 15 % for the latter, which memory
# bounds. The consumer GPU is one of 165 by its data sheet (RTX 4090), taken at the same shares.
DEVICES = {"one H200": (1, 355.0, 120.0), "eight H200": (8, 355.0, 120.0), "one RTX 4090": (1, 74.0, 25.0)}
PLAIN = ("vgg", "c3d", "r3d-18", "mc3-18")
GROUPS = {
    "FERV39k, Tables 2, 4, 6, 8, 10": [f"ferv39k/table{n}" for n in (2, 4, 6, 8, 10)],
    "FERV39k, Tables 3, 5, 7, 9, 11": [f"ferv39k/table{n}" for n in (3, 5, 7, 9, 11)],
    "FERV39k, Figure 6, left": ["ferv39k/figure6a"],
    "FERV39k, Figure 6, middle": ["ferv39k/figure6b"],
    "DFEW, Tables 4 to 6": [f"dfew/table{n}" for n in (4, 5, 6)],
    "DFEW, Tables 7 and 8": ["dfew/table7", "dfew/table8"],
    "DFEW, Figures 5 and 6": ["dfew/figure5", "dfew/figure6"],
    "DFEW, its repository's models": ["dfew/model-zoo"],
    "SDFE-LV, Tables 3 to 6": [f"sdfe-lv/table{n}" for n in (3, 4, 5, 6)],
}


def seconds(task: Task, plain: float, other: float) -> float:
    name = costing.like(task).model.removeprefix("two-")
    return costing.flops(task) / 1e12 / (plain if name.startswith(PLAIN) else other)


def makespan(tasks: Iterable[Task], devices: int, plain: float, other: float) -> float:
    """Seconds until all are done: longest first, on the device that is free first, none before its start is done."""
    left = sorted(tasks, key=lambda task: -seconds(task, plain, other))
    known = {task.key for task in left}
    free = [0.0] * devices
    done: dict[str, float] = {}
    while left:
        ready = [task for task in left if all(key in done or key not in known for key in task.after)]
        task = ready[0]
        left.remove(task)
        start = max([heapq.heappop(free), *(done[key] for key in task.after if key in done)])
        done[task.key] = start + seconds(task, plain, other)
        heapq.heappush(free, done[task.key])
    return max(done.values(), default=0.0)


def tasks_of(ids: Iterable[str], seeds: tuple[int, ...] = (0,)) -> dict[str, Task]:
    return {task.key: task for id in ids for task in make_plan(views()[id], Choice(seeds=seeds)).tasks}


def hours(value: float) -> str:
    return f"{value / 3600:,.1f}"


def rows() -> list[str]:
    lines = ["| | jobs | EFLOP | " + " | ".join(f"{name}, h" for name in DEVICES) + " |"]
    lines.append("|---|---:|---:" + "|---:" * len(DEVICES) + "|")
    seen: set[str] = set()
    groups = [(name, tasks_of(ids)) for name, ids in GROUPS.items()]
    groups.append(("everything, one seed", tasks_of(views())))
    groups.append(("everything, five seeds", tasks_of(views(), (0, 1, 2, 3, 4))))
    for name, tasks in groups:
        fresh = [task for key, task in tasks.items() if key not in seen or name.startswith("everything")]
        seen |= set(tasks)
        total = sum(costing.flops(task) for task in fresh) / 1e18
        times = [hours(makespan(fresh, *device)) for device in DEVICES.values()]
        lines.append(f"| {name} | {len(fresh)} | {total:.2f} | " + " | ".join(times) + " |")
    return lines


if __name__ == "__main__":
    print("\n".join(rows()))
