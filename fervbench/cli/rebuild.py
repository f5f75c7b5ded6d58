"""`fervbench run-baseline --table ID | --figure ID`: what it reads from the command line, and what it shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from fervbench.grid.planning import Choice, Plan
    from fervbench.grid.task import Data

DATASETS = ("ferv39k", "dfew", "afew", "ckplus", "sdfe-lv")
# What means something for a single baseline only, and what for a table or figure only.
OF_ONE = (
    *("protocol_", "trained_on", "seed", "lr_grid", "hold_out", "predict_every", "best_on_test", "shuffled_labels"),
    *("eval_batch", "workers", "tensorboard", "features", "shuffled_features", "shuffled_test_features"),
)
OF_MANY = (
    *("show_plan", "assemble", "seeds", "only", "weights", "throughput", "form", "plots", "force"),
    *("runner", "gpus_per_job", "at_once", "ray_address", "retries", "ranks"),
)
RUNNING = ("runner", "gpus_per_job", "at_once", "ray_address", "retries")


def numbers(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[int, ...]:
    """`0,1,2` as numbers."""
    del ctx, param
    try:
        found = tuple(int(part) for part in value.split(",")) if value else ()
    except ValueError:
        found = (-1,)
    if any(number < 0 for number in found):
        raise click.BadParameter("is no list of seeds like 0,1,2,3,4")
    if len(set(found)) < len(found):
        raise click.BadParameter("names a seed twice")
    return found


def check_options(ctx: click.Context, *, one: bool) -> None:
    """Raise UsageError for an option that means nothing here."""
    from click.core import ParameterSource

    wrong = OF_MANY if one else OF_ONE
    for param in ctx.command.params:
        if param.name in wrong and ctx.get_parameter_source(param.name) is ParameterSource.COMMANDLINE:
            where = "--table and --figure" if one else "a single baseline"
            raise click.UsageError(f"{param.opts[-1]} is for {where}")


def rebuild(table: str | None, figure: str | None, options: Mapping[str, Any]) -> None:
    """Plan, run and show a table or figure, or the first or last of these alone."""
    from fervbench.errors import UsageError
    from fervbench.grid.assembling import assemble
    from fervbench.grid.planning import make_plan
    from fervbench.grid.views import view
    from fervbench.reference import numerics
    from fervbench.reference.starting import name_of_file

    if table is not None and figure is not None:
        raise UsageError("--table and --figure exclude each other")
    found = view(str(table or figure), figure=figure is not None)
    device = numerics.choose_device(options["device"])
    weights = _pairs(options["weights"], "--weights", "NAME=PATH")
    _check_plots(options["plots"], options["force"])
    data = _data(options)
    plan = make_plan(found, _choice(options, weights, device.type, data))
    if options["show_plan"]:
        _show_plan(plan, options, device)
        return
    out = Path(options["out"])
    if not options["assemble"]:
        _run(plan, data, out, options)
    hashes = {path: name_of_file(Path(path)) for path in weights.values()}
    _show(assemble(plan, out, hashes), options)


def _choice(options: Mapping[str, Any], weights: Mapping[str, str], device: str, data: Mapping[str, Data]) -> Choice:
    from fervbench.grid.planning import Choice
    from fervbench.reference.packing import WITH_SCENES

    same = ("epochs", "batch", "frames", "size", "lr", "choose_lr", "deterministic", "ranks")
    return Choice(
        seeds=options["seeds"] or (0,),
        only=tuple(options["only"]),
        weights=weights,
        spotting=_of_networks(options["settings"]),
        without_scenes=frozenset(
            name for name, each in data.items() if name not in WITH_SCENES and len(each.packs) < 2
        ),
        precision=options["precision"] or ("bfloat16" if device == "cuda" else "float32"),
        **{name: options[name] for name in same},
    )


def _of_networks(given: Mapping[str, Any]) -> tuple[tuple[str, str, Any], ...]:
    """`--set bmn.bins=25` by network."""
    from fervbench.errors import UsageError
    from fervbench.recipes import SPOTTERS

    found = []
    for name, value in given.items():
        network, _, key = name.partition(".")
        if network not in SPOTTERS or not key:
            raise UsageError(f"--set {name!r} names no network", hint=f"--set bmn.bins=25; {', '.join(SPOTTERS)}")
        found.append((network, key, value))
    return tuple(found)


def _pairs(given: Sequence[str], option: str, form: str) -> dict[str, str]:
    from fervbench.errors import UsageError

    found: dict[str, str] = {}
    for text in given:
        name, mark, path = text.partition("=")
        if not mark or not name or not path:
            raise UsageError(f"{option} {text!r} is not of the form {form}")
        if name in found:
            raise UsageError(f"{option} names {name} twice")
        found[name] = path
    return found


def _data(options: Mapping[str, Any]) -> dict[str, Data]:
    """Where the data of each dataset lies, from `--data`, `--scene-data` and `--ground-truth`."""
    from fervbench.grid.task import Data

    first = str(options["table"] or options["figure"]).partition("/")[0]
    faces, scenes, truth = (_named(options[key], first) for key in ("data", "scene_data", "ground_truth"))
    return {
        name: Data(name, (path, *([scenes[name]] if name in scenes else [])), truth.get(name))
        for name, path in faces.items()
    }


def _named(given: Sequence[str], first: str) -> dict[str, str]:
    """`dfew=PATH` by dataset; a path alone is that of the table's own dataset."""
    from fervbench.errors import UsageError

    found: dict[str, str] = {}
    for text in given:
        name, mark, path = text.partition("=")
        if not mark or name not in DATASETS:
            name, path = first, text
        if name in found:
            raise UsageError(f"two paths for {name}: {found[name]} and {path}")
        found[name] = path
    return found


def _run(plan: Plan, data: Mapping[str, Data], out: Path, options: Mapping[str, Any]) -> None:
    from fervbench.errors import UsageError
    from fervbench.grid.rebuilding import rebuild as run

    lacking = dict.fromkeys(task.data for task in plan.tasks if task.data not in data)
    if lacking:
        names = " ".join(f"--data {name}=PATH" for name in lacking)
        hint = f"{names}; --plan shows what would be trained, --assemble what is there already"
        raise UsageError(f"{plan.view.id} needs the data of {', '.join(lacking)}", hint=hint)
    for model, why in plan.lacking.items():
        click.echo(f"{model.label}: {why}; left out", err=True)
    device = options["device"] or _default_device()
    run(plan, data, out, device=device, **{name: options[name] for name in RUNNING})


def _default_device() -> str:
    from fervbench.reference.numerics import choose_device

    return choose_device(None).type


def _check_plots(paths: Sequence[str], force: bool) -> None:
    """Raise before hours of training what could not be written after them."""
    from fervbench.plots import prepare

    for path in paths:
        prepare(Path(path), overwrite=force)


def _show_plan(plan: Plan, options: Mapping[str, Any], device: Any) -> None:
    from fervbench.grid import costing

    stated = options["throughput"]
    rate = costing.stated(stated) if stated is not None else costing.measured(device)
    timed = costing.timed(plan, rate)
    if options["as_json"]:
        from fervbench.strict_json import dumps

        fills = timed.fills()
        tasks = [
            {
                "key": task.key,
                "data": task.data,
                "trained_on": task.trained_on,
                "after": list(task.after),
                "start": task.start,
                "flops": costing.flops(task),
                "seconds": task.seconds,
                "fills": [[entry.row, entry.column, entry.metric, entry.class_] for entry in fills[task.key]],
            }
            for task in timed.tasks
        ]
        lacking = {model.label: why for model, why in timed.lacking.items()}
        about = {"id": plan.view.id, "throughput": rate.said, "tasks": tasks, "lacking": lacking}
        click.echo(dumps(about))
        return
    from fervbench.cli.render_grid import print_plan

    print_plan(timed, {task.key: costing.flops(task) for task in timed.tasks}, rate.said)


def _show(found: Any, options: Mapping[str, Any]) -> None:
    if options["as_json"]:
        from fervbench.grid.document import to_dict
        from fervbench.strict_json import dumps

        click.echo(dumps(to_dict(found)))
    elif options["form"] is not None:
        from fervbench.grid import texts

        click.echo({"markdown": texts.markdown, "latex": texts.latex}[options["form"]](found), nl=False)
    else:
        from fervbench.cli.render_grid import print_assembled

        print_assembled(found)
    if options["plots"]:
        from fervbench.grid.drawing import draw

        for path in options["plots"]:
            draw(found, Path(path), overwrite=options["force"])
            click.echo(f"wrote {path}", err=True)
