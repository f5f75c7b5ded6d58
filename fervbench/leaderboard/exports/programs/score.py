"""Codabench's scoring program: `python3 score.py /app/input/ /app/output/`.

Reads `ref/reference.json` and the one predictions file below `res/`, writes `scores.json` and `detailed_results.html`.
For a submission that cannot be scored it writes the findings into the page, and no scores, and leaves with 1.
"""

from __future__ import annotations

import html
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))  # the fervbench that this bundle was made with

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>fervbench</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<style>body{{font:16px/1.5 system-ui,sans-serif;margin:1rem}}td,th{{padding:.2rem .8rem;text-align:right}}\
th:first-child{{text-align:left}}pre{{white-space:pre-wrap}}</style><h1>{title}</h1>{body}"""


def main(arguments: list[str]) -> int:
    """Score one submission: the folder of the input, the folder of the output."""
    if len(arguments) != 2:
        sys.stderr.write("usage: score.py INPUT OUTPUT\n")
        return 2
    source, out = Path(arguments[0]), Path(arguments[1])
    try:
        from fervbench.errors import FervbenchError
        from fervbench.leaderboard.exports.running import explain, find, run
    except ImportError as error:
        sys.stderr.write(f"The image of this competition lacks a package ({error}): see scoring_program/Dockerfile\n")
        return 3
    out.mkdir(parents=True, exist_ok=True)
    try:
        found = run(source / "ref" / "reference.json", find(source / "res"))
    except FervbenchError as error:
        text = explain(error)
        sys.stderr.write(f"{text}\n")
        _write(out / "detailed_results.html", PAGE.format(title="Not scored", body=f"<pre>{html.escape(text)}</pre>"))
        return 1
    scores = {key: round(value, 10) for key, value in found.scores.items()}
    scores |= {f"{key}_half": round(value, 10) for key, value in found.half.items()}
    rows = "".join(
        f"<tr><th>{html.escape(key)}</th><td>{100 * value:.2f}</td>"
        f"<td>{'&plusmn; ' + format(100 * found.half[key], '.2f') if key in found.half else ''}</td></tr>"
        for key, value in found.scores.items()
    )
    warnings = "".join(f"<li>{html.escape(text)}</li>" for text in found.report.warnings)
    signature = html.escape(found.report.signature)
    body = f"<table>{rows}</table><p><code>{signature}</code></p><ul>{warnings}</ul>"
    _write(out / "detailed_results.html", PAGE.format(title="Scores, per cent", body=body))
    _write(out / "scores.json", json.dumps(scores, sort_keys=True, allow_nan=False) + "\n")
    sys.stdout.write(f"{found.report.signature}\n")
    return 0


def _write(path: Path, text: str) -> None:
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
