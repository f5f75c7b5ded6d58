"""Write parameters and operations into every recipe's [cost]: our networks' own, at the recipe's frames and sizes.

python tools/cost_recipes.py
"""

from __future__ import annotations

import re
from pathlib import Path

from fervbench.recipes import Recipe, recipes
from fervbench.reference.counting import Cost, cost
from fervbench.reference.models import streams_of

FOLDER = Path(__file__).resolve().parent.parent / "baselines" / "recipes"


def cost_of(recipe: Recipe) -> Cost:
    """What a recipe's network costs: scenes at their size, everything else at the face's."""
    sizes = [
        tuple(recipe.value("input.scene_size" if stream == "scene" else "input.face_size"))
        for stream in streams_of(recipe.network)
    ]
    return cost(recipe.network, recipe.classes, recipe.value("input.frames"), sizes)


def main() -> None:
    for recipe in recipes().values():
        found = cost_of(recipe)
        path = FOLDER / f"{recipe.id}.toml"
        text = path.read_text(encoding="utf-8")
        text = re.sub(r"(?m)^parameters = \d+$", f"parameters = {found.parameters}", text)
        text = re.sub(r"(?m)^flops = \d+$", f"flops = {found.flops}", text)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
