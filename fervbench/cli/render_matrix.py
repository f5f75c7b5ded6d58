"""Cross-scenario results as text: sources by targets, what is lost outside the own domain, and the scenes of each."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from fervbench.cli.render import percent, table
from fervbench.protocol import Evaluation, Protocol
from fervbench.report import Cell

Pairs = dict[tuple[str | None, str | None], Cell]


def print_matrix(out: Console, cells: list[Cell], evaluation: Evaluation, protocol: Protocol) -> None:
    """Print sources by targets, the drop, each source's own parts (FERV39k's Figure 5(a)), and all other targets."""
    pairs: Pairs = {(cell.source, cell.target): cell for cell in cells}
    seeds = any("sd" in cell.metrics["WAR"] for cell in cells)
    for metrics in (("WAR",), ("UAR",)) if seeds else (("WAR", "UAR"),):  # standard deviations need the room
        _print_square(out, pairs, evaluation.sources, metrics)
    _print_drop(out, pairs, evaluation.sources)
    targets = list(dict.fromkeys(target for _, target in evaluation.cells))
    own = {s: [m for m in protocol.configurations[s].members if m in targets] for s in evaluation.sources}
    _print_own_parts(out, pairs, own)
    listed = dict.fromkeys([m for members in own.values() for m in members])
    rest = [*listed, *(t for t in targets if t not in listed and t not in evaluation.sources)]
    for metrics in (("WAR",), ("UAR",)) if seeds else (("WAR", "UAR"),):
        _print_rest(out, pairs, evaluation.sources, rest, own, metrics)


def _text(cell: Cell | None, metrics: tuple[str, ...]) -> str:
    if cell is None:
        return "-"
    return "/".join(percent(cell.metrics[m]["value"], cell.metrics[m].get("sd")) for m in metrics)


def _drop(pairs: Pairs, sources: tuple[str, ...], source: str, metric: str) -> float | None:
    """In-domain value less the mean over the other sources' domains."""
    others = [pairs[source, target][metric] for target in sources if target != source and (source, target) in pairs]
    if (source, source) not in pairs or not others:
        return None
    return pairs[source, source][metric] - sum(others) / len(others)


def _print_square(out: Console, pairs: Pairs, sources: tuple[str, ...], metrics: tuple[str, ...]) -> None:
    rows = []
    for source in sources:
        drops = [_drop(pairs, sources, source, metric) for metric in metrics]
        lost = "/".join("-" if drop is None else f"{100 * drop:+.2f}" for drop in drops)
        rows.append([source, *(_text(pairs.get((source, target)), metrics) for target in sources), lost])
    out.print()
    out.print(table(["source \\ target", *sources, "in - cross"], rows, title="/".join(metrics)))


def _print_drop(out: Console, pairs: Pairs, sources: tuple[str, ...]) -> None:
    said = []
    for metric in ("WAR", "UAR"):
        drops = [drop for source in sources if (drop := _drop(pairs, sources, source, metric)) is not None]
        if drops:
            said.append(f"{100 * sum(drops) / len(drops):+.2f} {metric}")
    if said:
        out.print(Text(f"in-domain minus cross-domain, mean: {', '.join(said)}", style="bold"))


def _print_own_parts(out: Console, pairs: Pairs, own: dict[str, list[str]]) -> None:
    """Worst, mean and best part of each source's own domain, by WAR."""
    rows = []
    for source, members in own.items():
        values = {m: pairs[source, m]["WAR"] for m in members if (source, m) in pairs}
        if len(values) >= 2:
            worst, best = min(values, key=lambda m: values[m]), max(values, key=lambda m: values[m])
            mean = sum(values.values()) / len(values)
            rows.append([source, worst, percent(values[worst]), percent(mean), best, percent(values[best])])
    if rows:
        out.print()
        heads = ["trained on", "worst", "WAR", "mean", "best", "WAR"]
        out.print(table(heads, rows, title="own parts: worst, mean and best (WAR)"))


def _print_rest(
    out: Console,
    pairs: Pairs,
    sources: tuple[str, ...],
    rest: list[str],
    own: dict[str, list[str]],
    metrics: tuple[str, ...],
) -> None:
    if not rest:
        return
    rows = []
    for target in rest:
        n = next(cell.n for (_, tested), cell in pairs.items() if tested == target)
        marks = ("*" if target in own[source] else "" for source in sources)
        values = (_text(pairs.get((source, target)), metrics) for source in sources)
        rows.append([target, f"{n:,}", *(mark + value for mark, value in zip(marks, values, strict=True))])
    out.print()
    out.print(table(["tested on", "n", *sources], rows, title=f"{'/'.join(metrics)} by source"))
    out.print(Text("* in-domain", style="dim"))
