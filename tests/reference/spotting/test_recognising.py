"""Spot, then recognise: tiny worlds with values by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fervbench.errors import MismatchError
from fervbench.reference.settings import Settings
from fervbench.reference.spotting.extractors import Extractor
from fervbench.reference.spotting.recognising import class_of, class_scores, evaluate, events_of
from fervbench.reference.spotting.videos import Item

CLASSES = ("Happy", "Sad", "Fear")


def item(id: str, intervals, labels) -> Item:
    return Item(id, "test", 160, 16.0, 10.0, np.array(intervals, dtype=float).reshape(-1, 2), labels)


def test_by_hand():
    # One video: Happy [1, 3] found a quarter of a second late, Sad [5, 8] found and taken for Happy, a third one false.
    a = item("a", [[1, 3], [5, 8]], ("Happy", "Sad"))
    b = item("b", [[2, 4]], ("Sad",))
    rows = {"a": np.array([[1.25, 3, 0.9], [5, 8, 0.8], [9, 10, 0.7]]), "b": np.array([[7.0, 9.0, 0.9]])}
    scores = {id: np.tile([0.6, 0.3, 0.1], (10, 1)) for id in rows}
    scores["b"] = np.tile([0.1, 0.8, 0.1], (10, 1))
    found = evaluate([a, b], rows, scores, CLASSES)
    assert (found["targets"], found["spotted"], found["matched"]) == (3, 4, 2)
    assert found["F1"] == 2 * 2 / 7
    assert found["classes"]["Happy"] == {"targets": 1, "spotted": 3, "right": 1, "F1": 2 / 4}
    assert found["classes"]["Sad"] == {"targets": 2, "spotted": 1, "right": 0, "F1": 0.0}
    assert found["classes"]["Fear"]["F1"] is None
    assert found["macro_F1"] == (1 / 2 + 0) / 2
    assert found["accuracy_of_matched"] == 1 / 2
    assert found["onset"] == {"mean": 0.125, "median": 0.125}
    assert found["offset"] == {"mean": 0.0, "median": 0.0}


def test_nothing_spotted_and_nothing_matched():
    a = item("a", [[1, 3]], ("Happy",))
    found = evaluate([a], {"a": np.empty((0, 3))}, {"a": np.ones((10, 3))}, CLASSES)
    assert (found["F1"], found["onset"], found["accuracy_of_matched"]) == (0.0, None, None)


def test_events_are_apart_and_few():
    rows = np.array([[0, 4, 0.9], [1, 4, 0.8], [5, 6, 0.7], [7, 8, 0.6]])
    assert events_of(rows, number=2, overlap=0.2)[:, 0].tolist() == [0, 5]


def test_the_class_is_that_of_the_snippets_inside():
    a = item("a", [], ())
    scores = np.zeros((10, 3))
    scores[:5, 1], scores[5:, 2] = 1, 1
    assert (class_of(a, 0.0, 4.0, scores), class_of(a, 6.0, 9.0, scores)) == (1, 2)
    assert class_of(a, 7.9, 8.1, scores) == 2  # no centre inside: the nearest


def test_only_the_classes_of_the_protocol_have_a_say():
    class Head(torch.nn.Module):
        width = 4

        def __init__(self) -> None:
            super().__init__()
            self.fc = torch.nn.Linear(4, 4, bias=False)
            torch.nn.init.eye_(self.fc.weight)

        def classify(self, features: torch.Tensor) -> torch.Tensor:
            return self.fc(features)

    extractor = Extractor("x", Settings("small"), Head(), ("Neutral", "Sad", "Happy", "Fear"), "", "", synthetic=True)
    scores = class_scores(extractor, np.array([[9.0, 1.0, 2.0, 0.0]], dtype=np.float32), CLASSES)
    assert scores.argmax() == 0
    assert scores.sum() == pytest.approx(1)
    with pytest.raises(MismatchError, match="Angry"):
        class_scores(extractor, np.zeros((1, 4), np.float32), ("Angry",))
