"""Files of intervals in which something is wrong: every problem at once, where it is, and never another error."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fervbench import interval_files
from fervbench.errors import LabelsError
from fervbench.interval_checks import interval_problems
from fervbench.interval_files import read_intervals, write_intervals, write_intervals_csv

from .test_interval_files import HEADER, database, net, one, read, texts


def problems(text: str | dict[str, Any], **options: Any) -> list[tuple[str, str | None]]:
    with pytest.raises(LabelsError) as caught:
        read(text, **options)
    assert caught.value.exit_code == 3
    found = list(caught.value.findings)
    assert all(finding.file == "truth" for finding in found)
    return sorted((finding.rule, finding.pointer) for finding in found)


def own(**entries: Any) -> dict[str, Any]:
    return {"format": "fervbench-intervals/1", "videos": entries}


def test_everything_wrong_with_a_file_of_the_format_is_told_at_once() -> None:
    text = """{"format": "fervbench-intervals/1", "video": 1, "videos": {
     "inverted": {"duration": 9, "intervals": [[2, 1, "Happy"], [1, 2, "Happy"]]},
     "empty": {"intervals": [[2, 2, "Happy"]]},
     "negative": {"intervals": [[-1, 2, "Happy"]]},
     "overlong": {"duration": 9, "intervals": [[1, 9.0011, "Happy"], [1, 9.001, "Happy"]]},
     "numbers": {"intervals": [[NaN, 2, "Happy"], [1, Infinity, "Happy"], [1, 1e400, "Happy"], [true, "2", "Happy"]]},
     "lists": {"intervals": [[1, 2], [1, 2, "Happy", 4], {}, [1, [2], "Happy"], [null, 2, 3]]},
     "classes": {"intervals": [[1, 2, "happy"], [1, 2, "Zzz"]]},
     "texts": {"subject": "a\\tb", "split": 3, "intervals": [[1, 2, "Ha\\nppy"], [1, 2, ""]]},
     "id\\t": {"intervals": []},
     "": {"intervals": []},
     "zero": {"duration": 0, "fps": -25, "intervals": []},
     "types": {"duration": "9", "fps": true, "subject": null, "intervals": {}},
     "huge": {"duration": 1e999, "intervals": []},
     "keys": {"durations": 9, "interval": []},
     "half": {"subject": "\\ud83d", "intervals": []},
     "none": null,
     "twice": {"intervals": []}, "twice": {"intervals": []},
     "inner": {"fps": 1, "fps": 2, "intervals": []}}}"""
    assert problems(text, classes=("Happy", "Sad")) == sorted(
        [
            ("unknown-key", "/video"),
            ("inverted-interval", "/videos/inverted/intervals/0"),
            ("empty-interval", "/videos/empty/intervals/0"),
            ("negative-interval", "/videos/negative/intervals/0"),
            ("overlong-interval", "/videos/overlong/intervals/0"),
            ("not-finite", "/videos/numbers/intervals/0/0"),
            ("not-finite", "/videos/numbers/intervals/1/1"),
            ("not-finite", "/videos/numbers/intervals/2/1"),
            ("wrong-type", "/videos/numbers/intervals/3/0"),
            ("wrong-type", "/videos/numbers/intervals/3/1"),
            ("wrong-value", "/videos/lists/intervals/0"),
            ("wrong-value", "/videos/lists/intervals/1"),
            ("wrong-type", "/videos/lists/intervals/2"),
            ("wrong-type", "/videos/lists/intervals/3/1"),
            ("wrong-type", "/videos/lists/intervals/4/0"),
            ("wrong-type", "/videos/lists/intervals/4/2"),
            ("unknown-class", "/videos/classes/intervals/0/2"),
            ("unknown-class", "/videos/classes/intervals/1/2"),
            ("wrong-subject", "/videos/texts/subject"),
            ("wrong-type", "/videos/texts/split"),
            ("wrong-label", "/videos/texts/intervals/0/2"),
            ("wrong-label", "/videos/texts/intervals/1/2"),
            ("wrong-id", "/videos/id\t"),
            ("wrong-id", "/videos/"),
            ("not-positive", "/videos/zero/duration"),
            ("not-positive", "/videos/zero/fps"),
            ("wrong-type", "/videos/types/duration"),
            ("wrong-type", "/videos/types/fps"),
            ("wrong-type", "/videos/types/subject"),
            ("wrong-type", "/videos/types/intervals"),
            ("not-finite", "/videos/huge/duration"),
            ("unknown-key", "/videos/keys/durations"),
            ("unknown-key", "/videos/keys/interval"),
            ("missing-key", "/videos/keys"),
            ("lone-surrogate", "/videos/half/subject"),
            ("wrong-type", "/videos/none"),
            ("duplicate-id", "/videos/twice"),
            ("duplicate-key", "/videos/inner/fps"),
        ]
    )


def test_everything_wrong_with_a_csv_file_is_told_at_once() -> None:
    rows = [
        "inverted,9,,,,2,1,Happy",  # line 2
        "empty,,,,,2,2,Happy",
        "negative,,,,,-1,2,Happy",
        "overlong,9,,,,1,9.0011,Happy",
        "overlong,9,,,,1,9.001,Happy",
        "n,,,,,nan,2,Happy",  # 7
        "n,,,,,1,-Infinity,Happy",
        "n,,,,,1,1e400,Happy",
        "n,,,,,one,0x2,Happy",
        "n,,,,,1_0,2,Happy",
        "c,,,,,1,2,happy",  # 12
        '"t\t",,,"a\tb",x\x7f,1,2,"Ha\tppy"',
        ",,,,,1,2,Happy",
        "zero,0,-25,,,1,2,Happy",
        "types,nine,inf,,,1,2,Happy",
        "partly,,,,,1,,Happy",  # 17
        "partly,,,,,1,2,",
        "short,,,,,1,2",
        "agree,9,25,s1,test,1,2,Happy",
        "agree,9.0,25,s1,test,1,2,Happy",
        "agree,8,24,s2,,1,2,Happy",  # 22
        "bare,,,,,,,",
        "bare,,,,,1,2,Happy",
        "late,,,,,1,2,Happy",
        "late,,,,,,,",
        '"two',  # 27, a line end within quotes
        'lines",,,,,1,2,Sad',
        "after,,,,,2,1,Sad",
    ]
    assert problems(HEADER + "\n".join(rows), classes=("Happy", "Sad")) == sorted(
        [
            ("inverted-interval", "line 2"),
            ("empty-interval", "line 3"),
            ("negative-interval", "line 4"),
            ("overlong-interval", "line 5"),
            ("not-finite", "line 7"),
            ("not-finite", "line 8"),
            ("not-finite", "line 9"),
            ("wrong-type", "line 10"),
            ("wrong-type", "line 10"),
            ("wrong-type", "line 11"),
            ("unknown-class", "line 12"),
            ("wrong-id", "line 13"),
            ("wrong-subject", "line 13"),
            ("wrong-split", "line 13"),
            ("wrong-label", "line 13"),
            ("wrong-id", "line 14"),
            ("not-positive", "line 15"),
            ("not-positive", "line 15"),
            ("wrong-type", "line 16"),
            ("not-finite", "line 16"),
            ("missing-value", "line 17"),
            ("missing-value", "line 18"),
            ("wrong-length", "line 19"),
            *[("conflicting-value", "line 22")] * 4,
            ("duplicate-id", "line 24"),
            ("duplicate-id", "line 26"),
            ("wrong-id", "line 27"),
            ("inverted-interval", "line 29"),
        ]
    )


def test_everything_wrong_with_a_database_is_told_at_once() -> None:
    text = """{"database": {
     "inverted": {"duration": 9, "annotations": [{"segment": [2, 1], "label": "Run"}]},
     "empty": {"annotations": [{"segment": [2, 2], "label": "Run"}]},
     "negative": {"annotations": [{"segment": [-1, 2], "label": "Run"}]},
     "overlong": {"duration": 9, "annotations": [{"segment": [1, 9.0011], "label": "Run"}]},
     "numbers": {"annotations": [{"segment": [NaN, 1e400], "label": "Run"}, {"segment": ["1", false], "label": "Run"},
                                 {"segment": [null, 1HUGE], "label": "Run"}]},
     "shapes": {"annotations": [3, {}, {"segment": [1], "label": "Run"}, {"segment": 5, "label": 6}]},
     "label": {"annotations": [{"segment": [1, 2], "label": "run"}, {"segment": [1, 2], "label": "R\\u0000"}]},
     "video": {"duration": 0, "subset": "a\\tb", "annotations": []},
     "null": {"duration": null, "subset": 1, "annotations": []},
     "bare": {"duration": 3},
     "other": {"annotations": {}},
     "id\\u0007": {"annotations": []},
     "list": [],
     "twice": {"annotations": []}, "twice": {"annotations": []},
     "inner": {"annotations": [], "annotations": []}}}""".replace("HUGE", "0" * 350)
    wrong = [
        ("inverted-interval", "/database/inverted/annotations/0"),
        ("empty-interval", "/database/empty/annotations/0"),
        ("negative-interval", "/database/negative/annotations/0"),
        ("overlong-interval", "/database/overlong/annotations/0"),
    ]
    always = [
        ("not-finite", "/database/numbers/annotations/0/segment/0"),
        ("not-finite", "/database/numbers/annotations/0/segment/1"),
        ("wrong-type", "/database/numbers/annotations/1/segment/0"),
        ("wrong-type", "/database/numbers/annotations/1/segment/1"),
        ("missing-value", "/database/numbers/annotations/2/segment/0"),
        ("not-finite", "/database/numbers/annotations/2/segment/1"),
        ("wrong-type", "/database/shapes/annotations/0"),
        ("missing-key", "/database/shapes/annotations/1"),
        ("missing-key", "/database/shapes/annotations/1"),
        ("wrong-length", "/database/shapes/annotations/2/segment"),
        ("wrong-type", "/database/shapes/annotations/3/segment"),
        ("wrong-type", "/database/shapes/annotations/3/label"),
        ("unknown-class", "/database/label/annotations/0/label"),
        ("wrong-label", "/database/label/annotations/1/label"),
        ("not-positive", "/database/video/duration"),
        ("wrong-subset", "/database/video/subset"),
        ("missing-value", "/database/null/duration"),
        ("wrong-type", "/database/null/subset"),
        ("missing-key", "/database/bare"),
        ("wrong-type", "/database/other/annotations"),
        ("wrong-id", "/database/id\x07"),
        ("wrong-type", "/database/list"),
        ("duplicate-id", "/database/twice"),
        ("duplicate-key", "/database/inner/annotations"),
    ]
    assert problems(text, classes=("Run",)) == sorted(wrong + always)
    assert problems(text, classes=("Run",), lenient=True) == sorted(always)


@pytest.mark.parametrize("pair", [(2, 1), (2, 2), (-1, 2), (-3, -2), (1, 50)])
def test_leniency_accepts_intervals_as_the_official_evaluator_does(pair: tuple[float, float]) -> None:
    csv = f"video_id,duration,onset,offset,label\nv,10,{pair[0]},{pair[1]},Run\n"
    for text in (own(v={"duration": 10, "intervals": [[*pair, "Run"]]}), csv, database(v=net(list(pair)))):
        assert problems(text)
        assert read(text, lenient=True)["v"].intervals == ((float(pair[0]), float(pair[1]), "Run"),)


def test_a_number_that_overflows_is_found_where_nothing_else_is_wrong() -> None:
    """No marker is left in that case, so the walk is not taken."""
    text = '{"format": "fervbench-intervals/1", "videos": {"v": {"duration": 1e400, "intervals": [[1, 1e400, "a"]]}}}'
    assert problems(text) == [("not-finite", "/videos/v/duration"), ("not-finite", "/videos/v/intervals/0/1")]
    assert problems('{"database": {"v": {"annotations": [{"segment": [1, 1e400], "label": "a"}]}}}') == [
        ("not-finite", "/database/v/annotations/0/segment/1")
    ]


def test_one_millisecond_beyond_the_end_is_tolerated_whatever_the_rounding() -> None:
    for n in range(1, 3000):
        end = n / 10
        assert not list(interval_problems(0.0, float(f"{n / 10 + 0.001:.3f}"), end))
        assert [rule for rule, _ in interval_problems(0.0, float(f"{n / 10 + 0.0011:.4f}"), end)] == [
            "overlong-interval"
        ]


def test_several_problems_of_one_interval_are_all_told() -> None:
    found = [rule for rule, _ in interval_problems(12.0, -1.0, 10.0)]
    assert found == ["inverted-interval", "negative-interval", "overlong-interval"]


@pytest.mark.parametrize(
    ("label", "hint"), [("happy", "did you mean 'Happy'?"), ("Sda", "did you mean 'Sad'?"), ("x", "known: Happy, Sad")]
)
def test_an_unknown_class_is_told_with_the_nearest(label: str, hint: str) -> None:
    for text in (own(v={"intervals": [[1, 2, label]]}), database(v=net([1, 2], label)), HEADER + f"v,,,,,1,2,{label}"):
        finding = one(text, classes=("Happy", "Sad"))
        assert (finding.rule, finding.id, finding.hint) == ("unknown-class", "v", hint)
        assert read(text), "without classes every label is one"


def test_an_unknown_key_or_column_is_told_with_the_nearest() -> None:
    assert one(own(v={"duratoin": 3, "intervals": []})).hint == "did you mean 'duration'?"
    assert one("video_id,Onset,onset,offset,label\n").hint == "did you mean 'onset'?"


def test_a_header_that_cannot_be_used_is_told_whole() -> None:
    assert problems("video_id,onset,onset,note\nv,2,1,x\n") == [
        ("duplicate-key", "line 1"),
        ("missing-key", "line 1"),
        ("missing-key", "line 1"),
        ("unknown-key", "line 1"),
    ]


def test_an_unknown_column_does_not_hide_the_rows() -> None:
    assert problems("video_id,note,onset,offset,label\nv,x,2,1,a\n") == [
        ("inverted-interval", "line 2"),
        ("unknown-key", "line 1"),
    ]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"format": "fervbench-intervals/2", "videos": {"v": {"intervals": []}}}, [("wrong-value", "/format")]),
        ({"videos": {"v": {"intervals": []}}}, [("missing-key", "")]),
        ({"format": "fervbench-intervals/1"}, [("missing-key", ""), ("wrong-type", "/videos")]),
        ({"format": "fervbench-intervals/1", "videos": []}, [("wrong-type", "/videos")]),
        ({"database": []}, [("wrong-type", "/database")]),
        (own(), [("no-videos", None)]),
        (database(), [("no-videos", None)]),
    ],
)
def test_wrong_tops_are_told(content: dict[str, Any], expected: list[tuple[str, str | None]]) -> None:
    assert problems(content) == expected


@pytest.mark.parametrize("text", [HEADER, HEADER + "\n\n"])
def test_a_csv_file_of_nothing_is_refused(text: str) -> None:
    assert problems(text) == [("no-videos", None)]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "not a file of intervals"),
        (b"clip_id,label\na,Happy\n", "not a file of intervals"),
        (b"[]", "holds no intervals"),
        (b'{"results": {}}', "holds no intervals"),
        (b'{"database": ', "is not JSON"),
        (b'\xef\xbb\xbf{"database": {}}', "byte order mark"),
        ('{"database": {}}'.encode("utf-16"), "UTF-16"),
        (b'{"database": {"\xff": 1}}', "not UTF-8"),
        (b"video_id,onset,offset,label\n\xff,1,2,a\n", "not UTF-8"),
        (b'video_id,onset,offset,label\n"a,1,2,a\n', "not CSV"),
        (b'{"database": {"v": ' + b"[" * 40 + b"NaN" + b"]" * 40 + b"}}", "nested too deeply"),
        (b'{"format": ' + b"[" * 900 + b"]" * 900 + b"}", "nested too deeply"),
        (b'{"format": ' + b"[" * 200_000 + b"]" * 200_000 + b"}", "nested too deeply"),
    ],
)
def test_what_is_no_file_of_intervals_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(LabelsError, match=said) as caught:
        read_intervals(data, "truth")
    assert len(caught.value.findings) == 1


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
@settings(deadline=None, derandomize=True)
def test_whatever_bytes_come_the_answer_is_one_error(data: bytes) -> None:
    for start in (b"", b'{"database": ', HEADER.encode()):
        with pytest.raises(LabelsError):
            read_intervals(start + data + b"\xff", "truth")


leaves = st.none() | st.booleans() | st.integers() | st.floats() | texts
values = st.recursive(leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=2))


@given(values, st.integers(0, 12))
@settings(deadline=None, derandomize=True, max_examples=400)
def test_a_wrong_value_anywhere_never_escapes_as_another_error(value: Any, place: int) -> None:
    """Either it is refused with findings, or what was read can be written and read again."""
    entry: dict[str, Any] = {"duration": 9, "fps": 25, "subject": "s", "split": "t", "intervals": [[1, 2, "a"]]}
    other: dict[str, Any] = net([1, 2])
    segment, annotation = other["annotations"][0]["segment"], other["annotations"][0]
    targets: list[tuple[Any, Any, dict[str, Any]]] = [
        *((entry, key, own(v=entry)) for key in ("duration", "fps", "subject", "split", "intervals")),
        *((entry["intervals"][0], i, own(v=entry)) for i in range(3)),
        *((segment, i, database(v=other)) for i in range(2)),
        *((annotation, key, database(v=other)) for key in ("segment", "label")),
        (other, "annotations", database(v=other)),
    ]
    container, key, content = targets[place]
    container[key] = value
    try:
        found = read(content)
    except LabelsError:
        assert problems(content)
        return
    assert read(write_intervals(found)) == found == read(write_intervals_csv(found))


@given(values, st.integers(0, 6), st.booleans())
@settings(deadline=None, derandomize=True, max_examples=400)
def test_a_database_is_the_same_with_and_without_the_quick_look(value: Any, place: int, lenient: bool) -> None:
    """Videos in which all is plain are read by a shorter way; it must never say anything else."""
    video = {"duration": 9.0, "subset": "t", "annotations": [{"segment": [1.0, 2.0], "label": "a"}]}
    segment, annotation = video["annotations"][0]["segment"], video["annotations"][0]
    places = [(segment, 0), (segment, 1), (annotation, "label"), (annotation, "segment")]
    places += [(video, key) for key in ("duration", "subset", "annotations")]
    container, key = places[place]
    container[key] = value
    content = {"database": {"v": video, "w": {"annotations": []}}}

    def outcome() -> Any:
        try:
            return repr(read(content, lenient=lenient))
        except LabelsError as error:
            return [(f.rule, f.pointer, f.message) for f in error.findings]

    quick = outcome()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(interval_files, "_plain_video", lambda *a: None)
        assert outcome() == quick
