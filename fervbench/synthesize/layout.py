"""What a rendered release consists of: clips, where the frames of each go, and the files beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fervbench.synthesize.clip import FACE, Clip


@dataclass(frozen=True)
class Output:
    """Where one stream of a clip goes, relative to the release.

    `path` is a folder and `name` the pattern of its frames (`{:02d}.jpg`), numbered from `first`; or, where `name` is
    empty, `path` is a video file. `frames` resamples to that many, as DFEW's time interpolation does. `name`'s ending
    decides the format; `grey` writes one channel.
    """

    path: str
    name: str
    first: int = 0
    stream: str = FACE
    size: tuple[int, int] | None = None
    frames: int | None = None
    grey: bool = False


@dataclass(frozen=True)
class Job:
    """One clip with its outputs."""

    clip: Clip
    outputs: tuple[Output, ...]

    @property
    def frames(self) -> int:
        """How many pictures this job makes."""
        return sum(output.frames or self.clip.frames for output in self.outputs)


@dataclass(frozen=True)
class Release:
    """A whole data set: jobs, files (relative path to content), and the names it puts into its folder."""

    jobs: tuple[Job, ...]
    files: Mapping[str, bytes] = field(repr=False)
    tops: tuple[str, ...]

    @property
    def clips(self) -> tuple[Clip, ...]:
        """The clips, in order."""
        return tuple(job.clip for job in self.jobs)


@dataclass(frozen=True)
class Options:
    """What a release is made from. `scenes` keeps some of FERV39k's; `fps` and `size` are for SDFE-LV."""

    scale: float = 0.01
    seed: int = 0
    scenes: tuple[str, ...] = ()
    faces_only: bool = False
    fps: float = 25.0
    size: int = 112
