"""Who shares a training, and how: decisions, and what needs no second device."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from edgekit.errors import UsageError
from edgekit.kerasfile import import_keras
from edgekit.training.distribution import Distribution, LocalBatch, ProcessOptions, open_distribution
from edgekit.training.distribution.base import OneDevice
from edgekit.training.distribution.layouts import choose_axes, choose_model_devices
from edgekit.training.distribution.processes import (
    ProcessGroup,
    count_tensorflow_workers,
    find_launcher,
    find_processes,
    split_address,
)
from edgekit.training.distribution.sharing import evaluation_weight, share_batch

keras = import_keras()

from edgekit.training.feeding import ArraySamples, Batches, Order  # noqa: E402 -- imports Keras

ADDRESS = "10.0.0.1:1234"
JAX = {"JAX_NUM_PROCESSES": "4", "JAX_PROCESS_ID": "2", "JAX_COORDINATOR_ADDRESS": ADDRESS}
SLURM = {
    "SLURM_JOB_ID": "77",
    "SLURM_STEP_NODELIST": "node[1-2]",
    "SLURM_PROCID": "1",
    "SLURM_LOCALID": "0",
    "SLURM_NTASKS": "2",
}


# --- sharing a batch ---


@pytest.mark.parametrize("count", [1, 2, 5, 8, 13, 16])
@pytest.mark.parametrize(("replicas", "shards"), [(1, 1), (2, 1), (2, 2), (4, 2), (8, 4)])
def test_the_shares_of_a_batch_are_the_batch(count: int, replicas: int, shards: int) -> None:
    chosen = np.arange(100, 100 + count)
    parts = [share_batch(chosen, replicas, shards, shard) for shard in range(shards)]
    assert len({len(part.indices) for part in parts}) == 1
    assert len(parts[0].indices) * shards % replicas == 0
    indices, weights = (np.concatenate([getattr(part, name) for part in parts]) for name in ("indices", "weights"))
    assert indices[weights > 0].tolist() == chosen.tolist()
    assert set(indices) <= set(chosen)
    losses = np.sin(indices)  # any function of the photo
    np.testing.assert_allclose((losses * weights).sum() / len(indices), np.sin(chosen).mean(), rtol=1e-6)


@pytest.mark.parametrize(("count", "batch_size", "replicas"), [(550, 32, 8), (13, 4, 4), (3, 16, 8), (7, 7, 2)])
def test_the_metrics_of_a_part_are_exact(count: int, batch_size: int, replicas: int) -> None:
    weight = evaluation_weight(count, batch_size, replicas)
    correct = np.arange(count) % 3 == 0
    total = rows = 0.0
    for start in range(0, count, batch_size):
        share = share_batch(np.arange(count)[start : start + batch_size], replicas, 1, 0, weight)
        # As Keras: the mean over the rows, weighed by the rows.
        total += len(share.indices) * float((correct[share.indices] * share.weights).mean())
        rows += len(share.indices)
    assert total / rows == pytest.approx(correct.mean())


def test_one_device_takes_the_batch_as_it_is() -> None:
    alone = open_distribution(keras, environ={})
    assert isinstance(alone, OneDevice)
    assert (alone.replicas, alone.processes, alone.is_main, alone.weighted) == (1, 1, True, False)
    assert alone.local_batch(np.array([3, 1])).indices.tolist() == [3, 1]
    assert alone.describe() == "one device"
    alone.check_batch_size(7)
    alone.agree("the data", "x")
    assert alone.in_any(True)
    assert not alone.in_any(False)
    with alone.scope(), alone.scope():
        variable = keras.Variable([1.0, 2.0])
    np.testing.assert_array_equal(alone.fetch([variable])[0], [1, 2])


class _Eight(OneDevice):
    replicas = 8

    def describe(self) -> str:
        return "8 GPUs"


@pytest.mark.parametrize(("got", "fitting"), [(30, 32), (3, 8), (12, 16), (100, 96)])
def test_a_batch_that_cannot_be_cut_equally_is_refused(got: int, fitting: int) -> None:
    _Eight().check_batch_size(64)
    with pytest.raises(UsageError, match=rf"multiple of 8 \(8 GPUs\). Got: {got}. Pass --batch-size {fitting}"):
        _Eight().check_batch_size(got)


# --- the processes ---


@pytest.mark.parametrize(
    ("options", "environ", "expected"),
    [
        (ProcessOptions(), {}, None),
        (ProcessOptions(), JAX, ProcessGroup(4, 2, ADDRESS)),
        (ProcessOptions(process_id=0), JAX, ProcessGroup(4, 0, ADDRESS)),
        (ProcessOptions(2, 1, "[::1]:80"), {}, ProcessGroup(2, 1, "[::1]:80")),
        (ProcessOptions(1, 0, ADDRESS), {}, None),
        (ProcessOptions(2, None, ADDRESS), {"JOB_COMPLETION_INDEX": "1"}, ProcessGroup(2, 1, ADDRESS)),
        (ProcessOptions(), SLURM, ProcessGroup(None, None, None, "Slurm")),
        (ProcessOptions(coordinator=ADDRESS), SLURM, ProcessGroup(None, None, ADDRESS, "Slurm")),
        (
            ProcessOptions(),
            {
                "KERAS_DISTRIBUTION_JOB_ADDRESSES": f"{ADDRESS},10.0.0.2:1234",
                "KERAS_DISTRIBUTION_NUM_PROCESSES": "2",
                "KERAS_DISTRIBUTION_PROCESS_ID": "1",
            },
            ProcessGroup(2, 1, ADDRESS),
        ),
    ],
)
def test_who_shares_a_training(options: ProcessOptions, environ: dict[str, str], expected: ProcessGroup | None) -> None:
    assert find_processes(options, environ, "jax", "data") == expected


@pytest.mark.parametrize(
    ("options", "environ", "backend", "distribute", "words"),
    [
        (ProcessOptions(2), {}, "jax", "data", ["Pass --process-id and --coordinator", "JAX_PROCESS_ID"]),
        (ProcessOptions(2, 2, ADDRESS), {}, "jax", "data", ["--process-id is 0 to 1", "Got: 2"]),
        (ProcessOptions(2, -1, ADDRESS), {}, "jax", "data", ["Got: -1"]),
        (ProcessOptions(0, 0, ADDRESS), {}, "jax", "data", ["--processes is at least 1"]),
        (ProcessOptions(2, 0, "10.0.0.1"), {}, "jax", "data", ["as in 10.0.0.1:1234", "Got: '10.0.0.1'"]),
        (ProcessOptions(), {**JAX, "JAX_PROCESS_ID": "two"}, "jax", "data", ["JAX_PROCESS_ID is an integer"]),
        (ProcessOptions(2, 0, ADDRESS), {}, "jax", "none", ["Pass --distribute data"]),
        (ProcessOptions(2, 0, ADDRESS), {}, "tensorflow", "mirrored", ["Set KERAS_BACKEND=jax"]),
        (ProcessOptions(), JAX, "jax", "none", ["JAX_NUM_PROCESSES says that this is one of 4 processes"]),
    ],
)
def test_processes_that_cannot_be_joined(
    options: ProcessOptions, environ: dict[str, str], backend: str, distribute: str, words: list[str]
) -> None:
    with pytest.raises(UsageError) as caught:
        find_processes(options, environ, backend, distribute)
    assert all(word in str(caught.value) for word in words), caught.value


@pytest.mark.parametrize(
    ("environ", "launcher"),
    [
        (SLURM, "Slurm"),
        ({**SLURM, "SLURM_NTASKS": "1"}, ""),
        ({name: value for name, value in SLURM.items() if name != "SLURM_STEP_NODELIST"}, ""),  # sbatch without srun
        ({"OMPI_MCA_orte_hnp_uri": "1531576320.0;tcp://10.96.0.1:3", "OMPI_COMM_WORLD_SIZE": "2"}, "Open MPI"),
        ({"TPU_WORKER_HOSTNAMES": "a,b"}, "Cloud TPU"),
        ({"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, ""),
    ],
)
def test_launchers(environ: dict[str, str], launcher: str) -> None:
    assert find_launcher(environ) == launcher


@pytest.mark.parametrize("address", ["", ":1", "host", "host:", "host:0", "host:70000", "host:x", "host:-1"])
def test_addresses_that_are_none(address: str) -> None:
    with pytest.raises(UsageError, match="host of process 0"):
        split_address(address)


def test_an_address() -> None:
    assert split_address("[fe80::1]:8476") == ("fe80::1", 8476)


# --- what cannot work ---


@pytest.mark.parametrize("distribute", ["data", "model"])
def test_what_only_jax_can_do_is_refused(distribute: str) -> None:
    with pytest.raises(UsageError, match=r"needs Keras on JAX.*KERAS_BACKEND=jax, or pass --distribute mirrored"):
        open_distribution(keras, distribute, environ={})


@pytest.mark.parametrize("distribute", ["none", "mirrored"])
def test_several_hosts_with_tensorflow_are_refused(distribute: str) -> None:
    workers = {"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 0}}
    with pytest.raises(UsageError) as caught:
        open_distribution(keras, distribute, environ={"TF_CONFIG": json.dumps(workers)})
    words = ["2 workers", "MultiWorkerMirroredStrategy", "issues/20585", "KERAS_BACKEND=jax", "--distribute data"]
    assert all(word in str(caught.value) for word in words), caught.value


@pytest.mark.parametrize(
    ("config", "workers"),
    [
        (None, 0),
        ('{"cluster": {"chief": ["a:1"]}}', 1),
        ('{"cluster": {"chief": ["a:1"], "worker": ["b:1"], "ps": ["c:1"]}}', 2),
        ("no JSON", 0),
        ("[]", 0),
        ('{"cluster": null}', 0),
    ],
)
def test_counting_tensorflow_workers(config: str | None, workers: int) -> None:
    assert count_tensorflow_workers({} if config is None else {"TF_CONFIG": config}) == workers


# --- model parallelism ---


@pytest.mark.parametrize(
    ("path", "shape", "devices", "axes"),
    [
        ("dense/kernel", (2048, 512), 4, (None, "model")),
        ("conv/kernel", (3, 3, 256, 512), 8, (None, None, None, "model")),
        ("embedding/embeddings", (30000, 64), 2, (None, "model")),
        ("dense/kernel", (2048, 510), 4, None),
        ("dense/kernel", (64, 8), 2, None),
        ("dense/bias", (100000,), 2, None),
        ("norm/gamma", (512, 512), 2, None),
    ],
)
def test_which_variables_are_cut(
    path: str, shape: tuple[int, ...], devices: int, axes: tuple[str | None, ...] | None
) -> None:
    assert choose_axes(path, shape, devices) == axes


@pytest.mark.parametrize(
    ("devices", "local", "wanted", "chosen"),
    [
        (8, 8, None, 8),
        (16, 8, None, 8),
        (4, 1, None, 4),
        (16, 8, 16, 16),
        (16, 8, 2, 2),
        (1, 1, None, None),
        (8, 8, 3, None),
        (12, 4, 6, None),  # half of a process
        (8, 8, 1, None),
    ],
)
def test_how_many_devices_share_a_copy(devices: int, local: int, wanted: int | None, chosen: int | None) -> None:
    assert choose_model_devices(devices, local, wanted) == chosen


# --- each sample once ---

COUNT = 100
ONCE = (sum(range(COUNT)), sum(number**2 for number in range(COUNT)))


class _Power(keras.metrics.Metric):
    """The sum of a power of all answers that count."""

    def __init__(self, power: int, name: str) -> None:
        super().__init__(name=name)
        self.power = power
        self.total = self.add_weight(name="total", initializer="zeros", dtype="float32")

    def update_state(self, y: Any, answers: Any, sample_weight: Any = None) -> None:
        counts = 1 if sample_weight is None else keras.ops.cast(sample_weight > 0, "float32")
        self.total.assign_add(keras.ops.sum(answers[:, 0] ** self.power * counts))

    def result(self) -> Any:
        return self.total


class _Start(keras.callbacks.Callback):
    def __init__(self, data: Batches) -> None:
        super().__init__()
        self.data = data

    def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
        self.data.start_epoch(epoch)


def fit_on_numbers(distribution: Distribution) -> list[tuple[float, float]]:
    """Of each of three epochs, the sum of the samples that were trained on, and of their squares: see ONCE."""
    samples, targets = np.arange(COUNT, dtype=np.float32)[:, None], np.zeros((COUNT, 1), np.float32)
    share = distribution.local_batch if distribution.weighted else None
    data = Batches(ArraySamples(samples), targets, 16, order=Order(0), share=share)
    held_out = Batches(ArraySamples(samples), targets, 16, share=share)
    with distribution.scope():
        inputs = keras.Input((1,))
        model = keras.Model(inputs, keras.layers.Dense(1, kernel_initializer="ones")(inputs))
        metrics = [_Power(1, "sum"), _Power(2, "squares")]
        model.compile(keras.optimizers.SGD(0.0), keras.losses.MeanAbsoluteError(), weighted_metrics=metrics)
        history = model.fit(
            data, epochs=3, validation_data=held_out, callbacks=[_Start(data)], shuffle=False, verbose=0
        ).history
    for batches in (data, held_out):
        batches.close()
    assert list(zip(history["val_sum"], history["val_squares"], strict=True)) == [ONCE] * 3
    return list(zip(history["sum"], history["squares"], strict=True))


def test_each_epoch_has_each_sample_once() -> None:
    assert fit_on_numbers(OneDevice()) == [ONCE] * 3


def test_a_local_batch_is_a_value() -> None:
    batch = share_batch(np.array([5]), 2, 2, 1)
    assert isinstance(batch, LocalBatch)
    assert (batch.indices.tolist(), batch.weights.tolist()) == ([5], [0])
