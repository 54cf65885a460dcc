"""Targets: one file a device. :mod:`edgekit.targets.base` has the protocol, ``MODULES`` the list.

>>> from edgekit.targets import get_target
>>> get_target("local").describe()
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TypeVar

from edgekit.errors import UsageError
from edgekit.progress import SILENT, Progress
from edgekit.targets.base import Target, TargetKind, TargetRequest, parse_target

__all__ = ["MODULES", "Target", "TargetRequest", "get_target", "parse_target", "register"]

MODULES: dict[str, str] = {
    "local": "edgekit.targets.local",
    "pi": "edgekit.targets.raspberry_pi",
    "edgetpu": "edgekit.targets.edge_tpu",
    "browser": "edgekit.targets.in_browser",
    "android": "edgekit.targets.on_android",
    "node": "edgekit.targets.in_node",
}
"""Target to module; a module is imported when its target is first asked for. Adding a device is one
file with a class under :func:`register`, and its line here."""

_KINDS: dict[str, TargetKind] = {}

AnyKind = TypeVar("AnyKind", bound=Callable[[TargetRequest, Progress], Target])


def register(
    name: str, variants: tuple[str, ...] | None = (), address: str | None = None, here: bool = False
) -> Callable[[AnyKind], AnyKind]:
    """Class decorator: makes a target known.

    Args:
        name: what users ask for; it must be in :data:`MODULES`.
        variants: what may stand after a colon; ``None`` where the target itself checks it.
        address: what must stand after an ``@``, in words; ``None`` for a target without address.
        here: whether it may also stand without an address, for this machine.
    """

    def add(factory: AnyKind) -> AnyKind:
        if name in _KINDS:
            raise ValueError(f"two targets are called {name!r}")
        _KINDS[name] = TargetKind(name, variants, address, factory, here)
        return factory

    return add


def get_target(text: str, progress: Progress = SILENT) -> Target:
    """The target that ``name[:variant][@address]`` asks for, as in ``local`` or ``pi@pi@raspberrypi.local``.

    Nothing is connected before it is used.

    Raises:
        UsageError: an unknown target or variant, or a missing or unwanted address.
    """
    request = parse_target(text)
    if request.name not in MODULES:
        raise UsageError(f"Unknown target {request.name!r}. Known: {', '.join(MODULES)}. {_hint(text.strip())}")
    if request.name not in _KINDS:
        import_module(MODULES[request.name])
    kind = _KINDS[request.name]
    kind.check(request)
    return kind.factory(request, progress)


def _hint(text: str) -> str:
    """How a device behind ssh is written: its kind comes first, which whoever types an address leaves out."""
    from edgekit.remote.address import parse_address

    try:
        parse_address(text)
    except UsageError:
        return "A device behind ssh is written pi@ADDRESS, as in pi@pi@raspberrypi.local."
    return f"A device behind ssh is written pi@ADDRESS, as in: pi@{text}"
