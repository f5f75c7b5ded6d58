"""What must hold of the intervals of a video, whatever file they come from.

Checks collect findings and go on; a value that cannot be used becomes None. Times are seconds.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from fervbench.findings import Findings
from fervbench.strict_json import Unusable, report_number

# Files round their times: this much beyond the duration is no error. The second term is for the rounding of float64,
# so that exactly one millisecond, as written in decimals, always passes.
OVERLONG = 0.001 + 1e-9
# Not str.isprintable: what is printable changes with the Unicode tables of the Python version.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
LINE_HINT = "not empty, and no control characters, tabs or line ends: fingerprints are made of lines"
_KINDS: dict[type, str] = {list: "array", str: "string"}


def interval_problems(onset: float, offset: float, duration: float | None = None) -> Iterator[tuple[str, str]]:
    """(rule, message) of everything that is wrong with one interval of finite seconds.

    >>> list(interval_problems(2.0, 1.0))
    [('inverted-interval', '[2.0, 1.0] ends before it begins')]
    """
    if onset > offset:
        yield "inverted-interval", f"[{onset!r}, {offset!r}] ends before it begins"
    if onset == offset:
        yield "empty-interval", f"[{onset!r}, {offset!r}] ends where it begins"
    if min(onset, offset) < 0:
        yield "negative-interval", f"[{onset!r}, {offset!r}] reaches before the video's beginning"
    if duration is not None and max(onset, offset) - duration > OVERLONG:
        yield "overlong-interval", f"[{onset!r}, {offset!r}] reaches beyond the video's end at {duration!r}"


def shown(value: Any) -> str:
    """A wrong value for a message. Containers are not written out: they may be nested without end."""
    names: dict[type, str] = {list: "a list", dict: "an object"}
    return next((name for kind, name in names.items() if isinstance(value, kind)), repr(value)[:60])


def nearest(word: str, known: tuple[str, ...]) -> str:
    """A hint for a word that is not among the known ones."""
    folded = {name.casefold(): name for name in reversed(known)}
    near = difflib.get_close_matches(word[:100].casefold(), list(folded), n=1, cutoff=0.5)
    return f"did you mean {folded[near[0]]!r}?" if near else f"known: {', '.join(known[:30])}"


@dataclass(frozen=True)
class Checks:
    """What holds of values in every layout. `told`: pointers of which the walk or the schema has told already."""

    findings: Findings
    classes: tuple[str, ...]
    lenient: bool
    told: set[str | None] = field(default_factory=set)

    def add(self, rule: str, message: str, where: str, id: str | None = None, hint: str | None = None) -> None:
        """Record a problem, unless its place has been told of."""
        if where not in self.told:
            self.findings.add(rule, message, pointer=where, id=id, hint=hint)

    def member(self, entry: dict[str, Any], key: str, kind: type, where: str, id: str) -> Any:
        """`entry[key]` if it is of the kind; else a finding and None."""
        if key not in entry:
            self.add("missing-key", f"the key {key!r} is missing", where, id)
        elif isinstance(entry[key], kind):
            return entry[key]
        else:
            self.add("wrong-type", f"{key} is {shown(entry[key])}, not of type {_KINDS[kind]}", f"{where}/{key}", id)
        return None

    def about(
        self, id: str, where: str, entry: dict[str, Any], *, split: str, line: bool = False
    ) -> tuple[float | None, float | None, str | None, str | None]:
        """Duration, fps, subject and split; `split` names the key; `line`: the pointer of everything is `where`."""
        if not id or _CONTROL.search(id):
            self.findings.add("wrong-id", f"{id[:100]!r} cannot be an id", pointer=where, id=id, hint=LINE_HINT)
        place = {key: where if line else f"{where}/{key}" for key in ("duration", "fps", "subject", split)}
        numbers = {key: self.positive(entry[key], key, place[key], id) for key in ("duration", "fps") if key in entry}
        texts = {key: self.text(entry[key], key, place[key], id) for key in ("subject", split) if key in entry}
        return numbers.get("duration"), numbers.get("fps"), texts.get("subject"), texts.get(split)

    def span(
        self, id: str, duration: float | None, pair: Sequence[Any], where: str, places: Sequence[str]
    ) -> tuple[float, float] | None:
        """Onset and offset; None where one of them is no number."""
        onset = self.number(pair[0], "onset", places[0], id)
        offset = self.number(pair[1], "offset", places[1], id)
        if onset is None or offset is None:
            return None
        for rule, message in interval_problems(onset, offset, duration):
            if not self.lenient:
                self.add(rule, message, where, id)
        return onset, offset

    def label(self, value: Any, where: str, id: str) -> str | None:
        """A class name."""
        label = self.text(value, "label", where, id)
        if label is not None and self.classes and label not in self.classes:
            hint = None if self.findings.full else nearest(label, self.classes)
            self.add("unknown-class", f"no class {label[:100]!r}", where, id, hint)
        return label

    def number(self, value: Any, what: str, where: str, id: str) -> float | None:
        """A finite number as float64."""
        if value is None:
            self.add("missing-value", f"{what} is empty", where, id)
        elif isinstance(value, Unusable):
            if where not in self.told:
                report_number(value.literal, where, self.findings, id)
        elif isinstance(value, bool) or not isinstance(value, (int, float)):
            self.add("wrong-type", f"{what} is {shown(value)}, not a number", where, id)
        else:
            try:
                number = float(value)
            except OverflowError:
                number = math.inf
            if math.isfinite(number):
                return number + 0.0  # -0.0 becomes 0.0: equal intervals have equal fingerprints
            if where not in self.told:
                report_number("a number beyond 1.8e308", where, self.findings, id)
        return None

    def positive(self, value: Any, what: str, where: str, id: str) -> float | None:
        """A finite number above 0."""
        number = self.number(value, what, where, id)
        if number is None or number > 0:
            return number
        self.add("not-positive", f"{what} is {number!r}, not positive", where, id)
        return None

    def text(self, value: Any, what: str, where: str, id: str) -> str | None:
        """Text in one line, not empty."""
        if value is None:
            self.add("missing-value", f"{what} is empty", where, id)
        elif not isinstance(value, str):
            self.add("wrong-type", f"{what} is {shown(value)}, not text", where, id)
        elif not value or _CONTROL.search(value):
            self.add(f"wrong-{what}", f"{value[:100]!r} cannot be a {what}", where, id, LINE_HINT)
        else:
            return value
        return None
