"""What a scoring program needs to know, in one file: the protocol, the evaluation, the rules, and labels where given.

`fervbench-reference/1`: `protocol` (id), `definition` and `counts` (its TOML and the counts that it names, where it
does not ship with fervbench), `evaluation`, `missing`, `fingerprint`, `labels` (text of a labels or intervals file, or
null). The same file is Codabench's reference data and EvalAI's annotation file.
"""

from __future__ import annotations

import json
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fervbench import strict_json
from fervbench.errors import InputError, NotAvailableError, UsageError
from fervbench.files import read_bounded
from fervbench.ground_truth import GroundTruth, load_ground_truth
from fervbench.interval_truth import load_interval_truth
from fervbench.leaderboard.headline import headline, shown_metrics
from fervbench.protocol import Protocol, load_protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

FORMAT = "fervbench-reference/1"
NAME = "reference.json"


@dataclass(frozen=True)
class Column:
    """A column of a leaderboard: `key` names it to the platform, `metric` to fervbench."""

    key: str
    metric: str
    title: str


def columns(protocol: Protocol) -> list[Column]:
    """The columns of a protocol, the ranked metric first. Keys are letters, digits and `_`."""
    return [Column(name.replace("@", "_"), name, name.replace("_", " ")) for name in shown_metrics(protocol)]


def choose_evaluation(protocol: Protocol, name: str | None) -> str:
    """The evaluation to score: as named, else the first that the short form of a submission takes part in.

    Raises UsageError for an unknown one.
    """
    if name is None:
        for evaluation in protocol.evaluations.values():
            if evaluation.kind in ("folds", "spotting") or evaluation.sources == (protocol.default_source,):
                return evaluation.id
        return next(iter(protocol.evaluations))
    if name not in protocol.evaluations:
        raise UsageError(f"{protocol.id} has no evaluation {name!r}", hint=f"known: {', '.join(protocol.evaluations)}")
    return name


def intervals_shown(protocol: Protocol, evaluation: str) -> bool:
    """Whether the ranked number has an interval: it is one cell's, not a mean over several."""
    return len(headline(protocol, evaluation).cells) == 1


def make(protocol: str, evaluation: str | None, ground_truth: str | None, missing: str) -> tuple[Protocol, str, str]:
    """The protocol, the evaluation, and the text of the reference file.

    Labels are put in only where `ground_truth` names them, or where the protocol ships them beside its file. Raises
    NotAvailableError where there are none to score by.
    """
    loaded = load_protocol(protocol)
    chosen = choose_evaluation(loaded, evaluation)
    spotting = loaded.task == "spotting"
    truth = (load_interval_truth if spotting else load_ground_truth)(loaded, ground_truth)
    labels = None
    if loaded.ground_truth["kind"] != "counts":
        if ground_truth is None and "labels" not in loaded.ground_truth:
            raise NotAvailableError(
                f"the labels of {loaded.title} are licensed: they go into a bundle only where you say so",
                hint="--ground-truth PATH puts your copy into the reference data, which participants do not see",
            )
        labels = _labels_of(truth, loaded) if isinstance(truth, GroundTruth) else _file_of(loaded, ground_truth)
    definition = None
    if not loaded.shipped:
        definition = read_bounded(protocol).decode("utf-8")
    content = {
        "format": FORMAT,
        "protocol": loaded.id,
        "definition": definition,
        "counts": loaded.counts() if definition is not None else None,
        "evaluation": chosen,
        "missing": missing,
        "fingerprint": truth.sha256,
        "labels": labels,
    }
    return loaded, chosen, strict_json.dumps(content) + "\n"


def _labels_of(truth: GroundTruth, protocol: Protocol) -> str:
    """The test clips as a labels file."""
    clustered = truth.clusters is not None
    lines = ["clip_id,label,configuration" + (",cluster" if clustered else "")]
    for i, id in enumerate(truth.ids):
        line = f"{id},{protocol.classes[truth.label[i]]},{protocol.leaves[truth.leaf[i]]}"
        lines.append(line + (f",{truth.clusters[i]}" if truth.clusters is not None else ""))
    return "\n".join(lines) + "\n"


def _file_of(protocol: Protocol, path: str | None) -> str:
    if path is not None:
        return read_bounded(path).decode("utf-8")
    beside = protocol.folder / str(protocol.ground_truth["labels"])
    return beside.read_text(encoding="utf-8")


@contextmanager
def opened(path: Path) -> Iterator[tuple[Protocol, str | None, dict[str, Any]]]:
    """The protocol of a reference file, a path to its labels (None: embedded), and the file's content.

    Raises InputError for a file that is none.
    """
    try:
        content = json.loads(read_bounded(path))
        if content["format"] != FORMAT:
            raise KeyError
    except (ValueError, KeyError, TypeError):
        raise InputError(f"is no {FORMAT}: {path}", hint="fervbench export makes it", file=str(path)) from None
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        labels = None
        if content["labels"] is not None:
            labels = place / ("labels.csv" if content["labels"].startswith("clip_id") else "intervals.json")
            labels.write_text(content["labels"], encoding="utf-8")
        if content["definition"] is None:
            protocol = load_protocol(content["protocol"])
        else:
            (place / "protocol.toml").write_text(content["definition"], encoding="utf-8")
            if content["counts"] is not None:
                _put_counts(place, content)
            protocol = load_protocol(place / "protocol.toml")
        yield protocol, None if labels is None else str(labels), content


def _put_counts(place: Path, content: dict[str, Any]) -> None:
    import tomllib

    name = tomllib.loads(content["definition"])["ground_truth"]["counts"]
    target = (place / name).resolve()
    if place.resolve() in target.parents:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps(content["counts"]), encoding="utf-8")
