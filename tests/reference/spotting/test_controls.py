"""Controls: what is put in another order, by which network it is seen, and what is left of a score."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fervbench.errors import InputError
from fervbench.reference.jobs import Job
from fervbench.reference.spotting import chance
from fervbench.reference.spotting.controls import EVERYWHERE, IN_TEST, given_to, shuffled
from fervbench.reference.spotting.parts import Input
from fervbench.reference.spotting.running import Outcome, auc_of, run_job
from fervbench.reference.spotting.settings import Settings
from fervbench.reference.spotting.videos import SNIPPET
from fervbench.reference.spotting.writing import proposals_of

from . import drawn
from .test_jobs import input_of, settings_of

LEARNS = {
    "bmn": {"epochs": 12, "milestones": (9,)},
    "r-c3d": {"epochs": 8, "window": 64, "train_step": 32, "test_step": 32, "lr": 0.002, "optimizer": "adam"}
    | {"scales": (0.5, 1, 1.5, 2, 2.5, 3, 4)},
}


def run(settings: Settings, given: Input, out: Path) -> Outcome:
    return run_job(settings, given, {"drawn": True}, out, say=lambda _: None, synthetic=True)


def moved_aucs(given: Input, outcome: Outcome) -> list[float]:
    """AUC of a job's own proposals, moved along each video, over twenty draws."""
    found = proposals_of(Job(outcome.folder, {}))
    test = given.videos.parts["test"]
    return [auc_of(given.videos.truth, chance.moved(test, found, seed=seed)) for seed in range(20)]


@pytest.mark.slow
@pytest.mark.parametrize("network", list(LEARNS))
def test_a_network_learns_and_is_no_better_than_random_where_the_test_videos_say_nothing(network: str, tmp_path: Path):
    given = input_of(network, 60)
    settings = settings_of(network, **LEARNS[network])
    truth, test, train = given.videos.truth, given.videos.parts["test"], given.videos.parts["train"]
    outcomes = [run(replace(settings, control=control), given, tmp_path) for control in ("none", EVERYWHERE, IN_TEST)]
    learned, everywhere, in_test = (each.report.cell(target="all").metrics["AUC"] for each in outcomes)
    windows = max(auc_of(truth, chance.sliding(test, s)) for s in (2, 3, 4, 5, 6))
    uniform, of_lengths = (
        [auc_of(truth, draw(seed)) for seed in range(20)]
        for draw in (
            lambda seed: chance.uniformly_random(test, seed=seed),
            lambda seed: chance.of_lengths(test, train, seed=seed),
        )
    )
    assert learned["ci_low"] > max(windows, np.mean(uniform), np.mean(of_lengths))
    assert in_test["ci_low"] <= np.mean(uniform)
    assert in_test["ci_high"] < learned["ci_low"]
    assert everywhere["value"] < learned["ci_low"]
    # what learns from videos that say nothing may learn how long expressions are, and R-C3D has its anchors evenly
    level = {"bmn": max(np.mean(uniform), np.mean(of_lengths)), "r-c3d": windows}[network]
    assert everywhere["ci_low"] <= level
    # of what a network knows without seeing, its own proposals know as much when they are moved
    moved = [np.mean(moved_aucs(given, each)) for each in outcomes]
    assert learned["ci_low"] > moved[0]
    assert everywhere["ci_low"] <= moved[1] <= everywhere["ci_high"]
    assert in_test["ci_low"] <= moved[2] <= in_test["ci_high"]


@pytest.mark.parametrize("network", ["bsn", "r-c3d"])
def test_the_control_of_the_test_part_is_proposed_for_by_the_network_that_is_there(network: str, tmp_path: Path):
    given, settings = input_of(network), settings_of(network)
    plain = run(settings, given, tmp_path)
    kept = {path.name: path.read_bytes() for path in plain.folder.iterdir()}
    control = run(replace(settings, control=IN_TEST), given, tmp_path)
    assert {path.name: path.read_bytes() for path in plain.folder.iterdir()} == kept
    assert not list(control.folder.glob("checkpoint*"))  # nothing was trained for it
    assert (control.folder / "proposals.json").read_bytes() != kept["proposals.json"]
    assert any("test videos were put in another order" in note for note in control.report.warnings)


def test_a_job_whose_network_was_removed_is_not_trained_again_beside_its_report(tmp_path: Path):
    given, settings = input_of("bsn"), settings_of("bsn")
    plain, control = run(settings, given, tmp_path), run(replace(settings, control=IN_TEST), given, tmp_path)
    for path in plain.folder.glob("checkpoint*"):
        path.unlink()
    kept = {path.name: path.read_bytes() for path in plain.folder.iterdir()}
    assert run(replace(settings, control=IN_TEST), given, tmp_path).stored  # what is done needs no network
    (control.folder / "done.json").unlink()
    with pytest.raises(InputError, match=r"the network of this job is not there: .*checkpoint-tem\.pt"):
        run(replace(settings, control=IN_TEST), given, tmp_path)
    assert {path.name: path.read_bytes() for path in plain.folder.iterdir()} == kept


def test_the_control_of_the_test_part_trains_the_network_where_it_is_not_there(tmp_path: Path):
    given, settings = input_of("turn"), settings_of("turn")
    control = run(replace(settings, control=IN_TEST), given, tmp_path / "a")
    plain = run(settings, given, tmp_path / "a")
    assert plain.stored
    run(settings, given, tmp_path / "b")
    again = run(replace(settings, control=IN_TEST), given, tmp_path / "b")
    assert (control.folder / "proposals.json").read_bytes() == (again.folder / "proposals.json").read_bytes()


@pytest.mark.parametrize("network", ["bmn", "r-c3d"])
def test_in_the_test_part_alone_what_is_learned_from_stays(network: str):
    given = input_of(network)
    shown, everywhere = given_to(IN_TEST, given, 0), given_to(EVERYWHERE, given, 0)
    for part, items in given.videos.parts.items():
        for item in items:
            before, after, mixed = (_seen(x, item.id) for x in (given, shown, everywhere))
            assert before.shape == after.shape == mixed.shape
            assert not np.array_equal(before, mixed)
            assert np.array_equal(before, after) == (part != "test")
    tests = [np.concatenate([_seen(x, item.id) for item in given.videos.parts["test"]]) for x in (given, shown)]
    for each in tests:  # snippets of the test part, and no others
        each.sort(axis=0)
    assert np.array_equal(*tests)


def test_the_control_of_all_parts_says_what_it_is(tmp_path: Path):
    control = run(replace(settings_of("turn"), control=EVERYWHERE), input_of("turn"), tmp_path)
    assert any("all videos were put in another order" in note for note in control.report.warnings)


def test_shuffling_moves_every_snippet_and_loses_none():
    features = drawn.given().features
    mixed = shuffled(features, 0)
    assert {id: len(x) for id, x in mixed.items()} == {id: len(x) for id, x in features.items()}
    before, after = (np.concatenate([x[id] for id in sorted(x)]) for x in (features, mixed))
    assert not np.array_equal(before, after)
    np.testing.assert_array_equal(np.sort(before[:, 0]), np.sort(after[:, 0]))


def test_frames_are_put_in_the_order_of_features():
    """Frames that say which snippet they are of, and features that say the same: one draw moves both alike."""
    lengths = {"b": 5 * SNIPPET + 3, "a": 2 * SNIPPET, "c": SNIPPET - 1}
    number = iter(range(100))
    features, pixels = {}, {}
    for id in sorted(lengths):
        snippets = lengths[id] // SNIPPET
        names = np.array([next(number) for _ in range(snippets)], dtype=np.uint8)
        features[id] = names[:, None].astype(np.float32)
        frames = np.full(lengths[id], 200, dtype=np.uint8)
        frames[: snippets * SNIPPET] = np.repeat(names, SNIPPET)
        pixels[id] = np.stack([frames, np.arange(lengths[id]) % SNIPPET], axis=1)[:, None, :, None].repeat(3, axis=3)
    given = replace(drawn.given(), features=features, pixels=pixels)
    mixed = given_to(EVERYWHERE, given, 7)
    whole = slice(None)
    assert [x for id in sorted(lengths) for x in mixed.features[id].ravel()] != list(range(7))
    for id, length in lengths.items():
        found = mixed.pixels[id][np.arange(length), whole, whole]
        assert found.shape == mixed.pixels[id].shape == pixels[id].shape
        assert len(mixed.pixels[id]) == length
        cut = length // SNIPPET * SNIPPET
        np.testing.assert_array_equal(found[:cut:SNIPPET, 0, 0, 0], mixed.features[id].ravel())
        np.testing.assert_array_equal(found[:cut, 0, 0, 0], np.repeat(mixed.features[id].ravel(), SNIPPET))
        np.testing.assert_array_equal(found[:, 0, 1, 0], np.arange(length) % SNIPPET)
        assert (found[cut:, 0, 0, 0] == 200).all()
        at = np.array([0, 0, length - 1, length // 2])
        np.testing.assert_array_equal(mixed.pixels[id][at, slice(0, 1), slice(1, 2)], found[at, 0:1, 1:2])


def _seen(given: Input, id: str) -> np.ndarray:
    if id in given.features:
        return given.features[id]
    frames = given.pixels[id]
    return frames[np.arange(len(frames)), slice(None), slice(None)]
