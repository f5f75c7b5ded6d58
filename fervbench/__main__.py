"""`python -m fervbench`."""

from __future__ import annotations

from fervbench.cli import main

if __name__ == "__main__":
    main()
