"""Drawn videos: features that say where an expression is, subjects, a protocol with a splitter; and frames that do."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch

from fervbench.interval_files import Video, write_intervals
from fervbench.pack import write_pack
from fervbench.protocol import Protocol, load_protocol
from fervbench.reference.spotting.parts import Input
from fervbench.reference.spotting.videos import SNIPPET, Videos, read_videos

FPS = 16.0  # a snippet is a second
CHANNELS = 8


def videos_of(number: int = 20, *, snippets: int = 24, seed: int = 0) -> dict[str, Video]:
    """Videos of one subject each, with one or two expressions of 2 to 6 seconds."""
    rng = np.random.default_rng(seed)
    made = {}
    for i in range(number):
        first = float(rng.uniform(1, 4))
        spans = [(first, first + float(rng.uniform(2, 6)), "Happy")]
        if rng.random() < 0.5:
            second = float(rng.uniform(12, 15))
            spans.append((second, second + float(rng.uniform(2, 6)), "Sad"))
        made[f"v{i:02d}"] = Video(float(snippets), FPS, f"s{i:02d}", None, tuple(spans))
    return made


def protocol() -> Protocol:
    return load_protocol("sdfe-lv")


def read(videos: dict[str, Video], snippets: int = 24) -> Videos:
    lengths = dict.fromkeys(videos, snippets * SNIPPET)
    return read_videos(protocol(), videos, lengths, "intervals.json")


def features_of(videos: dict[str, Video], snippets: int = 24, seed: int = 1) -> dict[str, np.ndarray]:
    """Noise, and on three channels how far into an expression a snippet is."""
    rng = np.random.default_rng(seed)
    made = {}
    for id, video in videos.items():
        x = rng.normal(0, 0.3, (snippets, CHANNELS)).astype(np.float32)
        centre = np.arange(snippets) + 0.5
        for onset, offset, _ in video.intervals:
            inside = (centre >= onset) & (centre <= offset)
            x[inside, 0] += 1.0
            x[:, 1] += np.exp(-((centre - onset) ** 2))
            x[:, 2] += np.exp(-((centre - offset) ** 2))
        made[id] = x
    return made


def given(number: int = 20) -> Input:
    videos = videos_of(number)
    return Input(read(videos), features_of(videos), torch.device("cpu"))


def write_release(folder: Path, number: int = 10, *, snippets: int = 6, side: int = 18, synthetic: bool = True) -> Path:
    """`videos.pack` (faces that brighten with an expression) and `intervals.json`."""
    videos = {
        id: Video(float(snippets), FPS, video.subject, None, ((1.0 + i % 3, 3.5 + i % 2, "Happy"),))
        for i, (id, video) in enumerate(videos_of(number).items())
    }
    rng = np.random.default_rng(0)
    clips = []
    for id, video in videos.items():
        frames = rng.integers(0, 100, (snippets * SNIPPET, side, side, 3), dtype=np.uint8)
        for onset, offset, _ in video.intervals:
            frames[round(onset * FPS) : round(offset * FPS)] += 100
        clips.append((f"videos/{id}", None, frames))
    folder.mkdir(parents=True, exist_ok=True)
    source = {"kind": "drawn"} | ({"synthetic": True} if synthetic else {})
    write_pack(clips, folder / "videos.pack", source=source)
    (folder / "intervals.json").write_text(write_intervals(videos))
    return folder


def metrics_without_time(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
