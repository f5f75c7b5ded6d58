"""Learning rates by epoch: functions of the epoch and of what earlier epochs cost, so resuming needs no state.

constant      lr
exponential   lr * gamma ** epoch ("lr is exponentially decayed by a factor of 0.95 every epoch", FERV39k, B.2)
step          lr * gamma ** (how many of `milestones` have been reached)
plateau       lr * gamma ** (how often the training loss has not fallen for `patience` epochs), DFEW's "/10 when
              saturated"; the loss that counts is that of training, never of test
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from fervbench.errors import UsageError

SCHEDULES = ("constant", "exponential", "step", "plateau")


@dataclass(frozen=True)
class Schedule:
    """A rule and its values."""

    name: str = "exponential"
    gamma: float = 0.95
    milestones: tuple[int, ...] = ()
    patience: int = 10

    def __post_init__(self) -> None:
        if self.name not in SCHEDULES:
            raise UsageError(f"no schedule {self.name!r}", hint=f"there are {', '.join(SCHEDULES)}")

    def factor(self, epoch: int, losses: Sequence[float] = ()) -> float:
        """What the first learning rate is multiplied by in an epoch, counted from 0; `losses` of the epochs before.

        >>> Schedule("exponential", 0.5).factor(3), Schedule("step", 0.1, (2,)).factor(2)
        (0.125, 0.1)
        """
        if self.name == "exponential":
            return self.gamma**epoch
        if self.name == "step":
            return float(self.gamma ** sum(epoch >= milestone for milestone in self.milestones))
        if self.name == "plateau":
            return float(self.gamma ** self._plateaus(losses[:epoch]))
        return 1.0

    def stretched(self, factor: float) -> Schedule:
        """The same course in `factor` times as many epochs: it ends at the rate at which this one ends.

        >>> Schedule("exponential", 0.9).stretched(0.5), Schedule("step", 0.1, (30, 40)).stretched(0.1).milestones
        (Schedule(name='exponential', gamma=0.81, milestones=(), patience=10), (3, 4))
        """
        if self.name == "exponential":
            return replace(self, gamma=round(self.gamma ** (1 / factor), 12))
        milestones = tuple(max(1, round(milestone * factor)) for milestone in self.milestones)
        return replace(self, milestones=milestones, patience=max(1, round(self.patience * factor)))

    def _plateaus(self, losses: Sequence[float]) -> int:
        best, waited, count = float("inf"), 0, 0
        for loss in losses:
            if loss < best * (1 - 1e-4):  # torch's threshold
                best, waited = loss, 0
            else:
                waited += 1
            if waited > self.patience:
                waited, count = 0, count + 1
        return count
