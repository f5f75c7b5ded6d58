"""What concerns several entries: slugs that look alike, links to nothing, the same predictions under two names."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from fervbench.findings import Finding
from fervbench.leaderboard.entries import PREDICTIONS, SUBMISSION, Folderful
from fervbench.leaderboard.telling import Told
from fervbench.leaderboard.wording import skeleton

NEAR = 0.99  # answers in common, from which two entries are said to be nearly one
_SKETCH = 256


def check_slugs(folders: list[Folderful], told: Told) -> None:
    """Slugs of one protocol that a reader takes for one another."""
    seen: dict[tuple[str, str], Folderful] = {}
    for of in folders:
        key = (of.protocol, skeleton(of.slug))
        if key in seen:
            message = f"looks like {seen[key].slug!r}: choose a slug that nobody takes for it"
            told.extend([Finding("confusable-slug", message, file=of.path(SUBMISSION), id=of.id)])
        seen.setdefault(key, of)


def check_links(kept: Mapping[str, dict[str, Any]], known: set[str], told: Told) -> None:
    """Links to entries that are not there."""
    for id, found in kept.items():
        for i, link in enumerate((found.get("about") or {}).get("links", ())):
            if link["entry"] not in known or link["entry"] == id:
                message = f"links to {link['entry']!r}, which is " + ("itself" if link["entry"] == id else "not there")
                told.extend([Finding("broken-link", message, file=f"{id}/{SUBMISSION}", pointer=f"/links/{i}", id=id)])


def check_duplicates(kept: Mapping[str, dict[str, Any]], others: Mapping[str, dict[str, Any]], told: Told) -> None:
    """Entries with the same answers, or nearly: unless they say that they are one model."""
    alike: dict[tuple[str, str, int], list[str]] = {}
    every = {**others, **kept}
    for id in sorted(every):
        found = every[id]
        if "digest" in found:
            size = len(found["answers"])
            alike.setdefault((id.partition("/")[0], found["ids"], 0 if size else 1), []).append(id)
    for ids in alike.values():
        if len(ids) < 2:
            continue
        rows = {id: _answers(every[id]) for id in ids}
        for first, second, share in _close(rows, set(kept)):
            _tell_duplicate(first, second, share, every, told, set(kept))


def _answers(found: dict[str, Any]) -> npt.NDArray[np.uint8]:
    return np.frombuffer(zlib.decompress(base64.b64decode(found["answers"])), dtype=np.uint8)


def _close(rows: dict[str, npt.NDArray[np.uint8]], fresh: set[str]) -> list[tuple[str, str, float]]:
    """Pairs with at least `NEAR` of their answers in common, one of them in `fresh`: first by a sketch, then whole."""
    by_size: dict[int, list[str]] = {}
    for id, row in rows.items():
        by_size.setdefault(len(row), []).append(id)
    found = []
    for size, ids in by_size.items():
        if len(ids) < 2 or not size:
            continue
        at = np.unique(np.linspace(0, size - 1, min(size, _SKETCH)).astype(np.int64))
        sketch = np.stack([rows[id][at] for id in ids])
        for i in range(len(ids) - 1):
            same = (sketch[i + 1 :] == sketch[i]).mean(axis=1)
            for j in (np.flatnonzero(same >= NEAR - 0.03) + i + 1).tolist():
                if ids[i] in fresh or ids[j] in fresh:
                    share = float((rows[ids[i]] == rows[ids[j]]).mean())
                    if share >= NEAR:
                        found.append((ids[i], ids[j], share))
    return found


def _tell_duplicate(
    first: str, second: str, share: float, every: Mapping[str, dict[str, Any]], told: Told, kept: set[str]
) -> None:
    links = [
        link["entry"] for id in (first, second) for link in (every[id].get("about") or {}).get("links", ())
        if link["relation"] in ("same-model", "variant-of")
    ]  # fmt: skip
    id, other = (second, first) if second in kept else (first, second)
    place = f"{id}/{PREDICTIONS[0]}"
    if share == 1.0:
        message = f"has the same predictions as {other}"
        told.extend([Finding("duplicate-predictions", message, file=place, id=id)])
    elif first not in links and second not in links:
        message = f"has {100 * share:.2f} % of its answers in common with {other}"
        hint = "one model? link them: same-model, or variant-of"
        told.extend([Finding("near-duplicate", message, hint=hint, file=place, id=id, severity="warning")])
