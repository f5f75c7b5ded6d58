"""Recipes of the spotting networks: every value with its source, and a file that is not one refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from fervbench.errors import InputError, UsageError
from fervbench.spotting_recipes import (
    find_spotting_recipe,
    load_spotting_recipe,
    read_spotting_recipe,
    spotting_recipes,
)

GOOD = (Path(__file__).resolve().parent.parent / "baselines" / "recipes" / "sdfe-lv" / "bmn.toml").read_bytes()


def test_every_value_has_a_source_or_is_pinned():
    for recipe in spotting_recipes():
        for section in recipe.settings.values():
            for setting in section.values():
                assert setting.source or (setting.pinned and setting.alternatives)
        assert recipe.published()
        assert set(recipe.stages) <= set(recipe.settings)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'network = "bmn"', b'network = "bnm"'),
        (b'stages = ["training"]', b'stages = ["tem"]'),
        (b"400 = 4978564", b'400 = "many"'),
        (b"400 = 4978564", b"few = 4978564"),
        (b'source = "public code: soft_nms_alpha"', b""),
        (b"[settings.proposals.alpha]\nvalue = 0.4", b"[settings.proposals.alpha]"),
        (b"format = ", b"format == "),
    ],
)
def test_what_is_no_recipe_is_refused(old: bytes, new: bytes):
    assert old in GOOD
    with pytest.raises(InputError):
        read_spotting_recipe(GOOD.replace(old, new, 1), "bmn.toml")


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("BMN", ("bmn", None)),
        ("sdfe-lv/turn", ("turn", None)),
        ("rc3d", ("r-c3d", None)),
        ("R-C3D, C3D", ("r-c3d", "c3d")),
        ("bmn+two-c3d", ("bmn", "two-c3d")),
    ],
)
def test_names(name: str, wanted: tuple[str, str | None]):
    found = find_spotting_recipe(name)
    assert found is not None
    assert (found[0].network, found[1]) == wanted
    assert find_spotting_recipe("R18-LSTM") is None
    with pytest.raises(UsageError):
        load_spotting_recipe("bmm")
