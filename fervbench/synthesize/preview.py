"""A contact sheet: for each class a few clips, frames from left to right, so that a person sees what was rendered."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageDraw

from fervbench.synthesize.clip import FACE, SCENE, Clip, clarity, render_clip
from fervbench.synthesize.layout import Release

CLIPS, FRAMES, SIDE, MARGIN = 3, 5, 88, 4
SCENE_WIDTH = 132
LOOKED_AT = 40


def contact_sheet(release: Release, seed: int) -> bytes:
    """The sheet as PNG: one row a class, `CLIPS` clips with `FRAMES` frames each, then a frame of the scene.

    The last clip of a row is taken as it comes, the others for showing their label clearly: many are subtle, or show
    another expression.
    """
    rows: dict[str, list[tuple[Clip, list[int]]]] = {}
    for clip in release.clips:
        if clip.intervals:
            for onset, offset, label in clip.intervals:
                last = clip.frames - 1
                span = np.linspace(onset * clip.fps, min(offset * clip.fps, last), FRAMES).astype(int).tolist()
                rows.setdefault(label, []).append((clip, span))
        elif not clip.second:
            span = np.linspace(0, clip.frames - 1, FRAMES).astype(int).tolist()
            rows.setdefault(clip.label, []).append((clip, span))
    scenes = any(output.stream == SCENE for job in release.jobs for output in job.outputs)
    wide = FRAMES * SIDE + (SCENE_WIDTH if scenes else 0) + MARGIN
    sheet = Image.new("RGB", (70 + CLIPS * wide, len(rows) * (SIDE + MARGIN) + 22), (250, 250, 250))
    ink = ImageDraw.Draw(sheet)
    ink.text(
        (4, 4),
        "SYNTHETIC: rendered by fervbench; each row one class, frames from left to right; last clip at random",
        fill=(0, 0, 0),
    )
    for y, label in enumerate(sorted(rows)):
        top = 22 + y * (SIDE + MARGIN)
        ink.text((4, top + SIDE // 2 - 6), label or "(none)", fill=(0, 0, 0))
        chosen = _choose(rows[label], seed)
        for x, (clip, span) in enumerate(chosen):
            left = 70 + x * wide
            for pixels in render_clip(clip, seed=seed, stream=FACE, size=SIDE, frames=span):
                sheet.paste(Image.fromarray(pixels), (left, top))
                left += SIDE
            if scenes:
                middle = [clip.frames // 2]
                pixels = render_clip(clip, seed=seed, stream=SCENE, size=(SIDE, SCENE_WIDTH), frames=middle)[0]
                sheet.paste(Image.fromarray(pixels), (left, top))
    out = io.BytesIO()
    sheet.save(out, "PNG")
    return out.getvalue()


def _choose(clips: list[tuple[Clip, list[int]]], seed: int) -> list[tuple[Clip, list[int]]]:
    """Those of up to `LOOKED_AT` clips that show their label best, then one as it comes."""
    spread = np.linspace(0, len(clips) - 1, min(LOOKED_AT, len(clips))).round().astype(int).tolist()
    last = spread[len(spread) // 2]
    rest = [i for i in spread if i != last]
    if not clips[0][0].intervals:
        rest.sort(key=lambda i: -clarity(clips[i][0], seed=seed))
    return [clips[i] for i in [*rest[: CLIPS - 1], last]]
