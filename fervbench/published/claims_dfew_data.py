"""What DFEW's paper says of its data, beside its tables and the public lists: sizes, folds, denominators."""

from __future__ import annotations

from fractions import Fraction

from fervbench.protocol import load_protocol
from fervbench.published.evidence import exact, highest, repeated, said, shown
from fervbench.published.judgement import Judgement, judge
from fervbench.published.printed import hits, power, whole
from fervbench.published.tables import Table, TableCell


def _says(tables: dict[str, Table], label: str) -> TableCell:
    return said(tables, "dfew", label)


def listed() -> dict[str, dict[str, int]]:
    """The clips of each fold's test part by class, as the public lists have them."""
    counts = load_protocol("dfew").counts() or {"cells": {}}
    return {fold: {name: part["test"] for name, part in cell.items()} for fold, cell in counts["cells"].items()}


def pooled() -> dict[str, int]:
    """The clips of all five test parts together, by class."""
    folds = listed().values()
    return {name: sum(fold[name] for fold in folds) for name in next(iter(folds))}


def sizes(tables: dict[str, Table]) -> list[Judgement]:
    """Sections 1, 2 and 5: the sizes of DFEW, AFEW 7.0 and CAER, which Table 1 has too."""
    table = tables["dfew/table1"]
    wanted = {
        "DFEW: clips": (("clips", "clips annotated", "clips (conclusion)"), "DFEW", "#Sample"),
        "DFEW: annotations a clip": (
            ("annotations a clip (introduction)", "annotations a clip", "annotations n", "annotators (conclusion)"),
            "DFEW",
            "#Annotation Times",
        ),
        "AFEW 7.0: clips": (("AFEW 7.0: clips",), "AFEW 7.0", "#Sample"),
        "AFEW 7.0: movies": (("AFEW 7.0: movies",), "AFEW 7.0", "Source"),
        "CAER: clips": (("CAER: clips",), "CAER", "#Sample"),
        "CAER: TV shows": (("CAER: TV shows",), "CAER", "Source"),
        "CAER: annotations a clip": (("CAER: annotations a clip",), "CAER", "#Annotation Times"),
    }
    return [
        repeated("text-count", [_says(tables, label) for label in labels], table.find(row=row, column=column), what)
        for what, (labels, row, column) in wanted.items()
    ]


def single_labelled(tables: dict[str, Table]) -> Judgement:
    """Sections 2.2 and 4.1: 12,059 clips, the total of Table 2."""
    labels = ("single-labelled clips", "clips of the experiments", "clips whose frames are taken")
    total = tables["dfew/table2"].find(row="Total", column="Total")
    return repeated("text-count", [_says(tables, label) for label in labels], total, "DFEW: single-labelled clips")


def largest(tables: dict[str, Table]) -> Judgement:
    """Section 1: "currently largest number of dynamic facial expression samples"."""
    column = [cell for cell in tables["dfew/table1"].cells if cell.column == "#Sample"]
    claimed = next(cell for cell in column if cell.row == "DFEW")
    return highest(_says(tables, "largest number of samples"), claimed, column, "Table 1")


def more_than(tables: dict[str, Table]) -> list[Judgement]:
    """Abstract, sections 1, 2.1 and 5: over 16,000 clips of thousands of movies, or over 1,500, at most 20 of each."""
    table = tables["dfew/table1"]
    clips, movies = table.find(row="DFEW", column="#Sample"), table.find(row="DFEW", column="Source")
    over = [_says(tables, label) for label in ("clips, more than", "clips, more than (introduction)")]
    most = _says(tables, "clips a movie, at most")
    labels = ("movies, more than (introduction)", "movies, more than", "movies, more than (conclusion)")
    above = [_says(tables, label) for label in labels]
    return [
        judge(
            all(exact(clips) > exact(cell) for cell in over),
            "text-count",
            f"DFEW has over {over[0].printed} clips, as the text says",
            (*over, clips),
            f"{clips.printed} > {over[0].printed}",
            otherwise=f"that DFEW has over {over[0].printed} clips cannot follow from Table 1's {clips.printed}",
        ),
        judge(
            exact(clips) <= exact(most) * exact(movies),
            "text-count",
            f"{clips.printed} clips can come from {movies.printed} with at most {most.printed} of each",
            (clips, movies, most),
            f"{shown(exact(clips), 0)} / {shown(exact(movies), 0)} = {shown(exact(clips) / exact(movies), 1)} a movie",
            otherwise=f"{clips.printed} clips cannot come from {movies.printed} with at most {most.printed} of each",
            severity="error",
        ),
        judge(
            all(exact(movies) > exact(cell) for cell in above),
            "text-count",
            "The number of movies is the same in the text and in Table 1",
            (*above, _says(tables, "movies"), movies),
            f"Table 1: {movies.printed}; text: over {above[0].printed}; abstract: thousands",
            otherwise=f"Table 1 has {movies.printed}, the text over {above[0].printed}, the abstract thousands",
            severity="note",
            can=f"About {above[0].printed} movies.",
            cannot="How many movies there are, nor that two folds share none.",
        ),
    ]


def left_out(tables: dict[str, Table]) -> Judgement:
    """Section 4.1: of 12,059 clips 362 "were not taken into consideration"; the public lists hold the rest."""
    labelled, out = _says(tables, "clips of the experiments"), _says(tables, "clips left out")
    totals = [c for c in tables["dfew/table2"].cells if c.column == "Total" and c.row != "Total"]
    lists = pooled()
    by_class = {cell.row: int(exact(cell)) - lists[cell.row] for cell in totals}
    rest, in_lists = int(exact(labelled) - exact(out)), sum(lists.values())
    return judge(
        rest == in_lists and min(by_class.values()) >= 0,
        "denominator",
        f"The public lists hold the {shown(in_lists, 0)} clips that section 4.1 leaves, no class more than Table 2 has",
        (labelled, out, *totals),
        f"{labelled.printed} - {out.printed} = {shown(rest, 0)}; lists: {shown(in_lists, 0)}; left out by class: "
        + ", ".join(f"{name} {number}" for name, number in by_class.items()),
        otherwise=f"Section 4.1 leaves {shown(rest, 0)} clips, the public lists hold {shown(in_lists, 0)}"
        if rest != in_lists
        else "A class of the public lists has more clips than in Table 2",
        cannot="On which clips the tables were measured.",
    )


def same_size(tables: dict[str, Table]) -> Judgement:
    """Section 4.1: "five same-size parts"."""
    parts = {fold: sum(classes.values()) for fold, classes in listed().items()}
    cells = (_says(tables, "folds"), _says(tables, "parts of the same size"))
    by_class = [[classes[name] for classes in listed().values()] for name in pooled()]
    spread = max(max(numbers) - min(numbers) for numbers in by_class)
    return judge(
        len(set(parts.values())) == 1,
        "denominator",
        "The five parts of the public lists have the same size",
        cells,
        ", ".join(f"{fold} {size}" for fold, size in parts.items()) + f"; together {shown(sum(parts.values()), 0)}",
        otherwise=f"The five parts of the public lists have {min(parts.values())} to {max(parts.values())} clips, "
        "the same size only nearly",
        severity="note",
        can=f"No class differs by more than {spread} {'clip' if spread == 1 else 'clips'} between two parts.",
        cannot="That the mean over folds is the pooled score: it is only near it.",
    )


def denominators(tables: dict[str, Table]) -> list[Judgement]:
    """Of which counts the recalls of Tables 4 and 6 are whole hits: the pooled lists, or Table 2's 12,059."""
    recalls = [cell for name in ("dfew/table4", "dfew/table6") for cell in tables[name].cells if cell.class_]
    totals = {c.row: int(exact(c)) for c in tables["dfew/table2"].cells if c.column == "Total" and c.row != "Total"}
    lists = pooled()
    in_lists, labelled = shown(sum(lists.values()), 0), shown(sum(totals.values()), 0)
    odd = [cell for cell in recalls if not hits(cell, lists[str(cell.class_)])]
    others = [cell for cell in recalls if not hits(cell, totals[str(cell.class_)])]
    chance = sum(float(power(totals[str(cell.class_)], whole(cell))) for cell in recalls)
    first = (others or recalls)[0]
    n = totals[str(first.class_)]
    near = round(exact(first) * n / 100)
    return [
        judge(
            not odd,
            "denominator",
            f"All {len(recalls)} recalls of Tables 4 and 6 are whole hits of the {in_lists} pooled clips of the lists",
            odd or recalls,
            ", ".join(f"{name} {n}" for name, n in lists.items()),
            otherwise=f"{len(odd)} of {len(recalls)} recalls of Tables 4 and 6 are no whole hits of the pooled lists",
            cannot="That all of them were measured on the pooled lists.",
        ),
        judge(
            not others,
            "denominator",
            f"All {len(recalls)} recalls of Tables 4 and 6 are whole hits of Table 2's {labelled} too",
            others or recalls,
            f"with Table 2's counts {len(recalls) - len(others)} of {len(recalls)} fit, where chance alone fits "
            f"{chance:.0f}; {first.row}, {first.class_}: {near}/{n} = {shown(Fraction(100 * near, n), 4)}, "
            f"printed {first.printed}",
            otherwise=f"{len(others)} of {len(recalls)} recalls of Tables 4 and 6 are no whole hits of Table 2's "
            f"{labelled}",
            severity="note",
            can="" if odd else f"The tables are measured on the {in_lists} clips of the lists, all folds pooled.",
            cannot=f"A score over all {labelled} clips, which section 4.1 names as the material of the experiments.",
        ),
    ]


CLAIMS = (
    sizes,
    single_labelled,
    largest,
    more_than,
    left_out,
    same_size,
    denominators,
)
