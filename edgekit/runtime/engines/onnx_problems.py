"""What onnxruntime's errors mean for the person who has the file."""

from __future__ import annotations

import re

from edgekit.errors import first_line
from edgekit.runtime.engines.problem import Problem

_PREFIX = re.compile(r"^\[ONNXRuntimeError\] : \d+ : [A-Z_]+ : ")
_SOURCE = re.compile(r"(?:/onnxruntime_src\S*|[A-Za-z]:\\\S*\.(?:cc|h)):\d+ (?:[^)]*?\([^)]*\)\S*(?: const)? )?")
"""A place in onnxruntime's source, with the function's signature."""
_PATH = re.compile(r"Load model from .+? failed:\s*")
_OPSET = re.compile(r"domain (\S+) is till opset (\d+)")
_IR = re.compile(r"Unsupported model IR version: (\d+), max supported IR version: (\d+)")
_NO_KERNEL = re.compile(r"Could not find an implementation for (\S+) node")
_UNKNOWN_OP = re.compile(r"(?:No Op registered for|Fatal error:) (\S+?)(?: with domain_version| is not a registered)")

_SHORTEST = 8
"""Characters of a text that says anything."""

_BROKEN_KINDS = frozenset(
    {"InvalidProtobuf", "InvalidGraph", "NoSuchFile", "Fail", "InvalidArgument", "RuntimeException"}
)
"""Names of onnxruntime's exceptions for what is wrong in the file itself."""


def explain(error: BaseException, engine: str) -> Problem:
    """What an exception of onnxruntime means.

    Args:
        error: raised while it loaded or ran a model.
        engine: name and version.
    """
    text = str(error)
    if found := _OPSET.search(text):
        domain = "operators" if found[1] == "ai.onnx" else f"operators of {found[1]}"
        return Problem(f"{engine} knows ONNX {domain} up to opset {found[2]}. Upgrade it, or lower the opset", False)
    if found := _IR.search(text):
        return Problem(f"its IR version is {found[1]}, and {engine} reads up to {found[2]}. Upgrade it", False)
    if found := _NO_KERNEL.search(text):
        return Problem(f"{engine} has no implementation of {found[1]} on this processor", False)
    if found := _UNKNOWN_OP.search(text):
        return Problem(f"{engine} does not know the operator {found[1]}", False)
    if isinstance(error, MemoryError) or "bad_alloc" in text or "Failed to allocate memory" in text:
        return Problem("it asks for more memory than there is", False)
    reason = first_line(_SOURCE.sub("", _PATH.sub("", _PREFIX.sub("", text)))).rstrip(". ")
    if len(reason) < _SHORTEST:
        reason = f"{type(error).__name__} {reason}".rstrip()
    return Problem(f"{engine} says: {reason}", type(error).__name__ in _BROKEN_KINDS)
