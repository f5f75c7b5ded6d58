"""What is in the wheel, and that it finds its data wherever it is imported from."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built by hatchling in this environment, without the network."""
    out = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--quiet", "--no-isolation", "--wheel", "--outdir", str(out), str(ROOT)],
        check=True,
        capture_output=True,
    )
    return next(out.glob("*.whl"))


def test_the_wheel_holds_the_package_and_its_data_and_nothing_else(wheel: Path):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()

    def files(folder: str) -> set[str]:
        found = {path.relative_to(ROOT).as_posix() for path in (ROOT / folder).rglob("*") if path.is_file()}
        return {name for name in found if "__pycache__" not in name}

    data = files("protocols") | files("examples") | files("baselines")
    expected = files("fervbench") | {f"fervbench/_data/{name}" for name in data}
    assert {name for name in names if ".dist-info/" not in name} == expected
    assert "fervbench/_data/protocols/ferv39k/counts.json" in expected
    assert "fervbench/py.typed" in expected


def test_the_wheel_is_small_and_holds_no_label_lists(wheel: Path):
    assert wheel.stat().st_size < 1_000_000
    with zipfile.ZipFile(wheel) as archive:
        assert not [name for name in archive.namelist() if re.search(r"set_\d|_All", name)]


def test_data_is_found_inside_a_zipped_wheel(wheel: Path, tmp_path: Path):
    code = (
        "import fervbench\n"
        "assert fervbench.__file__.split('/')[-3].endswith('.whl'), fervbench.__file__\n"
        "for name in fervbench.list_protocols(): fervbench.load_protocol(name)\n"
        "print(len(fervbench.load_ground_truth(fervbench.load_protocol('ferv39k'))))\n"
        "from fervbench.examples import texts\n"
        "print(sorted(texts('tiny')))\n"
        "from fervbench.published.tables import published_tables\n"
        "print(len(published_tables()) > 25)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(wheel), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    assert done.stdout.splitlines()[0] == "7847"
    assert done.stdout.splitlines()[2] == "True"


def test_requirements_are_light_ranges():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = {re.split(r"[><=~!]", requirement)[0] for requirement in project["dependencies"]}
    assert names == {"click", "jsonschema", "msgspec", "numpy", "platformdirs", "rich"}
    every = project["dependencies"] + [r for extra in project["optional-dependencies"].values() for r in extra]
    assert not [requirement for requirement in every if "==" in requirement]
    assert project["requires-python"] == ">=3.11"


def test_citation_and_changelog_name_the_version():
    from fervbench import __version__

    assert f"version: {__version__}\n" in (ROOT / "CITATION.cff").read_text()
    assert f"## {__version__} " in (ROOT / "CHANGELOG.md").read_text()
