from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fervbench.errors import InputError, UsageError
from fervbench.pack import Settings, make_pack, open_pack
from fervbench.pack.faces import POINTS, TEMPLATE, UnusableError, mend, place, read_faces, similarity, square_of
from fervbench.pack.warping import cut

from .conftest import write_clip

COLUMNS = ["clip_id", "frame", "x", "y", "width", "height", *(f"{p}_{a}" for p in POINTS for a in "xy")]


def turned(scale: float, degrees: float, shift: tuple[float, float]) -> np.ndarray:
    """The mean shape, scaled (from a side of 256), turned and moved."""
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return (TEMPLATE / 256 * scale) @ turn.T + shift


def table(path: Path, rows: list[list]) -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([COLUMNS, *rows])
    return path


def row(id: str, frame: int, box=(), points=()) -> list:
    return [id, frame, *(box or [""] * 4), *(np.ravel(points) if len(points) else [""] * 10)]


@pytest.mark.parametrize(("scale", "degrees", "shift"), [(256, 0, (0, 0)), (80, 30, (7, 9)), (300, -75, (-5, 40))])
def test_the_similarity_is_found_again(scale: float, degrees: float, shift: tuple[float, float]):
    points = turned(scale, degrees, shift)
    found = similarity(points)
    assert found[:, :2] @ (TEMPLATE / 256).T + found[:, 2:] == pytest.approx(points.T)
    assert np.linalg.det(found[:, :2]) == pytest.approx(scale**2)
    if degrees == 0:
        assert square_of(points) == pytest.approx(found)


def test_an_aligned_face_stands_where_the_template_says(tmp_path: Path):
    """A frame with five white discs, turned; after alignment they lie at the mean shape."""
    points = turned(150, 25, (60, 20))
    y, x = np.mgrid[:300, :300] + 0.5
    bright = np.min([np.hypot(x - px, y - py) for px, py in points], axis=0) < 6
    frame = np.where(bright[..., None], 255, 0).astype(np.uint8).repeat(3, axis=2)
    face = cut(frame, similarity(points), 112, 112)[..., 0].astype(float)
    yy, xx = np.mgrid[:112, :112] + 0.5
    for px, py in TEMPLATE / 256 * 112:
        near = face * (np.hypot(xx - px, yy - py) < 8)
        assert (near * xx).sum() / near.sum() == pytest.approx(px, abs=0.3)
        assert (near * yy).sum() / near.sum() == pytest.approx(py, abs=0.3)


def test_a_crop_along_pixels_is_an_exact_average():
    image = np.random.default_rng(0).integers(0, 256, (60, 60, 3), dtype=np.uint8)
    box = np.array([[32.0, 0, 10], [0, 32, 20]])
    wanted = image[20:52, 10:42].reshape(16, 2, 16, 2, 3).astype(float).mean(axis=(1, 3))
    assert np.abs(cut(image, box, 16, 16) - wanted).max() <= 0.5


def test_failed_landmarks_are_the_mean_of_their_neighbours():
    points = np.array([np.full((5, 2), v) for v in (np.nan, 2, np.nan, np.nan, 8, np.nan)])
    assert mend(points)[:, 0, 0].tolist() == [2, 2, 5, 5, 8, 8]
    with pytest.raises(UnusableError):
        mend(points[:1])


def test_dfew_drops_faceless_frames_and_clips_under_half(tmp_path: Path):
    good = turned(40, 0, (2, 2))
    rows = [row("half", i, (1, 1, 40, 40), good) for i in range(1, 6)]
    rows += [row("half", i) for i in range(6, 11)]
    rows += [row("less", i, (1, 1, 40, 40), good) for i in range(1, 5)]
    rows += [row("nobox", i, (), good) for i in range(1, 11)]
    faces = read_faces(table(tmp_path / "f.csv", rows))
    numbers = list(range(1, 11))
    assert place(faces, "half", numbers, "dfew", 0).used.tolist() == [0, 1, 2, 3, 4]
    for id in ("less", "nobox", "absent"):
        with pytest.raises(UnusableError):
            place(faces, id, numbers, "dfew", 0)
    assert place(faces, "less", numbers, "crop", 0.5).maps[0].tolist() == [[80, 0, -19], [0, 80, -19]]
    assert len(place(faces, "nobox", numbers, "sdfe-lv", 0).used) == 10


def test_a_pack_by_a_table(tmp_path: Path):
    for id in ("a", "b"):
        write_clip(tmp_path / "clips" / id, [f"{i}.png" for i in range(1, 13)], 1)
    rows = [row("a", i, (8, 8, 32, 32)) for i in range(3, 11)]
    faces = table(tmp_path / "f.csv", rows)
    made = make_pack(tmp_path / "clips", tmp_path / "p", Settings(16, 16, rule="crop"), faces=faces)
    assert (made.written, made.clips, made.frames) == (True, 1, 8)
    assert [(f.rule, f.id) for f in made.left_out] == [("faceless", "b")]
    image = np.asarray(Image.open(tmp_path / "clips/a/3.png"))[8:40, 8:40]
    wanted = image.reshape(16, 2, 16, 2, 3).mean(axis=(1, 3))
    pack = open_pack(tmp_path / "p")
    assert np.abs(pack.clip(0)[0] - wanted).max() <= 0.5
    assert pack.header.settings["faces_sha256"]
    make_pack(tmp_path / "clips", tmp_path / "q", Settings(16, 16, "linspace", 4, rule="crop"), faces=faces)
    assert (open_pack(tmp_path / "q").clip(0) == pack.clip(0)[[0, 2, 4, 7]]).all()
    with pytest.raises(UsageError, match="needs a table"):
        make_pack(tmp_path / "clips", tmp_path / "r", Settings(16, 16, rule="crop"))


def test_a_bad_table_is_told_line_by_line(tmp_path: Path):
    rows = [row("a", 1, (1, 2, 3, "x")), row("a", 2), row("a", 2), ["a", "one"], ["a"], row("a", "v")]
    with pytest.raises(InputError) as caught:
        read_faces(table(tmp_path / "f.csv", rows))
    found = [(f.rule, f.pointer) for f in caught.value.findings]
    assert found == [
        ("wrong-row", "line 2"),
        ("duplicate-row", "line 4"),
        ("wrong-row", "line 5"),
        ("wrong-row", "line 6"),
        ("wrong-row", "line 7"),
    ]
    (tmp_path / "g.csv").write_text("clip_id,frame,x,y\n")
    with pytest.raises(InputError, match="no table of faces"):
        read_faces(tmp_path / "g.csv")
