"""The site as files: what it holds, that nothing of a stranger's text becomes markup, and where it may be written."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from fervbench.cli import cli
from fervbench.errors import UsageError
from fervbench.leaderboard.cache import Cache
from fervbench.leaderboard.checking import Options, check_board
from fervbench.leaderboard.site.build import STAMP, build
from fervbench.leaderboard.site.html import POLICY, link
from fervbench.leaderboard.sources import Folder

from .conftest import ABOUT, REPORTED, answers, put
from .test_hostile import INERT, REFUSED

NASTY = [
    "<script>document.title='owned'</script>",
    "<img src=x onerror=\"document.title='owned'\">",
    "'\"><svg onload=document.title='owned'>",
    "{{ 7 * 7 }} {% raw %} ${7*7}",
    "</title><base href=https://evil.example/>",
    "javascript:alert(1)",
    "]]> --> <!-- & &lt; \\",
    "=cmd|' /C calc'!A0",
    *INERT,
]
VOID = {"meta", "link", "input", "br", "img", "hr", "base"}


class Page(HTMLParser):
    """What a page holds: tags, attributes, addresses; raises where tags do not match."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs), f"an attribute stands twice in {tag}"
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def hostile(board: Path) -> None:
    """Entries whose every text is markup."""
    for i, text in enumerate(NASTY):
        paper = {"title": text, "url": "https://example.org/a", "authors": text, "venue": text}
        about = ABOUT | REPORTED | {
            "method": {"name": text, "description": text}, "team": text, "paper": paper,
            "claimed": {"overall": {"WAR": 0.4 + i / 100, "UAR": 0.35}}, "licence": text[:60],
            "caveats": [{"kind": "other", "text": text}],
            "pretraining": [{"data": text, "kind": "other"}], "extra_data": {"used": True, "details": text},
            "selection": {"split": None, "n_test_evaluations": None, "rule": text},
            "reported_in": [{"kind": "survey", "title": text, "url": "https://example.org/b", "place": text}],
        }  # fmt: skip
        put(board, f"nasty-{i}", about)


@pytest.fixture
def made(board: Path, tmp_path: Path, check: Callable[..., Any]) -> Callable[..., Path]:
    """Build the board's site."""

    def make(**options: Any) -> Path:
        found = check(board)
        build(Folder(board), found, tmp_path / "site", **options)
        return tmp_path / "site"

    return make


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Any]:
    """A filled board, its site, and what its check found."""
    folder = tmp_path_factory.mktemp("world")
    board = folder / "submissions"
    board.mkdir()
    filled(board)
    found = check_board(Folder(board), Cache(folder / "cache"), Options())
    build(Folder(board), found, folder / "site")
    return board, folder / "site", found


def filled(board: Path) -> None:
    """Two scored entries, a reported one, and the hostile ones."""
    put(board, "first", predictions=answers(1, 0.6))
    put(board, "second", predictions=answers(2, 0.3))
    put(board, "third", ABOUT | REPORTED | {"claimed": {"overall": {"WAR": 0.52, "UAR": 0.43}}})
    hostile(board)


def test_pages_are_whole_and_hold_nothing_of_a_strangers_making(world: tuple[Path, Path, Any]):
    _, site, _ = world
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > 40
    for path in pages:
        page = Page(path.read_text(encoding="utf-8"))
        assert page.open == []
        policy = next(a["content"] for t, a in page.tags if t == "meta" and a.get("http-equiv"))
        assert policy == POLICY
        assert "unsafe" not in policy
        for tag, attributes in page.tags:
            assert tag not in ("base", "iframe", "object", "embed", "img", "style")
            assert not any(name.startswith("on") or name == "style" for name in attributes)
            if tag == "script":
                assert str(attributes["src"]).removeprefix("../").removeprefix("../").startswith(("static/", "data/"))
            for name in ("href", "src", "action", "formaction"):
                address = attributes.get(name)
                if address is None or tag in ("link",):
                    continue
                if address.startswith("https://"):
                    assert link(address) == address
                    assert "noopener" in str(attributes.get("rel"))
                else:
                    assert not re.match(r"[a-z]+:|//", address), address
                    target = (path.parent / address.partition("#")[0]).resolve()
                    assert not address.partition("#")[0] or target.is_file(), f"{path.name}: {address}"
    shown = Page((site / "ferv39k" / "entries" / "nasty-0.html").read_text(encoding="utf-8")).text
    assert NASTY[0] in shown
    assert "49" not in Page((site / "ferv39k" / "entries" / "nasty-3.html").read_text(encoding="utf-8")).text[:200]


def test_entries_that_are_refused_are_left_out_and_break_nothing(board: Path, made: Callable[..., Path]):
    for i, (_, about, predictions, _) in enumerate(REFUSED):
        put(board, f"refused-{i}", about, predictions)
    put(board, "good", ABOUT | REPORTED | {"claimed": {"overall": {"WAR": 0.52}}})
    site = made()
    assert [path.name for path in (site / "ferv39k" / "entries").iterdir()] == ["good.html"]


def test_every_kind_of_page_is_there(world: tuple[Path, Path, Any]):
    _, site, _ = world
    for name in ("index", "resolve", "submit", "tables/index", "tables/ferv39k-table3", "ferv39k/index",
                 "ferv39k/overall", "ferv39k/overall-face", "ferv39k/compare", "ferv39k/clips",
                 "ferv39k/matrix-cross-scenario", "ferv39k/entries/first"):  # fmt: skip
        assert (site / f"{name}.html").is_file(), name
    entry = (site / "ferv39k" / "entries" / "first.html").read_text(encoding="utf-8")
    for word in ("Talkshow", "Signature", "fervbench|p:ferv39k", "@misc{ferv39k-first", "True class in rows"):
        assert word in entry
    front = Page((site / "index.html").read_text(encoding="utf-8")).text
    assert "could be first" in front


def test_what_a_page_says_is_what_the_board_says(world: tuple[Path, Path, Any]):
    from fervbench.leaderboard.ranking import boards, draw

    _, site, found = world
    ground = found.grounds["ferv39k"]
    ranking = boards(ground.protocol, found.entries, draw(ground, found.kept))[0]
    text = (site / "ferv39k" / "index.html").read_text(encoding="utf-8")
    rows = re.findall(r'<td class="num rank" data-v="[0-9]+">([0-9]+)</td>.*?entries/([a-z0-9-]+)\.html.*?<b>([0-9.]+)',
                      text, re.DOTALL)  # fmt: skip
    said = [(str(r.rank), r.entry.slug, f"{100 * r.value:.2f}") for r in ranking.rows]
    assert rows == said
    data = json.loads((site / "data" / "ferv39k.json").read_text(encoding="utf-8"))
    assert data["rankings"][0]["rows"] == ranking.to_dict()["rows"]


def test_pairs_are_those_of_compare(world: tuple[Path, Path, Any]):
    import fervbench

    board, site, _ = world
    protocol = fervbench.load_protocol("ferv39k")
    files = [board / "ferv39k" / slug / "predictions.json.gz" for slug in ("first", "second")]
    read = [fervbench.read_submission(file, protocol) for file in files]
    expected = fervbench.compare(protocol, *read)
    script = (site / "data" / "ferv39k.js").read_text(encoding="utf-8")
    data = json.loads(script.removeprefix("window.fervbench = ").rstrip(";\n"))
    pair = data["pairs"]["overall"]["first second"]
    whole = expected.cell("all", evaluation="overall")
    assert pair["only"] == [whole["only_first"], whole["only_second"]]
    for metric in ("WAR", "UAR"):
        for mine, theirs, within in (
            ("difference", "difference", 1e-4),
            ("low", "ci_low", 4e-3),
            ("high", "ci_high", 4e-3),
        ):
            assert pair["metrics"][metric][mine] == pytest.approx(whole["metrics"][metric][theirs], abs=within)
    assert pair["metrics"]["WAR"]["p"] == pytest.approx(whole["metrics"]["WAR"]["p"], rel=1e-3)
    for target, (only_first, only_second, _) in pair["targets"].items():
        cell = expected.cell(target, evaluation="overall")
        assert [only_first, only_second] == [cell["only_first"], cell["only_second"]]


def test_clips_that_nobody_gets_right(world: tuple[Path, Path, Any]):
    from fervbench import load_ground_truth, load_protocol

    _, site, _ = world
    truth = load_ground_truth(load_protocol("ferv39k"))
    names = load_protocol("ferv39k").classes
    both = [answers(1, 0.6)["predictions"], answers(2, 0.3)["predictions"]]
    lost = [id for id, c in zip(truth.ids, truth.label, strict=True) if all(a[id] != names[c] for a in both)]
    listed = (site / "data" / "ferv39k-overall-wrong-by-all.txt").read_text(encoding="utf-8").split()
    assert listed == sorted(lost)


def test_csv_holds_no_formula(world: tuple[Path, Path, Any]):
    import csv

    with (world[1] / "data" / "ferv39k.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    for row in rows:
        for cell in row:
            assert not cell.startswith(("=", "+", "@", "\t", "\r", "|")), cell
            assert not cell.startswith("-") or re.fullmatch(r"-[0-9.e+-]+", cell)
    assert any("'=cmd" in cell for row in rows for cell in row)


def test_the_same_board_gives_the_same_bytes(world: tuple[Path, Path, Any], tmp_path: Path):
    board, site, _ = world
    found = check_board(Folder(board), Cache(tmp_path / "another cache"), Options())
    build(Folder(board), found, tmp_path / "again")
    assert (tmp_path / "again" / STAMP).read_bytes() == (site / STAMP).read_bytes()


def test_only_a_folder_of_ours_is_replaced(board: Path, made: Callable[..., Path], tmp_path: Path):
    put(board, "one", ABOUT | REPORTED | {"claimed": {"overall": {"WAR": 0.52}}})
    theirs = tmp_path / "site"
    theirs.mkdir()
    (theirs / "thesis.tex").write_text("years of work")
    with pytest.raises(UsageError, match="was not built by fervbench"):
        made()
    with pytest.raises(UsageError, match="was not built by fervbench"):
        made(force=True)
    assert (theirs / "thesis.tex").read_text() == "years of work"
    (theirs / "thesis.tex").unlink()
    site = made()  # empty: fine
    made()  # ours: replaced
    (site / "CNAME").write_text("board.example.org")
    with pytest.raises(UsageError, match="holds 1 files that no build wrote: CNAME"):
        made()
    assert (site / "CNAME").is_file()
    made(force=True)
    assert not (site / "CNAME").exists()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".site")] == []


def test_a_build_that_fails_leaves_the_old_one(
    board: Path, made: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    from fervbench.leaderboard.site import build as module

    put(board, "one", ABOUT | REPORTED | {"claimed": {"overall": {"WAR": 0.52}}})
    site = made()
    before = (site / STAMP).read_bytes()

    def broken(chapters: Any) -> Any:
        yield "index.html", "half"
        raise RuntimeError("killed")

    monkeypatch.setattr(module, "content", broken)
    with pytest.raises(RuntimeError):
        made()
    assert (site / STAMP).read_bytes() == before
    assert (site / "index.html").read_text(encoding="utf-8") != "half"
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".site")] == []


def test_the_command(board: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    put(board, "one", ABOUT | REPORTED | {"claimed": {"overall": {"WAR": 0.52}}})
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FERVBENCH_CACHE", str(tmp_path / "cache"))
    result = CliRunner().invoke(cli, ["leaderboard", "build", "--out", "out", "--json"], catch_exceptions=False)
    assert result.exit_code == 0
    said = json.loads(result.stdout)
    assert said["entries"] == 1
    assert said["files"] == len([p for p in (tmp_path / "out").rglob("*") if p.is_file()]) - 1
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "x").write_text("x")
    refused = CliRunner().invoke(cli, ["leaderboard", "build", "--out", "mine"])
    assert refused.exit_code == 2
    assert "was not built by fervbench" in refused.stderr


@pytest.mark.parametrize(
    "address",
    ["http://a.b", "javascript:alert(1)", "JAVASCRIPT:1", "//evil", "https://a b", "https://a/\"x", "data:text/html,x",
     "https://a\n", "https://user@evil.example/", None],
)  # fmt: skip
def test_addresses_that_are_no_links(address: str | None):
    assert link(address) is None


def test_spotting_and_folds_have_pages(tmp_path: Path, check: Callable[..., Any]):
    """The examples, as boards of two protocols given by path: curves, folds, a board without frozen labels."""
    from fervbench.examples import write_example
    from fervbench.leaderboard.checking import protocols_from

    for name in ("tiny", "spotting"):
        write_example(name, tmp_path)
    board = tmp_path / "submissions"
    made = []
    for name, file, evaluation, metric in (
        ("tiny", "predictions.json", "five-fold", "WAR"), ("spotting", "proposals.json", "spotting", "AUC"),
    ):  # fmt: skip
        folder = tmp_path / name
        grounds = protocols_from((str(folder / "protocol.toml"),))
        (id,) = grounds
        made.append((id, grounds[id]))
        about = ABOUT | {"protocol": id, "claimed": {evaluation: {metric: None}}}
        put(board, "one", about, (folder / file).read_bytes(), protocol=id)
        second = json.loads((folder / file).read_text())
        if "proposals" in second:
            second["proposals"] = {k: v[:2] for k, v in second["proposals"].items()}
        else:
            for run in second.get("runs", [second]):
                run["predictions"] = dict.fromkeys(run["predictions"], "Happy")
        put(board, "two", about, json.dumps(second).encode(), protocol=id)
    found = check(board, grounds=dict(made))
    assert len(found.entries) == 4, found.findings
    build(Folder(board), found, tmp_path / "site")
    curve = Page((tmp_path / "site" / made[1][0] / "entries" / "one.html").read_text(encoding="utf-8"))
    assert "Average recall against proposals" in curve.text
    folds = Page((tmp_path / "site" / made[0][0] / "entries" / "one.html").read_text(encoding="utf-8"))
    assert "fd3" in folds.text
    data = (tmp_path / "site" / "data" / f"{made[1][0]}.js").read_text(encoding="utf-8")
    assert '"one two"' in data or '"two one"' in data
