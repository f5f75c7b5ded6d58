"""What tests share: where the public lists are, small worlds, and a data folder that is nobody's own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

from fervbench.resources import DATA_VARIABLE

settings.register_profile("patient", deadline=None)  # on a shared machine a slow example is no failure
settings.load_profile("patient")

ROOT = Path(__file__).resolve().parent.parent


def official_lists() -> Path | None:
    """The folder with `ferv39k/` and `dfew/` lists: $FERVBENCH_OFFICIAL_LISTS, else the folder beside the project."""
    named = os.environ.get("FERVBENCH_OFFICIAL_LISTS")
    found = Path(named) if named else ROOT.parent / "shared" / "data"
    return found if (found / "ferv39k").is_dir() else None


@pytest.fixture
def lists() -> Path:
    """The public lists; skips where they are absent."""
    found = official_lists()
    if found is None:
        pytest.skip("no official lists: set FERVBENCH_OFFICIAL_LISTS to the folder with ferv39k/ and dfew/")
    return found


@pytest.fixture
def checks(lists: Path) -> Path:
    """The folder of outside checks (confusion matrices, published per-class figures); skips where it is absent."""
    found = lists / "checks"
    if not found.is_dir():
        pytest.skip("no outside checks beside the official lists")
    return found


@pytest.fixture
def papers() -> Path:
    """The folder with the papers' texts: $FERVBENCH_PAPERS, else beside the project; skips where it is absent."""
    named = os.environ.get("FERVBENCH_PAPERS")
    found = Path(named) if named else ROOT.parent / "shared" / "papers"
    if not (found / "dfew.txt").is_file():
        pytest.skip("no texts of the papers: set FERVBENCH_PAPERS to the folder with dfew.txt and the others")
    return found


@pytest.fixture(autouse=True)
def own_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test has a user data folder of its own, empty at first."""
    folder = tmp_path / "user-data"
    monkeypatch.setenv(DATA_VARIABLE, str(folder))
    return folder
