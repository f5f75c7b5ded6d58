"""A row for a paper's table, and whole rankings, as Markdown, LaTeX (booktabs) and CSV.

Per cent with two decimals in Markdown and LaTeX, full shares of 1 in CSV. Every text is escaped for its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fervbench.errors import UsageError
from fervbench.leaderboard.exports.escaping import csv, latex, markdown
from fervbench.leaderboard.exports.results import Result
from fervbench.leaderboard.ranking import Board

FORMS = ("markdown", "latex", "csv")
_CSV = ("method", "protocol", "version", "evaluation", "trust", "metric", "value", "ci_low", "ci_high", "signature")


def rows(results: Sequence[Result], form: str, evaluation: str | None = None, *, header: bool = True) -> str:
    """One row for each result and evaluation. Raises UsageError where none has the evaluation."""
    chosen = [(r, e) for r in results for e in r.scores if evaluation in (None, e) and r.scores[e]]
    if not chosen:
        raise UsageError(f"none of these results has the evaluation {evaluation!r}" if evaluation else "no numbers")
    if form == "csv":
        lines = [
            (r.name, r.protocol, r.version, e, r.trust, metric, of.get("value"), of.get("ci_low"), of.get("ci_high"),
             r.signature)
            for r, e in chosen
            for metric, of in r.scores[e].items()
        ]  # fmt: skip
        return csv(_CSV, lines)
    metrics = list(dict.fromkeys(metric for r, e in chosen for metric in r.scores[e]))
    several = len({(r.protocol, e) for r, e in chosen}) > 1
    heads = ["Method", *(["Evaluation"] if several else []), *(metric.replace("_", " ") for metric in metrics)]
    body = [
        [r.name, *([f"{r.protocol} {e}"] if several else []), *(_number(r.scores[e].get(m), form) for m in metrics)]
        for r, e in chosen
    ]
    return _lay_out(heads, body, form, 2 if several else 1, header=header)


def table(board: Board, form: str, most: int | None = None) -> str:
    """A ranking. Scores of other metrics stand beside the ranked one."""
    ranked = [row for row in board.rows if row.value is not None][:most]
    if not ranked:
        raise UsageError("this ranking is empty")
    others = [m for m in ("WAR", "UAR") if m != board.metric and board.metric in ("WAR", "UAR")]
    if form == "csv":
        header = ("rank", "best", "worst", "entry", "method", "team", "year", "trust", board.metric, "ci_low",
                  "ci_high", "basis", *others)  # fmt: skip
        return csv(
            header,
            [
                (r.rank, r.best, r.worst, r.entry.id, r.entry.name, r.entry.about["team"], r.entry.year, r.entry.trust,
                 r.value, r.low, r.high, r.basis, *(_other(r, board, m).get("value") for m in others))
                for r in ranked
            ],
        )  # fmt: skip
    heads = ["Rank", "Can be", "Method", "Year", "Trust", board.metric, *others]
    body = [
        [str(r.rank), _can_be(r), r.entry.name, str(r.entry.year),
         r.entry.trust, _number({"value": r.value, "ci_low": r.low, "ci_high": r.high}, form),
         *(_number(_other(r, board, m), form) for m in others)]
        for r in ranked
    ]  # fmt: skip
    return _lay_out(heads, body, form, 3, texts=(2, 4), header=True)


def _can_be(row: Any) -> _Done:
    return _Done(f"{row.best}\u2013{row.worst}" if row.best != row.worst else f"{row.best}")


def _other(row: Any, board: Board, metric: str) -> dict[str, float | None]:
    found: dict[str, float | None] = row.entry.scores(board.evaluation).get(metric, {})
    return found


class _Done(str):
    """Text of our own that is written as it stands."""

    __slots__ = ()


def _number(of: dict[str, float | None] | None, form: str) -> str:
    """`52.07 ± 1.10`, without an interval where there is none, a dash where there is no score."""
    value = (of or {}).get("value")
    if of is None or value is None:
        return _Done("--" if form == "latex" else "\u2013")
    low, high = of.get("ci_low"), of.get("ci_high")
    if low is None or high is None:
        return _Done(f"{100 * value:.2f}")
    sign = "$\\pm$" if form == "latex" else "\u00b1"
    return _Done(f"{100 * value:.2f} {sign} {50 * (high - low):.2f}")


def _lay_out(
    heads: list[str], body: list[list[str]], form: str, left: int, *, header: bool, texts: tuple[int, ...] = (0,)
) -> str:
    safe = {"markdown": markdown, "latex": latex}[form]
    lines = [[text if isinstance(text, _Done) else safe(text) for text in line] for line in body]
    titles = [safe(text) for text in heads]
    if form == "markdown":
        rule = "|" + "|".join("---" if i < left or i in texts else "---:" for i in range(len(heads))) + "|"
        top = ["| " + " | ".join(titles) + " |", rule] if header else []
        return "\n".join([*top, *("| " + " | ".join(line) + " |" for line in lines)]) + "\n"
    rows_ = [" & ".join(line) + " \\\\" for line in lines]
    if not header:
        return "\n".join(rows_) + "\n"
    kinds = "".join("l" if i < left or i in texts else "r" for i in range(len(heads)))
    top = [f"\\begin{{tabular}}{{{kinds}}}", "\\toprule", " & ".join(titles) + " \\\\", "\\midrule"]
    return "\n".join([*top, *rows_, "\\bottomrule", "\\end{tabular}"]) + "\n"
