"""Outputs and gradients of our networks with weights by formula, held in models.json.

    python tests/golden/models/make.py            ours alone
    python tests/golden/models/make.py --witness  against torchvision's and timm's twins, where they are installed

With `--witness`, the values of a twin are torchvision's own: the same weights by formula under the same names
(load_state_dict is strict), the same input. Ours, and timm's where it has the network under the same names, must equal
them to a billionth before anything is written. A network without a twin keeps our own values, which only tell whether
it changes. Only the definitions of the twins are needed, none of their compiled parts. Everything is computed in
float64: in float32 gradients through batch normalisation over two clips differ by per cents between processors.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path
from typing import Any

import torch

from fervbench.reference.models import build
from fervbench.reference.models.r3d import VideoResNet
from fervbench.reference.models.resnet import ResNet
from fervbench.reference.models.vgg import VGG

FILE = Path(__file__).resolve().parent / "models.json"
OURS = {
    "resnet18": lambda: ResNet(18, 1000),
    "resnet50": lambda: ResNet(50, 1000),
    "resnet101": lambda: ResNet(101, 1000),
    "vgg11": lambda: VGG(11, 2, 1000),
    "vgg13": lambda: VGG(13, 2, 1000),
    "vgg16": lambda: VGG(16, 2, 1000),
    "vgg19": lambda: VGG(19, 2, 1000),
    "r3d_18": lambda: VideoResNet("r3d", 400),
    "mc3_18": lambda: VideoResNet("mc3", 400),
    "r2plus1d_18": lambda: VideoResNet("r2plus1d", 400),
    "r18-lstm": lambda: build("r18-lstm", 7, 4, [(64, 64)]),
    "c3d": lambda: build("c3d", 7, 4, [(64, 64)]),
    "p3d": lambda: build("p3d", 7, 4, [(64, 64)]),
    "i3d": lambda: build("i3d", 7, 4, [(64, 64)]),
    "3d-resnet18": lambda: build("3d-resnet18", 7, 4, [(64, 64)]),
}
RESNETS = ("resnet18", "resnet50", "resnet101")
IMAGES = (*RESNETS, "vgg11", "vgg13", "vgg16", "vgg19")
VIDEOS = ("r3d_18", "mc3_18", "r2plus1d_18")
PERIOD = 65521  # a prime: no row of a weight repeats another
SHOWN = 7  # class scores that are kept


def wave(count: int, phase: float) -> torch.Tensor:
    """Numbers that look random, from a formula: no generator has to be the same."""
    x = torch.arange(min(count, PERIOD), dtype=torch.float64)
    numbers = torch.sin(x * 12.9898 + phase) * torch.cos(x * 0.078233 + 2 * phase)
    return numbers.float().repeat(-(-count // PERIOD))[:count]


def fill(model: torch.nn.Module) -> None:
    """Weights by formula, of a size that keeps signals alive; normalisation with statistics of its own."""
    filled = {}
    for i, (key, value) in enumerate(sorted(model.state_dict().items())):
        numbers = wave(value.numel(), 0.1 * (i + 1)).reshape(value.shape)
        if key.endswith("num_batches_tracked"):
            continue
        if key.endswith("running_var") or (value.dim() == 1 and key.endswith("weight")):
            numbers = 1 + numbers / 4
        elif value.dim() > 1:
            numbers = numbers * (8 / value[0].numel()) ** 0.5
        else:
            numbers = numbers / 10
        filled[key] = numbers.to(value.dtype)
    model.load_state_dict(model.state_dict() | filled)


def measure(model: torch.nn.Module, name: str) -> dict[str, Any]:
    """Names, scores in both modes, norms of four gradients."""
    fill(model)
    model = model.double()
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    state = model.state_dict()
    names = "\n".join(f"{key} {tuple(value.shape)}" for key, value in sorted(state.items()))
    shape = (4, 3, 64, 64) if name in IMAGES else (2, 3, 4, 64, 64)
    x = wave(int(torch.Size(shape).numel()), 0.5).reshape(shape).double()
    result: dict[str, Any] = {
        "parameters": sum(p.numel() for p in model.parameters()),
        "keys": len(state),
        "names_sha256": hashlib.sha256(names.encode()).hexdigest(),
    }
    with torch.no_grad():
        result["eval"] = model.eval()(x)[0, :SHOWN].tolist()
    scores = model.train()(x)
    result["train"] = scores[0, :SHOWN].tolist()
    torch.nn.functional.cross_entropy(scores, torch.arange(len(x))).backward()
    parameters = list(model.named_parameters())
    chosen = [parameters[i] for i in (0, len(parameters) // 3, 2 * len(parameters) // 3, len(parameters) - 1)]
    result["gradients"] = {key: float(p.grad.norm()) for key, p in sorted(chosen)}
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--witness", action="store_true", help="hold ours against torchvision's")
    witness = parser.parse_args().witness
    torch.set_num_threads(1)
    models = {}
    for name, make in OURS.items():
        models[name] = measure(make(), name) | {"witnesses": []}
        if witness and name in IMAGES + VIDEOS:
            models[name] = witnessed(models[name], name)
    content = {"made_by": "tests/golden/models/make.py", "torch": torch.__version__.split("+")[0], "models": models}
    FILE.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def witnessed(ours: dict[str, Any], name: str) -> dict[str, Any]:
    """Torchvision's values, once ours and timm's are found equal to them."""
    import timm
    import torchvision

    source = torchvision.models if name in IMAGES else torchvision.models.video
    theirs = measure(getattr(source, name)(weights=None), name)
    close(ours, theirs, name)
    names = [f"torchvision {torchvision.__version__}"]
    if name in RESNETS:
        close(measure(timm.create_model(name, pretrained=False), name), theirs, name)
        names.append(f"timm {timm.__version__}")
    return theirs | {"witnesses": names}


def close(ours: dict[str, Any], theirs: dict[str, Any], name: str) -> None:
    for key in ("parameters", "keys", "names_sha256"):
        assert ours[key] == theirs[key], (name, key, ours[key], theirs[key])
    for mode in ("eval", "train"):
        torch.testing.assert_close(torch.tensor(ours[mode]), torch.tensor(theirs[mode]), rtol=1e-9, atol=1e-9)
    assert list(ours["gradients"]) == list(theirs["gradients"]), name
    for key, value in theirs["gradients"].items():
        assert abs(ours["gradients"][key] - value) <= 1e-9 * value, (name, key)


if __name__ == "__main__":
    main()
