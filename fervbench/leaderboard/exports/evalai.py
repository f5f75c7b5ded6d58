"""An EvalAI challenge: challenge_config.yaml, templates, annotations, and an evaluation script.

Keys: EvalAI's documentation of the challenge configuration. `evaluate()` gives shares of 1 by label, and half the 95 %
interval of each in `error`, which EvalAI shows behind a plus-minus sign and breaks ties by.
"""

from __future__ import annotations

import html
from typing import Any

from fervbench.leaderboard.exports.bundle import REQUIREMENTS, logo, package, program, zipped
from fervbench.leaderboard.exports.escaping import yaml
from fervbench.leaderboard.exports.reference import columns, intervals_shown, make
from fervbench.protocol import Protocol

PHASE, SPLIT = "test", "test"
ANNOTATIONS = "annotations/reference.json"


def bundle(
    protocol: str,
    *,
    start: str,
    end: str,
    evaluation: str | None = None,
    ground_truth: str | None = None,
    missing: str = "error",
) -> bytes:
    """The zip file of a challenge from the day `start` to the day `end` (YYYY-MM-DD); raises as `reference.make`."""
    loaded, chosen, reference = make(protocol, evaluation, ground_truth, missing)
    script: dict[str, bytes | str] = {
        "__init__.py": '"""fervbench on EvalAI."""\n\nfrom .main import evaluate as evaluate\n',
        "main.py": program("main.py"),
        "requirements.txt": REQUIREMENTS,
        **dict(package()),
    }
    files: dict[str, bytes | str] = {
        "challenge_config.yaml": yaml(configuration(loaded, chosen, start, end)),
        "logo.png": logo(),
        ANNOTATIONS: reference,
        "evaluation_script.zip": zipped(script),
        **{f"templates/{name}.html": text for name, text in _templates(loaded, chosen).items()},
    }
    return zipped(files)


def configuration(protocol: Protocol, evaluation: str, start: str, end: str) -> dict[str, Any]:
    """The content of challenge_config.yaml."""
    of = protocol.evaluations[evaluation]
    shown = columns(protocol)
    labels = [column.key for column in shown]
    told = " (\u00b1 half the 95 % interval)" if intervals_shown(protocol, evaluation) else ""
    return {
        "title": f"{protocol.title}: {evaluation}",
        "short_description": of.title,
        "description": "templates/description.html",
        "evaluation_details": "templates/evaluation_details.html",
        "terms_and_conditions": "templates/terms_and_conditions.html",
        "image": "logo.png",
        "submission_guidelines": "templates/submission_guidelines.html",
        "leaderboard_description": f"Scores are shares of 1{told}.",
        "evaluation_script": "evaluation_script.zip",
        "remote_evaluation": False,
        "start_date": f"{start} 00:00:00",
        "end_date": f"{end} 23:59:59",
        "published": False,
        "tags": ["facial expression", "video"],
        "leaderboard": [
            {
                "id": 1,
                "schema": {
                    "labels": labels,
                    "default_order_by": labels[0],
                    "metadata": {
                        column.key: {"sort_ascending": False, "description": f"{column.title} of {evaluation}"}
                        for column in shown
                    },
                },
            }
        ],
        "challenge_phases": [
            {
                "id": 1,
                "name": "Test",
                "description": "templates/phase.html",
                "leaderboard_public": True,
                "is_public": True,
                "is_submission_public": False,
                "is_active": True,
                "max_concurrent_submissions_allowed": 2,
                "allowed_email_ids": [],
                "disable_logs": False,
                "start_date": f"{start} 00:00:00",
                "end_date": f"{end} 23:59:59",
                "test_annotation_file": ANNOTATIONS,
                "codename": PHASE,
                "max_submissions_per_day": 2,
                "max_submissions_per_month": 10,
                "max_submissions": 20,
                "default_submission_meta_attributes": [
                    {"name": name, "is_visible": True}
                    for name in ("method_name", "method_description", "project_url", "publication_url")
                ],
                "submission_meta_attributes": [
                    _attribute(
                        "extra_data", "Data beyond the training part and the pretraining; none if there is none"
                    ),
                    _attribute("pretraining", "What the weights saw before"),
                    _attribute("modalities", "What the model sees of a test clip: face, context, audio, text"),
                    _attribute("selection", "How the epoch and the settings were chosen, and on which part"),
                ],
                "is_restricted_to_select_one_submission": False,
                "is_partial_submission_evaluation_enabled": False,
                "allowed_submission_file_types": ".json, .gz",
            }
        ],
        "dataset_splits": [{"id": 1, "name": "Test part", "codename": SPLIT}],
        "challenge_phase_splits": [
            {
                "challenge_phase_id": 1,
                "leaderboard_id": 1,
                "dataset_split_id": 1,
                "visibility": 3,
                "leaderboard_decimal_precision": 4,
                "is_leaderboard_order_descending": True,
                "show_execution_time": False,
                "show_leaderboard_by_latest_submission": True,
            }
        ],
    }


def _attribute(name: str, description: str) -> dict[str, Any]:
    return {"name": name, "description": description, "type": "text", "required": True}


def _templates(protocol: Protocol, evaluation: str) -> dict[str, str]:
    of = protocol.evaluations[evaluation]
    choices = "".join(f"<li>{html.escape(c)} ({html.escape(s)})</li>" for c, s in protocol.choices)
    title = html.escape(protocol.title)
    return {
        "description": f"<p>{html.escape(of.title)}.</p><p>{html.escape(protocol.paper)}</p>\n",
        "evaluation_details": f"<p>Scored by fervbench, protocol {html.escape(protocol.id)} "
        f"{html.escape(protocol.version)}.</p><ul>{choices}</ul>\n",
        "terms_and_conditions": f"<p>The data of {title} are under their authors' licence. The test part is no "
        "place to choose an epoch.</p>\n",
        "submission_guidelines": "<p>A file, <code>predictions.json</code> or <code>predictions.json.gz</code>. Check "
        f"it first: <code>fervbench score predictions.json --protocol {html.escape(protocol.id)} --check</code></p>\n",
        "phase": f"<p>{html.escape(of.title)}.</p>\n",
    }
