"""SDFE-LV's tables and figures: every printed number has its network, extractor and features, each once; run whole."""

from __future__ import annotations

import io
import json
import re
import shutil
from dataclasses import asdict, replace
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner

from fervbench import schema
from fervbench.cli import cli
from fervbench.errors import BusyError, UsageError
from fervbench.grid import costing
from fervbench.grid.assembling import assemble
from fervbench.grid.planning import Choice, Plan, make_plan
from fervbench.grid.task import Task
from fervbench.grid.views import view
from fervbench.grid.work import protocol_of
from fervbench.pack import open_pack
from fervbench.published.tables import published
from fervbench.reference.settings import Settings, name_of
from fervbench.reference.settings import describe as describe_job
from fervbench.reference.spotting.settings import Extraction, describe
from fervbench.reference.synthetic import derive
from fervbench.resources import data_dir

from .drawn import OPTIONS, write_afew, write_ckplus, write_dfew, write_sdfe_lv

TABLES = [f"sdfe-lv/table{n}" for n in (3, 4, 5, 6)]
SET = ["--set", "bmn.bins=12", "--set", "bmn.points=4"]


def test_extractors_and_features_are_shared():
    tasks = {task.key: task for id in TABLES for task in make_plan(view(id), Choice()).tasks}
    kinds = [type(task.settings).__module__ + type(task.settings).__name__ for task in tasks.values()]
    extractors = [task for task in tasks.values() if isinstance(task.settings, Settings)]
    features = [task for task in tasks.values() if isinstance(task.settings, Extraction)]
    spotters = [task for task in tasks.values() if task not in extractors and task not in features]
    assert len(kinds) == 138
    # 13 over DFEW in Table 3 and two deeper TSNs; on CK+ and AFEW the 3 + 8 + 3 methods of Tables 4 to 6 less doubles.
    assert len([task for task in extractors if task.data == "dfew"]) == 15
    assert len(extractors) == len(features) == 45
    assert len(spotters) == len(extractors) + 3  # R-C3D, TURN and BSN over C3D
    for figure in ("sdfe-lv/figure4", "sdfe-lv/figure6"):
        for task in make_plan(view(figure, figure=True), Choice()).tasks:
            assert tasks[task.key] == task
    order = list(tasks)
    for task in spotters:
        assert [order.index(key) < order.index(task.key) for key in task.after] == [True] * len(task.after)
        assert len(task.after) == (1 if task.settings.model == "r-c3d" else 2)
        assert task.start == f"task:{task.after[-1]}"


def test_a_mean_is_over_its_parts():
    entries = {(e.row, e.column): e for e in view("sdfe-lv/table5").entries}
    average = entries["Resnet18-LSTM", "Average"]
    assert [model.start.data for model in average.models] == ["ckplus", "afew", "dfew"]
    entries = {(e.row, e.column): e for e in view("sdfe-lv/table4").entries}
    below = [model.method for model in entries["Average", "DFEW"].models]
    assert below == ["bmn+c3d", "bmn+r3d-18", "bmn+r2plus1d-18"]


def test_one_network_alone():
    def spotters(*only: str) -> list[str]:
        tasks = make_plan(view("sdfe-lv/table3"), Choice(only=only)).tasks
        return [task.key for task in tasks if task.data == "sdfe-lv" and not isinstance(task.settings, Extraction)]

    assert spotters("TURN") == ["sdfe-lv/turn+c3d/dfew-fd1/seed0"]
    assert spotters("bmn+r18-lstm") == spotters("BMN, Resnet18-LSTM") == ["sdfe-lv/bmn+r18-lstm/dfew-fd1/seed0"]
    assert len(spotters("BMN")) == 13
    with pytest.raises(UsageError, match="has no 'TURN'"):
        make_plan(view("sdfe-lv/table4"), Choice(only=("TURN",)))


def test_a_setting_of_a_network():
    plan = make_plan(view("sdfe-lv/figure6", figure=True), Choice(epochs=3, size=56, spotting=(("bmn", "bins", 25),)))
    found = {task.settings.model: task.settings for task in plan.tasks if not isinstance(task.settings, Extraction)}
    assert found["bmn"].options.bins == 25
    assert found["bsn"].options.bins == 100
    assert found["r-c3d"].options.size == (56, 56)
    assert found["c3d"].sizes == ((56, 56),)
    assert {training.epochs for name in ("bmn", "bsn", "turn", "r-c3d") for training in found[name].training} == {3}
    with pytest.raises(UsageError, match="no setting 'bin'"):
        make_plan(view("sdfe-lv/table4"), Choice(spotting=(("bmn", "bin", 25),)))


def test_a_trunk_of_another_width_cannot_begin_with_c3d():
    with pytest.raises(UsageError, match="another width"):
        make_plan(view("sdfe-lv/table3"), Choice(spotting=(("r-c3d", "width", 0.25),)))


def test_while_another_process_makes_a_pack_a_plan_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from fervbench.grid import rebuilding

    said = [BusyError("another process is writing flow"), BusyError("another process is writing flow"), None]

    def check(*_: object) -> None:
        found = said.pop(0)
        if found is not None:
            raise found

    monkeypatch.setattr(rebuilding, "check_data", check)
    stream = io.StringIO()
    rebuilding._check_when_free(make_plan(view("sdfe-lv/table4"), Choice()), {}, tmp_path, stream, again=0.0)
    assert (said, stream.getvalue()) == ([], "another process is writing flow: waiting for it\n")


def test_a_release_is_walked_through_once(tmp_path: Path, small: None, monkeypatch: pytest.MonkeyPatch):
    """Not once a task: counting the frames of a thousand videos takes a while."""
    from fervbench.grid import rebuilding, spotting
    from fervbench.grid.task import Data

    original, calls = spotting.find_packs, []
    monkeypatch.setattr(spotting, "find_packs", lambda *given: calls.append(given) or original(*given))
    truth = str(tmp_path / "intervals.json")
    data = {"dfew": Data("dfew", (str(write_dfew(tmp_path)),))}
    data["sdfe-lv"] = Data("sdfe-lv", (str(write_sdfe_lv(tmp_path)),), truth)
    plan = make_plan(view("sdfe-lv/table3"), Choice(only=("bmn+c3d", "TURN", "bmn+r18-lstm"), seeds=(0, 1), size=32))
    rebuilding.check_data(plan, data, tmp_path / "out")
    assert len(calls) == 1


def test_folds_of_ckplus_have_no_common_subject(tmp_path: Path):
    made = derive(protocol_of("ckplus"), open_pack(write_ckplus(tmp_path)))
    assert len(made.labels.ids) == 20 * 7  # a subject without a label is in no fold, and moves nobody
    by_subject = {}
    for id, leaf in zip(made.labels.ids, made.labels.leaves, strict=True):
        by_subject.setdefault(id.split("/")[0], set()).add(leaf)
    assert [sorted(by_subject[f"S{s:03d}"]) for s in range(20)] == [[f"subjects-{1 + s % 10}"] for s in range(20)]
    assert set(made.labels.parts) == {"test"}


def test_costs_are_of_the_whole_dataset():
    plan = make_plan(view("sdfe-lv/table3"), Choice(only=("bmn+c3d", "r-c3d+c3d")))
    cost = {task.key.split("/")[1]: costing.flops(task) for task in plan.tasks}
    snippets = 1191 * (58 * 25 // 16)
    [extractor] = [task for task in plan.tasks if task.data == "dfew"]
    assert cost["features"] == snippets * costing.forward(extractor.settings)
    # Forward of a video, from the shapes of spotting.md, section 7, over 4,096 numbers of C3D's fc6 and 100 bins. Two
    # operations a weight and bin; four groups; sampling by a matrix of 479,238 numbers, behind the convolution.
    base = 200 * 3 * (4096 // 4 * 256 + 256 // 4 * 256)
    heads = 2 * 200 * (3 * 256 // 4 * 256 + 256)
    proposal, projected, sampled = 200 * 3 * 256 * 256, 200 * 32 * 256 * 512, 2 * 512 * 479_238
    on_the_map = 20_000 * (512 * 128 + 2 * 9 * 128 * 128 + 128 * 2)
    forward = base + heads + proposal + projected + sampled + on_the_map
    # thrice that for 715 videos of training, then validation, nine epochs; and the test
    assert cost["bmn+c3d"] == (3 * 715 * 9 + 238 * 9 + 238) * forward
    assert cost["r-c3d+c3d"] > 1000 * cost["bmn+c3d"]


def write(
    out: Path, task: Task, job: str | None, *, truth: str = "a", auc: float = 0.5, synthetic: bool = False
) -> str:
    """The folder of a task as it would be when it is done; gives its name."""
    about = {"trained_on": task.trained_on, "synthetic": synthetic, "device": "cpu", "ground_truth": truth}
    protocol = protocol_of(task.data)
    about |= {"protocol": {"id": protocol.id, "version": protocol.version, "sha256": protocol.sha256}}
    if isinstance(task.settings, Extraction):
        folder = out / "features" / f"c3d-{job}"
        config = {"format": "fervbench-features/1", "snippet": {"frames": 16, "step": 16}, "synthetic": synthetic}
        folder.mkdir(parents=True)
        (folder / "header.json").write_text(json.dumps(config | {"extractor": {"job": job, "model": "c3d"}}))
        return str(job)
    if isinstance(task.settings, Settings):
        config = describe_job(task.settings, about)
    else:
        extractor = {"job": job, "model": "c3d"}
        start = {"start": extractor} if task.settings.model == "r-c3d" else {"features": {"extractor": extractor}}
        config = describe(task.settings, about | start)
    folder = out / name_of(config)
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "done.json").write_text("{}")
    metrics = {name: {"value": auc, "ci_low": auc - 0.1, "ci_high": auc + 0.1} for name in ("AUC", "AR@1", "AR@100")}
    curve = {"AN": [1.0, 100.0], "AR": [0.2, 0.6], "recall": {"0.5": [0.3, 0.9], "0.95": [0.1, 0.3]}}
    targets = ("all", "duration (0, 0.5]", "duration (0.5, 4]", "duration (4, inf)")
    cells = [{"target": target, "metrics": metrics, "curve": curve} for target in targets]
    (folder / "report.json").write_text(json.dumps({"cells": cells, "classes": []}))
    return folder.name


def write_all(plan: Plan, out: Path, *, auc: float = 0.5, synthetic: bool = False) -> None:
    names: dict[str, str] = {}
    for k, task in enumerate(plan.tasks):
        job = names.get(str(task.start).removeprefix("task:"))
        names[task.key] = write(out, task, job, auc=auc + 0.01 * k, synthetic=synthetic)


def test_numbers_stand_beside_the_printed_ones_without_a_verdict(tmp_path: Path):
    """The test videos of the paper are not known, so no difference says anything of the method."""
    plan = make_plan(view("sdfe-lv/table3"), Choice(only=("bmn+c3d", "TURN", "R-C3D")))
    write_all(plan, tmp_path)
    found = assemble(plan, tmp_path)
    assert found.done == found.tasks == 5
    [auc] = [each for each in found.rebuilt if (each.entry.row, each.entry.metric) == ("BMN, C3D", "AUC")]
    assert (auc.entry.printed, auc.ours) == (pytest.approx(0.4944), pytest.approx(0.54))
    assert (auc.interval.kind, auc.interval.low) == ("videos", pytest.approx(0.44))
    assert auc.verdict.said == "no verdict"
    assert "not published" in auc.verdict.why
    assert any("sdfe-lv: which of its videos" in note for note in found.notes)
    assert next(each for each in found.rebuilt if each.entry.metric == "AR@5").why.startswith("no interval")


def test_jobs_of_different_splits_are_not_compared(tmp_path: Path):
    plan = make_plan(view("sdfe-lv/figure6", figure=True), Choice())
    write_all(replace(plan, tasks=plan.tasks[:-1]), tmp_path)
    [extractor] = [task for task in plan.tasks if task.data == "dfew"]
    [name] = [path.parent.name for path in tmp_path.glob("c3d-*/config.json")]
    assert extractor.key in assemble(plan, tmp_path).jobs
    write(tmp_path, plan.tasks[-1], name, truth="another")
    assert any("different splits" in note for note in assemble(plan, tmp_path).notes)


def test_a_job_over_another_extractor_is_not_taken(tmp_path: Path):
    plan = make_plan(view("sdfe-lv/table3"), Choice(only=("bmn+c3d",)))
    write_all(plan, tmp_path)
    other = replace(plan.tasks[-1], settings=replace(plan.tasks[-1].settings, seed=1))
    write(tmp_path, other, "c3d-0000000000000000")
    two = make_plan(view("sdfe-lv/table3"), Choice(only=("bmn+c3d",), seeds=(0, 1)))
    assert len(assemble(two, tmp_path).jobs) == 3


@pytest.mark.parametrize("seeds", [(0,), (0, 1)])
def test_figures_have_their_numbers_and_curves(tmp_path: Path, seeds: tuple[int, ...]):
    pytest.importorskip("matplotlib")
    from fervbench.grid.document import to_dict
    from fervbench.grid.drawing import draw
    from fervbench.grid.texts import markdown

    for id in ("sdfe-lv/figure4", "sdfe-lv/figure6"):
        plan = make_plan(view(id, figure=True), Choice(seeds=seeds))
        out = tmp_path / id.rpartition("/")[2]
        write_all(plan, out, synthetic=True)
        found = assemble(plan, out)
        assert found.number_there == len(found.rebuilt)
        document = json.loads(json.dumps(to_dict(found)))
        jsonschema.validate(document, schema.load("rebuilt"))
        draw(found, tmp_path / f"{len(seeds)}.svg", overwrite=True)
        text = (tmp_path / f"{len(seeds)}.svg").read_text()
        assert "SYNTHETIC" in text
        if id.endswith("4"):
            [bmn] = [cell for cell in document["cells"] if cell["column"] == "BMN"]
            assert bmn["curve"]["AR"] == [pytest.approx(0.2), pytest.approx(0.6)]
            assert "AUC 5" in markdown(found)


def run(*arguments: str | Path) -> str:
    result = CliRunner().invoke(cli, ["run-baseline", *map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == 0, result.stderr
    return result.stdout


@pytest.fixture
def data(tmp_path: Path) -> list[str | Path]:
    """Packs of faces and scenes of every dataset, as options."""
    found: list[str | Path] = ["--ground-truth", f"sdfe-lv={tmp_path / 'intervals.json'}"]
    for name, make in (
        ("dfew", write_dfew),
        ("afew", write_afew),
        ("ckplus", write_ckplus),
        ("sdfe-lv", write_sdfe_lv),
    ):
        found += ["--data", f"{name}={make(tmp_path)}"]
        found += ["--scene-data", f"{name}={make(tmp_path, size=(32, 48), stream='scene')}"]
    return found


@pytest.mark.slow
@pytest.mark.parametrize("table", ["sdfe-lv/table4", "sdfe-lv/table5", "sdfe-lv/table6"])
def test_a_table_is_planned_run_and_printed_whole(tmp_path: Path, small: None, data: list[str | Path], table: str):
    """All extractors, with scenes and with optical flow; the numbers are of small networks, and synthetic."""
    out = tmp_path / "out"
    given = data if table.endswith("6") else [x for x in data if "scene" not in str(x)]
    shown = run("--table", table, *given, *OPTIONS, *SET, "--out", out)
    printed = [cell for cell in published(table).cells if cell.is_score]
    assert all(cell.printed in shown for cell in printed)
    assert f"{len(printed)} of {len(printed)} numbers are there" in shown
    document = json.loads(run("--table", table, *OPTIONS, *SET, "--out", out, "--assemble", "--json"))
    jsonschema.validate(document, schema.load("rebuilt"))
    assert document["synthetic"]
    assert len(document["jobs"]) == document["tasks"]
    means = {(cell["row"], cell["column"]): cell["ours"] for cell in document["cells"]}
    row = document["cells"][0]["row"]
    if table == "sdfe-lv/table5":
        parts = [means[row, column] for column in ("CK+", "AFEW", "DFEW")]
        assert means[row, "Average"] == pytest.approx(sum(parts) / 3)
    jobs = [path.parent for path in out.glob("bmn-*/done.json")]
    assert len(jobs) == len(list((out / "features").glob("*/header.json")))
    for job in jobs:
        assert json.loads((job / "proposals.json").read_text())["protocol"] == "sdfe-lv-synthetic"
        assert (job / "spot-then-recognise.json").is_file()
    again = CliRunner().invoke(
        cli, ["run-baseline", "--table", table, *map(str, given), *OPTIONS, *SET, "--out", str(out)]
    )
    assert again.stdout == shown
    assert len(re.findall(": done before", again.stderr)) == document["tasks"]


def test_what_is_wrong_is_told_before_anything_is_trained(tmp_path: Path, small: None):
    out, base = tmp_path / "out", ["--table", "sdfe-lv/table3", "--only", "bmn+c3d", *OPTIONS]
    dfew, videos = write_dfew(tmp_path), write_sdfe_lv(tmp_path)

    def refused(*arguments: object) -> str:
        result = CliRunner().invoke(cli, ["run-baseline", *base, *map(str, arguments), "--out", str(out)])
        assert result.exit_code in (1, 2, 3)
        assert not list(out.glob("*/config.json"))
        return result.stderr

    both = ["--data", f"dfew={dfew}", "--data", videos]
    assert "needs the data of dfew" in refused("--data", videos)
    assert "the intervals of SDFE-LV are not here" in refused(*both)
    assert "names no network" in refused(*both, "--set", "bins=3")
    content = json.loads((tmp_path / "intervals.json").read_text())
    content["videos"]["v00"]["intervals"][0][1] = 99.0
    (tmp_path / "wrong.json").write_text(json.dumps(content))
    assert "v00" in refused(*both, "--ground-truth", tmp_path / "wrong.json")
    truth = ["--ground-truth", tmp_path / "intervals.json"]
    assert "table3 has no turn" in refused(*both, *truth, "--set", "turn.steps=3")
    assert "a plan decides it" in refused(*both, *truth, "--set", "bmn.control=shuffled-features")
    for wrong in ("bins=abc", "bins=null", "bins=0", "epochs=1.5", "lr=x", 'milestones={"a": 1}', "bins=true"):
        assert "Error: " in refused(*both, *truth, "--set", f"bmn.{wrong}"), wrong
    base[3] = "bmn+two-c3d"
    scenes = {"dfew": write_dfew(tmp_path, size=(32, 48), stream="scene")}
    scenes["sdfe-lv"] = write_sdfe_lv(tmp_path / "other", 12, size=(32, 48), stream="scene")
    given = [x for name, path in scenes.items() for x in ("--scene-data", f"{name}={path}")]
    assert "other videos" in refused(*both, *truth, *given)


def test_a_row_that_sees_scenes_is_left_out_where_there_are_none(tmp_path: Path, small: None):
    given = ["--data", f"dfew={write_dfew(tmp_path)}", "--data", write_sdfe_lv(tmp_path)]
    given += ["--ground-truth", tmp_path / "intervals.json", "--only", "bmn+c3d", "--only", "bmn+two-c3d"]
    shown = run("--table", "sdfe-lv/table3", *given, *OPTIONS, *SET, "--out", tmp_path / "out")
    assert "3 of 3 jobs are done" in shown
    assert "6 of 12 numbers are there" in shown
    assert "s  sees scenes, and there are faces alone: --scene-data" in shown


def test_what_single_commands_made_is_not_made_again(tmp_path: Path, small: None):
    """Jobs of extractor and network, by their own commands; and a network's job is found without its features."""
    dfew, videos, out = write_dfew(tmp_path), write_sdfe_lv(tmp_path), tmp_path / "out"
    run("sdfe-lv/c3d", "--protocol", "dfew", "--trained-on", "fd1", "--data", dfew, *OPTIONS, "--out", out)
    [job] = out.glob("c3d-*")
    network = ["--epochs", "1", "--set", "bins=12", "--set", "points=4", "--device", "cpu"]
    truth = ["--ground-truth", tmp_path / "intervals.json"]
    run("BMN", "--protocol", "sdfe-lv", "--data", videos, *truth, "--features", job, *network, "--out", out)
    table = ["--table", "sdfe-lv/table3", "--only", "bmn+c3d", *OPTIONS, *SET, "--out", out]
    assert "3 of 3 jobs are done" in run(*table, "--assemble")
    data = ["--data", f"dfew={dfew}", "--data", videos]
    again = CliRunner().invoke(cli, ["run-baseline", *map(str, [*table, *data, *truth])])
    assert again.stderr.count(": done before") == 3
    shutil.rmtree(out / "features")
    assert "6 of 6 numbers are there" in run(*table, "--assemble")
    other = tmp_path / "other.toml"
    text = (data_dir("protocols") / "sdfe-lv.toml").read_text(encoding="utf-8")
    other.write_text(text.replace('id = "sdfe-lv"', 'id = "other-lv"'))
    shutil.rmtree(next(out.glob("bmn-*")))
    run("BMN", "--protocol", other, "--data", videos, *truth, "--features", job, *network, "--out", out)
    assert "0 of 6 numbers are there" in run(*table, "--assemble")


def test_settings_are_plain_values_that_compare():
    """What a job folder says is held against these."""
    [*_, task] = make_plan(view("sdfe-lv/table3"), Choice(only=("TURN",))).tasks
    assert json.loads(json.dumps(asdict(task.settings)))["options"]["lengths"] == [1, 2, 4, 8, 16, 32]
