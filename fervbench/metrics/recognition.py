r"""Recognition: which of K classes does each clip show?

Source: UAR and WAR as the papers define them (DFEW, section 4.1, "Evaluation Metric"; FERV39k, section 4.1); precision
and F1 as usual. Everything is a function of one table, the confusion counts.

Conventions
    Targets are class indices 0..K-1; predictions the same, or -1 where no answer was given. Argument order is always
    (target, prediction). Scores are floats in [0, 1]. A confusion table has shape (..., K, K + 1): rows are true
    classes, columns predicted ones, the last column counts clips without an answer, so that a row's sum is the number
    of clips of its class. Leading axes are independent tables (one a cell, a seed, a replicate).

Metrics
    WAR          weighted average recall = correct / clips = accuracy
    UAR          unweighted average recall = mean of recall over the classes that the target has
    macro F1     mean of F1 over the classes that the target has
    weighted F1  mean of F1, weighted by the clips of each class
    per class    recall, precision, F1

Known differences from other scorers
    1. Class absent from the target: left out of UAR and macro F1. scikit-learn's `recall_score(average="macro")` and
       `f1_score(average="macro")` average over the union of classes seen in target and prediction, so predicting an
       absent class lowers them; `balanced_accuracy_score` averages over the target's classes, as here. torchmetrics'
       macro average leaves out classes that occur in neither, and counts those that were only predicted as 0.
    2. A class that was never predicted has precision 0 and, if the target has it, F1 0 (scikit-learn: the same, with a
       warning; `zero_division` changes it there, nothing does here).
    3. No answer (-1): the clip stays in every denominator and counts as wrong. Work on language models drops such
       clips: GPT-4V on FERV39k is printed 24.92/34.29 (UAR/WAR) over 7,536 clips and has 23.90/32.93 over all 7,847.
    4. An answer that is no class: refused before it gets here. HumanOmni's `recall_score(average=None)` makes a class
       of it, with recall 0, and so lowers UAR by a factor of 7/8.
    5. Classes without `labels=`: the DFEW repository and DFER-CLIP call scikit-learn's `confusion_matrix` without it; a
       class that is predicted but absent gives 0/0 = NaN there, an absent class shrinks the mean.
    6. Folds: DFEW pools the predictions of the folds and computes once; MAE-DFER, S2D and DFER-CLIP average the folds.
       On DFEW the two differ by at most 0.024 points of UAR and 0.015 of WAR over 3,000 random tables of hits.
    7. Views: logs of MAE-DFER and others also print accuracies over views (31,388 of 7,847 clips). Here a clip counts
       once; views are averaged before (`fervbench convert`).
    8. WAR and UAR come from the same predictions. M3DFEL's trainer keeps the best of each over epochs, separately.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class RecognitionScores:
    """All metrics of confusion tables with leading axes (...): overall ones (...), per class ones (..., K).

    Where the target lacks a class, its recall and F1 are NaN; where a class was never predicted, its precision is 0.
    """

    war: FloatArray
    uar: FloatArray
    macro_f1: FloatArray
    weighted_f1: FloatArray
    recall: FloatArray
    precision: FloatArray
    f1: FloatArray


def confusion(target: npt.ArrayLike, prediction: npt.ArrayLike, classes: int) -> IntArray:
    """Confusion counts, shape (classes, classes + 1); the last column counts clips without an answer (-1).

    Raises ValueError for arrays of different length, or values outside 0..classes-1 (-1 in `prediction` excepted).

    >>> confusion([0, 0, 1, 1], [0, 1, 1, -1], classes=2).tolist()
    [[1, 1, 0], [0, 1, 1]]
    """
    truth, answer = np.asarray(target), np.asarray(prediction)
    if truth.ndim != 1 or truth.shape != answer.shape:
        raise ValueError(f"target and prediction differ in shape: {truth.shape} and {answer.shape}")
    if truth.size == 0:
        return np.zeros((classes, classes + 1), dtype=np.int64)
    for name, values, lowest in (("target", truth, 0), ("prediction", answer, -1)):
        if values.dtype.kind not in "iu":
            raise ValueError(f"{name} holds {values.dtype}, not class indices")
        if values.min() < lowest or values.max() >= classes:
            raise ValueError(
                f"{name} holds {values.min()}..{values.max()}, outside {lowest}..{classes - 1}"
                " (did you give 1-based labels?)"
            )
    truth, answer = truth.astype(np.int64), answer.astype(np.int64)  # small integer types would overflow below
    columns = np.where(answer < 0, classes, answer)
    flat = np.bincount(truth * (classes + 1) + columns, minlength=classes * (classes + 1))
    return flat.reshape(classes, classes + 1).astype(np.int64)


def scores(table: npt.ArrayLike) -> RecognitionScores:
    """Every metric of confusion tables, shape (..., K, K + 1). A table without clips gives NaN.

    >>> table = [[2, 1, 0], [0, 0, 1]]
    >>> found = scores(table)
    >>> float(found.war), float(found.uar)
    (0.5, 0.3333333333333333)
    """
    counts = np.asarray(table, dtype=np.float64)
    if counts.ndim < 2 or counts.shape[-1] != counts.shape[-2] + 1:
        raise ValueError(f"a confusion table has shape (..., K, K + 1), not {counts.shape}")
    return scores_of_counts(
        hits=np.diagonal(counts, axis1=-2, axis2=-1),
        clips=counts.sum(axis=-1),
        predicted=counts[..., :-1].sum(axis=-2),
    )


def scores_of_counts(hits: npt.ArrayLike, clips: npt.ArrayLike, predicted: npt.ArrayLike) -> RecognitionScores:
    """Every metric, from what it needs of a table: three arrays (..., K), which may broadcast.

    `hits` are the correct clips of each class, `clips` all clips of each true class, `predicted` the answers that name
    each class.

    >>> float(scores_of_counts(hits=[2, 0], clips=[3, 1], predicted=[2, 1]).war)
    0.5
    """
    hits, clips, predicted = (np.asarray(counts, dtype=np.float64) for counts in (hits, clips, predicted))
    present = clips > 0  # (..., K)
    recall = _ratio(hits, clips, np.nan)
    precision = _ratio(hits, predicted, 0.0)
    f1 = _ratio(2 * hits, clips + predicted, 0.0)
    counted = recall
    if not present.all():
        counted, f1 = np.where(present, recall, 0.0), np.where(present, f1, 0.0)
    total = clips.sum(axis=-1)
    number = present.sum(axis=-1)
    return RecognitionScores(
        war=_ratio(hits.sum(axis=-1), total, np.nan),
        uar=_ratio(counted.sum(axis=-1), number, np.nan),
        macro_f1=_ratio(f1.sum(axis=-1), number, np.nan),
        weighted_f1=_ratio((f1 * clips).sum(axis=-1), total, np.nan),
        recall=recall,
        precision=precision,
        f1=f1 if present.all() else np.where(present, f1, np.nan),
    )


def _ratio(part: FloatArray, whole: FloatArray | IntArray, empty: float) -> FloatArray:
    """`part / whole`, and `empty` where whole is 0. Results lie in memory as `part` does."""
    with np.errstate(divide="ignore", invalid="ignore"):
        found: FloatArray = np.asarray(part / whole)
    lacking = whole == 0
    return np.where(lacking, empty, found) if lacking.any() else found


def _classes(target: npt.ArrayLike, prediction: npt.ArrayLike, classes: int | None) -> int:
    if classes is not None:
        return classes
    return max((int(np.max(values)) + 1 for values in (target, prediction) if np.size(values)), default=1)


def war(target: npt.ArrayLike, prediction: npt.ArrayLike) -> float:
    r"""Weighted average recall, which is accuracy.

    .. math:: \text{WAR} = \frac{1}{n} \sum_c k_c

    with n clips and k_c correct ones of class c. Range [0, 1]; NaN for no clips. `target` and `prediction` hold n class
    indices; -1 in `prediction` is no answer and counts as wrong. Source: DFEW, section 4.1.

    >>> war([0, 1, 2, 2], [0, 1, 2, -1])
    0.75
    """
    return float(scores(confusion(target, prediction, _classes(target, prediction, None))).war)


def uar(target: npt.ArrayLike, prediction: npt.ArrayLike, classes: int | None = None) -> float:
    r"""Unweighted average recall: the mean of per-class recall over the classes that `target` has.

    .. math:: \text{UAR} = \frac{1}{|C|} \sum_{c \in C} \frac{k_c}{n_c}

    Range [0, 1]; NaN for no clips. `classes` bounds the indices (a check; it does not change the mean). Source: DFEW,
    section 4.1.

    >>> uar([0, 0, 0, 1], [0, 0, 1, 0], classes=2)
    0.3333333333333333
    """
    return float(scores(confusion(target, prediction, _classes(target, prediction, classes))).uar)


def macro_f1(target: npt.ArrayLike, prediction: npt.ArrayLike, classes: int | None = None) -> float:
    """Mean of F1 over the classes that `target` has; F1 = 2 k / (n + predicted). Range [0, 1]; NaN for no clips.

    >>> macro_f1([0, 0, 1, 1], [0, 0, 1, 0], classes=2)
    0.7333333333333334
    """
    return float(scores(confusion(target, prediction, _classes(target, prediction, classes))).macro_f1)


def weighted_f1(target: npt.ArrayLike, prediction: npt.ArrayLike, classes: int | None = None) -> float:
    """Mean of F1 weighted by the clips of each class. Range [0, 1]; NaN for no clips.

    >>> weighted_f1([0, 0, 0, 1], [0, 0, 0, 0], classes=2)
    0.6428571428571428
    """
    return float(scores(confusion(target, prediction, _classes(target, prediction, classes))).weighted_f1)


def per_class(
    target: npt.ArrayLike, prediction: npt.ArrayLike, classes: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Recall, precision and F1 of each class, three arrays of shape (classes,) in [0, 1].

    Recall and F1 are NaN for a class that `target` lacks; precision is 0 for a class that was never predicted.

    >>> recall, precision, f1 = per_class([0, 0, 1], [0, 1, 1], classes=2)
    >>> recall.tolist(), precision.tolist()
    ([0.5, 1.0], [1.0, 0.5])
    """
    found = scores(confusion(target, prediction, classes))
    return found.recall, found.precision, found.f1
