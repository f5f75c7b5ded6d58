"""What scoring imports: a good file never waits for what it does not need."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from fervbench.examples import write_example

HEAVY = ("torch", "sklearn", "scipy", "pandas", "matplotlib", "jsonschema", "ray")


def loaded_after(code: str, cwd: Path) -> set[str]:
    """Top-level modules that a fresh interpreter holds after running `code`."""
    tail = "\nimport sys; print('\\n'.join(sorted({m.split('.')[0] for m in sys.modules})), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code + tail], cwd=cwd, capture_output=True, text=True, check=True)
    return set(done.stderr.split())


def command(*arguments: str) -> str:
    call = f"cli.main({list(arguments)!r}, standalone_mode=False)"
    return f"from fervbench.cli import cli\ntry:\n    {call}\nexcept SystemExit: pass"


@pytest.fixture
def examples(tmp_path: Path) -> Path:
    write_example("mae-dfer-overall-only", tmp_path)
    write_example("tiny", tmp_path)
    write_example("invalid", tmp_path)
    return tmp_path


def test_a_good_file_imports_neither_torch_nor_sklearn_nor_scipy_nor_jsonschema(examples: Path):
    loaded = loaded_after(command("score", "mae-dfer-overall-only.json"), examples)
    assert "numpy" in loaded
    assert "rich" in loaded
    assert not loaded & set(HEAVY)


def test_json_output_does_not_import_rich(examples: Path):
    loaded = loaded_after(command("score", "mae-dfer-overall-only.json", "--json"), examples)
    assert not loaded & {*HEAVY, "rich", "platformdirs"}


def test_a_good_file_for_a_protocol_of_ones_own_does_not_import_jsonschema(examples: Path):
    loaded = loaded_after(
        command("score", "tiny/predictions.json", "--protocol", "tiny/protocol.toml", "--json"), examples
    )
    assert not loaded & set(HEAVY)


def test_a_bad_file_may_import_jsonschema_and_nothing_heavier(examples: Path):
    loaded = loaded_after(command("score", "invalid.json", "--json"), examples)
    assert "jsonschema" in loaded
    assert not loaded & (set(HEAVY) - {"jsonschema"})


def test_help_imports_click_alone(tmp_path: Path):
    loaded = loaded_after(command("--help"), tmp_path)
    assert "click" in loaded
    assert not loaded & {*HEAVY, "numpy", "rich", "platformdirs", "tomllib"}


def test_importing_the_package_imports_nothing(tmp_path: Path):
    assert not loaded_after("import fervbench", tmp_path) & {*HEAVY, "numpy", "rich", "click"}
