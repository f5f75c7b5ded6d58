"""Entries: what a method says of itself, the tool's result, and how far both may be trusted.

`submissions/<protocol>/<slug>/` holds `submission.json` (schemas/entry.schema.json), `predictions.json` or
`predictions.json.gz` where there are predictions, and `result.json` (schemas/result.schema.json), which only the tool
writes. Trust follows from the files and is never declared:

    reported     numbers of a paper or repository that is cited; or predictions that nobody has scored yet (`pending`)
    verified     predictions are there, and the tool has scored them
    reproduced   verified, and the predictions are those of a job of `fervbench run-baseline` whose record is there
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from fervbench.leaderboard.sources import Listed

SUBMISSION, RESULT = "submission.json", "result.json"
PREDICTIONS = ("predictions.json", "predictions.json.gz")
NAMES = (SUBMISSION, RESULT, *PREDICTIONS)
REPORTED, VERIFIED, REPRODUCED = "reported", "verified", "reproduced"
TRUST = (REPORTED, VERIFIED, REPRODUCED)
# Bytes on disk by file; predictions once more when unpacked (a full FERV39k file with all 27 models is about 10 MB).
LIMITS = {SUBMISSION: 64 * 2**10, RESULT: 4 * 2**20, PREDICTIONS[0]: 24 * 2**20, PREDICTIONS[1]: 8 * 2**20}
UNPACKED = 24 * 2**20


@dataclass(frozen=True)
class Entry:
    """One entry. `about` is submission.json, `result` result.json or None, `predictions` the name of the file or None.

    `id` is `protocol/slug`. Everything in `about` is untrusted text that has been checked for what nobody can see; it
    is escaped wherever it is shown.
    """

    protocol: str
    slug: str
    about: dict[str, Any] = field(repr=False)
    result: dict[str, Any] | None = field(repr=False, default=None)
    predictions: str | None = None

    @property
    def id(self) -> str:
        """`protocol/slug`."""
        return f"{self.protocol}/{self.slug}"

    @property
    def name(self) -> str:
        """The method's name."""
        return str(self.about["method"]["name"])

    @property
    def year(self) -> int:
        """The year of the paper or the entry."""
        return int(self.about["year"])

    @property
    def trust(self) -> str:
        """`reported`, `verified` or `reproduced`."""
        if self.result is None or self.predictions is None:
            return REPORTED
        return REPRODUCED if "record" in self.about else VERIFIED

    @property
    def pending(self) -> bool:
        """Whether there are predictions that nobody with the labels has scored yet."""
        return self.predictions is not None and self.result is None

    @property
    def fingerprint(self) -> str | None:
        """The ground truth that the result is against; None for reported numbers."""
        return None if self.result is None else str(self.result["report"]["ground_truth"]["sha256"])

    @property
    def signature(self) -> str | None:
        """The signature of the result."""
        return None if self.result is None else str(self.result["report"]["signature"])

    @property
    def evaluations(self) -> tuple[str, ...]:
        """The evaluations that there are numbers for: scored ones, or claimed ones."""
        return tuple(self.about["claimed"]) if self.result is None else tuple(self.result["scores"])

    def scores(self, evaluation: str) -> dict[str, dict[str, float | None]]:
        """Headline scores of an evaluation by metric: `value`, and what is known of its interval. Shares of 1.

        Of the result where there is one, else as claimed.
        """
        if self.result is not None:
            found: dict[str, dict[str, float | None]] = self.result["scores"].get(evaluation, {})
            return found
        return {metric: {"value": value} for metric, value in self.about["claimed"].get(evaluation, {}).items()}

    @property
    def caveats(self) -> list[dict[str, str]]:
        """What a reader of the numbers must know: `kind` and `text`."""
        return list(self.about.get("caveats", ()))

    @property
    def links(self) -> list[dict[str, str]]:
        """`relation` and `entry` of related entries."""
        return list(self.about.get("links", ()))


@dataclass(frozen=True)
class Folderful:
    """The files of one entry as they are listed: names to what they are."""

    protocol: str
    slug: str
    files: dict[str, Listed]

    @property
    def id(self) -> str:
        """`protocol/slug`."""
        return f"{self.protocol}/{self.slug}"

    def path(self, name: str) -> str:
        """The path of a file below the root of the board."""
        return f"{self.protocol}/{self.slug}/{name}"

    @property
    def predictions(self) -> str | None:
        """The name of the predictions file, if there is one."""
        return next((name for name in PREDICTIONS if name in self.files), None)


def folders_of(listing: dict[str, Listed]) -> tuple[list[Folderful], list[Listed]]:
    """The entries of a listing, sorted, and the paths that belong to none (too high, or too deep)."""
    found: dict[tuple[str, str], dict[str, Listed]] = {}
    stray = []
    for path, listed in listing.items():
        parts = path.split("/")
        if len(parts) < 3:
            if path not in ("README.md",):
                stray.append(listed)
            continue
        found.setdefault((parts[0], parts[1]), {})["/".join(parts[2:])] = listed
    return [Folderful(*key, files) for key, files in sorted(found.items())], stray
