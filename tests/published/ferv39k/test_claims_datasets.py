"""Claims about annotation, settings, other datasets and parameters, from the papers' numbers."""

from __future__ import annotations

import re
from fractions import Fraction

from fervbench.published import claims_ferv39k_datasets as of_datasets
from fervbench.published import claims_ferv39k_parameters as of_parameters

F = Fraction


def test_annotation_times(ferv):
    assert 20 + 10 == 30
    (found,) = ferv.judged(of_datasets.annotation_times)
    assert found.severity == "warning"
    assert found.arithmetic == "copies of each group: 3; workers: 20 + 10 = 30"
    assert "number of workers" in found.can
    other = ferv.changed("ferv39k/table1", "3", row="FERV39k", column="Anno.")
    assert other.severities(of_datasets.annotation_times) == ["pass"]


def test_other_datasets(ferv):
    assert ferv.severities(of_datasets.text_and_table_1) == ["pass"]
    assert ferv.severities(of_datasets.sizes_of_datasets) == ["pass", "warning"]
    assert ferv.severities(of_datasets.table_1_of_two_papers) == ["pass", "pass"]
    other = ferv.changed("ferv39k/table1", "13,202", row="CAER", column="Samples")
    assert other.severities(of_datasets.text_and_table_1) == ["warning"]
    assert other.severities(of_datasets.table_1_of_two_papers) == ["warning", "pass"]
    other = ferv.changed("dfew/table1", "12", row="DFEW", column="#Annotation Times")
    assert other.severities(of_datasets.table_1_of_two_papers) == ["pass", "warning"]
    other = ferv.changed("ferv39k/table1", "6,000", row="AFEW-VA", column="Samples")
    assert other.severities(of_datasets.sizes_of_datasets) == ["pass", "pass"]
    other = ferv.changed("ferv39k/table1", "16,371", row="FERV39k", column="Samples")
    assert other.severities(of_datasets.sizes_of_datasets) == ["warning", "warning"]


def test_tripled(ferv):
    ratios = [F(38935, n) for n in (16372, 12059, 11697)]
    assert [round(ratio) for ratio in ratios] == [2, 3, 3]
    (found,) = ferv.judged(of_datasets.tripled)
    assert found.severity == "warning"
    assert [f"{float(ratio):.2f}" for ratio in ratios] == re.findall(r"= (\d\.\d\d)", found.arithmetic)
    assert "single-labelled" in found.can
    other = ferv.changed("ferv39k/table1", "13,000", row="DFEW", column="Samples")
    assert other.severities(of_datasets.tripled) == ["pass"]


def test_best_of_others(ferv):
    dfew = ["53.54", "55.50", "54.47", "56.48", "53.22", "56.19", "54.98", "56.51", "54.27", "56.19", "53.70"]
    dfew += ["56.25", "53.08", "54.72"]  # Table 5
    dfew += ["54.17", "55.48"]  # Table 6, center loss
    afew = ["45.31", "45.43", "46.48", "48.04", "51.44", "53.00", "53.26"]
    assert (max(dfew), max(afew)) == ("56.51", "53.26")
    assert "56.41" not in dfew
    best, transferred = ferv.judged(of_datasets.best_of_others)
    assert (best.severity, transferred.severity) == ("warning", "pass")
    assert {cell.printed for cell in best.cells} == {"56.41", "56.51"}
    assert "no WAR" in best.message
    other = ferv.changed("ferv39k/table1", "56.51", row="DFEW", column="Best.")
    assert other.severities(of_datasets.best_of_others) == ["pass", "pass"]
    other = ferv.changed("ferv39k/table1", "56.48", row="DFEW", column="Best.")
    assert "not the best WAR" in other.judged(of_datasets.best_of_others)[0].message
    other = ferv.changed("ferv39k/table1", "53.00", row="AFEW 8.0", column="Best.")
    assert other.severities(of_datasets.best_of_others) == ["warning", "warning"]


def test_detector(ferv):
    assert not any(round(F(100 * k, 3068), 2) == F("87.53") for k in range(3069))
    assert not any(int(F(10000 * k, 3068)) == 8753 for k in range(3069))
    assert ferv.severities(of_datasets.detector) == ["note"]
    assert round(F(100 * 2685, 3068), 2) == F("87.52")
    other = ferv.said("87.52%", "Accuracy of the FER detector", "B.2")
    assert other.severities(of_datasets.detector) == ["pass"]


def test_frames(ferv):
    assert F((8 - 1) * 8 + 1) / F(3, 2) == 38
    assert ferv.severities(of_datasets.frames) == ["note"]
    other = ferv.said("4", "Frame interval", "4.1")
    assert other.severities(of_datasets.frames) == ["pass"]


def test_gain_on_dfew(ferv):
    war = [("53.54", "31.69"), ("53.22", "37.57"), ("54.27", "38.78"), ("53.08", "42.59")]
    uar = [("42.74", "22.68"), ("42.79", "26.67"), ("43.40", "30.17"), ("42.86", "30.92")]
    means = [sum(F(a) - F(b) for a, b in pairs) / 4 for pairs in (war, uar)]
    assert [f"{float(mean):.2f}" for mean in means] == ["15.87", "15.34"]
    (found,) = ferv.judged(of_datasets.gain_on_dfew)
    assert found.severity == "note"
    assert found.arithmetic.endswith("means: 15.87 WAR, 15.34 UAR")
    assert "10.49" in found.can
    other = ferv.said("15%", "Gain on DFEW over FERV39k", "4.3")
    assert other.severities(of_datasets.gain_on_dfew) == ["pass"]


# Parameters


def resnet_18_trunk() -> int:
    """Convolutions without bias and two parameters a channel of each batch normalisation, block by block."""
    total = 7 * 7 * 3 * 64 + 2 * 64
    before = 64
    for width in (64, 128, 256, 512):
        for entering in (before, width):
            total += 9 * entering * width + 2 * width + 9 * width * width + 2 * width
        if before != width:
            total += before * width + 2 * width
        before = width
    return total


def test_parameters(ferv):
    assert resnet_18_trunk() == of_parameters.R18_TRUNK
    lstm = 4 * (1024 * 512 + 1024 * 1024 + 1024 + 1024)
    assert round((resnet_18_trunk() + lstm + 7 * 1024 + 7) / 1e6, 2) == 17.48
    assert round((resnet_18_trunk() + 7 * 8 * 512 + 7) / 1e6, 2) == 11.21
    pairs = {"R18-LSTM": (132, 27), "VGG13-LSTM": (133, 144), "C3D": (78, 97), "I3D": (12, 26), "3D-R18": (33, 67)}
    found = ferv.judged(of_parameters.two_trunks)
    assert {each.cells[0].row: each.severity for each in found} == {
        row: "pass" if two >= one else "warning" for row, (one, two) in pairs.items()
    }
    (note,) = ferv.judged(of_parameters.resnet_18)
    assert note.severity == "note"
    assert "11.21M; with an LSTM of 1024 units: 17.48M" in note.arithmetic
    assert F(17 + 124 + 128 + 134, 4) > F(78 + 12 + 33, 3)
    assert ferv.severities(of_parameters.kernels) == ["note"]


def test_other_parameters(ferv):
    place = {"column": "# of parameters", "metric": "parameters"}
    other = ferv.changed("ferv39k/model-zoo", "140M", row="Two R18-LSTM", **place)
    other = other.changed("ferv39k/model-zoo", "11M", row="Two I3D", **place)
    found = {each.cells[0].row: each.severity for each in other.judged(of_parameters.two_trunks)}
    assert (found["R18-LSTM"], found["I3D"]) == ("pass", "warning")
    other = ferv.changed("ferv39k/model-zoo", "11M", row="R18", **place)
    assert other.severities(of_parameters.resnet_18) == ["pass"]
    other = ferv.changed("ferv39k/model-zoo", "900M", row="C3D", **place)
    assert other.severities(of_parameters.kernels) == ["pass"]
