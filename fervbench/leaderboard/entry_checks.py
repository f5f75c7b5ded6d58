"""What is wrong with the files of one entry: names, kinds, sizes, and all that submission.json and result.json say."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

from fervbench import schema, strict_json
from fervbench.errors import InputError
from fervbench.leaderboard.entry import LIMITS, NAMES, PREDICTIONS, RESULT, SUBMISSION, Folderful
from fervbench.leaderboard.headline import shown_metrics
from fervbench.leaderboard.sources import FILE, Files
from fervbench.leaderboard.telling import Told
from fervbench.leaderboard.wording import check_texts, is_slug
from fervbench.protocol import Protocol


def check_files(of: Folderful, told: Told) -> bool:
    """Findings for names, kinds and sizes. False where the entry cannot be read on."""
    for what, name in (("protocol", of.protocol), ("slug", of.slug)):
        if not is_slug(name):
            hint = "a to z, 0 to 9 and single hyphens, up to 64 of them, beginning with a letter or digit"
            told.add("bad-slug", f"the {what} {name[:80]!r} is not a name of a folder here", hint=hint)
    for name, listed in of.files.items():
        where = of.path(name)
        if name not in NAMES:
            known = ", ".join(NAMES)
            told.add("unknown-file", f"is not a file of an entry: {name[:100]!r}", hint=f"known: {known}", file=where)
        elif listed.kind != FILE:
            message = f"is a {listed.kind}, not an ordinary file"
            rule = {"link": "symlink", "submodule": "submodule"}.get(listed.kind, "file-kind")
            told.add(rule, message, hint="files of an entry are ordinary files without the right to run", file=where)
        elif listed.size > LIMITS[name]:
            limit = LIMITS[name]
            shown = f"{limit // 2**20} MiB" if limit >= 2**20 else f"{limit // 2**10} KiB"
            told.add("too-large", f"holds {listed.size:,} bytes; the limit is {shown}", file=where)
        if listed.kind == "link" and name not in NAMES:
            told.add("symlink", "is a link: links are not followed", file=where)
    if SUBMISSION not in of.files:
        told.add("no-submission", f"there is no {SUBMISSION}", hint="fervbench submit init makes an entry")
    if all(name in of.files for name in PREDICTIONS):
        told.add("two-predictions", f"{PREDICTIONS[0]} and {PREDICTIONS[1]} are both there: keep one")
    return not told.errors


def read_about(of: Folderful, files: Files, told: Told) -> tuple[dict[str, Any] | None, bytes]:
    """submission.json, or None with findings; and its bytes."""
    file = of.path(SUBMISSION)
    told.file = file
    data, content = _read_json(file, files, LIMITS[SUBMISSION], "entry", told)
    if content is None:
        return None, data
    check_texts(content, told)
    if content["protocol"] != of.protocol:
        message = f"names the protocol {content['protocol']!r}, and stands in the folder {of.protocol!r}"
        told.add("wrong-folder", message, pointer="/protocol")
    return (content if not told.errors else None), data


def read_result(of: Folderful, files: Files, told: Told) -> tuple[dict[str, Any] | None, bytes]:
    """result.json, or None; findings for one that the tool cannot have written."""
    if RESULT not in of.files:
        return None, b""
    file = of.path(RESULT)
    told.file = file
    before = told.errors
    data, content = _read_json(file, files, LIMITS[RESULT], "result", told)
    if content is not None:
        problem = _not_a_report(content["report"], of.protocol)
        if problem is not None:
            told.add("result-invalid", problem, hint="remove it: the tool writes it again", pointer="/report")
        elif content["entry"] != of.id:
            message = f"is the result of {content['entry']!r}, not of {of.id!r}"
            told.add("result-invalid", message, hint="remove it: the tool writes it again", pointer="/entry")
    return (content if told.errors == before else None), data


def _not_a_report(report: dict[str, Any], protocol: str) -> str | None:
    definition = schema.load("report")
    if not schema.accepts(report, definition):
        return "the report in it is not fervbench-report/1"
    if report["protocol"]["id"] != protocol:
        return f"the report in it is of the protocol {report['protocol']['id']!r}"
    return None


def _read_json(file: str, files: Files, limit: int, name: str, told: Told) -> tuple[bytes, dict[str, Any] | None]:
    try:
        data = files.read(file, limit)
    except InputError as error:
        told.add("unreadable", error.message)
        return b"", None
    before = told.errors
    try:
        document = strict_json.parse(data, file)
    except InputError as error:
        told.take(error.findings)
        return data, None
    strict_json.walk(document.value, told)
    definition = schema.load(name)
    if told.errors == before and not schema.accepts(document.value, definition):
        schema.violations(document.value, definition, told)
        _explain_scores(told)
    return data, document.value if told.errors == before else None


def _explain_scores(told: Told) -> None:
    """A score above 1 is one in per cent."""
    for i, finding in enumerate(told.kept):
        place = finding.pointer or ""
        if (
            finding.rule == "wrong-value"
            and ("maximum" in finding.message)
            and place.startswith(("/claimed", "/cells"))
        ):
            told.kept[i] = replace(finding, hint="scores are shares of 1: 0.5207, not 52.07")


def check_about(about: dict[str, Any], protocol: Protocol, *, predictions: bool, told: Told) -> None:
    """What a schema cannot say of submission.json."""
    known = protocol.evaluations
    shown = shown_metrics(protocol)
    for evaluation, scores in about["claimed"].items():
        if evaluation not in known:
            message = f"{protocol.id} has no evaluation {evaluation!r}"
            told.add("unknown-evaluation", message, hint=f"known: {', '.join(known)}", pointer="/claimed")
        for metric in scores:
            if metric not in shown and not (protocol.task == "spotting" and metric.startswith("AR@")):
                message = f"{protocol.id} has no metric {metric!r}"
                told.add("unknown-metric", message, hint=f"known: {', '.join(shown)}", pointer=f"/claimed/{evaluation}")
    for i, cell in enumerate(about.get("cells", ())):
        if cell["evaluation"] not in known:
            message = f"{protocol.id} has no evaluation {cell['evaluation']!r}"
            told.add("unknown-evaluation", message, pointer=f"/cells/{i}/evaluation")
    if not predictions and "reported_in" not in about:
        hint = "name the paper or repository that prints the numbers, or add predictions.json"
        told.add("no-source", "there are neither predictions nor a source of the numbers", hint=hint)
    if not predictions and "record" in about:
        told.add("no-predictions", "there is the record of a job, and no predictions", pointer="/record")
    for key, what in (("extra_data", "extra data"), ("pretraining", "pretraining"), ("modalities", "modalities"),
                      ("selection", "how it was chosen")):  # fmt: skip
        if about[key] is None and predictions:
            told.note("undeclared", f"{what} is not declared: it competes where anything goes", pointer=f"/{key}")
    chosen = about["selection"]
    if chosen is not None and chosen["split"] == "test":
        told.note("test-selection", "was chosen by looking at the test part: it is shown as such", pointer="/selection")
    if about["extra_data"] is not None and about["extra_data"]["used"] and len(about["extra_data"]["details"]) < 3:
        told.add("no-details", "extra data is used and not named", pointer="/extra_data/details")


def check_record(about: dict[str, Any], sha256: str, told: Told) -> None:
    """A job's record: its name holds the hash of its configuration, and its predictions are these."""
    record = about.get("record")
    if record is None:
        return
    digest = hashlib.sha256(strict_json.dumps(record["config"]).encode()).hexdigest()
    if not record["job"].endswith(f"-{digest[:16]}"):
        message = "the configuration is not the one that the job's name stands for"
        told.add("record-differs", message, hint="copy the job's config.json as it is", pointer="/record/config")
    if record["predictions_sha256"] != sha256:
        message = "the predictions are not those of the job"
        told.add("record-differs", message, pointer="/record/predictions_sha256")
    if record["config"].get("synthetic"):
        told.add("synthetic", "the job was trained on rendered data: a score on it is no result", pointer="/record")
