"""What DFEW's text says of its method, judged: kappas by every possible vote, formulas on four points."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction

import pytest

from fervbench.published import claims_dfew_method, kappa
from fervbench.published.judgement import Judgement
from fervbench.published.tables import Table

CLASSES = ("Happy", "Sad", "Neutral", "Angry", "Surprise", "Disgust", "Fear")
TABLE_2 = (2488, 2008, 2709, 2229, 1498, 146, 981)


@pytest.fixture(scope="module")
def judged(tables: dict[str, Table]) -> list[Judgement]:
    found = [claim(tables) for claim in claims_dfew_method.CLAIMS]
    return [j for each in found for j in (each if isinstance(each, list) else [each])]


def kappas_judged(tables: dict[str, Table]) -> Judgement:
    return claims_dfew_method.kappas_together(tables)


def compositions(n: int, parts: int) -> Iterator[tuple[int, ...]]:
    for bars in itertools.combinations(range(n + parts - 1), parts - 1):
        ends = (-1, *bars, n + parts - 1)
        yield tuple(b - a - 1 for a, b in itertools.pairwise(ends))


def pairs_that_agree(votes: tuple[int, ...]) -> int:
    """Of the 90 ordered pairs of two annotators."""
    return sum(v * (v - 1) for v in votes)


def test_least_and_most_agreement_by_every_possible_vote():
    every = list(compositions(10, 7))
    assert len(every) == 8008
    assert min(pairs_that_agree(v) for v in every if max(v) >= 7) == 42
    assert max(pairs_that_agree(v) for v in every if max(v) <= 6) == 42
    for top in range(2, 11):
        inside = min(pairs_that_agree(v) for v in every if max(v) >= top)
        assert kappa.least_agreement(10, 7, top) <= Fraction(inside, 90)
        assert kappa.most_agreement(10, top) == Fraction(max(pairs_that_agree(v) for v in every if max(v) <= top), 90)


def test_the_kappa_bound_step_by_step(judged: list[Judgement], one):
    shares = [Fraction(7, 10) * Fraction(n, 12059) for n in TABLE_2]
    corners = [sum(p * p for p in shares) - shares[c] ** 2 + (shares[c] + Fraction(3, 10)) ** 2 for c in range(7)]
    most = max(corners)
    assert corners.index(most) == CLASSES.index("Neutral")
    assert round(float(most), 4) == 0.2711
    # (1 - k_part)(1 - Pe_part) <= (1 - k_all)(1 - Pe_all): the least left side is above the largest right side
    assert (1 - Fraction("0.635")) * (1 - most) > (1 - Fraction("0.695")) * Fraction(6, 7)  # rounded
    assert (1 - Fraction("0.640")) * (1 - most) > (1 - Fraction("0.700")) * Fraction(6, 7)  # cut off
    assert (1 - Fraction("0.640")) * (1 - most) > (1 - Fraction("0.695")) * Fraction(6, 7)  # one rounded, one cut off
    assert (1 - Fraction("0.705")) * (1 - most) < (1 - Fraction("0.625")) * Fraction(
        6, 7
    )  # exchanged: no contradiction
    found = one(judged, "cannot both hold")
    assert (found.rule, found.severity) == ("kappa", "error")
    for text in ("P_i >= 42/90, any other P_i <= 42/90", "Neutral, 0.2711", "= 0.6413, but 0.63 is at most 0.635"):
        assert text in found.arithmetic
    assert "= 0.6472, but 0.63 is below 0.640" in found.arithmetic
    assert "(at least 0.559), which does not show that they were exchanged" in found.cannot
    bands = [j for j in judged if "is called substantial agreement" in j.message]
    assert [j.severity for j in bands] == ["pass", "pass"]


def test_the_kappa_claim_flips(tables: dict[str, Table], changed):
    def with_(**printed: str) -> dict[str, Table]:
        new = tables
        for row, number in printed.items():
            new = changed(new, "dfew/text", number, row=row.replace("_", " ").replace("single ", "single-"))
        return new

    whole, part = "kappa_of_all_clips", "kappa_of_the_single_labelled_part"
    assert kappas_judged(with_(**{whole: "0.63", part: "0.70"})).severity == "pass"
    assert kappas_judged(with_(**{part: "0.64"})).severity == "pass"
    assert kappas_judged(with_(**{part: "0.60"})).severity == "error"
    loose = with_(threshold_r="5")
    assert kappas_judged(loose).severity == "pass"  # 6 of ten may be 5 of the rest: the bound does not apply
    assert "does not apply" in kappas_judged(loose).arithmetic
    low = with_(**{part: "0.55"})
    assert [j.severity for j in claims_dfew_method.kappa_band(low)] == ["pass", "warning"]
    assert claims_dfew_method.single_label(with_(threshold_r="4")).severity == "warning"


def fleiss(votes: list[tuple[int, ...]]) -> float:
    """As DFEW's equations 1 to 5 have it, in floats."""
    n, size = sum(votes[0]), len(votes)
    agreement = sum(pairs_that_agree(v) for v in votes) / (size * n * (n - 1))
    chance = sum((sum(v[j] for v in votes) / (size * n)) ** 2 for j in range(len(votes[0])))
    return (agreement - chance) / (1 - chance)


def placed(label: int, first: int, others: dict[int, int]) -> tuple[int, ...]:
    votes = [0] * 7
    votes[label] += first
    for other, number in others.items():
        votes[other] += number
    return tuple(votes)


def test_no_table_of_votes_breaks_the_bound():
    """DFEW's class shares, the part and the rest voted in many ways: where all have 0.695, the part has over 0.6413."""
    part = [label for label, n in enumerate(TABLE_2) for _ in range(n // 30)]
    spread = [{(c + d) % 7: 1 for d in (1, 2, 3)} for c in range(7)]
    on_neutral = [{2: 3} for _ in range(7)]
    rests = {
        "6 and 4": [placed(i % 7, 6, {(i + 1 + i // 7 % 6) % 7: 4}) for i in range(143)],
        "spread": [placed(i % 7, 4, {(i + d) % 7: 1 for d in range(1, 7)}) for i in range(143)],
    }
    tried = 0
    for unanimous in range(0, 101, 2):
        for others in (spread, on_neutral):
            single = [
                placed(c, 10, {}) if i * 37 % 100 < unanimous else placed(c, 7, others[c]) for i, c in enumerate(part)
            ]
            for rest in rests.values():
                whole, alone = fleiss(single + rest), fleiss(single)
                if whole >= 0.695:
                    tried += 1
                    assert alone > 0.6413, (unanimous, whole, alone)
    assert tried > 20


def test_random_votes_never_break_the_inequality():
    draw = random.Random(20261121)
    for _ in range(200):
        sharp = draw.choice((1, 2, 4, 8))
        votes = []
        for _ in range(60):
            label = draw.randrange(7)
            ballots = Counter(draw.choices(range(7), [sharp * 4 if c == label else 1 for c in range(7)], k=10))
            votes.append(tuple(ballots[c] for c in range(7)))
        single = [v for v in votes if max(v) > 6]
        labels = Counter(v.index(max(v)) for v in single)
        if len(labels) < 2:
            continue  # one class: agreement by chance can be complete
        shares = [0.7 * labels[c] / len(single) for c in range(7)]
        most = max(sum(p * p for p in shares) - p * p + (p + 0.3) ** 2 for p in shares)
        assert fleiss(single) >= 1 - (1 - fleiss(votes)) * (6 / 7) / (1 - most) - 1e-12


def test_equations_6_to_9(judged: list[Judgement], tables: dict[str, Table], changed, one):
    def sums(d: int) -> tuple[float, float]:
        points = {0: "a", 1: "a", d: "b", d + 1: "b"}
        couples = list(itertools.permutations(points, 2))
        same = sum(abs(x - y) for x, y in couples if points[x] == points[y])
        different = sum(abs(x - y) for x, y in couples if points[x] != points[y])
        return same, different

    (same_2, other_2), (same_4, other_4) = sums(2), sums(4)
    assert (other_2 / same_2, other_4 / same_4) == (4.0, 8.0)  # as printed: it rises as clusters part
    assert (same_2 / other_2, same_4 / other_4) == (0.25, 0.125)  # equation 9: it falls
    printed = one(judged, "equations 6 to 8")
    assert (printed.rule, printed.severity) == ("formula", "warning")
    assert "4.00 for d = 2, 8.00 for d = 4" in printed.arithmetic
    trained = one(judged, "Equation 9")
    assert trained.severity == "pass"
    assert "0.250 for d = 2, 0.125 for d = 4" in trained.arithmetic
    right = tables
    for row, number in (
        ("P, same label", "1"),
        ("P, otherwise", "0"),
        ("Q, different label", "1"),
        ("Q, otherwise", "0"),
    ):
        right = changed(right, "dfew/text", number, row=row)
    assert claims_dfew_method.loss_as_printed(right).severity == "pass"
    assert claims_dfew_method.loss_as_printed(changed(tables, "dfew/text", "max", row="objective")).severity == "pass"
    swapped = changed(tables, "dfew/text", "∉", row="equation 9, pairs above")
    swapped = changed(swapped, "dfew/text", "∈", row="equation 9, pairs below (the sign for 'not in', as extracted)")
    assert claims_dfew_method.loss_trained(swapped).severity == "warning"
