"""From a pack to a scored report: what a folder holds, that a job is done once, that labels stand where they must."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from fervbench import load_protocol, read_submission
from fervbench import score as score_submission
from fervbench.errors import InputError, UsageError
from fervbench.reference import networks
from fervbench.reference.jobs import locked, open_job
from fervbench.reference.running import Outcome, prepare_job, run_all
from fervbench.reference.settings import describe, name_of
from fervbench.reference.synthetic import NOTE, derive
from fervbench.strict_json import parse

from .world import CLASSES, PROTOCOL, build, data_of, settings, write_world

CPU = torch.device("cpu")
FILES = ["checkpoint.pt", "config.json", "done.json", "metrics.jsonl", "predictions.json", "report.json"]


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(networks, "build", build)
    return write_world(tmp_path / "world")


def run(world: Path, *, synthetic: bool = False, trained_on: str | None = None, **changes: object) -> Outcome:
    found = run_all(
        settings(**changes),
        data_of(world, synthetic=synthetic),
        world / "out",
        trained_on=trained_on,
        device=CPU,
        say=lambda text: None,
    )
    return found[-1]


def read(folder: Path, name: str):
    return parse((folder / name).read_bytes(), name).value


def test_a_job_ends_in_a_scored_report_with_all_files(world: Path):
    outcome = run(world)
    names = sorted(path.name for path in outcome.folder.iterdir() if path.name != "lock")
    assert names == FILES
    assert outcome.folder.name == name_of(read(outcome.folder, "config.json"))
    cell = outcome.report.cell(source="all", target="all")
    assert cell.n == 24
    assert cell["WAR"] > 0.8
    assert "ci_low" in cell.metrics["WAR"]  # default intervals
    again = score_submission(
        load_protocol(world / "tiny.toml"), read_submission(outcome.folder / "predictions.json", world / "tiny.toml")
    )
    assert again.to_json() == outcome.report.to_json()
    rows = [json.loads(line) for line in (outcome.folder / "metrics.jsonl").read_text().splitlines()]
    assert [row["epoch"] for row in rows] == [1, 2]
    assert {"loss", "lr", "clips_per_second", "seconds", "engine"} <= rows[0].keys()
    assert read(outcome.folder, "done.json")["reported"] == "last epoch"


def test_a_job_is_done_once(world: Path):
    first = run(world)
    times = {path.name: path.stat().st_mtime_ns for path in first.folder.iterdir()}
    second = run(world)
    assert second.stored
    assert second.report.to_json() == first.report.to_json()
    assert times == {path.name: path.stat().st_mtime_ns for path in first.folder.iterdir()}


def test_the_same_seed_gives_the_same_bytes_and_another_seed_another_job(world: Path):
    one = run(world)
    kept = {name: (one.folder / name).read_bytes() for name in ("predictions.json", "report.json", "config.json")}
    for path in one.folder.iterdir():
        path.unlink()
    two = run(world)
    assert {name: (two.folder / name).read_bytes() for name in kept} == kept
    three = run(world, seed=1)
    assert three.folder != one.folder
    assert (three.folder / "predictions.json").read_bytes() != kept["predictions.json"]


def test_what_decides_numbers_is_in_the_name():
    about = {"trained_on": "all"}
    names = {name_of(describe(settings(**change), about)) for change in ({}, {"seed": 1}, {"lr": 0.1}, {"epochs": 3})}
    assert len(names) == 4
    assert name_of(describe(settings(), {"trained_on": "A"})) not in names


def test_predictions_are_kept_every_so_many_epochs(world: Path):
    outcome = run(world, epochs=5, predict_every=2)
    kept = sorted(path.name for path in (outcome.folder / "predictions").iterdir())
    assert kept == ["epoch-002.json", "epoch-004.json", "epoch-005.json"]
    selection = read(outcome.folder, "done.json")["selection"]
    assert selection["epochs_compared"] == 3
    assert selection["optimism"] == selection["best_on_test_WAR"] - selection["last_WAR"] >= 0
    last = (outcome.folder / "predictions" / "epoch-005.json").read_text()
    assert last == (outcome.folder / "predictions.json").read_text()


def test_the_best_on_test_is_labelled_wherever_its_number_stands(world: Path):
    outcome = run(world, epochs=4, lr=0.003, best_on_test=True)
    assert "CHOSEN ON THE TEST LIST" in outcome.report.warnings[0]
    rows = [json.loads(line) for line in (outcome.folder / "metrics.jsonl").read_text().splitlines()]
    best = max(row["test_WAR"] for row in rows)
    assert outcome.report.cell(target="all")["WAR"] == pytest.approx(best)
    assert "chosen on the test list" in read(outcome.folder, "done.json")["reported"]


def test_the_learning_rate_is_chosen_on_training_clips(world: Path):
    outcome = run(world, lr_grid=(1e-6, 0.05), hold_out=0.25, epochs=3)
    rows = read(outcome.folder, "choosing.json")
    assert [row["lr"] for row in rows] == [1e-6, 0.05]
    assert all(row["of"] == 18 for row in rows)  # of 72 training clips
    assert read(outcome.folder, "done.json")["lr"] == 0.05
    assert not list(outcome.folder.glob("choosing-*.pt"))


def test_a_source_that_completes_no_evaluation_is_scored_as_a_row_of_its_own_name(world: Path):
    outcome = run(world, trained_on="A")
    assert outcome.report.evaluations == ["trained-on-A"]
    assert "|e:trained-on-A|" in outcome.report.signature
    assert outcome.report.cell(source="A", target="A").n == 12


def test_folds_are_trained_one_by_one_and_scored_together(world: Path):
    text = PROTOCOL.replace('default_source = "all"', 'default_source = "each-fold"')
    text = (
        text.partition("[evaluations.overall]")[0] + '[evaluations.folds]\nkind = "folds"\nsource_levels = ["scene"]\n'
    )
    (world / "tiny.toml").write_text(text)
    rows = (world / "labels.csv").read_text().replace(",train", ",test")
    (world / "labels.csv").write_text(rows)
    outcome = run(world)
    assert outcome.report.cell(target="pooled").n == 96
    assert len(list((world / "out").iterdir())) == 3
    assert run(world).stored


def test_rendered_data_is_scored_against_its_own_lists_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(networks, "build", build)
    world = write_world(tmp_path / "world", synthetic=True)
    outcome = run(world, synthetic=True)
    assert outcome.synthetic
    assert outcome.report.warnings[0] == NOTE
    assert outcome.report.header["protocol"]["id"] == "tiny-synthetic"
    assert {"protocol.toml", "labels.csv"} <= {path.name for path in outcome.folder.iterdir()}
    protocol = load_protocol(outcome.folder / "protocol.toml")
    again = score_submission(protocol, read_submission(outcome.folder / "predictions.json", protocol))
    assert again.signature == outcome.report.signature
    assert [c.to_dict() for c in again.cells] == [c.to_dict() for c in outcome.report.cells]


@pytest.mark.parametrize("id", ["ferv39k", "dfew"])
def test_the_protocol_of_rendered_data_is_the_real_one_in_small(id: str, tmp_path: Path):
    from fervbench.pack import open_pack, write_pack

    protocol = load_protocol(id)
    leaves = protocol.leaves[:3]
    frames = torch.zeros(2, 4, 4, 3, dtype=torch.uint8).numpy()
    clips = [(f"{leaf}/{k}", protocol.classes[k % 7], frames) for leaf in leaves for k in range(14)]
    parts = {name: "test" if k % 14 < 7 else "train" for k, (name, _, _) in enumerate(clips)}
    groups = {name: name.partition("/")[0] for name, _, _ in clips}
    write_pack(clips, tmp_path / "p", parts=parts if id == "ferv39k" else None, groups=groups)
    made = derive(protocol, open_pack(tmp_path / "p"))
    assert made.protocol.id == f"{id}-synthetic"
    assert set(made.protocol.leaves) == set(leaves)
    assert made.protocol.classes == protocol.classes
    assert made.protocol.default_source == protocol.default_source
    assert list(made.protocol.evaluations) == list(protocol.evaluations)
    assert len(made.truth) == (21 if id == "ferv39k" else 42)
    assert "SYNTHETIC" in made.toml.splitlines()[0]


def test_a_job_is_worked_on_by_one_process_at_a_time(world: Path):
    job, _ = prepare_job(settings(), data_of(world), "all", world / "out", CPU)
    with locked(job), pytest.raises(UsageError, match="another process is at work on this job"):
        run(world)


def test_a_changed_configuration_is_refused(world: Path):
    outcome = run(world)
    config = read(outcome.folder, "config.json")
    (outcome.folder / "config.json").write_text(json.dumps(config | {"trained_on": "B"}))
    with pytest.raises(InputError, match="was changed"):
        run(world)
    assert open_job(world / "out", config | {"trained_on": "B"}).folder != outcome.folder


def test_shuffled_labels_are_a_job_of_their_own_and_say_so(world: Path):
    outcome = run(world, shuffled_labels=True)
    assert "control: trained on labels in another order" in outcome.report.warnings[0]
    assert len(CLASSES) == 3
