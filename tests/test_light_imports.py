"""What scoring imports: a good file never waits for what it does not need."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from fervbench.examples import write_example

# All that may be loaded from outside the standard library, and nothing else.
CORE = {"fervbench", "click", "numpy"}
TABLE = CORE | {"rich"}


def loaded_after(code: str, cwd: Path) -> set[str]:
    """Top-level modules from outside the standard library that a fresh interpreter holds after running `code`.

    What it holds before (an editable install's finder, say) does not count.
    """
    names = "{m.split('.')[0] for m in sys.modules}"
    script = f"import sys\nbefore = {names}\n{code}\nprint('\\n'.join(sorted({names} - before)), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", script], cwd=cwd, capture_output=True, text=True, check=True)
    found = {name for name in done.stderr.split() if name not in sys.stdlib_module_names}
    return {name for name in found if not name.startswith(("cython_runtime", "_cython_"))}  # numpy.random's own


def command(*arguments: str) -> str:
    call = f"cli.main({list(arguments)!r}, standalone_mode=False)"
    return f"from fervbench.cli import cli\ntry:\n    {call}\nexcept SystemExit: pass"


@pytest.fixture
def examples(tmp_path: Path) -> Path:
    write_example("mae-dfer-overall-only", tmp_path)
    write_example("tiny", tmp_path)
    write_example("spotting", tmp_path)
    write_example("invalid", tmp_path)
    return tmp_path


def test_a_printed_score_needs_click_numpy_and_rich(examples: Path):
    assert loaded_after(command("score", "mae-dfer-overall-only.json"), examples) == TABLE


def test_a_score_as_json_needs_click_and_numpy(examples: Path):
    assert loaded_after(command("score", "mae-dfer-overall-only.json", "--json"), examples) == CORE


def test_a_protocol_of_ones_own_needs_no_more(examples: Path):
    arguments = ("score", "tiny/predictions.json", "--protocol", "tiny/protocol.toml", "--json")
    assert loaded_after(command(*arguments), examples) == CORE


def test_proposals_need_msgspec_as_well(examples: Path):
    arguments = ("score", "spotting/proposals.json", "--protocol", "spotting/protocol.toml", "--json")
    loaded = loaded_after(command(*arguments), examples)
    assert loaded - {"typing_extensions"} == CORE | {"msgspec"}  # msgspec takes typing_extensions where it is


def test_a_bad_file_needs_jsonschema_and_what_it_needs(examples: Path):
    loaded = loaded_after(command("score", "invalid.json"), examples)
    assert "jsonschema" in loaded
    assert not loaded & {"torch", "sklearn", "scipy", "pandas", "matplotlib", "rich", "msgspec"}


def test_help_needs_click_alone(tmp_path: Path):
    assert loaded_after(command("--help"), tmp_path) == {"fervbench", "click"}


def test_baselines_are_listed_and_shown_without_torch(tmp_path: Path):
    assert loaded_after(command("baselines", "list", "--json"), tmp_path) <= CORE
    assert loaded_after(command("baselines", "show", "R18-LSTM"), tmp_path) <= TABLE


def test_the_networks_without_torch_name_the_extra():
    code = "import sys; sys.modules['torch'] = None\nimport fervbench.reference.models"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1].startswith(
        "fervbench.errors.MissingExtraError: the reference baselines (torch)"
    )


def test_importing_the_package_needs_nothing(tmp_path: Path):
    assert loaded_after("import fervbench", tmp_path) == {"fervbench"}
