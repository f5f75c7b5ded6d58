"""One job of a plan, and where data lies. Plain values: they pickle, and serialise to JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fervbench.reference.settings import Settings
    from fervbench.reference.spotting.settings import Extraction
    from fervbench.reference.spotting.settings import Settings as Spotting


@dataclass(frozen=True)
class Data:
    """Where the data of one dataset lies.

    `protocol` is an id (`ferv39k`, `dfew`) or the path of a protocol's TOML. `packs` is one pack for each stream (face,
    scene), or a release folder as a single item.
    """

    protocol: str
    packs: tuple[str, ...]
    ground_truth: str | None = None


@dataclass(frozen=True)
class Task:
    """One job of a plan: a training, or the features between two of them; `settings` say which.

    `key` is unique in the plan and readable: `ferv39k/r18-lstm/all/seed0`. `data` names one of the plan's `Data`;
    `after` are keys of tasks that must be done first. `start` says what weights it starts from: `task:KEY` or
    `file:PATH`; features start from their extractor's task, a network that spots from its features' (R-C3D, which sees
    frames, from C3D's), and `extractor` are the settings of theirs. `seconds` is an estimate on this device; with
    `ranks` > 1 torchrun runs inside this task.
    """

    key: str
    settings: Settings | Extraction | Spotting
    data: str
    trained_on: str
    after: tuple[str, ...] = ()
    start: str | None = None
    seconds: float = 0.0
    ranks: int = 1
    extractor: Settings | None = None
