"""Several prediction files of one model: how much of a score's spread is clips, seeds and sampling.

Runs of one model are nested: a seed (one training) has one or more samplings (frame samplings, test-time views), and
all answer the same clips. Components of the variance of a single run's score, each a variance in squares of the score:

    sampling  mean over the seeds of the variance between runs of one seed (ddof 1); None if no seed has two
    seed      variance between the seeds' means, less what sampling adds to it, not below 0; None for one seed
    clips     variance of the mean score over resampled clips

Source: one-way random effects (Searle, Casella and McCulloch, "Variance Components", 1992, section 3.6), unbalanced
seeds by their harmonic mean size.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from fervbench.errors import UsageError
from fervbench.metrics.resampling import observed, samples
from fervbench.protocol import POOLED
from fervbench.submission.model import Submission
from fervbench.uncertainty import Resampling, answers_of, members, outcomes_of

FloatArray = npt.NDArray[np.float64]
VARY = ("seed", "sampling")
INDEX = {"WAR": 0, "UAR": 1, "macro_F1": 2, "weighted_F1": 3}


def components(values: Sequence[float], seeds: Sequence[object]) -> tuple[float | None, float | None]:
    """Variance between seeds and within a seed (sampling) of runs' scores.

    >>> between, within = components([0.50, 0.52, 0.60, 0.62], [0, 0, 1, 1])
    >>> round(between, 6), round(within, 6)
    (0.0049, 0.0002)
    """
    groups = [np.array([v for v, s in zip(values, seeds, strict=True) if s == seed]) for seed in dict.fromkeys(seeds)]
    repeated = [group for group in groups if len(group) > 1]
    within = None
    if repeated:
        freedom = sum(len(group) - 1 for group in repeated)
        within = float(sum(((group - group.mean()) ** 2).sum() for group in repeated) / freedom)
    if len(groups) < 2:
        return None, within
    means = np.array([group.mean() for group in groups])
    per_seed = len(groups) / sum(1 / len(group) for group in groups)  # harmonic mean of runs a seed
    between = float(means.var(ddof=1)) - (within or 0.0) / per_seed
    return max(0.0, between), within


def split(
    submissions: Sequence[Submission], names: Sequence[str], made: Resampling, *, vary: str = "seed"
) -> list[dict[str, Any]]:
    """Variance components of WAR and UAR for every cell that all files have.

    A run's seed is what its file says; runs without one count as a seed each (`vary="seed"`) or all as samplings of one
    training (`vary="sampling"`). Raises UsageError for fewer than two runs, or no evaluation in common.
    """
    from fervbench.comparing import groups_of

    found = []
    for evaluation, source, pairs in groups_of(submissions):
        targets = [target for _, target in pairs if evaluation.kind != "folds" or target != POOLED]
        united = members(submissions[0].protocol, targets)
        if evaluation.kind == "folds":
            united = np.concatenate([united, np.any(united, axis=0, keepdims=True)])
        answers, seeds, labels = [], [], []
        for submission, name in zip(submissions, names, strict=True):
            answers.append(answers_of(submission, evaluation, source))
            for seed in submission.seeds:
                alone: object = name if vary == "seed" else "one training"
                seeds.append(seed if seed is not None else alone)
                labels.append(name if len(submission.seeds) == 1 else f"{name}, seed {seed}")
        together = np.concatenate(answers, axis=1)
        if together.shape[1] < 2:
            raise UsageError("one run has no spread: give several files, or a file with several seeds")
        of = outcomes_of(submissions[0], targets, made.scheme, together)
        whole = observed(of, united)  # (runs, T, 4)
        drawn = samples(of, united, made.replicates, made.seed, made.scheme).mean(axis=1)  # (R, T, 4)
        for t, (own, target) in enumerate(pairs):
            metrics = {}
            for metric in ("WAR", "UAR"):
                values = whole[:, t, INDEX[metric]].tolist()
                between, within = components(values, seeds)
                clips = float(np.nanvar(drawn[:, t, INDEX[metric]], ddof=1))
                metrics[metric] = {
                    "mean": float(np.mean(values)),
                    "runs": dict(zip(labels, values, strict=True)),
                    "variance": {"clips": clips, "seed": between, "sampling": within},
                }
            n = int(of.clips[np.isin(of.leaf, np.flatnonzero(united[t]))].sum())
            found.append(
                {"evaluation": evaluation.id, "source": own, "target": target, "n": n, "runs": len(labels),
                 "seeds": len(set(seeds)), "metrics": metrics}
            )  # fmt: skip
    return found
