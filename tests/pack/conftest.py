"""Small releases in the official layouts, drawn at random."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("PIL", reason="packing needs the extra data")
pytest.importorskip("simplejpeg", reason="packing needs the extra data")

from PIL import Image


def picture(seed: int, height: int = 48, width: int = 48) -> np.ndarray:
    """A smooth random picture: coarse noise, enlarged."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))


def jpeg(image: np.ndarray, quality: int = 90) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=quality)
    return file.getvalue()


def write_clip(folder: Path, names: list[str], seed: int, size: tuple[int, int] = (48, 48)) -> None:
    folder.mkdir(parents=True)
    for i, name in enumerate(names):
        image = picture(seed * 1000 + i, *size)
        if name.endswith(".png"):
            Image.fromarray(image).save(folder / name)
        else:
            (folder / name).write_bytes(jpeg(image))


@pytest.fixture
def frames_of() -> Callable[[Path, str, int, int], Path]:
    """Write a clip of n frames 1.jpg, 2.jpg, ..."""

    def write(root: Path, id: str, length: int, seed: int) -> Path:
        write_clip(root / id, [f"{i}.jpg" for i in range(1, length + 1)], seed)
        return root / id

    return write


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    """A folder of five clips of 9 to 13 frames, numbered without padding."""
    root = tmp_path / "clips"
    for k in range(5):
        write_clip(root / f"s{k}" / "Happy", [f"{i}.jpg" for i in range(1, 10 + k)], k)
    return root


@pytest.fixture
def ferv39k(tmp_path: Path) -> Path:
    """FERV39k in small: two scenes, two emotions, faces and scenes, lists."""
    root = tmp_path / "FERV39k"
    rows: dict[str, list[str]] = {"train": [], "test": []}
    seed = 0
    for scene in ("Action", "War"):
        for emotion in ("Happy", "Sad"):
            for k in range(3):
                id = f"{scene}/{emotion}/{k:04d}"
                seed += 1
                names = [f"{i:02d}.jpg" for i in range(8 + k)]
                write_clip(root / "2_ClipsforFaceCrop-002" / "2_ClipsforFaceCrop" / id, names, seed)
                write_clip(root / "3_ClipsforScenImages" / id, names, 100 + seed, (48, 72))
                rows["test" if k == 0 else "train"].append(f"{id} {emotion}")
    lists = root / "4_setups" / "All_scenes"
    lists.mkdir(parents=True)
    for part, lines in rows.items():
        (lists / f"{part}_All.csv").write_text("\n".join(lines) + "\n")
    return root


def contents(pack: Path) -> dict[str, bytes]:
    """Every file of a pack."""
    return {path.relative_to(pack).as_posix(): path.read_bytes() for path in sorted(pack.rglob("*")) if path.is_file()}
