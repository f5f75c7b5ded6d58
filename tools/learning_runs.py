"""Is what the reference baselines learn real? Small runs on rendered FERV39k, and a table of what they show.

    fervbench synthesize ferv39k faces.pack --pack --frames 8 --scale 0.1 --size 37
    fervbench synthesize ferv39k scenes.pack --pack --stream scene --frames 8 --scale 0.1 --size 37
    python tools/learning_runs.py faces.pack scenes.pack jobs

Inputs are 32 pixels high, four frames a clip, ten epochs of batches of 16: what two CPU cores do in an hour or two. All
else is the recipes'. Jobs lie in folders as `run-baseline` makes them, so a run that was stopped goes on. `--only NAME`
does a part; the table is always of the jobs that are done. All of it is synthetic.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
from dataclasses import replace
from pathlib import Path

import torch

from fervbench.pack import open_pack
from fervbench.protocol import load_protocol
from fervbench.recipes import load_recipe
from fervbench.reference import numerics
from fervbench.reference.naming import resized, settings_of, shortened
from fervbench.reference.running import Data, gather_data, prepare_job, run_all
from fervbench.reference.settings import Loss, Settings

SEEDS = (0, 1, 2)
EPOCHS, BATCH, FRAMES, LR, HEIGHT = 10, 16, 4, 0.002, 32
T_2_SIDED_95 = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776}  # Student's t, 97.5 %, by degrees of freedom
QUESTIONS = [
    ("the clip over one frame", "R18-LSTM", "R18-LSTM, one frame"),
    ("two streams over one", "Two R18-LSTM", "R18-LSTM"),
    ("EC-STFL over cross-entropy", "R18-LSTM + EC-STFL", "R18-LSTM"),
]


def runs() -> dict[str, tuple[Settings, tuple[int, ...]]]:
    """Settings by name, with the seeds of each."""

    def small(recipe: str, **changes: object) -> Settings:
        settings = shortened(resized(settings_of(load_recipe(recipe)), HEIGHT), EPOCHS)
        return replace(settings, batch=BATCH, frames=FRAMES, lr=LR, precision="bfloat16", **changes)

    one = small("ferv39k/r18-lstm")
    return {
        "R18-LSTM": (one, SEEDS),
        "R18-LSTM, one frame": (
            replace(one, frames=2, sampling_train="one-at-random", sampling_test="one-in-the-middle"),
            SEEDS,
        ),
        "R18-LSTM + EC-STFL": (replace(one, loss=Loss("ec-stfl", 10.0)), SEEDS),
        "Two R18-LSTM": (small("ferv39k/two-r18-lstm"), SEEDS),
        "R18-LSTM, shuffled labels": (replace(one, shuffled_labels=True), SEEDS),
    }


def scores(settings: Settings, data: Data, out: Path, seed: int) -> tuple[float, float] | None:
    """WAR and UAR of a job that is done."""
    job, _ = prepare_job(replace(settings, seed=seed), data, "all", out, torch.device("cpu"))
    if not job.done:
        return None
    cell = job.report().cell(source="all", target="all")
    return cell["WAR"], cell["UAR"]


def show(found: dict[str, list[tuple[float, float]]], data: Data) -> None:
    """Means and standard deviations over seeds, then differences with 95 % intervals over seeds (Student)."""
    counts: dict[str, int] = {}
    for label, part in zip(data.labels.labels, data.labels.parts, strict=True):
        counts[label] = counts.get(label, 0) + (part == "test")
    total = sum(counts.values())
    print(f"SYNTHETIC. {total} test clips; always {max(counts, key=counts.__getitem__)}: ", end="")
    print(f"WAR {100 * max(counts.values()) / total:.1f}, UAR {100 / len(counts):.1f}\n")
    print("| run | seeds | WAR | UAR |\n|---|---|---|---|")
    for name, rows in found.items():
        if rows:
            columns = " | ".join(_spread([row[i] for row in rows]) for i in (0, 1))
            print(f"| {name} | {len(rows)} | {columns} |")
    print("\n| question | WAR | UAR |\n|---|---|---|")
    for question, one, other in QUESTIONS:
        if min(len(found[one]), len(found[other])) > 1:
            cells = [_difference([r[i] for r in found[one]], [r[i] for r in found[other]]) for i in (0, 1)]
            print(f"| {question} | {cells[0]} | {cells[1]} |")


def _spread(values: list[float]) -> str:
    sd = f" (sd {100 * statistics.stdev(values):.1f})" if len(values) > 1 else ""
    return f"{100 * statistics.mean(values):.1f}{sd}"


def _difference(one: list[float], other: list[float]) -> str:
    degrees = len(one) + len(other) - 2
    pooled = (statistics.variance(one) * (len(one) - 1) + statistics.variance(other) * (len(other) - 1)) / degrees
    half = T_2_SIDED_95.get(degrees, math.nan) * math.sqrt(pooled * (1 / len(one) + 1 / len(other)))
    gain = statistics.mean(one) - statistics.mean(other)
    return f"{100 * gain:+.1f} ± {100 * half:.1f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("faces", type=Path)
    parser.add_argument("scenes", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--only", action="append", help="a run by name (may be repeated); none: only the table")
    parser.add_argument("--seeds", default="0,1,2", help="which of them to run")
    arguments = parser.parse_args()
    numerics.prepare(deterministic=False)
    packs = [open_pack(arguments.faces), open_pack(arguments.scenes)]
    protocol = load_protocol("ferv39k")
    found: dict[str, list[tuple[float, float]]] = {}
    for seed in (int(each) for each in arguments.seeds.split(",")):
        for name, (settings, seeds) in runs().items():
            if seed in seeds and (arguments.only is None or name in arguments.only):
                data = gather_data(protocol, packs[: len(settings.sizes)], synthetic=True)
                print(f"{name}, seed {seed}", file=sys.stderr)
                run_all(
                    replace(settings, seed=seed),
                    data,
                    arguments.out,
                    trained_on="all",
                    device=torch.device("cpu"),
                    say=lambda text: print(text, file=sys.stderr),
                )
    for name, (settings, seeds) in runs().items():
        data = gather_data(protocol, packs[: len(settings.sizes)], synthetic=True)
        rows = [scores(settings, data, arguments.out, seed) for seed in seeds]
        found[name] = [row for row in rows if row is not None]
    show(found, data)
    (arguments.out / "scores.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
