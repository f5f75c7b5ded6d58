"""One of a task's ranks: `torchrun ... -m fervbench.grid.runners.worker task.json`.

What cannot be helped by starting again is written beside the task, and every later start leaves at once.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from pathlib import Path

TASK, ERROR, FOLDER = "task.json", "error.json", "folder"
RUNNER = "FERVBENCH_RUNNER_PROCESS"


def main(path: Path) -> int:
    """Do the task; gives the exit code."""
    if (path.with_name(ERROR)).exists() or not _runner_lives():
        return 1
    threading.Thread(target=_leave_with_runner, daemon=True).start()
    from fervbench.errors import BusyError, FervbenchError
    from fervbench.files import write_whole
    from fervbench.grid.runners.passing import from_json
    from fervbench.grid.work import work
    from fervbench.reference.distributed import part
    from fervbench.reference.numerics import own_gpu

    task, data, out, folders, device = from_json(path.read_text(encoding="utf-8"))
    rank = int(os.environ.get("RANK", "0"))

    def say(text: str) -> None:
        print(text, file=sys.stderr, flush=True)  # noqa: T201 - into this rank's log

    try:
        folder = work(task, data, out, folders, device=own_gpu(device), say=say)
    except FervbenchError as error:
        row = {"message": error.message, "hint": error.hint, "file": error.file, "busy": isinstance(error, BusyError)}
        write_whole(path.with_name(ERROR), json.dumps(row), overwrite=True)
        return error.exit_code
    finally:
        part()
    if rank == 0:
        write_whole(path.with_name(FOLDER), str(folder), overwrite=True)
    return 0


def _runner_lives() -> bool:
    """Whether the process that started torchrun is there: nobody waits for the ranks of a dead one."""
    process = os.environ.get(RUNNER)
    if process is None or os.name != "posix":
        return True
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _leave_with_runner() -> None:
    while _runner_lives():
        time.sleep(1.0)
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
