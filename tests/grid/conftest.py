"""One thread, and small networks where a test asks for them."""

from __future__ import annotations

import pytest

from ..one_thread import one_thread  # noqa: F401, TID252


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Networks of a few numbers in place of those of the papers."""
    from fervbench.reference import networks

    from .drawn import build

    monkeypatch.setattr(networks, "build", build)
