"""Counts by configuration and class, against the official lists' figures, and their plot."""

from __future__ import annotations

import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from fervbench import NotAvailableError, UsageError, load_protocol
from fervbench.errors import LabelsError, MissingExtraError
from fervbench.examples import write_example
from fervbench.plots import plot_statistics
from fervbench.statistics import statistics


def test_ferv39k_totals_are_those_of_the_official_lists():
    # research on the public lists: train and test by class, and by scenario
    found = statistics(load_protocol("ferv39k"))
    order = ("Angry", "Disgust", "Fear", "Happy", "Neutral", "Sad", "Surprise")
    assert [found.train["all"][c] for c in order] == [5906, 1833, 1680, 5854, 7790, 5523, 2502]
    assert [found.test["all"][c] for c in order] == [1487, 467, 431, 1473, 1958, 1393, 638]
    assert [found.test["AI9k"][c] for c in order] == [346, 73, 156, 196, 400, 455, 129]
    assert sum(found.train["Liveshow"].values()) == 903
    assert sum(found.test["Liveshow"].values()) == 228


def test_the_smallest_cells_of_ferv39k():
    protocol = load_protocol("ferv39k")
    assert statistics(protocol).smallest(protocol.leaves, 6) == [
        ("Experiment", "Disgust", 2),
        ("Experiment", "Sad", 3),
        ("Experiment", "Fear", 4),
        ("Liveshow", "Fear", 4),
        ("OfficialEvent", "Fear", 5),
        ("Social", "Fear", 6),
    ]


def test_a_fold_of_dfew_is_trained_on_the_others():
    found = statistics(load_protocol("dfew"))
    assert [sum(found.test[f"fd{k}"].values()) for k in range(1, 6)] == [2341, 2341, 2340, 2339, 2336]
    assert [sum(found.train[f"fd{k}"].values()) for k in range(1, 6)] == [9356, 9356, 9357, 9358, 9361]


def test_labels_of_ones_own_are_counted(tmp_path: Path):
    write_example("tiny", tmp_path)
    found = statistics(load_protocol(tmp_path / "tiny" / "protocol.toml"))
    rows = (tmp_path / "tiny" / "labels.csv").read_text().splitlines()[1:]
    assert found.test["fd3"]["Sad"] == sum(row.endswith(",Sad,3") for row in rows)


def test_without_counts_and_labels_the_known_sizes_are_said():
    with pytest.raises(NotAvailableError, match="fd5 1,831"):
        statistics(load_protocol("mafw"))


def test_labels_that_are_there_and_no_use_are_told_with_every_finding(tmp_path: Path):
    write_example("tiny", tmp_path)
    labels = tmp_path / "tiny" / "labels.csv"
    labels.write_text(labels.read_text().replace(",Sad,", ",Sorrow,"))
    with pytest.raises(LabelsError) as caught:
        statistics(load_protocol(tmp_path / "tiny" / "protocol.toml"))
    assert len(caught.value.findings) > 1


@pytest.mark.parametrize("name", ["sdfe-lv", "activitynet"])
def test_a_protocol_of_intervals_has_no_counts_of_clips(name: str):
    with pytest.raises(UsageError, match=f"{name} counts intervals: see fervbench ground-truth show {name}"):
        statistics(load_protocol(name))


@pytest.fixture
def matplotlib() -> None:
    pytest.importorskip("matplotlib", reason="the extra 'site' is not installed")


@pytest.mark.usefixtures("matplotlib")
def test_the_plot_shows_every_scene_class_and_total(tmp_path: Path):
    protocol = load_protocol("ferv39k")
    path = tmp_path / "clips.svg"
    plot_statistics(protocol, statistics(protocol), path)
    text = path.read_text()
    ElementTree.fromstring(text)
    assert all(f"<!-- {leaf} · " in text for leaf in protocol.leaves)
    assert all(f"<!-- {name} -->" in text for name in protocol.classes)
    assert "<!--  113 -->" in text  # Experiment
    assert [entry.name for entry in tmp_path.iterdir()] == ["clips.svg"]


@pytest.mark.usefixtures("matplotlib")
def test_a_plot_is_the_same_every_time_and_replaces_nothing(tmp_path: Path):
    protocol = load_protocol("dfew")
    found = statistics(protocol)
    plot_statistics(protocol, found, tmp_path / "a.svg")
    plot_statistics(protocol, found, tmp_path / "b.svg")
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    with pytest.raises(UsageError, match="exists already"):
        plot_statistics(protocol, found, tmp_path / "a.svg")


def test_a_missing_extra_names_its_pip_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    protocol = load_protocol("dfew")
    with pytest.raises(MissingExtraError) as caught:
        plot_statistics(protocol, statistics(protocol), tmp_path / "a.svg")
    assert caught.value.exit_code == 2
    assert caught.value.hint == "pip install 'fervbench[site]'"
