"""The generic rules: every finding on the published tables again by other arithmetic, and small worlds made by hand."""

from __future__ import annotations

import math
from collections import Counter
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fervbench import load_protocol
from fervbench.published import rules_cells, rules_repeats, rules_spotting, rules_sums
from fervbench.published.audit import RULES, audit_published, audit_tables
from fervbench.published.denominators import denominators
from fervbench.published.feasible import extremes, witness
from fervbench.published.judgement import Judgement
from fervbench.published.printed import power, recover
from fervbench.published.tables import Table, published, published_tables

FERV = [f"ferv39k/table{k}" for k in range(2, 12)]
COUNTS = load_protocol("ferv39k").counts()["cells"]
SCENARIOS = {c.id: c.leaves for c in load_protocol("ferv39k").configurations.values()}


def clips(target: str) -> int:
    return sum(cell["test"] for scene in SCENARIOS[target] for cell in COUNTS[scene].values())


def of(judgements: list[Judgement], severity: str) -> list[Judgement]:
    return [judgement for judgement in judgements if judgement.severity == severity]


# Whole hits


def test_only_63_73_of_all_wars_of_ferv39k_is_no_whole_number_of_hits() -> None:
    failing, checked = [], 0
    for id in FERV:
        for cell in published(id).cells:
            if cell.metric == "WAR" and cell.statistic is None:
                n, value = clips(cell.target), float(cell.printed)
                k = round(value * n / 100)
                checked += 1
                if abs(100 * k / n - value) > 0.005 + 1e-9:
                    failing.append((id, cell.row, cell.column, cell.printed))
    assert failing == [("ferv39k/table2", "Two C3D", "Experiment", "63.73")]
    told = [j for id in FERV for j in rules_cells.grim(published(id)) if j.severity != "pass"]
    assert [(j.severity, j.cells[0].printed, j.cells[0].versions) for j in told] == [("error", "63.73", ("cvpr",))]
    passed = [j for id in FERV for j in rules_cells.grim(published(id)) if j.severity == "pass"]
    assert sum(len(j.cells) for j in passed) == checked - 1 == 854


def test_the_hits_of_c3d_on_dfew_are_recovered() -> None:
    table = published("dfew/table4")
    sizes = {"Happy": 2445, "Sad": 1894, "Neutral": 2669, "Angry": 2173, "Surprise": 1469, "Disgust": 145, "Fear": 902}
    known = denominators(table)["pooled"]
    assert known.per_class == sizes
    assert known.n == 11_697
    found = [recover(table.find(row="C3D", class_=name), n) for name, n in sizes.items()]
    assert found == [1838, 748, 1471, 1358, 661, 2, 185]
    assert round(100 * sum(found) / 11_697, 2) == 53.54


def test_three_transfer_results_on_afew_are_no_whole_hits_of_383() -> None:
    found = rules_cells.grim(published("dfew/table7"))
    assert {j.cells[0].printed for j in of(found, "error")} == {"42.34", "45.56", "49.66"}
    possible = {f"{100 * k / 383:.2f}" for k in range(384)}
    cells = [c for c in published("dfew/table7").cells if c.value is not None]
    assert {c.printed for c in cells if c.printed not in possible} == {"42.34", "45.56", "49.66"}
    cited = rules_cells.grim(published("dfew/table8"))
    assert [(j.severity, j.cells[0].printed) for j in cited if j.severity != "pass"] == [("note", "45.31")]


@pytest.mark.parametrize(("n", "share"), [(7847, 0.78), (113, 0.011), (11_697, 1.0)])
def test_the_power_of_grim_is_that_of_counting(n: int, share: float) -> None:
    possible = {round(10_000 * k / n) for k in range(n + 1)}
    assert float(power(n, 10_000)) == pytest.approx(len(possible) / 10_001, abs=2e-4)
    assert float(power(n, 10_000)) == pytest.approx(share, abs=0.006)


def test_r3d18_is_cut_off_and_the_rest_rounded() -> None:
    hits = [1948, 740, 1539, 1095, 709, 5, 190]
    sizes = [2445, 1894, 2669, 2173, 1469, 145, 902]
    war, uar = 100 * sum(hits) / 11_697, 100 * sum(k / n for k, n in zip(hits, sizes, strict=True)) / 7
    assert (math.floor(100 * war) / 100, math.floor(100 * uar) / 100) == (53.22, 42.79)
    assert (round(war, 2), round(uar, 2)) == (53.23, 42.80)
    found = rules_cells.by_class(published("dfew/table4"))
    assert sorted(j.cells[0].printed for j in of(found, "note")) == ["42.79", "53.22"]
    assert not of(found, "error")
    assert len(of(found, "pass")[0].cells) == 12


# UAR with WAR


def test_every_uar_of_ferv39k_can_stand_beside_its_war() -> None:
    for id in FERV:
        found = rules_cells.joint(published(id))
        assert [j.severity for j in found] == ["pass"], id


@given(st.lists(st.integers(1, 7), min_size=1, max_size=4), st.data())
@settings(deadline=None, derandomize=True, max_examples=150)
def test_a_witness_is_found_where_one_is_and_nowhere_else(sizes: list[int], data: st.DataObject) -> None:
    total = data.draw(st.integers(0, sum(sizes)))
    low = Fraction(data.draw(st.integers(-5, 100)), 100)
    high = low + Fraction(data.draw(st.integers(0, 4)), 100)
    every = [hits for hits in product(*(range(n + 1) for n in sizes)) if sum(hits) == total]
    values = {hits: sum(Fraction(k, n) for k, n in zip(hits, sizes, strict=True)) / len(sizes) for hits in every}
    fitting = {hits for hits, value in values.items() if low <= value <= high}
    found = witness(sizes, range(total, total + 1), low, high)
    assert found in fitting if fitting else found is False
    assert extremes(sizes, total) == (min(values.values()), max(values.values()))
    open_end = witness(sizes, range(total, total + 1), low, high, open_end=True)
    fitting = {hits for hits, value in values.items() if low <= value < high}
    assert open_end in fitting if fitting else open_end is False


def test_an_impossible_pair_is_told_with_the_bounds() -> None:
    table = own(cells_of("m", "a", {"x": (3, 4), "y": (2, 2)}))
    changed = alter(table, "UAR", "40.00")
    found = of(rules_cells.joint(changed), "error")
    assert len(found) == 1
    assert "5 hits of 6; UAR then lies within 75.00 to 87.50" in found[0].arithmetic


# Sums


def test_the_parts_of_r18_on_dl11k_sum_to_916_hits_not_907() -> None:
    found = rules_sums.pooled([published(id) for id in FERV])
    mine = [j for j in found if j.severity == "warning" and j.cells[0].target == "DL11k" and j.cells[0].method == "r18"]
    assert len(mine) == 1
    assert "= 916 = 40.14 %; DL11k 907 = 39.75 %" in mine[0].arithmetic


def test_every_sum_of_parts_again_by_floats() -> None:
    values: dict[tuple[str, str, str], float] = {}
    for id in FERV:
        for cell in published(id).cells:
            if cell.metric == "WAR" and cell.statistic is None:
                values.setdefault((cell.method, cell.source, cell.target), float(cell.printed))
    parts = {name: c.members for name, c in load_protocol("ferv39k").configurations.items() if c.members}
    holds, fails = 0, 0
    for (method, source, target), value in values.items():
        if target in parts and all((method, source, part) in values for part in parts[target]):
            hits = sum(round(values[method, source, part] * clips(part) / 100) for part in parts[target])
            same = hits == round(value * clips(target) / 100)
            holds, fails = holds + same, fails + (not same)
    found = rules_sums.pooled([published(id) for id in FERV])
    assert len(of(found, "warning")) == fails == 97
    assert of(found, "pass")[0].message.startswith("4 configurations")
    assert holds == 4


def test_the_average_rows_of_ferv39k_are_not_the_means_of_their_rows() -> None:
    for id in ("ferv39k/table2", "ferv39k/table4", "ferv39k/table6", "ferv39k/table8", "ferv39k/table10"):
        table = published(id)
        off = 0
        for cell in (c for c in table.cells if c.statistic == "mean"):
            same = [c for c in table.cells if (c.column, c.metric) == (cell.column, cell.metric)]
            rows = [float(c.printed) for c in same if c.statistic is None and "arxiv" in c.versions]
            off += abs(np.mean(rows) - float(cell.printed)) > 0.01
        found = [j for j in rules_sums.averages([published(each) for each in FERV]) if id in j.tables]
        worst = of(found, "error")
        assert len(worst) == 1
        assert off <= sum(cell.statistic == "mean" for cell in worst[0].cells) <= off + 2
    means = rules_sums.averages([t for t in published_tables().values() if t.paper["id"] == "sdfe-lv"])
    assert {j.severity for j in means} == {"pass"}
    assert sum(len(j.cells) for j in means) == 3 + 11 + 6


def test_one_share_of_dfew_table_2_does_not_follow() -> None:
    found = rules_sums.totals(published("dfew/table2"))
    assert [j.cells[0].printed for j in of(found, "error")] == ["1.22"]
    assert round(100 * 146 / 12_059, 2) == 1.21
    assert of(found, "pass")[0].message == "19 sums and shares hold"
    assert [j.severity for j in rules_sums.totals(published("sdfe-lv/table2"))] == ["pass"]


# Repetition


def test_table_3_and_the_appendix_print_different_values_for_one_experiment() -> None:
    found = rules_repeats.repeated([published(id) for id in FERV])
    told = Counter(tuple(sorted(j.tables)) for j in of(found, "warning"))
    assert told == {
        ("ferv39k/table2",): 1,
        **{tuple(sorted(("ferv39k/table3", f"ferv39k/table{k}"))): 1 for k in (5, 7, 9, 11)},
    }
    three = published("ferv39k/table3")
    differing = 0
    for k, scenario in ((5, "DL11k"), (7, "WIS9k"), (9, "SIA10k"), (11, "AI9k")):
        for cell in (c for c in three.cells if c.column == scenario):
            other = published(f"ferv39k/table{k}").find(row=cell.row, column=scenario, metric=cell.metric)
            differing += float(other.printed) != float(cell.printed)
    assert differing == 32


def test_two_methods_of_dfew_table_5_are_printed_with_one_result() -> None:
    rows = [
        tuple(c.printed for c in published("dfew/table5").at(r, m)) for r in published("dfew/table5").rows for m in ()
    ]
    assert rows == []
    found = rules_repeats.equal(published("dfew/table5"))
    assert [(j.severity, {c.row for c in j.cells}) for j in found] == [
        ("warning", {"R3D18,EC-STFL", "I3D-RGB,EC-STFL"}),
    ]
    table = published("dfew/table5")
    pairs = Counter(
        (table.find(row=r, column="UAR").printed, table.find(row=r, column="WAR").printed) for r in table.rows
    )
    assert [pair for pair, times in pairs.items() if times > 1] == [("45.05", "56.19")]


# Spotting


@given(st.lists(st.floats(0, 1), min_size=100, max_size=100))
@settings(deadline=None, derandomize=True, max_examples=60)
def test_the_area_of_any_curve_lies_within_its_bounds(steps: list[float]) -> None:
    curve = np.cumsum(steps) / max(sum(steps), 1)
    area = np.sum((curve[1:] + curve[:-1]) / 2) / 100
    points = {an: (Fraction(float(curve[an - 1])),) * 2 for an in (1, 5, 10, 50, 100)}
    low, high = rules_spotting.area(points)
    assert float(low) - 1e-9 <= area <= float(high) + 1e-9


def test_the_bounds_of_an_area_are_reached() -> None:
    points = {1: (Fraction(1, 10),) * 2, 100: (Fraction(1, 2),) * 2}
    late = np.array([0.1] * 99 + [0.5])
    early = np.array([0.1] + [0.5] * 99)
    low, high = rules_spotting.area(points)
    assert float(low) == pytest.approx(np.sum((late[1:] + late[:-1]) / 2) / 100)
    assert float(high) == pytest.approx(np.sum((early[1:] + early[:-1]) / 2) / 100)


def test_the_aucs_of_sdfe_lv_fit_their_ar_points_and_a_changed_one_does_not() -> None:
    table = published("sdfe-lv/table3")
    found = rules_spotting.auc(table)
    assert [j.severity for j in found] == ["pass"]
    assert len(found[0].cells) == 16 * 6
    changed = alter(table, "AUC", "75.00")
    assert [j.cells[0].printed for j in of(rules_spotting.auc(changed), "error")] == ["75.00"]
    falling = alter(table, "AR@5", "1.00")
    assert "falls" in of(rules_spotting.auc(falling), "error")[0].message


def test_no_fewer_than_800_instances_give_the_ars_of_sdfe_lv() -> None:
    cells = [c for c in published("sdfe-lv/table3").cells if c.metric.startswith("AR@")]
    assert len(cells) == 80
    shown = {c.printed for c in cells}
    fits = []
    for n in (100, 238, 484, 500, 799, 800, 943, 950):  # hits over 10 n, rounded to the nearest, ties either way
        possible = set()
        for k in range(10 * n + 1):
            value = Fraction(1000 * k, n)
            possible |= {math.floor(value + Fraction(1, 2)), math.ceil(value - Fraction(1, 2))}
        if all(round(float(x) * 100) in possible for x in shown):
            fits.append(n)
    assert fits == [800, 943]
    assert rules_spotting.fitting(cells)[:2] == [800, 943]
    found = rules_spotting.instances(published("sdfe-lv/table3"))
    assert [j.severity for j in found] == ["note"]


# Tables made by hand and at random


def cells_of(method: str, target: str, hits: dict[str, tuple[int, int]], *, recalls: bool = False) -> list[dict]:
    """Cells of one experiment from hits and clips by class, rounded half up."""
    about = {"row": method, "method": method, "source": "s", "target": target}
    k, n = (sum(values) for values in zip(*hits.values(), strict=True))
    uar = sum(Fraction(*pair) for pair in hits.values()) / len(hits)
    cells = [about | {"column": f"{target} WAR", "metric": "WAR", "printed": printed(Fraction(k, n))}]
    cells.append(about | {"column": f"{target} UAR", "metric": "UAR", "printed": printed(uar)})
    if recalls:
        for name, pair in hits.items():
            share = printed(Fraction(*pair))
            cells.append(about | {"column": f"{target} {name}", "metric": "recall", "class": name, "printed": share})
    return cells


def printed(share: Fraction) -> str:
    return f"{math.floor(share * 10_000 + Fraction(1, 2)) / 100:.2f}"


def own(cells: list[dict], counts: dict | None = None, **more: object) -> Table:
    import json

    from fervbench.published.tables import read_table

    counts = counts or {"a": {"n": 6, "per_class": {"x": 4, "y": 2}}}
    content = {"format": "fervbench-table/1", "id": "own", "unit": "percent", "decimals": 2, "counts": counts}
    return read_table(json.dumps(content | {"cells": cells} | more).encode(), "own.json")


def alter(table: Table, metric: str, value: str, which: int = 0) -> Table:
    from dataclasses import replace

    index = [cell.index for cell in table.cells if cell.metric == metric][which]
    cells = [replace(cell, printed=value, value=float(value)) if cell.index == index else cell for cell in table.cells]
    return replace(table, cells=tuple(cells))


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Table, dict[tuple[str, str], dict[str, tuple[int, int]]]]:
    """A table of random predictions on two parts and their union, with the hits that it was made from."""
    names = ["x", "y", "z"][: draw(st.integers(2, 3))]
    sizes = {part: {name: draw(st.integers(1, 6)) for name in names} for part in ("a", "b")}
    sizes["both"] = {name: sizes["a"][name] + sizes["b"][name] for name in names}
    recalls = draw(st.booleans())
    cells, hits = [], {}
    for method in ["m1", "m2", "m3"][: draw(st.integers(1, 3))]:
        for part in ("a", "b"):
            hits[method, part] = {name: (draw(st.integers(0, n)), n) for name, n in sizes[part].items()}
        both = {n: (hits[method, "a"][n][0] + hits[method, "b"][n][0], sizes["both"][n]) for n in names}
        hits[method, "both"] = both
        for part in ("a", "b", "both"):
            cells += cells_of(method, part, hits[method, part], recalls=recalls)
    shown = list(dict.fromkeys((c["column"], c["metric"], c["target"]) for c in cells if c["metric"] in ("WAR", "UAR")))
    for column, metric, target in shown:
        values = []
        for (_, part), counts in hits.items():
            if part == target:
                pairs = counts.values()
                total = Fraction(sum(k for k, _ in pairs), sum(n for _, n in pairs))
                values.append(total if metric == "WAR" else sum(Fraction(*p) for p in pairs) / len(names))
        mean = printed(sum(values, Fraction(0)) / len(values))
        about = {"row": "Average", "column": column, "metric": metric, "target": target, "source": "s"}
        cells.append(about | {"printed": mean, "statistic": "mean", "over": "rows"})
    counts = {part: {"n": sum(each.values()), "per_class": each} for part, each in sizes.items()}
    counts["both"]["members"] = ["a", "b"]
    return own(cells, counts), hits


def findings(table: Table) -> list[Judgement]:
    return [j for j in audit_tables([table]) if j.severity != "pass" and j.rule != "equal-values"]


@given(worlds())
@settings(deadline=None, derandomize=True, max_examples=150)
def test_a_table_of_random_predictions_gives_no_finding(world: tuple) -> None:
    table, _ = world
    assert findings(table) == []


@given(worlds(), st.data())
@settings(deadline=None, derandomize=True, max_examples=300)
def test_an_altered_cell_that_is_not_feasible_is_told(world: tuple, data: st.DataObject) -> None:
    """Feasible: some hits by class give all that is printed of the experiment, rounded or cut off."""
    table, hits = world
    cells = [cell for cell in table.cells if cell.statistic is None]
    cell = data.draw(st.sampled_from(cells))
    value = f"{data.draw(st.integers(0, 10_000)) / 100:.2f}"
    changed = alter(
        table, cell.metric, value, [c.index for c in table.cells if c.metric == cell.metric].index(cell.index)
    )
    mine = [c for c in changed.cells if (c.method, c.target) == (cell.method, cell.target) and c.statistic is None]
    sizes = {name: n for name, (_, n) in hits[cell.method, cell.target].items()}

    def fits(share: Fraction, text: str) -> bool:
        off = share * 10_000 - Fraction(text) * 100
        return -Fraction(1, 2) <= off <= Fraction(1, 2) or 0 <= off < 1

    def gives(way: tuple[int, ...]) -> bool:
        shares = {name: Fraction(k, n) for (name, n), k in zip(sizes.items(), way, strict=True)}
        totals = {"WAR": Fraction(sum(way), sum(sizes.values())), "UAR": sum(shares.values()) / len(shares)}
        return all(fits(shares[c.class_] if c.metric == "recall" else totals[c.metric], c.printed) for c in mine)

    feasible = any(gives(way) for way in product(*(range(n + 1) for n in sizes.values())))
    if not feasible:
        assert findings(changed), (cell.name, value)


def test_every_rule_has_a_name_in_the_summary() -> None:
    assert {judgement.rule for judgement in audit_published().judgements} <= set(RULES)
