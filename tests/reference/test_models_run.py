"""The networks in numbers: a step forward and backward each, deterministic pooling, and golden outputs."""

from __future__ import annotations

import json
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'fervbench[baselines]'")

from torch.nn import functional  # noqa: E402

from fervbench.reference.losses import cross_entropy  # noqa: E402
from fervbench.reference.models import MODELS, STREAM_CHANNELS, build, streams_of  # noqa: E402
from fervbench.reference.models.heads import FrameConcat  # noqa: E402
from fervbench.reference.models.parts import adaptive_mean_2d, fold_frames, max_pool_3d  # noqa: E402
from fervbench.reference.models.resnet import ResNet  # noqa: E402

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "models"
SIZES = {"face": (32, 32), "scene": (32, 48), "rgb": (32, 32), "flow": (32, 32)}  # the smallest there are
LARGE = [name for name in MODELS if "vgg" in name or "r101" in name or "c3d" in name]
STEPS = [
    pytest.param(name, frames, marks=[pytest.mark.slow] if name in LARGE else [])
    for name in MODELS
    for frames in ((8, 16) if name not in LARGE or name in ("vgg11-lstm", "c3d") else (8,))
]


def fill(model: torch.nn.Module) -> None:
    """Random weights, the same few thousand over and over: drawing 100 million takes longer than the step."""
    numbers = torch.randn(4099, generator=torch.Generator().manual_seed(0))
    model.to_empty(device="cpu")
    for key, value in model.state_dict().items():
        if value.dim() > 1:
            repeated = numbers.repeat(-(-value.numel() // 4099))[: value.numel()]
            value.copy_(repeated.reshape(value.shape)).mul_((2 / value[0].numel()) ** 0.5)
        else:
            value.fill_(1 if key.endswith(("running_var", "weight")) else 0)


@pytest.mark.parametrize(("name", "frames"), STEPS)
def test_a_step_reaches_every_parameter(name: str, frames: int):
    sizes = [SIZES[stream] for stream in streams_of(name)]
    with torch.device("meta"):
        model = build(name, 7, frames, sizes)
    fill(model)
    clips = [torch.randn(2, STREAM_CHANNELS[s], frames, *SIZES[s]) for s in streams_of(name)]
    loss = cross_entropy(model(*clips), torch.tensor([1, 5]))
    loss.backward()
    assert torch.isfinite(loss)
    for key, parameter in model.named_parameters():
        assert torch.isfinite(parameter.grad).all(), key
        assert parameter.grad.any(), key


def test_frames_are_folded_clip_by_clip():
    clips = torch.arange(2 * 3 * 4).reshape(2, 1, 3, 2, 2)
    frames = fold_frames(clips)
    assert frames.shape == (6, 1, 2, 2)
    assert torch.equal(frames[4], clips[1, :, 1])
    fast = torch.zeros(2, 3, 8, 4, 4).contiguous(memory_format=torch.channels_last_3d)
    assert fold_frames(fast).data_ptr() == fast.data_ptr()  # a view


def test_a_concatenation_of_other_frames_is_refused():
    model = FrameConcat(ResNet(18), 7, 8)
    with pytest.raises(ValueError, match="clips have 4 frames; this network is built for 8"):
        model(torch.zeros(1, 3, 4, 32, 32))


POOLS = [((2, 2, 2), (2, 2, 2), (0, 1, 1)), ((3, 3, 3), (2, 2, 2), (1, 1, 1)), ((3, 3, 3), (1, 1, 1), (0, 0, 0))]
POOLS += [((1, 3, 3), (1, 2, 2), (0, 0, 0)), ((2, 1, 1), (2, 1, 1), (0, 0, 0)), ((2, 3, 3), (2, 2, 2), (0, 1, 1))]


@pytest.fixture
def deterministic():
    torch.use_deterministic_algorithms(mode=True)
    yield
    torch.use_deterministic_algorithms(mode=False)


@pytest.mark.parametrize(("kernel", "stride", "padding"), POOLS)
@pytest.mark.parametrize("shape", [(2, 3, 8, 12, 9), (1, 2, 5, 7, 10)])
def test_deterministic_pooling_is_pooling(deterministic, kernel, stride, padding, shape):
    x = torch.randn(shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64, requires_grad=True)
    expected = functional.max_pool3d(x, kernel, stride, padding)
    found = max_pool_3d(x, kernel, stride, padding)
    assert torch.equal(found, expected)
    weights = torch.randn(found.shape, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    gradients = [torch.autograd.grad((y * weights).sum(), x, retain_graph=True)[0] for y in (found, expected)]
    torch.testing.assert_close(*gradients)


@pytest.mark.parametrize("shape", [(3, 3), (3, 5), (7, 7), (4, 9)])
def test_deterministic_means_are_adaptive_pooling(deterministic, shape):
    x = torch.randn(2, 4, *shape, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(adaptive_mean_2d(x, (7, 7)), functional.adaptive_avg_pool2d(x, (7, 7)))


@pytest.mark.parametrize("name", ["p3d", "i3d", "3d-resnet18"])
def test_networks_are_the_same_when_deterministic(name: str):
    torch.manual_seed(0)
    model = build(name, 7, 8).eval()
    clips = torch.randn(1, 3, 8, 40, 40)
    with torch.no_grad():
        expected = model(clips)
        torch.use_deterministic_algorithms(mode=True)
        try:
            found = model(clips)
        finally:
            torch.use_deterministic_algorithms(mode=False)
    torch.testing.assert_close(found, expected)


# Golden values ------------------------------------------------------------------------------------------------------


def script():
    spec = spec_from_file_location("golden_models", GOLDEN / "make.py")
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


GOLD = json.loads((GOLDEN / "models.json").read_text(encoding="utf-8"))
GOLDEN_CASES = [
    pytest.param(name, marks=[pytest.mark.slow] if GOLD["models"][name]["parameters"] > 60_000_000 else [])
    for name in GOLD["models"]
]


@pytest.mark.parametrize("name", GOLDEN_CASES)
def test_outputs_and_gradients_are_the_golden_ones(name: str):
    module = script()
    expected = GOLD["models"][name]
    found = module.measure(module.OURS[name](), name)
    assert {k: found[k] for k in ("parameters", "keys", "names_sha256")} == {
        k: expected[k] for k in ("parameters", "keys", "names_sha256")
    }
    for mode in ("eval", "train"):
        assert found[mode] == pytest.approx(expected[mode], rel=1e-6, abs=1e-9)
    assert found["gradients"] == pytest.approx(expected["gradients"], rel=1e-6)


def test_every_twin_of_torchvision_has_been_held_against_it():
    module = script()
    for name in GOLD["models"]:
        witnesses = [text.split()[0] for text in GOLD["models"][name]["witnesses"]]
        wanted = ["torchvision"] * (name in module.IMAGES + module.VIDEOS) + ["timm"] * (name in module.RESNETS)
        assert witnesses == wanted, name
