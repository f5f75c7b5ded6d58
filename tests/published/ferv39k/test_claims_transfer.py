"""Claims about transfer between scenarios, from the papers' numbers, and turned by another cell."""

from __future__ import annotations

from fractions import Fraction

from fervbench.published import claims_ferv39k_transfer as of_transfer

F = Fraction


# Transfer: Table 3, sources in rows

NAMES = ("DL11k", "WIS9k", "SIA10k", "AI9k")
TABLE_3 = {
    "WAR": ("37.69 29.98 31.15 24.27", "27.04 40.5 31.78 24.62", "28.57 31.39 39.72 27.75", "26.29 23.3 23.85 31.62"),
    "UAR": ("27.21 19.93 21.87 18.54", "19.95 26.6 19.9 19.24", "21.92 19.95 24.9 20.28", "20.21 18.29 17.93 24.16"),
}


def declines(metric: str) -> tuple[list[F], list[F]]:
    grid = [[F(each) for each in row.split()] for row in TABLE_3[metric]]
    by_source = [grid[i][i] - sum(grid[i][j] for j in range(4) if j != i) / 3 for i in range(4)]
    by_target = [grid[i][i] - sum(grid[j][i] for j in range(4) if j != i) / 3 for i in range(4)]
    assert sum(by_source) == sum(by_target)
    return by_source, by_target


def test_average_decline(ferv):
    war, uar = (sum(declines(metric)[0]) / 4 for metric in ("WAR", "UAR"))
    assert (war, uar) == (F(149_53, 400) - F(329_99, 1200), F(102_87, 400) - F(238_01, 1200))
    assert [f"{float(each):.2f}" for each in (war, uar, (war + uar) / 2)] == ["9.88", "5.88", "7.88"]
    (found,) = ferv.judged(of_transfer.average_decline)
    assert found.severity == "note"
    assert "WAR: 37.38 at home - 27.50 away = 9.88; UAR: 25.72 at home - 19.83 away = 5.88" in found.arithmetic
    assert "by source, WAR: DL11k 9.22, WIS9k 12.69, SIA10k 10.48, AI9k 7.14" in found.arithmetic
    assert "by target, WAR: DL11k 10.39, WIS9k 12.28, SIA10k 10.79, AI9k 6.07" in found.arithmetic
    # Tables 5, 7, 9 and 11
    own, away = F(150_88, 400), F(332_24, 1200)
    assert f"{float(own - away):.2f}" == "10.03"
    assert "Tables 5, 7, 9 and 11: 10.03 WAR, 6.04 UAR" in found.arithmetic
    assert "= 7.88" in found.can
    for printed, severity in (("10%", "pass"), ("6%", "pass"), ("7%", "warning")):
        other = ferv.said(printed, "Average cross-domain decline", "4.3")
        assert other.severities(of_transfer.average_decline) == [severity]


def test_largest_decline(ferv):
    largest = {}
    for metric in ("WAR", "UAR"):
        largest[metric] = [NAMES[values.index(max(values))] for values in declines(metric)]
    assert largest == {"WAR": ["WIS9k", "WIS9k"], "UAR": ["DL11k", "WIS9k"]}
    war, uar = ferv.judged(of_transfer.largest_decline)
    assert (war.severity, uar.severity) == ("pass", "note")
    assert "by source is not that of WIS9k but of DL11k" in uar.message
    assert uar.can == "by target it is that of WIS9k"
    other = ferv.changed("ferv39k/table3", "35.00", row="WIS9k", column="WIS9k", metric="WAR")
    assert other.severities(of_transfer.largest_decline) == ["note", "note"]
    other = ferv.changed("ferv39k/table3", "18.00", row="WIS9k", column="AI9k", metric="UAR")
    assert other.severities(of_transfer.largest_decline) == ["pass", "pass"]


def test_weak_to_strong(ferv):
    there, back, weak, strong = F("31.78"), F("31.39"), F("40.5"), F("39.72")
    assert [there < back, weak - there > strong - back, strong - there > weak - back] == [False, True, False]
    (found,) = ferv.judged(of_transfer.weak_to_strong)
    assert found.severity == "note"
    assert "8.72 there, 8.33 back" in found.arithmetic
    assert "7.94 there, 9.11 back" in found.arithmetic
    assert found.can == "It holds for the decline of the model"
    other = ferv.changed("ferv39k/table3", "30.00", row="WIS9k", column="SIA10k", metric="WAR")
    assert other.severities(of_transfer.weak_to_strong) == ["pass"]


def test_best_at_home_and_smaller_difference(ferv):
    assert max(F(each) for each in ("37.69", "40.5", "39.72", "31.62")) == F("40.5")
    assert ferv.severities(of_transfer.best_at_home) == ["pass"]
    other = ferv.changed("ferv39k/table3", "39.71", row="WIS9k", column="WIS9k", metric="WAR")
    assert other.severities(of_transfer.best_at_home) == ["warning"]
    own = {
        "DL11k": ("36.53/28.90", "34.32/29.80", "37.58/23.58", "44.84/27.71", "30.77/25.55", "37.12/27.02"),
        "WIS9k": ("51.22/29.88", "42.96/28.01", "39.02/25.83", "39.47/23.02", "36.11/24.98", "38.86/24.77"),
        "SIA10k": ("36.87/23.59", "63.72/42.51", "36.24/21.66", "33.95/22.52", "41.27/22.95", "44.93/28.35"),
        "AI9k": ("31.73/21.07", "28.67/24.87", "34.48/24.25", "31.56/24.63"),
    }
    found = ferv.judged(of_transfer.smaller_difference)
    assert [each.severity for each in found] == ["warning", "warning"]
    for i, judgement in enumerate(found):
        values = {name: [F(pair.split("/")[i]) for pair in pairs] for name, pairs in own.items()}
        spread = {name: max(each) - min(each) for name, each in values.items()}
        assert sorted(spread, key=lambda name: spread[name]) == ["AI9k", "DL11k", "WIS9k", "SIA10k"]
        assert ", ".join(f"{name} {float(each):.2f}" for name, each in spread.items()) in judgement.arithmetic
    other = ferv.changed("ferv39k/table7", "43.00", row="WIS9k", column="Action", metric="WAR")
    other = other.changed("ferv39k/table11", "20.00", row="AI9k", column="Terror", metric="WAR")
    assert other.severities(of_transfer.smaller_difference) == ["pass", "warning"]
