from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from fervbench.errors import InputError, UsageError
from fervbench.pack import Settings, make_pack, open_pack, verify
from fervbench.pack.decoding import decoder
from fervbench.pack.frames import numeric
from fervbench.pack.workers import _Writer
from fervbench.pack.writing import partial_folder

from .conftest import contents, jpeg, picture, write_clip

SMALL = Settings(height=16, width=16)


def test_frames_go_by_their_numbers(clips: Path, tmp_path: Path):
    made = make_pack(clips, tmp_path / "p", SMALL, workers=1)
    assert (made.written, made.clips, made.frames) == (True, 5, 9 + 10 + 11 + 12 + 13)
    pack = open_pack(tmp_path / "p")
    reader = decoder("pillow", "area")
    for number in range(1, 14):  # string order would put 10.jpg second
        frame = reader.frame((clips / "s4/Happy" / f"{number}.jpg").read_bytes(), 16, 16)
        assert (pack.clip("s4/Happy")[number - 1] == frame).all()
    assert sorted(["10", "9", "1", "a10", "a9"], key=numeric) == ["1", "9", "10", "a9", "a10"]


def test_a_pack_is_readable_by_numpy_alone(clips: Path, tmp_path: Path):
    make_pack(clips, tmp_path / "p", SMALL)
    frames = np.load(tmp_path / "p/frames.npy", mmap_mode="r")
    offsets = np.load(tmp_path / "p/offsets.npy")
    assert frames.shape == (offsets[-1], 16, 16, 3)
    assert (frames == open_pack(tmp_path / "p").frames).all()
    header = json.loads((tmp_path / "p/header.json").read_text())
    assert header["settings"]["filter"] == "area"
    assert set(header["settings"]["decoder"]) == {"name", "numpy", "pillow", "simplejpeg"}
    assert str(tmp_path) not in (tmp_path / "p/header.json").read_text()


@pytest.mark.parametrize("number", [1, 4, 16])
@pytest.mark.parametrize(
    "sampler", ["segment-centre", "linspace", "dfew-time-interpolation", "linear-time-interpolation"]
)
def test_n_frames_are_those_of_the_sampler(clips: Path, tmp_path: Path, sampler: str, number: int):
    from fervbench.pack.interpolation import INTERPOLATIONS, interpolate
    from fervbench.pack.samplers import SAMPLERS

    make_pack(clips, tmp_path / "all", SMALL, workers=1)
    make_pack(clips, tmp_path / "n", Settings(16, 16, sampler, number), workers=1)
    whole, some = open_pack(tmp_path / "all"), open_pack(tmp_path / "n")
    for i in range(5):
        clip = whole.clip(i)
        if sampler in INTERPOLATIONS:
            wanted = interpolate(sampler, clip, number)
        else:
            wanted = clip[SAMPLERS[sampler](len(clip), number)]
        assert (some.clip(i) == wanted).all()


def test_processes_make_the_same_bytes_as_one(clips: Path, tmp_path: Path):
    for name, workers in (("one", 1), ("three", 3)):
        make_pack(clips, tmp_path / name, SMALL, workers=workers)
    assert contents(tmp_path / "one") == contents(tmp_path / "three")
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_a_ferv39k_release_gives_faces_or_scenes_with_labels_and_parts(ferv39k: Path, tmp_path: Path):
    make_pack(ferv39k, tmp_path / "faces", SMALL)
    make_pack(ferv39k, tmp_path / "scenes", Settings(16, 24), stream="scene")
    faces, scenes = open_pack(tmp_path / "faces"), open_pack(tmp_path / "scenes")
    assert faces.ids == scenes.ids
    assert len(faces) == 12
    assert faces.header.source["kind"] == "ferv39k"
    i = faces.index["War/Sad/0000"]
    assert (faces.labels[i], faces.parts[i], faces.groups[i]) == ("Sad", "test", "War")
    assert sorted(set(faces.parts)) == ["test", "train"]
    assert (faces.clip(i).shape, scenes.clip(i).shape) == ((8, 16, 16, 3), (8, 16, 24, 3))
    reader = decoder("pillow", "area")
    data = (ferv39k / "3_ClipsforScenImages/War/Sad/0000/03.jpg").read_bytes()
    assert (scenes.clip(i)[3] == reader.frame(data, 16, 24)).all()


def test_what_lies_above_a_release_does_not_decide_its_stream(ferv39k: Path, tmp_path: Path):
    moved = tmp_path / "faces and scenes"
    (moved / "faces").mkdir(parents=True)
    ferv39k.rename(moved / "faces/FERV39k")
    for stream, width in (("face", 16), ("scene", 24)):
        made = make_pack(moved / "faces/FERV39k", tmp_path / stream, Settings(16, width), stream=stream)
        assert made.clips == 12
    only = moved / "faces/FERV39k/3_ClipsforScenImages"
    with pytest.raises(InputError, match="no clips"):
        make_pack(only, tmp_path / "p", SMALL)
    made = make_pack(only, tmp_path / "p", SMALL, stream="scene")
    assert made.written
    assert any("the split was made from the clip folders" in note for note in made.notes)
    made = make_pack(only, tmp_path / "q", Settings(16, 16, "linspace", 9), stream="scene")
    assert any("4 clips have fewer than 9 frames" in note for note in made.notes)


def test_a_dfew_release_takes_the_frames_of_clip_224x224(tmp_path: Path):
    root = tmp_path / "DFEW"
    for k in range(1, 11):
        write_clip(root / "Clip/clip_224x224" / f"{k:05d}", [f"{i}.jpg" for i in range(1, 12)], k)
        write_clip(root / "Clip/clip_224x224_16f" / f"{k:05d}", [f"{i}.jpg" for i in range(1, 17)], k)
    made = make_pack(root, tmp_path / "p", SMALL)
    assert made.frames == 110
    assert any("no fold lists" in note for note in made.notes)
    assert any("clip_224x224_16f" in note for note in made.notes)
    assert make_pack(root, tmp_path / "q", SMALL, folder="clip_224x224_16f").frames == 160
    lists = root / "EmoLabel_DataSplit"
    for part in ("train", "test"):
        (lists / f"{part}(single-labeled)").mkdir(parents=True)
        for k in range(1, 6):
            own = {2 * k - 1, 2 * k}
            rows = [n for n in range(1, 11) if (n in own) == (part == "test")]
            text = "".join(f"{n},{1 + n % 7}\n" for n in rows)
            (lists / f"{part}(single-labeled)" / f"set_{k}.csv").write_text("video_name,label\n" + text)
    made = make_pack(root, tmp_path / "r", SMALL)
    pack = open_pack(tmp_path / "r")
    assert pack.ids[:2] == ("00001", "00002")
    assert pack.groups[:3] == ("fd1", "fd1", "fd2")
    assert pack.labels[0] == "Sad"


def test_afew_and_ck_plus(tmp_path: Path):
    afew = tmp_path / "AFEW"
    write_clip(afew / "Train_AFEW/AlignedFaces_LBPTOP_Points/Faces/Angry/0001", ["001.png", "002.png"], 1)
    write_clip(afew / "Val_AFEW/AlignedFaces_LBPTOP_Points/Faces/Sad/0002", ["001.png"], 2)
    make_pack(afew, tmp_path / "a", SMALL)
    pack = open_pack(tmp_path / "a")
    assert (pack.header.source["kind"], pack.labels, pack.parts) == ("afew", ("Angry", "Sad"), ("train", "test"))
    other = tmp_path / "by-video"  # as it is passed around: faces by name, videos by emotion
    write_clip(other / "Val_AFEW/AlignedFaces_LBPTOP_Points/Faces/000046280", ["001.png"], 2)
    write_clip(other / "Val_AFEW/AlignedFaces_LBPTOP_Points/Faces/000046281", ["001.png"], 3)
    (other / "Val_AFEW/Surprise").mkdir()
    (other / "Val_AFEW/Surprise/000046280.avi").touch()
    make_pack(other, tmp_path / "v", SMALL)
    assert open_pack(tmp_path / "v").labels == ("Surprise", None)
    ck = tmp_path / "CK+"
    for sequence in ("001", "002"):
        names = [f"S005_{sequence}_{i:08d}.png" for i in range(1, 12)]
        write_clip(ck / "cohn-kanade-images/S005" / sequence, names, 3)
    label = ck / "Emotion/S005/001/S005_001_00000011_emotion.txt"
    label.parent.mkdir(parents=True)
    label.write_text("   3.0000000e+00\n")
    make_pack(ck, tmp_path / "c", SMALL)
    pack = open_pack(tmp_path / "c")
    assert (pack.ids, pack.labels) == (("S005/001", "S005/002"), ("Disgust", None))
    assert (pack.header.source["kind"], pack.groups) == ("ck+", ("S005", "S005"))


def test_every_bad_clip_is_named_at_once_and_nothing_is_put_in_place(ferv39k: Path, tmp_path: Path):
    faces = ferv39k / "2_ClipsforFaceCrop-002/2_ClipsforFaceCrop"
    shutil.rmtree(faces / "War/Sad/0000")
    for path in (faces / "War/Sad/0001").iterdir():
        path.unlink()
    (faces / "War/Sad/0002/04.jpg").write_bytes(b"no picture")
    (faces / "War/Happy/0000/03.jpg").write_bytes(jpeg(picture(1))[:300])
    (faces / "War/Happy/0001/00.jpg").unlink()
    (faces / "War/Happy/0001/01.jpg").unlink()
    (faces / "War/Happy/0002/05.jpg").unlink()
    (faces / "Action/Sad/0002/00.jpg").write_bytes(b"")
    made = make_pack(ferv39k, tmp_path / "p", SMALL)
    assert not made.written
    assert not (tmp_path / "p").exists()
    found = {(finding.rule, finding.id) for finding in made.problems}
    assert found == {
        ("missing", "War/Sad/0000"),
        ("missing", "War/Sad/0001"),
        ("unreadable", "War/Sad/0002"),
        ("truncated", "War/Happy/0000"),
        ("short", "War/Happy/0001"),
        ("gap", "War/Happy/0002"),
        ("unreadable", "Action/Sad/0002"),
    }
    assert "04.jpg" in next(f.message for f in made.problems if f.id == "War/Sad/0002")
    again = make_pack(ferv39k, tmp_path / "p", SMALL, allow_missing=True)
    assert (again.written, again.clips, again.resumed, again.decoded) == (True, 7, 7, 0)
    pack = open_pack(tmp_path / "p")
    assert [row["id"] for row in pack.header.left_out] == sorted(
        ["Action/Sad/0002", "War/Happy/0000", "War/Sad/0000", "War/Sad/0001", "War/Sad/0002"]
    )
    assert [row["rule"] for row in pack.header.noted] == ["short", "gap"]
    assert not len(verify(tmp_path / "p")[1])
    reader = decoder("pillow", "area")
    data = (faces / "War/Happy/0002/07.jpg").read_bytes()
    assert (pack.clip("War/Happy/0002")[6] == reader.frame(data, 16, 16)).all()


def test_a_mended_clip_alone_is_decoded(clips: Path, tmp_path: Path):
    broken = clips / "s2/Happy/5.jpg"
    good = broken.read_bytes()
    broken.write_bytes(good[:400])
    assert not make_pack(clips, tmp_path / "p", SMALL).written
    broken.write_bytes(good)
    made = make_pack(clips, tmp_path / "p", SMALL)
    assert (made.written, made.resumed, made.decoded) == (True, 4, 1)
    make_pack(clips, tmp_path / "q", SMALL)
    assert contents(tmp_path / "p") == contents(tmp_path / "q")


def test_what_is_interrupted_goes_on_where_it_was(clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    do = _Writer.do
    seen: list[str] = []

    def until_third(self, task):
        seen.append(task.clip.id)
        if len(seen) == 3:
            raise KeyboardInterrupt
        return do(self, task)

    monkeypatch.setattr(_Writer, "do", until_third)
    with pytest.raises(KeyboardInterrupt):
        make_pack(clips, tmp_path / "p", SMALL, workers=1)
    assert not (tmp_path / "p").exists()
    made = make_pack(clips, tmp_path / "p", SMALL, workers=1)
    assert (made.resumed, made.decoded) == (2, 3)
    assert seen[3:] == ["s2/Happy", "s3/Happy", "s4/Happy"]
    make_pack(clips, tmp_path / "q", SMALL, workers=1)
    assert contents(tmp_path / "p") == contents(tmp_path / "q")


def test_a_journal_is_believed_only_where_the_bytes_agree(clips: Path, tmp_path: Path):
    (clips / "s4/Happy/1.jpg").write_bytes(b"")
    make_pack(clips, tmp_path / "p", SMALL)
    partial = partial_folder(tmp_path / "p")
    with (partial / "pack/frames.npy").open("r+b") as file:  # as after a loss of power
        file.seek(128 + 100)
        file.write(b"\0" * 10_000)
    with (partial / "journal").open("a") as file:
        file.write('["s1/Happy", "half a l')
    made = make_pack(clips, tmp_path / "p", SMALL, allow_missing=True)
    assert made.written
    assert made.resumed < 4
    assert not len(verify(tmp_path / "p")[1])


def test_an_unfinished_pack_with_other_settings_is_not_mixed_in(clips: Path, tmp_path: Path):
    (clips / "s4/Happy/1.jpg").write_bytes(b"")
    make_pack(clips, tmp_path / "p", SMALL)
    with pytest.raises(UsageError, match="other settings"):
        make_pack(clips, tmp_path / "p", Settings(8, 8), allow_missing=True)
    assert make_pack(clips, tmp_path / "p", Settings(8, 8), allow_missing=True, overwrite=True).decoded == 4


def test_nothing_is_replaced_without_being_told(clips: Path, tmp_path: Path):
    make_pack(clips, tmp_path / "p", SMALL)
    before = contents(tmp_path / "p")
    with pytest.raises(UsageError, match="exists already"):
        make_pack(clips, tmp_path / "p", Settings(8, 8))
    assert contents(tmp_path / "p") == before
    make_pack(clips, tmp_path / "p", Settings(8, 8), overwrite=True)
    assert open_pack(tmp_path / "p").header.height == 8
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/thesis.tex").write_text("years")
    with pytest.raises(UsageError, match="is no pack"):
        make_pack(clips, tmp_path / "mine", SMALL, overwrite=True)


def test_a_pack_killed_while_tidying_up_is_whole(clips: Path, tmp_path: Path):
    make_pack(clips, tmp_path / "q", SMALL)
    settings = json.loads((tmp_path / "q/header.json").read_text())["settings"]
    partial = partial_folder(tmp_path / "q")
    partial.mkdir()
    identity = {"settings": settings, "kind": "frames", "stream": "face"}
    (partial / "settings.json").write_text(json.dumps(identity, indent=1, sort_keys=True) + "\n")
    made = make_pack(clips, tmp_path / "q", SMALL)
    assert (made.written, made.decoded, made.clips) == (True, 0, 5)
    assert not partial.exists()


def test_two_processes_do_not_write_one_pack(clips: Path, tmp_path: Path):
    from fervbench.pack.writing import locked

    with locked(partial_folder(tmp_path / "p")), pytest.raises(UsageError, match="another process"):
        make_pack(clips, tmp_path / "p", SMALL)


@pytest.mark.parametrize(
    "settings",
    [
        Settings(0, 4),
        Settings(4, 5000),
        Settings(sampler="linspace"),
        Settings(number=4),
        Settings(sampler="first", number=4),
        Settings(filter="nearest"),
        Settings(decoder="opencv"),
        Settings(rule="crop"),
        Settings(sampler="linspace", number=0),
    ],
)
def test_impossible_settings_are_refused(clips: Path, tmp_path: Path, settings: Settings):
    with pytest.raises(UsageError):
        make_pack(clips, tmp_path / "p", settings)
    assert not partial_folder(tmp_path / "p").exists()


def test_no_source_and_no_clips(tmp_path: Path):
    with pytest.raises(InputError, match="no such folder"):
        make_pack(tmp_path / "none", tmp_path / "p")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no clips"):
        make_pack(tmp_path / "empty", tmp_path / "p")


def test_hidden_files_are_no_frames(clips: Path, tmp_path: Path):
    make_pack(clips, tmp_path / "p", SMALL)
    (clips / "s0/Happy/._1.jpg").write_bytes(b"finder")
    (clips / "s0/Happy/Thumbs.db").write_bytes(b"windows")
    (clips / ".git").mkdir()
    make_pack(clips, tmp_path / "q", SMALL)
    assert contents(tmp_path / "p") == contents(tmp_path / "q")


def test_a_clip_without_a_right_to_read_is_named(clips: Path, tmp_path: Path):
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    (clips / "s1/Happy/3.jpg").chmod(0)
    made = make_pack(clips, tmp_path / "p", SMALL)
    assert [(f.rule, f.id) for f in made.problems] == [("unreadable", "s1/Happy")]


def test_videos(tmp_path: Path):
    av = pytest.importorskip("av")
    (tmp_path / "videos/Train/Angry").mkdir(parents=True)
    path = tmp_path / "videos/Train/Angry/0001.avi"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mjpeg", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuvj420p"
        for i in range(12):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 20 * i, np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    made = make_pack(tmp_path / "videos", tmp_path / "p", Settings(12, 16))
    pack = open_pack(tmp_path / "p")
    assert (made.frames, pack.labels, pack.parts, pack.ids) == (12, ("Angry",), ("train",), ("Train/Angry/0001",))
    assert pack.clip(0).mean(axis=(1, 2, 3)) == pytest.approx(20 * np.arange(12), abs=3)
    assert "av" in pack.header.settings["decoder"]
    make_pack(tmp_path / "videos", tmp_path / "q", Settings(12, 16, "segment-centre", 3))
    assert (open_pack(tmp_path / "q").clip(0) == pack.clip(0)[[2, 6, 10]]).all()
    (tmp_path / "videos/broken.mp4").write_bytes(b"no video")
    made = make_pack(tmp_path / "videos", tmp_path / "r", Settings(12, 16))
    assert [(f.rule, f.id) for f in made.problems] == [("unreadable", "broken")]
