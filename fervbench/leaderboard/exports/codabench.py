"""A Codabench competition bundle: competition.yaml, pages, a scoring program, and reference data.

Keys: Codabench's documentation of the bundle (competition.yaml, version 2). The scoring program runs as
`python3 /app/program/score.py /app/input/ /app/output/` and writes `/app/output/scores.json`, one number a column.
"""

from __future__ import annotations

from typing import Any

from fervbench.leaderboard.exports.bundle import DOCKERFILE, REQUIREMENTS, logo, package, program, zipped
from fervbench.leaderboard.exports.escaping import yaml
from fervbench.leaderboard.exports.reference import NAME, columns, intervals_shown, make
from fervbench.protocol import Protocol

COMMAND = "python3 /app/program/score.py /app/input/ /app/output/"


def bundle(
    protocol: str,
    *,
    start: str,
    evaluation: str | None = None,
    ground_truth: str | None = None,
    missing: str = "error",
    image: str = "python:3.11-slim",
    contact: str | None = None,
) -> bytes:
    """The zip file of a competition that starts on the day `start` (YYYY-MM-DD); raises as `reference.make` does."""
    loaded, chosen, reference = make(protocol, evaluation, ground_truth, missing)
    scoring: dict[str, bytes | str] = {
        "metadata.yaml": yaml({"command": COMMAND}),
        "score.py": program("score.py"),
        "Dockerfile": DOCKERFILE,
        "requirements.txt": REQUIREMENTS,
        **dict(package()),
    }
    files: dict[str, bytes | str] = {
        "competition.yaml": yaml(competition(loaded, chosen, start, image, contact)),
        "logo.png": logo(),
        "terms.md": _terms(loaded),
        "pages/overview.md": _overview(loaded, chosen),
        "pages/submit.md": _submit(loaded),
        f"reference_data/{NAME}": reference,
        **{f"scoring_program/{name}": content for name, content in scoring.items()},
    }
    return zipped(files)


def competition(protocol: Protocol, evaluation: str, start: str, image: str, contact: str | None) -> dict[str, Any]:
    """The content of competition.yaml."""
    of = protocol.evaluations[evaluation]
    made: dict[str, Any] = {
        "version": 2,
        "title": f"{protocol.title}: {evaluation}",
        "description": of.title,
        "image": "logo.png",
        "terms": "terms.md",
        "registration_auto_approve": False,
        "docker_image": image,
        "make_programs_available": True,
        "make_input_data_available": False,
        "enable_detailed_results": True,
        "show_detailed_results_in_submission_panel": True,
        "show_detailed_results_in_leaderboard": False,
        "auto_run_submissions": True,
    }
    if contact is not None:
        made["contact_email"] = contact
    shown = columns(protocol)
    board = [
        {"title": column.title, "key": column.key, "index": i, "sorting": "desc", "precision": 4}
        for i, column in enumerate(shown)
    ]
    if intervals_shown(protocol, evaluation):
        board += [
            {"title": f"{column.title} \u00b1", "key": f"{column.key}_half", "index": len(shown) + i, "sorting": "asc",
             "precision": 4}
            for i, column in enumerate(shown)
        ]  # fmt: skip
    made |= {
        "pages": [{"title": "Overview", "file": "pages/overview.md"}, {"title": "Submit", "file": "pages/submit.md"}],
        "tasks": [
            {
                "index": 0,
                "name": f"{protocol.id} {protocol.version}",
                "description": of.title,
                "scoring_program": "scoring_program/",
                "reference_data": "reference_data/",
            }
        ],
        "phases": [
            {
                "index": 0,
                "name": "Test",
                "description": "Predictions for every test clip, scored by fervbench",
                "start": start,
                "tasks": [0],
                "max_submissions": 20,
                "max_submissions_per_day": 2,
                "execution_time_limit": 600,
            }
        ],
        "leaderboards": [
            {"title": "Results", "key": "main", "submission_rule": "Force_Last", "hidden": False, "columns": board}
        ],
    }
    return made


def _overview(protocol: Protocol, evaluation: str) -> str:
    choices = "\n".join(f"- {choice} ({source})" for choice, source in protocol.choices)
    return (
        f"# {protocol.title}\n\n{protocol.evaluations[evaluation].title}. Scored by fervbench, protocol {protocol.id} "
        f"{protocol.version}.\n\n{protocol.paper}\n\n## How it is scored\n\n{choices}\n\nScores are shares of 1. The "
        "columns with \u00b1 are half the 95 % interval: systems that lie closer than that are not told apart.\n"
    )


def _submit(protocol: Protocol) -> str:
    kind = "proposals for every video" if protocol.task == "spotting" else "an answer for every test clip"
    return (
        "# Submit\n\nA zip file that holds one file, `predictions.json` (or `predictions.json.gz`), with "
        f"{kind}. See what is wrong with it before you upload it:\n\n"
        f"    fervbench score predictions.json --protocol {protocol.id} --check\n\n"
        "Everything wrong with a file is found in one pass and shown on the page of the submission.\n"
    )


def _terms(protocol: Protocol) -> str:
    return (
        f"# Terms\n\nThe data of {protocol.title} are under their authors' licence, which you accept from them. The "
        "test part is not a place to choose an epoch or a setting: submissions are few on purpose. What a method was "
        "trained on and what it sees belongs into its description.\n"
    )
