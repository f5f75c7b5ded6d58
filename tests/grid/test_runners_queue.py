"""Which task comes next: longest way to the end first, nothing before what it needs, nothing after what failed."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("torch", reason="torch is not installed: pip install 'fervbench[baselines]'")

from fervbench.errors import InputError, UsageError
from fervbench.findings import Finding
from fervbench.grid.runners.queue import Problem, Queue, before, priorities, time_left


def a_task(key: str, seconds: float = 1.0, after: tuple[str, ...] = (), start: str | None = None) -> Any:
    return SimpleNamespace(key=key, seconds=seconds, after=after, start=start)


@st.composite
def plans(draw: st.DrawFn) -> list[Any]:
    """Tasks without circles, in an order of their own."""
    number = draw(st.integers(1, 9))
    tasks = []
    for k in range(number):
        after = draw(st.sets(st.integers(0, k - 1), max_size=3)) if k else set()
        start = f"task:{draw(st.integers(0, k - 1))}" if k and draw(st.booleans()) else None
        seconds = float(draw(st.integers(0, 9)))
        tasks.append(a_task(str(k), seconds, tuple(str(one) for one in sorted(after)), start))
    return draw(st.permutations(tasks))


def way(key: str, tasks: list[Any]) -> float:
    """The longest way from a task to the end, by trying all of them."""
    own = next(task for task in tasks if task.key == key)
    return own.seconds + max((way(task.key, tasks) for task in tasks if key in before(task)), default=0.0)


@given(plans())
def test_a_priority_is_the_longest_way_to_the_end(tasks: list[Any]):
    assert priorities(tasks) == {task.key: way(task.key, tasks) for task in tasks}


@given(plans(), st.data())
def test_every_task_is_done_once_and_after_what_it_needs(tasks: list[Any], data: st.DataObject):
    queue, done, failed = Queue.of(tasks), [], set()
    while not queue.over:
        ready = queue.ready()
        ways = [way(task.key, tasks) for task in ready]
        assert ways == sorted(ways, reverse=True)
        task = ready[0]
        assert set(before(task)) <= set(done)
        if data.draw(st.booleans()):
            queue.finish(task.key, None)  # type: ignore[arg-type]
            done.append(task.key)
        else:
            queue.fail(task.key, Problem("gone"))
            failed.add(task.key)
    blocked = set(queue.of_state("blocked"))
    assert len(done) == len(set(done))
    assert {*done} | failed | blocked == {task.key for task in tasks}

    def is_lost(key: str) -> bool:
        task = queue.tasks[key]
        return any(one in failed or is_lost(one) for one in before(task))

    assert blocked == {key for key in queue.tasks if is_lost(key)}
    assert [f.rule for f in queue.findings()] == ["job-failed"] * len(failed) + ["job-not-tried"] * len(blocked)


@given(plans(), st.integers(1, 4))
def test_the_time_left_lies_between_its_bounds(tasks: list[Any], places: int):
    queue = Queue.of(tasks)
    seconds = {task.key: task.seconds for task in tasks}
    total, longest = sum(seconds.values()), max(way(task.key, tasks) for task in tasks)
    found = time_left(queue, seconds, places)
    assert max(longest, total / places) <= found + 1e-9
    assert found <= total / places + longest + 1e-9  # Graham's bound for list scheduling, less sharp
    assert time_left(queue, seconds, 1) == total


@pytest.mark.parametrize(
    ("tasks", "message"),
    [
        ([a_task("a"), a_task("a")], "two tasks have the key 'a'"),
        ([a_task("a", after=("b",))], "a comes after 'b', which is not in the plan"),
        ([a_task("a", start="task:b")], "a comes after 'b', which is not in the plan"),
        ([a_task("a", after=("b",)), a_task("b", start="task:a"), a_task("c")], "tasks wait for each other: a, b"),
    ],
)
def test_a_plan_that_cannot_be_run_is_refused(tasks: list[Any], message: str):
    with pytest.raises(UsageError, match=message):
        Queue.of(tasks)


def test_equal_ones_come_as_in_the_plan_and_a_long_chain_before_a_long_task():
    tasks = [a_task("b", 5), a_task("a", 5), a_task("first", 1), a_task("second", 9, ("first",)), a_task("file", 7)]
    assert Queue.of(tasks).order == ("first", "second", "file", "b", "a")
    assert before(a_task("x", start="file:weights.pt")) == ()


def test_a_problem_says_what_the_error_said():
    listed = [Finding("bad", "clip a is torn"), Finding("bad", "clip b is torn")]
    problem = Problem.of(InputError("cannot be packed", hint="mend it", file="f", findings=listed))
    assert problem == Problem("cannot be packed: clip a is torn; clip b is torn", "mend it", "f")
    with pytest.raises(ZeroDivisionError) as caught:
        1 / 0  # noqa: B018
    said = Problem.of(caught.value).message
    assert said.startswith("ZeroDivisionError: division by zero (test_runners_queue.py, line")
