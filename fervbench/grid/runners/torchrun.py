"""A job too long for one GPU: torchrun starts its ranks on this machine, and starts all again when one dies.

The ranks are processes of `fervbench.grid.runners.worker`. What they write to standard error is kept until the job
ends; when torchrun gives up, the last lines are in the error.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from fervbench.errors import BusyError, InputError
from fervbench.grid.runners import passing
from fervbench.grid.runners.worker import ERROR, FOLDER, RUNNER, TASK
from fervbench.grid.task import Data, Task

LINES = 6  # of standard error, in an error
PATIENCE = 30.0  # seconds that ranks have to leave


def launch(
    task: Task, data: Mapping[str, Data], out: Path, folders: Mapping[str, Path], *, device: str, restarts: int
) -> Path:
    """Run a task in `task.ranks` processes and give its job folder.

    Raises BusyError where another process holds the job, InputError with the ranks' last lines where torchrun gives up.
    """
    with tempfile.TemporaryDirectory(prefix="fervbench-ranks-") as name:
        own = Path(name)
        (own / TASK).write_text(passing.to_json(task, data, out, folders, device), encoding="utf-8")
        code = _wait(_command(task.ranks, restarts, own), own)
        if (own / ERROR).is_file():
            row = json.loads((own / ERROR).read_text(encoding="utf-8"))
            made = BusyError if row["busy"] else InputError
            raise made(row["message"], hint=row["hint"], file=row["file"])
        if code == 0 and (own / FOLDER).is_file():
            return Path((own / FOLDER).read_text(encoding="utf-8"))
        said = _last_lines(own)
        message = f"torchrun gave up after {restarts} restarts (exit code {code}){f': {said}' if said else ''}"
        raise InputError(message, hint="the last checkpoint is kept: the same command goes on from it")


def _command(ranks: int, restarts: int, own: Path) -> list[str]:
    start = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--local-addr", "127.0.0.1"]
    start += ["--nproc-per-node", str(ranks), "--max-restarts", str(restarts)]
    start += ["--redirects", "3", "--log-dir", str(own / "logs")]
    return [*start, "-m", "fervbench.grid.runners.worker", str(own / TASK)]


def _wait(command: list[str], own: Path) -> int:
    """Run to the end; stopped in whatever way, the ranks are stopped too."""
    paths = [str(Path(__file__).parents[3]), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {RUNNER: str(os.getpid()), "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    with (own / "stderr.log").open("wb") as said:
        # A session of their own: an interrupt from the keyboard reaches this process, which then ends them.
        process = subprocess.Popen(  # noqa: S603 - our own module, no shell
            command, stdout=said, stderr=said, stdin=subprocess.DEVNULL, env=environment, start_new_session=True
        )
        try:
            return process.wait()
        except BaseException:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            raise


def _last_lines(own: Path) -> str:
    """What the ranks of the last attempt said last; torchrun's own last lines where they said nothing."""
    logs = sorted((own / "logs").rglob("attempt_*/*/stderr.log"), key=_attempt_and_rank)
    last = [path for path in logs if logs and _attempt_and_rank(path)[0] == _attempt_and_rank(logs[-1])[0]]
    found = [f"rank {path.parent.name}: {said}" for path in last if (said := _tail(path))]
    return "; ".join(found) or _tail(own / "stderr.log")


def _attempt_and_rank(path: Path) -> tuple[int, int]:
    return int(path.parents[1].name.removeprefix("attempt_")), int(path.parent.name)


def _tail(path: Path) -> str:
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    return " / ".join([line.strip() for line in lines if line.strip()][-LINES:])
