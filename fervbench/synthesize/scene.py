"""What stands around a face: rooms and places, and a context that correlates weakly with the expression.

A scene name fixes palette and furniture. On top of it comes one of seven contexts, each at home with one expression
(rain with Sad, balloons with Happy, ...); in `FITTING` of the clips it is that of the clip's label, else any of seven.
So a scene alone says a little, and face and scene together say more than either.
"""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

Bytes = npt.NDArray[np.uint8]
FITTING = 0.5
CONTEXTS = ("Angry", "Disgust", "Fear", "Happy", "Sad", "Surprise", "Neutral")
# How the light of a context colours the whole picture (factors of red, green, blue).
TINT = {
    "Angry": (1.16, 0.88, 0.82),
    "Disgust": (0.94, 1.08, 0.74),
    "Fear": (0.6, 0.66, 0.8),
    "Happy": (1.14, 1.1, 0.94),
    "Sad": (0.74, 0.84, 1.02),
    "Surprise": (1.1, 1.1, 1.16),
    "Neutral": (1.0, 1.0, 1.0),
}


def draw_context(label: str, rng: np.random.Generator) -> str:
    """The context of a clip: that of its label in `FITTING` of the clips, else any of seven."""
    u, which = rng.random(2)
    return label if u < FITTING and label in CONTEXTS else CONTEXTS[int(which * len(CONTEXTS))]


def background(name: str, width: int, height: int, rng: np.random.Generator) -> Image.Image:
    """The place that a scene name stands for, from a point of view at random, out of focus."""
    digest = hashlib.sha256(name.encode()).digest()
    hue = np.array(list(digest[:3]), dtype=float) * 0.45 + 55
    outdoors = digest[3] % 3 == 0
    w, h = max(16, width // 2), max(16, height // 2)
    rows = np.linspace(0, 1, h)[:, None, None]
    wall = hue[None, None] * rng.uniform(0.8, 1.2)
    sky = np.array([150, 180, 210.0]) if outdoors else hue * 1.25 + 20
    picture = np.clip(sky * (1 - rows) + wall * rows + rng.normal(0, 3, (h, w, 1)), 0, 255).astype(np.uint8)
    image = Image.fromarray(picture, "RGB") if picture.shape[2] == 3 else Image.fromarray(picture)
    ink = ImageDraw.Draw(image, "RGBA")
    floor = int(h * rng.uniform(0.68, 0.82))
    ink.rectangle((0, floor, w, h), fill=(*_rgb(hue * 0.55), 255))
    for i in range(4 + digest[4] % 5):
        bytes_ = digest[5 + i : 8 + i]
        tone = _rgb(np.array(list(bytes_), dtype=float) * 0.6 + 40)
        x, tall = rng.uniform(-0.1, 1.0) * w, h * (0.2 + (bytes_[0] % 50) / 100)
        wide = w * (0.06 + (bytes_[1] % 24) / 100)
        if digest[9 + i] % 3 == 0:
            ink.ellipse((x, floor - tall, x + wide, floor - tall + wide), fill=(*tone, 220))
        else:
            ink.rectangle((x, floor - tall, x + wide, floor + h * 0.04), fill=(*tone, 230))
    return image.filter(ImageFilter.GaussianBlur(float(rng.uniform(0.6, 2.2)))).resize(
        (width, height), Image.Resampling.BILINEAR
    )


def add_context(image: Image.Image, context: str, rng: np.random.Generator) -> Image.Image:
    """Draw what belongs to a context, and give the picture its light."""
    w, h = image.size
    ink = ImageDraw.Draw(image, "RGBA")
    u = rng.uniform
    if context == "Happy":
        for _ in range(9):
            x, y, r = u(0, w), u(0, 0.55 * h), u(0.03, 0.06) * w
            tone = tuple(int(v) for v in rng.choice([[226, 60, 70], [250, 200, 60], [70, 160, 230], [90, 200, 110]]))
            ink.line((x, y + r, x + u(-4, 4), y + 3.4 * r), fill=(230, 230, 230, 160), width=1)
            ink.ellipse((x - r, y - 1.2 * r, x + r, y + 1.2 * r), fill=(*tone, 235))
    elif context == "Sad":
        for _ in range(90):
            x, y, n = u(0, w), u(0, h), u(0.04, 0.09) * h
            ink.line((x, y, x - 0.25 * n, y + n), fill=(200, 215, 235, 120), width=1)
    elif context == "Fear":
        for i in range(6):
            inset = (0.16 - 0.025 * i) * w
            ink.rectangle((0, 0, inset, h), fill=(8, 8, 14, 70))
            ink.rectangle((w - inset, 0, w, h), fill=(8, 8, 14, 70))
        for _ in range(4):
            x = u(0, w)
            ink.polygon((x, h * 0.3, x + 0.05 * w, h * u(0.5, 0.7), x - 0.05 * w, h), fill=(6, 6, 10, 150))
    elif context == "Angry":
        for _ in range(7):
            x, y = u(0, w), u(0.45, 0.9) * h
            flame = (x - 0.05 * w, y + 0.16 * h, x, y - u(0, 0.2) * h, x + 0.05 * w, y + 0.16 * h)
            ink.polygon(flame, fill=(230, int(u(60, 130)), 30, 190))
    elif context == "Disgust":
        for _ in range(10):
            x, y, r = u(0, w), u(0.6, 1.0) * h, u(0.02, 0.07) * w
            ink.ellipse((x - r, y - 0.6 * r, x + r, y + 0.6 * r), fill=(110, int(u(110, 140)), 40, 215))
        for _ in range(24):
            x, y = u(0, w), u(0, 0.8) * h
            ink.ellipse((x - 1.5, y - 1.5, x + 1.5, y + 1.5), fill=(20, 20, 16, 230))
    elif context == "Surprise":
        x, y = u(0.1, 0.9) * w, u(0.1, 0.4) * h
        for angle in np.linspace(0, 2 * np.pi, 18, endpoint=False) + u(0, 1):
            far = u(0.18, 0.32) * w
            end = (x + far * np.cos(angle), y + far * np.sin(angle))
            ink.line((x, y, *end), fill=(255, 250, 200, 210), width=max(1, w // 110))
    pixels = np.asarray(image, dtype=np.float32) * np.array(TINT[context], dtype=np.float32)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def light_map(size: tuple[int, int], side: float, rng: np.random.Generator) -> npt.NDArray[np.uint16]:
    """Uneven light as factors in 128ths, (height, width, 1): brighter where the light comes from."""
    w, h = size
    x, y = np.linspace(-1, 1, w)[None], np.linspace(-1, 1, h)[:, None]
    strength = rng.uniform(0.03, 0.26)
    exposure = rng.uniform(0.72, 1.08)
    factor = exposure * (1 + strength * side * x - 0.5 * strength * y * rng.uniform(-1, 1))
    return np.clip(factor * 128, 35, 165).astype(np.uint16)[..., None]


def draw_occluder(rng: np.random.Generator) -> tuple[str, float, float, float] | None:
    """In one clip of seven something stands before the face: (what, x, y, size), x and y in parts of the picture."""
    kind = rng.choice(["none", "microphone", "hand", "edge"], p=[0.86, 0.05, 0.05, 0.04])
    values = rng.uniform(size=3)
    if kind == "none":
        return None
    side = 1 if values[0] < 0.5 else -1
    if kind == "edge":
        return "edge", 0.5 + side * (0.36 + 0.1 * values[1]), 0.0, 0.3
    return str(kind), 0.5 + side * (0.16 + 0.16 * values[1]), 0.72 + 0.16 * values[2], 0.13 + 0.06 * values[0]


def occlude(image: Image.Image, what: tuple[str, float, float, float], skin: tuple[int, int, int]) -> None:
    """Draw what stands before the face."""
    kind, x, y, size = what
    w, h = image.size
    px, py, r = x * w, y * h, size * w
    ink = ImageDraw.Draw(image, "RGBA")
    if kind == "microphone":
        ink.rectangle((px - 0.3 * r, py, px + 0.3 * r, h), fill=(34, 34, 38, 255))
        ink.ellipse((px - 0.75 * r, py - 0.9 * r, px + 0.75 * r, py + 0.7 * r), fill=(52, 52, 58, 255))
    elif kind == "hand":
        for i in range(4):
            left = px + (i - 2) * 0.42 * r
            ink.rounded_rectangle((left, py - (0.8 - 0.12 * abs(i - 1.5)) * r, left + 0.38 * r, py + r), 0.18 * r, skin)
        ink.ellipse((px - r, py + 0.2 * r, px + r, py + 2.4 * r), fill=skin)
    else:
        left = px if x > 0.5 else 0
        ink.rectangle((left, 0, w if x > 0.5 else px, h), fill=(38, 34, 34, 235))


def _rgb(values: npt.NDArray[np.float64]) -> tuple[int, int, int]:
    r, g, b = (int(v) for v in np.clip(values, 0, 255))
    return r, g, b
