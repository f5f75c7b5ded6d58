"""JSON read strictly: what the standard library lets through in silence is found and told with its JSON pointer.

`json.loads` keeps the last of two equal keys, reads NaN and Infinity, and passes lone surrogates on. None of the fast
parsers refuses all of it. So: the standard parser with hooks that cost a good file nothing, which leave a marker object
where something is wrong, and a walk that finds the markers, taken only when one was left.

Refused at once (nothing after it can be trusted): other encodings than UTF-8, a byte order mark, a syntax error,
nesting beyond what the parser can follow. Collected: equal keys, NaN and Infinity, numbers with thousands of digits,
numbers that overflow to infinity, lone surrogates, nesting deeper than `MAX_DEPTH`.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import Any

from fervbench.errors import InputError
from fervbench.findings import Finding, Findings

MAX_DEPTH = 16
_SURROGATE_ESCAPE = re.compile(rb"\\u[dD][89abcdefABCDEF]")
_PYTHON = re.compile(r"'|None\b|True\b|False\b|nan\b|inf\b|array\b|tensor\b")
_SURROGATE = re.compile("[\ud800-\udfff]")


class RepeatedKeys(dict[str, Any]):
    """An object in which keys stood more than once; the first value is kept."""

    repeated: list[str]


@dataclass(frozen=True, slots=True)
class Unusable:
    """A number that JSON or float64 does not have, as it was written."""

    literal: str

    def __repr__(self) -> str:
        return self.literal


@dataclass(frozen=True, slots=True)
class Document:
    """Parsed JSON. `suspect` is false only if nothing but overflowing numbers can be wrong in it."""

    value: Any
    suspect: bool


def pointer(*parts: str | int) -> str:
    """A JSON pointer (RFC 6901).

    >>> pointer("predictions", "War/Fear/0001")
    '/predictions/War~1Fear~10001'
    """
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def parse(data: bytes, file: str) -> Document:
    """Parse UTF-8 JSON; `file` names it in errors. Raises InputError where nothing can be read on."""
    text = _decode(data, file)
    suspect = False

    def objects(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal suspect
        found = dict(pairs)
        if len(found) == len(pairs):
            return found
        suspect = True
        marked = RepeatedKeys()
        marked.repeated = []
        for key, value in pairs:
            if key in marked:
                marked.repeated.append(key)
            else:
                marked[key] = value
        return marked

    def constant(literal: str) -> Unusable:
        nonlocal suspect
        suspect = True
        return Unusable(literal)

    def integer(literal: str) -> int | Unusable:
        return int(literal) if len(literal) <= 400 else constant(literal[:20] + "...")

    try:
        try:
            value = json.loads(text, object_pairs_hook=objects, parse_constant=constant)
        except json.JSONDecodeError:
            raise
        except ValueError:  # an integer beyond the interpreter's limit of digits; this hook is slow, so only now
            value = json.loads(text, object_pairs_hook=objects, parse_constant=constant, parse_int=integer)
    except json.JSONDecodeError as error:
        raise _syntax_error(error, text, file) from None
    except RecursionError:
        message = f"is nested too deeply to be read (more than {MAX_DEPTH} levels are never needed)"
        raise InputError(message, file=file, findings=[Finding("too-deep", message, file=file)]) from None
    return Document(value, suspect or _SURROGATE_ESCAPE.search(data) is not None)


def _decode(data: bytes, file: str) -> str:
    def refuse(rule: str, message: str, hint: str) -> InputError:
        return InputError(message, file=file, findings=[Finding(rule, message, hint=hint, file=file)])

    if data.startswith(b"\xef\xbb\xbf"):
        raise refuse("byte-order-mark", "starts with a byte order mark", "save as UTF-8 without BOM")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in data[:4]:
        raise refuse("encoding", "is UTF-16 or UTF-32, not UTF-8", "save as UTF-8")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise refuse("encoding", f"is not UTF-8: byte {error.start}, line {line}", "save as UTF-8") from None


def _syntax_error(error: json.JSONDecodeError, text: str, file: str) -> InputError:
    hint = None
    whole = text.strip()
    rest = text[error.pos :].lstrip()
    before = text[: error.pos].rstrip()[-1:]
    closing = {"{": "}", "[": "]"}.get(whole[:1])
    if not whole:
        hint = "the file is empty"
    elif closing is None:
        hint = "this is not JSON; 'fervbench convert' reads CSV and npz"
    elif error.msg == "Extra data":
        hint = "one JSON value a file; lines of JSON (.jsonl) are not read"
    elif not rest or error.msg.startswith("Unterminated string") or whole[-1] != closing:
        hint = "the file ends too early: was the copy cut off?"
    elif (rest[0] in "}]" and before == ",") or "trailing comma" in error.msg:
        hint = "a comma before the closing bracket?"
    elif _PYTHON.match(rest) or "property name" in error.msg:
        hint = "this looks like Python, not JSON: write the file with json.dump, not with print or str"
    message = f"is not JSON: {error.msg} at line {error.lineno}, column {error.colno}"
    finding = Finding("syntax", message, hint=hint, file=file, pointer=f"line {error.lineno}")
    return InputError(message, file=file, hint=hint, findings=[finding])


def walk(value: Any, findings: Findings, start: str = "") -> None:
    """Report every marker, overflowing number, lone surrogate and too deep value under `value`.

    `start` is the pointer of `value` itself. Not recursive, so depth costs no stack.
    """
    stack: list[tuple[Any, str, int]] = [(value, start, 0)]
    while stack:
        item, where, depth = stack.pop()
        if isinstance(item, Unusable):
            report_number(item.literal, where, findings)
        elif isinstance(item, float):
            if not math.isfinite(item):
                report_number(str(item), where, findings)
        elif isinstance(item, str):
            if _SURROGATE.search(item):
                findings.add("lone-surrogate", "holds half of a surrogate pair", pointer=where, hint=SURROGATE_HINT)
        elif isinstance(item, (dict, list)):
            if depth >= MAX_DEPTH:
                findings.add("too-deep", f"is nested more than {MAX_DEPTH} levels deep", pointer=where)
                continue
            if isinstance(item, RepeatedKeys):
                report_repeated(item, where, findings)
            if isinstance(item, list):
                children = [(child, f"{where}/{i}", depth + 1) for i, child in enumerate(item)]
            else:
                children = [(child, where + pointer(key), depth + 1) for key, child in item.items()]
                for key in item:
                    if _SURROGATE.search(key):
                        message = "a key holds half of a surrogate pair"
                        findings.add("lone-surrogate", message, pointer=where + pointer(key), hint=SURROGATE_HINT)
            stack.extend(reversed(children))


SURROGATE_HINT = "an escape such as \\ud83d needs its second half; write the file as plain UTF-8"


def report_number(literal: str, where: str, findings: Findings, id: str | None = None) -> None:
    """Record a number that is not finite or not readable."""
    findings.add(
        "not-finite",
        f"{literal} is not a finite number",
        hint="a model that diverged, or a division by zero before the file was written? No answer is written as null",
        pointer=where,
        id=id,
    )


def report_repeated(item: RepeatedKeys, where: str, findings: Findings, rule: str = "duplicate-key") -> None:
    """Record the keys that stand more than once in one object."""
    for key in item.repeated:
        findings.add(
            rule,
            f"{key!r} stands more than once",
            hint="which of the values is meant cannot be known; was a file appended to another?",
            pointer=where + pointer(key),
            id=key if rule == "duplicate-id" else None,
        )


def dumps(value: Any) -> str:
    """One line of JSON: keys sorted, plain ASCII, no NaN."""
    return json.dumps(value, sort_keys=True, allow_nan=False)
