"""A look at the Edge TPUs of a machine: ``python -m edgekit.runtime.edgetpu.look`` on the machine itself.

The devices, the library, and whether a delegate can be made; this process is the one that may crash or hang.
"""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from edgekit.child import ChildResult, Reply, end_with_parent, run_child
from edgekit.errors import TargetError
from edgekit.runtime.delegate_trial import SECONDS, START_SECONDS, DelegateTrial, read_trial, run_trial, write_note
from edgekit.runtime.edgetpu.devices import EdgeTpuDevice, find_devices
from edgekit.runtime.edgetpu.library import NAME, how_to_install, library_name
from edgekit.runtime.edgetpu.problems import Scene, explain, find_wanted, listed_devices, runtime_version
from edgekit.runtime.engines.delegates import Delegate

MODULE = "edgekit.runtime.edgetpu.look"
LIMIT_SECONDS = START_SECONDS + SECONDS
"""For all of it."""


@dataclass(frozen=True)
class Look:
    """What was found.

    Attributes:
        scene: the machine, its devices, and the library that is, or would be, loaded.
        trial: what became of loading it; ``None`` where there is none for the system.
        problem: why the Edge TPU cannot be used, a sentence or more; ``None`` where it can.
    """

    scene: Scene
    trial: DelegateTrial | None
    problem: str | None

    @property
    def works(self) -> bool:
        """Whether a delegate was made."""
        return self.problem is None

    @property
    def installed(self) -> bool:
        """Whether the library was loaded."""
        return self.trial is not None and self.trial.outcome != "unloadable"

    @property
    def simulated(self) -> str | None:
        """What the library only imitates, by its own account."""
        return self.trial.simulated if self.trial else None

    @property
    def runtime(self) -> str | None:
        """The number of the library's runtime, as in ``14``, which a compiled model asks for."""
        return runtime_version(self.trial.version) if self.trial else None

    def summary(self) -> str:
        """What is used, for a line: ``USB Accelerator (2-1, USB 3), libedgetpu.so.1 with runtime 14``."""
        library = self.scene.library + (f" with runtime {self.runtime}" if self.runtime else "")
        if self.simulated:
            return f"{self.simulated} simulated by {library}"
        wanted = find_wanted(self.scene.devices, self.scene.options)
        return f"{wanted.summary() if wanted else 'Edge TPU'}, {library}"

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "works": self.works,
            "problem": self.problem,
            "simulated": self.simulated,
            "library": self.scene.library or None,
            "installed": self.installed,
            "version": self.trial.version if self.trial else None,
            "interpreter": (self.trial.interpreter or None) if self.trial else None,
            "devices": [device.to_dict() for device in self.scene.devices],
        }


def look_here(options: Mapping[str, str]) -> Look:
    """Looks at this machine.

    Args:
        options: of libedgetpu, as :func:`~edgekit.runtime.edgetpu.options.check_options` gives them.

    Raises:
        TargetError: no process can be started for it.
    """
    try:
        child = run_child(MODULE, json.dumps(request_of(options)).encode(), LIMIT_SECONDS)
    except OSError as error:
        raise TargetError(
            f"The Edge TPU is looked for in a process of its own, and none can be started ({error})."
        ) from error
    return read_look(child, options)


def request_of(options: Mapping[str, str]) -> dict[str, Any]:
    """What the process reads."""
    return {"options": dict(options)}


def read_look(child: ChildResult, options: Mapping[str, str]) -> Look:
    """What the end of the process means, on this machine or on another.

    Raises:
        TargetError: it did not even come to look.
    """
    reply = child.reply or _last_words(child)
    if reply is None:
        raise TargetError(f"The machine could not be asked for its Edge TPU ({child.ending}).")
    devices = tuple(EdgeTpuDevice(**fields) for fields in reply["devices"])
    scene = Scene(reply["library"] or "", reply["platform"], reply["machine"], devices, options)
    if not scene.library:
        return Look(scene, None, how_to_install(scene.platform, scene.machine))
    if "trial" in reply:
        trial = DelegateTrial.from_dict(reply["trial"])
    else:
        trial = read_trial(child, Delegate(NAME, scene.library, options), SECONDS)
    if not devices:
        scene = replace(scene, devices=listed_devices(trial))
    return Look(scene, trial, None if trial.outcome == "ok" else explain(trial, scene))


_MARK = "edgekit-edgetpu: "


def _last_words(child: ChildResult) -> dict[str, Any] | None:
    for line in child.log.splitlines():
        if line.startswith(_MARK):
            found: dict[str, Any] = json.loads(line.removeprefix(_MARK))
            return found
    return None


def main() -> None:
    """Looks, with the options that standard input gives."""
    end_with_parent()
    reply = Reply()
    options = json.loads(sys.stdin.read())["options"]
    seen: dict[str, Any] = {
        "library": library_name(sys.platform),
        "platform": sys.platform,
        "machine": platform.machine(),
        "devices": [device.to_dict() for device in find_devices()],
    }
    print(_MARK + json.dumps(seen), file=sys.stderr, flush=True)
    if seen["library"] is not None:
        seen["trial"] = run_trial(Delegate(NAME, seen["library"], options), SECONDS, write_note).to_dict()
    reply.send(seen)


if __name__ == "__main__":
    main()
