"""``--input-shape``: sizes for inputs that take any size."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from edgekit.errors import UsageError
from edgekit.runtime.engines.base import TensorInfo, listing

Shape = tuple[int | None, ...]

_EXAMPLE = "Write it with the batch first, as in: --input-shape 1,224,224,3, or --input-shape NAME=1,64,9"


def read_shapes(given: Any) -> dict[str | None, Shape]:
    """Shapes by the names of the inputs; ``None`` stands for the only one.

    Args:
        given: ``"1,224,224,3"``, ``"NAME=1,64,9"``, several of these, a sequence of sizes, or a mapping.

    Raises:
        UsageError: anything else.
    """
    if given is None:
        return {}
    if isinstance(given, Mapping):
        return {str(name): _sizes(value) for name, value in given.items()}
    if isinstance(given, str):
        given = [given]
    if not isinstance(given, Sequence):
        raise UsageError(f"input_shape is no shape. {_EXAMPLE}. Got: {given!r}.")
    if given and all(isinstance(item, str) for item in given):
        shapes: dict[str | None, Shape] = {}
        for text in given:
            name, equals, sizes = text.rpartition("=")
            key = name.strip() if equals else None
            if key in shapes:
                raise UsageError(f"Two shapes are given for {key or 'the input'}. Keep one of them.")
            shapes[key] = _sizes(sizes)
        return shapes
    return {None: _sizes(given)}


def pin(inputs: tuple[TensorInfo, ...], shapes: Mapping[str | None, Shape], name: str) -> tuple[TensorInfo, ...]:
    """The inputs with the sizes that the caller names.

    Args:
        inputs: of the model.
        shapes: from :func:`read_shapes`.
        name: of the model, for the error's sentence.

    Raises:
        UsageError: an input that there is not, or a size that the model does not take.
    """
    if not shapes:
        return inputs
    if None in shapes and len(inputs) > 1:
        raise UsageError(
            f"{name} has {len(inputs)} inputs ({listing(inputs)}). Name the one that is meant: --input-shape "
            f"{inputs[0].name}=..."
        )
    names = {info.name: info for info in inputs}
    pinned = {}
    for key, shape in shapes.items():
        wanted = key if key is not None else inputs[0].name
        if wanted not in names:
            raise UsageError(f"{name} has no input {wanted!r}. It takes: {listing(inputs)}.")
        pinned[wanted] = _pinned(names[wanted], shape, name)
    return tuple(pinned.get(info.name, info) for info in inputs)


def _pinned(info: TensorInfo, shape: Shape, name: str) -> TensorInfo:
    fits = len(shape) == len(info.shape) and all(
        size is None or own is None or size == own for size, own in zip(shape[1:], info.shape[1:], strict=True)
    )
    if not fits:
        raise UsageError(
            f"{name} takes {info}, which {shown(shape)} is not. Only sizes that are 'any' can be chosen, and all must "
            "be named, the batch first."
        )
    if shape[0] not in (None, 1):
        raise UsageError(
            f"The batch of {info.name} is {shape[0]}, but each format has the batch size that its runtimes want. "
            f"Write 1: --input-shape {shown((1, *shape[1:]))}"
        )
    sizes = tuple(own if size is None else size for size, own in zip(shape[1:], info.shape[1:], strict=True))
    return TensorInfo(info.name, (info.shape[0], *sizes), info.dtype)


def shown(shape: Shape) -> str:
    """As a user writes it."""
    return ",".join("any" if size is None else str(size) for size in shape)


def _sizes(value: Any) -> Shape:
    items: Sequence[Any]
    if isinstance(value, str):
        items = [
            None if word in ("any", "none", "None", "?", "-1") else word for word in re.split(r"\s*[,x]\s*", value)
        ]
    else:
        items = list(value) if isinstance(value, Sequence) else [value]
    sizes: list[int | None] = []
    for item in items:
        text = str(item).strip()
        if item is not None and not re.fullmatch(r"[1-9]\d{0,8}", text):
            raise UsageError(f"{value!r} is no shape. {_EXAMPLE}.")
        sizes.append(None if item is None else int(text))
    return tuple(sizes)
