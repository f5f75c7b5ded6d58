"""Making an entry: a folder with submission.json, the predictions packed, and the result where it can be scored."""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from fervbench import schema
from fervbench.errors import InputError, UsageError
from fervbench.files import make_folder, read_bounded, write_whole
from fervbench.leaderboard.entries import (
    LIMITS,
    PREDICTIONS,
    RESULT,
    SUBMISSION,
    UNPACKED,
)
from fervbench.leaderboard.entry_checks import check_about, check_record
from fervbench.leaderboard.holding import check_claims
from fervbench.leaderboard.scoring import Ground, Scored, result_text, score_entry
from fervbench.leaderboard.telling import Told
from fervbench.leaderboard.wording import check_texts, is_slug


def read_predictions(path: str) -> bytes:
    """The unpacked text of a predictions file, within the limit of an entry."""
    return read_bounded(path, UNPACKED)


def packed(data: bytes) -> bytes:
    """One gzip member of the text, the same bytes each time."""
    return gzip.compress(data, compresslevel=9, mtime=0)


def record_of(job: Path) -> tuple[dict[str, Any], Path]:
    """The record of a finished job of `run-baseline`, and its predictions. Raises InputError where it is none."""
    found = {}
    for name in ("config.json", "done.json"):
        path = job / name
        if not path.is_file():
            raise InputError(f"is no finished job: {job} has no {name}", hint="run-baseline writes it last")
        try:
            found[name] = json.loads(read_bounded(path, 2**20))
        except ValueError:
            raise InputError(f"is damaged: {path}", file=str(path)) from None
    predictions = job / "predictions.json"
    sha256 = hashlib.sha256(read_bounded(predictions, UNPACKED)).hexdigest()
    record = {"job": job.name, "config": found["config.json"], "done": found["done.json"], "predictions_sha256": sha256}
    return record, predictions


def check_new(about: dict[str, Any], slug: str, data: bytes, file: str, ground: Ground) -> tuple[Scored | None, Told]:
    """Everything that `check` would say of an entry about to be made."""
    told = Told(file, f"{about['protocol']}/{slug}")
    if not is_slug(slug):
        told.add("bad-slug", f"{slug[:80]!r} is no slug", hint="a to z, 0 to 9 and hyphens, up to 64 of them")
    definition = schema.load("entry")
    if not schema.accepts(about, definition):
        schema.violations(about, definition, told)
        return None, told
    check_texts(about, told)
    check_about(about, ground.protocol, predictions=True, told=told)
    check_record(about, hashlib.sha256(data).hexdigest(), told)
    scored = score_entry(told.id or "", data, file, ground, told, missing=str(about.get("missing", "error")))
    if scored is not None and scored.result is not None:
        check_claims(about, scored.result["scores"], told)
    return scored, told


def claims_of(scored: Scored) -> dict[str, dict[str, float]]:
    """What the predictions give, as it is printed: four decimals of a share."""
    claims: dict[str, dict[str, float]] = {}
    for evaluation, scores in (scored.result or {"scores": {}})["scores"].items():
        found = {metric: each["value"] for metric, each in scores.items() if metric in ("WAR", "UAR", "AUC")}
        claims[evaluation] = {metric: round(value, 4) for metric, value in found.items() if value is not None}
    return {evaluation: claim for evaluation, claim in claims.items() if claim}


def about_text(about: dict[str, Any]) -> str:
    """submission.json as people read it: a key a line, in the order of the schema."""
    order = [*schema.load("entry")["properties"], *sorted(key for key in about if key.startswith("x-"))]
    return json.dumps({key: about[key] for key in order if key in about}, indent=2, ensure_ascii=False) + "\n"


def write_entry(
    board: Path, slug: str, about: dict[str, Any], data: bytes, result: dict[str, Any] | None, *, overwrite: bool
) -> Path:
    """Write an entry's folder, whole or not at all. Raises UsageError where it exists."""
    folder = board / str(about["protocol"]) / slug
    if folder.exists() and not overwrite:
        raise UsageError(
            f"exists already: {folder}", hint="--force replaces it, --slug names another", file=str(folder)
        )
    small = packed(data)
    if len(small) > LIMITS[PREDICTIONS[1]]:
        raise InputError(
            f"the predictions are {len(small):,} bytes when packed, an entry may hold {LIMITS[PREDICTIONS[1]]:,}"
        )
    make_folder(folder.parent)
    temporary = Path(tempfile.mkdtemp(prefix=f".{slug[:32]}.", dir=folder.parent))
    try:
        write_whole(temporary / SUBMISSION, about_text(about))
        write_whole(temporary / PREDICTIONS[1], small)
        if result is not None:
            write_whole(temporary / RESULT, result_text(result))
        temporary.chmod(0o755)
        old = None
        if folder.exists():
            old = Path(tempfile.mkdtemp(prefix=f".{slug[:32]}.old.", dir=folder.parent))
            folder.rename(old / "entry")
        temporary.replace(folder)
        if old is not None:
            shutil.rmtree(old)
    except OSError as error:
        raise InputError(f"cannot be written: {folder} ({error.strerror or error})", file=str(folder)) from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return folder
