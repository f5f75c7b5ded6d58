"""Processes that run what is tested here, and waiting for them."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fervbench

HERE = str(Path(fervbench.__file__).parents[1])
ENVIRONMENT = os.environ | {
    "PYTHONPATH": os.pathsep.join([HERE, os.environ.get("PYTHONPATH", "")]),
    "OMP_NUM_THREADS": "1",
    "RAY_USAGE_STATS_ENABLED": "0",
}
PATIENCE = 600.0  # seconds: on a machine that others load, ranks take minutes to start again


def wait_for(condition: Callable[[], Any], process: subprocess.Popen[str]) -> Any:
    """What the condition gives, as soon as it gives something, while the process runs."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if found := condition():
            return found
        assert process.poll() is None, process.stderr and process.stderr.read()
        time.sleep(0.01)
    raise TimeoutError
