"""The child's side of a trial: ``python -m edgekit.runtime.trial MEMORY_BYTES SECONDS < model.tflite``.

Loads, allocates and invokes the model once and answers with one JSON document. What kills this
process would have killed the program that wanted the model.
"""

from __future__ import annotations

import contextlib
import math
import os
import sys
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.child import Reply, end_with_parent
from edgekit.errors import ModelFileError
from edgekit.runtime.engines.base import STRING, TensorInfo
from edgekit.runtime.engines.delegates import Delegate
from edgekit.runtime.engines.litert import LiteRTEngine, find_interpreter
from edgekit.runtime.engines.litert_problems import explain
from edgekit.runtime.engines.versions import installed_version


def main() -> None:
    """Runs the trial that the command line and standard input describe."""
    end_with_parent()
    reply = Reply()
    memory, seconds = int(sys.argv[1]), float(sys.argv[2])
    data = sys.stdin.buffer.read()
    package, _ = find_interpreter()  # loaded before the limit, which is meant for the model
    engine = f"{package} {installed_version(package)}"
    delegate = Delegate.from_json(sys.argv[3]) if len(sys.argv) > 3 else None
    if delegate is not None:
        engine += f" with the delegate {delegate.name}"
    limit_process(memory, seconds)
    try:
        answer = try_once(data, delegate)
    except ModelFileError as error:
        problem = explain(error.__cause__ or error, engine)
        answer = {"ok": False, "reason": problem.reason, "broken": problem.broken}
    # The engine is gone by now: some files crash the interpreter at its end.
    reply.send(answer)


def try_once(data: bytes, delegate: Delegate | None = None) -> dict[str, Any]:
    """Loads the model and runs it on zeros."""
    engine = LiteRTEngine(data, name="", quiet=False, delegate=delegate)
    try:
        engine.run({info.name: zeros(info) for info in engine.inputs})
        return {
            "ok": True,
            "engine": asdict(engine.info),
            "inputs": [asdict(info) for info in engine.inputs],
            "outputs": [asdict(info) for info in engine.outputs],
        }
    finally:
        engine.close()


def zeros(info: TensorInfo) -> NDArray[Any]:
    """Zeros, or empty strings, for one input; 1 stands for a size that may be any."""
    shape = tuple(1 if size is None else size for size in info.shape)
    if info.dtype == STRING:
        return np.full(shape, b"", dtype=object)
    return np.zeros(shape, info.dtype)


def limit_process(memory: int, seconds: float) -> None:
    """Lets this process grow by so many bytes and compute for so long, where the system can limit that."""
    try:
        import resource
    except ImportError:  # Windows: only the parent's clock limits the trial
        return
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w", encoding="ascii") as handle:
        handle.write("1000")  # where memory runs out, Linux ends this process first and not the program that waits
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError, ValueError):
        # Of a processor's time, so that waiting for a busy one does not count. Ends an endless loop even when
        # nobody waits for it any more.
        usage = resource.getrusage(resource.RUSAGE_SELF)
        limit = math.ceil(usage.ru_utime + usage.ru_stime + seconds)
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 1))
    with contextlib.suppress(OSError, ValueError):
        limit = _address_space() + memory
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def _address_space() -> int:
    """Bytes of address space in use. Libraries and thread stacks take gigabytes of it and no memory."""
    with open("/proc/self/statm", encoding="ascii") as handle:
        return int(handle.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    main()
