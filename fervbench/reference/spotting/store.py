"""Features on disk: one file of numbers an extractor, with where each video's stand and what they are.

    features.npy   float32 (snippets, channels), videos one after the other
    offsets.npy    int64 (videos + 1,)
    header.json    fervbench-features/1: ids, frames a video, extractor, packs, hash of the numbers

While they are made they lie in `.NAME.partial`, with a journal: a line for each finished video, held against the hash
of its bytes before it counts. What is interrupted goes on where it was and ends in the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fervbench import strict_json
from fervbench.errors import InputError, UsageError
from fervbench.files import read_bounded, write_whole
from fervbench.pack.header import NPY_BYTES, npy_header, npy_offsets
from fervbench.pack.journal import Entry, Journal
from fervbench.pack.writing import hash_of, locked, partial_folder

FORMAT = "fervbench-features/1"
FEATURES, OFFSETS, HEADER = "features.npy", "offsets.npy", "header.json"
Features = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Stored:
    """Features of videos, mapped from disk. `header` is header.json; `of` gives a video's (snippets, channels)."""

    folder: Path
    header: dict[str, Any]
    offsets: npt.NDArray[np.int64]
    numbers: Features

    @property
    def ids(self) -> list[str]:
        """The videos."""
        return list(self.header["ids"])

    @property
    def extractor(self) -> dict[str, Any]:
        """What the features are of."""
        return dict(self.header["extractor"])

    def by_video(self) -> dict[str, Features]:
        """Video id -> (snippets, channels)."""
        return {id: self.numbers[self.offsets[i] : self.offsets[i + 1]] for i, id in enumerate(self.ids)}


def open_features(folder: Path) -> Stored:
    """Features from their folder; sizes and offsets are checked. Raises InputError where they are none or damaged."""
    path = folder / HEADER
    if not path.is_file():
        raise InputError(f"holds no features: {folder}", hint=f"features are a folder with {HEADER}", file=str(folder))
    header = strict_json.parse(read_bounded(path), str(path)).value
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise InputError(f"is no header of features ({FORMAT}): {path}", file=str(path))
    try:
        offsets = np.load(folder / OFFSETS)
        numbers = np.load(folder / FEATURES, mmap_mode="r")
    except (OSError, ValueError) as error:
        raise InputError(f"are damaged features: {folder} ({error})", file=str(folder)) from None
    shape = (int(offsets[-1]) if len(offsets) else -1, header.get("channels"))
    if len(offsets) != len(header["ids"]) + 1 or numbers.shape != shape or numbers.dtype != np.float32:
        raise InputError(
            f"are damaged features: {folder} ({numbers.shape} numbers for {len(header['ids'])} videos)",
            hint="was the copy cut off? Remove the folder to extract again",
            file=str(folder),
        )
    return Stored(folder, header, offsets, np.asarray(numbers))


def write_features(
    out: Path,
    lengths: Mapping[str, int],
    channels: int,
    identity: Mapping[str, Any],
    extract: Callable[[str], Features],
    *,
    done: Callable[[int], None],
) -> Stored:
    """Extract every video that is not done, and put the whole in place. `lengths` are snippets by video id.

    `identity` is everything that decides the numbers: an unfinished folder with another one is refused with UsageError.
    """
    ids = list(lengths)
    offsets = np.cumsum([0, *lengths.values()], dtype=np.int64)
    shape = (int(offsets[-1]), channels)
    partial = partial_folder(out)
    with locked(partial):
        if (out / HEADER).is_file():  # another process was quicker, since the caller looked
            shutil.rmtree(partial, ignore_errors=True)
            return open_features(out)
        _open(partial, identity, shape)
        journal = Journal(partial / "journal")
        hashes = _finished(partial / FEATURES, journal, ids, offsets, channels)
        done(sum(lengths[id] for id in hashes))
        with journal, (partial / FEATURES).open("r+b") as file:
            for i, id in enumerate(ids):
                if id in hashes:
                    continue
                found = np.ascontiguousarray(extract(id), dtype="<f4")
                if found.shape != (lengths[id], channels):
                    raise InputError(f"{id!r} gave features of {found.shape}, not {(lengths[id], channels)}")
                file.seek(NPY_BYTES + int(offsets[i]) * channels * 4)
                file.write(found.tobytes())
                file.flush()
                hashes[id] = hash_of(found.tobytes())
                journal.add(Entry(id, "", int(offsets[i]), lengths[id], hashes[id]))
                done(lengths[id])
        _finish(partial, out, ids, offsets, channels, identity, hashes)
        shutil.rmtree(partial, ignore_errors=True)  # while it is held: the next one is another's
    return open_features(out)


def _open(partial: Path, identity: Mapping[str, Any], shape: tuple[int, int]) -> None:
    file = partial / "identity.json"
    text = json.dumps(identity, indent=1, sort_keys=True) + "\n"
    if file.exists() and file.read_text(encoding="utf-8") != text:
        raise UsageError(
            f"unfinished features of another extractor, or of other videos, are in {partial.name}",
            hint="remove that folder to start anew",
            file=str(partial),
        )
    if not file.exists():
        (partial / "journal").unlink(missing_ok=True)
        write_whole(file, text)
    with (partial / FEATURES).open("ab") as numbers:
        numbers.truncate(NPY_BYTES + shape[0] * shape[1] * 4)


def _finished(
    path: Path, journal: Journal, ids: Sequence[str], offsets: npt.NDArray[np.int64], channels: int
) -> dict[str, str]:
    entries, found = journal.read(), {}
    with path.open("rb") as file:
        for i, id in enumerate(ids):
            entry = entries.get(id)
            start, length = int(offsets[i]), int(offsets[i + 1] - offsets[i])
            if entry is None or (entry.start, entry.length) != (start, length):
                continue
            file.seek(NPY_BYTES + start * channels * 4)
            if hash_of(file.read(length * channels * 4)) == entry.sha256:
                found[id] = entry.sha256
    return found


def _finish(
    partial: Path,
    out: Path,
    ids: Sequence[str],
    offsets: npt.NDArray[np.int64],
    channels: int,
    identity: Mapping[str, Any],
    hashes: Mapping[str, str],
) -> None:
    folder = partial / "features"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    with (partial / FEATURES).open("r+b") as file:
        file.write(npy_header((int(offsets[-1]), channels), "<f4"))
        file.flush()
        os.fsync(file.fileno())
    (partial / FEATURES).rename(folder / FEATURES)
    (folder / OFFSETS).write_bytes(npy_offsets(offsets))
    header = {
        "format": FORMAT,
        **identity,
        "channels": channels,
        "ids": list(ids),
        "sha256": [hashes[id] for id in ids],
        "offsets_sha256": hashlib.sha256(npy_offsets(offsets)).hexdigest(),
    }
    write_whole(folder / HEADER, json.dumps(header, indent=1, sort_keys=True) + "\n")
    folder.rename(out)


def chunks(number: int, size: int) -> Iterator[range]:
    """Positions 0 to `number`, `size` at a time."""
    for first in range(0, number, size):
        yield range(first, min(first + size, number))
