"""What a schema cannot say of a protocol file: names that refer to each other, tables that belong together."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from math import ceil
from typing import Any

from fervbench import schema, strict_json
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
    sound = not len(findings)
    if sound:
        _check_folds(document, findings)
    folds = any(evaluation["kind"] == "folds" for evaluation in document["evaluations"].values())
    source = document["default_source"]
    if source == EACH_FOLD and not folds:
        findings.add("unknown-name", "'each-fold' needs an evaluation of kind 'folds'", pointer="/default_source")
    elif source != EACH_FOLD and source not in configurations:
        unknown(source, [*configurations, EACH_FOLD], "/default_source", "configuration")
    elif source != EACH_FOLD and sound:
        used = {level for evaluation in document["evaluations"].values() for level in evaluation["source_levels"]}
        if configurations[source]["level"] not in used:
            sources = [id for id, configuration in configurations.items() if configuration["level"] in used]
            hint = f"the short form could not be scored; sources: {', '.join(sources[:30])}"
            message = f"no evaluation has the source {source!r}"
            findings.add("unused-source", message, hint=hint, pointer="/default_source")
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


def _check_folds(document: dict[str, Any], findings: Findings) -> None:
    """Folds are pooled, so no clip may be in two of them; the short form of 'each-fold' answers every clip."""
    configurations = document["configurations"]
    leaves = [id for id, configuration in configurations.items() if "members" not in configuration]
    for id, evaluation in document["evaluations"].items():
        if evaluation["kind"] != "folds":
            continue
        where = strict_json.pointer("evaluations", id, "source_levels")
        fold_of: dict[str, str] = {}
        for fold in (c for c in configurations if configurations[c]["level"] in evaluation["source_levels"]):
            shared = [leaf for leaf in below(fold, configurations) if fold_of.setdefault(leaf, fold) != fold]
            if shared:
                message = f"{fold!r} and {fold_of[shared[0]]!r} are folds of one evaluation and share {shared[0]!r}"
                hint = "pooled, its clips would count twice: name only levels that have no clip in common"
                findings.add("overlap", message, hint=hint, pointer=where)
        absent = [leaf for leaf in leaves if leaf not in fold_of]
        if absent and document["default_source"] == EACH_FOLD:
            message = f"{', '.join(map(repr, absent[:8]))} belongs to no fold, but default_source is 'each-fold'"
            hint = "the short form answers every clip: give its level here, or name another default_source"
            findings.add("left-out", message, hint=hint, pointer=where)


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
    subset = document.get("spotting", {}).get("subset")
    if split is not None and subset is not None and subset not in split["parts"]:
        message = f"the splitter makes no part {subset!r}"
        findings.add("unknown-name", message, hint=f"parts: {', '.join(split['parts'])}", pointer="/spotting/subset")


def check_counts(value: Any, leaves: Sequence[str], classes: Sequence[str], kind: str, findings: Findings) -> None:
    """Add a finding for everything in a counts document that a protocol with these leaves and classes cannot use.

    Where ids follow from the counts (kind 'counts'), a cell of n clips has the first ceil(0.2 n) as its test part.
    """
    definition = schema.load("counts")
    if not schema.accepts(value, definition):
        schema.violations(value, definition, findings)
        return
    for leaf, row in value["cells"].items():
        where = strict_json.pointer("cells", leaf)
        if leaf not in leaves:
            hint = f"leaf configurations: {', '.join(leaves[:30])}"
            findings.add("unknown-name", f"no leaf configuration {leaf!r}", hint=hint, pointer=where)
        for name, cell in row.items():
            here = where + strict_json.pointer(name)
            test, n = cell["test"], cell["test"] + cell.get("train", 0)
            if name not in classes:
                hint = f"known: {', '.join(classes[:30])}"
                findings.add("unknown-name", f"no class {name!r}", hint=hint, pointer=here)
            if kind == "counts" and test != ceil(n / 5):
                message = f"{test} of {n} clips are tested, the rule of embedded counts is {ceil(n / 5)}"
                findings.add("wrong-value", message, pointer=here)
            if kind == "counts" and n > 10_000:
                findings.add("wrong-value", f"{n} clips do not fit the ids 0000 to 9999", pointer=here)
    for leaf in leaves:
        if not any(cell["test"] for cell in value["cells"].get(leaf, {}).values()):
            findings.add("empty-configuration", f"{leaf} has no test clip", pointer=strict_json.pointer("cells"))
    _check_blocks(value, findings)


def _check_blocks(value: dict[str, Any], findings: Findings) -> None:
    size, blocks = value.get("block_size"), value.get("blocks")
    if (size is None) != (blocks is None):
        lacking = "blocks" if blocks is None else "block_size"
        findings.add("missing-key", f"block_size and blocks go together: {lacking!r} is missing", pointer="")
    elif size is not None and blocks is not None:
        for key in blocks:
            number = int(key) if key.isascii() and key.isdigit() and len(key) <= 15 else -1
            if key != f"{number // size * size:05d}":
                message = f"no block of {size} ids begins with {key}"
                findings.add("wrong-value", message, pointer=strict_json.pointer("blocks", key))


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
