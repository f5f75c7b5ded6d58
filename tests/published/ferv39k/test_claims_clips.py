"""Claims about clips, from the papers' numbers and the public lists, and turned by another cell or other lists."""

from __future__ import annotations

import copy
from collections import Counter
from fractions import Fraction
from pathlib import Path

import pytest

from fervbench.published import claims_ferv39k_clips as of_clips
from fervbench.published import ferv39k_numbers

F = Fraction


def test_clips_of_table_1(ferv):
    assert ferv.severities(of_clips.clips_of_table_1) == ["warning"]
    assert ferv.judged(of_clips.clips_of_table_1)[0].arithmetic == "39,546 - 38,935 = 611; the lists: 38,935"
    same = ferv.changed("ferv39k/table1", "38,935", row="FERV39k", column="Samples")
    assert same.severities(of_clips.clips_of_table_1) == ["pass"]


def test_clips_of_the_lists(ferv):
    assert 31088 + 7847 == 38935
    assert ferv.severities(of_clips.clips_of_the_lists) == ["pass"]
    other = ferv.said("39,546", "Clips", "Abstract")
    assert other.severities(of_clips.clips_of_the_lists) == ["warning"]


def test_clips_in_thousands_and_in_the_caption_of_table_3(ferv):
    assert (round(38935 / 1000), round(39546 / 1000)) == (39, 40)
    assert ferv.severities(of_clips.clips_in_thousands) == ["pass"]
    assert ferv.severities(of_clips.name_in_table_3) == ["note"]
    assert "39,546" in ferv.judged(of_clips.name_in_table_3)[0].can
    other = ferv.said("40k", "Clips, in thousands", "3.3")
    assert other.severities(of_clips.clips_in_thousands) == ["warning"]
    other = ferv.said("39k", "Clips of FERV40k, by its name", "Table 3")
    assert other.severities(of_clips.name_in_table_3) == ["pass"]


def test_names_and_sizes_of_scenarios(ferv):
    sizes = {"DL11k": 9028 + 2282, "WIS9k": 6993 + 1768, "SIA10k": 8083 + 2042, "AI9k": 6984 + 1755}
    assert sum(sizes.values()) == 38935
    assert all(name.endswith(f"{round(n / 1000)}k") for name, n in sizes.items())
    assert ferv.severities(of_clips.scenario_names) == ["pass"]
    assert ferv.judged(of_clips.scenario_names)[0].arithmetic == "DL11k 11,310, WIS9k 8,761, SIA10k 10,125, AI9k 8,739"
    assert F(11310, 8739) < F(3, 2)
    assert ferv.severities(of_clips.evenly_distributed) == ["pass"]
    assert "29.0 %, WIS9k 22.5 %, SIA10k 26.0 %, AI9k 22.4 %" in ferv.judged(of_clips.evenly_distributed)[0].arithmetic
    other = ferv.said("12k", "Clips of DL11k, by its name", "3.2")
    assert other.severities(of_clips.scenario_names) == ["warning"]


def test_configurations_and_scenes(ferv):
    assert 22 + 4 + 1 == 27
    assert 6 + 6 + 6 + 4 == 22
    assert ferv.severities(of_clips.parts_of_the_whole) == ["pass", "pass"]
    other = ferv.said("28", "Configurations", "4.1")
    assert other.severities(of_clips.parts_of_the_whole) == ["warning", "pass"]
    other = ferv.said("5", "Scenes of WIS9k", "3.2")
    assert other.severities(of_clips.parts_of_the_whole) == ["pass", "warning"]


def test_split(lists: Path):
    """The public lists themselves: shares, and a fifth of every cell, rounded up."""
    cells: Counter[tuple[str, ...]] = Counter()
    tested: Counter[tuple[str, ...]] = Counter()
    for name, counters in (("train_All.csv", (cells,)), ("test_All.csv", (cells, tested))):
        path = next(lists.rglob(name), None) or next(lists.rglob(name.lower()), None)
        if path is None:
            pytest.skip(f"no {name} in the official lists")
        for line in path.read_text().splitlines():
            for counter in counters:
                counter[tuple(line.split()[0].split("/")[:2])] += 1
    assert (sum(tested.values()), sum(cells.values())) == (7847, 38935)
    assert all(tested[cell] == -(-n // 5) for cell, n in cells.items())
    assert len(cells) == 154


def test_split_in_the_text(ferv):
    assert round(F(100 * 7847, 38935)) == 20
    assert ferv.severities(of_clips.split) == ["pass", "note"]
    assert "154 of 154" in ferv.judged(of_clips.split)[1].arithmetic
    other = ferv.said("25%", "Test part", "4.1")
    assert other.severities(of_clips.split) == ["warning", "note"]


def test_shares_of_classes(ferv):
    assert [round(F(100 * n, of)) for n, of in ((332, 2099), (67, 422), (269, 1131), (54, 228))] == [16, 16, 24, 24]
    fear, happy = ferv.judged(of_clips.shares_of_classes)
    assert (fear.severity, happy.severity) == ("warning", "warning")
    assert fear.arithmetic == "all clips: 332 / 2,099 = 15.82 %; test part: 67 / 422 = 15.88 %"
    assert happy.arithmetic == "all clips: 269 / 1,131 = 23.78 %; test part: 54 / 228 = 23.68 %"
    # 43 more clips of Fear make 17.5 %, 147 more of Happy 32.5 %; one fewer does not
    assert F(332 + 42, 2099 + 42) < F(175, 1000) <= F(332 + 43, 2099 + 43)
    assert F(269 + 146, 1131 + 146) < F(325, 1000) <= F(269 + 147, 1131 + 147)
    assert "43 more" in fear.can
    assert "147 more" in happy.can
    assert "611" in happy.can
    other = ferv.said("16%", "Fear in the scene Terror", "3.3")
    assert other.severities(of_clips.shares_of_classes) == ["pass", "warning"]
    other = ferv.said("24%", "Happy in the scene Liveshow", "3.3")
    assert other.severities(of_clips.shares_of_classes) == ["warning", "pass"]


def test_scenes_of_classes(ferv, monkeypatch: pytest.MonkeyPatch):
    fear, happy = ferv.judged(of_clips.scenes_of_classes)
    assert (fear.severity, happy.severity) == ("pass", "note")
    assert round(F(100 * (5854 + 1473), 38935), 2) == F("18.82")
    assert F(269, 1131) > F(5854 + 1473, 38935)
    assert "more of Happy than the data as a whole" in happy.can
    assert "Action 43.03 %, all scenes 18.82 %" in happy.arithmetic
    counts = copy.deepcopy(ferv39k_numbers._listed())
    counts["Liveshow"]["Happy"]["train"] = 2000
    counts["Action"]["Fear"]["train"] = 2000
    monkeypatch.setattr(ferv39k_numbers, "_listed", lambda: counts)
    assert ferv.severities(of_clips.scenes_of_classes) == ["note", "pass"]
    assert ferv.severities(of_clips.clips_of_the_lists) == ["warning"]
    assert ferv.severities(of_clips.split)[1] == "pass"


def test_workflow_and_what_is_said_again(ferv):
    assert 1 / (1 - F(19, 20)) == 20
    assert round(F(86000, 38935)) == 2
    assert ferv.severities(of_clips.workflow) == ["pass", "pass"]
    other = ferv.said("100k", "Candidate clips that were annotated", "Abstract")
    assert other.severities(of_clips.workflow) == ["pass", "warning"]
    assert ferv.severities(of_clips.said_again) == ["pass"]
    other = ferv.said("4", "Copies of each group", "C")
    assert other.severities(of_clips.said_again) == ["warning"]
    assert {cell.row for cell in other.judged(of_clips.said_again)[0].cells} == {"Copies of each group"}
