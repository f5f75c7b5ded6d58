"""An assembled figure as the paper arranges it: bars, lines, confusion matrices, clouds of points, curves (SVG, PNG).

Ours is solid, with its 95 % interval; what tables print for the same experiments is a black bar across. What is not
there is left empty and says so. Matplotlib (the extra `site`) draws the same bytes every time.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from fervbench.errors import UsageError
from fervbench.grid.assembling import Assembled
from fervbench.grid.entries import Block
from fervbench.grid.filling import Rebuilt
from fervbench.plots import prepare, save

_PANEL = 2.3  # inches


def draw(found: Assembled, path: Path, *, overwrite: bool = False) -> None:
    """Draw a figure into a file. Raises UsageError for a table, and as `plots.plot_statistics` does."""
    view = found.view
    if view.table is not None:
        raise UsageError(f"{view.id} is a table: --markdown, --latex and --json show it", hint="--plot is for figures")
    mpl, figure_class = prepare(path, overwrite=overwrite)
    sizes = [_size(block) for block in view.blocks]
    width, heights = max(w for w, _ in sizes), [h for _, h in sizes]
    figure = figure_class(figsize=(width, sum(heights) + 0.6), layout="constrained")
    said = ["SYNTHETIC DATA: no result"] if found.synthetic else []
    figure.suptitle("\n".join([*textwrap.wrap(f"{view.id}: {view.title}", int(12 * width)), *said]), fontsize=9)
    parts = np.atleast_1d(figure.subfigures(len(view.blocks), 1, height_ratios=heights))
    for i, (block, part) in enumerate(zip(view.blocks, parts, strict=True)):
        cells = {(e.entry.row, e.entry.column): e for e in found.rebuilt if e.entry.block == i}
        if block.title:
            part.suptitle(block.title, fontsize=9)
        _KINDS[block.kind](part, mpl, block, cells)
    save(figure, mpl, path)


def _shape(block: Block) -> tuple[int, int]:
    """Rows and columns of panels: series by points; of a single series, points in rows of five, or of two."""
    if len(block.rows) > 1:
        return len(block.rows), len(block.columns)
    number = len(block.columns)
    across = 5 if number > 4 else 2
    return math.ceil(number / across), min(across, number)


def _size(block: Block) -> tuple[float, float]:
    if block.kind in ("bars", "lines"):
        return max(6.4, 0.5 + 0.35 * len(block.rows) * len(block.columns)), 3.2
    down, across = _shape(block)
    scale = _PANEL if block.kind == "matrices" else 3.4
    return scale * across + 0.6, scale * down + 0.4


Cells = dict[tuple[str, str], Rebuilt]


def _bars(part: Any, mpl: Any, block: Block, cells: Cells) -> None:
    axes = part.subplots()
    width = 0.8 / len(block.rows)
    colours = mpl.colormaps["tab10"]
    for s, row in enumerate(block.rows):
        shown = False
        for p, column in enumerate(block.columns):
            each = cells.get((row, column))
            place = p + (s - (len(block.rows) - 1) / 2) * width
            if each is None:
                continue
            if each.ours is not None:
                label = None if shown else row
                axes.bar(
                    place, 100 * each.ours, 0.92 * width, color=colours(s), label=label, yerr=_error(each), capsize=2
                )
                shown = True
            else:
                axes.annotate("?", (place, 0), ha="center", va="bottom", fontsize=8, color="0.5")
            if each.entry.printed is not None:
                ends = (place - width / 2, place + width / 2)
                axes.hlines(100 * each.entry.printed, *ends, color="black", linewidth=1.6)
        if not shown:
            axes.bar([0], [0], color=colours(s), label=f"{row} (not there)")
    if any(each.entry.printed is not None for each in cells.values()):
        axes.plot([], [], color="black", linewidth=1.6, label="printed")
    axes.set_xticks(range(len(block.columns)), block.columns, fontsize=8, rotation=20 if len(block.columns) > 5 else 0)
    axes.set_xlim(-0.6, len(block.columns) - 0.4)
    axes.set_xlabel(block.x)
    axes.set_ylabel(f"{block.metric}, %")
    _tidy(axes)


def _lines(part: Any, mpl: Any, block: Block, cells: Cells) -> None:
    axes = part.subplots()
    colours = mpl.colormaps["tab10"]
    places = [float(column) for column in block.columns]
    for s, row in enumerate(block.rows):
        there = [(at, cells[row, c]) for at, c in zip(places, block.columns, strict=True) if (row, c) in cells]
        ours = [(at, each) for at, each in there if each.ours is not None]
        label = row if ours else f"{row} (not there)"
        values = [100 * (each.ours or 0.0) for _, each in ours]
        axes.plot([at for at, _ in ours], values, "o-", color=colours(s), label=label, markersize=4)
        for at, each in ours:
            if each.interval is not None:
                ends = (100 * each.interval.low, 100 * each.interval.high)
                axes.vlines(at, *ends, color=colours(s), linewidth=1, alpha=0.6)
        printed = [(at, 100 * each.entry.printed) for at, each in there if each.entry.printed is not None]
        if printed:
            axes.plot(*zip(*printed, strict=True), "_", color="black", markersize=12, markeredgewidth=1.6)
    axes.set_xticks(places, block.columns, fontsize=8)
    axes.set_xlabel(block.x)
    axes.set_ylabel(f"{block.metric}, %")
    _tidy(axes)


def _matrices(part: Any, mpl: Any, block: Block, cells: Cells) -> None:
    del mpl
    for axes, each, matrix in _filled(part, block, cells, "matrix"):
        table, n = matrix.confusion, matrix.n
        share = np.divide(100.0 * table, n[:, None], out=np.zeros(table.shape), where=n[:, None] > 0)
        axes.imshow(share, cmap="Blues", vmin=0, vmax=100)
        for i in range(len(n)):
            for j in range(len(n)):
                text = f"{share[i, j]:.0f}" if n[i] else "-"
                axes.text(
                    j, i, text, ha="center", va="center", fontsize=5, color="white" if share[i, j] > 55 else "0.1"
                )
        short = [name[:3] for name in each.classes]
        axes.set_xticks(range(len(n)), short, fontsize=5, rotation=90)
        axes.set_yticks(range(len(n)), short, fontsize=5)


def _points(part: Any, mpl: Any, block: Block, cells: Cells) -> None:
    colours = mpl.colormaps["tab10"]
    for axes, each, (places, labels) in _filled(part, block, cells, "points"):
        for c, name in enumerate(each.classes):
            mine = places[labels == c]
            axes.scatter(mine[:, 0], mine[:, 1], s=4, color=colours(c), label=name, linewidths=0)
        axes.set_xticks([])
        axes.set_yticks([])
        axes.legend(fontsize=5, frameon=False, markerscale=2)


def _curves(part: Any, mpl: Any, block: Block, cells: Cells) -> None:
    """Recall at each overlap (dashed), their mean (solid), and the area under it (grey)."""
    colours = mpl.colormaps["viridis"]
    for axes, _, curve in _filled(part, block, cells, "curve"):
        an, recall = curve["AN"], curve["recall"]
        for k, (level, values) in enumerate(recall.items()):
            shade = colours(k / max(1, len(recall) - 1))
            label = f"tIoU {float(level):.2f}"
            axes.plot(an, [100 * v for v in values], "--", color=shade, linewidth=0.8, label=label)
        mean = [100 * value for value in curve["AR"]]
        axes.plot(an, mean, color="black", linewidth=1.6, label=f"AR, AUC {100 * curve['AUC']:.1f}")
        axes.fill_between(an, mean, color="0.85", linewidth=0)
        axes.set_xlim(0, an[-1])
        axes.set_ylim(0, 100)
        axes.set_xlabel(block.x, fontsize=7)
        axes.set_ylabel("recall, %", fontsize=7)
        axes.tick_params(labelsize=7)
        axes.legend(fontsize=5, frameon=False, loc="upper left", ncols=2)


def _filled(part: Any, block: Block, cells: Cells, what: str) -> Iterator[tuple[Any, Rebuilt, Any]]:
    """A panel for each place of a block, with a title; axes, entry and its `what` of those that have one."""
    for axes, row, column in _panels(part, block):
        each = cells.get((row, column))
        axes.set_title(column if len(block.rows) == 1 else f"{row}, {column}", fontsize=8)
        value = None if each is None else getattr(each, what)
        if each is None or value is None:
            _empty(axes)
        else:
            yield axes, each, value


def _panels(part: Any, block: Block) -> Any:
    down, across = _shape(block)
    panels = np.asarray(part.subplots(down, across, squeeze=False)).ravel()
    names = [(row, column) for row in block.rows for column in block.columns]
    for axes in panels[len(names) :]:
        axes.set_axis_off()
    return [(axes, *name) for axes, name in zip(panels, names, strict=False)]


def _empty(axes: Any) -> None:
    axes.set_xticks([])
    axes.set_yticks([])
    axes.text(0.5, 0.5, "not there yet", ha="center", va="center", fontsize=7, color="0.5", transform=axes.transAxes)


def _error(each: Rebuilt) -> Any:
    if each.interval is None or each.ours is None:
        return None
    return [[100 * max(0.0, each.ours - each.interval.low)], [100 * max(0.0, each.interval.high - each.ours)]]


def _tidy(axes: Any) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.axhline(0, color="0.6", linewidth=0.6)
    axes.legend(fontsize=7, frameon=False, ncols=4, loc="lower center", bbox_to_anchor=(0.5, 1.0))


_KINDS = {"bars": _bars, "lines": _lines, "matrices": _matrices, "points": _points, "curves": _curves}
