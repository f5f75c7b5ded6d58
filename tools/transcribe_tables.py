"""Write `baselines/published/*/*.json` from the papers' texts: every printed number becomes a cell.

    python tools/transcribe_tables.py PAPERS

PAPERS holds the texts of the four papers (`ferv39k-arxiv-with-appendix.txt`, `ferv39k-cvpr-camera-ready.txt`,
`dfew.txt`, `sdfe-lv.txt`). What a machine can read is read from them; names, sources and targets are said here.
`tests/published/test_transcription.py` reads the texts again, in another way, and compares every cell.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

OUT = Path(__file__).resolve().parent.parent / "baselines" / "published"
SCENARIOS = ("DL11k", "WIS9k", "SIA10k", "AI9k")
FERV_URL = "https://arxiv.org/abs/2203.09463"
PAPERS = {
    "ferv39k": {
        "id": "ferv39k",
        "cite": "Wang et al., FERV39k: A Large-Scale Multi-Scene Dataset for Facial Expression Recognition in Videos, "
        "CVPR 2022",
        "url": FERV_URL,
    },
    "dfew": {
        "id": "dfew",
        "cite": "Jiang et al., DFEW: A Large-Scale Database for Recognizing Dynamic Facial Expressions in the Wild, "
        "ACM MM 2020",
        "url": "https://arxiv.org/abs/2008.05924",
    },
    "sdfe-lv": {
        "id": "sdfe-lv",
        "cite": "Xu et al., SDFE-LV: A Large-Scale, Multi-Source, and Unconstrained Database for Spotting Facial "
        "Expressions in Long Videos, 2022",
        "url": "https://arxiv.org/abs/2209.08445",
    },
}

# Printed name (references removed) to canonical id, by paper; `baselines/published/methods.json` says what each is.
FERV_METHODS = {
    "R18": "r18",
    "RS18": "r18",
    "R50": "r50",
    "RS50": "r50",
    "VGG13": "vgg13",
    "VGG16": "vgg16",
    "R18-LSTM": "r18-lstm",
    "RS18-LSTM": "r18-lstm",
    "R50-LSTM": "r50-lstm",
    "RS50-LSTM": "r50-lstm",
    "VGG13-LSTM": "vgg13-lstm",
    "VGG16-LSTM": "vgg16-lstm",
    "C3D": "c3d",
    "P3D": "p3d",
    "I3D": "i3d",
    "3D-R18": "r3d-18",
    "3D-RS18": "r3d-18",
    "Two C3D": "two-c3d",
    "Two I3D": "two-i3d",
    "Two 3D-R18": "two-r3d-18",
    "Two 3D-RS18": "two-r3d-18",
    "Two R18-LSTM": "two-r18-lstm",
    "Two RS18-LSTM": "two-r18-lstm",
    "Two VGG13-LSTM": "two-vgg13-lstm",
}
DFEW_METHODS = {
    "C3D": "c3d",
    "P3D": "p3d",
    "R3D18": "r3d-18",
    "3D Resnet18": "3d-resnet18",
    "3D Renset18": "3d-resnet18",
    "I3D-RGB": "i3d",
    "VGG11+LSTM": "vgg11-lstm",
    "Resnet18+LSTM": "r18-lstm",
}
EXTRACTORS = {
    "C3D": "c3d",
    "R3D": "r3d-18",
    "R2Plus1D": "r2plus1d-18",
    "Resnet18-LSTM": "r18-lstm",
    "Resnet50-LSTM": "r50-lstm",
    "Resnet101-LSTM": "r101-lstm",
    "VGG13-LSTM": "vgg13-lstm",
    "VGG16-LSTM": "vgg16-lstm",
    "VGG19-LSTM": "vgg19-lstm",
    "Two C3D": "two-c3d",
    "Two Resnet50-LSTM": "two-r50-lstm",
    "Two VGG19-LSTM": "two-vgg19-lstm",
    "Two TSN": "tsn-r18",
    "Two TSN (Resnet18)": "tsn-r18",
    "Two TSN (Resnet50)": "tsn-r50",
    "Two TSN (Resnet101)": "tsn-r101",
}


def number(text: str) -> float | int | None:
    """The number in a printed cell: thousands commas, a unit or `>` around it do not matter; None if there is none."""
    match = re.fullmatch(r"[<>]?\s*([0-9][0-9,]*(?:\.[0-9]+)?)\s*(%|Exps|basic expressions|movies|TVshows|M)?", text)
    if not match:
        return None
    plain = match[1].replace(",", "")
    return float(plain) if "." in plain else int(plain)


def cell(row: str, column: str, metric: str, printed: str, **more: object) -> dict:
    return {"row": row, "column": column, "metric": metric, "printed": printed, "value": number(printed), **more}


def write(name: str, title: str, cells: list[dict], **more: object) -> None:
    paper, table = name.split("/")
    head = {"format": "fervbench-table/1", "id": name, "title": title}
    source = {**PAPERS[paper], "table": more.pop("printed_as", table.replace("table", "Table "))}
    head["paper"] = source | ({"place": more.pop("place")} if "place" in more else {})
    path = OUT / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [f" {json.dumps(k)}: {json.dumps(v, ensure_ascii=False)}," for k, v in (head | more).items()]
    rows = ",\n".join("  " + json.dumps(c, ensure_ascii=False) for c in cells)
    path.write_text("{\n" + "\n".join(lines) + f'\n "cells": [\n{rows}\n ]\n}}\n', encoding="utf-8")


def rows_of(text: str, start: str, end: str) -> list[tuple[str, list[str]]]:
    """Label and value tokens of every table line between two marks; a label ends where the numbers begin."""
    part = text[text.index(start) + len(start) :]
    part = part[: part.index(end)]
    found = []
    for line in part.splitlines():
        line = re.sub(r"\s*\[[0-9, ]+\]", "", line).strip()
        match = re.match(r"(.*?)((?:\s+(?:[0-9][0-9,.]*(?:/[0-9.]+)?|-))+)$", line)
        if match and match[1] and not line.startswith("Table"):
            found.append((match[1].strip(), match[2].split()))
    return found


def ferv_table(
    text: str,
    start: str,
    end: str,
    columns: list[str],
    targets: list[str],
    *,
    versions: list[str],
    by: str,
    method: str | None = None,
) -> list[dict]:
    """WAR/UAR cells. `by`: rows are methods trained on all, or sources of one method."""
    cells = []
    for label, values in rows_of(text, start, end):
        if len(values) != len(columns):
            continue
        for column, target, pair in zip(columns, targets, values, strict=True):
            for metric, printed in zip(("WAR", "UAR"), pair.split("/"), strict=True):
                about: dict = {"source": "all", "target": target}
                if label == "Average":
                    about |= {"statistic": "mean", "over": "rows"}
                elif by == "method":
                    about["method"] = FERV_METHODS[label]
                else:
                    about |= {"method": method, "source": label}
                cells.append(cell(label, column, metric, printed, **about, versions=versions))
    return cells


def ferv39k(arxiv: str, cvpr: str) -> None:
    more = {"protocol": "ferv39k", "unit": "percent", "decimals": 2}
    # Table 1: what the datasets hold
    columns = [
        "Samples",
        "Emo.",
        "Anno.",
        "Best.",
        "Context",
        "Scene",
        "Lab Shot",
        "Movie",
        "TV",
        "Live Show",
        "Others",
    ]
    cells = []
    body = cvpr[cvpr.index("CK+ (2010)") :].splitlines()[:8]
    for line in body:
        name, *values = re.sub(r"\s*\[[0-9]+\]", "", line).split("\t")
        values += [""] * (len(columns) - len(values))
        year = re.search(r"\((\d{4})\)", name)[1]
        label = name.replace(f" ({year})", "")
        cells.append(cell(label, "Year", "year", year, versions=["arxiv", "cvpr"]))
        metrics = ["count", "text", "annotations", "best"] + ["text"] * 7
        for column, metric, printed in zip(columns, metrics, values, strict=True):
            cells.append(cell(label, column, metric, printed, versions=["arxiv", "cvpr"]))
            if metric == "text" and not printed.endswith("Exps"):
                cells[-1]["value"] = None
            if column == "Emo." and cells[-1]["value"]:
                cells[-1]["metric"] = "classes"
    write(
        "ferv39k/table1",
        "Datasets of dynamic facial expressions beside FERV39k",
        cells,
        versions=["arxiv", "cvpr"],
        layout={"corner": "Database"},
        unit="count",
    )
    # Table 2: both versions, cell by cell
    targets = [
        "all",
        *SCENARIOS,
        *["Social", "DailyLife", "Liveshow", "Talkshow", "Interview", "Contest", "Experiment", "Terror", "Crisis"],
    ]
    columns = ["All", *targets[1:]]
    both = [
        ferv_table(text, mark, "Table 2.", columns, targets, versions=[name], by="method")
        for name, text, mark in (
            ("arxiv", arxiv, "Experiment Terror Crisis\n"),
            ("cvpr", cvpr, "Experiment\tTerror\tCrisis"),
        )
    ]
    cells = []
    for a, c in zip(*both, strict=True):
        assert (a["row"], a["column"], a["metric"]) == (c["row"], c["column"], c["metric"])
        cells += [a | {"versions": ["arxiv", "cvpr"]}] if a["printed"] == c["printed"] else [a, c]
    groups = {"groups": [4, 4, 3, 5, 1], "corner": "Method"}
    write(
        "ferv39k/table2",
        "Four kinds of baselines trained from scratch on all scenes (WAR/UAR)",
        cells,
        **more,
        versions=["arxiv", "cvpr"],
        layout=groups,
    )
    # Table 3: cross-scenario
    both = [
        ferv_table(
            text,
            mark,
            "Table 3.",
            list(SCENARIOS),
            list(SCENARIOS),
            versions=["arxiv", "cvpr"],
            by="source",
            method="r50-lstm",
        )
        for text, mark in ((arxiv, "Source\nTarget"), (cvpr, "Source\tTarget"))
    ]
    assert both[0] == both[1]
    write(
        "ferv39k/table3",
        "Cross-scenario results of R50-LSTM (WAR/UAR)",
        both[0],
        **more,
        versions=["arxiv", "cvpr"],
        layout={"corner": "Source \\ Target"},
    )
    # Tables 4 to 11: the appendix
    scenes = {
        "DL11k": "Conflict School DailyLife Argue Medicine Social",
        "WIS9k": "Action ScholarReport Speech Liveshow ElegantArt Talkshow",
        "SIA10k": "Business Experiment OfficialEvent Crime Interview Contest",
        "AI9k": "History Terror War Crisis",
    }
    for i, (scenario, names) in enumerate(scenes.items()):
        columns = [scenario, *names.split()]
        start = f"Method All {scenario} {names}\n"
        cells = ferv_table(
            arxiv, start, f"Table {4 + 2 * i}.", ["All", *columns], ["all", *columns], versions=["arxiv"], by="method"
        )
        groups = {"groups": [4, 4, 4, 5, 1], "corner": "Method"}
        write(
            f"ferv39k/table{4 + 2 * i}",
            f"Baselines trained on all scenes, tested on {scenario} and its scenes (WAR/UAR)",
            cells,
            **more,
            versions=["arxiv"],
            layout=groups,
        )
        start = f"Source {scenario} {names}\n"
        cells = ferv_table(
            arxiv, start, f"Table {5 + 2 * i}.", columns, columns, versions=["arxiv"], by="source", method="r50-lstm"
        )
        write(
            f"ferv39k/table{5 + 2 * i}",
            f"R50-LSTM trained on one scenario, tested on {scenario} and its scenes (WAR/UAR)",
            cells,
            **more,
            versions=["arxiv"],
            layout={"corner": "Source"},
        )
    # The repository's model zoo: not a paper, so a source of its own
    zoo = {
        "R18": ("17M", "39.33", "30.30"),
        "R50": ("124M", "30.57", "22.47"),
        "VGG13": ("128M", "41.02", "31.19"),
        "VGG16": ("134M", "41.66", "32.01"),
        "R18-LSTM": ("132M", "42.59", "30.92"),
        "R50-LSTM": ("57M", "40.75", "32.12"),
        "VGG13-LSTM": ("133M", "43.37", "32.41"),
        "VGG16-LSTM": ("138M", "41.70", "30.93"),
        "C3D": ("78M",),
        "I3D": ("12M",),
        "3D-R18": ("33M",),
        "Two C3D": ("97M", "41.77", "30.72"),
        "Two I3D": ("26M", "41.30", "31.01"),
        "Two 3D-R18": ("67M", "42.28", "30.55"),
        "Two R18-LSTM": ("27M", "43.20", "31.28"),
        "Two VGG13-LSTM": ("144M", "44.54", "32.79"),
    }
    cells = []
    for label, values in zoo.items():
        about = {"method": FERV_METHODS[label], "versions": ["readme"]}
        cells.append(cell(label, "# of parameters", "parameters", values[0], **about, unit="millions"))
        for metric, printed in zip(("WAR", "UAR"), values[1:], strict=False):
            cells.append(cell(label, "WAR/UAR", metric, printed, **about, source="all", target="all"))
    write(
        "ferv39k/model-zoo",
        "Model zoo of the public repository: parameters, WAR/UAR on all scenes",
        cells,
        **more,
        versions=["readme"],
        layout={"corner": "Method"},
        printed_as="README, model zoo",
        place="https://github.com/wangyanckxx/FERV39k",
    )


def dfew(text: str) -> None:
    version = {"versions": ["arxiv"]}
    rows = [re.sub(r"\s*\[[0-9]+\]", "", line) for line in text.splitlines()]
    start = rows.index("Database #Sample Source Expression Distribution #Annotation Times Available?")
    cells = []
    for line in [r for r in rows[start + 1 : start + 12] if r][:5]:
        match = re.fullmatch(
            r"(Aff-Wild|AFEW 7.0|AFEW-VA|CAER|DFEW) ([\d,]+) (.+?) (Valence-arousal|7 basic expressions) (\d+) (Yes)",
            line,
        )
        names = ("#Sample", "Source", "Expression Distribution", "#Annotation Times", "Available?")
        for column, metric, printed in zip(
            names, ("count", "text", "classes", "annotations", "text"), match.groups()[1:], strict=True
        ):
            cells.append(cell(match[1], column, metric, printed, **version))
            if metric == "classes" and cells[-1]["value"] is None:
                cells[-1]["metric"] = "text"
            if metric == "text":
                found = re.match(r"(\d+) (movies|Movies|TVshows)", printed)
                cells[-1]["value"] = int(found[1]) if found else None
    write(
        "dfew/table1",
        "Databases of dynamic facial expressions in the wild",
        cells,
        **version,
        unit="count",
        layout={"corner": "Database"},
    )
    cells = []
    names = ("0-2s", "2-5s", "5s+", "Total", "Percent")
    for label, values in rows_of(text, "0-2s 2-5s 5s+ Total", "However, not all clips"):
        for column, printed in zip(names, values, strict=True):
            metric = "share" if column == "Percent" else "count"
            more = {"total": True} if "Total" in (label, column) or metric == "share" else {}
            more |= {"unit": "percent"} if metric == "share" else {}
            cells.append(cell(label, column, metric, printed, **version, **more))
    write(
        "dfew/table2",
        "Single-labelled clips by emotion and duration",
        cells,
        **version,
        unit="count",
        totals={"row": "Total", "column": "Total", "share": "Percent"},
        layout={"corner": "Emotions"},
    )
    cells = []
    for band, meaning in re.findall(r"^(<0|[01]\.\d\d-[01]\.\d\d) (\w[\w ]+ agreement)$", text, flags=re.M):
        numbers = [float(each) for each in re.findall(r"[\d.]+", band)]
        cells.append(cell(band, "κ", "kappa", band, **version, range=[None, 0.0] if band == "<0" else numbers))
        cells.append(cell(band, "Interpretation", "text", meaning, **version))
        cells[-2]["value"] = None
    write("dfew/table3", "Interpretation of Fleiss' kappa", cells, **version, unit="kappa", layout={"corner": "Band"})
    five = {"protocol": "dfew", "unit": "percent", "decimals": 2, **version}
    about = {"source": "five-fold", "target": "pooled", **version}
    classes = ["Happy", "Sad", "Neutral", "Angry", "Surprise", "Disgust", "Fear"]
    for table, start, end, groups in (
        ("table4", "Happy Sad Neutral Angey Surprise Disgust Fear UAR WAR", "Table 5:", [7]),
        ("table6", "Happy Sad Neutral Angry Surprise Disgust Fear UAR WAR", "Table 7:", [3, 3]),
    ):
        cells = []
        for label, values in rows_of(text, start, end):
            if len(values) != 9:
                continue
            method = dfew_method(label)
            for name, printed in zip([*classes, "UAR", "WAR"], values, strict=True):
                which = {"class": name} if name in classes else {}
                column = "Angey" if table == "table4" and name == "Angry" else name
                metric = "recall" if which else name
                cells.append(cell(label, column, metric, printed, method=method, **which, **about))
        titles = {
            "table4": "Seven methods, five folds pooled: recall by class, UAR, WAR",
            "table6": "Center loss and EC-STFL: recall by class, UAR, WAR",
        }
        write(f"dfew/{table}", titles[table], cells, **five, layout={"corner": "Model", "groups": groups})
    cells = []
    for label, values in rows_of(text, "methods with and without EC-STFL on DFEW database.", "It is seen from Table 4"):
        for name, printed in zip(("UAR", "WAR"), values, strict=True):
            cells.append(cell(label, name, name, printed, method=dfew_method(label), **about))
    write(
        "dfew/table5",
        "Seven methods with and without EC-STFL",
        cells,
        **five,
        layout={"corner": "Model", "groups": [2] * 7},
    )
    afew = {"counts": {"afew-val": {"n": 383, "source": "AFEW 7.0, validation set"}}, "unit": "percent", "decimals": 2}
    names = ("C3D", "C3D, EC-STFL", "3D Resnet18", "3D Resnet18, EC-STFL")
    sources = {
        "Sports 1M": "sports-1m",
        "UCF101": "ucf101",
        "Kinect700": "kinetics-700",
        "Kinect700+Moments In Time": "kinetics-700+moments-in-time",
        "DFEW, fd2": "dfew-fd2",
        "DFEW, fd5": "dfew-fd5",
    }
    cells = []
    body = text[text.index("C3D C3D, EC-STFL 3D Resnet18 3D Resnet18, EC-STFL") :]
    for label, source in sources.items():
        line = next(each for each in body.splitlines() if re.match(re.escape(label) + r" [-\d]", each))
        for column, printed in zip(names, line.removeprefix(label).split(), strict=True):
            cells.append(
                cell(
                    label,
                    column,
                    "WAR",
                    printed,
                    method=dfew_method(column),
                    source=source,
                    target="afew-val",
                    **version,
                )
            )
    write(
        "dfew/table7",
        "Transfer to AFEW 7.0: WAR on its validation set by pretraining",
        cells,
        **afew,
        **version,
        layout={"corner": "Pretrained \\ Finetuned", "groups": [4, 2]},
    )
    cells = []
    part = text[text.index("Table 8: Comparison") :]
    for line in part[part.index("Model WAR") :].splitlines()[1:]:
        match = re.fullmatch(r"(.+?) (\d\d\.\d\d)", line)
        if not match:
            if cells and line:
                break
            continue
        label = match[1]
        own = label.startswith("3D Resnet18")
        more = (
            {"method": dfew_method(label.replace(",DFEW fd2", "")), "source": "dfew-fd2"}
            if own
            else {"method": re.sub(r"[^a-z0-9]+", "-", label.lower()).strip("-"), "cited": True, "source": "unknown"}
        )
        cells.append(
            cell(
                re.sub(r" \[\d+\]", "", label) if own else label,
                "WAR",
                "WAR",
                match[2],
                **more,
                target="afew-val",
                **version,
            )
        )
    write(
        "dfew/table8",
        "Transferred 3D-ResNet18 beside others on AFEW 7.0",
        cells,
        **afew,
        **version,
        layout={"corner": "Model", "groups": [5, 2]},
    )
    zoo = {
        "r3d_18": ("r3d-18", "45.11", "55.70"),
        "mc3_18": ("mc3-18", "46.50", "57.02"),
        "i3d": ("i3d", "47.61", "59.24"),
    }
    cells = [
        cell(
            label,
            name,
            name,
            printed,
            method=f"{method}--dfew-repository",
            versions=["readme"],
            source="five-fold",
            target="pooled",
        )
        for label, (method, *values) in zoo.items()
        for name, printed in zip(("UAR", "WAR"), values, strict=True)
    ]
    write(
        "dfew/model-zoo",
        "The authors' own repository: raw frames, not the paper's 16-frame interpolation",
        cells,
        **five | {"versions": ["readme"]},
        layout={"corner": "Model"},
        printed_as="README, results",
        place="https://github.com/jiangxingxun/DFEW",
    )
    # Re-runs that surveys print under an original's name: rows of their own
    reruns = [
        ("3D-ResNet18", "3d-resnet18--rerun-dynamic-sampling", "46.52", "58.27", "awesome-DFER, SignificantOther"),
        ("ResNet18-LSTM", "r18-lstm--rerun-dynamic-sampling", "51.32", "63.85", "awesome-DFER"),
    ]
    cells = [
        cell(
            label,
            name,
            name,
            printed,
            method=method,
            versions=["secondary"],
            source="five-fold",
            target="pooled",
            cited=True,
            where=where,
        )
        for label, method, uar, war, where in reruns
        for name, printed in (("UAR", uar), ("WAR", war))
    ]
    write(
        "dfew/reruns",
        "Re-runs that survey pages print under the originals' names",
        cells,
        **five | {"versions": ["secondary"]},
        layout={"corner": "Method"},
        printed_as="survey pages",
        place="https://github.com/wangyanckxx/SurveyFER",
    )


def dfew_method(label: str) -> str:
    name, _, loss = label.partition(",")
    ids = {"": "", "EC-STFL": "+ec-stfl", "center loss": "+center-loss"}
    return DFEW_METHODS[name] + ids[loss.strip()]


def ferv_reruns() -> None:
    cells = [
        cell(
            "P3D",
            name,
            name,
            printed,
            method="p3d--rerun",
            versions=["secondary"],
            source="all",
            target="all",
            cited=True,
            where="an older awesome-DFER list",
        )
        for name, printed in (("UAR", "30.48"), ("WAR", "40.81"))
    ]
    cells.append(
        cell(
            "ResNet18-LSTM",
            "WAR",
            "WAR",
            "42.95",
            method="r18-lstm",
            versions=["secondary"],
            source="all",
            target="all",
            cited=True,
            where="awesome-DFER",
        )
    )
    write(
        "ferv39k/reruns",
        "Re-runs and citations that survey pages print under the originals' names",
        cells,
        protocol="ferv39k",
        unit="percent",
        decimals=2,
        versions=["secondary"],
        layout={"corner": "Method"},
        printed_as="survey pages",
        place="https://github.com/wangyanckxx/SurveyFER",
    )


def sdfe_lv(text: str) -> None:
    version = {"versions": ["arxiv"]}
    cells = []
    part = text[text.index("Database #LVs #DFEs") : text.index("i.e., low intensity and short duration.")]
    last = part.index("SDFE-LV 1191")  # its sources are set over several lines
    part = part[:last] + " ".join(part[last:].split())
    names = ("#LVs", "#DFEs", "Average Time of LV (s)", "Sources", "DFE Type", "Year")
    for match in re.finditer(r"^(\S+) (\d+) (\d+) ([\d.]+) (.+?) (Micro(?:&Macro)?) (\d{4})$", part, flags=re.M):
        kinds = ("count", "count", "seconds", "text", "text", "year")
        for column, metric, printed in zip(names, kinds, match.groups()[1:], strict=True):
            cells.append(cell(match[1], column, metric, printed, **version))
    assert len(cells) == 54, len(cells)
    write(
        "sdfe-lv/table1",
        "Databases for spotting dynamic facial expressions",
        cells,
        **version,
        unit="count",
        layout={"corner": "Database"},
    )
    cells = []
    names = ("[0,0.5]", "(0.5,4]", "(4,∞)", "Total")
    for label, values in rows_of(text, "[0,0.5] (0.5,4] (4,∞) Total", "of six basic complete expression"):
        for column, printed in zip(names, values, strict=True):
            more = {"total": True} if "Total" in (label, column) else {}
            cells.append(cell(label, column, "count", printed, **version, **more))
    write(
        "sdfe-lv/table2",
        "Expressions by class and duration in seconds",
        cells,
        **version,
        unit="count",
        totals={"row": "Total", "column": "Total"},
        layout={"corner": ""},
    )
    spot = {"protocol": "sdfe-lv", "unit": "percent", "decimals": 2, **version}
    cells = []
    pattern = r"^(R-C3D|TURN|BSN|BMN) (.+?) (Top-down|Bottom-up) ((?:[\d.]+ ?){6})$"
    metrics = ("AR@1", "AR@5", "AR@10", "AR@50", "AR@100", "AUC")
    for match in re.finditer(pattern, text, flags=re.M):
        label = f"{match[1]}, {match[2]}"
        about = {
            "method": f"{match[1].lower()}+{EXTRACTORS[match[2]]}",
            "source": "dfew",
            "target": "sdfe-lv",
            **version,
        }
        cells.append(cell(label, "Fashion", "text", match[3], **version))
        for metric, printed in zip(metrics, match[4].split(), strict=True):
            cells.append(cell(label, metric if metric == "AUC" else f"{metric}(%)", metric, printed, **about))
    write(
        "sdfe-lv/table3",
        "R-C3D, TURN, BSN and BMN over many feature extractors",
        cells,
        **spot,
        layout={"corner": "Networks, Feature Extractor", "groups": [4, 12]},
    )
    tables = (
        (
            "table4",
            "Table 4: Evaluation",
            "Table 5:",
            ["CK+", "AFEW", "DFEW"],
            [3, 1],
            "Pretrained databases: AUC of BMN",
        ),
        (
            "table5",
            "Table 5: Evaluation",
            "task. Therefore",
            ["CK+", "AFEW", "DFEW", "Average"],
            [4, 4, 3],
            "Pretrained models: AUC of BMN",
        ),
        (
            "table6",
            "Table 6: Context",
            "Context Information Evaluation\n\nSeveral",
            ["CK+", "AFEW", "DFEW", "Average"],
            [2, 2, 2],
            "Context: AUC of BMN with one and two streams",
        ),
    )
    for table, start, end, columns, groups, title in tables:
        cells = []
        for label, values in spotting_rows(text, start, end, len(columns)):
            for column, printed in zip(columns, values, strict=True):
                about: dict = {"source": column.lower(), "target": "sdfe-lv"}
                if label != "Average":
                    about["method"] = f"bmn+{EXTRACTORS[label]}"
                if label == "Average":
                    about |= {"statistic": "mean", "over": "rows"}
                elif column == "Average":
                    about |= {"statistic": "mean", "over": "columns"}
                    del about["source"]
                cells.append(cell(label, column, "AUC", printed, **about, **version))
        write(f"sdfe-lv/{table}", title, cells, **spot, layout={"corner": "Networks", "groups": groups})


def spotting_rows(text: str, start: str, end: str, width: int) -> list[tuple[str, list[str]]]:
    part = text[text.index(start) :]
    found = rows_of(part, start, end)
    return [(label, values) for label, values in found if len(values) == width]


def main() -> None:
    folder = Path(sys.argv[1])
    text = {path.stem: path.read_text(encoding="utf-8") for path in folder.glob("*.txt")}
    ferv39k(text["ferv39k-arxiv-with-appendix"], text["ferv39k-cvpr-camera-ready"])
    ferv_reruns()
    dfew(text["dfew"])
    sdfe_lv(text["sdfe-lv"])
    files = sorted(OUT.rglob("*.json"))
    print(f"{len(files)} files")


if __name__ == "__main__":
    main()
