"""How often do the intervals of `fervbench.metrics.resampling` hold the truth, and how often do paired tests err?

    python tools/simulate_coverage.py [--worlds 2000] [--replicates 500] [--seed 0]

Test lists are made up from FERV39k's own class counts and a truth that resembles published systems; each is scored,
resampled, and asked whether the nominal 95 % interval holds the true score. The figures that come out stand in the
docstrings of `resampling`, `paired` and `resampling_spotting`; tests/metrics/test_coverage.py runs a small part.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator

import numpy as np

import fervbench
from fervbench.metrics import outcomes as oc
from fervbench.metrics import paired, proportions, recognition, resampling, resampling_spotting, spotting
from fervbench.statistics import statistics

CONFIGURATIONS = ("all", "DL11k", "Talkshow", "Experiment")
RECALL = {"Happy": 0.6, "Neutral": 0.6, "Sad": 0.45, "Angry": 0.45, "Surprise": 0.2, "Fear": 0.1, "Disgust": 0.05}
CLUSTER = 5  # clips of one source video
ALIKE = 0.3  # correlation of two clips of one video in being right

# kinds of worlds, and the ways to make intervals that are tried on each
TRIED = {
    "fixed": ("class-counts", "clips", "wilson"),
    "drawn": ("class-counts", "clips", "wilson"),
    "clustered": ("class-counts", "clusters", "wilson"),
}


class Worlds:
    """Made-up test lists over FERV39k's leaves: `counts` (L, K), `members` (4, L), `truth` (K, K) answer chances."""

    def __init__(self, seed: int) -> None:
        protocol = fervbench.load_protocol("ferv39k")
        test = statistics(protocol).test
        self.classes = protocol.classes
        self.counts = np.array([[test[leaf][name] for name in protocol.classes] for leaf in protocol.leaves])
        self.members = np.array(
            [[leaf in protocol.configurations[id].leaves for leaf in protocol.leaves] for id in CONFIGURATIONS]
        )
        self.recall = np.array([RECALL[name] for name in protocol.classes])
        self.truth = self.chances(self.recall)
        self.rng = np.random.default_rng(seed)

    def chances(self, recall: np.ndarray) -> np.ndarray:
        """Wrong answers go to the other classes as often as those are answered on the whole."""
        often = self.counts.sum(axis=0) * recall
        wrong = np.tile(often, (len(recall), 1)) * (1 - np.eye(len(recall)))
        wrong *= ((1 - recall) / wrong.sum(axis=1))[:, None]
        return wrong + np.diag(recall)

    def true_scores(self) -> np.ndarray:
        """WAR and UAR of the population, shape (4, 2)."""
        counts = self.members.astype(int) @ self.counts
        return np.stack([counts @ self.recall / counts.sum(axis=1), np.full(len(counts), self.recall.mean())], axis=1)

    def tables(self, kind: str) -> np.ndarray:
        """Confusion tables by leaf of one world of independent clips: class counts as they are, or drawn as well."""
        counts = self.counts
        if kind == "drawn":
            n = counts.sum(axis=1)
            counts = np.stack([self.rng.multinomial(m, row / m) for m, row in zip(n, counts, strict=True)])
        found = np.zeros((*counts.shape, counts.shape[1] + 1), dtype=np.int64)
        found[..., :-1] = self.rng.multinomial(counts, self.truth)
        return found

    def clips(self) -> tuple[np.ndarray, np.ndarray]:
        """Leaf and class of every clip."""
        leaf, target = np.indices(self.counts.shape)
        return np.repeat(leaf.ravel(), self.counts.ravel()), np.repeat(target.ravel(), self.counts.ravel())

    def answers(self, target: np.ndarray, chance: np.ndarray, truth: np.ndarray) -> np.ndarray:
        """The answer of each clip where `chance` falls: the lower end of every row is its right answer."""
        order = np.argsort(-np.eye(len(truth)), axis=1, kind="stable")  # the right class first
        edges = np.cumsum(np.take_along_axis(truth, order, axis=1), axis=1)[target]
        place = np.minimum((chance[:, None] >= edges).sum(axis=1), len(truth) - 1)
        return order[target, place]

    def clustered(self) -> oc.Outcomes:
        """A world in which five clips of a leaf, whatever their class, come from one video and are alike."""
        leaf, target = self.clips()
        mixed = self.rng.permutation(len(leaf))
        mixed = mixed[np.argsort(leaf[mixed], kind="stable")]
        cluster = np.empty(len(leaf), dtype=np.int64)
        start = np.searchsorted(leaf[mixed], leaf[mixed])
        cluster[mixed] = leaf[mixed] * 10_000 + (np.arange(len(leaf)) - start) // CLUSTER
        shared = self.rng.random(cluster.max() + 1)[cluster]
        chance = np.where(self.rng.random(len(leaf)) < np.sqrt(ALIKE), shared, self.rng.random(len(leaf)))
        answers = self.answers(target, chance, self.truth)
        return oc.outcomes(leaf, target, answers, leaves=len(self.counts), classes=7, cluster=cluster)


PROFILES = {
    "published": RECALL,
    "strong": {  # MAE-DFER's log, rounded
        "Happy": 0.73, "Neutral": 0.59, "Sad": 0.54, "Angry": 0.5, "Surprise": 0.3, "Fear": 0.17, "Disgust": 0.18,
    },
    "nine in ten": dict.fromkeys(RECALL, 0.9),
}  # fmt: skip


def by_support(worlds: Worlds, number: int, replicates: int) -> Iterator[tuple[str, int, int, np.ndarray, np.ndarray]]:
    """For each profile and configuration: n, clips of the smallest class, and for each of `number` worlds and of the
    four measures whether the interval holds the truth and whether `support` calls the level reached."""
    protocol = fervbench.load_protocol("ferv39k")
    position = {leaf: i for i, leaf in enumerate(protocol.leaves)}
    for profile, recall in PROFILES.items():
        chances = worlds.chances(np.array([recall[name] for name in protocol.classes]))
        for configuration in protocol.configurations.values():
            n = worlds.counts[[position[leaf] for leaf in configuration.leaves]].sum(axis=0)
            tables = np.zeros((number, 7, 8), dtype=np.int64)  # a world is a leaf of its own: all are drawn at once
            tables[..., :-1] = worlds.rng.multinomial(n, chances, size=(number, 7))
            expected = recognition.scores(np.pad(n[:, None] * chances, ((0, 0), (0, 1))))
            of, every = oc.outcomes_of_counts(tables), np.eye(number, dtype=np.int64)
            ends = resampling.interval(resampling.samples(of, every, replicates)[:, 0])
            truth = resampling.measures(expected)
            inside = (ends[0] <= truth) & (truth <= ends[1])
            yield profile, int(n.sum()), int(n.min()), inside, resampling.support(of, every).reached


def support_lines(worlds: Worlds, number: int, replicates: int) -> Iterator[str]:
    """Coverage by what `support` says, and by the smallest class."""
    rows = list(by_support(worlds, number, replicates))
    yield f"coverage of class-counts over 27 configurations x {len(PROFILES)} profiles, {number} worlds each"
    yield f"{'':<12}{'said to be reached':>34}{'said not to be':>30}"
    yield f"{'':<12}{'share of worlds':>16}{'coverage':>9}{'least':>9}{'coverage':>21}{'least':>9}"
    for m, measure in enumerate(resampling.MEASURES):
        inside, reached = (np.array([row[i][:, m] for row in rows]) for i in (3, 4))
        cells = f"{100 * reached.mean():>16.0f}"
        for chosen in (reached, ~reached):
            sure = [row[which].mean() for row, which in zip(inside, chosen, strict=True) if which.mean() >= 0.5]
            least = f"{100 * min(sure):>9.1f}" if sure else f"{'':>9}"  # of settings that it mostly says so of
            cells += f"{100 * inside[chosen].mean():>{9 if chosen is reached else 21}.1f}" + least
        yield f"{measure:<12}{cells}"
    yield ""
    yield f"{'smallest class':<16}" + "".join(f"{measure:>22}" for measure in resampling.MEASURES)
    for low, high in ((1, 4), (5, 9), (10, 19), (20, 49), (50, 10_000)):
        here = np.array([row[3].mean(axis=0) for row in rows if low <= row[2] <= high])
        cells = "".join(f"{100 * here[:, m].mean():>14.1f} ({100 * here[:, m].min():.1f})" for m in range(4))
        yield f"{f'{low} to {high}' if high < 10_000 else f'{low} and more':<16}{cells}"


def holds(worlds: Worlds, kind: str, ways: tuple[str, ...], number: int, replicates: int) -> dict[str, np.ndarray]:
    """Share of `number` worlds whose 95 % interval holds the truth, and its mean width: {way: (2, 4, 2)}."""
    truth = worlds.true_scores()
    found = {way: np.zeros((2, *truth.shape)) for way in ways}
    for world in range(number):
        of = worlds.clustered() if kind == "clustered" else oc.outcomes_of_counts(worlds.tables(kind))
        for way in ways:
            if way == "wilson":
                united = np.einsum("tl,lkj->tkj", worlds.members, of.tables()[0])
                hits = np.trace(united, axis1=1, axis2=2)
                ends = proportions.wilson(hits, united.sum(axis=(1, 2)))[:, :, None] * [1.0, np.nan]
            else:
                drawn = resampling.samples(of, worlds.members, replicates, seed=world, scheme=way)
                ends = resampling.interval(drawn[:, 0, :, :2])
            found[way][0] += ((ends[0] <= truth) & (truth <= ends[1])) / number
            found[way][1] += (ends[1] - ends[0]) / number
    return found


LENGTHS = {
    "100 each": lambda _, videos: np.full(videos, 100),
    "Poisson(60)": lambda rng, videos: np.maximum(rng.poisson(60, videos), 1),
    "50 to 200": lambda rng, videos: np.exp(rng.uniform(np.log(50), np.log(200), videos)).astype(int),
    "5 to 200": lambda rng, videos: np.exp(rng.uniform(np.log(5), np.log(200), videos)).astype(int),
}


def proposals(rng: np.random.Generator, given: np.ndarray) -> dict:
    """Arrays for `spotting.rank`: one to three targets a video, `given` proposals, most of them near a target."""
    videos = len(given)
    wanted = rng.integers(1, 4, videos)
    onset = rng.random(wanted.sum()) * 60
    target = np.stack([onset, onset + 1 + rng.exponential(3, len(onset))], axis=1)
    of_target, of_proposal = (np.repeat(np.arange(videos), n) for n in (wanted, given))
    near = target[np.searchsorted(of_target, of_proposal) + rng.integers(0, 3, len(of_proposal)) % wanted[of_proposal]]
    width = (near[:, 1] - near[:, 0])[:, None] * rng.integers(1, 6, len(near))[:, None]
    moved = np.sort(near + rng.normal(0, 0.3, near.shape) * width, axis=1)
    names = ("target", "target_video", "prediction", "prediction_video", "score")
    return dict(zip(names, (target, of_target, moved, of_proposal, rng.random(len(moved))), strict=True))


def drawn_again(arrays: dict, chosen: np.ndarray) -> spotting.Curve:
    """The curve of the chosen videos as a test list of its own: copies count apart, budgets are drawn up anew."""
    parts = {}
    for side in ("target", "prediction"):
        rows = [np.flatnonzero(arrays[f"{side}_video"] == video) for video in chosen.tolist()]
        parts[side] = arrays[side][np.concatenate(rows)]
        parts[f"{side}_video"] = np.repeat(np.arange(len(chosen)), [len(row) for row in rows])
        if side == "prediction":
            parts["score"] = arrays["score"][np.concatenate(rows)]
    return spotting.rank(**parts, videos=len(chosen)).curve()


def spotting_lines(seed: int, number: int, videos: int = 80) -> Iterator[str]:
    """Standard deviations of resampled AUC and AR@10, as multiples of those of everything done again."""
    yield f"spread of {number} replicates as a multiple of everything done again; sets of {videos} videos"
    yield f"{'proposals a video':<20}{'AUC, moved':>12}{'full':>8}{'AR@10, moved':>15}{'full':>8}"
    for name, lengths in LENGTHS.items():
        for again in range(2):
            rng = np.random.default_rng((seed, again))
            arrays = proposals(rng, lengths(rng, videos))
            curves = [drawn_again(arrays, rng.integers(0, videos, videos)) for _ in range(number)]
            slow = np.std([[curve.auc, curve.at(10)] for curve in curves], axis=0)
            spotted, ratio = spotting.rank(**arrays, videos=videos), {}
            for budgets in resampling_spotting.BUDGETS:
                ar, auc = resampling_spotting.curve_samples(spotted, number=4000, budgets=budgets)
                ratio[budgets] = np.array([auc.std(), ar[:, 9].std()]) / slow
            (a, b), (c, d) = ratio["moved"], ratio["full"]
            yield f"{name:<20}{a:>12.2f}{c:>8.2f}{b:>15.2f}{d:>8.2f}"


SETTINGS = (("Talkshow", 0.08), ("DL11k", 0.03))
TESTS = ("McNemar, WAR", "permutation, WAR", "permutation, UAR", "paired interval, WAR", "paired interval, UAR")


def refusals(worlds: Worlds, name: str, gap: float, number: int, replicates: int) -> np.ndarray:
    """Share of worlds in which each of `TESTS` says at 5 % that A and B differ; A's recalls are `gap` higher."""
    row = worlds.members[CONFIGURATIONS.index(name)]
    leaf, target = worlds.clips()
    here = row[leaf]
    leaf, target = leaf[here], target[here]
    better = worlds.chances(np.minimum(worlds.recall + gap, 1.0))
    found = np.zeros(len(TESTS))
    for world in range(number):
        rng = worlds.rng
        shared, same = rng.random(len(leaf)), rng.random(len(leaf)) < 0.5  # clips hard for one are hard for both
        answers = [
            worlds.answers(target, np.where(same, shared, rng.random(len(leaf))), truth)
            for truth in (better, worlds.truth)
        ]
        of = oc.outcomes(leaf, target, np.stack(answers, axis=1), leaves=len(row), classes=7)
        only = paired.discordant(of, row[None])[0]
        p = paired.permutation(of, row[None], replicates, seed=world)[1][0]
        low, high = resampling.interval(paired.differences(of, row[None], replicates, seed=world))[:, 0]
        apart = (low > 0) | (high < 0)
        found += np.array([paired.mcnemar(*only) <= 0.05, *(p[:2] <= 0.05), *apart[:2]]) / number
    return found


def lines(seed: int, number: int, replicates: int) -> Iterator[str]:
    """The tables, line by line."""
    worlds = Worlds(seed)
    n = (worlds.members.astype(int) @ worlds.counts).sum(axis=1)
    heads = [f"{id} ({m:,})" for id, m in zip(CONFIGURATIONS, n.tolist(), strict=True)]
    yield f"coverage of nominal 95 % in per cent, mean width in points; {number} worlds, {replicates} replicates"
    yield f"{'worlds':<10}{'interval':<13}{'metric':<7}" + "".join(f"{head:>18}" for head in heads)
    for kind, ways in TRIED.items():
        for way, (share, width) in holds(worlds, kind, ways, number, replicates).items():
            for m, metric in enumerate(("WAR", "UAR")):
                if np.isnan(share[0, m]) or np.isnan(width[0, m]):
                    continue
                cells = "".join(f"{100 * share[t, m]:>11.1f} {100 * width[t, m]:>6.1f}" for t in range(len(heads)))
                yield f"{kind:<10}{way:<13}{metric:<7}{cells}"
    yield ""
    yield from support_lines(worlds, max(number // 4, 10), replicates)
    yield ""
    yield f"'A and B differ' at 5 %, in per cent of {number} worlds; {replicates} replicates"
    heads = [f"{name}, +{100 * gap:g} points" for name, d in SETTINGS for gap in (0.0, d)]
    yield f"{'test':<24}" + "".join(f"{head:>24}" for head in heads)
    columns = [refusals(worlds, name, gap, number, replicates) for name, d in SETTINGS for gap in (0.0, d)]
    for t, test in enumerate(TESTS):
        yield f"{test:<24}" + "".join(f"{100 * column[t]:>24.1f}" for column in columns)
    yield ""
    yield from spotting_lines(seed, number)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--worlds", type=int, default=2000)
    parser.add_argument("--replicates", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    start = time.perf_counter()
    for line in lines(given.seed, given.worlds, given.replicates):
        print(line, flush=True)
    print(f"{time.perf_counter() - start:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
