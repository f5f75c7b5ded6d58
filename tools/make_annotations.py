"""Make the synthetic raw annotations that ship (`examples/ratings`).

    python tools/make_annotations.py examples

Nobody has rated anything: annotators are simulated with known error rates, and the clips do not exist. Deterministic:
the same files every time, on every machine.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from make_examples import CLASSES, uniform

NOTE = """\
SYNTHETIC. These files are made by tools/make_annotations.py: annotators are simulated with known error rates, and the
clips and videos do not exist. No number made from them says anything about people, models or data sets.

clips.csv           60 clips, each rated by 10 of 12 annotators, right with a chance of 0.80 (long form)
votes.csv           240 clips with 10 votes each, in the columns of DFEW's annotation (wide form)
groups.csv          groups of clips with hidden known clips, as FERV39k had them: copies A1, A2, A3 of one group by
                    three annotators (right: 0.92, 0.65, 0.20), B1 and B2 with two known clips; 26 fine words, PASS,
                    and a professional's supplementary ratings of the clips of group A
flags.csv           the known clips of groups.csv
words.csv           which of the seven classes each fine word belongs to
intervals.csv       8 videos, the triples of five annotators each (SDFE-LV), off by some frames, some missed
clips-to-split.csv  120 clips with scene, class, subject and movie
tiny-votes.csv      ten votes for each clip of the example `tiny`, seven or more for its label
"""
WORDS = {
    "Happy": ["cheerful", "amused", "proud", "relieved", "content"],
    "Sad": ["sorrowful", "disappointed", "lonely", "ashamed"],
    "Neutral": ["calm", "absent"],
    "Angry": ["annoyed", "furious", "jealous", "bitter"],
    "Surprise": ["astonished", "amazed", "puzzled"],
    "Disgust": ["contemptuous", "revolted", "averse"],
    "Fear": ["anxious", "terrified", "worried", "startled", "tense"],
}
SHARES = {"Happy": 0.21, "Sad": 0.17, "Neutral": 0.22, "Angry": 0.18, "Surprise": 0.12, "Disgust": 0.02, "Fear": 0.08}


def choose(shares: dict[str, float], *key: object) -> str:
    """A name with the chance that it has."""
    point = uniform(*key) * sum(shares.values())
    for name, share in shares.items():
        point -= share
        if point < 0:
            return name
    return list(shares)[-1]


def rated(truth: str, right: float, *key: object) -> str:
    """What an annotator says who is right with a chance of `right`, and else names another class evenly."""
    if uniform(*key, "right") < right:
        return truth
    return choose({name: 1.0 for name in CLASSES if name != truth}, *key, "wrong")


def write(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def clips(target: Path) -> None:
    rows = []
    for c in range(1, 61):
        truth = choose(SHARES, "clip", c)
        absent = {int(12 * uniform("absent", c)), (int(12 * uniform("absent", c)) + 1 + int(11 * uniform("b", c))) % 12}
        rows += [
            (f"clip_{c:03d}", f"rater_{r + 1:02d}", rated(truth, 0.8, "clips", c, r))
            for r in range(12)
            if r not in absent
        ]
    write(target / "clips.csv", ("clip_id", "rater", "label"), rows)


def votes(target: Path) -> None:
    rows = []
    for c in range(1, 241):
        truth = choose(SHARES, "voted", c)
        clear = 0.55 + 0.43 * uniform("clear", c)  # some clips are harder than others
        said = [rated(truth, clear, "votes", c, r) for r in range(10)]
        counts = [said.count(name) for name in CLASSES]
        label = counts.index(max(counts)) + 1 if max(counts) > 6 else 0
        rows.append((*counts, c, label))
    heads = [f"{i}{name.lower()}" for i, name in enumerate(CLASSES, 1)]
    write(target / "votes.csv", (*heads, "order", "label"), rows)


def groups(target: Path) -> None:
    rows, flags = [], []
    for group, n, known, copies in (
        ("A", 60, 20, (("A1", "worker_01", 0.92), ("A2", "worker_02", 0.65), ("A3", "worker_03", 0.2))),
        ("B", 20, 2, (("B1", "worker_01", 0.92), ("B2", "worker_04", 0.8))),
    ):
        for c in range(1, n + 1):
            id, truth = f"{group}_{c:03d}", choose(SHARES, "group", group, c)
            if c <= known:
                flags.append((id, truth))
            for copy, worker, right in copies:
                said = rated(truth, right, "groups", group, c, worker)
                word = WORDS[said][int(len(WORDS[said]) * uniform("word", group, c, worker))]
                word = "PASS" if c % 29 == 0 else word
                rows.append((id, worker, word, "normal", copy))
            if group == "A" and c > known:
                rows.append((id, "professional_01", rated(truth, 0.97, "pro", c), "supplementary", "A"))
    write(target / "groups.csv", ("clip_id", "rater", "label", "role", "group"), rows)
    write(target / "flags.csv", ("clip_id", "label"), flags)
    write(target / "words.csv", ("label", "class"), [(word, name) for name, words in WORDS.items() for word in words])


def intervals(target: Path) -> None:
    names = {"Happy": 0.7, "Sad": 0.08, "Surprise": 0.1, "Angry": 0.08, "Disgust": 0.02, "Fear": 0.02}
    rows: list[tuple[object, ...]] = []
    for v in range(1, 9):
        duration, fps = 10 + round(20 * uniform("long", v)), 25
        number = 1 + int(3 * uniform("number", v))
        for r in range(5):
            base = (f"video_{v:02d}", f"rater_{(v + 2 * r) % 10 + 1:02d}")
            found = 0
            for i in range(number):
                middle = (i + 0.5) * duration / number
                label = choose(names, "interval", v, i)
                length = 0.6 + 3 * uniform("length", v, i)
                if uniform("missed", v, i, r) < 0.12:
                    continue
                start, end = (
                    round((at + 0.3 * (uniform(side, v, i, r) - 0.5)) * fps) / fps
                    for side, at in (("on", middle - length / 2), ("off", middle + length / 2))
                )
                said = label if uniform("label", v, i, r) < 0.9 else choose(names, "other", v, i, r)
                rows.append((*base, f"{start:.2f}", f"{end:.2f}", said, duration, fps))
                found += 1
            if not found:
                rows.append((*base, "", "", "", duration, fps))
    write(target / "intervals.csv", ("video_id", "rater", "onset", "offset", "label", "duration", "fps"), rows)


def to_split(target: Path) -> None:
    rows = []
    for c in range(1, 121):
        subject = int(24 * uniform("subject", c) ** 1.5)
        rows.append(
            (
                f"clip_{c:03d}",
                choose(SHARES, "split", c),
                ("Talkshow", "War", "Interview")[int(3 * uniform("scene", c))],
                f"subject_{subject:02d}",
                f"movie_{subject // 2:02d}",
            )
        )
    write(target / "clips-to-split.csv", ("clip_id", "label", "scene", "subject", "movie"), rows)


def tiny_votes(target: Path, labels: Path) -> None:
    rows = []
    with labels.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            own = 7 + int(4 * uniform("tiny", row["clip_id"]))
            counts = dict.fromkeys(CLASSES, 0) | {row["label"]: own}
            for r in range(10 - own):
                others = {name: 1.0 for name in CLASSES if name != row["label"]}
                counts[choose(others, "tiny", row["clip_id"], r)] += 1
            rows.append((row["clip_id"], *counts.values()))
    write(target / "tiny-votes.csv", ("clip_id", *CLASSES), rows)


def main(examples: Path) -> None:
    target = examples / "ratings"
    target.mkdir(parents=True, exist_ok=True)
    (target / "SYNTHETIC.txt").write_text(NOTE, encoding="utf-8")
    clips(target)
    votes(target)
    groups(target)
    intervals(target)
    to_split(target)
    tiny_votes(target, examples / "tiny" / "labels.csv")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
