"""Tracks: who competes with whom. Each is open to all that the ones above it admit, so a track only ever adds rivals.

    face         face crops or landmarks; trained on the protocol's training part; pretrained on nothing or on labelled
                 objects and actions (ImageNet, Kinetics)
    context      the same, and the scene around the face
    extra-data   any training data and pretraining: faces, expressions, image-text pairs, other datasets
    audio-text   also audio, text, and whatever else: every entry
    zero-shot    entries that were never trained on clips of the dataset (they also stand in the tracks they fit)

What is not declared counts as used. So a declaration can only add tracks in which an entry stands: in every track that
admits it undeclared it stands declared, among the same rivals, with the same rank.
"""

from __future__ import annotations

from typing import Any

from fervbench.leaderboard.entries import Entry

FACE, CONTEXT, EXTRA, OPEN, ZERO_SHOT = "face", "context", "extra-data", "audio-text", "zero-shot"
TRACKS = {
    FACE: "face only",
    CONTEXT: "with context",
    EXTRA: "extra data",
    OPEN: "audio or text: all entries",
    ZERO_SHOT: "zero-shot",
}
_SEEN = {FACE: {"face", "landmarks"}, CONTEXT: {"face", "landmarks", "context"}}


def uses_extra_data(about: dict[str, Any]) -> bool | None:
    """Whether more than the training part and generic pretraining was used; None: not declared."""
    extra, pretraining = about["extra_data"], about["pretraining"]
    if (extra is not None and extra["used"]) or any(each["kind"] != "generic" for each in pretraining or ()):
        return True
    return None if extra is None or pretraining is None else False


def admits(track: str, entry: Entry) -> bool:
    """Whether an entry stands in a track."""
    if track == ZERO_SHOT:
        return entry.about.get("zero_shot") is True
    if track == OPEN:
        return True
    seen = entry.about["modalities"]
    if seen is None:
        return False
    if track == EXTRA:
        return set(seen) <= _SEEN[CONTEXT]
    return set(seen) <= _SEEN[track] and uses_extra_data(entry.about) is False


def home(entry: Entry) -> str:
    """The narrowest track of an entry, which tells what it is: zero-shot before all others."""
    if admits(ZERO_SHOT, entry):
        return ZERO_SHOT
    return next(track for track in (FACE, CONTEXT, EXTRA, OPEN) if admits(track, entry))


def why(entry: Entry) -> str:
    """What is not declared, so that an entry stands in a wider track than it may have to; "" where nothing is."""
    open_ = [name for name in ("modalities", "extra_data", "pretraining") if entry.about[name] is None]
    return f"not declared: {', '.join(name.replace('_', ' ') for name in open_)}" if open_ else ""
