"""Writing a pack clip by clip, and putting a finished one in its place in one step.

Everything is written into a folder beside the target (`.NAME.partial`) and renamed at the end: whoever opens the
target sees a whole pack or none.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from fervbench.errors import BusyError, InputError, UsageError
from fervbench.files import make_folder
from fervbench.pack.header import FRAMES, HEADER, OFFSETS, Header, npy_header, npy_offsets

Frames = NDArray[np.uint8]


def partial_folder(out: Path) -> Path:
    """Where the pack `out` is made."""
    return out.with_name(f".{out.name}.partial")


def check_target(out: Path, *, overwrite: bool) -> None:
    """Raise UsageError where `out` may not be written: it is there and not to be replaced, or is no pack."""
    if out.name in ("", ".", ".."):
        raise UsageError(f"is no name for a pack: {out}")
    if not os.path.lexists(out):
        return
    if not overwrite:
        raise UsageError(f"exists already: {out}", hint="--force replaces it", file=str(out))
    if not (out / HEADER).is_file() or not (out / FRAMES).is_file():
        raise UsageError(f"exists and is no pack, so it is not replaced: {out}", file=str(out))


@contextlib.contextmanager
def locked(partial: Path) -> Iterator[None]:
    """Hold the partial folder, made if need be. Raises BusyError where another process is at work in it."""
    make_folder(partial)
    with (partial / "lock").open("a") as file:
        try:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except ImportError:  # no such locks here
            pass
        except OSError:
            name = partial.name.removeprefix(".").removesuffix(".partial")
            raise BusyError(f"another process is writing {name}", file=str(partial)) from None
        yield


def finish(folder: Path, out: Path, header: Header, offsets: NDArray[np.int64]) -> None:
    """Write offsets and header into `folder` (the frames are there), rename it to `out`, remove the partial folder."""
    (folder / OFFSETS).write_bytes(npy_offsets(offsets))
    (folder / HEADER).write_bytes(header.to_bytes())
    for name in (FRAMES, OFFSETS, HEADER):
        with (folder / name).open("rb") as file:
            os.fsync(file.fileno())
    partial = partial_folder(out)
    if os.path.lexists(out):
        replaced = partial / "replaced"
        shutil.rmtree(replaced, ignore_errors=True)
        out.rename(replaced)
    folder.rename(out)
    shutil.rmtree(partial, ignore_errors=True)


class PackWriter:
    """Writes clips in the order they are added, for frames that come from elsewhere than files (rendered ones).

    A context manager: left in the ordinary way the pack is put in place, left by an exception nothing is.

        with PackWriter("faces.pack", source={"kind": "rendered", "seed": 0}) as writer:
            writer.add("Action/Happy/0000", frames, label="Happy", part="test")
    """

    def __init__(
        self,
        out: str | Path,
        *,
        source: Mapping[str, Any] | None = None,
        settings: Mapping[str, Any] | None = None,
        overwrite: bool = False,
    ) -> None:
        self.out = Path(out)
        check_target(self.out, overwrite=overwrite)
        self._source = dict(source or {"kind": "arrays"})
        self._settings = dict(settings or {})
        self._columns: dict[str, list[Any]] = {"ids": [], "labels": [], "parts": [], "groups": [], "sha256": []}
        self._known: set[str] = set()
        self._offsets = [0]
        self._shape: tuple[int, ...] | None = None
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        partial = partial_folder(self.out)
        self._stack.enter_context(locked(partial))
        self._folder = partial / "pack"
        shutil.rmtree(self._folder, ignore_errors=True)
        make_folder(self._folder)
        self._file = self._stack.enter_context((self._folder / FRAMES).open("wb"))
        self._file.write(bytes(128))
        return self

    def add(
        self, id: str, frames: Frames, *, label: str | None = None, part: str | None = None, group: str | None = None
    ) -> None:
        """Append a clip: uint8 (frames, height, width, 3), one size throughout. Raises UsageError for anything else."""
        if frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[3] != 3 or 0 in frames.shape:
            raise UsageError(f"{id}: frames are uint8 (frames, height, width, 3), not {frames.dtype} {frames.shape}")
        if self._shape is None:
            self._shape = frames.shape[1:]
        if frames.shape[1:] != self._shape:
            raise UsageError(f"{id}: frames of {frames.shape[1:3]} in a pack of {self._shape[:2]}")
        if not is_text(id):
            raise UsageError(f"{id!a} is no text in UTF-8")
        if id in self._known:
            raise UsageError(f"{id} is added twice")
        self._known.add(id)
        data = np.ascontiguousarray(frames).data.cast("B")
        self._file.write(data)
        for name, value in zip(self._columns, (id, label, part, group, hash_of(data)), strict=True):
            self._columns[name].append(value)
        self._offsets.append(self._offsets[-1] + len(frames))

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        with self._stack:
            if kind is not None:
                self._file.close()
                shutil.rmtree(partial_folder(self.out), ignore_errors=True)
                return
            if self._shape is None:
                shutil.rmtree(partial_folder(self.out), ignore_errors=True)
                raise InputError("no clip was given: nothing is packed")
            total = self._offsets[-1]
            self._file.seek(0)
            self._file.write(npy_header((total, *self._shape), "|u1"))
            self._file.close()
            offsets = np.array(self._offsets, dtype=np.int64)
            header = Header(
                height=self._shape[0],
                width=self._shape[1],
                frames=total,
                source=self._source,
                settings=self._settings,
                offsets_sha256=hash_of(npy_offsets(offsets)),
                **self._columns,
            )
            finish(self._folder, self.out, header, offsets)


def write_pack(
    clips: Iterable[tuple[str, str | None, Frames]],
    out: str | Path,
    *,
    source: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
    parts: Mapping[str, str] | None = None,
    groups: Mapping[str, str] | None = None,
    overwrite: bool = False,
) -> None:
    """Write (id, label, frames) triples as a pack, holding one clip in memory at a time; `parts` and `groups` by id.

    Raises UsageError where `out` exists and is not to be replaced, or frames differ in size; InputError without clips.
    """
    with PackWriter(out, source=source, settings=settings, overwrite=overwrite) as writer:
        for id, label, frames in clips:
            writer.add(id, frames, label=label, part=(parts or {}).get(id), group=(groups or {}).get(id))


def is_text(id: str) -> bool:
    """Whether an id can be written as UTF-8: names of files may be any bytes."""
    try:
        id.encode()
    except UnicodeEncodeError:
        return False
    return True


def hash_of(data: bytes | memoryview) -> str:
    """The hash that headers and journals record."""
    return hashlib.sha256(data).hexdigest()
