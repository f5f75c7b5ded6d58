"""The leaderboard's site: static pages, readable without a script, with nothing from elsewhere.

bits       what was kept of scored entries, unpacked
pairs      two entries on the same clips
clips      what nobody gets right, who agrees with whom, what is left to gain
gather     all of it by protocol
charts     SVG
html       the template engine, escaping, the security policy
entry      what stands on an entry's page
resolve    what each test list can show
published  the published tables with their audit
pages      which pages there are
data       the same as JSON, CSV and a script for the comparing page
build      files written at once, in a folder that is ours
"""

from __future__ import annotations

from fervbench.errors import MissingExtraError

try:
    import jinja2 as _jinja2  # noqa: F401  (that it is there)
except ImportError as error:
    raise MissingExtraError("the leaderboard's site", "site") from error
