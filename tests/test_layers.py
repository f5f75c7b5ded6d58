"""Imports point downwards: a module imports only what stands below it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "fervbench"

# Longest prefix wins. A module may import modules of a lower level, or of its own.
LEVELS = {
    "_version": 0,
    "findings": 0,
    "errors": 0,
    "resources": 0,
    "files": 0,
    "strict_json": 0,
    "schema": 0,
    "metrics": 1,
    "protocol": 2,
    "protocol_checks": 2,
    "labels_file": 2,
    "embedded": 2,
    "label_checks": 2,
    "interval_truth": 2,
    "interval_checks": 2,
    "interval_files": 2,
    "splits": 2,
    "ground_truth": 2,
    "readers": 2,
    "submission": 3,
    "report": 3,
    "scoring": 4,
    "spotting_scoring": 4,
    "uncertainty": 4,
    "comparing": 4,
    "variance": 4,
    "powering": 4,
    "comparing_spotting": 4,
    "statistics": 4,
    "examples": 4,
    "published": 4,
    "recipes": 4,
    "labels": 4,
    "spotting_recipes": 4,
    "pack": 5,
    "plots": 5,
    "leaderboard": 5,
    "synthesize": 5,
    "reference": 6,
    "grid": 6,
    "cli": 7,
    "__main__": 8,
    "": 9,  # the public surface, fervbench/__init__.py
}
# What a level may import from outside the standard library.
OUTSIDE = {
    0: {"jsonschema", "platformdirs"},
    1: {"numpy"},
    2: {"numpy"},
    3: {"numpy", "msgspec"},
    4: {"numpy", "openpyxl"},
    5: {"jinja2", "markupsafe", "matplotlib", "numpy", "PIL", "simplejpeg", "av"},
    6: {"matplotlib", "numpy", "ray", "sklearn", "torch"},
    7: {"click", "rich"},
    8: set(),
    9: set(),
}
KNOWN_OUTSIDE = set().union(*OUTSIDE.values()) | {"torch", "scipy", "sklearn"}


def level(module: str) -> int:
    name = module.removeprefix("fervbench").removeprefix(".")
    return LEVELS[name.split(".")[0]]


def imports(path: Path) -> set[str]:
    """Every module that a file imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            if node.module == "fervbench":
                found |= {f"fervbench.{alias.name}" for alias in node.names}
            else:
                found.add(node.module)
    return found


def modules() -> list[tuple[str, Path]]:
    names = []
    for path in sorted(PACKAGE.rglob("*.py")):
        name = ".".join(["fervbench", *path.relative_to(PACKAGE).with_suffix("").parts]).removesuffix(".__init__")
        names.append((name, path))
    return names


@pytest.mark.parametrize(("name", "path"), modules(), ids=lambda value: str(value) if isinstance(value, str) else "")
def test_a_module_imports_only_what_stands_below_it(name: str, path: Path):
    own = level(name)
    for imported in imports(path):
        top = imported.split(".")[0]
        if top == "fervbench":
            assert level(imported) <= own, f"{name} imports {imported}, which stands above it"
        elif top in KNOWN_OUTSIDE:
            assert top in OUTSIDE[own], f"{name} imports {imported}"


def test_the_metrics_know_nothing_else_of_the_package():
    for name, path in modules():
        if name.startswith("fervbench.metrics"):
            assert all(i.startswith("fervbench.metrics") for i in imports(path) if i.startswith("fervbench")), name


def test_only_render_modules_import_rich():
    users = {path.name for _, path in modules() if any(i.split(".")[0] == "rich" for i in imports(path))}
    names = ("baselines", "comparing", "grid", "labels", "leaderboard", "matrix", "protocols", "spotting", "tables")
    assert users == {"render.py", *(f"render_{name}.py" for name in names)}


def test_only_the_reference_baselines_import_torch():
    users = {name for name, path in modules() if any(i.split(".")[0] == "torch" for i in imports(path))}
    assert users
    assert all(name.split(".")[1] == "reference" for name in users), users


def test_every_module_has_a_level():
    assert {name.removeprefix("fervbench").removeprefix(".").split(".")[0] for name, _ in modules()} == set(LEVELS)


def test_no_two_modules_import_each_other():
    """Imports at the top of modules form no circle, whatever their level."""
    graph = {}
    names = {name for name, _ in modules()}
    for name, path in modules():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        at_top = ast.Module([node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))], [])
        found = set()
        for node in at_top.body:
            if isinstance(node, ast.ImportFrom) and node.module:
                found |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
        graph[name] = (found & names) - {"fervbench", name}
    done: set[str] = set()

    def visit(name: str, above: tuple[str, ...]) -> None:
        assert name not in above, " -> ".join([*above, name])
        if name not in done:
            for imported in graph[name]:
                visit(imported, (*above, name))
            done.add(name)

    for name in graph:
        visit(name, ())
