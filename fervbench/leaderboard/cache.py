"""What was found of an entry, kept by the hash of all it depends on. Safe to delete; nothing in it is ever needed.

The key is over the entry's id and bytes, the protocol, the labels and the tool: its version and the source of the
package, so that a change of code is a change of key. A damaged file counts as none.
"""

from __future__ import annotations

import hashlib
import json
import os
from functools import lru_cache
from pathlib import Path
from typing import Any

from fervbench import strict_json
from fervbench._version import __version__
from fervbench.leaderboard.scoring import Ground
from fervbench.resources import package_file

# What takes no part in checking: rendering, packs and training.
_APART = ("reference", "synthesize", "pack", "_data", "cli", "__pycache__")


@lru_cache(maxsize=1)
def tool_hash() -> str:
    """sha256 of the tool: version and source. Inside a zipped wheel the version alone."""
    digest = hashlib.sha256(__version__.encode())
    root = package_file()
    if isinstance(root, Path):
        for path in sorted(root.rglob("*")):
            parts = path.relative_to(root).parts
            if path.suffix in (".py", ".json") and parts[0] not in _APART:
                digest.update("/".join(parts).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


class Cache:
    """Found of entries by key. A folder of None keeps nothing."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = None if folder is None else folder / "leaderboard"

    def key(self, id: str, ground: Ground, parts: list[bytes]) -> str:
        """The key of an entry whose files hold `parts`."""
        about = [tool_hash(), id, ground.protocol.sha256, ground.fingerprint or "no labels"]
        digest = hashlib.sha256(strict_json.dumps(about).encode())
        for part in parts:
            digest.update(hashlib.sha256(part).digest())
        return digest.hexdigest()

    def get(self, key: str) -> dict[str, Any] | None:
        """What is kept under a key, None where nothing is."""
        if self.folder is None:
            return None
        try:
            found = json.loads((self.folder / key[:2] / f"{key}.json").read_bytes())
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) and found.get("key") == key else None

    def put(self, key: str, content: dict[str, Any]) -> None:
        """Keep something; a cache that cannot be written is none."""
        if self.folder is None:
            return
        place = self.folder / key[:2]
        try:
            place.mkdir(parents=True, exist_ok=True)
            temporary = place / f".{key}.{os.getpid()}.tmp"  # not flushed to disk: what is lost is only found again
            temporary.write_text(strict_json.dumps(content | {"key": key}), encoding="utf-8")
            temporary.replace(place / f"{key}.json")
        except OSError:
            self.folder = None
