"""The learning rate, chosen on a share of the train part: the test part has no say in it.

The share is drawn class by class from the seed. Each rate of the grid is trained on the rest for all epochs, and what
the last epoch answers right of the share decides; of equal ones the lowest rate.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from fervbench.reference import counter
from fervbench.reference.clips import Clips
from fervbench.reference.fitting import Say, fit
from fervbench.reference.jobs import Job
from fervbench.reference.settings import Settings
from fervbench.reference.training import Trainer, predict


def held_out(labels: Tensor, share: float, seed: int) -> Tensor:
    """A mask of about `share` of each class, at least one clip of each that has two.

    >>> held_out(torch.tensor([0, 0, 0, 0, 1, 1]), 0.25, 0).sum().item()
    2
    """
    labels = labels.cpu()
    draws = counter.bits(seed, counter.HOLD_OUT, 0, torch.arange(len(labels)))
    mask = torch.zeros(len(labels), dtype=torch.bool)
    for each in sorted(set(labels.tolist())):
        members = torch.nonzero(labels == each).flatten()
        number = min(max(1, round(share * len(members))), len(members) - 1)
        mask[members[torch.argsort(draws[members])[:number]]] = True
    return mask


def choose_lr(
    job: Job, settings: Settings, clips: Clips, make: Callable[[Settings, Clips], Trainer], say: Say
) -> tuple[float, list[dict[str, Any]]]:
    """The best rate of the grid, and what each gave. What is finished is read from `choosing.json`."""
    mask = held_out(clips.labels, settings.hold_out, settings.seed)
    kept, share = clips.part(torch.nonzero(~mask).flatten()), clips.part(torch.nonzero(mask).flatten())
    rows: list[dict[str, Any]] = job.read("choosing.json") or []
    for lr in settings.lr_grid:
        if any(row["lr"] == lr for row in rows):
            continue
        trainer = make(replace(settings, lr=lr), kept)
        path = job.folder / f"choosing-{lr:g}.pt"
        fit(trainer, path, f"{job.name}/{lr:g}", say=say, name=f"choosing, lr {lr:g}:")
        right = predict(trainer, share).argmax(dim=1) == share.labels.cpu()
        rows.append({"lr": lr, "right": int(right.sum()), "of": len(share), "loss": trainer.history[-1]["loss"]})
        if trainer.world.rank == 0:
            job.write("choosing.json", rows)
            path.unlink(missing_ok=True)
        trainer.world.wait()
    best = max(rows, key=lambda row: (row["right"], -row["lr"]))
    listed = ", ".join(f"{row['lr']:g}: {row['right']} of {row['of']}" for row in rows)
    say(f"learning rate {best['lr']:g}, chosen on held-out training clips ({listed})")
    return float(best["lr"]), rows
