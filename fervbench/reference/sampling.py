"""Which frames of each clip of a batch are seen: (batch, frames) positions, from lengths and, in training, a draw.

    random-in-segment   a clip in `number` equal segments, one frame of each at random (TSN, Wang et al. 2016)
    random-sorted       `number` different frames at random, in order; a shorter clip is looped (DFEW's public code)
    segment-centres     the middle frame of each segment
    linspace            from the first frame to the last, evenly, rounded down
    whole               all, for packs whose clips have `number` frames
    one-at-random       a control: one frame at random, `number` times; what is learned without motion
    one-in-the-middle   the same with the middle frame

A segment without a frame of its own (a clip shorter than `number`) takes its centre. The centres and linspace are
`fervbench.pack.samplers`, for a batch.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from fervbench.errors import UsageError
from fervbench.reference import counter

# (lengths, number, seed, epoch, clips) -> positions; `clips` (batch,) is what draws are keyed by
Sampler = Callable[[Tensor, int, int, "int | Tensor", Tensor], Tensor]
LONGEST = 4096  # frames of a clip, for random-sorted


def segment_centres(lengths: Tensor, number: int, *_: object) -> Tensor:
    """The middle frame of each segment.

    >>> segment_centres(torch.tensor([16, 3]), 4).tolist()
    [[2, 6, 10, 14], [0, 1, 1, 2]]
    """
    i = torch.arange(number, device=lengths.device)
    return (2 * i + 1) * lengths[:, None] // (2 * number)  # (batch, number)


def linspace(lengths: Tensor, number: int, *_: object) -> Tensor:
    """From the first frame to the last."""
    return torch.arange(number, device=lengths.device) * (lengths[:, None] - 1) // max(1, number - 1)


def whole(lengths: Tensor, number: int, *_: object) -> Tensor:
    """Every frame; where a clip is shorter its last frame is repeated, where it is longer the rest left out."""
    return torch.minimum(torch.arange(number, device=lengths.device), lengths[:, None] - 1)


def one_in_the_middle(lengths: Tensor, number: int, *_: object) -> Tensor:
    """The middle frame, `number` times."""
    return segment_centres(lengths, 1).expand(-1, number)


def one_at_random(lengths: Tensor, number: int, seed: int, epoch: int | Tensor, clips: Tensor) -> Tensor:
    """One frame at random, `number` times."""
    return random_in_segment(lengths, 1, seed, epoch, clips).expand(-1, number)


def random_in_segment(lengths: Tensor, number: int, seed: int, epoch: int | Tensor, clips: Tensor) -> Tensor:
    """One frame of each segment at random."""
    i = torch.arange(number, device=lengths.device)
    first = i * lengths[:, None] // number  # (batch, number)
    last = (i + 1) * lengths[:, None] // number  # exclusive
    draws = counter.uniform(seed, counter.FRAME, epoch, clips[:, None] * LONGEST + i)  # (batch, number)
    inside = first + (draws * (last - first)).to(torch.int64)
    return torch.where(last > first, inside, segment_centres(lengths, number))


def random_sorted(lengths: Tensor, number: int, seed: int, epoch: int | Tensor, clips: Tensor) -> Tensor:
    """Different frames at random, in order: the `number` lowest of one draw a frame, by position.

    Draws are made for `LONGEST` frames whatever the lengths are: one shape, and nothing is read back from the device.
    """
    frames = torch.arange(LONGEST, device=lengths.device)
    draws = counter.uniform(seed, counter.FRAME, epoch, clips[:, None] * LONGEST + frames)  # (batch, LONGEST)
    draws = torch.where(
        frames < lengths[:, None], draws, 1 + frames / LONGEST
    )  # what is not there comes last, in order
    chosen = draws.topk(number, dim=1, largest=False).indices.sort(dim=1).values  # (batch, number)
    return chosen % lengths[:, None]


SAMPLERS: dict[str, Sampler] = {
    "random-in-segment": random_in_segment,
    "random-sorted": random_sorted,
    "segment-centres": segment_centres,
    "linspace": linspace,
    "whole": whole,
    "one-at-random": one_at_random,
    "one-in-the-middle": one_in_the_middle,
}
AT_TEST = frozenset(("segment-centres", "linspace", "whole", "one-in-the-middle"))


def sampler(name: str, *, test: bool = False) -> Sampler:
    """A rule by name. Raises UsageError; a test is sampled without draws."""
    if name not in SAMPLERS or (test and name not in AT_TEST):
        known = AT_TEST if test else SAMPLERS.keys()
        raise UsageError(f"no frame sampling {name!r}", hint=f"there are {', '.join(sorted(known))}")
    return SAMPLERS[name]
