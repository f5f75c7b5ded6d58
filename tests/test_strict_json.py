"""What the standard library lets through in silence is found; what is good JSON comes out as it went in."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from fervbench import strict_json
from fervbench.errors import InputError
from fervbench.findings import Finding, Findings


def problems(data: bytes | str) -> list[Finding]:
    """Everything found in a document, whether parsing stops at it or the walk comes by."""
    findings = Findings("f.json")
    try:
        document = strict_json.parse(data.encode() if isinstance(data, str) else data, "f.json")
    except InputError as error:
        return list(error.findings)
    strict_json.walk(document.value, findings)
    if not document.suspect:  # then a reader may skip the walk, but for numbers that overflow
        assert {found.rule for found in findings} <= {"not-finite", "too-deep"}
    return list(findings)


def places(data: bytes | str) -> list[tuple[str, str | None]]:
    return [(found.rule, found.pointer) for found in problems(data)]


def refusal(data: bytes | str) -> Finding:
    with pytest.raises(InputError) as caught:
        strict_json.parse(data.encode() if isinstance(data, str) else data, "f.json")
    (found,) = caught.value.findings
    assert caught.value.file == found.file == "f.json"
    assert found.message == caught.value.message
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a": 1, "a": 2}', ["/a"]),
        ('{"a": 1, "a": 1}', ["/a"]),
        ('{"a": 1, "b": 2, "a": 3, "a": 4}', ["/a", "/a"]),
        ('{"x": [0, {"y": {"a": 1, "a": 2}}]}', ["/x/1/y/a"]),
        ('{"a": {"b": 1, "b": 2}, "a": 3}', ["/a", "/a/b"]),
        ('{"a": 1, "\\u0061": 2}', ["/a"]),  # one key in two spellings
        ('{"": 1, "": 2}', ["/"]),
        ('{"a/b~c": 1, "a/b~c": 2}', ["/a~1b~0c"]),
    ],
)
def test_keys_that_stand_twice_are_found_each_time(text: str, expected: list[str]) -> None:
    assert places(text) == [("duplicate-key", pointer) for pointer in expected]


def test_the_first_of_two_equal_keys_is_kept() -> None:
    document = strict_json.parse(b'{"a": 1, "b": 2, "a": 3}', "f.json")
    assert document.suspect
    assert document.value == {"a": 1, "b": 2}


@pytest.mark.parametrize("literal", ["NaN", "Infinity", "-Infinity", "1e400", "-1e400", "9" * 5000, "-" + "9" * 5000])
def test_numbers_that_float64_does_not_have_are_found_where_they_stand(literal: str) -> None:
    text = f'{{"a": [0, {literal}], "b/c": {literal}, "d": 0.5}}'
    assert places(text) == [("not-finite", "/a/1"), ("not-finite", "/b~1c")]


def test_a_number_is_told_as_it_was_written_and_not_at_full_length() -> None:
    (nan,) = problems("[NaN]")
    (long,) = problems(f"[{'9' * 5000}]")
    assert nan.message.startswith("NaN is not")
    assert long.message.startswith("9" * 20 + "...")
    assert len(long.message) < 60


@pytest.mark.parametrize("digits", [1, 20, 309, 400, 4000])
def test_integers_within_the_limits_are_read_exactly(digits: int) -> None:
    document = strict_json.parse(b"[" + b"7" * digits + b"]", "f.json")
    assert document.value == [int("7" * digits)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r'{"a": "\ud83d"}', ["/a"]),
        (r'{"a": ["x", "\uDE00 y"]}', ["/a/1"]),
        (r'{"a": "\ude00\ud83d"}', ["/a"]),  # a pair the wrong way round
        (r'{"\ud800": 1}', ["/\ud800"]),
        (r'{"\ud800": {"\udfff": "\udbff"}}', ["/\ud800", "/\ud800/\udfff", "/\ud800/\udfff"]),
    ],
)
def test_half_a_surrogate_pair_is_found_in_values_and_keys(text: str, expected: list[str]) -> None:
    assert places(text) == [("lone-surrogate", pointer) for pointer in expected]


def test_a_whole_surrogate_pair_is_one_character() -> None:
    document = strict_json.parse(rb'{"\ud83d\ude00": "\ud83d\ude00"}', "f.json")
    findings = Findings()
    strict_json.walk(document.value, findings)
    assert document.value == {"😀": "😀"}
    assert len(findings) == 0


@pytest.mark.parametrize("levels", [17, 100, 2_000, 200_000])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_more_than_sixteen_levels_are_too_deep(levels: int, opening: str, closing: str) -> None:
    (found,) = problems(opening * levels + "0" + closing * levels)
    assert found.rule == "too-deep"
    assert "16 levels" in found.message


def test_sixteen_levels_are_not_too_deep() -> None:
    assert problems("[" * 16 + "0" + "]" * 16) == []


def test_the_walk_goes_on_beside_what_is_too_deep() -> None:
    deep = "[" * 16 + "]" * 16
    assert places(f'{{"a": {deep}, "b": NaN}}') == [("too-deep", "/a" + "/0" * 15), ("not-finite", "/b")]


def test_a_walk_names_places_below_its_start() -> None:
    findings = Findings()
    strict_json.walk({"a": math.inf}, findings, start="/runs/3")
    assert [found.pointer for found in findings] == ["/runs/3/a"]


def test_a_byte_order_mark_is_refused() -> None:
    found = refusal(b"\xef\xbb\xbf{}")
    assert (found.rule, found.hint) == ("byte-order-mark", "save as UTF-8 without BOM")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
def test_utf_16_and_utf_32_are_refused(encoding: str) -> None:
    found = refusal('{"a": 1}'.encode(encoding))
    assert (found.rule, found.hint) == ("encoding", "save as UTF-8")
    assert "UTF-16 or UTF-32" in found.message


@pytest.mark.parametrize("bad", [b"\xff", b"\xc3(", b"\xed\xa0\x80", b"\xc0\xaf", b"\xf4\x90\x80\x80", b"caf\xe9"])
def test_bytes_that_are_not_utf_8_are_refused_with_their_line(bad: bytes) -> None:
    found = refusal(b'{"a":\n "' + bad + b'"}')
    assert found.rule == "encoding"
    assert "line 2" in found.message


@pytest.mark.parametrize(
    ("text", "place", "hint"),
    [
        ("", "line 1, column 1", "the file is empty"),
        (" \n\n", "line 3, column 1", "the file is empty"),
        ("{'a': 1}", "line 1, column 2", "json.dump"),
        ('{"a": None}', "line 1, column 7", "json.dump"),
        ('{"a": nan}', "line 1, column 7", "json.dump"),
        ('{"a": array([1.0])}', "line 1, column 7", "json.dump"),
        ("{1: 2}", "line 1, column 2", "json.dump"),
        ('{"a": 1}\n{"a": 2}\n', "line 2, column 1", ".jsonl"),
        ("clip_id,label\n0001,Happy\n", "line 1, column 1", "fervbench convert"),
        ("0001,Happy\n0002,Sad\n", "line 1, column 2", "fervbench convert"),
        ("War/Fear/0001 Fear\n", "line 1, column 1", "fervbench convert"),
        ('{"a": [1, 2,]}', "line 1, column", "a comma before the closing bracket?"),
        ('{\n "a": 1,\n}', "column", "a comma before the closing bracket?"),
        ('{"a": "tab\there"}', "line 1, column 11", None),
        ('{"a" 1}', "line 1, column 6", None),
        ('{"a": [1}', "line 1, column 9", None),
    ],
)
def test_syntax_errors_say_where_and_what_probably_happened(text: str, place: str, hint: str | None) -> None:
    found = refusal(text)
    assert found.rule == "syntax"
    assert place in found.message
    assert (found.hint is None) if hint is None else (hint in (found.hint or ""))


def test_a_file_cut_off_anywhere_is_recognised_as_one() -> None:
    text = '{"a": "x y", "b": [0.25, -1e5, null, true], "c": {"d": 12}}'
    for end in range(1, len(text)):
        found = refusal(text[:end])
        assert found.rule == "syntax"
        assert found.hint is not None, text[:end]
        assert "cut off" in found.hint, text[:end]


@pytest.mark.parametrize(
    ("parts", "expected"),
    [((), ""), (("",), "/"), (("a/b", 0, "m~n"), "/a~1b/0/m~0n"), (("~1",), "/~01"), (("/~",), "/~1~0")],
)
def test_pointers_escape_tildes_and_slashes(parts: tuple[str | int, ...], expected: str) -> None:
    assert strict_json.pointer(*parts) == expected


patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner), max_leaves=20)


@patient
@given(value=VALUES, ascii_only=st.booleans())
def test_good_json_comes_out_as_it_went_in(value: Any, ascii_only: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only)
    document = strict_json.parse(text.encode("utf-8"), "f.json")
    assert document.value == value
    findings = Findings()
    strict_json.walk(document.value, findings)
    assert [found for found in findings if found.rule != "too-deep"] == []


@patient
@given(value=VALUES)
def test_good_json_is_suspect_only_if_it_could_hide_a_surrogate(value: Any) -> None:
    text = json.dumps(value, ensure_ascii=False)
    assume("\\ud" not in text.lower())
    assert not strict_json.parse(text.encode(), "f.json").suspect


def test_dumps_is_plain_sorted_and_without_nan() -> None:
    assert strict_json.dumps({"b": "é", "a": [1, None]}) == '{"a": [1, null], "b": "\\u00e9"}'
    with pytest.raises(ValueError, match="not JSON compliant"):
        strict_json.dumps(math.nan)
