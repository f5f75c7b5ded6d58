"""Clips without an answer: refused, or wrong in every denominator, and never left out.

Of each fold of the tiny example 4 clips are Happy, 3 Sad, 4 Neutral, 3 Angry, 2 Surprise, 1 Disgust, 2 Fear. In the
world of these tests every answer is right, but four clips of fold fd1 have none: a Happy, a Sad and both of Fear.
"""

from __future__ import annotations

from typing import Any

import pytest

import fervbench

LEFT_OUT = ("0001", "0005", "0018", "0019")
FOLDS = ("fd1", "fd2", "fd3", "fd4", "fd5")


def with_nulls(tiny: Any) -> dict[str, Any]:
    document: dict[str, Any] = tiny.short()
    document["predictions"].update(dict.fromkeys(LEFT_OUT))
    return document


def without_ids(tiny: Any) -> dict[str, Any]:
    document: dict[str, Any] = tiny.short()
    for id in LEFT_OUT:
        del document["predictions"][id]
    return document


def of_runs(tiny: Any) -> dict[str, Any]:
    document: dict[str, Any] = tiny.runs(FOLDS)
    document["runs"][0]["predictions"].update(dict.fromkeys(LEFT_OUT[:2]))
    for id in LEFT_OUT[2:]:
        del document["runs"][0]["predictions"][id]
    return document


EVERY_FORM = pytest.mark.parametrize("make", [with_nulls, without_ids, of_runs])


@EVERY_FORM
def test_by_default_every_clip_without_an_answer_is_a_finding(tiny: Any, make: Any) -> None:
    findings = tiny.refused(make(tiny))
    assert findings.counts == {"unanswered": 4}
    assert [found.id for found in findings] == list(LEFT_OUT)


@EVERY_FORM
def test_as_wrong_they_stay_in_every_denominator_of_the_pooled_line(tiny: Any, make: Any) -> None:
    pooled = tiny.score(make(tiny), missing="wrong").cell(target="pooled")
    assert (pooled.n, pooled.missing) == (95, 4)
    assert pooled["WAR"] == pytest.approx(91 / 95)
    assert pooled["UAR"] == pytest.approx((19 / 20 + 14 / 15 + 1 + 1 + 1 + 1 + 8 / 10) / 7)
    f1 = {"Happy": 2 * 19 / (20 + 19), "Sad": 2 * 14 / (15 + 14), "Fear": 2 * 8 / (10 + 8)}
    assert pooled["macro_F1"] == pytest.approx((sum(f1.values()) + 4) / 7)
    assert pooled["weighted_F1"] == pytest.approx((20 * f1["Happy"] + 15 * f1["Sad"] + 10 * f1["Fear"] + 50) / 95)
    assert pooled.per_class["Fear"] == pytest.approx(
        {"n": 10, "missing": 2, "recall": 0.8, "precision": 1.0, "F1": f1["Fear"]}
    )


@EVERY_FORM
def test_as_wrong_they_stay_in_every_denominator_of_a_fold(tiny: Any, make: Any) -> None:
    report = tiny.score(make(tiny), missing="wrong")
    first = report.cell("fd1", "fd1")
    assert (first.n, first.missing) == (19, 4)
    assert first["WAR"] == pytest.approx(15 / 19)
    assert first["UAR"] == pytest.approx((3 / 4 + 2 / 3 + 1 + 1 + 1 + 1 + 0) / 7)
    assert first.per_class["Fear"] == {"n": 2, "missing": 2, "recall": 0.0, "precision": 0.0, "F1": 0.0}
    assert report.cell("fd2", "fd2")["WAR"] == 1.0
    mean = report.cell(aggregate="fold-mean")
    assert (mean.n, mean.missing) == (95, 4)
    assert mean["WAR"] == pytest.approx((15 / 19 + 4) / 5)


@EVERY_FORM
def test_rows_of_the_confusion_table_and_missing_add_up_to_all_clips(tiny: Any, make: Any) -> None:
    pooled = tiny.score(make(tiny), missing="wrong").cell(target="pooled")
    assert [sum(row) for row in pooled.confusion] == [19, 14, 20, 15, 10, 5, 8]  # of 20 15 20 15 10 5 10
    assert sum(map(sum, pooled.confusion)) + pooled.missing == pooled.n


@EVERY_FORM
def test_the_policy_and_what_is_missing_are_told(tiny: Any, make: Any) -> None:
    report = tiny.score(make(tiny), missing="wrong")
    assert "|miss:wrong|" in report.signature
    assert report.header["submission"] | {"sha256": ""} == {"sha256": "", "n": 95, "missing": 4, "ties": 0}
    assert "4 of 95 answers are missing and count as wrong" in report.warnings


def test_null_and_an_absent_id_are_treated_alike(tiny: Any) -> None:
    cells = [tiny.score(make(tiny), missing="wrong").cells for make in (with_nulls, without_ids, of_runs)]
    assert cells[0] == cells[1] == cells[2]


def test_where_nothing_is_missing_the_policy_changes_no_number(tiny: Any) -> None:
    strict = tiny.score(tiny.short())
    loose = tiny.score(tiny.short(), missing="wrong")
    assert strict.cells == loose.cells
    assert "|miss:error|" in strict.signature
    assert not any("missing" in warning for warning in loose.warnings)


@pytest.mark.parametrize("predictions", [{}, {"0001": None}])
def test_no_answer_at_all_scores_zero(tiny: Any, predictions: dict[str, None]) -> None:
    pooled = tiny.score(tiny.short(predictions), missing="wrong").cell(target="pooled")
    assert (pooled.n, pooled.missing, pooled["WAR"], pooled["UAR"]) == (95, 95, 0.0, 0.0)


def test_the_policy_forgives_nothing_else(tiny: Any) -> None:
    document = without_ids(tiny)
    document["predictions"] |= {"0002": "Anger", "0096": "Happy"}
    assert tiny.refused(document, missing="wrong").counts == {"unknown-class": 1, "unknown-id": 1}
    incomplete = tiny.runs(FOLDS[:4])
    assert tiny.refused(incomplete, missing="wrong").counts == {"incomplete-evaluation": 1}


def test_missing_answers_of_ferv39k_count_in_every_configuration_that_holds_the_clip(ferv39k: Any) -> None:
    document = ferv39k.short()
    document["predictions"]["Talkshow/Sad/0003"] = None
    submission = ferv39k.read(document, missing="wrong")
    report = fervbench.score(ferv39k.protocol, submission)
    lacking = {cell.target: cell.n for cell in report.cells if cell.missing}
    assert lacking.keys() == {"all", "WIS9k", "Talkshow"}
    for target, n in lacking.items():
        assert report.cell("all", target)["WAR"] == pytest.approx((n - 1) / n)
