"""Figures: every one is drawn, from nothing, from some and from all jobs, and is the same twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from fervbench.errors import UsageError
from fervbench.grid.assembling import assemble
from fervbench.grid.drawing import draw
from fervbench.grid.planning import Choice, make_plan
from fervbench.grid.views import view, views

from .made import write_job

pytest.importorskip("matplotlib", reason="matplotlib is not installed: pip install 'fervbench[site]'")
FIGURES = [id for id, each in views().items() if each.table is None]


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made-up jobs of FERV39k: those of figures 5(a), 13 and 6, middle, in part."""
    out = tmp_path_factory.mktemp("jobs")
    for id in ("ferv39k/figure5a", "ferv39k/figure13"):
        for k, task in enumerate(make_plan(view(id, figure=True), Choice()).tasks):
            write_job(out, task, 0.3 + 0.02 * k)
    for task in make_plan(view("ferv39k/figure6b", figure=True), Choice(only=("R50-LSTM",))).tasks[:5]:
        write_job(out, task, 0.4)
    return out


@pytest.mark.parametrize("id", FIGURES)
def test_every_figure_is_drawn_with_nothing_there(tmp_path: Path, id: str):
    found = assemble(make_plan(view(id, figure=True), Choice()), tmp_path)
    draw(found, tmp_path / "figure.svg")
    text = (tmp_path / "figure.svg").read_text(encoding="utf-8")
    assert text.startswith("<?xml")
    assert "SYNTHETIC" not in text


@pytest.mark.parametrize("id", ["ferv39k/figure5a", "ferv39k/figure13", "ferv39k/figure6b"])
def test_figures_with_jobs(tmp_path: Path, jobs: Path, id: str):
    found = assemble(make_plan(view(id, figure=True), Choice()), jobs)
    assert found.number_there > 0
    for name in ("a.svg", "b.svg"):
        draw(found, tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    empty = assemble(make_plan(view(id, figure=True), Choice()), tmp_path)
    draw(empty, tmp_path / "empty.svg")
    assert (tmp_path / "a.svg").read_bytes() != (tmp_path / "empty.svg").read_bytes()


def test_a_file_is_not_replaced_unasked_and_a_table_is_no_figure(tmp_path: Path, jobs: Path):
    found = assemble(make_plan(view("ferv39k/figure5a", figure=True), Choice()), jobs)
    draw(found, tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(UsageError, match="exists already"):
        draw(found, tmp_path / "a.png")
    draw(found, tmp_path / "a.png", overwrite=True)
    with pytest.raises(UsageError, match="is a table"):
        draw(assemble(make_plan(view("ferv39k/table3"), Choice()), jobs), tmp_path / "b.png")
