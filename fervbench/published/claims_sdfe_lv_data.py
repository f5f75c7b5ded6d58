"""What SDFE-LV's paper says of its data, beside Tables 1 and 2 and the papers that it builds on."""

from __future__ import annotations

from fervbench.published.claims_dfew_data import pooled
from fervbench.published.evidence import exact, repeated, said, shown
from fervbench.published.judgement import Judgement, judge
from fervbench.published.rules_spotting import fitting
from fervbench.published.tables import Table, TableCell

# AFEW 7.0 by part (Dhall et al., EmotiW 2017 to 2019); the labels of the test part are not public.
AFEW = {"train": 773, "validation": 383, "test": 653}


def _says(tables: dict[str, Table], label: str) -> TableCell:
    return said(tables, "sdfe-lv", label)


def _all(tables: dict[str, Table], labels: tuple[str, ...]) -> list[TableCell]:
    return [_says(tables, label) for label in labels]


def sizes(tables: dict[str, Table]) -> list[Judgement]:
    """Abstract, introduction and statistics: the numbers that Table 1 has too."""
    table = tables["sdfe-lv/table1"]
    wanted = {
        "SDFE-LV: long videos": (
            ("long videos (abstract)", "long videos qualified", "long videos"),
            ("SDFE-LV", "#LVs"),
        ),
        "SDFE-LV: expressions": (("expressions",), ("SDFE-LV", "#DFEs")),
        "SDFE-LV: seconds a video": (("seconds a video",), ("SDFE-LV", "Average Time of LV (s)")),
        "MEVIEW: long videos": (("MEVIEW: long videos",), ("MEVIEW", "#LVs")),
        "MEVIEW: seconds a video": (("MEVIEW: seconds a video",), ("MEVIEW", "Average Time of LV (s)")),
    }
    found = [
        repeated("text-count", _all(tables, labels), table.find(row=row, column=column), what)
        for what, (labels, (row, column)) in wanted.items()
    ]
    total = tables["sdfe-lv/table2"].find(row="Total", column="Total")
    return [*found, repeated("text-count", [_says(tables, "expressions")], total, "SDFE-LV: expressions by duration")]


def people(tables: dict[str, Table]) -> list[Judgement]:
    """Abstract, introduction and database: students, annotators, experts, annotations, expressions."""
    wanted = {
        "students": ("students", "students (collection)"),
        "annotators": ("annotators (abstract)", "annotators to choose from", "annotators"),
        "annotations of a video": (
            "annotations an expression (abstract)",
            "annotations an expression",
            "annotators a video",
            "annotations that vote",
        ),
        "experts": ("experts who train", "experts who check", "experts who certify"),
        "basic expressions": ("basic expressions", "basic expressions (statistics)"),
    }
    found = []
    for what, labels in wanted.items():
        *first, last = _all(tables, labels)
        found.append(repeated("text-count", first, last, what))
    return found


def shares(tables: dict[str, Table]) -> list[Judgement]:
    """Statistics: 57 % and 43 %; 49 %, 40 % and 11 %."""
    found = []
    for what, labels in (("gender", ("male", "female")), ("race", ("Caucasians", "Asians", "Africans"))):
        cells = _all(tables, labels)
        total = sum(exact(cell) for cell in cells)
        found.append(
            judge(
                total == 100,
                "text-share",
                f"The shares by {what} add up to 100 %",
                cells,
                " + ".join(cell.printed for cell in cells) + f" = {shown(total, 0)}%",
                otherwise=f"The shares by {what} add up to {shown(total, 0)} %",
                cannot="That the groups named are all.",
            )
        )
    return found


def a_video(tables: dict[str, Table]) -> list[Judgement]:
    """Statistics and collection: one to 16 expressions a video; 1,563 collected, 1,191 qualified."""
    videos, total = _says(tables, "long videos"), _says(tables, "expressions")
    least, most = _says(tables, "expressions a video, at least"), _says(tables, "expressions a video, at most")
    n, k = exact(videos), exact(total)
    low, high = exact(least) * (n - 1) + exact(most), exact(most) * (n - 1) + exact(least)
    collected, qualified = _says(tables, "long videos collected"), _says(tables, "long videos qualified")
    left = exact(collected) - exact(qualified)
    return [
        judge(
            low <= k <= high,
            "text-count",
            f"{total.printed} expressions in {videos.printed} videos go with {least.printed} to {most.printed} a video",
            (videos, total, least, most),
            f"{shown(low, 0)} <= {shown(k, 0)} <= {shown(high, 0)}; {shown(k / n)} a video",
            otherwise=f"{total.printed} expressions in {videos.printed} videos cannot be {least.printed} to "
            f"{most.printed} a video",
            severity="error",
        ),
        judge(
            left >= 0,
            "text-count",
            f"{collected.printed} videos collected, {qualified.printed} qualified",
            (collected, qualified),
            f"{collected.printed} - {qualified.printed} = {shown(left, 0)} left out, "
            f"{shown(100 * left / exact(collected), 1)} %",
            otherwise=f"{qualified.printed} videos qualified cannot be of {collected.printed} collected",
            severity="error",
        ),
    ]


def durations(tables: dict[str, Table]) -> list[Judgement]:
    """Statistics: most expressions between 0.5 and 4 seconds; most of anger and sadness longer than 4."""
    table = tables["sdfe-lv/table2"]
    wanted = (
        ("most expressions", "Total", "(0.5,4]"),
        ("most expressions of anger and sadness", "Angry", "(4,∞)"),
        ("most expressions of anger and sadness", "Sad", "(4,∞)"),
    )
    found = []
    for label, row, column in wanted:
        part, total = table.find(row=row, column=column), table.find(row=row, column="Total")
        share = 100 * exact(part) / exact(total)
        what = "of all expressions" if row == "Total" else f"of the expressions {row}"
        found.append(
            judge(
                share > 50,
                "text-share",
                f"Most {what} last {_says(tables, label).printed}, as the text says",
                (_says(tables, label), part, total),
                f"{part.printed} / {total.printed} = {shown(share, 1)} %",
                otherwise=f"That most {what} last {_says(tables, label).printed} cannot follow from Table 2",
                cannot=f"A majority {what}.",
            )
        )
    return found


def small_parts(tables: dict[str, Table]) -> list[Judgement]:
    """Setup: 6:2:2; duration challenge: expressions shorter than 0.5 seconds. How few the test part has of some."""
    table = tables["sdfe-lv/table2"]
    parts = _all(tables, ("ratio: training", "ratio: validation", "ratio: test"))
    classes = [cell for cell in table.cells if cell.column == "Total" and cell.row != "Total"]
    rare = [cell for cell in classes if exact(cell) < len(parts)]
    share = exact(parts[2]) / sum(exact(part) for part in parts)
    short = table.find(row="Total", column="[0,0.5]")
    sentence = _says(tables, "hard to spot, less than seconds")
    expected = share * exact(short)
    return [
        judge(
            not rare,
            "denominator",
            "Every class can have expressions in each of the three parts",
            (*parts, *(rare or classes)),
            ", ".join(f"{cell.row} {cell.printed}" for cell in classes),
            otherwise=f"{' and '.join(cell.row for cell in rare)} cannot be in all three parts of "
            f"{':'.join(part.printed for part in parts)}",
            severity="note",
            can="Spotting scores, which do not ask for the class.",
            cannot="A score by class of expression.",
        ),
        judge(
            expected >= 20,  # one expression is then at most five points of recall
            "denominator",
            f"The test part has about {shown(expected, 0)} expressions of at most {sentence.printed} seconds",
            (sentence, parts[2], short),
            f"{shown(share, 1)} x {short.printed} = {shown(expected, 1)}",
            otherwise=f"What is said of expressions shorter than {sentence.printed} seconds rests on about "
            f"{shown(expected, 0)} in the test part",
            severity="note",
            can=f"That short expressions are few: {short.printed} in all parts together.",
            cannot="How the methods differ on them: one expression more or less is "
            f"{shown(100 / expected, 0)} points of recall.",
        ),
    ]


def test_part(tables: dict[str, Table]) -> Judgement:
    """Setup: 6:2:2. A fifth of Table 2's expressions, a third more or less, against what Table 3's AR can be out of."""
    total = tables["sdfe-lv/table2"].find(row="Total", column="Total")
    parts = _all(tables, ("ratio: training", "ratio: validation", "ratio: test"))
    share = exact(parts[2]) / sum(exact(part) for part in parts)
    cells = [cell for cell in tables["sdfe-lv/table3"].cells if cell.metric.startswith("AR@")]
    expected = round(share * exact(total))
    tried = range(expected * 2 // 3, expected * 4 // 3 + 1)
    fits = fitting(cells)
    return judge(
        any(n in tried for n in fits),
        "denominator",
        f"Table 3's AR values fit a test part of about {expected} expressions",
        (parts[2], total, *cells),
        f"{shown(share, 1)} x {total.printed} = {expected}; tried every number from {tried[0]} to {tried[-1]}: AR is a "
        f"mean over ten thresholds of hits/n; the first n that gives all {len(cells)} is {next(iter(fits), None)}",
        otherwise=f"Table 3's AR values cannot be recalls of about {expected} expressions, a fifth of {total.printed}",
        can="Table 3 is not one evaluation of each method, rounded, over a test part of that size.",
        cannot="How it was made: means over runs, interpolated curves or another test part would look like this.",
    )


def subjects(tables: dict[str, Table]) -> Judgement:
    """Setup: subject-independent; database: identities are known where a database is made in the lab."""
    cells = (_says(tables, "subject-independent"), _says(tables, "identities of subjects"))
    return Judgement(
        "protocol",
        "note",
        "The split is subject-independent, but how many subjects there are and how they were told apart is not said",
        cells,
        "the text names identities as known in the lab, and no number of subjects",
        "Scores of the paper among themselves, on its own split.",
        "The split: without the list of its parts no later score is on the same videos for certain.",
    )


def other_databases(tables: dict[str, Table]) -> list[Judgement]:
    """Introduction: SMIC-E of 2017 in three subsets; macro-expressions in most; only MEVIEW not in a lab."""
    table = tables["sdfe-lv/table1"]
    year, subsets = _says(tables, "SMIC-E: year"), _says(tables, "SMIC-E: subsets")
    own = "SDFE-LV"
    smic = [row for row in table.rows if row.startswith("SMIC-E-") and row != "SMIC-E-Long"]
    years = [table.find(row=row, column="Year") for row in smic]
    kinds = [cell for cell in table.cells if cell.column == "DFE Type" and cell.row != own]
    macro = [cell for cell in kinds if "Macro" in cell.printed]
    rows = len(kinds)
    databases = rows - len(smic) + 1
    sources = [cell for cell in table.cells if cell.column == "Sources" and cell.row != own]
    free = [cell for cell in sources if "Lab" not in cell.printed]
    return [
        judge(
            len(smic) == exact(subsets) and all(exact(cell) == exact(year) for cell in years),
            "text-count",
            f"SMIC-E has {subsets.printed} subsets of {year.printed} in Table 1, as the text says",
            (year, subsets, *years),
            ", ".join(f"{cell.row} {cell.printed}" for cell in years),
            otherwise=f"SMIC-E's {subsets.printed} subsets of {year.printed} cannot be found in Table 1",
            cannot="Which of the two holds the intended number.",
        ),
        judge(
            2 * len(macro) > databases,
            "text-count",
            "Most earlier databases of Table 1 have macro-expressions, with SMIC-E as one database, as the text has it",
            (_says(tables, "macro-expressions in most databases"), *kinds),
            f"{len(macro)} of {databases} databases; row by row {len(macro)} of {rows}",
            otherwise=f"That most have macro-expressions cannot follow from Table 1: {len(macro)} of {databases}",
            cannot="Most of them.",
        ),
        judge(
            [cell.row for cell in free] == ["MEVIEW"],
            "text-superlative",
            "Of the earlier databases of Table 1 only MEVIEW is not from a lab, as the text says",
            (_says(tables, "only MEVIEW unconstrained"), *sources),
            f"{len(sources) - len(free)} of {len(sources)} rows: from a lab",
            otherwise="Only MEVIEW outside the lab cannot follow from Table 1, which has "
            + ", ".join(cell.row for cell in free),
            cannot="That SDFE-LV is the second one outside the lab.",
        ),
    ]


def cross_papers(tables: dict[str, Table]) -> list[Judgement]:
    """Pretrained databases: CK+ with 327, AFEW with 1,156 and DFEW with 11,697 videos; "similar sample magnitudes"."""
    ck, afew, dfew = _all(tables, ("CK+: sequences", "AFEW: videos", "DFEW: videos"))
    other = tables["ferv39k/table1"].find(row="CK+", column="Samples")
    all_afew = tables["dfew/table1"].find(row="AFEW 7.0", column="#Sample")
    labelled = AFEW["train"] + AFEW["validation"]
    lists = sum(pooled().values())
    ratio, step = exact(afew) / exact(ck), exact(dfew) / exact(afew)
    return [
        repeated("cross-paper", [ck], other, "CK+: labelled sequences"),
        judge(
            exact(afew) == labelled == exact(all_afew) - AFEW["test"],
            "cross-paper",
            f"AFEW's {afew.printed} videos are its training and validation parts, the labelled ones",
            (afew, all_afew),
            f"{AFEW['train']} + {AFEW['validation']} = {shown(labelled, 0)}; DFEW's Table 1: {all_afew.printed} - "
            f"{AFEW['test']} of the test part = {shown(exact(all_afew) - AFEW['test'], 0)}",
            otherwise=f"AFEW's {afew.printed} videos are not its {shown(labelled, 0)} labelled ones",
            cannot="Which videos of AFEW were used.",
        ),
        judge(
            exact(dfew) == lists,
            "cross-paper",
            f"DFEW's {dfew.printed} videos are those of the public lists",
            (dfew,),
            f"five test parts together: {shown(lists, 0)}",
            otherwise=f"DFEW's {dfew.printed} videos are not the {shown(lists, 0)} of the public lists",
            cannot="Which videos of DFEW were used.",
        ),
        judge(
            max(ratio, 1 / ratio) <= 2,
            "text-count",
            "CK+ and AFEW have similar numbers of samples, as the text says",
            (_says(tables, "similar sizes"), ck, afew, dfew),
            f"{afew.printed} / {ck.printed} = {shown(ratio, 1)}; {dfew.printed} / {afew.printed} = {shown(step, 1)}",
            otherwise=f"Of the similar sample magnitudes of CK+ and AFEW one is {shown(ratio, 1)} times the other",
            severity="note",
            can=f"Nearer to each other than AFEW and DFEW, {shown(step, 1)} times apart.",
            cannot="That size plays no part where AFEW is better than CK+: size and setting change together.",
        ),
    ]


CLAIMS = (
    sizes,
    people,
    shares,
    a_video,
    durations,
    small_parts,
    test_part,
    subjects,
    other_databases,
    cross_papers,
)
