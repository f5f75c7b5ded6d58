"""Comparisons, variances of one model and power as text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from fervbench.cli.render import console, table
from fervbench.comparing import Comparison
from fervbench.findings import visible
from fervbench.powering import Resolution
from fervbench.protocol import Protocol

HEADS = {"macro_F1": "macro F1", "weighted_F1": "weighted F1"}


def _points(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:+.2f}"


def _p(value: float | None) -> str:
    """A p-value with two digits that count."""
    if value is None:
        return "-"
    return "<1e-4" if value < 1e-4 else f"{value:.4f}" if value < 0.001 else f"{value:.3f}"


def _level(found: Comparison) -> str:
    return f"{100 * found.header['intervals']['level']:g} %"


def print_comparison(found: Comparison, protocol: Protocol, target: str | None) -> None:
    """Differences of two systems by cell, or the ranking of more."""
    out = console()
    out.print(Text(f"{visible(protocol.title)} {protocol.version}", style="bold"))
    for i, name in enumerate(found.names):
        letter = "AB"[i] if len(found.names) == 2 else str(i + 1)
        out.print(Text(f"{letter}  {visible(name)}"))
    for warning in found.header["warnings"]:
        out.print(Text(f"! {visible(warning, 600)}", style="yellow"))
    if len(found.names) == 2:
        for metric in found.cells[0]["metrics"]:
            _print_pairs(out, found, metric)
    else:
        _print_rankings(out, found, target)
    out.print()
    out.print(Text(found.header["signature"], style="dim"), soft_wrap=True)


def _print_pairs(out: Console, found: Comparison, metric: str) -> None:
    clips = metric == "WAR"
    heads = ["tested on", "n", "B", "A - B", _level(found), *(["clips"] if clips else []), "p", "Holm"]
    sources = {cell["source"] for cell in found.cells}
    rows, doubts = [], []
    for cell in found.cells:
        one = cell["metrics"][metric]
        name = str(cell["target"])
        if len(sources) > 1 and cell["source"] not in (None, cell["target"]):
            name = f"{cell['source']}: {name}"
        low, high = 100 * one["ci_low"], 100 * one["ci_high"]
        count = [f"{one['clips']:+.0f}"] if clips else []
        rows.append([
            name, f"{cell['n']:,}", f"{100 * one['values'][1]:.2f}", _points(one["difference"]),
            f"[{low:+.1f}, {high:+.1f}]", *count, _p(one["p"]), _p(one["p_holm"]),
        ])  # fmt: skip
        if metric in cell.get("doubt", ""):
            doubts.append(name)
    test = {"mcnemar": "McNemar's exact test", "permutation": "permutation test", "bootstrap": "paired replicates"}
    out.print()
    kind = test[found.cells[0]["metrics"][metric]["test"]]
    out.print(table(heads, rows, title=f"{HEADS.get(metric, metric)}, points ({kind})"))
    sure = sum(1 for cell in found.cells if cell["metrics"][metric]["p_holm"] < 0.05)
    out.print(Text(f"{sure} of {len(found.cells)} cells differ at 5 % after Holm's adjustment", style="bold"))
    if doubts:
        out.print(Text(f"intervals too narrow, few clips: {', '.join(doubts)}", style="dim"))


def _print_rankings(out: Console, found: Comparison, target: str | None) -> None:
    chosen = [r for r in found.rankings if r["target"] == target] if target else _largest(found)
    if not chosen:
        out.print(Text(f"nothing is ranked on {visible(str(target))}"))
    for ranking in chosen:
        letters = _letters(ranking)
        rows = []
        for i, name in enumerate(ranking["order"]):
            best, worst = ranking["best_rank"][i], ranking["worst_rank"][i]
            ranks = str(best) if best == worst else f"{best} to {worst}"
            rows.append([visible(name), f"{100 * ranking['values'][i]:.2f}", ranks, letters[name]])
        metric = HEADS.get(ranking["metric"], ranking["metric"])
        out.print()
        where = f"{ranking['evaluation']}, {ranking['target']}, n = {ranking['n']:,}"
        out.print(table(["system", metric, "rank", "tie group"], rows, title=f"{metric} ({where})"))
    if chosen:
        say = f"ranks and groups from simultaneous {_level(found)} intervals of all differences; systems that share a"
        out.print(Text(f"{say} letter are not told apart", style="dim"))
    others = sorted({str(r["target"]) for r in found.rankings} - {str(r["target"]) for r in chosen})
    if others:
        out.print(Text(f"ranked too: {', '.join(others)} (--target NAME, or --json)", style="dim"))


def _largest(found: Comparison) -> list[dict[str, Any]]:
    """The rankings on the largest target of each evaluation."""
    top: dict[str, int] = {}
    for ranking in found.rankings:
        top[ranking["evaluation"]] = max(top.get(ranking["evaluation"], 0), ranking["n"])
    return [r for r in found.rankings if r["n"] == top[r["evaluation"]]]


def _letters(ranking: dict[str, Any]) -> dict[str, str]:
    """The tie groups of each system as letters: a, ab, b."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    found = dict.fromkeys(ranking["order"], "")
    for i, group in enumerate(ranking["groups"]):
        for name in group:
            found[name] += letters[i % 26]
    return found


def print_split(cells: Sequence[dict[str, Any]]) -> None:
    """Standard deviations of a single run's score by where they come from, in points."""
    out = console()
    first = cells[0]
    runs = "1 run" if first["runs"] == 1 else f"{first['runs']} runs"
    out.print(Text(f"one model, {runs} of {first['seeds']} seeds: standard deviations in points", style="bold"))
    for metric in first["metrics"]:
        rows = []
        for cell in cells:
            one = cell["metrics"][metric]
            parts = one["variance"]
            total = sum(value for value in parts.values() if value is not None)
            deviations = [_sd(parts[name]) for name in ("clips", "seed", "sampling")]
            rows.append([str(cell["target"]), f"{cell['n']:,}", f"{100 * one['mean']:.2f}", *deviations, _sd(total)])
        out.print()
        out.print(table(["tested on", "n", "mean", "clips", "seed", "sampling", "together"], rows, title=metric))
    out.print()
    out.print(Text("clips: another test list of the same kind; seed: another training; sampling: other frames or views "
                   "of the same training; -: not to be had from these files", style="dim"))  # fmt: skip


def _sd(variance: float | None) -> str:
    return "-" if variance is None else f"{100 * math.sqrt(variance):.2f}"


def print_power(
    found: Sequence[Resolution],
    protocol: Protocol,
    *,
    wanted: float,
    alpha: float,
    score: float,
    difference: float | None,
) -> None:
    """What each configuration resolves, in points."""
    out = console()
    out.print(
        Text(f"{visible(protocol.title)} {protocol.version}: what a difference must be to be shown", style="bold")
    )
    heads = ["configuration", "n", "fewest", "±WAR", "±UAR", "discord.", "WAR", "UAR"]
    clips = {each.clips_needed for each in found}
    needed = len(clips) > 1  # the same for all where the discordance is
    rows = []
    for each in found:
        row = [each.target, f"{each.n:,}", str(each.smallest_class), _plain(each.half_width_war),
               _plain(each.half_width_uar), _plain(each.discordance), _plain(each.war), _plain(each.uar)]  # fmt: skip
        rows.append([*row, "-" if each.clips_needed is None else f"{each.clips_needed:,}"] if needed else row)
    out.print()
    out.print(table([*heads, "clips"] if needed else heads, rows))
    out.print(
        Text(
            f"points; ± half the {100 * (1 - alpha):g} % interval of one system at {100 * score:g} %; WAR, UAR: the "
            f"smallest difference of two systems on the same clips shown with {100 * wanted:g} % power at "
            f"{100 * alpha:g} %, if the share discord. of clips is right for exactly one; fewest: clips of the "
            "smallest class",
            style="dim",
        )
    )
    seeds = {each.seeds_needed for each in found if each.seeds_needed is not None}
    if difference is not None:
        one = next(iter(clips))
        many = "clips" if needed else "no number of clips" if one is None else f"{one:,} clips"
        out.print(Text(f"{many}: so many would show a WAR difference of {difference:g} points", style="bold"))
    if seeds:
        out.print(Text(f"seeds of each system that show {difference:g} points: {max(seeds)}", style="bold"))


def _plain(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f}"
