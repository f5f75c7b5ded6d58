"""What a configuration can resolve: half-widths and smallest differences for its own class counts.

The discordance of two systems (the share of clips that exactly one has right) decides how small a difference shows; it
is given, or measured on a pilot: two prediction files.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from fervbench.errors import NotAvailableError, UsageError
from fervbench.metrics import paired, power
from fervbench.protocol import POOLED, Protocol
from fervbench.submission.model import Submission
from fervbench.uncertainty import answers_of, members, outcomes_of


@dataclass(frozen=True)
class Resolution:
    """What one configuration can show. Shares of 1; `war` is None where not even the largest difference shows."""

    target: str
    n: int
    smallest_class: int
    discordance: float
    half_width_war: float
    half_width_uar: float
    war: float | None
    uar: float
    clips_needed: int | None
    seeds_needed: int | None

    def to_dict(self) -> dict[str, Any]:
        """As JSON writes it."""
        return dict(self.__dict__)


def class_counts(protocol: Protocol) -> dict[str, list[int]]:
    """Test clips by class of every configuration, pooled folds included.

    Raises NotAvailableError for a protocol whose counts do not ship, UsageError for spotting.
    """
    if protocol.task != "recognition":
        raise UsageError(f"{protocol.id} is no recognition protocol", hint="power is about counts of clips")
    found = (protocol.counts() or {}).get("cells")
    if not found:
        raise NotAvailableError(f"the class counts of {protocol.title} do not ship with fervbench")
    counts = {
        id: [sum(found[leaf].get(name, {}).get("test", 0) for leaf in c.leaves) for name in protocol.classes]
        for id, c in protocol.configurations.items()
    }
    if any(evaluation.kind == "folds" for evaluation in protocol.evaluations.values()):
        counts[POOLED] = np.sum([counts[leaf] for leaf in protocol.leaves], axis=0).tolist()
    return counts


def resolutions(
    protocol: Protocol,
    *,
    target: str | None = None,
    discordance: float | dict[str, float] = 0.2,
    share: float = 0.5,
    wanted: float = 0.8,
    alpha: float = 0.05,
    difference: float | None = None,
    seed_sd: float | None = None,
) -> list[Resolution]:
    """What each configuration (or `target`) can show with power `wanted` at level `alpha`.

    `share` is the score that half-widths are for; `discordance` one number or one for each target; `difference` asks
    for the clips, and with `seed_sd` the seeds, that show it. Raises UsageError for unknown targets and shares outside
    (0, 1).
    """
    counts = class_counts(protocol)
    if target is not None and target not in counts:
        import difflib

        near = difflib.get_close_matches(target, counts, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(counts)}"
        raise UsageError(f"{protocol.id} has no configuration {target!r}", hint=hint)
    if seed_sd is not None and difference is None:
        raise UsageError("the seeds needed depend on the difference to be shown: give it")
    found = []
    for name in counts if target is None else [target]:
        sizes, n = counts[name], sum(counts[name])
        apart = discordance[name] if isinstance(discordance, dict) else discordance
        try:
            found.append(_resolution(name, n, sizes, apart, share, wanted, alpha, difference, seed_sd))
        except ValueError as error:
            raise UsageError(str(error)) from None
    return found


def _resolution(
    name: str, n: int, sizes: list[int], apart: float, share: float, wanted: float, alpha: float,
    difference: float | None, seed_sd: float | None,
) -> Resolution:  # fmt: skip
    level = 1 - alpha
    clips = None
    if difference is not None and difference <= apart:
        clips = power.clips_needed(difference, apart, wanted, alpha)
    elif difference is not None and not 0 < difference < 1:
        raise ValueError(f"a difference lies between 0 and 1, {difference} does not (is it in per cent?)")
    return Resolution(
        target=name,
        n=n,
        smallest_class=min(size for size in sizes if size),
        discordance=apart,
        half_width_war=power.half_width(n, share, level),
        half_width_uar=power.half_width_uar(sizes, share, level),
        war=power.smallest_difference(n, apart, wanted, alpha) if apart else None,
        uar=power.smallest_difference_uar(sizes, apart, wanted, alpha),
        clips_needed=clips,
        seeds_needed=None
        if seed_sd is None or difference is None
        else power.seeds_needed(difference, seed_sd, wanted, alpha),
    )


def pilot_discordance(first: Submission, second: Submission) -> dict[str, float]:
    """The share of clips that exactly one of two runs has right, by target of the evaluations that both have."""
    from fervbench.comparing import groups_of

    found: dict[str, float] = {}
    for evaluation, source, pairs in groups_of([first, second]):
        answers = [answers_of(each, evaluation, source)[:, :1] for each in (first, second)]
        targets = [t for _, t in pairs if t in first.protocol.configurations]
        of = outcomes_of(first, targets, "class-counts", np.concatenate(answers, axis=1))
        united = members(first.protocol, targets)
        names = list(targets)
        if evaluation.kind == "folds":
            united, names = np.concatenate([united, np.any(united, axis=0, keepdims=True)]), [*targets, POOLED]
        apart = paired.discordant(of, united).sum(axis=1)
        sizes = united.astype(np.int64) @ np.bincount(of.leaf, weights=of.clips, minlength=of.leaves)
        for name, k, n in zip(names, apart.tolist(), sizes.tolist(), strict=True):
            found.setdefault(name, k / n)
    return found
