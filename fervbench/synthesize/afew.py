"""AFEW: `{Train,Val}_AFEW/<Emotion>/<id>.avi` and aligned faces `AlignedFaces_LBPTOP_Points/Faces/<id>/<frame>.png`.

773 clips to train and 383 to validate. The unlabelled test part is left out. Not in any source at hand, and chosen
here: the counts by class within the two parts are those of the 2017 release as commonly printed; frames a clip (16 to
140, median 45); faces of 128 x 128; videos of 720 x 576 as MJPEG.
"""

from __future__ import annotations

from fervbench.synthesize.clip import SCENE, Clip
from fervbench.synthesize.layout import Job, Options, Output, Release
from fervbench.synthesize.seeds import generator, quantile, scaled

COUNTS = {
    "Train_AFEW": {
        "Angry": 133,
        "Disgust": 74,
        "Fear": 81,
        "Happy": 150,
        "Neutral": 144,
        "Sad": 117,
        "Surprise": 74,
    },
    "Val_AFEW": {"Angry": 64, "Disgust": 40, "Fear": 46, "Happy": 63, "Neutral": 63, "Sad": 61, "Surprise": 46},
}
FRAMES = ((0.0, 16), (0.5, 45), (0.95, 100), (1.0, 140))


def plan(options: Options) -> Release:
    """All clips; AFEW has no lists: the folder names the class."""
    rng = generator(options.seed, "afew", "plan")
    numbers = iter(sorted({int(n) for n in rng.integers(10_000, 99_999_999, 4000)}))
    jobs = []
    for part, cells in COUNTS.items():
        for emotion, n in cells.items():
            for _ in range(scaled(n, options.scale, 1)):
                id = f"{next(numbers):09d}"
                frames = quantile(generator(options.seed, "afew", id, "frames").random(), FRAMES)
                clip = Clip("afew", id, emotion, frames, size=128)
                faces = Output(f"{part}/AlignedFaces_LBPTOP_Points/Faces/{id}", "{:03d}.png")
                video = Output(f"{part}/{emotion}/{id}.avi", "", stream=SCENE, size=(576, 720))
                jobs.append(Job(clip, (faces,) if options.faces_only else (faces, video)))
    return Release(tuple(jobs), {}, tuple(COUNTS))
