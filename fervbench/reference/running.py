"""A baseline from data to report: pack, train, predict, score; each source of a protocol is one job."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from fervbench import strict_json
from fervbench.files import make_folder
from fervbench.ground_truth import GroundTruth
from fervbench.labels_file import Labels
from fervbench.pack import Pack
from fervbench.protocol import Evaluation, Protocol
from fervbench.reference import counter, networks, numerics
from fervbench.reference.choosing import choose_lr
from fervbench.reference.clips import Clips, load_pixels, make_clips
from fervbench.reference.distributed import World
from fervbench.reference.fitting import fit, memory_named
from fervbench.reference.jobs import Job, locked, open_job
from fervbench.reference.parts import Parts, all_labels, parts_of, sources_to_train
from fervbench.reference.settings import Settings, describe
from fervbench.reference.starting import Start, begin
from fervbench.reference.synthetic import NOTE, Derived, derive
from fervbench.reference.training import Trainer, predict
from fervbench.report import Report
from fervbench.scoring import score
from fervbench.submission.reading import parse_submission
from fervbench.submission.writing import format_submission

Say = Callable[[str], None]
SHUFFLED = "control: trained on labels in another order; what it learns should be at chance"


@dataclass(frozen=True)
class Outcome:
    """What a job ended in. `protocol` is what it was scored by; `stored` whether it was done before."""

    folder: Path
    report: Report
    protocol: Protocol
    source: str | None
    synthetic: bool
    stored: bool


@dataclass(frozen=True)
class Data:
    """Packs with the lists that say what is in them. `derived` is there for rendered data."""

    packs: tuple[Pack, ...]
    protocol: Protocol
    labels: Labels
    truth: GroundTruth
    derived: Derived | None = None


def gather_data(
    protocol: Protocol, packs: Sequence[Pack], *, synthetic: bool, ground_truth: str | Path | None = None
) -> Data:
    """Packs and lists; for rendered data a protocol of its own."""
    if synthetic:
        made = derive(protocol, packs[0])
        return Data(tuple(packs), made.protocol, made.labels, made.truth, made)
    labels, truth = all_labels(protocol, ground_truth)
    return Data(tuple(packs), protocol, labels, truth)


def run_all(
    settings: Settings,
    data: Data,
    out: Path,
    *,
    trained_on: str | None = None,
    device: torch.device,
    world: World | None = None,
    say: Say,
    board: Callable[[Path], Any] | None = None,
    **options: Any,
) -> list[Outcome]:
    """A job for every source; where there are several, their predictions scored together as well, last in the list."""
    sources = sources_to_train(data.protocol, trained_on)
    pixels = [load_pixels(pack, device) for pack in data.packs]
    world = world or World()
    found = []
    for source in sources:
        if len(sources) > 1:
            say(f"trained on {source}:")
        job, parts = prepare_job(settings, data, source, out, device)
        found.append(run_job(job, settings, data, parts, pixels, source, device, world, say, board, **options))
    if len(sources) > 1 and world.rank == 0:
        found.append(_together(found, settings, data, out))
    return found


def prepare_job(
    settings: Settings, data: Data, source: str, out: Path, device: torch.device, start: str | None = None
) -> tuple[Job, Parts]:
    """The job's folder, and the clips it is about; nothing is made where lists and packs disagree."""
    config, parts = config_of(settings, data, source, device.type, start)
    return open_job(out, config), parts


def config_of(
    settings: Settings, data: Data, source: str, device: str, start: str | None = None
) -> tuple[dict[str, Any], Parts]:
    """What decides a job's numbers, and the clips it is about. `start` names first weights (`starting.Start.name`)."""
    parts = parts_of(data.protocol, data.labels, source, data.packs)
    about: dict[str, Any] = {
        "protocol": {"id": data.protocol.id, "version": data.protocol.version, "sha256": data.protocol.sha256},
        "ground_truth": data.truth.sha256,
        "trained_on": source,
        "clips": {"train": len(parts.train), "test": len(parts.test)},
        "packs": [
            {
                "stream": pack.header.source.get("stream", "face"),
                "size": [pack.header.height, pack.header.width],
                "sha256": hashlib.sha256(pack.header.to_bytes()).hexdigest(),
            }
            for pack in data.packs
        ],
        "synthetic": data.derived is not None,
        "device": device,
    }
    if start is not None:  # a job without one keeps the name that it always had
        about["start"] = start
    return describe(settings, about), parts


def run_job(
    job: Job,
    settings: Settings,
    data: Data,
    parts: Parts,
    pixels: Sequence[Tensor],
    source: str,
    device: torch.device,
    world: World,
    say: Say,
    board: Callable[[Path], Any] | None = None,
    **options: Any,
) -> Outcome:
    """Train, predict and score one job, or give the stored report of one that is done."""
    protocol = _for_one(data.protocol, source)
    if job.done:
        say(f"done before: {job.folder}")
        return Outcome(job.folder, job.report(), protocol, source, data.derived is not None, stored=True)
    if world.rank > 0:
        report = _work(job, settings, data, parts, pixels, source, protocol, device, world, say, None, options)
        return Outcome(job.folder, report, protocol, source, data.derived is not None, stored=False)
    with locked(job):
        for name, content in (data.derived.files() if data.derived else {}).items():
            job.write(name, content)
        writer = board(job.folder / "tensorboard") if board is not None else None
        report = _work(job, settings, data, parts, pixels, source, protocol, device, world, say, writer, options)
    return Outcome(job.folder, report, protocol, source, data.derived is not None, stored=False)


def _work(
    job: Job,
    settings: Settings,
    data: Data,
    parts: Parts,
    pixels: Sequence[Tensor],
    source: str,
    protocol: Protocol,
    device: torch.device,
    world: World,
    say: Say,
    board: Any,
    options: dict[str, Any],
) -> Report:
    classes = len(data.protocol.classes)
    start: Start | None = options.get("start")

    def clips(ids: Sequence[str], labels: Sequence[int]) -> Clips:
        return make_clips(data.packs, pixels, settings.sizes, ids, labels, settings.view, device)

    def make(settings: Settings, clips: Clips) -> Trainer:
        with memory_named(settings.batch):
            network = networks.make_network(settings, classes, device)
            if start is not None:
                number, fresh = begin(network, start, data.protocol.classes)
                say(f"starts from {start.name[:23]}: {number} tensors taken, {len(fresh)} as drawn")
                if world.rank == 0:
                    job.write("start.json", {"start": start.name, "taken": number, "as_drawn": fresh})
            return Trainer(settings, network, clips, classes, world)

    started = time.monotonic()
    train, test = clips(parts.train, parts.train_labels), clips(parts.test, parts.test_labels)
    if settings.shuffled_labels:
        mixed = torch.argsort(counter.bits(settings.seed, counter.SHUFFLE, 0, torch.arange(len(train))))
        train = replace(train, labels=train.labels[mixed.to(device)])
    settings = _checked_precision(settings, classes, device, say)
    chosen = settings
    if settings.lr_grid:
        lr, _ = choose_lr(job, settings, train, make, say)
        chosen = replace(settings, lr=lr)
    trainer = make(chosen, train)

    def after_epoch(trainer: Trainer) -> None:
        if world.rank > 0:
            return
        row = trainer.history[-1]
        if _wanted(settings, row["epoch"]):
            probabilities = _predict(trainer, test, options)
            row |= _scores(probabilities, test.labels)
            text = _submission(protocol, source, settings, test, probabilities, _notes(data, settings, None))
            job.write(f"predictions/epoch-{row['epoch']:03d}.json", text)
        job.write_metrics(trainer.history)

    fit(
        trainer,
        job.checkpoint,
        job.name,
        say=say,
        after_epoch=after_epoch,
        board=board,
        every=options.get("checkpoint_every", 300.0),
    )
    notes = _notes(data, settings, trainer)
    best = _best(trainer) if settings.best_on_test else None
    if best is not None and best < settings.epochs:
        text = (job.folder / f"predictions/epoch-{best:03d}.json").read_text(encoding="utf-8")
    else:
        text = _submission(protocol, source, settings, test, _predict(trainer, test, options), notes)
    report = score(protocol, parse_submission(text.encode(), "predictions.json", protocol, ground_truth=data.truth))
    report = Report(report.header | {"warnings": list(dict.fromkeys([*notes, *report.warnings]))}, report.cells)
    if world.rank == 0:
        job.write_metrics(trainer.history)
        job.write("predictions.json", text)
        job.write("report.json", report.to_json())
        job.write("done.json", _summary(trainer, report, best, device, chosen, time.monotonic() - started))
    world.wait()
    return report


def _predict(trainer: Trainer, test: Clips, options: dict[str, Any]) -> Tensor:
    with memory_named(trainer.settings.batch):
        return predict(trainer, test, options.get("eval_batch"))


def _wanted(settings: Settings, epoch: int) -> bool:
    every = 1 if settings.best_on_test else settings.predict_every
    return every > 0 and (epoch % every == 0 or epoch == settings.epochs)


def _scores(probabilities: Tensor, labels: Tensor) -> dict[str, float]:
    """WAR and UAR over all test clips, for metrics.jsonl."""
    from fervbench.metrics import uar, war

    truth, answers = labels.cpu().numpy(), probabilities.argmax(dim=1).numpy()
    classes = probabilities.shape[1]
    return {"test_WAR": war(truth, answers), "test_UAR": uar(truth, answers, classes=classes)}


def _best(trainer: Trainer) -> int:
    """The first of the epochs that are best on the test list."""
    return int(max(trainer.history, key=lambda row: row["test_WAR"])["epoch"])


def _notes(data: Data, settings: Settings, trainer: Trainer | None) -> list[str]:
    """What must stand wherever the number stands."""
    notes = [NOTE] if data.derived is not None else []
    if settings.shuffled_labels:
        notes.append(SHUFFLED)
    if settings.best_on_test and trainer is not None:
        best = _best(trainer)
        of_last, of_best = trainer.history[-1]["test_WAR"], trainer.history[best - 1]["test_WAR"]
        notes.append(
            f"epoch {best} of {settings.epochs} was CHOSEN ON THE TEST LIST: for that reason alone WAR is"
            f" {100 * (of_best - of_last):.2f} points above the last epoch's"
        )
    return notes


def _submission(
    protocol: Protocol, source: str, settings: Settings, test: Clips, probabilities: Tensor, notes: list[str]
) -> str:
    rows = ([round(p, 6) for p in row] for row in probabilities.tolist())
    answers = dict(zip(test.ids, rows, strict=True))
    note = "; ".join(notes) or None
    return format_submission(protocol, [(source, settings.seed, answers)], classes=protocol.classes, note=note)


def _for_one(protocol: Protocol, source: str) -> Protocol:
    """The protocol as one source is scored by it: its own evaluations, or, where those need other sources too, its row.

    A row is an evaluation of its own name, `trained-on-SOURCE`, so no one takes it for the whole.
    """
    if any(evaluation.sources == (source,) for evaluation in protocol.evaluations.values()):
        return protocol
    name = f"trained-on-{source}"
    cells = tuple((source, target) for target in protocol.targets(source))
    row = Evaluation(name, f"Trained on {source} alone", "fervbench", "grid", cells)
    return replace(protocol, evaluations={name: row}, default_source=source)


def _together(found: Sequence[Outcome], settings: Settings, data: Data, out: Path) -> Outcome:
    """All sources' predictions in one file, scored as the protocol says."""
    runs = []
    for outcome in found:
        document: Any = strict_json.parse((outcome.folder / "predictions.json").read_bytes(), "predictions.json").value
        runs += [(run["trained_on"], run["seed"], run["predictions"]) for run in document["runs"]]
    names = hashlib.sha256("\n".join(outcome.folder.name for outcome in found).encode()).hexdigest()
    folder = out / f"{settings.model}-{data.protocol.id}-{names[:16]}"
    notes = list(dict.fromkeys(note for outcome in found for note in outcome.report.warnings[:1]))
    make_folder(folder)
    job = Job(folder, {"jobs": [outcome.folder.name for outcome in found]})
    text = format_submission(data.protocol, runs, classes=data.protocol.classes)
    report = score(
        data.protocol, parse_submission(text.encode(), "predictions.json", data.protocol, ground_truth=data.truth)
    )
    kept = [note for note in notes if note not in report.warnings and data.derived is not None]
    report = Report(report.header | {"warnings": [*kept, *report.warnings]}, report.cells)
    job.write("config.json", job.config)
    job.write("predictions.json", text)
    job.write("report.json", report.to_json())
    job.write("done.json", {"jobs": job.config["jobs"], "signature": report.signature})
    return Outcome(folder, report, data.protocol, None, data.derived is not None, all(o.stored for o in found))


def _checked_precision(settings: Settings, classes: int, device: torch.device, say: Say) -> Settings:
    """Float32 instead of bfloat16 where this machine computes 3D convolutions wrongly in bfloat16."""
    if settings.precision != "bfloat16" or device.type != "cuda":
        return settings
    with torch.device("meta"):
        if not networks.is_3d(networks.build(settings.model, classes, settings.frames, settings.sizes)):
            return settings
    try:
        error = numerics.conv3d_error(device)
    except RuntimeError as problem:
        say(f"3D convolutions in bfloat16 fail here ({str(problem).splitlines()[0]}): float32 is used")
        return replace(settings, precision="float32")
    if error > numerics.TOLERANCE:
        say(f"3D convolutions in bfloat16 are wrong here by {error:.3g} of the largest value: float32 is used")
        return replace(settings, precision="float32")
    return settings


def _summary(
    trainer: Trainer, report: Report, best: int | None, device: torch.device, settings: Settings, seconds: float
) -> dict[str, Any]:
    kept = [row for row in trainer.history if "test_WAR" in row]
    found: dict[str, Any] = {
        "reported": "last epoch" if best is None else f"epoch {best}, chosen on the test list",
        "lr": settings.lr,
        "precision": settings.precision,
        "environment": numerics.environment(device),
        "seconds": round(seconds, 1),
        "signature": report.signature,
    }
    if kept:
        top = max(kept, key=lambda row: row["test_WAR"])
        found["selection"] = {
            "last_WAR": kept[-1]["test_WAR"],
            "best_on_test_WAR": top["test_WAR"],
            "best_on_test_epoch": top["epoch"],
            "optimism": top["test_WAR"] - kept[-1]["test_WAR"],
            "epochs_compared": len(kept),
        }
    return found
