"""FERV39k: 22 scenes by 7 emotions, `<Scene>/<Emotion>/<NNNN>/<00..>.jpg`, test the first fifth of each cell.

Counts are those of the official lists, scaled cell by cell; frames a clip follow the known quantiles (8 to 47, median
28). The lists of the four scenarios are left out: the name of their folder is not public.
"""

from __future__ import annotations

from math import ceil

from fervbench.errors import UsageError
from fervbench.protocol import load_protocol
from fervbench.synthesize.clip import SCENE, SCENE_SIZE, Clip
from fervbench.synthesize.layout import Job, Options, Output, Release
from fervbench.synthesize.seeds import generator, quantile, scaled

FRAMES = ((0.0, 8), (0.05, 13), (0.5, 28), (0.95, 43), (1.0, 47))
LEAST = 2  # clips of a cell: one to test, one to train


def plan(options: Options) -> Release:
    """All clips and lists. Raises UsageError for an unknown scene."""
    counts = load_protocol("ferv39k").counts() or {}
    cells = counts["cells"]
    unknown = sorted(set(options.scenes) - set(cells))
    if unknown:
        raise UsageError(f"FERV39k has no scene {', '.join(unknown)}", hint=f"scenes: {', '.join(sorted(cells))}")
    jobs: list[Job] = []
    lists: dict[tuple[str, str], list[str]] = {}
    for scene in sorted(cells):
        if options.scenes and scene not in options.scenes:
            continue
        for emotion in sorted(cells[scene]):
            n = scaled(sum(cells[scene][emotion].values()), options.scale, LEAST)
            for i in range(n):
                id = f"{scene}/{emotion}/{i:04d}"
                jobs.append(_job(id, scene, emotion, options))
                part = "test" if i < ceil(n / 5) else "train"
                lists.setdefault((part, scene), []).append(f"{id} {emotion}\n")
    files: dict[str, bytes] = {}
    for part in ("train", "test"):
        own = {scene: "".join(lines) for (p, scene), lines in lists.items() if p == part}
        lines = "".join(own.values()).splitlines(keepends=True)
        mixed = generator(options.seed, "ferv39k", "lists", part).permutation(len(lines))  # the official ones are too
        files[f"4_setups/All_scenes/{part}_All.csv"] = "".join(lines[int(i)] for i in mixed).encode()
        for scene, text in own.items():
            files[f"4_setups/22_scenes/{part}_{scene}.csv"] = text.encode()
    return Release(tuple(jobs), files, ("2_ClipsforFaceCrop", "3_ClipsforScenImages", "4_setups"))


def _job(id: str, scene: str, emotion: str, options: Options) -> Job:
    frames = quantile(generator(options.seed, "ferv39k", id, "frames").random(), FRAMES)
    clip = Clip("ferv39k", id, emotion, frames, scene=scene)
    outputs = [Output(f"2_ClipsforFaceCrop/{id}", "{:02d}.jpg")]
    if not options.faces_only:
        outputs.append(Output(f"3_ClipsforScenImages/{id}", "{:02d}.jpg", stream=SCENE, size=SCENE_SIZE))
    return Job(clip, tuple(outputs))
