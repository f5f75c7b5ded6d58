"""`fervbench tables` and `score --against`: what people and programs see."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner, Result

from fervbench import schema
from fervbench.cli import cli
from fervbench.examples import write_example
from fervbench.published.tables import published, published_tables


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["tables", *arguments])


@pytest.fixture
def own(tmp_path: Path) -> Path:
    write_example("table", tmp_path)
    return tmp_path / "my_table.json"


def edited(path: Path, **changes: str) -> Path:
    """The example with what is printed in some columns replaced."""
    content = json.loads(path.read_text())
    for cell in content["cells"]:
        cell["printed"] = changes.get(cell["column"], cell["printed"])
    path.write_text(json.dumps(content))
    return path


def test_all_tables_are_listed() -> None:
    result = run("list", "--json")
    listed = json.loads(result.stdout)
    assert [each["id"] for each in listed] == list(published_tables())
    assert {"ferv39k/table11", "dfew/table8", "sdfe-lv/table6", "ferv39k/model-zoo"} <= {e["id"] for e in listed}
    text = run("list").stdout
    assert all(each["id"] in text for each in listed)
    assert max(map(len, text.splitlines())) <= 80


def test_a_table_is_shown_as_the_paper_lays_it_out() -> None:
    lines = run("show", "ferv39k/table3", "--no-notes").stdout.splitlines()
    assert lines[1].split() == ["Source", "\\", "Target", "DL11k", "WIS9k", "SIA10k", "AI9k"]
    assert lines[3].split() == ["DL11k", "37.69*/27.21*", "29.98/19.93", "31.15/21.87", "24.27/18.54"]
    assert lines[4].split()[2] == "40.5*/26.6*"  # as printed, the zero dropped


@pytest.mark.parametrize("id", published_tables())
def test_every_table_fits_80_columns(id: str) -> None:
    result = run("show", id)
    assert result.exit_code == 0
    assert max(map(len, result.stdout.splitlines())) <= 80
    for row in published(id).rows:
        assert row.split()[0] in result.stdout


def test_flagged_cells_have_footnotes() -> None:
    text = run("show", "dfew/table2").stdout
    assert "1.22a" in text
    assert "a  total: Disgust: 1.22 % is not 146 of 12059" in text
    assert "1.22a" not in run("show", "dfew/table2", "--no-notes").stdout


def test_hits_are_shown_where_there_is_one_number() -> None:
    lines = run("show", "dfew/table4", "--hits", "--no-notes").stdout
    for hits in ("1838/2445", "748/1894", "1471/2669", "1358/2173", "661/1469", "2/145", "185/902"):
        assert hits in lines


def test_csv_holds_every_cell_whole() -> None:
    rows = list(csv.DictReader(io.StringIO(run("show", "dfew/table7", "--csv").stdout)))
    assert len(rows) == 24
    assert rows[1] | {"table": ""} == {
        "table": "", "row": "Sports 1M", "column": "C3D, EC-STFL", "metric": "WAR", "printed": "44.91",
        "value": "44.91", "unit": "percent", "method": "c3d+ec-stfl", "source": "sports-1m", "target": "afew-val",
        "class": "", "statistic": "", "cited": "", "versions": "arxiv",
    }  # fmt: skip


def test_markdown_and_latex_mark_the_best_and_escape(own: Path) -> None:
    text = run("show", "dfew/table5", "--markdown").stdout
    assert "| 3D Resnet18,EC-STFL | **45.35** | **56.51** |" in text
    assert "45.05[a] | 56.19[a]" in text
    latex = run("show", "sdfe-lv/table3", "--latex", "--no-notes").stdout
    assert r"BMN, VGG19-LSTM & Bottom-up & 18.75 & \textbf{39.22}" in latex
    assert r"AR@1(\%)" in latex
    assert latex.count("\\midrule") == 2
    content = json.loads(own.read_text())
    for cell in content["cells"]:
        cell["row"] = "A|B_<x>"
    own.write_text(json.dumps(content))
    assert "| A\\|B_&lt;x> |" in run("show", str(own), "--markdown").stdout
    assert r"A|B\_$<$x$>$ &" in run("show", str(own), "--latex").stdout


def test_json_holds_paper_table_and_version_of_each_cell() -> None:
    shown = json.loads(run("show", "ferv39k/table2", "--json").stdout)
    two = [c for c in shown["cells"] if (c["row"], c["column"], c["metric"]) == ("Two C3D", "Experiment", "WAR")]
    assert [(c["printed"], c["value"], c["versions"], c["paper"], c["table"]) for c in two] == [
        ("63.72", 63.72, ["arxiv"], "ferv39k", "ferv39k/table2"),
        ("63.73", 63.73, ["cvpr"], "ferv39k", "ferv39k/table2"),
    ]
    assert two[0]["method"] == "two-c3d"
    assert two[0]["source"] == "all"


def test_an_audit_is_a_findings_document() -> None:
    result = run("audit", "--json")
    document = json.loads(result.stdout)
    jsonschema.Draft202012Validator(schema.load("findings")).validate(document)
    assert schema.accepts(document, schema.load("findings"))
    assert result.exit_code == 0
    severities = [finding["severity"] for finding in document["findings"]]
    assert severities == sorted(severities, key=["error", "warning", "note", "pass"].index)
    counts = document["summary"]["by_severity"]
    assert counts == {severity: severities.count(severity) for severity in counts}
    assert counts["pass"] > 50
    flagged = [f for f in document["findings"] if f["severity"] in ("error", "warning")]
    assert all(f["arithmetic"] and f["can_conclude"] and f["cannot_conclude"] for f in flagged)
    for finding in document["findings"]:
        for cell in finding["cells"]:
            place = int(cell["pointer"].removeprefix("/cells/"))
            assert published(cell["table"]).cells[place].printed == cell["printed"]


def test_an_audit_reads_on_80_columns_with_the_summary_first() -> None:
    text = run("audit").stdout
    lines = text.splitlines()
    assert "errors" in lines[0]
    assert max(map(len, lines)) <= 80
    assert lines[2].split()[0] == "rule"
    assert text.index("\nerror\n") < text.index("\nwarning\n") < text.index("\nnote\n") < text.index("\npass\n")
    assert "... and 93 more of pooled" in text
    assert "more of pooled" not in run("audit", "--rule", "pooled", "--all").stdout


def test_one_table_is_audited_with_what_other_tables_say_of_it() -> None:
    document = json.loads(run("audit", "ferv39k/table11", "--json").stdout)
    assert all(any(c["table"] == "ferv39k/table11" for c in f["cells"]) for f in document["findings"])
    rules = {f["rule"] for f in document["findings"]}
    assert {"grim", "one-experiment-two-values", "pooled"} <= rules


def test_strict_fails_on_what_is_worse_than_a_note() -> None:
    assert run("audit", "dfew/table2").exit_code == 0
    assert run("audit", "dfew/table2", "--strict").exit_code == 1
    assert run("audit", "sdfe-lv/table4", "--strict", "--rule", "average").exit_code == 0


def test_a_sound_table_of_your_own_passes(own: Path) -> None:
    result = run("check", str(own))
    assert result.exit_code == 0, result.output
    assert "0 errors, 0 warnings, 0 notes, 3 passes" in " ".join(result.stdout.split())


@pytest.mark.parametrize(
    ("changes", "rule"),
    [({"WAR": "52.09"}, "grim"), ({"UAR": "44.12"}, "recall-by-class"), ({"Disgust": "18.09"}, "grim")],
)
def test_an_altered_number_fails_the_check(own: Path, changes: dict[str, str], rule: str) -> None:
    result = run("check", str(edited(own, **changes)), "--json")
    assert result.exit_code == 1
    told = [f["rule"] for f in json.loads(result.stdout)["findings"] if f["severity"] in ("error", "warning")]
    assert rule in told


def test_everything_wrong_with_a_table_file_is_told_at_once(own: Path) -> None:
    content = json.loads(own.read_text())
    content["cells"][0]["printed"] = "about 52"
    content["cells"][1]["printed"] = "143.12"
    content["cells"][2]["value"] = 73.0
    content["cells"].append(content["cells"][3])
    own.write_text(json.dumps(content))
    result = run("check", str(own))
    assert result.exit_code == 1
    for rule in ("no-number (1)", "out-of-range (1)", "value-differs (1)", "duplicate-cell (1)"):
        assert rule in result.stderr
    assert "/cells/2/value" in result.stderr


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"protocol": "ferv93k"}, "no protocol 'ferv93k'"),
        ({"counts": {"all": {"n": 10, "per_class": {"Happy": 9}}}}, "sum to 9, not to n = 10"),
        ({"counts": {"x": {"n": 10, "members": ["y"]}}}, "x has the members y, which have no counts"),
        ({"celsl": []}, "unknown key 'celsl'"),
    ],
)
def test_counts_and_keys_that_cannot_be_used_are_told(own: Path, change: dict[str, object], message: str) -> None:
    own.write_text(json.dumps(json.loads(own.read_text()) | change))
    result = run("check", str(own))
    assert result.exit_code in (1, 3)
    assert message in result.stderr
    assert result.stdout == ""


def test_names_that_are_none_are_told_with_the_nearest() -> None:
    result = run("show", "ferv39k/tabel3")
    assert result.exit_code == 2
    assert "did you mean 'ferv39k/table" in result.stderr
    assert run("audit", "--rule", "gram").exit_code == 2
    missing = run("check", "nothing.json")
    assert missing.exit_code == 1
    assert "nothing.json" in missing.stderr
    assert run("show", "ferv39k/table3", "--json", "--csv").exit_code == 2


# score --against


def score(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["score", *arguments])


@pytest.fixture
def predictions(tmp_path: Path) -> str:
    write_example("mae-dfer-overall-only", tmp_path)
    return str(tmp_path / "mae-dfer-overall-only.json")


def test_a_submission_stands_below_the_published_rows(predictions: str) -> None:
    text = score(predictions, "--evaluation", "overall", "--against", "ferv39k/table2").stdout
    lines = text[text.index("beside ferv39k/table2") :].splitlines()
    ours = next(line.split() for line in lines if line.startswith("this submission"))
    assert ours[2] == "52.07*/43.12*"
    less = next(line for line in lines if line.startswith("less the best above"))
    assert "+7.53/+10.33" in less  # 52.07 - 44.54 and 43.12 - 32.79
    assert max(map(len, lines)) <= 80


def test_the_report_carries_the_comparison(predictions: str) -> None:
    result = score(predictions, "--evaluation", "overall", "--against", "ferv39k/table2", "--json")
    report = json.loads(result.stdout)
    jsonschema.Draft202012Validator(schema.load("report")).validate(report)
    cells = report["against"]["cells"]
    assert report["against"]["table"] == "ferv39k/table2"
    assert len(cells) == len([c for c in published("ferv39k/table2").cells if c.is_score])
    first = cells[0]
    assert (first["row"], first["metric"], first["printed"], first["value"]) == ("R18", "WAR", "39.33", 0.3933)
    overall = next(c for c in report["cells"] if c["target"] == "all")
    assert first["ours"] == overall["metrics"]["WAR"]["value"]
    assert first["difference"] == pytest.approx(first["ours"] - 0.3933)


def test_a_table_of_another_protocol_is_refused(predictions: str) -> None:
    result = score(predictions, "--against", "dfew/table4")
    assert result.exit_code == 2
    assert "dfew/table4 is a table of dfew, the submission is scored by ferv39k" in result.stderr
    result = score(predictions, "--evaluation", "overall", "--against", "ferv39k/table3")
    assert result.exit_code == 2
    assert "nothing in ferv39k/table3 was scored here" in result.stderr
    assert score(predictions, "--check", "--against", "ferv39k/table2").exit_code == 2
