"""What can be said of a predictions file without the ground truth: its form, its values, how many clips it answers.

Public continuous integration has no labels of licensed datasets. It reads a submission as `reading` does, up to where
clips are looked up.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fervbench import strict_json
from fervbench.errors import InputError, SubmissionError
from fervbench.findings import Findings
from fervbench.protocol import EACH_FOLD, Protocol
from fervbench.submission.answers import read_answers
from fervbench.submission.choosing import choose_protocol
from fervbench.submission.converting import check_form
from fervbench.submission.proposals import read_proposals
from fervbench.submission.reading import _check_classes, _check_header, _raw_runs


@dataclass(frozen=True)
class Form:
    """Ids in order and a number for each answer (class index; for proposals a part of their hash)."""

    ids: tuple[str, ...]
    answers: npt.NDArray[np.uint8]
    sha256: str


def read_form(data: bytes, file: str, protocol: Protocol) -> Form:
    """The form of predictions or proposals. Raises SubmissionError with every finding."""
    findings = Findings(file)
    try:
        found = _proposals(data, file, protocol, findings) if protocol.task == "spotting" else None
        found = found or _recognition(data, file, protocol, findings)
    except SubmissionError:
        raise
    except InputError as error:
        raise SubmissionError(error.message, hint=error.hint, file=file, findings=error.findings) from None
    if len(findings) or found is None:
        raise SubmissionError(f"is not in order: {file}", file=file, findings=findings if len(findings) else None)
    return Form(found[0], found[1], hashlib.sha256(data).hexdigest())


Found = tuple[tuple[str, ...], npt.NDArray[np.uint8]]


def _recognition(data: bytes, file: str, protocol: Protocol, findings: Findings) -> Found | None:
    content = _check_header(strict_json.parse(data, file), findings)
    if content is None:
        return None
    choose_protocol(content["protocol"], protocol, findings)
    order = _check_classes(content.get("classes"), protocol, findings)
    ids: list[str] = []
    answers: list[npt.NDArray[np.int64]] = []
    for raw, where in _raw_runs(content, protocol):
        predictions, source = raw.get("predictions"), raw.get("trained_on")
        if not isinstance(predictions, dict):
            continue
        if source not in (*protocol.sources, EACH_FOLD):
            message = f"no configuration {str(source)[:100]!r} to train on"
            findings.add("unknown-source", message, pointer=f"{where}/trained_on")
        findings.extend(check_form(predictions, order, protocol, file).kept)
        _check_number(predictions, str(source), protocol, where, findings)
        own = [protocol.ids.canonical(id) for id in predictions]
        if len(set(own)) < len(own):
            findings.add("duplicate-id", "two spellings of one id are answered", pointer=f"{where}/predictions")
        codes, _ = read_answers(predictions, order, protocol.classes, where, Findings(file))
        at = sorted(range(len(own)), key=own.__getitem__)
        ids += [f"{source}\t{own[i]}" for i in at]
        answers.append(codes[at])
    joined = np.concatenate(answers) if answers else np.empty(0, dtype=np.int64)
    return tuple(ids), (joined + 2).astype(np.uint8)


def _check_number(predictions: dict[str, object], source: str, protocol: Protocol, where: str, told: Findings) -> None:
    """A run that answers another number of clips than its targets have, where the protocol says how many."""
    sizes = protocol.ground_truth.get("sizes", {})
    leaves = protocol.leaves if source == EACH_FOLD else ()
    if source in protocol.configurations:
        names = set(protocol.targets(source))
        leaves = tuple(dict.fromkeys(leaf for t in names for leaf in protocol.configurations[t].leaves))
    if not leaves or any(leaf not in sizes for leaf in leaves):
        return
    wanted = sum(sizes[leaf] for leaf in leaves)
    if len(predictions) != wanted:
        message = f"answers {len(predictions):,} clips; {source} is tested on {wanted:,}"
        told.add("wrong-number", message, pointer=f"{where}/predictions")


def _proposals(data: bytes, file: str, protocol: Protocol, findings: Findings) -> Found | None:
    proposals = read_proposals(data, file, findings)
    if proposals is None:
        return (), np.empty(0, dtype=np.uint8)
    if proposals.protocol is not None:
        choose_protocol(proposals.protocol, protocol, findings)
    rows = proposals.rows
    wrong = np.flatnonzero((rows[:, 0] >= rows[:, 1]) | (rows[:, 0] < 0)) if len(rows) else np.empty(0, dtype=np.int64)
    if len(wrong):
        first = rows[wrong[0]].tolist()
        message = f"{len(wrong):,} proposals begin before 0 or do not end after they begin; the first is {first}"
        findings.add("inverted-interval", message, pointer=proposals.where)
    if not len(rows):
        findings.add("no-proposals", "there are no proposals at all", pointer=proposals.where)
    return packed_proposals(proposals.videos, proposals.sizes, rows)


def packed_proposals(videos: list[str], sizes: npt.NDArray[np.int64], rows: npt.NDArray[np.float64]) -> Found:
    """One byte a proposal, made of its interval: what two files of the same proposals have in common."""
    codes = (np.round(rows[:, 0] * 1000) * 31 + np.round(rows[:, 1] * 1000) * 17).astype(np.int64) % 251
    ids = tuple(f"{video}\t{n}" for video, n in zip(videos, sizes.tolist(), strict=True))
    return ids, codes.astype(np.uint8)
