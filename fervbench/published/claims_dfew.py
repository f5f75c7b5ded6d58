"""What DFEW's paper says of its results (section 4.2), beside Tables 4 to 6, and all its claims in order.

Its data is in `claims_dfew_data.py`, its method in `claims_dfew_method.py`, transfer in `claims_dfew_transfer.py`.
"""

from __future__ import annotations

from fractions import Fraction

from fervbench.published import claims_dfew_data, claims_dfew_method, claims_dfew_transfer
from fervbench.published.claims_dfew_data import pooled
from fervbench.published.evidence import HUNDREDTH, exact, follows, highest, mean, minus, said, shown
from fervbench.published.judgement import Judgement, judge
from fervbench.published.printed import hits
from fervbench.published.tables import Table, TableCell

CNN_3D = ("c3d", "p3d", "r3d-18", "3d-resnet18", "i3d")
CNN_RNN = ("vgg11-lstm", "r18-lstm")
PLAIN, CENTER, EC = "", "+center-loss", "+ec-stfl"


def _says(tables: dict[str, Table], label: str) -> TableCell:
    return said(tables, "dfew", label)


def _score(tables: dict[str, Table], name: str, method: str, measure: str) -> TableCell:
    """A method's WAR, UAR, or recall of a class."""
    wanted = {"metric": measure} if measure in ("WAR", "UAR") else {"class_": measure}
    return tables[f"dfew/{name}"].find(method=method, **wanted)


def _column(tables: dict[str, Table], name: str, metric: str) -> list[TableCell]:
    return [cell for cell in tables[f"dfew/{name}"].cells if cell.metric == metric]


def best_of_table_4(tables: dict[str, Table]) -> list[Judgement]:
    """Section 4.2: "P3D achieves the best WAR at 54.47%, and 3D Resnet18 achieves the best UAR at 44.73%"."""
    found = []
    for label, method, metric in (("best WAR: P3D", "p3d", "WAR"), ("best UAR: 3D Resnet18", "3d-resnet18", "UAR")):
        claimed, column = _score(tables, "table4", method, metric), _column(tables, "table4", metric)
        found.append(highest(_says(tables, label), claimed, column, "Table 4"))
    return found


def best_by_3d(tables: dict[str, Table]) -> list[Judgement]:
    """Section 4.2: "both UAR and WAR attained by 3D CNN models instead of CNN-RNN models"."""
    sentence, found = _says(tables, "UAR and WAR attained by 3D CNN models"), []
    for metric in ("UAR", "WAR"):
        column = _column(tables, "table4", metric)
        best = max((cell for cell in column if cell.method in CNN_3D), key=exact)
        found.append(highest(sentence, best, column, "Table 4"))
    return found


def classes_by_group(tables: dict[str, Table]) -> list[Judgement]:
    """Section 4.2: 3D CNN better at five classes, CNN-RNN at neutral and disgust: by a group's best, by its mean."""
    sentences = [_says(tables, f"classes better by {group}") for group in ("3D CNN", "CNN-RNN")]
    named = sentences[0].printed.replace("and ", "").split(", ")
    groups = {name: [_recalls(tables, group, name) for group in (CNN_3D, CNN_RNN)] for name in pooled()}
    found = []
    for how, of in (("best model", max), ("mean", mean)):
        values = {name: [of([exact(c) for c in group]) for group in both] for name, both in groups.items()}
        odd = [name for name, (cnn, rnn) in values.items() if (cnn > rnn) != (name.lower() in named)]
        arithmetic = f"{how} of {len(CNN_3D)} 3D CNN, of {len(CNN_RNN)} CNN-RNN: "
        found.append(
            judge(
                not odd,
                "text-superlative",
                f"By the {how} of each group 3D CNN are better at the {len(named)} classes named, CNN-RNN at the rest",
                (*sentences, *(c for name in odd or groups for group in groups[name] for c in group)),
                arithmetic + ", ".join(f"{name} {shown(cnn)}, {shown(rnn)}" for name, (cnn, rnn) in values.items()),
                otherwise=f"By the {how} of each group the sentence cannot follow from Table 4 for {' and '.join(odd)}",
                severity="warning" if of is max else "note",
                can="" if of is max else "What the best model of each group shows.",
                cannot="That the kind of network makes the difference: the best of more models is higher by chance.",
            )
        )
    return found


def one_clip_apart(tables: dict[str, Table]) -> list[Judgement]:
    """The same sentence: classes where the best of the two groups differ by one clip of the pooled test parts."""
    found = []
    for name, n in pooled().items():
        tops = [max(_recalls(tables, group, name), key=exact) for group in (CNN_3D, CNN_RNN)]
        counts = [hits(cell, n) for cell in tops]
        if all(len(count) == 1 for count in counts) and abs(counts[0][0] - counts[1][0]) <= 1:
            sums = ", ".join(f"{c.row} {k[0]}/{n} = {c.printed}" for c, k in zip(tops, counts, strict=True))
            message = f"{name}: the best of 3D CNN and of CNN-RNN differ by one clip of {n}"
            at_most = f"Both recognise at most {max(count[0] for count in counts)} of {n}."
            about = {"can": at_most, "cannot": f"Which group is better at {name}."}
            found.append(Judgement("text-margin", "note", message, tuple(tops), sums, **about))
    return found


def _recalls(tables: dict[str, Table], methods: tuple[str, ...], name: str) -> list[TableCell]:
    return [_score(tables, "table4", method, name) for method in methods]


def easiest_and_hardest(tables: dict[str, Table]) -> Judgement:
    """Section 4.2: "it is easier to classify the happy emotion while harder to the disgust"."""
    rows: dict[str, list[TableCell]] = {}
    for cell in tables["dfew/table4"].cells:
        if cell.class_:
            rows.setdefault(cell.row, []).append(cell)
    ends = {row: (max(cells, key=exact), min(cells, key=exact)) for row, cells in rows.items()}
    odd = [row for row, (top, last) in ends.items() if (top.class_, last.class_) != ("Happy", "Disgust")]
    return judge(
        not odd,
        "text-superlative",
        f"Happy has the highest and Disgust the lowest recall in all {len(ends)} rows of Table 4",
        (_says(tables, "happy easier, disgust harder"), *(cell for pair in ends.values() for cell in pair)),
        "; ".join(f"{row}: {a.class_} {a.printed}, {b.class_} {b.printed}" for row, (a, b) in ends.items()),
        otherwise=f"Happy highest and Disgust lowest cannot follow from the rows {' and '.join(odd)} of Table 4",
        cannot="That it holds for every model.",
    )


def ec_stfl(tables: dict[str, Table]) -> list[Judgement]:
    """Section 4.2: all models better with EC-STFL, by 1.61 (UAR) and 2.08 (WAR) on average; the best is 3D Resnet18."""
    found = []
    every = _says(tables, "all models better with EC-STFL")
    pairs = {
        metric: [tuple(_score(tables, "table5", m + loss, metric) for loss in (PLAIN, EC)) for m in CNN_3D + CNN_RNN]
        for metric in ("UAR", "WAR")
    }
    together = [pair for metric in pairs for pair in pairs[metric]]
    worse = [pair for pair in together if exact(pair[1]) <= exact(pair[0])]
    least = min(together, key=lambda pair: exact(pair[1]) - exact(pair[0]))
    found.append(
        judge(
            not worse,
            "text-gain",
            f"All {len(together)} pairs of Table 5 are higher with EC-STFL",
            (every, *(cell for pair in worse or together for cell in pair)),
            f"the smallest gain: {least[1].row}, {least[1].metric}, {minus(least[1], least[0])}",
            otherwise="That all are better with EC-STFL cannot follow from "
            + ", ".join(f"{b.row}, {b.metric} {b.printed} after {a.printed}" for a, b in worse),
            cannot="That every model is better with EC-STFL.",
        )
    )
    for metric, of_metric in pairs.items():
        printed = _says(tables, f"average gain of {metric}")
        gains = [exact(b) - exact(a) for a, b in of_metric]
        found.append(
            judge(
                follows(printed, mean(gains), HUNDREDTH),
                "text-gain",
                f"The average {metric} gain of {printed.printed} points follows from Table 5",
                (printed, *(cell for pair in of_metric for cell in pair)),
                f"({' + '.join(map(shown, gains))}) / {len(gains)} = {shown(mean(gains), 4)}",
                otherwise=f"The average {metric} gain of {printed.printed} points cannot follow from Table 5, which "
                f"gives {shown(mean(gains))}",
                cannot=f"An average gain of {printed.printed}.",
            )
        )
    sentence = _says(tables, "best UAR and WAR with EC-STFL")
    for metric in ("UAR", "WAR"):
        claimed = _score(tables, "table5", "3d-resnet18" + EC, metric)
        found.append(highest(sentence, claimed, _column(tables, "table5", metric), "Table 5"))
    return found


def recall_gains(tables: dict[str, Table]) -> list[Judgement]:
    """Section 4.2, on Figure 3: the recall gains of C3D and 3D Resnet18, which Table 6 has too; and the falls."""
    found = []
    falls: list[tuple[TableCell, ...]] = []
    named: list[TableCell] = []
    for method, name in (("c3d", "C3D"), ("3d-resnet18", "3D Resnet18")):
        start = f"recall gain of {name}: "
        printed = {c.row.removeprefix(start): c for c in tables["dfew/text"].cells if c.row.startswith(start)}
        pairs = {c: tuple(_score(tables, "table6", method + loss, c) for loss in (PLAIN, EC)) for c in pooled()}
        wrong = [c for c, cell in printed.items() if not follows(cell, _gain(pairs[c]), HUNDREDTH)]
        silent = [c for c in pairs if _gain(pairs[c]) > 0 and c not in printed]
        falls += [pair for pair in pairs.values() if _gain(pair) < 0]
        named += printed.values()
        found.append(
            judge(
                not wrong and not silent,
                "text-gain",
                f"{name}: the {len(printed)} recall gains of the text are those of Table 6, and no other class gains",
                (*printed.values(), *(cell for c in printed for cell in pairs[c])),
                "; ".join(
                    f"{c}: {minus(pairs[c][1], pairs[c][0])}, text {cell.printed}" for c, cell in printed.items()
                ),
                otherwise=f"{name}: the recall gains of the text cannot follow from Table 6 for "
                + " and ".join(wrong + silent),
                cannot="Whether Figure 3 or Table 6 holds the intended numbers.",
            )
        )
    found.append(
        judge(
            not falls,
            "text-gain",
            "No class loses recall with EC-STFL in Table 6",
            [*named, *(cell for pair in falls for cell in pair)],
            "; ".join(f"{b.row}, {b.column}: {minus(b, a)}" for a, b in falls) or "none falls",
            otherwise=f"Beside the gains that the text names, {len(falls)} recalls of Table 6 fall with EC-STFL",
            severity="note",
            can=f"The {len(named)} gains that the text names.",
            cannot="That EC-STFL helps every class.",
        )
    )
    return found


def shared_gains(tables: dict[str, Table]) -> Judgement:
    """Section 4.2: EC-STFL improves "the recall rate of happy, sad, disgust for the C3D and 3D Resnet18"."""
    sentence = _says(tables, "gains that both models share")
    pairs = {
        name: [tuple(_score(tables, "table6", m + loss, name) for loss in (PLAIN, EC)) for m in ("c3d", "3d-resnet18")]
        for name in pooled()
    }
    both = [name for name, of_name in pairs.items() if all(_gain(pair) > 0 for pair in of_name)]
    return judge(
        sorted(name.lower() for name in both) == sorted(sentence.printed.split(", ")),
        "text-gain",
        f"Both models gain recall in Table 6 at the classes that the text names: {sentence.printed}",
        (sentence, *(cell for name in both for pair in pairs[name] for cell in pair)),
        "; ".join(f"{name} {' and '.join(f'{shown(_gain(p))}' for p in pairs[name])}" for name in pairs),
        otherwise=f"Both models gain recall in Table 6 at {', '.join(both)}; the text names {sentence.printed}",
        cannot=f"That both gain at exactly {sentence.printed}.",
    )


def _gain(pair: tuple[TableCell, ...]) -> Fraction:
    return exact(pair[1]) - exact(pair[0])


def center_loss(tables: dict[str, Table]) -> Judgement:
    """Section 4.2: EC-STFL and center loss both improve; EC-STFL "performs better than center loss" and is best."""
    triples = [
        [_score(tables, "table6", method + loss, metric) for loss in (PLAIN, CENTER, EC)]
        for method in ("c3d", "3d-resnet18")
        for metric in ("UAR", "WAR")
    ]
    odd = [cells for cells in triples if not exact(cells[0]) < exact(cells[1]) < exact(cells[2])]
    return judge(
        not odd,
        "text-gain",
        "In Table 6 UAR and WAR rise with center loss and again with EC-STFL, for both models",
        (
            _says(tables, "both losses improve"),
            _says(tables, "EC-STFL better than center loss"),
            *(cell for cells in odd or triples for cell in cells),
        ),
        "; ".join(f"{cells[2].method}, {cells[0].metric}: {' < '.join(c.printed for c in cells)}" for cells in triples),
        otherwise="That both losses improve and EC-STFL is best cannot follow from Table 6 for "
        + " and ".join(f"{cells[0].row}, {cells[0].metric}" for cells in odd),
        cannot="That EC-STFL is the better loss throughout.",
    )


CLAIMS = (
    *claims_dfew_data.CLAIMS,
    *claims_dfew_method.CLAIMS,
    best_of_table_4,
    best_by_3d,
    classes_by_group,
    one_clip_apart,
    easiest_and_hardest,
    ec_stfl,
    recall_gains,
    shared_gains,
    center_loss,
    *claims_dfew_transfer.CLAIMS,
)


def audit(tables: dict[str, Table]) -> list[Judgement]:
    """Every claim of DFEW's text, judged by the published tables (all of them, by id)."""
    found: list[Judgement] = []
    for claim in CLAIMS:
        judged = claim(tables)
        found += [judged] if isinstance(judged, Judgement) else judged
    return found
