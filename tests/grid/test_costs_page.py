"""The costs in docs/rebuilding.md are what tools/cost_rebuilding.py prints."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_the_page_has_the_tools_table():
    rows = runpy.run_path(str(ROOT / "tools" / "cost_rebuilding.py"))["rows"]()
    assert "\n".join(rows) in (ROOT / "docs" / "rebuilding.md").read_text(encoding="utf-8")
