"""Recognition metrics against scikit-learn, against published figures, and against worlds small enough to count."""

from __future__ import annotations

import json
import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given
from hypothesis import strategies as st

from fervbench import metrics

# (target, prediction, number of classes), with classes that are absent, never predicted, or predicted but absent
worlds = st.integers(2, 8).flatmap(
    lambda k: st.lists(st.tuples(st.integers(0, k - 1), st.integers(0, k - 1)), min_size=1, max_size=60).map(
        lambda pairs: ([t for t, _ in pairs], [p for _, p in pairs], k)
    )
)


def present(target: list[int]) -> list[int]:
    return sorted(set(target))


@given(worlds)
def test_every_metric_equals_scikit_learn(world):
    target, prediction, k = world
    labels = present(target)
    options = {"labels": labels, "zero_division": 0}
    expected = {
        "war": sklearn.metrics.accuracy_score(target, prediction),
        "uar": sklearn.metrics.recall_score(target, prediction, average="macro", **options),
        "macro_f1": sklearn.metrics.f1_score(target, prediction, average="macro", **options),
        "weighted_f1": sklearn.metrics.f1_score(target, prediction, average="weighted", **options),
    }
    found = {
        "war": metrics.war(target, prediction),
        "uar": metrics.uar(target, prediction, classes=k),
        "macro_f1": metrics.macro_f1(target, prediction, classes=k),
        "weighted_f1": metrics.weighted_f1(target, prediction, classes=k),
    }
    assert found == pytest.approx(expected, abs=1e-12)


@given(worlds)
def test_per_class_and_confusion_equal_scikit_learn(world):
    target, prediction, k = world
    everything = list(range(k))
    counts = metrics.confusion(target, prediction, k)
    assert counts[:, :-1].tolist() == sklearn.metrics.confusion_matrix(target, prediction, labels=everything).tolist()
    assert counts[:, -1].sum() == 0
    precision, recall, f1, support = sklearn.metrics.precision_recall_fscore_support(
        target, prediction, labels=everything, zero_division=0
    )
    found = metrics.per_class(target, prediction, k)
    has = np.array(support) > 0
    assert found[0][has] == pytest.approx(recall[has])
    assert np.isnan(found[0][~has]).all()
    assert np.isnan(found[2][~has]).all()
    assert found[1] == pytest.approx(precision)
    assert found[2][has] == pytest.approx(f1[has])


@given(worlds, st.randoms())
def test_order_of_clips_changes_nothing(world, random):
    target, prediction, k = world
    pairs = list(zip(target, prediction, strict=True))
    random.shuffle(pairs)
    shuffled = metrics.confusion([t for t, _ in pairs], [p for _, p in pairs], k)
    assert shuffled.tolist() == metrics.confusion(target, prediction, k).tolist()


METRICS = [metrics.war, metrics.uar, metrics.macro_f1, metrics.weighted_f1]


@pytest.mark.parametrize("metric", METRICS)
@given(target=st.lists(st.integers(0, 6), min_size=1))
def test_perfect_predictions_score_one(metric, target):
    assert metric(target, target) == 1.0


@pytest.mark.parametrize("metric", METRICS)
@given(world=worlds)
def test_scores_lie_between_zero_and_one(metric, world):
    target, prediction, _ = world
    assert 0.0 <= metric(target, prediction) <= 1.0


def test_uar_equals_balanced_accuracy():
    rng = np.random.default_rng(0)
    target, prediction = rng.integers(0, 7, 500), rng.integers(0, 7, 500)
    assert metrics.uar(target, prediction) == pytest.approx(sklearn.metrics.balanced_accuracy_score(target, prediction))


# A world to count by hand: class 0 has three clips, of which two are right; class 1 has two, one right, one unanswered.
TARGET, PREDICTION = [0, 0, 0, 1, 1], [0, 0, 1, 1, -1]


def test_an_unanswered_clip_stays_in_every_denominator():
    assert metrics.war(TARGET, PREDICTION) == pytest.approx(float(Fraction(3, 5)))
    assert metrics.uar(TARGET, PREDICTION) == pytest.approx(float((Fraction(2, 3) + Fraction(1, 2)) / 2))
    recall, precision, f1 = metrics.per_class(TARGET, PREDICTION, 2)
    assert recall.tolist() == pytest.approx([2 / 3, 1 / 2])
    assert precision.tolist() == pytest.approx([1.0, 1 / 2])
    assert f1.tolist() == pytest.approx([float(Fraction(4, 5)), float(Fraction(2, 4))])
    weighted = (3 * Fraction(4, 5) + 2 * Fraction(1, 2)) / 5
    assert metrics.weighted_f1(TARGET, PREDICTION) == pytest.approx(float(weighted))


@pytest.mark.parametrize("kind", [np.int8, np.uint8, np.int16, np.uint64])
def test_the_integer_type_of_the_arrays_changes_nothing(kind):
    rng = np.random.default_rng(2)
    target, prediction = rng.integers(0, 20, 400), rng.integers(0, 20, 400)
    expected = sklearn.metrics.recall_score(target, prediction, average="macro", zero_division=0)
    assert metrics.uar(target.astype(kind), prediction.astype(kind), classes=20) == pytest.approx(expected)


def test_an_absent_class_is_left_out_of_the_mean_even_if_it_was_predicted():
    # class 2 has no clip; scikit-learn's plain macro average would count its recall as 0 and give 1/3
    assert metrics.uar([0, 0, 1], [0, 2, 1], classes=3) == pytest.approx(float((Fraction(1, 2) + 1) / 2))


def test_a_class_that_was_never_predicted_has_precision_and_f1_zero():
    _, precision, f1 = metrics.per_class([0, 1], [0, 0], 2)
    assert precision[1] == 0
    assert f1[1] == 0


def test_tables_with_leading_axes_are_scored_one_by_one():
    rng = np.random.default_rng(1)
    tables = rng.integers(0, 9, (3, 4, 5, 6))
    whole = metrics.scores(tables)
    for i in range(3):
        for j in range(4):
            alone = metrics.scores(tables[i, j])
            for name in ("war", "uar", "macro_f1", "weighted_f1"):
                assert getattr(whole, name)[i, j] == pytest.approx(float(getattr(alone, name)), nan_ok=True)


def test_no_clips_give_nan_and_no_warning():
    assert math.isnan(metrics.war([], []))
    assert math.isnan(metrics.uar([], [], classes=7))


@pytest.mark.parametrize(
    ("target", "prediction", "said"),
    [
        ([0, 1], [0], "differ in shape"),
        ([1, 7], [1, 2], "1-based"),
        ([0, -1], [0, 0], "1-based"),
        ([0, 1], [0, -2], "outside -1"),
        ([0.0, 1.0], [0, 1], "not class indices"),
        (["a", "b"], [0, 1], "not class indices"),
    ],
)
def test_bad_arrays_are_refused_with_their_cause(target, prediction, said):
    with pytest.raises(ValueError, match=said):
        metrics.confusion(target, prediction, classes=7)


def test_a_table_of_another_shape_is_refused():
    with pytest.raises(ValueError, match=r"shape \(\.\.\., K, K \+ 1\)"):
        metrics.scores(np.zeros((7, 7)))


def expand(matrix: list[list[int]]) -> tuple[list[int], list[int]]:
    target, prediction = [], []
    for t, row in enumerate(matrix):
        for p, n in enumerate(row):
            target += [t] * n
            prediction += [p] * n
    return target, prediction


def test_mae_dfer_gives_what_its_authors_printed(checks: Path):
    published = json.loads((checks / "confusions.json").read_text())["mae_dfer_ferv39k"]
    target, prediction = expand(published["matrix"])
    printed = published["printed"]
    assert round(100 * metrics.war(target, prediction), 2) == printed["WAR"] == 52.07
    assert round(100 * metrics.uar(target, prediction), 2) == printed["UAR"] == 43.12
    assert round(metrics.weighted_f1(target, prediction), 4) == printed["weighted_f1"] == 0.5110
    assert round(metrics.macro_f1(target, prediction), 4) == printed["macro_f1"] == 0.4366
    recall, _, _ = metrics.per_class(target, prediction, 7)
    assert [round(100 * r, 2) for r in recall] == printed["class_acc"]
