"""Who is shown: proportions of a face, colours, hair, age, glasses, beard. Lengths in units of half a head's width."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Colour = tuple[int, int, int]

SKIN: tuple[Colour, ...] = (
    (246, 214, 190),
    (236, 196, 165),
    (226, 180, 144),
    (205, 155, 117),
    (180, 128, 92),
    (141, 95, 66),
    (108, 71, 51),
)
HAIR: tuple[Colour, ...] = (
    (28, 22, 20),
    (52, 36, 26),
    (88, 58, 36),
    (140, 96, 52),
    (196, 160, 98),
    (126, 60, 32),
    (150, 148, 146),
)
IRIS: tuple[Colour, ...] = ((62, 40, 24), (92, 62, 34), (70, 96, 116), (82, 104, 70), (48, 34, 26))
CLOTHES: tuple[Colour, ...] = (
    (52, 62, 86),
    (120, 40, 44),
    (68, 92, 72),
    (196, 192, 184),
    (36, 36, 40),
    (150, 116, 74),
    (96, 76, 120),
)


@dataclass(frozen=True)
class Identity:
    """One person. Resting offsets (`rest_*`) look like weak expressions: a still face alone misleads."""

    skin: Colour
    hair: Colour
    brow: Colour
    iris: Colour
    lip: Colour
    clothes: Colour
    jaw: float  # width of the jaw, as part of the cheeks'
    chin: float  # y of the chin
    eye_x: float
    eye_w: float
    eye_open: float
    brow_y: float
    brow_thick: float
    nose_y: float
    nose_w: float
    mouth_y: float
    mouth_w: float
    lip_thick: float
    age: float  # 0 young, 1 old: how strong the lines are at rest
    hair_style: int  # 0 none, 1 short, 2 fringe, 3 long
    glasses: bool
    beard: float  # 0 none, 1 full
    lipstick: bool
    rest_brow: float
    rest_mouth: float
    rest_lid: float
    asymmetry: float


def darker(colour: Colour, by: float) -> Colour:
    """A colour times `by`, which may be above 1.

    >>> darker((200, 100, 50), 0.5)
    (100, 50, 25)
    """
    r, g, b = (min(255, max(0, int(c * by))) for c in colour)
    return r, g, b


def blend(a: Colour, b: Colour, part: float) -> Colour:
    """`a` and `part` of the way to `b`."""
    r, g, b_ = (int(x + (y - x) * part) for x, y in zip(a, b, strict=True))
    return r, g, b_


def draw_identity(rng: np.random.Generator) -> Identity:
    """A person at random."""
    tone = int(rng.choice(len(SKIN), p=(0.14, 0.2, 0.2, 0.17, 0.12, 0.1, 0.07)))
    jitter = rng.integers(-9, 10, 3)
    skin: Colour = tuple(int(min(252, max(40, c + j))) for c, j in zip(SKIN[tone], jitter, strict=True))  # type: ignore[assignment]
    age = float(rng.beta(1.6, 2.4))
    dark_only = tone >= 3
    hair = HAIR[int(rng.integers(0, 3 if dark_only else 6))]
    if age > 0.6 and rng.random() < 0.6:
        hair = HAIR[6]
    lipstick = bool(rng.random() < 0.22)
    lip = blend(darker(skin, 0.78), (176, 60, 66), 0.62 if lipstick else 0.34)
    female = lipstick or rng.random() < 0.35
    style = int(rng.choice(4, p=(0.02, 0.18, 0.3, 0.5) if female else (0.12, 0.58, 0.26, 0.04)))
    u = rng.uniform
    return Identity(
        skin=skin,
        hair=hair,
        brow=darker(hair if hair != HAIR[6] else (110, 105, 100), 0.75),
        iris=IRIS[0 if dark_only else int(rng.integers(0, len(IRIS)))],
        lip=lip,
        clothes=CLOTHES[int(rng.integers(0, len(CLOTHES)))],
        jaw=float(u(0.72, 0.98)),
        chin=float(u(1.18, 1.34)),
        eye_x=float(u(0.39, 0.45)),
        eye_w=float(u(0.185, 0.225)),
        eye_open=float(u(0.085, 0.115)),
        brow_y=float(u(-0.47, -0.42)),
        brow_thick=float(u(0.035, 0.065) if female else u(0.05, 0.09)),
        nose_y=float(u(0.27, 0.35)),
        nose_w=float(u(0.15, 0.21)),
        mouth_y=float(u(0.67, 0.74)),
        mouth_w=float(u(0.3, 0.37)),
        lip_thick=float(u(0.05, 0.095)),
        age=age,
        hair_style=style,
        glasses=bool(rng.random() < 0.13),
        beard=0.0 if female or rng.random() < 0.65 else float(u(0.3, 1.0)),
        lipstick=lipstick,
        rest_brow=float(rng.normal(0, 0.16)),
        rest_mouth=float(rng.normal(0, 0.17)),
        rest_lid=float(rng.normal(0, 0.13)),
        asymmetry=float(rng.normal(0, 0.1)),
    )
