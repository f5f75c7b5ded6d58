"""First weights from elsewhere: what is taken, what stays as drawn, what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from fervbench.errors import InputError
from fervbench.reference.clips import load_pixels
from fervbench.reference.distributed import World
from fervbench.reference.models import build
from fervbench.reference.running import prepare_job, run_job
from fervbench.reference.starting import Start, begin, name_of_file, start_of_file, start_of_job

from .world import CLASSES, Small, data_of, settings, write_world

SEVEN = ("Happy", "Sad", "Neutral", "Angry", "Surprise", "Disgust", "Fear")
CPU = torch.device("cpu")


def test_a_job_gives_its_trunk_and_with_the_same_classes_its_classifier():
    a, b = build("3d-resnet18", 7, 2, [(32, 32)]), build("3d-resnet18", 7, 2, [(32, 32)])
    start = Start("job:a", a.state_dict(), SEVEN)
    taken, fresh = begin(b, start, SEVEN)
    assert fresh == []
    assert taken == len(a.state_dict())
    assert all(torch.equal(x, y) for x, y in zip(a.state_dict().values(), b.state_dict().values(), strict=True))
    c = build("3d-resnet18", 7, 2, [(32, 32)])
    before = c.state_dict()["fc.weight"].clone()
    _, fresh = begin(c, start, tuple(reversed(SEVEN)))  # another order of classes: another classifier
    assert fresh == ["fc.weight", "fc.bias"]
    assert torch.equal(c.state_dict()["fc.weight"], before)
    assert torch.equal(c.state_dict()["conv1.weight"], a.state_dict()["conv1.weight"])
    d = build("3d-resnet18", 11, 2, [(32, 32)])
    assert begin(d, start, tuple("abcdefghijk"))[1] == ["fc.weight", "fc.bias"]


def test_weights_of_a_network_of_images_go_into_the_frames_of_one_with_a_memory():
    """MS-Celeb-1M: a ResNet-18 in torchvision's layout, another classifier."""
    image = {k.removeprefix("encoder."): v for k, v in build("r18", 7, 2, [(32, 32)]).state_dict().items()}
    image = {k: v for k, v in image.items() if not k.startswith("fc.")} | {"fc.weight": torch.ones(9, 512)}
    network = build("r18-lstm", 7, 2, [(32, 32)])
    taken, fresh = begin(network, Start("sha256:0", image), SEVEN)
    assert taken == len(image) - 1
    assert all(not key.startswith("encoder.") for key in fresh)
    assert torch.equal(network.state_dict()["encoder.conv1.weight"], image["conv1.weight"])


def test_convolutions_without_batch_normalisation_leave_it_as_drawn():
    """Sports-1M's C3D has none."""
    bare = {k: v for k, v in build("c3d", 487, 16, [(112, 112)]).state_dict().items() if "bn" not in k}
    network = build("c3d", 7, 16, [(112, 112)])
    taken, fresh = begin(network, Start("sha256:0", bare), SEVEN)
    assert taken == len(bare) - 2  # all but the classifier of 487
    assert {key.split(".")[0] for key in fresh if not key.startswith("bn")} == {"fc8"}


def test_another_networks_weights_are_refused_with_every_convolution():
    network = build("3d-resnet18", 7, 2, [(32, 32)])
    with pytest.raises(InputError, match="another network's") as error:
        begin(network, Start("sha256:0", build("r18", 7, 2, [(32, 32)]).state_dict()), SEVEN)
    assert len(error.value.findings) == 20


def trained(folder: Path, monkeypatch: pytest.MonkeyPatch, out: Path, **options: object):
    from fervbench.reference import networks

    monkeypatch.setattr(networks, "build", lambda *_: Small(len(CLASSES)))
    data = data_of(folder)
    chosen = settings(epochs=1)
    start = options.get("start")
    job, parts = prepare_job(chosen, data, "all", out, CPU, start.name if start else None)  # type: ignore[attr-defined]
    pixels = [load_pixels(pack, CPU) for pack in data.packs]
    return run_job(job, chosen, data, parts, pixels, "all", CPU, World(), print, **options)


def test_a_job_that_starts_from_another_is_another_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    world = write_world(tmp_path / "world")
    first = trained(world, monkeypatch, tmp_path / "out")
    start = start_of_job(first.folder)
    assert start.name == f"job:{first.folder.name}"
    assert start.classes == CLASSES
    second = trained(world, monkeypatch, tmp_path / "out", start=start)
    assert second.folder != first.folder
    assert (second.folder / "start.json").is_file()
    assert not (first.folder / "start.json").exists()
    assert (first.folder / "predictions.json").read_bytes() != (second.folder / "predictions.json").read_bytes()
    again = trained(world, monkeypatch, tmp_path / "elsewhere", start=replace(start))
    assert again.folder.name == second.folder.name
    assert (again.folder / "predictions.json").read_bytes() == (second.folder / "predictions.json").read_bytes()


def test_a_job_without_weights_cannot_be_started_from(tmp_path: Path):
    with pytest.raises(InputError, match="has no weights"):
        start_of_job(tmp_path)


def test_a_file_is_named_by_what_is_in_it(tmp_path: Path):
    weights = {"conv.weight": torch.ones(2, 2)}
    torch.save({"state_dict": {f"module.{k}": v for k, v in weights.items()}}, tmp_path / "a.pth")
    (tmp_path / "b.pth").write_bytes((tmp_path / "a.pth").read_bytes())
    a, b = start_of_file(tmp_path / "a.pth"), start_of_file(tmp_path / "b.pth")
    assert a.name == b.name == name_of_file(tmp_path / "b.pth")
    assert a.name.startswith("sha256:")
    assert list(a.weights) == ["conv.weight"]
    with pytest.raises(InputError, match="no weights at"):
        name_of_file(tmp_path / "c.pth")
