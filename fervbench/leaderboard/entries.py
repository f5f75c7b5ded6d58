"""Reading the entries of a board. What an entry is: `entry`; what may be wrong with one: `entry_checks`."""

from __future__ import annotations

from pathlib import Path

from fervbench.leaderboard.entry import LIMITS as LIMITS
from fervbench.leaderboard.entry import NAMES as NAMES
from fervbench.leaderboard.entry import PREDICTIONS as PREDICTIONS
from fervbench.leaderboard.entry import REPORTED as REPORTED
from fervbench.leaderboard.entry import REPRODUCED as REPRODUCED
from fervbench.leaderboard.entry import RESULT as RESULT
from fervbench.leaderboard.entry import SUBMISSION as SUBMISSION
from fervbench.leaderboard.entry import TRUST as TRUST
from fervbench.leaderboard.entry import UNPACKED as UNPACKED
from fervbench.leaderboard.entry import VERIFIED as VERIFIED
from fervbench.leaderboard.entry import Entry as Entry
from fervbench.leaderboard.entry import Folderful as Folderful
from fervbench.leaderboard.entry import folders_of as folders_of
from fervbench.leaderboard.entry_checks import check_files, read_about, read_result
from fervbench.leaderboard.sources import Files, Folder
from fervbench.leaderboard.telling import Told


def read_entries(root: str | Path | Files) -> tuple[list[Entry], Told]:
    """Every entry of a board that can be shown, sorted by id, and findings for those that cannot.

    Nothing is scored here: a result is taken as it is stored, which `check` has compared.
    """
    files = Folder(root) if isinstance(root, (str, Path)) else root
    found, told = [], Told()
    folders, _ = folders_of(files.listing())
    for of in folders:
        own = Told(f"{of.protocol}/{of.slug}", of.id)
        if check_files(of, own):
            about, _ = read_about(of, files, own)
            result, _ = read_result(of, files, own)
            if about is not None and not own.errors:
                found.append(Entry(of.protocol, of.slug, about, result, of.predictions))
        told.extend(own.kept)
    return found, told
