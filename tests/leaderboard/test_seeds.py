"""The entries that came with the board: made by the tool from the published tables, and each with its source."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from fervbench.leaderboard.cache import Cache
from fervbench.leaderboard.checking import Options, check_board
from fervbench.leaderboard.entries import REPORTED, Entry, read_entries
from fervbench.leaderboard.sources import Folder
from fervbench.published.tables import published

ROOT = Path(__file__).resolve().parents[2]
BOARD = ROOT / "submissions"


@pytest.fixture(scope="module")
def entries() -> dict[str, Entry]:
    found, told = read_entries(BOARD)
    assert not told.errors
    return {entry.id: entry for entry in found}


def test_the_tool_gives_what_stands_there():
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "seed_leaderboard.py"), "--check"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_nothing_is_wrong_with_them():
    found = check_board(Folder(BOARD), Cache(None), Options())
    assert [f for f in found.findings if f.severity != "note"] == []


@pytest.mark.parametrize(
    ("table", "column", "evaluation", "rows"),
    [
        ("ferv39k/table2", "All", "overall", 17),
        ("dfew/table4", "UAR", "five-fold", 7),
        ("sdfe-lv/table3", "AUC", "spotting", 16),
    ],
)
def test_every_row_of_a_papers_table_is_an_entry_with_its_numbers(
    entries: dict[str, Entry], table: str, column: str, evaluation: str, rows: int
):
    shown = published(table)
    seen = 0
    for entry in entries.values():
        if not any(place.get("table") == table for place in entry.about["reported_in"]):
            continue
        for cell in shown.cells:
            if (
                cell.method == entry.about["method"]["id"]
                and cell.column == column
                and cell.metric in ("WAR", "UAR", "AUC")
            ):
                claims = entry.about["claimed"][evaluation]
                assert f"{100 * claims[cell.metric]:.2f}" == f"{float(cell.exact):.2f}", entry.id
                seen += 1
    methods = {cell.method for cell in shown.cells if cell.column == column and cell.method}
    assert seen >= len(methods) >= min(rows, len(methods))


def test_each_names_where_its_numbers_are_printed(entries: dict[str, Entry]):
    assert len(entries) >= 120
    for entry in entries.values():
        assert entry.trust == REPORTED
        assert entry.about["reported_in"], entry.id
        assert all(place["url"].startswith("https://") for place in entry.about["reported_in"])


def test_what_is_known_to_be_odd_is_a_caveat(entries: dict[str, Entry]):
    kinds = {id: {caveat["kind"] for caveat in entry.caveats} for id, entry in entries.items()}
    assert "test-selection" in kinds["dfew/former-dfer"]
    assert {"extra-data", "views"} <= kinds["ferv39k/mae-dfer"]
    assert "contradiction" in kinds["dfew/m3dfel"]
    assert "contradiction" in kinds["dfew/ous"]
    assert "modality" in kinds["dfew/hicmae"]
    assert "coverage" in kinds["ferv39k/gpt-4v-2-frames"]
    assert "rerun" in kinds["ferv39k/p3d-rerun"]


def test_reruns_are_rows_of_their_own_linked_to_the_original(entries: dict[str, Entry]):
    linked = {(link["relation"], link["entry"]): id for id, entry in entries.items() for link in entry.links}
    assert linked["rerun-of", "ferv39k/p3d"] == "ferv39k/p3d-rerun"
    assert linked["rerun-of", "dfew/3d-resnet18"] == "dfew/3d-resnet18-rerun-dynamic-sampling"
    assert linked["rerun-of", "ferv39k/mae-dfer"] == "ferv39k/mae-dfer-readme-rerun"
    assert entries["ferv39k/p3d"].scores("overall")["WAR"]["value"] == 0.3339
    assert entries["ferv39k/p3d-rerun"].scores("overall")["WAR"]["value"] == 0.4081


def test_numbers_are_those_of_the_list(entries: dict[str, Entry]):
    content = tomllib.loads((ROOT / "tools" / "reported_results.toml").read_text(encoding="utf-8"))
    for row in content["row"]:
        for protocol, evaluation in (("dfew", "five-fold"), ("ferv39k", "overall")):
            if protocol in row:
                scores = entries[f"{protocol}/{row['slug']}"].scores(evaluation)
                for metric, printed in zip(("UAR", "WAR"), row[protocol], strict=True):
                    if printed == "-":
                        assert metric not in scores
                    else:
                        assert 100 * (scores[metric]["value"] or 0) == pytest.approx(printed)


def test_they_are_plain_json_without_results():
    for path in BOARD.glob("*/*/*"):
        assert path.name == "submission.json"
        assert json.loads(path.read_text(encoding="utf-8"))["x-made-by"] == "tools/seed_leaderboard.py"
