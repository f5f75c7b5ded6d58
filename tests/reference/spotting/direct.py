"""Suppression and BMN's dense mask as loops, written from the rule alone: what fervbench is held to."""

from __future__ import annotations

import math


def tiou(a, b) -> float:
    shared = max(0.0, min(a[1], b[1]) - max(a[0], b[0]))
    union = (a[1] - a[0]) + (b[1] - b[0]) - shared
    return shared / union if union > 0 else 0.0


def soft(spans, scores, alpha, low, high, keep):
    """[(index, score)] in the order of picking."""
    left = dict(enumerate(scores))
    picked = []
    while left and len(picked) < keep:
        best = min(left, key=lambda i: (-left[i], -scores[i], i))
        picked.append((best, left.pop(best)))
        width = spans[best][1] - spans[best][0]
        for i in left:
            overlap = tiou(spans[i], spans[best])
            if overlap > low + (high - low) * width:
                left[i] *= math.exp(-(overlap**2) / alpha)
    return picked


def greedy(spans, scores, threshold, keep=None):
    """Indices in the order of picking."""
    picked: list[int] = []
    for i in sorted(range(len(scores)), key=lambda i: (-scores[i], i)):
        if keep is not None and len(picked) >= keep:
            break
        if all(tiou(spans[i], spans[j]) <= threshold for j in picked):
            picked.append(i)
    return picked


def mask(bins, points=32, per_point=3):
    """mask[t][n][i][j]: what bin t counts for in sample n of the interval [i, j + 1]."""
    made = [[[[0.0] * bins for _ in range(bins)] for _ in range(points)] for _ in range(bins)]
    for i in range(bins):
        for j in range(i, bins):
            reach = 0.5 * (j + 1 - i + 1)
            first, last = i - reach, j + 1 + reach
            step = (last - first) / (points * per_point - 1)
            for n in range(points):
                for k in range(per_point):
                    at = first + step * (n * per_point + k)
                    share, below = math.modf(at)
                    for t, weight in ((int(below), 1 - share), (math.ceil(at), share)):
                        if 0 <= t < bins:
                            made[t][n][i][j] += weight / per_point
    return made
