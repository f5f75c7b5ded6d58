"""Claims of FERV39k's text about annotation, settings and other datasets, held against Table 1 and DFEW's tables.

Sources: Wang et al., FERV39k, sections 1 to 4.3, Appendices B, C and E.5, Table 1; Jiang et al., DFEW, Tables 1, 2, 4
to 6 and 8.
"""

from __future__ import annotations

from fractions import Fraction

from fervbench.protocol import load_protocol
from fervbench.published.ferv39k_numbers import MAIN, Tables, clips, mean, methods_by_target, number, said, sample, two
from fervbench.published.judgement import Judgement, judge
from fervbench.published.printed import hits, share
from fervbench.published.tables import TableCell

ABOUT = Fraction(5, 2)  # points: about 10 is nearer to 10 than to 5 or 15
RAF_DB_TEST = 3068  # Li and Deng, RAF-DB: 12,271 + 3,068 images with one of seven basic expressions


def annotation_times(tables: Tables) -> Judgement:
    """Table 1's annotation times against the workflow (section 3.2, Appendix C)."""
    printed, dfew = sample(tables, "FERV39k", "Anno."), sample(tables, "DFEW", "Anno.")
    copies = [said(tables, "Copies of each group", section) for section in ("3.2", "C")]
    workers = [said(tables, row, "3.2") for row in ("Crowdsourcing annotators", "Professional researchers")]
    total = number(workers[0]) + number(workers[1])
    return judge(
        printed.value == copies[0].value,
        "text-count",
        f"Table 1's {printed.printed} annotation times are the copies of each group",
        (printed, *copies, *workers, dfew),
        f"copies of each group: {copies[0].printed}; workers: {workers[0].printed} + {workers[1].printed} = {total}",
        otherwise=f"Table 1's {printed.printed} annotation times cannot be labels of a clip: each group is copied "
        f"{copies[0].printed} times",
        can=("It is the number of workers" if total == number(printed) else "It is not the number of workers either")
        + f"; the other rows count labels of a clip (DFEW: {dfew.printed}), so the column is not one measure",
        cannot="How many labels a clip had: researchers' labels of refused groups come on top of the copies",
    )


def text_and_table_1(tables: Tables) -> Judgement:
    """Section 1 and 2.1's numbers of AFEW and CAER are Table 1's."""
    pairs = [
        (said(tables, "Clips of AFEW", "2.1"), sample(tables, "AFEW 8.0", "Samples")),
        (said(tables, "Annotation times of AFEW", "2.1"), sample(tables, "AFEW 8.0", "Anno.")),
        (said(tables, "Clips of CAER", "2.1"), sample(tables, "CAER", "Samples")),
        (said(tables, "Clips of CAER, in thousands", "1"), sample(tables, "CAER", "Samples")),
    ]
    same = [a.value == (round(int(number(b)), -3) if a.printed.endswith("k") else b.value) for a, b in pairs]
    return judge(
        all(same),
        "text-count",
        "What the text says of AFEW and CAER is what Table 1 prints",
        [cell for pair in pairs for cell in pair],
        ", ".join(f"{a.printed}: {b.printed}" for a, b in pairs),
        otherwise="What the text says of AFEW or CAER is not what Table 1 prints",
    )


def sizes_of_datasets(tables: Tables) -> list[Judgement]:
    """FERV39k has the largest number of samples; AFEW-VA provides more samples than AFEW (section 2.1)."""
    sizes = [cell for cell in tables["ferv39k/table1"].cells if cell.column == "Samples"]
    largest = max(sizes, key=number)
    va, afew = sample(tables, "AFEW-VA", "Samples"), sample(tables, "AFEW 8.0", "Samples")
    return [
        judge(
            largest.row == "FERV39k",
            "text-superlative",
            "FERV39k has the most samples of Table 1",
            sizes,
            ", ".join(f"{cell.row} {cell.printed}" for cell in sorted(sizes, key=number, reverse=True)[:3]),
            otherwise=f"{largest.row} has more samples than FERV39k in Table 1",
        ),
        judge(
            number(va) > number(afew),
            "text-superlative",
            "AFEW-VA has more samples than AFEW",
            (said(tables, "AFEW-VA beside AFEW", "2.1"), va, afew),
            f"AFEW-VA {va.printed}, AFEW {afew.printed}",
            otherwise=f"That AFEW-VA provides more samples than AFEW cannot follow from Table 1: {va.printed} against "
            f"{afew.printed}",
            can="More annotations (valence and arousal, frame by frame) may be what was meant",
            cannot="Anything about its subjects: Table 1 does not count them",
        ),
    ]


def tripled(tables: Tables) -> Judgement:
    """FERV39k tripled the number of clips than DFEW (section 4.3)."""
    stated, dfew = said(tables, "Clips, as a multiple of DFEW's", "4.3"), sample(tables, "DFEW", "Samples")
    single = tables["dfew/table2"].find(row="Total", column="Total")
    folds = sum(load_protocol("dfew").ground_truth["sizes"].values())
    ratio = clips() / number(dfew)
    labelled = clips() / number(single)
    return judge(
        round(ratio) == number(stated),
        "text-count",
        "FERV39k has three times as many clips as DFEW",
        (stated, dfew, single),
        f"{clips():,} / {dfew.printed} = {two(ratio)}; / {int(number(single)):,} single-labelled = {two(labelled)}; "
        f"/ {folds:,} in the folds = {two(Fraction(clips(), folds))}",
        otherwise=f"That the clips of DFEW are tripled cannot follow from Table 1: {clips():,} are {two(ratio)} times "
        f"{dfew.printed}",
        can=f"It holds for DFEW's single-labelled clips ({two(labelled)} times)"
        if round(labelled) == number(stated)
        else "",
        cannot="That these were meant: Table 1 prints all clips of DFEW",
    )


def best_of_others(tables: Tables) -> list[Judgement]:
    """Table 1's best accuracies of DFEW and AFEW against DFEW's own paper."""
    dfew, afew = sample(tables, "DFEW", "Best."), sample(tables, "AFEW 8.0", "Best.")
    five = [c for id in ("dfew/table4", "dfew/table5", "dfew/table6") for c in tables[id].cells if c.metric == "WAR"]
    best = max(five, key=number)
    transferred = max((c for c in tables["dfew/table8"].cells if c.is_score), key=number)
    return [
        judge(
            dfew.exact == best.exact,
            "cross-paper",
            "Table 1's best accuracy on DFEW is the best of DFEW's paper",
            (dfew, best),
            f"Table 1: {dfew.printed}; DFEW, Tables 4 to 6: {best.printed} ({best.row}) at most",
            otherwise=f"Table 1's best accuracy on DFEW, {dfew.printed}, is "
            + ("no WAR" if all(c.exact != dfew.exact for c in five) else "not the best WAR")
            + f" of DFEW's paper, where the best is {best.printed}",
            can=f"It is {two(abs(number(dfew) - number(best)))} away from {best.printed}; a misprint of it is likely",
            cannot="That no run gave it: Table 1 does not say whose result it is",
        ),
        judge(
            afew.exact == transferred.exact,
            "cross-paper",
            "Table 1's best accuracy on AFEW is the best of DFEW's Table 8 (called AFEW 7.0 there, 8.0 here)",
            (afew, transferred),
            f"Table 1: {afew.printed}; DFEW, Table 8: {transferred.printed} ({transferred.row})",
            otherwise=f"Table 1's best accuracy on AFEW, {afew.printed}, is not the best of DFEW's Table 8, "
            f"{transferred.printed}",
            cannot="That DFEW's paper is the source: later results on AFEW exist",
        ),
    ]


def table_1_of_two_papers(tables: Tables) -> list[Judgement]:
    """Samples and annotation times in Table 1 are those of DFEW's Table 1."""
    rows = ("Aff-Wild", "AFEW 8.0", "AFEW-VA", "CAER", "DFEW")
    found = []
    for here, there in (("Samples", "#Sample"), ("Anno.", "#Annotation Times")):
        own = [sample(tables, row, here) for row in rows]
        other = [tables["dfew/table1"].find(row=row.replace("8.0", "7.0"), column=there) for row in rows]
        differ = [f"{a.row}: {a.printed}, {b.printed}" for a, b in zip(own, other, strict=True) if a.value != b.value]
        found.append(
            judge(
                not differ,
                "cross-paper",
                f"{here} in Table 1 agrees with DFEW's Table 1 for {len(rows)} datasets",
                [cell for pair in zip(own, other, strict=True) for cell in pair],
                ", ".join(f"{cell.row} {cell.printed}" for cell in own),
                otherwise=f"{here} in Table 1 is not what DFEW's Table 1 prints: {'; '.join(differ)}",
            )
        )
    return found


def detector(tables: Tables) -> Judgement:
    """The FER detector's accuracy (Appendix B.2) as a share of RAF-DB's test images."""
    stated = said(tables, "Accuracy of the FER detector", "B.2")
    near = int(number(stated) * RAF_DB_TEST / 100)
    return judge(
        bool(hits(stated, RAF_DB_TEST) or hits(stated, RAF_DB_TEST, truncated=True)),
        "text-share",
        f"{stated.printed} is a share of RAF-DB's {RAF_DB_TEST:,} test images",
        (stated,),
        "; ".join(f"{k:,} / {RAF_DB_TEST:,} = {share(Fraction(k, RAF_DB_TEST), 3)} %" for k in (near, near + 1)),
        otherwise=f"{stated.printed} is no whole number out of RAF-DB's {RAF_DB_TEST:,} test images, rounded or "
        "cut off",
        severity="note",
        can="The detector was measured on something else: other images, a part of these, or a mean of runs",
        cannot="That it is not the detector's accuracy: the text does not say on which images it was measured",
    )


def frames(tables: Tables) -> Judgement:
    """A frame interval of 8 (section 4.1) and only 8 frames (Appendix E.5)."""
    interval, used = said(tables, "Frame interval", "4.1"), said(tables, "Frames of a clip as used", "E.5")
    duration = said(tables, "Average duration of a clip in seconds", "3.3")
    span = (number(used) - 1) * number(interval) + 1
    rate = span / number(duration)
    return judge(
        rate <= 30,
        "text-count",
        f"{used.printed} frames {interval.printed} apart fit a clip of average duration",
        (interval, used, duration),
        f"({used.printed} - 1) x {interval.printed} + 1 = {span} frames; in {duration.printed} s: {two(rate)} a second",
        otherwise=f"{used.printed} frames {interval.printed} apart do not fit an average clip at 30 frames a second",
        severity="note",
        can=f"{used.printed} frames, uniformly spread over a clip, is the reading that both places allow",
        cannot="How the frames were drawn in training",
    )


def gain_on_dfew(tables: Tables) -> Judgement:
    """The methods on DFEW get higher average results of about 10 % (section 4.3)."""
    stated = said(tables, "Gain on DFEW over FERV39k", "4.3")
    shared: dict[str, list[tuple[TableCell, TableCell]]] = {}
    for metric in ("WAR", "UAR"):
        here = methods_by_target(tables, MAIN, metric)
        dfew = {cell.method: cell for cell in tables["dfew/table4"].cells if cell.metric == metric}
        shared[metric] = [(cell, here[id]["all"]) for id, cell in dfew.items() if id in here]
    gains = {metric: mean(number(a) - number(b) for a, b in pairs) for metric, pairs in shared.items()}
    least = min(shared["WAR"], key=lambda pair: number(pair[0]) - number(pair[1]))
    return judge(
        any(abs(gain - number(stated)) <= ABOUT for gain in gains.values()),
        "text-gain",
        f"The methods that both papers print gain about {stated.printed} on DFEW",
        (stated, *(cell for pairs in shared.values() for pair in pairs for cell in pair)),
        "; ".join(
            f"{metric}: " + ", ".join(f"{b.row} {a.printed} - {b.printed} = {two(number(a) - number(b))}" for a, b in p)
            for metric, p in shared.items()
        )
        + f"; means: {two(gains['WAR'])} WAR, {two(gains['UAR'])} UAR",
        otherwise=f"About {stated.printed} more on DFEW does not follow from the methods that both papers print: "
        f"{two(gains['WAR'])} points of WAR, {two(gains['UAR'])} of UAR",
        severity="note",
        can=f"Each of them is better on DFEW, by {two(number(least[0]) - number(least[1]))} points of WAR at least",
        cannot="What Figure 5(c) compares: its methods may have been run on DFEW anew, with 8 frames",
    )
