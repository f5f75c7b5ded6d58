"""Reading spotting proposals: `fervbench-spotting/1` and ActivityNet's `results`.

A file may hold half a million proposals. It is decoded typed and compiled (msgspec), four times faster than by the
standard library and in half the memory; that decoder refuses NaN, numbers that overflow and wrong types, but keeps the
last of two equal keys. Every object member has a colon in the text, so if the text has no more colons than the decoded
members and strings account for, no key stood twice. Wherever that is not certain, and wherever something is wrong, the
strict reader reads the file again, slowly, and says what and where.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from operator import attrgetter
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from fervbench import strict_json
from fervbench.errors import InputError
from fervbench.files import MAX_BYTES
from fervbench.findings import Findings
from fervbench.strict_json import RepeatedKeys, Unusable, pointer, report_number

FORMAT = "fervbench-spotting/1"
FloatArray = npt.NDArray[np.float64]
# Escapes that the count of colons, or the decoder's silence about half surrogates, cannot be trusted with.
_DOUBTFUL = re.compile(rb"\\u(?:[dD][89a-fA-F]|003[aA])")


class _Row(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    """One ActivityNet result; its label is not used."""

    segment: tuple[float, float]
    score: float
    label: str | msgspec.UnsetType | None = msgspec.UNSET


class _ActivityNet(msgspec.Struct, forbid_unknown_fields=True):
    results: dict[str, msgspec.Raw]  # each decoded by _ROWS
    version: str | msgspec.UnsetType = msgspec.UNSET
    external_data: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


_ROWS = msgspec.json.Decoder(list[_Row])


class _Own(msgspec.Struct, forbid_unknown_fields=True):
    format: str
    protocol: str
    proposals: dict[str, list[tuple[float, float, float]]]
    note: str | msgspec.UnsetType = msgspec.field(default=msgspec.UNSET, name="x-note")


@dataclass(frozen=True)
class Proposals:
    """Proposals as they stand in the file: `rows` (P, 3) onset, offset, score; `videos` the ids, `sizes` (V,) the rows
    of each, in file order. `where` is the pointer of the object that holds the videos.
    """

    protocol: str | None
    videos: list[str]
    sizes: npt.NDArray[np.int64]
    rows: FloatArray
    where: str
    note: str | None = None

    def pointer(self, video: int, row: int) -> str:
        """JSON pointer of one proposal."""
        return self.where + pointer(self.videos[video], row)


def read_proposals(data: bytes, file: str, findings: Findings) -> Proposals | None:
    """Read either form; what is wrong becomes findings. None where there are no proposals to go on with.

    Raises InputError for what is not JSON at all.
    """
    quick = _read_quickly(data)
    if quick is not None:
        return quick
    if len(data) > MAX_BYTES:  # the strict reader can need 36 times the text
        message = f"something is wrong in it, and with more than {MAX_BYTES // 2**20} MiB it is too large to say what"
        findings.add("too-large", message, hint="check a part of it: the first few videos")
        return None
    return _read_slowly(data, file, findings)


def _read_quickly(data: bytes) -> Proposals | None:
    """The proposals of a file in which nothing is wrong; None where that is not certain."""
    try:
        head = data[:65536]  # enough for the few short keys that may stand before; a wrong guess only costs time
        if b'"proposals"' in head or b'"results"' not in head:
            own = msgspec.json.decode(data, type=_Own)
            if own.format != FORMAT:
                return None
            members = 3 + len(own.proposals) + (own.note is not msgspec.UNSET)
            members += _colons([own.format, own.protocol, *own.proposals])
            note = None if own.note is msgspec.UNSET else own.note
            members += 0 if note is None else note.count(":")
            rows = list(chain.from_iterable(own.proposals.values()))
            flat = np.fromiter(chain.from_iterable(rows), dtype=np.float64, count=3 * len(rows))
            lengths = list(map(len, own.proposals.values()))
            videos, where, protocol = list(own.proposals), "/proposals", own.protocol
        else:
            net = msgspec.json.decode(data, type=_ActivityNet)
            segments, scores, lengths = array("d"), array("d"), []
            members = 1 + len(net.results)
            for raw in net.results.values():  # video by video: what is freed at once is cheap to make again
                results = _ROWS.decode(raw)
                labels = list(map(attrgetter("label"), results))
                given = len(labels) - labels.count(msgspec.UNSET)
                members += 2 * len(results) + given
                members += _colons(label for label in labels if isinstance(label, str)) if given else 0
                segments.extend(chain.from_iterable(map(attrgetter("segment"), results)))
                scores.extend(map(attrgetter("score"), results))
                lengths.append(len(results))
            members += (net.version is not msgspec.UNSET) + (net.external_data is not msgspec.UNSET)
            members += _colons(net.results)
            members += net.version.count(":") if isinstance(net.version, str) else 0
            note = None
            if isinstance(net.external_data, msgspec.Raw):
                external = bytes(net.external_data)
                parsed, wrong = strict_json.parse(external, "external_data"), Findings()
                strict_json.walk(parsed.value, wrong)
                if parsed.suspect or len(wrong):
                    return None
                members += external.count(b":")
            flat = np.column_stack([np.frombuffer(segments).reshape(-1, 2), np.frombuffer(scores)])
            videos, where, protocol = list(net.results), "/results", None
    except (msgspec.MsgspecError, InputError, RecursionError, UnicodeDecodeError):
        return None
    doubtful = b"\\u" in data and _DOUBTFUL.search(data) is not None
    if data.count(b":") != members or doubtful or not np.isfinite(flat).all():
        return None
    return Proposals(protocol, videos, np.array(lengths, dtype=np.int64), flat.reshape(-1, 3), where, note)


def _colons(texts: Iterable[str]) -> int:
    return sum(":" in text and text.count(":") for text in texts)


def _read_slowly(data: bytes, file: str, findings: Findings) -> Proposals | None:
    document = strict_json.parse(data, file)
    content = document.value
    if not isinstance(content, dict):
        findings.add("wrong-type", "is not an object", pointer="")
        return None
    strict_json.walk({key: value for key, value in content.items() if key not in ("proposals", "results")}, findings)
    if isinstance(content, RepeatedKeys):
        strict_json.report_repeated(content, "", findings)
    native = "results" not in content or bool(content.keys() & {"format", "protocol", "proposals"})
    name = "proposals" if native else "results"
    if native:
        known = ("format", "protocol", "proposals")
        for key in content:
            if key not in known and not key.startswith("x-"):
                hint = f"known here: {', '.join(known)}"
                findings.add("unknown-key", f"unknown key {key!r}", pointer=pointer(key), hint=hint)
        if content.get("format") != FORMAT:
            findings.add("wrong-value", f"the format is not {FORMAT!r}", pointer="/format")
        if not isinstance(content.get("protocol"), str):
            findings.add("missing-key", "the key 'protocol' is missing or no text", pointer="/protocol")
    videos = content.get(name)
    if not isinstance(videos, dict):
        hint = f'"{name}" maps each video id to a list of its proposals'
        rule = "wrong-type" if name in content else "missing-key"
        findings.add(rule, f"no object {name!r}", pointer=f"/{name}", hint=hint)
        return None
    if isinstance(videos, RepeatedKeys):
        strict_json.report_repeated(videos, f"/{name}", findings, rule="duplicate-id")
    strict_json.walk(dict.fromkeys(videos), findings, f"/{name}")
    unreadable = (float("nan"),) * 3  # keeps the place of a row, so that pointers stay right; a finding says so
    rows: list[tuple[float, ...]] = []
    sizes = []
    for id, proposals in videos.items():
        here = f"/{name}{pointer(id)}"
        if not isinstance(proposals, list):
            hint = "no proposals are an empty list"
            findings.add("wrong-type", "is not a list of proposals", pointer=here, id=id, hint=hint)
            sizes.append(0)
            continue
        good = [_row(value, f"{here}/{i}", id, native, findings) for i, value in enumerate(proposals)]
        rows += [unreadable if row is None else row for row in good]
        sizes.append(len(good))
    protocol = content.get("protocol")
    note = content.get("x-note")
    return Proposals(
        protocol if isinstance(protocol, str) else None,
        list(videos),
        np.array(sizes, dtype=np.int64),
        np.array(rows, dtype=np.float64).reshape(-1, 3),
        f"/{name}",
        note if isinstance(note, str) else None,
    )


def _row(value: Any, where: str, id: str, native: bool, findings: Findings) -> tuple[float, float, float] | None:
    """One proposal as onset, offset, score; None (and a finding) where it is none."""
    if native:
        if not isinstance(value, list) or len(value) != 3:
            hint = "a proposal is [onset, offset, score], in seconds"
            findings.add("wrong-length", "is not three numbers", pointer=where, id=id, hint=hint)
            return None
        parts = [(f"{where}/{i}", part) for i, part in enumerate(value)]
    else:
        if isinstance(value, RepeatedKeys):
            strict_json.report_repeated(value, where, findings)
        segment = value.get("segment") if isinstance(value, dict) else None
        if not isinstance(segment, list) or len(segment) != 2 or "score" not in value:
            hint = 'a result is {"segment": [onset, offset], "score": number}'
            findings.add("wrong-type", "is not a segment with a score", pointer=where, id=id, hint=hint)
            return None
        strict_json.walk({key: part for key, part in value.items() if key not in ("segment", "score")}, findings, where)
        if not isinstance(value.get("label"), (str, type(None))):
            findings.add("wrong-type", "the label is no text", pointer=f"{where}/label", id=id)
        parts = [(f"{where}/segment/{i}", part) for i, part in enumerate(segment)]
        parts.append((f"{where}/score", value["score"]))
    numbers = [_number(part, there, id, findings) for there, part in parts]
    if any(number is None for number in numbers):
        return None
    onset, offset, score = (number for number in numbers if number is not None)
    return onset, offset, score


def _number(value: Any, where: str, id: str, findings: Findings) -> float | None:
    if isinstance(value, Unusable):
        report_number(value.literal, where, findings, id)
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        shown = "a list or object" if isinstance(value, (list, dict)) else repr(value)
        findings.add("wrong-type", f"{shown} is not a number", pointer=where, id=id)
        return None
    try:
        number = float(value)
    except OverflowError:
        number = float("inf")
    if not np.isfinite(number):
        report_number("a number beyond 1.8e308", where, findings, id)
        return None
    return number
