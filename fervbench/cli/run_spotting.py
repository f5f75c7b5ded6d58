"""`fervbench run-baseline` for a spotting protocol: BMN, BSN, TURN and R-C3D over features of trained extractors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from fervbench.protocol import Protocol
    from fervbench.published.tables import Table
    from fervbench.reference.spotting.gathering import Gathered
    from fervbench.reference.spotting.running import Outcome
    from fervbench.spotting_recipes import SpottingRecipe

# Options of the command that say nothing to a spotting network, and their values when they are not given.
_ONLY_RECOGNITION = {
    "trained_on": None, "frames": None, "choose_lr": False, "lr_grid": (), "hold_out": None, "predict_every": 0,
    "best_on_test": False, "shuffled_labels": False, "tensorboard": False, "eval_batch": None,
}  # fmt: skip


def run_spotting(name: str, protocol: Protocol, data: str, out: str, as_json: bool, chosen: dict[str, Any]) -> None:
    """Train a spotting baseline over each of the features that were named, and score it."""
    from fervbench.errors import UsageError
    from fervbench.spotting_recipes import find_spotting_recipe, unknown_spotter

    found = find_spotting_recipe(name)
    if found is None:
        raise unknown_spotter(name)
    recipe, extractor = found
    for option, nothing in _ONLY_RECOGNITION.items():
        if chosen.get(option, nothing) != nothing:
            raise UsageError(f"--{option.replace('_', '-')} is for baselines of recognition")
    sources = chosen["features"]
    if not sources:
        what = "the folder of a C3D job, or none" if recipe.network == "r-c3d" else "the folder of a recognition job"
        raise UsageError(f"{recipe.network} needs --features: {what}", hint="train one: fervbench run-baseline C3D ...")
    outcomes = [_one(recipe, extractor, protocol, data, out, source, chosen) for source in sources]
    if as_json:
        reports = [json.loads(outcome.report.to_json()) for outcome, *_ in outcomes]
        click.echo(json.dumps(reports if len(reports) > 1 else reports[0], indent=1))
        return
    for outcome, of, pretrained in outcomes:
        _show(outcome, f"{recipe.network}+{of}", pretrained, protocol)


def _one(
    recipe: SpottingRecipe,
    extractor: str | None,
    protocol: Protocol,
    data: str,
    out: str,
    source: str,
    chosen: dict[str, Any],
) -> tuple[Outcome, str | None, str]:
    from fervbench.errors import UsageError
    from fervbench.reference import numerics
    from fervbench.reference.spotting.gathering import gather
    from fervbench.reference.spotting.running import run_job
    from fervbench.reference.spotting.settings import from_recipe, packed_size

    device = numerics.choose_device(chosen["device"])
    numerics.prepare(deterministic=chosen["deterministic"])
    changes: dict[str, Any] = {key: chosen[key] for key in ("epochs", "batch", "lr") if chosen[key] is not None}
    changes |= {"seed": chosen["seed"], "deterministic": chosen["deterministic"]}
    if chosen["shuffled_features"] and chosen["shuffled_test_features"]:
        raise UsageError("--shuffled-features and --shuffled-test-features are two controls, two jobs")
    for control in ("shuffled_features", "shuffled_test_features"):
        if chosen[control]:
            changes["control"] = control.replace("_", "-")
    if chosen["size"] is not None and recipe.network == "r-c3d":
        changes["size"] = (chosen["size"], chosen["size"])
    settings = from_recipe(recipe, **changes | dict(chosen["settings"]))

    def say(text: str) -> None:
        click.echo(text, err=True)

    gathered = gather(
        protocol,
        settings,
        Path(data),
        source,
        Path(out),
        scenes=Path(chosen["scene_data"]) if chosen["scene_data"] else None,
        ground_truth=chosen["ground_truth"],
        expected=extractor,
        packed_size=packed_size(settings),
        workers=chosen["workers"],
        device=device,
        say=say,
    )
    outcome = run_job(
        settings,
        gathered.given,
        gathered.about,
        Path(out),
        say=say,
        synthetic=gathered.synthetic,
        files=gathered.files,
    )
    if gathered.network is not None:
        recognise(outcome, gathered, say)
    return outcome, gathered.extractor, gathered.pretrained


def recognise(outcome: Outcome, gathered: Gathered, say: Callable[[str], None]) -> None:
    """Spot, then recognise: what the extractor's own classifier makes of the spotted intervals, beside the report."""
    from fervbench.errors import MismatchError
    from fervbench.reference.jobs import Job
    from fervbench.reference.spotting.recognising import evaluate_job

    name = "spot-then-recognise.json"
    job = Job(outcome.folder, {})
    if gathered.network is None or (outcome.stored and (outcome.folder / name).is_file()):
        return
    try:
        found = evaluate_job(job, gathered.network, gathered.given)
    except MismatchError as error:
        say(f"not recognised: {error.message}")
        return
    job.write(name, found)
    shown = "-" if found["macro_F1"] is None else f"{100 * found['macro_F1']:.2f}"
    say(
        f"spotted and recognised: {found['matched']} of {found['targets']} intervals among {found['spotted']} events, "
        f"macro F1 of classes {shown} ({name})"
    )


def _show(outcome: Outcome, method: str, pretrained: str, protocol: Protocol) -> None:
    from fervbench.cli.render_spotting import print_spotting
    from fervbench.findings import visible
    from fervbench.reference.spotting.controls import NOTES
    from fervbench.reference.synthetic import NOTE

    print_spotting(outcome.report, protocol)
    warnings = outcome.report.warnings
    if NOTE in warnings:
        click.echo("\nsynthetic data: no verdict on the published numbers")
    elif any(note in warnings for note in NOTES.values()):
        click.echo("\na control: nothing to set beside the published numbers")
    else:
        from fervbench.cli.render_tables import print_beside
        from fervbench.published.against import beside

        for table in published_rows(method, pretrained, protocol):
            print_beside(table, beside(table, outcome.report))
    click.echo(f"\njob: {visible(str(outcome.folder))}{' (done before)' if outcome.stored else ''}")


def published_rows(method: str, pretrained: str, protocol: Protocol) -> list[Table]:
    """The rows of published tables that are of this network over this extractor, pretrained on this dataset."""
    from fervbench.published.tables import tables_with

    return tables_with(protocol.id, lambda cell: (cell.method, cell.source) == (method, pretrained))


def settings_given(ctx: click.Context, param: click.Parameter, value: tuple[str, ...]) -> dict[str, Any]:
    """`--set bins=50`: settings of a recipe by name, their values as JSON has them."""
    del ctx, param
    found: dict[str, Any] = {}
    for each in value:
        name, equals, text = each.partition("=")
        if not equals or not name:
            raise click.BadParameter(f"{each!r} is not NAME=VALUE")
        try:
            found[name] = json.loads(text)
        except ValueError:
            found[name] = text
    return found
