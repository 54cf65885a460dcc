"""From a checked package to a MIL program in memory, by coremltools' own reader (``milproto``).

That reader looks operators up by the names in the file and computes constants as it goes. So before it
runs, every operator must be one that the evaluator knows, and no tensor may be larger than the memory;
while it runs, nothing large is computed.
"""

from __future__ import annotations

import contextlib
import math
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np

from edgekit.coreml.ops import KERNELS
from edgekit.coreml.package import Package, all_operations
from edgekit.errors import ModelFileError, NotRunHereError, first_line
from edgekit.host import usable_memory

CONTROL = frozenset({"const", "while_loop", "cond"})
"""Operators that the evaluator itself carries out."""

_LARGEST_FOLDED = 1 << 16
"""Elements of a tensor that coremltools may compute while it reads; shapes and indices have a few."""

_FALLBACK_MEMORY = 8 << 30
"""Bytes, where the system does not say how much there is."""

_reading = threading.Lock()


def find_unknown(program: Any) -> tuple[str, ...]:
    """Operators of a ``MIL_pb2.Program`` without a kernel, each once, in the order of their names."""
    return tuple(sorted({op.type for op in all_operations(program)} - CONTROL - set(KERNELS)))


def load_function(package: Package) -> Any:
    """The main function of a package, as coremltools' ``mil.Function``.

    Raises:
        NotRunHereError: an operator without a kernel, a newer format, or a tensor larger than the memory.
        ModelFileError: the program contradicts itself.
    """
    program, path = package.model.mlProgram, package.path
    unknown = find_unknown(program)
    if unknown:
        raise NotRunHereError(
            f"{path} cannot be run here: it needs {_listing(unknown)}, which EdgeKit's Core ML evaluator does not "
            "have. Run it on macOS."
        )
    _check_sizes(program, path)
    from coremltools.converters.mil._deployment_compatibility import AvailableTarget
    from coremltools.converters.mil.frontend.milproto.load import load

    version = package.model.specificationVersion
    if version not in {target.value for target in AvailableTarget}:
        raise NotRunHereError(
            f"{path} cannot be run here: its Core ML specification version {version} is not one that the installed "
            "coremltools reads. Upgrade coremltools, or run it on macOS."
        )
    try:
        with _reading, _folding_little():
            loaded = load(package.model, version, str(package.weights or package.path))
    except NotImplementedError as error:
        raise NotRunHereError(
            f"{path} cannot be run here: {first_line(error).rstrip('.')}. Run it on macOS."
        ) from error
    except Exception as error:  # a file may break any assumption of coremltools' reader
        raise _broken(path, first_line(error)) from error
    functions = loaded.functions
    name = package.model.description.defaultFunctionName or "main"
    if name not in functions and len(functions) != 1:
        raise _broken(path, f"it has no function {name}")
    return functions[name] if name in functions else next(iter(functions.values()))


def _check_sizes(program: Any, path: Any) -> None:
    limit = (usable_memory() or _FALLBACK_MEMORY) // 2
    for operation in all_operations(program):
        for output in operation.outputs:
            sizes = [dimension.constant.size for dimension in output.type.tensorType.dimensions]
            size = 4 * math.prod(size for size in sizes if size)
            if size > limit:
                raise NotRunHereError(
                    f"{path} cannot be run here: its tensor {output.name} takes {size / 2**30:,.1f} GB, more than half "
                    "of the memory."
                )


@contextlib.contextmanager
def _folding_little() -> Iterator[None]:
    """Keeps coremltools from computing large constants while it reads.

    A file of a few bytes can ask for a tensor of many gigabytes (``fill``). The evaluator, which has
    seen the declared sizes, computes them instead.
    """
    from coremltools.converters.mil.mil import Operation, types

    compute = Operation._auto_val

    def compute_if_small(operation: Any, output_types: tuple[Any, ...]) -> Any:
        if operation.op_type != "const":
            for kind in output_types:
                sizes = kind.get_shape() if types.is_tensor(kind) else ()
                if math.prod(size for size in sizes if isinstance(size, int | np.integer)) > _LARGEST_FOLDED:
                    return tuple(None for _ in output_types)
        return compute(operation, output_types)

    Operation._auto_val = compute_if_small
    try:
        yield
    finally:
        Operation._auto_val = compute


def _broken(path: Any, reason: str) -> ModelFileError:
    return ModelFileError(f"{path} is not a sound Core ML program ({reason.rstrip('.')}). Export the model again.")


def _listing(names: tuple[str, ...]) -> str:
    return f"the MIL operator{'s' if len(names) > 1 else ''} {', '.join(names)}"
