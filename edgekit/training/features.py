"""Running a frozen network over samples, as fast as the backend can."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.data import Part, batches
from edgekit.progress import Progress

Infer = Callable[[NDArray[Any]], NDArray[np.float32]]

_BATCH = 64
"""Samples at once. MobileNetV2 0.35 at 224 pixels, 2 cores: 410 photos a second in batches of 8, 466
in batches of 32, 514 in batches of 64."""

_BATCH_OF_A_PROCESSOR = 8
"""Samples at once on JAX's processors, whose intermediate results then stay in the cache: 92 photos a second, in
batches of 32 86, both with :func:`~edgekit.training.depthwise.fast_depthwise`; 13 without."""


def run_network(
    model: Any, part: Part, progress: Progress, description: str, most: int = _BATCH
) -> NDArray[np.float32]:
    """A network's answers to all samples of a part, in inference mode.

    Args:
        model: ``keras.Model``, (batch, ...) to (batch, n).
        part: the samples, of the model's shape; uint8 or float32.
        progress: told after each batch.
        description: what to call the work.
        most: samples at once: what the memory is known to take.

    Returns:
        (samples, n) float32.
    """
    size = min(_BATCH, most)
    infer = compile_inference(model, size)
    answers = np.empty((len(part), *model.output_shape[1:]), np.float32)
    done = 0
    with progress.task(description, len(part)) as task:
        for samples, _ in batches(part, size):
            answers[done : done + len(samples)] = infer(samples)
            done += len(samples)
            task.advance(len(samples))
    return answers


def compile_inference(model: Any, batch_size: int) -> Infer:
    """A fast function from samples to the model's answers; later training does not change it.

    Args:
        model: ``keras.Model`` with one input and one output.
        batch_size: samples that are computed at once, at least 1.

    Returns:
        A function of samples (n, ...), n at least 1, of any type of number: photos are moved to
        the device as uint8, a quarter of the bytes, and become the model's own type there.
    """
    import keras

    if keras.config.backend() == "tensorflow":
        return _compile_with_tensorflow(model)
    if keras.config.backend() == "jax":
        return _compile_with_jax(model, batch_size)
    return lambda samples: np.asarray(model.predict_on_batch(samples.astype(model.inputs[0].dtype)), np.float32)


def _compile_with_tensorflow(model: Any) -> Infer:
    """Freezes the graph.

    Batch norm is then folded into the convolutions, which runs MobileNetV2 twice as fast as
    ``predict`` (2 cores). The difference is some 1e-6.
    """
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    def compute(samples: Any) -> Any:
        return tf.cast(model(tf.cast(samples, model.inputs[0].dtype), training=False), tf.float32)

    frozen: dict[np.dtype[Any], Any] = {}

    def infer(samples: NDArray[Any]) -> NDArray[np.float32]:
        if samples.dtype not in frozen:
            signature = [tf.TensorSpec((None, *model.input_shape[1:]), samples.dtype)]
            traced = tf.function(compute, input_signature=signature).get_concrete_function()
            frozen[samples.dtype] = convert_variables_to_constants_v2(traced)
        (answer,) = frozen[samples.dtype](tf.constant(samples))
        return np.asarray(answer.numpy())

    return infer


def _compile_with_jax(model: Any, batch_size: int) -> Infer:
    """Compiles one call for one batch size: XLA would compile anew for each other.

    The work is shared by the devices of this process, whatever the distribution of a training is.
    """
    import jax
    from jax.sharding import Mesh, NamedSharding, PartitionSpec

    from edgekit.training.depthwise import fast_depthwise

    mesh = Mesh(np.array(jax.local_devices()), ("batch",))
    whole, parts = NamedSharding(mesh, PartitionSpec()), NamedSharding(mesh, PartitionSpec("batch"))
    if jax.default_backend() == "cpu":
        batch_size = min(batch_size, _BATCH_OF_A_PROCESSOR * mesh.size)
    rows = -(-batch_size // mesh.size) * mesh.size
    # Copies: fit gives the variables' own memory away.
    trained, others = (
        [jax.device_put(np.asarray(variable.value), whole) for variable in variables]
        for variables in (model.trainable_variables, model.non_trainable_variables)
    )

    def compute(trained: Any, others: Any, samples: Any) -> Any:
        with fast_depthwise(model):
            answers, _ = model.stateless_call(trained, others, samples.astype(model.inputs[0].dtype), training=False)
        return answers.astype("float32")

    compiled = jax.jit(compute)

    def infer(samples: NDArray[Any]) -> NDArray[np.float32]:
        missing = -len(samples) % rows
        padded = np.concatenate([samples, np.repeat(samples[:1], missing, axis=0)]) if missing else samples
        pieces = [padded[start : start + rows] for start in range(0, len(padded), rows)]
        answers = [compiled(trained, others, jax.device_put(piece, parts)) for piece in pieces]
        return np.concatenate([np.asarray(answer) for answer in answers])[: len(samples)]

    return infer
