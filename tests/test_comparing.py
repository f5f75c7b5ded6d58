"""Comparisons: differences and tests against SciPy by hand, rankings, refusals, several seeds, spotting, one model."""

from __future__ import annotations

import json
import random
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from scipy import stats

import fervbench
from fervbench import Resampling, schema
from fervbench.errors import MismatchError, UsageError
from fervbench.examples import write_example
from fervbench.powering import pilot_discordance, resolutions
from fervbench.variance import components, split

FERV = fervbench.load_protocol("ferv39k")


@pytest.fixture
def mae(tmp_path: Path) -> Path:
    write_example("mae-dfer-overall-only", tmp_path)
    return tmp_path / "mae-dfer-overall-only.json"


def changed(path: Path, share: float, seed: int, **more) -> Path:
    """A copy of a file in which a share of the answers are drawn anew."""
    rng = random.Random(seed)
    content = json.loads(path.read_text())
    names = list(FERV.classes)
    answers = {k: rng.choice(names) if rng.random() < share else v for k, v in content.pop("predictions").items()}
    content.pop("x-note", None)
    other = path.with_name(f"changed-{share}-{seed}.json")
    other.write_text(json.dumps(content | more | {"predictions": answers}))
    return other


def read(path: Path) -> fervbench.Submission:
    return fervbench.read_submission(path, FERV)


def test_differences_and_mcnemar_are_those_of_clips_counted_by_hand(mae: Path):
    a, b = read(mae), read(changed(mae, 0.1, 1))
    found = fervbench.compare(FERV, a, b)
    jsonschema.Draft202012Validator(schema.load("comparison")).validate(json.loads(found.to_json()))
    right = [s.runs[0].answers == s.truth.label for s in (a, b)]
    for target in ("all", "AI9k", "Experiment"):
        leaves = [FERV.leaves.index(leaf) for leaf in FERV.configurations[target].leaves]
        here = np.isin(a.truth.leaf, leaves)
        only = [int((right[i] & ~right[1 - i])[here].sum()) for i in (0, 1)]
        cell = found.cell(target)
        war = cell["metrics"]["WAR"]
        assert [cell["only_first"], cell["only_second"]] == only
        assert war["difference"] == pytest.approx((only[0] - only[1]) / here.sum())
        assert war["clips"] == pytest.approx(only[0] - only[1])
        assert war["p"] == pytest.approx(stats.binomtest(only[0], sum(only)).pvalue)
        assert war["ci_low"] <= war["difference"] <= war["ci_high"]
        labels = a.truth.label[here]
        recalls = [[right[i][here][labels == c].mean() for c in range(7)] for i in (0, 1)]
        assert cell["metrics"]["UAR"]["difference"] == pytest.approx(np.mean(recalls[0]) - np.mean(recalls[1]))


def test_holm_runs_over_the_cells(mae: Path):
    found = fervbench.compare(FERV, read(mae), read(changed(mae, 0.03, 1)), metric="WAR")
    p = np.array([cell["metrics"]["WAR"]["p"] for cell in found.cells])
    order = np.argsort(p, kind="stable")
    adjusted = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)), 1)
    assert [found.cells[i]["metrics"]["WAR"]["p_holm"] for i in order] == pytest.approx(adjusted.tolist())


def test_a_file_against_itself_shows_nothing(mae: Path):
    found = fervbench.compare(FERV, read(mae), read(mae), metric=["WAR", "UAR", "macro_F1", "weighted_F1"])
    for cell in found.cells:
        for metric in cell["metrics"].values():
            assert (metric["difference"], metric["ci_low"], metric["ci_high"], metric["p"]) == (0, 0, 0, 1)


def test_permutations_of_uar_and_f1_agree_with_sampling_by_hand(mae: Path):
    a, b = read(mae), read(changed(mae, 0.02, 4))
    found = fervbench.compare(FERV, a, b, metric=["UAR", "macro_F1"], permutations=2000, seed=0)
    here = a.truth.leaf == FERV.leaves.index("Argue")
    label, x, y = a.truth.label[here], a.runs[0].answers[here], b.runs[0].answers[here]

    def uar(answers: np.ndarray) -> float:
        return float(np.mean([(answers == label)[label == c].mean() for c in range(7)]))

    rng = np.random.default_rng(0)
    whole = abs(uar(x) - uar(y))
    reached = 0
    for _ in range(2000):
        swap = rng.random(len(x)) < 0.5
        reached += abs(uar(np.where(swap, y, x)) - uar(np.where(swap, x, y))) >= whole - 1e-12
    p = (reached + 1) / 2001
    assert found.cell("Argue")["metrics"]["UAR"]["p"] == pytest.approx(p, abs=4 * np.sqrt(p * (1 - p) / 1000) + 0.002)
    assert found.cell("Argue")["metrics"]["macro_F1"]["test"] == "permutation"


def test_three_systems_are_ranked_with_ties(mae: Path):
    files = [changed(mae, 0.05, 7), changed(mae, 0.05, 8), changed(mae, 0.5, 2)]
    found = fervbench.compare(FERV, *map(read, files), names=["a", "b", "c"], metric="WAR")
    jsonschema.Draft202012Validator(schema.load("comparison")).validate(json.loads(found.to_json()))
    assert len(found.rankings) == 27
    ranking = next(r for r in found.rankings if r["target"] == "all")
    assert ranking["order"][2] == "c"
    assert ranking["worst_rank"][2] == ranking["best_rank"][2] == 3
    assert [sorted(group) for group in ranking["groups"]] == [["a", "b"], ["c"]]
    small = next(r for r in found.rankings if r["target"] == "Experiment")
    assert small["best_rank"][0] == 1
    pair = next(p for p in ranking["pairs"] if {p["first"], p["second"]} == {"a", "b"})
    assert pair["ci_low"] <= 0 <= pair["ci_high"]


def test_several_seeds_are_compared_by_their_means(mae: Path, tmp_path: Path):
    content = json.loads(mae.read_text())
    answers = content.pop("predictions")
    content.pop("x-note", None)
    other = json.loads(changed(mae, 0.2, 3).read_text())["predictions"]
    path = tmp_path / "seeds.json"
    runs = [{"trained_on": "all", "seed": i, "predictions": p} for i, p in enumerate((answers, other))]
    path.write_text(json.dumps(content | {"runs": runs}))
    found = fervbench.compare(FERV, read(mae), read(path), metric="WAR")
    one = found.cell("all")["metrics"]["WAR"]
    single = [fervbench.score(FERV, read(p)).cell("all", "all")["WAR"] for p in (mae, changed(mae, 0.2, 3))]
    assert one["difference"] == pytest.approx(single[0] - np.mean(single))
    assert one["test"] == "bootstrap"
    assert one["p"] < 0.01
    assert "only_first" not in found.cell("all")
    assert any("several seeds" in warning for warning in found.header["warnings"])


def test_what_cannot_be_compared_is_refused(mae: Path, tmp_path: Path):
    write_example("tiny", tmp_path)
    tiny = fervbench.read_submission(tmp_path / "tiny" / "predictions.json", tmp_path / "tiny" / "protocol.toml")
    a = read(mae)
    with pytest.raises(UsageError, match="needs two"):
        fervbench.compare(FERV, a)
    with pytest.raises(MismatchError, match=r"is for tiny@1\.0\.0"):
        fervbench.compare(FERV, a, tiny)
    with pytest.raises(UsageError, match="no metric 'wer'"):
        fervbench.compare(FERV, a, a, metric="wer")
    with pytest.raises(UsageError, match="needs replicates"):
        fervbench.compare(FERV, a, a, intervals=Resampling(replicates=0))
    labels = tmp_path / "tiny" / "labels.csv"
    rows = labels.read_text().splitlines()
    classes = [row.split(",")[1] for row in rows[1:]]
    swapped = [rows[1].replace(classes[0], next(c for c in classes if c != classes[0]), 1), *rows[2:]]
    labels.write_text("\n".join([rows[0], *swapped]) + "\n")
    other = fervbench.read_submission(tmp_path / "tiny" / "predictions.json", tmp_path / "tiny" / "protocol.toml")
    with pytest.raises(MismatchError, match="ground truths differ"):
        fervbench.compare(tiny.protocol, tiny, other)


def test_proposals_are_compared_by_video(tmp_path: Path):
    write_example("spotting", tmp_path)
    folder = tmp_path / "spotting"
    a = fervbench.read_submission(folder / "proposals.json", folder / "protocol.toml")
    content = json.loads((folder / "proposals.json").read_text())
    rng = random.Random(0)
    for rows in content["proposals"].values():
        for row in rows:
            row[2] = rng.random()
    worse = folder / "worse.json"
    worse.write_text(json.dumps(content))
    b = fervbench.read_submission(worse, folder / "protocol.toml")
    found = fervbench.compare(a.protocol, a, b)
    cell = found.cell("all")["metrics"]["AUC"]
    scores = [fervbench.score(a.protocol, s).cells[0]["AUC"] for s in (a, b)]
    assert cell["difference"] == pytest.approx(scores[0] - scores[1])
    assert cell["ci_low"] < cell["difference"] < cell["ci_high"]
    assert 0 < cell["p"] < 0.05
    same = fervbench.compare(a.protocol, a, a).cell("all")["metrics"]["AUC"]
    assert (same["difference"], same["p"]) == (0, 1)
    ranked = fervbench.compare(a.protocol, a, b, a, names=["x", "y", "z"])
    assert ranked.rankings[0]["order"][2] == "y"
    jsonschema.Draft202012Validator(schema.load("comparison")).validate(json.loads(ranked.to_json()))


# One model


def test_components_are_those_they_were_made_from():
    rng = np.random.default_rng(0)
    seeds = np.repeat(np.arange(400), 3)
    values = 0.5 + rng.normal(0, 0.03, 400)[seeds] + rng.normal(0, 0.01, len(seeds))
    between, within = components(values.tolist(), seeds.tolist())
    assert between == pytest.approx(0.0009, rel=0.15)
    assert within == pytest.approx(0.0001, rel=0.15)
    assert components([0.5, 0.6], [1, 1]) == (None, pytest.approx(0.005))
    assert components([0.5, 0.6], [1, 2]) == (pytest.approx(0.005), None)
    assert components([0.50, 0.60, 0.55, 0.55], [0, 0, 1, 1])[0] == 0


def test_files_of_one_model_are_split(mae: Path):
    files = [read(changed(mae, 0.05, i)) for i in range(3)]
    seed = split(files, ["a", "b", "c"], Resampling())
    sampling = split(files, ["a", "b", "c"], Resampling(), vary="sampling")
    top = seed[0]["metrics"]["WAR"]
    values = list(top["runs"].values())
    assert top["variance"]["seed"] == pytest.approx(np.var(values, ddof=1))
    assert top["variance"]["sampling"] is None
    assert sampling[0]["metrics"]["WAR"]["variance"]["sampling"] == pytest.approx(np.var(values, ddof=1))
    assert sampling[0]["metrics"]["WAR"]["variance"]["seed"] is None
    p = top["mean"]
    assert 0.3 * p * (1 - p) / 7847 < top["variance"]["clips"] < 1.1 * p * (1 - p) / 7847
    with pytest.raises(UsageError, match="one run has no spread"):
        split(files[:1], ["a"], Resampling())


# Power


def test_experiment_resolves_nine_and_twelve_points():
    found = resolutions(FERV, target="Experiment")[0]
    assert (found.n, found.smallest_class) == (113, 2)
    assert round(100 * found.half_width_war) == 9
    assert round(100 * found.war) == 12
    assert len(resolutions(FERV)) == 27
    assert resolutions(fervbench.load_protocol("dfew"), target="pooled")[0].n == 11_697


def test_a_pilot_measures_the_discordance(mae: Path):
    a, b = read(mae), read(changed(mae, 0.1, 1))
    found = pilot_discordance(a, b)
    right = [s.runs[0].answers == s.truth.label for s in (a, b)]
    assert found["all"] == pytest.approx((right[0] != right[1]).mean())
    assert set(found) == set(FERV.configurations)
    assert resolutions(FERV, target="all", discordance=found)[0].war < resolutions(FERV, target="all")[0].war


def test_power_refuses_what_it_cannot_know():
    with pytest.raises(UsageError) as caught:
        resolutions(FERV, target="Experimnt")
    assert caught.value.hint == "did you mean 'Experiment'?"
    with pytest.raises(UsageError, match="is no recognition protocol"):
        resolutions(fervbench.load_protocol("sdfe-lv"))
    with pytest.raises(UsageError, match="depend on the difference"):
        resolutions(FERV, seed_sd=0.01)
    with pytest.raises(UsageError, match="per cent"):
        resolutions(FERV, discordance=20)
    assert resolutions(FERV, target="all", difference=0.3)[0].clips_needed is None
