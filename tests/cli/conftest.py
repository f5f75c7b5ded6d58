"""What tests of the commands share."""

from __future__ import annotations

import pytest


@pytest.fixture
def torch():
    """torch on one thread; skips without it."""
    found = pytest.importorskip("torch")
    before = found.get_num_threads()
    found.set_num_threads(1)
    yield found
    found.set_num_threads(before)
