"""Simulated annotators with known error rates: does what `fervbench labels` does come out as theory says?

    python tools/simulate_annotators.py

prints the tables of docs/labels.md. An annotator is right with a chance of `right`, independently, and else names one
of the other six classes evenly; nobody real is like that, so the figures say that the rules are computed rightly, and
not how good people are.
"""

from __future__ import annotations

import itertools
import math

import numpy as np

from fervbench.labels.agreeing import agree
from fervbench.labels.quality import control, verdict
from fervbench.labels.ratings import Ratings
from fervbench.labels.voting import threshold, wwta
from fervbench.metrics import agreement as measures
from fervbench.metrics.resampling import interval

CLASSES = ("Happy", "Sad", "Neutral", "Angry", "Surprise", "Disgust", "Fear")
K = len(CLASSES)


def said(rng: np.random.Generator, truth: np.ndarray, raters: int, right: float) -> np.ndarray:
    """What each rater says of each clip, shape (clips, raters)."""
    wrong = (truth[:, None] + rng.integers(1, K, (len(truth), raters))) % K
    return np.where(rng.random((len(truth), raters)) < right, truth[:, None], wrong)


def counts(codes: np.ndarray) -> np.ndarray:
    """Votes by class, shape (clips, classes)."""
    return (codes[:, :, None] == np.arange(K)).sum(axis=1)


def ratings_of(votes: np.ndarray, extra: np.ndarray | None = None) -> Ratings:
    """Votes as ratings without raters."""
    nobody = np.zeros(len(votes), dtype=np.int64)
    more = np.zeros_like(votes) if extra is None else extra
    return Ratings("made", "0" * 64, CLASSES, [f"c{i}" for i in range(len(votes))], votes, nobody, more, nobody)


def pmf(k: int, n: int, p: float) -> float:
    """The chance of k of n."""
    return math.comb(n, k) * p**k * (1 - p) ** (n - k)


def threshold_in_theory(right: float, raters: int = 10, least: int = 7) -> tuple[float, float]:
    """Share of clips with a label, and of these with the right one (least above half: one class at most)."""
    good = sum(pmf(k, raters, right) for k in range(least, raters + 1))
    bad = sum((K - 1) * pmf(k, raters, (1 - right) / (K - 1)) for k in range(least, raters + 1))
    return good + bad, good / (good + bad)


def threshold_simulated(rng: np.random.Generator, right: float, clips: int = 16_372) -> tuple[float, float]:
    """The same, of `fervbench labels vote --rule threshold`."""
    truth = rng.integers(0, K, clips)
    found = threshold(ratings_of(counts(said(rng, truth, 10, right))), 7).label
    labelled = found >= 0
    return float(labelled.mean()), float((found == truth)[labelled].mean())


def wwta_in_theory(right: float, professional: float) -> tuple[float, float]:
    """Three annotators and a professional who counts twice: share of clips with a label, and of these right."""
    chance = [right] + [(1 - right) / (K - 1)] * (K - 1)
    expert = [professional] + [(1 - professional) / (K - 1)] * (K - 1)
    labelled = good = 0.0
    for a, b, c, d in itertools.product(range(K), repeat=4):
        p = chance[a] * chance[b] * chance[c] * expert[d]
        votes = [0] * K
        for vote in (a, b, c, d, d):
            votes[vote] += 1
        if votes.count(max(votes)) == 1:
            labelled += p
            good += p * (votes.index(max(votes)) == 0)
    return labelled, good / labelled


def wwta_simulated(
    rng: np.random.Generator, right: float, professional: float, clips: int = 20_000
) -> tuple[float, float]:
    """The same, of `fervbench labels vote --rule wwta`."""
    truth = rng.integers(0, K, clips)
    extra = counts(said(rng, truth, 1, professional))
    found = wwta(ratings_of(counts(said(rng, truth, 3, right)), extra)).label
    labelled = found >= 0
    return float(labelled.mean()), float((found == truth)[labelled].mean())


def agreement_in_theory(right: float, raters: int = 10) -> tuple[float, float]:
    """Kappa, and the share of ratings equal to the vote of the others, where there is one; classes even."""
    wrong = (1 - right) / (K - 1)
    pairs = right**2 + (K - 1) * wrong**2
    voted = equal = 0.0
    n = raters - 1

    def spread(left: int, parts: int):  # type: ignore[no-untyped-def]
        if parts == 1:
            yield (left,)
            return
        for first in range(left + 1):
            for rest in spread(left - first, parts - 1):
                yield (first, *rest)

    for votes in spread(n, K):
        if votes.count(max(votes)) > 1:
            continue
        ways = math.factorial(n) // math.prod(math.factorial(v) for v in votes)
        p = ways * right ** votes[0] * wrong ** (n - votes[0])
        voted += p
        equal += p * (right if votes.index(max(votes)) == 0 else wrong)
    return (pairs - 1 / K) / (1 - 1 / K), equal / voted


def agreement_simulated(rng: np.random.Generator, right: float, clips: int = 16_372) -> tuple[float, float]:
    """The same, of `fervbench labels agreement`."""
    truth = rng.integers(0, K, clips)
    part = agree(ratings_of(counts(said(rng, truth, 10, right))), replicates=0)["parts"][0]
    return part["kappa"]["value"], part["ceiling"]["WAR"]["value"]


def coverage(rng: np.random.Generator, right: float, clips: int, sets: int, replicates: int = 500) -> float:
    """How often the 95 % bootstrap interval of kappa holds the true kappa."""
    true, _ = agreement_in_theory(right)
    held = 0
    for number in range(sets):
        truth = rng.integers(0, K, clips)
        rows, own, _ = measures.distinct(counts(said(rng, truth, 10, right)))
        drawn = measures.agreement(measures.resampled(measures.pair_sums(rows), own, replicates, number)).kappa
        low, high = interval(drawn)
        held += low <= true <= high
    return held / sets


def quality_in_theory(right: float, flags: int) -> dict[str, float]:
    """The chance of each verdict on a group with so many known clips."""
    found: dict[str, float] = {}
    for k in range(flags + 1):
        name = verdict(k, flags)[0]
        found[name] = found.get(name, 0.0) + pmf(k, flags, right)
    return found


def quality_simulated(rng: np.random.Generator, right: float, flags: int, groups: int = 1000) -> dict[str, float]:
    """The share of each verdict, of `fervbench labels quality`."""
    clip = np.tile(np.arange(flags), groups)
    group = np.repeat(np.arange(groups), flags)
    truth = clip % K
    code = said(rng, truth, 1, right)[:, 0]
    none = np.zeros((flags, K), dtype=np.int64)
    ratings = Ratings(
        *("made", "0" * 64, CLASSES, [f"c{i}" for i in range(flags)]),
        *(none, none[:, 0], none, none[:, 0]),
        raters=("one",),
        groups=tuple(f"g{g}" for g in range(groups)),
        clip_of=clip,
        rater_of=np.zeros_like(clip),
        code=code,
        group_of=group,
    )
    document = control(ratings, {f"c{i}": CLASSES[i % K] for i in range(flags)})
    return {name: n / groups for name, n in document["verdicts"].items()}


def main() -> None:
    """Print the tables of docs/labels.md."""
    rng = np.random.default_rng(0)
    print("| right | labelled | theory | right label | theory | kappa | theory | WAR of a rater | theory |")
    print("|---|---|---|---|---|---|---|---|---|")
    for right in (0.5, 0.6, 0.7, 0.8, 0.9):
        cells = [
            f"{100 * x:.2f} | {100 * y:.2f}"
            for x, y in zip(threshold_simulated(rng, right), threshold_in_theory(right), strict=True)
        ]
        (kappa, rater), (own, ceiling) = agreement_simulated(rng, right), agreement_in_theory(right)
        cells += [f"{kappa:.4f} | {own:.4f}", f"{100 * rater:.2f} | {100 * ceiling:.2f}"]
        print(f"| {right:.2f} | " + " | ".join(cells) + " |")
    print()
    print("| annotators | professional | labelled | theory | right label | theory |")
    print("|---|---|---|---|---|---|")
    for right, professional in ((0.5, 0.8), (0.7, 0.9), (0.8, 0.95), (0.9, 0.95)):
        pairs = zip(wwta_simulated(rng, right, professional), wwta_in_theory(right, professional), strict=True)
        cells = [f"{100 * x:.2f} | {100 * y:.2f}" for x, y in pairs]
        print(f"| {right:.2f} | {professional:.2f} | " + " | ".join(cells) + " |")
    print()
    names = ("unacceptable", "improper", "accepted", "cannot be judged")
    print("| right | known clips | " + " | ".join(f"{name} | theory" for name in names) + " |")
    print("|---" * 10 + "|")
    for right in (0.3, 0.6, 0.9):
        for flags in (2, 5, 20, 100):
            found, own = quality_simulated(rng, right, flags), quality_in_theory(right, flags)
            cells = [f"{100 * found[name]:.1f} | {100 * own.get(name, 0):.1f}" for name in names]
            print(f"| {right:.2f} | {flags} | " + " | ".join(cells) + " |")
    print()
    for right, clips in ((0.7, 50), (0.7, 300), (0.9, 300)):
        held = coverage(rng, right, clips, 1000)
        print(f"coverage of the 95 % interval of kappa, right {right}, {clips} clips: {100 * held:.1f}")


if __name__ == "__main__":
    main()
