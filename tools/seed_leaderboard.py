"""Make the entries of `submissions/` that no team has handed in: the papers' baselines, and results others report.

Baselines come from the published tables that ship with the package (`baselines/published`), number by number; other
results from `reported_results.toml` beside this file. Nothing is replaced that is not of this kind (`x-made-by`).

    python tools/seed_leaderboard.py            write submissions/
    python tools/seed_leaderboard.py --check    exit 1 if what would be written is not what stands there
"""

from __future__ import annotations

import argparse
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

from fervbench.leaderboard.entries import SUBMISSION
from fervbench.leaderboard.making import about_text
from fervbench.leaderboard.wording import is_slug
from fervbench.published.methods import methods
from fervbench.published.tables import Table, TableCell, published

ROOT = Path(__file__).resolve().parent.parent
MADE_BY = "tools/seed_leaderboard.py"
LICENCE = "CC0-1.0"
YEARS = {"ferv39k": 2022, "dfew": 2020, "sdfe-lv": 2022}
TEAMS = {"ferv39k": "Wang et al.", "dfew": "Jiang et al.", "sdfe-lv": "Xu et al."}
VENUES = {"ferv39k": "CVPR 2022", "dfew": "ACM MM 2020", "sdfe-lv": "arXiv"}
SCRATCH = {"ferv39k", "dfew"}  # "All the models are trained from scratch"; "we train models from scratch"
EVALUATIONS = {"ferv39k": "overall", "dfew": "five-fold", "sdfe-lv": "spotting"}
# The tables whose rows are baselines, best source first; a cell counts once.
TABLES = {
    "ferv39k": ("table2", "table4", "table6", "table8", "table10", "table3", "table5", "table7", "table9", "table11"),
    "dfew": ("table4", "table5", "table6"),
    "sdfe-lv": ("table3", "table5", "table6"),
}
AUDIT = {
    "ferv39k": "Its rows on scenes, scenarios and all clips are not of one prediction file: fervbench tables audit.",
    "sdfe-lv": "Which videos are the test part is not published: ranks with nothing but the paper's other rows.",
}  # fmt: skip


def main() -> None:
    """Write, or compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    board = ROOT / "submissions"
    made = {
        f"{about['protocol']}/{slug}/{SUBMISSION}": about_text(about) for slug, about in [*baselines(), *reported()]
    }
    here = {path.relative_to(board).as_posix(): path for path in board.glob(f"*/*/{SUBMISSION}")}
    ours = {name for name, path in here.items() if f'"{MADE_BY}"' in path.read_text(encoding="utf-8")}
    stale = sorted(ours - made.keys())
    other = sorted(name for name in made if name not in here or here[name].read_text(encoding="utf-8") != made[name])
    if options.check:
        for name in [*stale, *other]:
            print(f"differs: {name}")
        sys.exit(1 if stale or other else 0)
    for name in stale:
        here[name].unlink()
        here[name].parent.rmdir()
    for name in other:
        path = board / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(made[name], encoding="utf-8")
    print(f"{len(made)} entries, {len(other)} of them written, {len(stale)} removed")


def share(cell: TableCell) -> float:
    """The printed number as a share of 1, with its own decimals."""
    return float((cell.exact / 100).normalize())


def baselines() -> list[tuple[str, dict[str, Any]]]:
    """Entries of the papers' tables, of the authors' repositories, and of re-runs under the originals' names."""
    found = []
    for paper, names in TABLES.items():
        by_method: dict[str, list[tuple[Table, TableCell]]] = {}
        for name in names:
            table = published(f"{paper}/{name}")
            for cell in table.cells:
                if cell.is_score and cell.method and cell.metric != "recall" and cell.value is not None:
                    by_method.setdefault(cell.method, []).append((table, cell))
        found += [entry for id, cells in by_method.items() if (entry := baseline(paper, id, cells)) is not None]
        if paper == "sdfe-lv":
            continue
        zoo, again = (published(f"{paper}/{name}") for name in ("model-zoo", "reruns"))
        known = {slug for slug, _ in found}
        for table, relation in ((zoo, "variant-of"), (again, "rerun-of")):
            rows: dict[str, list[tuple[Table, TableCell]]] = {}
            for cell in table.cells:
                if cell.is_score and cell.method and cell.method not in by_method:
                    rows.setdefault(cell.method, []).append((table, cell))
            for id, cells in rows.items():
                entry = baseline(paper, id, cells)
                if entry is None:
                    continue
                slug, about = entry
                original = slug_of(methods()[id].rerun_of or id.partition("--")[0])
                about["caveats"] = [again_caveat(relation, cells[0][1])]
                about["pretraining"] = about["extra_data"] = None
                about.pop("input", None)
                if relation == "rerun-of":
                    about["paper"], about["team"] = None, "not given by the source"
                    about["method"]["description"] = "Another run than the original's authors', by whom is not said."
                if original in known:
                    about["links"] = [{"relation": relation, "entry": f"{paper}/{original}"}]
                found.append((slug, about))
    return found


def again_caveat(relation: str, cell: TableCell) -> dict[str, str]:
    """What a row outside the paper is."""
    if relation == "rerun-of":
        text = f"Not the paper's number: a re-run that survey pages print under the original's name ({cell.where})."
        return {"kind": "rerun", "text": text}
    text = "From the README of the authors' repository: raw frames, not the paper's 16 interpolated ones."
    return {"kind": "protocol", "text": text}


def slug_of(id: str) -> str:
    """A method's id as a slug: `c3d+ec-stfl` is `c3d-ec-stfl`."""
    return re.sub(r"-+", "-", re.sub(r"[^a-z0-9]+", "-", id.lower())).strip("-")


def baseline(paper: str, id: str, cells: list[tuple[Table, TableCell]]) -> tuple[str, dict[str, Any]] | None:
    """The entry of one method, with its headline and every other cell of its own."""
    method = methods()[id]
    protocol = cells[0][0].protocol
    if protocol is None:
        return None
    first: dict[tuple[str | None, str | None, str], tuple[Table, TableCell]] = {}
    for table, cell in cells:
        first.setdefault((cell.source, cell.target, cell.metric), (table, cell))
    headline = {"ferv39k": ("all", "all"), "dfew": ("five-fold", "pooled")}.get(paper)
    claimed: dict[str, float] = {}
    rest: dict[tuple[str, str | None, str | None], dict[str, float]] = {}
    used: dict[str, Table] = {}
    for (source, target, metric), (table, cell) in first.items():
        at_head = headline == (source, target) if headline else target == "sdfe-lv" and source == "dfew"
        if at_head:
            claimed[metric] = share(cell)
        elif paper == "ferv39k" and source in ("all", "DL11k", "WIS9k", "SIA10k", "AI9k"):
            evaluation = "overall" if source == "all" else "cross-scenario"
            rest.setdefault((evaluation, source, target), {})[metric] = share(cell)
        else:
            continue
        used[table.id] = table
    if not claimed:
        return None
    evaluation = EVALUATIONS[paper]
    table = next(iter(used.values()))
    two = method.two_stream
    about: dict[str, Any] = {
        "format": "fervbench-entry/1",
        "protocol": protocol,
        "method": {"name": method.name, "id": id, "description": f"{method.family}, a baseline of the authors."},
        "team": TEAMS[paper],
        "year": YEARS[paper],
        "paper": {"title": title_of(table), "authors": TEAMS[paper], "venue": VENUES[paper], "year": YEARS[paper],
                  "url": table.paper["url"]},
        "code": None,
        "pretraining": [] if paper in SCRATCH else [{"data": "DFEW", "kind": "expressions"}],
        "extra_data": {"used": False, "details": "none"} if paper in SCRATCH else None,
        "modalities": ["face", "context"] if two else ["face"],
        "selection": None,
        "claimed": {evaluation: claimed},
        "reported_in": [source_of(each) for each in list(used.values())[:10]],
        "licence": LICENCE,
        "x-made-by": MADE_BY,
    }  # fmt: skip
    scenarios = ("DL11k", "WIS9k", "SIA10k", "AI9k")
    pairs = [(a, b) for a in scenarios for b in scenarios if a != b]
    if all(("cross-scenario", a, b) in rest for a, b in pairs):  # the headline of the transfer: the mean over the pairs
        about["claimed"]["cross-scenario"] = {
            metric: round(sum(rest["cross-scenario", a, b][metric] for a, b in pairs) / len(pairs), 6)
            for metric in ("WAR", "UAR")
        }
        text = "Cross-scenario: the mean over the 12 pairs of Table 3, computed here; the paper prints the pairs."
        about["caveats"] = [{"kind": "other", "text": text}]
    if rest:
        about["cells"] = [
            {"evaluation": e, "source": s, "target": t, "scores": scores} for (e, s, t), scores in rest.items()
        ]
    if paper in AUDIT:
        kind = "contradiction" if paper == "ferv39k" else "protocol"
        about.setdefault("caveats", []).append({"kind": kind, "text": AUDIT[paper]})
    if method.note:
        about.setdefault("caveats", []).append({"kind": "other", "text": method.note})
    if method.base and method.base != id:
        about["links"] = [{"relation": "variant-of", "entry": f"{protocol}/{slug_of(method.base)}"}]
    if paper == "ferv39k":
        about["input"] = {"frames": 8, "size": 112}
    elif paper == "dfew":
        about["input"] = {"frames": 16, "size": 112}
    return slug_of(id), about


def title_of(table: Table) -> str:
    """The title within a citation: what stands between the authors and the venue."""
    return table.paper["cite"].split(", ", 1)[1].rsplit(", ", 1)[0]


def source_of(table: Table) -> dict[str, str]:
    """Where a table is printed."""
    where = table.paper.get("place", "")
    if where.startswith("https://"):
        kind = "survey" if "urvey" in where or "Survey" in where else "repository"
        return {"kind": kind, "title": table.title, "url": where, "place": table.paper["table"], "table": table.id}
    return {"kind": "paper", "title": title_of(table), "url": table.paper["url"], "place": table.paper["table"],
            "table": table.id}  # fmt: skip


def reported() -> list[tuple[str, dict[str, Any]]]:
    """Entries of `reported_results.toml`, one for each dataset of a row."""
    content = tomllib.loads((Path(__file__).parent / "reported_results.toml").read_text(encoding="utf-8"))
    found = []
    for row in content["row"]:
        names = [name for name in ("dfew", "ferv39k") if name in row]
        found += [(row["slug"], entry_of(row, name, content["sources"])) for name in names]
    return found


def entry_of(row: dict[str, Any], protocol: str, sources: dict[str, Any]) -> dict[str, Any]:
    """One reported result as an entry."""
    if not is_slug(row["slug"]):
        raise SystemExit(f"no slug: {row['slug']}")
    printed = dict(zip(("UAR", "WAR"), row[protocol], strict=True))
    claimed = {metric: round(value / 100, 6) for metric, value in sorted(printed.items()) if value != "-"}
    places = [sources[name] for name in row.get("sources", ())]
    if "own" in row:
        url = row.get("own_url") or row.get("code")
        own = {"kind": row.get("own_kind", "repository"), "title": f"{row['name']}, by its authors", "url": url}
        places.insert(0, own | {"place": row["own"]})
    about: dict[str, Any] = {
        "format": "fervbench-entry/1",
        "protocol": protocol,
        "method": {"name": row["name"]},
        "team": row["team"],
        "year": row["year"],
        "paper": None,
        "code": {"url": row["code"]} if "code" in row else None,
        "pretraining": None,
        "extra_data": None,
        "modalities": row.get("modalities"),
        "selection": None,
        "claimed": {EVALUATIONS[protocol]: claimed},
        "reported_in": places,
        "licence": LICENCE,
        "x-made-by": MADE_BY,
    }
    if "title" in row and "url" in row:
        about["paper"] = {"title": row["title"], "authors": row["team"], "year": row["year"], "url": row["url"]}
        if "venue" in row:
            about["paper"]["venue"] = row["venue"]
    elif "title" in row:
        about["method"]["description"] = f"{row['title']} ({row['venue']})."
    if "pretraining" in row:
        about["pretraining"] = [
            {"data": text.split(" ", 1)[1], "kind": text.split(" ", 1)[0]} for text in row["pretraining"]
        ]
    if "extra" in row:
        about["extra_data"] = {"used": True, "details": row["extra"]}
    if "zero_shot" in row:
        about["zero_shot"] = row["zero_shot"]
    size = {key: row[key] for key in ("frames", "size") if key in row}
    if size:
        about["input"] = size
    if "views" in row:
        about["views"] = row["views"]
    if "selection" in row:
        about["selection"] = {"n_test_evaluations": None} | row["selection"]
    caveats = [c for c in row.get("caveats", ()) if c.get("only") in (None, protocol)]
    if caveats:
        about["caveats"] = [{"kind": c["kind"], "text": c["text"]} for c in caveats]
    links = [text.split(" ") for text in row.get("links", ())]
    if links:
        about["links"] = [{"relation": relation, "entry": f"{protocol}/{slug}"} for relation, slug in links]
    return about


if __name__ == "__main__":
    main()
