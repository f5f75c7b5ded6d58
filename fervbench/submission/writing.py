"""Predictions as text: one answer a line, so that files can be read and compared by people."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from fervbench.ground_truth import GroundTruth
from fervbench.interval_truth import IntervalTruth
from fervbench.protocol import Evaluation, Protocol
from fervbench.submission.coverage import clips_of
from fervbench.submission.reading import FORMAT

SPOTTING_FORMAT = "fervbench-spotting/1"
Answers = Mapping[str, str | Sequence[float] | None]


def format_submission(
    protocol: Protocol,
    runs: Sequence[tuple[str | None, int | None, Answers]],
    *,
    classes: Sequence[str] | None = None,
    note: str | None = None,
) -> str:
    """A predictions file from (trained_on, seed, answers). One run without a source is written in the short form."""
    head: dict[str, Any] = {"format": FORMAT, "protocol": protocol.id}
    if note:
        head["x-note"] = note
    if classes is not None:
        head["classes"] = list(classes)
    lines = ",\n".join(f" {json.dumps(key)}: {json.dumps(value)}" for key, value in head.items())
    if len(runs) == 1 and runs[0][:2] == (None, None):
        return f'{{\n{lines},\n "predictions": {_answers(runs[0][2])}\n}}\n'
    texts = []
    for source, seed, answers in runs:
        named: dict[str, Any] = {"trained_on": source or protocol.default_source}
        if seed is not None:
            named["seed"] = seed
        fields = ", ".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in named.items())
        texts.append(f'  {{{fields}, "predictions": {_answers(answers)}}}')
    return f'{{\n{lines},\n "runs": [\n{",".join(chr(10) + text for text in texts)[1:]}\n ]\n}}\n'


def _answers(answers: Answers) -> str:
    lines = ",\n".join(f"  {json.dumps(id)}: {json.dumps(answer)}" for id, answer in answers.items())
    return f"{{\n{lines}\n }}" if lines else "{}"


def template(protocol: Protocol, truth: GroundTruth, evaluation: Evaluation | None = None) -> str:
    """A predictions file with every id and no answers: the short form, or one run for each source of `evaluation`."""
    ids = sorted(truth.ids)
    if evaluation is None:
        return format_submission(protocol, [(None, None, dict.fromkeys(ids))])
    runs = []
    for source in evaluation.sources:
        asked = clips_of(set(evaluation.targets(source)), protocol, truth)
        answers = dict.fromkeys(sorted(id for id, ask in zip(truth.ids, asked.tolist(), strict=True) if ask))
        runs.append((source, None, answers))
    return format_submission(protocol, runs)


def spotting_template(protocol: Protocol, truth: IntervalTruth) -> str:
    """A proposals file with every video of the tested split and no proposals."""
    lines = ",\n".join(f"  {json.dumps(id)}: []" for id in [*truth.videos, *sorted(truth.silent)])
    head = f'{{"format": "{SPOTTING_FORMAT}", "protocol": {json.dumps(protocol.id)},'
    return f'{head}\n "proposals": {{\n{lines}\n }}}}\n'
