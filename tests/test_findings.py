"""Findings are counted exactly, printed within bounds, and safe to print whatever a file holds."""

from __future__ import annotations

import json
import unicodedata

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fervbench import schema
from fervbench.findings import FORMAT, KEPT, Finding, Findings, to_json, to_text, visible

patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
ANY_TEXT = st.text(st.characters())  # all of Unicode, lone surrogates included
MAYBE = st.none() | ANY_TEXT
FINDINGS = st.lists(
    st.builds(
        Finding,
        rule=st.sampled_from(["unknown-class", "unknown-id", "not-finite"]),
        message=ANY_TEXT,
        hint=MAYBE,
        file=MAYBE,
        pointer=MAYBE,
        id=MAYBE,
        severity=st.sampled_from(["error", "warning", "note"]),
    ),
    max_size=5,
)


def collected(**rules: int) -> Findings:
    """Findings of `rules`, each as often as said: unknown_class=3 gives /unknown-class/0 to 2."""
    findings = Findings("p.json")
    for name, n in rules.items():
        rule = name.replace("_", "-")
        for i in range(n):
            findings.add(rule, f"{rule} number {i}", pointer=f"/{rule}/{i}")
    return findings


@patient
@given(found=FINDINGS)
def test_json_keeps_to_the_published_schema_and_is_ascii(found: list[Finding]) -> None:
    text = to_json(found)
    document = json.loads(text)
    jsonschema.Draft202012Validator(schema.load("findings")).validate(document)
    assert text.isascii()
    assert document["format"] == FORMAT == "fervbench-findings/1"
    assert document["findings"] == [finding.to_dict() for finding in found]


def test_json_of_nothing_is_an_empty_list() -> None:
    assert json.loads(to_json([])) == {"format": "fervbench-findings/1", "findings": []}
    assert json.loads(to_json(Findings())) == {"format": "fervbench-findings/1", "findings": []}


def test_json_holds_everything_that_was_found_in_a_file() -> None:
    findings = Findings("p.json")
    findings.add("unknown-class", "no class 'Anger'", hint="did you mean Angry?", pointer="/predictions/1", id="1")
    assert json.loads(to_json(findings))["findings"] == [
        {
            "rule": "unknown-class",
            "severity": "error",
            "file": "p.json",
            "pointer": "/predictions/1",
            "id": "1",
            "message": "no class 'Anger'",
            "hint": "did you mean Angry?",
        }
    ]


@pytest.mark.parametrize("limit", [1, 2, 7, 50])
def test_at_most_the_limit_is_printed_and_the_rest_counted(limit: int) -> None:
    text = to_text(collected(unknown_class=1_234), limit)
    assert text.startswith("unknown-class (1,234)\n")
    assert text.count("number") == limit
    assert text.endswith(f"  ... and {1_234 - limit:,} more")


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5])
def test_at_most_the_limit_is_printed_of_several_rules(limit: int) -> None:
    assert to_text(collected(unanswered=9, unknown_class=9, not_finite=9), limit).count("number") == limit


def test_nothing_is_counted_where_everything_is_printed() -> None:
    assert "more" not in to_text(collected(unknown_class=3), limit=3)


def test_every_rule_gets_its_turn() -> None:
    text = to_text(collected(unanswered=500, unknown_class=2, not_finite=1), limit=6)
    assert text.splitlines() == [
        "unanswered (500)",
        "  /unanswered/0: unanswered number 0",
        "  /unanswered/1: unanswered number 1",
        "  /unanswered/2: unanswered number 2",
        "  ... and 497 more",
        "unknown-class (2)",
        "  /unknown-class/0: unknown-class number 0",
        "  /unknown-class/1: unknown-class number 1",
        "not-finite (1)",
        "  /not-finite/0: not-finite number 0",
    ]


def test_a_hint_is_printed_once_for_findings_in_a_row() -> None:
    findings = Findings()
    for i in range(3):
        findings.add("class-number", f"{i} is a number", hint="write class names")
    findings.add("class-number", "9 is a number", hint="or names of classes")
    assert to_text(findings).splitlines() == [
        "class-number (4)",
        "  0 is a number",
        "    hint: write class names",
        "  1 is a number",
        "  2 is a number",
        "  9 is a number",
        "    hint: or names of classes",
    ]


def test_the_whole_document_is_named_as_such() -> None:
    findings = Findings()
    findings.add("missing-key", "the key 'format' is missing", pointer="")
    assert to_text(findings).splitlines() == ["missing-key (1)", "  top level: the key 'format' is missing"]


def test_beyond_what_is_kept_everything_is_still_counted() -> None:
    findings = collected(unanswered=KEPT - 1)
    assert not findings.full
    findings.add("unknown-id", "the last one kept")
    assert findings.full
    findings.add("unknown-id", "counted")
    findings.extend([Finding("not-finite", "counted as well"), Finding("not-finite", "and this")])
    assert len(findings) == KEPT + 3
    assert findings.counts == {"unanswered": KEPT - 1, "unknown-id": 2, "not-finite": 2}
    assert len(findings.kept) == KEPT
    assert [found.message for found in findings][-1] == "3 more problems are counted but not listed"
    assert len(json.loads(to_json(findings))["findings"]) == KEPT + 1


def test_a_rule_that_is_only_counted_is_printed_with_its_count() -> None:
    lines = to_text(collected(unanswered=KEPT, unknown_class=12), limit=1).splitlines()
    assert lines == [
        f"unanswered ({KEPT:,})",
        "  /unanswered/0: unanswered number 0",
        f"  ... and {KEPT - 1:,} more",
        "unknown-class (12)",
        "  ... and 12 more",
    ]


def test_a_plain_list_of_findings_is_printed_like_a_collection() -> None:
    findings = collected(unanswered=5, unknown_class=2)
    assert to_text(list(findings), limit=3) == to_text(findings, limit=3)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\x1b[2J", r"\x1b[2J"),  # clears the screen
        ("\x1b]8;;http://x\x07y", r"\x1b]8;;http://x\x07y"),  # a link
        ("a\r\nb\tc\x00\x7f", r"a\r\nb\tc\x00\x7f"),
        ("\x9b31m", r"\x9b31m"),  # a control sequence of one byte
        ("\u202eabc\u2066", r"\u202eabc\u2066"),  # right to left
        ("\u200b\u00ad\ufeff", r"\u200b\xad\ufeff"),  # invisible
        ("\u2028\u00a0", r"\u2028\xa0"),
        ("\ud800", r"\ud800"),
        ("\ue000", r"\ue000"),  # private use
        ("naïve 表情 😀", "naïve 表情 😀"),
        ("[bold]plain[/bold]", "[bold]plain[/bold]"),
    ],
)
def test_what_could_steer_a_terminal_is_shown_as_an_escape(text: str, expected: str) -> None:
    assert visible(text) == expected


@patient
@given(text=ANY_TEXT)
def test_visible_text_is_printable_whatever_it_was(text: str) -> None:
    shown = visible(text)
    assert shown.isprintable()
    assert not any(unicodedata.bidirectional(c) in ("RLO", "LRO", "RLE", "LRE", "RLI", "LRI", "FSI") for c in shown)
    shown.encode("utf-8")


@patient
@given(found=FINDINGS)
def test_printed_findings_hold_no_control_character_but_line_ends(found: list[Finding]) -> None:
    assert all(line.isprintable() for line in to_text(found).split("\n"))


@pytest.mark.parametrize(("length", "shown"), [(199, 199), (200, 200), (201, 200), (1_000_000, 200)])
def test_long_text_is_cut(length: int, shown: int) -> None:
    text = visible("x" * length)
    assert len(text) == shown
    assert text.endswith("...") == (length > 200)
