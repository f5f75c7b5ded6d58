"""The public surface: what `import fervbench` offers, and the transcript of DESIGN.md."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

import fervbench
from fervbench import errors, examples, schema


def test_the_surface_is_sorted_and_complete():
    assert fervbench.__all__ == sorted(fervbench.__all__)
    assert set(fervbench._HOME) | {"__version__"} == set(fervbench.__all__)


@pytest.mark.parametrize("name", fervbench.__all__)
def test_every_public_name_is_there_and_documented(name: str):
    value = getattr(fervbench, name)
    assert isinstance(value, str) or value.__doc__


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = fervbench.nothing


def test_the_transcript_of_the_design(tmp_path: Path):
    examples.write_example("mae-dfer-overall-only", tmp_path)
    protocol = fervbench.load_protocol("ferv39k")
    submission = fervbench.read_submission(tmp_path / "mae-dfer-overall-only.json", protocol)
    report = fervbench.score(protocol, submission)
    assert 0 <= report.cell(source="all", target="Talkshow")["UAR"] <= 1
    assert round(100 * report.cell(source="all", target="all")["WAR"], 2) == 52.07  # MAE-DFER's log
    assert round(100 * report.cell(source="all", target="all")["UAR"], 2) == 43.12
    assert report.signature.startswith("fervbench|p:ferv39k@1.0.0|e:overall|gt:")
    report.write(tmp_path / "report.json")
    written = json.loads((tmp_path / "report.json").read_text())
    jsonschema.Draft202012Validator(schema.load("report")).validate(written)
    with pytest.raises(fervbench.UsageError, match="exists already"):
        report.write(tmp_path / "report.json")


def test_a_submission_is_scored_by_the_protocol_it_was_read_for(tmp_path: Path):
    examples.write_example("mae-dfer-overall-only", tmp_path)
    submission = fervbench.read_submission(tmp_path / "mae-dfer-overall-only.json")
    with pytest.raises(ValueError, match="not for this dfew"):
        fervbench.score(fervbench.load_protocol("dfew"), submission)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (fervbench.InputError, 1),
        (fervbench.SubmissionError, 1),
        (fervbench.UsageError, 2),
        (errors.ProtocolFileError, 1),
        (fervbench.NotAvailableError, 3),
        (errors.LabelsError, 3),
        (fervbench.MismatchError, 3),
    ],
)
def test_exit_codes_of_the_error_tree(error: type[fervbench.FervbenchError], code: int):
    assert issubclass(error, fervbench.FervbenchError)
    assert error.exit_code == code
    assert [f.message for f in error("what is wrong").findings] == ["what is wrong"]
