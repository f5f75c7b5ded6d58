"""docs/cluster.md and its scripts name options that there are, and the scripts are shell."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from fervbench.cli.run_baseline import run_baseline

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = ("cluster.md", "slurm-ray.sh", "slurm-array.sh")
OPTIONS = {name for param in run_baseline.params for name in param.opts if name.startswith("--")}


def commands(text: str) -> list[list[str]]:
    """What stands after `run-baseline`, or is handed to it through a script, up to the line's end."""
    joined = text.replace("\\\n", " ")
    found = re.findall(r"(?:fervbench run-baseline|slurm-(?:ray|array)\.sh) (-.*)", joined)
    return [shlex.split(line.partition("||")[0], comments=True) for line in found]


@pytest.mark.parametrize("page", PAGES)
def test_options_are_those_of_the_command(page: str):
    found = commands((DOCS / page).read_text())
    assert found
    for words in found:
        used = {word for word in words if word.startswith("--")}
        assert used <= OPTIONS, used - OPTIONS
        given = {"--device", "--runner", "--ray-address"} & used
        assert "--table" in used or given, words


@pytest.mark.parametrize("page", [page for page in PAGES if page.endswith(".sh")])
def test_scripts_are_shell(page: str):
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("bash is not installed")
    subprocess.run([bash, "-n", str(DOCS / page)], check=True)
