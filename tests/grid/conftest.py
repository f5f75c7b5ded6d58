"""One thread, and small networks where a test asks for them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'fervbench[baselines]'")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Networks of a few numbers in place of those of the papers."""
    from fervbench.reference import networks

    from .drawn import build

    monkeypatch.setattr(networks, "build", build)
