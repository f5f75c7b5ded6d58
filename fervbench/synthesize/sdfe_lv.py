"""SDFE-LV: long videos with expressions here and there. The real one is not public, so the layout is ours:
`videos/<video>/<00001..>.jpg` and `intervals.json` (fervbench-intervals/1, with subjects and no split: the protocol
splits).

From the paper: 1,191 videos of 57.94 seconds on average, 2,420 expressions, 1 to 16 a video, classes and durations as
in its Table 2. Chosen here, for want of a source: lengths of 10 to 120 s, three videos to two subjects, faces of
112 x 112.
Between the expressions heads move, eyes blink, mouths speak.
"""

from __future__ import annotations

import numpy as np

from fervbench.interval_files import Video, write_intervals
from fervbench.synthesize.clip import Clip
from fervbench.synthesize.layout import Job, Options, Output, Release
from fervbench.synthesize.seeds import generator, scaled

VIDEOS = 1191
# class: intervals of (0, 0.5], (0.5, 4] and more than 4 seconds; paper, Table 2
DURATIONS = {
    "Angry": (3, 35, 44),
    "Disgust": (3, 14, 1),
    "Fear": (0, 2, 0),
    "Happy": (28, 1200, 957),
    "Sad": (0, 21, 43),
    "Surprise": (10, 45, 14),
}
BINS = ((0.2, 0.5), (0.6, 4.0), (4.1, 12.0))  # seconds
MOST, GAP = 16, 0.6  # intervals a video; seconds between two
LEAST = 5  # videos, so that subjects can be split in three


def plan(options: Options) -> Release:
    """All videos and the file of intervals."""
    rng = generator(options.seed, "sdfe-lv", "plan")
    n = scaled(VIDEOS, options.scale, LEAST)
    wanted = _expressions(options.scale, n, rng)
    subjects = max(3, round(n / 1.5))
    of_subject = [*range(subjects), *(int(i) for i in rng.integers(0, subjects, max(0, n - subjects)))]
    jobs, videos = [], {}
    for i in range(n):
        id = f"video_{i + 1:04d}"
        length = float(10 + 110 * rng.beta(1.74, 2.25))  # 58 s on average
        intervals, length = _place(wanted[i], length, rng)
        frames = round(length * options.fps)
        duration = round(frames / options.fps, 6)
        subject = f"s{of_subject[i] + 1:04d}"
        videos[id] = Video(duration, options.fps, subject, None, intervals)
        clip = Clip("sdfe-lv", id, "", frames, subject=subject, fps=options.fps, size=options.size, intervals=intervals)
        jobs.append(Job(clip, (Output(f"videos/{id}", "{:05d}.jpg", first=1),)))
    return Release(tuple(jobs), {"intervals.json": write_intervals(videos).encode()}, ("videos", "intervals.json"))


def _expressions(scale: float, n: int, rng: np.random.Generator) -> list[list[tuple[str, float]]]:
    """(class, seconds) of the expressions of each video: every video has one, most few, some up to 16."""
    found: list[tuple[str, float]] = []
    for label, counts in DURATIONS.items():
        weights = np.array(counts, dtype=float)
        for _ in range(scaled(sum(counts), scale, 1)):
            low, high = BINS[int(rng.choice(3, p=weights / weights.sum()))]
            found.append((label, float(low * (high / low) ** rng.random())))
    while len(found) < n:
        found.append(("Happy", float(rng.uniform(0.6, 6.0))))
    videos: list[list[tuple[str, float]]] = [[] for _ in range(n)]
    eager = rng.gamma(0.7, 1.0, n) + 0.02  # some people show far more than others
    for at, i in enumerate(rng.permutation(len(found))):
        free = np.array([len(video) < MOST for video in videos])
        chances = eager * free
        to = at if at < n else int(rng.choice(n, p=chances / chances.sum()))
        videos[to].append(found[int(i)])
    return videos


def _place(
    wanted: list[tuple[str, float]], length: float, rng: np.random.Generator
) -> tuple[tuple[tuple[float, float, str], ...], float]:
    """Intervals in order with random gaps, and the length of the video, made longer where they need it."""
    busy = sum(seconds for _, seconds in wanted)
    length = min(120.0, max(length, 1.3 * busy + GAP * (len(wanted) + 1)))
    shrink = min(1.0, (length - GAP * (len(wanted) + 1)) / busy)
    spare = length - shrink * busy - GAP * (len(wanted) + 1)
    gaps = rng.dirichlet(np.ones(len(wanted) + 1)) * max(0.0, spare)
    at, intervals = 0.0, []
    for (label, seconds), gap in zip(wanted, gaps, strict=False):
        onset = at + GAP + float(gap)
        at = onset + shrink * seconds
        intervals.append((round(onset, 3), round(at, 3), label))
    return tuple(intervals), length
