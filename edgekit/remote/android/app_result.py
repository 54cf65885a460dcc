"""What an app on a device says of a model, as a measurement."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from edgekit.errors import TargetError
from edgekit.measure.device import Device
from edgekit.measure.phone import THERMAL_NAMES, PhoneState
from edgekit.measure.told import CLOCKS_DIFFER, Told, ToldError
from edgekit.measure.validity import Conditions
from edgekit.measure.worker import Measurement
from edgekit.runtime.engines.base import EngineInfo
from edgekit.version import __version__

_DAY = 86_400.0
_MOST_CORES = 1024
_MOST_BYTES = 1 << 50
_HIGHEST_CLOCK = 100_000
"""MHz, far beyond every processor's."""


@contextlib.contextmanager
def reading() -> Iterator[None]:
    """What cannot be read becomes a :class:`TargetError` that says how to get an app that can."""
    try:
        yield
    except ToldError as error:
        raise TargetError(
            f"The app sent a result that cannot be read: {error}. Export and install it anew: edgekit export MODEL "
            "--to android"
        ) from error


def read_app_result(found: object, emulation: str | None, seconds: float = _DAY) -> Measurement:
    """What the app's JSON says of one model.

    Args:
        found: its object in ``results``.
        emulation: how it shows that the device is an emulator, as adb sees it.
        seconds: that have passed here meanwhile; no time that was told can be longer.

    Raises:
        ToldError: a field is missing, of another kind, or cannot be so.
    """
    told = Told(found)
    engine = read_engine(told.part("engine"))
    longest = 1e3 * (seconds + CLOCKS_DIFFER)
    durations = told.durations("durations_ns", 1e9, seconds)
    return Measurement(
        engine=engine,
        device=_read_device(told.part("device"), emulation),
        load_ms=told.number("load_ms", 0, longest),
        first_call_ms=told.number("first_call_ms", 0, longest),
        durations=tuple(map(int, durations)),
        peak_memory_bytes=told.whole("peak_memory_bytes", 0, _MOST_BYTES),
        base_memory_bytes=told.whole("base_memory_bytes", 0, _MOST_BYTES),
        conditions=_read_conditions(told),
        versions={"edgekit": __version__, engine.name: engine.version},
        accelerator=engine.kernels if "delegate" in engine.kernels else None,
    )


def read_engine(told: Told) -> EngineInfo:
    """What ran the model.

    Raises:
        ToldError: as of :func:`read_app_result`.
    """
    return EngineInfo(
        told.text("name") or "unknown",
        told.text("version") or "unknown",
        told.text("kernels") or "unknown",
        told.whole("threads", 1, _MOST_CORES),
        told.text("simulated") or None,
    )


def _read_device(told: Told, emulation: str | None) -> Device:
    return Device(
        name=told.text("name"),
        model=told.text("model"),
        os=told.text("os"),
        architecture=told.text("architecture", 40),
        cores=told.whole("cores", 1, _MOST_CORES) or 1,
        memory_bytes=told.whole("memory_bytes", 0, _MOST_BYTES),
        runtime="EdgeKit's app",
        emulated=told.flag("emulated") is True or emulation is not None,
        emulation=told.text("emulation", 200) or emulation,
        virtual=emulation is not None,
    )


def _read_conditions(found: Told) -> Conditions:
    told, hottest = found.part("conditions"), len(THERMAL_NAMES) - 1
    return Conditions(
        frequency_before=told.maybe("frequency_before", 0, _HIGHEST_CLOCK),
        frequency_after=told.maybe("frequency_after", 0, _HIGHEST_CLOCK),
        doubts=found.texts("doubts", 500),
        phone=PhoneState(
            thermal_status_before=told.whole("thermal_status_before", 0, hottest),
            thermal_status_after=told.whole("thermal_status_after", 0, hottest),
            battery_level=told.maybe("battery_level", 0, 1),
            charging=told.flag("charging"),
            power_save=told.flag("power_save"),
        ),
    )
