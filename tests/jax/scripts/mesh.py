"""What two processes of two devices each have in common. Arguments: this process, the coordinator's port."""

import sys

import keras
import numpy as np

from edgekit.errors import TrainingError, UsageError
from edgekit.training.backend import compile_options
from edgekit.training.distribution import ProcessOptions, open_distribution, wait_for_all
from edgekit.training.precision import choose_precision
from tests.jax.refusal import refusal

index, port = int(sys.argv[1]), int(sys.argv[2])
options = ProcessOptions(2, index, f"127.0.0.1:{port}")
data = open_distribution(keras, "data", options)
assert (data.replicas, data.processes, data.process_index) == (4, 2, index)
assert data.is_main == (index == 0)
assert data.describe() == "4 CPUs in 2 processes (JAX, data parallel)", data.describe()
assert choose_precision(keras) == "float32"
assert compile_options(keras) == {}

# Six photos for four devices: two copies fill up, and weigh nothing.
mine = data.local_batch(np.arange(10, 16))
assert mine.indices.tolist() == ([10, 11, 12, 13] if index == 0 else [14, 15, 10, 10])
np.testing.assert_allclose(mine.weights, [8 / 6] * 4 if index == 0 else [8 / 6] * 2 + [0] * 2)

data.agree("the data", "the same digest")
message = refusal(TrainingError, lambda: data.agree("the data", f"digest of process {index}"))
assert "differ in the data: process 1 from process 0" in message, message
assert [data.in_any(value) for value in (index == 1, True, False)] == [True, True, False]

# One copy of the model for each process, whose photos are its own.
by_default = open_distribution(keras, "model", options)
assert by_default.replicas == 2
assert by_default.shards == (2, index)

# One copy over all devices: both processes read the same photos.
model = open_distribution(keras, "model", options, model_devices=4)
assert model.replicas == 1
assert model.shards == (1, 0)
assert model.describe() == "4 CPUs in 2 processes 4 for each of 1 copies of the model (JAX, model parallel)"
with model.scope():
    keras.utils.set_random_seed(0)
    network = keras.Sequential([keras.Input((256,)), keras.layers.Dense(512), keras.layers.Dense(3)])
    network.compile(keras.optimizers.SGD(0.1, momentum=0.9), "mse")
    kernel = network.layers[0].kernel
    assert kernel.value.sharding.spec[-1] == "model"
    assert {shard.data.shape for shard in kernel.value.addressable_shards} == {(256, 128)}
    assert network.layers[1].kernel.value.is_fully_replicated  # 3 outputs are no multiple of 4, and small
    network.train_on_batch(np.ones((4, 256), np.float32), np.ones((4, 3), np.float32))
    slot = network.optimizer.variables[2]
    assert slot.value.sharding.spec[-1] == "model"  # the optimizer's memory is cut, too
    values = model.fetch([kernel, slot, network.layers[1].bias])
    assert [value.shape for value in values] == [(256, 512), (256, 512), (3,)]
    kernel.assign(values[0] + 1)
    np.testing.assert_allclose(model.fetch([kernel])[0], values[0] + 1)

message = refusal(UsageError, lambda: open_distribution(keras, "model", options, model_devices=3))
assert "Got: 4 devices, 3 for each copy" in message, message
wait_for_all("the end")
print("all right")
