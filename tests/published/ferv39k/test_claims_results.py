"""Claims about baselines trained on all scenes, from the papers' numbers, and turned by another cell."""

from __future__ import annotations

import re
from collections import Counter
from fractions import Fraction

from fervbench.published import claims_ferv39k_results as of_results

F = Fraction


# Baselines trained on all scenes: Table 2, column All, WAR/UAR

ALL = {
    "R18": ("39.33", "30.30"),
    "R50": ("30.57", "22.47"),
    "VGG13": ("41.02", "31.19"),
    "VGG16": ("41.66", "32.01"),
    "R18-LSTM": ("42.59", "30.92"),
    "R50-LSTM": ("40.75", "32.12"),
    "VGG13-LSTM": ("43.37", "32.41"),
    "VGG16-LSTM": ("41.70", "30.93"),
    "C3D": ("31.69", "22.68"),
    "I3D": ("38.78", "30.17"),
    "3D-R18": ("37.57", "26.67"),
    "Two C3D": ("41.77", "30.72"),
    "Two I3D": ("41.30", "31.01"),
    "Two 3D-R18": ("42.28", "30.55"),
    "Two R18-LSTM": ("43.20", "31.28"),
    "Two VGG13-LSTM": ("44.54", "32.79"),
}
WAR, UAR = ({row: F(pair[i]) for row, pair in ALL.items()} for i in (0, 1))


def in_table_2(row: str, metric: str = "WAR") -> dict[str, str]:
    return {"row": row, "column": "All", "metric": metric}


def test_best_of_all(ferv):
    assert max(WAR, key=lambda row: WAR[row]) == "Two VGG13-LSTM"
    assert WAR["Two VGG13-LSTM"] == F("44.54")
    assert ferv.severities(of_results.best_of_all) == ["pass"]
    other = ferv.changed("ferv39k/table2", "44.55", **in_table_2("VGG13-LSTM"))
    assert other.severities(of_results.best_of_all) == ["warning"]
    other = ferv.said("44.55%", "Best accuracy", "4.3")
    assert other.severities(of_results.best_of_all) == ["warning"]


def test_two_stream_lstm_above_all(ferv):
    assert WAR["Two R18-LSTM"] < WAR["VGG13-LSTM"]
    assert sorted(row for row in UAR if UAR[row] > UAR["Two R18-LSTM"]) == [
        "R50-LSTM",
        "Two VGG13-LSTM",
        "VGG13-LSTM",
        "VGG16",
    ]
    war, uar = ferv.judged(of_results.two_stream_lstm_above_all)
    assert (war.severity, uar.severity) == ("warning", "warning")
    assert war.arithmetic == "Two VGG13-LSTM 44.54, Two R18-LSTM 43.20; VGG13-LSTM 43.37"
    assert {cell.row for cell in uar.cells} >= {"R50-LSTM", "VGG13-LSTM", "VGG16", "Two R18-LSTM"}
    other = ferv.changed("ferv39k/table2", "43.38", **in_table_2("Two R18-LSTM"))
    assert other.severities(of_results.two_stream_lstm_above_all) == ["pass", "warning"]
    other = ferv.changed("ferv39k/table2", "43.37", **in_table_2("Two R18-LSTM"))
    assert other.severities(of_results.two_stream_lstm_above_all) == ["warning", "warning"]  # equal is not above


def test_lstm_above_3d(ferv):
    for values in (WAR, UAR):
        one = [value for row, value in values.items() if row.endswith("-LSTM") and not row.startswith("Two")]
        two = [value for row, value in values.items() if row.endswith("-LSTM") and row.startswith("Two")]
        assert min(one) > max(values[row] for row in ("C3D", "I3D", "3D-R18"))
        assert min(two) > max(values[f"Two {row}"] for row in ("C3D", "I3D", "3D-R18"))
    assert ferv.severities(of_results.lstm_above_3d) == ["pass"] * 4
    other = ferv.changed("ferv39k/table2", "40.75", **in_table_2("I3D"))
    assert other.severities(of_results.lstm_above_3d) == ["warning", "pass", "pass", "pass"]
    other = ferv.changed("ferv39k/table2", "31.28", **in_table_2("Two I3D", "UAR"))
    assert other.severities(of_results.lstm_above_3d) == ["pass", "pass", "pass", "warning"]


def test_worst_and_best(ferv):
    for values in (WAR, UAR):
        assert values["R50"] == min(values.values())
        assert sorted(values.values())[1] == values["C3D"]
        assert max((v, row) for row, v in values.items() if not row.startswith("Two"))[1] == "VGG13-LSTM"
    assert ferv.severities(of_results.worst_of_all) == ["warning", "warning"]
    assert ferv.severities(of_results.best_one_stream) == ["pass", "pass"]
    other = ferv.changed("ferv39k/table4", "31.70", row="RS50", column="All", metric="WAR")
    assert other.severities(of_results.worst_of_all) == ["pass", "warning"]
    other = ferv.changed("ferv39k/table4", "32.42", row="RS50-LSTM", column="All", metric="UAR")
    assert other.severities(of_results.best_one_stream) == ["pass", "warning"]


# The 22 scenes: Tables 4, 6, 8 and 10, read again without the package's look-ups

SCENES = {
    "ferv39k/table4": ("Conflict", "School", "DailyLife", "Argue", "Medicine", "Social"),
    "ferv39k/table6": ("Action", "ScholarReport", "Speech", "Liveshow", "ElegantArt", "Talkshow"),
    "ferv39k/table8": ("Business", "Experiment", "OfficialEvent", "Crime", "Interview", "Contest"),
    "ferv39k/table10": ("History", "Terror", "War", "Crisis"),
}


def scene_results(ferv, metric: str) -> dict[str, dict[str, F]]:
    """Method to scene to what is printed."""
    found: dict[str, dict[str, F]] = {}
    for id, scenes in SCENES.items():
        for cell in ferv.tables[id].cells:
            if cell.column in scenes and cell.metric == metric and cell.row != "Average":
                found.setdefault(str(cell.method), {})[cell.column] = F(cell.printed)
    assert len(found) == 17
    assert {len(row) for row in found.values()} == {22}
    return found


def test_second_stream_helps(ferv):
    for values in (WAR, UAR):
        assert all(values[f"Two {row}"] > values[row] for row in ("C3D", "I3D", "3D-R18", "R18-LSTM", "VGG13-LSTM"))
    better = {}
    for metric in ("WAR", "UAR"):
        results = scene_results(ferv, metric)
        better[metric] = sum(results["two-i3d"][scene] > results["i3d"][scene] for scene in results["i3d"])
    assert better == {"WAR": 21, "UAR": 12}
    found = ferv.judged(of_results.second_stream_helps)
    assert [each.severity for each in found] == ["pass"] * 4
    assert [each.arithmetic for each in found if "I3D" in each.message] == ["21 of 22 scenes", "12 of 22 scenes"]
    assert "C3D +10.08" in found[0].arithmetic
    assert "better in 112 of 135 columns" in found[0].arithmetic
    other = ferv.changed("ferv39k/table4", "38.78", row="Two I3D", column="All", metric="WAR")
    assert other.severities(of_results.second_stream_helps) == ["warning", "pass", "pass", "pass"]
    other = ferv.changed("ferv39k/table10", "1.00", row="Two I3D", column="War", metric="UAR")
    assert other.severities(of_results.second_stream_helps) == ["pass", "pass", "pass", "warning"]  # 11 of 22


def test_extreme_scenes(ferv):
    times = {}
    for metric in ("WAR", "UAR"):
        results = scene_results(ferv, metric)
        times[metric, "highest"] = Counter(max(row, key=lambda s: row[s]) for row in results.values())
        times[metric, "lowest"] = Counter(min(row, key=lambda s: row[s]) for row in results.values())
    assert times["WAR", "highest"] == {"Experiment": 9, "Action": 8}
    assert times["WAR", "lowest"]["Terror"] == 4
    assert times["WAR", "lowest"].most_common(1) == [("School", 5)]
    assert (times["UAR", "highest"]["Experiment"], times["UAR", "lowest"]["Terror"]) == (3, 0)
    found = ferv.judged(of_results.extreme_scenes)
    assert [each.severity for each in found] == ["pass", "warning", "note", "note"]
    assert [re.match(r"\d+ of 17", each.arithmetic)[0] for each in found] == [
        "9 of 17",
        "4 of 17",
        "3 of 17",
        "0 of 17",
    ]
    nine = {"Social", "DailyLife", "Liveshow", "Talkshow", "Interview", "Contest", "Experiment", "Terror", "Crisis"}
    lowest = [min((row[s], s) for s in nine)[1] for row in scene_results(ferv, "WAR").values()]
    assert lowest.count("Terror") == 13
    assert "13 of 17" in found[1].can
    means = {
        s: sum(row[s] for row in scene_results(ferv, "WAR").values()) / 17 for s in scene_results(ferv, "WAR")["c3d"]
    }
    assert min(means, key=lambda s: means[s]) == "Terror"
    assert "its mean over the methods is the lowest" in found[1].can


def test_other_extreme_scenes(ferv):
    other = ferv.changed("ferv39k/table8", "1.00", row="P3D", column="Experiment", metric="WAR")
    assert other.severities(of_results.extreme_scenes) == ["warning", "warning", "note", "note"]  # 8 of 17
    other = ferv
    for row in ("VGG13", "VGG16", "VGG13-LSTM", "C3D", "P3D"):
        other = other.changed("ferv39k/table10", "1.00", row=row, column="Terror", metric="WAR")
    assert other.severities(of_results.extreme_scenes)[:2] == ["pass", "pass"]  # 9 of 17


def test_better_scenarios(ferv):
    """WIS9k and SIA10k, DL11k and AI9k, WAR: P3D is from Tables 4 to 10, the others from Table 2."""
    rows = {
        "R18": "40.50 42.31 39.75 33.90",
        "R50": "32.52 30.56 30.46 30.14",
        "VGG13": "43.04 43.44 40.40 38.86",
        "VGG16": "42.93 42.31 41.81 39.60",
        "R18-LSTM": "44.12 42.85 43.34 39.66",
        "R50-LSTM": "41.74 42.16 40.93 38.01",
        "VGG13-LSTM": "44.23 45.00 42.29 41.20",
        "VGG16-LSTM": "41.63 43.83 42.99 37.04",
        "C3D": "30.15 42.70 26.95 27.29",
        "P3D": "34.95 36.73 32.95 31.34",
        "I3D": "38.52 40.55 38.56 37.44",
        "3D-R18": "38.40 40.40 37.69 33.45",
        "Two C3D": "43.44 44.71 41.45 37.89",
        "Two I3D": "42.31 43.63 41.02 38.75",
        "Two 3D-R18": "44.12 42.95 42.77 38.46",
        "Two R18-LSTM": "44.91 46.33 42.20 40.40",
        "Two VGG13-LSTM": "45.25 46.57 44.65 40.63",
    }
    values = [[F(each) for each in row.split()] for row in rows.values()]
    assert sum(min(row[:2]) > max(row[2:]) for row in values) == 14
    war, uar = ferv.judged(of_results.better_scenarios)
    assert (war.severity, uar.severity) == ("pass", "note")
    assert war.arithmetic.startswith("14 of 17 methods; means: WIS9k 40.75, SIA10k 42.18, DL11k 39.42, AI9k 36.71")
    assert [f"{float(sum(column) / 17):.2f}" for column in zip(*values, strict=True)] == [
        "40.75",
        "42.18",
        "39.42",
        "36.71",
    ]
    assert uar.arithmetic.startswith("1 of 17 methods")
    other = ferv
    for row in ("VGG13", "VGG16", "C3D", "P3D", "Two C3D", "Two I3D"):
        other = other.changed("ferv39k/table6", "10.00", row=row, column="WIS9k", metric="WAR")
    assert other.severities(of_results.better_scenarios) == ["note", "note"]  # 8 of 17


def test_shown_scenes(ferv):
    assert ferv.severities(of_results.shown_scenes) == ["pass", "pass"]
    other = ferv.said("8", "Scenes of Table 2", "4.3")
    assert other.severities(of_results.shown_scenes) == ["warning", "pass"]
    other = ferv.said("9", "Confusion matrices in Figure 5(b)", "4.3")
    assert other.severities(of_results.shown_scenes) == ["pass", "warning"]
