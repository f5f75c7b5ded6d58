"""What a schema cannot say of a protocol file: names that refer to each other, tables that belong together."""

from __future__ import annotations

import difflib
import re
from typing import Any

from fervbench import strict_json
from fervbench.findings import Findings

# default_source of a protocol of folds: the short form answers every fold, each clip by the model that left it out
EACH_FOLD = "each-fold"
POOLED = "pooled"
FOLD_MEAN = "fold-mean"


def check_references(document: dict[str, Any], findings: Findings) -> None:
    """Add a finding for everything in a document of the right shape that does not fit together."""
    configurations = document["configurations"]
    levels = {c["level"] for c in configurations.values()}

    def unknown(name: str, known: list[str], where: str, what: str) -> None:
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known)}"
        findings.add("unknown-name", f"no {what} {name!r}", hint=hint, pointer=where)

    for id, configuration in configurations.items():
        for i, member in enumerate(configuration.get("members", [])):
            if member not in configurations:
                where = strict_json.pointer("configurations", id, "members", i)
                unknown(member, list(configurations), where, "configuration")
        if id in (POOLED, FOLD_MEAN, EACH_FOLD):
            findings.add("reserved-name", f"{id!r} is reserved", pointer=strict_json.pointer("configurations", id))
    if not len(findings):
        for id in configurations:
            if any(id in configurations[each].get("members", ()) for each in below(id, configurations)):
                where = strict_json.pointer("configurations", id, "members")
                findings.add("circular", f"{id!r} is a member of itself", pointer=where)
    for id, evaluation in document["evaluations"].items():
        for key in ("source_levels", "target_levels"):
            for i, level in enumerate(evaluation.get(key, [])):
                if level not in levels:
                    unknown(level, sorted(levels), strict_json.pointer("evaluations", id, key, i), "level")
        if evaluation["kind"] == "grid" and "target_levels" not in evaluation:
            where = strict_json.pointer("evaluations", id)
            findings.add("missing-key", "a grid needs the key 'target_levels'", pointer=where)
    folds = any(evaluation["kind"] == "folds" for evaluation in document["evaluations"].values())
    source = document["default_source"]
    if source == EACH_FOLD and not folds:
        findings.add("unknown-name", "'each-fold' needs an evaluation of kind 'folds'", pointer="/default_source")
    elif source != EACH_FOLD and source not in configurations:
        unknown(source, [*configurations, EACH_FOLD], "/default_source", "configuration")
    truth = document["ground_truth"]
    if truth["kind"] == "counts" and "counts" not in truth:
        findings.add("missing-key", "kind 'counts' needs the key 'counts'", pointer="/ground_truth")
    _check_task(document, findings)
    for id in truth.get("sizes", {}):
        if id not in configurations:
            unknown(id, list(configurations), strict_json.pointer("ground_truth", "sizes", id), "configuration")
    pattern = document.get("ids", {}).get("pattern")
    if pattern is not None:
        try:
            re.compile(pattern)
        except (re.error, OverflowError, RecursionError) as error:
            findings.add("wrong-value", f"is not a regular expression ({error})", pointer="/ids/pattern")


def _check_task(document: dict[str, Any], findings: Findings) -> None:
    """Recognition has labels and two classes or more; spotting has intervals, its table and evaluations of its kind."""
    spotting = document["task"] == "spotting"
    kind = document["ground_truth"]["kind"]
    if (kind == "intervals") != spotting:
        message = f"kind {kind!r} is not for {document['task']}"
        findings.add("wrong-value", message, pointer="/ground_truth/kind")
    if not spotting and len(document["classes"]) < 2:
        findings.add("wrong-value", "recognition needs at least two classes", pointer="/classes")
    if spotting != ("spotting" in document):
        said = "needs the table 'spotting'" if spotting else "has no use for the table 'spotting'"
        findings.add("missing-key" if spotting else "unknown-key", f"{document['task']} {said}", pointer="/spotting")
    for id, evaluation in document["evaluations"].items():
        if (evaluation["kind"] == "spotting") != spotting:
            message = f"an evaluation of kind {evaluation['kind']!r} is not for {document['task']}"
            findings.add("wrong-value", message, pointer=strict_json.pointer("evaluations", id, "kind"))
    durations = document.get("spotting", {}).get("durations", [])
    if durations != sorted(durations):
        findings.add("wrong-value", "bounds are not ascending", pointer="/spotting/durations")
    split = document.get("split")
    if split is not None and len(split["parts"]) != len(split["weights"]):
        findings.add("wrong-value", "parts and weights differ in number", pointer="/split")


def below(id: str, configurations: dict[str, Any]) -> tuple[str, ...]:
    """`id` and everything that it unites, each once, in the order of the members."""
    found: dict[str, None] = {}
    stack = [id]
    while stack:
        name = stack.pop()
        if name not in found:
            found[name] = None
            stack += reversed(configurations[name].get("members", ()))
    return tuple(found)
