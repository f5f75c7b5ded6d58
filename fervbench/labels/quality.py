"""Quality control by flag recapture, as FERV39k had it (section 3.2, appendix C).

Clips whose label professionals know are mixed, hidden, into each group of clips (5 % of it). The correct rate of a
group is the share of its ratings of known clips that are right; PASS is wrong. "Lower than 40 %" is unacceptable and
goes back to the annotators; "between 40 % and 80 %" is improper, goes to professional judgement with a warning, and is
relabelled where that confirms it; "over 80 %" is accepted and goes to professional judgement without notes.

At the edges
    Exactly 40 % is improper (it is not lower), exactly 80 % is improper (it is not over). Rates are compared as
    fractions, so that 4 of 10 is exactly 40 %.

What the paper does not ask is how sure a rate of few known clips is. Beside each stands Clopper and Pearson's interval:
    cannot be judged   the interval reaches below the lower and above the upper threshold: these known clips cannot even
                       tell an unacceptable group from an accepted one. At 95 % and the paper's thresholds: always with
                       one or two known clips, never with 24 or more, in between at middling rates (5 of 8)
    sure               the whole interval lies on the verdict's side of the thresholds
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from fervbench._version import __version__
from fervbench.errors import InputError, UsageError
from fervbench.labels.ratings import Ratings
from fervbench.labels.sheet import read_sheet, refuse
from fervbench.metrics.proportions import clopper_pearson

FORMAT = "fervbench-quality/1"
UNACCEPTABLE, IMPROPER, ACCEPTED, UNKNOWN = "unacceptable", "improper", "accepted", "cannot be judged"
NEXT = {
    UNACCEPTABLE: "back to the annotators",
    IMPROPER: "to professional judgement with a warning; if confirmed, relabel as supplementary, tell the annotators",
    ACCEPTED: "to professional judgement without notes",
    UNKNOWN: "mix in more known clips and have them annotated",
}
LOWER, UPPER = Fraction(2, 5), Fraction(4, 5)


def verdict(
    hits: int, n: int, *, lower: Fraction = LOWER, upper: Fraction = UPPER, level: float = 0.95
) -> tuple[str, bool, tuple[float, float]]:
    """The verdict on `hits` of `n` known clips, whether it is sure, and the interval of the correct rate.

    >>> verdict(40, 100)[0], verdict(39, 100)[0], verdict(80, 100)[0], verdict(81, 100)[0], verdict(2, 2)[0]
    ('improper', 'unacceptable', 'improper', 'accepted', 'cannot be judged')
    """
    low, high = clopper_pearson(hits, n, level)
    if n == 0 or (low < lower and high > upper):
        return UNKNOWN, False, (low, high)
    rate = Fraction(hits, n)
    if rate < lower:
        return UNACCEPTABLE, high < lower, (low, high)
    if rate > upper:
        return ACCEPTED, low > upper, (low, high)
    return IMPROPER, low >= lower and high <= upper, (low, high)


def read_flags(path: str, classes: tuple[str, ...]) -> dict[str, str]:
    """The known clips: a table with the columns clip_id and label. Raises InputError with every finding."""
    sheet = read_sheet(path)
    if not {"clip_id", "label"} <= set(sheet.header):
        raise InputError(f"has the header {','.join(sheet.header)!r}, not clip_id,label: {path}", file=path)
    found: dict[str, str] = {}
    for (where, _), id, label in zip(sheet.rows, *sheet.columns("clip_id", "label"), strict=True):
        if not id:
            sheet.findings.add("missing-value", "clip_id is empty", pointer=where)
        elif id in found:
            sheet.findings.add("duplicate-id", f"{id!r} stands more than once", pointer=where, id=id)
        elif label not in classes:
            hint = f"known: {', '.join(classes[:30])}"
            sheet.findings.add("unknown-class", f"no class {label[:100]!r}", pointer=where, id=id, hint=hint)
        found.setdefault(id, label)
    if not found:
        sheet.findings.add("no-ratings", "names no known clips")
    if len(sheet.findings):
        raise refuse(sheet)
    return found


def control(
    ratings: Ratings,
    flags: Mapping[str, str],
    *,
    lower: Fraction = LOWER,
    upper: Fraction = UPPER,
    level: float = 0.95,
) -> dict[str, Any]:
    """The verdict on each group, and the correct rate of each rater, as `schemas/quality.schema.json` has it.

    Supplementary ratings play no part: they are the professionals' own. Raises UsageError for ratings without groups or
    raters, and thresholds that are none; InputError where no known clip was rated.
    """
    if not ratings.groups or (ratings.group_of < 0).any():
        hint = "the long form has a column group: the copy of a group of clips that a rater was given"
        raise UsageError(f"names no group for every rating: {ratings.file}", hint=hint)
    if not 0 <= lower < upper <= 1:
        raise UsageError(f"the thresholds {float(lower):g} and {float(upper):g} are none", hint="shares: 0.4 and 0.8")
    code_of = {name: i for i, name in enumerate(ratings.classes)}
    known = np.array([code_of[flags[id]] if id in flags else -1 for id in ratings.clips], dtype=np.int64)
    truth = known[ratings.clip_of]
    flag, right = truth >= 0, truth == ratings.code
    if not flag.any():
        raise InputError(f"none of the known clips was rated: {ratings.file}", file=ratings.file)
    passed = ratings.code == len(ratings.classes)

    def rate(chosen: Any) -> dict[str, Any]:
        n, hits = int((flag & chosen).sum()), int((flag & right & chosen).sum())
        low, high = clopper_pearson(hits, n, level)
        return {"flags": n, "correct": hits, "rate": hits / n if n else None, "ci_low": low, "ci_high": high}

    groups = {}
    for g, name in enumerate(ratings.groups):
        own = ratings.group_of == g
        if not own.any():
            continue  # supplementary ratings alone
        found = rate(own)
        said, sure, _ = verdict(found["correct"], found["flags"], lower=lower, upper=upper, level=level)
        groups[name] = found | {
            "ratings": int(own.sum()),
            "passes": int((own & flag & passed).sum()),
            "raters": sorted({ratings.raters[r] for r in ratings.rater_of[own].tolist()}),
            "verdict": said,
            "sure": sure,
            "next": NEXT[said],
        }
    unused = [id for id in flags if id not in set(ratings.clips)]
    warnings = [f"{len(unused):,} known clips were rated by nobody: {', '.join(unused[:5])}"] if unused else []
    return {
        "format": FORMAT,
        "tool_version": __version__,
        "sha256": ratings.sha256,
        "thresholds": {"lower": float(lower), "upper": float(upper)},
        "level": level,
        "total": rate(np.ones(len(flag), dtype=np.bool_)),
        "groups": groups,
        "raters": {name: rate(ratings.rater_of == r) for r, name in enumerate(ratings.raters)},
        "verdicts": {said: sum(g["verdict"] == said for g in groups.values()) for said in NEXT},
        "warnings": warnings,
    }
