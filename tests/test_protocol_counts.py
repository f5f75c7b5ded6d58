"""Counts beside a protocol: read, refused with everything that is wrong, held to their schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner

from fervbench import schema
from fervbench.cli import cli
from fervbench.errors import NotAvailableError, ProtocolFileError
from fervbench.protocol import Protocol, build, load_protocol
from fervbench.resources import data_dir

from .test_protocol import SHIPPED, small

CELL = {"test": 1, "train": 4}
CELLS = {"a": {"Happy": CELL}, "b": {"Sad": {"test": 2, "train": 5}}}
BLOCKS = {"00000": {"n": 3, "sha256": "0" * 16}}


def counting(folder: Path, counts: object, kind: str = "counts") -> Protocol:
    text = counts if isinstance(counts, str) else json.dumps(counts)
    (folder / "counts.json").write_text(text, encoding="utf-8")
    return build(small() | {"ground_truth": {"kind": kind, "counts": "counts.json"}}, folder, "p.toml")


@pytest.mark.parametrize("kind", ["counts", "labels"])
@pytest.mark.parametrize("more", [{}, {"block_size": 100, "blocks": BLOCKS}, {"format": "fervbench-counts/1"}])
def test_good_counts_are_read(kind: str, more: dict[str, Any], tmp_path: Path) -> None:
    counts = {"cells": CELLS, **more}
    assert counting(tmp_path, counts, kind).counts() == counts


@pytest.mark.parametrize("kind", ["counts", "labels"])
@pytest.mark.parametrize(
    ("counts", "rule", "pointer"),
    [
        ([], "wrong-type", ""),
        ({}, "missing-key", ""),
        ({"cells": []}, "wrong-type", "/cells"),
        ({"cells": {}}, "wrong-value", "/cells"),
        ({"cells": {"a": 3}}, "wrong-type", "/cells/a"),
        ({"cells": {"a": {"Happy": 3}}}, "wrong-type", "/cells/a/Happy"),
        ({"cells": {"a": {"Happy": {"train": 3}}}}, "missing-key", "/cells/a/Happy"),
        ({"cells": {"a": {"Happy": CELL | {"n": 5}}}}, "unknown-key", "/cells/a/Happy/n"),
        *(
            ({"cells": {"a": {"Happy": CELL | {part: n}}}}, rule, f"/cells/a/Happy/{part}")
            for part in ("test", "train")
            for n, rule in ((-1, "wrong-value"), (True, "wrong-type"), (1.0, "wrong-type"), ("1", "wrong-type"))
        ),
        ({"cells": {"a": {"Happy": CELL}}}, "empty-configuration", "/cells"),
        ({"cells": CELLS | {"b": {}}}, "empty-configuration", "/cells"),
        ({"cells": CELLS | {"b": {"Sad": {"test": 0}}}}, "empty-configuration", "/cells"),
        ({"cells": CELLS | {"c": {"Sad": CELL}}}, "unknown-name", "/cells/c"),
        ({"cells": CELLS | {"all": {"Sad": CELL}}}, "unknown-name", "/cells/all"),
        ({"cells": CELLS | {"b": {"Sad": CELL, "Joy": CELL}}}, "unknown-name", "/cells/b/Joy"),
        ({"cells": CELLS, "block_size": 100}, "missing-key", ""),
        ({"cells": CELLS, "blocks": BLOCKS}, "missing-key", ""),
        ({"cells": CELLS, "block_size": 100, "blocks": []}, "wrong-type", "/blocks"),
        ({"cells": CELLS, "block_size": 100, "blocks": {}}, "wrong-value", "/blocks"),
        ({"cells": CELLS, "block_size": True, "blocks": BLOCKS}, "wrong-type", "/block_size"),
        ({"cells": CELLS, "block_size": 100, "blocks": {"00000": 3}}, "wrong-type", "/blocks/00000"),
        ({"cells": CELLS, "block_size": 100, "blocks": {"00050": BLOCKS["00000"]}}, "wrong-value", "/blocks/00050"),
        ({"cells": CELLS, "block_size": 100, "blocks": {"0": BLOCKS["00000"]}}, "wrong-value", "/blocks/0"),
        ({"cells": CELLS, "block_size": 100, "blocks": {"²": BLOCKS["00000"]}}, "wrong-value", "/blocks/²"),
        ('{"cells": ', "syntax", "line 1"),
        ('{"cells": {"a": {"Happy": {"test": NaN}}}}', "not-finite", "/cells/a/Happy/test"),
        ('{"cells": {"a": {"Happy": {"test": 1}, "Happy": {"test": 1}}}}', "duplicate-key", "/cells/a/Happy"),
    ],
)
def test_counts_that_cannot_be_used_are_refused_with_what_is_wrong(
    counts: object, rule: str, pointer: str, kind: str, tmp_path: Path
) -> None:
    with pytest.raises(ProtocolFileError, match="the counts of small cannot be used") as caught:
        counting(tmp_path, counts, kind).counts()
    assert caught.value.exit_code == 1
    assert (rule, pointer) in [(finding.rule, finding.pointer) for finding in caught.value.findings]
    assert all(finding.file == str(tmp_path / "counts.json") for finding in caught.value.findings)


def test_everything_wrong_with_counts_is_found_at_once(tmp_path: Path) -> None:
    counts = {"cells": {"c": {"Joy": CELL}, "a": {"Sad": {"test": 3}}}, "block_size": 10}
    with pytest.raises(ProtocolFileError) as caught:
        counting(tmp_path, counts).counts()
    assert [(finding.rule, finding.pointer) for finding in caught.value.findings] == [
        ("unknown-name", "/cells/c"),
        ("unknown-name", "/cells/c/Joy"),
        ("wrong-value", "/cells/a/Sad"),
        ("empty-configuration", "/cells"),
        ("missing-key", ""),
    ]


@pytest.mark.parametrize("name", SHIPPED)
def test_the_shipped_counts_keep_to_their_schema(name: str) -> None:
    counts = load_protocol(name).counts()
    if counts is not None:
        jsonschema.Draft202012Validator(schema.load("counts")).validate(counts)


def test_check_finds_bad_counts(tmp_path: Path) -> None:
    text = (data_dir("protocols") / "dfew.toml").read_text(encoding="utf-8")
    (tmp_path / "p.toml").write_text(text.replace('"dfew/counts.json"', '"counts.json"'), encoding="utf-8")
    (tmp_path / "counts.json").write_text('{"cells": {"fd1": {"Happy": {"test": 1}}}}')
    result = CliRunner().invoke(cli, ["protocols", "check", str(tmp_path / "p.toml")])
    assert result.exit_code == 1
    assert "fd2 has no test clip" in result.stderr


def test_a_counts_file_that_is_absent_is_not_available(tmp_path: Path) -> None:
    document = small()
    document["ground_truth"] = {"kind": "counts", "counts": "counts.json"}
    with pytest.raises(NotAvailableError, match="counts of small cannot be read"):
        build(document, tmp_path, "p.toml").counts()
