"""What the tests of spotting metrics share."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def direct() -> ModuleType:
    """The direct loop of `tests/golden/spotting/direct_loop.py`."""
    path = Path(__file__).resolve().parents[1] / "golden" / "spotting" / "direct_loop.py"
    spec = importlib.util.spec_from_file_location("direct_loop", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
