"""The configuration of a job: everything that decides its numbers, and the hash that names its folder."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from fervbench import strict_json
from fervbench._version import __version__
from fervbench.errors import UsageError
from fervbench.reference.augment import IMAGENET_MEAN, IMAGENET_STD, Augmentation
from fervbench.reference.clips import Size, View
from fervbench.reference.sampling import sampler
from fervbench.reference.schedule import Schedule

FORMAT = "fervbench-job/1"
OPTIMIZERS = ("sgd", "adam")


@dataclass(frozen=True)
class Loss:
    """Which loss: `cross-entropy`, `ec-stfl` or `center-loss`, with the weight beside cross-entropy."""

    name: str = "cross-entropy"
    weight: float = 0.0
    reading: str = "literal"


@dataclass(frozen=True)
class Settings:
    """How a model is trained. Sizes are those of the streams in order: what is cut, and the packs it is cut from.

    `lr_grid` with `hold_out` chooses the learning rate on a share of the train part before training on all of it.
    `best_on_test` reports the epoch that is best on the test list, and says so wherever the number stands.
    `shuffled_labels` is a control: what is learned from labels in another order must be at chance.
    """

    model: str
    recipe: str = ""
    frames: int = 8
    sizes: tuple[Size, ...] = ((112, 112),)
    pack_sizes: tuple[Size, ...] = ((128, 128),)
    sampling_train: str = "random-in-segment"
    sampling_test: str = "segment-centres"
    augmentation: Augmentation = field(default_factory=Augmentation)
    mean: tuple[float, ...] = IMAGENET_MEAN
    std: tuple[float, ...] = IMAGENET_STD
    loss: Loss = field(default_factory=Loss)
    epochs: int = 60
    batch: int = 32
    lr: float = 0.01
    lr_grid: tuple[float, ...] = ()
    hold_out: float = 0.1
    optimizer: str = "sgd"
    momentum: float = 0.9
    weight_decay: float = 1e-4
    schedule: Schedule = field(default_factory=Schedule)
    seed: int = 0
    precision: str = "float32"
    deterministic: bool = False
    ranks: int = 1
    predict_every: int = 0
    best_on_test: bool = False
    shuffled_labels: bool = False

    def __post_init__(self) -> None:
        sampler(self.sampling_train)
        sampler(self.sampling_test, test=True)
        if self.optimizer not in OPTIMIZERS:
            raise UsageError(f"no optimizer {self.optimizer!r}", hint=f"there are {', '.join(OPTIMIZERS)}")
        if min(self.epochs, self.batch, self.frames, self.ranks) < 1 or self.batch % self.ranks:
            raise UsageError(f"{self.epochs} epochs of batches of {self.batch} on {self.ranks} ranks: nothing to train")
        if not 0 < self.lr < 1e3 or not all(0 < lr < 1e3 for lr in self.lr_grid):
            raise UsageError(f"a learning rate of {self.lr} is none")
        if self.precision not in ("float32", "bfloat16"):
            raise UsageError(f"no precision {self.precision!r}", hint="float32 or bfloat16")
        if self.lr_grid and not 0 < self.hold_out <= 0.5:
            raise UsageError(f"a share of {self.hold_out} of the train part cannot be held out")

    @property
    def view(self) -> View:
        """How clips become inputs."""
        return View(self.frames, self.sampling_train, self.sampling_test, self.augmentation, self.mean, self.std)


_PARTS = {"augmentation": Augmentation, "loss": Loss, "schedule": Schedule}


def from_plain(row: Mapping[str, Any]) -> Settings:
    """Settings as `config.json` has them: lists become tuples, parts their own classes again.

    >>> from_plain(asdict(Settings("r18-lstm"))) == Settings("r18-lstm")
    True
    """
    values = {key: _tuples(value) for key, value in row.items() if key not in _PARTS}
    parts = {
        key: made(**{name: _tuples(value) for name, value in row[key].items()})
        for key, made in _PARTS.items()
        if key in row
    }
    return Settings(**values, **parts)


def _tuples(value: Any) -> Any:
    return tuple(_tuples(each) for each in value) if isinstance(value, (list, tuple)) else value


def describe(settings: Settings, about: Mapping[str, Any]) -> dict[str, Any]:
    """What config.json holds: the settings, and what `about` says of data, protocol and source."""
    config = {"format": FORMAT, "tool_version": __version__, "settings": asdict(settings), **about}
    plain: dict[str, Any] = strict_json.parse(strict_json.dumps(config).encode(), "config").value  # tuples as lists
    return plain


def name_of(config: Mapping[str, Any]) -> str:
    """The name of a job's folder: the model, and the start of the hash of its configuration."""
    digest = hashlib.sha256(strict_json.dumps(dict(config)).encode()).hexdigest()
    return f"{config['settings']['model']}-{digest[:16]}"
