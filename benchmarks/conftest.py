"""Benchmarks: a command or function and a named alternative in turn, medians, and their ratio.

    python -m pytest benchmarks

Nothing here fails for being slow: machines are noisy, and a timed assertion is a test that fails by chance. The targets
are printed beside what was measured.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

import fervbench

ROUNDS = int(os.environ.get("FERVBENCH_ROUNDS", "11"))
_results: list[tuple[str, float, float, float, str, int]] = []


# A process inherits the peak of the one that starts it, so a small one in between starts what is measured.
_PEAK = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


@pytest.fixture(scope="session", autouse=True)
def compiled() -> None:
    """Compile the package, as installing a wheel does: an editable install may have no bytecode yet."""
    folder = Path(fervbench.__file__).parent
    subprocess.run([sys.executable, "-m", "compileall", "-q", str(folder)], check=True)


def _seconds(arguments: Sequence[str], cwd: Path) -> float:
    start = time.perf_counter()
    subprocess.run(arguments, cwd=cwd, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start


def _peak(arguments: Sequence[str], cwd: Path) -> int:
    """Peak resident memory of one process, in KiB (Linux)."""
    done = subprocess.run(
        [sys.executable, "-c", _PEAK, *arguments], cwd=cwd, stdout=subprocess.PIPE, text=True, check=True
    )
    return int(done.stdout)


@pytest.fixture
def ratio(benchmark, tmp_path: Path) -> Callable[..., None]:
    """Time `command` against `alternative` (both as arguments of a process), A B A B, after one warm-up each."""

    def measure(command: Sequence[str], alternative: Sequence[str], target: str) -> None:
        own: list[float] = []
        other: list[float] = []

        def pair() -> None:
            own.append(_seconds(command, tmp_path))
            other.append(_seconds(alternative, tmp_path))

        benchmark.pedantic(pair, rounds=ROUNDS, warmup_rounds=1)
        own, other = own[1:], other[1:]
        found = statistics.median(a / b for a, b in zip(own, other, strict=True))
        memory = _peak(command, tmp_path) // 1024
        benchmark.extra_info |= {"ratio": found, "peak_mib": memory, "target": target}
        _results.append((benchmark.name, statistics.median(own), statistics.median(other), found, target, memory))

    return measure


@pytest.fixture
def report() -> Callable[..., None]:
    """Record a ratio measured inside the process; arguments: benchmark, ratio, own and other times, target."""

    def record(benchmark, found: float, own: list[float], other: list[float], target: str) -> None:
        benchmark.extra_info |= {"ratio": found, "target": target}
        _results.append((benchmark.name, statistics.median(own), statistics.median(other), found, target, 0))

    return record


@pytest.fixture
def python() -> str:
    """The interpreter that the benchmarks run in."""
    return sys.executable


def pytest_terminal_summary(terminalreporter) -> None:
    """Print the ratios."""
    if _results:
        terminalreporter.write_sep("-", f"medians; whole processes of {ROUNDS} pairs")
        terminalreporter.write_line(f"{'':<44}{'own':>9}{'other':>9}{'ratio':>7}{'peak':>9}  target")
        for name, own, other, found, target, memory in _results:
            peak = f"{memory:>6} MB" if memory else " " * 9
            line = f"{name[:43]:<44}{1e3 * own:>7.0f}ms{1e3 * other:>7.0f}ms{found:>7.3g}{peak}  {target}"
            terminalreporter.write_line(line)
