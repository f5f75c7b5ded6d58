r"""Power: how large a difference between two systems can a test list show?

Source: McNemar's test with a given share of discordant clips: Connor, "Sample size for testing differences in
proportions for the paired-sample design", Biometrics 43 (1987), eq. 3, and the same exactly; for UAR the same normal
approximation with the classes as strata.

Conventions
    n clips; `discordance` is the share of clips that exactly one of the two systems has right, in (0, 1]; a difference
    of WAR cannot exceed it. Differences, levels and power are shares of 1. Tests are two-sided.

Known differences from other tools
    1. statsmodels and G*Power ask for the odds of the discordant cells; here it is their difference, in WAR.
    2. The exact test is conservative: it needs a little more than the normal approximation says.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
# Numbers of discordant clips that are further out than this many standard deviations are left out of the sum.
_REACH = 8.0


def half_width(n: int, share: float = 0.5, level: float = 0.95) -> float:
    """Half the width of a normal interval of one system's WAR on n clips.

    >>> round(half_width(113), 3)
    0.092
    """
    _checked(level=level)
    return _z((1 + level) / 2) * math.sqrt(share * (1 - share) / n)


def half_width_uar(sizes: Sequence[int], share: float = 0.5, level: float = 0.95) -> float:
    """The same for UAR over classes of these sizes, every class with the same recall; empty classes are left out.

    >>> round(half_width_uar([50, 50]), 3), round(half_width_uar([98, 2]), 3)
    (0.098, 0.35)
    """
    _checked(level=level)
    full = [n for n in sizes if n]
    return _z((1 + level) / 2) * math.sqrt(share * (1 - share) * sum(1 / n for n in full)) / len(full)


def smallest_difference(n: int, discordance: float, power: float = 0.8, alpha: float = 0.05) -> float | None:
    """The smallest difference of WAR that McNemar's exact test shows with this power; None if not even the largest.

    A whole number of clips over n. Range (0, discordance].

    >>> round(smallest_difference(113, 0.2), 3)
    0.124
    """
    _checked(discordance=discordance, power=power, alpha=alpha)
    low, high = 0, math.floor(discordance * n + 1e-9)
    if high < 1 or mcnemar_power(n, discordance, high / n, alpha) < power:
        return None
    while high - low > 1:
        middle = (low + high) // 2
        if mcnemar_power(n, discordance, middle / n, alpha) < power:
            low = middle
        else:
            high = middle
    return high / n


def smallest_difference_uar(sizes: Sequence[int], discordance: float, power: float = 0.8, alpha: float = 0.05) -> float:
    """The smallest difference of UAR with this power, by the normal approximation, discordance the same in all classes.

    It may exceed what is possible (1) where a class has two clips: then nothing can be shown.
    """
    _checked(discordance=discordance, power=power, alpha=alpha)
    full = [n for n in sizes if n]
    spread = math.sqrt(discordance * sum(1 / n for n in full)) / len(full)
    return (_z(1 - alpha / 2) + _z(power)) * spread


def clips_needed(difference: float, discordance: float, power: float = 0.8, alpha: float = 0.05) -> int:
    """Clips that show a difference of WAR with this power (Connor 1987, eq. 3, normal approximation).

    Raises ValueError where the difference exceeds the discordance.

    >>> clips_needed(0.02, 0.2)
    3923
    """
    _checked(discordance=discordance, power=power, alpha=alpha)
    if not 0 < difference <= discordance:
        raise ValueError(f"a difference lies between 0 and the discordance {discordance}, not {difference}")
    root = _z(1 - alpha / 2) * math.sqrt(discordance) + _z(power) * math.sqrt(discordance - difference**2)
    return math.ceil((root / difference) ** 2)


def seeds_needed(difference: float, sd: float, power: float = 0.8, alpha: float = 0.05) -> int:
    """Seeds of each of two systems whose scores vary by `sd` from seed to seed, at least 2 (normal approximation).

    >>> seeds_needed(0.01, 0.005)
    4
    """
    _checked(power=power, alpha=alpha)
    if not difference > 0 or sd < 0:
        raise ValueError("a difference is positive, a standard deviation not negative")
    return max(2, math.ceil(2 * (sd * (_z(1 - alpha / 2) + _z(power)) / difference) ** 2))


def mcnemar_power(n: int, discordance: float, difference: float, alpha: float = 0.05) -> float:
    r"""Power of McNemar's exact test: discordant clips are Binomial(n, d), those for A among m Binomial(m, p).

    .. math:: p = \tfrac12 (1 + \delta / d)

    >>> round(mcnemar_power(100, 0.2, 0.0), 2) <= 0.05
    True
    """
    if abs(difference) > discordance + 1e-12:
        raise ValueError(f"a difference of {difference} needs a discordance of at least that, not {discordance}")
    log = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, n + 1)))])  # log factorials
    middle, reach = n * discordance, _REACH * math.sqrt(n * discordance * (1 - discordance)) + 1
    numbers = np.arange(max(0, math.floor(middle - reach)), min(n, math.ceil(middle + reach)) + 1)
    weights = np.exp(_log_binomial(log, n, numbers, discordance))
    share = min(1.0, 0.5 * (1 + abs(difference) / discordance))
    refused = [_refused(log, int(m), share, alpha) for m in numbers]
    return float(min(1.0, np.dot(weights, refused)))


def _refused(log: FloatArray, m: int, share: float, alpha: float) -> float:
    """Chance that the exact test refuses with m discordant clips, `share` of them for one system on average."""
    k = np.arange(m + 1)
    fair = np.cumsum(np.exp(_log_binomial(log, m, k, 0.5)))
    critical = int(np.searchsorted(fair, alpha / 2, side="right"))  # values below it refuse
    if critical == 0:
        return 0.0
    found = np.exp(_log_binomial(log, m, k, share))
    return float(found[:critical].sum() + found[m - critical + 1 :].sum())


def _log_binomial(log: FloatArray, n: int, k: npt.NDArray[np.int64], p: float) -> FloatArray:
    """Log of the binomial probability of k of n; -inf where p of 0 or 1 forbids it."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ways = log[n] - log[k] - log[n - k]
        yes = np.where(k > 0, k * np.log(p), 0.0)
        no = np.where(n - k > 0, (n - k) * np.log1p(-p), 0.0)
    found: FloatArray = ways + yes + no
    return found


def _z(share: float) -> float:
    return NormalDist().inv_cdf(share)


def _checked(**shares: float) -> None:
    for name, value in shares.items():
        top = value <= 1 if name == "discordance" else value < 1
        if not (value > 0 and top):
            raise ValueError(f"{name} is a share between 0 and 1, not {value} (is it in per cent?)")
