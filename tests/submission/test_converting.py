"""What training code writes becomes a predictions file, and nothing is guessed that the file leaves open."""

from __future__ import annotations

import contextlib
import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fervbench
from fervbench.errors import InputError, UsageError
from fervbench.submission.converting import read_table, to_answers
from fervbench.submission.writing import format_submission, template

CLASSES = ["Happy", "Sad", "Neutral", "Angry", "Surprise", "Disgust", "Fear"]
ALPHABETIC = ["Angry", "Disgust", "Fear", "Happy", "Neutral", "Sad", "Surprise"]
LABELS = {"0001": "Happy", "0002": "Fear", "0095": "Sad"}
SCORES = {"0001": [0.7, 0, 0, 0.25, 0, 0.05, 0], "0002": [-1.5, 2e-3, 3, 0, 0, 0, 0]}
Answers = tuple[dict[str, Any], list[str] | None, list[str]]
Convert = Callable[..., Answers]


@pytest.fixture
def convert(tiny: Any, tmp_path: Path) -> Convert:
    """Convert a file with this content (text, bytes, or arrays for an npz)."""

    def call(content: Any, classes: Any = None, first: int = 0, **options: Any) -> Answers:
        path = tmp_path / ("answers.npz" if isinstance(content, dict) else "answers.csv")
        if isinstance(content, dict):
            np.savez(path, **content)
        else:
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return to_answers(read_table(path, tiny.protocol), tiny.protocol, classes, first, **options)

    return call


@pytest.mark.parametrize("header", ["", "clip_id,label\n", "video_name,prediction\n", "ID,Pred\n"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", " "])
def test_ids_and_labels_with_any_delimiter_with_and_without_a_header(
    convert: Convert, header: str, delimiter: str
) -> None:
    text = header + "".join(f"{id},{label}\n" for id, label in LABELS.items())
    assert convert(text.replace(",", delimiter)) == (LABELS, None, [])


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffclip_id,label\n0001,Happy\n0002,Fear\n0095,Sad\n",
        "0001,Happy\r\n0002,Fear\r\n\r\n0095,Sad",
        '"0001","Happy"\n"0002","Fear"\n"0095","Sad"\n',
        " 0001 , Happy \n0002,Fear\n0095,Sad\n",
        "1,Happy\n2,Fear\n95,Sad\n",
        "clip_id,fold,label\n0001,1,Happy\n0002,1,Fear\n0095,5,Sad\n",
    ],
    ids=["BOM", "CRLF", "quotes", "spaces", "unpadded", "more columns"],
)
def test_spreadsheets_write_it_in_many_ways(convert: Convert, text: str) -> None:
    assert convert(text) == (LABELS, None, [])


def test_an_empty_field_is_no_answer(convert: Convert) -> None:
    assert convert("clip_id,label\n0001,\n0002,Fear\n")[0] == {"0001": None, "0002": "Fear"}


def test_a_header_of_class_names_gives_the_order_of_the_scores(convert: Convert) -> None:
    text = "clip_id," + ",".join(ALPHABETIC) + "\n0002,1,2,3,4,5,6,7\n"
    answers, order, _ = convert(text)
    assert order is not None
    assert dict(zip(order, answers["0002"], strict=True)) == dict(zip(ALPHABETIC, range(1, 8), strict=True))
    lower = text.replace("Happy", "happy").replace("clip_id,", "clip_id,label,").replace("0002,", "0002,Sad,")
    assert convert(lower)[:2] == (answers, order)  # the case of names and other columns do not matter


NOUNS = ["Anger", "disgust", "Fear", "Happiness", "Neutrality", "Sadness", "Surprised"]  # in the order of ALPHABETIC


def test_a_header_of_other_words_for_the_classes_gives_the_order_and_says_so(convert: Convert) -> None:
    text = "clip_id,fold," + ",".join(NOUNS) + "\n0002,1,1,2,3,4,5,6,7\n"
    for classes in (None, ALPHABETIC):
        answers, order, notes = convert(text, classes)
        assert (answers, order) == ({"0002": [1, 2, 3, 4, 5, 6, 7]}, ALPHABETIC)
        (note,) = notes
        assert "Anger as Angry, Happiness as Happy, Neutrality as Neutral" in note
        assert "Fear" not in note
        assert "isgust" not in note


@pytest.mark.parametrize(
    ("header", "column", "meant", "given"),
    [
        (NOUNS, "Anger", "Angry", "Happy"),
        (ALPHABETIC, "Angry", "Angry", "Happy"),
        (["s0", "s1", "s2", "s3", "s4", "Sadness", "s6"], "Sadness", "Sad", "Disgust"),
        (["Happy", "Happiness", "s2", "s3", "s4", "s5", "s6"], "Happiness", "Happy", "Sad"),
    ],
)
@pytest.mark.parametrize("form", ["csv", "npz"])
def test_classes_that_contradict_a_columns_name_are_refused(
    convert: Convert, header: list[str], column: str, meant: str, given: str, form: str
) -> None:
    content: Any = "clip_id," + ",".join(header) + "\n0002,1,2,3,4,5,6,7\n"
    if form == "npz":
        content = {"ids": np.array(["0002"]), "scores": np.ones((1, 7)), "classes": np.array(header)}
    with pytest.raises(UsageError, match="--classes says otherwise") as caught:
        convert(content, CLASSES)
    assert f"'{column}' is {meant} by its name" in caught.value.message
    assert f"({given})" in caught.value.message


def test_names_of_which_two_mean_one_class_are_no_order(convert: Convert) -> None:
    text = "clip_id," + ",".join([*NOUNS[:6], "Unhappy"]) + "\n0002,1,2,3,4,5,6,7\n"
    with pytest.raises(InputError, match="does not name the classes of its scores"):
        convert(text)


def test_the_classes_of_an_npz_also_name_its_numbers(convert: Convert) -> None:
    arrays = {"ids": np.array(["0001"]), "predictions": np.array([3]), "classes": np.array(NOUNS)}
    assert convert(arrays)[0] == {"0001": "Happy"}
    with pytest.raises(UsageError, match="--classes says otherwise"):
        convert(arrays, CLASSES)


@pytest.mark.parametrize("name", ["video_path", "clip_path", "file_name"])
def test_more_names_for_the_column_of_ids(convert: Convert, name: str) -> None:
    assert convert(f"{name},pred\n0001,Happy\n") == ({"0001": "Happy"}, None, [])


@pytest.mark.parametrize("header", ["", "clip_id,s0,s1,s2,s3,s4,s5,s6\n"])
def test_scores_whose_order_is_not_named_need_classes(convert: Convert, header: str) -> None:
    text = header + "".join(f"{id},{','.join(map(str, row))}\n" for id, row in SCORES.items())
    with pytest.raises(InputError, match="does not name the classes of its scores") as caught:
        convert(text)
    assert "--classes" in (caught.value.hint or "")
    assert convert(text, ALPHABETIC) == (SCORES, ALPHABETIC, [])


@pytest.mark.parametrize(("first", "numbers"), [(0, (0, 6, 1)), (1, (1, 7, 2))])
@pytest.mark.parametrize("classes", [CLASSES, ALPHABETIC])
def test_numbers_are_names_in_the_order_that_is_given(
    convert: Convert, classes: list[str], first: int, numbers: tuple[int, ...]
) -> None:
    text = "".join(f"{id},{n}\n" for id, n in zip(LABELS, numbers, strict=True))
    answers, order, notes = convert(text, classes, first)
    assert (order, notes) == (None, [])
    assert list(answers.values()) == [classes[0], classes[6], classes[1]]


def test_numbers_without_classes_are_refused(convert: Convert) -> None:
    with pytest.raises(InputError, match="numbers its classes, and does not say how") as caught:
        convert("0001,3\n0002,\n")
    assert "three different orders" in (caught.value.hint or "")


@pytest.mark.parametrize(("numbers", "first", "said"), [((7, 1), 0, "1..7, not 0..6"), ((0, 6), 1, "0..6, not 1..7")])
def test_numbers_out_of_range_point_to_the_first_number(
    convert: Convert, numbers: tuple[int, ...], first: int, said: str
) -> None:
    with pytest.raises(InputError, match=said) as caught:
        convert(f"0001,{numbers[0]}\n0002,{numbers[1]}\n", CLASSES, first)
    assert "--first" in (caught.value.hint or "")


@pytest.mark.parametrize(("numbers", "said"), [((9, 9), "9..9"), ((-1, 2), "-1..2"), ((0, 7), "0..7")])
@pytest.mark.parametrize("first", [0, 1])
def test_the_first_number_is_not_blamed_where_another_one_would_not_help(
    convert: Convert, numbers: tuple[int, ...], said: str, first: int
) -> None:
    with pytest.raises(InputError, match=re.escape(f"holds the numbers {said}")) as caught:
        convert(f"0001,{numbers[0]}\n0002,{numbers[1]}\n", CLASSES, first)
    assert caught.value.hint == "tiny has 7 classes"


@pytest.mark.parametrize("written", ["{}.0", "{}.", "{}.000000000000000000e+00", "{}e0"])
def test_class_numbers_that_became_floats_are_numbers(convert: Convert, written: str) -> None:
    text = "".join(f"{id},{written.format(n)}\n" for id, n in zip(LABELS, (0, 6, 1), strict=True))
    assert convert(text, CLASSES) == (LABELS, None, [])
    with pytest.raises(InputError, match="numbers its classes"):
        convert(text)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
def test_an_npz_of_class_numbers_that_became_floats(convert: Convert, dtype: type) -> None:
    arrays = {"ids": np.array(list(LABELS)), "predictions": np.array([0, 6, 1], dtype=dtype)}
    assert convert(arrays, CLASSES) == (LABELS, None, [])


@pytest.mark.parametrize("odd", ["nan", "pred", "3.5", "Happy"])
def test_numbers_among_which_something_else_stands_are_refused_by_what_is_odd(convert: Convert, odd: str) -> None:
    with pytest.raises(InputError, match=f"class numbers and also '{odd}' .for '0002'.") as caught:
        convert(f"0001,3\n0002,{odd}\n0003,\n", CLASSES)
    assert "an empty field" in (caught.value.hint or "")


def test_numbers_that_never_reach_zero_are_pointed_out(convert: Convert) -> None:
    answers, _, notes = convert("0001,1\n0002,6\n", CLASSES)
    assert list(answers.values()) == ["Sad", "Fear"]
    assert notes == ["no answer has the number 0: if the first class is 1, give --first 1"]


@pytest.mark.parametrize("odd", ["²", "--5", "9" * 5000, "3.5", "+3", "٣"])
def test_what_only_looks_like_a_number_stays_as_it_is_and_is_refused_when_read(
    tiny: Any, convert: Convert, odd: str
) -> None:
    answers, _, _ = convert(f"0001,{odd}\n", CLASSES)
    assert answers == {"0001": odd}
    text = format_submission(tiny.protocol, [(None, None, answers)])
    (found,) = tiny.refused(text, missing="wrong")
    assert found.rule in ("unknown-class", "class-number")


def test_classes_must_be_those_of_the_protocol(convert: Convert) -> None:
    for classes in (CLASSES[:6], [*CLASSES, "Contempt"], ["Anger", *CLASSES[1:]]):
        with pytest.raises(UsageError, match="not a permutation") as caught:
            convert("0001,3\n", classes)
        assert "Happy,Sad,Neutral,Angry,Surprise,Disgust,Fear" in (caught.value.hint or "")


@pytest.mark.parametrize("softmax", [False, True])
def test_views_of_a_clip_are_averaged(convert: Convert, softmax: bool) -> None:
    draw = np.random.default_rng(0)
    ids = ["0003"] * 4 + ["0001"] * 1 + ["0003"] * 2 + ["0002"] * 3
    rows = draw.normal(scale=30, size=(len(ids), 7))
    text = "".join(f"{id},{','.join(map(repr, row))}\n" for id, row in zip(ids, rows.tolist(), strict=True))
    answers, _, notes = convert(text, CLASSES, softmax=softmax)
    used = np.exp(rows) / np.exp(rows).sum(axis=1, keepdims=True) if softmax else rows
    assert list(answers) == ["0003", "0001", "0002"]
    for id, row in answers.items():
        assert row == pytest.approx(used[[each == id for each in ids]].mean(axis=0).tolist(), abs=1e-12)
    assert notes == ["10 views of 3 clips averaged (1 to 6 views a clip)"]


def test_views_too_large_to_be_averaged_are_refused_without_a_warning(convert: Convert) -> None:
    text = "0001,1,2,3,4,5,6,7\n" + "0002,1e308,0,0,0,0,0,-1e308\n" * 2
    with pytest.raises(InputError, match=r"too large to be averaged \('0002'\)"):
        convert(text, CLASSES)
    assert convert(text, CLASSES, softmax=True)[0]["0002"] == [1, 0, 0, 0, 0, 0, 0]


def test_softmax_does_not_overflow(convert: Convert) -> None:
    answers, _, _ = convert("0001,1000,0,0,0,0,0,-1000\n", CLASSES, softmax=True)
    assert answers["0001"] == [1, 0, 0, 0, 0, 0, 0]


@pytest.mark.parametrize("again", ["0001", "1"])
def test_several_labels_for_one_clip_are_refused(convert: Convert, again: str) -> None:
    with pytest.raises(InputError, match="answers '0001' more than once") as caught:
        convert(f"0001,Happy\n{again},Happy\n")
    assert "averaged from scores" in (caught.value.hint or "")


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16, np.int64])
@pytest.mark.parametrize("name", ["scores", "logits", "predictions"])
def test_an_npz_of_scores(convert: Convert, dtype: type, name: str) -> None:
    rows = np.array([[4, 0, 0, 0, 2, 0, 1], [0, 3, 0, 0, 0, 0, 0]], dtype=dtype)
    arrays = {"ids": np.array(["0001", "0002"]), name: rows}
    expected = {"0001": [4, 0, 0, 0, 2, 0, 1], "0002": [0, 3, 0, 0, 0, 0, 0]}
    assert convert(arrays, CLASSES) == (expected, CLASSES, [])
    assert convert({**arrays, "classes": np.array(ALPHABETIC)}) == (expected, ALPHABETIC, [])
    with pytest.raises(InputError, match="does not name the classes"):
        convert(arrays)


@pytest.mark.parametrize("ids", [np.array(["0001", "0095"]), np.array([b"0001", b"0095"]), np.array([1, 95])])
@pytest.mark.parametrize("labels", [np.array(["Happy", "Sad"]), np.array([b"Happy", b"Sad"]), np.array([0, 1])])
def test_an_npz_of_labels(convert: Convert, ids: Any, labels: Any) -> None:
    assert convert({"video_name": ids, "predictions": labels}, CLASSES)[0] == {"0001": "Happy", "0095": "Sad"}


IDS = np.array(["0001", "0002"])


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"ids": IDS.astype(object), "predictions": IDS}, "Object arrays cannot be loaded"),
        ({"scores": np.zeros((2, 7))}, "has no array of ids"),
        ({"scores": np.zeros((2, 7))}, "name it 'ids'"),
        ({"ids": IDS}, "name it 'predictions'"),
        ({"ids": IDS}, "has no array of predictions: "),
        ({"ids": IDS, "scores": np.zeros((2, 3, 7))}, "it has ids (2,), scores (2, 3, 7)"),
        ({"ids": IDS, "scores": np.zeros((3, 7))}, "scores of shape (3, 7) and type float64 for 2 ids"),
        ({"ids": IDS, "scores": np.zeros((2, 8))}, "has 8 scores a row"),
        ({"ids": IDS, "scores": np.full((2, 7), "0.1")}, "type <U3"),
        ({"ids": IDS, "scores": np.full((2, 7), np.nan)}, "not finite (row 1, '0001')"),
        ({"ids": IDS, "predictions": np.zeros(3)}, "one answer for each of 2 ids"),
        ({"ids": IDS, "names": IDS, "predictions": IDS}, "several arrays that could be meant: ids, names"),
        ({"ids": IDS[:0], "scores": np.zeros((0, 7))}, "holds no answers"),
    ],
)
def test_an_npz_that_is_not_clear_is_refused(convert: Convert, arrays: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError) as caught:
        convert(arrays, CLASSES)
    assert said in f"{caught.value.message} {caught.value.hint}"


def test_a_damaged_npz_is_refused_whatever_is_damaged(tiny: Any, tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez_compressed(path, ids=IDS, scores=np.arange(14.0).reshape(2, 7))
    good = path.read_bytes()
    for at in range(0, len(good), 7):
        path.write_bytes(good[:at] + bytes([good[at] ^ 0xFF]) + good[at + 1 :])
        with contextlib.suppress(InputError):  # where nothing is raised, the byte carried nothing, such as a date
            table = read_table(path, tiny.protocol)
            assert (table.ids, table.scores.ravel().tolist()) == (["0001", "0002"], list(range(14)))


def test_a_zip_that_is_no_npz_is_refused(tiny: Any, tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    for member in ("readme.txt", "ids"):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(member, "hello")
        with pytest.raises(InputError, match=f"is a zip, but no npz: .*it holds {member}"):
            read_table(path, tiny.protocol)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "holds no answers"),
        ("clip_id,label\n", "holds no answers"),
        ("0001,Happy\n\n0002,Sad,Fear\n", "line 3 has 3 fields instead of 2"),
        ("clip_id,label\n0001,Happy\n0002\n", "line 3 has 1 fields instead of 2"),
        ("0001 Happy\n\n\n0002\n", "line 4 has 1 fields instead of 2"),
        ("0001,a,b\n", "expected id,label, or id and 7 scores (Happy, Sad, Neutral"),
        ("0001,1,2,3,4,5,6,x\n", "could not convert string to float: 'x'"),
        (",Happy,Sad,Neutral,Angry,Surprise,Disgust,Fear\n0001,1,2,3,4,5,6,7\n", "column names starts with clip_id"),
        ("0001,1,2,3,4,5,6,nan\n", "not finite (row 1, '0001')"),
        ("0001,1,2,3,4,5,6,1e400\n", "not finite (row 1, '0001')"),
        ('0001,Happy\n"0002,Sad\n', "is not CSV"),
        (b"0001,H\xe4ppy\n", "is not UTF-8"),
        ("id," + ",".join([*CLASSES, "Fear"]) + "\n0001,1,2,3,4,5,6,7,8\n", "names a column twice"),
    ],
)
def test_a_csv_that_is_not_clear_is_refused(convert: Convert, text: str | bytes, said: str) -> None:
    with pytest.raises(InputError) as caught:
        convert(text, CLASSES)
    assert said in f"{caught.value.message} {caught.value.hint}"


def test_a_folder_and_a_file_that_is_not_there(tiny: Any, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a folder"):
        read_table(tmp_path, tiny.protocol)
    with pytest.raises(InputError, match="no such file"):
        read_table(tmp_path / "absent.csv", tiny.protocol)


def test_the_example_converted_scores_as_the_example_does(tiny: Any, tiny_folder: Path) -> None:
    answers, order, _ = to_answers(read_table(tiny_folder / "scores.csv", tiny.protocol), tiny.protocol, None, 0)
    converted = tiny.score(format_submission(tiny.protocol, [(None, None, answers)], classes=order))
    report = tiny.score((tiny_folder / "predictions.json").read_bytes())
    assert converted.cells == report.cells
    assert converted.signature == report.signature
    assert 0 < report.cell(target="pooled")["WAR"] < 1


def test_runs_with_sources_and_seeds_are_written_and_read_again(tiny: Any) -> None:
    folds = ("fd1", "fd2", "fd3", "fd4", "fd5")
    runs = [(fold, seed, tiny.answers(fold)) for fold in folds for seed in (0, 1)]
    text = format_submission(tiny.protocol, runs, note='said "so"\n')
    assert [run["seed"] for run in json.loads(text)["runs"]] == [0, 1] * 5
    submission = tiny.read(text)
    assert submission.seeds == (0, 1)
    assert fervbench.score(tiny.protocol, submission).cell(target="pooled")["WAR"] == 1.0


def test_a_template_has_every_id_and_no_answer(tiny: Any, ferv39k: Any) -> None:
    for world, n in ((tiny, 95), (ferv39k, 7_847)):
        text = template(world.protocol, world.truth)
        assert json.loads(text)["predictions"] == dict.fromkeys(world.answers())
        assert world.refused(text).counts == {"unanswered": n}


def test_a_template_of_an_evaluation_has_a_run_for_each_source(ferv39k: Any) -> None:
    evaluation = ferv39k.protocol.evaluations["cross-scenario"]
    runs = json.loads(template(ferv39k.protocol, ferv39k.truth, evaluation))["runs"]
    assert [run["trained_on"] for run in runs] == ["DL11k", "WIS9k", "SIA10k", "AI9k"]
    assert {len(run["predictions"]) for run in runs} == {7_847}


def test_a_template_filled_in_is_a_good_file(tiny: Any) -> None:
    document = json.loads(template(tiny.protocol, tiny.truth, tiny.protocol.evaluations["five-fold"]))
    for run in document["runs"]:
        run["predictions"] = {id: tiny.answers()[id] for id in run["predictions"]}
    assert tiny.score(document).cell(target="pooled")["WAR"] == 1.0


def test_an_order_that_contradicts_the_files_own_is_refused(convert: Convert):
    content = {"ids": np.array(["0001"]), "scores": np.ones((1, 7)), "classes": np.array(CLASSES)}
    assert convert(content, CLASSES)[1] == CLASSES
    with pytest.raises(UsageError, match="--classes says otherwise"):
        convert(content, ALPHABETIC)
