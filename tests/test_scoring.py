"""Reports: cells of one piece, the papers' figures, seeds, missing answers, signatures."""

from __future__ import annotations

import json
import random
from pathlib import Path

import jsonschema
import numpy as np
import pytest
import sklearn.metrics

from fervbench import SubmissionError, load_ground_truth, load_protocol, read_submission, schema, score
from fervbench.ground_truth import GroundTruth
from fervbench.protocol import Protocol
from fervbench.report import Report


@pytest.fixture(scope="module")
def ferv39k() -> Protocol:
    return load_protocol("ferv39k")


@pytest.fixture(scope="module")
def truth(ferv39k: Protocol) -> GroundTruth:
    return load_ground_truth(ferv39k)


def answers(protocol: Protocol, truth: GroundTruth, seed: int, keep: set[str] | None = None) -> dict[str, str]:
    """Answers that are right about four times in ten, the same for a seed."""
    rng = random.Random(seed)
    found = {}
    for id, label, leaf in zip(truth.ids, truth.label.tolist(), truth.leaf.tolist(), strict=True):
        answer = protocol.classes[label] if rng.random() < 0.4 else rng.choice(protocol.classes)
        if keep is None or protocol.leaves[leaf] in keep:
            found[id] = answer
    return found


def scored(folder: Path, protocol: Protocol, content: dict, **options: object) -> Report:
    path = folder / "p.json"
    path.write_text(json.dumps({"format": "fervbench-recognition/1", "protocol": protocol.id, **content}))
    report = score(protocol, read_submission(path, protocol, **options))
    jsonschema.Draft202012Validator(schema.load("report")).validate(json.loads(report.to_json()))
    return report


@pytest.fixture(scope="module")
def everything(ferv39k: Protocol, truth: GroundTruth, tmp_path_factory: pytest.TempPathFactory) -> Report:
    """27 runs: every evaluation of FERV39k at once."""
    runs = []
    for i, source in enumerate(ferv39k.sources):
        leaves = set(ferv39k.configurations[source].leaves)
        keep = leaves if ferv39k.configurations[source].level == "scene" else None
        runs.append({"trained_on": source, "predictions": answers(ferv39k, truth, i, keep)})
    return scored(tmp_path_factory.mktemp("all"), ferv39k, {"runs": runs})


def test_all_evaluations_come_from_27_runs(everything: Report):
    assert everything.evaluations == ["overall", "per-configuration", "cross-scenario"]
    assert [len([c for c in everything.cells if c.evaluation == e]) for e in everything.evaluations] == [27, 27, 104]
    assert everything.signature.split("|")[2] == "e:overall+per-configuration+cross-scenario"


def test_every_cell_equals_scikit_learn_on_its_clips(ferv39k: Protocol, truth: GroundTruth, everything: Report):
    for i, source in enumerate(ferv39k.sources[:5]):
        given = answers(ferv39k, truth, i)
        for target in ferv39k.targets(source):
            leaves = set(ferv39k.configurations[target].leaves)
            clips = [k for k in range(len(truth)) if ferv39k.leaves[truth.leaf[k]] in leaves]
            true = [ferv39k.classes[truth.label[k]] for k in clips]
            said = [given[truth.ids[k]] for k in clips]
            cell = everything.cell(source, target)
            assert cell.n == len(clips)
            assert cell["WAR"] == pytest.approx(sklearn.metrics.accuracy_score(true, said))
            assert cell["UAR"] == pytest.approx(sklearn.metrics.balanced_accuracy_score(true, said))
            expected = sklearn.metrics.confusion_matrix(true, said, labels=list(ferv39k.classes))
            assert cell.confusion == expected.tolist()


def test_scenes_add_up_to_scenarios_and_scenarios_to_all(ferv39k: Protocol, everything: Report):
    for whole in ("all", "DL11k", "WIS9k", "SIA10k", "AI9k"):
        parts = [
            everything.cell("all", member, evaluation="overall") for member in ferv39k.configurations[whole].members
        ]
        total = everything.cell("all", whole, evaluation="overall")
        assert total.n == sum(part.n for part in parts)
        assert total.confusion == np.sum([part.confusion for part in parts], axis=0).tolist()


def test_the_sizes_are_those_of_the_published_lists(everything: Report):
    # datasets: FERV39k's test clips as the papers' percentages certify them
    sizes = {
        "all": 7847,
        "DL11k": 2282,
        "WIS9k": 1768,
        "SIA10k": 2042,
        "AI9k": 1755,
        "Experiment": 113,
        "Medicine": 143,
    }
    assert {name: everything.cell("all", name).n for name in sizes} == sizes


def test_a_perfect_file_scores_one_everywhere(ferv39k: Protocol, truth: GroundTruth, tmp_path: Path):
    perfect = {id: ferv39k.classes[label] for id, label in zip(truth.ids, truth.label.tolist(), strict=True)}
    report = scored(tmp_path, ferv39k, {"predictions": perfect})
    assert {cell[m] for cell in report.cells for m in ("WAR", "UAR", "macro_F1", "weighted_F1")} == {1.0}


def test_seeds_give_mean_and_sample_standard_deviation(ferv39k: Protocol, truth: GroundTruth, tmp_path: Path):
    runs = [{"trained_on": "all", "seed": s, "predictions": answers(ferv39k, truth, s)} for s in (5, 3, 4)]
    report = scored(tmp_path, ferv39k, {"runs": runs})
    assert report.header["seeds"] == [3, 4, 5]
    alone = [scored(tmp_path, ferv39k, {"runs": [run]}) for run in (runs[1], runs[2], runs[0])]
    for target in ("all", "Experiment"):
        for metric in ("WAR", "UAR", "macro_F1", "weighted_F1"):
            values = [one.cell("all", target)[metric] for one in alone]
            found = report.cell("all", target).metrics[metric]
            assert found["per_seed"] == values
            assert found["value"] == pytest.approx(sum(values) / 3)
            assert found["sd"] == pytest.approx(np.std(values, ddof=1))
    cell = report.cell("all", "all")
    assert np.sum(cell.confusion) == 3 * cell.n


def test_missing_answers_count_as_wrong_and_are_told(ferv39k: Protocol, truth: GroundTruth, tmp_path: Path):
    given: dict[str, str | None] = dict(answers(ferv39k, truth, 0))
    gone = [id for id in given if id.startswith("Experiment/Happy")][:10]
    for id in gone[:5]:
        given[id] = None
    for id in gone[5:]:
        del given[id]
    whole = scored(tmp_path, ferv39k, {"predictions": answers(ferv39k, truth, 0)}).cell("all", "Experiment")
    report = scored(tmp_path, ferv39k, {"predictions": given}, missing="wrong")
    cell = report.cell("all", "Experiment")
    lost = sum(answers(ferv39k, truth, 0)[id] == "Happy" for id in gone)
    assert (cell.n, cell.missing) == (113, 10)
    assert round(cell["WAR"] * 113) == round(whole["WAR"] * 113) - lost
    assert np.sum(cell.confusion) + cell.missing == cell.n
    assert report.header["submission"] == {**report.header["submission"], "n": 7847, "missing": 10}
    assert "|miss:wrong|" in report.signature
    assert any("10 of 7,847" in warning for warning in report.warnings)


def test_the_published_rows_of_dfew(checks: Path, lists: Path, tmp_path: Path):
    """Predictions that realise the hits of DFEW's Tables 4 and 6, spread over the folds by id."""
    dfew = load_protocol("dfew")
    truth = load_ground_truth(dfew, lists / "dfew")
    published = json.loads((checks / "published_per_class.json").read_text())["dfew_pooled_exact"]
    by_class = {c: [id for id, label in zip(truth.ids, truth.label, strict=True) if label == c] for c in range(7)}
    exact = {}
    for name, row in published.items():
        given = {}
        for c, hits in enumerate(row["hits"]):
            for i, id in enumerate(by_class[c]):
                given[id] = dfew.classes[c] if i < hits else dfew.classes[(c + 1) % 7]
        pooled = scored(tmp_path, dfew, {"predictions": given}, ground_truth=truth).cell(target="pooled")
        recalls = [round(100 * pooled.per_class[c]["recall"], 2) for c in dfew.classes]
        assert recalls == pytest.approx(row["acc"], abs=0.0051)
        found = (round(100 * pooled["UAR"], 2), round(100 * pooled["WAR"], 2))
        exact[name] = found == (row["UAR"], row["WAR"])
        if name == "R3D18":  # the paper truncated
            assert found == (42.80, 53.23)
    assert [name for name, same in exact.items() if not same] == ["R3D18"]
    assert len(exact) == 11


def folds_world(tmp_path: Path) -> tuple[Protocol, GroundTruth]:
    """Two folds, two classes, labels beside the protocol; class B has no clip in fold 2."""
    (tmp_path / "labels.csv").write_text("clip_id,label,fold\na,A,1\nb,A,1\nc,B,1\nd,A,2\ne,A,2\n")
    (tmp_path / "p.toml").write_text(
        """
        format = "fervbench-protocol/1"
        id = "two"
        version = "1.0.0"
        title = "Two folds"
        task = "recognition"
        classes = ["A", "B"]
        default_source = "each-fold"
        aggregation = "pooled"
        ground_truth = { kind = "labels", labels = "labels.csv" }
        configurations = { one = { level = "fold" }, two = { level = "fold" } }
        evaluations = { folds = { kind = "folds", source_levels = ["fold"] } }
        """
    )
    protocol = load_protocol(tmp_path / "p.toml")
    return protocol, load_ground_truth(protocol)


def test_folds_are_pooled_and_their_mean_is_another_number(tmp_path: Path):
    protocol, _ = folds_world(tmp_path)
    report = scored(tmp_path, protocol, {"predictions": {"a": "A", "b": "B", "c": "B", "d": "A", "e": "B"}})
    pooled, mean = report.cell(target="pooled"), report.cell(aggregate="fold-mean")
    assert pooled["WAR"] == pytest.approx(3 / 5)
    assert pooled["UAR"] == pytest.approx((2 / 4 + 1) / 2)
    assert mean["WAR"] == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert mean["UAR"] == pytest.approx(((1 / 2 + 1) / 2 + 1 / 2) / 2)
    assert mean.confusion is None


def test_a_class_without_clips_is_left_out_warned_and_in_the_signature(tmp_path: Path):
    protocol, _ = folds_world(tmp_path)
    report = scored(tmp_path, protocol, {"predictions": {"a": "A", "b": "A", "c": "B", "d": "A", "e": "B"}})
    fold = report.cell(target="two")
    assert fold["UAR"] == pytest.approx(1 / 2)  # of class A alone
    assert fold.per_class["B"]["recall"] is None
    assert "|absent:1|" in report.signature
    assert any("two/B" in warning for warning in report.warnings)


def test_five_runs_and_the_short_form_give_the_same_cells(tmp_path: Path):
    protocol, _ = folds_world(tmp_path)
    given = {"a": "A", "b": "B", "c": "B", "d": "A", "e": "B"}
    short = scored(tmp_path, protocol, {"predictions": given})
    runs = [
        {"trained_on": "one", "predictions": {k: given[k] for k in "abc"}},
        {"trained_on": "two", "predictions": {k: given[k] for k in "de"}},
    ]
    assert scored(tmp_path, protocol, {"runs": runs}).cells == short.cells


def test_the_signature_names_all_that_a_score_depends_on(everything: Report):
    keys = [part.split(":")[0] for part in everything.signature.split("|")]
    assert keys == ["fervbench", "p", "e", "gt", "agg", "miss", "ties", "compat", "ci", "v"]


def test_json_keys_are_sorted_and_nothing_is_rounded(everything: Report):
    text = everything.to_json()
    document = json.loads(text)
    assert list(document) == sorted(document)
    assert list(document["cells"][0]) == sorted(document["cells"][0])
    assert [cell["metrics"]["WAR"]["value"] for cell in document["cells"]] == [cell["WAR"] for cell in everything.cells]


def test_an_unknown_cell_is_a_key_error(everything: Report):
    with pytest.raises(KeyError, match="target='Moon'"):
        everything.cell(target="Moon")


def test_unanswered_clips_are_counted_for_each_class(tmp_path: Path):
    protocol, _ = folds_world(tmp_path)
    pooled = scored(tmp_path, protocol, {"predictions": {"a": "A", "d": "A"}}, missing="wrong").cell(target="pooled")
    assert {name: row["missing"] for name, row in pooled.per_class.items()} == {"A": 2, "B": 1}


def test_seeds_give_each_class_a_standard_deviation(tmp_path: Path):
    protocol, _ = folds_world(tmp_path)
    runs = []
    for seed, answer in ((0, "A"), (1, "B")):
        runs.append({"trained_on": "one", "seed": seed, "predictions": {"a": "A", "b": answer, "c": "B"}})
        runs.append({"trained_on": "two", "seed": seed, "predictions": {"d": "A", "e": "A"}})
    row = scored(tmp_path, protocol, {"runs": runs}).cell("one", "one").per_class["A"]
    assert (row["recall"], row["recall_sd"]) == (0.75, pytest.approx(np.std([1.0, 0.5], ddof=1)))


def test_ties_are_counted_on_the_clips_that_are_scored(ferv39k: Protocol, truth: GroundTruth, tmp_path: Path):
    even = [0.5] * 7
    classes = list(ferv39k.classes)
    runs = []
    for source in ferv39k.sources:
        leaves = set(ferv39k.configurations[source].leaves)
        level = ferv39k.configurations[source].level
        ids = [id for id in truth.ids if level != "scene" or id.split("/")[0] in leaves]
        runs.append({"trained_on": source, "predictions": dict.fromkeys(ids, even)})
    content = {"classes": classes, "runs": runs}
    alone = scored(tmp_path, ferv39k, content, evaluation="per-configuration").header["submission"]
    assert (alone["n"], alone["ties"]) == (3 * 7847, 3 * 7847)
    whole = scored(tmp_path, ferv39k, content).header["submission"]
    assert (whole["n"], whole["ties"]) == (6 * 7847, 6 * 7847)


def own_configurations(protocol: Protocol, truth: GroundTruth) -> dict:
    """27 runs, each answering its own configuration alone: the paper's 27 setups."""
    runs = []
    for i, source in enumerate(protocol.sources):
        keep = set(protocol.configurations[source].leaves)
        runs.append({"trained_on": source, "predictions": answers(protocol, truth, i, keep)})
    return {"runs": runs}


def test_27_models_on_their_own_configuration_are_pointed_to_their_evaluation(
    ferv39k: Protocol, truth: GroundTruth, tmp_path: Path
):
    content = own_configurations(ferv39k, truth)
    with pytest.raises(SubmissionError) as caught:
        scored(tmp_path, ferv39k, content)
    assert caught.value.findings.counts == {"unanswered": 3 * 7847}
    assert "give --evaluation" in next(iter(caught.value.findings)).hint
    assert "per-configuration" in next(iter(caught.value.findings)).hint
    report = scored(tmp_path, ferv39k, content, evaluation="per-configuration")
    assert len(report.cells) == 27


def test_cells_without_any_answer_are_called_no_measurement(ferv39k: Protocol, truth: GroundTruth, tmp_path: Path):
    report = scored(tmp_path, ferv39k, own_configurations(ferv39k, truth), missing="wrong")
    assert any("nothing is answered" in warning and "DL11k on WIS9k" in warning for warning in report.warnings)


def test_a_protocol_by_path_is_told_from_one_of_the_same_name(tmp_path: Path):
    protocol, _ = folds_world(tmp_path)
    first = scored(tmp_path, protocol, {"predictions": dict.fromkeys("abcde", "A")}).signature
    text = (tmp_path / "p.toml").read_text().replace('["A", "B"]', '["B", "A"]')
    (tmp_path / "p.toml").write_text(text)
    other = scored(tmp_path, load_protocol(tmp_path / "p.toml"), {"predictions": dict.fromkeys("abcde", "A")}).signature
    assert first != other
    assert first.split("|")[1].startswith("p:two@1.0.0+")


def test_the_short_form_of_folds_stands_for_no_grid(tmp_path: Path):
    folds_world(tmp_path)
    text = (
        (tmp_path / "p.toml")
        .read_text()
        .replace(
            'evaluations = { folds = { kind = "folds", source_levels = ["fold"] } }',
            """
        [evaluations.folds]
        kind = "folds"
        source_levels = ["fold"]
        [evaluations.cross]
        kind = "grid"
        source_levels = ["fold"]
        target_levels = ["fold"]
        """,
        )
    )
    (tmp_path / "p.toml").write_text(text)
    protocol = load_protocol(tmp_path / "p.toml")
    report = scored(tmp_path, protocol, {"predictions": dict.fromkeys("abcde", "A")})
    assert report.evaluations == ["folds"]


def test_one_of_several_runs_without_a_seed_is_refused(tmp_path: Path):
    protocol, _ = folds_world(tmp_path)
    runs = []
    for seed in ({}, {"seed": 0}):
        runs.append({"trained_on": "one", **seed, "predictions": dict.fromkeys("abc", "A")})
        runs.append({"trained_on": "two", **seed, "predictions": dict.fromkeys("de", "A")})
    with pytest.raises(SubmissionError) as caught:
        scored(tmp_path, protocol, {"runs": runs})
    assert caught.value.findings.counts == {"seeds-differ": 2}
