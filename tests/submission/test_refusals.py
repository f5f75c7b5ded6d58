"""Every kind of bad file is refused: with its rule, where it stands, and a hint at what probably happened."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fervbench import examples

CLASSES = ["Happy", "Sad", "Neutral", "Angry", "Surprise", "Disgust", "Fear"]
FOLDS = ("fd1", "fd2", "fd3", "fd4", "fd5")
GOOD = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]
CLIP = "0040"  # of fold fd3, Happy
BOTH_FORMS = pytest.mark.parametrize("form", ["short", "run"])
Place = tuple[dict[str, Any], dict[str, Any], str]


def tiny_file(tiny: Any, form: str) -> Place:
    """A good document, the object in it that holds the predictions of CLIP, and that object's pointer."""
    if form == "short":
        document = tiny.short(classes=CLASSES)
        return document, document, ""
    document = tiny.runs(FOLDS, classes=CLASSES)
    return document, document["runs"][2], "/runs/2"


def ferv39k_file(ferv39k: Any, form: str) -> Place:
    if form == "short":
        document = ferv39k.short()
        return document, document, ""
    document = ferv39k.runs(["all"])
    return document, document["runs"][0], "/runs/0"


def nested(levels: int) -> Any:
    value: Any = 0
    for _ in range(levels):
        value = [value]
    return value


@BOTH_FORMS
@pytest.mark.parametrize(
    ("answer", "rule", "below", "hint"),
    [
        pytest.param("Anger", "unknown-class", "", "did you mean Angry?", id="name of another list"),
        pytest.param("Happiness", "unknown-class", "", "did you mean Happy?", id="noun"),
        pytest.param("happy", "unknown-class", "", "did you mean Happy?", id="lower case"),
        pytest.param(" Happy", "unknown-class", "", "did you mean Happy?", id="space"),
        pytest.param("Suprise", "unknown-class", "", "did you mean Surprise?", id="misspelled"),
        pytest.param("Contempt", "unknown-class", "", "no answer is null", id="class of another protocol"),
        *[
            pytest.param(word, "unknown-class", "", "no answer is written as null", id=f"no answer as {word!r}")
            for word in ("", "None", "none", "nan", "NaN", "null", " N/A ")
        ],
        pytest.param("I see a face. " * 50, "unknown-class", "", "the class name alone", id="essay"),
        pytest.param("\ud800", "unknown-class", "", "classes:", id="lone surrogate"),
        pytest.param(3, "class-number", "", "three different orders", id="integer"),
        pytest.param(0, "class-number", "", "three different orders", id="zero"),
        pytest.param(10**400, "class-number", "", "fervbench convert", id="huge integer"),
        pytest.param(3.0, "class-number", "", "three different orders", id="float"),
        pytest.param("3", "class-number", "", "three different orders", id="digits"),
        pytest.param("-1", "class-number", "", "three different orders", id="negative digits"),
        pytest.param("3.0", "class-number", "", "three different orders", id="digits of a float"),
        pytest.param(
            "3.000e+00", "class-number", "", "three different orders", id="digits as numpy.savetxt writes them"
        ),
        pytest.param(True, "wrong-type", "", "a class name, one score per class", id="true"),
        pytest.param(False, "wrong-type", "", "a class name, one score per class", id="false"),
        pytest.param({"Happy": 1.0}, "wrong-type", "", "scores are a list", id="object"),
        pytest.param("RAW NaN", "not-finite", "", "diverged", id="NaN"),
        pytest.param("RAW 1e400", "not-finite", "", "diverged", id="overflow"),
        pytest.param([], "wrong-length", "", None, id="no scores"),
        pytest.param(GOOD[:6], "wrong-length", "", None, id="a score too few"),
        pytest.param([*GOOD, 0.0], "wrong-length", "", "background", id="a score too many"),
        pytest.param([GOOD], "wrong-length", "", None, id="list of one list"),
        *[
            pytest.param([*GOOD[:2], f"RAW {literal}", *GOOD[3:]], "not-finite", "/2", "diverged", id=f"score {name}")
            for name, literal in [
                ("NaN", "NaN"),
                ("Infinity", "Infinity"),
                ("-Infinity", "-Infinity"),
                ("1e400", "1e400"),
                ("-1e400", "-1e400"),
                ("of 400 digits", "9" * 400),
                ("of 5,000 digits", "9" * 5000),
            ]
        ],
        *[
            pytest.param([*GOOD[:2], value, *GOOD[3:]], "wrong-type", "/2", None, id=f"score is {name}")
            for name, value in [
                ("text", "0.5"),
                ("true", True),
                ("null", None),
                ("a list", [0.5]),
                ("an object", {}),
                ("nested 20 deep", nested(20)),
            ]
        ],
        pytest.param(None, "unanswered", None, "--missing wrong", id="null"),
    ],
)
def test_a_bad_answer(tiny: Any, form: str, answer: Any, rule: str, below: str | None, hint: str | None) -> None:
    document, holder, where = tiny_file(tiny, form)
    holder["predictions"][CLIP] = answer
    (found,) = tiny.refused(document)
    assert (found.rule, found.id) == (rule, CLIP)
    assert found.pointer == f"{where}/predictions" + ("" if below is None else f"/{CLIP}{below}")
    assert (hint or "") in (found.hint or "")


@BOTH_FORMS
@pytest.mark.parametrize(
    ("extra", "rule", "hint"),
    [
        ("Interview/Happy/1", "unknown-id", "did you mean 'Interview/Happy/0001'?"),
        ("interview/happy/0001", "unknown-id", "did you mean 'Interview/Happy/0001'?"),
        ("Interview\\Happy\\0001", "unknown-id", "did you mean 'Interview/Happy/0001'?"),
        ("test/Interview/Happy/0001", "unknown-id", "did you mean 'Interview/Happy/0001'?"),
        ("./Interview/Happy/0001", "unknown-id", "did you mean 'Interview/Happy/0001'?"),
        ("Interview/Happy/0001.mp4", "unknown-id", "did you mean 'Interview/Happy/0001'?"),
        ("Interview/Happy/0001/", "unknown-id", "did you mean 'Interview/Happy/0001'?"),
        ("Interview/Happy/0001/000.jpg", "unknown-id", "did you mean 'Interview/Happy/0001'?"),
        ("Live-Show/Sad/0001", "unknown-id", "did you mean 'Liveshow/Sad/0001'?"),
        ("02522", "unknown-id", "this looks like an id of dfew or mafw"),
        ("2522", "unknown-id", "this looks like an id of dfew"),
        ("War/Fear/9999", "unknown-id", "test clips are War/Fear/0000 to War/Fear/0023"),
        ("War/Anger/0001", "unknown-id", "did you mean 'War/Angry/0001'?"),
        ("Interview/Happiness/0001", "unknown-id", "did you mean 'Interview/Happy/0001'?"),
        ("interview/happiness/1.mp4", "unknown-id", "did you mean 'Interview/Happy/0001'?"),
        ("Interview/Happiness/0399", "training-clip", None),
        ("Nowhere/Happy/0001", "unknown-id", "it has the form of an id of ferv39k, but is no test clip"),
        ("nonsense", "unknown-id", "ids look like 'Interview/Happy/0118'"),
        ("", "unknown-id", "ids look like 'Interview/Happy/0118'"),
        pytest.param("1" * 100_000 + "a", "unknown-id", "100,001 characters", id="endless"),
        ("Interview/Happy/0399", "training-clip", "answer the test list only"),
        ("interview/happy/399.mp4", "training-clip", None),
    ],
)
def test_an_id_that_is_no_test_clip(ferv39k: Any, form: str, extra: str, rule: str, hint: str | None) -> None:
    document, holder, where = ferv39k_file(ferv39k, form)
    holder["predictions"][extra] = "Happy"
    (found,) = ferv39k.refused(document)
    assert (found.rule, found.id) == (rule, extra)
    assert found.pointer == f"{where}/predictions/" + extra.replace("/", "~1")
    assert (hint or "") in (found.hint or "")


@BOTH_FORMS
@pytest.mark.parametrize("extra", ["040.mp4", "00040", "fd3/0040", "0096", "-1", "4\u0660"])
def test_an_id_that_is_no_clip_of_a_padded_protocol(tiny: Any, form: str, extra: str) -> None:
    document, holder, where = tiny_file(tiny, form)
    holder["predictions"][extra] = "Happy"
    (found,) = tiny.refused(document)
    assert (found.rule, found.id) == ("unknown-id", extra)
    assert found.pointer == f"{where}/predictions/" + extra.replace("/", "~1")
    assert ("did you mean '0040'?" in (found.hint or "")) == ("40" in extra)


@BOTH_FORMS
@pytest.mark.parametrize("again", [CLIP, r"004\u0030"])
def test_an_id_that_stands_twice(tiny: Any, form: str, again: str) -> None:
    document, holder, where = tiny_file(tiny, form)
    holder["predictions"]["AGAIN 0040"] = "Sad"
    text = json.dumps(document).replace("AGAIN 0040", "AGAIN " + again)
    (found,) = tiny.refused(text)
    assert (found.rule, found.pointer, found.id) == ("duplicate-id", f"{where}/predictions/0040", CLIP)
    assert "appended" in found.hint


@BOTH_FORMS
@pytest.mark.parametrize("again", ["40", "040"])
def test_an_id_in_two_spellings(tiny: Any, form: str, again: str) -> None:
    document, holder, where = tiny_file(tiny, form)
    holder["predictions"][again] = "Happy"  # the same answer: refused all the same
    (found,) = tiny.refused(document)
    assert (found.rule, found.pointer, found.id) == ("duplicate-id", f"{where}/predictions/{again}", CLIP)
    assert "two spellings" in found.message


@BOTH_FORMS
def test_half_a_surrogate_pair_in_an_id(tiny: Any, form: str) -> None:
    document, holder, where = tiny_file(tiny, form)
    holder["predictions"]["\ud800"] = "Happy"
    found = tiny.refused(document)
    assert found.counts == {"lone-surrogate": 1, "unknown-id": 1}
    assert {each.pointer for each in found} == {f"{where}/predictions/\ud800"}


@BOTH_FORMS
def test_a_clip_without_an_answer(tiny: Any, form: str) -> None:
    document, holder, where = tiny_file(tiny, form)
    del holder["predictions"][CLIP]
    (found,) = tiny.refused(document)
    assert (found.rule, found.pointer, found.id) == ("unanswered", f"{where}/predictions", CLIP)
    assert "--missing wrong" in found.hint


@BOTH_FORMS
def test_a_file_without_any_answer(tiny: Any, form: str) -> None:
    document, holder, _ = tiny_file(tiny, form)
    holder["predictions"] = {}
    document["clases"] = CLASSES  # another mistake does not hide the answers that are missing
    assert tiny.refused(document).counts == {"unknown-key": 1, "unanswered": 95 if form == "short" else 19}


@BOTH_FORMS
def test_ids_that_all_do_not_fit_are_not_told_twice(ferv39k: Any, form: str) -> None:
    document, holder, _ = ferv39k_file(ferv39k, form)
    holder["predictions"] = {id + ".mp4": answer for id, answer in holder["predictions"].items()}
    assert ferv39k.refused(document).counts == {"unknown-id": 7_847}


@pytest.mark.parametrize("form", ["short", "run"])
def test_scores_without_classes(tiny: Any, form: str) -> None:
    document, holder, _ = tiny_file(tiny, form)
    del document["classes"]
    holder["predictions"][CLIP] = GOOD
    (found,) = tiny.refused(document)
    assert (found.rule, found.pointer) == ("missing-key", "/classes")
    assert found.hint == f'add "classes": {json.dumps(CLASSES)} in the order of your scores'


def test_an_answer_of_another_fold(tiny: Any) -> None:
    document = tiny.runs(FOLDS)
    document["runs"][2]["predictions"]["0001"] = "Happy"
    (found,) = tiny.refused(document)
    assert (found.rule, found.pointer, found.id) == ("outside-target", "/runs/2/predictions/0001", "0001")
    assert "belongs to fd1" in found.message
    assert found.hint == "a run trained on fd3 answers the test clips of fd3 only"


def test_an_answer_of_another_scene(ferv39k: Any) -> None:
    document = ferv39k.runs(ferv39k.protocol.sources)
    position = [run["trained_on"] for run in document["runs"]].index("War")
    document["runs"][position]["predictions"]["Action/Angry/0000"] = "Angry"
    (found,) = ferv39k.refused(document)
    assert (found.rule, found.id) == ("outside-target", "Action/Angry/0000")
    assert found.hint == "a run trained on War answers the test clips of War only"


def test_several_dozen_mistakes_are_reported_in_one_pass(tiny: Any) -> None:
    document = tiny.runs(FOLDS, classes=CLASSES, clases=[])
    runs = document["runs"]
    runs[0]["predictions"] |= {"0001": "Anger", "0002": 3, "0003": GOOD[:3], "0004": [*GOOD[:6], "RAW NaN"]}
    runs[0]["predictions"] |= {"0005": True, "0006": [*GOOD[:6], "0.7"], "0007": "RAW 1e400"}
    runs[1]["predictions"] |= {"AGAIN 0020": "Sad", "21": "Sad", "0023.mp4": "Sad", "0001": "Sad", "\ud800": "Sad"}
    del runs[2]["predictions"]["0040"]
    runs[3] |= {"seed": -1, "sed": 1}
    runs[4]["trained_on"] = "fd6"
    runs[4]["predictions"]["0077"] = "Happyness"  # a run that is of no use is read all the same
    runs[4]["predictions"]["0099"] = "Sad"
    found = {(each.rule, each.pointer) for each in tiny.refused(document)}
    assert found == {
        ("unknown-key", "/clases"),
        ("unknown-class", "/runs/0/predictions/0001"),
        ("class-number", "/runs/0/predictions/0002"),
        ("wrong-length", "/runs/0/predictions/0003"),
        ("not-finite", "/runs/0/predictions/0004/6"),
        ("wrong-type", "/runs/0/predictions/0005"),
        ("wrong-type", "/runs/0/predictions/0006/6"),
        ("not-finite", "/runs/0/predictions/0007"),
        ("duplicate-id", "/runs/1/predictions/0020"),
        ("duplicate-id", "/runs/1/predictions/21"),
        ("unknown-id", "/runs/1/predictions/0023.mp4"),
        ("outside-target", "/runs/1/predictions/0001"),
        ("lone-surrogate", "/runs/1/predictions/\ud800"),
        ("unknown-id", "/runs/1/predictions/\ud800"),
        ("wrong-value", "/runs/3/seed"),
        ("unknown-key", "/runs/3/sed"),
        ("unknown-source", "/runs/4/trained_on"),
        ("unknown-class", "/runs/4/predictions/0077"),
        ("unknown-id", "/runs/4/predictions/0099"),
        ("incomplete-evaluation", "/runs"),
    }


def test_the_example_of_a_bad_file_shows_what_it_is_for(ferv39k: Any) -> None:
    findings = ferv39k.refused(examples.texts("invalid")["invalid.json"])
    assert findings.counts["unanswered"] == 7_847 - 5  # 0001 to 0005 have an answer, if a wrong one
    found = {(each.rule, each.id): each for each in findings}
    scene = "Interview/Happy/"
    assert found.keys() >= {
        ("duplicate-id", scene + "0001"),
        ("unknown-class", scene + "0002"),
        ("class-number", scene + "0003"),
        ("wrong-length", scene + "0004"),
        ("not-finite", scene + "0005"),
        ("training-clip", scene + "0399"),
        ("unknown-id", "interview/happy/6"),
        ("unknown-id", "02522"),
        ("missing-key", None),
    }
    assert found["unknown-key", None].hint == "did you mean 'classes'?"
    assert found["unknown-id", "interview/happy/6"].hint.startswith("did you mean 'Interview/Happy/0006'?")
