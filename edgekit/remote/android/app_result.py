"""What an app on a device says of a model, as a measurement."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from edgekit.errors import TargetError
from edgekit.measure.device import Device
from edgekit.measure.phone import PhoneState
from edgekit.measure.validity import Conditions
from edgekit.measure.worker import Measurement
from edgekit.runtime.engines.base import EngineInfo
from edgekit.version import __version__

Value = TypeVar("Value")


def read_app_result(found: Mapping[str, Any], emulation: str | None) -> Measurement:
    """What the app's JSON says of one model.

    Args:
        found: its object in ``results``.
        emulation: how it shows that the device is an emulator, as adb sees it.

    Raises:
        KeyError, TypeError, ValueError: a field is missing, or of another kind.
    """
    told, conditions, engine = found["device"], found["conditions"], read_engine(found["engine"])
    seen = told.get("emulation") or emulation
    durations = tuple(int(one) for one in found["durations_ns"])
    if not durations:
        raise ValueError("no durations")
    device = Device(
        name=str(told["name"])[:100],
        model=str(told["model"])[:100],
        os=str(told["os"])[:100],
        architecture=str(told["architecture"])[:40],
        cores=int(told["cores"]),
        memory_bytes=_whole(told.get("memory_bytes")),
        runtime="EdgeKit's app",
        emulated=bool(told.get("emulated")) or emulation is not None,
        emulation=None if seen is None else str(seen)[:200],
        virtual=emulation is not None,
    )
    return Measurement(
        engine=engine,
        device=device,
        load_ms=float(found["load_ms"]),
        first_call_ms=float(found["first_call_ms"]),
        durations=durations,
        peak_memory_bytes=_whole(found.get("peak_memory_bytes")),
        base_memory_bytes=_whole(found.get("base_memory_bytes")),
        conditions=Conditions(
            frequency_before=_number(conditions.get("frequency_before")),
            frequency_after=_number(conditions.get("frequency_after")),
            doubts=tuple(str(doubt)[:500] for doubt in found.get("doubts") or ()),
            phone=PhoneState.from_dict(conditions),
        ),
        versions={"edgekit": __version__, engine.name: engine.version},
        accelerator=engine.kernels if "delegate" in engine.kernels else None,
    )


def read_safely(build: Callable[[], Value]) -> Value:
    """What a reader gives.

    Raises:
        TargetError: it met something else than it reads.
    """
    try:
        return build()
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise TargetError(
            f"The app sent a result that cannot be read ({type(error).__name__}: {error}). Export and install it anew: "
            "edgekit export MODEL --to android"
        ) from error


def read_engine(told: Mapping[str, Any]) -> EngineInfo:
    """What ran the model.

    Raises:
        KeyError, TypeError, ValueError: as of :func:`read_app_result`.
    """
    simulated = told.get("simulated")
    name, version, kernels = (str(told[word])[:100] for word in ("name", "version", "kernels"))
    return EngineInfo(
        name, version, kernels, _whole(told.get("threads")), None if simulated is None else str(simulated)
    )


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _whole(value: object) -> int | None:
    number = _number(value)
    return None if number is None else int(number)
