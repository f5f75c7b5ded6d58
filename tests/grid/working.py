"""The command line in a process of its own, with small networks, to be killed: `python working.py ARGUMENTS`."""

from __future__ import annotations

import os
import signal

import torch

from fervbench.cli import main
from fervbench.reference import networks
from fervbench.reference.training import Trainer

if __name__ == "__main__":
    import drawn  # beside this file; pytest, which looks for doctests here, does not find it

    torch.set_num_threads(1)
    networks.build = drawn.build
    steps, left = Trainer.eager_step, [int(os.environ.get("KILL_AFTER", "-1"))]  # steps of training

    def killing(trainer: Trainer, chosen: torch.Tensor) -> None:
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left[0] -= 1
        steps(trainer, chosen)

    Trainer.eager_step = killing
    main()
