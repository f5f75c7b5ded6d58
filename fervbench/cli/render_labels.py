"""What `fervbench labels` and `score --votes` print: agreement, votes, intervals, quality, splits, soft scores."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.text import Text

from fervbench.cli.render import console, percent, table
from fervbench.findings import visible
from fervbench.report import Report

_SHOWN = 10


def _warn(out: Console, warnings: Iterable[str]) -> None:
    for warning in warnings:
        out.print(Text(f"! {visible(warning, 1200)}", style="yellow"))


def _value(found: dict[str, Any], *, share: bool = False) -> str:
    """A value with its interval: kappa and alpha with three decimals, shares in per cent."""
    if found.get("value") is None:
        return "-"

    def shown(x: float) -> str:
        return f"{100 * x:.2f}" if share else f"{x:.3f}"

    text = shown(found["value"])
    return text + (f" [{shown(found['ci_low'])}, {shown(found['ci_high'])}]" if "ci_low" in found else "")


def _level(out: Console, document: dict[str, Any], what: str) -> None:
    made = document["intervals"]
    if made:
        line = f"{100 * made['level']:g} % intervals, {made['replicates']:,} replicates of the {what}"
        out.print(Text(line, style="dim"))


def print_agreement(document: dict[str, Any]) -> None:
    """Kappa, alpha and the human ceiling of each part, then the classes and the raters of all clips."""
    out = console()
    _warn(out, document["warnings"])
    for part in document["parts"]:
        votes = part["votes"]
        each = f"{votes['min']}" if votes["min"] == votes["max"] else f"{votes['min']} to {votes['max']}"
        head = f"{visible(part['part'])}: {part['n']:,} clips, {each} ratings each"
        out.print(Text(head, style="bold underline"))
        _level(out, document, "clips")
        word = part["kappa"]["interpretation"]
        out.print(Text(f"Fleiss' kappa         {_value(part['kappa'])}" + (f"  {word}" if word else "")))
        out.print(Text(f"Krippendorff's alpha  {_value(part['alpha'])}"))
        out.print(Text(f"pairs that agree      {_value(part['pairs'], share=True)} %"))
        ceiling = part["ceiling"]
        out.print(Text("one rater against the vote of the others:"))
        out.print(Text(f"  WAR {_value(ceiling['WAR'], share=True)}  UAR {_value(ceiling['UAR'], share=True)}"))
        out.print(
            Text(f"  on {ceiling['ratings']:,} ratings; {ceiling['without_vote']:,} where the others have no vote")
        )
        rows = [
            [visible(name, 20), percent(row["share"]), _value(row["kappa"]), _value(row["alpha"])]
            for name, row in part["per_class"].items()
        ]
        out.print()
        out.print(table(["class", "share %", "kappa", "alpha"], rows))
        out.print()
    raters = document["parts"][0]["ceiling"]["raters"]
    if raters:
        rows = [
            [visible(name, 20), f"{row['ratings']:,}", percent(row["WAR"]), percent(row["UAR"])]
            for name, row in sorted(raters.items())
        ]
        out.print(table(["rater", "ratings", "WAR", "UAR"], rows))


def print_interval_agreement(document: dict[str, Any]) -> None:
    """Overlap of the pairs of raters, alpha over frames."""
    out = console()
    _warn(out, document["warnings"])
    head = f"{document['videos']:,} videos, {document['frames']:,} frames, {len(document['raters'])} raters"
    out.print(Text(head, style="bold underline"))
    _level(out, document, "videos")
    out.print(Text(f"mean tIoU of pairs of raters  {_value(document['tiou'])}"))
    out.print(Text(f"alpha over frames             {_value(document['alpha'])}"))
    rows = [
        [visible(name, 20), percent(row["share"]), _value(row["alpha"])] for name, row in document["per_class"].items()
    ]
    out.print()
    out.print(table(["category", "frames %", "alpha"], rows))
    rows = [
        [
            visible(" - ".join(row["raters"]), 30),
            *(f"{row[key]:,}" for key in ("videos", "intervals", "matched")),
            "-" if row["tiou"] is None else f"{row['tiou']:.3f}",
            percent(row["same_category"]),
        ]
        for row in document["pairs"][:_SHOWN]
    ]
    out.print()
    out.print(table(["raters", "videos", "intervals", "matched", "tIoU", "same %"], rows))
    _more(out, len(document["pairs"]), "pairs of raters")


def print_votes(document: dict[str, Any]) -> None:
    """How many clips have a label, by class and reason; the ties by name."""
    out = console()
    _warn(out, document["warnings"])
    rule = ", ".join(str(value) if key == "name" else f"{key} {value}" for key, value in document["rule"].items())
    share = percent(document["labelled"] / document["n"])
    out.print(Text(f"{document['labelled']:,} of {document['n']:,} clips have a label ({share} %)", style="bold"))
    out.print(Text(f"rule: {rule}"))
    total = max(1, document["labelled"])
    rows = [[visible(name, 20), f"{n:,}", percent(n / total)] for name, n in document["by_class"].items()]
    out.print()
    out.print(table(["class", "clips", "%"], rows))
    out.print()
    said = ", ".join(f"{reason} {n:,}" for reason, n in document["without"].items())
    out.print(Text(f"without a label: {said}"))
    ties = [(id, clip) for id, clip in document["clips"].items() if "tied" in clip]
    for id, clip in ties[:_SHOWN]:
        among = ", ".join(f"{visible(name)} {clip['votes'][name]}" for name in clip["tied"])
        out.print(Text(f"  tie: {visible(id)}: {among}"))
    _more(out, len(ties), "ties")


def print_intervals(document: dict[str, Any]) -> None:
    """The final triples, and what was settled by rule."""
    out = console()
    videos = document["videos"]
    out.print(Text(f"{document['n']:,} intervals in {len(videos):,} videos", style="bold"))
    rule = document["rule"]
    out.print(Text(f"rule: ties {rule['ties']}, islands shorter than {rule['min_frames']} frames mended"))
    rows = [
        [visible(id, 30), f"{onset:.3f}", f"{offset:.3f}", visible(label, 20)]
        for id, video in videos.items()
        for onset, offset, label in video["intervals"]
    ]
    out.print()
    out.print(table(["video", "onset", "offset", ""], [[*row] for row in rows[:_SHOWN]]))
    _more(out, len(rows), "intervals")
    for kind, what in (("ties", "tied frames"), ("islands", "islands")):
        named = [(id, each) for id, video in videos.items() for each in video[kind]]
        if named:
            out.print(Text(f"{what}:"))
        for id, each in named[:_SHOWN]:
            frames = f"frames {each['first']} to {each['last']}"
            if kind == "ties":
                said = " and ".join(visible(name or "none") for name in each["classes"])
            else:
                said = f"{visible(each['from'] or 'none')} became {visible(each['to'] or 'none')}"
            out.print(Text(f"  {visible(id)}, {frames}: {said}"))
        _more(out, len(named), what)
    if document["warnings"]:
        out.print(Text("without a neutral margin:"))
    for finding in document["warnings"][:_SHOWN]:
        out.print(Text(f"  {visible(finding['id'])}: {visible(finding['message'])}"))
    _more(out, len(document["warnings"]), "findings")


def print_quality(document: dict[str, Any]) -> None:
    """The verdict on each group with its next step, and the raters."""
    out = console()
    _warn(out, document["warnings"])
    total = document["total"]
    line = f"{total['correct']:,} of {total['flags']:,} ratings of known clips are right: {percent(total['rate'])} %"
    out.print(Text(line, style="bold"))
    limits = document["thresholds"]
    low, high = f"{100 * limits['lower']:g}", f"{100 * limits['upper']:g}"
    out.print(Text(f"below {low} % unacceptable, {low} to {high} % improper, above {high} % accepted"))
    out.print()
    heads = ["group", "known", "right", "%", f"{100 * document['level']:g} %", ""]
    rows = [
        [*_rates(name, row), row["verdict"] + ("" if row["sure"] or row["verdict"].startswith("cannot") else " (?)")]
        for name, row in document["groups"].items()
    ]
    out.print(table(heads, rows))
    if any("(?)" in row[-1] for row in rows):
        out.print(
            Text("(?) the interval reaches over a threshold: more known clips could change the verdict", style="dim")
        )
    out.print()
    steps = {group["verdict"]: group["next"] for group in document["groups"].values()}
    for said, step in steps.items():
        out.print(Text(f"{said} ({document['verdicts'][said]}): {step}"))
    out.print()
    out.print(table(["rater", *heads[1:-1]], [_rates(name, row) for name, row in document["raters"].items()]))


def _rates(name: str, row: dict[str, Any]) -> list[str]:
    ends = f"[{percent(row['ci_low'])}, {percent(row['ci_high'])}]" if row["flags"] else "-"
    return [visible(name, 30), f"{row['flags']:,}", f"{row['correct']:,}", percent(row["rate"]), ends]


def print_split(document: dict[str, Any]) -> None:
    """Sizes of the parts, by cell, and what stands on two sides."""
    out = console()
    _warn(out, document["warnings"][:_SHOWN])
    _more(out, len(document["warnings"]), "warnings")
    sizes = ", ".join(f"{visible(part)} {n:,}" for part, n in document["parts"].items())
    rule = ", ".join(str(v) if k == "name" else f"{k} {v}" for k, v in document["rule"].items())
    out.print(Text(f"{document['n']:,} clips: {sizes}", style="bold"))
    out.print(Text(f"rule: {rule}"))
    rows = [
        [visible("/".join(filter(None, (cell["configuration"], cell["label"]))) or "all", 40)]
        + [f"{n:,}" for n in cell["parts"].values()]
        for cell in document["cells"]
    ]
    out.print()
    out.print(table(["cell", *map(visible, document["parts"])], rows[: 3 * _SHOWN]))
    _more(out, len(rows), "cells", 3 * _SHOWN)
    out.print()
    if not document["leaks"]:
        out.print(Text("nothing stands on two sides, as far as ids and clusters tell"))
    for leak in document["leaks"][:_SHOWN]:
        out.print(Text(f"{leak['rule']}: {visible(leak['message'], 300)}"))
    _more(out, len(document["leaks"]), "leaks")


def print_soft(report: Report) -> None:
    """What the votes say of each cell that has them."""
    out = console()
    out.print()
    out.print(Text("against the votes", style="bold underline"))
    cells = [cell for cell in report.cells if "votes" in cell.extra]
    heads, rows = ["tested on", "n", "agreement", "a rater", "ceiling", "log loss", "entropy", "EMD"], []
    for cell in cells:
        found = cell.extra["votes"]
        numbers = [found[key] for key in ("log_loss", "entropy", "earth_movers")]
        shares = [percent(found[key]) for key in ("expected_agreement", "rater_agreement", "ceiling")]
        name = visible(f"{cell.target}" if cell.source in (None, cell.target) else f"{cell.source} on {cell.target}")
        rows.append([name, f"{found['n']:,}", *shares, *("-" if x is None else f"{x:.4f}" for x in numbers)])
    out.print(table(heads, rows))
    top = max(cells, key=lambda cell: cell.n)
    strata = [
        [
            f"{row['votes']}",
            f"{row['n']:,}",
            percent(row["WAR"]),
            f"[{percent(row['wilson_low'])}, {percent(row['wilson_high'])}]" if "wilson_low" in row else "",
        ]
        for row in top.extra["votes"]["strata"]
    ]
    out.print()
    out.print(table(["votes for the top class", "n", "WAR", "95 %"], strata, title=visible(f"{top.target}")))


def _more(out: Console, number: int, what: str, shown: int = _SHOWN) -> None:
    if number > shown:
        out.print(Text(f"  ... and {number - shown:,} more {what} (--json has all)", style="dim"))
