"""Where torch is not installed, what imports it is not collected: no doctests of its modules, no tests of them."""

from importlib.util import find_spec

_NEED_TORCH = [
    "fervbench/cli/render_grid.py",
    "fervbench/grid/*",
    "fervbench/reference/*",
    "tests/golden/models/*",
    "tests/grid/*",
    "tests/reference/*",
]
collect_ignore_glob = [] if find_spec("torch") else _NEED_TORCH


def pytest_report_header() -> str | None:
    """Say what is left out, so that a green run without torch is not taken for a whole one."""
    return f"torch is not installed; left out: {', '.join(collect_ignore_glob)}" if collect_ignore_glob else None
