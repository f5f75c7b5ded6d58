"""The template engine: autoescape on for every template, whatever its name, undefined names are errors.

Untrusted text reaches pages only through `{{ }}`, so it is escaped; addresses pass `link`, which knows https alone.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from fervbench._version import __version__
from fervbench.leaderboard.tracks import TRACKS, home
from fervbench.resources import package_file

if TYPE_CHECKING:
    from jinja2 import Environment

_HTTPS = re.compile(r"https://[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:[/?#][!#$%&()*+,./0-9:;=?@A-Z_a-z~\[\]-]*)?")
# No script but the one file beside the pages, nothing from elsewhere, no form that goes anywhere, no frame, no plugin.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; "
    "object-src 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)


def percent(value: float | None, digits: int = 2) -> str:
    """A share in per cent, a dash where there is none.

    >>> percent(0.5207), percent(None)
    ('52.07', '\u2013')
    """
    return "\u2013" if value is None else f"{100 * value:.{digits}f}"


def signed(value: float | None, digits: int = 2) -> str:
    """A difference in points, with its sign.

    >>> signed(-0.0123)
    '\u22121.23'
    """
    if value is None:
        return "\u2013"
    text = f"{abs(100 * value):.{digits}f}"
    return ("" if not float(text) else "\u2212" if value < 0 else "+") + text


def probability(p: float) -> str:
    """A p-value.

    >>> probability(0.00001), probability(0.0312)
    ('< 0.001', '0.031')
    """
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def link(address: str | None) -> str | None:
    """An address that may be linked to: https and plain characters; None for every other.

    >>> link("https://example.org/a?b=1"), link("javascript:alert(1)"), link("https://a.b/<script>")
    ('https://example.org/a?b=1', None, None)
    """
    return address if address is not None and _HTTPS.fullmatch(address) else None


def heat(value: float | None, low: float, high: float) -> str:
    """The class of a cell of a heat map: h0 to h10, "" where there is no value.

    >>> heat(0.5, 0.0, 1.0)
    'h5'
    """
    if value is None:
        return ""
    return f"h{round(10 * min(max((value - low) / max(high - low, 1e-9), 0.0), 1.0))}"


@cache
def environment() -> Environment:
    """The environment of all pages."""
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    def read(name: str) -> str | None:
        path = package_file("leaderboard", "site", "templates", name)
        return path.read_text(encoding="utf-8") if path.is_file() else None

    made = Environment(
        loader=FunctionLoader(read),
        autoescape=True,  # stated: by default Jinja2 escapes nothing
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters |= {"percent": percent, "signed": signed, "p": probability, "link": link, "heat": heat}
    made.globals |= {"policy": POLICY, "version": __version__, "track_names": TRACKS, "home": home}
    return made


def render(template: str, **context: Any) -> str:
    """A page."""
    return environment().get_template(template).render(**context)
