"""What libedgetpu's messages mean: those about a model, which the interpreter hands on as its own, and its last words.

Sources: ``driver/package_registry.cc``, ``tflite/custom_op_direct.cc`` and ``driver/usb/`` of libedgetpu; HIB errors of
PCIe cards are from tensorflow/tensorflow issue 35214.
"""

from __future__ import annotations

import re

from edgekit.runtime.edgetpu.library import BUILDS

_TOO_OLD = re.compile(r"requires runtime version \((\d+)\), which is newer than this runtime version \((\d+)\)")
_LOST = re.compile(r"USB transfer error|transfer on tag \d+ failed|HIB Error|Failed to execute request")
_REFUSED = re.compile(r"Failed to prepare for TPU\. (.+?)\.?\s*(Node number|$)", re.MULTILINE)


def explain_message(message: str) -> str | None:
    """A clause that goes on after "cannot be run: "; ``None`` for what is not libedgetpu's.

    Args:
        message: of the interpreter, or all that a process printed before it ended.
    """
    if newer := _TOO_OLD.search(message):
        return (
            f"it was compiled for Edge TPU runtime {newer[1]}, and libedgetpu here has {newer[2]}. Install a newer one "
            f"from {BUILDS}, or compile it with edgetpu_compiler --min_runtime_version {newer[2]}"
        )
    if "This is a multi-chip package" in message:
        return "it was compiled for several Edge TPUs at once. Compile it for one"
    if refused := _REFUSED.search(message):
        return (
            f"libedgetpu does not take it ({refused[1]}). Compile it anew with the compiler of this runtime, and plug "
            "the device in again"
        )
    if _LOST.search(message):
        return (
            "the Edge TPU was lost while it worked. Plug it into another port, best one of USB 3 with its own cable, "
            "and see that its power supply suffices"
        )
    return None
