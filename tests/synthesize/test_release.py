"""What is on disk: layouts as the readers of the official ones want them, the same bytes however many processes."""

from __future__ import annotations

import csv
import hashlib
import xml.etree.ElementTree as ET
import zipfile
from collections import Counter
from collections.abc import Iterator
from math import ceil
from pathlib import Path

import pytest

pytest.importorskip("PIL", reason="needs the extra data")

from PIL import Image

from fervbench import load_protocol
from fervbench.errors import InputError, UsageError
from fervbench.interval_files import read_intervals
from fervbench.readers import READERS
from fervbench.splits import split_videos
from fervbench.synthesize import DATASETS, plan, synthesize, writing
from fervbench.synthesize import ferv39k as planned
from fervbench.synthesize.clip import iter_frames
from fervbench.synthesize.layout import Job

SCENE = {"scenes": ("Talkshow",), "scale": 0.0001}


def digest(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_ferv39k_at_full_size_is_the_embedded_ground_truth():
    release = plan("ferv39k", scale=1.0)
    assert len(release.clips) == 38_935
    counts = load_protocol("ferv39k").counts()["cells"]
    text = release.files["4_setups/All_scenes/test_All.csv"].decode().splitlines()
    cells = Counter(tuple(line.split(" ")[0].split("/")[:2]) for line in text)
    assert cells == {(s, e): cell["test"] for s, row in counts.items() for e, cell in row.items()}
    frames = sorted(clip.frames for clip in release.clips)
    assert (frames[0], frames[len(frames) // 2], frames[-1]) == (8, 28, 47)


@pytest.fixture(scope="module")
def short() -> Iterator[None]:
    """Clips of FERV39k of eight to ten frames: the plan is made here, so other processes render the same."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(planned, "FRAMES", ((0.0, 8), (1.0, 10)))
        yield


@pytest.fixture(scope="module")
def ferv39k(short: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ferv39k") / "data"
    synthesize("ferv39k", folder, **SCENE, jobs=1)
    return folder


def test_ferv39k_has_the_official_names_sizes_and_numbers_of_frames(ferv39k: Path):
    clips = sorted((ferv39k / "2_ClipsforFaceCrop" / "Talkshow").glob("*/*"))
    assert len(clips) == 14
    for faces in clips:
        scenes = ferv39k / "3_ClipsforScenImages" / faces.relative_to(ferv39k / "2_ClipsforFaceCrop")
        names = sorted(path.name for path in faces.iterdir())
        assert 8 <= len(names) <= 10
        assert names == [f"{i:02d}.jpg" for i in range(len(names))]
        assert names == sorted(path.name for path in scenes.iterdir())
    with Image.open(faces / "00.jpg") as face, Image.open(scenes / "00.jpg") as scene:
        assert (face.size, face.mode, face.format) == ((224, 224), "RGB", "JPEG")
        assert scene.size == (504, 336)


def test_ferv39k_lists_and_folders_read_as_the_official_ones(ferv39k: Path):
    protocol = load_protocol("ferv39k")
    by_list = READERS["ferv39k"](ferv39k / "4_setups" / "All_scenes", protocol)
    assert sorted(by_list.ids) == sorted(set(by_list.ids))
    assert Counter(by_list.parts) == {"train": 7, "test": 7}
    line = (ferv39k / "4_setups/All_scenes/test_All.csv").read_text().splitlines()[0]
    assert line.split(" ")[0].split("/")[1] == line.split(" ")[1]
    own = (ferv39k / "4_setups/22_scenes/train_Talkshow.csv").read_text().splitlines()
    assert sorted(own) == sorted((ferv39k / "4_setups/All_scenes/train_All.csv").read_text().splitlines())


def test_the_split_rule_holds_at_any_scale():
    release = plan("ferv39k", scale=0.03)
    test = set(release.files["4_setups/All_scenes/test_All.csv"].decode().split())
    n = Counter(clip.id.rsplit("/", 1)[0] for clip in release.clips)
    assert len(n) == 154
    for clip in release.clips:
        cell, number = clip.id.rsplit("/", 1)
        assert (clip.id in test) == (int(number) < ceil(n[cell] / 5))


def test_the_bytes_do_not_depend_on_the_number_of_processes(ferv39k: Path, tmp_path: Path):
    state = synthesize("ferv39k", tmp_path / "two", **SCENE, jobs=2)
    assert (state.clips, state.there) == (14, 0)
    assert digest(tmp_path / "two") == digest(ferv39k)


def test_another_seed_is_another_data_set():
    a, b = (plan("ferv39k", seed=seed, **SCENE) for seed in (0, 1))
    assert [clip.frames for clip in a.clips] != [clip.frames for clip in b.clips]
    pixels = [next(iter_frames(a.clips[0], seed=seed, size=32)).tobytes() for seed in (0, 1)]
    assert pixels[0] != pixels[1]


def test_a_stopped_run_goes_on_where_it_was(ferv39k: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder = tmp_path / "data"
    real, written = writing.write_job, []

    def stops(job: Job, *rest: object) -> int:
        if len(written) == 3:
            part = folder / "2_ClipsforFaceCrop" / "Talkshow" / "Angry" / ".0001.part"
            part.mkdir(parents=True)
            (part / "00.jpg").write_bytes(b"half")
            raise OSError(28, "No space left on device", "somewhere")
        written.append(job.clip.id)
        return real(job, *rest)  # type: ignore[arg-type]

    first = plan("ferv39k", **SCENE).clips[1].id
    assert first == "Talkshow/Angry/0001"
    monkeypatch.setattr(writing, "write_job", stops)
    with pytest.raises(InputError, match="No space left"):
        synthesize("ferv39k", folder, **SCENE, jobs=1)
    assert not (folder / "4_setups").exists()
    monkeypatch.setattr(writing, "write_job", real)
    state = synthesize("ferv39k", folder, **SCENE, jobs=1)
    assert state.there == 3
    found = {name: value for name, value in digest(folder).items() if ".part/" not in name}
    assert found == digest(ferv39k)
    assert synthesize("ferv39k", folder, **SCENE, jobs=1).there == 14


def test_what_another_hand_made_is_never_touched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(writing, "write_job", lambda job, folder, seed: job.frames)
    folder = tmp_path / "real"
    (folder / "2_ClipsforFaceCrop").mkdir(parents=True)
    (folder / "2_ClipsforFaceCrop" / "mine.jpg").write_bytes(b"mine")
    for overwrite in (False, True):
        with pytest.raises(UsageError, match="did not render"):
            synthesize("ferv39k", folder, **SCENE, overwrite=overwrite)
    assert (folder / "2_ClipsforFaceCrop" / "mine.jpg").read_bytes() == b"mine"
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="not a folder"):
        synthesize("ferv39k", tmp_path / "file", **SCENE)


def test_other_settings_need_force(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(writing, "write_job", lambda job, folder, seed: job.frames)
    folder = tmp_path / "data"
    synthesize("ck+", folder, scale=0.001, jobs=1)
    with pytest.raises(UsageError, match="other settings"):
        synthesize("ck+", folder, scale=0.001, seed=1, jobs=1)
    synthesize("ferv39k", folder, **SCENE, jobs=1, overwrite=True)
    assert not (folder / "Emotion").exists()
    assert "data set: ferv39k" in (folder / "SYNTHETIC.txt").read_text()
    assert (folder / "SYNTHETIC.txt").read_text().startswith("SYNTHETIC")


@pytest.mark.parametrize("scale", [0.001, 0.02, 1.0])
def test_dfew_folds_and_votes(scale: float, tmp_path: Path):
    release = plan("dfew", scale=scale)
    for name, content in release.files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    protocol = load_protocol("dfew")
    labels = READERS["dfew"](tmp_path / "EmoLabel_DataSplit", protocol)
    assert not labels.notes
    by_fold = Counter(zip(labels.leaves, labels.labels, strict=True))
    if scale == 1.0:
        assert Counter(labels.leaves) == protocol.ground_truth["sizes"]
        cells = protocol.counts()["cells"]
        assert by_fold == {(f, c): cell["test"] for f, row in cells.items() for c, cell in row.items()}
        assert len(release.clips) == 16_372 - 362
    assert len(by_fold) == 35
    rows = sheet(release.files["Annotation/annotation.xlsx"])
    assert rows[0] == ["1happy", "2sad", "3neutral", "4angry", "5surprise", "6disgust", "7fear", "order", "label"]
    listed = dict(zip(labels.ids, labels.labels, strict=True))
    for *votes, order, label in ([int(cell) for cell in row] for row in rows[1:]):
        assert sum(votes) == 10
        assert (max(votes) > 6) == (label > 0)
        if label:
            assert votes[label - 1] == max(votes)
        assert listed.get(f"{order:05d}") in (None, protocol.classes[label - 1] if label else None)
    assert [int(row[7]) for row in rows[1:]] == list(range(1, len(rows)))
    assert min(clip.frames for clip in release.clips) >= 11


def sheet(data: bytes) -> list[list[str]]:
    import io

    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        root = ET.fromstring(archive.read("xl/worksheets/sheet1.xml"))
    name = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    return [["".join(cell.itertext()) for cell in row.iter(f"{name}c")] for row in root.iter(f"{name}row")]


def test_dfew_frames_on_disk(tmp_path: Path):
    job = plan("dfew", scale=0.0001).jobs[0]
    short = Job(job.clip, tuple(job.outputs))
    writing.write_job(short, tmp_path, 0)
    whole = tmp_path / "Clip" / "clip_224x224" / job.clip.id
    assert len(list(whole.iterdir())) == job.clip.frames
    assert (whole / f"{job.clip.id}_00001.jpg").is_file()
    sixteen = tmp_path / "Clip" / "clip_224x224_16f" / job.clip.id
    assert {path.name for path in sixteen.iterdir()} == {f"{i}.jpg" for i in range(1, 17)}


@pytest.mark.parametrize("scale", [0.001, 0.1, 1.0])
def test_sdfe_lv_intervals(scale: float):
    release = plan("sdfe-lv", scale=scale)
    protocol = load_protocol("sdfe-lv")
    videos = read_intervals(release.files["intervals.json"], "intervals.json", classes=tuple(protocol.classes))
    assert set(videos) == {clip.id for clip in release.clips}
    parts = Counter(split_videos({id: video.subject or "" for id, video in videos.items()}).values())
    assert set(parts) == {"train", "validation", "test"}
    counts = Counter(len(video.intervals) for video in videos.values())
    assert min(counts) >= 1
    assert max(counts) <= 16
    for id, video in videos.items():
        assert video.duration is not None
        assert 10 <= video.duration <= 120
        times = [time for onset, offset, _ in video.intervals for time in (onset, offset)]
        assert times == sorted(set(times)), id
    labels = Counter(label for video in videos.values() for _, _, label in video.intervals)
    assert len(labels) == 6
    if scale == 1.0:
        assert labels == {"Angry": 82, "Disgust": 18, "Fear": 2, "Happy": 2185, "Sad": 64, "Surprise": 69}
        assert len(videos) == 1191
        mean = sum(video.duration or 0 for video in videos.values()) / len(videos)
        assert abs(mean - 57.94) < 3
        assert max(counts) >= 8


def test_sdfe_lv_on_disk(tmp_path: Path):
    state = synthesize("sdfe-lv", tmp_path / "data", scale=0.0001, fps=1, size=32, jobs=1)
    videos = read_intervals((tmp_path / "data" / "intervals.json").read_bytes(), "intervals.json")
    for id, video in videos.items():
        frames = sorted((tmp_path / "data" / "videos" / id).iterdir())
        assert len(frames) == round((video.duration or 0) * (video.fps or 0))
        assert frames[0].name == "00001.jpg"
    assert state.clips == len(videos) == 5


def test_ck_plus(tmp_path: Path):
    release = plan("ck+", scale=1.0)
    assert len(release.clips) == 593
    assert len({clip.subject for clip in release.clips}) == 123
    emotions = [name for name in release.files if name.endswith("_emotion.txt")]
    assert len(emotions) == 327
    values = Counter(int(float(release.files[name])) for name in emotions)
    assert values == {1: 45, 2: 18, 3: 59, 4: 25, 5: 69, 6: 28, 7: 83}
    job = min(plan("ck+", scale=0.001).jobs, key=lambda job: job.clip.frames)
    writing.write_job(job, tmp_path, 0)
    subject, sequence = job.clip.id.split("/")
    first = tmp_path / "cohn-kanade-images" / subject / sequence / f"{subject}_{sequence}_00000001.png"
    with Image.open(first) as picture:
        assert (picture.size, picture.mode) == ((640, 490), "L")
    last = f"{job.clip.id}/{subject}_{sequence}_{job.clip.frames:08d}"
    assert f"FACS/{last}_facs.txt" in release.files or f"FACS/{last}_facs.txt" in plan("ck+", scale=0.001).files


def test_afew(tmp_path: Path):
    release = plan("afew", scale=1.0)
    parts = Counter(job.outputs[0].path.split("/")[0] for job in release.jobs)
    assert parts == {"Train_AFEW": 773, "Val_AFEW": 383}
    job = min(plan("afew", scale=0.001).jobs, key=lambda job: job.clip.frames)
    writing.write_job(Job(job.clip, job.outputs), tmp_path, 0)
    faces, video = (tmp_path / output.path for output in job.outputs)
    assert (faces / "000.png").is_file()
    data = video.read_bytes()
    assert data[:4] == b"RIFF"
    assert int.from_bytes(data[4:8], "little") == len(data) - 8
    assert data.count(b"\xff\xd8\xff") == job.clip.frames
    assert video.parent.name == job.clip.label


def test_what_cannot_be_is_a_usage_error():
    for arguments in (
        {"dataset": "mafw"},
        {"dataset": "dfew", "scale": 0.0},
        {"dataset": "dfew", "scale": float("nan")},
        {"dataset": "dfew", "scenes": ("War",)},
        {"dataset": "ferv39k", "scenes": ("Nowhere",)},
        {"dataset": "sdfe-lv", "fps": 0.0},
    ):
        with pytest.raises(UsageError):
            plan(**arguments)  # type: ignore[arg-type]


def test_every_release_names_what_it_puts_into_its_folder():
    for name, dataset in DATASETS.items():
        release = plan(name, scale=0.001)
        tops = {path.split("/")[0] for path in release.files}
        tops |= {output.path.split("/")[0] for job in release.jobs for output in job.outputs}
        assert tops == set(release.tops) == set(dataset.tops)


def test_the_lists_are_csv_without_a_header(ferv39k: Path):
    with (ferv39k / "4_setups/All_scenes/train_All.csv").open(newline="") as file:
        rows = list(csv.reader(file, delimiter=" "))
    assert all(len(row) == 2 for row in rows)
    assert "\r" not in (ferv39k / "4_setups/All_scenes/train_All.csv").read_text()
