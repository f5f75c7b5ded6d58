"""Guesses about ids and class names: what they find, and where they keep silent."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fervbench.ground_truth import GroundTruth
from fervbench.protocol import IdRule, Protocol, load_protocol
from fervbench.submission.spelling import IdGuesser, form_hint, suggest_class

FERV39K = ("Angry", "Disgust", "Fear", "Happy", "Sad", "Surprise", "Neutral")


def truth_of(*ids: str) -> GroundTruth:
    zeros = np.zeros(len(ids), dtype=np.int64)
    return GroundTruth(ids=list(ids), label=zeros, leaf=zeros, sha256="", origin="test")


def guesser(name: str, *ids: str) -> IdGuesser:
    return IdGuesser(load_protocol(name), truth_of(*ids))


@pytest.mark.parametrize("value", ["none", "None", "", "nan", "null"])
def test_words_for_nothing_are_no_class(value: str):
    assert suggest_class(value, FERV39K) is None


@pytest.mark.parametrize("name", ["dfew", "mafw"])
@pytest.mark.parametrize(
    ("id", "meant"),
    [
        ("00018/00021.jpg", "00018"),
        ("clips/00018/00021.PNG", "00018"),
        ("00018/img_00021.jpg", "00018"),
        ("00018/frame.jpg", "00018"),
        ("frames/00021.jpg", "00021"),  # nothing says that it is a frame
        ("00018/00021", None),  # the frame, or the clip of a folder
        ("00018/00021.mp4", None),
        ("00012/00021.jpg", None),  # a frame of a clip that is in no list
        ("00012/00021", None),
        ("fd1/00021.mp4", "00021"),
        ("x/y/00021.mp4", "00021"),
        ("21.mp4", "00021"),
        ("00021.jpg", "00021"),
    ],
)
def test_a_frame_is_not_taken_for_the_clip_of_its_number(name: str, id: str, meant: str | None):
    asked = guesser(name, "00018", "00021")
    assert asked.spelling(id) == meant
    hint = asked.explain(id)[2] or ""
    assert ("did you mean" in hint) == (meant is not None)
    assert (meant or "") in hint


def test_a_folder_of_a_protocol_without_a_pattern_is_a_clip_where_it_is_one():
    protocol = replace(load_protocol("dfew"), ids=IdRule(pattern=None, zero_pad=None, example="a01"))
    asked = IdGuesser(protocol, truth_of("a01", "a02"))
    assert asked.spelling("a01/a02.jpg") == "a01"
    assert asked.spelling("a01/a02") is None
    assert asked.spelling("folder/a02") == "a02"


@pytest.mark.parametrize(("name", "id"), [("dfew", "00003"), ("mafw", "00003")])
def test_an_id_of_the_right_form_that_is_no_test_clip_gets_a_word(name: str, id: str):
    hint = guesser(name, "00001", "00002").explain(id)[2] or ""
    assert f"has the form of an id of {name}, but is no test clip" in hint


def test_only_a_folder_of_consecutive_numbers_is_told_as_a_range():
    whole = guesser("ferv39k", "War/Fear/0000", "War/Fear/0001", "War/Sad/0000")
    assert whole.explain("War/Fear/9999")[2] == "test clips are War/Fear/0000 to War/Fear/0001"
    holes = guesser("ferv39k", "War/Fear/0000", "War/Fear/0002")
    assert "has the form of an id of ferv39k" in (holes.explain("War/Fear/0001")[2] or "")


@pytest.mark.parametrize(
    ("name", "id", "hint"),
    [
        ("ferv39k", "00001", "this looks like an id of dfew or mafw"),
        ("ferv39k", "1", "this looks like an id of dfew"),
        ("dfew", "War/Fear/0001", "this looks like an id of ferv39k"),
        ("dfew", "nonsense", "ids look like '00001'"),
        ("mafw", "00001", None),
    ],
)
def test_an_id_of_another_form_is_told_of_every_protocol_that_it_fits(name: str, id: str, hint: str | None):
    protocol: Protocol = load_protocol(name)
    assert form_hint(id, protocol) == hint
