"""Boxes and landmarks of faces from a table, and what the papers do with them.

The table is CSV with the header `clip_id,frame` and any of `x,y,width,height` (the box, in pixels of the source frame)
and the five points `left_eye_x, left_eye_y, right_eye_x, ..., nose_*, mouth_left_*, mouth_right_*` (left as seen in the
image). `frame` is the number in the frame's name (for a video: its position from 0). Empty cells or an absent row: not
found. Rules:

    crop      the box, widened by `margin` of its size on every side. Frames without a box are dropped.
    dfew      DFEW section 4.1: frames without a face are dropped; clips with less than 50 % useful frames are dropped
              (exactly half stays); the rest are aligned by the five landmarks. The paper says "SeetaFace for face
              affine transformation": the transformation is SeetaFace's, a similarity fitted by least squares to its
              mean shape of 256 x 256. A frame is useful where all five points are there, and the box where the table
              has boxes.
    sdfe-lv   SDFE-LV "Pre-processing": where the landmarks failed, the average of those of the past and the next frame
              (here: of the nearest good one on either side; on one side only, that one); then the face is cropped by
              the landmarks. The paper does not say how large: here the axis-parallel square on which SeetaFace's mean
              shape fits best by shift and scale. Clips without any landmarks are dropped.

The FERV39k paper publishes its faces cropped, and only resizes them (section 4.1): no rule is needed.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fervbench.errors import InputError
from fervbench.files import read_bounded
from fervbench.findings import Findings
from fervbench.pack.writing import hash_of

FloatArray = NDArray[np.float64]
RULES = ("crop", "dfew", "sdfe-lv")
POINTS = ("left_eye", "right_eye", "nose", "mouth_left", "mouth_right")
_BOX = ("x", "y", "width", "height")
_LANDMARKS = tuple(f"{point}_{axis}" for point in POINTS for axis in ("x", "y"))
# SeetaFace's mean shape for a crop of 256 x 256 (its FaceIdentification, aligner.cpp).
TEMPLATE = np.array([[89.3095, 72.9025], [169.3095, 72.9025], [127.8949, 127.0441], [96.8796, 184.8907],
                     [159.1065, 184.7601]])  # fmt: skip
TEMPLATE_SIDE = 256.0


class UnusableError(Exception):
    """A clip that a rule drops; `str()` says why."""


@dataclass(frozen=True)
class FaceTable:
    """For each clip id: frame numbers (n,) and values (n, 14): box, then five points; NaN where not found."""

    clips: dict[str, tuple[NDArray[np.int64], FloatArray]]
    sha256: str
    has_boxes: bool


def read_faces(path: str | Path) -> FaceTable:
    """Read a table. Raises InputError with every finding (pointer: the line)."""
    data = read_bounded(path, 2**30)
    findings = Findings(str(path))
    try:
        reader = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""))
        header = next(reader, [])
        known = {"clip_id", "frame", *_BOX, *_LANDMARKS}
        complete = all(set(group) <= set(header) or not set(group) & set(header) for group in (_BOX, _LANDMARKS))
        if not {"clip_id", "frame"} <= set(header) or not complete or len(set(header)) != len(header):
            hint = f"clip_id,frame,{','.join(_BOX)} and ..._x, ..._y of {', '.join(POINTS)}"
            raise InputError(f"is no table of faces: {path}", hint=hint, file=str(path))
        columns = {name: header.index(name) for name in header if name in known}
        rows: dict[str, dict[int, list[float]]] = {}
        for line, row in enumerate(reader, 2):
            if row:
                _read_row(row, columns, rows, findings, line)
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"is not CSV: {path} ({error})", file=str(path)) from None
    if len(findings):
        raise InputError(f"cannot be used as a table of faces: {path}", file=str(path), findings=findings)
    clips = {
        id: (np.array(list(frames), dtype=np.int64), np.array(list(frames.values()))) for id, frames in rows.items()
    }
    return FaceTable(clips, hash_of(data), "x" in columns)


def _read_row(
    row: list[str], columns: dict[str, int], rows: dict[str, dict[int, list[float]]], findings: Findings, line: int
) -> None:
    where = f"line {line}"
    if len(row) <= max(columns.values()):
        findings.add("wrong-row", f"{len(row)} cells", pointer=where)
        return
    id, number = row[columns["clip_id"]], row[columns["frame"]].strip()
    if not (number.isascii() and number.isdigit()):
        findings.add("wrong-row", f"frame {number!r} is no number", pointer=where, id=id)
        return
    values = []
    for name in (*_BOX, *_LANDMARKS):
        text = row[columns[name]].strip() if name in columns else ""
        try:
            value = float(text) if text else float("nan")
        except ValueError:
            value = float("inf")
        if text and not (isfinite(value) and abs(value) < 1e6):
            findings.add("wrong-row", f"{name} {text!r} is no number of pixels", pointer=where, id=id)
        values.append(value)
    if values[2] <= 0 or values[3] <= 0:
        values[:4] = [float("nan")] * 4
    frames = rows.setdefault(id, {})
    if int(number) in frames:
        findings.add("duplicate-row", f"frame {number} of {id} stands twice", pointer=where, id=id)
    frames[int(number)] = values


@dataclass(frozen=True)
class Placed:
    """Which frames of a clip are used, by position, and for each the map (2, 3) from the result to the source.

    The map takes points of a unit square ([0, 1] across and down) to pixels of the source frame.
    """

    used: NDArray[np.int64]
    maps: FloatArray


def place(table: FaceTable, id: str, numbers: Sequence[int], rule: str, margin: float) -> Placed:
    """Apply a rule to the clip `id`, whose frames have these numbers. Raises UnusableError where it drops the clip."""
    values = np.full((len(numbers), 14), np.nan)
    if id in table.clips:
        given, rows = table.clips[id]
        at = {number: i for i, number in enumerate(given.tolist())}
        for position, number in enumerate(numbers):
            if number in at:
                values[position] = rows[at[number]]
    boxes, points = values[:, :4], values[:, 4:].reshape(-1, 5, 2)
    if rule == "sdfe-lv":
        points = mend(points)
        return Placed(np.arange(len(numbers)), np.array([square_of(p) for p in points]))
    useful = ~np.isnan(boxes).any(axis=1) if table.has_boxes or rule == "crop" else np.ones(len(numbers), bool)
    if rule == "dfew":
        useful &= ~np.isnan(points).any(axis=(1, 2))
    used = np.flatnonzero(useful)
    if not len(used):
        raise UnusableError("no frame with a face")
    if rule == "crop":
        return Placed(used, np.array([_box_map(box, margin) for box in boxes[used]]))
    if 2 * len(used) < len(numbers):
        raise UnusableError(f"{len(used)} of {len(numbers)} frames have a face, less than 50 %")
    return Placed(used, np.array([similarity(p) for p in points[used]]))


def mend(points: FloatArray) -> FloatArray:
    """Failed landmarks (NaN) as the mean of the nearest good ones before and after. Raises UnusableError without any.

    >>> frames = np.array([[[0.0, 0]], [[np.nan] * 2], [[4, 8]], [[np.nan] * 2]])
    >>> mend(frames)[:, 0].tolist()
    [[0.0, 0.0], [2.0, 4.0], [4.0, 8.0], [4.0, 8.0]]
    """
    good = np.flatnonzero(~np.isnan(points).any(axis=(1, 2)))
    if not len(good):
        raise UnusableError("no frame with landmarks")
    frames = np.arange(len(points))
    after = np.minimum(np.searchsorted(good, frames), len(good) - 1)
    before = np.maximum(np.searchsorted(good, frames, side="right") - 1, 0)
    return np.asarray((points[good[before]] + points[good[after]]) / 2)


def similarity(points: FloatArray) -> FloatArray:
    """The shift, rotation and scale that take the mean shape to `points` (5, 2) with the least squared error.

    Fitted from the points to the mean shape and inverted, as SeetaFace does.
    """
    target = TEMPLATE / TEMPLATE_SIDE
    p, q = points - points.mean(axis=0), target - target.mean(axis=0)
    scale = (p**2).sum()
    if not scale > 0:
        raise UnusableError("all landmarks of a frame in one point")
    a = (p * q).sum() / scale
    b = (p[:, 0] * q[:, 1] - p[:, 1] * q[:, 0]).sum() / scale
    if not a**2 + b**2 > 1e-18:
        raise UnusableError("landmarks that no turn and scale bring to a face")
    inverse = np.array([[a, b], [-b, a]]) / (a**2 + b**2)
    return np.column_stack([inverse, points.mean(axis=0) - inverse @ target.mean(axis=0)])


def square_of(points: FloatArray) -> FloatArray:
    """The same by shift and scale alone, from the mean shape to the points."""
    target = TEMPLATE / TEMPLATE_SIDE
    p, q = points - points.mean(axis=0), target - target.mean(axis=0)
    side = (p * q).sum() / (q**2).sum()
    if not side > 0:
        raise UnusableError("landmarks that no scale brings to a face")
    return np.column_stack([np.eye(2) * side, points.mean(axis=0) - side * target.mean(axis=0)])


def _box_map(box: FloatArray, margin: float) -> FloatArray:
    x, y, width, height = box
    wide, high = width * (1 + 2 * margin), height * (1 + 2 * margin)
    return np.array([[wide, 0, x - margin * width], [0, high, y - margin * height]])
