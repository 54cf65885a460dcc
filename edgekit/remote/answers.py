"""What a device says to a request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edgekit.errors import TargetError
from edgekit.remote.address import SshAddress

_REFUSALS = {
    "no-space": "{address} has no space left ({text}). Make room there, or remove what EdgeKit keeps with: "
    "edgekit doctor --on pi@{address} --remove",
    "permission": "{address} does not let this user write ({text}). EdgeKit needs ~/.cache/edgekit there.",
    "damaged": "{address}: {text}. Try again; if it stays so, the device's card may be worn out.",
    "busy": "{address}: {text}. Try again when it has ended.",
}
"""By the agent's word for why."""


@dataclass(frozen=True)
class Answer:
    """What the agent says to a request."""

    fields: Mapping[str, Any]
    payload: bytes = b""


class RefusedError(TargetError):
    """The device did not do what it was asked for; the message says why."""

    def __init__(self, answer: Mapping[str, Any], address: SshAddress) -> None:
        pattern = _REFUSALS.get(str(answer["refused"]), "{address} could not do it: {text}.")
        super().__init__(pattern.format(address=address, text=answer["text"]))
