"""Proposals as a submission, `fervbench-spotting/1`, and back: times to the tenth of a millisecond, a video a line."""

from __future__ import annotations

import json
from collections.abc import Mapping

import numpy as np

from fervbench.protocol import Protocol
from fervbench.reference.jobs import Job
from fervbench.reference.spotting.parts import FloatArray, Proposals
from fervbench.submission.proposals import FORMAT


def format_proposals(protocol: Protocol, proposals: Mapping[str, FloatArray], note: str | None = None) -> str:
    """A proposals file; scores keep nine digits, and a list its order."""
    lines = []
    for id in sorted(proposals):
        rows = [
            [round(onset, 4), round(offset, 4), float(f"{score:.9g}")]
            for onset, offset, score in proposals[id].tolist()
            if round(offset, 4) > round(onset, 4)
        ]
        lines.append(f"  {json.dumps(id)}: {json.dumps(rows)}")
    head = {"format": FORMAT, "protocol": protocol.id} | ({"x-note": note} if note else {})
    start = ",\n".join(f" {json.dumps(key)}: {json.dumps(value)}" for key, value in head.items())
    return f'{{\n{start},\n "proposals": {{\n' + ",\n".join(lines) + "\n }\n}\n"


def proposals_of(job: Job) -> Proposals:
    """The proposals of a finished job, as they were written."""
    stored = job.read("proposals.json")["proposals"]
    return {id: np.array(rows, dtype=np.float64).reshape(-1, 3) for id, rows in stored.items()}
