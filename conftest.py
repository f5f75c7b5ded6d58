"""Where torch is not installed, the modules that import it have no doctests to collect."""

from importlib.util import find_spec

collect_ignore_glob = [] if find_spec("torch") else ["fervbench/grid/*", "fervbench/reference/*"]
