"""The published schema and the reader agree, and no file makes the reader do anything but read or refuse.

The reader is the stricter one (it knows the protocol); so what it accepts keeps to the schema, and what breaks the
schema is refused.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from fervbench import schema
from fervbench.errors import FervbenchError, SubmissionError
from fervbench.submission.reading import parse_submission

CLASSES = ["Happy", "Sad", "Neutral", "Angry", "Surprise", "Disgust", "Fear"]
FOLDS = ["fd1", "fd2", "fd3", "fd4", "fd5"]
IDS = [f"{i:04}" for i in range(1, 96)]  # 19 of each fold in turn
VALIDATOR = jsonschema.Draft202012Validator(schema.load("recognition"))
_WHOLE = VALIDATOR.TYPE_CHECKER.redefine("integer", lambda _, value: type(value) is int)  # 1.0 is none
STRICT = jsonschema.validators.extend(VALIDATOR, type_checker=_WHOLE)(schema.load("recognition"))
several = settings(suppress_health_check=list(HealthCheck), deadline=None, max_examples=200)

NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**70), 2**70)
ANSWERS = st.sampled_from(CLASSES) | st.none() | st.lists(NUMBERS, min_size=7, max_size=7)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(max_size=8) | st.sampled_from([*CLASSES, *FOLDS, *IDS[:3], "x-a"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=8,
)


def predictions(ids: list[str]) -> Any:
    return st.dictionaries(st.sampled_from(ids), ANSWERS, max_size=8)


@st.composite
def good_documents(draw: st.DrawFn) -> dict[str, Any]:
    """Files that are good for the tiny protocol where missing answers count as wrong."""
    document: dict[str, Any] = {"format": "fervbench-recognition/1", "protocol": "tiny"}
    document["classes"] = draw(st.permutations(CLASSES))
    document |= draw(st.dictionaries(st.sampled_from(["x-a", "x-", "x-b/c"]), JSON, max_size=2))
    document |= draw(st.sampled_from([{}, {"x-note": "a note"}]))
    if draw(st.booleans()):
        document["predictions"] = draw(predictions(IDS))
        return document
    seeds = draw(st.sampled_from([(None,), (0,), (2**64 - 1, 5)]))
    document["runs"] = [
        {"trained_on": fold, "predictions": draw(predictions(IDS[19 * i : 19 * i + 19]))}
        | ({} if seed is None else {"seed": seed})
        for i, fold in enumerate(FOLDS)
        for seed in seeds
    ]
    return document


@st.composite
def damaged_documents(draw: st.DrawFn) -> Any:
    """Good documents with one to three places changed to anything."""
    document: Any = copy.deepcopy(draw(good_documents()))
    for _ in range(draw(st.integers(1, 3))):
        parent: Any = document
        while True:
            below = [key for key in _keys(parent) if isinstance(parent[key], (dict, list)) and parent[key]]
            if not below or draw(st.booleans()):
                break
            parent = parent[draw(st.sampled_from(below))]
        keys = _keys(parent)
        change = draw(st.sampled_from(["value", "remove", "add"]))
        if change == "add" or not keys:
            if isinstance(parent, dict):
                known = ["classes", "seed", "trained_on", "runs", "predictions", "0096", "1"]
                parent[draw(st.text(max_size=6) | st.sampled_from(known))] = draw(JSON)
            else:
                parent.append(draw(JSON))
        elif change == "remove":
            del parent[draw(st.sampled_from(keys))]
        else:
            parent[draw(st.sampled_from(keys))] = draw(JSON)
    return document


def _keys(value: Any) -> list[Any]:
    return list(value) if isinstance(value, dict) else list(range(len(value)))


def attempt(read: Callable[[], Any]) -> FervbenchError | None:
    """The error with which a file is refused, None if it is read; any other exception goes through."""
    try:
        read()
    except FervbenchError as error:
        return error
    return None


def resolves(pointer: str, document: Any) -> bool:
    """Whether a JSON pointer leads to a value of a document, or to a key that its last object lacks."""
    if pointer == "":
        return True
    first, *parts = pointer.split("/")
    assert first == "", pointer
    value = document
    for i, part in enumerate(parts):
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict):
            if name not in value:
                return i == len(parts) - 1
            value = value[name]
        elif isinstance(value, list) and name.isdecimal() and int(name) < len(value):
            value = value[int(name)]
        else:
            return False
    return True


@several
@given(document=good_documents())
def test_good_files_are_good_for_both(tiny: Any, document: dict[str, Any]) -> None:
    assert VALIDATOR.is_valid(document)
    submission = tiny.read(document, missing="wrong")
    given_answers = [run["predictions"] for run in document.get("runs", [document])]
    for run, answers in zip(submission.runs, given_answers, strict=True):
        assert (run.answers >= 0).sum() == sum(answer is not None for answer in answers.values())


@several
@given(document=damaged_documents())
def test_what_the_reader_accepts_keeps_to_the_schema_and_refusals_point_into_the_file(tiny: Any, document: Any) -> None:
    refusal = attempt(lambda: tiny.read(document, missing="wrong"))
    if refusal is None:
        event("accepted")
        VALIDATOR.validate(document)
        return
    event("refused")
    assert isinstance(refusal, SubmissionError)
    assert len(refusal.findings) >= 1
    for found in refusal.findings:
        assert found.pointer is not None
        assert resolves(found.pointer, document), found


@pytest.mark.parametrize(
    "changes",
    [
        {"format": "fervbench-recognition/2"},
        {"protocol": None},
        {"classes": ["Happy"]},
        {"classes": [*CLASSES, "Happy"]},
        {"classes": [0, 1, 2, 3, 4, 5, 6]},
        {"Classes": CLASSES},
        {"runs": []},
        {"predictions": {"0001": 0}},
        {"predictions": {"0001": True}},
        {"predictions": {"0001": {}}},
        {"predictions": {"0001": [1.0]}},
        {"predictions": {"0001": [True] * 7}},
        {"predictions": {"0001": ["1"] * 7}},
        {"predictions": []},
        {"x-note": 1},
    ],
)
def test_what_breaks_the_schema_is_refused(tiny: Any, changes: dict[str, Any]) -> None:
    document = tiny.short(classes=CLASSES) | changes
    assert not VALIDATOR.is_valid(document)
    assert len(tiny.refused(document, missing="wrong")) >= 1


@pytest.mark.parametrize("seed", [-1, 2**64, 0.5, "0", None, True, [0]])
def test_seeds_that_break_the_schema_are_refused(tiny: Any, seed: Any) -> None:
    document = tiny.runs(FOLDS)
    document["runs"][0]["seed"] = seed
    assert not VALIDATOR.is_valid(document)
    assert {found.pointer for found in tiny.refused(document)} >= {"/runs/0/seed"}


@several
@given(document=damaged_documents())
def test_the_quick_check_of_the_schema_says_what_jsonschema_says(document: Any) -> None:
    definition = schema.load("recognition")
    assert schema.accepts(document, definition) == STRICT.is_valid(document)


def test_the_quick_check_does_not_pass_over_a_keyword_that_it_does_not_know() -> None:
    with pytest.raises(KeyError, match="multipleOf"):
        schema.accepts(3, {"multipleOf": 2})


TOKENS = [
    b'"',
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"NaN",
    b"1e400",
    b"\\ud800",
    b"-",
    b"true",
    b'"0001":',
    b"9" * 5000,
]
EDITS = st.lists(
    st.tuples(
        st.sampled_from(["set", "set", "insert", "insert", "remove", "swap"]),
        st.integers(0, 10**6),
        st.sampled_from([b"0", b"1", b"a", b"F"]) | st.sampled_from(TOKENS) | st.binary(min_size=1, max_size=4),
    ),
    min_size=1,
    max_size=3,
)


@settings(several, max_examples=600)
@given(edits=EDITS, form=st.sampled_from(["short", "runs", "by name"]))
def test_a_file_with_random_bytes_changed_is_read_or_refused(tiny: Any, edits: list[Any], form: str) -> None:
    if form == "by name":  # the protocol, too, is looked up as the damaged file names it
        text = b'{"format":"fervbench-recognition/1","protocol":"ferv39k","predictions":{"War/Fear/0001":"Fear"}}'
    else:
        document = tiny.short({"0001": "Happy", "2": [0.5, 1, 0, -2e3, 0.1, 0, 0], "0003": None}, classes=CLASSES)
        text = json.dumps(document if form == "short" else tiny.runs(FOLDS)).encode()
    data = bytearray(text)
    for kind, position, some in edits:
        at = position % (len(data) + 1)
        if kind == "swap":
            data[:] = data[at:] + data[:at]
        else:
            data[at : at if kind == "insert" else at + len(some)] = b"" if kind == "remove" else some
    world = (None, None) if form == "by name" else (tiny.protocol, tiny.truth)
    refusal = attempt(lambda: parse_submission(bytes(data), "p.json", world[0], ground_truth=world[1], missing="wrong"))
    event(type(refusal).__name__)
    if refusal is not None:
        assert len(refusal.findings) >= 1
        assert str(refusal)
