"""How often do the rank intervals of the leaderboard hold the true ranks? Figures of docs/leaderboard.md.

Test lists of FERV39k's classes are drawn from a world in which six methods have known recall: `spread`, two of them the
same and their neighbours three to five points apart, or `equal`, all the same; half of a clip's luck is shared by all
methods. Each list is ranked as `fervbench.leaderboard.ranking` does: from joint replicates of the clips (paired), or
from the numbers alone.

    python tools/simulate_ranks.py [LISTS]
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from fervbench import load_protocol
from fervbench.leaderboard.headline import sizes
from fervbench.leaderboard.ranking import _surely_better
from fervbench.metrics.ranking import ranks

SKILL = {
    "spread": (0.40, 0.43, 0.43, 0.46, 0.50, 0.55),
    "equal": (0.47,) * 6,  # the least favourable: every order that is claimed is wrong
}


class World:
    """Test lists of `n` clips with FERV39k's shares of the classes."""

    def __init__(self, seed: int, world: str = "spread", n: int = 1500) -> None:
        self.rng = np.random.default_rng(seed)
        share = np.array(list(sizes(load_protocol("ferv39k"), "all")[1].values()))
        counts = np.maximum(1, np.round(share / share.sum() * n)).astype(int)
        self.label = np.repeat(np.arange(len(counts)), counts)
        self.skill = np.array(SKILL[world])

    def right(self) -> np.ndarray:
        """Which clips each method has right, (M, N)."""
        common, own = self.rng.random(len(self.label)), self.rng.random((len(self.skill), len(self.label)))
        shared = self.rng.random(len(self.label)) < 0.5
        found: np.ndarray = np.where(shared, common, own) < self.skill[:, None]
        return found

    def true_ranks(self) -> tuple[np.ndarray, np.ndarray]:
        """The first and the last rank that each method truly has: equal ones share theirs."""
        better = (self.skill[None, :] > self.skill[:, None]).sum(axis=1)
        return 1 + better, (self.skill[None, :] >= self.skill[:, None]).sum(axis=1)

    def fell(self, number: int) -> np.ndarray:
        """How often each clip falls in each replicate, the clips of each class fixed in number, (R, N)."""
        found = np.zeros((number, len(self.label)), dtype=np.float32)
        for c in np.unique(self.label):
            at = np.flatnonzero(self.label == c)
            found[:, at] = self.rng.multinomial(len(at), np.full(len(at), 1 / len(at)), size=number)
        return found


def holds(
    *, paired: bool, lists: int, number: int = 400, seed: int = 0, world: str = "spread"
) -> tuple[float, float, float]:
    """Share of lists on which every interval holds its method's true ranks; share of single intervals; mean width."""
    made = World(seed, world)
    n, together, single, width = len(made.label), 0, 0.0, 0.0
    first, last = made.true_ranks()
    for k in range(lists):
        right = made.right()
        values = right.mean(axis=1)
        if paired:
            drawn = made.fell(number) @ right.T.astype(np.float32) / n
            columns: list[Any] = list(drawn.T.astype(float))
        else:
            spread = np.sqrt(values * (1 - values) / n)
            luck = [np.random.default_rng([seed, k, m]).standard_normal(number) for m in range(len(values))]
            columns = [values[m] + spread[m] * luck[m] for m in range(len(values))]
        best, worst = ranks(_surely_better(values, columns, 0.95))
        inside = (best <= first) & (last <= worst)
        together += int(inside.all())
        single += float(inside.mean())
        width += float((worst - best + 1).mean())
    return together / lists, single / lists, width / lists


def main() -> None:
    """Print the table."""
    lists = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    print(f"{lists} lists of 1,500 clips, six methods, nominal 95 %")
    for world in SKILL:
        for paired in (True, False):
            together, single, width = holds(paired=paired, lists=lists, world=world)
            what = f"{world}, {'paired' if paired else 'numbers alone'}"
            held = f"all six held {100 * together:.1f} %  single {100 * single:.1f} %"
            print(f"{what:22} {held}  mean width {width:.2f} ranks", flush=True)


if __name__ == "__main__":
    main()
