"""The child's side of a trial: ``python -m edgekit.runtime.trial REQUEST < MODEL``.

Loads the model and runs it once, and answers with one JSON document. What kills this process would have
killed the program that wanted the model. Without a model on standard input, what lies at the request's path
is opened as :func:`edgekit.load` opens it.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from edgekit.child import Reply, end_with_parent
from edgekit.errors import EdgeKitError, ModelFileError
from edgekit.runtime.engines import find_engine, is_tried
from edgekit.runtime.engines.base import STRING, Engine, TensorInfo, TriedModule
from edgekit.runtime.engines.delegates import Delegate
from edgekit.runtime.engines.problem import Problem

_SIZES = (1, 64)
"""That stand for a size that may be any: a sentence may have one word, a photo for a network without a fixed size
needs more than one pixel."""


def main() -> None:
    """Runs the trial that the command line and standard input describe."""
    end_with_parent()
    reply = Reply()
    request = json.loads(sys.argv[1]) if len(sys.argv) > 1 else {}
    data = sys.stdin.buffer.read()
    path = Path(request["path"])
    module = find_engine(path if not data or is_tried(path) else Path("model.tflite"))

    def limit() -> None:
        limit_process(request["memory_bytes"], request["cpu_seconds"])

    # The engine is gone when the answer is sent: some files crash the interpreter at its end.
    if data:
        delegate = Delegate.from_json(request["delegate"]) if request["delegate"] else None
        reply.send(try_bytes(cast(TriedModule, module), data, path, delegate, limit))
    else:
        reply.send(try_path(path, limit))


def try_bytes(
    module: TriedModule, data: bytes, path: Path, delegate: Delegate | None, limit: Callable[[], None]
) -> dict[str, Any]:
    """Loads a model of which only the form was checked, and runs it on zeros."""
    module.prepare()  # loaded before the limit, which is meant for the model
    name = module.describe()
    if delegate is not None:
        name += f" with the delegate {delegate.name}"
    limit()
    try:
        engine = module.open_untried(data, path, **({"delegate": delegate} if delegate else {}))
        try:
            reason = run_once(engine, lambda error: explain(error, module, name, path).reason)
            return describe(engine, reason)
        finally:
            engine.close()
    except EdgeKitError as error:
        problem = explain(error, module, name, path)
        return {"ok": False, "reason": problem.reason, "broken": problem.broken}


def try_path(path: Path, limit: Callable[[], None]) -> dict[str, Any]:
    """Opens a model of any format, and runs it on zeros."""
    from edgekit.runtime.loading import load

    try:
        if is_tried(path):  # the others' limits are meant for all of it, and a broken file needs no framework
            find_engine(path).prepare()
        limit()
        with load(path, trust=True) as predictor:
            reason = run_once(predictor.engine, str)
            spec = predictor.spec.to_dict() if predictor.spec else None
            return {**describe(predictor.engine, reason), "spec": spec}
    except EdgeKitError as error:
        made = error.__reduce__()  # what it is made of again: not each of them takes a message alone
        assert isinstance(made, tuple)
        return {"error": type(error).__name__, "arguments": list(made[1])}


def run_once(engine: Engine, sentence: Callable[[EdgeKitError], str]) -> str | None:
    """Runs a model on zeros.

    Returns:
        ``None``; or, where the model takes any size and each that was tried is refused, what is said about it: an
        error that is told does no harm, and the right size may well run.

    Raises:
        EdgeKitError: the engine cannot run it.
    """
    free = any(None in info.shape[1:] for info in engine.inputs)
    reason = ""
    for size in _SIZES if free else _SIZES[:1]:
        try:
            engine.run({info.name: zeros(info, size) for info in engine.inputs})
        except EdgeKitError as error:
            if not free:
                raise
            reason = reason or sentence(error)
        else:
            return None
    return f"it was loaded, and did not run on inputs of the sizes {' and '.join(map(str, _SIZES))}: {reason}"


def describe(engine: Engine, reason: str | None) -> dict[str, Any]:
    """The answer for a model that went well."""
    return {
        "ok": True,
        "reason": reason,
        "engine": asdict(engine.info),
        "inputs": [asdict(info) for info in engine.inputs],
        "outputs": [asdict(info) for info in engine.outputs],
    }


def explain(error: EdgeKitError, module: TriedModule, engine: str, path: Path) -> Problem:
    """Why a model cannot be run, without its name."""
    if error.__cause__ is not None:
        return module.explain(error.__cause__, engine)
    return Problem(f"it {str(error).removeprefix(str(path)).strip().rstrip('.')}", type(error) is ModelFileError)


def zeros(info: TensorInfo, size: int = 1) -> NDArray[Any]:
    """Zeros, or empty strings, for one input; ``size`` stands for one that may be any, but the first, which is 1."""
    shape = tuple((size if place else 1) if one is None else one for place, one in enumerate(info.shape))
    if info.dtype == STRING:
        return np.full(shape, b"", dtype=object)
    return np.zeros(shape, info.dtype)


def limit_process(memory: int | None, seconds: float) -> None:
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
    if memory is None:
        return
    with contextlib.suppress(OSError, ValueError):
        limit = _address_space() + memory
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def _address_space() -> int:
    """Bytes of address space in use. Libraries and thread stacks take gigabytes of it and no memory."""
    with open("/proc/self/statm", encoding="ascii") as handle:
        return int(handle.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    main()
