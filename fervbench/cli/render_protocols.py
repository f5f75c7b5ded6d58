"""Protocols as text: what `fervbench protocols` prints."""

from __future__ import annotations

from rich.text import Text

from fervbench.cli.render import console, table
from fervbench.findings import visible
from fervbench.protocol import Protocol
from fervbench.statistics import Statistics


def print_protocols(protocols: list[Protocol]) -> None:
    """One line a protocol."""
    rows = [
        [p.id, p.version, str(len(p.classes)), str(len(p.configurations)), ", ".join(p.evaluations)] for p in protocols
    ]
    made = table(["id", "version", "classes", "configurations", ""], rows, left=2)
    made.columns[-1].header = Text("evaluations")
    for column in made.columns:
        column.no_wrap = column is not made.columns[-1]
    console().print(made)


def print_protocol(protocol: Protocol) -> None:
    """A protocol whole: classes, configurations, evaluations, and every choice beside its source."""
    out = console()
    out.print(Text(f"{visible(protocol.title)} {protocol.version}", style="bold"))
    if protocol.paper:
        out.print(Text(visible(protocol.paper, 500)))
    out.print(Text(f"\nclasses: {', '.join(protocol.classes)}"))
    out.print(Text("\nconfigurations", style="bold"))
    levels: dict[str, list[str]] = {}
    for c in protocol.configurations.values():
        levels.setdefault(c.level, []).append(c.id if c.title == c.id else f"{c.id} ({visible(c.title)})")
    for level, names in levels.items():
        out.print(Text(f"  {level} ({len(names)}): {', '.join(names)}"))
    out.print(Text("\nevaluations", style="bold"))
    for evaluation in protocol.evaluations.values():
        n = len(evaluation.cells)
        cells = "1 cell" if n == 1 else f"{n} cells"
        out.print(Text(f"  {evaluation.id} ({cells}): {visible(evaluation.title)}"))
        if evaluation.source:
            out.print(Text(f"      {visible(evaluation.source, 500)}", style="dim"))
    if protocol.choices:
        out.print(Text("\nchoices", style="bold"))
    for choice, source in protocol.choices:
        out.print(Text(f"  {visible(choice, 500)}"))
        out.print(Text(f"      {visible(source, 500)}", style="dim"))
    truth = protocol.ground_truth
    out.print(Text("\nground truth", style="bold"))
    kinds = {"counts": "embedded, as counts", "labels": "labels of your own copy"}
    out.print(Text("  " + kinds.get(truth["kind"], "intervals of your own copy")))
    if "source" in truth:
        out.print(Text(f"      {visible(truth['source'], 500)}", style="dim"))
    out.print(Text(f"  fingerprint {truth.get('fingerprint', 'not frozen')}"), soft_wrap=True)
    out.print(Text(f"  protocol sha256 {protocol.sha256}"), soft_wrap=True)


def print_statistics(protocol: Protocol, found: Statistics) -> None:
    """Clips by configuration and class, and the smallest cells with what one clip means there."""
    out = console()
    names = protocol.classes
    width = max(3, min(8, (80 - 34) // len(names) - 2))
    heads = ["configuration", *(["train"] if found.train else []), "test", *(name[:width] for name in names)]
    rows = []
    for id in protocol.configurations:
        train = [f"{sum(found.train[id].values()):,}"] if found.train else []
        rows.append([id, *train, f"{sum(found.test[id].values()):,}", *(f"{found.test[id][c]}" for c in names)])
    if all(len(c.leaves) < len(protocol.leaves) for c in protocol.configurations.values()):
        total = {c: sum(found.test[leaf][c] for leaf in protocol.leaves) for c in names}
        rows.append(["together", *([""] if found.train else []), f"{sum(total.values()):,}", *map(str, total.values())])
    out.print(Text(f"{visible(protocol.title)} {protocol.version}: test clips by class", style="bold"))
    out.print(table(heads, rows))
    out.print(Text("\nsmallest", style="bold"))
    rows = [
        [leaf, name, str(n), f"{100 / n:.1f}" if n else "-", f"{100 / n / len(names):.2f}" if n else "-"]
        for leaf, name, n in found.smallest(protocol.leaves)
    ]
    out.print(table(["configuration", "class", "clips", "recall of 1 clip", "UAR of 1 clip"], rows, left=2))
    out.print(Text("points that one clip more or less is worth", style="dim"))
