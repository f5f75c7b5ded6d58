"""Zip files that are the same every time, the program with the fervbench it was made with, and a plain logo."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from importlib.resources import as_file

from fervbench.resources import data_dir, package_file

# What scoring does not need: training, rendering, packs, the command line, the site.
_APART = ("reference", "synthesize", "pack", "cli", "published", "_data", "__pycache__", "plots.py", "recipes.py")
REQUIRED = ("numpy>=1.26", "msgspec>=0.18.6", "jsonschema>=4.18", "platformdirs>=4")
IMAGE = "python:3.11-slim"
DOCKERFILE = f"""# The image that the scoring program runs in: build it, push it, and name it in the configuration.
FROM {IMAGE}
RUN pip install --no-cache-dir {" ".join(f"'{each}'" for each in REQUIRED)}
"""
REQUIREMENTS = "".join(f"{each}\n" for each in REQUIRED)


def package(prefix: str = "fervbench") -> Iterator[tuple[str, bytes]]:
    """The part of this package that scoring needs, and its protocols, as (path, bytes)."""
    with as_file(package_file("__init__.py")) as first:
        root = first.parent
        for path in sorted(root.rglob("*")):
            parts = path.relative_to(root).parts
            wanted = parts[0] not in _APART and "__pycache__" not in parts and parts[:2] != ("leaderboard", "site")
            if wanted and path.is_file():
                yield f"{prefix}/{'/'.join(parts)}", path.read_bytes()
    with as_file(data_dir("protocols")) as folder:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                yield f"{prefix}/_data/protocols/{path.relative_to(folder).as_posix()}", path.read_bytes()


def zipped(files: Mapping[str, bytes | str]) -> bytes:
    """A zip file; the same bytes every time."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(files):
            content = files[name]
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content.encode("utf-8") if isinstance(content, str) else content)
    return out.getvalue()


def logo(size: int = 128) -> bytes:
    """A PNG of four bars, as platforms require an image."""
    rows = []
    bars = ((20, 0.45), (48, 0.80), (76, 0.62), (104, 0.35))
    for y in range(size):
        row = bytearray(b"\x00")
        for x in range(size):
            inside = any(abs(x - at) < 9 and y > size * (1 - high) - 8 and y < size - 16 for at, high in bars)
            row += b"\xff\xff\xff" if inside else b"\x0b\x5f\xae"
        rows.append(bytes(row))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    parts = [chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(b"".join(rows), 9)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def program(name: str) -> bytes:
    """A scoring program by file name."""
    return package_file("leaderboard", "exports", "programs", name).read_bytes()


__all__ = ["DOCKERFILE", "IMAGE", "REQUIREMENTS", "logo", "package", "program", "zipped"]
