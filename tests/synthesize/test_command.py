"""`fervbench synthesize` as it is called."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from fervbench.cli import cli
from fervbench.cli.synthesize import DATASETS

CALL = ["synthesize", "sdfe-lv", "data", "--scale", "0.0001", "--fps", "1", "--size", "24", "--jobs", "1"]


def test_without_pillow_the_extra_is_named(tmp_path: Path):
    code = (
        "import sys; sys.modules['PIL'] = None\n"
        "from fervbench.cli import main; sys.argv = ['fervbench', 'synthesize', 'dfew', 'd']; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "pip install 'fervbench[data]'" in done.stderr
    assert not list(tmp_path.iterdir())


class TestWithPillow:
    @pytest.fixture(autouse=True)
    def pillow(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        pytest.importorskip("PIL", reason="needs the extra data")
        monkeypatch.chdir(tmp_path)

    def test_the_choices_are_the_datasets(self):
        import fervbench.synthesize

        assert tuple(fervbench.synthesize.DATASETS) == DATASETS

    def test_result_as_json_and_a_contact_sheet(self):
        result = CliRunner().invoke(cli, [*CALL, "--json", "--preview", "sheet.png"], catch_exceptions=False)
        assert result.exit_code == 0, result.stderr
        said = json.loads(result.stdout)
        assert said["clips"] == 5
        assert Path("sheet.png").read_bytes().startswith(b"\x89PNG")
        assert Path("data/SYNTHETIC.txt").read_text().startswith("SYNTHETIC DATA")
        again = CliRunner().invoke(cli, CALL, catch_exceptions=False)
        assert "5 were there already" in again.stdout
        refused = CliRunner().invoke(cli, [*CALL, "--seed", "1"], catch_exceptions=False)
        assert (refused.exit_code, refused.stdout) == (2, "")
        assert "--force" in refused.stderr
        forced = CliRunner().invoke(cli, [*CALL, "--seed", "1", "--force"], catch_exceptions=False)
        assert forced.exit_code == 0

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (["mafw", "d"], "mafw"),
            (["dfew", "d", "--scale", "2"], "scale is 2.0"),
            (["dfew", "d", "--jobs", "0"], "jobs"),
            (["dfew", "d", "--seed", "-1"], "seed"),
            (["ferv39k", "d", "--scene", "Nowhere"], "scenes: Action"),
            (["ck+", "d", "--preview", "-", "--scale", "0.001"], "'-' is not a file"),
            (["ck+", "d", "--preview", "there.png", "--scale", "0.001"], "exists already"),
        ],
    )
    def test_wrong_calls(self, arguments: list[str], said: str):
        Path("there.png").write_bytes(b"mine")
        result = CliRunner().invoke(cli, ["synthesize", *arguments], catch_exceptions=False)
        assert result.exit_code == 2
        assert said in result.stderr
        assert not Path("d").exists()
        assert Path("there.png").read_bytes() == b"mine"
