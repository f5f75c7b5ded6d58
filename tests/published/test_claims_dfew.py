"""What DFEW's text says, judged: every number here is typed from the paper, every sum is done in another way."""

from __future__ import annotations

import json
import re
from collections import Counter
from fractions import Fraction
from pathlib import Path

import pytest

from fervbench.published import claims_dfew, claims_dfew_data, claims_dfew_transfer
from fervbench.published.judgement import Judgement
from fervbench.published.tables import Table, published

CLASSES = ("Happy", "Sad", "Neutral", "Angry", "Surprise", "Disgust", "Fear")
TABLE_2 = (2488, 2008, 2709, 2229, 1498, 146, 981)
POOLED = (2445, 1894, 2669, 2173, 1469, 145, 902)
# Happy Sad Neutral Angry Surprise Disgust Fear UAR WAR, in hundredths
TABLE_4 = {
    "C3D": (7517, 3949, 5511, 6249, 4500, 138, 2051, 4274, 5354),
    "P3D": (7485, 4340, 5418, 6042, 5099, 69, 2328, 4397, 5447),
    "R3D18": (7967, 3907, 5766, 5039, 4826, 345, 2106, 4279, 5322),
    "3D Resnet18": (7313, 4826, 5051, 6475, 5010, 0, 2639, 4473, 5498),
    "I3D-RGB": (7861, 4419, 5669, 5587, 4588, 207, 2051, 4340, 5427),
    "VGG11+LSTM": (7689, 3765, 5804, 6070, 4370, 0, 1973, 4239, 5370),
    "Resnet18+LSTM": (7800, 4065, 5377, 5683, 4500, 414, 2162, 4286, 5308),
}
TABLE_6 = {
    "C3D": TABLE_4["C3D"],
    "C3D, center loss": (7562, 4467, 5418, 6314, 4221, 207, 2217, 4344, 5417),
    "C3D,EC-STFL": (7587, 4926, 5481, 6153, 4595, 345, 2483, 4510, 5550),
    "3D Renset18": TABLE_4["3D Resnet18"],
    "3D Resnet18, center loss": (7849, 4430, 5489, 5840, 5235, 69, 2528, 4491, 5548),
    "3D Resnet18,EC-STFL": (7918, 4905, 5785, 6098, 4615, 276, 2151, 4535, 5651),
}
# UAR and WAR without and with EC-STFL
TABLE_5 = {
    "C3D": (4274, 5354, 4510, 5550),
    "P3D": (4397, 5447, 4522, 5648),
    "R3D18": (4279, 5322, 4505, 5619),
    "3D Resnet18": (4473, 5498, 4535, 5651),
    "I3D-RGB": (4340, 5427, 4505, 5619),
    "VGG11+LSTM": (4239, 5370, 4478, 5625),
    "Resnet18+LSTM": (4286, 5308, 4360, 5472),
}


@pytest.fixture(scope="module")
def judged(tables: dict[str, Table]) -> list[Judgement]:
    return claims_dfew.audit(tables)


def test_every_quote_stands_in_the_paper_with_its_number(papers: Path, stands_in):
    text = (papers / "dfew.txt").read_text(encoding="utf-8")
    table = published("dfew/text")
    assert len(table.cells) == 92
    assert len(table.rows) == 92
    for cell in table.cells:
        assert stands_in(cell, text), cell
        assert len(cell.quote) <= 300, cell
        assert cell.versions == ("arxiv",)


def test_values_of_the_text_typed_again():
    words = {"three": 3, "five": 5, "seven": 7, "ten": 10, "twelve": 12, "two": 2}
    for cell in published("dfew/text").cells:
        plain = cell.printed.replace(",", "").rstrip("%")
        if re.fullmatch(r"\d+(\.\d+)?", plain):
            assert cell.value == float(plain), cell
        elif cell.printed in words:
            assert cell.value == words[cell.printed], cell
        else:
            assert cell.value == (0.0001 if cell.row == "trade-off of center loss" else None), cell


def test_all_judgements(judged: list[Judgement]):
    assert Counter(j.severity for j in judged) == {"pass": 33, "note": 9, "warning": 2, "error": 1}
    assert {j.message for j in judged if j.severity in ("warning", "error")} == {
        "The text's highest WAR, P3D, cannot follow from Table 4, where 3D Resnet18 has 54.98",
        "Solved as printed, equations 6 to 8 bring different emotions together, "
        "the opposite of the sentence after them",
        "kappa 0.70 for all clips and 0.63 for the single-labelled part cannot both hold under l_k > 6: "
        "the part's is at least 0.641",
    }
    for j in judged:
        assert j.arithmetic, j
        assert j.cells, j
        assert j.severity == "pass" or j.cannot, j
        assert not re.search(r"\b(wrong|false|incorrect)\b", " ".join((j.message, j.can, j.cannot))), j
        json.dumps(j.to_dict())


def test_best_of_table_4(judged: list[Judgement], one):
    war, uar = ({name: row[i] for name, row in TABLE_4.items()} for i in (8, 7))
    assert sorted(war, key=war.get)[-2:] == ["P3D", "3D Resnet18"]
    assert max(uar, key=uar.get) == "3D Resnet18"
    best = one(judged, "highest WAR, P3D")
    assert (best.rule, best.severity) == ("text-superlative", "warning")
    assert best.arithmetic == "WAR: 54.98 (3D Resnet18) > 54.47 (P3D) > 54.27 (I3D-RGB)"
    assert best.can == "P3D is number 2 of 7 by WAR in Table 4."
    both = [j for j in judged if "highest" in j.message and "of Table 4" in j.message and "3D Resnet18" in j.message]
    assert [j.severity for j in both] == ["pass"] * 3
    assert [j.arithmetic.split()[0] for j in both] == ["UAR:", "UAR:", "WAR:"]


def test_best_of_table_4_flips(tables: dict[str, Table], changed):
    more = changed(tables, "dfew/table4", "54.40", method="3d-resnet18", metric="WAR")
    assert [j.severity for j in claims_dfew.best_of_table_4(more)] == ["pass", "pass"]
    less = changed(tables, "dfew/table4", "43.00", method="3d-resnet18", metric="UAR")
    assert [j.severity for j in claims_dfew.best_of_table_4(less)] == ["warning", "warning"]
    assert "prints 43.00 where the text says 44.73%" in claims_dfew.best_of_table_4(less)[1].message
    rnn = changed(tables, "dfew/table4", "45.00", method="vgg11-lstm", metric="UAR")
    assert [j.severity for j in claims_dfew.best_by_3d(rnn)] == ["warning", "pass"]


def test_classes_by_group(judged: list[Judgement], tables: dict[str, Table], changed, one):
    ours, theirs = list(TABLE_4.values())[:5], list(TABLE_4.values())[5:]
    by_best = {n: max(r[i] for r in ours) > max(r[i] for r in theirs) for i, n in enumerate(CLASSES)}
    by_mean = {
        n: Fraction(sum(r[i] for r in ours), 5) > Fraction(sum(r[i] for r in theirs), 2) for i, n in enumerate(CLASSES)
    }
    named = {"Happy", "Sad", "Angry", "Surprise", "Fear"}
    assert {name for name, ours_better in by_best.items() if ours_better} == named
    assert {name for name, ours_better in by_mean.items() if ours_better} == named - {"Happy"}
    assert one(judged, "By the best model of each group").severity == "pass"
    by_group = one(judged, "By the mean of each group")
    assert (by_group.severity, by_group.message.split()[-1]) == ("note", "Happy")
    assert "Angry 58.78, 58.77" in by_group.arithmetic  # 293.92 / 5 and 117.53 / 2
    assert "Happy 76.29, 77.45" in by_group.arithmetic
    apart = one(judged, "differ by one clip of 145")
    assert (apart.rule, apart.severity) == ("text-margin", "note")
    assert (round(10000 * 5 / 145), round(10000 * 6 / 145)) == (345, 414)
    assert apart.arithmetic == "R3D18 5/145 = 3.45, Resnet18+LSTM 6/145 = 4.14"
    other = changed(tables, "dfew/table4", "99.00", method="r18-lstm", class_="Sad")
    assert [j.severity for j in claims_dfew.classes_by_group(other)] == ["warning", "note"]


def test_easiest_and_hardest(judged: list[Judgement], tables: dict[str, Table], changed, one):
    assert all(max(row[:7]) == row[0] and min(row[:7]) == row[5] for row in TABLE_4.values())
    assert one(judged, "Happy has the highest").severity == "pass"
    other = changed(tables, "dfew/table4", "80.00", method="c3d", class_="Angry")
    assert claims_dfew.easiest_and_hardest(other).severity == "warning"


def test_ec_stfl(judged: list[Judgement], tables: dict[str, Table], changed, one):
    uar = [row[2] - row[0] for row in TABLE_5.values()]
    war = [row[3] - row[1] for row in TABLE_5.values()]
    assert min(uar + war) == 62
    assert sum(uar) == 1127 == 7 * 161
    assert Fraction(sum(war), 7) == Fraction(1458, 7)  # 2.0829
    assert "(2.36 + 1.25 + 2.26 + 0.62 + 1.65 + 2.39 + 0.74) / 7 = 1.6100" in one(judged, "UAR gain of 1.61").arithmetic
    assert one(judged, "WAR gain of 2.08").arithmetic.endswith("/ 7 = 2.0829")
    assert one(judged, "All 14 pairs").arithmetic.endswith("45.35 - 44.73 = 0.62")
    assert max(row[2] for row in TABLE_5.values()) == 4535
    assert max(row[3] for row in TABLE_5.values()) == 5651
    assert [j.severity for j in claims_dfew.ec_stfl(tables)] == ["pass"] * 5
    other = changed(tables, "dfew/table5", "54.00", method="p3d+ec-stfl", metric="WAR")
    assert [j.severity for j in claims_dfew.ec_stfl(other)] == ["warning", "pass", "warning", "pass", "pass"]
    best = changed(tables, "dfew/table5", "56.60", method="p3d+ec-stfl", metric="WAR")
    assert claims_dfew.ec_stfl(best)[-1].severity == "warning"


def test_recall_gains(judged: list[Judgement], tables: dict[str, Table], changed, one):
    def gains(name: str, other: str) -> dict[str, int]:
        return {c: b - a for c, a, b in zip(CLASSES, TABLE_6[name], TABLE_6[other], strict=False)}

    c3d, resnet = gains("C3D", "C3D,EC-STFL"), gains("3D Renset18", "3D Resnet18,EC-STFL")
    assert {c: g for c, g in c3d.items() if g > 0} == {
        "Happy": 70,
        "Sad": 977,
        "Surprise": 95,
        "Disgust": 207,
        "Fear": 432,
    }
    assert {c: g for c, g in resnet.items() if g > 0} == {"Happy": 605, "Sad": 79, "Neutral": 734, "Disgust": 276}
    falls = [g for g in (*c3d.values(), *resnet.values()) if g < 0]
    assert sorted(falls) == [-488, -395, -377, -96, -30]
    assert [j.severity for j in claims_dfew.recall_gains(tables)] == ["pass", "pass", "note"]
    assert one(judged, "5 recalls of Table 6 fall").arithmetic.count("= -") == 5
    assert claims_dfew.shared_gains(tables).severity == "pass"
    other = changed(tables, "dfew/table6", "79.00", method="c3d+ec-stfl", class_="Happy")
    assert [j.severity for j in claims_dfew.recall_gains(other)] == ["warning", "pass", "note"]
    gone = changed(tables, "dfew/table6", "70.00", method="3d-resnet18+ec-stfl", class_="Happy")
    assert claims_dfew.shared_gains(gone).severity == "warning"


def test_center_loss(tables: dict[str, Table], changed):
    rows = list(TABLE_6.values())
    assert all(a[i] < b[i] < c[i] for a, b, c in (rows[:3], rows[3:]) for i in (7, 8))
    assert claims_dfew.center_loss(tables).severity == "pass"
    other = changed(tables, "dfew/table6", "57.00", method="3d-resnet18+center-loss", metric="WAR")
    assert claims_dfew.center_loss(other).severity == "warning"


def test_transfer(judged: list[Judgement], tables: dict[str, Table], changed, one):
    # best action database, the two folds of DFEW
    columns = {"C3D": (4178, 4491, 4987), "C3D+": (4491, 4556, 4987), "R": (4935, 5300, 4961), "R+": (4961, 5326, 4966)}
    assert all(min(folds) > action for action, *folds in columns.values())
    assert all(max(folds) - min(folds) > min(folds) - action for action, *folds in columns.values())
    assert one(judged, "In all 4 columns of Table 7 the lower").severity == "pass"
    fold = one(judged, "In 4 of 4 columns of Table 7")
    assert (fold.rule, fold.severity) == ("text-margin", "note")
    assert "gain 44.91 - 41.78 = 3.13 or 12.0 of 383 clips" in fold.arithmetic
    assert "gain 49.66 - 49.61 = 0.05 or 0.2 of 383 clips" in fold.arithmetic
    assert [round((own - 5144) / 100) for own in (5300, 5326)] == [2, 2]
    assert one(judged, "about 2 points above").severity == "pass"
    assert max(4961, 4966) < 5144
    other = one(judged, "with the other one of Table 7")
    assert other.arithmetic == (
        "3D Resnet18 (DFEW, fd5): 49.61 - 51.44 = -1.83 points; "
        "3D Resnet18, EC-STFL (DFEW, fd5): 49.66 - 51.44 = -1.78 points"
    )
    assert one(judged, "62.78% on AFEW's test set").severity == "note"
    claims = dict(zip(("better", "fold", "two", "sets"), claims_dfew_transfer.CLAIMS, strict=True))
    below = changed(tables, "dfew/table7", "49.00", source="dfew-fd5", method="3d-resnet18")
    assert claims["better"](below).severity == "warning"
    above = changed(tables, "dfew/table8", "54.50", method="3d-resnet18")
    assert claims["two"](above)[0].severity == "warning"
    best = changed(tables, "dfew/table7", "52.00", source="dfew-fd5", method="3d-resnet18")
    best = changed(best, "dfew/table7", "52.00", source="dfew-fd5", method="3d-resnet18+ec-stfl")
    assert claims["two"](best)[1].severity == "pass"


def printable(n: int) -> set[int]:
    """Every share of n clips in hundredths of a per cent, halves up."""
    return {(20000 * k + n) // (2 * n) for k in range(n + 1)}


def test_denominators(judged: list[Judgement], tables: dict[str, Table], changed, one):
    recalls = [(i, row[i]) for table in (TABLE_4, TABLE_6) for row in table.values() for i in range(7)]
    assert len(recalls) == 91
    assert [pair for pair in recalls if pair[1] not in printable(POOLED[pair[0]])] == []
    assert len([pair for pair in recalls if pair[1] not in printable(TABLE_2[pair[0]])]) == 69
    assert one(judged, "All 91 recalls").severity == "pass"
    other = one(judged, "69 of 91 recalls")
    assert (other.rule, other.severity, len(other.cells)) == ("denominator", "note", 69)
    chance = sum(len(printable(TABLE_2[i])) / 10001 for i, _ in recalls)
    assert f"where chance alone fits {chance:.0f};" in other.arithmetic
    odd = changed(tables, "dfew/table4", "1.40", method="c3d", class_="Disgust")
    assert [j.severity for j in claims_dfew_data.denominators(odd)] == ["warning", "note"]
