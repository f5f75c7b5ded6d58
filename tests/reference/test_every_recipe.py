"""Every recipe that packs can feed: one epoch at tiny scale, to a scored report."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from fervbench.pack import open_pack, write_pack
from fervbench.protocol import load_protocol
from fervbench.recipes import load_recipe, recipe_ids
from fervbench.reference.naming import resized, settings_of
from fervbench.reference.running import gather_data, run_all

from .world import CLASSES, PROTOCOL

FED = [id for id in recipe_ids() if "/tsn-" not in id]


@pytest.mark.slow
@pytest.mark.parametrize("id", FED)
def test_one_epoch(id: str, tmp_path: Path):
    settings = replace(resized(settings_of(load_recipe(id)), 32), frames=2, batch=4, epochs=1)
    rng = np.random.default_rng(0)
    clips = [(f"{c}{i}", c, "test" if i == 2 else "train") for c in CLASSES for i in range(3)]
    packs = []
    for k, (height, width) in enumerate(settings.pack_sizes):
        frames = rng.integers(0, 256, (len(clips), 3, height, width, 3), dtype=np.uint8)
        write_pack(((id, c, f) for (id, c, _), f in zip(clips, frames, strict=True)), tmp_path / f"{k}.pack")
        packs.append(open_pack(tmp_path / f"{k}.pack"))
    scene = dict.fromkeys(CLASSES, "A") | {"Sad": "B"}
    rows = ["clip_id,label,configuration,part", *(f"{id},{c},{scene[c]},{part}" for id, c, part in clips)]
    (tmp_path / "labels.csv").write_text("\n".join(rows) + "\n")
    (tmp_path / "tiny.toml").write_text(PROTOCOL)
    data = gather_data(load_protocol(tmp_path / "tiny.toml"), packs, synthetic=False)
    [outcome] = run_all(settings, data, tmp_path / "out", device=torch.device("cpu"), say=print)
    assert outcome.report.cell(target="all").n == 3
    for path in outcome.folder.glob("checkpoint.pt"):
        path.unlink()  # half a gigabyte each
