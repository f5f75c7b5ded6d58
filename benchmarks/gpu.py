"""Training speed: our loop against a plain PyTorch loop, method by method, in one run.

    python benchmarks/gpu.py                         every FERV39k method on a GPU
    python benchmarks/gpu.py --methods r18 i3d       some of them
    python benchmarks/gpu.py --smoke                 small sizes on a CPU: that it runs, not what it costs
    python benchmarks/gpu.py --whole r18 i3d         60 whole epochs of those, to hold the extrapolation against

Our loop is what `run-baseline` runs: clips resident on the device, cut and augmented there, bfloat16 on a GPU,
channels-last, fused SGD, the engine of a measured race. The plain loop is what tutorials show: a Dataset that opens
JPEG files with Pillow (random crop, flip, brightness and contrast, to tensor, normalise), a DataLoader with a worker a
core, an eager float32 step, `loss.item()` after each. On a GPU it is measured twice: with PyTorch's default, which
lets cuDNN use TF32, and in strict float32.

Clips are drawn at random and shaped as FERV39k's; both loops see the same ones. Minutes are extrapolated to 60 epochs
of 31,088 clips with a test pass over 7,847 after each. The fraction of the peak counts operations as
`torch.utils.flop_counter` does, three times the forward pass for a step, over 790 TFLOP/s (bfloat16, as measured on an
H200); it means nothing on a CPU and is left out there.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageEnhance
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from fervbench.pack import open_pack, write_pack
from fervbench.recipes import load_recipe, recipe_ids
from fervbench.reference import engines, networks, numerics
from fervbench.reference.clips import Clips, load_pixels, make_clips
from fervbench.reference.counting import cost
from fervbench.reference.naming import resized, settings_of
from fervbench.reference.settings import Settings
from fervbench.reference.training import Trainer, predict

TRAIN, TEST, EPOCHS, CLASSES = 31_088, 7_847, 60, 7
PEAK = 790e12
SOURCE = {"face": (224, 224), "scene": (336, 504)}  # what the dataset's files are, for the plain loop


def drawn(number: int, height: int, width: int, frames: int, seed: int) -> np.ndarray:
    """Smooth random clips, (number, frames, height, width, 3) uint8."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (number, frames, 8, 8, 3), dtype=np.uint8)
    rows, columns = np.arange(height) * 8 // height, np.arange(width) * 8 // width
    return coarse[:, :, rows][:, :, :, columns]


def make_ours(settings: Settings, folder: Path, number: int, device: torch.device) -> Clips:
    """Packs of drawn clips, on the device."""
    packs = []
    for k, (height, width) in enumerate(settings.pack_sizes):
        path = folder / f"{k}-{height}x{width}.pack"
        if not path.exists():
            clips = drawn(number, height, width, 16, k)
            write_pack(((f"{i:05d}", None, clip) for i, clip in enumerate(clips)), path)
        packs.append(open_pack(path))
    pixels = [load_pixels(pack, device) for pack in packs]
    labels = [i % CLASSES for i in range(number)]
    return make_clips(packs, pixels, settings.sizes, packs[0].ids, labels, settings.view, device)


class Files(Dataset[Any]):
    """Folders of JPEG frames, opened when they are asked for."""

    def __init__(self, settings: Settings, folder: Path, number: int, sources: list[tuple[int, int]]) -> None:
        self.settings, self.folder, self.number, self.sources = settings, folder, number, sources
        for k, (height, width) in enumerate(sources):
            for i in range(number):
                place = folder / str(k) / str(i)
                if not place.exists():
                    place.mkdir(parents=True)
                    for j, frame in enumerate(drawn(1, height, width, 16, 1000 * k + i)[0]):
                        Image.fromarray(frame).save(place / f"{j:02d}.jpg", quality=90)

    def __len__(self) -> int:
        return 1 << 20  # the same files again and again: page cache, in the plain loop's favour

    def __getitem__(self, index: int) -> tuple[list[Tensor], int]:
        rng = np.random.default_rng(index)
        streams = []
        for k, (whole, size) in enumerate(zip(self.settings.pack_sizes, self.settings.sizes, strict=True)):
            top, left = (int(rng.integers(a - b + 1)) for a, b in zip(whole, size, strict=True))
            flip, bright, contrast = rng.random() < 0.5, *rng.uniform(0.8, 1.2, 2)
            place = self.folder / str(k) / str(index % self.number)
            frames = []
            for j in range(self.settings.frames):
                image = Image.open(io.BytesIO((place / f"{j * 16 // self.settings.frames:02d}.jpg").read_bytes()))
                image = image.convert("RGB").resize((whole[1], whole[0]), Image.Resampling.BILINEAR)
                image = image.crop((left, top, left + size[1], top + size[0]))
                image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if flip else image
                image = ImageEnhance.Contrast(ImageEnhance.Brightness(image).enhance(bright)).enhance(contrast)
                frames.append(torch.from_numpy(np.array(image)).permute(2, 0, 1).float() / 255)
            clip = torch.stack(frames, dim=1)  # (3, frames, height, width)
            mean, std = (torch.tensor(v)[:, None, None, None] for v in (self.settings.mean, self.settings.std))
            streams.append((clip - mean) / std)
        return streams, index % CLASSES


def wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def timed(step: Callable[[], None], warm: int, steps: int, device: torch.device) -> float:
    """Seconds a step."""
    for _ in range(warm):
        step()
    wait(device)
    start = time.perf_counter()
    for _ in range(steps):
        step()
    wait(device)
    return (time.perf_counter() - start) / steps


def ours(settings: Settings, folder: Path, arguments: argparse.Namespace, device: torch.device) -> dict[str, Any]:
    """Seconds a step and a tested clip of our loop."""
    clips = make_ours(settings, folder, arguments.clips, device)
    trainer = Trainer(settings, networks.make_network(settings, CLASSES, device), clips, CLASSES)
    race = engines.choose(trainer, steps=min(50, arguments.steps))
    trainer.set_epoch()
    batches = [torch.randperm(len(clips), device=device)[: trainer.batch] for _ in range(8)]
    turn = iter(range(1 << 30))
    step = timed(lambda: trainer.engine(batches[next(turn) % 8]), arguments.warm, arguments.steps, device)
    predict(trainer, clips)
    wait(device)
    start = time.perf_counter()
    predict(trainer, clips)
    wait(device)
    test = (time.perf_counter() - start) / len(clips)
    return {"step": step, "test": test, "engine": race.chosen, "race": race.milliseconds, "failures": race.failures}


def plain(settings: Settings, folder: Path, arguments: argparse.Namespace, device: torch.device, tf32: bool) -> float:
    """Seconds a step of the plain loop, data included."""
    torch.backends.cudnn.allow_tf32 = tf32
    torch.backends.cuda.matmul.allow_tf32 = False
    sources = list(settings.pack_sizes)
    if not arguments.smoke:
        sources = [SOURCE[stream] for stream in networks.streams_of(settings.model)]
    data = Files(settings, folder / "files", min(arguments.clips, 256), sources)
    loader = DataLoader(
        data, settings.batch, shuffle=True, num_workers=arguments.workers, pin_memory=device.type == "cuda",
        drop_last=True, persistent_workers=arguments.workers > 0,
    )  # fmt: skip
    network = networks.build(settings.model, CLASSES, settings.frames, settings.sizes).to(device)
    optimizer = torch.optim.SGD(network.parameters(), settings.lr, 0.9, weight_decay=1e-4)
    batches: Iterator[Any] = iter(loader)

    def step() -> None:
        streams, labels = next(batches)
        loss = nn.functional.cross_entropy(network(*(s.to(device) for s in streams)), labels.to(device))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        loss.item()

    return timed(step, min(3, arguments.warm), arguments.plain_steps, device)


def minutes(step: float, test: float, batch: int) -> float:
    """60 epochs of FERV39k."""
    return EPOCHS * (TRAIN // batch * step + TEST * test) / 60


def measure(id: str, folder: Path, arguments: argparse.Namespace, device: torch.device) -> dict[str, Any]:
    recipe = load_recipe(id)
    settings = settings_of(recipe)
    if arguments.smoke:
        settings = replace(resized(settings, 32), frames=2, batch=4)
    settings = replace(settings, precision="bfloat16" if device.type == "cuda" else "float32")
    numerics.prepare(deterministic=False)
    found = ours(settings, folder, arguments, device)
    flops = cost(settings.model, CLASSES, settings.frames, settings.sizes).flops
    row: dict[str, Any] = {
        "method": id,
        "steps_per_s": 1 / found["step"],
        "clips_per_s": settings.batch / found["step"],
        "tested_clips_per_s": 1 / found["test"],
        "minutes": minutes(found["step"], found["test"], settings.batch),
        "engine": found["engine"],
        "race_ms": found["race"],
        "race_failures": found["failures"],
        "of_peak": 3 * flops * settings.batch / found["step"] / PEAK if device.type == "cuda" else None,
    }
    for name, tf32 in (("plain_tf32", True), ("plain_float32", False)):
        if device.type == "cuda" or name == "plain_float32":
            seconds = plain(settings, folder, arguments, device, tf32)
            row[name] = {"clips_per_s": settings.batch / seconds, "ratio": seconds / found["step"]}
    return row


def whole(id: str, folder: Path, arguments: argparse.Namespace, device: torch.device) -> dict[str, Any]:
    """60 epochs of as many clips as FERV39k has, tested after each: clock time beside the extrapolation."""
    settings = replace(settings_of(load_recipe(id)), precision="bfloat16" if device.type == "cuda" else "float32")
    if arguments.smoke:
        settings = replace(resized(settings, 32), frames=2, batch=4)
    found = ours(settings, folder, arguments, device)
    train, test, epochs = (16, 8, 2) if arguments.smoke else (TRAIN, TEST, EPOCHS)
    some = make_ours(settings, folder, arguments.clips, device)
    every = some.part(torch.arange(train) % len(some))
    tested = some.part(torch.arange(test) % len(some))
    trainer = Trainer(
        replace(settings, epochs=epochs), networks.make_network(settings, CLASSES, device), every, CLASSES
    )
    start = time.perf_counter()
    engines.choose(trainer)
    while not trainer.done:
        trainer.run_epoch()
        predict(trainer, tested)
    wait(device)
    spent = (time.perf_counter() - start) / 60
    said = epochs * (train // settings.batch * found["step"] + test * found["test"]) / 60
    return {"method": id, "minutes": spent, "extrapolated": said, "error": said / spent - 1}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--methods", nargs="*", help="FERV39k recipes: r18, two-c3d, ...; all by default")
    parser.add_argument("--whole", nargs="*", default=[], help="run 60 whole epochs of these")
    parser.add_argument("--smoke", action="store_true", help="tiny, on a CPU")
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--plain-steps", type=int, default=30)
    parser.add_argument("--warm", type=int, default=10)
    parser.add_argument("--clips", type=int, default=2048, help="drawn clips in memory")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="of the plain loop's DataLoader")
    parser.add_argument("--folder", help="keep drawn clips here")
    parser.add_argument("--output", help="write JSON here")
    arguments = parser.parse_args()
    device = numerics.choose_device("cpu" if arguments.smoke else None)
    if arguments.smoke:
        arguments.steps, arguments.plain_steps, arguments.warm, arguments.clips = 3, 3, 1, 16
        arguments.workers = min(arguments.workers, 1)
    every = [id.partition("/")[2] for id in recipe_ids() if id.startswith("ferv39k/")]
    rows, jobs = [], []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(arguments.folder or temporary)
        error = numerics.conv3d_error(device)
        print(json.dumps(numerics.environment(device) | {"conv3d_bfloat16_error": error}), flush=True)
        print(f"{'':<22}{'clips/s':>9}{'steps/s':>9}{'of peak':>8}{'60 ep.':>9}  x TF32  x f32  engine", flush=True)
        for name in arguments.methods if arguments.methods is not None else every:
            row = measure(f"ferv39k/{name}", folder, arguments, device)
            rows.append(row)
            peak = f"{row['of_peak']:.1%}" if row["of_peak"] else "-"
            ratios = [f"{row[key]['ratio']:.1f}" if key in row else "-" for key in ("plain_tf32", "plain_float32")]
            print(
                f"{name:<22}{row['clips_per_s']:>9.1f}{row['steps_per_s']:>9.2f}{peak:>8}{row['minutes']:>6.1f} min"
                f"{ratios[0]:>8}{ratios[1]:>7}  {row['engine']}",
                flush=True,
            )
        for name in arguments.whole:
            jobs.append(whole(f"ferv39k/{name}", folder, arguments, device))
            print(f"{name}: {jobs[-1]['minutes']:.2f} min, extrapolated {jobs[-1]['extrapolated']:.2f}", flush=True)
    total = sum(row["minutes"] for row in rows)
    print(
        f"{len(rows)} methods: {total:.1f} min extrapolated" + (" (tiny sizes: no figure)" if arguments.smoke else "")
    )
    if arguments.output:
        Path(arguments.output).write_text(json.dumps({"rows": rows, "whole": jobs}, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
