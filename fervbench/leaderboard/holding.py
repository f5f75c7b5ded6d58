"""A claim and a stored result, held against what the predictions give now."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fervbench import strict_json
from fervbench.leaderboard.telling import Told

CLAIM_WITHIN = 1e-4 + 1e-9  # two decimals of per cent, rounded or cut off
VALUE_WITHIN, ENDS_WITHIN = 1e-9, 0.01  # scores are exact; ends of intervals are another numpy's random numbers


def check_claims(about: dict[str, Any], scores: dict[str, Any], told: Told) -> None:
    """Claims beside headline scores: two decimals of per cent, rounded or cut off, must agree."""
    for evaluation, claims in about["claimed"].items():
        for metric, claim in claims.items():
            if claim is None:
                continue
            found = scores.get(evaluation, {}).get(metric, {}).get("value")
            where = f"/claimed/{evaluation}/{metric}"
            if found is None:
                if evaluation in scores and metric in ("WAR", "UAR", "AUC"):
                    continue
                message = f"{evaluation}: {metric} is claimed, and the predictions do not give it"
                told.add("claim-differs", message, pointer=where)
            elif abs(found - claim) > CLAIM_WITHIN:
                message = (
                    f"{evaluation}: {metric} is claimed as {100 * claim:.2f}, the predictions give {100 * found:.2f}"
                )
                hint = "does the claim come from another epoch, other views, or another split?"
                told.add("claim-differs", message, hint=hint, pointer=where)


def compare_results(stored: dict[str, Any], fresh: dict[str, Any], told: Told) -> None:
    """A stored result beside one made now."""
    was, now = stored["report"]["protocol"], fresh["report"]["protocol"]
    if was["sha256"] != now["sha256"]:
        message = f"was scored by {was['id']} {was['version']}, the protocol is now {now['version']}"
        told.warn("protocol-changed", message, hint="fervbench leaderboard check --write stores the new result")
        return
    parted = list(_differences(stored, fresh))
    if parted:
        places = ", ".join(where for where, _, _ in parted[:3])
        first = f"{parted[0][0]} is {str(parted[0][1])[:40]}, the predictions give {str(parted[0][2])[:40]}"
        message = f"the stored result is not what the predictions give, in {len(parted):,} places ({places}): {first}"
        told.add("result-differs", message, hint="result.json is written by the tool only: check --write")


def _differences(old: Any, new: Any, where: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Places where two results differ by more than the tool's version or another numpy's random numbers explain."""
    key = where.rpartition("/")[2]
    if key in ("tool_version", "warnings"):
        return
    if isinstance(old, dict) and isinstance(new, dict):
        for name in sorted(old.keys() | new.keys()):
            place = where + strict_json.pointer(name)
            if name not in old or name not in new:
                yield place, old.get(name, "absent"), new.get(name, "absent")
            else:
                yield from _differences(old[name], new[name], place)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for i, (first, second) in enumerate(zip(old, new, strict=True)):
            yield from _differences(first, second, f"{where}/{i}")
    elif _number(old) and _number(new):
        within = ENDS_WITHIN if key in ("ci_low", "ci_high") else VALUE_WITHIN
        if abs(old - new) > within:
            yield where, old, new
    elif key == "signature":
        if str(old).rpartition("|v:")[0] != str(new).rpartition("|v:")[0]:
            yield where, old, new
    elif old != new:
        yield where, old, new


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
