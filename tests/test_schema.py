"""The quick check of a schema and the jsonschema package say the same of every document."""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Iterator
from functools import cache
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from fervbench import schema
from fervbench.findings import Findings
from fervbench.resources import data_dir, package_file

NAMES = sorted(file.name.removesuffix(".schema.json") for file in package_file("schemas").iterdir())
PROTOCOL = tomllib.loads((data_dir("protocols") / "mafw.toml").read_text(encoding="utf-8"))
RUNS = {
    "format": "fervbench-recognition/1",
    "protocol": "ferv39k",
    "classes": ["Happy", "Sad"],
    "runs": [
        {"trained_on": "all", "seed": 0, "predictions": {"War/Fear/0001": None, "War/Sad/0001": [0.25, 1]}},
        {"trained_on": "War", "x-host": [1], "predictions": {"War/Fear/0001": "Sad"}},
    ],
    "x-note": "made up",
}
SHORT = {"format": "fervbench-recognition/1", "protocol": "dfew", "predictions": {"1": "Happy", "2": None, "3": [1, 2]}}
FINDINGS = {
    "format": "fervbench-findings/1",
    "findings": [
        {"rule": "a-b", "severity": "error", "file": None, "pointer": "/a", "id": None, "message": "m", "hint": None}
    ],
}
ENTRY = {
    "format": "fervbench-entry/1", "protocol": "dfew", "method": {"name": "A"}, "team": "B", "year": 2026,
    "paper": None, "code": {"url": "https://example.org/a"}, "extra_data": None,
    "pretraining": [{"data": "C", "kind": "faces"}],
    "modalities": ["face"], "selection": {"split": None, "n_test_evaluations": 1, "rule": "last"},
    "claimed": {"five-fold": {"WAR": 0.5, "UAR": None}}, "x-free": [1], "licence": "CC0-1.0",
    "links": [{"relation": "rerun-of", "entry": "dfew/a"}],
}  # fmt: skip
RESULT = {
    "format": "fervbench-result/1", "entry": "dfew/a", "predictions": "0" * 64, "report": {},
    "scores": {"five-fold": {"WAR": {"value": 0.5, "ci_low": 0.4, "ci_high": 0.6}}},
}  # fmt: skip
GOOD = [
    ("protocol", PROTOCOL),
    ("recognition", RUNS),
    ("recognition", SHORT),
    ("findings", FINDINGS),
    ("entry", ENTRY),
    ("result", RESULT),
]

# What a keyword is likely to disagree about: types near each other, lengths and sizes at their bounds
VALUES: list[Any] = [
    *(None, True, False, 0, 1, -1, 20, 21, 1.0, 0.5, float("inf"), 2**64 - 1, 2**64),
    *("", "all", "fd1", "a\n", "1.0.0\n", "é", "x" * 64, "x" * 65, "x" * 100, "x" * 101, "x" * 500, "x" * 501, "grid"),
    *([], {}, ["a", "a"], ["a", "b"], [1, 1.0], [0.5], [True, 1], [[]], {"a": 1}, {"x-a": None}, {"level": "fold"}),
]
KEYS = ["x-a", "xx", "title", "seed", "members", "predictions", "runs", "sizes", "pattern", "a\n", ""]


@cache
def validator(name: str) -> Any:
    """The jsonschema package with the one tightening that ours has: 1.0 is no integer."""
    base = jsonschema.Draft202012Validator
    strict = base.TYPE_CHECKER.redefine("integer", lambda _, v: isinstance(v, int) and not isinstance(v, bool))
    return jsonschema.validators.extend(base, type_checker=strict)(schema.load(name))


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every (container, key) in a document."""
    for key, child in list(value.items() if isinstance(value, dict) else enumerate(value)):
        yield value, key
        if isinstance(child, (dict, list)):
            yield from places(child)


@st.composite
def damaged(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """A good document after up to three small changes."""
    name, original = draw(st.sampled_from(GOOD))
    document = copy.deepcopy(original)
    for _ in range(draw(st.integers(0, 3))):
        found = list(places(document))
        if not found:
            break
        container, key = found[draw(st.integers(0, len(found) - 1))]
        change = draw(st.sampled_from(["replace", "remove", "add", "repeat"]))
        new = copy.deepcopy(draw(st.sampled_from(VALUES)))
        if change == "remove":
            del container[key]
        elif change == "replace":
            container[key] = new
        elif isinstance(container, dict):
            container[draw(st.sampled_from(KEYS))] = copy.deepcopy(container[key]) if change == "repeat" else new
        else:
            container.append(copy.deepcopy(container[key]) if change == "repeat" else new)
    return name, document


def broken(document: dict[str, Any], *path: Any, value: Any) -> dict[str, Any]:
    changed = copy.deepcopy(document)
    place = changed
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return changed


@given(damaged())
@example(("recognition", broken(RUNS, "runs", 0, "seed", value=1.0)))
@example(("recognition", broken(RUNS, "runs", 0, "seed", value=True)))
@example(("recognition", broken(SHORT, "runs", value=RUNS["runs"])))
@example(("protocol", broken(PROTOCOL, "id", value="mafw\n")))
@settings(max_examples=400, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
def test_the_quick_check_agrees_with_the_jsonschema_package(case: tuple[str, dict[str, Any]]) -> None:
    name, document = case
    accepted = schema.accepts(document, schema.load(name))
    assert accepted == validator(name).is_valid(document)
    findings = Findings()
    schema.violations(document, schema.load(name), findings)
    assert accepted == (len(findings) == 0), "what is refused is told, and nothing else"


@pytest.mark.parametrize(
    ("name", "document"), GOOD, ids=["protocol", "runs", "short form", "findings", "entry", "result"]
)
def test_the_documents_that_are_damaged_here_are_good_at_first(name: str, document: dict[str, Any]) -> None:
    assert schema.accepts(document, schema.load(name))


@pytest.mark.parametrize(
    ("name", "document"),
    [
        ("protocol", {}),
        ("protocol", broken(PROTOCOL, "id", value="mafw\n")),
        ("protocol", broken(PROTOCOL, "ids", "zero_pad", value=21)),
        ("protocol", broken(PROTOCOL, "ids", "zero_pad", value=5.0)),
        ("protocol", broken(PROTOCOL, "ground_truth", "counts", value="../counts.json")),
        ("protocol", broken(PROTOCOL, "ground_truth", "counts", value="/counts.json")),
        ("protocol", broken(PROTOCOL, "classes", value=["Anger", "Anger"])),
        ("protocol", broken(PROTOCOL, "configurations", value={})),
        ("recognition", broken(RUNS, "runs", value=[])),
        ("recognition", broken(RUNS, "runs", 0, "seed", value=-1)),
        ("recognition", broken(RUNS, "runs", 0, "seed", value=True)),
        ("recognition", broken(SHORT, "predictions", "1", value=3)),
        ("recognition", broken(SHORT, "predictions", "1", value=True)),
        ("recognition", broken(SHORT, "runs", value=RUNS["runs"])),
        ("recognition", broken(SHORT, "note", value="x-note is meant")),
        ("findings", broken(FINDINGS, "findings", 0, "severity", value="bad")),
    ],
)
def test_documents_that_must_be_refused_are(name: str, document: dict[str, Any]) -> None:
    assert not schema.accepts(document, schema.load(name))
    assert not validator(name).is_valid(document)


def test_the_published_schemas_ship() -> None:
    assert NAMES == [
        "agreement",
        "comparison",
        "counts",
        "entry",
        "findings",
        "interval-agreement",
        "interval-ratings",
        "interval-votes",
        "intervals",
        "protocol",
        "quality",
        "ranking",
        "ratings",
        "rebuilt",
        "recipe",
        "recognition",
        "report",
        "result",
        "split",
        "spotting",
        "spotting-recipe",
        "table",
        "votes",
    ]


@pytest.mark.parametrize(
    "rule",
    [
        *({"type": kind} for kind in ("object", "array", "string", "integer", "number", "boolean", "null")),
        *({"const": True}, {"const": "all"}, {"enum": [None, True, "a"]}, {"type": ["integer", "null"]}),
        *({"minLength": 1}, {"maxLength": 64}, {"pattern": "^a$"}, {"minimum": 1}, {"maximum": 20}),
        *({"minItems": 2}, {"maxItems": 1}, {"items": {"type": "number"}}, {"minProperties": 1}, {"required": ["a"]}),
        *({"items": {"type": "string"}, "uniqueItems": True}, {"properties": {"a": {"type": "string"}}}),
        *({"additionalProperties": False}, {"additionalProperties": True}, {"additionalProperties": {"type": "null"}}),
        {"patternProperties": {"^x-": {"type": "string"}}, "additionalProperties": {"type": "integer"}},
        *({"anyOf": [{"type": "string"}, {"minimum": 1}]}, {"oneOf": [{"type": "string"}, {"minLength": 1}]}),
    ],
    ids=str,
)
def test_every_keyword_by_itself_agrees_with_the_jsonschema_package(rule: dict[str, Any]) -> None:
    by_package = validator("protocol").evolve(schema=rule)
    answers = [(schema.accepts(value, rule), by_package.is_valid(value)) for value in VALUES]
    assert [ours for ours, _ in answers] == [theirs for _, theirs in answers]


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_schema_is_a_valid_schema_and_named_as_its_format(name: str) -> None:
    loaded = schema.load(name)
    assert loaded["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema.Draft202012Validator.check_schema(loaded)
    assert loaded["title"] == loaded["properties"]["format"]["const"] == f"fervbench-{name}/1"


def subschemas(one: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A schema and every schema within it."""
    yield one
    for keyword in ("properties", "patternProperties", "$defs"):
        for inner in one.get(keyword, {}).values():
            yield from subschemas(inner)
    for keyword in ("anyOf", "oneOf"):
        for inner in one.get(keyword, []):
            yield from subschemas(inner)
    for keyword in ("items", "additionalProperties"):
        if isinstance(one.get(keyword), dict):
            yield from subschemas(one[keyword])


@pytest.mark.parametrize("name", NAMES)
def test_the_quick_check_knows_every_keyword_that_the_schemas_use(name: str) -> None:
    root = schema.load(name)
    used = {keyword: rule for one in subschemas(root) for keyword, rule in one.items()}
    known_to_jsonschema = {
        *jsonschema.Draft202012Validator.VALIDATORS,
        "$schema",
        "$defs",
        "title",
        "description",
        "$comment",
    }
    assert set(used) <= known_to_jsonschema, "a keyword that nobody checks"
    for keyword, rule in used.items():
        for value in ("text", 1, 0.5, None, True, [], {}):
            assert schema.accepts(value, {keyword: rule}, root) in (True, False), keyword


@pytest.mark.parametrize("keyword", ["multipleOf", "if", "contains", "minItem"])
def test_the_quick_check_refuses_to_guess_a_keyword(keyword: str) -> None:
    with pytest.raises(KeyError, match=keyword):
        schema.accepts("text", {keyword: 1})


@pytest.mark.parametrize("name", NAMES)
def test_objects_say_what_else_they_may_hold(name: str) -> None:
    """A misspelled key must not pass in silence: every schema with properties names additionalProperties."""
    for one in subschemas(schema.load(name)):
        if "properties" in one:
            assert "additionalProperties" in one


def test_a_misspelled_key_is_told_with_its_pointer_and_the_nearest_known_one() -> None:
    document = broken(RUNS, "runs", 1, "trained-on", value="all")
    del document["runs"][1]["trained_on"]
    findings = Findings("p.json")
    schema.violations(document, schema.load("recognition"), findings)
    assert {(f.rule, f.pointer, f.file) for f in findings} == {
        ("unknown-key", "/runs/1/trained-on", "p.json"),
        ("missing-key", "/runs/1", "p.json"),
    }
    unknown = next(f for f in findings if f.rule == "unknown-key")
    assert unknown.hint == "did you mean 'trained_on'?"


def test_every_missing_key_is_named() -> None:
    findings = Findings()
    schema.violations({}, schema.load("recognition"), findings)
    messages = [f.message for f in findings if f.rule == "missing-key"]
    assert sorted(messages) == ["the key 'format' is missing", "the key 'protocol' is missing"]
