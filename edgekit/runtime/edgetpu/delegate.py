"""The name ``edgetpu`` among the delegates: ``edgekit.load(path, delegate="edgetpu")``."""

from __future__ import annotations

import platform
import sys

from edgekit.runtime.delegate_trial import DelegateTrial
from edgekit.runtime.edgetpu import problems
from edgekit.runtime.edgetpu.devices import find_devices
from edgekit.runtime.edgetpu.library import COMPILED_OP, LIBRARIES, NAME, VARIABLE, how_to_install
from edgekit.runtime.edgetpu.options import check_options
from edgekit.runtime.engines.delegates import Delegate, KnownDelegate, register_delegate

COMPILE = (
    "it is not compiled for the Edge TPU: all of it would run on the processor. Compile it (edgetpu_compiler FILE), or "
    "export it so: edgekit export MODEL --to edgetpu"
)


def register() -> None:
    """Makes the name known."""
    register_delegate(
        NAME,
        KnownDelegate(
            LIBRARIES,
            how_to_install(sys.platform, platform.machine()),
            VARIABLE,
            operator=COMPILED_OP,
            compile=COMPILE,
            check_options=check_options,
            explain=_explain,
            explain_crash=_explain_crash,
        ),
    )


def _explain(delegate: Delegate, trial: DelegateTrial) -> str:
    return problems.explain(trial, _scene(delegate, trial))


def _explain_crash(delegate: Delegate, crash: str, interpreter: str, log: str) -> str:
    return problems.explain_crash(crash, interpreter, _scene(delegate), log)


def _scene(delegate: Delegate, trial: DelegateTrial | None = None) -> problems.Scene:
    devices = find_devices() or (problems.listed_devices(trial) if trial else ())
    return problems.Scene(delegate.library, sys.platform, platform.machine(), devices, delegate.options)
