"""One clip: from a seed and what the clip is to pictures. Nothing else plays a part, so clips can be made in any order.

    identity, actions, pose  ->  outlines of all frames  ->  each frame: background, face, light, blur, grain

A clip has two streams that show the same performance: "face", the crop, and "scene", the whole picture.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from fervbench.synthesize.expressions import (
    POSES,
    UPPER,
    Floats,
    Performance,
    blinks,
    perform,
    perform_long,
    rest,
    shown,
    smooth_noise,
    speak,
)
from fervbench.synthesize.face import FacePainter
from fervbench.synthesize.geometry import HeadPose, shapes
from fervbench.synthesize.identity import Identity, draw_identity
from fervbench.synthesize.scene import (
    TINT,
    Bytes,
    add_context,
    background,
    draw_context,
    draw_occluder,
    light_map,
    occlude,
)
from fervbench.synthesize.seeds import generator

FACE, SCENE = "face", "scene"
SCENE_SIZE = (336, 504)  # height, width


@dataclass(frozen=True)
class Clip:
    """What is to be rendered. `label` is the class it is filed under ("" for none); `subject` fixes who is shown.

    `second` is another expression that mixes in, for clips on which annotators disagree. `intervals` (onset, offset,
    label; seconds) makes it a long video; `size` is that of the face stream.
    """

    dataset: str
    id: str
    label: str
    frames: int
    scene: str = ""
    subject: str = ""
    second: str = ""
    fps: float = 25.0
    size: int | tuple[int, int] = 224
    lab: bool = False
    intervals: tuple[tuple[float, float, str], ...] = ()


@dataclass(frozen=True)
class _Take:
    """All that a clip's frames have in common."""

    who: Identity
    performance: Performance
    closed: Floats
    gaze: Floats
    yaw: Floats
    pitch: Floats
    roll: Floats
    sway: Floats  # (frames, 2), in units of the face
    light: float
    context: str


def render_clip(
    clip: Clip,
    *,
    seed: int = 0,
    stream: str = FACE,
    size: int | tuple[int, int] | None = None,
    frames: Sequence[int] | None = None,
) -> Bytes:
    """A clip as uint8 (frames, height, width, 3), before any compression.

    `stream` is "face" or "scene"; `size` is the side of a face (or its height and width), or height and width of a
    scene; None takes the data set's own. `frames` chooses frames by number: only those are drawn, and they are the same
    as in the whole clip.
    """
    return np.stack(list(iter_frames(clip, seed=seed, stream=stream, size=size, frames=frames)))


def iter_frames(
    clip: Clip,
    *,
    seed: int = 0,
    stream: str = FACE,
    size: int | tuple[int, int] | None = None,
    frames: Sequence[int] | None = None,
) -> Iterator[Bytes]:
    """The frames of `render_clip` one by one, for videos that are better not held in memory whole."""
    if stream not in (FACE, SCENE):
        raise ValueError(f"stream is {stream!r}, neither {FACE!r} nor {SCENE!r}")
    if size is None:
        size = SCENE_SIZE if stream == SCENE else clip.size
    height, width = (size, size) if isinstance(size, int) else size
    if min(height, width) < 16:
        raise ValueError(f"size is {size!r}: less than 16 pixels")
    take = _take(clip, seed)
    chosen = range(clip.frames) if frames is None else frames
    draw = _scene_frames if stream == SCENE else _face_frames
    return draw(clip, take, seed, height, width, chosen)


def jpeg_quality(clip: Clip, *, seed: int = 0) -> int:
    """How strongly the frames of a clip are compressed: 60 to 95, one value a clip."""
    return int(generator(seed, clip.dataset, clip.id, "quality").integers(60, 96))


def clarity(clip: Clip, *, seed: int = 0) -> float:
    """How clearly the face shows its label at its best, 1 as the pose itself: for choosing clips to look at."""
    acts = _take(clip, seed).performance.actions
    pose = POSES.get(clip.label, {})
    if not pose:
        return -float(sum(acts.values()).max())  # type: ignore[union-attr]
    size = sum(value * value for value in pose.values())
    other = sum(value for name, value in acts.items() if name not in pose)
    seen = sum(value * acts[name] for name, value in pose.items()) / size
    return float(np.max(seen - 0.3 * other))


def _take(clip: Clip, seed: int) -> _Take:
    rng = generator(seed, clip.dataset, clip.id, "take")
    who = draw_identity(generator(seed, clip.dataset, clip.subject or clip.id, "who"))
    if clip.intervals:
        performance = perform_long(clip.frames, clip.fps, clip.intervals, rng)
        speak(performance.actions, clip.fps, rng, float(rng.uniform(0.1, 0.5)))
    else:
        label = clip.label if clip.lab else shown(clip.label, rng)
        performance = perform(label or "Neutral", clip.frames, rng, lab=clip.lab)
        if clip.second:
            other = perform(clip.second, clip.frames, rng)
            for name, value in performance.actions.items():
                value *= 0.6
                value += 0.5 * other.actions[name]
        if not clip.lab and rng.random() < 0.3:
            speak(performance.actions, clip.fps, rng, 1.0)
    for name, value in performance.actions.items():
        np.clip(value, 0, 1.4, out=value)
        if name in UPPER and not clip.lab:
            value += np.clip(rng.normal(0, 0.05), 0, 0.2)
    t = np.arange(clip.frames) / clip.fps
    calm = 0.2 if clip.lab else 1.0
    noise = smooth_noise
    yaw = calm * (rng.normal(0, 0.22) + 0.07 * noise(t, rng, 0.6))
    pitch = calm * (rng.normal(0, 0.08) + 0.05 * noise(t, rng, 0.8)) + 0.16 * performance.bow
    roll = calm * (rng.normal(0, 0.06) + 0.035 * noise(t, rng, 0.6))
    sway = calm * 0.05 * np.stack([noise(t, rng, 0.7), noise(t, rng, 0.7)], axis=1)
    glance = rng.normal(0, 0.35, 2) + 0.3 * np.round(np.stack([noise(t, rng, 0.8), noise(t, rng, 0.4)], axis=1))
    context = draw_context(clip.label, generator(seed, clip.dataset, clip.id, "context"))
    return _Take(
        who=who,
        performance=performance,
        closed=blinks(clip.frames, clip.fps, rng),
        gaze=calm * np.clip(glance, -1, 1),
        yaw=np.clip(yaw, -0.5, 0.5),
        pitch=np.clip(pitch, -0.3, 0.35),
        roll=roll,
        sway=sway,
        light=float(rng.uniform(-1, 1)),
        context=context,
    )


def _painter(take: _Take, unit: float, x: float, y: float) -> FacePainter:
    """The face of a take on a canvas: `unit` pixels to half a head's width, its middle at (x, y)."""
    scale = unit * (1 + 0.1 * take.performance.approach)
    place = HeadPose(
        yaw=take.yaw,
        pitch=take.pitch,
        roll=take.roll,
        scale=scale,
        x=x + unit * take.sway[:, 0],
        y=y + unit * (take.sway[:, 1] + 0.1 * take.performance.bow),
    )
    acts = take.performance.actions
    return FacePainter(take.who, acts, shapes(take.who, acts, take.closed, take.gaze, place), unit, take.light)


def _finish(image: Image.Image, light: npt.NDArray[np.uint16], grain: Bytes | None, frame: int, blur: float) -> Bytes:
    """Blur, light and grain."""
    if blur > 0.25:
        image = image.filter(ImageFilter.BoxBlur(blur))
    pixels = np.asarray(image).astype(np.uint16)
    pixels *= light
    pixels >>= 7  # 255 times twice 128 is the most that 16 bits hold
    if grain is not None:  # a tile of noise about 16, moved from frame to frame
        h, w = pixels.shape[:2]
        at = (frame * 37) % 61
        pixels += grain[at : at + h, (frame * 53) % 59 : (frame * 53) % 59 + w]
        np.clip(pixels, 16, 271, out=pixels)
        pixels -= 16
    else:
        np.minimum(pixels, 255, out=pixels)
    return pixels.astype(np.uint8)


def _grain(rng: np.random.Generator, height: int, width: int) -> Bytes | None:
    strength = rng.uniform(-1.5, 5)
    if strength <= 0.3:
        return None
    noise = rng.normal(16, strength, (height + 61, width + 59, 1))
    return np.clip(np.round(noise), 0, 32).astype(np.uint8)


def _face_frames(clip: Clip, take: _Take, seed: int, height: int, width: int, chosen: Sequence[int]) -> Iterator[Bytes]:
    rng = generator(seed, clip.dataset, clip.id, "face")
    w, h = 2 * width, 2 * height
    if clip.lab:
        empty = Image.new("RGB", (w, h), (128, 130, 132))
    else:
        empty = background(clip.scene or clip.subject or clip.id, w, h, rng)
        tint = np.asarray(empty, dtype=np.float32) * np.array(TINT[take.context], dtype=np.float32)
        empty = Image.fromarray(np.clip(0.5 * tint + 0.5 * np.asarray(empty), 0, 255).astype(np.uint8))
    zoom = 0.3 if clip.lab else rng.uniform(0.325, 0.385)
    painter = _painter(take, min(h, w) * zoom, w * (0.5 + rng.normal(0, 0.015)), h * (0.5 + rng.normal(0, 0.015)))
    light = light_map((width, height), take.light, rng)
    grain = None if clip.lab else _grain(rng, height, width)
    blur = 0.0 if clip.lab else max(0.0, rng.uniform(-0.6, 1.3)) * min(height, width) / 224
    occluder = None if clip.lab or clip.intervals else draw_occluder(rng)  # not for a whole minute
    for frame in chosen:
        image = empty.copy()
        painter.paint(image, frame)
        if occluder is not None:
            occlude(image, occluder, take.who.skin)
        yield _finish(image.reduce(2), light, grain, frame, blur)


def _scene_frames(
    clip: Clip, take: _Take, seed: int, height: int, width: int, chosen: Sequence[int]
) -> Iterator[Bytes]:
    rng = generator(seed, clip.dataset, clip.id, "scene")
    empty = background(clip.scene or clip.id, width, height, rng)
    empty = add_context(empty, take.context, rng)
    unit = height * rng.uniform(0.16, 0.24)
    x, y = width * rng.uniform(0.3, 0.7), height * rng.uniform(0.36, 0.48)
    _bystanders(empty, take.context, unit, x, rng)
    light = light_map((width, height), take.light, rng)
    grain = _grain(rng, height, width)
    # only the part around the head is drawn at twice the size
    left, top = int(max(0, x - 2.2 * unit)), int(max(0, y - 1.8 * unit))
    box = (left, top, int(min(width, x + 2.2 * unit)), height)
    around = empty.crop(box)
    around = around.resize((2 * around.width, 2 * around.height), Image.Resampling.BILINEAR)
    painter = _painter(take, 2 * unit, 2 * (x - left), 2 * (y - top))
    for frame in chosen:
        part = around.copy()
        painter.paint(part, frame)
        image = empty.copy()
        image.paste(part.reduce(2), box[:2])
        yield _finish(image, light, grain, frame, 0.0)


def _bystanders(image: Image.Image, context: str, unit: float, x: float, rng: np.random.Generator) -> None:
    """One to three people behind, who feel what the context suggests, in half of the clips at least one."""
    for _ in range(int(rng.integers(0, 3))):
        who = draw_identity(rng)
        label = context if rng.random() < 0.6 else "Neutral"
        acts = rest(1)
        for name, value in POSES[label].items():
            acts[name] += 0.8 * value
        small = unit * rng.uniform(0.45, 0.7)
        one = np.ones(1)
        at = rng.uniform(0.05, 0.95) * image.width
        pose = HeadPose(
            0.3 * np.sign(x - at) * one,
            0 * one,
            0 * one,
            small * one,
            at * one,
            image.height * rng.uniform(0.4, 0.5) * one,
        )
        found = shapes(who, acts, 0 * one, np.zeros((1, 2)), pose)
        FacePainter(who, acts, found, small, 0.0).paint(image, 0)
