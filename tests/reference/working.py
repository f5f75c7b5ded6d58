"""A job in a process of its own, to be killed: `python working.py WORLD OUT`."""

from __future__ import annotations

import sys
from pathlib import Path

import torch
import world

from fervbench.reference import networks
from fervbench.reference.running import run_all

if __name__ == "__main__":
    networks.build = world.build
    chosen = world.settings(epochs=6, predict_every=2, lr_grid=(0.01, 0.05), hold_out=0.2)
    data = world.data_of(Path(sys.argv[1]))
    run_all(chosen, data, Path(sys.argv[2]), device=torch.device("cpu"), say=print, checkpoint_every=0.0)
