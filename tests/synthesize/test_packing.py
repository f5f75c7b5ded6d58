"""Rendered data and packs: rendered folders pack as real ones would, and rendering straight into a pack is the same."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from fervbench.cli import cli
from fervbench.errors import UsageError
from fervbench.pack import Settings, make_pack, open_pack, verify
from fervbench.synthesize import Options, plan, render_clip, synthesize
from fervbench.synthesize.packing import pack_release

SCENES = ("Experiment",)


@pytest.fixture(scope="module")
def options() -> Options:
    return Options(0.001, 3, SCENES, faces_only=True, size=32)


def packed(out: Path, options: Options, **more) -> Path:
    release = plan("ferv39k", scale=options.scale, seed=options.seed, scenes=SCENES, faces_only=True)
    pack_release(release, out, "ferv39k", options, size=(32, 32), **more)
    return out


def test_a_pack_holds_every_clip_as_it_is_drawn(tmp_path: Path, options: Options):
    found = open_pack(packed(tmp_path / "faces.pack", options, frames=4))
    release = plan("ferv39k", scale=options.scale, seed=options.seed, scenes=SCENES, faces_only=True)
    assert found.ids == tuple(clip.id for clip in release.clips)
    assert found.header.source["synthetic"] is True
    clip = release.clips[3]
    middle = (2 * np.arange(4) + 1) * clip.frames // 8
    drawn = render_clip(clip, seed=options.seed, size=32, frames=middle.tolist())
    assert np.array_equal(found.clip(clip.id), drawn)
    assert found.labels[3] == clip.label == clip.id.split("/")[1]
    lists = {name.rsplit("/", 1)[-1]: content.decode() for name, content in release.files.items()}
    for id, part in zip(found.ids, found.parts, strict=True):
        assert part in ("train", "test")
        assert f"{id} " in lists[f"{part}_All.csv"]
    assert len(verify(tmp_path / "faces.pack")[1]) == 0


@pytest.mark.slow
def test_two_processes_write_the_same_bytes_as_one(tmp_path: Path, options: Options):
    one, two = (packed(tmp_path / f"{jobs}.pack", options, frames=2, jobs=jobs) for jobs in (1, 2))
    assert (one / "frames.npy").read_bytes() == (two / "frames.npy").read_bytes()
    assert (one / "header.json").read_bytes() == (two / "header.json").read_bytes()


def test_nothing_is_overwritten(tmp_path: Path, options: Options):
    out = packed(tmp_path / "faces.pack", options, frames=1)
    with pytest.raises(UsageError, match="exists already"):
        packed(out, options, frames=1)


def test_a_rendered_folder_packs_and_stays_labelled(tmp_path: Path):
    synthesize("ferv39k", tmp_path / "release", scale=0.001, seed=1, scenes=SCENES, faces_only=True, jobs=1)
    settings = Settings(height=24, width=24, sampler="linspace", number=2)
    made = make_pack(tmp_path / "release", tmp_path / "faces.pack", settings, workers=1)
    assert made.written
    assert not len(made.problems)
    found = open_pack(tmp_path / "faces.pack")
    assert found.header.source["synthetic"] is True
    assert set(found.parts) == {"train", "test"}
    assert len(found) == made.clips


def test_the_command_renders_into_a_pack(tmp_path: Path):
    base = ["synthesize", "ferv39k", str(tmp_path / "s.pack"), "--pack", "--scene", "Experiment", "--scale", "0.001"]
    result = CliRunner().invoke(
        cli, [*base, "--frames", "1", "--size", "16", "--stream", "scene", "--jobs", "1", "--json"]
    )
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["frames"] == len(open_pack(tmp_path / "s.pack"))
    assert open_pack(tmp_path / "s.pack").frames.shape[1:] == (16, 24, 3)
    assert CliRunner().invoke(cli, base).exit_code == 2  # it is there
    other = CliRunner().invoke(cli, ["synthesize", "dfew", str(tmp_path / "d.pack"), "--pack", "--stream", "scene"])
    assert (other.exit_code, "no scene stream" in other.stderr) == (2, True)
    wrong = CliRunner().invoke(cli, ["synthesize", "dfew", str(tmp_path / "d"), "--frames", "4", "--scale", "0.001"])
    assert wrong.exit_code == 2


@pytest.mark.slow
@pytest.mark.parametrize(("dataset", "labelled"), [("afew", 14), ("ck+", 7)])
def test_every_rendered_release_packs_as_the_real_one_would(tmp_path: Path, dataset: str, labelled: int):
    synthesize(dataset, tmp_path / "release", scale=0.001, seed=0, jobs=2)
    made = make_pack(tmp_path / "release", tmp_path / "all.pack", Settings(height=24, width=24), workers=1)
    assert made.written
    found = open_pack(tmp_path / "all.pack")
    assert found.header.source["kind"] == dataset
    assert found.header.source["synthetic"] is True
    assert sum(label is not None for label in found.labels) == labelled
    assert {"afew": {"train", "test"}}.get(dataset, {None}) == set(found.parts)
