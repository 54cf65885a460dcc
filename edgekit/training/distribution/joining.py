"""Joining the processes of a JAX training."""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from edgekit.errors import TrainingError, UsageError, first_line
from edgekit.training.distribution.processes import ProcessGroup, split_address

_TIMEOUT = 300.0
"""Seconds for the others to come, as in JAX: a batch system does not start all hosts at once."""

_LEAVING = 60
"""Seconds that a process which failed waits for the others before all end. JAX's default is 300."""


def join(group: ProcessGroup | None, timeout: float = _TIMEOUT) -> None:
    """Makes this process one of a group; does nothing for ``None``, or where the caller has done so.

    Raises:
        UsageError: JAX has already looked for its devices.
        TrainingError: the coordinator cannot be reached.
    """
    import jax

    if group is None or jax.distributed.is_initialized():
        return
    if group.coordinator is not None and group.process_id != 0:
        _wait_for(group.coordinator, timeout)
    elif group.coordinator is not None:
        _check_free(group.coordinator)
    try:
        jax.distributed.initialize(
            coordinator_address=group.coordinator,
            num_processes=group.processes,
            process_id=group.process_id,
            initialization_timeout=int(timeout),
            shutdown_timeout_seconds=_LEAVING,
        )
    except (RuntimeError, ValueError) as error:
        if "must be called before" in str(error):
            raise UsageError(
                "JAX has already looked for its devices, and cannot join other processes any more. Call "
                "jax.distributed.initialize() at the beginning of your program, before anything is computed."
            ) from error
        raise TrainingError(f"The processes cannot be joined: {first_line(error)}") from error
    _meet()


def wait_for_all(what: str) -> None:
    """Returns when every process of the group has come here; at once where this one is alone.

    Every process must come here after the main one has written its files: one that ends before the
    others leaves them a minute, then JAX ends all.

    Args:
        what: the same in every process.
    """
    if "jax" not in sys.modules:
        return
    import jax

    if jax.distributed.is_initialized() and jax.process_count() > 1:
        from jax.experimental import multihost_utils

        multihost_utils.sync_global_devices(what)


def _wait_for(coordinator: str, timeout: float) -> None:
    """JAX ends the whole process, without an exception, where nobody answers at the address."""
    host, port = split_address(coordinator)
    deadline = time.monotonic() + timeout
    while True:
        try:
            with socket.create_connection((host, port), timeout=5):
                return
        except OSError as error:
            if time.monotonic() > deadline:
                raise TrainingError(
                    f"Process 0 does not answer at {coordinator} ({error}). It must run on that host, with "
                    "--process-id 0, and the port must be open to the others."
                ) from error
        time.sleep(0.2)


def _check_free(coordinator: str) -> None:
    """JAX ends the whole process here, too, where the port is taken."""
    _, port = split_address(coordinator)
    family = socket.AF_INET6 if socket.has_dualstack_ipv6() else socket.AF_INET
    with socket.socket(family) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("", port))
        except OSError as error:
            raise TrainingError(
                f"Port {port} of --coordinator {coordinator} cannot be used on this host ({error.strerror}). Choose "
                "another one, the same for all processes."
            ) from error


def _meet() -> None:
    """The first exchange between processes, and between devices, which have connections of their own."""
    import jax
    import numpy as np
    from jax.experimental import multihost_utils
    from jax.sharding import Mesh, NamedSharding, PartitionSpec

    with _silent_output():
        multihost_utils.process_allgather(np.zeros(1, np.float32))
        everywhere = NamedSharding(Mesh(np.array(jax.devices()), ("all",)), PartitionSpec("all"))
        ones = jax.make_array_from_process_local_data(everywhere, np.ones(jax.local_device_count(), np.float32))
        jax.block_until_ready(jax.jit(lambda values: values.sum())(ones))


@contextmanager
def _silent_output() -> Iterator[None]:
    """Gloo, which connects processors, tells of each connection on standard output, among the results."""
    sys.stdout.flush()
    terminal = os.dup(1)
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 1)
    try:
        yield
    finally:
        os.dup2(terminal, 1)
        os.close(terminal)
