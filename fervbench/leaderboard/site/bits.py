"""What was kept of scored entries, unpacked: which clips are right, and what was answered."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from fervbench.ground_truth import GroundTruth
from fervbench.leaderboard.entries import Entry
from fervbench.leaderboard.headline import headline
from fervbench.protocol import POOLED, Protocol

BoolArray = npt.NDArray[np.bool_]
MOST = 30  # scored entries that are compared two by two: the best of a protocol


def target_of(protocol: Protocol, evaluation: str) -> str | None:
    """The one target that an evaluation is ranked by; None where it is a mean over several cells."""
    cells = headline(protocol, evaluation).cells
    return str(cells[0][1]) if len(cells) == 1 else None


def right(kept: Mapping[str, Any], evaluation: str, n: int) -> BoolArray | None:
    """Which test clips the runs of an entry have right, (seeds, n); None where that was not kept."""
    packed = kept.get("right", {}).get(evaluation)
    if not packed:
        return None
    rows = [np.frombuffer(zlib.decompress(base64.b64decode(text)), dtype=np.uint8) for text in packed]
    found: BoolArray = np.stack([np.unpackbits(row)[:n].astype(np.bool_) for row in rows])
    return found


def answers(kept: Mapping[str, Any]) -> npt.NDArray[np.uint8] | None:
    """What an entry answers, as numbers in an order of its own; None where that was not kept."""
    if not kept.get("answers"):
        return None
    return np.frombuffer(zlib.decompress(base64.b64decode(kept["answers"])), dtype=np.uint8)


def best(entries: Sequence[Entry], evaluation: str, metric: str, most: int = MOST) -> list[Entry]:
    """The best entries by a metric, at most `most`."""

    def value(entry: Entry) -> float:
        return -float(entry.scores(evaluation).get(metric, {}).get("value") or 0.0)

    known = [entry for entry in entries if evaluation in entry.evaluations]
    return sorted(known, key=lambda entry: (value(entry), entry.id))[:most]


def tested(protocol: Protocol, truth: GroundTruth, target: str | None) -> BoolArray:
    """The clips of a target, (n,)."""
    names = set(protocol.leaves) if target in (None, POOLED) else set(protocol.configurations[str(target)].leaves)
    inside: BoolArray = np.array([leaf in names for leaf in protocol.leaves])[truth.leaf]
    return inside
