"""Small Core ML packages of programs that are built by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

SYSTEM = "iOS17"


def save_program(
    folder: Path,
    body: Callable[..., Any],
    shapes: Sequence[tuple[Any, ...]],
    *,
    half: bool = False,
    system: str = SYSTEM,
    metadata: dict[str, str] | None = None,
    **options: Any,
) -> Path:
    """Writes ``folder/model.mlpackage``.

    Args:
        body: called with coremltools' builder and the inputs ``x0``, ``x1``, ...
        shapes: of the inputs, float32.
        half: compute in float16.
        metadata: user-defined.
        options: of ``coremltools.convert``.
    """
    import coremltools
    from coremltools.converters.mil import Builder
    from coremltools.converters.mil.mil import Function, Program

    target = getattr(coremltools.target, system)
    placeholders = {f"x{number}": Builder.placeholder(shape, name=f"x{number}") for number, shape in enumerate(shapes)}
    program = Program()
    with Function(placeholders, opset_version=target) as function:
        answer = body(Builder, *[function.inputs[name] for name in placeholders])
        function.set_outputs(list(answer) if isinstance(answer, list | tuple) else [answer])
    program.add_function("main", function)
    precision = coremltools.precision
    model = coremltools.convert(
        program,
        convert_to="mlprogram",
        minimum_deployment_target=target,
        compute_precision=precision.FLOAT16 if half else precision.FLOAT32,
        skip_model_load=True,
        **options,
    )
    model.user_defined_metadata.update(metadata or {})
    path = folder / "model.mlpackage"
    model.save(str(path))
    return path


def change(package: Path, edit: Callable[[Any], None]) -> None:
    """Rewrites the model of a package."""
    from coremltools.proto import Model_pb2

    path = package / "Data/com.apple.CoreML/model.mlmodel"
    model = Model_pb2.Model()
    model.ParseFromString(path.read_bytes())
    edit(model)
    path.write_bytes(model.SerializeToString())


def operations(model: Any) -> Any:
    """The operators of the main function."""
    function = model.mlProgram.functions["main"]
    return function.block_specializations[function.opset].operations


def ones(*shape: int) -> Any:
    """An array for a weight."""
    return np.ones(shape, np.float32)
