"""Every number of every table, read again from the papers' texts, in order, and compared with the cells.

The tool that made the data reads line by line, by labels; here a table is the sequence of its numbers in reading order.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fervbench.published.tables import Table, published, published_tables

ARXIV, CVPR, DFEW, SDFE = "ferv39k-arxiv-with-appendix", "ferv39k-cvpr-camera-ready", "dfew", "sdfe-lv"
NUMBER = re.compile(r"(?<![\w.,])\d[\d,]*(?:\.\d+)?(?![\w.]*\w)")
# table: (text, where it begins, where it ends); of both texts for what both versions print
PLACES = {
    "ferv39k/table2": [
        (ARXIV, "Liveshow Talkshow Interview Contest Experiment Terror Crisis\n\n", "Table 2. Results"),
        (CVPR, "Experiment\tTerror\tCrisis", "Table 2. Comparison"),
    ],
    "ferv39k/table3": [
        (ARXIV, "DL11k WIS9k SIA10k AI9k\n\n", "Table 3. Comparison"),
        (CVPR, "\tDL11k\tWIS9k\tSIA10k\tAI9k\n", "Table 3. Comparison"),
    ],
    **{
        f"ferv39k/table{k}": [(ARXIV, start, f"Table {k}. ")]
        for k, start in (
            (4, "Method All DL11k Conflict School DailyLife Argue Medicine Social\n"),
            (5, "Source DL11k Conflict School DailyLife Argue Medicine Social\n"),
            (6, "Method All WIS9k Action ScholarReport Speech Liveshow ElegantArt Talkshow\n"),
            (7, "Source WIS9k Action ScholarReport Speech Liveshow ElegantArt Talkshow\n"),
            (8, "Method All SIA10k Business Experiment OfficialEvent Crime Interview Contest\n"),
            (9, "Source SIA10k Business Experiment OfficialEvent Crime Interview Contest\n"),
            (10, "Method All AI9k History Terror War Crisis\n"),
            (11, "Source AI9k History Terror War Crisis\n"),
        )
    },
    "dfew/table2": [(DFEW, "0-2s 2-5s 5s+ Total\n", "However, not all clips")],
    "dfew/table4": [(DFEW, "Happy Sad Neutral Angey Surprise Disgust Fear UAR WAR\n", "Table 5:")],
    "dfew/table5": [(DFEW, "methods with and without EC-STFL on DFEW database.", "It is seen from")],
    "dfew/table6": [(DFEW, "Happy Sad Neutral Angry Surprise Disgust Fear UAR WAR\n", "Table 7:")],
    "dfew/table7": [(DFEW, "C3D C3D, EC-STFL 3D Resnet18 3D Resnet18, EC-STFL\n", "Table 8:")],
    "dfew/table8": [(DFEW, "Model WAR\n", "5 CONCLUSIONS")],
    "sdfe-lv/table2": [(SDFE, "[0,0.5] (0.5,4] (4,∞) Total\n", "of six basic")],
    "sdfe-lv/table3": [(SDFE, "AR@50(%) AR@100(%) AUC\n", "divided into top-down")],
    "sdfe-lv/table4": [(SDFE, "Networks CK+ AFEW DFEW\n", "Table 5:")],
    "sdfe-lv/table5": [(SDFE, "Networks CK+ AFEW DFEW Average\n", "task. Therefore")],
    "sdfe-lv/table6": [
        (SDFE, "Table 6: Context Information Evaluation\n\nNetworks CK+ AFEW DFEW Average\n", "optical flow field")
    ],
}
# Numbers that belong to names: `C3D [44]`, `Resnet18`, `R-C3D`, `DFEW fd2`, `AFEW7.0`, `(RS18-LSTM)`.
NAMES = re.compile(r"\[\d+(?:, \d+)*\]|Kinect\d+|Sports 1M|UCF101|fd\d|\b[A-Za-z0-9+]*[A-Za-z][\w+-]*\d[\w+-]*|\b\dD\b")


def numbers_of(text: str) -> list[str]:
    """Every number token of a piece of text, in reading order, names and references left out."""
    return NUMBER.findall(NAMES.sub(" ", text.replace("/", " ")))


def piece(papers: Path, name: str, start: str, end: str) -> str:
    text = (papers / f"{name}.txt").read_text(encoding="utf-8")
    begin = text.index(start) + len(start)
    return text[begin : text.index(end, begin)]


def printed(table: Table, version: str) -> list[str]:
    """What is printed in a table, in reading order; a dash is no number."""
    cells = [c for c in table.cells if version in c.versions and c.metric != "text"]
    return [c.printed for c in cells if c.printed != "-"]


@pytest.mark.parametrize("id", PLACES)
def test_every_number_of_a_table_is_carried(papers: Path, id: str) -> None:
    for name, start, end in PLACES[id]:
        version = "cvpr" if name == CVPR else "arxiv"
        found = numbers_of(piece(papers, name, start, end))
        assert found == printed(published(id), version)


def test_the_counts_of_other_databases_are_carried(papers: Path) -> None:
    """Tables of databases mix numbers with words: every printed cell stands in the table's text, row by row."""
    for id, name, start, end in (
        ("ferv39k/table1", CVPR, "CK+ (2010)", "Table 1. Comparison"),
        ("dfew/table1", DFEW, "Annotation Times Available?", "Similar to conventional"),
        ("sdfe-lv/table1", SDFE, "Sources DFE Type Year", "i.e., low intensity"),
    ):
        text = " ".join(piece(papers, name, start if id != "ferv39k/table1" else "Live Show\tOthers", end).split())
        place = 0
        for row in published(id).rows:
            place = text.index(row, place)
            for cell in [c for c in published(id).cells if c.row == row and c.metric != "text"]:
                place = text.index(cell.printed.partition(" ")[0], place)
        found = [c.printed for c in published(id).cells if c.value is not None and c.metric != "text"]
        assert all(re.match(r"\d", each) for each in found)


def test_the_interpretation_of_kappa_is_carried(papers: Path) -> None:
    text = piece(papers, DFEW, "Table 3: Interpretation", "3 EXPRESSION-CLUSTERED")
    pairs = re.findall(r"^(\S+) (\w[\w ]* agreement)$", text, flags=re.M)
    table = published("dfew/table3")
    assert [
        (cells[0].printed, cells[1].printed) for cells in ([*table.cells][i : i + 2] for i in range(0, 12, 2))
    ] == pairs


def test_how_many_numbers_are_carried() -> None:
    tables = {id: t for id, t in published_tables().items() if re.search(r"table\d+$", id)}
    assert len(tables) == 11 + 8 + 6
    numbers = sum(c.value is not None or c.range is not None for t in tables.values() for c in t.cells)
    assert numbers == 2302


def test_every_cell_says_what_was_measured_and_where_it_stands() -> None:
    for id, table in published_tables().items():
        assert table.paper["id"] == id.partition("/")[0]
        assert table.paper["table"]
        assert table.paper["url"].startswith("https://")
        for cell in table.cells:
            assert cell.versions, cell.name
            if cell.is_score and cell.statistic is None:
                assert cell.method, cell.name
                assert cell.source, cell.name
                assert cell.target, cell.name
