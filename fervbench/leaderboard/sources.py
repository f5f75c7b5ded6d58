"""Where the files of a board are: a folder, or the tree of a commit, which is read without being checked out.

Both list every path with its kind and size, and read one file within a limit. No link is ever followed: in a folder
files are opened with O_NOFOLLOW and folders are listed by what they are themselves; in a tree a link is an object of
another kind. A path is relative, with `/`.
"""

from __future__ import annotations

import hashlib
import os
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from fervbench.errors import InputError, UsageError

FILE, EXECUTABLE, LINK, OTHER = "file", "executable file", "link", "special file"
MOST_FILES = 200_000
MOST_DEPTH = 8
_KINDS = {"100644": FILE, "100664": FILE, "100755": EXECUTABLE, "120000": LINK, "160000": "submodule"}


@dataclass(frozen=True)
class Listed:
    """One path: what it is, bytes, and its git blob id where that is known without reading it."""

    path: str
    kind: str
    size: int
    blob: str | None = None


class Files(Protocol):
    """Something that holds the files of a board."""

    name: str

    def listing(self) -> dict[str, Listed]:
        """Every path below the root of the board, folders left out, sorted."""

    def read(self, path: str, limit: int) -> bytes:
        """The bytes of a file of kind FILE. Raises InputError where it holds more than `limit`, or is none."""


class Folder:
    """The files of a folder."""

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root)
        self.name = str(root)
        if not self.root.is_dir():
            raise UsageError(f"no such folder of entries: {root}", hint="fervbench submit init makes one")

    def listing(self) -> dict[str, Listed]:
        """Every path, sorted; what is too deep or too much raises InputError."""
        found: dict[str, Listed] = {}
        waiting = [(str(self.root), "", 0)]
        while waiting:
            folder, prefix, depth = waiting.pop()
            if depth > MOST_DEPTH:
                raise InputError(f"folders are nested more than {MOST_DEPTH} deep: {folder}", file=folder)
            with os.scandir(folder) as inside:
                for item in inside:
                    path = prefix + item.name
                    if item.is_dir(follow_symlinks=False):
                        waiting.append((item.path, path + "/", depth + 1))
                        continue
                    about = item.stat(follow_symlinks=False)
                    found[path] = Listed(path, _kind(about.st_mode), about.st_size)
                    if len(found) > MOST_FILES:
                        raise InputError(f"holds more than {MOST_FILES:,} files: {self.root}", file=str(self.root))
        return dict(sorted(found.items()))

    def read(self, path: str, limit: int) -> bytes:
        """The bytes of an ordinary file; no link is followed, neither at the end of the path nor on the way."""
        here = self.root
        for part in Path(path).parts[:-1]:
            here = here / part
            if stat.S_ISLNK(here.lstat().st_mode):
                raise InputError(f"lies behind a link: {path}", file=path)
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        try:
            descriptor = os.open(self.root / path, flags)
        except (OSError, ValueError) as error:
            raise InputError(f"cannot be read: {path} ({getattr(error, 'strerror', error)})", file=path) from None
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise InputError(f"is not an ordinary file: {path}", file=path)
            return _bounded(file.read(limit + 1), path, limit)


class Tree:
    """The files below `root` in the tree of a commit, read from git's objects."""

    def __init__(self, repository: str | Path, commit: str, root: str = "submissions") -> None:
        self.repository = Path(repository)
        self.commit = commit_of(self.repository, commit)
        self.root = root.strip("/")
        self.name = f"{self.commit[:12]}:{self.root}"
        self._all: dict[str, Listed] | None = None

    def whole(self) -> dict[str, Listed]:
        """Every path of the whole tree, not only of the board."""
        if self._all is None:
            out = git(self.repository, "ls-tree", "-r", "-z", "-l", "--full-tree", self.commit)
            found = {}
            if out.count(b"\0") > MOST_FILES:
                raise InputError(f"holds more than {MOST_FILES:,} files: {self.name}", file=self.name)
            for line in out.split(b"\0"):
                if line:
                    about, _, raw = line.partition(b"\t")
                    mode, _, blob, size = about.decode("ascii").split()
                    path = raw.decode("utf-8", "backslashreplace")
                    kind = _KINDS.get(mode, OTHER)
                    found[path] = Listed(path, kind, int(size) if size.isdigit() else 0, blob)
            self._all = dict(sorted(found.items()))
        return self._all

    def listing(self) -> dict[str, Listed]:
        """Every path below the root of the board."""
        start = f"{self.root}/" if self.root else ""
        short = {p.removeprefix(start): each for p, each in self.whole().items() if p.startswith(start)}
        return {path: Listed(path, each.kind, each.size, each.blob) for path, each in short.items()}

    def read(self, path: str, limit: int) -> bytes:
        """The bytes of a file; its size is known before it is read."""
        listed = self.whole().get(f"{self.root}/{path}" if self.root else path)
        if listed is None or listed.kind not in (FILE, EXECUTABLE) or listed.blob is None:
            raise InputError(f"is not a file of {self.name}: {path}", file=path)
        if listed.size > limit:
            raise _too_large(path, limit)
        return git(self.repository, "cat-file", "blob", listed.blob)


def git(repository: Path, *arguments: str) -> bytes:
    """What a git command prints. Raises UsageError where git is absent or refuses."""
    try:
        done = subprocess.run(  # noqa: S603 - a fixed program, arguments in a list, no shell
            ["git", "-C", str(repository), "-c", "core.quotePath=false", *arguments],  # noqa: S607
            capture_output=True,
            check=False,
            env=os.environ | {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1"},
        )
    except FileNotFoundError:
        raise UsageError("git is not installed", hint="--against and --tree need it") from None
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise UsageError(f"git {arguments[0]}: {said[-1] if said else f'exit code {done.returncode}'}")
    return done.stdout


def commit_of(repository: Path, name: str) -> str:
    """The full id of a commit. Raises UsageError for what names none."""
    if not name or name.startswith("-"):
        raise UsageError(f"no commit {name!r}")
    try:
        found = git(repository, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    except UsageError:
        raise UsageError(f"no commit {name!r} in {repository}", hint="is it fetched?") from None
    return found.decode("ascii").strip()


def blob_of(data: bytes) -> str:
    """The id git gives to a file of these bytes (sha1 of them behind a header)."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def _kind(mode: int) -> str:
    if stat.S_ISLNK(mode):
        return LINK
    if not stat.S_ISREG(mode):
        return OTHER
    return EXECUTABLE if mode & 0o111 else FILE


def _bounded(data: bytes, path: str, limit: int) -> bytes:
    if len(data) > limit:
        raise _too_large(path, limit)
    return data


def _too_large(path: str, limit: int) -> InputError:
    shown = f"{limit // 2**20} MiB" if limit >= 2**20 else f"{limit // 1024} KiB"
    return InputError(f"holds more than {shown}: {path}", file=path)
