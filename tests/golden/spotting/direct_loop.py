"""AR@AN as a direct loop, written from the rule's words for the tests and as the named alternative of the benchmarks.

Every video, threshold and point by itself, plain Python floats, nothing shared with fervbench. `reading` covers the
readings that change which proposals recall what.
"""

from __future__ import annotations


def tiou(a: tuple[float, float], b: tuple[float, float]) -> float:
    shared = min(a[1], b[1]) - max(a[0], b[0])
    if shared < 0:
        shared = 0.0
    union = (b[1] - b[0]) + (a[1] - a[0]) - shared
    return shared / union if union else float("nan")


def ranked(proposals: list[tuple[float, float, float]], reverse_ties: bool) -> list[tuple[float, float, float]]:
    """By score, descending; equal scores in file order, or in the reverse of it."""
    rows = list(enumerate(proposals))
    rows.sort(key=lambda row: (-row[1][2], -row[0] if reverse_ties else row[0]))
    return [row for _, row in rows]


def recalls(
    targets: list[list[tuple[float, float]]],
    proposals: list[list[tuple[float, float, float]]],
    thresholds: list[float],
    *,
    outside: int = 0,
    max_average: int = 100,
    reverse_ties: bool = False,
    reading: str = "official",
) -> tuple[list[list[float]], list[float]]:
    """recall[threshold][point] and the average number of proposals at each of the 100 points."""
    videos = len(targets)
    everything = sum(map(len, proposals)) + outside
    lists = [ranked(video, reverse_ties) for video in proposals]
    if reading != "top-k":
        ratio = max_average * float(videos) / everything
        lists = [video[: min(int(len(video) * ratio), len(video))] for video in lists]
    total = sum(map(len, lists))
    instances = sum(map(len, targets))
    overlaps = [[[tiou(target, row[:2]) for row in lists[v]] for target in targets[v]] for v in range(videos)]
    recall = []
    for threshold in thresholds:
        row = []
        for j in range(1, 101):
            share = (j / 100.0) * (max_average * float(videos) / total) if total else 0.0
            hits = 0
            for v in range(videos):
                used = min(j, len(lists[v])) if reading == "top-k" else min(int(len(lists[v]) * share), len(lists[v]))
                if reading == "one-to-one":
                    free = set(range(len(targets[v])))
                    for k in range(used):
                        best = max(free, key=lambda g: (overlaps[v][g][k], -g), default=None)
                        if best is not None and overlaps[v][best][k] >= threshold:
                            free.remove(best)
                            hits += 1
                    continue
                for g in range(len(targets[v])):
                    for k in range(used):
                        found = overlaps[v][g][k]
                        if found > threshold or (found == threshold and reading != "strict"):
                            hits += 1
                            break
            row.append(hits / instances)
        recall.append(row)
    if reading == "top-k":
        return recall, [float(j) for j in range(1, 101)]
    per_video = max(total, 1)
    an = [(j / 100.0) * (max_average * float(videos) / per_video) * (per_video / videos) for j in range(1, 101)]
    return recall, an
