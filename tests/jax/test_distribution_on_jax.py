"""Several devices and processes on JAX reach what one reaches."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.jax.environment import Done, finish, free_port, start
from tests.jax.training import TRAIN, Trained

SCRIPTS = Path(__file__).with_name("scripts")


def test_two_processes_of_two_devices_reach_the_loss_of_one(
    trained_alone: Trained, photos: Path, jax_python: Path, tmp_path: Path
) -> None:
    path = tmp_path / "shared.keras"
    command = ["-m", "edgekit", "train", str(photos), *TRAIN, "--output", str(path), "--distribute", "data"]
    # One learns who it is from options, the other from the environment.
    address = f"127.0.0.1:{free_port()}"
    variables = {"JAX_NUM_PROCESSES": "2", "JAX_PROCESS_ID": "1", "JAX_COORDINATOR_ADDRESS": address}
    second = start(jax_python, command, devices=2, env=variables)
    options = ["--processes", "2", "--process-id", "0", "--coordinator", address]
    first = finish(start(jax_python, command + options, devices=2))
    other = finish(second)
    assert other.returncode == 0, other.output
    assert "Model:" not in other.output  # one writes the files, and talks
    shared = Trained(path, first)
    np.testing.assert_allclose(shared.losses(), trained_alone.losses(), rtol=0.01)


def test_a_model_cut_over_two_devices_reaches_the_loss_of_one(
    trained_alone: Trained, photos: Path, jax_python: Path, tmp_path: Path
) -> None:
    path = tmp_path / "cut.keras"
    command = ["-m", "edgekit", "train", str(photos), *TRAIN, "--output", str(path), "--distribute", "model"]
    cut = Trained(path, finish(start(jax_python, command, devices=2)))
    np.testing.assert_allclose(cut.losses(), trained_alone.losses(), rtol=0.01)


def test_what_processes_have_in_common(jax_python: Path) -> None:
    port = str(free_port())
    processes = [start(jax_python, [str(SCRIPTS / "mesh.py"), str(index), port], devices=2) for index in (0, 1)]
    for process in processes:
        _assert_right(finish(process))


def test_running_a_network_and_refusals(jax_python: Path) -> None:
    # In one process: the imports take longer than what is tested.
    _assert_right(finish(start(jax_python, [str(SCRIPTS / "one_device.py")])))


def _assert_right(done: Done) -> None:
    assert done.returncode == 0, done.output
