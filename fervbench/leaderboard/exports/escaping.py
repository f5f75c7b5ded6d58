r"""Text made safe for each place it goes to: Markdown, LaTeX, CSV, YAML. What nobody can see is shown as an escape.

markdown  no link, mention, HTML, or end of a table's cell
latex     no command, no end of a group
csv       no formula: a text that a spreadsheet would run begins with an apostrophe
yaml      a double-quoted scalar
"""

from __future__ import annotations

import csv as _csv
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fervbench.findings import visible
from fervbench.leaderboard.annotations import escape as _escape

LONGEST = 500
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "|", "%", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_WORDS = ("y", "n", "yes", "no", "on", "off", "true", "false", "null")  # what YAML 1.1 takes for something else
_TEX = str.maketrans({
    "&": r"\&", "%": r"\%", "#": r"\#", "_": r"\_", "$": r"\$", "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}", "\\": r"\textbackslash{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", '"': r"\textquotedbl{}", "`": r"\textasciigrave{}", "[": "{[}", "]": "{]}",
})  # fmt: skip


def markdown(text: str) -> str:
    r"""Text in a cell of a Markdown table.

    >>> markdown("a|b <b>")
    'a\\|b \\<b\\>'
    """
    # A hyphen or a slash inside a cell begins nothing; colons and dots stay escaped, so no address becomes a link.
    return _escape(text, LONGEST).replace("\\-", "-").replace("\\/", "/")


def latex(text: str) -> str:
    r"""Text in LaTeX.

    >>> latex("a_b & \\input{x}")
    'a\\_b \\& \\textbackslash{}input\\{x\\}'
    """
    plain = visible(text, LONGEST)
    return plain.translate(_TEX)


def cell(value: Any) -> str | float | int:
    """A value in CSV: numbers stay numbers, text that begins as a formula does gets an apostrophe.

    >>> cell("=HYPERLINK(1)"), cell(-0.5), cell(" @a")
    ("'=HYPERLINK(1)", -0.5, "' @a")
    """
    if value is None:
        return ""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value
    text = visible(str(value), LONGEST)
    return f"'{text}" if text.lstrip().startswith(_FORMULA) else text


def csv(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A CSV document (RFC 4180, but lines end with a line feed)."""
    out = io.StringIO()
    writer = _csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([[cell(value) for value in row] for row in rows])
    return out.getvalue()


def quoted(text: str) -> str:
    r"""A YAML double-quoted scalar. JSON's string is one, but for surrogate pairs, which YAML does not join.

    >>> quoted("a: b # c\n\u2028")
    '"a: b # c\\n\\u2028"'
    """
    plain = json.dumps(text, ensure_ascii=False)
    return re.sub(
        "[^\\x20-\\x7e\xa0-\u2027\u202f-\u2065\u206a-\ud7ff\uf900-\ufefe\uff00-\uffef\U00010000-\U0001ffff]"
        "|[\u200b-\u200f]",
        lambda match: f"\\u{ord(match[0]):04x}" if ord(match[0]) < 0x10000 else f"\\U{ord(match[0]):08x}",
        plain,
    )


def yaml(value: Any, indent: int = 0) -> str:
    """A YAML block of mappings, sequences and scalars; every string is double-quoted, keys are plain where they can be.

    >>> print(yaml({"a": [{"b": 1, "c": "x: y"}], "d": []}), end="")
    a:
      - b: 1
        c: "x: y"
    d: []
    """
    space = "  " * indent
    if isinstance(value, Mapping) and value:
        return "".join(_pair(space, key, each, indent) for key, each in value.items())
    if isinstance(value, (list, tuple)) and value:
        lines = []
        for each in value:
            if isinstance(each, (Mapping, list, tuple)) and each:
                inner = yaml(each, indent + 1)
                lines.append(f"{space}- {inner[len(space) + 2 :]}")
            else:
                lines.append(f"{space}- {_scalar(each)}\n")
        return "".join(lines)
    return f"{space}{_scalar(value)}\n"


def _pair(space: str, key: Any, value: Any, indent: int) -> str:
    plain = re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", str(key)) and str(key).lower() not in _WORDS
    name = str(key) if plain else quoted(str(key))
    if isinstance(value, (Mapping, list, tuple)) and value:
        return f"{space}{name}:\n{yaml(value, indent + 1)}"
    return f"{space}{name}: {_scalar(value)}\n"


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, Mapping):
        return "{}"
    if isinstance(value, (list, tuple)):
        return "[]"
    return json.dumps(value, allow_nan=False)
