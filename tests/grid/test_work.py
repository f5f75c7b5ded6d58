"""One task: its folder, done once, started from others; names that hang on what data is, not on where it lies."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from fervbench.errors import InputError, MismatchError, UsageError
from fervbench.grid.assembling import assemble
from fervbench.grid.features import FILE, keep_features, points_of
from fervbench.grid.planning import Choice, make_plan
from fervbench.grid.rebuilding import rebuild
from fervbench.grid.task import Data, Task
from fervbench.grid.views import view
from fervbench.grid.work import folder_of, is_done, protocol_of, work
from fervbench.reference.starting import name_of_file

from .drawn import SMALL, Small, build, write_afew, write_dfew, write_ferv39k

CPU = "cpu"


def quiet(text: str) -> None:
    del text


def task_of(id: str, number: int = 0, **choice: object) -> Task:
    return make_plan(view(id), Choice(**SMALL | choice)).tasks[number]  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def packs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Data]:
    folder = tmp_path_factory.mktemp("packs")
    faces, scenes = write_ferv39k(folder)
    return {
        "ferv39k": Data("ferv39k", (str(faces), str(scenes))),
        "dfew": Data("dfew", (str(write_dfew(folder)),)),
        "afew": Data("afew", (str(write_afew(folder)),)),
    }


def test_a_task_is_done_once_and_its_folder_is_known_before(tmp_path: Path, packs: dict[str, Data], small: None):
    task = task_of("ferv39k/table3")
    wanted = folder_of(task, packs, tmp_path, {}, device=CPU)
    assert not wanted.exists()
    assert not is_done(task, packs, tmp_path, {}, device=CPU)
    folder = work(task, packs, tmp_path, {}, device=CPU, say=quiet)
    assert folder == wanted
    assert is_done(task, packs, tmp_path, {}, device=CPU)
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert work(task, packs, tmp_path, {}, device=CPU, say=quiet) == folder
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before
    assert json.loads((folder / "config.json").read_text())["synthetic"]


def test_names_do_not_hang_on_paths(tmp_path: Path, packs: dict[str, Data], small: None):
    task = task_of("dfew/table4", only=("C3D",))
    moved = tmp_path / "moved.pack"
    shutil.copytree(packs["dfew"].packs[0], moved)
    here = folder_of(task, packs, tmp_path / "a", {}, device=CPU)
    there = folder_of(task, {"dfew": Data("dfew", (str(moved),))}, tmp_path / "b", {}, device=CPU)
    assert here.name == there.name
    other = replace(task, settings=replace(task.settings, seed=1))
    assert folder_of(other, packs, tmp_path / "a", {}, device=CPU).name != here.name


def test_a_chain_starts_from_the_job_before_it(tmp_path: Path, packs: dict[str, Data], small: None):
    plan = make_plan(view("dfew/table8"), Choice(**SMALL))  # type: ignore[arg-type]
    chained = next(task for task in plan.tasks if task.after)
    assert not is_done(chained, packs, tmp_path, {}, device=CPU)
    with pytest.raises(UsageError, match="which is not done"):
        work(chained, packs, tmp_path, {}, device=CPU, say=quiet)
    folders = rebuild(plan, packs, tmp_path, device=CPU, say=quiet)
    before, after = folders[chained.after[0]], folders[chained.key]
    config = json.loads((after / "config.json").read_text())
    assert config["start"] == f"job:{before.name}"
    assert json.loads((after / "start.json").read_text())["as_drawn"] == []  # classes are the same
    found = assemble(plan, tmp_path)
    assert found.done == 3
    assert [e.ours is not None for e in found.rebuilt] == [False] * 5 + [True] * 2
    shutil.rmtree(before)
    left = assemble(plan, tmp_path)  # what starts from a job that is gone is not taken for it
    assert left.done == 0


def test_weights_from_a_file_are_named_by_their_hash(tmp_path: Path, packs: dict[str, Data], small: None):

    torch.save(build("c3d", 400, 16, None).state_dict(), tmp_path / "sports.pth")
    weights = {"sports-1m": str(tmp_path / "sports.pth")}
    plan = make_plan(view("dfew/table7"), Choice(weights=weights, only=("C3D",), **SMALL))  # type: ignore[arg-type]
    [task] = [task for task in plan.tasks if task.start is not None and task.start.startswith("file:")]
    folder = work(task, packs, tmp_path / "out", {}, device=CPU, say=quiet)
    config = json.loads((folder / "config.json").read_text())
    assert config["start"] == name_of_file(tmp_path / "sports.pth")
    assert str(tmp_path) not in (folder / "config.json").read_text()
    assert json.loads((folder / "start.json").read_text())["as_drawn"] == ["fc.weight", "fc.bias"]
    hashes = {weights["sports-1m"]: config["start"]}
    assert assemble(plan, tmp_path / "out", hashes).done == 1
    assert assemble(plan, tmp_path / "out").done == 0
    shutil.copy(tmp_path / "sports.pth", tmp_path / "same.pth")
    same = replace(task, start=f"file:{tmp_path / 'same.pth'}")
    assert folder_of(same, packs, tmp_path / "out", {}, device=CPU) == folder
    torch.save(Small(("face",), 7, 3).state_dict(), tmp_path / "same.pth")
    with pytest.raises(InputError, match="another network's"):
        work(same, packs, tmp_path / "out", {}, device=CPU, say=quiet)
    gone = replace(task, start=f"file:{tmp_path / 'gone.pth'}")
    with pytest.raises(InputError, match="no weights at"):
        work(gone, packs, tmp_path / "out", {}, device=CPU, say=quiet)


def test_afews_validation_part_is_held_to_383_clips(tmp_path: Path, small: None):
    task = next(task for task in make_plan(view("dfew/table8"), Choice(**SMALL)).tasks if task.data == "afew")  # type: ignore[arg-type]
    task = replace(task, start=None, after=())
    few = {"afew": Data("afew", (str(write_afew(tmp_path / "few", synthetic=False)),))}
    with pytest.raises(MismatchError) as error:
        folder_of(task, few, tmp_path / "out", {}, device=CPU)
    assert any("14" in finding.message and "383" in finding.message for finding in error.value.findings.kept)
    whole = {"afew": Data("afew", (str(write_afew(tmp_path / "whole", tested=383, synthetic=False)),))}
    folder = work(task, whole, tmp_path / "out", {}, device=CPU, say=quiet)
    report = json.loads((folder / "report.json").read_text())
    assert report["cells"][0]["n"] == 383
    assert not json.loads((folder / "config.json").read_text())["synthetic"]


def test_two_streams_need_two_packs(tmp_path: Path, packs: dict[str, Data], small: None):
    task = make_plan(view("ferv39k/table2"), Choice(only=("Two I3D",), **SMALL)).tasks[0]  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="sees face and scene, and one pack is given"):
        folder_of(task, {"ferv39k": Data("ferv39k", packs["ferv39k"].packs[:1])}, tmp_path, {}, device=CPU)


def test_a_task_for_two_processes_is_not_run_in_one(tmp_path: Path, packs: dict[str, Data], small: None):
    task = task_of("ferv39k/table3", ranks=2)
    with pytest.raises(UsageError, match="is for 2 processes, and runs in 1"):
        work(task, packs, tmp_path, {}, device=CPU, say=quiet)


def test_features_are_kept_and_mapped_into_the_plane(tmp_path: Path, packs: dict[str, Data], small: None):
    pytest.importorskip("sklearn", reason="scikit-learn is not installed: pip install 'fervbench[site]'")
    plan = make_plan(view("dfew/figure4", figure=True), Choice(**SMALL))  # type: ignore[arg-type]
    folders = {task.key: work(task, packs, tmp_path, {}, device=CPU, say=quiet) for task in plan.tasks}
    bare = assemble(plan, tmp_path)
    assert all(each.points is None and "not kept" in str(each.why) for each in bare.rebuilt)
    rebuild(plan, packs, tmp_path, device=CPU, say=quiet)
    found = assemble(plan, tmp_path)
    for task, each in zip(plan.tasks, found.rebuilt, strict=True):
        with np.load(folders[task.key] / FILE) as content:
            features, labels = content["features"], content["labels"]
        assert features.shape == (14, build(task.settings.model, 7, 2, ()).width)
        assert each.points is not None
        assert each.points[0].shape == (14, 2)
        assert np.array_equal(each.points[1], labels)
        assert sorted(labels.tolist()) == sorted(list(range(7)) * 2)
    changed = (folders[plan.tasks[0].key] / FILE).stat().st_mtime_ns
    keep_features(plan.tasks[0], packs, tmp_path, folders[plan.tasks[0].key], torch.device(CPU))
    assert (folders[plan.tasks[0].key] / FILE).stat().st_mtime_ns == changed
    (folders[plan.tasks[0].key] / FILE).write_bytes(b"no")
    with pytest.raises(InputError, match="holds no features"):
        points_of(folders[plan.tasks[0].key])


def test_features_are_what_the_classifier_sees(tmp_path: Path, packs: dict[str, Data], small: None):
    """From the kept features and the checkpoint's last layer follow the job's own answers."""
    task = make_plan(view("dfew/figure4", figure=True), Choice(**SMALL)).tasks[0]  # type: ignore[arg-type]
    folder = work(task, packs, tmp_path, {}, device=CPU, say=quiet)
    keep_features(task, packs, tmp_path, folder, torch.device(CPU))
    with np.load(folder / FILE) as content:
        features = torch.from_numpy(content["features"])
    last = torch.load(folder / "checkpoint.pt", weights_only=True)["network"]
    centred = features - features.mean(dim=1, keepdim=True)
    answers = (centred @ last["fc.weight"].T + last["fc.bias"]).softmax(dim=1)
    predictions = json.loads((folder / "predictions.json").read_text())["runs"][0]["predictions"]
    assert np.allclose(np.array([predictions[id] for id in sorted(predictions)]), answers.numpy(), atol=1e-5)


def test_the_protocol_of_afew_is_dfews_classes():
    assert protocol_of("afew").classes == protocol_of("dfew").classes
