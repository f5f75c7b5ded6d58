"""Parts of a data set in which no subject stands on two sides.

SDFE-LV is divided 6:2:2, subject independent, and no list is public. So the division is an algorithm, in integers only,
written down below so that it can be done again from the text: the same on every platform and Python version.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence


def split_subjects(videos: Mapping[str, int], *, weights: Sequence[int] = (6, 2, 2), seed: int = 0) -> dict[str, int]:
    r"""The index of the part that each subject belongs to, from the number of videos of each subject.

    Let N be the number of videos, S the sum of the weights, size_p the videos in part p; the deviation of part p is
    d_p = S size_p - weights[p] N, that is, in units of 1/S video.
        1. Order the subjects by the bytes of sha256(f"{seed}\t{subject}"), UTF-8. "First" below means in this order.
        2. Put each subject in turn into the part with the smallest d_p; of equal ones into the first part.
        3. For each part, from the first, that has no subject: while some part has two subjects or more, take the one
           with the most subjects (of equal ones the first part), and from it the subject with the fewest videos (of
           equal ones the first subject), and put that subject into the empty part.
        4. Among all moves of one subject to another part that leave no part empty, find the one that lowers the sum of
           d_p squared most; of equal ones that of the first subject, and of its the one into the first part. Make it,
           and repeat until no move lowers the sum.

    The result is in the order of step 1. Raises ValueError where there are no subjects, a number of videos or a weight
    is not a positive integer, or the weights are none.

    >>> split_subjects({"s01": 3, "s02": 1, "s03": 1, "s04": 2, "s05": 3})
    {'s01': 0, 's05': 0, 's04': 1, 's03': 2, 's02': 2}
    """
    if not videos:
        raise ValueError("there are no subjects to split")
    for subject, n in videos.items():
        if type(n) is not int or n <= 0:
            raise ValueError(f"the number of videos of {subject!r} is {n!r}, not a positive integer")
    if not weights or any(type(weight) is not int or weight <= 0 for weight in weights):
        raise ValueError(f"the weights are {weights!r}, not positive integers")
    order = sorted(videos, key=lambda subject: hashlib.sha256(f"{seed}\t{subject}".encode()).digest())
    unit, total = sum(weights), sum(videos.values())
    deviation = [-weight * total for weight in weights]
    subjects = [0] * len(weights)  # how many each part has
    part_of: dict[str, int] = {}

    def put(subject: str, part: int) -> None:
        old = part_of.get(subject)
        if old is not None:
            deviation[old] -= unit * videos[subject]
            subjects[old] -= 1
        deviation[part] += unit * videos[subject]
        subjects[part] += 1
        part_of[subject] = part

    for subject in order:
        put(subject, deviation.index(min(deviation)))
    for empty in range(len(weights)):
        if subjects[empty] == 0 and max(subjects) > 1:
            fullest = subjects.index(max(subjects))
            put(min((s for s in order if part_of[s] == fullest), key=videos.__getitem__), empty)
    while True:
        best, move = 0, None
        for subject in order:
            old = part_of[subject]
            if subjects[old] == 1:
                continue
            step = unit * videos[subject]
            for part in range(len(weights)):
                # half of what the move takes off the sum of squares; of the part itself it is negative
                gain = step * (deviation[old] - deviation[part] - step)
                if gain > best:
                    best, move = gain, (subject, part)
        if move is None:
            return part_of
        put(*move)


def split_videos(
    subject_of: Mapping[str, str],
    names: Sequence[str] = ("train", "validation", "test"),
    weights: Sequence[int] = (6, 2, 2),
    seed: int = 0,
) -> dict[str, str]:
    """The name of the part that each video belongs to, sorted by video; `subject_of` names the subject of each video.

    The algorithm is that of `split_subjects`, and so are its errors. Raises ValueError as well where names and weights
    differ in number or a name stands twice.
    """
    if len(names) != len(weights) or len(set(names)) != len(names):
        raise ValueError(f"the parts are named {tuple(names)!r} for the weights {tuple(weights)!r}")
    part_of = split_subjects(Counter(subject_of.values()), weights=weights, seed=seed)
    return {video: names[part_of[subject_of[video]]] for video in sorted(subject_of)}
