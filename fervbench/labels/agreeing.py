"""How far raters agree on clips, as a document: kappa, alpha, each class, and the human ceiling, with intervals.

Supplementary ratings are left out: professionals who judge what others have said are not independent of them. PASS is
a class of its own for kappa and alpha where it occurs (the raters did choose it); against the vote of the others it is
no answer, and where the others vote PASS there is nothing to be right about.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from fervbench._version import __version__
from fervbench.labels.ratings import PASS, Ratings
from fervbench.metrics import agreement as measures
from fervbench.metrics.recognition import RecognitionScores, scores
from fervbench.metrics.resampling import interval

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

FORMAT = "fervbench-agreement/1"


def agree(
    ratings: Ratings, *, min_votes: int | None = None, replicates: int = 1000, seed: int = 0, level: float = 0.95
) -> dict[str, Any]:
    """Agreement on all clips, and on those where a class has `min_votes` votes (DFEW reports both).

    Bootstrap over clips: `replicates` draws of as many clips with replacement; 0 makes no intervals. As
    `schemas/agreement.schema.json` has it.
    """
    passes = ratings.passes.sum() > 0
    votes = np.concatenate([ratings.votes, ratings.passes[:, None]], axis=1) if passes else ratings.votes
    names = [*ratings.classes, *([PASS] if passes else [])]
    parts = [("all", np.ones(len(votes), dtype=np.bool_))]
    if min_votes is not None:
        parts.append((f"at least {min_votes} votes", ratings.votes.max(axis=1) >= min_votes))
    warnings = list(ratings.notes)
    if ratings.extra.sum() + ratings.extra_passes.sum() > 0:
        warnings.append("supplementary ratings are left out: they are not independent of the others")
    found = []
    for name, chosen in parts:
        part = _part(votes[chosen], names, len(ratings.classes), replicates, seed, level)
        part["ceiling"]["raters"] = _each_rater(ratings, chosen)
        found.append({"part": name} | part)
    if found[0]["kappa"]["value"] is None and found[0]["votes"]["min"] != found[0]["votes"]["max"]:
        least, most = found[0]["votes"]["min"], found[0]["votes"]["max"]
        warnings.append(f"clips have {least} to {most} ratings: Fleiss' kappa needs one number; alpha takes them as is")
    made = {"level": level, "replicates": replicates, "seed": seed} if replicates else None
    return {
        "format": FORMAT,
        "tool_version": __version__,
        "sha256": ratings.sha256,
        "classes": names,
        "raters": list(ratings.raters),
        "intervals": made,
        "parts": found,
        "warnings": warnings,
    }


def _part(votes: IntArray, names: list[str], classes: int, replicates: int, seed: int, level: float) -> dict[str, Any]:
    each = votes.sum(axis=1)
    rows, clips, _ = measures.distinct(votes)
    tables, without = measures.left_out(rows)
    if len(names) > classes:  # PASS: no vote to be right about, and no answer
        without = without + tables[:, classes].sum(axis=-1)
        tables = tables[:, :classes, [*range(classes), classes]]
    sums = measures.pair_sums(rows)
    flat = np.concatenate(
        [part.reshape(len(rows), int(np.prod(part.shape[1:]))) for part in (sums, tables, without)], axis=1
    )
    drawn = measures.resampled(flat, clips, replicates, seed) if replicates and len(rows) else np.empty((0, 0))
    whole = clips @ flat
    same = len(each) > 0 and each.min() == each.max() >= 2
    width, shape = 2 * len(names), (classes, classes + 1)

    def both(values: FloatArray) -> tuple[measures.Agreement, RecognitionScores]:
        lead = values.shape[:-1]
        found = measures.agreement(values[..., :width].reshape(*lead, 2, len(names)))
        return found, scores(values[..., width:-1].reshape(*lead, *shape))

    found, ceiling = both(whole)
    more = both(drawn) if len(drawn) else None

    def value(name: str, of: int, at: int | None = None) -> dict[str, Any]:
        own = getattr((found, ceiling)[of], name)
        reps = None if more is None else getattr(more[of], name)
        if at is not None:
            own, reps = own[at], None if reps is None else reps[..., at]
        return with_interval(float(own), reps, level)

    nothing: dict[str, Any] = {"value": None}
    kappa = value("kappa", 0) if same else nothing
    word = None if kappa["value"] is None else measures.interpretation(kappa["value"])
    return {
        "n": len(each),
        "ratings": int(each.sum()),
        "votes": {"min": int(each.min(initial=10**9)) if len(each) else 0, "max": int(each.max(initial=0))},
        "pairs": value("pairs", 0),
        "kappa": kappa | {"interpretation": word},
        "alpha": value("alpha", 0),
        "per_class": {
            name: {
                "share": _number(float(found.share[k])),
                "kappa": value("kappa_of", 0, k) if same else nothing,
                "alpha": value("alpha_of", 0, k),
            }
            for k, name in enumerate(names)
        },
        "ceiling": {
            "WAR": value("war", 1),
            "UAR": value("uar", 1),
            "ratings": int(whole[width:-1].sum()),
            "without_vote": int(whole[-1]),
        },
    }


def with_interval(value: float, drawn: FloatArray | None, level: float) -> dict[str, Any]:
    """A value with the percentile interval of its replicates; null where it is not defined."""
    found: dict[str, Any] = {"value": _number(value)}
    if drawn is not None and found["value"] is not None:
        low, high = interval(drawn, level).tolist()
        if low == low:
            found |= {"ci_low": low, "ci_high": high}
    return found


def _number(value: float) -> float | None:
    return None if value != value else value


def _each_rater(ratings: Ratings, chosen: npt.NDArray[np.bool_]) -> dict[str, dict[str, Any]]:
    """WAR and UAR of each rater against the vote of the others; empty where the raters are not known."""
    k = len(ratings.classes)
    votes = np.concatenate([ratings.votes, ratings.passes[:, None]], axis=1)
    found = {}
    for r, name in enumerate(ratings.raters):
        own = (ratings.rater_of == r) & chosen[ratings.clip_of]
        clip, code = ratings.clip_of[own], ratings.code[own]
        others = votes[clip]
        others[np.arange(len(clip)), code] -= 1
        label = measures.top_class(others) if len(clip) else np.zeros(0, dtype=np.int64)
        voted = (label >= 0) & (label < k)
        flat = label[voted] * (k + 1) + code[voted]
        found_scores = scores(np.bincount(flat, minlength=k * (k + 1)).reshape(k, k + 1))
        found[name] = {
            "ratings": int(voted.sum()),
            "without_vote": int((~voted).sum()),
            "WAR": _number(float(found_scores.war)),
            "UAR": _number(float(found_scores.uar)),
        }
    return found
