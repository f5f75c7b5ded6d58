"""What SDFE-LV's paper says of kinds of networks (Tables 4 and 5) and of the context stream (Tables 3 and 6)."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from fervbench.published.evidence import HUNDREDTH, exact, follows, mean, minus, said, shown
from fervbench.published.judgement import Judgement, judge
from fervbench.published.tables import Table, TableCell

SOURCES = ("ck+", "afew", "dfew")
CNN_3D = {"R3D": "r3d-18", "C3D": "c3d", "R2Plus1D": "r2plus1d-18"}
LSTM = {"r3d-18": ("r18-lstm", "r50-lstm", "r101-lstm"), "c3d": ("vgg13-lstm", "vgg16-lstm", "vgg19-lstm")}
TSN = ("tsn-r18", "tsn-r50", "tsn-r101")


def _says(tables: dict[str, Table], label: str) -> TableCell:
    return said(tables, "sdfe-lv", label)


def auc(tables: dict[str, Table], name: str, extractor: str, source: str) -> TableCell:
    """BMN's AUC with features of an extractor that was trained on a source."""
    return tables[f"sdfe-lv/{name}"].find(method=f"bmn+{extractor}", source=source, metric="AUC")


def lstm_over_3d(tables: dict[str, Table]) -> Judgement:
    """Pretrained models: Resnet-LSTM beside R3D, VGG-LSTM beside C3D, "2D-LSTM networks far outperform the 3D"."""
    pairs = [
        (auc(tables, "table5", flat, source), auc(tables, "table5", solid, source))
        for solid, names in LSTM.items()
        for flat in names
        for source in SOURCES
    ]
    odd = [pair for pair in pairs if exact(pair[0]) <= exact(pair[1])]
    least = min(pairs, key=lambda pair: exact(pair[0]) - exact(pair[1]))
    gap = mean([exact(a) - exact(b) for a, b in pairs])
    return judge(
        not odd,
        "text-superlative",
        f"In all {len(pairs)} pairs of Table 5 the 2D-LSTM network is above its 3D counterpart",
        (_says(tables, "2D-LSTM networks better than 3D"), *(cell for pair in odd or pairs for cell in pair)),
        f"the smallest gap: {least[0].row}, {least[0].column}: {minus(*least)}; mean {shown(gap)}",
        otherwise="That 2D-LSTM networks are above the 3D ones cannot follow from Table 5 for "
        + ", ".join(f"{a.row}, {a.column}" for a, _ in odd),
        cannot="That 2D-LSTM networks are better throughout.",
    )


def tsn_over_3d(tables: dict[str, Table]) -> Judgement:
    """Pretrained models: TSN "has great advantages compared to 3D networks, which is 12.5 higher on average".

    Which networks and which averages is not said. Tried: the three TSN together and each of them, less R3D and C3D of
    Table 5, less these and R2Plus1D of Table 4, less each of the three; over the databases, and for each of them.
    """
    printed = _says(tables, "TSN better than 3D, on average")
    tsn = {name: [auc(tables, "table5", name, source) for source in SOURCES] for name in TSN}
    solid = {
        name: [auc(tables, "table4" if name == "R2Plus1D" else "table5", id, source) for source in SOURCES]
        for name, id in CNN_3D.items()
    }
    compared = {"R3D and C3D": ["R3D", "C3D"], "R3D, C3D and R2Plus1D": list(solid), **{name: [name] for name in solid}}
    gaps = {
        (who, whom): [a - b for a, b in zip(_means(tsn, first), _means(solid, group), strict=True)]
        for who, first in {"all TSN": list(tsn), **{name: [name] for name in tsn}}.items()
        for whom, group in compared.items()
    }
    readings = {f"{who} less {whom}": mean(of) for (who, whom), of in gaps.items()}
    for (who, whom), of in gaps.items():
        readings |= {f"{who} less {whom}, {source}": gap for source, gap in zip(SOURCES, of, strict=True)}
    fitting = [reading for reading, gap in readings.items() if follows(printed, gap, HUNDREDTH)]
    averages = {whom: readings[f"all TSN less {whom}"] for whom in list(compared)[:2]}
    text = " or ".join(f"{shown(gap)} ({whom})" for whom, gap in averages.items())
    least = min(
        min(exact(cells[i]) for cells in tsn.values()) - max(exact(cells[i]) for cells in solid.values())
        for i in range(len(SOURCES))
    )
    return judge(
        any(follows(printed, gap, HUNDREDTH) for gap in averages.values()),
        "text-gain",
        f"TSN's {printed.printed} over the 3D networks on average follows from Tables 4 and 5: {text}",
        (printed, *(cell for cells in (*tsn.values(), *solid.values()) for cell in cells)),
        "mean of the three TSN less mean of the 3D networks: "
        + "; ".join(
            f"{whom} {shown(mean(of))} ({', '.join(f'{s} {shown(gap)}' for s, gap in zip(SOURCES, of, strict=True))})"
            for (who, whom), of in gaps.items()
            if who == "all TSN"
        ),
        otherwise=f"TSN's {printed.printed} over the 3D networks on average cannot follow from Tables 4 and 5, which "
        f"give {text}",
        can=f"TSN is above every 3D network for every database, by {shown(least)} or more." if least > 0 else "",
        cannot=f"{printed.printed} on average. Of {len(readings)} readings tried "
        f"{f'only {len(fitting)} give it: ' + '; '.join(fitting) if fitting else 'none gives it'}.",
    )


def _means(cells: dict[str, list[TableCell]], names: Iterable[str]) -> list[Fraction]:
    """The mean AUC of some networks, by database."""
    chosen = [cells[name] for name in names]
    return [mean([exact(of[i]) for of in chosen]) for i in range(len(SOURCES))]


def context_stream(tables: dict[str, Table]) -> list[Judgement]:
    """Context: the stream "not only does not improve the performance [...] but also significantly reduces" it."""
    sentence, table = _says(tables, "context stream"), tables["sdfe-lv/table6"]
    single = ("c3d", "r50-lstm", "vgg19-lstm")
    pairs = [
        (auc(tables, "table6", f"two-{name}", source), auc(tables, "table6", name, source))
        for name in single
        for source in SOURCES
    ]
    means = [tuple(table.find(method=f"bmn+{two}{name}", column="Average") for two in ("two-", "")) for name in single]
    other = tables["sdfe-lv/table3"]
    recalls = [
        (other.find(method=f"bmn+two-{name}", metric=cell.metric), cell)
        for name in single
        for cell in other.cells
        if cell.method == f"bmn+{name}" and cell.metric.startswith("AR@")
    ]
    rise, fall = [p for p in pairs if exact(p[0]) > exact(p[1])], [p for p in pairs if exact(p[0]) < exact(p[1])]
    higher = [pair for pair in recalls if exact(pair[0]) > exact(pair[1])]
    lower = [pair for pair in means if exact(pair[0]) < exact(pair[1])]
    averages = "; ".join(f"{two.row}: {minus(two, one)}" for two, one in means)
    return [
        judge(
            not rise,
            "text-gain",
            f"No AUC of Table 6 is higher with the context stream, {len(fall)} of {len(pairs)} are lower",
            (sentence, *(cell for pair in pairs for cell in pair)),
            "; ".join(f"{two.row}, {two.column}: {minus(two, one)}" for two, one in pairs),
            otherwise=f"That the context stream does not improve cannot follow from Table 6, where {len(rise)} of "
            f"{len(pairs)} AUC rise and {len(fall)} fall with it",
            can=f"Over the three databases {len(lower)} of {len(means)} averages fall: {averages}.",
            cannot="That the stream never helps, nor that the falls are significant: no run is repeated, none tested.",
        ),
        judge(
            not higher,
            "text-gain",
            "No AR@AN of Table 3 is higher with the context stream",
            (sentence, *(cell for pair in higher or recalls for cell in pair)),
            "; ".join(f"{two.row}, {two.metric}: {minus(two, one)}" for two, one in higher) or "none higher",
            otherwise=f"{len(higher)} of {len(recalls)} AR@AN of Table 3 rise with the context stream",
            severity="note",
            can="The rest fall or stay.",
            cannot="That the context stream never helps.",
        ),
    ]


CLAIMS = (lstm_over_3d, tsn_over_3d, context_stream)
