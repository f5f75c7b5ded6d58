"""What a name that is not known was probably meant to be. Guesses are printed as hints, never applied in silence."""

from __future__ import annotations

import difflib
import re
from functools import cached_property

from fervbench.errors import FervbenchError
from fervbench.ground_truth import GroundTruth, training_clips
from fervbench.protocol import Protocol, list_protocols, load_protocol

# Words for one class in the field's lists. Each line is one class.
_SAME_CLASS = (
    {"angry", "anger"},
    {"disgust", "disgusted"},
    {"fear", "fearful", "afraid", "scared"},
    {"happy", "happiness", "joy"},
    {"sad", "sadness"},
    {"surprise", "surprised"},
    {"neutral", "neutrality", "none"},
)
# Nobody meant a class or a clip by something longer; guessing is slow on long text.
_LONGEST = 200
_EXTENSION = re.compile(r"\.(mp4|avi|mov|jpe?g|png|npy|npz|wav)$", re.IGNORECASE)

NUMBERS_HINT = (
    "write class names: the field numbers its classes in three different orders; "
    "'fervbench convert FILE --classes ...' turns numbers into names"
)


def suggest_class(value: str, classes: tuple[str, ...]) -> str | None:
    """The class that `value` probably means, or None.

    >>> suggest_class("Anger", ("Angry", "Sad"))
    'Angry'
    """
    if len(value) > _LONGEST:
        return None
    folded = value.strip().lower()
    by_folded = {name.lower(): name for name in classes}
    if folded in by_folded:
        return by_folded[folded]
    for words in _SAME_CLASS:
        if folded in words:
            for word in words & by_folded.keys():
                return by_folded[word]
    near = difflib.get_close_matches(folded, by_folded, n=1, cutoff=0.7)
    return by_folded[near[0]] if near else None


class IdGuesser:
    """Explains ids that the ground truth does not have. Its look-up tables are built on the first question."""

    def __init__(self, protocol: Protocol, truth: GroundTruth) -> None:
        self._protocol = protocol
        self._truth = truth

    @cached_property
    def _training(self) -> frozenset[str]:
        return training_clips(self._protocol, self._truth)

    @cached_property
    def _folded(self) -> dict[str, str]:
        return {_fold(id): id for id in self._truth.ids}

    @cached_property
    def _folded_training(self) -> dict[str, str]:
        return {_fold(id): id for id in self._training}

    @cached_property
    def _others(self) -> list[Protocol]:
        others = []
        for name in list_protocols():
            try:
                others.append(load_protocol(name))
            except FervbenchError:
                continue
        return [other for other in others if other.id != self._protocol.id and other.ids.pattern]

    def spelling(self, id: str) -> str | None:
        """The test clip that `id` is another spelling of, or None."""
        for variant in self._variants(id):
            if variant in self._truth.index:
                return variant
            if _fold(variant) in self._folded:
                return self._folded[_fold(variant)]
        return None

    def explain(self, id: str) -> tuple[str, str, str | None]:
        """Rule, message and hint for an id that is no test clip."""
        if len(id) > _LONGEST:
            return "unknown-id", f"no test clip {id[:50] + '...'!r}", f"an id of {len(id):,} characters"
        if id in self._training:
            return "training-clip", f"{id!r} is a clip of the training part", "answer the test list only"
        meant = self.spelling(id)
        if meant is not None:
            return "unknown-id", f"no test clip {id!r}", f"did you mean {meant!r}? ids are read as they are written"
        for variant in self._variants(id):
            training = self._folded_training.get(_fold(variant))
            if training is not None:
                return "training-clip", f"{id!r} looks like {training!r}, a clip of the training part", None
        if not self._protocol.ids.looks_right(id):
            for other in self._others:
                if other.ids.looks_right(id):
                    return "unknown-id", f"no test clip {id!r}", f"this looks like an id of {other.id}"
            if self._protocol.ids.example:
                return "unknown-id", f"no test clip {id!r}", f"ids look like {self._protocol.ids.example!r}"
        return "unknown-id", f"no test clip {id!r}", None

    def _variants(self, id: str) -> list[str]:
        """Spellings of `id` as it might stand in the lists: no folders in front, no ending, numbers padded."""
        example = self._protocol.ids.example or self._truth.ids[0]
        parts = [part for part in _EXTENSION.sub("", id.strip().replace("\\", "/")).split("/") if part not in ("", ".")]
        depth = example.count("/") + 1
        width = len(re.search(r"[0-9]*$", example)[0])  # type: ignore[index]  # the pattern matches anything
        variants = []
        for end in (len(parts), len(parts) - 1):  # with and without a frame's file name at the end
            tail = parts[max(end - depth, 0) : end]
            if tail:
                padded = re.sub(r"[0-9]+$", lambda m: m[0].lstrip("0").zfill(width), tail[-1])
                variants.append("/".join([*tail[:-1], padded]))
        return variants


def _fold(id: str) -> str:
    return re.sub(r"[-_ ]", "", id).casefold()
