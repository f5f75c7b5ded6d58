"""Plots (the extra `site`): matplotlib is imported only here, when a plot is made."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from fervbench.errors import MissingExtraError, UsageError
from fervbench.files import write_whole
from fervbench.protocol import Protocol
from fervbench.report import Report
from fervbench.statistics import Statistics

FORMATS = (".png", ".svg", ".pdf")


def plot_curve(report: Report, path: Path, *, overwrite: bool = False) -> None:
    """AR against AN as SDFE-LV's Figure 4 draws it: recall at each tIoU dashed, AR solid, the area under it shaded.

    Raises as `plot_statistics` does.
    """
    mpl, figure_class = prepare(path, overwrite=overwrite)
    curve = report.cells[0].extra["curve"]
    figure = figure_class(figsize=(6.4, 4.8), layout="constrained")
    axes = figure.add_subplot()
    colours = mpl.colormaps["viridis"]
    levels = list(curve["recall"])
    for i, level in enumerate(levels):
        recall = [100 * value for value in curve["recall"][level]]
        colour = colours(i / max(1, len(levels) - 1))
        axes.plot(curve["AN"], recall, "--", color=colour, linewidth=1, label=f"tIoU {level}")
    ar = [100 * value for value in curve["AR"]]
    axes.plot(curve["AN"], ar, "-", color="black", linewidth=2, label="AR")
    axes.fill_between(curve["AN"], ar, color="0.85")
    axes.set_xlim(0, curve["AN"][-1])
    axes.set_ylim(0, 100)
    axes.set_xlabel("average number of proposals per video (AN)")
    axes.set_ylabel("recall, %")
    axes.set_title(f"AUC {100 * report.cells[0]['AUC']:.2f}", loc="left")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(fontsize=8, frameon=False, ncols=2)
    save(figure, mpl, path)


def plot_statistics(protocol: Protocol, found: Statistics, path: Path, *, overwrite: bool = False) -> None:
    """Stacked bars of test clips by configuration and class, grouped as the protocol groups its configurations.

    Raises MissingExtraError without matplotlib, UsageError for another ending than png, svg or pdf, or where the file
    exists.
    """
    mpl, figure_class = prepare(path, overwrite=overwrite)
    owner = {
        leaf: c.id for c in protocol.configurations.values() if c.members and c.level != "overall" for leaf in c.leaves
    }
    leaves = list(protocol.leaves)[::-1]
    figure = figure_class(figsize=(8, 1.2 + 0.26 * len(leaves)), layout="constrained")
    axes = figure.add_subplot()
    start = [0] * len(leaves)
    colours = mpl.colormaps["tab20" if len(protocol.classes) > 10 else "tab10"]
    for i, name in enumerate(protocol.classes):
        widths = [found.test[leaf][name] for leaf in leaves]
        axes.barh(range(len(leaves)), widths, left=start, color=colours(i), label=name, height=0.8)
        start = [a + b for a, b in zip(start, widths, strict=True)]
    for y, total in enumerate(start):
        axes.annotate(f" {total:,}", (total, y), va="center", fontsize=8)
    for y in range(1, len(leaves)):
        if owner.get(leaves[y]) != owner.get(leaves[y - 1]):
            axes.axhline(y - 0.5, color="0.6", linewidth=0.8)
    axes.set_yticks(range(len(leaves)), [f"{leaf} · {owner[leaf]}" if leaf in owner else leaf for leaf in leaves])
    axes.tick_params(axis="y", labelsize=8)
    axes.set_xlabel("test clips")
    axes.set_xlim(0, max(start) * 1.1)
    axes.set_ylim(-0.6, len(leaves) - 0.4)
    axes.set_title(f"{protocol.title} {protocol.version}: {sum(start):,} test clips", loc="left")
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside lower center", ncols=min(7, len(protocol.classes)), fontsize=8, frameon=False)
    save(figure, mpl, path)


def prepare(path: Path, *, overwrite: bool = False) -> tuple[Any, Any]:
    """Matplotlib and its Figure, once it is clear that the plot can be written; raises as `plot_statistics` does."""
    if path.suffix.lower() not in FORMATS:
        raise UsageError(f"a plot is written as {', '.join(FORMATS)}, not as {path.name!r}")
    if path.exists() and not overwrite:
        raise UsageError(f"exists already: {path}", hint="--force replaces it", file=str(path))
    if not path.absolute().parent.is_dir():
        raise UsageError(f"no such folder: {path.parent}", file=str(path))
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtraError("a plot", "site") from None
    return mpl, Figure


def save(figure: Any, mpl: Any, path: Path) -> None:
    """Write a figure whole or not at all, the same bytes every time."""
    content = io.BytesIO()
    with mpl.rc_context({"svg.hashsalt": "fervbench"}):
        metadata = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}.get(path.suffix.lower())
        figure.savefig(content, format=path.suffix[1:].lower(), dpi=150, metadata=metadata)
    write_whole(path, content.getvalue(), overwrite=True)  # whether it may be replaced has been asked before
