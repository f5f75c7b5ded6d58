"""Good files: every form that is documented is read, and means the same however it is written."""

from __future__ import annotations

import gzip
import hashlib
import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import fervbench
from fervbench.errors import NotAvailableError, UsageError

FOLDS = ("fd1", "fd2", "fd3", "fd4", "fd5")
SCENARIOS = ("DL11k", "WIS9k", "SIA10k", "AI9k")
CLASSES = ["Happy", "Sad", "Neutral", "Angry", "Surprise", "Disgust", "Fear"]
many = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)


def answers_of(submission: Any) -> dict[str, str | None]:
    """Clip to class name, over all runs."""
    names = [*submission.protocol.classes, None]
    found = {}
    for run in submission.runs:
        for i in np.flatnonzero(run.answers >= 0):
            found[submission.truth.ids[i]] = names[run.answers[i]]
    return found


def one_hot(name: str, order: list[str]) -> list[float]:
    return [1.0 if each == name else 0.0 for each in order]


def test_the_short_form_is_one_run_that_answers_every_fold(tiny: Any) -> None:
    submission = tiny.read(tiny.short())
    (run,) = submission.runs
    assert run.source is None
    assert submission.seeds == (None,)
    assert [evaluation.id for evaluation in submission.evaluations] == ["five-fold"]
    assert answers_of(submission) == tiny.answers()
    assert len(tiny.answers()) == 95


def test_the_short_form_of_ferv39k_is_a_run_trained_on_all(ferv39k: Any) -> None:
    submission = ferv39k.read(ferv39k.short())
    assert [run.source for run in submission.runs] == ["all"]
    assert [evaluation.id for evaluation in submission.evaluations] == ["overall"]
    assert len(answers_of(submission)) == 7_847


def test_the_runs_form_means_the_same_as_the_short_form(tiny: Any) -> None:
    wrong = dict.fromkeys(tiny.answers(), "Sad")
    runs = tiny.runs(FOLDS)
    for run in runs["runs"]:
        run["predictions"] = dict.fromkeys(run["predictions"], "Sad")
    assert tiny.score(runs).cells == tiny.score(tiny.short(wrong)).cells
    assert tiny.score(runs).cell(target="pooled")["WAR"] == 15 / 95


@pytest.mark.parametrize("suffix", ["json", "json.gz"])
def test_a_file_is_read_packed_or_not_and_has_the_hash_of_its_text(tiny: Any, tmp_path: Path, suffix: str) -> None:
    text = json.dumps(tiny.short()).encode()
    path = tmp_path / f"predictions.{suffix}"
    path.write_bytes(gzip.compress(text) if suffix.endswith("gz") else text)
    submission = fervbench.read_submission(path, tiny.protocol, ground_truth=tiny.truth)
    assert answers_of(submission) == tiny.answers()
    assert submission.sha256 == hashlib.sha256(text).hexdigest()


def test_a_file_names_its_protocol_and_ground_truth_is_found(ferv39k: Any, tmp_path: Path) -> None:
    path = tmp_path / "predictions.json"
    path.write_text(json.dumps(ferv39k.short()), encoding="utf-8")
    submission = fervbench.read_submission(str(path))
    assert submission.protocol.sha256 == ferv39k.protocol.sha256
    assert fervbench.score(submission.protocol, submission).cell("all", "all")["WAR"] == 1.0


def test_a_protocol_may_be_given_by_path(tiny: Any, tiny_folder: Path) -> None:
    path = tiny_folder / "predictions.json"
    by_path = fervbench.read_submission(path, tiny_folder / "protocol.toml")
    assert answers_of(by_path) == answers_of(fervbench.read_submission(path, tiny.protocol))


def test_labels_scores_and_both_mixed_are_read(tiny: Any) -> None:
    right = tiny.answers()
    scores = {id: one_hot(name, CLASSES) for id, name in right.items()}
    mixed = {id: scores[id] if int(id) % 2 else right[id] for id in right}
    integers = {id: [int(x) for x in row] for id, row in scores.items()}
    for predictions in (right, scores, mixed, integers):
        assert answers_of(tiny.read(tiny.short(predictions, classes=CLASSES))) == right


def test_labels_need_no_classes_and_may_come_with_them(tiny: Any) -> None:
    assert answers_of(tiny.read(tiny.short(classes=CLASSES[::-1]))) == tiny.answers()


@many
@given(order=st.permutations(CLASSES), seed=st.integers(0, 2**32))
def test_the_order_of_classes_in_the_file_changes_no_answer(tiny: Any, order: list[str], seed: int) -> None:
    draw = np.random.default_rng(seed)
    table = draw.integers(0, 4, size=(95, 7)) / 4  # few values, so that top scores are often shared
    plain = {id: dict(zip(CLASSES, row, strict=True)) for id, row in zip(tiny.answers(), table.tolist(), strict=True)}
    turned = {id: [row[name] for name in order] for id, row in plain.items()}
    submission = tiny.read(tiny.short(turned, classes=order))
    expected = {id: max(CLASSES, key=lambda name, row=row: row[name]) for id, row in plain.items()}
    assert answers_of(submission) == expected  # max takes the first of the protocol's order
    ties = sum(list(row.values()).count(max(row.values())) > 1 for row in plain.values())
    assert submission.runs[0].tied.sum() == ties


@pytest.mark.parametrize("order", [CLASSES, CLASSES[::-1]])
def test_equal_top_scores_give_the_first_in_the_protocols_order_and_are_counted(tiny: Any, order: list[str]) -> None:
    predictions = tiny.answers()
    predictions["0005"] = [{"Sad": 0.5, "Fear": 0.5}.get(name, 0.0) for name in order]
    predictions["0018"] = [0.0] * 7
    predictions["0019"] = [-1.0 if name == "Fear" else -2.0 for name in order]  # shared below the top: no tie
    submission = tiny.read(tiny.short(predictions, classes=order))
    found = answers_of(submission)
    assert (found["0005"], found["0018"], found["0019"]) == ("Sad", "Happy", "Fear")
    report = fervbench.score(tiny.protocol, submission)
    assert report.header["submission"]["ties"] == 2
    assert any(warning.startswith("2 answers shared the top score") for warning in report.warnings)


def test_ids_are_padded_where_the_protocol_says_so(tiny: Any) -> None:
    unpadded = {str(int(id)): answer for id, answer in tiny.answers().items()}
    assert {"1", "95"} <= unpadded.keys()
    assert answers_of(tiny.read(tiny.short(unpadded))) == tiny.answers()
    half = {("0" + id[2:] if id < "0050" else id): answer for id, answer in tiny.answers().items()}
    assert {"001", "0050"} <= half.keys()
    assert answers_of(tiny.read(tiny.short(half))) == tiny.answers()


@many
@given(seed=st.integers(0, 2**32))
def test_the_order_of_clips_and_runs_changes_nothing(tiny: Any, seed: int) -> None:
    document = tiny.runs(FOLDS)
    for run in document["runs"]:
        run["predictions"][next(iter(run["predictions"]))] = "Fear"
    expected = tiny.score(document).cells
    shuffled = json.loads(json.dumps(document))
    draw = random.Random(seed)
    for run in shuffled["runs"]:
        items = list(run["predictions"].items())
        draw.shuffle(items)
        run["predictions"] = dict(items)
    draw.shuffle(shuffled["runs"])
    assert tiny.score(shuffled).cells == expected


def test_keys_that_start_with_x_are_free(tiny: Any) -> None:
    document = tiny.runs(FOLDS)
    document |= {"x-epoch": 40, "x-machine": {"gpus": [0, 1], "names": ["a", None]}, "x-": False}
    document["runs"][2]["x-checkpoint"] = "fd3/last.pt"
    assert answers_of(tiny.read(document)) == tiny.answers()


def test_x_note_is_shown_with_the_score_and_cannot_steer_a_terminal(tiny: Any) -> None:
    submission = tiny.read(tiny.short(**{"x-note": "epoch 40\x1b[2J"}))
    assert submission.notes == (r"the file says of itself: epoch 40\x1b[2J",)
    assert submission.notes[0] in fervbench.score(tiny.protocol, submission).warnings


@pytest.mark.parametrize(
    ("sources", "wanted", "expected"),
    [
        (("all",), None, ["overall"]),
        (SCENARIOS, None, ["cross-scenario"]),
        (("all", *SCENARIOS), None, ["overall", "cross-scenario"]),
        (("all", *SCENARIOS), "cross-scenario", ["cross-scenario"]),
        (SCENARIOS[::-1], "cross-scenario", ["cross-scenario"]),
        (None, None, ["overall", "per-configuration", "cross-scenario"]),
        (None, "per-configuration", ["per-configuration"]),
    ],
)
def test_every_evaluation_whose_sources_are_all_present_is_chosen(
    ferv39k: Any, sources: tuple[str, ...] | None, wanted: str | None, expected: list[str]
) -> None:
    document = ferv39k.runs(ferv39k.protocol.sources if sources is None else sources)
    submission = ferv39k.read(document, evaluation=wanted)
    assert [evaluation.id for evaluation in submission.evaluations] == expected


def test_all_27_runs_complete_every_evaluation(ferv39k: Any) -> None:
    document = ferv39k.runs(ferv39k.protocol.sources)
    assert len(document["runs"]) == 27
    cells = ferv39k.score(document).cells
    counted = {name: sum(cell.evaluation == name for cell in cells) for name in ferv39k.protocol.evaluations}
    assert counted == {"overall": 27, "per-configuration": 27, "cross-scenario": 4 * 26}
    assert {cell["WAR"] for cell in cells} == {1.0}


def test_scenarios_that_answer_only_their_own_clips_serve_the_per_configuration_table(ferv39k: Any) -> None:
    document = ferv39k.runs(ferv39k.protocol.sources)
    for run in document["runs"]:
        run["predictions"] = ferv39k.answers(run["trained_on"])
    report = ferv39k.score(document, evaluation="per-configuration")
    assert [cell.source for cell in report.cells] == [cell.target for cell in report.cells]
    assert sum(cell.n for cell in report.cells) == 3 * 7_847  # all, the scenarios, the scenes
    findings = ferv39k.refused(document)  # all three evaluations: each scenario lacks the other three
    assert findings.counts == {"unanswered": 4 * 7_847 - 7_847}
    first = {found.pointer for found in findings.kept}
    assert first <= {f"/runs/{i}/predictions" for i in range(27)}


def test_runs_that_take_part_in_nothing_are_named(ferv39k: Any) -> None:
    submission = ferv39k.read(ferv39k.runs(["all", "Action", "War"]))
    assert submission.notes == ("runs that take part in no evaluation here: trained on Action, War",)


def test_runs_of_several_seeds_give_mean_and_standard_deviation(tiny: Any) -> None:
    document = tiny.runs(FOLDS)
    seeded = [{**run, "seed": 7} for run in document["runs"]]
    seeded += [
        {**run, "seed": 3, "predictions": dict.fromkeys(run["predictions"], "Happy")} for run in document["runs"]
    ]
    submission = tiny.read({**document, "runs": seeded})
    assert submission.seeds == (3, 7)
    war = fervbench.score(tiny.protocol, submission).cell(target="pooled").metrics["WAR"]
    low, high = 20 / 95, 1.0
    assert war["per_seed"] == pytest.approx([low, high])
    assert war["value"] == pytest.approx((low + high) / 2)
    assert war["sd"] == pytest.approx((high - low) / 2**0.5)


@pytest.mark.parametrize("seed", [0, 1, 2**64 - 1])
def test_a_seed_is_any_whole_number_of_64_bits(tiny: Any, seed: int) -> None:
    document = tiny.runs(FOLDS)
    for run in document["runs"]:
        run["seed"] = seed
    assert tiny.read(document).seeds == (seed,)


def test_a_wrong_call_is_an_error_of_its_own(tiny: Any, ferv39k: Any) -> None:
    with pytest.raises(UsageError, match="no policy 'drop'"):
        tiny.read(tiny.short(), missing="drop")
    with pytest.raises(UsageError, match="no evaluation 'cross-scenarios'") as caught:
        ferv39k.read(ferv39k.short(), evaluation="cross-scenarios")
    assert "did you mean 'cross-scenario'?" in (caught.value.hint or "")


def test_a_protocol_or_ground_truth_that_is_absent_is_an_error_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    head = {"format": "fervbench-recognition/1", "predictions": {"00001": "Happy"}}
    path.write_text(json.dumps({**head, "protocol": "FERV39K"}), encoding="utf-8")
    with pytest.raises(NotAvailableError, match="no protocol 'FERV39K'") as caught:
        fervbench.read_submission(path)
    assert "did you mean 'ferv39k'?" in (caught.value.hint or "")
    path.write_text(json.dumps({**head, "protocol": "dfew"}), encoding="utf-8")
    with pytest.raises(NotAvailableError, match="licensed") as caught:
        fervbench.read_submission(path)
    assert "ground-truth add dfew" in (caught.value.hint or "")
