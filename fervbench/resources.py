"""Where data lives: what ships with the package, and what a user has added."""

from __future__ import annotations

import os
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

DATA_VARIABLE = "FERVBENCH_DATA"


def data_dir(name: str) -> Traversable:
    """The shipped data folder `name` ("protocols", "examples").

    In a wheel it is `fervbench/_data/name`; in a checkout and an editable install it is beside the package. Use `/`,
    `read_text` and `iterdir` on what comes back: in a zipped wheel it is no path of the file system.
    """
    packaged = files("fervbench") / "_data" / name
    if packaged.is_dir():
        return packaged
    beside = Path(__file__).resolve().parent.parent / name
    if beside.is_dir():
        return beside
    raise FileNotFoundError(f"data folder {name!r} is neither at {packaged} nor at {beside}: reinstall fervbench")


def user_data_dir() -> Path:
    """The folder for what a user adds (ground truth): $FERVBENCH_DATA, else the platform's place for user data."""
    chosen = os.environ.get(DATA_VARIABLE)
    if chosen:
        return Path(chosen)
    import platformdirs

    return Path(platformdirs.user_data_dir("fervbench", appauthor=False))
