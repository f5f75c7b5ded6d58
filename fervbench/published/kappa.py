"""What Fleiss' kappa can be: bounds from the votes that each item has at least or at most in one category.

Fleiss (1971), "Measuring nominal scale agreement among many raters", as DFEW's equations 1 to 5 give it: n votes an
item in K categories, P_i = (sum of n_ij^2 - n) / (n (n - 1)), kappa = (P - Pe) / (1 - Pe), Pe = sum of p_j^2. Hence
(1 - kappa)(1 - Pe) = 1 - P. Everything is exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction


def agreement(votes: Sequence[int]) -> Fraction:
    """P_i of one item: the share of pairs of its votes that agree.

    >>> agreement([7, 1, 1, 1, 0, 0, 0])
    Fraction(7, 15)
    """
    n = sum(votes)
    return Fraction(sum(v * v for v in votes) - n, n * (n - 1))


def least_agreement(n: int, classes: int, top: int) -> Fraction:
    """The least P_i of an item with at least `top` of n votes in one category: the rest spread as evenly as can be.

    >>> least_agreement(10, 7, 7)
    Fraction(7, 15)
    """
    found = []
    for first in range(top, n + 1):
        each, more = divmod(n - first, classes - 1)
        found.append(agreement([first, *[each + 1] * more, *[each] * (classes - 1 - more)]))
    return min(found)


def most_agreement(n: int, top: int) -> Fraction:
    """The largest P_i of an item with at most `top` of n votes in any category: as few categories as can be.

    >>> most_agreement(10, 6)
    Fraction(7, 15)
    """
    full, rest = divmod(n, top)
    return agreement([top] * full + [rest])


def most_chance(counts: Sequence[int], share: Fraction) -> Fraction:
    """The largest Pe where of each item's votes at least `share` lie on its own label, `counts` items by label.

    p_j is at least share * n_j / N. A sum of squares is convex, so it is largest where all that is free lies on one
    category, and of these on the one that is largest already.

    >>> most_chance([1, 1], Fraction(7, 10))
    Fraction(109, 200)
    """
    fixed = [share * Fraction(count, sum(counts)) for count in counts]
    largest = max(fixed)
    return sum((p * p for p in fixed), Fraction(0)) - largest**2 + (largest + 1 - share) ** 2


def least_of_part(all_items: Fraction, classes: int, most: Fraction) -> Fraction:
    """The least kappa of a part that agrees at least as well as all items, whose kappa this is, and whose Pe <= most.

    P_part >= P_all is (1 - kappa_part)(1 - Pe_part) <= (1 - kappa_all)(1 - Pe_all), and Pe_all is at least 1/K.

    >>> least_of_part(Fraction(7, 10), 7, Fraction(2, 7))
    Fraction(16, 25)
    """
    return 1 - (1 - all_items) * (1 - Fraction(1, classes)) / (1 - most)
