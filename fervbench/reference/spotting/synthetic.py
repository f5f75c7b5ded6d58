"""Rendered videos: scored by a protocol of their own, `<id>-synthetic`, that says what they are with every number."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path

from fervbench.interval_files import Video, write_intervals
from fervbench.protocol import Protocol, build
from fervbench.reference.synthetic import NOTE


def derive(protocol: Protocol, videos: Mapping[str, Video]) -> tuple[Protocol, dict[str, str]]:
    """The protocol for rendered videos, and the files that define it: protocol.toml and intervals.json."""
    toml = _toml(protocol)
    made = build(tomllib.loads(toml), Path(), f"{protocol.id}-synthetic")
    return made, {"protocol.toml": toml, "intervals.json": write_intervals(videos)}


def _toml(protocol: Protocol) -> str:
    head = {
        "format": "fervbench-protocol/1",
        "id": f"{protocol.id}-synthetic",
        "version": protocol.version,
        "title": f"{protocol.title}, SYNTHETIC data",
        "note": NOTE,
        "task": protocol.task,
        "classes": list(protocol.classes),
        "default_source": protocol.default_source,
        "aggregation": protocol.aggregation,
    }
    truth = {"kind": "intervals", "labels": "intervals.json", "source": "the rendered release"}
    tables: dict[str, Mapping[str, object]] = {"ground_truth": truth, "spotting": protocol.spotting or {}}
    if protocol.split is not None:
        tables["split"] = protocol.split
    for each in protocol.configurations.values():
        tables[f"configurations.{json.dumps(each.id)}"] = {"level": each.level}
    for evaluation in protocol.evaluations.values():
        levels = list(dict.fromkeys(protocol.configurations[c].level for c in evaluation.sources))
        about = {"title": evaluation.title, "kind": evaluation.kind, "source_levels": levels}
        tables[f"evaluations.{json.dumps(evaluation.id)}"] = about
    lines = [f"# {NOTE}", *_pairs(head)]
    for name, table in tables.items():
        lines += [f"[{name}]", *_pairs(table)]
    return "\n".join(lines) + "\n"


def _pairs(values: Mapping[str, object]) -> list[str]:
    return [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in values.items()]
