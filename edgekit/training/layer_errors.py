"""What Keras says about a wrong layer, with the layer's name and the line of the user's file."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

from edgekit.errors import first_line

_COLOR = re.compile(r"\x1b\[\d*m")
_WRAPPERS = 2
"""Sentences that Keras puts before the reason, each around the next."""

_WRAPPER = re.compile(
    r"^Exception encountered when calling [^\n]*\n+|^Could not automatically infer .*?Error encountered:\s*", re.DOTALL
)


@contextmanager
def whole_tracebacks(keras: Any) -> Iterator[None]:
    """Lets errors keep the frames of Keras, in which the layer stands; by default Keras cuts them out."""
    filtered = keras.config.is_traceback_filtering_enabled()
    keras.config.disable_traceback_filtering()
    try:
        yield
    finally:
        if filtered:
            keras.config.enable_traceback_filtering()


def explain(keras: Any, error: BaseException) -> str:
    """The reason in one line, as in ``in the layer 'conv_2' (Conv2D): Computed output size would be negative``.

    Args:
        keras: the module.
        error: raised within :func:`whole_tracebacks`, else the layer is not known.
    """
    text = _COLOR.sub("", str(error).strip())
    for _ in range(_WRAPPERS):
        text = _WRAPPER.sub("", text)
    reason = first_line(type(error)(text) if type(error) in (ValueError, TypeError) else error).rstrip(".")
    if not isinstance(error, ValueError | TypeError):
        reason = f"{type(error).__name__}: {reason}" if str(error) else type(error).__name__
    layer = _innermost_layer(keras, error)
    name = getattr(layer, "name", None)
    if layer is None or (name and f"'{name}'" in reason):
        return reason
    named = f"{name!r} ({type(layer).__name__})" if name else f"of the kind {type(layer).__name__}"
    return f"in the layer {named}: {reason}"


def line_in(file: str | os.PathLike[str], error: BaseException) -> int | None:
    """The line of a file in which an error arose, the innermost one; ``None`` where the file took no part."""
    wanted, line = os.path.realpath(file), None
    if isinstance(error, SyntaxError) and error.filename and os.path.realpath(error.filename) == wanted:
        return error.lineno
    for frame, number in _frames(error.__traceback__):
        if os.path.realpath(frame.f_code.co_filename) == wanted:
            line = number
    return line


def source_line(file: str | os.PathLike[str], line: int) -> str:
    """The text of a line, without its indentation; empty where it cannot be read."""
    try:
        return Path(file).read_text(encoding="utf-8").splitlines()[line - 1].strip()
    except (OSError, ValueError, IndexError):
        return ""


def _innermost_layer(keras: Any, error: BaseException) -> Any:
    found = None
    for frame, _ in _frames(error.__traceback__):
        owner = frame.f_locals.get("self")
        if isinstance(owner, keras.layers.Layer):
            found = owner
    return found


def _frames(trace: TracebackType | None) -> Iterator[tuple[FrameType, int]]:
    while trace is not None:
        yield trace.tb_frame, trace.tb_lineno
        trace = trace.tb_next
