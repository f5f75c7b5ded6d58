"""Features: what a network's last layer sees of each snippet, made once, resumed, and refused where they do not fit."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from fervbench.errors import InputError, MismatchError, NotAvailableError, UsageError
from fervbench.interval_files import read_intervals, write_intervals
from fervbench.pack import open_pack, write_pack
from fervbench.protocol import load_protocol
from fervbench.reference import networks
from fervbench.reference.clips import load_pixels, make_clips
from fervbench.reference.running import gather_data, run_all
from fervbench.reference.settings import Settings as RecognitionSettings
from fervbench.reference.spotting import features as features_module
from fervbench.reference.spotting.extractors import Extractor, load_extractor
from fervbench.reference.spotting.features import extract
from fervbench.reference.spotting.gathering import gather
from fervbench.reference.spotting.settings import from_recipe
from fervbench.reference.spotting.store import Stored, open_features, write_features
from fervbench.spotting_recipes import load_spotting_recipe

from .. import world  # noqa: TID252
from . import drawn

CPU = torch.device("cpu")


@pytest.fixture
def jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two finished recognition jobs of a network of a few thousand numbers, `first` and `second`."""
    monkeypatch.setattr(networks, "build", world.build)
    monkeypatch.setattr(networks, "streams_of", lambda _: ("face",))
    monkeypatch.setattr("fervbench.reference.spotting.gathering.streams_of", lambda _: ("face",))
    made = world.write_world(tmp_path / "recognition")
    for seed, name in ((0, "first"), (1, "second")):
        settings = world.settings(epochs=1, seed=seed)
        data = gather_data(load_protocol(made / "tiny.toml"), [open_pack(made / "faces.pack")], synthetic=False)
        outcome = run_all(settings, data, tmp_path / "out", trained_on="all", device=CPU, say=lambda _: None)[0]
        outcome.folder.rename(tmp_path / name)
        state = torch.load(tmp_path / name / "checkpoint.pt", weights_only=True)
        torch.save(state | {"job": name}, tmp_path / name / "checkpoint.pt")
    return tmp_path


def quiet(text: str) -> None:
    del text


def asked(jobs: Path, source: str = "first", **changes: object):
    release = jobs / "release"
    if not release.exists():
        drawn.write_release(release)
    settings = from_recipe(load_spotting_recipe("bmn"), bins=12, points=4, epochs=1)
    arguments = {"ground_truth": str(release / "intervals.json"), "device": CPU, "say": quiet} | changes
    return gather(
        drawn.protocol(), settings, release / "videos.pack", str(jobs / source), jobs / "spotting", **arguments
    )


def test_features_are_what_the_last_layer_sees(jobs: Path):
    extractor = load_extractor(jobs / "first", CPU)
    pack = open_pack(drawn.write_release(jobs / "release") / "videos.pack")
    stored = extract(extractor, [pack], jobs / "features", say=quiet)
    assert stored.header["extractor"]["job"] == "first"
    assert stored.header["snippet"] == {"frames": 16, "step": 16}
    assert stored.numbers.shape == (10 * 6, 8)
    # The third snippet of a video, cut out by hand and given to the network as a clip of its own.
    clip = pack.clip(4)[32:48]
    write_pack([("one", None, clip)], jobs / "one.pack")
    one = open_pack(jobs / "one.pack")
    settings = extractor.settings
    clips = make_clips([one], [load_pixels(one, CPU)], settings.sizes, ["one"], [0], settings.view, CPU)
    with torch.no_grad():
        wanted = extractor.network.embed(*clips.test(torch.tensor([0])))[0].numpy()
    np.testing.assert_allclose(stored.by_video()["v04"][2], wanted, rtol=1e-5, atol=1e-6)


def test_interrupted_extraction_ends_in_the_same_bytes(jobs: Path, monkeypatch: pytest.MonkeyPatch):
    extractor = load_extractor(jobs / "first", CPU)
    pack = open_pack(drawn.write_release(jobs / "release") / "videos.pack")
    whole = extract(extractor, [pack], jobs / "whole", say=quiet)
    done = []

    def stop(number: int) -> None:
        done.append(number)
        if len(done) == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        extract(extractor, [pack], jobs / "parts", say=quiet, progress=stop)
    assert not list((jobs / "parts").glob("[!.]*"))  # nothing is in place yet
    again = []
    found = extract(extractor, [pack], jobs / "parts", say=quiet, progress=again.append)
    assert again[0] == 4 * 6  # the first word is what an earlier attempt had done
    for name in ("features.npy", "offsets.npy", "header.json"):
        assert (found.folder / name).read_bytes() == (whole.folder / name).read_bytes()
    said = []
    extract(extractor, [pack], jobs / "parts", say=said.append)
    assert said[0].startswith("features are there")


def test_a_torn_file_is_done_again_and_a_cut_one_is_named(jobs: Path):
    extractor = load_extractor(jobs / "first", CPU)
    pack = open_pack(drawn.write_release(jobs / "release") / "videos.pack")
    found = extract(extractor, [pack], jobs / "features", say=quiet)
    data = (found.folder / "features.npy").read_bytes()
    (found.folder / "features.npy").write_bytes(data[:-40])
    with pytest.raises(InputError, match="damaged features"):
        open_features(found.folder)


def test_gathered_input_names_its_extractor_and_is_labelled_synthetic(jobs: Path):
    made = asked(jobs)
    assert made.synthetic
    assert made.given.videos.protocol.id == "sdfe-lv-synthetic"
    assert set(made.files) == {"protocol.toml", "intervals.json"}
    assert made.about["features"]["extractor"]["job"] == "first"
    from_folder = asked(jobs, str(next((jobs / "spotting" / "features").iterdir()).relative_to(jobs)))
    assert from_folder.about == made.about


def test_features_of_another_extractor_are_refused(jobs: Path, monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(InputError, match=r"another extractor: .*\(small, not r18-lstm\)"):
        asked(jobs, expected="r18-lstm")
    first, second = (load_extractor(jobs / name, CPU) for name in ("first", "second"))
    pack = open_pack(jobs / "release" / "videos.pack")
    stored = extract(first, [pack], jobs / "features", say=quiet)
    identity = features_module.identity_of(second, [pack], "cpu")
    with pytest.raises(InputError, match="features of another extractor") as caught:
        features_module.check_same(stored, identity)
    assert "first" in str(caught.value.hint)
    # Unfinished ones of another in the same place.
    partial = jobs / "features" / f".{stored.folder.name}.partial"
    shutil.move(stored.folder, partial)
    (partial / "identity.json").write_text(json.dumps(identity))
    with pytest.raises(UsageError, match="unfinished features of another extractor"):
        extract(first, [pack], jobs / "features", say=quiet)


def test_features_of_other_videos_are_refused(jobs: Path):
    made = asked(jobs)
    folder = next((jobs / "spotting" / "features").iterdir())
    header = json.loads((folder / "header.json").read_text())
    renamed = header | {"ids": [f"other{i}" for i in range(10)]}
    (folder / "header.json").write_text(json.dumps(renamed))
    with pytest.raises(MismatchError, match="features and videos do not fit") as caught:
        asked(jobs, str(folder.relative_to(jobs)))
    assert "missing-features" in caught.value.findings.counts
    assert made.given.channels == 8


def edited(jobs: Path, **changes: object) -> None:
    """Change the first video of the intervals file."""
    path = drawn.write_release(jobs / "release") / "intervals.json"
    videos = read_intervals(path.read_bytes(), str(path))
    videos["v00"] = replace(videos["v00"], **changes)
    path.write_text(write_intervals(videos))


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"intervals": ((1.0, 7.5, "Happy"),), "duration": None}, "outside-video"),
        ({"fps": None}, "missing-fps"),
        ({"duration": 60.0}, "other-length"),
    ],
)
def test_annotations_that_do_not_fit_the_video(jobs: Path, changes: dict[str, object], rule: str):
    edited(jobs, **changes)
    with pytest.raises(MismatchError) as caught:
        asked(jobs)
    assert rule in caught.value.findings.counts
    assert {finding.id for finding in caught.value.findings.kept} == {"v00"}


def test_subjects_on_two_sides_of_a_split(jobs: Path):
    path = drawn.write_release(jobs / "release") / "intervals.json"
    videos = read_intervals(path.read_bytes(), str(path))
    parts = ["train"] * 6 + ["validation"] * 2 + ["test"] * 2
    videos = {
        id: replace(video, split=part, subject="s00" if id in ("v00", "v09") else video.subject)
        for (id, video), part in zip(videos.items(), parts, strict=True)
    }
    path.write_text(write_intervals(videos))
    with pytest.raises(MismatchError) as caught:
        asked(jobs)
    [finding] = caught.value.findings.kept
    assert (finding.rule, finding.id) == ("divided-subject", "s00")
    assert "test (v09), train (v00)" in finding.message


def test_videos_shorter_than_a_snippet(jobs: Path):
    release = drawn.write_release(jobs / "release")
    pack = open_pack(release / "videos.pack")
    clips = [(id, None, np.array(pack.clip(i))[: 15 if i == 3 else None]) for i, id in enumerate(pack.ids)]
    write_pack(clips, release / "videos.pack", source={"synthetic": True}, overwrite=True)
    with pytest.raises(MismatchError) as caught:
        asked(jobs)
    rules = {finding.rule for finding in caught.value.findings.kept if finding.id == "v03"}
    assert "short-video" in rules
    extractor = load_extractor(jobs / "first", CPU)
    with pytest.raises(MismatchError, match="no features can be made"):
        extract(extractor, [open_pack(release / "videos.pack")], jobs / "features", say=quiet)


def test_videos_that_one_side_lacks(jobs: Path):
    release = drawn.write_release(jobs / "release")
    pack = open_pack(release / "videos.pack")
    clips = [(id if i else "videos/stranger", None, np.array(pack.clip(i))) for i, id in enumerate(pack.ids)]
    write_pack(clips, release / "videos.pack", source={"synthetic": True}, overwrite=True)
    with pytest.raises(MismatchError) as caught:
        asked(jobs)
    assert set(caught.value.findings.counts) == {"missing-video", "not-annotated"}


def test_jobs_that_are_none(jobs: Path):
    with pytest.raises(NotAvailableError, match="no job of a recognition network"):
        asked(jobs, "nowhere")
    with pytest.raises(InputError, match="is no job of a recognition network"):
        asked(jobs, "release")
    (jobs / "second" / "done.json").unlink()
    with pytest.raises(NotAvailableError, match="not finished"):
        asked(jobs, "second")
    with pytest.raises(NotAvailableError, match="intervals of SDFE-LV are not here"):
        asked(jobs, ground_truth=None)


def test_two_streams_see_the_same_videos(jobs: Path):
    release = drawn.write_release(jobs / "release")
    face = open_pack(release / "videos.pack")
    scenes = [(id, None, np.repeat(np.array(face.clip(i)), 2, axis=2)) for i, id in enumerate(face.ids)]
    write_pack(scenes, release / "scenes.pack")

    class Two(torch.nn.Module):
        width = 6

        def __init__(self) -> None:
            super().__init__()
            self.weight = torch.nn.Parameter(torch.ones(1))

        def embed(self, faces: torch.Tensor, scene: torch.Tensor) -> torch.Tensor:
            return torch.cat([faces.mean(dim=(2, 3, 4)), scene.mean(dim=(2, 3, 4))], dim=1) * self.weight

    settings = RecognitionSettings("two-small", frames=16, sizes=((16, 16), (16, 32)), pack_sizes=((18, 18), (18, 36)))
    extractor = Extractor("two", settings, Two(), ("Happy",), "drawn", "0", synthetic=True)
    found = extract(extractor, [face, open_pack(release / "scenes.pack")], jobs / "features", say=quiet)
    assert found.numbers.shape == (60, 6)
    np.testing.assert_allclose(found.numbers[:, :3], found.numbers[:, 3:], atol=0.3)
    write_pack(scenes[:-1], release / "fewer.pack")
    with pytest.raises(MismatchError) as caught:
        extract(extractor, [face, open_pack(release / "fewer.pack")], jobs / "fewer", say=quiet)
    assert "streams-differ" in caught.value.findings.counts


def test_features_that_another_process_has_just_made_are_taken(tmp_path: Path):
    """It was quicker while this one read its packs: nothing is extracted again, and nothing of ours is left."""
    made = []

    def of(id: str) -> np.ndarray:
        made.append(id)
        return np.full((2, 3), 1.0, dtype=np.float32)

    def write() -> Stored:
        return write_features(tmp_path / "f", {"a": 2, "b": 2}, 3, {"extractor": {}}, of, done=lambda _: None)

    write()
    assert write().ids == ["a", "b"]
    assert made == ["a", "b"]
    assert [path.name for path in tmp_path.iterdir()] == ["f"]
