"""One task, wherever it is: in this process, or, where it has several ranks, in processes of torchrun."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from fervbench.grid.task import Data, Task

Say = Callable[[str], None]


@dataclass(frozen=True)
class Place:
    """Where data lies and jobs go. `restarts`: how often torchrun starts its ranks again."""

    data: Mapping[str, Data]
    out: Path
    device: str
    restarts: int = 3

    def folder(self, task: Task, folders: Mapping[str, Path]) -> Path:
        """The folder of a task's job; nothing is trained."""
        from fervbench.grid.work import folder_of

        return folder_of(task, self.data, self.out, folders, device=self.device)

    def do(self, task: Task, folders: Mapping[str, Path], say: Say) -> Path:
        """Do a task, its line on standard error left to whoever shows all of them; gives the job's folder."""
        from fervbench.grid.work import work
        from fervbench.pack.progress import unseen

        if task.ranks > 1:
            from fervbench.grid.runners.torchrun import launch

            return launch(task, self.data, self.out, folders, device=self.device, restarts=self.restarts)
        with unseen():
            return work(task, self.data, self.out, folders, device=self.device, say=say)
