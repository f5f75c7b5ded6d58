"""Protocols: what ships, what the definitions say, and what a bad definition is told."""

from __future__ import annotations

import itertools
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from fervbench import schema
from fervbench.errors import InputError, NotAvailableError, ProtocolFileError
from fervbench.protocol import build, list_protocols, load_protocol
from fervbench.resources import data_dir

# A published version is frozen: scores name it. To change anything in a protocol is to make a new version of it, and a
# new line here; a line that is here never changes.
FROZEN = {
    ("activitynet", "1.0.0"): "758f1b4c2dbbafe0417eb7d1a86f05eb2468a25e0532b8d741d5c80348e9d8e5",
    ("dfew", "1.0.0"): "0e5209601750832b5528597bc5acf5ef8f9ae43b070fc06b5e50801217d9207a",
    ("ferv39k", "1.0.0"): "eba0289b7ca7cff2fa47cf744f55b60c13f7040b72263bd16c3eee664c2cac41",
    ("mafw", "1.0.0"): "cfabaf3db1f72311dc3a266005bd9ac8e043917b39132d6d73ed80aa280f659a",
    ("sdfe-lv", "1.0.0"): "4fea317accfb7a315a4787fdb5123e133b6e4841bf848834ffdc9feb1ba1160b",
}

# Paper of FERV39k, section 3.2, with the spellings of the folders (research/datasets.md, 1.1)
SCENARIOS = {
    "DL11k": {"Argue", "Social", "School", "Medicine", "Conflict", "DailyLife"},
    "WIS9k": {"Action", "ScholarReport", "Speech", "ElegantArt", "Liveshow", "Talkshow"},
    "SIA10k": {"Business", "Experiment", "OfficialEvent", "Crime", "Interview", "Contest"},
    "AI9k": {"History", "Terror", "War", "Crisis"},
}
SHIPPED = ["activitynet", "dfew", "ferv39k", "mafw", "sdfe-lv"]


def shipped(name: str) -> dict[str, Any]:
    return tomllib.loads((data_dir("protocols") / f"{name}.toml").read_text(encoding="utf-8"))


def small() -> dict[str, Any]:
    """Two leaves and one configuration above them: enough for every rule."""
    return {
        "format": "fervbench-protocol/1",
        "id": "small",
        "version": "0.1.0",
        "title": "Small",
        "task": "recognition",
        "classes": ["Happy", "Sad"],
        "default_source": "all",
        "aggregation": "pooled",
        "ground_truth": {"kind": "labels"},
        "configurations": {
            "all": {"level": "top", "members": ["b", "a"]},
            "a": {"level": "leaf"},
            "b": {"level": "leaf"},
        },
        "evaluations": {"overall": {"kind": "grid", "source_levels": ["top"], "target_levels": ["top", "leaf"]}},
    }


def problems(document: dict[str, Any]) -> list[tuple[str, str | None, str]]:
    """(rule, pointer, message and hint) of every finding on a document that must be refused."""
    with pytest.raises(ProtocolFileError) as caught:
        build(document, Path(), "p.toml")
    assert caught.value.exit_code == 1
    return [(f.rule, f.pointer, f"{f.message} | {f.hint}") for f in caught.value.findings]


def test_the_shipped_protocols_are_the_ones_that_are_documented() -> None:
    assert list_protocols() == SHIPPED


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_protocol_keeps_to_the_schema(name: str) -> None:
    document = shipped(name)
    jsonschema.Draft202012Validator(schema.load("protocol")).validate(document)
    assert build(document, data_dir("protocols"), name) == load_protocol(name)


@pytest.mark.parametrize(("name", "version"), sorted(FROZEN))
def test_a_published_version_never_changes(name: str, version: str) -> None:
    protocol = load_protocol(name)
    assert (protocol.id, protocol.version) == (name, version)
    assert protocol.sha256 == FROZEN[name, version], "a protocol changed: give it a new version"


@pytest.mark.parametrize("name", SHIPPED)
def test_layout_and_comments_of_the_file_do_not_change_the_sha256(name: str, tmp_path: Path) -> None:
    text = (data_dir("protocols") / f"{name}.toml").read_text(encoding="utf-8")
    other = tmp_path / "other.toml"
    other.write_text("# a comment\n\n" + text.replace(" = ", "  =  "), encoding="utf-8")
    assert load_protocol(other).sha256 == FROZEN[name, load_protocol(name).version]
    other.write_text(text.replace('version = "1.0.0"', 'version = "1.0.1"'), encoding="utf-8")
    assert load_protocol(other).sha256 != FROZEN[name, load_protocol(name).version]


def test_ferv39k_has_27_configurations() -> None:
    levels = [c.level for c in load_protocol("ferv39k").configurations.values()]
    assert {level: levels.count(level) for level in levels} == {"overall": 1, "scenario": 4, "scene": 22}


def test_ferv39k_scenes_belong_to_the_scenarios_of_the_paper() -> None:
    protocol = load_protocol("ferv39k")
    assert {name: set(protocol.configurations[name].leaves) for name in SCENARIOS} == SCENARIOS
    everything = set().union(*SCENARIOS.values())
    assert len(everything) == 22
    assert set(protocol.configurations["all"].leaves) == set(protocol.leaves) == everything
    assert protocol.configurations["War"].leaves == ("War",)


def test_ferv39k_evaluations_have_the_cells_of_the_papers_tables() -> None:
    evaluations = load_protocol("ferv39k").evaluations
    names = {*SCENARIOS, *set().union(*SCENARIOS.values())}
    assert {id: len(e.cells) for id, e in evaluations.items()} == {
        "overall": 27,
        "per-configuration": 27,
        "cross-scenario": 4 * 26,
    }
    assert set(evaluations["overall"].cells) == {("all", target) for target in {"all", *names}}
    assert set(evaluations["per-configuration"].cells) == {(name, name) for name in {"all", *names}}
    assert set(evaluations["cross-scenario"].cells) == {(s, target) for s in SCENARIOS for target in names}


def test_a_source_is_tested_on_what_any_evaluation_asks() -> None:
    protocol = load_protocol("ferv39k")
    assert len(protocol.sources) == 27
    assert len(protocol.targets("all")) == 27
    assert len(protocol.targets("DL11k")) == 26
    assert protocol.targets("War") == ("War",)


@pytest.mark.parametrize("name", ["dfew", "mafw"])
def test_a_protocol_of_folds_tests_five_models_each_on_its_own_fold(name: str) -> None:
    protocol = load_protocol(name)
    folds = tuple(f"fd{k}" for k in range(1, 6))
    assert protocol.leaves == protocol.sources == folds
    assert protocol.evaluations["five-fold"].cells == tuple((fold, fold) for fold in folds)
    assert protocol.default_source == "each-fold"


@pytest.mark.parametrize(("given", "canonical"), [("1", "00001"), ("00001", "00001"), ("123456", "123456"), ("²", "²")])
def test_dfew_ids_are_padded_to_five_digits_and_nothing_else_is_touched(given: str, canonical: str) -> None:
    assert load_protocol("dfew").ids.canonical(given) == canonical


def test_ferv39k_ids_are_taken_as_they_are() -> None:
    ids = load_protocol("ferv39k").ids
    assert ids.canonical("1") == "1"
    assert ids.looks_right("Interview/Happy/0118")
    assert not ids.looks_right("Interview/Happy/118")
    assert not ids.looks_right("Interview/Happy/0118\n")


@pytest.mark.parametrize(("given", "near"), [("dfwe", "dfew"), ("FERV39K", "ferv39k"), ("ferv39", "ferv39k")])
def test_an_unknown_name_is_told_the_nearest_known_one(given: str, near: str) -> None:
    with pytest.raises(NotAvailableError, match="no protocol") as caught:
        load_protocol(given)
    assert caught.value.exit_code == 3
    assert caught.value.hint is not None
    assert caught.value.hint.startswith(f"did you mean '{near}'?")


@pytest.mark.parametrize("given", ["", "zzzzzzzz", "..", "*"])
def test_a_name_like_no_other_is_told_all_known_ones(given: str) -> None:
    with pytest.raises(NotAvailableError) as caught:
        load_protocol(given)
    assert caught.value.hint is not None
    assert caught.value.hint.startswith("known: activitynet, dfew, ferv39k, mafw, sdfe-lv")


def test_a_protocol_by_path_works_wherever_a_name_does(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes((data_dir("protocols") / "mafw.toml").read_bytes())
    assert load_protocol(path) == load_protocol(str(path)) == load_protocol("mafw")
    assert load_protocol(path).folder == tmp_path


def test_a_path_to_nothing_is_a_protocol_that_is_absent(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "absent.toml", tmp_path / "file" / "absent.toml", "no/where"):
        with pytest.raises(NotAvailableError, match="no such file") as caught:
            load_protocol(path)
        assert (caught.value.exit_code, caught.value.file) == (3, str(path))


def test_a_path_to_what_cannot_be_read_is_invalid(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / ("x" * 5000), tmp_path / "a\0b"):
        with pytest.raises(InputError) as caught:
            load_protocol(path)
        assert caught.value.exit_code == 1


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b'title = "caf\xe9"', "is not UTF-8"),
        (b"title = ", "is not TOML"),
        (b"a = 1\na = 2", "is not TOML"),
        (b"a = " + b"9" * 5000, "is not TOML"),
        (b"a = " + b"[" * 5000, "is not TOML"),
    ],
    ids=["latin-1", "cut", "twice", "endless number", "endless depth"],
)
def test_a_file_that_is_no_toml_is_an_error_of_one_line(data: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "p.toml"
    path.write_bytes(data)
    with pytest.raises(ProtocolFileError, match=said) as caught:
        load_protocol(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


def test_the_small_protocol_of_this_file_is_good() -> None:
    protocol = build(small(), Path(), "p.toml")
    assert protocol.configurations["all"].leaves == ("b", "a")
    assert protocol.leaves == ("a", "b")


def test_an_unknown_key_is_told_the_nearest_known_one_and_where_it_stands() -> None:
    document = small()
    document["titel"] = "Small"
    document["evaluations"]["overall"]["target_level"] = ["leaf"]
    document["zzzzz"] = 1
    found = {pointer: text for rule, pointer, text in problems(document) if rule == "unknown-key"}
    assert set(found) == {"/titel", "/evaluations/overall/target_level", "/zzzzz"}
    assert "did you mean 'title'?" in found["/titel"]
    assert "did you mean 'target_levels'?" in found["/evaluations/overall/target_level"]
    assert "known here: format, id" in found["/zzzzz"]


def test_everything_that_breaks_the_schema_is_found_at_once() -> None:
    document = small()
    del document["title"]
    document["version"] = "1.0"
    document["classes"] = ["Happy", "Happy"]
    document["aggregation"] = "mean"
    document["configurations"]["a"]["level"] = 3
    document["ground_truth"]["sizes"] = {"a": 0, "b": True}
    assert {(rule, pointer) for rule, pointer, _ in problems(document)} == {
        ("missing-key", ""),
        ("wrong-value", "/version"),
        ("wrong-value", "/classes"),
        ("wrong-value", "/aggregation"),
        ("wrong-type", "/configurations/a/level"),
        ("wrong-value", "/ground_truth/sizes/a"),
        ("wrong-type", "/ground_truth/sizes/b"),
    }


def test_every_name_that_refers_to_nothing_is_found_at_once() -> None:
    document = small()
    document["configurations"]["all"]["members"] = ["a", "bb"]
    document["configurations"]["pooled"] = {"level": "leaf"}
    document["evaluations"]["overall"]["source_levels"] = ["topp"]
    document["evaluations"]["other"] = {"kind": "grid", "source_levels": ["top"]}
    document["default_source"] = "al"
    document["ground_truth"] = {"kind": "counts", "sizes": {"c/d": 1}}
    document["ids"] = {"pattern": "["}
    found = problems(document)
    assert {(rule, pointer) for rule, pointer, _ in found} == {
        ("unknown-name", "/configurations/all/members/1"),
        ("reserved-name", "/configurations/pooled"),
        ("unknown-name", "/evaluations/overall/source_levels/0"),
        ("missing-key", "/evaluations/other"),
        ("unknown-name", "/default_source"),
        ("missing-key", "/ground_truth"),
        ("unknown-name", "/ground_truth/sizes/c~1d"),
        ("wrong-value", "/ids/pattern"),
    }
    hints = {pointer: text for _, pointer, text in found}
    assert "no configuration 'bb' | did you mean 'b'?" in hints["/configurations/all/members/1"]
    assert "no level 'topp' | did you mean 'top'?" in hints["/evaluations/overall/source_levels/0"]
    assert "did you mean 'all'?" in hints["/default_source"]


@pytest.mark.parametrize("name", ["pooled", "fold-mean", "each-fold"])
def test_names_that_reports_use_themselves_are_reserved(name: str) -> None:
    document = small()
    document["configurations"][name] = {"level": "leaf"}
    assert [(rule, pointer) for rule, pointer, _ in problems(document)] == [
        ("reserved-name", f"/configurations/{name}")
    ]


def test_only_the_members_of_a_circle_are_called_circular() -> None:
    document = small()
    document["configurations"]["a"]["members"] = ["c"]
    document["configurations"]["c"] = {"level": "leaf", "members": ["a"]}
    found = [(rule, pointer) for rule, pointer, _ in problems(document)]
    assert found == [("circular", "/configurations/a/members"), ("circular", "/configurations/c/members")]


def test_members_of_members_are_counted_once_however_many_ways_lead_to_them() -> None:
    """Each of 60 levels holds both of the level below: 2**60 ways down."""
    document = small()
    names = [("a", "b"), *((f"l{i}", f"r{i}") for i in range(60))]
    for below, pair in itertools.pairwise(names):
        for name in pair:
            document["configurations"][name] = {"level": "between", "members": list(below)}
    document["configurations"]["all"]["members"] = list(names[-1])
    assert build(document, Path(), "p.toml").configurations["all"].leaves == ("a", "b")


def test_members_of_members_are_followed_to_any_depth() -> None:
    document = small()
    for i in range(1200):
        document["configurations"][f"c{i}"] = {"level": "between", "members": [f"c{i + 1}" if i < 1199 else "b"]}
    document["configurations"]["all"]["members"] = ["c0"]
    assert build(document, Path(), "p.toml").configurations["all"].leaves == ("b",)


@pytest.mark.parametrize("pattern", ["(", "a{99999999999999999999}", "(?P<a>x)(?P<a>y)"])
def test_an_id_pattern_that_python_cannot_use_is_a_finding(pattern: str) -> None:
    document = small() | {"ids": {"pattern": pattern}}
    assert [(rule, pointer) for rule, pointer, _ in problems(document)] == [("wrong-value", "/ids/pattern")]


def test_each_fold_needs_folds() -> None:
    assert [(r, p) for r, p, _ in problems(small() | {"default_source": "each-fold"})] == [
        ("unknown-name", "/default_source")
    ]


def of_folds(default_source: str = "each-fold", **configurations: Any) -> dict[str, Any]:
    """Folds f1 and f2 and what else is given."""
    folds = {"f1": {"level": "fold"}, "f2": {"level": "fold"}}
    return small() | {
        "default_source": default_source,
        "configurations": folds | configurations,
        "evaluations": {"folds": {"kind": "folds", "source_levels": ["fold"]}},
    }


LEVELS = "/evaluations/folds/source_levels"


def test_folds_that_share_clips_are_refused_because_pooling_counts_them_twice() -> None:
    document = of_folds(o={"level": "o", "members": ["f1", "f2"]})
    assert build(document, Path(), "p.toml").leaves == ("f1", "f2")
    document["evaluations"]["folds"]["source_levels"] = ["o", "fold"]
    ((rule, pointer, text),) = problems(document)
    assert (rule, pointer) == ("overlap", LEVELS)
    assert "'o' and 'f1' are folds of one evaluation and share 'f1'" in text
    assert "count twice" in text


def test_folds_that_share_a_leaf_of_another_level_are_refused() -> None:
    document = of_folds(
        x={"level": "leaf"}, a={"level": "half", "members": ["f1", "x"]}, b={"level": "half", "members": ["x", "f2"]}
    )
    document["evaluations"]["folds"]["source_levels"] = ["half"]
    ((rule, pointer, text),) = problems(document)
    assert (rule, pointer) == ("overlap", LEVELS)
    assert "'b' and 'a' are folds of one evaluation and share 'x'" in text
    document["configurations"]["b"]["members"] = ["f2"]
    assert len(build(document, Path(), "p.toml").evaluations["folds"].cells) == 2


def test_a_leaf_that_is_in_no_fold_is_refused_where_the_short_form_answers_every_fold() -> None:
    document = of_folds(extra={"level": "leaf"})
    ((rule, pointer, text),) = problems(document)
    assert (rule, pointer) == ("left-out", LEVELS)
    assert "'extra' belongs to no fold" in text
    assert build(of_folds("f1", extra={"level": "leaf"}), Path(), "p.toml").default_source == "f1"


def test_a_default_source_that_no_evaluation_trains_on_is_refused() -> None:
    ((rule, pointer, text),) = problems(small() | {"default_source": "a"})
    assert (rule, pointer) == ("unused-source", "/default_source")
    assert "no evaluation has the source 'a'" in text
    assert "sources: all" in text


def test_a_subset_that_the_splitter_does_not_make_is_refused() -> None:
    document = shipped("sdfe-lv")
    document["spotting"]["subset"] = "testing"
    ((rule, pointer, text),) = problems(document)
    assert (rule, pointer) == ("unknown-name", "/spotting/subset")
    assert "parts: train, validation, test" in text
