"""What the interpreter's error messages mean for a person."""

from __future__ import annotations

import re

from edgekit.runtime.engines.problem import Problem

_CUSTOM = re.compile(r"Encountered unresolved custom op: (.+?)\.\s*See instructions")
_VERSION = re.compile(r"Didn't find op for builtin opcode '(\w+)' version '(\d+)'")
_FLEX = re.compile(r"Select TensorFlow op|Flex delegate|\(Flex\w+\)")
_XNNPACK = re.compile(r"failed to (create XNNPACK|reshape) runtime", re.IGNORECASE)
_BROKEN = re.compile(r"valid Flatbuffer|model identifier|Could not open|mmap|schema version", re.IGNORECASE)

MAX_LENGTH = 120
"""Characters of a native message that are shown; the interpreter repeats itself for each tensor."""

_COMPILED = {
    "ethos-u": "an Arm Ethos-U NPU (by Vela)",
    "edgetpu-custom-op": "a Coral Edge TPU",
}

_DELEGATED = {"edgetpu-custom-op": 'edgekit bench FILE --on edgetpu, or edgekit.load(FILE, delegate="edgetpu")'}


def explain(error: BaseException, engine: str) -> Problem:
    """Reads the interpreter's exception.

    Args:
        error: what it raised.
        engine: name and version, as in ``ai-edge-litert 2.3.0``.
    """
    from edgekit.runtime.edgetpu.messages import explain_message

    message = str(error)
    if isinstance(error, MemoryError):
        return Problem("it asks for more memory than this process may use")
    if not message.strip():
        # Seen where the tensors' memory could not be allocated.
        return Problem(f"{engine} refuses it without a reason, as it does when memory runs out")
    if _FLEX.search(message):
        return Problem(
            "it needs operators of full TensorFlow (Flex), which no edge runtime has. "
            "Convert it again with built-in operators only"
        )
    if meant := explain_message(message):
        return Problem(meant)
    if custom := _CUSTOM.search(message):
        return _custom(custom[1], engine)
    if newer := _VERSION.search(message):
        return Problem(
            f"it needs the operator {newer[1]} in version {newer[2]}, which {engine} does not have. "
            "Upgrade the interpreter, or convert the model with an older converter"
        )
    if _BROKEN.search(message):
        return Problem(f"the file is damaged ({tidy(message)}). Get it again from where it came", broken=True)
    if _XNNPACK.search(message):
        # What it says where its weights or buffers could not be allocated; the cause itself it does not tell.
        return Problem(f"{engine} refuses it, as it does when memory runs out ({tidy(message)})")
    return Problem(f"{engine} refuses it ({tidy(message)})")


def tidy(message: str) -> str:
    """The first sentences of a native message on one line, cut after some :data:`MAX_LENGTH` characters."""
    text = " ".join(message.split())
    text = re.sub(r"([.;])(?=[A-Z])", r"\1 ", text)  # native messages are glued together
    if len(text) > MAX_LENGTH:
        text = text[:MAX_LENGTH].rsplit(" ", 1)[0] + " ..."
    return text.rstrip(". ")


def _custom(name: str, engine: str) -> Problem:
    if name in _COMPILED:
        how = f", or that device: {_DELEGATED[name]}" if name in _DELEGATED else ""
        return Problem(
            f"it is compiled for {_COMPILED[name]} and runs only there. Use the file it was compiled from{how}",
            elsewhere=True,
        )
    return Problem(
        f"it needs the custom operator {name!r}, which is not part of {engine}. "
        "It runs only in the application that brings this operator"
    )
