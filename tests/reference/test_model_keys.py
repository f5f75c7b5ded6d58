"""Names, shapes and numbers of parameters, from the published architectures, written without the models' code."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'fervbench[baselines]'")

from fervbench.errors import InputError, UsageError  # noqa: E402
from fervbench.reference.counting import cost  # noqa: E402
from fervbench.reference.models import MODELS, STREAM_CHANNELS, STREAM_SIZES, build, streams_of  # noqa: E402
from fervbench.reference.models.c3d import C3D  # noqa: E402
from fervbench.reference.models.hara import HaraResNet18  # noqa: E402
from fervbench.reference.models.heads import FrameConcat, FrameLSTM  # noqa: E402
from fervbench.reference.models.i3d import I3D  # noqa: E402
from fervbench.reference.models.p3d import P3D  # noqa: E402
from fervbench.reference.models.r3d import VideoResNet  # noqa: E402
from fervbench.reference.models.resnet import ResNet  # noqa: E402
from fervbench.reference.models.vgg import VGG  # noqa: E402
from fervbench.reference.weights import load_weights, read_weights, unwrap  # noqa: E402

Keys = dict[str, tuple[int, ...]]


def conv(name: str, outputs: int, inputs: int, *kernel: int, bias: bool = False) -> Keys:
    return {f"{name}.weight": (outputs, inputs, *kernel)} | ({f"{name}.bias": (outputs,)} if bias else {})


def norm(name: str, channels: int) -> Keys:
    whole = {f"{name}.{part}": (channels,) for part in ("weight", "bias", "running_mean", "running_var")}
    return whole | {f"{name}.num_batches_tracked": ()}


def linear(name: str, outputs: int, inputs: int) -> Keys:
    return {f"{name}.weight": (outputs, inputs), f"{name}.bias": (outputs,)}


def resnet(blocks: tuple[int, ...], bottleneck: bool, classes: int) -> Keys:
    keys = conv("conv1", 64, 3, 7, 7) | norm("bn1", 64)
    inputs = 64
    for n, count in enumerate(blocks, start=1):
        planes = 64 * 2 ** (n - 1)
        width = planes * (4 if bottleneck else 1)
        for i in range(count):
            at = f"layer{n}.{i}"
            if bottleneck:
                sides = [(planes, inputs, 1), (planes, planes, 3), (width, planes, 1)]
            else:
                sides = [(planes, inputs, 3), (planes, planes, 3)]
            for c, (outputs, into, side) in enumerate(sides, start=1):
                keys |= conv(f"{at}.conv{c}", outputs, into, side, side) | norm(f"{at}.bn{c}", outputs)
            if i == 0 and (n > 1 or inputs != width):
                keys |= conv(f"{at}.downsample.0", width, inputs, 1, 1) | norm(f"{at}.downsample.1", width)
            inputs = width
    return keys | linear("fc", classes, inputs)


def vgg(pattern: str, classes: int) -> Keys:
    """`pattern`: convolutions per stage."""
    keys: Keys = {}
    index, inputs = 0, 3
    for width, count in zip((64, 128, 256, 512, 512), map(int, pattern), strict=True):
        for _ in range(count):
            keys |= conv(f"features.{index}", width, inputs, 3, 3, bias=True)
            index, inputs = index + 2, width  # a ReLU after each
        index += 1  # the pool
    return (
        keys
        | linear("classifier.0", 4096, 25088)
        | linear("classifier.3", 4096, 4096)
        | linear("classifier.6", classes, 4096)
    )


def video(kind: str, classes: int) -> Keys:
    if kind == "r2plus1d":
        keys = (
            conv("stem.0", 45, 3, 1, 7, 7) | norm("stem.1", 45) | conv("stem.3", 64, 45, 3, 1, 1) | norm("stem.4", 64)
        )
    else:
        keys = conv("stem.0", 64, 3, 3, 7, 7) | norm("stem.1", 64)
    inputs = 64
    for n, planes in enumerate((64, 128, 256, 512), start=1):
        for i in range(2):
            middle = (inputs * planes * 27) // (inputs * 9 + 3 * planes)
            for c, into in ((1, inputs), (2, planes)):
                at = f"layer{n}.{i}.conv{c}"
                if kind == "r2plus1d":
                    keys |= conv(f"{at}.0.0", middle, into, 1, 3, 3) | norm(f"{at}.0.1", middle)
                    keys |= conv(f"{at}.0.3", planes, middle, 3, 1, 1)
                else:
                    time = 1 if kind == "mc3" and n > 1 else 3
                    keys |= conv(f"{at}.0", planes, into, time, 3, 3)
                keys |= norm(f"{at}.1", planes)
            if i == 0 and n > 1:
                at = f"layer{n}.0.downsample"
                keys |= conv(f"{at}.0", planes, inputs, 1, 1, 1) | norm(f"{at}.1", planes)
            inputs = planes
    return keys | linear("fc", classes, 512)


def c3d(classes: int, batch_norm: bool = True) -> Keys:
    keys: Keys = {}
    inputs = 3
    for name, outputs in zip(
        ("1", "2", "3a", "3b", "4a", "4b", "5a", "5b"), (64, 128, 256, 256, 512, 512, 512, 512), strict=True
    ):
        keys |= conv(f"conv{name}", outputs, inputs, 3, 3, 3, bias=True)
        keys |= norm(f"bn{name}", outputs) if batch_norm else {}
        inputs = outputs
    return keys | linear("fc6", 4096, 8192) | linear("fc7", 4096, 4096) | linear("fc8", classes, 4096)


def mmaction2_c3d(classes: int) -> Keys:
    names = {"1": "1a", "2": "2a"}
    keys: Keys = {}
    for key, shape in c3d(classes).items():
        layer, rest = key.split(".")
        if layer[:2] == "fc":
            keys[f"cls_head.fc_cls.{rest}" if layer == "fc8" else f"backbone.{key}"] = shape
        else:
            kind, number = (layer[:4], layer[4:]) if layer.startswith("conv") else (layer[:2], layer[2:])
            keys[f"backbone.conv{names.get(number, number)}.{kind}.{rest}"] = shape
    return keys


def i3d(classes: int) -> Keys:
    def unit(name: str, outputs: int, inputs: int, side: int) -> Keys:
        return conv(f"{name}.conv3d", outputs, inputs, side, side, side) | norm(f"{name}.bn", outputs)

    keys = unit("Conv3d_1a_7x7", 64, 3, 7) | unit("Conv3d_2b_1x1", 64, 64, 1) | unit("Conv3d_2c_3x3", 192, 64, 3)
    inputs = 192
    table = """3b 64 96 128 16 32 32; 3c 128 128 192 32 96 64; 4b 192 96 208 16 48 64; 4c 160 112 224 24 64 64;
    4d 128 128 256 24 64 64; 4e 112 144 288 32 64 64; 4f 256 160 320 32 128 128; 5b 256 160 320 32 128 128;
    5c 384 192 384 48 128 128"""  # GoogLeNet, table 1
    for line in table.split(";"):
        name, *widths = line.split()
        b0, r1, b1, r2, b2, b3 = map(int, widths)
        at = f"Mixed_{name}"
        keys |= unit(f"{at}.b0", b0, inputs, 1) | unit(f"{at}.b1a", r1, inputs, 1) | unit(f"{at}.b1b", b1, r1, 3)
        keys |= unit(f"{at}.b2a", r2, inputs, 1) | unit(f"{at}.b2b", b2, r2, 3) | unit(f"{at}.b3b", b3, inputs, 1)
        inputs = b0 + b1 + b2 + b3
    return keys | conv("logits.conv3d", classes, inputs, 1, 1, 1, bias=True)


def p3d(classes: int) -> Keys:
    keys = conv("conv1_custom", 64, 3, 1, 7, 7) | norm("bn1", 64)
    inputs = 64
    for n, (count, planes) in enumerate(((3, 64), (4, 128), (6, 256), (3, 512)), start=1):
        one = (1, 1, 1) if n < 4 else (1, 1)
        for i in range(count):
            at = f"layer{n}.{i}"
            keys |= conv(f"{at}.conv1", planes, inputs, *one) | norm(f"{at}.bn1", planes)
            if n < 4:
                keys |= conv(f"{at}.conv2", planes, planes, 1, 3, 3) | norm(f"{at}.bn2", planes)
                keys |= conv(f"{at}.conv3", planes, planes, 3, 1, 1) | norm(f"{at}.bn3", planes)
            else:
                keys |= conv(f"{at}.conv_normal", planes, planes, 3, 3) | norm(f"{at}.bn_normal", planes)
            keys |= conv(f"{at}.conv4", 4 * planes, planes, *one) | norm(f"{at}.bn4", 4 * planes)
            if i == 0:
                keys |= conv(f"{at}.downsample.0", 4 * planes, inputs, *one) | norm(f"{at}.downsample.1", 4 * planes)
            inputs = 4 * planes
    return keys | linear("fc", classes, inputs)


def hara(classes: int, shortcut: str) -> Keys:
    keys = conv("conv1", 64, 3, 7, 7, 7) | norm("bn1", 64)
    inputs = 64
    for n, planes in enumerate((64, 128, 256, 512), start=1):
        for i in range(2):
            for c, into in ((1, inputs), (2, planes)):
                keys |= conv(f"layer{n}.{i}.conv{c}", planes, into, 3, 3, 3) | norm(f"layer{n}.{i}.bn{c}", planes)
            if i == 0 and n > 1 and shortcut == "B":
                at = f"layer{n}.0.downsample"
                keys |= conv(f"{at}.0", planes, inputs, 1, 1, 1) | norm(f"{at}.1", planes)
            inputs = planes
    return keys | linear("fc", classes, 512)


def of(model: torch.nn.Module) -> Keys:
    return {key: tuple(value.shape) for key, value in model.state_dict().items()}


def number(keys: Keys) -> int:
    statistics = ("running_mean", "running_var", "num_batches_tracked")
    return sum(math.prod(shape) for key, shape in keys.items() if key.rpartition(".")[2] not in statistics)


def tensors(keys: Keys, device: str = "cpu") -> dict[str, torch.Tensor]:
    return {key: torch.zeros(shape, device=device) for key, shape in keys.items()}


BLOCKS = {18: ((2, 2, 2, 2), False), 50: ((3, 4, 6, 3), True), 101: ((3, 4, 23, 3), True)}
VGGS = {11: "11222", 13: "22222", 16: "22333", 19: "22444"}
TORCHVISION = {  # torchvision's numbers, with its 1000 or 400 classes
    "resnet18": (lambda: ResNet(18, 1000), resnet(*BLOCKS[18], 1000), 11_689_512),
    "resnet50": (lambda: ResNet(50, 1000), resnet(*BLOCKS[50], 1000), 25_557_032),
    "resnet101": (lambda: ResNet(101, 1000), resnet(*BLOCKS[101], 1000), 44_549_160),
    "vgg11": (lambda: VGG(11, 2, 1000), vgg(VGGS[11], 1000), 132_863_336),
    "vgg13": (lambda: VGG(13, 2, 1000), vgg(VGGS[13], 1000), 133_047_848),
    "vgg16": (lambda: VGG(16, 2, 1000), vgg(VGGS[16], 1000), 138_357_544),
    "vgg19": (lambda: VGG(19, 2, 1000), vgg(VGGS[19], 1000), 143_667_240),
    "r3d_18": (lambda: VideoResNet("r3d", 400), video("r3d", 400), 33_371_472),
    "mc3_18": (lambda: VideoResNet("mc3", 400), video("mc3", 400), 11_695_440),
    "r2plus1d_18": (lambda: VideoResNet("r2plus1d", 400), video("r2plus1d", 400), 31_505_325),
}
OTHERS = {
    "c3d": (lambda: C3D(7), c3d(7), 78_029_959),
    "c3d, as published": (lambda: C3D(487, batch_norm=False), c3d(487, batch_norm=False), 79_991_015),
    "i3d": (lambda: I3D(7), i3d(7), 12_294_439),
    "p3d": (lambda: P3D(7), p3d(7), 24_939_975),
    "hara": (lambda: HaraResNet18(7), hara(7, "B"), 33_207_495),
    "hara, released weights": (lambda: HaraResNet18(400, shortcut="A"), hara(400, "A"), 33_235_280),
}


@pytest.mark.parametrize("name", [*TORCHVISION, *OTHERS])
def test_names_shapes_and_numbers_are_the_published_ones(name: str):
    make, keys, parameters = (TORCHVISION | OTHERS)[name]
    with torch.device("meta"):
        model = make()
    assert of(model) == keys
    assert number(keys) == parameters
    assert sum(p.numel() for p in model.parameters()) == parameters


# GFLOP forward per clip at 8 frames, computed with other definitions of these networks (see the recipes for sources).
# A VGG-LSTM there had no fc6: 25088 x 4096, and 3584 fewer inputs of the LSTM, over 8 frames.
FC6 = 8 * 2 * (25088 * 4096 + 4 * 1024 * (4096 - 512)) / 1e9
GFLOP = {
    "r18": 7.76,
    "r50": 17.21,
    "vgg13": 46.65,
    "vgg16": 63.30,
    "r18-lstm": 7.86,
    "r50-lstm": 17.41,
    "vgg13-lstm": 44.84 + FC6,
    "vgg16-lstm": 61.49 + FC6,
    "c3d": 38.60,
    "p3d": 4.43,
    "i3d": 6.98,
    "r3d-18": 40.70,
    "3d-resnet18": 8.71,
    "two-c3d": 96.39,
    "two-i3d": 17.54,
    "two-r3d-18": 101.92,
    "two-r18-lstm": 19.71,
    "two-vgg13-lstm": 111.79 + 2 * FC6,
}


@pytest.mark.parametrize("name", GFLOP)
def test_operations_are_those_of_other_definitions(name: str):
    assert cost(name).flops / 1e9 == pytest.approx(GFLOP[name], rel=0.002)


def test_operations_of_the_video_networks_are_torchvisions():
    """Its documentation: 40.70 and 40.52 GMAC for 16 frames of 112 x 112."""
    assert cost("r3d-18", 400, 16).flops / 2e9 == pytest.approx(40.70, rel=0.001)
    assert cost("r2plus1d-18", 400, 16).flops / 2e9 == pytest.approx(40.52, rel=0.001)


SHAPES = [(name, frames) for name in MODELS for frames in (2, 8, 16) if "r101" not in name or frames == 2]
ODD = [(name, frames) for name in ("c3d", "p3d", "i3d", "r3d-18", "3d-resnet18", "r18") for frames in (3, 13)]


@pytest.mark.parametrize(("name", "frames"), SHAPES + ODD)
def test_every_network_takes_2_to_16_frames_of_the_papers_sizes(name: str, frames: int):
    streams = streams_of(name)
    with torch.device("meta"):
        model = build(name, 7, frames)
        clips = [torch.empty(2, STREAM_CHANNELS[s], frames, *STREAM_SIZES[s]) for s in streams]
        features = model.embed(*clips)
        assert features.shape == (2, model.width)
        assert model.streams == streams
        scores = model.classify(features)
        assert scores.shape == (2, 7)
        if frames == 2:
            return
        scores.sum().backward()
    assert all(p.grad is not None for p in model.parameters())


def test_what_does_not_fit_is_refused():
    with pytest.raises(UsageError, match=r"no network 'r18-lstn'") as refused:
        build("r18-lstn", 7, 8)
    assert refused.value.hint == "did you mean 'r18-lstm'?"
    for frames in (1, 17):
        with pytest.raises(UsageError, match=f"{frames} frames: the networks take 2 to 16"):
            build("r18-lstm", 7, frames)
    with pytest.raises(UsageError, match="face and scene: it needs 2 sizes"):
        build("two-i3d", 7, 8, [(112, 112)])
    with pytest.raises(UsageError, match="32 x 32 at least"):
        build("i3d", 7, 8, [(16, 16)])


# Loading ------------------------------------------------------------------------------------------------------------


def numbered(keys: Keys) -> dict[str, torch.Tensor]:
    """Weights that tell themselves apart: the n-th holds n everywhere."""
    return {key: torch.full(shape, n, dtype=torch.float32) for n, (key, shape) in enumerate(keys.items())}


LAYOUTS = {
    "dfew, c3d": (lambda: C3D(7), c3d(7), "dfew"),
    "c3d": (lambda: C3D(487, batch_norm=False), c3d(487, batch_norm=False), "c3d"),
    "mmaction2": (lambda: C3D(101), mmaction2_c3d(101), "mmaction2"),
    "i3d": (lambda: I3D(400), i3d(400), "i3d"),
    "p3d": (lambda: P3D(400), p3d(400), "p3d"),
    "hara": (lambda: HaraResNet18(400, shortcut="A"), hara(400, "A"), "hara"),
    "dfew, r3d_18": (lambda: VideoResNet("r3d", 7), video("r3d", 7), "dfew"),
    "dfew, mc3_18": (lambda: VideoResNet("mc3", 7), video("mc3", 7), "dfew"),
    "torchvision, r2plus1d_18": (lambda: VideoResNet("r2plus1d", 400), video("r2plus1d", 400), "torchvision"),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_public_layout_loads_whole(name: str):
    make, keys, layout = LAYOUTS[name]
    weights = numbered(keys)
    wrapped = {"epoch": 3, "model_state_dict": {f"module.{key}": value for key, value in weights.items()}}
    with torch.device("meta"):
        model = make()
    model.to_empty(device="cpu")
    assert load_weights(model, unwrap(wrapped), layout) == []
    assert {float(v.reshape(-1)[0]) for v in model.state_dict().values()} == {float(n) for n in range(len(keys))}


def test_keys_go_where_they_belong():
    with torch.device("meta"):
        model = C3D(101)
    model.to_empty(device="cpu")
    load_weights(model, numbered(mmaction2_c3d(101)), "mmaction2")
    order = list(c3d(101))
    for key, value in model.state_dict().items():
        assert value.reshape(-1)[0] == order.index(key), key


def test_weights_of_image_networks_go_into_the_network_of_frames():
    keys = resnet(*BLOCKS[18], 1000)
    for model in (FrameLSTM(ResNet(18), 7), FrameConcat(ResNet(18), 7, 4)):
        before = model.fc.weight.clone()
        assert load_weights(model, numbered(keys)) == ["fc.weight", "fc.bias"]
        assert torch.equal(model.fc.weight, before)
        assert model.encoder.layer4[1].bn2.bias[0] == list(keys).index("layer4.1.bn2.bias")


def test_vggs_linear_layers_are_taken_as_far_as_they_are_held():
    with torch.device("meta"):
        models = FrameLSTM(VGG(11, 1), 7), FrameConcat(VGG(11, 2), 7, 2)
    for model, dropped in zip(models, ([3, 6], [6]), strict=True):
        names = [f"classifier.{i}.{part}" for i in dropped for part in ("weight", "bias")]
        assert load_weights(model, tensors(vgg(VGGS[11], 1000), "meta")) == names


def test_a_classifier_of_other_classes_is_left_out_on_request_only():
    model = HaraResNet18(7)
    weights = tensors(hara(400, "B"))
    with pytest.raises(InputError, match="another network's: 2 of their") as refused:
        load_weights(model, weights, "hara")
    assert refused.value.hint == "with another classifier, load without it (classifier=False)"
    assert {finding.message for finding in refused.value.findings} == {
        "fc.weight is 400 x 512, in this network 7 x 512",
        "fc.bias is 400, in this network 7",
    }
    assert load_weights(model, weights, "hara", classifier=False) == ["fc.weight", "fc.bias"]
    assert not model.conv1.weight.any()
    assert model.fc.weight.any()


def test_a_checkpoint_of_another_model_is_one_error_and_loads_nothing():
    model = HaraResNet18(400)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    with pytest.raises(InputError, match="another network's") as refused:
        load_weights(model, tensors(video("mc3", 400)), "hara")
    assert len(refused.value.findings) > 100
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
    with pytest.raises(UsageError, match="no layout"):
        load_weights(model, {}, "caffe")


def test_files_that_hold_no_weights(tmp_path):
    for name, content in {"empty.pt": b"", "text.pt": b"weights"}.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError, match="no weights can be read"):
            read_weights(tmp_path / name)
    with pytest.raises(InputError, match="there is no file"):
        read_weights(tmp_path / "none.pt")
    torch.save({"epoch": 3}, tmp_path / "other.pt")
    with pytest.raises(InputError, match="no weights: neither"):
        read_weights(tmp_path / "other.pt")
    torch.save({"state_dict": {"module.a": torch.ones(2)}}, tmp_path / "good.pt")
    assert list(read_weights(tmp_path / "good.pt")) == ["a"]
