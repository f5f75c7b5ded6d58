"""Plans: every published number has its training, once; what has none says why."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from fervbench.errors import UsageError
from fervbench.grid import costing
from fervbench.grid.entries import Model
from fervbench.grid.planning import Choice, make_plan, unmapped
from fervbench.grid.views import view, views
from fervbench.published.tables import published, published_tables
from fervbench.recipes import load_recipe

TABLES = [f"ferv39k/table{n}" for n in range(2, 12)] + [f"dfew/table{n}" for n in range(4, 9)]
TABLES += [f"sdfe-lv/table{n}" for n in range(3, 7)]
FIGURES = [f"ferv39k/figure{n}" for n in ("5a", "5b", "5c", "6a", "6b", "6c", "13", "14", "15", "16")]
FIGURES += [f"dfew/figure{n}" for n in (3, 4, 5, 6)] + [f"sdfe-lv/figure{n}" for n in (4, 6)]
WEIGHTS = ("sports-1m", "ucf101", "kinetics-700", "kinetics-700+moments-in-time")


def test_every_table_and_figure_has_a_plan():
    found = views()
    assert {id for id, each in found.items() if each.table is not None} == {
        *TABLES,
        "ferv39k/model-zoo",
        "dfew/model-zoo",
    }
    assert {id for id, each in found.items() if each.table is None} == set(FIGURES)


def test_every_printed_score_of_the_papers_is_an_entry():
    """All scores of all tables but those that survey pages print under others' names."""
    planned = {(c.table, c.index) for each in views().values() if each.table for e in each.entries for c in e.cells}
    printed = {
        (cell.table, cell.index)
        for id, table in published_tables().items()
        if id.split("/")[0] in ("ferv39k", "dfew", "sdfe-lv") and not id.endswith(("/reruns", "/text"))
        for cell in table.cells
        if cell.is_score
    }
    assert planned == printed
    assert len(printed) == 2173


def test_no_number_is_without_a_training_but_those_that_need_weights_from_outside():
    without = Counter()
    total = 0
    for id, each in views().items():
        total += len(each.entries)
        without.update((id, why) for _, why in unmapped(each, Choice()))
    needed = {("dfew/table7", f"needs weights from outside: --weights {name}=PATH"): 2 for name in WEIGHTS}
    needed |= {
        ("ferv39k/figure6a", f"needs weights from outside: --weights ms-celeb-1m/{method}=PATH"): 2
        for method in ("r18-lstm", "r50-lstm")
    }
    cited = {("dfew/table8", "cited from another paper: nothing to train"): 5}
    assert without == needed | cited
    assert total == 2507
    given = Choice(weights=dict.fromkeys((*WEIGHTS, "ms-celeb-1m/r18-lstm", "ms-celeb-1m/r50-lstm"), "w.pt"))
    assert sum(len(unmapped(each, given)) for each in views().values()) == 5


def test_seventeen_trainings_fill_five_tables_and_four_fill_the_other_five():
    on_all = {task.key for n in (2, 4, 6, 8, 10) for task in make_plan(view(f"ferv39k/table{n}"), Choice()).tasks}
    assert len(on_all) == 17
    assert all("/all/" in key for key in on_all)
    on_one = {task.key for n in (3, 5, 7, 9, 11) for task in make_plan(view(f"ferv39k/table{n}"), Choice()).tasks}
    assert on_one == {f"ferv39k/r50-lstm/{name}/seed0" for name in ("DL11k", "WIS9k", "SIA10k", "AI9k")}


def test_all_views_together_need_each_training_once():
    tasks = {}
    for each in views().values():
        for task in make_plan(each, Choice()).tasks:
            assert tasks.setdefault(task.key, task) == task
    same = Counter((task.settings, task.data, task.trained_on, task.start) for task in tasks.values())
    assert set(same.values()) == {1}
    assert len(tasks) == 184 + 138  # of these 45 are features, which nothing is trained for


def test_a_chain_comes_before_what_starts_from_it():
    plan = make_plan(view("dfew/table7"), Choice(seeds=(0, 1)))
    order = [task.key for task in plan.tasks]
    chained = [task for task in plan.tasks if task.after]
    assert len(chained) == 16
    for task in chained:
        [before] = task.after
        assert task.start == f"task:{before}"
        assert order.index(before) < order.index(task.key)
        assert before.rsplit("/", 1)[1] == task.key.rsplit("/", 1)[1]  # seed by seed
        assert "ec-stfl" not in before  # section 4.3: both begin with the network alone


def test_eight_frames_and_a_weight_of_ten_are_the_recipes_own():
    frames = make_plan(view("ferv39k/figure6b", figure=True), Choice())
    assert sum(task.key.endswith("/all/seed0") for task in frames.tasks) == 4
    assert sorted({task.settings.frames for task in frames.tasks}) == list(range(2, 17, 2))
    both = {t.key for id in ("dfew/figure5", "dfew/figure6") for t in make_plan(view(id, figure=True), Choice()).tasks}
    assert len(both) == 2 * (10 + 6 - 1)
    weights = {task.settings.loss.weight for task in make_plan(view("dfew/figure5", figure=True), Choice()).tasks}
    assert weights == {1, 3, 5, 10, 15, 20, 30, 50, 80, 100}


def test_what_a_figure_varies_wins_over_what_the_call_changes():
    plan = make_plan(view("dfew/figure6", figure=True), Choice(batch=8, epochs=3, frames=4, size=32))
    assert sorted({task.settings.batch for task in plan.tasks}) == [8, 18, 30, 36, 42, 48]
    assert {(t.settings.epochs, t.settings.frames, t.settings.sizes) for t in plan.tasks} == {(3, 4, ((32, 32),))}


def test_scenes_of_figures_are_those_of_the_tables():
    """Figure 6, right: best and worst by the printed WAR of I3D; Figure 5(b): the scenes of Table 2."""
    chosen = {entry.targets[0] for entry in view("ferv39k/figure6c", figure=True).entries}
    wanted = set()
    for number in (4, 6, 8, 10):
        table = published(f"ferv39k/table{number}")
        cells = [
            c
            for c in table.cells
            if c.method == "i3d" and c.metric == "WAR" and c.target not in ("all", table.columns[1])
        ]
        by = sorted(cells, key=lambda cell: cell.value)
        wanted |= {by[0].target, by[-1].target}
    assert chosen == wanted
    scenes = [c for c in published("ferv39k/table2").columns if not c.endswith("k")]
    assert [entry.column for entry in view("ferv39k/figure5b", figure=True).entries] == scenes


def test_figures_know_what_tables_print_for_the_same_experiment():
    worst = view("ferv39k/figure5a", figure=True).entries[0]
    assert (worst.row, worst.column, worst.printed) == ("worst", "DL11k", pytest.approx(0.3077))
    gains = {(e.row, e.column): e.printed for e in view("dfew/figure3", figure=True).entries if e.metric == "recall"}
    assert gains["C3D", "Sad"] == pytest.approx(0.0977)  # section 4.2 says 9.77 %
    assert gains["3D Resnet18", "Neutral"] == pytest.approx(0.0734)
    started = [e for e in view("ferv39k/figure6a", figure=True).entries if e.models[0].start is not None]
    assert started
    assert all(entry.printed is None for entry in started)


def test_one_method_alone():
    plan = make_plan(view("ferv39k/table2"), Choice(only=("R18-LSTM",)))
    assert [task.key for task in plan.tasks] == ["ferv39k/r18-lstm/all/seed0"]
    assert {entry.row for entry in plan.view.entries} == {"R18-LSTM"}
    with pytest.raises(UsageError, match="has no 'P3D'"):
        make_plan(view("ferv39k/table2"), Choice(only=("P3D",)))
    with pytest.raises(UsageError, match="no baseline 'R19'"):
        make_plan(view("ferv39k/table2"), Choice(only=("R19",)))


@pytest.mark.parametrize(
    ("id", "figure", "said"), [("ferv39k/table22", False, "ferv39k/table2"), ("dfew/figur5", True, "dfew/figure5")]
)
def test_an_unknown_table_names_the_nearest(id: str, figure: bool, said: str):
    with pytest.raises(UsageError) as error:
        view(id, figure=figure)
    assert said in str(error.value.hint)


def test_costs_are_the_recipes_operations_times_clips():
    plan = make_plan(view("ferv39k/table2"), Choice(only=("R18",)))
    [task] = plan.tasks
    assert costing.flops(task) == load_recipe("ferv39k/r18").flops * (3 * 31_088 * 60 + 7_847)
    grid = replace(task, settings=replace(task.settings, lr_grid=(0.1, 0.2)))
    assert costing.flops(grid) > 2.7 * costing.flops(task)
    timed = costing.timed(plan, costing.stated(1.0))
    assert timed.tasks[0].seconds == pytest.approx(costing.flops(task) / 1e12)


def test_clips_of_folds_and_scenarios():
    assert costing.clips("dfew", "fd5") == (11_697 - 2_336, 2_336)
    trained = [costing.clips("ferv39k", name)[0] for name in ("DL11k", "WIS9k", "SIA10k", "AI9k")]
    assert sum(trained) == 31_088
    assert costing.clips("ferv39k", "DL11k")[1] == 7_847  # tested on all four, and all their scenes
    assert costing.clips("afew", "afew-val") == (773, 383)


def test_labels_are_unique_and_readable():
    models = {model for each in views().values() for model in each.models}
    assert len({model.label for model in models}) == len(models)
    assert Model("ferv39k", "ferv39k/r18-lstm", "all").label == "ferv39k/r18-lstm/all"
