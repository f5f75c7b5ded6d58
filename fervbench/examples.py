"""Example files to try fervbench with. Each says of itself what it is, in its name and when it is scored."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from fervbench.errors import UsageError
from fervbench.files import make_folder, write_whole
from fervbench.ground_truth import load_ground_truth
from fervbench.protocol import load_protocol
from fervbench.resources import data_dir
from fervbench.submission.writing import format_submission

# name: (what it is, its files). The first is made from a published confusion matrix, the others ship as they are.
EXAMPLES: dict[str, tuple[str, tuple[str, ...]]] = {
    "mae-dfer-overall-only": (
        "FERV39k predictions that realise MAE-DFER's published confusion matrix (only the overall line is the model's)",
        ("mae-dfer-overall-only.json",),
    ),
    "tiny": (
        "a small made-up protocol in DFEW's shape, with labels, predictions and a CSV of scores",
        ("tiny/protocol.toml", "tiny/labels.csv", "tiny/predictions.json", "tiny/scores.csv"),
    ),
    "spotting": (
        "a small made-up spotting protocol in SDFE-LV's shape, with intervals and proposals",
        ("spotting/protocol.toml", "spotting/intervals.json", "spotting/proposals.json"),
    ),
    "table": (
        "a table of results as an author would write it (a published confusion matrix), to be checked",
        ("my_table.json",),
    ),
    "invalid": ("a FERV39k file with many mistakes, to see what refusal looks like", ("invalid.json",)),
    "ratings": (
        "made-up raw annotations: ratings and votes of clips, groups with known clips, triples of videos",
        (
            "ratings/SYNTHETIC.txt",
            "ratings/clips.csv",
            "ratings/votes.csv",
            "ratings/groups.csv",
            "ratings/flags.csv",
            "ratings/words.csv",
            "ratings/intervals.csv",
            "ratings/clips-to-split.csv",
            "ratings/tiny-votes.csv",
        ),
    ),
}


def from_confusion() -> str:
    """Predictions for FERV39k whose confusion matrix is the one that MAE-DFER's authors logged.

    Which clip of a class gets which answer is drawn from a hash of its id, so nothing below the overall line and the
    class table is the model's; the file says so in its note.
    """
    published = json.loads((data_dir("examples") / "mae-dfer-ferv39k-confusion.json").read_text(encoding="utf-8"))
    protocol = load_protocol("ferv39k")
    truth = load_ground_truth(protocol)
    clips: dict[str, list[str]] = {name: [] for name in protocol.classes}
    for id, label in zip(truth.ids, truth.label.tolist(), strict=True):
        clips[protocol.classes[label]].append(id)
    answers: dict[str, str] = {}
    for name, row in zip(published["classes"], published["confusion"], strict=True):
        drawn = iter(sorted(clips[name], key=lambda id: hashlib.sha256(id.encode()).digest()))
        for predicted, n in zip(published["classes"], row, strict=True):
            for _ in range(n):
                answers[next(drawn)] = predicted
    ordered = {id: answers[id] for id in sorted(answers)}
    return format_submission(protocol, [(None, None, ordered)], note=published["note"])


def texts(name: str) -> dict[str, str]:
    """The files of an example with their content. Raises UsageError for a name that is none."""
    if name not in EXAMPLES:
        raise UsageError(f"no example {name!r}", hint=f"known: {', '.join(EXAMPLES)}")
    if name == "mae-dfer-overall-only":
        return {f"{name}.json": from_confusion()}
    folder = data_dir("examples")
    return {file: (folder / file).read_text(encoding="utf-8") for file in EXAMPLES[name][1]}


def write_example(name: str, folder: Path, *, overwrite: bool = False) -> list[tuple[Path, bool]]:
    """Write the files of an example under `folder`; each path with whether it was written or was there already.

    Raises UsageError where another file of the name stands there.
    """
    written = []
    for file, text in texts(name).items():
        path = folder / file
        same = path.is_file() and path.read_bytes() == text.encode()
        if not same:
            make_folder(path.parent)
            write_whole(path, text, overwrite=overwrite)
        written.append((path, not same))
    return written
