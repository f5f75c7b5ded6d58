"""`python -m fervbench`."""

from __future__ import annotations

from fervbench.cli import run

if __name__ == "__main__":
    run()
