"""libedgetpu's options: which there are, and how a person writes them.

Source: ``tflite/edgetpu_delegate_for_custom_op_tflite_plugin.cc`` and ``edgetpu_context_direct.cc`` of libedgetpu. It
compares names and values letter by letter, ignores names that it does not know, and answers a wrong value by making
no delegate, without a reason: so they are checked here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from edgekit.errors import UsageError

DEVICE = "device"
_DEVICES = re.compile(r"(usb|pci)?(:\d+)?")

CHOICES: Mapping[str, tuple[str, ...]] = {
    "Performance": ("Low", "Medium", "High", "Max"),
    "Usb.AlwaysDfu": ("True", "False"),
}
"""Options and their values. ``Performance`` is the chip's clock, for USB only; ``Usb.AlwaysDfu`` sends the firmware
at each opening."""

QUEUE = "Usb.MaxBulkInQueueLength"
MAX_QUEUE = 255
"""Of :data:`QUEUE`, which helps models with many outputs."""

NAMES = (DEVICE, *CHOICES, QUEUE)


def check_options(given: Mapping[str, str]) -> dict[str, str]:
    """The options as libedgetpu wants them written.

    It heeds the others only where the device has a number, as in ``usb:0``. So without one the first is named.

    Args:
        given: names and values in any case; ``device`` is ``usb``, ``pci``, ``usb:1`` or ``:1``.

    Raises:
        UsageError: an unknown name, or a value that it does not take.
    """
    options: dict[str, str] = {}
    for name, value in given.items():
        known = next((known for known in NAMES if known.lower() == name.lower()), None)
        if known is None:
            raise UsageError(f"The Edge TPU has no option {name!r}. Known: {', '.join(NAMES)}.")
        options[known] = _check(known, value)
    if not options.get(DEVICE, "x"):
        del options[DEVICE]
    if set(options) - {DEVICE} and ":" not in options.get(DEVICE, ""):
        options[DEVICE] = f"{options.get(DEVICE, '')}:0"
    return options


def parse_variant(variant: str | None) -> dict[str, str]:
    """The options in a target: ``edgetpu:usb:0``, ``edgetpu:pci``, ``edgetpu:usb:Performance=Low``.

    Parts are separated by colons; those with an equals sign are options, the others say which device.

    Raises:
        UsageError: see :func:`check_options`.
    """
    parts = variant.split(":") if variant else []
    given = {name: value for name, equals, value in (part.partition("=") for part in parts) if equals}
    device = [part for part in parts if "=" not in part]
    if device:
        given[DEVICE] = ":".join(device) if not device[0].isdigit() else f":{':'.join(device)}"
    return check_options(given)


def _check(name: str, value: str) -> str:
    if name == DEVICE:
        if not _DEVICES.fullmatch(value.lower()):
            raise UsageError(f"An Edge TPU is named usb, pci, or by its number, as in usb:0. Got: {value!r}.")
        return value.lower()
    if name == QUEUE:
        if not value.isdigit() or int(value) > MAX_QUEUE:
            raise UsageError(f"The Edge TPU's option {name} is a number from 0 to {MAX_QUEUE}. Got: {value!r}.")
        return value
    known = next((known for known in CHOICES[name] if known.lower() == value.lower()), None)
    if known is None:
        raise UsageError(f"The Edge TPU's option {name} is one of {', '.join(CHOICES[name])}. Got: {value!r}.")
    return known
