"""Where the lines of a face lie: from identity, actions and pose to points, for all frames of a clip at once.

The face has its own units: x to the right, y down, z to the viewer; the origin between nose and eyes, cheeks at
x = -1 and 1. Features sit on an ellipsoid and turn with the head; the outline stays where it is, as a ball's does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fervbench.synthesize.expressions import Actions, Floats
from fervbench.synthesize.identity import Identity

Shapes = dict[str, Floats]  # name: points (frames, n, 2)
_T = np.linspace(-1.0, 1.0, 15)
_ARC = 1.0 - _T**2


@dataclass(frozen=True)
class HeadPose:
    """Turns (radians) and place of the head in each frame; `scale` in pixels a unit, `x` and `y` in pixels."""

    yaw: Floats
    pitch: Floats
    roll: Floats
    scale: Floats
    x: Floats
    y: Floats


def shapes(who: Identity, acts: Actions, closed: Floats, gaze: Floats, pose: HeadPose) -> Shapes:
    """All outlines in pixels. `closed` (frames): lids, 1 shut; `gaze` (frames, 2): where the eyes look, -1 to 1."""
    a = {name: value[:, None] for name, value in acts.items()}  # (frames, 1)
    found = _head(who, a)
    flat = set(found)
    for side, name in ((-1.0, "l"), (1.0, "r")):
        gain = 1.0 + side * who.asymmetry
        found |= {f"{key}_{name}": value for key, value in _eye(who, a, closed[:, None], gaze, side).items()}
        found |= {f"{key}_{name}": value for key, value in _brow(who, a, side, gain).items()}
    found |= _nose(who, a)
    found |= _mouth(who, a)
    return {name: _place(points, pose, turn=name not in flat) for name, points in found.items()}


def _xy(x: Floats, y: Floats) -> Floats:
    x, y = np.broadcast_arrays(x, y)
    return np.stack([x, y], axis=-1)


def _head(who: Identity, a: Actions) -> Shapes:
    angle = np.linspace(0, 2 * np.pi, 48, endpoint=False)[None]  # 0 at the right, clockwise as y points down
    s, c = np.sin(angle), np.cos(angle)
    down = np.clip(s, 0, 1)
    chin = who.chin + 0.2 * a["jaw"] + 0.03 * a["gape"] - 0.03 * a["chin"]
    width = 1.0 - (1 - who.jaw) * down**2 + 0.02 * a["cheek"] * (np.abs(s) < 0.6)
    y = np.where(s > 0, chin * np.sign(s) * np.abs(s) ** 0.95, 1.32 * s)
    face = _xy(0.97 * width * np.sign(c) * np.abs(c) ** 0.92, y)
    frames = len(chin)
    still = np.ones((frames, 1))
    beard = angle[:, (np.sin(angle[0]) > 0.05)]
    sb, cb = np.sin(beard), np.cos(beard)
    outer = _xy(0.985 * (1 - (1 - who.jaw) * sb**2) * np.sign(cb) * np.abs(cb) ** 0.92, (chin + 0.02) * sb**0.95)
    inner = _xy(0.74 * cb * still, 0.36 + 0.26 * sb * still)
    return {
        "face": face,
        "beard": np.concatenate([outer, inner[:, ::-1]], axis=1),
        "ear_l": _xy(-0.99 + 0.13 * c * still, 0.02 + 0.24 * s * still),
        "ear_r": _xy(0.99 + 0.13 * c * still, 0.02 + 0.24 * s * still),
        "neck": np.array([[-0.5, 0.7], [0.5, 0.7], [0.56, 2.1], [-0.56, 2.1]])[None] * np.ones((frames, 1, 1)),
        "body": _xy(1.95 * c * still, 2.75 + 1.05 * s * still),
        "hair_back": _xy(1.12 * c * still, -0.3 + 1.16 * s * still),
        "hair_long": _xy(1.24 * np.sign(c) * np.abs(c) ** 0.6 * still, 0.25 + 1.66 * s * still),
        "cap": _xy(
            np.concatenate([1.04 * c[:, 24:], 0.93 * _T[None, ::-1] ** 1], axis=1) * still,
            np.concatenate([-0.42 + 1.02 * s[:, 24:], -0.62 - 0.27 * _ARC[None]], axis=1) * still,
        ),
        "fringe": _xy(
            np.concatenate([1.04 * c[:, 24:], 0.97 * _T[None, ::-1]], axis=1) * still,
            np.concatenate([-0.4 + 1.02 * s[:, 24:], -0.56 - 0.1 * np.sin(5 * _T[None] + 1)], axis=1) * still,
        ),
    }


def _eye(who: Identity, a: Actions, closed: Floats, gaze: Floats, side: float) -> Shapes:
    x0, y0, w = side * who.eye_x, -0.13, who.eye_w
    up = who.eye_open * (1 + 0.85 * a["lid_raise"] - 0.42 * a["squint"] - 0.5 * a["droop"] + who.rest_lid)
    low = 0.065 * (1 - 0.85 * a["squint"] - 0.3 * a["cheek"] + 0.45 * a["lid_raise"])
    up, low = np.maximum(up, 0.015), np.maximum(low, 0.004)
    line = low * 0.8  # where lids meet
    up = up * (1 - closed) - line * closed
    tilt = -0.012 * side * _T[None] + 0.03 * a["droop"] * side * _T[None]
    x = x0 + w * _T[None] + 0 * up
    arc = _ARC[None] ** 0.8
    upper, lower = y0 - up * arc + tilt, y0 + low * arc + tilt
    crease = y0 - np.maximum(up * 1.25 + 0.05, 0.1) * _ARC[None] ** 0.6 - 0.012 + tilt
    cover = y0 - 0.27 * _ARC[None] ** 0.5 - 0.01 + 0 * up
    under = y0 + 0.2 * _ARC[None] ** 0.6 + 0.01 + 0 * up
    bag = y0 + 0.15 + 0.07 * _ARC[None] - 0.05 * a["cheek"] - 0.03 * a["squint"]
    foot = side * np.array([0.0, 0.1, 0.0, 0.11, 0.0, 0.1])[None] + x0 + side * (w + 0.06) + 0 * up
    foot_y = y0 + np.array([-0.03, -0.07, 0.02, 0.02, 0.06, 0.1])[None] - 0.02 * a["cheek"]
    angle = np.linspace(0, 2 * np.pi, 20, endpoint=False)[None]
    gx, gy = 0.055 * gaze[:, :1], 0.03 * gaze[:, 1:] - 0.01
    return {
        "white": np.concatenate([_xy(x, y0 - 0.9 * np.maximum(up, 0.02) * arc + tilt), _xy(x, lower)[:, ::-1]], axis=1),
        "iris": _xy(x0 + gx + 0.098 * np.cos(angle), y0 - 0.02 + gy + 0.098 * np.sin(angle)),
        "pupil": _xy(x0 + gx + 0.045 * np.cos(angle), y0 - 0.02 + gy + 0.045 * np.sin(angle)),
        "glint": _xy(x0 + gx - 0.03 + 0.02 * np.cos(angle), y0 - 0.055 + gy + 0.02 * np.sin(angle)),
        "lid": np.concatenate([_xy(x, upper), _xy(x0 + 1.12 * w * _T[None] + 0 * up, cover)[:, ::-1]], axis=1),
        "lid_low": np.concatenate([_xy(x, lower), _xy(x0 + 1.1 * w * _T[None] + 0 * up, under)[:, ::-1]], axis=1),
        "lash": _xy(x, upper),
        "lash_low": _xy(x, lower),
        "crease": _xy(x, crease),
        "bag": _xy(x0 + 1.05 * w * _T[None], bag),
        "crow": _xy(foot, foot_y),
        "lens": _xy(x0 + 0.3 * np.cos(angle) + 0 * up, y0 + 0.03 + 0.25 * np.sin(angle) + 0 * up),
    }


def _brow(who: Identity, a: Actions, side: float, gain: float) -> Shapes:
    u = np.linspace(0, 1, 12)[None]  # from the nose outwards
    inner = (0.17 * a["brow_inner"] * gain - 0.15 * a["brow_lower"] + 0.05 * who.rest_brow) * (1 - u) ** 1.2
    outer = (0.17 * a["brow_outer"] * gain - 0.015 * a["brow_lower"]) * u**0.8
    middle = 0.5 * (0.1 * a["brow_outer"] + 0.06 * a["brow_inner"] - 0.13 * a["brow_lower"]) * 4 * u * (1 - u)
    base = who.brow_y - 0.07 * np.sin(np.pi * u * 0.85) + 0.05 * u**2 - 0.04 * who.rest_brow
    lift = inner + outer + middle - 0.03 * a["nose"] * (1 - u)
    y = base - lift
    x = side * (0.19 - 0.06 * a["brow_lower"] + (0.53 + 0.05 * a["brow_lower"]) * u)
    thick = who.brow_thick * (1.05 - 0.75 * u**1.5) + 0 * y
    v = np.array([0.0, 0.5, 1.0])[None]
    furrow_x = side * (0.075 - 0.02 * a["brow_lower"] + 0.02 * (v - 0.5) ** 2)
    return {
        "brow": np.concatenate([_xy(x, y - thick), _xy(x, y + 0.7 * thick)[:, ::-1]], axis=1),
        "furrow": _xy(furrow_x, -0.5 + 0.24 * v + 0.07 * a["brow_lower"]),
        "shade": np.concatenate([_xy(x, y + 0.5 * thick), _xy(x * 0.98, 0 * y - 0.2)[:, ::-1]], axis=1),
    }


def _nose(who: Identity, a: Actions) -> Shapes:
    up = 0.07 * a["nose"] + 0.03 * a["lip_raise"]
    y, w = who.nose_y - up, who.nose_w * (1 + 0.18 * a["nose"] + 0.08 * a["smile"])
    angle = np.linspace(0, 2 * np.pi, 12, endpoint=False)[None]
    half = np.linspace(0.1 * np.pi, 0.9 * np.pi, 9)[None]
    found = {
        "nose_tip": _xy(0.75 * w * np.cos(half), y - 0.02 + 0.09 * np.sin(half)),
        "bridge": _xy(0 * y + np.array([0.09, 0.07, 0.1])[None], -0.22 + np.array([0.0, 0.5, 1.0])[None] * (y + 0.2)),
        "nose_body": _xy(
            w * np.array([-0.35, 0.35, 0.45, 0.95, 0.7, 0.0, -0.7, -0.95, -0.45])[None],
            -0.2 + np.array([0, 0, 0.55, 0.9, 1.02, 1.08, 1.02, 0.9, 0.55])[None] * (y + 0.2),
        ),
        "forehead_1": _xy(0.5 * _T[None] + 0 * y, -0.77 - 0.035 * a["brow_inner"] + 0.02 * _T[None] ** 2),
        "forehead_2": _xy(0.45 * _T[None] + 0 * y, -0.88 - 0.03 * a["brow_inner"] + 0.02 * _T[None] ** 2),
        "forehead_3": _xy(0.38 * _T[None] + 0 * y, -0.68 - 0.035 * a["brow_inner"] + 0.02 * _T[None] ** 2),
    }
    for side, name in ((-1.0, "l"), (1.0, "r")):
        found |= {
            f"nostril_{name}": _xy(side * 0.5 * w + 0.05 * np.cos(angle), y + 0.045 + 0.026 * np.sin(angle)),
            f"wing_{name}": _xy(
                side * w * np.array([0.92, 1.08, 1.02, 0.8])[None], y + np.array([-0.09, -0.03, 0.04, 0.06])[None]
            ),
        }
        for i, at in enumerate((-0.22, -0.13, -0.03)):
            line = np.array([0.0, 0.5, 1.0])[None]
            found[f"wrinkle_{i}_{name}"] = _xy(side * (0.015 + 0.12 * line) + 0 * y, at + 0.05 - 0.06 * line - 0.5 * up)
    return found


def _mouth(who: Identity, a: Actions) -> Shapes:
    smile, frown, jaw = a["smile"], a["frown"], a["jaw"]
    lift = 0.13 * smile - 0.12 * frown + 0.05 * who.rest_mouth - 0.02 * a["stretch"]
    half = who.mouth_w * (1 + 0.33 * smile + 0.34 * a["stretch"] - 0.32 * a["pucker"] - 0.2 * jaw + 0.05 * frown)
    half = np.maximum(half - 0.03 * a["press"], 0.12)
    mid = who.mouth_y - 0.03 * a["chin"] - 0.02 * a["nose"] + 0.03 * jaw
    gap_up = 0.012 * a["gape"] + 0.05 * jaw + 0.05 * a["lip_raise"] + 0.035 * a["gape"] * smile + 0.02 * a["stretch"]
    gap_low = 0.36 * jaw + 0.085 * a["gape"] + 0.035 * a["lip_raise"] + 0.03 * a["stretch"] * a["gape"]
    thin = np.clip(1 - 0.75 * a["press"] - 0.25 * smile - 0.3 * a["stretch"], 0.12, 1)
    upper = who.lip_thick * 0.8 * thin + 0 * mid
    lower = who.lip_thick * (1.15 * thin + 0.3 * a["chin"])
    raised = 0.07 * a["lip_raise"]
    sag = 0.03 * smile
    tilt = 0.12 * a["sneer"] * np.clip(_T[None], 0, 1) ** 1.5 + 0.02 * who.asymmetry * _T[None]
    edge = np.abs(_T[None]) ** 2.2
    corner = mid - lift
    x = half * np.sign(_T[None]) * np.abs(_T[None]) ** 0.9 + 0.03 * a["sneer"]
    bow = 0.018 * np.exp(-((_T[None]) ** 2) / 0.02)  # the dip of the upper lip

    def curve(centre: Floats) -> Floats:
        return centre + (corner - centre) * edge - tilt

    square = raised * np.exp(-((np.abs(_T[None]) - 0.45) ** 2) / 0.1)
    in_up, in_low = curve(mid + sag - gap_up) - 0.4 * square, curve(mid + sag + gap_low)
    round_ = np.clip(1 - _T[None] ** 2, 0, 1) ** 0.55 - (1 - edge)  # an open jaw makes the mouth an oval
    in_low = np.maximum(in_low + 0.36 * jaw * round_, in_up)
    out_up = curve(mid + sag - gap_up - upper) + bow - square
    out_low = curve(mid + sag + gap_low + lower) + 0.36 * jaw * round_
    bared = np.clip(0.3 + smile + a["lip_raise"] + 0.6 * a["stretch"], 0, 1)  # a talking mouth shows few teeth
    teeth = np.minimum(in_up + 0.085 * bared * np.clip(1 - 2.2 * jaw * _T[None] ** 2, 0, 1), in_low)
    low_teeth = np.maximum(in_low - 0.05 * a["stretch"], in_up)
    fold = np.linspace(0, 1, 9)[None]
    found = {
        "lips": np.concatenate([_xy(x, out_up), _xy(x, out_low)[:, ::-1]], axis=1),
        "inside": np.concatenate([_xy(x, in_up), _xy(x, in_low)[:, ::-1]], axis=1),
        "teeth": np.concatenate([_xy(x, in_up)[:, 2:-2], _xy(x, teeth)[:, -3:1:-1]], axis=1),
        "teeth_low": np.concatenate([_xy(x, low_teeth)[:, 3:-3], _xy(x, in_low)[:, -4:2:-1]], axis=1),
        "tongue": np.concatenate(
            [_xy(0.62 * x, in_low - 0.3 * (in_low - in_up) * _ARC[None]), _xy(0.62 * x, in_low)[:, ::-1]], axis=1
        ),
        "lip_line": _xy(x, in_up),
        "lip_shade": _xy(0.6 * x, out_low + 0.035),
        "chin_line": _xy(0.24 * _T[None] + 0 * mid, (who.chin + mid) / 2 + 0.2 * jaw + 0.02 - 0.06 * _ARC[None]),
    }
    for side, name in ((-1.0, "l"), (1.0, "r")):
        start = who.nose_w + 0.05 + 0.02 * smile
        end = half + 0.1 + 0.05 * smile
        fx = side * (start + (end - start) * fold + 0.1 * (smile + 0.5 * a["lip_raise"]) * np.sin(np.pi * fold))
        fy = who.nose_y - 0.03 - 0.07 * a["nose"] + (corner - who.nose_y + 0.1) * fold
        found[f"fold_{name}"] = _xy(fx, fy)
        cheek = np.linspace(0, 2 * np.pi, 16, endpoint=False)[None]
        found[f"cheek_{name}"] = _xy(
            side * 0.56 + 0.25 * np.cos(cheek) + 0 * mid, 0.3 - 0.08 * a["cheek"] + 0.2 * np.sin(cheek)
        )
        found[f"dimple_{name}"] = _xy(
            side * (half + 0.045) + side * np.array([0.0, 0.02, 0.0])[None],
            corner + np.array([-0.05, 0.0, 0.05])[None],
        )
    return found


def _place(points: Floats, pose: HeadPose, *, turn: bool) -> Floats:
    """From the face's units to pixels: turn on the ellipsoid, roll, scale, shift."""
    x, y = points[..., 0], points[..., 1]
    yaw, pitch, roll = pose.yaw[:, None], pose.pitch[:, None], pose.roll[:, None]
    if turn:
        z = 0.95 * np.sqrt(np.clip(1 - (x / 1.25) ** 2 - (y / 1.7) ** 2, 0.02, 1)) - 0.1
        x, z = x * np.cos(yaw) + z * np.sin(yaw), z * np.cos(yaw) - x * np.sin(yaw)
        y = y * np.cos(pitch) + z * np.sin(pitch)
    else:
        x, y = x + 0.12 * np.sin(yaw), y + 0.12 * np.sin(pitch)
    x, y = x * np.cos(roll) - y * np.sin(roll), x * np.sin(roll) + y * np.cos(roll)
    scale = pose.scale[:, None]
    return _xy(pose.x[:, None] + scale * x, pose.y[:, None] + scale * y)
