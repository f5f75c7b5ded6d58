"""What SDFE-LV's paper says of methods and pretraining, beside Tables 3 to 6, and all its claims in order.

Its data is in `claims_sdfe_lv_data.py`, kinds of networks and the context stream in `claims_sdfe_lv_models.py`.
"""

from __future__ import annotations

from fervbench.published import claims_sdfe_lv_data, claims_sdfe_lv_models
from fervbench.published.claims_sdfe_lv_models import SOURCES, auc
from fervbench.published.evidence import HUNDREDTH, exact, follows, highest, minus, said
from fervbench.published.judgement import Judgement, judge
from fervbench.published.tables import Table, TableCell


def _says(tables: dict[str, Table], label: str) -> TableCell:
    return said(tables, "sdfe-lv", label)


def best_extractor(tables: dict[str, Table]) -> list[Judgement]:
    """Benchmark: with VGG19-LSTM the AUC is "the highest result of 59.56, and most AR@ANs also achieve the best"."""
    table = tables["sdfe-lv/table3"]
    scores: dict[str, list[TableCell]] = {}
    for cell in table.cells:
        if cell.is_score:
            scores.setdefault(cell.metric, []).append(cell)
    claimed = {metric: next(c for c in cells if c.method == "bmn+vgg19-lstm") for metric, cells in scores.items()}
    tops = {metric: max(cells, key=exact) for metric, cells in scores.items() if metric != "AUC"}
    first = [metric for metric, top in tops.items() if exact(claimed[metric]) == exact(top)]
    rest = [f"{metric} {top.printed} ({top.row})" for metric, top in tops.items() if metric not in first]
    return [
        highest(_says(tables, "highest AUC"), claimed["AUC"], scores["AUC"], "Table 3"),
        judge(
            2 * len(first) > len(tops),
            "text-superlative",
            f"VGG19-LSTM is best in {len(first)} of {len(tops)} AR@AN of Table 3, most of them, as the text says",
            (_says(tables, "most AR@ANs"), *(claimed[metric] for metric in tops), *tops.values()),
            f"best: {', '.join(first)}; others: {', '.join(rest) or 'none'}",
            otherwise=f"That VGG19-LSTM is best in most AR@AN cannot follow from Table 3: {len(first)} of {len(tops)}",
            cannot="Most of them.",
        ),
    ]


def bottom_up(tables: dict[str, Table]) -> Judgement:
    """Benchmark: BSN and BMN "outperform" R-C3D and TURN "by a large margin in AR@AN and AUC", all with C3D."""
    table = tables["sdfe-lv/table3"]
    fashion = {
        cell.row: cell.printed for cell in table.cells if cell.column == "Fashion" and cell.row.endswith(", C3D")
    }
    margins: dict[str, tuple[TableCell, TableCell]] = {}
    for metric in dict.fromkeys(cell.metric for cell in table.cells if cell.is_score):
        cells = {row: table.find(row=row, metric=metric) for row in fashion}
        low = min((cells[row] for row, kind in fashion.items() if kind == "Bottom-up"), key=exact)
        high = max((cells[row] for row, kind in fashion.items() if kind == "Top-down"), key=exact)
        margins[metric] = (low, high)
    odd = [metric for metric, (low, high) in margins.items() if exact(low) <= exact(high)]
    return judge(
        not odd,
        "text-superlative",
        f"In all {len(margins)} columns of Table 3 the lower bottom-up method is above the higher top-down one",
        (_says(tables, "bottom-up better than top-down"), *(cell for pair in margins.values() for cell in pair)),
        "; ".join(f"{metric}: {minus(low, high)}" for metric, (low, high) in margins.items()),
        otherwise=f"That bottom-up is above top-down cannot follow from Table 3 for {' and '.join(odd)}",
        cannot="That bottom-up is better throughout.",
    )


def gains_by_dfew(tables: dict[str, Table]) -> list[Judgement]:
    """Pretrained databases: C3D with DFEW is "12.41 and 11.46 higher than CK+ and AFEW"."""
    found = []
    for name, source in (("CK+", "ck+"), ("AFEW", "afew")):
        printed = _says(tables, f"gain of C3D by DFEW over {name}")
        dfew, other = auc(tables, "table4", "c3d", "dfew"), auc(tables, "table4", "c3d", source)
        found.append(
            judge(
                follows(printed, exact(dfew) - exact(other), HUNDREDTH),
                "text-gain",
                f"C3D's gain of {printed.printed} by DFEW over {name} follows from Table 4",
                (printed, dfew, other),
                minus(dfew, other),
                otherwise=f"C3D's gain of {printed.printed} by DFEW over {name} cannot follow from Table 4: "
                f"{minus(dfew, other)}",
                cannot=f"A gain of {printed.printed}.",
            )
        )
    return found


def same_conclusion(tables: dict[str, Table]) -> Judgement:
    """Pretrained databases: AFEW better than CK+, DFEW better by more; "the same conclusion" for R3D and R2Plus1D."""
    rows = {name: [auc(tables, "table4", name, s) for s in SOURCES] for name in ("c3d", "r3d-18", "r2plus1d-18")}
    steps = {name: (exact(b) - exact(a), exact(c) - exact(b)) for name, (a, b, c) in rows.items()}
    odd = [name for name, (first, second) in steps.items() if not 0 < first < second]
    return judge(
        not odd,
        "text-gain",
        "In all rows of Table 4 AFEW is above CK+, and DFEW above AFEW by more, as the text says",
        (
            _says(tables, "AFEW better than CK+"),
            _says(tables, "same conclusion"),
            *(c for r in rows.values() for c in r),
        ),
        "; ".join(
            f"{cells[0].row}: {minus(cells[1], cells[0])}, {minus(cells[2], cells[1])}" for cells in rows.values()
        ),
        otherwise="The same conclusion cannot follow from Table 4 for "
        + " and ".join(rows[name][0].row for name in odd),
        cannot="The same conclusion for all three.",
    )


def various_models(tables: dict[str, Table]) -> list[Judgement]:
    """Pretrained databases: "large-scale and in-the-wild" ones improve "various models": all rows of Tables 4 to 6."""
    rows: dict[str, list[TableCell]] = {}
    for name in ("table4", "table5", "table6"):
        for cell in tables[f"sdfe-lv/{name}"].cells:
            if cell.source and cell.method and cell.method not in rows:
                rows[cell.method] = [auc(tables, name, cell.method.removeprefix("bmn+"), s) for s in SOURCES]
    sentence = _says(tables, "large-scale and in-the-wild pretraining")
    below = [cells for cells in rows.values() if exact(cells[2]) <= max(exact(cells[0]), exact(cells[1]))]
    least = min(rows.values(), key=lambda cells: exact(cells[2]) - max(exact(cells[0]), exact(cells[1])))
    afew = [cells for cells in rows.values() if exact(cells[1]) <= exact(cells[0])]
    return [
        judge(
            not below,
            "text-gain",
            f"DFEW is above CK+ and AFEW for all {len(rows)} extractors of Tables 4 to 6",
            (sentence, *(cell for cells in below or rows.values() for cell in cells)),
            f"the smallest step: {least[2].row}, {minus(least[2], max(least[:2], key=exact))}",
            otherwise="That DFEW improves various models cannot follow for " + " and ".join(c[0].row for c in below),
            cannot="That DFEW is better for every extractor.",
        ),
        judge(
            not afew,
            "text-gain",
            f"AFEW, too, is above CK+ for all {len(rows)} extractors of Tables 4 to 6",
            (sentence, *(cell for cells in afew or rows.values() for cell in cells[:2])),
            "; ".join(f"{cells[1].row}: {minus(cells[1], cells[0])}" for cells in afew) or "none below",
            otherwise=f"AFEW, in the wild but small, is not above CK+ for {len(afew)} of {len(rows)} extractors",
            severity="note",
            can="Large and in the wild together, as DFEW is, is better for all of them." if not below else "",
            cannot="That in-the-wild videos alone help: in DFEW size and setting change together.",
        ),
    ]


CLAIMS = (
    *claims_sdfe_lv_data.CLAIMS,
    best_extractor,
    bottom_up,
    gains_by_dfew,
    same_conclusion,
    various_models,
    *claims_sdfe_lv_models.CLAIMS,
)


def audit(tables: dict[str, Table]) -> list[Judgement]:
    """Every claim of SDFE-LV's text, judged by the published tables (all of them, by id)."""
    found: list[Judgement] = []
    for claim in CLAIMS:
        judged = claim(tables)
        found += [judged] if isinstance(judged, Judgement) else judged
    return found
