"""What DFEW's paper says of transfer to AFEW 7.0 (section 4.3), beside Tables 7 and 8."""

from __future__ import annotations

from fervbench.published.evidence import HUNDREDTH, exact, follows, minus, said, shown
from fervbench.published.judgement import Judgement, judge
from fervbench.published.tables import Table, TableCell


def _columns(tables: dict[str, Table]) -> dict[str, tuple[list[TableCell], list[TableCell]]]:
    """The cells of Table 7 by column: trained on action databases first, trained on DFEW first."""
    found: dict[str, tuple[list[TableCell], list[TableCell]]] = {}
    for cell in tables["dfew/table7"].cells:
        if cell.is_score:
            found.setdefault(cell.column, ([], []))[str(cell.source).startswith("dfew")].append(cell)
    return found


def better_start(tables: dict[str, Table]) -> Judgement:
    """Section 4.3: initial weights of DFEW "show a better transfer learning performance than the action databases"."""
    columns = {name: (max(a, key=exact), min(d, key=exact)) for name, (a, d) in _columns(tables).items()}
    odd = [name for name, (action, dfew) in columns.items() if exact(dfew) <= exact(action)]
    return judge(
        not odd,
        "text-superlative",
        f"In all {len(columns)} columns of Table 7 the lower of DFEW's two folds is above the best action database",
        (
            said(tables, "dfew", "DFEW weights transfer better"),
            *(cell for name in odd or columns for cell in columns[name]),
        ),
        "; ".join(f"{name}: {minus(dfew, action)}" for name, (action, dfew) in columns.items()),
        otherwise="That DFEW's weights transfer better cannot follow from Table 7 for " + " and ".join(odd),
        cannot="That DFEW's weights transfer better throughout.",
    )


def choice_of_fold(tables: dict[str, Table]) -> Judgement:
    """Section 4.3: weights of the second and the fifth fold; how far they are apart, beside the gain of the lower."""
    n = tables["dfew/table7"].counts["afew-val"]["n"]
    sums, cells, wide = [], [], []
    for name, (action, dfew) in _columns(tables).items():
        best, low, high = max(action, key=exact), min(dfew, key=exact), max(dfew, key=exact)
        gain = exact(low) - exact(best)
        clips = shown(gain * n / 100, 1)
        sums.append(f"{name}: folds {minus(high, low)}, gain {minus(low, best)} or {clips} of {n} clips")
        cells += [low, high, best]
        if exact(high) - exact(low) > gain:
            wide.append(name)
    return judge(
        not wide,
        "text-margin",
        "In every column of Table 7 DFEW's two folds are nearer to each other than to the best action database",
        cells,
        "; ".join(sums),
        otherwise=f"In {len(wide)} of {len(sums)} columns of Table 7 the choice of DFEW's fold moves the result by "
        "more than the lower fold gains",
        severity="note",
        can="What Table 7 prints for these two folds.",
        cannot="That another fold, or another run, would be above the action databases too.",
    )


def two_percent(tables: dict[str, Table]) -> list[Judgement]:
    """Section 4.3: "transferred 3D Resnet18 improve the state-of-the-art method on WAR about 2 percent"."""
    printed = said(tables, "dfew", "gain over the state of the art, about")
    best, own = _table_8(tables)
    odd = [cell for cell in own if not follows(printed, exact(cell) - exact(best), HUNDREDTH)]
    used = {(cell.method, cell.source) for cell in own}
    methods = {cell.method for cell in own}
    others = [
        cell
        for column in _columns(tables).values()
        for cell in column[True]
        if cell.method in methods and (cell.method, cell.source) not in used
    ]
    below = [cell for cell in others if exact(cell) <= exact(best)]
    return [
        judge(
            not odd,
            "text-gain",
            f"Both rows of 3D Resnet18 in Table 8 are about {printed.printed} points above the best of the others",
            (printed, best, *own),
            "; ".join(f"{cell.row}: {minus(cell, best)} points" for cell in own),
            otherwise=f"About {printed.printed} points over the best of the others cannot follow from Table 8 for "
            + " and ".join(cell.row for cell in odd),
            cannot=f"A gain of {printed.printed} points.",
        ),
        judge(
            not below,
            "text-margin",
            "With the other fold of Table 7, too, 3D Resnet18 is above the best of the others in Table 8",
            (best, *own, *others),
            "; ".join(f"{cell.column} ({cell.row}): {minus(cell, best)} points" for cell in others),
            otherwise="Table 8 takes the fold that is better on this set: with the other one of Table 7, 3D Resnet18 "
            f"is below {best.row}",
            severity="note",
            can=f"A gain with the weights of {' and '.join(sorted({str(cell.source) for cell in own}))}.",
            cannot="That DFEW's weights, whatever the fold, improve the state of the art.",
        ),
    ]


def two_sets(tables: dict[str, Table]) -> Judgement:
    """Section 1: the champion of EmotiW2019 has 62.78 on AFEW's test set; Table 8 is on its validation set."""
    champion = said(tables, "dfew", "EmotiW2019: accuracy of the champion")
    best, own = _table_8(tables)
    return judge(
        exact(best) >= exact(champion),
        "text-superlative",
        "The best of the others in Table 8 is no lower than the champion that section 1 names",
        (champion, best, *own),
        f"section 1: {champion.printed}, several models fused, test set; Table 8: {best.printed} ({best.row}), "
        "validation set",
        otherwise=f"Section 1 names {champion.printed} on AFEW's test set, Table 8 compares with {best.printed} on its "
        "validation set",
        severity="note",
        can="3D Resnet18 is the best of the methods that Table 8 lists.",
        cannot="That it is the best on AFEW: the sets and the kinds of systems differ.",
    )


def _table_8(tables: dict[str, Table]) -> tuple[TableCell, list[TableCell]]:
    """The best of the cited methods, and the paper's own rows."""
    cells = tables["dfew/table8"].cells
    return max((c for c in cells if c.cited), key=exact), [c for c in cells if not c.cited]


CLAIMS = (better_start, choice_of_fold, two_percent, two_sets)
