"""Where data lives: what ships with the package, and what a user has added."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

DATA_VARIABLE = "FERVBENCH_DATA"
CACHE_VARIABLE = "FERVBENCH_CACHE"
_PACKAGE = Path(__file__).resolve().parent


def package_file(*parts: str) -> Traversable:
    """A file or folder inside the package, which need not exist.

    In a zipped wheel this is no path of the file system: use `/`, `read_text` and `iterdir` on what comes back. Only
    there is importlib.resources asked; its import would cost every call a tenth of its time.
    """
    if _PACKAGE.is_dir():
        return _PACKAGE.joinpath(*parts)
    from importlib.resources import files

    found = files("fervbench")
    for part in parts:
        found = found / part
    return found


def data_dir(name: str) -> Traversable:
    """The shipped data folder `name` ("protocols", "examples").

    In a wheel it is `fervbench/_data/name`; in a checkout and an editable install it is beside the package.
    """
    packaged = package_file("_data", name)
    if packaged.is_dir():
        return packaged
    beside = _PACKAGE.parent / name
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


def user_cache_dir() -> Path:
    """The folder for what can be made again: $FERVBENCH_CACHE, else in $FERVBENCH_DATA, else the platform's place."""
    chosen = os.environ.get(CACHE_VARIABLE)
    if chosen:
        return Path(chosen)
    if os.environ.get(DATA_VARIABLE):
        return user_data_dir() / "cache"
    import platformdirs

    return Path(platformdirs.user_cache_dir("fervbench", appauthor=False))
