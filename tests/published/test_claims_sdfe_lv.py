"""What SDFE-LV's text says, judged: every number here is typed from the paper, every sum is done in another way."""

from __future__ import annotations

import json
import re
from collections import Counter
from fractions import Fraction
from pathlib import Path

import pytest

from fervbench.published import claims_sdfe_lv, claims_sdfe_lv_data, claims_sdfe_lv_models
from fervbench.published.judgement import Judgement
from fervbench.published.tables import Table, published

# AUC by extractor, in hundredths: CK+, AFEW, DFEW (Tables 4, 5 and 6)
AUC = {
    "C3D": (3703, 3798, 4944),
    "R3D": (3434, 3535, 4563),
    "R2Plus1D": (3345, 3379, 4689),
    "Resnet18-LSTM": (4689, 4790, 5643),
    "Resnet50-LSTM": (4747, 4668, 5903),
    "Resnet101-LSTM": (4154, 4821, 5919),
    "VGG13-LSTM": (5059, 5111, 5879),
    "VGG16-LSTM": (5063, 5205, 5947),
    "VGG19-LSTM": (5270, 5305, 5956),
    "TSN18": (4818, 4897, 5624),
    "TSN50": (4953, 4844, 5715),
    "TSN101": (4789, 4609, 5706),
    "Two C3D": (3603, 3772, 5069),
    "Two Resnet50-LSTM": (4538, 4721, 5915),
    "Two VGG19-LSTM": (4768, 5161, 5776),
}
# AR@1, 5, 10, 50, 100 and AUC, in hundredths (Table 3)
TABLE_3 = {
    "R-C3D, C3D": (109, 371, 807, 2144, 2230, 1829),
    "TURN, C3D": (105, 356, 620, 2545, 3363, 2294),
    "BSN, C3D": (697, 2062, 2697, 4875, 5897, 4509),
    "C3D": (1223, 2797, 3546, 5288, 5973, 4944),
    "R3D": (800, 2072, 2915, 4909, 5777, 4563),
    "R2Plus1D": (895, 2186, 2976, 5033, 5900, 4689),
    "Resnet18-LSTM": (1550, 3510, 4315, 5954, 6692, 5643),
    "Resnet50-LSTM": (1828, 3782, 4631, 6207, 6867, 5903),
    "Resnet101-LSTM": (1836, 3780, 4636, 6252, 6875, 5919),
    "VGG13-LSTM": (1787, 3659, 4659, 6199, 6788, 5879),
    "VGG16-LSTM": (1962, 3800, 4773, 6246, 6827, 5947),
    "VGG19-LSTM": (1875, 3922, 4790, 6270, 6941, 5956),
    "Two Resnet50-LSTM": (1793, 3764, 4662, 6192, 6860, 5915),
    "Two VGG19-LSTM": (1740, 3595, 4423, 6017, 6632, 5776),
    "Two C3D": (1186, 2931, 3664, 5433, 6020, 5069),
    "Two TSN": (1586, 3433, 4365, 5949, 6531, 5624),
}


@pytest.fixture(scope="module")
def judged(tables: dict[str, Table]) -> list[Judgement]:
    return claims_sdfe_lv.audit(tables)


def test_every_quote_stands_in_the_paper_with_its_number(papers: Path, stands_in):
    text = (papers / "sdfe-lv.txt").read_text(encoding="utf-8")
    table = published("sdfe-lv/text")
    assert len(table.cells) == len(table.rows) == 66
    for cell in table.cells:
        assert stands_in(cell, text), cell
        assert len(cell.quote) <= 300, cell
        assert cell.versions == ("arxiv",)


def test_values_of_the_text_typed_again():
    words = {"one": 1, "three": 3, "five": 5, "six": 6}
    for cell in published("sdfe-lv/text").cells:
        plain = cell.printed.replace(",", "").rstrip("%")
        if re.fullmatch(r"\d+(\.\d+)?", plain):
            assert cell.value == float(plain), cell
        else:
            assert cell.value == words.get(cell.printed), cell


def test_all_judgements(judged: list[Judgement]):
    assert Counter(j.severity for j in judged) == {"pass": 32, "note": 6, "warning": 3}
    assert {j.message for j in judged if j.severity == "warning"} == {
        "TSN's 12.5 over the 3D networks on average cannot follow from Tables 4 and 5, which give 11.10 (R3D and C3D) "
        "or 11.74 (R3D, C3D and R2Plus1D)",
        "Table 3's AR values cannot be recalls of about 484 expressions, a fifth of 2420",
        "That the context stream does not improve cannot follow from Table 6, where 3 of 9 AUC rise and 6 fall with it",
    }
    for j in judged:
        assert j.arithmetic, j
        assert j.cells, j
        assert j.severity == "pass" or j.cannot, j
        assert not re.search(r"\b(wrong|false|incorrect)\b", " ".join((j.message, j.can, j.cannot))), j
        json.dumps(j.to_dict())


def test_best_extractor(judged: list[Judgement], tables: dict[str, Table], changed, one):
    best = [max(TABLE_3, key=lambda name: TABLE_3[name][i]) for i in range(6)]
    assert best == ["VGG16-LSTM", *["VGG19-LSTM"] * 5]
    assert one(judged, "highest AUC of Table 3, 59.56").severity == "pass"
    most = one(judged, "best in 4 of 5 AR@AN")
    assert (most.rule, most.severity) == ("text-superlative", "pass")
    assert most.arithmetic.endswith("others: AR@1 19.62 (BMN, VGG16-LSTM)")
    other = changed(tables, "sdfe-lv/table3", "59.60", method="bmn+vgg16-lstm", metric="AUC")
    for metric in ("AR@5", "AR@10"):
        other = changed(other, "sdfe-lv/table3", "50.00", method="bmn+vgg16-lstm", metric=metric)
    assert [j.severity for j in claims_sdfe_lv.best_extractor(other)] == ["warning", "warning"]


def test_bottom_up(judged: list[Judgement], tables: dict[str, Table], changed, one):
    top = [max(TABLE_3[name][i] for name in ("R-C3D, C3D", "TURN, C3D")) for i in range(6)]
    bottom = [min(TABLE_3[name][i] for name in ("BSN, C3D", "C3D")) for i in range(6)]
    assert [b - t for b, t in zip(bottom, top, strict=True)] == [588, 1691, 1890, 2330, 2534, 2215]
    found = one(judged, "lower bottom-up method")
    assert (found.severity, found.arithmetic[:27]) == ("pass", "AR@1: 6.97 - 1.09 = 5.88; A")
    other = changed(tables, "sdfe-lv/table3", "60.00", method="turn+c3d", metric="AR@100")
    assert claims_sdfe_lv.bottom_up(other).severity == "warning"


def test_pretrained_databases(judged: list[Judgement], tables: dict[str, Table], changed, one):
    ck, afew, dfew = AUC["C3D"]
    assert (dfew - ck, dfew - afew) == (1241, 1146)
    assert [j.severity for j in claims_sdfe_lv.gains_by_dfew(tables)] == ["pass", "pass"]
    assert all(0 < b - a < c - b for a, b, c in (AUC[name] for name in ("C3D", "R3D", "R2Plus1D")))
    assert claims_sdfe_lv.same_conclusion(tables).severity == "pass"
    assert all(c > max(a, b) for a, b, c in AUC.values())
    assert min(c - max(a, b) for a, b, c in AUC.values()) == 615
    assert one(judged, "DFEW is above CK+ and AFEW for all 15").arithmetic.endswith("57.76 - 51.61 = 6.15")
    assert [name for name, (a, b, _) in AUC.items() if b <= a] == ["Resnet50-LSTM", "TSN50", "TSN101"]
    below = one(judged, "not above CK+ for 3 of 15")
    assert (below.rule, below.severity) == ("text-gain", "note")
    other = changed(tables, "sdfe-lv/table4", "49.00", method="bmn+c3d", source="dfew")
    assert [j.severity for j in claims_sdfe_lv.gains_by_dfew(other)] == ["warning", "warning"]
    worse = changed(tables, "sdfe-lv/table4", "33.00", method="bmn+r2plus1d-18", source="afew")
    assert claims_sdfe_lv.same_conclusion(worse).severity == "warning"
    assert one(claims_sdfe_lv.various_models(worse), "not above CK+ for 4 of 15")


def test_lstm_over_3d(judged: list[Judgement], tables: dict[str, Table], changed, one):
    gaps = [
        AUC[flat][i] - AUC[solid][i]
        for solid, kind in (("R3D", "Resnet"), ("C3D", "VGG"))
        for flat in AUC
        if flat.startswith(kind)
        for i in range(3)
    ]
    assert (len(gaps), min(gaps)) == (18, 720)
    assert round(sum(gaps) / 18) == 1233
    found = one(judged, "In all 18 pairs")
    assert (found.severity, found.arithmetic) == (
        "pass",
        "the smallest gap: Resnet101-LSTM, CK+: 41.54 - 34.34 = 7.20; mean 12.33",
    )
    other = changed(tables, "sdfe-lv/table5", "34.00", method="bmn+r101-lstm", source="ck+")
    assert claims_sdfe_lv_models.lstm_over_3d(other).severity == "warning"


def test_tsn_over_3d(judged: list[Judgement], tables: dict[str, Table], changed, one):
    def gap(flat: tuple[str, ...], solid: tuple[str, ...], databases: tuple[int, ...]) -> Fraction:
        ours = Fraction(sum(AUC[name][i] for name in flat for i in databases), len(flat) * len(databases))
        return ours - Fraction(sum(AUC[name][i] for name in solid for i in databases), len(solid) * len(databases))

    all_tsn, two, three = ("TSN18", "TSN50", "TSN101"), ("R3D", "C3D"), ("R3D", "C3D", "R2Plus1D")
    assert [round(gap(all_tsn, group, (0, 1, 2))) for group in (two, three)] == [1110, 1174]
    readings = {
        (flat, solid, databases): gap(flat, solid, databases)
        for flat in (all_tsn, *((name,) for name in all_tsn))
        for solid in (two, three, *((name,) for name in three))
        for databases in ((0, 1, 2), (0,), (1,), (2,))
    }
    # 12.5 is printed for 12.45 to 12.55, and each mean is known to a hundredth
    fitting = [key for key, number in readings.items() if abs(number - 1250) <= 6]
    assert fitting == [(all_tsn, ("R3D",), (1,)), (("TSN18",), two, (0,)), (("TSN50",), ("C3D",), (0,))]
    found = one(judged, "TSN's 12.5")
    assert (found.rule, found.severity, len(readings)) == ("text-gain", "warning", 80)
    assert "Of 80 readings tried only 3 give it" in found.cannot
    for number in readings.values():
        assert number > 0
    for group in (two, three, ("R3D",), ("C3D",), ("R2Plus1D",)):
        for databases in ((0, 1, 2), (0,), (1,), (2,)):
            assert f"{float(gap(all_tsn, group, databases)) / 100:.2f}" in found.arithmetic
    least = min(min(AUC[t][i] for t in all_tsn) - max(AUC[s][i] for s in three) for i in range(3))
    assert found.can == f"TSN is above every 3D network for every database, by {least / 100:.2f} or more."
    right = changed(tables, "sdfe-lv/text", "11.1", row="TSN better than 3D, on average")
    assert claims_sdfe_lv_models.tsn_over_3d(right).severity == "pass"


def test_context_stream(judged: list[Judgement], tables: dict[str, Table], changed, one):
    single = ("C3D", "Resnet50-LSTM", "VGG19-LSTM")
    steps = [AUC[f"Two {name}"][i] - AUC[name][i] for name in single for i in range(3)]
    assert steps == [-100, -26, 125, -209, 53, 12, -502, -144, -180]
    assert (sum(s > 0 for s in steps), sum(s < 0 for s in steps)) == (3, 6)
    found = one(judged, "3 of 9 AUC rise and 6 fall")
    assert (found.rule, found.severity) == ("text-gain", "warning")
    assert "2 of 3 averages fall: Two C3D: 41.48 - 41.48 = 0.00" in found.can
    recalls = [TABLE_3[f"Two {name}"][i] - TABLE_3[name][i] for name in single for i in range(5)]
    assert sorted(r for r in recalls if r > 0) == [31, 47, 118, 134, 145]
    assert one(judged, "5 of 15 AR@AN of Table 3 rise").severity == "note"
    other = tables
    for method, source in (("two-c3d", "dfew"), ("two-r50-lstm", "afew"), ("two-r50-lstm", "dfew")):
        other = changed(other, "sdfe-lv/table6", "30.00", method=f"bmn+{method}", source=source)
    assert claims_sdfe_lv_models.context_stream(other)[0].severity == "pass"


# Data


def test_the_test_part_has_no_fifth_of_the_expressions(judged: list[Judgement], one):
    found = one(judged, "about 484 expressions")
    assert (found.rule, found.severity) == ("denominator", "warning")
    values = [round(100 * float(c.printed)) for c in found.cells if c.metric.startswith("AR@")]
    assert len(values) == 80
    for n in (323, 484, 645, 799):  # hits over 10 n to the nearest hundredth of a point, in integers
        fits = [
            any(abs(2 * 1000 * k - 2 * v * n) <= n for k in range(v * n // 1000, v * n // 1000 + 2)) for v in values
        ]
        assert not all(fits)


def test_sizes_and_people(judged: list[Judgement], tables: dict[str, Table], changed):
    assert len([j for j in judged if j.message.endswith("the same number in all places")]) == 12
    assert all(j.severity == "pass" for j in claims_sdfe_lv_data.sizes(tables) + claims_sdfe_lv_data.people(tables))
    other = changed(tables, "sdfe-lv/text", "1,119", row="long videos qualified")
    assert [j.severity for j in claims_sdfe_lv_data.sizes(other)] == ["warning"] + ["pass"] * 5
    other = changed(tables, "sdfe-lv/text", "6", row="annotators a video")
    assert [j.severity for j in claims_sdfe_lv_data.people(other)].count("warning") == 1


def test_shares_and_durations(judged: list[Judgement], tables: dict[str, Table], changed, one):
    assert (57 + 43, 49 + 40 + 11) == (100, 100)
    assert [j.severity for j in claims_sdfe_lv_data.shares(tables)] == ["pass", "pass"]
    other = changed(tables, "sdfe-lv/text", "12%", row="Africans")
    assert [j.severity for j in claims_sdfe_lv_data.shares(other)] == ["pass", "warning"]
    assert [2 * part > whole for part, whole in ((1317, 2420), (44, 82), (43, 64))] == [True] * 3
    assert one(judged, "expressions Angry").arithmetic == "44 / 82 = 53.7 %"  # 53.66
    other = changed(tables, "sdfe-lv/table2", "40", row="Angry", column="(4,∞)")
    assert [j.severity for j in claims_sdfe_lv_data.durations(other)] == ["pass", "warning", "pass"]


def test_a_video(judged: list[Judgement], tables: dict[str, Table], changed, one):
    assert 1190 + 16 <= 2420 <= 1190 * 16 + 1
    assert one(judged, "go with one to 16 a video").arithmetic == "1,206 <= 2,420 <= 19,041; 2.03 a video"
    assert one(judged, "1,563 videos collected").arithmetic == "1,563 - 1,191 = 372 left out, 23.8 %"
    other = changed(tables, "sdfe-lv/text", "2", row="expressions a video, at most")
    assert 1190 * 2 + 1 < 2420
    assert [j.severity for j in claims_sdfe_lv_data.a_video(other)] == ["error", "pass"]


def test_small_parts(judged: list[Judgement], tables: dict[str, Table], one):
    assert one(judged, "Fear cannot be in all three parts of 6:2:2").severity == "note"
    short = one(judged, "shorter than 0.5 seconds")
    assert (short.severity, short.arithmetic) == ("note", "0.2 x 44 = 8.8")
    assert "11 points" in short.cannot  # 100 / 8.8
    assert claims_sdfe_lv_data.subjects(tables).severity == "note"


def test_other_databases(judged: list[Judgement], tables: dict[str, Table], changed, one):
    assert one(judged, "macro-expressions").arithmetic == "4 of 6 databases; row by row 4 of 8"
    assert all(j.severity == "pass" for j in claims_sdfe_lv_data.other_databases(tables))
    other = changed(tables, "sdfe-lv/table1", "Micro", row="CAS(ME)2", column="DFE Type")
    assert [j.severity for j in claims_sdfe_lv_data.other_databases(other)] == ["pass", "warning", "pass"]


def test_cross_papers(judged: list[Judgement], tables: dict[str, Table], changed, one):
    assert 773 + 383 == 1156 == 1809 - 653
    assert tables["dfew/table7"].counts["afew-val"]["n"] == claims_sdfe_lv_data.AFEW["validation"] == 383
    assert sum((2445, 1894, 2669, 2173, 1469, 145, 902)) == 11697
    assert [j.severity for j in claims_sdfe_lv_data.cross_papers(tables)] == ["pass", "pass", "pass", "note"]
    assert one(judged, "similar sample magnitudes").arithmetic == "1,156 / 327 = 3.5; 11,697 / 1,156 = 10.1"
    other = changed(tables, "sdfe-lv/text", "12,059", row="DFEW: videos")
    other = changed(other, "sdfe-lv/text", "1,809", row="AFEW: videos")
    other = changed(other, "sdfe-lv/text", "593", row="CK+: sequences")
    assert [j.severity for j in claims_sdfe_lv_data.cross_papers(other)][:3] == ["warning"] * 3
