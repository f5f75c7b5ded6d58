"""Claims of FERV39k's text about its clips, held against its Table 1 and the public lists.

Source: Wang et al., FERV39k, abstract, sections 1 to 4.1, Appendices A to C, Table 1. The public lists are those of the
protocol `ferv39k`: 38,935 clips by scene, class and part.
"""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction

from fervbench.published.ferv39k_numbers import (
    CLASSES,
    SCENARIOS,
    Tables,
    clips,
    configurations,
    number,
    said,
    sample,
    scenes,
    two,
)
from fervbench.published.judgement import Judgement, judge
from fervbench.published.printed import share
from fervbench.published.tables import TableCell


def clips_of_table_1(tables: Tables) -> Judgement:
    """Table 1 and the text (abstract, section 1) give the number of clips."""
    printed, stated = sample(tables, "FERV39k", "Samples"), said(tables, "Clips", "Abstract")
    return judge(
        printed.value == stated.value,
        "text-count",
        f"Table 1 and the text give the same number of clips, {stated.printed}",
        (printed, stated),
        f"{printed.printed} - {stated.printed} = {int(number(printed) - number(stated)):,}; the lists: {clips():,}",
        otherwise=f"Table 1 prints {printed.printed} clips where the text says {stated.printed}",
        can="The paper describes two sets of clips, or one of the two numbers is of an earlier state",
        cannot="Which clips make the difference, or whether any printed result was measured on the larger set",
    )


def clips_of_the_lists(tables: Tables) -> Judgement:
    """The number of clips in the text is that of the public lists."""
    stated = (said(tables, "Clips", "Abstract"), said(tables, "Clips", "1"))
    train, test = clips(part="train"), clips(part="test")
    return judge(
        all(cell.value == clips() for cell in stated),
        "text-count",
        f"The text's {stated[0].printed} clips are those of the public lists",
        stated,
        f"{train:,} train + {test:,} test = {train + test:,}",
        otherwise=f"The text's {stated[0].printed} clips are not those of the public lists ({clips():,})",
        cannot="Which of the two the results were measured on",
    )


def clips_in_thousands(tables: Tables) -> Judgement:
    """39k and 39K (sections 1, 2.1, 3.2, 3.3) is what the public lists round to."""
    stated = [
        c for c in tables["ferv39k/text"].cells if c.row in ("Clips, in thousands", "Clips of the first such dataset")
    ]
    return judge(
        all(cell.value == round(clips(), -3) for cell in stated),
        "text-count",
        f"39k, said {len(stated)} times, is what {clips():,} clips round to",
        stated,
        f"{clips():,} to the nearest thousand: {round(clips(), -3):,}",
        otherwise=f"{' and '.join(dict.fromkeys(c.printed for c in stated))} is not what {clips():,} clips round to",
    )


def name_in_table_3(tables: Tables) -> Judgement:
    """The caption of Table 3 names the dataset after another number of clips."""
    stated, printed = said(tables, "Clips of FERV40k, by its name", "Table 3"), sample(tables, "FERV39k", "Samples")
    return judge(
        stated.value == round(clips(), -3),
        "text-count",
        "The caption of Table 3 names the dataset after the clips of the public lists",
        (stated, printed),
        f"Table 1: {printed.printed} rounds to {round(int(number(printed)), -3):,}; the lists: {clips():,} rounds to "
        f"{round(clips(), -3):,}",
        otherwise=f"The caption of Table 3 says FERV{stated.printed}, which {clips():,} clips do not round to",
        severity="note",
        can=f"It fits Table 1's {printed.printed}, so an earlier and larger state of the dataset is likely"
        if round(int(number(printed)), -3) == stated.value
        else "",
        cannot="That Table 3 was measured on it: a name is not a count",
    )


def scenario_names(tables: Tables) -> Judgement:
    """DL11k, WIS9k, SIA10k and AI9k carry their numbers of clips (section 3.2)."""
    stated = [said(tables, f"Clips of {name}, by its name", "3.2") for name in SCENARIOS]
    pairs = list(zip(SCENARIOS, stated, strict=True))
    return judge(
        all(cell.value == round(clips(name), -3) for name, cell in pairs),
        "text-count",
        "The numbers in the scenarios' names are those of the public lists, in thousands",
        stated,
        ", ".join(f"{name} {clips(name):,}" for name in SCENARIOS),
        otherwise="Not all scenarios hold as many clips, in thousands, as their names say",
    )


def evenly_distributed(tables: Tables) -> Judgement:
    """In general, the clips are evenly distributed in 4 scenarios (section 3.3)."""
    stated = said(tables, "Scenarios among which the clips are evenly distributed", "3.3")
    sizes = sorted(clips(name) for name in SCENARIOS)
    return judge(
        2 * sizes[-1] <= 3 * sizes[0],
        "text-share",
        f"The clips are roughly even over {stated.printed} scenarios: the largest is less than half as large again",
        (stated,),
        ", ".join(f"{name} {share(Fraction(clips(name), clips()), 1)} %" for name in SCENARIOS)
        + f"; largest / smallest = {sizes[-1]:,} / {sizes[0]:,} = {two(Fraction(sizes[-1], sizes[0]))}",
        otherwise="The clips are not evenly distributed over the scenarios: the largest is half as large again",
    )


def parts_of_the_whole(tables: Tables) -> list[Judgement]:
    """27 = 22 + 4 + 1 configurations (section 4.1); scenes of each scenario (section 3.2)."""
    rows = ("Configurations of one scene", "Configurations of one scenario", "Configurations of all scenes")
    whole = said(tables, "Configurations", "4.1")
    parts = [said(tables, row, "4.1") for row in rows]
    listed = [len(configurations(level)) for level in ("scene", "scenario", "overall")]
    members = [said(tables, f"Scenes of {name}", "3.2") for name in SCENARIOS]
    counted = [len(scenes(name)) for name in SCENARIOS]
    every = said(tables, "Scenes", "3.2")
    return [
        judge(
            number(whole) == sum(number(cell) for cell in parts) and [c.value for c in parts] == listed,
            "text-count",
            f"The {whole.printed} configurations are those of the protocol",
            (whole, *parts),
            f"{' + '.join(cell.printed for cell in parts)} = {sum(number(cell) for cell in parts)}; "
            f"protocol: {' + '.join(map(str, listed))}",
            otherwise=f"{whole.printed} configurations are not the sum that section 4.1 gives, or not the protocol's",
        ),
        judge(
            [cell.value for cell in members] == counted and every.value == sum(counted),
            "text-count",
            f"The {every.printed} scenes are shared out among the scenarios as the protocol has them",
            (every, *members),
            f"{' + '.join(cell.printed for cell in members)} = {sum(number(cell) for cell in members)}",
            otherwise="The scenes of the scenarios are not those of the protocol, or not as many as the text says",
        ),
    ]


def split(tables: Tables) -> list[Judgement]:
    """All clips are randomly shuffled and split into training (80 %) and testing (20 %) (section 4.1)."""
    train, test = said(tables, "Training part", "4.1"), said(tables, "Test part", "4.1")
    parts = {each: Fraction(clips(each, part="test"), clips(each)) for each in configurations()}
    low, high = min(parts, key=lambda each: parts[each]), max(parts, key=lambda each: parts[each])
    cells = [(clips(scene, name), clips(scene, name, "test")) for scene in scenes() for name in CLASSES]
    exact = sum(tested == -(-n // 5) for n, tested in cells)
    return [
        judge(
            round(100 * parts["all"]) == number(test) == 100 - number(train),
            "text-share",
            f"The public lists are split {train.printed} to {test.printed}",
            (train, test),
            f"test: {clips(part='test'):,} / {clips():,} = {share(parts['all'], 2)} %; by configuration from "
            f"{share(parts[low], 2)} % ({low}) to {share(parts[high], 2)} % ({high})",
            otherwise=f"A split of {train.printed} to {test.printed} cannot follow from the public lists",
        ),
        judge(
            exact < len(cells),
            "text-share",
            "The parts of the public lists vary by scene and class, as those of one shuffle would",
            (said(tables, "Shuffle before the split", "4.1"), test),
            f"test part = 0.2 n, rounded up, in {exact} of {len(cells)} (scene, class) cells",
            otherwise="The public lists were split within each scene and class, not by one shuffle of all clips",
            severity="note",
            can="The split is stratified: a fifth of each class of each scene, rounded up, is in the test part",
            cannot="That the clips of a cell were not shuffled before they were numbered",
        ),
    ]


def _share_of_class(tables: Tables, scene: str, class_: str) -> Judgement:
    stated = said(tables, f"{class_} in the scene {scene}", "3.3")
    n, of = clips(scene, class_), clips(scene)
    tested, tests = clips(scene, class_, "test"), clips(scene, part="test")
    low = (number(stated) - Fraction(1, 2)) / 100
    can = ""
    if Fraction(n, of) < low:
        more = -((n - low * of) // (1 - low))  # the fewest clips of the class that, added, give the share
        surplus = number(sample(tables, "FERV39k", "Samples")) - clips()
        can = (
            f"An earlier state of the data could have given it: {more} more clips of {class_} in {scene} would do, "
            f"and Table 1 prints {int(surplus):,} clips more than the lists hold"
        )
    return judge(
        number(stated) in (round(Fraction(100 * n, of)), round(Fraction(100 * tested, tests))),
        "text-share",
        f"{stated.printed} of {scene} is {class_}, in the public lists as in the text",
        (stated,),
        f"all clips: {n} / {of:,} = {share(Fraction(n, of), 2)} %; test part: {tested} / {tests} = "
        f"{share(Fraction(tested, tests), 2)} %",
        otherwise=f"{stated.printed} of {scene} being {class_} cannot follow from the public lists, which have "
        f"{share(Fraction(n, of), 1)} %",
        can=can,
        cannot="That the labels changed: Figure 4, from which the number may be read, is not among the data",
    )


def shares_of_classes(tables: Tables) -> list[Judgement]:
    """Fear in Terror 18 %, Happy in Live-Show 33 % (section 3.3)."""
    return [_share_of_class(tables, "Terror", "Fear"), _share_of_class(tables, "Liveshow", "Happy")]


def scenes_of_classes(tables: Tables) -> list[Judgement]:
    """Fear appears more in Terror, Happy more in Live-Show (section 3.3): more than in any other scene?"""
    found = []
    for scene, class_ in (("Terror", "Fear"), ("Liveshow", "Happy")):
        shares = {each: Fraction(clips(each, class_), clips(each)) for each in scenes()}
        first = max(shares, key=lambda each: shares[each])
        rank = sum(value > shares[scene] for value in shares.values()) + 1
        whole = Fraction(clips(class_=class_), clips())
        found.append(
            judge(
                first == scene,
                "text-superlative",
                f"{scene} is the scene with the largest share of {class_}",
                (said(tables, f"{class_} in the scene {scene}", "3.3"),),
                f"{scene} {share(shares[scene], 2)} % (number {rank} of {len(shares)}), {first} "
                f"{share(shares[first], 2)} %, all scenes {share(whole, 2)} %",
                otherwise=f"By its share of {class_}, {scene} is number {rank} of {len(shares)} scenes",
                severity="note",
                can=f"It has {'more' if shares[scene] > whole else 'no more'} of {class_} than the data as a whole",
                cannot="That the sentence meant the largest share: it says no more than what",
            )
        )
    return found


def workflow(tables: Tables) -> list[Judgement]:
    """Twenty-fold selection and 19/20 discarded; twice as many candidates as clips (section 3.2, Appendix B.1)."""
    fold = said(tables, "Selected clips, as a multiple of the final dataset", "B.1")
    discarded = said(tables, "Raw clips that are discarded", "B.1")
    double = said(tables, "Candidate clips, as a multiple of the final dataset", "3.2")
    candidates = said(tables, "Candidate clips that were annotated", "Abstract")
    ratio = number(candidates) / clips()
    return [
        judge(
            1 / (1 - number(discarded)) == number(fold),
            "text-count",
            "A twenty-fold selection and 19/20 discarded are the same",
            (fold, discarded),
            f"1 / (1 - {discarded.printed}) = {1 / (1 - number(discarded))}",
            otherwise="A twenty-fold selection and the share that is discarded do not fit",
        ),
        judge(
            round(ratio) == number(double),
            "text-count",
            f"{candidates.printed} candidates are about double the clips",
            (candidates, double),
            f"{int(number(candidates)):,} / {clips():,} = {two(ratio)}",
            otherwise=f"{candidates.printed} candidates are not double the clips",
        ),
    ]


def said_again(tables: Tables) -> Judgement:
    """What the text says in several sections is the same number each time."""
    rows: dict[str, list[TableCell]] = defaultdict(list)
    for cell in tables["ferv39k/text"].cells:
        if cell.value is not None:
            rows[cell.row].append(cell)
    again = {row: cells for row, cells in rows.items() if len(cells) > 1}
    differ = [cell for cells in again.values() if len({c.value for c in cells}) > 1 for cell in cells]
    return judge(
        not differ,
        "text-count",
        f"{len(again)} numbers stand in several sections, each time the same",
        differ or [cells[0] for cells in again.values()],
        f"{sum(map(len, again.values()))} places",
        otherwise="; ".join(f"{cell.name}: {cell.printed}" for cell in differ),
    )
