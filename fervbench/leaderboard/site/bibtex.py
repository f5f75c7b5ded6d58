"""BibTeX of an entry: its paper where it has one, else the entry itself."""

from __future__ import annotations

import re

from fervbench.leaderboard.entries import Entry
from fervbench.leaderboard.exports.escaping import latex


def bibtex(entry: Entry) -> str:
    """One BibTeX record; every field is escaped for LaTeX.

    The key is made of the slug, so it is plain and stands once on the board. "Wang et al." becomes "Wang and others".
    """
    paper = entry.about["paper"]
    source = paper or next(iter(entry.about.get("reported_in", ())), None)
    fields = {
        "title": "{" + latex(source["title"] if source else entry.name) + "}",
        "author": _authors(str((paper or {}).get("authors") or entry.about["team"])),
        "year": str((paper or {}).get("year") or entry.year),
    }
    venue = (paper or {}).get("venue")
    if venue:
        fields["booktitle"] = latex(str(venue))
    if source:
        fields["url"] = _address(str(source["url"]))
    fields["note"] = latex(f"{entry.name}, fervbench leaderboard entry {entry.id}")
    kind = "inproceedings" if venue and "arxiv" not in str(venue).lower() else "misc"
    lines = [f"  {name:<9} = {{{value}}}," for name, value in fields.items()]
    return "\n".join([f"@{kind}{{{entry.protocol}-{entry.slug},", *lines, "}"]) + "\n"


def _authors(text: str) -> str:
    found = re.fullmatch(r"(.+?)\s+et al\.?", text)
    return f"{latex(found[1])} and others" if found else "{" + latex(text) + "}"


def _address(url: str) -> str:
    """An address as BibTeX takes it: braces, percent signs and backslashes would end or comment out the field."""
    return re.sub(r"[{}%\\#^~\s]", lambda match: f"\\%{ord(match[0]):02X}", url)
