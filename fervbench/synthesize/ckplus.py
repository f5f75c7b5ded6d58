"""CK+: `cohn-kanade-images/S005/001/S005_001_00000011.png`, acted in a laboratory from rest to apex, grey 640 x 490.

593 sequences of 123 subjects; 327 have an emotion file, named after the last frame, with one number: 1 anger, 2
contempt, 3 disgust, 4 fear, 5 happy, 6 sadness, 7 surprise. The others have none. FACS codes stand beside every
sequence; the tree of landmarks is left out. Chosen here, for want of a source: frames a sequence (10 to 60, median 17).
"""

from __future__ import annotations

from fervbench.synthesize.clip import Clip
from fervbench.synthesize.expressions import POSES
from fervbench.synthesize.layout import Job, Options, Output, Release
from fervbench.synthesize.seeds import generator, quantile, scaled

COUNTS = {"Angry": 45, "Contempt": 18, "Disgust": 59, "Fear": 25, "Happy": 69, "Sad": 28, "Surprise": 83}
NUMBER = {"Angry": 1, "Contempt": 2, "Disgust": 3, "Fear": 4, "Happy": 5, "Sad": 6, "Surprise": 7}
UNLABELLED, SUBJECTS = 593 - 327, 123
FRAMES = ((0.0, 10), (0.5, 17), (0.95, 32), (1.0, 60))
# Action units of FACS that our actions stand for.
UNITS = {
    "brow_inner": 1,
    "brow_outer": 2,
    "brow_lower": 4,
    "lid_raise": 5,
    "cheek": 6,
    "squint": 7,
    "nose": 9,
    "lip_raise": 10,
    "smile": 12,
    "sneer": 14,
    "frown": 15,
    "chin": 17,
    "pucker": 18,
    "stretch": 20,
    "press": 24,
    "gape": 25,
    "jaw": 27,
}


def plan(options: Options) -> Release:
    """All sequences, with the files of emotion and FACS."""
    rng = generator(options.seed, "ck+", "plan")
    kinds = [name for name, n in COUNTS.items() for _ in range(scaled(n, options.scale, 1))]
    hidden = [list(COUNTS)[int(i)] for i in rng.integers(0, len(COUNTS), scaled(UNLABELLED, options.scale, 1))]
    labelled = [True] * len(kinds) + [False] * len(hidden)
    kinds += hidden
    people = sorted(int(n) for n in rng.choice(995, scaled(SUBJECTS, options.scale, 2), replace=False) + 5)
    taken: dict[int, int] = {}
    jobs: list[Job] = []
    files: dict[str, bytes] = {}
    for at, i in enumerate(rng.permutation(len(kinds))):
        person = people[at % len(people)]
        taken[person] = taken.get(person, 0) + 1
        folder = f"S{person:03d}/{taken[person]:03d}"
        stem = folder.replace("/", "_")
        frames = quantile(generator(options.seed, "ck+", folder, "frames").random(), FRAMES)
        label = kinds[int(i)]
        clip = Clip("ck+", folder, label, frames, subject=f"S{person:03d}", size=(490, 640), lab=True)
        jobs.append(Job(clip, (Output(f"cohn-kanade-images/{folder}", stem + "_{:08d}.png", first=1, grey=True),)))
        last = f"{folder}/{stem}_{frames:08d}"
        if labelled[int(i)]:
            files[f"Emotion/{last}_emotion.txt"] = f"   {NUMBER[label]:.7e}\n".encode()
        units = sorted(
            (UNITS[name], strength) for name, strength in POSES[label].items() if strength >= 0.2 and name in UNITS
        )
        files[f"FACS/{last}_facs.txt"] = "".join(
            f"   {unit:.7e}   {max(1, round(5 * strength)):.7e}\n" for unit, strength in units
        ).encode()
    return Release(tuple(jobs), files, ("cohn-kanade-images", "Emotion", "FACS"))
