"""Slugs and names: what may stand in them, and which of them a reader would take for one another.

A slug is ASCII and short, so that a path says what it seems to say. A name may be in any script, but holds nothing
invisible (control, format and private characters, so no bidirectional override and no zero width), and no word that
mixes scripts in which letters look alike.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from fervbench.findings import visible
from fervbench.leaderboard.telling import Told
from fervbench.strict_json import pointer

SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,63}", re.ASCII)
# What a quick eye takes for one another in a slug.
_LOOKS = str.maketrans({"0": "o", "1": "l", "i": "l", "5": "s", "2": "z", "8": "b", "-": None})
_SCRIPTS = ("LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC", "LISU")
_MARKUP = re.compile(r"<[A-Za-z/!?]|\[/?[a-z]+[\]=]|::[a-z-]+|##\[|javascript:|\]\(|\$\(|`", re.IGNORECASE)
MARKUP_HINT = "it is shown as it stands, and never run or laid out"


def is_slug(text: str) -> bool:
    """Whether a folder may be called so."""
    return SLUG.fullmatch(text) is not None


def skeleton(slug: str) -> str:
    """Two slugs of one skeleton look alike.

    >>> skeleton("mae-dfer") == skeleton("maedfer"), skeleton("c3d-l1") == skeleton("c3d-il")
    (True, True)
    """
    return slug.translate(_LOOKS).replace("rn", "m").replace("vv", "w").replace("cl", "d")


def slug_of(name: str) -> str:
    """A slug for a method's name: `R18-LSTM (ours)` is `r18-lstm-ours`. Empty where nothing of it is ASCII.

    >>> slug_of("R18-LSTM (ours)")
    'r18-lstm-ours'
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii").lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:64].strip("-")


def check_texts(value: Any, findings: Told, where: str = "") -> None:
    """Findings for every string in a document that holds what a reader cannot see, or takes for something else."""
    if isinstance(value, str):
        _check_text(value, where, findings)
    elif isinstance(value, dict):
        for key, child in value.items():
            if not where and key.startswith("x-"):
                continue
            check_texts(child, findings, where + pointer(key))
    elif isinstance(value, list):
        for i, child in enumerate(value):
            check_texts(child, findings, where + pointer(i))


def _check_text(text: str, where: str, findings: Told) -> None:
    hidden = [c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")]
    if hidden:
        names = dict.fromkeys(f"U+{ord(c):04X}" for c in hidden)
        listed = ", ".join(list(names)[:5]) + (", ..." if len(names) > 5 else "")
        message = f"holds characters that nobody can see or that turn the text: {listed}"
        findings.add("invisible-text", message, hint="plain text on one line", pointer=where)
    if not unicodedata.is_normalized("NFC", text):
        message = "is not in Unicode's form NFC"
        findings.add("not-normalised", message, hint="type it again, or normalise it", pointer=where)
    mixed = [word for word in re.findall(r"\w+", text) if len(_scripts(word)) > 1]
    if mixed:
        message = f"mixes scripts in one word: {visible(mixed[0], 60)} ({' and '.join(sorted(_scripts(mixed[0])))})"
        hint = "letters of two scripts look alike: type the word again"
        findings.add("mixed-scripts", message, hint=hint, pointer=where)
    marked = _MARKUP.search(text)
    if marked:
        message = f"looks like markup or a command: {visible(marked[0])}"
        findings.note("markup", message, hint=MARKUP_HINT, pointer=where)


def _scripts(word: str) -> set[str]:
    """The scripts of a word among those whose letters are mistaken for one another."""
    if word.isascii():
        return set()
    names = {unicodedata.name(c, "").partition(" ")[0] for c in word if c.isalpha()}
    return names & set(_SCRIPTS)
