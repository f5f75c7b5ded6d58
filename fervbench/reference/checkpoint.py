"""Checkpoints: whole or not there, and only ever continued by the job that wrote them."""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

import torch

from fervbench.errors import InputError

FORMAT = "fervbench-checkpoint/1"


def save(path: Path, job: str, model: str, state: dict[str, Any]) -> None:
    """Write a state in place of the last one, in one step: a kill at any moment leaves one of the two.

    Raises InputError where it cannot be written; the last one is then still there.
    """
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        with _undisturbed():
            with temporary.open("wb") as file:
                torch.save({"format": FORMAT, "job": job, "model": model, **state}, file)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        _sync_folder(path.parent)
    except (OSError, RuntimeError) as error:  # torch says RuntimeError of a full disk
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        hint = "is the disk full? The last checkpoint is kept: the same command goes on from it"
        raise InputError(f"cannot be written: {path} ({reason})", hint=hint, file=str(path)) from None


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Hold an interrupt from the keyboard back until the end: within torch.save it comes out as a RuntimeError."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    caught: list[tuple[int, FrameType | None]] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: caught.append((number, frame)))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if caught and callable(before):
        before(*caught[0])


def load(path: Path, job: str, model: str, device: torch.device) -> dict[str, Any] | None:
    """The state that the job left, None where it left none. Raises InputError for another's file or a damaged one."""
    path.with_name(f".{path.name}.tmp").unlink(missing_ok=True)
    if not path.exists():
        return None
    try:
        content: Any = torch.load(path, map_location=device, weights_only=True)
    except (OSError, RuntimeError, EOFError, LookupError, ValueError, pickle.UnpicklingError):
        hint = "remove it to train from the start"
        raise InputError(f"is no checkpoint, or a damaged one: {path}", hint=hint, file=str(path)) from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise InputError(f"is not a checkpoint of fervbench: {path}", file=str(path))
    if content["model"] != model:
        hint = "remove it to train from the start"
        message = f"is a checkpoint of {content['model']}, not of {model}: {path}"
        raise InputError(message, hint=hint, file=str(path))
    if content["job"] != job:
        hint = "other settings, data or seed; remove it to train from the start"
        raise InputError(f"is a checkpoint of another job, {content['job']}: {path}", hint=hint, file=str(path))
    return content


def _sync_folder(folder: Path) -> None:
    with suppress(OSError):  # not on every system
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
