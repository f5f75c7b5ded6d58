"""Building the site: every file made, then put in place at once.

The folder is built beside its place and renamed. One that is there is replaced only if an earlier build made it and
nothing was added to it since: `.fervbench-site` lists what a build wrote. The same board gives the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from fervbench._version import __version__
from fervbench.errors import InputError, UsageError
from fervbench.files import make_folder
from fervbench.leaderboard.checking import Checked
from fervbench.leaderboard.site.data import data_files
from fervbench.leaderboard.site.gather import Chapter, chapters
from fervbench.leaderboard.site.html import environment
from fervbench.leaderboard.site.pages import pages
from fervbench.leaderboard.sources import Files
from fervbench.resources import package_file

STAMP = ".fervbench-site"
FORMAT = "fervbench-site/1"
STATIC = ("site.css", "site.js", "icon.svg")


@dataclass(frozen=True)
class Built:
    """What was built: where, how many files, and bytes."""

    folder: Path
    files: int
    size: int
    entries: int


def build(
    files: Files, found: Checked, out: str | Path, *, force: bool = False, say: Callable[[str], None] | None = None
) -> Built:
    """Build the site of a checked board into a folder.

    Raises MissingExtraError without Jinja2, UsageError for a folder that no build made or (without `force`) that holds
    what no build wrote, InputError where it cannot be written or there is no entry to show.
    """
    environment()
    target = Path(out)
    check_place(target, force=force)
    made = chapters(files, found, say)
    if not made:
        raise InputError("there is no entry to show", hint="fervbench leaderboard check says what is wrong with them")
    target = target.absolute()
    make_folder(target.parent)
    temporary = Path(tempfile.mkdtemp(prefix=f".{target.name[:32]}.", dir=target.parent))
    try:
        listed, size = _write(temporary, made)
        temporary.chmod(0o755)
        _put(temporary, target)
    except OSError as error:
        raise InputError(f"cannot be written: {target} ({error.strerror or error})", file=str(target)) from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return Built(target, len(listed), size, sum(len(chapter.entries) for chapter in made))


def check_place(target: Path, *, force: bool = False) -> None:
    """Raise UsageError for a place that is not to be overwritten."""
    if target.is_symlink():
        raise UsageError(f"is a link: {target}", hint="give the folder itself", file=str(target))
    if not target.exists():
        return
    if not target.is_dir():
        raise UsageError(f"is no folder: {target}", file=str(target))
    there = {path.relative_to(target).as_posix() for path in target.rglob("*") if path.is_symlink() or path.is_file()}
    if not there and not any(target.iterdir()):
        return
    stamp = target / STAMP
    try:
        content = json.loads(stamp.read_bytes())
        known = set(content["files"]) if content["format"] == FORMAT else None
    except (OSError, ValueError, KeyError, TypeError):
        known = None
    if known is None:
        hint = "--out names a folder that is new, empty, or was built by this command"
        raise UsageError(f"was not built by fervbench: {target}", hint=hint, file=str(target))
    added = sorted(there - known - {STAMP})
    if added and not force:
        shown = ", ".join(added[:3]) + (", ..." if len(added) > 3 else "")
        raise UsageError(
            f"holds {len(added)} files that no build wrote: {shown}", hint="--force removes them", file=str(target)
        )


def content(made: Sequence[Chapter]) -> Iterator[tuple[str, str]]:
    """Every file of the site, as (path, text)."""
    for name in STATIC:
        yield f"static/{name}", package_file("leaderboard", "site", "static", name).read_text(encoding="utf-8")
    yield from data_files(made)
    yield from pages(made)


def _write(folder: Path, made: Sequence[Chapter]) -> tuple[dict[str, str], int]:
    listed, size = {}, 0
    for path, text in content(made):
        data = text.encode("utf-8", "replace")
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
        listed[path] = hashlib.sha256(data).hexdigest()
        size += len(data)
    stamp = {"format": FORMAT, "tool_version": __version__, "files": dict(sorted(listed.items()))}
    (folder / STAMP).write_text(json.dumps(stamp, indent=1) + "\n", encoding="utf-8")
    return listed, size


def _put(temporary: Path, target: Path) -> None:
    """The new folder in the place of the old one, which is moved aside first and removed last."""
    if not target.exists():
        temporary.rename(target)
        return
    aside = Path(tempfile.mkdtemp(prefix=f".{target.name[:32]}.old.", dir=target.parent))
    target.rename(aside / "site")
    try:
        temporary.rename(target)
    except OSError:
        (aside / "site").rename(target)
        raise
    finally:
        if target.exists():
            shutil.rmtree(aside, ignore_errors=True)
