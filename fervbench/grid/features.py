"""What a network sees before its classifier, kept beside the job, and its map in the plane by t-SNE (scikit-learn)."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fervbench.errors import InputError, MissingExtraError
from fervbench.files import write_whole
from fervbench.grid.task import Data, Task
from fervbench.grid.work import gather
from fervbench.reference.clips import load_pixels, make_clips
from fervbench.reference.embedding import embed
from fervbench.reference.numerics import Device
from fervbench.reference.parts import parts_of
from fervbench.reference.settings import Settings
from fervbench.reference.starting import start_of_job

FILE = "features.npz"  # `features` (clips, width) float32, `labels` (clips,) in the order of the report's classes
PERPLEXITY = 30.0
FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]


def keep_features(task: Task, data: Mapping[str, Data], out: Path, folder: Path, device: Device) -> None:
    """Write the features of a done job's test clips into its folder, from its checkpoint; nothing if they are there."""
    if (folder / FILE).is_file():
        return
    if not isinstance(task.settings, Settings):
        raise AssertionError(f"{task.key} is no training of recognition")
    found = gather(data[task.data], task.settings, out)
    parts = parts_of(found.protocol, found.labels, task.trained_on, found.packs)
    pixels = [load_pixels(pack, device) for pack in found.packs]
    s = task.settings
    clips = make_clips(found.packs, pixels, s.sizes, parts.test, parts.test_labels, s.view, device)
    features = embed(s, dict(start_of_job(folder).weights), clips, len(found.protocol.classes), device)
    content = io.BytesIO()
    np.savez_compressed(content, features=features, labels=np.array(parts.test_labels, dtype=np.int64))
    write_whole(folder / FILE, content.getvalue(), overwrite=True)


def points_of(folder: Path) -> tuple[FloatArray, IntArray] | None:
    """The test clips of a job in the plane, (clips, 2), and their classes; None where no features are kept.

    Raises MissingExtraError without scikit-learn, InputError for a damaged file.
    """
    path = folder / FILE
    return _points(path, path.stat().st_mtime_ns) if path.is_file() else None


@lru_cache(maxsize=16)
def _points(path: Path, changed: int) -> tuple[FloatArray, IntArray]:
    del changed
    try:
        with np.load(path, allow_pickle=False) as content:
            features, labels = content["features"], content["labels"]
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        raise InputError(f"holds no features: {path}", hint="remove it and run again", file=str(path)) from None
    try:
        from sklearn.manifold import TSNE
    except ImportError:
        raise MissingExtraError("t-SNE", "site") from None
    perplexity = min(PERPLEXITY, max(1.0, (len(features) - 1) / 3))
    made = TSNE(perplexity=perplexity, init="pca", random_state=0).fit_transform(features)
    return made.astype(np.float32), labels
