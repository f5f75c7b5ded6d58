"""Scoring as a platform asks for it: a reference file and a submission in, numbers by column out.

The scoring programs of the exports call this, so they give what `fervbench score` gives.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from fervbench.errors import InputError, MismatchError, SubmissionError
from fervbench.findings import to_text, visible
from fervbench.leaderboard.exports.reference import columns, opened
from fervbench.leaderboard.headline import headline_scores
from fervbench.report import Report
from fervbench.scoring import score
from fervbench.submission import read_submission
from fervbench.uncertainty import default_for

ENDINGS = (".json", ".json.gz")


@dataclass(frozen=True)
class Outcome:
    """Shares of 1 by column key; `half` half the 95 % intervals, where there are any."""

    scores: dict[str, float]
    half: dict[str, float]
    report: Report = field(repr=False)


def run(reference: Path, submission: Path) -> Outcome:
    """Score one submission. Raises FervbenchError with every finding for one that cannot be scored."""
    with opened(reference) as (protocol, labels, content):
        read = read_submission(
            str(submission),
            protocol,
            ground_truth=labels,
            evaluation=content["evaluation"],
            missing=content["missing"],
        )
        if read.truth.sha256 != content["fingerprint"]:
            raise MismatchError("the ground truth here is not the one that this bundle was made with")
        report = score(protocol, read, intervals=default_for(protocol.task))
        found = headline_scores(protocol, report, content["evaluation"])
        scores, half = {}, {}
        for column in columns(protocol):
            each = found.get(column.metric, {})
            value = each.get("value")
            if value is None:
                raise InputError(f"{column.metric} is not defined for this submission")
            scores[column.key] = float(value)
            low, high = each.get("ci_low"), each.get("ci_high")
            if low is not None and high is not None:
                half[column.key] = (float(high) - float(low)) / 2
        return Outcome(scores, half, report)


def find(folder: Path) -> Path:
    """The one predictions file of an unpacked submission, wherever in it. Raises InputError where there is not one.

    Links, hidden files and what macOS adds are passed over.
    """
    found = sorted(
        path
        for path in folder.rglob("*")
        if path.name.lower().endswith(ENDINGS)
        and path.is_file()
        and not path.is_symlink()
        and not any(part.startswith(".") or part == "__MACOSX" for part in path.relative_to(folder).parts)
    )
    if len(found) != 1:
        names = ", ".join(visible(path.name, 60) for path in found[:5]) or "none"
        raise InputError(
            f"a submission holds one predictions file (.json or .json.gz), this one holds {len(found)}: {names}",
            hint="zip predictions.json alone",
        )
    return found[0]


def explain(error: InputError | SubmissionError | Exception) -> str:
    """What was wrong, as text for a log: every finding, made visible."""
    findings = getattr(error, "findings", None)
    text = visible(str(error), 500)
    hint = getattr(error, "hint", None)
    lines = [text] + ([f"hint: {visible(hint, 500)}"] if hint else [])
    if findings is not None and (len(findings) > 1 or findings.kept[0].message != str(error)):
        lines.append(to_text(findings))
    return "\n".join(lines)
