"""SDFE-LV's tables as jobs: every printed number has its trainings, and finished jobs stand beside them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fervbench.errors import UsageError
from fervbench.published.tables import published
from fervbench.spotting_tables import (
    FIGURE6,
    TABLES,
    Training,
    assemble,
    commands,
    finished,
    places,
    trainings_of,
    truths,
)


def test_no_printed_number_is_left_out():
    for id in TABLES:
        printed = [cell for cell in published(id).cells if cell.value is not None and cell.is_score]
        assert len(places(id)) == len(printed) > 0, id
    assert len(places(FIGURE6)) == 4 * 3


def test_trainings_are_shared():
    three = trainings_of(("sdfe-lv/table3",))
    assert len(three) == 16
    assert {t.dataset for t in three} == {"dfew"}
    every = trainings_of(TABLES)
    assert len(every) == len(set(every))
    # 13 over DFEW in Table 3 and two deeper TSNs; on CK+ and AFEW the 3 + 8 + 3 methods of Tables 4 to 6 less doubles.
    extractors = {(t.extractor, t.dataset) for t in every}
    assert len([e for e in extractors if e[1] == "dfew"]) == 15
    assert len(every) == len(extractors) + 3  # R-C3D, TURN and BSN over C3D
    assert len(commands(TABLES)) == len(every) + len(extractors)


def test_means_are_over_their_parts():
    [average] = [p for p in places("sdfe-lv/table5") if (p.row, p.column) == ("Resnet18-LSTM", "Average")]
    assert [t.dataset for t in average.trainings] == ["ck+", "afew", "dfew"]
    [column] = [p for p in places("sdfe-lv/table4") if (p.row, p.column) == ("Average", "DFEW")]
    assert [t.extractor for t in column.trainings] == ["c3d", "r3d-18", "r2plus1d-18"]


def job(out: Path, name: str, network: str, extractor: str, trained_on: str, auc: float, **changes: object) -> None:
    folder = out / name
    folder.mkdir(parents=True)
    settings = {"model": network, "control": changes.pop("control", "none")}
    about = {"extractor": {"model": extractor, "trained_on": trained_on}}
    config = {"format": "fervbench-spotting-job/1", "settings": settings, "features": about, "synthetic": True}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "done.json").write_text("{}")
    cells = [{"target": t, "metrics": {"AUC": {"value": auc, "ci_low": auc - 0.1, "ci_high": auc + 0.1}}} for t in
             ("all", "duration (0, 0.5]", "duration (0.5, 4]", "duration (4, inf)")]  # fmt: skip
    for cell in cells:
        cell["metrics"] |= {f"AR@{n}": {"value": auc / 2} for n in (1, 5, 10, 50, 100)}
    truth = {"sha256": str(changes.get("truth", "a")), "n": 1}
    (folder / "report.json").write_text(json.dumps({"cells": cells, "ground_truth": truth}))


def test_a_table_is_put_together_from_folders(tmp_path: Path):
    job(tmp_path, "1", "bmn", "r18-lstm", "dfew/fd1", 0.5)
    job(tmp_path, "2", "bmn", "r18-lstm", "dfew-synthetic/fd1", 0.6)  # another seed
    job(tmp_path, "3", "bmn", "r18-lstm", "afew/all", 0.4)
    job(tmp_path, "4", "bmn", "r18-lstm", "dfew/fd1", 0.9, control="shuffled-features")
    (tmp_path / "5").mkdir()
    jobs = finished(tmp_path)
    assert {key: len(found) for key, found in jobs.items()} == {
        Training("bmn", "r18-lstm", "dfew"): 2,
        Training("bmn", "r18-lstm", "afew"): 1,
    }
    rows = {(v.place.row, v.place.column): v for v in assemble("sdfe-lv/table5", jobs)}
    assert rows["Resnet18-LSTM", "DFEW"].ours == pytest.approx(0.55)
    assert rows["Resnet18-LSTM", "DFEW"].printed == pytest.approx(0.5643)
    one = rows["Resnet18-LSTM", "AFEW"]
    assert (one.ours, one.low, one.high, one.jobs) == (0.4, pytest.approx(0.3), 0.5, 1)
    average = rows["Resnet18-LSTM", "Average"]
    assert average.ours is None
    assert [t.key for t in average.missing] == ["sdfe-lv/bmn+r18-lstm/ck+"]
    job(tmp_path, "6", "bmn", "r18-lstm", "ck+/all", 0.25, truth="b")
    rows = {(v.place.row, v.place.column): v for v in assemble("sdfe-lv/table5", finished(tmp_path))}
    assert rows["Resnet18-LSTM", "Average"].ours == pytest.approx((0.55 + 0.4 + 0.25) / 3)
    assert truths("sdfe-lv/table5", finished(tmp_path)) == {"a", "b"}


def test_another_table():
    with pytest.raises(UsageError, match="no table of spotting"):
        places("sdfe-lv/table1")
