"""Tables from job folders alone: numbers are the reports', what is missing is marked, verdicts on real data only."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

from fervbench import schema
from fervbench.grid import texts
from fervbench.grid.assembling import Assembled, Rebuilt, assemble
from fervbench.grid.document import to_dict
from fervbench.grid.planning import Choice, Plan, make_plan
from fervbench.grid.values import Counted, counted, summed
from fervbench.grid.views import view
from fervbench.strict_json import dumps

from .made import write_job

MANY = (0, 1, 2, 3, 4)


def plan_of(id: str, *, figure: bool = False, **choice: Any) -> Plan:
    return make_plan(view(id, figure=figure), Choice(**choice))


def entry(found: Assembled, **wanted: Any) -> Rebuilt:
    [one] = [e for e in found.rebuilt if all(getattr(e.entry, key) == value for key, value in wanted.items())]
    return one


@pytest.fixture(scope="module")
def five(tmp_path_factory: pytest.TempPathFactory) -> tuple[Plan, Path]:
    """R18 of Table 2 with five seeds near the printed 39.33."""
    out = tmp_path_factory.mktemp("five")
    plan = plan_of("ferv39k/table2", only=("R18",), seeds=MANY)
    for task, war in zip(plan.tasks, (0.39, 0.40, 0.385, 0.395, 0.3925), strict=True):
        write_job(out, task, war)
    return plan, out


def test_nothing_is_there_yet(tmp_path: Path):
    found = assemble(plan_of("ferv39k/table3"), tmp_path / "nowhere")
    assert (found.done, found.tasks, found.number_there) == (0, 4, 0)
    assert all(each.absent and each.verdict is not None and each.verdict.said == "no verdict" for each in found.rebuilt)
    [(_, grid)] = texts.grids(found)
    assert dict(grid.notes) == {"-": "not trained yet"}


def test_five_seeds_get_a_verdict(five: tuple[Plan, Path]):
    found = assemble(*five)
    assert (found.done, found.synthetic, list(found.verified)) == (5, False, ["ferv39k"])
    assert found.verified["ferv39k"].startswith("fingerprint ")
    one = entry(found, column="All", metric="WAR")
    assert one.seeds == MANY
    assert np.allclose(sorted(one.scores), [0.385, 0.39, 0.3925, 0.395, 0.40], atol=1e-4)
    assert one.ours == pytest.approx(np.mean(one.scores))
    assert one.sd == pytest.approx(np.std(one.scores, ddof=1))
    assert one.difference == pytest.approx(one.ours - 0.3933)
    assert one.interval is not None
    assert one.interval.kind == "seeds"
    assert one.verdict is not None
    assert one.verdict.said == "reproduced"
    assert one.verdict.half == pytest.approx(3.0414 * one.sd, rel=1e-4)
    assert one.verdict.p_holm is None or one.verdict.p_holm >= (one.verdict.p or 0)


def test_numbers_are_those_of_the_reports(five: tuple[Plan, Path]):
    plan, out = five
    found = assemble(plan, out)
    folders = {key: out / name for key, name in found.jobs.items()}
    for seed, key in enumerate(task.key for task in plan.tasks):
        report = json.loads((folders[key] / "report.json").read_text())
        for each in found.rebuilt:
            [cell] = [
                c for c in report["cells"] if c["target"] == each.entry.targets[0] and c["evaluation"] == "overall"
            ]
            assert each.scores[seed] == pytest.approx(cell["metrics"][each.entry.metric]["value"], abs=1e-12)
            assert each.sizes[0] == cell["n"] or each.entry.metric == "UAR"


def test_some_seeds_are_missing(five: tuple[Plan, Path], tmp_path: Path):
    plan, out = five
    shutil.copytree(out, tmp_path / "some")
    folders = sorted((tmp_path / "some").iterdir())
    (folders[0] / "done.json").unlink()  # begun
    shutil.rmtree(folders[1])  # not begun
    found = assemble(plan, tmp_path / "some")
    one = entry(found, column="All", metric="WAR")
    assert found.done == 3
    assert len(one.scores) == len(one.seeds) == 3
    assert len(one.absent) == 2
    assert one.verdict is not None
    assert (one.verdict.said, one.verdict.why) == ("consistent", "3 of 5 seeds")


def test_one_seed_has_the_interval_of_its_clips(five: tuple[Plan, Path]):
    _, out = five
    found = assemble(plan_of("ferv39k/table2", only=("R18",)), out)
    one = entry(found, column="All", metric="WAR")
    assert one.interval is not None
    assert (one.interval.kind, one.sizes) == ("clips", (7847,))
    stats = pytest.importorskip("scipy.stats", reason="SciPy is not installed: pip install 'fervbench[dev]'")
    theirs = stats.binomtest(round(one.scores[0] * 7847), 7847).proportion_ci(method="wilson")
    assert (one.interval.low, one.interval.high) == pytest.approx(tuple(theirs))
    uar = entry(found, column="All", metric="UAR")
    assert uar.interval is not None
    table = counted([out / found.jobs["ferv39k/r18/all/seed0"]], "all")
    assert table is not None
    drawn = np.random.default_rng(0).binomial(table.n, np.diag(table.confusion) / table.n, (20_000, 7)) / table.n
    low, high = np.quantile(drawn.mean(axis=1), (0.025, 0.975))  # clips drawn anew, class by class
    assert (uar.interval.low, uar.interval.high) == pytest.approx((low, high), abs=0.0005)


def test_a_scenario_is_a_view_of_the_same_jobs(five: tuple[Plan, Path]):
    """Tables 4, 6, 8 and 10 need no further training."""
    _, out = five
    for number in (4, 6, 8, 10):
        found = assemble(plan_of(f"ferv39k/table{number}", only=("r18",), seeds=MANY), out)
        assert found.done == found.tasks == 5
        assert found.number_there == len(found.rebuilt) > 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda c: c.update(synthetic=True, protocol=c["protocol"] | {"id": "ferv39k-synthetic"}), "synthetic"),
        (lambda c: c.update(ground_truth="0" * 64), "has another fingerprint"),
        (lambda c: c["protocol"].update(sha256="0" * 64), "another version of the protocol"),
    ],
)
def test_there_is_no_verdict_on_other_data(tmp_path: Path, change: Any, said: str):
    plan = plan_of("ferv39k/table2", only=("R18",), seeds=MANY)
    for task in plan.tasks:
        write_job(tmp_path, task, 0.39, change=change)
    found = assemble(plan, tmp_path)
    assert found.done == 5
    assert {each.verdict.said for each in found.rebuilt if each.verdict} == {"no verdict"}
    assert any(said in note for note in found.notes)
    assert entry(found, column="All", metric="WAR").difference is not None
    assert found.verified == {}


def test_real_jobs_are_not_mixed_with_synthetic_ones(tmp_path: Path):
    plan = plan_of("ferv39k/table2", only=("R18",), seeds=(0, 1))
    write_job(tmp_path, plan.tasks[0], 0.39)
    drawn = {"synthetic": True}
    write_job(tmp_path, plan.tasks[1], 0.99, change=lambda c: c.update(drawn))
    found = assemble(plan, tmp_path)
    assert (found.done, found.synthetic) == (1, False)
    assert entry(found, column="All", metric="WAR").scores == pytest.approx((0.39,), abs=1e-4)
    assert any("left out" in note for note in found.notes)


def test_other_settings_are_other_jobs_and_precision_is_none(tmp_path: Path):
    plan = plan_of("ferv39k/table2", only=("R18",))
    write_job(tmp_path, plan.tasks[0], 0.39)
    assert assemble(plan_of("ferv39k/table2", only=("R18",), epochs=59), tmp_path).done == 0
    assert assemble(plan_of("ferv39k/table2", only=("R18",), seeds=(1,)), tmp_path).done == 0
    assert assemble(plan_of("ferv39k/table2", only=("R18",), precision="bfloat16"), tmp_path).done == 1


def test_of_two_jobs_for_one_task_the_newest_is_taken_and_said(tmp_path: Path):
    import os

    plan = plan_of("ferv39k/table2", only=("R18",))
    old = write_job(tmp_path, plan.tasks[0], 0.39)
    new = write_job(tmp_path, plan.tasks[0], 0.41, change=lambda c: c.update(tool_version="9"))
    os.utime(old / "done.json", (1, 1))
    found = assemble(plan, tmp_path)
    assert found.jobs == {plan.tasks[0].key: new.name}
    assert any("2 jobs fit" in note for note in found.notes)


def test_damaged_folders_are_passed_over_and_damaged_reports_are_not(tmp_path: Path):
    from fervbench.errors import InputError

    plan = plan_of("ferv39k/table2", only=("R18",))
    folder = write_job(tmp_path, plan.tasks[0], 0.39)
    for name, text in (("a", "{"), ("b", "[]"), ("c", '{"format": "other"}')):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.json").write_text(text)
    assert assemble(plan, tmp_path).done == 1
    (folder / "report.json").write_text("{}")
    with pytest.raises(InputError, match="is not the report of a job"):
        assemble(plan, tmp_path)


@pytest.fixture(scope="module")
def scenarios(tmp_path_factory: pytest.TempPathFactory) -> tuple[Plan, Path]:
    out = tmp_path_factory.mktemp("scenarios")
    plan = plan_of("ferv39k/table3")
    for k, task in enumerate(plan.tasks):
        write_job(out, task, 0.25 + 0.02 * k)
    return plan, out


def test_worst_average_and_best_scene(scenarios: tuple[Plan, Path]):
    """Figure 5(a), against the confusion tables of the scenes."""
    _, out = scenarios
    plan = plan_of("ferv39k/figure5a", figure=True)
    found = assemble(plan, out)
    assert found.done == 4
    targets = entry(found, row="best", column="AI9k", metric="WAR").entry.targets
    folder = out / found.jobs["ferv39k/r50-lstm/AI9k/seed0"]
    each = [table.value("WAR") for target in targets if (table := counted([folder], target)) is not None]
    assert len(each) == 4
    for row, wanted in (("worst", min(each)), ("average", np.mean(each)), ("best", max(each))):
        assert entry(found, row=row, column="AI9k", metric="WAR").scores == pytest.approx((wanted,))


def test_an_average_row_is_the_mean_of_its_rows_and_is_not_judged(tmp_path: Path):
    plan = plan_of("ferv39k/table2")
    for k, task in enumerate(plan.tasks):
        write_job(tmp_path, task, 0.3 + 0.01 * k)
    found = assemble(plan, tmp_path)
    rows = [e for e in found.rebuilt if e.entry.column == "All" and e.entry.metric == "WAR"]
    average = rows.pop()
    assert average.entry.row == "Average"
    assert average.ours == pytest.approx(np.mean([e.ours for e in rows]))
    assert average.verdict is not None
    assert (average.verdict.said, average.verdict.why) == ("no verdict", "a mean of rows that are judged")
    stats = pytest.importorskip("scipy.stats", reason="SciPy is not installed: pip install 'fervbench[dev]'")
    [ranking] = [r for r in found.rankings if (r.column, r.metric) == ("All", "WAR")]
    ours, theirs = [e.ours for e in rows], [e.entry.printed for e in rows]
    assert ranking.rows == 16
    assert ranking.kendall == pytest.approx(stats.kendalltau(ours, theirs).statistic)
    assert ranking.spearman == pytest.approx(stats.spearmanr(ours, theirs).statistic)
    twice = [
        e for e in found.rebuilt if (e.entry.row, e.entry.column, e.entry.metric) == ("Two C3D", "Experiment", "WAR")
    ]
    assert [e.entry.cells[0].printed for e in twice] == ["63.72", "63.73"]  # arXiv and CVPR
    assert all(e.verdict is not None and e.verdict.impossible for e in twice)


def test_every_form_holds_every_number(scenarios: tuple[Plan, Path]):
    found = assemble(*scenarios)
    document = json.loads(dumps(to_dict(found)))
    jsonschema.validate(document, schema.load("rebuilt"))
    forms = [texts.markdown(found), texts.latex(found)]
    for cell in document["cells"]:
        for text in forms:
            assert f"{100 * cell['ours']:.2f}" in text
            assert f"{100 * cell['difference']:+.2f}" in text
    assert "4 of 4 jobs are done" in forms[0]
    assert forms[1].count("\\begin{tabular}") == 1
    marks = {cell["verdict"]["said"] for cell in document["cells"]}
    assert marks <= {"consistent", "beyond noise"}
    assert all("one-experiment-two-values" in cell["verdict"]["impossible"] for cell in document["cells"])


def test_folds_are_summed():
    """Pooled recall is out of all folds' clips, in fractions."""
    a = Counted(("x", "y"), np.array([[2, 1], [0, 1]]), np.array([3, 1]))
    b = Counted(("x", "y"), np.array([[0, 1], [1, 3]]), np.array([2, 4]))  # one clip of x has no answer
    both = summed([a, b])
    assert both.value("WAR") == pytest.approx(6 / 10)
    assert both.value("UAR") == pytest.approx((2 / 5 + 4 / 5) / 2)
    assert both.value("recall", "y") == pytest.approx(4 / 5)
    empty = Counted(("x", "y"), np.zeros((2, 2), dtype=np.int64), np.array([0, 0]))
    assert (empty.value("WAR"), empty.value("UAR"), empty.value("recall", "x")) == (None, None, None)
