"""Readers of the official layouts. A protocol names its layout; each reader turns a copy on disk into Labels."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from fervbench.labels_file import Labels
from fervbench.protocol import Protocol
from fervbench.readers import dfew, ferv39k, mafw

READERS: dict[str, Callable[[Path, Protocol], Labels]] = {
    "dfew": dfew.read,
    "ferv39k": ferv39k.read,
    "mafw": mafw.read,
}
