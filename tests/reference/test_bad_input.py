"""What can go wrong: one clear error each, and the work done so far is kept."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from fervbench.errors import InputError, MismatchError, UsageError
from fervbench.reference import checkpoint, networks
from fervbench.reference.packing import Wanted, find_packs
from fervbench.reference.running import prepare_job, run_all
from fervbench.reference.settings import Settings

from .world import Small, build, data_of, settings, write_world

CPU = torch.device("cpu")
FACE = Wanted("face", (18, 18), (16, 16))


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(networks, "build", build)
    return write_world(tmp_path / "world")


def run(world: Path, **changes: object):
    return run_all(settings(**changes), data_of(world), world / "out", device=CPU, say=lambda text: None)[-1]


def test_a_missing_folder(tmp_path: Path):
    with pytest.raises(InputError, match="no such folder") as caught:
        find_packs(tmp_path / "nowhere", None, [FACE], tmp_path / "out")
    assert caught.value.hint == "--data names a release or a pack"
    assert not (tmp_path / "out").exists()


def test_a_pack_of_another_size(world: Path):
    for wanted in (Wanted("face", (128, 128), (112, 112)), Wanted("face", (17, 17), (16, 16))):
        with pytest.raises(UsageError, match="the pack has frames of 18x18") as caught:
            find_packs(world / "faces.pack", None, [wanted], world / "out")
        assert "--size" in str(caught.value.hint)
    assert len(find_packs(world / "faces.pack", None, [Wanted("face", (21, 21), (18, 18))], world)) == 1  # no margin
    with pytest.raises(UsageError, match="16x20 cannot be cut out of them"):
        run(world, sizes=((16, 20),))


def test_a_second_stream_that_is_missing_or_too_much(world: Path):
    pack, scene = world / "faces.pack", Wanted("scene", (18, 27), (16, 24))
    with pytest.raises(UsageError, match="sees face and scene: 2 packs, and 1 given"):
        find_packs(pack, None, [FACE, scene], world)
    with pytest.raises(UsageError, match="sees face: 1 packs, and 2 given"):
        find_packs(pack, pack, [FACE], world)


def test_lists_and_files_that_disagree(world: Path):
    rows = (world / "labels.csv").read_text().splitlines()
    rows[1] = rows[1].replace("Happy,A", "Sad,A")
    rows += ["A/Happy/9999,Happy,A,train", "B/Sad/9999,Sad,B,test"]
    (world / "labels.csv").write_text("\n".join(rows) + "\n")
    with pytest.raises(MismatchError, match="the pack is not the data of tiny") as caught:
        run(world)
    assert sorted((f.rule, f.id) for f in caught.value.findings) == [
        ("missing", "A/Happy/9999"),
        ("missing", "B/Sad/9999"),
        ("wrong-label", "A/Happy/0000"),
    ]
    assert not (world / "out").exists()


def test_a_release_with_clips_missing_keeps_what_is_packed(tmp_path: Path):
    image = pytest.importorskip("PIL.Image")
    pytest.importorskip("simplejpeg")
    release = tmp_path / "FERV39k"
    lines = []
    for k in range(4):
        id = f"Action/Happy/{k:04d}"
        lines.append(f"{id} Happy")
        (release / "2_ClipsforFaceCrop" / id).mkdir(parents=True)
        for i in range(8):
            image.fromarray(np.zeros((24, 24, 3), np.uint8)).save(release / "2_ClipsforFaceCrop" / id / f"{i:02d}.jpg")
    lists = release / "4_setups" / "All_scenes"
    lists.mkdir(parents=True)
    (lists / "train_All.csv").write_text("\n".join([*lines[1:], "Action/Happy/0009 Happy"]) + "\n")
    (lists / "test_All.csv").write_text(lines[0] + "\n")
    with pytest.raises(InputError, match="cannot be packed whole") as caught:
        find_packs(release, None, [FACE], tmp_path / "out", workers=1)
    assert [f.id for f in caught.value.findings] == ["Action/Happy/0009"]
    assert list((tmp_path / "out" / "packs").glob(".*.partial"))
    shutil.copytree(release / "2_ClipsforFaceCrop/Action/Happy/0003", release / "2_ClipsforFaceCrop/Action/Happy/0009")
    [pack] = find_packs(release, None, [FACE], tmp_path / "out", workers=1)
    assert len(pack) == 5
    again = find_packs(release, None, [FACE], tmp_path / "out", workers=1)[0]
    assert again.path == pack.path


def test_a_checkpoint_of_another_model_or_job_or_none(world: Path):
    job, _ = prepare_job(settings(), data_of(world), "all", world / "out", CPU)
    trainer_state = {"epoch": 1, "step": 0}
    for model, name, message in (
        ("c3d", job.name, "is a checkpoint of c3d, not of small"),
        ("small", "small-0000000000000000", "is a checkpoint of another job, small-0000000000000000"),
    ):
        checkpoint.save(job.checkpoint, name, model, trainer_state)
        with pytest.raises(InputError, match=message) as caught:
            run(world)
        assert "remove it to train from the start" in str(caught.value.hint)
        assert job.checkpoint.exists()
    data = job.checkpoint.read_bytes()
    for damaged in (data[: len(data) // 2], b"", b"\0" * len(data)):
        job.checkpoint.write_bytes(damaged)
        with pytest.raises(InputError, match="is no checkpoint, or a damaged one"):
            run(world)
    torch.save({"state_dict": {}}, job.checkpoint)
    with pytest.raises(InputError, match="is not a checkpoint of fervbench"):
        run(world)
    job.checkpoint.unlink()
    assert run(world).report.cell(target="all").n == 24


class Greedy(Small):
    """Runs out of memory in its `when`-th batch of training."""

    calls = 0
    when = 15

    def embed(self, clips):
        Greedy.calls += 1
        if Greedy.calls == self.when:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")
        return super().embed(clips)


def test_not_enough_memory_keeps_the_last_checkpoint(world: Path, monkeypatch: pytest.MonkeyPatch):
    wanted = run(world, seed=3).report.to_json()
    shutil.rmtree(world / "out")
    monkeypatch.setattr(networks, "build", lambda model, classes, *_: Greedy(classes))
    with pytest.raises(InputError, match="not enough memory on the GPU for batches of 8") as caught:
        run(world, seed=3)
    assert "--batch below 8" in str(caught.value.hint)
    [folder] = (world / "out").iterdir()
    state = checkpoint.load(folder / "checkpoint.pt", folder.name, "small", CPU)
    assert state is not None
    assert state["epoch"] == 1  # the second was under way
    assert run(world, seed=3).report.to_json() == wanted  # it goes on, as if nothing had been


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory: 9 bytes")])
def test_memory_of_the_host_as_well(world: Path, monkeypatch: pytest.MonkeyPatch, error: Exception):
    def fail(*_: object):
        raise error

    monkeypatch.setattr(networks, "build", fail)
    with pytest.raises(InputError, match="not enough memory on this machine"):
        run(world)


def test_other_errors_of_torch_are_not_taken_for_it(world: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Small, "embed", lambda self, clips: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run(world)


def test_a_full_disk_keeps_the_last_checkpoint(world: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    path = tmp_path / "checkpoint.pt"
    checkpoint.save(path, "job", "small", {"epoch": 1})

    def full(*_: object, **__: object):
        raise RuntimeError("[enforce fail at inline_container.cc:664] . PytorchStreamWriter failed writing file")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(InputError, match="cannot be written"):
        checkpoint.save(path, "job", "small", {"epoch": 2})
    monkeypatch.undo()
    found = checkpoint.load(path, "job", "small", CPU)
    assert found is not None
    assert found["epoch"] == 1
    assert [each.name for each in tmp_path.iterdir() if each.is_file()] == ["checkpoint.pt"]


def test_an_unknown_source_names_the_nearest(world: Path):
    with pytest.raises(UsageError, match="tiny trains nothing on 'al'") as caught:
        run_all(settings(), data_of(world), world / "out", trained_on="al", device=CPU, say=print)
    assert caught.value.hint == "did you mean 'all'?"


@pytest.mark.parametrize(
    "changes",
    [{"epochs": 0}, {"lr": -1.0}, {"lr": float("nan")}, {"precision": "int8"}, {"sampling_test": "random-sorted"},
     {"optimizer": "lion"}, {"lr_grid": (0.1,), "hold_out": 0.9}, {"ranks": 3}],
)  # fmt: skip
def test_settings_that_make_no_sense(changes: dict[str, object]):
    with pytest.raises(UsageError):
        Settings("small", **changes)  # type: ignore[arg-type]


def test_one_class_to_train_on(world: Path):
    rows = (world / "labels.csv").read_text().splitlines()
    (world / "labels.csv").write_text("\n".join(r for r in rows if ",train" not in r or "Happy" in r) + "\n")
    with pytest.raises(MismatchError) as caught:
        run(world)
    assert [f.rule for f in caught.value.findings] == ["one-class"]


def test_labels_without_a_train_part_take_the_packs(world: Path):
    rows = (world / "labels.csv").read_text().splitlines()
    (world / "labels.csv").write_text("\n".join(row for row in rows if ",train" not in row) + "\n")
    assert run(world).report.cell(target="all").n == 24
