"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

as_json: Decorator = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
force: Decorator = click.option("--force", is_flag=True, help="Replace a file that exists.")


def output(what: str) -> Decorator:
    """`--output FILE`: where to write `what`."""
    return click.option("--output", "-o", metavar="FILE", help=f"Write {what} to FILE.")
