"""What tests of the commands share."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from fervbench.cli import cli


@pytest.fixture
def torch():
    """torch on one thread; skips without it."""
    found = pytest.importorskip("torch")
    before = found.get_num_threads()
    found.set_num_threads(1)
    yield found
    found.set_num_threads(before)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def scored(folder: Path) -> Path:
    """A good file of predictions in it."""
    result = CliRunner().invoke(cli, ["examples", "write", "mae-dfer-overall-only"], catch_exceptions=False)
    assert result.exit_code == 0
    return folder / "mae-dfer-overall-only.json"
