"""What a face does: action parameters (after the units of FACS) of each expression, and their course in time.

An action is 0 at rest and 1 at full strength. `UPPER` are actions of brows and lids, the others are of the lower face;
their onsets differ in time, and which leads is part of what tells expressions apart.

Motion that matters: in half of the clips the apex is shared by two classes (`PAIRS`), and the course of one is that of
the other in reverse, so that no single frame and no bag of frames tells them apart, only their order does:
    Surprise, Fear    brows lead, a quick rise and a slow fall; or the reverse
    Angry, Disgust    likewise
    Happy, Neutral    a weak smile comes and stays; or is there and goes (a face that comes to rest is Neutral)
    Sad, Neutral      likewise
In the other clips each class has a pose of its own, and the same kind of course.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Pose = dict[str, float]
Actions = dict[str, Floats]  # action: its strength in each frame

UPPER = ("brow_inner", "brow_outer", "brow_lower", "lid_raise", "squint", "droop")
LOWER = ("smile", "frown", "jaw", "gape", "stretch", "pucker", "press", "nose", "lip_raise", "chin", "cheek", "sneer")

POSES: dict[str, Pose] = {
    "Angry": {"brow_lower": 1.0, "lid_raise": 0.25, "squint": 0.55, "press": 0.9, "frown": 0.45, "nose": 0.2},
    "Disgust": {
        "brow_lower": 0.45,
        "squint": 0.85,
        "nose": 1.0,
        "lip_raise": 1.0,
        "frown": 0.5,
        "chin": 0.4,
        "gape": 0.15,
    },
    "Fear": {
        "brow_inner": 1.0,
        "brow_outer": 0.35,
        "brow_lower": 0.4,
        "lid_raise": 1.0,
        "stretch": 1.0,
        "gape": 0.9,
        "jaw": 0.22,
        "frown": 0.25,
    },
    "Happy": {"smile": 1.0, "cheek": 0.9, "squint": 0.3, "gape": 0.75},
    "Sad": {"brow_inner": 0.9, "brow_lower": 0.2, "droop": 0.7, "frown": 1.0, "chin": 0.7},
    "Surprise": {"brow_inner": 1.0, "brow_outer": 1.0, "lid_raise": 0.85, "jaw": 1.0, "pucker": 0.45},
    "Neutral": {},
    "Contempt": {"sneer": 1.0, "squint": 0.2, "press": 0.2},
}
# class: (the other class of the pair, which course is this one's: forward or reversed)
PAIRS: dict[str, tuple[tuple[str, bool], ...]] = {
    "Surprise": (("Fear", True),),
    "Fear": (("Surprise", False),),
    "Angry": (("Disgust", True),),
    "Disgust": (("Angry", False),),
    "Happy": (("Neutral", True),),
    "Sad": (("Neutral", True),),
    "Neutral": (("Happy", False), ("Sad", False)),
}
SHARED = 0.5  # of the clips of a class of PAIRS show the apex that two classes share
CONFUSED = 0.1  # of the clips show another expression than the one they are filed under
SUBTLE = 0.25  # of the clips hardly move: there the scene says more than the face
# Which other one: classes are confused with those that look like them.
LIKE: dict[str, tuple[str, ...]] = {
    "Angry": ("Disgust", "Neutral", "Sad"),
    "Disgust": ("Angry", "Sad", "Neutral"),
    "Fear": ("Surprise", "Sad", "Angry"),
    "Happy": ("Neutral", "Surprise", "Neutral"),
    "Sad": ("Neutral", "Fear", "Angry"),
    "Surprise": ("Fear", "Happy", "Neutral"),
    "Neutral": ("Sad", "Happy", "Angry"),
}


@dataclass(frozen=True)
class Performance:
    """The actions of one clip, and how its head moves with them: `approach` grows the head, `bow` lowers it."""

    actions: Actions
    approach: Floats
    bow: Floats


def mixed(a: Pose, b: Pose, part: float = 0.5) -> Pose:
    """A pose between two.

    >>> mixed({"jaw": 1.0}, {"smile": 0.5})
    {'jaw': 0.5, 'smile': 0.25}
    """
    return {k: (1 - part) * a.get(k, 0.0) + part * b.get(k, 0.0) for k in sorted({*a, *b})}


def ramp(t: Floats, start: float, length: float) -> Floats:
    """From 0 before `start` to 1 after `start + length`, smoothly."""
    x = np.clip((t - start) / max(length, 1e-6), 0.0, 1.0)
    return x * x * (3 - 2 * x)


def shown(label: str, rng: np.random.Generator) -> str:
    """The expression that a clip filed under `label` shows: with `CONFUSED` another one."""
    u, which = rng.random(2)
    near = LIKE.get(label)
    return near[int(which * len(near))] if near and u < CONFUSED else label


def rest(frames: int) -> Actions:
    """All actions at 0."""
    return {name: np.zeros(frames) for name in (*UPPER, *LOWER)}


def perform(label: str, frames: int, rng: np.random.Generator, *, lab: bool = False) -> Performance:
    """The course of one expression in a clip. `lab`: as acted in a laboratory, from rest to a clear apex at the end."""
    t = np.linspace(0.0, 1.0, frames)
    strength = float(rng.uniform(0.8, 1.0) if lab else rng.uniform(0.45, 1.0))
    if rng.random() < SUBTLE and not lab:
        strength = float(rng.uniform(0.05, 0.22))
    pairs = PAIRS.get(label, ())
    share = bool(rng.random() < SHARED) and bool(pairs) and not lab
    other, forward = pairs[int(rng.integers(0, len(pairs)))] if pairs else ("Neutral", True)
    pose = POSES[label]
    if share and "Neutral" in (label, other):
        pose = {k: 0.75 * v for k, v in POSES[other if label == "Neutral" else label].items()}
    elif share:
        pose = mixed(POSES[label], POSES[other])
    if lab:
        upper = lower = ramp(t, float(rng.uniform(0, 0.2)), float(rng.uniform(0.4, 0.7)))
    elif "Neutral" in (label, other):
        upper, lower = _comes_and_stays(t, rng)
    else:
        upper, lower = _strikes_and_fades(t, rng)
    if not forward and not lab:  # the reverse of what the other class of the pair would do
        upper, lower = upper[::-1], lower[::-1]
    actions = rest(frames)
    for name, value in pose.items():
        vary = float(np.clip(rng.normal(1.0, 0.12), 0.6, 1.3))
        actions[name] += value * strength * vary * (upper if name in UPPER else lower)
    side = 1.0 if forward else -1.0
    drift = (t - 0.5) * side * float(rng.uniform(0.2, 1.0))
    bow = (upper if label == "Sad" or (share and other == "Sad") else np.zeros(frames)) * strength
    return Performance(actions, np.zeros(frames) if lab else drift, bow)


def _strikes_and_fades(t: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """A quick rise and a slow fall; the upper face leads. Courses (upper, lower)."""
    start, lead = rng.uniform(0.06, 0.18), rng.uniform(0.08, 0.16)
    rise, hold, fall = rng.uniform(0.07, 0.14), rng.uniform(0.08, 0.2), rng.uniform(0.45, 0.6)

    def course(at: float) -> Floats:
        return ramp(t, at, rise) * (1 - 0.85 * ramp(t, at + rise + hold, fall))

    return course(float(start)), course(float(start + lead))


def _comes_and_stays(t: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """From rest to the apex, which is held."""
    start, rise = rng.uniform(0.1, 0.35), rng.uniform(0.25, 0.4)
    lag = rng.uniform(0.0, 0.05)
    return ramp(t, float(start + lag), float(rise)), ramp(t, float(start), float(rise))


def perform_long(
    frames: int, fps: float, intervals: tuple[tuple[float, float, str], ...], rng: np.random.Generator
) -> Performance:
    """The course of a long video: at rest, and in each interval (seconds) from onset over apex to offset."""
    t = np.arange(frames) / fps
    actions, bow = rest(frames), np.zeros(frames)
    for onset, offset, label in intervals:
        length = offset - onset
        rise, fall = length * rng.uniform(0.2, 0.4), length * rng.uniform(0.25, 0.4)
        course = ramp(t, onset, float(rise)) * (1 - ramp(t, float(offset - fall), float(fall)))
        strength = float(rng.uniform(0.55, 1.0))
        for name, value in POSES[label].items():
            actions[name] += value * strength * course
        if label == "Sad":
            bow += strength * course
    return Performance(actions, np.zeros(frames), bow)


def speak(actions: Actions, fps: float, rng: np.random.Generator, part: float) -> None:
    """Add speech during `part` of the time: the jaw opens and closes three to five times a second."""
    frames = len(actions["jaw"])
    t = np.arange(frames) / fps
    beat = np.sin(2 * np.pi * rng.uniform(3, 5) * t + rng.uniform(0, 6)) + 0.6 * np.sin(
        2 * np.pi * rng.uniform(1.5, 2.5) * t + rng.uniform(0, 6)
    )
    when = smooth_noise(t, rng, 0.35) < np.quantile(smooth_noise(t, rng, 0.35), part) if part < 1 else np.ones(frames)
    free = 1 - np.clip(actions["jaw"] + actions["press"], 0, 1)
    actions["jaw"] += 0.3 * np.clip(beat, 0, None) * when * free
    actions["pucker"] += 0.3 * np.clip(smooth_noise(t, rng, 2.0), 0, 1) * when


def blinks(frames: int, fps: float, rng: np.random.Generator, rate: float = 0.3) -> Floats:
    """How far the lids are closed by blinks, `rate` of them a second, each a fifth of a second long."""
    t = np.arange(frames) / fps
    closed = np.zeros(frames)
    for at in rng.uniform(0, max(t[-1], 0.2), int(rng.poisson(rate * frames / fps))):
        closed = np.maximum(closed, np.clip(1.25 - np.abs(t - at) / 0.1, 0, 1))
    return closed


def smooth_noise(t: Floats, rng: np.random.Generator, speed: float) -> Floats:
    """A wandering value, about -1 to 1, of `speed` turns a second: a sum of four sines."""
    frequencies = speed * rng.uniform(0.3, 1.3, 4)
    phases = rng.uniform(0, 2 * np.pi, 4)
    weights = rng.dirichlet(np.ones(4) * 2)
    waves = np.sin(2 * np.pi * frequencies[:, None] * t[None] + phases[:, None])  # (4, frames)
    return np.asarray(1.6 * weights @ waves)
