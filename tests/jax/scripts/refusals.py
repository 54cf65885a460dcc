"""What cannot work on JAX is refused with a sentence, in one process."""

import socket
import time
from collections.abc import Callable

import jax
import keras

from edgekit.errors import TrainingError, UsageError
from edgekit.training.backend import compile_options
from edgekit.training.distribution import ProcessOptions, open_distribution
from edgekit.training.distribution.joining import join
from edgekit.training.distribution.processes import ProcessGroup
from tests.jax.refusal import refusal


def refused(kind: type[Exception], *words: str, call: Callable[[], object]) -> None:
    message = refusal(kind, call)
    assert all(word in message for word in words), message


for distribute in ("mirrored", "tpu"):
    refused(
        UsageError,
        "KERAS_BACKEND=tensorflow",
        "--distribute data",
        call=lambda distribute=distribute: open_distribution(keras, distribute),
    )
refused(UsageError, "--xla off", call=lambda: compile_options(keras, "off"))
with socket.socket() as taken:
    taken.bind(("127.0.0.1", 0))
    nobody = f"127.0.0.1:{taken.getsockname()[1]}"
    started = time.monotonic()
    call = lambda: join(ProcessGroup(2, 1, nobody), timeout=0.5)  # noqa: E731
    refused(TrainingError, f"does not answer at {nobody}", "--process-id 0", call=call)
    assert time.monotonic() - started > 0.5
    taken.listen()
    refused(TrainingError, "Choose another one", call=lambda: join(ProcessGroup(2, 0, nobody)))

jax.numpy.ones(1).block_until_ready()
with socket.socket() as free:
    free.bind(("", 0))
    late = ProcessOptions(2, 0, f"127.0.0.1:{free.getsockname()[1]}")
refused(
    UsageError, "already looked", "jax.distributed.initialize()", call=lambda: open_distribution(keras, "data", late)
)
refused(UsageError, "at least 2 devices", "Got: 1 device", call=lambda: open_distribution(keras, "model"))
alone = open_distribution(keras, "data")
assert (alone.replicas, alone.processes, alone.is_main) == (1, 1, True)
alone.agree("the data", "anything")
print("all right")
