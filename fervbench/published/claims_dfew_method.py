"""What DFEW's paper says of its method: agreement of the annotators (section 2.3) and the loss (section 3)."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

from fervbench.published import kappa
from fervbench.published.evidence import exact, said, shown
from fervbench.published.judgement import Judgement, judge
from fervbench.published.printed import bounds
from fervbench.published.tables import Table, TableCell


def _says(tables: dict[str, Table], label: str) -> TableCell:
    return said(tables, "dfew", label)


def single_label(tables: dict[str, Table]) -> Judgement:
    """Section 2.2: the emotion k with l_k > r is *the* single label."""
    rule, r, n = (_says(tables, label) for label in ("single label k", "threshold r", "annotations a clip"))
    least = int(exact(r)) + 1
    return judge(
        2 * least > exact(n),
        "formula",
        f"With r = {r.printed} of {n.printed} annotations no clip has two single labels",
        (rule, r, n),
        f"two such labels have at least 2 x {least} = {2 * least} annotations of {int(exact(n))}",
        otherwise=f"With r = {r.printed} of {n.printed} annotations a clip can have two such labels",
        cannot="Which label a clip has where two pass the threshold.",
    )


def kappa_band(tables: dict[str, Table]) -> list[Judgement]:
    """Section 2.3: "Based on Table 3, we believe that all annotators achieve a substantial agreement"."""
    sentence, bands = _says(tables, "agreement"), tables["dfew/table3"]
    found = []
    for label in ("kappa of all clips", "kappa of the single-labelled part"):
        value = _says(tables, label)
        inside = [
            band
            for band in bands.cells
            if band.range and (band.range[0] or -1) <= float(exact(value)) <= (band.range[1] or 0)
        ]
        names = [bands.find(row=band.row, column="Interpretation") for band in inside]
        called = names[0].printed if names else "no band of Table 3"
        found.append(
            judge(
                bool(names) and called.lower().startswith(sentence.printed),
                "kappa",
                f"{label}: {value.printed} is called {called.lower()} in Table 3, as the text says",
                (value, sentence, *inside, *names),
                f"{value.printed} lies in {inside[0].row if inside else called}",
                otherwise=f"{label}: {value.printed} is {called}, where the text says {sentence.printed}",
                cannot="That both kappas hold together: see the bound on them.",
            )
        )
    return found


def kappas_together(tables: dict[str, Table]) -> Judgement:
    """Section 2.3: 0.70 for the whole database and 0.63 for the single-labelled part, which has l_k > 6 of ten.

    A clip of the part has more than r of n votes in one category, every other clip at most r. Where the least agreement
    of the first is no less than the largest of the second, the part agrees at least as well as the whole, and only a
    larger agreement by chance could lower its kappa. Table 2 bounds that one.
    """
    whole, part = _says(tables, "kappa of all clips"), _says(tables, "kappa of the single-labelled part")
    r, n, classes = (_says(tables, label) for label in ("threshold r", "annotations n", "emotions K"))
    votes, top, k = int(exact(n)), int(exact(r)) + 1, int(exact(classes))
    totals = [c for c in tables["dfew/table2"].cells if c.column == "Total" and c.row != "Total"]
    neutral = max(totals, key=exact).row
    inside, outside = kappa.least_agreement(votes, k, top), kappa.most_agreement(votes, top - 1)
    most = kappa.most_chance([int(exact(c)) for c in totals], Fraction(top, votes))
    excluded, sums = inside >= outside, []
    for how, cut in (("rounded", False), ("cut off", True)):
        low, high = bounds(whole, truncated=cut)[0], bounds(part, truncated=cut)[1]
        least = kappa.least_of_part(low, k, most)
        excluded = excluded and least > high
        sums.append(
            f"{how}: k_part >= 1 - (1 - {shown(low, 3)})(1 - 1/{k})/(1 - {shown(most, 4)}) = {shown(least, 4)}, "
            f"but {part.printed} is {'below' if cut else 'at most'} {shown(high, 3)}"
        )
    least = kappa.least_of_part(bounds(whole)[0], k, most)
    exchanged = kappa.least_of_part(bounds(part)[0], k, most)
    steps = (
        f"A single-labelled clip has P_i >= {_of_pairs(inside, votes)}, any other P_i <= {_of_pairs(outside, votes)}; "
    )
    bound = (
        "so the mean P of the part is no less than that of all clips, and (1 - k_part)(1 - Pe_part) <= "
        f"(1 - k_all)(1 - Pe_all), where Pe_all >= 1/{k}. At least {top}/{votes} of a clip's votes lie on its label: "
        f"with the counts of Table 2, Pe_part is largest with the other {votes - top}/{votes} all on {neutral}, "
        f"{shown(most, 4)}. {'; '.join(sums).capitalize()}"
    )
    both = f"kappa {whole.printed} for all clips and {part.printed} for the single-labelled part"
    return judge(
        not excluded,
        "kappa",
        f"{both} do not exclude each other by the bound tried",
        (whole, part, r, n, classes, *totals),
        steps + (bound if inside >= outside else "the bound does not apply"),
        otherwise=f"{both} cannot both hold under l_k > {r.printed}: the part's is at least {shown(least, 3)}",
        severity="error",
        can="At least one of these is not what was used: the two kappas as they are attributed, "
        f"{n.printed} votes a clip, l_k > {r.printed}, the counts of Table 2.",
        cannot=f"Which one. Exchanged, {part.printed} for all and {whole.printed} for the part, they meet this bound "
        f"(at least {shown(exchanged, 3)}), which does not show that they were exchanged."
        if exchanged <= bounds(whole)[1]
        else "Which one.",
    )


def _of_pairs(share: Fraction, votes: int) -> str:
    pairs = votes * (votes - 1)
    return f"{share * pairs}/{pairs}"


def loss_as_printed(tables: dict[str, Table]) -> Judgement:
    """Section 3, equations 6 to 8, beside the sentence after them (the same emotions nearer, others further apart)."""
    p_same, p_other = _says(tables, "P, same label"), _says(tables, "P, otherwise")
    q_different, q_other = _says(tables, "Q, different label"), _says(tables, "Q, otherwise")
    objective = _says(tables, "objective")
    p = {True: exact(p_same), False: exact(p_other)}  # by: the same label?
    q = {True: exact(q_other), False: exact(q_different)}
    near, far = (_ratio(distance, p, q) for distance in (2, 4))
    zero = " and ".join(name for same, name in ((True, "of one label"), (False, "of two labels")) if not q[same])
    return judge(
        far < near if objective.printed == "min" else far > near,
        "formula",
        "Equations 6 to 8 are best the further apart different emotions lie, as the sentence after them says",
        (p_same, p_other, q_different, q_other, objective, _says(tables, "purpose")),
        "points 0 and 1 of one label, d and d + 1 of another: the sum of P phi over the sum of Q phi is "
        f"{shown(near)} for d = 2, {shown(far)} for d = 4"
        + (f"; read as a sum of ratios, every pair {zero} is divided by 0" if zero else ""),
        otherwise="Solved as printed, equations 6 to 8 bring different emotions together, the opposite of the sentence "
        "after them",
        can="With P and Q exchanged, or max for min, they would say what the sentence says; equation 9 does.",
        cannot="That equations 6 to 8 as printed describe what was trained, nor that equation 9 is affected.",
    )


def loss_trained(tables: dict[str, Table]) -> Judgement:
    """Section 3, equation 9: pairs of the same label above, of different labels below."""
    above = _says(tables, "equation 9, pairs above")
    below = _says(tables, "equation 9, pairs below (the sign for 'not in', as extracted)")
    weight = Fraction(1, 2)  # both labels have two points
    upper = {True: weight * (above.printed == "∈"), False: weight * (above.printed != "∈")}
    lower = {True: weight * (below.printed == "∈"), False: weight * (below.printed != "∈")}
    near, far = (_ratio(distance, upper, lower) for distance in (2, 4))
    return judge(
        far < near,
        "formula",
        "Equation 9 is smaller the nearer the same emotions and the further apart different ones lie, as the text says",
        (above, below, _says(tables, "purpose")),
        "points 0 and 1 of one label, d and d + 1 of another: equation 9 is "
        f"{shown(near, 3)} for d = 2, {shown(far, 3)} for d = 4",
        otherwise="Minimised as printed, equation 9 does not move different emotions apart, as the text says",
        cannot="That equation 9 as printed describes what was trained.",
    )


def _ratio(distance: int, above: dict[bool, Fraction], below: dict[bool, Fraction]) -> Fraction:
    """The weighted sum of all distances over another, for two clusters of two points on a line, `distance` apart.

    The weights are by whether the two points have the same label.
    """
    points = ((0, 0), (1, 0), (distance, 1), (distance + 1, 1))
    sums = [
        sum((weights[x == y] * abs(a - b) for (a, x), (b, y) in product(points, points)), Fraction(0))
        for weights in (above, below)
    ]
    return sums[0] / sums[1]


CLAIMS = (single_label, kappa_band, kappas_together, loss_as_printed, loss_trained)
