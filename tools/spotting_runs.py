"""Do the spotting baselines learn anything? Small runs on rendered SDFE-LV: the table of docs/spotting-baselines.md.

    fervbench synthesize sdfe-lv sdfe --scale 0.5 --size 40
    python tools/spotting_runs.py sdfe jobs

The features are no network's: 16 x 16 grey levels of each snippet, their mean, spread and motion, less the video's
mean, divided by their spread. R-C3D sees frames of 32 x 32. Beside the four networks stand their controls: the same
networks with test videos whose snippets are in another order, and networks that learned from such videos. And what
needs no video at all: random proposals, random ones as long as intervals of the train part, and windows of the one
length that is best on the test part itself. The last column is what a network has from where its proposals are: its AUC
less that of the same proposals, moved along each video. Jobs lie in folders as `run-baseline` makes them, so a run that
was stopped goes on; the table is of the jobs that are done (`--table` runs none). All of it is synthetic.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from fervbench.comparing import compare
from fervbench.pack import Pack
from fervbench.protocol import load_protocol
from fervbench.reference import numerics
from fervbench.reference.jobs import Job
from fervbench.reference.packing import Wanted, find_packs
from fervbench.reference.settings import name_of
from fervbench.reference.spotting import chance, controls
from fervbench.reference.spotting.gathering import Gathered, gather
from fervbench.reference.spotting.parts import Proposals
from fervbench.reference.spotting.running import auc_of, last_stage, run_job
from fervbench.reference.spotting.settings import EVERYWHERE, IN_TEST, Settings, describe, from_recipe
from fervbench.reference.spotting.store import write_features
from fervbench.reference.spotting.videos import SNIPPET, Videos, lengths_of
from fervbench.reference.spotting.writing import format_proposals, proposals_of
from fervbench.spotting_recipes import load_spotting_recipe
from fervbench.submission.spotting import parse_spotting
from fervbench.uncertainty import VIDEOS, Resampling

CPU = torch.device("cpu")
SIDE, GREY = 32, 16
SEEDS = (0, 1, 2)
CHANGES: dict[str, dict[str, Any]] = {
    "turn": {"epochs": 8, "steps": 100},
    "bsn": {},
    "bmn": {"bins": 50, "points": 16},
    "r-c3d": {
        "epochs": 16, "milestones": (12,), "lr": 0.001, "optimizer": "adam", "weight_decay": 0.0,
        "size": (SIDE, SIDE), "width": 1 / 16,
        "window": 64, "stride": 4, "train_step": 64, "test_step": 32, "scales": (0.5, 0.75, 1, 1.5, 2, 2.5, 3, 4, 5, 7),
    },
}  # fmt: skip
Rows = list[tuple[str, Settings]]
NAMES = {"turn": "TURN, top-down", "bsn": "BSN, bottom-up", "bmn": "BMN, bottom-up", "r-c3d": "R-C3D, top-down"}


def pixel_features(pack: Pack, out: Path) -> Path:
    """The folder of the features, made once: 3 x 256 numbers a snippet."""
    folder = out / "features" / "pixels"
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    frames = lengths_of(pack.ids, pack.offsets)
    at = {id.rsplit("/", 1)[-1]: i for i, id in enumerate(pack.ids)}

    def of(id: str) -> np.ndarray:
        grey = np.asarray(pack.clip(at[id])).astype(np.float32).mean(axis=-1) / 255
        by = SIDE // GREY
        grey = grey.reshape(len(grey), GREY, by, GREY, by).mean(axis=(2, 4))
        motion = np.abs(np.diff(grey, axis=0, append=grey[-1:]))
        n = len(grey) // SNIPPET
        still, moving = (x[: n * SNIPPET].reshape(n, SNIPPET, GREY * GREY) for x in (grey, motion))
        found = np.hstack([still.mean(axis=1), still.std(axis=1), moving.mean(axis=1)])
        return found - found.mean(axis=0)

    spread = np.concatenate([of(id) for id in list(frames)[:40]]).std(axis=0) + 1e-6
    about = {"model": "pixels", "job": "pixels", "trained_on": "nothing"}
    identity = {
        "extractor": about,
        "snippet": {"frames": SNIPPET, "step": SNIPPET},
        "frames": frames,
        "synthetic": True,
    }
    lengths = {id: n // SNIPPET for id, n in frames.items()}
    write_features(
        folder, lengths, 3 * GREY * GREY, identity, lambda id: (of(id) / spread).astype(np.float32), done=lambda _: None
    )
    return folder


def runs(seeds: Sequence[int], only: str | None = None) -> Rows:
    """The rows of the table: settings of each seed. R-C3D is not trained on shuffled videos, for its time."""

    def made(network: str, seed: int, control: str) -> Settings:
        return from_recipe(load_spotting_recipe(network), seed=seed, control=control, **CHANGES[network])

    found = [(name, made(network, seed, "none")) for network, name in NAMES.items() for seed in seeds]
    for network in NAMES:
        name = f"{network.upper()}, test videos shuffled"
        found += [(name, made(network, seed, IN_TEST)) for seed in seeds]
    for network in ("turn", "bsn", "bmn"):
        found += [(f"{network.upper()}, all videos shuffled", made(network, seed, EVERYWHERE)) for seed in seeds]
    return [(name, settings) for name, settings in found if only in (None, settings.model)]


def given_to(settings: Settings, data: Path, pack: Pack, features: Path, out: Path) -> Gathered:
    if settings.model != "r-c3d":
        return gather(load_protocol("sdfe-lv"), settings, data, str(features), out, device=CPU, say=_say)
    truth = str(data / "intervals.json")
    return gather(
        load_protocol("sdfe-lv"), settings, pack.path, "none", out,
        ground_truth=truth, packed_size=(SIDE, SIDE), device=CPU, say=_say,
    )  # fmt: skip


def middle(videos: Videos, draw: Callable[[int], Proposals]) -> tuple[Proposals, list[float]]:
    """Of twenty draws the one in the middle, and the AUC of all."""
    drawn = [draw(seed) for seed in range(20)]
    aucs = [auc_of(videos.truth, each) for each in drawn]
    return drawn[int(np.argsort(aucs)[10])], aucs


def levels(videos: Videos) -> dict[str, Proposals]:
    """What needs no video: of each random kind the draw in the middle of twenty, of windows the best length."""
    test, train = videos.parts["test"], videos.parts["train"]
    made: dict[str, Proposals] = {}
    for name, draw in {
        "random": lambda seed: chance.uniformly_random(test, seed=seed),
        "random of such lengths": lambda seed: chance.of_lengths(test, train, seed=seed),
    }.items():
        made[name], aucs = middle(videos, draw)
        print(f"{name}, 20 draws: {100 * np.mean(aucs):.1f}, {100 * min(aucs):.1f} to {100 * max(aucs):.1f}")
    lengths = [length / 2 for length in range(1, 31)]
    best = max(lengths, key=lambda length: auc_of(videos.truth, chance.sliding(test, length)))
    return made | {f"windows of {best:g} s": chance.sliding(test, best)}


def show(rows: Rows, data: Path, pack: Pack, features: Path, out: Path) -> None:
    """AUC with its interval, and paired differences from each level and from the network's own proposals, moved."""
    first = given_to(rows[0][1], data, pack, features, out)
    videos = first.given.videos
    parts = {part: len(items) for part, items in videos.parts.items()}
    print(f"SYNTHETIC. {parts}; {len(videos.truth.target)} intervals in the test part\n")
    made = Resampling(VIDEOS)

    def submitted(text: str) -> Any:
        return parse_spotting(text.encode(), "proposals.json", videos.protocol, ground_truth=videos.truth)

    known = {name: submitted(format_proposals(videos.protocol, each)) for name, each in levels(videos).items()}
    columns = ["AUC, 95 %", *(f"less {name}" for name in known), "less its own, moved"]
    print("\n| | " + " | ".join(columns) + " |\n" + "|---" * (1 + len(columns)) + "|")
    for name, each in known.items():
        print(f"| {name} | {100 * _auc(videos, each):.1f} |" + " |" * len(columns[1:]))
    for name, settings in rows:
        given = given_to(settings, data, pack, features, out)
        job = Job(out / name_of(describe(settings, given.about | {"device": "cpu"})), {})
        if not job.done:
            continue
        row = job.report().cell(target="all").metrics["AUC"]
        cells = [f"{name}, seed {settings.seed}", _points(row["value"], row["ci_low"], row["ci_high"])]
        text = (job.folder / "proposals.json").read_text(encoding="utf-8")
        own, _ = middle(videos, partial(_moved, videos, proposals_of(job)))
        answered = submitted(text)
        for other in (*known.values(), submitted(format_proposals(videos.protocol, own))):
            apart = compare(videos.protocol, answered, other, metric="AUC", intervals=made).cells[0]["metrics"]["AUC"]
            cells.append(_points(apart["difference"], apart["ci_low"], apart["ci_high"], sign="+"))
        print("| " + " | ".join(cells) + " |", flush=True)


def _moved(videos: Videos, found: Proposals, seed: int) -> Proposals:
    return chance.moved(videos.parts["test"], found, seed=seed)


def show_orders(rows: Rows, data: Path, pack: Pack, features: Path, out: Path, number: int) -> None:
    """AUC of each network over so many orders of the test part's snippets, and of five times as many random draws."""

    def said(name: str, aucs: list[float]) -> None:
        low, high = 100 * min(aucs), 100 * max(aucs)
        print(f"| {name} | {100 * np.mean(aucs):.1f}, sd {100 * np.std(aucs, ddof=1):.1f} | {low:.1f} to {high:.1f} |")

    print(f"SYNTHETIC. {number} orders of the test part's snippets\n\n| | AUC | |\n|---|---|---|")
    for name, settings in rows:
        found = given_to(settings, data, pack, features, out)
        job = Job(out / name_of(describe(settings, found.about | {"device": "cpu"})), {})
        if settings.control != "none" or settings.model == "r-c3d" or not job.done:
            continue
        aucs = []
        for order in range(number):
            shown = controls.given_to(IN_TEST, found.given, order)
            stage, _ = last_stage(job, settings, shown, _say, trained=True)
            aucs.append(auc_of(shown.videos.truth, stage.propose(shown.videos.parts["test"])))
        said(f"{name}, seed {settings.seed}", aucs)
    videos = found.given.videos
    test = videos.parts["test"]
    said("random", [auc_of(videos.truth, chance.uniformly_random(test, seed=s)) for s in range(5 * number)])


def _auc(videos: Videos, submission: Any) -> float:
    from fervbench.spotting_scoring import score_spotting

    return float(score_spotting(videos.protocol, submission).cell(target="all")["AUC"])


def _points(value: float, low: float, high: float, sign: str = "") -> str:
    return f"{100 * value:{sign}.1f} [{100 * low:.1f}, {100 * high:.1f}]"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("data", type=Path, help="the rendered release")
    reader.add_argument("out", type=Path, help="where jobs are kept")
    reader.add_argument("--table", action="store_true", help="show what is done, run nothing")
    reader.add_argument("--orders", type=int, metavar="N", help="the control of the test part in N orders; run nothing")
    reader.add_argument("--only", choices=tuple(NAMES), help="this network alone")
    reader.add_argument("--features", type=Path, help="those of a trained network that run-baseline made, not pixels")
    reader.add_argument("--seeds", type=int, nargs="+", default=SEEDS, help="other seeds than 0, 1 and 2")
    asked = reader.parse_args()
    numerics.prepare(deterministic=False)
    [pack] = find_packs(asked.data, None, [Wanted("face", (SIDE, SIDE), (SIDE, SIDE))], asked.out)
    features = asked.features or pixel_features(pack, asked.out)
    rows = runs(asked.seeds, asked.only)
    if asked.features:
        rows = [(name, settings) for name, settings in rows if settings.model != "r-c3d"]  # sees frames
    if asked.orders:
        show_orders(rows, asked.data, pack, features, asked.out, asked.orders)
        return
    for name, settings in rows if not asked.table else []:
        _say(f"{name}, seed {settings.seed}")
        given = given_to(settings, asked.data, pack, features, asked.out)
        run_job(settings, given.given, given.about, asked.out, say=_say, synthetic=given.synthetic, files=given.files)
    show(rows, asked.data, pack, features, asked.out)


if __name__ == "__main__":
    main()
