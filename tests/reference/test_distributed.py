"""Two processes on one batch give one process's gradients."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import fervbench
from fervbench.reference.distributed import World

from .world import write_world


def test_a_world_of_one_changes_nothing():
    alone, batch = World(), torch.arange(8)
    assert alone.share(batch) is batch
    assert alone.mean(torch.tensor(2.5)) == 2.5
    tensor = torch.ones(2)
    alone.average([tensor])
    assert tensor.tolist() == [1, 1]


def test_a_rank_that_finds_nobody_leaves():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    script = (
        "import torch; from fervbench.reference import distributed as d; d.PATIENCE = 1.0; d.join(torch.device('cpu'))"
    )
    paths = [str(Path(fervbench.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths), "RANK": "0", "WORLD_SIZE": "2"}
    environment |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, "have not found each other in 1 seconds" in done.stderr) == (1, True), done.stderr


@pytest.mark.slow
def test_two_gloo_ranks_give_one_ranks_gradients(tmp_path: Path):
    folder = write_world(tmp_path / "world")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    script = "import sys; from ranks import work; work(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]))"
    here = str(Path(__file__).parent)
    paths = [here, str(Path(fervbench.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths)}
    both = []
    for rank in range(2):
        arguments = [sys.executable, "-c", script, str(rank), str(folder), str(port)]
        both.append(subprocess.Popen(arguments, stderr=subprocess.PIPE, env=environment))
    for process in both:
        _, said = process.communicate(timeout=120)
        assert process.returncode == 0, said.decode()
    first, second = (torch.load(folder / f"{rank}.pt", weights_only=True) for rank in range(2))
    for key in ("gradients", "weights", "buffers"):
        assert all(torch.equal(a, b) for a, b in zip(first[key], second[key], strict=True)), key
    sys.path.insert(0, here)
    try:
        import ranks
    finally:
        sys.path.remove(here)
    wanted, trainer = ranks.gradients(str(folder), norm=False, one=World())
    for a, b in zip(first["gradients"], wanted, strict=True):
        assert torch.allclose(a, b, rtol=1e-4, atol=1e-7)
    for a, b in zip(first["weights"], trainer.parameters, strict=True):
        assert torch.allclose(a, b, rtol=1e-4, atol=1e-6)
    assert first["loss"] == pytest.approx(trainer.history[0]["loss"], rel=1e-5)
