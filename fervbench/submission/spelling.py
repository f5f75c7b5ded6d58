"""What a name that is not known was probably meant to be. Guesses are printed as hints, never applied in silence."""

from __future__ import annotations

import difflib
import re
from functools import cache, cached_property, lru_cache

from fervbench.errors import FervbenchError
from fervbench.ground_truth import GroundTruth, training_clips
from fervbench.protocol import Protocol, list_protocols, load_protocol

# Words for one class in the field's lists. Each line is one class. "None" is no word for Neutral: it is how Python
# writes that there is no answer.
_SAME_CLASS = (
    {"angry", "anger"},
    {"disgust", "disgusted"},
    {"fear", "fearful", "afraid", "scared"},
    {"happy", "happiness", "joy"},
    {"sad", "sadness"},
    {"surprise", "surprised"},
    {"neutral", "neutrality"},
)
# Nobody meant a class or a clip by something longer; guessing is slow on long text.
_LONGEST = 200
_EXTENSION = re.compile(r"\.(mp4|avi|mov|jpe?g|png|bmp|npy|npz|wav)$", re.IGNORECASE)
_IMAGE = re.compile(r"\.(jpe?g|png|bmp)$", re.IGNORECASE)

NUMBERS_HINT = (
    "write class names: the field numbers its classes in three different orders; "
    "'fervbench convert FILE --classes ...' turns numbers into names"
)


def suggest_class(value: str, classes: tuple[str, ...]) -> str | None:
    """The class that `value` probably means, or None.

    >>> suggest_class("Anger", ("Angry", "Sad"))
    'Angry'
    """
    return None if len(value) > _LONGEST else _suggest(value.strip().lower(), classes)


@lru_cache(maxsize=10_000)  # a file has one name wrong in thousands of places, and finding the nearest is slow
def _suggest(folded: str, classes: tuple[str, ...]) -> str | None:
    by_folded = {name.lower(): name for name in classes}
    if folded in by_folded:
        return by_folded[folded]
    for words in _SAME_CLASS:
        if folded in words:
            for word in words & by_folded.keys():
                return by_folded[word]
    near = difflib.get_close_matches(folded, by_folded, n=1, cutoff=0.7)
    return by_folded[near[0]] if near else None


def form_hint(id: str, protocol: Protocol) -> str | None:
    """What to say of an id that has not the form of this protocol's: the others that it fits, or what theirs look like.

    None for an id that has the form.
    """
    if len(id) > _LONGEST:
        return f"an id of {len(id):,} characters"
    if protocol.ids.looks_right(id):
        return None
    fits = [other.id for other in _protocols_with_a_form() if other.id != protocol.id and other.ids.looks_right(id)]
    if fits:
        return f"this looks like an id of {' or '.join(fits)}"
    return f"ids look like {protocol.ids.example!r}" if protocol.ids.example else None


@cache
def _protocols_with_a_form() -> tuple[Protocol, ...]:
    """The shipped protocols that say what their ids look like."""
    found = []
    for name in list_protocols():
        try:
            found.append(load_protocol(name))
        except FervbenchError:
            continue
    return tuple(protocol for protocol in found if protocol.ids.pattern)


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
    def _folders(self) -> dict[str, list[str]]:
        """Test clips by the folder they stand in, sorted; ids without a folder are left out."""
        found: dict[str, list[str]] = {}
        for id in sorted(self._truth.ids):
            folder, slash, _ = id.rpartition("/")
            if slash:
                found.setdefault(folder, []).append(id)
        return found

    def spelling(self, id: str) -> str | None:
        """The test clip that `id` is another spelling of, or None."""
        return next((clip for variant in self._variants(id) if (clip := self._clip(variant)) is not None), None)

    def explain(self, id: str) -> tuple[str, str, str | None]:
        """Rule, message and hint for an id that is no test clip."""
        if len(id) > _LONGEST:
            return "unknown-id", f"no test clip {id[:50] + '...'!r}", form_hint(id, self._protocol)
        if id in self._training:
            return "training-clip", f"{id!r} is a clip of the training part", "answer the test list only"
        variants = self._variants(id)
        renamed = [other for variant in variants for other in self._in_other_folders(variant)]
        for variant in [*variants, *renamed]:
            meant = self._clip(variant)
            if meant is not None:
                return "unknown-id", f"no test clip {id!r}", f"did you mean {meant!r}? ids are read as they are written"
            training = self._folded_training.get(_fold(variant))
            if training is not None:
                return "training-clip", f"{id!r} looks like {training!r}, a clip of the training part", None
        return "unknown-id", f"no test clip {id!r}", self._nearest(id, [*variants, *renamed])

    def _nearest(self, id: str, variants: list[str]) -> str | None:
        """What to say of an id that is no clip in any spelling: what its folder holds, or what is odd about its form.

        An id of the right form must not be left without a word: its owner sees nothing wrong with it.
        """
        for variant in variants:
            clips = self._folders.get(variant.rpartition("/")[0])
            if clips is not None and _are_consecutive(clips):
                return f"test clips are {clips[0]} to {clips[-1]}"
        rule = self._protocol.ids
        if rule.pattern is not None and rule.looks_right(id):
            return f"it has the form of an id of {self._protocol.id}, but is no test clip: a clip that is in no list?"
        return form_hint(id, self._protocol)

    def _clip(self, variant: str) -> str | None:
        """The test clip of this spelling, but for case, hyphens, underscores and spaces."""
        return variant if variant in self._truth.index else self._folded.get(_fold(variant))

    def _in_other_folders(self, variant: str) -> list[str]:
        """The same with one folder's name replaced by the class that it probably means: War/Anger is War/Angry."""
        parts = variant.split("/")
        found = []
        for i, part in enumerate(parts[:-1]):
            name = suggest_class(part, self._protocol.classes)
            if name is not None and name != part:
                found.append("/".join([*parts[:i], name, *parts[i + 1 :]]))
        return found

    def _variants(self, id: str) -> list[str]:
        """Spellings of `id` as it might stand in the lists: no folders in front, no ending, numbers padded.

        Where a clip is a number, so may its frames be: `00018/00021.jpg` is a frame of clip 00018, and of
        `00018/00021` nobody can tell. So a folder that could be a clip keeps the last name from being taken for one.
        """
        example = self._protocol.ids.example or self._truth.ids[0]
        parts = [part for part in _EXTENSION.sub("", id.strip().replace("\\", "/")).split("/") if part not in ("", ".")]
        depth = example.count("/") + 1
        width = len(re.search(r"[0-9]*$", example)[0])  # type: ignore[index]  # the pattern matches anything
        made = []
        for end in (len(parts), len(parts) - 1):  # with and without a frame's file name at the end
            tail = parts[max(end - depth, 0) : end]
            if tail:
                padded = re.sub(r"[0-9]+$", lambda m: m[0].lstrip("0").zfill(width), tail[-1])
                made.append("/".join([*tail[:-1], padded]))
        if len(made) < 2 or not self._could_be_a_clip(made[1]):
            return made[:1]
        return made[1:] if _IMAGE.search(id.strip()) or not self._could_be_a_clip(made[0]) else []

    def _could_be_a_clip(self, variant: str) -> bool:
        rule = self._protocol.ids
        return self._clip(variant) is not None or (rule.pattern is not None and rule.looks_right(variant))


def _are_consecutive(clips: list[str]) -> bool:
    """Whether sorted ids of one folder end in consecutive numbers."""
    first, last = (clip.rpartition("/")[2] for clip in (clips[0], clips[-1]))
    numbered = all(name.isascii() and name.isdigit() for name in (first, last))
    return numbered and int(last) - int(first) == len(clips) - 1


def _fold(id: str) -> str:
    return re.sub(r"[-_ ]", "", id).casefold()
