"""An assembled table or figure as JSON (`fervbench-rebuilt/1`, `schemas/rebuilt.schema.json`); shares of 1."""

from __future__ import annotations

from typing import Any

from fervbench._version import __version__
from fervbench.grid.assembling import Assembled
from fervbench.grid.filling import Rebuilt

FORMAT = "fervbench-rebuilt/1"


def to_dict(found: Assembled) -> dict[str, Any]:
    """Everything that is known, also of what is not there."""
    view = found.view
    return {
        "format": FORMAT,
        "tool_version": __version__,
        "id": view.id,
        "title": view.title,
        "kind": view.kind,
        "caption": view.caption or None,
        "pinned": view.pinned,
        "synthetic": found.synthetic,
        "verified": dict(found.verified),
        "seeds": list(found.seeds),
        "tasks": found.tasks,
        "jobs": dict(found.jobs),
        "cells": [_cell(each, found) for each in found.rebuilt],
        "rankings": [dict(each.__dict__) for each in found.rankings],
        "notes": list(found.notes),
    }


def _cell(each: Rebuilt, found: Assembled) -> dict[str, Any]:
    entry, said = each.entry, each.verdict
    content: dict[str, Any] = {
        "block": found.view.blocks[entry.block].title or None,
        "row": entry.row,
        "column": entry.column,
        "metric": entry.metric,
        "class": entry.class_,
        "models": [model.label for model in entry.models],
        "less": entry.less.label if entry.less is not None else None,
        "targets": list(entry.targets),
        "reduce": entry.reduce,
        "published": [{"table": cell.table, "index": cell.index} for cell in entry.cells],
        "printed": entry.printed,
        "ours": each.ours,
        "difference": each.difference,
        "sd": each.sd,
        "seeds": list(each.seeds),
        "per_seed": list(each.scores),
        "interval": dict(each.interval.__dict__) if each.interval is not None else None,
        "verdict": dict(said.__dict__) | {"impossible": list(said.impossible)} if said is not None else None,
        "missing": list(each.absent),
        "why": each.why,
    }
    if each.matrix is not None:
        content |= {"classes": list(each.classes), "confusion": each.matrix.confusion.tolist()}
    if each.curve is not None:
        content["curve"] = dict(each.curve)
    if each.points is not None:
        places, labels = each.points
        content |= {"classes": list(each.classes), "points": [[round(float(x), 4) for x in p] for p in places]}
        content["labels"] = labels.tolist()
    return content
