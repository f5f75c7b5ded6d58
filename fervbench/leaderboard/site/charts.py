"""Charts as SVG, drawn by hand: no script, no inline style, every text escaped; colours come from the stylesheet.

Large charts are images with a title and a description. Small ones inside tables are hidden from screen readers, as the
number stands beside them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape


@dataclass(frozen=True)
class Point:
    """A point of WAR against UAR, shares of 1. `href` and `trust` go into the drawing, `front` marks the front."""

    name: str
    x: float
    y: float
    href: str
    trust: str
    front: bool = False
    title: str = ""


@dataclass(frozen=True)
class Bar:
    """A value with its interval (None: not known), shares of 1."""

    name: str
    value: float
    low: float | None
    high: float | None
    trust: str = "reported"
    tied: bool = False


def _n(value: float) -> str:
    """A coordinate: at most one decimal, the same everywhere."""
    text = f"{value:.1f}"
    return text.removesuffix(".0") if text != "-0.0" else "0"


def ticks(low: float, high: float, most: int = 7) -> list[float]:
    """Round places between two shares, at most `most` steps apart.

    >>> ticks(0.31, 0.59)
    [0.35, 0.4, 0.45, 0.5, 0.55]
    """
    span = max(high - low, 1e-6)
    step = next((s for s in (0.005, 0.01, 0.02, 0.05, 0.1, 0.2) if span / s <= most), 0.25)
    first = math.ceil(low / step - 1e-9)
    return [round(k * step, 4) for k in range(first, math.floor(high / step + 1e-9) + 1)]


def interval(value: float, low: float | None, high: float | None, axis: tuple[float, float]) -> Markup:
    """A value with its interval on a small axis, for a cell of a table."""

    def at(share: float) -> float:
        return 3 + 94 * (min(max(share, axis[0]), axis[1]) - axis[0]) / max(axis[1] - axis[0], 1e-9)

    line = "" if low is None or high is None else f'<path d="M{_n(at(low))} 6H{_n(at(high))}"/>'
    dot = f'<circle cx="{_n(at(value))}" cy="6" r="2"/>'
    return Markup(f'<svg class="iv" viewBox="0 0 100 12" aria-hidden="true">{line}{dot}</svg>')  # noqa: S704 - numbers


def ranks(best: int, rank: int, worst: int, total: int) -> Markup:
    """The ranks an entry can have, among all."""

    def at(place: float) -> float:
        return 3 + 54 * (place - 1) / max(total - 1, 1)

    return Markup(  # noqa: S704 - numbers alone
        f'<svg class="rk" viewBox="0 0 60 12" aria-hidden="true"><path d="M{_n(at(best) - 1)} 6H{_n(at(worst) + 1)}"/>'
        f'<circle cx="{_n(at(rank))}" cy="6" r="2.5"/></svg>'
    )


def bar(share: float) -> Markup:
    """A share as a bar, for a cell of a table."""
    width = _n(100 * min(max(share, 0.0), 1.0))
    return Markup(  # noqa: S704 - numbers alone
        f'<svg class="br" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect class="bg" width="100" height="8"/><rect width="{width}" height="8"/></svg>'
    )


def _shape(trust: str, x: float, y: float) -> str:
    """Reported: a circle; verified: a square; reproduced: a diamond."""
    if trust == "verified":
        return f'<rect x="{_n(x - 4)}" y="{_n(y - 4)}" width="8" height="8"/>'
    if trust == "reproduced":
        return f'<path d="M{_n(x)} {_n(y - 5.5)}l5.5 5.5-5.5 5.5-5.5-5.5z"/>'
    return f'<circle cx="{_n(x)}" cy="{_n(y)}" r="4.5"/>'


def short(name: str, limit: int = 26) -> str:
    """A name cut for a chart."""
    return name if len(name) <= limit else name[: limit - 1].rstrip() + "\u2026"


def scatter(points: Sequence[Point], id: str, first: str = "WAR", second: str = "UAR") -> Markup:
    """One metric against another; the front (best trades of one for the other) is joined and named."""
    width, height, left, bottom, top, right = 720, 440, 52, 44, 18, 18
    xs, ys = [p.x for p in points], [p.y for p in points]
    pad_x, pad_y = 0.06 * (max(xs) - min(xs)) + 0.01, 0.06 * (max(ys) - min(ys)) + 0.01
    x0, x1, y0, y1 = min(xs) - pad_x, max(xs) + pad_x, min(ys) - pad_y, max(ys) + pad_y

    def px(x: float) -> float:
        return left + (width - left - right) * (x - x0) / (x1 - x0)

    def py(y: float) -> float:
        return height - bottom - (height - bottom - top) * (y - y0) / (y1 - y0)

    front = sorted((p for p in points if p.front), key=lambda p: p.x)
    named = ", ".join(p.name for p in front[:12])
    about = f"{len(points)} entries. On the front, where no other entry is better by both: {named}."
    out = [
        f'<svg class="chart" viewBox="0 0 {width} {height}" role="img" aria-labelledby="{id}-t {id}-d">',
        f'<title id="{id}-t">{escape(second)} against {escape(first)}</title><desc id="{id}-d">{escape(about)}</desc>',
    ]
    for x in ticks(x0, x1):
        out.append(f'<path class="grid" d="M{_n(px(x))} {top}V{height - bottom}"/>')
        out.append(
            f'<text class="tick" x="{_n(px(x))}" y="{height - bottom + 18}" text-anchor="middle">{100 * x:g}</text>'
        )
    for y in ticks(y0, y1):
        out.append(f'<path class="grid" d="M{left} {_n(py(y))}H{width - right}"/>')
        out.append(f'<text class="tick" x="{left - 8}" y="{_n(py(y) + 4)}" text-anchor="end">{100 * y:g}</text>')
    out.append(
        f'<text class="axis" x="{width - right}" y="{height - 6}" text-anchor="end">{escape(first)}, % \u2192</text>'
    )
    out.append(f'<text class="axis" x="6" y="{top + 2}">\u2191 {escape(second)}, %</text>')
    if len(front) > 1:
        steps = f"M{_n(px(front[0].x))} {_n(py(front[0].y))}"
        steps += "".join(f"V{_n(py(b.y))}H{_n(px(b.x))}" for b in front[1:])
        out.append(f'<path class="front" d="{steps}"/>')
    for p in sorted(points, key=lambda p: p.front):
        kind = f"pt {p.trust}" + (" on" if p.front else "")
        shape = _shape(p.trust, px(p.x), py(p.y))
        tip = p.title or f"{p.name}: {first} {100 * p.x:.2f}, {second} {100 * p.y:.2f}"
        out.append(f'<g class="{kind}" data-href="{escape(p.href)}"><title>{escape(tip)}</title>{shape}</g>')
    at = [(px(p.x), py(p.y)) for p in points]
    taken: list[tuple[float, float, float]] = []
    for p in front[::-1]:
        label = short(p.name)
        best: tuple[int, float, float, str] | None = None
        for dx, dy, anchor in ((-10, 4, "end"), (10, 4, "start"), (-8, -9, "end"), (-8, 18, "end"), (8, 18, "start")):
            x, y = px(p.x) + dx, py(p.y) + dy
            start = x - 6.6 * len(label) if anchor == "end" else x
            end = start + 6.6 * len(label)
            if start < left or end > width or y < top:
                continue
            if any(abs(y - oy) <= 13 and start < oe and end > os for os, oe, oy in taken):
                continue
            covered = sum(start - 5 < ax < end + 5 and y - 14 < ay < y + 5 for ax, ay in at)
            if best is None or covered < best[0]:
                best = covered, x, y, anchor
        if best is not None:
            _, x, y, anchor = best
            start = x - 6.6 * len(label) if anchor == "end" else x
            taken.append((start, start + 6.6 * len(label), y))
            out.append(f'<text class="name" x="{_n(x)}" y="{_n(y)}" text-anchor="{anchor}">{escape(label)}</text>')
    out.append("</svg>")
    return Markup("".join(out))  # noqa: S704 - every text in it is escaped above


def leaders(bars: Sequence[Bar], id: str, metric: str) -> Markup:
    """The first entries of a ranking as dots with their intervals, those tied with the first marked."""
    row, left, right, width = 22, 190, 54, 560
    height = row * len(bars) + 30
    low = min([b.low if b.low is not None else b.value for b in bars]) - 0.01
    high = max([b.high if b.high is not None else b.value for b in bars]) + 0.01

    def px(x: float) -> float:
        return left + (width - left - right) * (x - low) / (high - low)

    said = "; ".join(f"{b.name} {100 * b.value:.2f}" for b in bars)
    out = [
        f'<svg class="chart" viewBox="0 0 {width} {height}" role="img" aria-labelledby="{id}-t {id}-d">',
        f'<title id="{id}-t">The first {len(bars)} by {escape(metric)}</title><desc id="{id}-d">{escape(said)}</desc>',
    ]
    for x in ticks(low, high):
        out.append(f'<path class="grid" d="M{_n(px(x))} 4V{height - 24}"/>')
        out.append(f'<text class="tick" x="{_n(px(x))}" y="{height - 8}" text-anchor="middle">{100 * x:g}</text>')
    for i, b in enumerate(bars):
        y = 14 + row * i
        if b.tied:
            out.append(f'<rect class="band" x="0" y="{y - 11}" width="{width}" height="{row}"/>')
        out.append(
            f'<text class="row" x="{left - 12}" y="{y + 4}" text-anchor="end">{escape(short(b.name, 27))}</text>'
        )
        if b.low is not None and b.high is not None:
            out.append(f'<path class="whisker" d="M{_n(px(b.low))} {y}H{_n(px(b.high))}"/>')
        out.append(f'<g class="pt {b.trust} on">{_shape(b.trust, px(b.value), y)}</g>')
        out.append(f'<text class="value" x="{width - 6}" y="{y + 4}" text-anchor="end">{100 * b.value:.2f}</text>')
    out.append("</svg>")
    return Markup("".join(out))  # noqa: S704 - every text in it is escaped above


def progress(points: Sequence[Point], id: str, metric: str) -> Markup:
    """A metric (`y`) by year (`x`), and the best until each year as steps."""
    width, height, left, bottom, top, right = 560, 230, 40, 30, 14, 14
    years = sorted({int(p.x) for p in points})
    ys = [p.y for p in points]
    y0, y1 = min(ys) - 0.02, max(ys) + 0.02
    first, last = years[0], max(years[-1], years[0] + 1)

    def px(year: float) -> float:
        return left + 10 + (width - left - right - 20) * (year - first) / (last - first)

    def py(y: float) -> float:
        return height - bottom - (height - bottom - top) * (y - y0) / (y1 - y0)

    best: list[tuple[int, float]] = []
    for year in years:
        value = max(p.y for p in points if int(p.x) <= year)
        best.append((year, value))
    said = "; ".join(f"{year}: {100 * value:.2f}" for year, value in best)
    out = [
        f'<svg class="chart" viewBox="0 0 {width} {height}" role="img" aria-labelledby="{id}-t {id}-d">',
        f'<title id="{id}-t">{escape(metric)} by year</title><desc id="{id}-d">Best until each year: {said}</desc>',
    ]
    for y in ticks(y0, y1, 5):
        out.append(f'<path class="grid" d="M{left} {_n(py(y))}H{width - right}"/>')
        out.append(f'<text class="tick" x="{left - 6}" y="{_n(py(y) + 4)}" text-anchor="end">{100 * y:g}</text>')
    step = max(1, (last - first) // 8)
    out += [
        f'<text class="tick" x="{_n(px(year))}" y="{height - 8}" text-anchor="middle">{year}</text>'
        for year in range(first, last + 1, step)
    ]
    path = f"M{_n(px(best[0][0]))} {_n(py(best[0][1]))}"
    path += "".join(f"H{_n(px(year))}V{_n(py(value))}" for year, value in best[1:])
    out.append(f'<path class="front" d="{path}"/>')
    for p in points:
        shape = _shape(p.trust, px(p.x), py(p.y))
        tip = f"{p.name} ({int(p.x)}): {100 * p.y:.2f}"
        out.append(f'<g class="pt {p.trust}" data-href="{escape(p.href)}"><title>{escape(tip)}</title>{shape}</g>')
    out.append("</svg>")
    return Markup("".join(out))  # noqa: S704 - every text in it is escaped above


def curve(an: Sequence[float], ar: Sequence[float], recall: dict[str, Sequence[float]], id: str) -> Markup:
    """AR against AN: recall at each tIoU thin, their mean thick, the area under it shaded."""
    width, height, left, bottom, top, right = 720, 380, 48, 42, 14, 84
    most = max(an)

    def px(x: float) -> float:
        return left + (width - left - right) * x / most

    def py(y: float) -> float:
        return height - bottom - (height - bottom - top) * y

    def line(values: Sequence[float]) -> str:
        return "M" + "L".join(f"{_n(px(x))} {_n(py(y))}" for x, y in zip(an, values, strict=True))

    said = f"Average recall rises to {100 * ar[-1]:.1f} % at {most:g} proposals per video on average."
    out = [
        f'<svg class="chart" viewBox="0 0 {width} {height}" role="img" aria-labelledby="{id}-t {id}-d">',
        f'<title id="{id}-t">Average recall against proposals per video</title><desc id="{id}-d">{escape(said)}</desc>',
    ]
    for y in (0, 0.2, 0.4, 0.6, 0.8, 1.0):
        out.append(f'<path class="grid" d="M{left} {_n(py(y))}H{width - right}"/>')
        out.append(f'<text class="tick" x="{left - 8}" y="{_n(py(y) + 4)}" text-anchor="end">{100 * y:g}</text>')
    out += [
        f'<text class="tick" x="{_n(px(x))}" y="{height - bottom + 18}" text-anchor="middle">{x}</text>'
        for x in (0, 20, 40, 60, 80, 100)
        if x <= most
    ]
    area = line(ar) + f"L{_n(px(an[-1]))} {_n(py(0))}L{_n(px(an[0]))} {_n(py(0))}z"
    out.append(f'<path class="area" d="{area}"/>')
    for i, (level, values) in enumerate(recall.items()):
        out.append(f'<path class="thin" d="{line(values)}"><title>tIoU {escape(level)}</title></path>')
        if i % 3 == 0:
            end = _n(py(values[-1]) + 4)
            out.append(f'<text class="tick" x="{width - right + 6}" y="{end}">tIoU {escape(level)}</text>')
    out.append(f'<path class="thick" d="{line(ar)}"/>')
    out.append(f'<text class="axis" x="{width - right}" y="{height - 6}" text-anchor="end">proposals per video</text>')
    out.append('<text class="axis" x="6" y="12">recall, %</text></svg>')
    return Markup("".join(out))  # noqa: S704 - every text in it is escaped above
