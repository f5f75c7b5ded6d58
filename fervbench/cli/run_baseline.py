"""`fervbench run-baseline`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fervbench.cli import Command, options, rebuild
from fervbench.cli.run_spotting import run_spotting, settings_given

if TYPE_CHECKING:
    from fervbench.protocol import Protocol
    from fervbench.published.tables import Table
    from fervbench.reference.running import Outcome
    from fervbench.reference.settings import Settings


def _rates(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[float, ...]:
    del ctx, param
    try:
        return tuple(float(part) for part in value.split(",")) if value else ()
    except ValueError:
        raise click.BadParameter("is no list of numbers like 0.001,0.003,0.01") from None


@click.command("run-baseline", cls=Command)
@click.argument("name", metavar="[NAME]", required=False)
@click.option("--table", metavar="ID", help="Rebuild a published table: ferv39k/table2.")
@click.option("--figure", metavar="ID", help="Rebuild a published figure: dfew/figure5.")
@click.option("--protocol", "protocol_", metavar="ID|PATH", help="What to train for and score by.")
@click.option(
    "--data", multiple=True, metavar="DIR|PACK", help="A release, which is packed first, or a pack; DATASET=... too."
)
@click.option(
    "--scene-data", multiple=True, metavar="PACK", help="Two streams: the pack of scenes beside --data's of faces."
)
@click.option("--trained-on", metavar="C", help="The configuration to train on; the protocol's default if left out.")
@click.option(
    "--ground-truth", multiple=True, metavar="PATH", help="Labels for this call: a labels file or an official copy."
)
@click.option("--plan", "show_plan", is_flag=True, help="Only show what would be trained, and what it costs.")
@click.option("--assemble", is_flag=True, help="Only show what the jobs under --out give by now.")
@click.option(
    "--seeds", callback=rebuild.numbers, metavar="0,1,..", help="Seeds of a table's jobs; five allow a verdict."
)
@click.option("--only", multiple=True, metavar="METHOD", help="Only a method's rows; may be given again.")
@click.option(
    "--weights", multiple=True, metavar="NAME=PATH", help="Weights from outside that a plan asks for by name."
)
@click.option(
    "--throughput",
    type=click.FloatRange(0, min_open=True),
    metavar="TFLOPS",
    help="For --plan, not measured but stated.",
)
@options.running
@click.option(
    "--ranks", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes (torchrun) of each job."
)
@click.option("--markdown", "form", flag_value="markdown", help="The table in Markdown.")
@click.option("--latex", "form", flag_value="latex", help="The table as LaTeX (booktabs).")
@click.option(
    "--plot", "plots", multiple=True, metavar="FILE", help="Draw the figure: .svg, .png or .pdf; may be given again."
)
@click.option("--force", is_flag=True, help="Replace files of --plot that exist.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Another model for another.")
@click.option("--epochs", type=click.IntRange(1, 10_000), help="Instead of the recipe's; the rate falls as far.")
@click.option("--batch", type=click.IntRange(2, 4096), help="Instead of the recipe's.")
@click.option("--frames", type=click.IntRange(2, 64), help="Frames a clip, instead of the recipe's.")
@click.option("--size", type=click.IntRange(32, 512), help="Height of the input, instead of the recipe's 112.")
@click.option("--lr", type=float, help="First learning rate, instead of the recipe's.")
@click.option("--choose-lr", is_flag=True, help="Choose the rate of the recipe's grid on held-out training clips.")
@click.option("--lr-grid", callback=_rates, metavar="A,B,..", help="The same, of these rates.")
@click.option("--hold-out", type=float, help="Share of train held out for that, instead of the recipe's.")
@click.option("--device", metavar="D", help="cpu, cuda or cuda:1; a GPU if there is one.")
@click.option("--precision", type=click.Choice(["float32", "bfloat16"]), help="bfloat16 on a GPU, else float32.")
@click.option("--deterministic", is_flag=True, help="The same bits again on the same machine; slower on a GPU.")
@click.option("--predict-every", type=click.IntRange(0), default=0, metavar="K", help="Keep answers every K epochs.")
@click.option("--best-on-test", is_flag=True, help="Report the epoch best on the test list, and label it so.")
@click.option("--shuffled-labels", is_flag=True, help="Control: train on labels in another order.")
@click.option("--features", multiple=True, metavar="JOB", help="Spotting: a recognition job, or features it made.")
@click.option("--shuffled-features", is_flag=True, help="Spotting, control: snippets in another order.")
@click.option("--shuffled-test-features", is_flag=True, help="The same after training, in the test part alone.")
@click.option(
    "--set",
    "settings",
    multiple=True,
    callback=settings_given,
    metavar="K=V",
    help="Spotting: a setting; for tables bmn.K=V.",
)
@click.option("--eval-batch", type=click.IntRange(1, 4096), help="Clips at a time when predicting.")
@click.option("--workers", type=click.IntRange(1, 1024), help="Processes that pack.")
@click.option("--tensorboard", is_flag=True, help="Write TensorBoard's files too.")
@click.option("--out", default="baseline-jobs", show_default=True, metavar="DIR", help="Where jobs and packs are kept.")
@options.as_json
@click.pass_context
def run_baseline(ctx: click.Context, /, name: str | None, table: str | None, figure: str | None, **chosen: Any) -> None:
    """Train a published baseline and score it.

    The test part is predicted and the score set beside the published cell. NAME is as papers print it or as its id:
    R18-LSTM, c3d+ec-stfl, "Two C3D". Everything ends in a folder under --out that is named by what was asked for: the
    same command again goes on where it was stopped, or prints the stored report. The last epoch is reported; the test
    list chooses nothing. Needs the extra `baselines` (torch).

    For a spotting protocol NAME is BMN, BSN, TURN or R-C3D, over the --features of a finished recognition job; the
    validation part picks the epoch. --set changes a setting that `fervbench baselines show BMN` lists.

    With --table or --figure every job that it needs is trained once, and the printed numbers are shown with ours below
    them; what is done already is not done again. Several datasets: --data sdfe-lv=DIR --data dfew=DIR.

    \b
    Example:
      fervbench run-baseline --table ferv39k/table3 --plan --throughput 300
      fervbench run-baseline R18-LSTM --protocol tiny.toml --data tiny.pack --size 32 --frames 2 --epochs 1 --device cpu
    """
    import gc

    gc.enable()
    many = table is not None or figure is not None
    if many and name is not None:
        raise click.UsageError("a baseline's name, --table and --figure exclude each other")
    rebuild.check_options(ctx, one=not many)
    if many:
        rebuild.rebuild(table, figure, chosen | {"table": table, "figure": figure})
        return
    for wanted, value in (("NAME", name), ("--protocol", chosen["protocol_"]), ("--data", chosen["data"])):
        if not value:
            raise click.UsageError(f"missing {wanted}: NAME --protocol ID --data DIR, or --table ID, or --figure ID")
    paths: dict[str, Any] = {}
    for key in ("data", "scene_data", "ground_truth"):
        given = chosen.pop(key)
        if len(given) > 1:
            raise click.UsageError(f"--{key.replace('_', '-')} is given twice; a single baseline has one dataset")
        paths[key] = given[0] if given else None
    paths |= {key: value for key, value in chosen.items() if key not in rebuild.OF_MANY}
    _train(str(name), **paths)


def _train(
    name: str,
    *,
    protocol_: str,
    data: str,
    scene_data: str | None,
    trained_on: str | None,
    ground_truth: str | None,
    workers: int | None,
    tensorboard: bool,
    out: str,
    device: str | None,
    eval_batch: int | None,
    as_json: bool,
    **chosen: Any,
) -> None:
    """One baseline, from data to report."""
    from fervbench.errors import UsageError
    from fervbench.protocol import load_protocol
    from fervbench.reference import naming, numerics
    from fervbench.reference.distributed import join, leave
    from fervbench.reference.networks import streams_of
    from fervbench.reference.packing import Wanted, find_packs
    from fervbench.reference.progress import tensorboard as writer
    from fervbench.reference.running import gather_data, run_all
    from fervbench.reference.synthetic import is_synthetic

    protocol = load_protocol(protocol_)
    if protocol.task == "spotting":
        chosen |= {"trained_on": trained_on, "ground_truth": ground_truth, "workers": workers, "device": device}
        chosen |= {"scene_data": scene_data, "tensorboard": tensorboard, "eval_batch": eval_batch}
        run_spotting(name, protocol, data, out, as_json, chosen)
        return
    for option in ("features", "shuffled_features", "shuffled_test_features", "settings"):
        if chosen[option]:
            flag = "--set" if option == "settings" else f"--{option.replace('_', '-')}"
            raise UsageError(f"{flag} is for baselines of spotting; {protocol.id} is for {protocol.task}")
    recipe = naming.choose_recipe(name, protocol.id)
    if protocol.task != "recognition":
        raise UsageError(f"{protocol.id} is for {protocol.task}; baselines of recognition are trained here")
    where = numerics.choose_device(device)
    numerics.prepare(deterministic=chosen["deterministic"])
    world = join(where)
    if chosen["choose_lr"] and not chosen["lr_grid"]:
        chosen["lr_grid"] = naming.grid_of(recipe)
    settings = _settings(naming.settings_of(recipe), chosen, where.type, world.size)
    if tensorboard:
        import importlib.util

        if importlib.util.find_spec("tensorboard") is None:
            writer(Path(out))  # says what is missing
    streams = streams_of(settings.model)
    wanted = [Wanted(*row) for row in zip(streams, settings.pack_sizes, settings.sizes, strict=True)]
    scenes = Path(scene_data) if scene_data is not None else None
    packs = find_packs(Path(data), scenes, wanted, Path(out), workers)
    synthetic = is_synthetic(packs, Path(data))

    def say(text: str) -> None:
        if world.rank == 0:
            click.echo(text, err=True)

    outcomes = run_all(
        settings,
        gather_data(protocol, packs, synthetic=synthetic, ground_truth=ground_truth),
        Path(out),
        trained_on=trained_on,
        device=where,
        world=world,
        say=say,
        board=writer if tensorboard else None,
        eval_batch=eval_batch,
    )
    leave()
    if world.rank == 0:
        _show(outcomes[-1], recipe.method, protocol, as_json)


def _settings(recipe: Settings, chosen: dict[str, Any], device: str, ranks: int) -> Settings:
    """The recipe with what the command line changes."""
    from dataclasses import replace

    from fervbench.reference.naming import resized, shortened

    changed = {key: chosen[key] for key in ("batch", "frames", "lr", "hold_out") if chosen[key] is not None}
    changed |= {key: chosen[key] for key in ("seed", "lr_grid", "deterministic", "predict_every")}
    changed |= {key: chosen[key] for key in ("best_on_test", "shuffled_labels")}
    precision = chosen["precision"] or ("bfloat16" if device == "cuda" else "float32")
    settings = replace(recipe, precision=precision, ranks=ranks, **changed)
    if chosen["epochs"] is not None:
        settings = shortened(settings, chosen["epochs"])
    return settings if chosen["size"] is None else resized(settings, chosen["size"])


def _show(outcome: Outcome, method: str, protocol: Protocol, as_json: bool) -> None:
    from fervbench.cli.render import print_report
    from fervbench.findings import visible

    if as_json:
        click.echo(outcome.report.to_json(), nl=False)
        return
    print_report(outcome.report, outcome.protocol)
    if outcome.synthetic:
        click.echo("\nsynthetic data: no verdict on the published numbers")
    else:
        from fervbench.cli.render_tables import print_beside
        from fervbench.published.against import beside

        for table in published_rows(method, protocol, outcome.report):
            print_beside(table, beside(table, outcome.report))
    click.echo(f"\njob: {visible(str(outcome.folder))}{' (done before)' if outcome.stored else ''}")


def published_rows(method: str, protocol: Protocol, report: Any) -> list[Table]:
    """The rows of published tables that are of this method and have a cell that was scored."""
    from fervbench.published.against import value_of
    from fervbench.published.tables import tables_with

    return tables_with(protocol.id, lambda cell: cell.method == method and value_of(cell, report) is not None)
