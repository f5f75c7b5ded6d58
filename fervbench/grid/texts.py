"""An assembled table or figure as grids of text: what is printed, ours below it, the difference, how sure, the verdict.

A figure is a grid of its series by its points. Numbers are per cent; where a place holds WAR and UAR they stand side by
side. Markdown and LaTeX are those of published tables (`published.layout`).
"""

from __future__ import annotations

from fervbench.grid.assembling import Assembled
from fervbench.grid.entries import Block, View
from fervbench.grid.filling import Rebuilt
from fervbench.published.layout import Grid, Part, to_latex, to_markdown
from fervbench.published.tables import Table

MISSING, LACKING, SCENES, NOTHING = "-", "w", "s", "o"
MARKS = {"reproduced": "r", "not reproduced": "n", "consistent": "c", "beyond noise": "b", "no verdict": "."}
LEGEND = {
    "r": "reproduced: at 5 %, Holm over the table, the printed number is not told apart from a further seed of ours",
    "n": "not reproduced: it is; + where ours is higher",
    "c": "consistent: within what two test results are apart by chance, too few seeds (5) for more",
    "b": "beyond that noise, too few seeds for a verdict; + where ours is higher",
    ".": "no verdict",
    "x": "the audit shows that the printed number cannot be, alone or with others of this table: judged alone",
    "y": "the audit shows that it cannot be together with numbers of another table",
    MISSING: "not trained yet",
    NOTHING: "trained, and nothing of it is there to show: --json says why",
    LACKING: "needs weights from outside: --weights",
    SCENES: "sees scenes, and there are faces alone: --scene-data",
}
OURS, DIFFERENCE, SPREAD, HALF, VERDICT = "  ours", "  ours - printed", "  interval", "  half-width", "  verdict"
Line = tuple[str, tuple[tuple[Part, ...], ...]]


def as_table(view: View) -> Table:
    """The published table, or one that says where a figure is from."""
    if view.table is not None:
        return view.table
    return Table(view.id, view.title, {"id": view.id, "cite": view.caption}, None, {}, {}, "", (), (), ())


def grids(found: Assembled) -> list[tuple[str, Grid]]:
    """One grid a block, with its title."""
    return [(block.title, _grid(found, i, block)) for i, block in enumerate(found.view.blocks)]


def _grid(found: Assembled, number: int, block: Block) -> Grid:
    places: dict[tuple[str, str], list[Rebuilt]] = {}
    for each in found.rebuilt:
        if each.entry.block == number:
            places.setdefault((each.entry.row, each.entry.column), []).append(each)
    rows: list[Line] = []
    ends = []
    used: set[str] = set()
    columns = tuple(column for column in block.columns if any(place[1] == column for place in places))
    for row in block.rows:
        cells = [places.get((row, column), []) for column in columns]
        if any(cells):
            rows += _lines(row, cells, found, used)
            ends.append(len(rows))
    corner = found.view.table.corner if found.view.table is not None else block.x
    return Grid(
        corner, columns, tuple(rows), frozenset(ends[:-1]), tuple((k, t) for k, t in LEGEND.items() if k in used)
    )


def _lines(row: str, cells: list[list[Rebuilt]], found: Assembled, used: set[str]) -> list[Line]:
    """The lines of one row; those that would be empty all along are left out."""
    marks = [tuple(_mark(each, found, used) for each in place) for place in cells]
    lines: list[Line] = [
        (row, tuple(tuple(Part(_printed(each)) for each in place) for place in cells)),
        (OURS, tuple(tuple(Part(_ours(each, used)) for each in place) for place in cells)),
        (DIFFERENCE, tuple(tuple(Part(_points(each.difference)) for each in place) for place in cells)),
        (SPREAD, tuple(tuple(Part(_interval(each)) for each in place) for place in cells)),
        (HALF, tuple(tuple(Part(_half(each)) for each in place) for place in cells)),
    ]
    if not found.synthetic:
        lines.append((VERDICT, tuple(tuple(Part(mark) for mark in place) for place in marks)))
    first, *rest = lines
    if not _any(first[1]):  # nothing is printed: the row is ours
        first, rest = (row, rest[0][1]), rest[1:]
    return [first, *(line for line in rest if _any(line[1]))]


def _any(places: tuple[tuple[Part, ...], ...]) -> bool:
    return any(part.text for place in places for part in place)


def _printed(each: Rebuilt) -> str:
    if each.entry.printed is None:
        return ""
    if len(each.entry.cells) == 1:
        return each.entry.cells[0].printed
    return f"{100 * each.entry.printed:+.2f}" if each.entry.less is not None else f"{100 * each.entry.printed:.2f}"


def _ours(each: Rebuilt, used: set[str]) -> str:
    if each.matrix is not None:
        values = (each.matrix.value("WAR"), each.matrix.value("UAR"))
        return "/".join("-" if value is None else f"{100 * value:.2f}" for value in values)
    if each.points is not None:
        return f"{len(each.points[1])} clips"
    if each.curve is not None:
        return f"AUC {100 * each.curve['AUC']:.2f}"
    if each.ours is None:
        if each.entry.why is not None:
            return ""
        mark = MISSING
        if each.why is not None and not each.absent:
            mark = LACKING if "--weights" in each.why else SCENES if "--scene-data" in each.why else NOTHING
        used.add(mark)
        return mark
    return f"{100 * each.ours:+.2f}" if each.entry.less is not None else f"{100 * each.ours:.2f}"


def _points(difference: float | None) -> str:
    return "" if difference is None else f"{100 * difference:+.2f}"


def _interval(each: Rebuilt) -> str:
    """The 95 % interval of ours, in whole tenths of points: of the mean over seeds, or of the clips."""
    return "" if each.interval is None else f"{100 * each.interval.low:.1f}..{100 * each.interval.high:.1f}"


def _half(each: Rebuilt) -> str:
    half = each.verdict.half if each.verdict is not None else None
    return "" if half is None else f"±{100 * half:.2f}"


def _mark(each: Rebuilt, found: Assembled, used: set[str]) -> str:
    said = each.verdict
    if said is None or each.ours is None or each.entry.printed is None:
        return ""
    mark = MARKS[said.said]
    more = "+" if mark in "nb" and (each.difference or 0) > 0 else ""
    doubt = "x" if said.alone else "y" if said.impossible else ""
    if not found.synthetic:
        used.update({mark} | ({doubt} if doubt else set()))
    return mark + more + doubt


def status(found: Assembled) -> list[str]:
    """What is there, on what data, and how rows rank, in sentences."""
    seeds = ", ".join(map(str, found.seeds))
    jobs = "job is" if found.tasks == 1 else "jobs are"
    lines = [
        f"{found.done} of {found.tasks} {jobs} done (seed{'s' if len(found.seeds) > 1 else ''} {seeds}); "
        f"{found.number_there} of {len(found.rebuilt)} numbers are there"
    ]
    lines += found.notes
    lines += [f"{name}: {text}" for name, text in found.verified.items()]
    if any(each.verdict is not None and each.verdict.half is not None for each in found.rebuilt):
        lines.append(
            "half-width: of the interval in which one more seed lies, 95 %; where it is wide, no pass says much"
        )
    kinds = {each.interval.kind for each in found.rebuilt if each.interval is not None}
    about = {
        "clips": "of one seed, the chance of the test list",
        "videos": "of one seed, the chance of the test videos",
        "seeds": "of the mean over seeds",
    }
    lines += [f"interval: 95 %, {about[kind]}" for kind in sorted(kinds)]
    for ranking in found.rankings[:4]:
        values = [
            f"{name} {value:.2f}"
            for name, value in (("Kendall's tau", ranking.kendall), ("Spearman's rho", ranking.spearman))
            if value is not None
        ]
        if values:
            lines.append(f"order of {ranking.rows} rows, {ranking.column}, {ranking.metric}: {', '.join(values)}")
    if len(found.rankings) > 4:
        lines.append(f"order of rows in {len(found.rankings) - 4} more columns: --json")
    if found.view.pinned:
        lines.append(f"pinned: {found.view.pinned}")
    return lines


def markdown(found: Assembled) -> str:
    """The whole in Markdown."""
    table = as_table(found.view)
    parts = [f"### {found.view.id}: {found.view.title}\n"]
    for title, grid in grids(found):
        parts.append((f"**{title}**\n\n" if title else "") + to_markdown(table, grid))
    parts.append("\n".join(f"- {line}" for line in status(found)) + "\n")
    return "\n".join(parts)


def latex(found: Assembled) -> str:
    """The whole as LaTeX tabulars (booktabs); remarks are comments."""
    table = as_table(found.view)
    parts = [f"% {found.view.id}: {found.view.title}\n"]
    for title, grid in grids(found):
        parts.append((f"% {title}\n" if title else "") + to_latex(table, grid))
    parts.append("".join(f"% {line}\n" for line in status(found)))
    return "".join(parts)
