"""Drawing one face in one frame: filled outlines from back to front, lines of an opacity that follows the actions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from fervbench.synthesize.expressions import Actions, Floats
from fervbench.synthesize.geometry import Shapes
from fervbench.synthesize.identity import Identity, darker

SHADES = 5  # outlines within the face, each a little lighter: a ball in the light


@dataclass(frozen=True)
class Lines:
    """Opacity of skin lines (0 to 1) in each frame, and where the light comes from (-1 left, 1 right)."""

    furrow: Floats
    forehead: Floats
    fold: Floats
    crow: Floats
    wrinkle: Floats
    bag: Floats
    chin: Floats
    dimple: Floats
    light: float


def lines(who: Identity, acts: Actions, light: float) -> Lines:
    """Which lines show: those of age always, the others as the face moves."""
    age = who.age

    def opacity(rest: float, moved: Floats) -> Floats:
        return np.clip(rest + moved, 0, 1)

    raised = np.maximum(acts["brow_inner"], acts["brow_outer"])
    return Lines(
        furrow=opacity(0.12 * age, 0.9 * acts["brow_lower"]),
        forehead=opacity(0.22 * age, 0.5 * raised * (0.5 + 0.5 * age)),
        fold=opacity(0.1 + 0.3 * age, 0.55 * acts["smile"] + 0.55 * acts["lip_raise"] + 0.25 * acts["frown"]),
        crow=opacity(0.15 * age, 0.5 * acts["cheek"] * (0.3 + age)),
        wrinkle=opacity(0.0, 0.85 * acts["nose"]),
        bag=opacity(0.08 + 0.3 * age, 0.4 * acts["cheek"] + 0.25 * acts["squint"]),
        chin=opacity(0.06 * age, 0.5 * acts["chin"] + 0.15 * acts["press"]),
        dimple=opacity(0.02, 0.6 * acts["smile"] + 0.3 * acts["press"] + 0.6 * acts["sneer"]),
        light=light,
    )


class FacePainter:
    """Draws the frames of one clip. `shapes` are in pixels of the canvas that `paint` is given."""

    def __init__(self, who: Identity, acts: Actions, found: Shapes, scale: float, light: float) -> None:
        self.who = who
        self.lines = lines(who, acts, light)
        self.points = {name: points.reshape(len(points), -1).tolist() for name, points in found.items()}
        self.shading = self._shading(found["face"], scale)
        self.unit = scale
        self.blush = np.clip(0.12 + 0.35 * acts["cheek"], 0, 1)

    def _shading(self, face: Floats, scale: float) -> list[list[list[float]]]:
        """Outlines within the face, drawn towards the light: for each of them, points of each frame."""
        centre = face.mean(axis=1, keepdims=True) + np.array([0.28 * self.lines.light * scale, -0.12 * scale])
        inner = []
        for i in range(1, SHADES + 1):
            part = 1 - 0.72 * i / SHADES
            points = face * part + centre * (1 - part)
            inner.append(points.reshape(len(face), -1).tolist())
        return inner

    def paint(self, image: Image.Image, frame: int, *, body: bool = True) -> None:
        """Draw one frame onto an RGB image."""
        ink = ImageDraw.Draw(image, "RGBA")
        self._back(ink, frame, body)
        self._skin(ink, frame)
        for side in ("l", "r"):
            self._eye(ink, frame, side)
        self._nose(ink, frame)
        self._mouth(ink, frame)
        self._brows_and_hair(ink, frame)

    def _fill(self, ink: ImageDraw.ImageDraw, name: str, frame: int, colour: tuple[int, ...]) -> None:
        ink.polygon(self.points[name][frame], fill=colour)

    def _line(
        self, ink: ImageDraw.ImageDraw, name: str, frame: int, colour: tuple[int, ...], width: float, opacity: float
    ) -> None:
        if opacity > 0.03:
            pixels = max(1, round(width * self.unit))
            shade = (*colour[:3], int(255 * min(1.0, opacity)))
            ink.line(self.points[name][frame], fill=shade, width=pixels, joint="curve" if pixels > 3 else None)

    def _back(self, ink: ImageDraw.ImageDraw, f: int, body: bool) -> None:
        who = self.who
        if who.hair_style == 3:
            self._fill(ink, "hair_long", f, darker(who.hair, 0.8))
        if who.hair_style >= 1:
            self._fill(ink, "hair_back", f, darker(who.hair, 0.85))
        if body:
            self._fill(ink, "body", f, who.clothes)
        self._fill(ink, "neck", f, darker(who.skin, 0.78))
        for side in ("l", "r"):
            self._fill(ink, f"ear_{side}", f, darker(who.skin, 0.86))

    def _skin(self, ink: ImageDraw.ImageDraw, f: int) -> None:
        who, opacity = self.who, self.lines
        self._fill(ink, "face", f, darker(who.skin, 0.86))
        for i, points in enumerate(self.shading):
            lighter = darker(who.skin, 0.86 + 0.19 * (i + 1) / SHADES)
            ink.polygon(points[f], fill=(*lighter, 150))
        red = (200, 84, 70, int(110 * self.blush[f]))
        for side in ("l", "r"):
            self._fill(ink, f"cheek_{side}", f, red)
        if who.beard:
            self._fill(ink, "beard", f, (*darker(who.brow, 1.0), int(40 + 150 * who.beard)))
        dark = darker(who.skin, 0.45)
        for i in (1, 2, 3):
            self._line(ink, f"forehead_{i}", f, dark, 0.025, 0.8 * opacity.forehead[f])
        for side in ("l", "r"):
            self._line(ink, f"fold_{side}", f, dark, 0.04, 0.75 * opacity.fold[f])
            self._line(ink, f"furrow_{side}", f, dark, 0.035, 0.8 * opacity.furrow[f])
            self._line(ink, f"dimple_{side}", f, dark, 0.035, opacity.dimple[f])
        self._line(ink, "chin_line", f, dark, 0.04, opacity.chin[f])

    def _eye(self, ink: ImageDraw.ImageDraw, f: int, side: str) -> None:
        who, opacity = self.who, self.lines
        lid = darker(who.skin, 0.88)
        self._fill(ink, f"white_{side}", f, (238, 236, 232))
        self._fill(ink, f"iris_{side}", f, who.iris)
        self._fill(ink, f"pupil_{side}", f, (14, 12, 12))
        self._fill(ink, f"glint_{side}", f, (250, 250, 250))
        self._fill(ink, f"lid_{side}", f, lid)
        self._fill(ink, f"lid_low_{side}", f, darker(who.skin, 0.96))
        dark = darker(who.skin, 0.4)
        self._line(ink, f"crease_{side}", f, dark, 0.022, 0.55)
        self._line(ink, f"lash_{side}", f, (24, 18, 16), 0.042 if who.lipstick else 0.032, 1.0)
        self._line(ink, f"lash_low_{side}", f, dark, 0.016, 0.6)
        self._line(ink, f"bag_{side}", f, dark, 0.03, 0.7 * opacity.bag[f])
        self._line(ink, f"crow_{side}", f, dark, 0.018, opacity.crow[f])

    def _nose(self, ink: ImageDraw.ImageDraw, f: int) -> None:
        who, opacity = self.who, self.lines
        dark = darker(who.skin, 0.5)
        self._fill(ink, "nose_body", f, (*darker(who.skin, 1.06), 120))
        self._line(ink, "bridge", f, dark, 0.025, 0.3)
        self._line(ink, "nose_tip", f, dark, 0.026, 0.5)
        for side in ("l", "r"):
            self._fill(ink, f"nostril_{side}", f, darker(who.skin, 0.33))
            self._line(ink, f"wing_{side}", f, dark, 0.03, 0.55 + 0.4 * opacity.wrinkle[f])
            for i in range(3):
                self._line(ink, f"wrinkle_{i}_{side}", f, dark, 0.03, opacity.wrinkle[f])

    def _mouth(self, ink: ImageDraw.ImageDraw, f: int) -> None:
        who = self.who
        self._fill(ink, "lips", f, who.lip)
        self._fill(ink, "inside", f, (58, 18, 20))
        self._fill(ink, "tongue", f, (168, 74, 74))
        self._fill(ink, "teeth", f, (238, 234, 224))
        self._fill(ink, "teeth_low", f, (226, 222, 212))
        self._line(ink, "lip_line", f, darker(who.lip, 0.4), 0.028, 0.9)
        self._line(ink, "lip_shade", f, darker(who.skin, 0.5), 0.03, 0.3)

    def _brows_and_hair(self, ink: ImageDraw.ImageDraw, f: int) -> None:
        who = self.who
        for side in ("l", "r"):
            self._fill(ink, f"shade_{side}", f, (*darker(who.skin, 0.6), 45))
            self._fill(ink, f"brow_{side}", f, (*who.brow, 235))
        if who.hair_style in (1, 3):
            self._fill(ink, "cap", f, who.hair)
        elif who.hair_style == 2:
            self._fill(ink, "fringe", f, who.hair)
        if who.glasses:
            for side in ("l", "r"):
                points = self.points[f"lens_{side}"][f]
                ink.line([*points, *points[:4]], fill=(30, 28, 30, 255), width=max(1, round(0.035 * self.unit)))
                ink.polygon(points, fill=(210, 225, 235, 38))
            left, right = self.points["lens_l"][f], self.points["lens_r"][f]
            ink.line([*left[0:2], *right[20:22]], fill=(30, 28, 30, 255), width=max(1, round(0.03 * self.unit)))
