"""Recipes: every one whole, every value with its source, and a file that is not one refused."""

from __future__ import annotations

import json
import re
from importlib.util import find_spec
from pathlib import Path

import pytest

from fervbench import schema
from fervbench.errors import InputError, UsageError
from fervbench.published.methods import methods
from fervbench.published.tables import published
from fervbench.recipes import SPOTTERS, Recipe, find_recipes, load_recipe, read_recipe, recipe_ids, recipes

ROOT = Path(__file__).resolve().parent.parent
GOOD = b"""
format = "fervbench-recipe/1"
method = "r18"
network = "r18"
[cost]
parameters = 1
flops = 1
[settings.training.epochs]
value = 3
source = "here"
"""


@pytest.mark.parametrize("id", recipe_ids())
def test_every_recipe_is_whole(id: str):
    recipe = load_recipe(id)
    needed = "frames face_size packed_face_size crop flip illumination normalise sampling_train sampling_test"
    needed += " scene_size packed_scene_size" if recipe.network.startswith("two-") else ""
    assert all(recipe.value(f"input.{key}") is not None for key in needed.split())
    needed = (
        "optimizer learning_rate learning_rate_grid weight_decay batch_size epochs schedule gamma selection held_out"
    )
    assert all(recipe.value(f"training.{key}") is not None for key in needed.split())
    assert recipe.value("training.learning_rate") in recipe.value("training.learning_rate_grid")
    assert recipe.value("network.initial_weights")
    assert recipe.value("training.selection") == "last-epoch"
    assert recipe.value("loss.name") in ("cross-entropy", "ec-stfl", "center-loss")
    assert (recipe.value("loss.weight") is None) == (recipe.value("loss.name") == "cross-entropy")
    assert recipe.scores()
    for section in recipe.settings.values():
        for setting in section.values():
            assert setting.source or (setting.pinned and setting.alternatives)


def test_every_published_method_that_is_trained_has_a_recipe():
    ferv39k = {cell.method for n in (2, 4) for cell in published(f"ferv39k/table{n}").cells if cell.method}
    dfew = {cell.method for n in (4, 5, 6) for cell in published(f"dfew/table{n}").cells if cell.method}
    zoo = {cell.method for cell in published("dfew/model-zoo").cells if cell.method}
    sdfe_lv = {cell.method for n in (3, 5) for cell in published(f"sdfe-lv/table{n}").cells if cell.method}
    bmn = {method for method in sdfe_lv if method.startswith("bmn+")}
    found = {dataset: {r.method for r in recipes().values() if r.dataset == dataset} for dataset in ("ferv39k", "dfew")}
    assert found == {"ferv39k": ferv39k, "dfew": dfew | zoo}
    assert len(ferv39k) == 17
    assert {r.method for r in recipes().values() if r.dataset == "sdfe-lv"} == bmn
    assert len(recipe_ids()) == 17 + 19 + 15


def test_names_and_files_agree():
    for recipe in recipes().values():
        name = recipe.id.partition("/")[2]
        assert recipe.method == (f"bmn+{name}" if recipe.dataset == "sdfe-lv" else name)
        base = methods()[recipe.method].base
        if base is not None:
            assert recipe.network == base


def test_the_values_that_papers_state():
    r18 = load_recipe("ferv39k/r18-lstm")
    stated = {"input.frames": 8, "training.batch_size": 32, "training.epochs": 60, "training.momentum": 0.9}
    stated |= {"training.weight_decay": 1e-4, "training.gamma": 0.95, "network.hidden": 1024}
    assert {name: r18.value(name) for name in stated} == stated
    c3d = load_recipe("dfew/c3d+ec-stfl")
    stated = {"input.frames": 16, "training.batch_size": 24, "training.gamma": 0.1, "loss.weight": 10}
    stated |= {"loss.reading": "literal", "training.schedule": "plateau"}
    assert {name: c3d.value(name) for name in stated} == stated
    assert load_recipe("dfew/c3d+center-loss").value("loss.weight") == 1e-4
    assert load_recipe("sdfe-lv/c3d").value("training.batch_size") == 24  # as on DFEW
    assert c3d.value("input.scene_size") is None
    assert c3d.value("no.such", 5) == 5


def test_quotations_stand_in_the_papers(papers: Path):
    """What a source puts between quotation marks is in the paper it names, as far as its text was recovered."""
    texts = {
        "FERV39k": ("ferv39k-cvpr-camera-ready.txt", "ferv39k-arxiv-with-appendix.txt"),
        "DFEW": ("dfew.txt",),
        "SDFE-LV": ("sdfe-lv.txt",),
    }

    def bare(text: str) -> str:
        return re.sub(r"[^a-z0-9.]", "", text.casefold().replace("\u00d7", "x").replace("$", ""))

    whole = {paper: "".join(bare((papers / f).read_text()) for f in files) for paper, files in texts.items()}
    checked, absent = 0, set()
    for recipe in recipes().values():
        for section in recipe.settings.values():
            for setting in section.values():
                paper = re.match(r"(FERV39k|DFEW|SDFE-LV)[,:]", setting.source or "")
                if paper is None:
                    continue
                for quoted in re.findall(r'"([^"]+)"', setting.source or ""):
                    for part in quoted.split(" ... "):
                        checked += 1
                        if bare(part) not in whole[paper[1]]:
                            absent.add(part)
    assert not absent
    assert checked > 300


def test_published_parameters_are_compared_only_where_that_means_something():
    said = {r.method: r.parameters_beside() for r in recipes().values() if r.dataset == "ferv39k"}
    assert said["c3d"] == "78M is printed: ours, cut to whole millions"
    assert said["two-i3d"] == "26M is printed: ours, rounded to whole millions"
    assert said["p3d"] == "no number is published"
    none = {method for method, text in said.items() if "no claim" in text}
    assert none == {"r18", "r50", "vgg13", "r18-lstm", "r50-lstm", "two-c3d", "two-r18-lstm", "two-vgg13-lstm"}
    assert not [text for text in said.values() if "another reading" in text]


@pytest.mark.skipif(find_spec("torch") is None, reason="torch is not installed: pip install 'fervbench[baselines]'")
@pytest.mark.parametrize("id", recipe_ids())
def test_the_cost_of_a_recipe_is_its_networks(id: str):
    from fervbench.reference.counting import cost
    from fervbench.reference.models import MODELS, streams_of

    recipe = load_recipe(id)
    assert recipe.network in MODELS
    streams = streams_of(recipe.network)
    if recipe.id.partition("/")[2] != recipe.network or "r101" in id or "vgg19" in id:
        same = [r for r in recipes().values() if r.network == recipe.network and "repository" not in r.id]
        assert "repository" in id or recipe.parameters in {r.parameters for r in same}
        if "repository" not in id:
            return  # its operations are those of the recipe that is named as the network
    sizes = [tuple(recipe.value("input.scene_size" if s == "scene" else "input.face_size")) for s in streams]
    found = cost(recipe.network, recipe.classes, recipe.value("input.frames"), sizes)
    assert (recipe.parameters, recipe.flops) == (found.parameters, found.flops)


def read(data: bytes) -> Recipe:
    return read_recipe(data, "ferv39k/r18", "r18.toml")


def test_a_recipe_adds_to_what_its_dataset_has_in_common():
    recipe = read(GOOD)
    assert (recipe.value("training.epochs"), recipe.value("training.batch_size"), recipe.classes) == (3, 32, 7)


@pytest.mark.parametrize(
    ("old", "new", "rule", "words"),
    [
        (b"value = 3", b"valeu = 3", "unknown-key", "unknown key 'valeu'"),
        (b"training.epochs", b"training.epoch", "unknown-key", "unknown key 'epoch'"),
        (b"settings.training", b"settings.trainning", "unknown-key", "unknown key 'trainning'"),
        (b"value = 3", b"value = 0", "wrong-value", "0 is less than the minimum of 1"),
        (b"value = 3", b'value = "3"', "wrong-type", "not of type integer"),
        (b'source = "here"', b"", "wrong-type", "a source; or why it is pinned, and the alternatives"),
        (b'source = "here"', b'pinned = "so"', "wrong-type", "a source; or why it is pinned"),
        (b'source = "here"', b'pinned = "so"\nalternatives = []', "wrong-value", ""),
        (b'method = "r18"', b"", "missing-key", "'method' is missing"),
        (b'method = "r18"', b'method = "r81"', "unknown-name", "no method 'r81'"),
        (b"flops = 1", b"", "missing-key", "'flops' is missing"),
        (b"recipe/1", b"recipe/2", "wrong-value", "fervbench-recipe/1"),
    ],
)
def test_what_is_no_recipe(old: bytes, new: bytes, rule: str, words: str):
    assert old in GOOD
    with pytest.raises(InputError) as refused:
        read(GOOD.replace(old, new))
    found = list(refused.value.findings)
    assert rule in {finding.rule for finding in found}
    assert any(words in finding.message for finding in found)


def test_the_nearest_key_is_named():
    with pytest.raises(InputError) as refused:
        read(GOOD.replace(b"epochs", b"epoch"))
    assert [finding.hint for finding in refused.value.findings] == ["did you mean 'epochs'?"]


@pytest.mark.parametrize("data", [b"\xff", b"a = ", b"a = 1\na = 2"])
def test_what_is_no_toml(data: bytes):
    with pytest.raises(InputError, match="is not TOML"):
        read(data)


def test_the_quick_check_and_jsonschema_agree_on_every_file():
    import tomllib

    import jsonschema

    for path in (ROOT / "baselines" / "recipes").rglob("*.toml"):
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        definition = schema.load("spotting-recipe" if path.stem in SPOTTERS else "recipe")
        jsonschema.Draft202012Validator.check_schema(definition)
        jsonschema.Draft202012Validator(definition).validate(content)
        assert schema.accepts(content, definition)


def test_names_that_mean_a_recipe():
    assert [r.id for r in find_recipes("dfew/C3D")] == ["dfew/c3d"]
    assert [r.id for r in find_recipes("3D-RS18")] == ["ferv39k/r3d-18", "dfew/r3d-18", "sdfe-lv/r3d-18"]
    assert [r.id for r in find_recipes("3D Resnet18")] == ["dfew/3d-resnet18"]
    assert [r.id for r in find_recipes("bmn+tsn-r50")] == ["sdfe-lv/tsn-r50"]
    assert [r.id for r in find_recipes("c3d", "sdfe-lv")] == ["sdfe-lv/c3d"]


@pytest.mark.parametrize(
    ("name", "hint"),
    [("r18-lstn", "did you mean 'r18-lstm'?"), ("ferv39/c3d", "did you mean 'ferv39k/c3d'?"), ("??", "see: fervbench")],
)
def test_a_name_that_means_none(name: str, hint: str):
    with pytest.raises(UsageError, match="no baseline") as refused:
        find_recipes(name)
    assert str(refused.value.hint).startswith(hint)
    with pytest.raises(UsageError, match="no baseline"):
        load_recipe(name)
    with pytest.raises(UsageError, match="no recipes for 'mafw'"):
        find_recipes("c3d", "mafw")


def test_a_recipe_as_json_is_whole():
    found = json.loads(json.dumps(load_recipe("dfew/p3d").to_dict()))
    assert found["published"]["WAR"] == {"value": 54.47, "table": "dfew/table4"}
    assert found["settings"]["input"]["face_size"]["alternatives"] == ["160 x 160 (DFEW's public code)"]
    assert found["parameters_published"] is None
