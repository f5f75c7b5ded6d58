"""Can this WAR and this UAR come from one set of predictions? Exact, wherever it can be decided.

With n_c clips and k_c hits of class c, WAR fixes K = sum of k_c, and UAR bounds S = sum of k_c / n_c. Given K, S is
least with the hits in the largest classes and greatest with them in the smallest; between these bounds the values lie
so densely for most test lists that a witness is found at once. Where none is, all ways are enumerated by meeting in
the middle, if there are few enough; else it stays undecided.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import combinations, permutations

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]

# Ways of filling half of the classes that are enumerated at most.
_WAYS = 1_000_000
# Hits moved at most in the search near a vector that has the right sum.
_REACH = 40


def extremes(classes: Sequence[int], total: int) -> tuple[Fraction, Fraction]:
    """The least and the greatest UAR of `total` hits over classes of these sizes (empty classes left out).

    >>> extremes([4, 2], 2)
    (Fraction(1, 4), Fraction(1, 2))
    """
    sizes = sorted((n for n in classes if n), reverse=True)
    number = len(sizes)
    return _uar(_fill(sizes, total), sizes) / number, _uar(_fill(sizes[::-1], total), sizes[::-1]) / number


def _fill(sizes: Sequence[int], total: int) -> list[int]:
    left, filled = total, []
    for n in sizes:
        filled.append(min(n, left))
        left -= filled[-1]
    return filled


def _uar(hits: Sequence[int], sizes: Sequence[int]) -> Fraction:
    return sum((Fraction(k, n) for k, n in zip(hits, sizes, strict=True)), Fraction(0))


def witness(
    classes: Sequence[int], totals: range, low: Fraction, high: Fraction, *, open_end: bool = False
) -> tuple[int, ...] | bool | None:
    """Hits by class with their sum in `totals` and UAR in [low, high] ([low, high) with `open_end`).

    A tuple of hits (0 for an empty class), False where there is none, None where it could not be decided.

    >>> witness([2, 2], range(2, 3), Fraction(49, 100), Fraction(51, 100))
    (2, 0)
    >>> witness([1, 3], range(2, 3), Fraction(49, 100), Fraction(51, 100))
    False
    """
    order = sorted((i for i, n in enumerate(classes) if n), key=lambda i: -classes[i])
    sizes = [classes[i] for i in order]
    if not sizes:
        return False
    window = (low * len(sizes), high * len(sizes))
    undecided = False
    for total in totals:
        if not 0 <= total <= sum(sizes):
            continue
        found = _near(sizes, total, window, open_end)
        if found is None:
            found = _enumerate(sizes, total, window, open_end)
        if found is None:
            undecided = True
        elif not isinstance(found, bool):
            hits = dict(zip(order, found, strict=True))
            return tuple(hits.get(i, 0) for i in range(len(classes)))
    return None if undecided else False


def _inside(hits: Sequence[int], sizes: Sequence[int], window: tuple[Fraction, Fraction], open_end: bool) -> bool:
    value = _uar(hits, sizes)
    return window[0] <= value < window[1] if open_end else window[0] <= value <= window[1]


def _near(
    sizes: list[int], total: int, window: tuple[Fraction, Fraction], open_end: bool
) -> tuple[int, ...] | bool | None:
    """A witness close to a mixture of the two extreme fillings; False if the extremes rule it out; None: not found."""
    least, most = _fill(sizes, total), _fill(sizes[::-1], total)[::-1]
    bottom, top = _uar(least, sizes), _uar(most, sizes)
    if top < window[0] or bottom > window[1] or (open_end and bottom == window[1]):
        return False
    middle = (window[0] + window[1]) / 2
    share = float((middle - bottom) / (top - bottom)) if top > bottom else 0.0
    mixed = [a + min(max(share, 0.0), 1.0) * (b - a) for a, b in zip(least, most, strict=True)]
    start = [min(int(value), n) for value, n in zip(mixed, sizes, strict=True)]
    for i in sorted(range(len(sizes)), key=lambda i: start[i] - mixed[i]):  # give the rest to the most cut ones
        start[i] += min(sizes[i] - start[i], total - sum(start))
    for other in _starts(start, sizes):
        found = _moved(other, sizes, window, open_end)
        if found is not None:
            return found
    return None


def _starts(start: list[int], sizes: list[int]) -> Iterator[list[int]]:
    """The vector itself, then with a few hits moved from one class to another."""
    yield start
    for step in (1, 2, 3):
        for a, b in permutations(range(len(sizes)), 2):
            if start[a] >= step and start[b] + step <= sizes[b]:
                moved = list(start)
                moved[a] -= step
                moved[b] += step
                yield moved


def _moved(
    start: list[int], sizes: list[int], window: tuple[Fraction, Fraction], open_end: bool
) -> tuple[int, ...] | None:
    """A witness that differs from `start` in three classes, by at most `_REACH` hits in two of them."""
    if _inside(start, sizes, window, open_end):
        return tuple(start)
    weights = [1 / n for n in sizes]
    goal = float((window[0] + window[1]) / 2 - _uar(start, sizes))
    half = float(window[1] - window[0]) / 2
    for a, b, c in combinations(range(len(sizes)), 3):
        steps = [np.arange(max(-_REACH, -start[i]), min(_REACH, sizes[i] - start[i]) + 1) for i in (a, b)]
        i, j = steps[0][:, None], steps[1][None, :]
        k = -i - j
        change = i * weights[a] + j * weights[b] + k * weights[c]
        good = (np.abs(change - goal) <= half * (1 + 1e-9)) & (k >= -start[c]) & (k <= sizes[c] - start[c])
        for x, y in np.argwhere(good)[:8]:
            moved = list(start)
            moved[a] += int(steps[0][x])
            moved[b] += int(steps[1][y])
            moved[c] -= int(steps[0][x]) + int(steps[1][y])
            if _inside(moved, sizes, window, open_end):
                return tuple(moved)
    return None


def _enumerate(
    sizes: list[int], total: int, window: tuple[Fraction, Fraction], open_end: bool
) -> tuple[int, ...] | bool | None:
    """All ways, by meeting in the middle: False where none fits, None where there are too many."""
    halves = _halves(sizes)
    if any(np.prod([sizes[i] + 1 for i in half], dtype=float) > _WAYS for half in halves):
        return None
    first, second = ([sizes[i] for i in half] for half in halves)
    grids = [_grid(first), _grid(second)]
    sums = [grid.sum(axis=1) for grid in grids]
    values = [grid @ (1 / np.array(part)) for grid, part in zip(grids, (first, second), strict=True)]
    order = np.lexsort((values[1], sums[1]))
    grids[1], sums[1], values[1] = grids[1][order], sums[1][order], values[1][order]
    low, high = float(window[0]) - 1e-9, float(window[1]) + 1e-9
    position = {int(s): (int(a), int(b)) for s, a, b in _runs(sums[1])}
    for need in np.unique(total - sums[0]):
        if int(need) not in position:
            continue
        a, b = position[int(need)]
        mine = np.flatnonzero(total - sums[0] == need)
        start = np.searchsorted(values[1][a:b], low - values[0][mine], side="left")
        stop = np.searchsorted(values[1][a:b], high - values[0][mine], side="right")
        for row in np.flatnonzero(stop > start):
            for other in range(int(start[row]), int(stop[row])):
                hits = [0] * len(sizes)
                for i, k in zip(halves[0], grids[0][mine[row]], strict=True):
                    hits[i] = int(k)
                for i, k in zip(halves[1], grids[1][a + other], strict=True):
                    hits[i] = int(k)
                if _inside(hits, sizes, window, open_end):
                    return tuple(hits)
    return False


def _halves(sizes: list[int]) -> tuple[list[int], list[int]]:
    """The classes in two parts with about as many ways each."""
    parts: tuple[list[int], list[int]] = ([], [])
    ways = [1, 1]
    for i in sorted(range(len(sizes)), key=lambda i: -sizes[i]):
        smaller = int(ways[1] < ways[0])
        parts[smaller].append(i)
        ways[smaller] *= sizes[i] + 1
    return parts


def _grid(sizes: list[int]) -> IntArray:
    if not sizes:
        return np.zeros((1, 0), dtype=np.int64)
    axes = np.meshgrid(*[np.arange(n + 1) for n in sizes], indexing="ij")
    return np.stack([axis.ravel() for axis in axes], axis=1).astype(np.int64)


def _runs(values: IntArray) -> Iterator[tuple[int, int, int]]:
    """(value, first, behind the last) of equal neighbours."""
    edges = np.flatnonzero(np.diff(values)) + 1
    starts, ends = np.concatenate([[0], edges]), np.concatenate([edges, [len(values)]])
    yield from zip(values[starts], starts, ends, strict=True)
