"""The splitter: no subject on two sides, the same result everywhere, sizes near the best possible."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fervbench.splits import split_subjects, split_videos

SMALL = {"anna": 7, "bo": 1, "chen": 12, "dara": 3, "émile": 5, "f g": 2, "007": 9, "史": 4}
SMALL_PARTS = {"anna": 0, "bo": 2, "chen": 0, "dara": 0, "émile": 0, "f g": 2, "007": 1, "史": 2}
LARGE = {f"s{i:03d}": 1 + i * i % 7 for i in range(300)}
LARGE_FINGERPRINT = "62c4ad55840e7e70571284f8094f24974951d5e13921323d967a7e5d2f7125d0"
worlds = st.lists(st.one_of(st.integers(1, 4), st.integers(1, 60)), min_size=1, max_size=6).map(
    lambda sizes: {f"s{i}": n for i, n in enumerate(sizes)}
)
weightings = st.lists(st.integers(1, 9), min_size=1, max_size=3)


def fingerprint_of(parts: Mapping[str, int]) -> str:
    return hashlib.sha256("".join(f"{subject}\t{parts[subject]}\n" for subject in sorted(parts)).encode()).hexdigest()


def deviations(videos: Mapping[str, int], parts: Mapping[str, int], weights: Sequence[int]) -> list[int]:
    """By how much each part is larger than its share, in units of 1 / sum(weights) video."""
    sizes: Counter[int] = Counter()
    for subject, part in parts.items():
        sizes[part] += videos[subject]
    return [sum(weights) * sizes[p] - weight * sum(videos.values()) for p, weight in enumerate(weights)]


def by_the_docstring(videos: Mapping[str, int], weights: Sequence[int], seed: int) -> dict[str, int]:
    """The algorithm again, slowly: every sum is counted anew from the assignment."""
    order = sorted(videos, key=lambda s: hashlib.sha256(f"{seed}\t{s}".encode()).digest())
    parts: dict[str, int] = {}
    every = range(len(weights))
    for subject in order:
        now = deviations(videos, parts, weights)
        parts[subject] = min(every, key=lambda p: (now[p], p))
    for empty in every:
        members = {p: [s for s in order if parts[s] == p] for p in every}
        fullest = min(every, key=lambda p: (-len(members[p]), p))
        if not members[empty] and len(members[fullest]) >= 2:
            parts[min(members[fullest], key=lambda s: (videos[s], order.index(s)))] = empty

    def squares(assignment: Mapping[str, int]) -> int:
        return sum(d * d for d in deviations(videos, assignment, weights))

    while True:
        moves = [
            (squares({**parts, s: p}), order.index(s), p)
            for s in order
            for p in every
            if p != parts[s] and list(parts.values()).count(parts[s]) > 1
        ]
        best = min(moves, default=None)
        if best is None or best[0] >= squares(parts):
            return parts
        parts[order[best[1]]] = best[2]


def test_a_fixed_world_is_always_split_in_the_same_way() -> None:
    assert split_subjects(SMALL) == SMALL_PARTS
    assert fingerprint_of(split_subjects(LARGE)) == LARGE_FINGERPRINT


def test_the_seed_matters() -> None:
    splits = [split_subjects(LARGE, seed=seed) for seed in range(5)]
    assert len(set(map(fingerprint_of, splits))) == 5


@pytest.mark.parametrize("shuffle", range(5))
def test_the_order_of_insertion_does_not_matter(shuffle: int) -> None:
    shuffled = list(LARGE.items())
    random.Random(shuffle).shuffle(shuffled)
    assert shuffled != list(LARGE.items())
    parts = split_subjects(dict(shuffled))
    assert list(parts.items()) == list(split_subjects(LARGE).items())
    of = {f"v{i:03d}": f"s{i % 20}" for i in range(200)}
    turned = dict(reversed(of.items()))
    assert list(split_videos(turned).items()) == list(split_videos(of).items())


@pytest.mark.parametrize("hash_seed", ["1", "4711"])
def test_another_hash_seed_gives_the_same(hash_seed: str) -> None:
    code = (
        "import json, sys\nfrom fervbench.splits import split_subjects\n"
        "world = json.load(sys.stdin)\n"
        "json.dump([split_subjects({s: world[s] for s in set(world)}), hash('a')], sys.stdout)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=json.dumps(LARGE),
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
    )
    parts, hashed = json.loads(done.stdout)
    assert hashed != hash("a"), "the other process hashes differently"
    assert fingerprint_of(parts) == LARGE_FINGERPRINT


@given(worlds, weightings, st.integers(-3, 1000))
@settings(max_examples=150, deadline=None, derandomize=True)
def test_random_worlds_are_split_as_the_docstring_says_and_nearly_as_well_as_can_be(
    videos: dict[str, int], weights: list[int], seed: int
) -> None:
    parts = split_subjects(videos, weights=weights, seed=seed)
    assert parts == by_the_docstring(videos, weights, seed)
    assert len(set(parts.values())) == min(len(videos), len(weights)), "no part is empty that need not be"
    assignments = itertools.product(range(len(weights)), repeat=len(videos))
    best = min(max(map(abs, deviations(videos, dict(zip(videos, each, strict=True)), weights))) for each in assignments)
    mine = max(map(abs, deviations(videos, parts, weights)))
    assert best <= mine <= best + sum(weights) * max(videos.values())


def test_equal_subjects_are_split_exactly() -> None:
    parts = split_subjects({f"s{i}": 4 for i in range(10)})
    assert Counter(parts.values()) == {0: 6, 1: 2, 2: 2}


def test_an_empty_part_gets_the_smallest_subject_of_the_fullest_part() -> None:
    """With these weights every subject goes to the first part at first."""
    parts = split_subjects({"a": 1, "b": 1, "c": 2}, weights=(98, 1, 1))
    assert sorted(parts.values()) == [0, 1, 2]
    assert parts["c"] == 0


@pytest.mark.parametrize("seed", range(5))
def test_a_world_as_large_as_the_data_set_is_split_within_one_video(seed: int) -> None:
    """SDFE-LV: 1,191 videos, here of 300 subjects."""
    draw = random.Random(seed)
    subject_of = {
        f"v{i:04d}": f"s{i if i < 300 else draw.choice([draw.randrange(40), draw.randrange(300)])}" for i in range(1191)
    }
    assert len(set(subject_of.values())) == 300
    names = split_videos(subject_of)
    assert set(names) == set(subject_of)
    sizes = Counter(names.values())
    assert abs(sizes["train"] - 714.6) < 1
    assert abs(sizes["validation"] - 238.2) < 1
    assert abs(sizes["test"] - 238.2) < 1


@given(st.dictionaries(st.text("abc", min_size=1, max_size=4), st.sampled_from("stuvwxyz"), min_size=1, max_size=30))
@settings(deadline=None, derandomize=True)
def test_no_subject_stands_on_two_sides(subject_of: dict[str, str]) -> None:
    names = split_videos(subject_of)
    assert list(names) == sorted(subject_of)
    sides = {(subject_of[video], part) for video, part in names.items()}
    assert len(sides) == len(set(subject_of.values()))
    by_subject = split_subjects(Counter(subject_of.values()))
    assert names == {v: ("train", "validation", "test")[by_subject[s]] for v, s in subject_of.items()}


def test_names_weights_and_seed_are_passed_on() -> None:
    subject_of = {f"v{subject}{i}": subject for subject, n in SMALL.items() for i in range(n)}
    parts = split_subjects(SMALL, weights=(1, 1), seed=3)
    assert parts != split_subjects(SMALL, weights=(1, 1), seed=0)
    named = split_videos(subject_of, names=("left", "right"), weights=(1, 1), seed=3)
    assert named == {video: ("left", "right")[parts[subject]] for video, subject in subject_of.items()}


@pytest.mark.parametrize(
    ("videos", "options", "said"),
    [
        ({}, {}, "no subjects"),
        ({"a": 0}, {}, "'a' is 0"),
        ({"b": 2, "a": -1}, {}, "'a' is -1"),
        ({"a": True}, {}, "'a' is True"),
        ({"a": 1.0}, {}, r"'a' is 1\.0"),
        ({"a": 1}, {"weights": ()}, "weights"),
        ({"a": 1}, {"weights": (6, 0)}, "weights"),
        ({"a": 1}, {"weights": (6, -2, 2)}, "weights"),
        ({"a": 1}, {"weights": (0.6, 0.2, 0.2)}, "weights"),
    ],
)
def test_what_cannot_be_split_is_refused(videos: dict[str, Any], options: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        split_subjects(videos, **options)


@pytest.mark.parametrize("names", [("train", "test"), ("train", "test", "test")])
def test_names_must_fit_the_weights(names: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="parts are named"):
        split_videos({"v": "s"}, names=names)


def test_no_videos_are_refused() -> None:
    with pytest.raises(ValueError, match="no subjects"):
        split_videos({})
