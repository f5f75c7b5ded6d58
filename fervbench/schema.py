"""The published JSON schemas, and what a document breaks of them.

A schema is the one definition of a shape. `accepts` is a quick yes that understands the few keywords our schemas use
and costs no import; on a no, `violations` lets the jsonschema package find every problem. jsonschema has the last word:
its import alone takes as long as scoring a file, so a good file never pays it. A test holds the two together.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable
from functools import cache
from typing import Any

from fervbench.findings import Findings
from fervbench.resources import package_file
from fervbench.strict_json import pointer

Schema = dict[str, Any]

_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}
_OF_ONE_TYPE = (
    *("minLength", "maxLength", "pattern"),
    *("required", "minProperties", "properties"),
    *("items", "minItems", "maxItems", "uniqueItems"),
    *("minimum", "maximum"),
)
_ANNOTATIONS = {"$schema", "$id", "$defs", "title", "description", "examples", "$comment"}


@cache
def load(name: str) -> Schema:
    """The shipped schema `name`: the first part of a file name in `schemas/`."""
    text = package_file("schemas", f"{name}.schema.json").read_text(encoding="utf-8")
    schema: Schema = json.loads(text)
    return schema


def _is(value: Any, name: str) -> bool:
    return isinstance(value, _TYPES[name]) and (name == "boolean" or not isinstance(value, bool))


def accepts(value: Any, schema: Schema, root: Schema | None = None) -> bool:
    """Whether `value` keeps to `schema`. Raises KeyError on a keyword that this quick check does not know."""
    root = root if root is not None else schema
    return all(_keeps(value, keyword, rule, schema, root) for keyword, rule in schema.items())


def _keeps(value: Any, keyword: str, rule: Any, schema: Schema, root: Schema) -> bool:
    if keyword in _ANNOTATIONS or keyword in ("patternProperties", "additionalProperties"):
        return keyword in _ANNOTATIONS or _keeps_other_properties(value, schema, root, keyword)
    if keyword == "type":
        return any(_is(value, name) for name in ([rule] if isinstance(rule, str) else rule))
    if keyword == "$ref":
        return accepts(value, root["$defs"][rule.removeprefix("#/$defs/")], root)
    if keyword == "const":
        return type(value) is type(rule) and bool(value == rule)
    if keyword == "enum":
        return any(type(value) is type(each) and value == each for each in rule)
    if keyword == "anyOf":
        return any(accepts(value, each, root) for each in rule)
    if keyword == "oneOf":
        return sum(accepts(value, each, root) for each in rule) == 1
    if keyword not in _OF_ONE_TYPE:
        raise KeyError(keyword)
    checks: dict[str, Callable[[], bool]] = {}
    if isinstance(value, str):
        checks = {
            "minLength": lambda: len(value) >= rule,
            "maxLength": lambda: len(value) <= rule,
            "pattern": lambda: re.search(rule, value) is not None,
        }
    elif isinstance(value, dict):
        checks = {
            "required": lambda: all(key in value for key in rule),
            "minProperties": lambda: len(value) >= rule,
            "properties": lambda: all(accepts(value[key], sub, root) for key, sub in rule.items() if key in value),
        }
    elif isinstance(value, list):
        checks = {
            "items": lambda: all(accepts(item, rule, root) for item in value),
            "minItems": lambda: len(value) >= rule,
            "maxItems": lambda: len(value) <= rule,
            "uniqueItems": lambda: len(value) == len(set(map(repr, value))),
        }
    elif _is(value, "number"):
        checks = {"minimum": lambda: bool(value >= rule), "maximum": lambda: bool(value <= rule)}
    return keyword not in checks or checks[keyword]()


def _keeps_other_properties(value: Any, schema: Schema, root: Schema, keyword: str) -> bool:
    if not isinstance(value, dict):
        return True
    patterns = schema.get("patternProperties", {})
    if keyword == "patternProperties":
        return all(accepts(value[k], sub, root) for p, sub in patterns.items() for k in value if re.search(p, k))
    known = schema.get("properties", {})
    rest = [value[k] for k in value if k not in known and not any(re.search(p, k) for p in patterns)]
    rule = schema["additionalProperties"]
    return (rule or not rest) if isinstance(rule, bool) else all(accepts(item, rule, root) for item in rest)


def violations(value: Any, schema: Schema, findings: Findings) -> None:
    """Add a finding for everything in `value` that breaks `schema`, with the nearest known key for an unknown one."""
    import jsonschema

    base = jsonschema.Draft202012Validator
    # An integer is written as one: the standard lets 1.0 pass for 1.
    checker = base.TYPE_CHECKER.redefine("integer", lambda _, v: _is(v, "integer"))
    validator = jsonschema.validators.extend(base, type_checker=checker)(schema)
    for error in sorted(validator.iter_errors(value), key=lambda e: [str(part) for part in e.absolute_path]):
        _report(error, findings)


def _report(error: Any, findings: Findings) -> None:
    where = pointer(*error.absolute_path)
    if error.validator == "additionalProperties" and error.schema["additionalProperties"] is False:
        known = list(error.schema.get("properties", {}))
        patterns = error.schema.get("patternProperties", {})
        for key in error.instance:
            if key not in known and not any(re.search(pattern, key) for pattern in patterns):
                hint = f"known here: {', '.join(known)}"
                near = [] if findings.full else difflib.get_close_matches(key[:100], known, n=1, cutoff=0.5)
                if near:
                    hint = f"did you mean {near[0]!r}?"
                findings.add("unknown-key", f"unknown key {key!r}", pointer=where + pointer(key), hint=hint)
    elif error.validator == "required":
        missing = [key for key in error.validator_value if key not in error.instance]
        # jsonschema reports one error a missing key; the message ends with the key
        key = next((key for key in missing if error.message.startswith(repr(key))), missing[0])
        findings.add("missing-key", f"the key {key!r} is missing", pointer=where)
    else:
        rule = {"type": "wrong-type", "anyOf": "wrong-type", "oneOf": "wrong-keys"}.get(error.validator, "wrong-value")
        findings.add(rule, _message(error), pointer=where)


def _message(error: Any) -> str:
    shown = repr(error.instance)
    if len(shown) > 60:
        shown = shown[:57] + "..."
    allowed = error.validator_value
    said = {
        "type": lambda: f"is {shown}, not of type {allowed if isinstance(allowed, str) else ' or '.join(allowed)}",
        "enum": lambda: f"is {shown}, not one of {', '.join(map(repr, allowed))}",
        "const": lambda: f"is {shown}, not {allowed!r}",
        "pattern": lambda: f"is {shown}, which does not match {allowed}",
        "anyOf": lambda: f"is {shown}; expected: {error.schema.get('description', 'another form')}",
        "oneOf": lambda: str(error.schema.get("$comment", f"is {shown}, which is not one of the allowed forms")),
        "uniqueItems": lambda: f"is {shown}, which repeats a value",
    }.get(error.validator)
    return said() if said else str(error.message)[:200]
