"""Which processes share a JAX training, and who this one is: decisions from options and environment."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from edgekit.errors import UsageError

_COORDINATOR = ("JAX_COORDINATOR_ADDRESS", "KERAS_DISTRIBUTION_JOB_ADDRESSES")
_COUNT = ("JAX_NUM_PROCESSES", "KERAS_DISTRIBUTION_NUM_PROCESSES")
_INDEX = ("JAX_PROCESS_ID", "KERAS_DISTRIBUTION_PROCESS_ID", "JOB_COMPLETION_INDEX")
"""JAX's own names (it reads only the first of them itself), those of ``keras.distribution.initialize``, and
what Kubernetes sets in the pods of an indexed Job."""


@dataclass(frozen=True)
class ProcessOptions:
    """What the user says; what is ``None`` comes from the environment.

    Attributes:
        processes: how many share the training (``JAX_NUM_PROCESSES``).
        process_id: which one this is, from 0 (``JAX_PROCESS_ID``).
        coordinator: ``HOST:PORT`` of process 0 (``JAX_COORDINATOR_ADDRESS``).
    """

    processes: int | None = None
    process_id: int | None = None
    coordinator: str | None = None


@dataclass(frozen=True)
class ProcessGroup:
    """Arguments of ``jax.distributed.initialize``; with a launcher JAX finds what is ``None`` by itself.

    Attributes:
        processes: at least 2.
        process_id: 0 to ``processes - 1``.
        coordinator: ``HOST:PORT``.
        launcher: ``Slurm``, ``Open MPI``, ``Cloud TPU`` or empty.
    """

    processes: int | None
    process_id: int | None
    coordinator: str | None
    launcher: str = ""


def find_processes(
    options: ProcessOptions, environ: Mapping[str, str], backend: str, distribute: str
) -> ProcessGroup | None:
    """Who shares the training; ``None`` where this process is alone.

    Args:
        options: what the user said.
        environ: what the launcher said.
        backend: ``tensorflow``, ``jax``, ...
        distribute: ``none``, ``mirrored``, ``tpu``, ``data`` or ``model``.

    Raises:
        UsageError: something is missing, contradictory or no number, or processes that cannot be joined.
    """
    given = options != ProcessOptions()
    shared = distribute in ("data", "model")
    if given and not shared:
        instead = "" if backend == "jax" else "Set KERAS_BACKEND=jax, and pass "
        raise UsageError(
            "--processes, --process-id and --coordinator are for JAX's --distribute data and model. Got: --distribute "
            f"{distribute}. {instead or 'Pass '}--distribute data."
        )
    if backend != "jax":
        return None
    count = options.processes if options.processes is not None else _integer(environ, _COUNT)
    index = options.process_id if options.process_id is not None else _integer(environ, _INDEX)
    coordinator = options.coordinator or _text(environ, _COORDINATOR)
    if coordinator is not None:
        coordinator = coordinator.split(",")[0]  # Keras' variable lists all hosts, the coordinator first
    launcher = find_launcher(environ)
    if count == 1:
        return None
    if not shared:
        if count is not None and coordinator is not None:
            raise UsageError(
                f"{_name(environ, _COUNT)} says that this is one of {count} processes, but --distribute is none: each "
                "would train the same model on its own. Pass --distribute data, or unset the variable."
            )
        return None
    if count is None and coordinator is None and not given:
        return ProcessGroup(None, None, None, launcher) if launcher else None
    group = ProcessGroup(count, index, coordinator, launcher)
    _check(group)
    return group


def find_launcher(environ: Mapping[str, str]) -> str:
    """The launcher of several processes whose variables JAX reads by itself; empty where there is none.

    The variables are those of JAX' own detection (``jax/_src/clusters``). Kubernetes is not among
    them: its variable is there in every pod, whether it has companions or not.
    """
    slurm = ("SLURM_JOB_ID", "SLURM_STEP_NODELIST", "SLURM_PROCID", "SLURM_LOCALID")
    if all(name in environ for name in slurm) and _several(environ.get("SLURM_NTASKS")):
        return "Slurm"
    if "OMPI_MCA_orte_hnp_uri" in environ and _several(environ.get("OMPI_COMM_WORLD_SIZE")):
        return "Open MPI"
    if "," in environ.get("TPU_WORKER_HOSTNAMES", ""):
        return "Cloud TPU"
    return ""


def count_tensorflow_workers(environ: Mapping[str, str]) -> int:
    """Training processes in ``TF_CONFIG``; 0 without it, or where it cannot be read."""
    try:
        cluster = json.loads(environ.get("TF_CONFIG", "{}")).get("cluster", {})
        return sum(len(cluster.get(role, [])) for role in ("chief", "master", "worker"))
    except (ValueError, AttributeError, TypeError):
        return 0


def split_address(address: str) -> tuple[str, int]:
    """``host:port`` as (host, port); an IPv6 host stands in brackets.

    Raises:
        UsageError: it is of another form.
    """
    host, colon, port = address.rpartition(":")
    if not colon or not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        raise UsageError(
            f"The coordinator is the host of process 0 and a free port there, as in 10.0.0.1:1234. Got: {address!r}."
        )
    return host.removeprefix("[").removesuffix("]"), int(port)


def _check(group: ProcessGroup) -> None:
    options = {
        "--processes": group.processes,
        "--process-id": group.process_id,
        "--coordinator": group.coordinator,
    }
    missing = [name for name, value in options.items() if value is None]
    if missing and not group.launcher:
        there = ", ".join(f"{name} {value}" for name, value in options.items() if value is not None)
        variables = {"--processes": _COUNT, "--process-id": _INDEX, "--coordinator": _COORDINATOR}
        raise UsageError(
            f"Training in several processes needs all three of --processes, --process-id and --coordinator. Got only: "
            f"{there}. Pass {' and '.join(missing)} (or set {' and '.join(variables[name][0] for name in missing)})."
        )
    if group.processes is not None and group.processes < 1:
        raise UsageError(f"--processes is at least 1. Got: {group.processes}.")
    if group.process_id is not None and (
        group.process_id < 0 or (group.processes is not None and group.process_id >= group.processes)
    ):
        most = f"0 to {group.processes - 1}, one for each process" if group.processes is not None else "0 or more"
        raise UsageError(f"--process-id is {most}. Got: {group.process_id}.")
    if group.coordinator is not None:
        split_address(group.coordinator)


def _integer(environ: Mapping[str, str], names: tuple[str, ...]) -> int | None:
    text = _text(environ, names)
    if text is None:
        return None
    try:
        return int(text)
    except ValueError:
        raise UsageError(f"{_name(environ, names)} is an integer. Got: {text!r}.") from None


def _text(environ: Mapping[str, str], names: tuple[str, ...]) -> str | None:
    return next((environ[name] for name in names if environ.get(name)), None)


def _name(environ: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((name for name in names if environ.get(name)), names[0])


def _several(text: str | None) -> bool:
    return text is not None and text.isdigit() and int(text) > 1
