"""Exports, run the way the platforms run them: same folders, same calls, good and bad submissions."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from fervbench.cli import cli
from fervbench.errors import NotAvailableError, UsageError
from fervbench.examples import write_example
from fervbench.leaderboard.exports import codabench, escaping, evalai
from fervbench.leaderboard.exports.results import load

from .conftest import ABOUT, REPORTED, answers, put

START, END = "2027-01-15", "2027-06-30"


def run(*arguments: str) -> Any:
    return CliRunner().invoke(cli, list(arguments), catch_exceptions=False)


def unpack(data: bytes, folder: Path) -> Path:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert all(not name.startswith(("/", "..")) for name in archive.namelist())
        archive.extractall(folder)
    return folder


def expected(file: Path, *options: str) -> dict[str, Any]:
    """What `fervbench score` says of a file: the metrics of the cell that is ranked."""
    result = run("score", str(file), *options, "--json")
    assert result.exit_code == 0, result.stderr
    cells = json.loads(result.stdout)["cells"]
    wanted = {"overall": "all", "five-fold": "pooled", "spotting": "all"}
    cell = next(c for c in cells if c["target"] == wanted[c["evaluation"]] and c["aggregate"] is None)
    return cell["metrics"]


def changed(predictions: dict[str, str]) -> bytes:
    """A file with other predictions."""
    return json.dumps({**answers(1), "predictions": predictions}).encode()


class Codabench:
    """A worker: /app with the program, the reference data and a submission, and the command of metadata.yaml."""

    def __init__(self, bundle: bytes, folder: Path) -> None:
        self.bundle = unpack(bundle, folder / "bundle")
        self.app = folder / "app"
        competition = yaml.safe_load((self.bundle / "competition.yaml").read_text(encoding="utf-8"))
        task = competition["tasks"][0]
        (self.app / "input" / "res").mkdir(parents=True)
        (self.bundle / task["scoring_program"]).rename(self.app / "program")
        (self.bundle / task["reference_data"]).rename(self.app / "input" / "ref")
        self.competition = competition

    def __call__(self, files: dict[str, bytes]) -> tuple[int, dict[str, float] | None, str, str]:
        for name, content in files.items():
            path = self.app / "input" / "res" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        command = yaml.safe_load((self.app / "program" / "metadata.yaml").read_text(encoding="utf-8"))["command"]
        assert command == "python3 /app/program/score.py /app/input/ /app/output/"
        words = [word.replace("/app/", f"{self.app}/") for word in shlex.split(command)]
        done = subprocess.run(
            [sys.executable, "-I", *words[1:]], capture_output=True, text=True, check=False, timeout=300
        )
        scores, page = self.app / "output" / "scores.json", self.app / "output" / "detailed_results.html"
        for path in files:
            (self.app / "input" / "res" / path).unlink()
        found = json.loads(scores.read_text()) if scores.exists() else None
        html = page.read_text(encoding="utf-8") if page.exists() else ""
        for path in (scores, page):
            path.unlink(missing_ok=True)
        assert not (self.app / "output" / "metadata").exists()
        return done.returncode, found, html, done.stdout + done.stderr


@pytest.mark.slow
def test_codabench_scores_as_fervbench_does(tmp_path: Path):
    good = tmp_path / "predictions.json"
    good.write_text(json.dumps(answers(1)))
    worker = Codabench(codabench.bundle("ferv39k", start=START), tmp_path)
    (worker.app / "program" / "fervbench" / "_version.py").write_text('__version__ = "9.9.9"\n')
    code, scores, page, log = worker({"predictions.json": good.read_bytes(), "__MACOSX/._predictions.json": b"x"})
    assert code == 0, log
    assert "v:9.9.9" in log  # the bundle's own fervbench has scored, not the one that is installed
    metrics = expected(good)
    columns = [c["key"] for c in worker.competition["leaderboards"][0]["columns"]]
    assert scores is not None
    assert sorted(scores) == sorted(columns)
    for key in ("WAR", "UAR", "macro_F1", "weighted_F1"):
        of = metrics[key]
        assert scores[key] == pytest.approx(of["value"], abs=1e-10)
        assert scores[f"{key}_half"] == pytest.approx((of["ci_high"] - of["ci_low"]) / 2, abs=1e-10)
    assert all(re.fullmatch(r"-?[0-9]+(\.[0-9]{1,10})?", f"{v:.10f}") for v in scores.values())
    assert f"{100 * metrics['WAR']['value']:.2f}" in page

    bad: list[tuple[str, dict[str, bytes], str]] = [
        ("nothing", {}, "holds 0"),
        ("two files", {"a.json": b"{}", "b.json": b"{}"}, "holds 2"),
        ("not JSON", {"p.json": b"{"}, "JSON"),
        ("NaN", {"p.json": json.dumps(answers(1)).replace('"Happy"', "NaN", 1).encode()}, "finite"),
        ("half", {"p.json": changed(dict(list(answers(1)["predictions"].items())[:9]))}, "unanswered"),
        ("markup", {"p.json": changed({"<script>alert(1)</script>": "Happy"})}, "unknown"),
    ]  # fmt: skip
    for name, files, word in bad:
        code, scores, page, log = worker(files)
        assert (code, scores) == (1, None), name
        assert word in log, (name, log)
        assert "Not scored" in page, name
        assert "<script" not in page, name
        assert "Traceback" not in log, name


def test_codabench_yaml_has_the_keys_of_the_documentation():
    files = zipfile.ZipFile(io.BytesIO(codabench.bundle("ferv39k", start=START)))
    content = yaml.safe_load(files.read("competition.yaml"))
    names = set(files.namelist())
    assert content["version"] == 2
    for page in content["pages"]:
        assert page["file"] in names
    assert {content["image"], content["terms"]} <= names
    assert files.read("logo.png").startswith(b"\x89PNG")
    (phase,), (task,) = content["phases"], content["tasks"]
    assert phase["tasks"] == [task["index"]]
    assert str(phase["start"]) == START
    board = content["leaderboards"][0]
    assert [c["index"] for c in board["columns"]] == list(range(len(board["columns"])))
    for column in board["columns"]:
        assert len(column["key"]) <= 36
        assert len(column["title"]) <= 36
        assert re.fullmatch(r"[A-Za-z0-9_]+", column["key"])
        assert column["sorting"] in ("asc", "desc")
    known = {"version", "title", "description", "image", "terms", "registration_auto_approve", "docker_image",
             "make_programs_available", "make_input_data_available", "enable_detailed_results", "contact_email",
             "show_detailed_results_in_submission_panel", "show_detailed_results_in_leaderboard",
             "auto_run_submissions", "pages", "phases", "tasks", "leaderboards"}  # fmt: skip
    assert set(content) <= known
    assert codabench.bundle("ferv39k", start=START) == codabench.bundle("ferv39k", start=START)


WORKER = """
import importlib, json, sys
sys.path.insert(0, sys.argv[1])
module = importlib.import_module("challenge_data.challenge_1")  # as EvalAI's worker does
out = []
for file in sys.argv[3:]:
    try:
        out.append(module.evaluate(sys.argv[2], file, "test", submission_metadata={"id": 1}))
    except Exception as error:
        out.append({"failed": type(error).__name__, "text": str(error)})
print(json.dumps(out, allow_nan=False))
"""


def evalai_worker(bundle: bytes, folder: Path, files: list[Path]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Install a challenge as EvalAI does and evaluate submissions."""
    root = unpack(bundle, folder / "challenge")
    configuration = yaml.safe_load((root / "challenge_config.yaml").read_text(encoding="utf-8"))
    place = folder / "worker" / "challenge_data" / "challenge_1"
    place.mkdir(parents=True)
    (place.parent / "__init__.py").write_text("")
    unpack((root / configuration["evaluation_script"]).read_bytes(), place)
    annotations = root / configuration["challenge_phases"][0]["test_annotation_file"]
    (folder / "worker.py").write_text(WORKER)
    words = [folder / "worker.py", folder / "worker", annotations, *files]
    done = subprocess.run(
        [sys.executable, "-I", *map(str, words)], capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return configuration, json.loads(done.stdout)


@pytest.mark.slow
def test_evalai_evaluates_as_fervbench_does(tmp_path: Path):
    good, bad, broken = (tmp_path / f"{name}.json" for name in ("good", "bad", "broken"))
    good.write_text(json.dumps(answers(2)))
    bad.write_text(json.dumps({**answers(2), "predictions": {"War/Fear/0001": "Happpy", "nothing": "Sad"}}))
    broken.write_text("{")
    configuration, said = evalai_worker(evalai.bundle("ferv39k", start=START, end=END), tmp_path, [good, bad, broken])
    metrics = expected(good)
    split = configuration["dataset_splits"][0]["codename"]
    labels = configuration["leaderboard"][0]["schema"]["labels"]
    assert configuration["leaderboard"][0]["schema"]["default_order_by"] in labels
    (scores,), (errors,) = said[0]["result"], said[0]["error"]
    assert list(scores) == list(errors) == [split]
    assert list(scores[split]) == labels
    assert list(errors[split]) == [f"error_{label}" for label in labels]
    for label in labels:
        of = metrics[label]
        assert scores[split][label] == of["value"]
        assert errors[split][f"error_{label}"] == pytest.approx((of["ci_high"] - of["ci_low"]) / 2)
    assert set(said[0]) <= {"result", "error", "submission_result", "submission_metadata"}
    for failed in said[1:]:
        assert failed["failed"] == "ValueError"
        assert "Traceback" not in failed["text"]
    assert "unknown" in said[1]["text"]
    phases = {phase["id"] for phase in configuration["challenge_phases"]}
    for split_of in configuration["challenge_phase_splits"]:
        assert split_of["challenge_phase_id"] in phases
    for key in ("description", "evaluation_details", "terms_and_conditions", "submission_guidelines"):
        assert (tmp_path / "challenge" / configuration[key]).is_file()


@pytest.mark.slow
@pytest.mark.parametrize(("name", "file"), [("tiny", "predictions.json"), ("spotting", "proposals.json")])
def test_labels_of_a_protocol_by_path_travel_with_the_bundle(tmp_path: Path, name: str, file: str):
    write_example(name, tmp_path)
    protocol = str(tmp_path / name / "protocol.toml")
    metrics = expected(tmp_path / name / file, "--protocol", protocol)
    worker = Codabench(codabench.bundle(protocol, start=START), tmp_path)
    for path in (tmp_path / name).iterdir():
        if path.name != file:
            path.unlink()  # nothing but the bundle knows the labels now
    code, scores, _, log = worker({"predictions.json": (tmp_path / name / file).read_bytes()})
    assert code == 0, log
    assert scores is not None
    first = "AUC" if name == "spotting" else "WAR"
    assert scores[first] == pytest.approx(metrics[first]["value"], abs=1e-10)
    _, said = evalai_worker(
        evalai.bundle(write_again(name, tmp_path), start=START, end=END), tmp_path, [tmp_path / name / file]
    )
    assert said[0]["result"][0]["test"][first] == metrics[first]["value"]


def write_again(name: str, folder: Path) -> str:
    (folder / "again").mkdir()
    write_example(name, folder / "again")
    return str(folder / "again" / name / "protocol.toml")


def test_licensed_labels_go_nowhere_unasked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("FERVBENCH_DATA", str(tmp_path))
    for made in (lambda: codabench.bundle("dfew", start=START), lambda: evalai.bundle("dfew", start=START, end=END)):
        with pytest.raises(NotAvailableError, match="licensed"):
            made()


def test_unknown_evaluations_and_days_are_refused(tmp_path: Path):
    with pytest.raises(UsageError, match="no evaluation"):
        codabench.bundle("ferv39k", start=START, evaluation="x")
    assert run("export", "codabench", "ferv39k", "--start", "soon", "-o", str(tmp_path / "a.zip")).exit_code == 2
    assert (
        run("export", "evalai", "ferv39k", "--start", END, "--end", START, "-o", str(tmp_path / "a.zip")).exit_code == 2
    )
    (tmp_path / "a.zip").write_text("mine")
    assert run("export", "codabench", "ferv39k", "--start", START, "-o", str(tmp_path / "a.zip")).exit_code == 2
    assert (tmp_path / "a.zip").read_text() == "mine"


@pytest.fixture
def report(tmp_path: Path) -> Path:
    file = tmp_path / "predictions.json"
    file.write_text(json.dumps(answers(3)))
    assert run("score", str(file), "--output", str(tmp_path / "report.json")).exit_code == 0
    return tmp_path / "report.json"


def test_huggingface_model_index(report: Path, board: Path):
    result = run("export", "huggingface", str(report), "--name", 'My: "model" # 1\n')
    front = result.stdout
    assert front.startswith("---\n")
    (model,) = yaml.safe_load(front.strip("-\n"))["model-index"]
    assert model["name"] == 'My: "model" # 1\n'
    metrics = json.loads(report.read_text())["cells"][0]["metrics"]
    overall = next(block for block in model["results"] if block["dataset"]["config"] == "overall")
    values = {metric["name"]: metric["value"] for metric in overall["metrics"]}
    assert values["WAR"] == metrics["WAR"]["value"]
    for block in model["results"]:
        assert block["task"]["type"]
        assert {"type", "name"} <= set(block["dataset"])
        assert all({"type", "value"} <= set(metric) for metric in block["metrics"])
        assert all("verified" not in metric for metric in block["metrics"])
    put(board, "one", ABOUT | REPORTED | {"claimed": {"overall": {"WAR": 0.52}}})
    said = yaml.safe_load(run("export", "huggingface", "ferv39k/one", "--dir", str(board)).stdout.strip("-\n"))
    block = said["model-index"][0]["results"][0]
    assert block["metrics"] == [{"type": "accuracy", "name": "WAR", "value": 0.52}]
    assert block["source"] == {"name": "A paper", "url": "https://example.org/paper"}


def test_rows(report: Path):
    found = load(str(report))
    war = found.scores["overall"]["WAR"]
    assert war["value"] is not None
    text = run("export", "row", str(report), "--name", "Mine").stdout.splitlines()
    assert text[0] == "| Method | WAR | UAR | macro F1 | weighted F1 |"
    assert text[2].startswith(f"| Mine | {100 * war['value']:.2f} \u00b1 ")
    tex = run("export", "row", str(report), "--to", "latex", "--no-header", "--name", "Mine").stdout
    assert tex.startswith(f"Mine & {100 * war['value']:.2f} $\\pm$ ")
    lines = list(csv.DictReader(io.StringIO(run("export", "row", str(report), "--to", "csv").stdout)))
    assert float(lines[0]["value"]) == war["value"]
    assert lines[0]["signature"] == found.signature
    assert run("export", "row", "nothing.json").exit_code == 1
    assert run("export", "row", "ferv39k/nothing", "--dir", str(report.parent)).exit_code == 2


NAMES = [
    "<script>alert(1)</script>", "a|b", "[x](javascript:alert(1))", "\\input{/etc/passwd}", "$x$ 100% & #1 ~^_{}",
    "=HYPERLINK(1)", "+1", "-1", "@SUM(A1)", "`code`", "![x](https://e/x.png)", "@someone #12 https://evil.example",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("form", ["markdown", "latex", "csv"])
def test_names_are_inert_in_each_sink(
    board: Path, name: str, form: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("FERVBENCH_CACHE", str(tmp_path / "cache"))
    put(board, "odd", ABOUT | REPORTED | {"method": {"name": name}, "claimed": {"overall": {"WAR": 0.52}}})
    for text in (
        run("export", "row", "ferv39k/odd", "--dir", str(board), "--to", form).stdout,
        run("export", "table", "ferv39k", "--dir", str(board), "--to", form).stdout,
    ):
        harmless(text, form)


def harmless(text: str, form: str) -> None:
    """No markup of a stranger's left in a document of one row."""
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
    lines = text.rstrip("\n").split("\n")
    if form == "csv":
        head, *rows = csv.reader(io.StringIO(text))
        for row in rows:
            assert len(row) == len(head)
            assert not any(cell.startswith(("=", "+", "-", "@", "\t", "|")) and not _is_number(cell) for cell in row)
    elif form == "markdown":
        head, _, *rows = lines
        assert len(rows) == 1
        assert len(re.findall(r"(?<!\\)\|", rows[0])) == len(re.findall(r"(?<!\\)\|", head))
        assert not re.search(r"(?<!\\)[<\[`!]|(?<!\\)\]\(|https:|@\w|#\d", rows[0])
    else:
        (row,) = [line for line in lines if line.endswith("\\\\")][1:]
        assert row.count("&") - row.count("\\&") == lines[2].count("&")
        plain = re.sub(r"\\(textbackslash|textasciitilde|textasciicircum|textless|textgreater|textbar|textquotedbl|"
                       r"textasciigrave)\{\}|\\[&%#_${}]|\$\\pm\$|\{\[\}|\{\]\}|\\\\$", "", row)  # fmt: skip
        assert not re.search(r"[\\{}$%#~^_<>`|]", plain), plain


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


@given(st.text(max_size=60))
def test_yaml_reads_back_what_was_written(text: str):
    value = {"a": text, "list": [{"b": text, "n": 1}, text], "empty": {}, "none": None}
    if not any(0xD800 <= ord(c) <= 0xDFFF for c in text):
        assert yaml.safe_load(escaping.yaml(value)) == value


@given(st.text(max_size=40))
def test_no_text_breaks_a_table(text: str):
    for escape in (escaping.markdown, escaping.latex):
        assert "\n" not in escape(text)
    assert len(re.findall(r"(?<!\\)(?:\\\\)*\|", escaping.markdown(text))) == 0
    (row,) = csv.reader(io.StringIO(escaping.csv(("a", "b"), [(text, 1)]).split("\n", 1)[1]))
    assert len(row) == 2
    assert not row[0].lstrip().startswith(("=", "+", "-", "@"))
