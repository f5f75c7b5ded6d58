"""Reading a file within bounds, and writing one whole or not at all."""

from __future__ import annotations

import contextlib
import os
import sys
import zlib
from pathlib import Path

from fervbench.errors import InputError, UsageError

# A complete FERV39k file with 27 runs and full-precision scores is about 10 MB a seed. Parsed JSON can need 36 times
# its size (measured), so the bound on the text bounds the memory as well.
MAX_BYTES = 64 * 2**20
GZIP_MAGIC = b"\x1f\x8b"


def read_bounded(path: str | Path, limit: int = MAX_BYTES) -> bytes:
    """The bytes of a file, unpacked if it is gzip; "-" reads standard input.

    Raises InputError where the file is absent, unreadable, larger than `limit` bytes (before or after unpacking), or
    not exactly one gzip member.
    """
    name = str(path)
    try:
        if name == "-":
            data = sys.stdin.buffer.read(limit + 1)
        else:
            with Path(name).open("rb") as file:
                data = file.read(limit + 1)
    except FileNotFoundError:
        raise InputError(f"no such file: {name}", file=name) from None
    except IsADirectoryError:
        raise InputError(f"is a folder, not a file: {name}", file=name) from None
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be read: {name} ({getattr(error, 'strerror', None) or error})", file=name) from None
    if len(data) > limit:
        raise _too_large(name, limit)
    return unpack(data, name, limit) if data.startswith(GZIP_MAGIC) else data


def check_size(data: bytes, name: str, limit: int) -> None:
    """Raise InputError where `data` is larger than `limit` bytes."""
    if len(data) > limit:
        raise _too_large(name, limit)


def unpack(data: bytes, name: str, limit: int) -> bytes:
    """Unpack one gzip member; never more than `limit` bytes, whatever the header claims."""
    member = zlib.decompressobj(wbits=31)
    try:
        text = member.decompress(data, limit + 1)
    except zlib.error as error:
        raise InputError(f"is damaged gzip: {name} ({error})", file=name) from None
    if len(text) > limit:
        raise _too_large(name, limit)
    if not member.eof:
        raise InputError(f"ends in the middle of its gzip data: {name}", hint="was the copy cut off?", file=name)
    if member.unused_data:
        raise InputError(
            f"holds something after its first gzip member: {name}",
            hint="a submission is one gzip member: make it with 'gzip predictions.json'",
            file=name,
        )
    return text


def _too_large(name: str, limit: int) -> InputError:
    return InputError(
        f"holds more than {limit // 2**20} MiB: {name}",
        hint="six digits of a score are enough; seeds can be scored one file at a time",
        file=name,
    )


def write_whole(path: str | Path, content: str | bytes, *, overwrite: bool = False) -> None:
    """Write text (UTF-8) or bytes to a temporary file beside `path`, then rename it: nobody ever sees half of it.

    A link is followed. Raises UsageError where `path` exists and `overwrite` is false, or is no ordinary file (a
    device, a folder, "-"); InputError where it cannot be written.
    """
    target = Path(path)
    if str(path) == "-":
        raise UsageError("'-' is not a file to write to", hint="leave the option out to print, or use --json")
    if target.exists() and not target.is_file():
        raise UsageError(f"is not an ordinary file: {target}", file=str(target))
    if target.exists() and not overwrite:
        raise _exists(target)
    data = content.encode("utf-8") if isinstance(content, str) else content
    target = target.resolve()
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if overwrite:
            temporary.replace(target)
        else:
            _rename_new(temporary, target)
    except OSError as error:
        raise InputError(f"cannot be written: {path} ({error.strerror or error})", file=str(path)) from None
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def make_folder(path: Path) -> None:
    """Make a folder and those above it. Raises InputError where that cannot be."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot be made: {path} ({error.strerror or error})", file=str(path)) from None


def _rename_new(temporary: Path, target: Path) -> None:
    """Rename without replacing a file that has appeared meanwhile, where the file system can say so."""
    try:
        os.link(temporary, target)
    except FileExistsError:
        raise _exists(target) from None
    except OSError:  # no hard links on this file system
        temporary.replace(target)


def _exists(target: Path) -> UsageError:
    return UsageError(f"exists already: {target}", hint="--force replaces it", file=str(target))
